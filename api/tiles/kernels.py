"""Encoding of features of a Mapbox Vector Tile 2.1, compiled by numba; kept on disk between processes.

Positions come in tile units (`EXTENT` to a side, x eastward, y southward). Everything is cut at the tile widened by
`BUFFER`, rounded to whole units, and freed of repeated points; rings also of points on a straight line. A feature that
rounding would make vanish is kept as a mark of one unit, so no feature that touches the tile is lost. Rings that
rounding makes touch themselves are left so.
"""

from collections.abc import Callable
from typing import Any

import numba
import numpy as np

EXTENT = 4096
BUFFER = 64
"""Units around a tile that are drawn too, so that symbols and outlines go on across its edge."""

POINT, LINE, POLYGON = 1, 2, 3
"""Geometry types as the format numbers them."""

_MOVE_TO_ONE = 9
_CLOSE_PATH = 15
_LOW = float(-BUFFER)
_HIGH = float(EXTENT + BUFFER)
# a polygon's share of a tile, in square units, below which it may be no more than rounding
_LEAST_AREA = 1e-3
# four cuts of a ring make half as many points again each, at most
_GROWTH = 6
# two bytes for each difference, and a ring or piece of a line takes 16 beside
_BYTES_PER_POSITION = 4 * _GROWTH + 16
_BYTES_PER_RING = 64
_BYTES_PER_FEATURE = 64


def _compiled(function: Callable[..., Any]) -> Any:
    """`njit` without the interpreter's lock, kept on disk where there is a directory that may be written."""
    try:
        return numba.njit(cache=True, nogil=True, error_model="numpy")(function)
    except RuntimeError:  # numba found no writable place for its cache
        return numba.njit(nogil=True, error_model="numpy")(function)


@_compiled
def _capacity(rows, entry_start, entry_ring, ring_start):  # type: ignore[no-untyped-def]
    """Bytes that the geometries of rows can take at most."""
    total = 0
    for k in range(rows.size):
        first = ring_start[entry_ring[entry_start[rows[k]]]]
        end = ring_start[entry_ring[entry_start[rows[k] + 1]]]
        total += _BYTES_PER_POSITION * (end - first)
    return total


@_compiled
def _copy(source, begin, end, buffer, at):  # type: ignore[no-untyped-def]
    """Copy bytes; the place after them."""
    # unsigned indexes cannot count from the end: without the test for that, bytes are copied many at a time
    source_at = np.uint64(begin)
    buffer_at = np.uint64(at)
    for i in range(np.uint64(end - begin)):
        buffer[buffer_at + i] = source[source_at + i]
    return at + end - begin


@_compiled
def _put(buffer, at, value):  # type: ignore[no-untyped-def]
    """Write a whole number, 0 or more, as a varint; the place after it."""
    while value > 127:
        buffer[at] = (value & 127) | 128
        value >>= 7
        at += 1
    buffer[at] = value
    return at + 1


@_compiled
def _put_step(buffer, at, step):  # type: ignore[no-untyped-def]
    """Write a signed difference (zigzag), which within a widened tile takes two bytes at most."""
    value = (step << 1) ^ (step >> 63)
    if value < 128:
        buffer[at] = value
        return at + 1
    buffer[at] = (value & 127) | 128
    buffer[at + 1] = value >> 7
    return at + 2


@_compiled
def _unit(value):  # type: ignore[no-untyped-def]
    """The nearest whole unit; positions lie above -2 * BUFFER, where cutting off rounds down."""
    return np.int64(value + (2 * BUFFER + 0.5)) - 2 * BUFFER


@_compiled
def _size(value):  # type: ignore[no-untyped-def]
    """Bytes of a varint."""
    size = 1
    while value > 127:
        value >>= 7
        size += 1
    return size


@_compiled
def _cut(xs, ys, count, vertical, sign, bound, other_x, other_y):  # type: ignore[no-untyped-def]
    """One step of Sutherland and Hodgman, in place: the ring's part where ``sign * (v - bound) >= 0``."""
    kept = 0
    for i in range(count):
        j = i + 1 if i + 1 < count else 0
        a = sign * ((ys[i] if vertical else xs[i]) - bound)
        b = sign * ((ys[j] if vertical else xs[j]) - bound)
        if a >= 0.0:
            other_x[kept] = xs[i]
            other_y[kept] = ys[i]
            kept += 1
        if (a < 0.0 and b > 0.0) or (a > 0.0 and b < 0.0):
            share = a / (a - b)
            other_x[kept] = xs[i] + share * (xs[j] - xs[i]) if vertical else bound
            other_y[kept] = bound if vertical else ys[i] + share * (ys[j] - ys[i])
            kept += 1
    for i in range(kept):
        xs[i] = other_x[i]
        ys[i] = other_y[i]
    return kept


