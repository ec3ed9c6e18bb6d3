"""Exact point-in-polygon matching on packed edges, compiled by numba on first use.

Two indexes make one test cheap. A uniform grid over all polygons says for each cell which polygons cover
it whole (the pair is certain without looking at an edge) and which have a boundary in it. For the latter,
each polygon's edges are sorted into horizontal bands, so that the ray from a point meets a handful of edges.

Exactness: every step is either a comparison of the given coordinates, or a monotone function of them (which
rounding keeps monotone), or the sign of an orientation determinant that is larger than its own rounding
error. Where it is not larger, the pair is returned as *unsure* and the caller asks GEOS.
"""

from collections.abc import Callable
from typing import Any

import numba
import numpy as np

from geo.coverage._packed_polygons import Bands, Entries, Floats, Integers, Layout, Outlines, lay_grid

OUTSIDE, INSIDE, UNSURE = 0, 1, 2

# The bound of GEOS's own filter, three times Shewchuk's (3 + 16 ε) ε: a sign that we accept is right.
_RELATIVE_BOUND = 1e-15
# Products smaller than this may have lost digits to underflow, where the relative bound says nothing.
_ABSOLUTE_BOUND = 1e-280
# Share of a cell; a cell is so wide (see `lay_grid`) that rounding stays far below it.
_CELL_MARGIN = 1e-3
_CHUNK_POINTS = 2_000_000
_CHUNK_LOAD = 10_000_000


def _compiled(function: Callable[..., Any]) -> Any:
    """`njit`, kept on disk between processes where there is a directory that may be written."""
    try:
        return numba.njit(cache=True)(function)
    except RuntimeError:  # numba found no writable place for its cache
        return numba.njit(function)


@_compiled
def _slot(value: float, low: float, scale: float, count: int) -> int:
    """Monotone in `value`, which is what makes bands and cells exact."""
    position = (value - low) * scale
    if not position > 0.0:  # NaN too: an overflow times a scale of 0, where there is one slot only
        return 0
    if position >= count:
        return count - 1
    return int(position)


@_compiled
def _locate(x, y, polygon, vertices, bounds, scale, first, start, edges):  # type: ignore[no-untyped-def]
    """Where the point lies; the boundary is inside. Rays and ties as GEOS's RayCrossingCounter."""
    if x < bounds[polygon, 0] or y < bounds[polygon, 1] or x > bounds[polygon, 2] or y > bounds[polygon, 3]:
        return OUTSIDE
    band = first[polygon] + _slot(y, bounds[polygon, 1], scale[polygon], first[polygon + 1] - first[polygon])
    odd = False
    for place in range(start[band], start[band + 1]):
        edge = edges[place]
        x1 = vertices[edge, 0]
        x2 = vertices[edge + 1, 0]
        if x1 < x and x2 < x:
            continue
        y1 = vertices[edge, 1]
        y2 = vertices[edge + 1, 1]
        if (x1 == x and y1 == y) or (x2 == x and y2 == y):
            return INSIDE
        if y1 == y2:
            if y1 == y and min(x1, x2) <= x <= max(x1, x2):
                return INSIDE
            continue
        if (y1 > y) == (y2 > y):
            continue
        if x1 > x and x2 > x:
            odd = not odd
            continue
        if x1 == x and x2 == x:
            return INSIDE
        left = (x1 - x) * (y2 - y)
        right = (y1 - y) * (x2 - x)
        determinant = left - right
        if not abs(determinant) > _RELATIVE_BOUND * (abs(left) + abs(right)) + _ABSOLUTE_BOUND:
            return UNSURE
        if (determinant > 0.0) == (y2 > y1):
            odd = not odd
    return INSIDE if odd else OUTSIDE


