"""The tables in which polygons go to the compiled point-in-polygon kernel, and the choice of its grid."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.uint8]

# A cell is at least this share of the largest coordinate, so that rounding (1e-16) cannot reach across it.
_SMALLEST_CELL = 1e-9
_MOST_CELLS_PER_SIDE = 1024


class Outlines(NamedTuple):
    """Rings of all polygons, one after the other, as they come from `shapely.get_coordinates`.

    `vertices` is f8[v, 2], finite. Polygon `p` has the vertices `start[p]` to `start[p + 1] - 1`, at least
    two. An edge leads from each vertex to the next, but for those with `last` set, which end a ring.
    """

    vertices: Floats
    start: Integers
    last: Flags


class Bands(NamedTuple):
    """Edges, named by their first vertex, by polygon and horizontal band.

    Polygon `p` has bands `first[p]` to `first[p + 1] - 1`; band `b` holds `start[b]` to `start[b + 1] - 1` of
    `edges`. An edge is in each band it touches. `bounds` is f8[p, 4]: west, south, east, north.
    """

    bounds: Floats
    scale: Floats
    first: Integers
    start: Integers
    edges: npt.NDArray[np.int32]


class Layout(NamedTuple):
    """How the plane is cut into cells."""

    x0: float
    y0: float
    x1: float
    y1: float
    x_scale: float
    y_scale: float
    columns: int
    rows: int


class Entries(NamedTuple):
    """Polygons by cell: `c` has the entries `start[c]` to `start[c + 1] - 1`, ascending.

    `whole` says that the polygon covers the cell, else that an edge may touch it.
    """

    start: Integers
    polygon: npt.NDArray[np.int32]
    whole: Flags


def lay_grid(bounds: Floats, points: int, vertices: int) -> tuple[Layout, Integers]:
    """Choose the cells: no finer than the points, the vertices and a bound on the entries justify.

    Returns
    -------
    The layout, and i8[p, 4] with the first column and row and the last column and row of each polygon.
    """
    x0, y0 = (float(low) for low in bounds[:, :2].min(axis=0))
    x1, y1 = (float(high) for high in bounds[:, 2:].max(axis=0))
    boxes = np.zeros((len(bounds), 4), np.int64)
    finest = _SMALLEST_CELL * max(abs(x0), abs(x1), abs(y0), abs(y1))
    budget = 2 * (points + vertices) + len(bounds)
    side = int(min(np.sqrt(min(points / 4, 2 * vertices)), _MOST_CELLS_PER_SIDE))
    while side > 1 and x1 - x0 > side * finest and y1 - y0 > side * finest:
        layout = Layout(x0, y0, x1, y1, side / (x1 - x0), side / (y1 - y0), side, side)
        cells = (bounds - [x0, y0, x0, y0]) * [layout.x_scale, layout.y_scale, layout.x_scale, layout.y_scale]
        boxes = np.clip(cells, 0, side - 1).astype(np.int64)
        if ((boxes[:, 2] - boxes[:, 0] + 1) * (boxes[:, 3] - boxes[:, 1] + 1)).sum() <= budget:
            return layout, boxes
        side //= 2
    return Layout(x0, y0, x1, y1, 0.0, 0.0, 1, 1), np.zeros_like(boxes)