@_compiled
def _double_area(xs, ys, first, end):  # type: ignore[no-untyped-def]
    """Twice the area by the surveyor's formula, about the first point so that digits are not lost."""
    total = xs[first] * 0
    for i in range(first + 1, end - 1):
        total += (xs[i] - xs[first]) * (ys[i + 1] - ys[first]) - (xs[i + 1] - xs[first]) * (ys[i] - ys[first])
    return total


@_compiled
def _straight(qx, qy, a, b, x, y):  # type: ignore[no-untyped-def]
    return (qx[b] - qx[a]) * (y - qy[b]) == (qy[b] - qy[a]) * (x - qx[b])


@_compiled
def _round_ring(xs, ys, count, qx, qy):  # type: ignore[no-untyped-def]
    """Round a ring to units without repeated points, points on a straight line, and spikes; first and end of it."""
    end = 0
    for i in range(count):
        x = _unit(xs[i])
        y = _unit(ys[i])
        while end > 1 and _straight(qx, qy, end - 2, end - 1, x, y):
            end -= 1
        if end == 0 or qx[end - 1] != x or qy[end - 1] != y:
            qx[end] = x
            qy[end] = y
            end += 1
    first = 0
    while end - first > 2:
        if _straight(qx, qy, end - 2, end - 1, qx[first], qy[first]):
            end -= 1
        elif _straight(qx, qy, end - 1, first, qx[first + 1], qy[first + 1]):
            first += 1
        else:
            break
    return first, end


@_compiled
def _round_sound_ring(xy, begin, count, scale, left, top, px, py):  # type: ignore[no-untyped-def]
    """Round a ring that lies in the widened tile; twice its area, 0 where a point is one to be freed of.

    Nearly every ring is sound, and three plain loops over it cost half of what `_round_ring` does.
    """
    vertex = np.uint64(begin)
    points = np.uint64(count)
    for i in range(points):
        px[i] = np.int32(xy[vertex + i, 0] * scale - left + (2 * BUFFER + 0.5)) - 2 * BUFFER
        py[i] = np.int32(xy[vertex + i, 1] * scale - top + (2 * BUFFER + 0.5)) - 2 * BUFFER
    # the first two again, so that every corner has both its neighbours
    px[points] = px[np.uint64(0)]
    py[points] = py[np.uint64(0)]
    px[points + np.uint64(1)] = px[np.uint64(1)]
    py[points + np.uint64(1)] = py[np.uint64(1)]
    flat = 0
    total = np.int64(0)
    one, two = np.uint64(1), np.uint64(2)
    for i in range(points):
        ax = px[i + one] - px[i]
        ay = py[i + one] - py[i]
        bx = px[i + two] - px[i + one]
        by = py[i + two] - py[i + one]
        flat += ax * by == ay * bx
        total += np.int64(px[i]) * py[i + one] - np.int64(px[i + one]) * py[i]
    return total if flat == 0 else np.int64(0)


@_compiled
def _put_sound_ring(buffer, at, px, py, count, backwards, cursor):  # type: ignore[no-untyped-def]
    """Write a ring of `_round_sound_ring`, beginning as `_put_path` does, and close it."""
    step = -1 if backwards else 1
    i = count - 1 if backwards else 0
    x = np.int64(px[np.uint64(i)])
    y = np.int64(py[np.uint64(i)])
    buffer[at] = _MOVE_TO_ONE
    at = _put_step(buffer, at + 1, x - cursor[0])
    at = _put_step(buffer, at, y - cursor[1])
    at = np.uint64(_put(buffer, at, ((count - 1) << 3) | 2))
    one, two = np.uint64(1), np.uint64(2)
    for _ in range(count - 1):
        i += step
        to_x = np.int64(px[np.uint64(i)])
        to_y = np.int64(py[np.uint64(i)])
        dx = to_x - x
        dy = to_y - y
        across = (dx << 1) ^ (dx >> 63)
        down = (dy << 1) ^ (dy >> 63)
        x = to_x
        y = to_y
        if across < 128 and down < 128:
            buffer[at] = across
            buffer[at + one] = down
            at += two
        else:
            after = _put_step(buffer, np.int64(at), dx)
            at = np.uint64(_put_step(buffer, after, dy))
    cursor[0] = x
    cursor[1] = y
    buffer[at] = _CLOSE_PATH
    return np.int64(at + one)