@_compiled
def _climbs(vertices, polygon_start, last, climb):  # type: ignore[no-untyped-def]
    """Sum of the heights of each polygon's edges."""
    for polygon in range(polygon_start.shape[0] - 1):
        for edge in range(polygon_start[polygon], polygon_start[polygon + 1]):
            if not last[edge]:
                climb[polygon] += abs(vertices[edge + 1, 1] - vertices[edge, 1])


@_compiled
def _fill_bands(vertices, polygon_start, last, bounds, scale, first, start, out):  # type: ignore[no-untyped-def]
    """Count the edges per band into `start` (when `out` is empty), or write them to their places."""
    writing = out.shape[0] > 0
    place = start.copy()
    for polygon in range(polygon_start.shape[0] - 1):
        count = first[polygon + 1] - first[polygon]
        for edge in range(polygon_start[polygon], polygon_start[polygon + 1]):
            if last[edge]:
                continue
            y1 = vertices[edge, 1]
            y2 = vertices[edge + 1, 1]
            lowest = first[polygon] + _slot(min(y1, y2), bounds[polygon, 1], scale[polygon], count)
            highest = first[polygon] + _slot(max(y1, y2), bounds[polygon, 1], scale[polygon], count)
            for band in range(lowest, highest + 1):
                if writing:
                    out[place[band]] = edge
                    place[band] += 1
                else:
                    start[band + 1] += 1


@_compiled
def _mark_boundary(  # type: ignore[no-untyped-def]
    vertices, last, begin, end, x0, y0, x_scale, y_scale, columns, rows, column0, row0, width, marks
):
    """Set `marks` (of the polygon's own box of cells) in every cell that an edge may touch."""
    for edge in range(begin, end):
        if last[edge]:
            continue
        x1, y1, x2, y2 = vertices[edge, 0], vertices[edge, 1], vertices[edge + 1, 0], vertices[edge + 1, 1]
        if y1 > y2:
            x1, y1, x2, y2 = x2, y2, x1, y1
        left = _slot(min(x1, x2), x0, x_scale, columns)
        right = _slot(max(x1, x2), x0, x_scale, columns)
        bottom = _slot(y1, y0, y_scale, rows)
        top = _slot(y2, y0, y_scale, rows)
        for row in range(bottom, top + 1):
            from_column, to_column = left, right
            if bottom < top and left < right:
                # The part of a slanting edge inside this row, with a margin that rounding cannot use up.
                slope = (x2 - x1) / (y2 - y1)
                ya = max(y1, y0 + (row - _CELL_MARGIN) / y_scale)
                yb = min(y2, y0 + (row + 1 + _CELL_MARGIN) / y_scale)
                xa = x1 + (ya - y1) * slope
                xb = x1 + (yb - y1) * slope
                margin = _CELL_MARGIN / x_scale
                from_column = max(left, _slot(min(xa, xb) - margin, x0, x_scale, columns))
                to_column = min(right, _slot(max(xa, xb) + margin, x0, x_scale, columns))
            for column in range(from_column, to_column + 1):
                marks[(row - row0) * width + column - column0] = 1


@_compiled
def _list_entries(  # type: ignore[no-untyped-def]
    vertices, polygon_start, last, bounds, scale, first, band_start, edges,
    x0, y0, x_scale, y_scale, columns, rows, boxes, marks, cells, polygons, wholes,
):  # fmt: skip
    """Write cell, polygon and state, polygon by polygon; the number of entries."""
    written = 0
    for polygon in range(polygon_start.shape[0] - 1):
        column0, row0, column1, row1 = boxes[polygon]
        width = column1 - column0 + 1
        marks[: width * (row1 - row0 + 1)] = 0
        _mark_boundary(
            vertices, last, polygon_start[polygon], polygon_start[polygon + 1],
            x0, y0, x_scale, y_scale, columns, rows, column0, row0, width, marks,
        )  # fmt: skip
        for row in range(row0, row1 + 1):
            known = False
            state = OUTSIDE
            for column in range(column0, column1 + 1):
                if marks[(row - row0) * width + column - column0]:
                    known = False
                    entry = UNSURE
                else:
                    # No edge comes between neighbouring unmarked cells: one test holds for all of them.
                    if not known:
                        x = x0 + (column + 0.5) / x_scale
                        y = y0 + (row + 0.5) / y_scale
                        state = _locate(x, y, polygon, vertices, bounds, scale, first, band_start, edges)
                        known = True
                    entry = state
                if entry != OUTSIDE:
                    cells[written] = row * columns + column
                    polygons[written] = polygon
                    wholes[written] = entry == INSIDE
                    written += 1
    return written


@_compiled
def _order_by_cell(cells, number_of_cells):  # type: ignore[no-untyped-def]
    """Counting sort: positions by cell, stable, without those of cell -1; and where each cell starts."""
    start = np.zeros(number_of_cells + 1, np.int64)
    for cell in cells:
        if cell >= 0:
            start[cell + 1] += 1
    for cell in range(number_of_cells):
        start[cell + 1] += start[cell]
    order = np.empty(start[number_of_cells], np.int64)
    place = start.copy()
    for position in range(cells.shape[0]):
        cell = cells[position]
        if cell >= 0:
            order[place[cell]] = position
            place[cell] += 1
    return order, start


@_compiled
def _cells_of_points(  # type: ignore[no-untyped-def]
    xs, ys, x0, y0, x1, y1, x_scale, y_scale, columns, rows, cell_start, cells, load
):
    """The cell of each point (-1 where it can match nothing), and the entries to look at up to it."""
    total = 0
    for point in range(xs.shape[0]):
        x = xs[point]
        y = ys[point]
        cells[point] = -1
        if x0 <= x <= x1 and y0 <= y <= y1:  # not for NaN
            cell = _slot(y, y0, y_scale, rows) * columns + _slot(x, x0, x_scale, columns)
            entries = cell_start[cell + 1] - cell_start[cell]
            if entries > 0:
                cells[point] = cell
                total += entries
        load[point] = total


@_compiled
def _match(  # type: ignore[no-untyped-def]
    xs, ys, order, order_start, vertices, bounds, scale, first, band_start, edges,
    cell_start, cell_polygon, cell_whole, begin, count, found,
):  # fmt: skip
    """Write the polygons of each point to `found` from `begin[point]`; unsure ones as `-1 - polygon`.

    `xs` and `ys` are in the order of `order`, cell by cell.
    """
    written = 0
    for cell in range(cell_start.shape[0] - 1):
        for place in range(order_start[cell], order_start[cell + 1]):
            x = xs[place]
            y = ys[place]
            written_before = written
            for entry in range(cell_start[cell], cell_start[cell + 1]):
                polygon = cell_polygon[entry]
                if cell_whole[entry]:
                    found[written] = polygon
                    written += 1
                    continue
                state = _locate(x, y, polygon, vertices, bounds, scale, first, band_start, edges)
                if state != OUTSIDE:
                    found[written] = polygon if state == INSIDE else -1 - polygon
                    written += 1
            begin[order[place]] = written_before
            count[order[place]] = written - written_before
    return written


@_compiled
def _gather(begin, count, found, point0, point_out, polygon_out):  # type: ignore[no-untyped-def]
    """Bring the runs of `found` into the order of the points."""
    written = 0
    for point in range(begin.shape[0]):
        for place in range(begin[point], begin[point] + count[point]):
            point_out[written] = point0 + point
            polygon_out[written] = found[place]
            written += 1