@_compiled
def _put_path(buffer, at, qx, qy, first, end, backwards, cursor):  # type: ignore[no-untyped-def]
    """Write the line through at least two points; `cursor` moves with it."""
    i = end - 1 if backwards else first
    step = -1 if backwards else 1
    x = qx[i]
    y = qy[i]
    buffer[at] = _MOVE_TO_ONE
    at = _put_step(buffer, at + 1, x - cursor[0])
    at = _put_step(buffer, at, y - cursor[1])
    at = _put(buffer, at, ((end - first - 1) << 3) | 2)
    for _ in range(end - first - 1):
        i += step
        at = _put_step(buffer, at, qx[i] - x)
        at = _put_step(buffer, at, qy[i] - y)
        x = qx[i]
        y = qy[i]
    cursor[0] = x
    cursor[1] = y
    return at


@_compiled
def _points(xy, begin, end, scale, left, top, out):  # type: ignore[no-untyped-def]
    """Write those positions that lie in the widened tile; how many bytes that takes."""
    inside = 0
    for v in range(begin, end):
        x = xy[v, 0] * scale - left
        y = xy[v, 1] * scale - top
        inside += _LOW <= x <= _HIGH and _LOW <= y <= _HIGH
    if inside == 0:
        return 0
    at = _put(out, 0, (inside << 3) | 1)
    last_x = 0
    last_y = 0
    for v in range(begin, end):
        x = xy[v, 0] * scale - left
        y = xy[v, 1] * scale - top
        if _LOW <= x <= _HIGH and _LOW <= y <= _HIGH:
            qx = _unit(x)
            qy = _unit(y)
            at = _put_step(out, at, qx - last_x)
            at = _put_step(out, at, qy - last_y)
            last_x = qx
            last_y = qy
    return at


@_compiled
def _within(p, q, shares):  # type: ignore[no-untyped-def]
    """Narrow the shares [0, 1] of a segment to where ``p * share <= q`` (Liang and Barsky)."""
    if p == 0.0:
        return q >= 0.0
    share = q / p
    if p < 0.0:
        shares[0] = max(shares[0], share)
    else:
        shares[1] = min(shares[1], share)
    return shares[0] <= shares[1]


@_compiled
def _lines(  # type: ignore[no-untyped-def]
    xy, ring_start, first_ring, end_ring, scale, left, top, out, cursor, shares, qx, qy
):
    """Write the parts of lines that lie in the widened tile; how many bytes that takes."""
    at = 0
    found = False
    mark_x = 0
    mark_y = 0
    for ring in range(first_ring, end_ring):
        begin = ring_start[ring]
        end = ring_start[ring + 1]
        count = 0
        for v in range(begin, end - 1):
            ax = xy[v, 0] * scale - left
            ay = xy[v, 1] * scale - top
            dx = xy[v + 1, 0] * scale - left - ax
            dy = xy[v + 1, 1] * scale - top - ay
            shares[0] = 0.0
            shares[1] = 1.0
            touches = (
                _within(-dx, ax - _LOW, shares)
                and _within(dx, _HIGH - ax, shares)
                and _within(-dy, ay - _LOW, shares)
                and _within(dy, _HIGH - ay, shares)
            )
            if not touches:
                continue
            if shares[0] > 0.0 or count == 0:
                if count > 1:
                    at = _put_path(out, at, qx, qy, 0, count, False, cursor)
                qx[0] = _unit(ax + shares[0] * dx)
                qy[0] = _unit(ay + shares[0] * dy)
                count = 1
            x = _unit(ax + shares[1] * dx)
            y = _unit(ay + shares[1] * dy)
            found = True
            mark_x = x
            mark_y = y
            if x != qx[count - 1] or y != qy[count - 1]:
                qx[count] = x
                qy[count] = y
                count += 1
            if shares[1] < 1.0:
                if count > 1:
                    at = _put_path(out, at, qx, qy, 0, count, False, cursor)
                count = 0
        if count > 1:
            at = _put_path(out, at, qx, qy, 0, count, False, cursor)
    if at == 0 and found:
        qx[0] = mark_x
        qy[0] = mark_y
        qx[1] = mark_x + 1
        qy[1] = mark_y
        at = _put_path(out, at, qx, qy, 0, 2, False, cursor)
    return at