def build_bands(outlines: Outlines, bounds: Floats) -> Bands:
    """Sort the edges of each polygon into bands, whose number keeps the entries at about three per edge."""
    height = bounds[:, 3] - bounds[:, 1]
    climb = np.zeros(len(bounds))
    _climbs(*outlines, climb)
    most = 2.0 * np.diff(outlines.start)
    with np.errstate(all="ignore"):
        bands = np.floor(most * height / climb)
        bands = np.clip(np.where(np.isfinite(bands), bands, 1.0), 1.0, most)
        scale = bands / height
    flat = ~np.isfinite(scale)
    bands[flat], scale[flat] = 1.0, 0.0
    first = np.concatenate([[0], np.cumsum(bands.astype(np.int64))])
    start = np.zeros(first[-1] + 1, np.int64)
    _fill_bands(*outlines, bounds, scale, first, start, np.empty(0, np.int32))
    np.cumsum(start, out=start)
    edges = np.empty(start[-1], np.int32)
    _fill_bands(*outlines, bounds, scale, first, start, edges)
    return Bands(bounds, scale, first, start, edges)


def list_entries(outlines: Outlines, bands: Bands, layout: Layout, boxes: Integers) -> Entries:
    """Find out which polygons cover a cell and which have an edge in it."""
    if layout.columns == 1:
        everyone = np.arange(len(boxes), dtype=np.int32)
        return Entries(np.array([0, len(boxes)]), everyone, np.zeros(len(boxes), np.uint8))
    size = (boxes[:, 2] - boxes[:, 0] + 1) * (boxes[:, 3] - boxes[:, 1] + 1)
    most = size.sum()
    cells, polygons, wholes = np.empty(most, np.int32), np.empty(most, np.int32), np.empty(most, np.uint8)
    marks = np.empty(size.max(), np.uint8)
    grid = (layout.x0, layout.y0, *layout[4:])
    written = _list_entries(*outlines, *bands, *grid, boxes, marks, cells, polygons, wholes)
    order, start = _order_by_cell(cells[:written], layout.columns * layout.rows)
    return Entries(start, polygons[order], wholes[order])


def match(xs: Floats, ys: Floats, outlines: Outlines, bounds: Floats) -> tuple[Integers, Integers, Integers]:
    """Pairs of points and polygons, by point and polygon, and which of them GEOS must confirm.

    Points are visited cell by cell, which keeps the edges they meet in the processor's cache, and in chunks,
    which bounds the memory beyond the result to some 100 MB.

    Parameters
    ----------
    xs, ys
        f8[n], contiguous; NaN matches nothing.
    outlines, bounds
        The polygons, and f8[p, 4] with their west, south, east, north.

    Returns
    -------
    point, polygon, unsure
        i8[k], i8[k], and i8[u]: positions in the former two.
    """
    bands = build_bands(outlines, bounds)
    layout, boxes = lay_grid(bounds, len(xs), len(outlines.vertices))
    entries = list_entries(outlines, bands, layout, boxes)
    cells, load = np.empty(len(xs), np.int32), np.empty(len(xs), np.int64)
    _cells_of_points(xs, ys, *layout, entries.start, cells, load)
    points, polygons, unsure = [], [], []
    total = begin = 0
    while begin < len(xs):
        done = load[begin - 1] if begin else 0
        end = int(np.searchsorted(load, done + _CHUNK_LOAD, side="right"))
        end = min(max(end, begin + 1), begin + _CHUNK_POINTS, len(xs))
        chunk = cells[begin:end]
        order, order_start = _order_by_cell(chunk, layout.columns * layout.rows)
        starts, counts = np.zeros(end - begin, np.int64), np.zeros(end - begin, np.int32)
        found = np.empty(load[end - 1] - done, np.int32)
        places = (xs[begin:end][order], ys[begin:end][order], order, order_start)
        written = _match(*places, outlines.vertices, *bands, *entries, starts, counts, found)
        point, polygon = np.empty(written, np.int64), np.empty(written, np.int64)
        _gather(starts, counts, found, begin, point, polygon)
        doubtful = np.flatnonzero(polygon < 0)
        polygon[doubtful] = -1 - polygon[doubtful]
        points.append(point)
        polygons.append(polygon)
        unsure.append(total + doubtful)
        total += written
        begin = end
    return np.concatenate(points), np.concatenate(polygons), np.concatenate(unsure)