@_compiled
def _polygons(  # type: ignore[no-untyped-def]
    xy,
    ring_start,
    is_hole,
    first_ring,
    end_ring,
    scale,
    left,
    top,
    inside,
    out,
    cursor,
    px,
    py,
    qx,
    qy,
    xs,
    ys,
    other_x,
    other_y,
):
    """Write the parts of polygons that lie in the widened tile; how many bytes that takes.

    `inside`: no part of them lies outside. The last eight have room for `_GROWTH` times the points of the longest ring.
    """
    before_x = 0
    before_y = 0
    at = 0
    part_at = 0
    part_area = 0  # of the part's shell less its holes, rounded
    exact_area = 0.0  # the same before rounding
    shell_kept = False
    mark = False
    mark_x = 0
    mark_y = 0
    for ring in range(first_ring, end_ring + 1):
        if ring == end_ring or not is_hole[ring]:
            # the part before is complete: if its holes leave nothing of it, take it back
            if shell_kept and part_area <= 0:
                at = part_at
                cursor[0] = before_x
                cursor[1] = before_y
            mark = mark or abs(exact_area) > _LEAST_AREA
            if ring == end_ring:
                break
            part_at = at
            before_x = cursor[0]
            before_y = cursor[1]
            part_area = 0
            exact_area = 0.0
            shell_kept = False
        begin = ring_start[ring]
        count = ring_start[ring + 1] - begin - 1  # the last point repeats the first
        if inside and count > 2 and (shell_kept or not is_hole[ring]):
            rounded = _round_sound_ring(xy, begin, count, scale, left, top, px, py)
            if rounded != 0:
                part_area += -abs(rounded) if is_hole[ring] else abs(rounded)
                if not is_hole[ring] and not mark:
                    mark_x = int(px[0])
                    mark_y = int(py[0])
                    mark = True
                shell_kept = True
                at = _put_sound_ring(out, at, px, py, count, (rounded > 0) == is_hole[ring], cursor)
                continue
        vertex = np.uint64(begin)
        for i in range(np.uint64(count)):
            xs[i] = xy[vertex + i, 0] * scale - left
            ys[i] = xy[vertex + i, 1] * scale - top
        vertex_inside = False
        if not inside:
            west = south = np.inf
            east = north = -np.inf
            for i in range(count):
                west = min(west, xs[i])
                east = max(east, xs[i])
                south = min(south, ys[i])
                north = max(north, ys[i])
                vertex_inside = vertex_inside or (_LOW <= xs[i] <= _HIGH and _LOW <= ys[i] <= _HIGH)
            if west > _HIGH or east < _LOW or south > _HIGH or north < _LOW:
                continue
            if west < _LOW:
                count = _cut(xs, ys, count, False, 1.0, _LOW, other_x, other_y)
            if east > _HIGH:
                count = _cut(xs, ys, count, False, -1.0, _HIGH, other_x, other_y)
            if south < _LOW:
                count = _cut(xs, ys, count, True, 1.0, _LOW, other_x, other_y)
            if north > _HIGH:
                count = _cut(xs, ys, count, True, -1.0, _HIGH, other_x, other_y)
        if count == 0:
            continue
        if not inside:
            area = 0.5 * abs(_double_area(xs, ys, 0, count))
            exact_area += -area if is_hole[ring] else area
        if not is_hole[ring] and not mark:
            mark_x = _unit(xs[0])
            mark_y = _unit(ys[0])
            mark = inside or vertex_inside
        if is_hole[ring] and not shell_kept:
            continue
        first, end = _round_ring(xs, ys, count, qx, qy)
        if end - first < 3:
            continue
        rounded = _double_area(qx, qy, first, end)
        if rounded == 0:
            continue
        part_area += -abs(rounded) if is_hole[ring] else abs(rounded)
        shell_kept = True
        at = _put_path(out, at, qx, qy, first, end, (rounded > 0) == is_hole[ring], cursor)
        out[at] = _CLOSE_PATH
        at += 1
    if at == 0 and mark:
        for i in range(4):
            qx[i] = mark_x + (i == 1 or i == 2)
            qy[i] = mark_y + (i > 1)
        at = _put_path(out, at, qx, qy, 0, 4, False, cursor)
        out[at] = _CLOSE_PATH
        at += 1
    return at


@_compiled
def encode_features(  # type: ignore[no-untyped-def]
    rows, entry_start, entry_type, entry_ring, ring_start, is_hole, longest, largest, boxes, xy,
    scale, left, top, ids, codes, shared_values, row_bytes, value_start, value_bytes,
):  # fmt: skip
    """Features of a layer and the values that they use.

    Parameters
    ----------
    rows
        i8[k]: rows to encode, in this order.
    entry_start, entry_type, entry_ring, ring_start, is_hole, longest, largest, boxes, xy
        As `api.tiles.geometry.Shapes`.
    scale, left, top
        A plane position times `scale`, less `left` and `top`, is in units of the tile.
    ids
        i8[n], or i8[0] where features have none.
    codes, shared_values, row_bytes, value_start, value_bytes
        As `api.tiles.attributes.Attributes`.

    Returns
    -------
    features, values
        u1[f], u1[v]: fields 2 and 4 of a layer.
    """
    columns = codes.shape[1]
    place_of = np.full(shared_values, -1, np.int32)  # among the tile's values, of those that several may use
    places = 0
    # more than is used: memory that is never touched costs nothing
    values_size = np.int64(0)
    for k in range(rows.size):
        values_size += row_bytes[rows[k]]
    values = np.empty(values_size, np.uint8)
    values_length = 0
    per_feature = _BYTES_PER_FEATURE + 10 * columns
    features = np.empty(rows.size * 3 * per_feature + _capacity(rows, entry_start, entry_ring, ring_start), np.uint8)
    length = 0
    tags = np.empty(10 * columns, np.uint8)
    geometry = np.empty(_BYTES_PER_RING + _BYTES_PER_POSITION * largest, np.uint8)
    most = 4 + _GROWTH * longest
    px = np.empty(most, np.int32)
    py = np.empty(most, np.int32)
    qx = np.empty(most, np.int64)
    qy = np.empty(most, np.int64)
    xs = np.empty(most)
    ys = np.empty(most)
    other_x = np.empty(most)
    other_y = np.empty(most)
    cursor = np.empty(2, np.int64)
    shares = np.empty(2)
    for k in range(rows.size):
        row = rows[k]
        tags_length = -1
        for entry in range(entry_start[row], entry_start[row + 1]):
            west = boxes[entry, 0] * scale - left
            north = boxes[entry, 1] * scale - top
            east = boxes[entry, 2] * scale - left
            south = boxes[entry, 3] * scale - top
            if west > _HIGH or east < _LOW or north > _HIGH or south < _LOW:
                continue
            cursor[0] = 0
            cursor[1] = 0
            first_ring = entry_ring[entry]
            end_ring = entry_ring[entry + 1]
            if entry_type[entry] == POINT:
                at = _points(xy, ring_start[first_ring], ring_start[end_ring], scale, left, top, geometry)
            elif entry_type[entry] == LINE:
                at = _lines(xy, ring_start, first_ring, end_ring, scale, left, top, geometry, cursor, shares, qx, qy)
            else:
                inside = west >= _LOW and east <= _HIGH and north >= _LOW and south <= _HIGH
                at = _polygons(
                    xy, ring_start, is_hole, first_ring, end_ring, scale, left, top, inside, geometry,
                    cursor, px, py, qx, qy, xs, ys, other_x, other_y,
                )  # fmt: skip
            if at == 0:
                continue
            if tags_length < 0:
                tags_length = 0
                run_begin = np.int64(0)  # bytes of new values that lie side by side, to be copied at once
                run_end = np.int64(0)
                for column in range(columns):
                    code = codes[row, column]
                    if code < 0:
                        continue
                    place = place_of[code] if code < shared_values else np.int64(-1)
                    if place < 0:
                        place = places
                        if code < shared_values:
                            place_of[code] = place
                        places += 1
                        if value_start[code] != run_end:
                            values_length = _copy(value_bytes, run_begin, run_end, values, values_length)
                            run_begin = value_start[code]
                        run_end = value_start[code + 1]
                    tags_length = _put(tags, tags_length, column)
                    tags_length = _put(tags, tags_length, place)
                values_length = _copy(value_bytes, run_begin, run_end, values, values_length)
            size = 3 + _size(at) + at
            if ids.size:
                size += 1 + _size(ids[row])
            if tags_length:
                size += 1 + _size(tags_length) + tags_length
            features[length] = 0x12
            length = _put(features, length + 1, size)
            if ids.size:
                features[length] = 0x08
                length = _put(features, length + 1, ids[row])
            if tags_length:
                features[length] = 0x12
                length = _put(features, length + 1, tags_length)
                length = _copy(tags, 0, tags_length, features, length)
            features[length] = 0x18
            features[length + 1] = entry_type[entry]
            features[length + 2] = 0x22
            length = _put(features, length + 3, at)
            length = _copy(geometry, 0, at, features, length)
    return features[:length], values[:values_length]
