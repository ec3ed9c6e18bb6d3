"""Geometries of a collection as flat arrays on the plane of the tile matrix set."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

from api.tiles.grid import project

Integers = npt.NDArray[np.int64]

_COLLECTIONS = (4, 5, 6, 7)  # shapely's type numbers of multi-part geometries and collections


@dataclass(frozen=True)
class Shapes:
    """What the tiles of n rows draw.

    A row has an entry for each kind of geometry in it: usually one, none where its position is not known, more for a
    collection. The entries of row i are ``entry_start[i]`` to ``entry_start[i + 1]``; likewise the rings (of points and
    lines: parts) of an entry in `entry_ring`, and the positions of a ring in `ring_start`. Rings of polygons are
    closed, a polygon's shell comes before its holes.

    `entry_type` is the tile format's number of the type; `boxes` f8[e, 4] has the least x, y and greatest x, y of each
    entry; `xy` f8[v, 2] are plane positions; `longest` and `largest` count the
    positions of the longest ring and of the largest entry.
    """

    entry_start: Integers
    entry_type: npt.NDArray[np.uint8]
    entry_ring: Integers
    ring_start: Integers
    is_hole: npt.NDArray[np.bool_]
    boxes: npt.NDArray[np.float64]
    xy: npt.NDArray[np.float64]
    longest: int
    largest: int

    @classmethod
    def of(cls, geometries: npt.NDArray[Any]) -> "Shapes":
        """Of WGS 84 geometries, shape (n,); None and empty ones have no entry."""
        parts, row = _single_parts(geometries)
        dimension = shapely.get_dimensions(parts)
        order = np.lexsort((dimension, row))  # stable: parts of a kind stay in their order
        parts, row, dimension = parts[order], row[order], dimension[order]
        polygon = dimension == 2
        rings_of = np.where(polygon, shapely.get_num_interior_rings(parts) + 1, 1)
        first_ring = _starts(rings_of)
        pieces = np.repeat(parts, rings_of)
        is_hole = np.ones(len(pieces), dtype=bool)
        is_hole[first_ring[:-1]] = False
        pieces[np.repeat(polygon, rings_of)] = shapely.get_rings(parts[polygon])
        positions, ring = shapely.get_coordinates(pieces, return_index=True)
        points_of = np.bincount(ring, minlength=len(pieces))
        ring_start = _starts(points_of)
        xy = project(positions[:, 0], positions[:, 1])

        begins = np.ones(len(parts), dtype=bool)
        begins[1:] = (row[1:] != row[:-1]) | (dimension[1:] != dimension[:-1])
        begin = np.flatnonzero(begins)
        entry_ring = np.append(first_ring[begin], first_ring[-1])
        at = ring_start[entry_ring[:-1]]
        boxes = np.empty((len(begin), 4))
        if len(begin):
            boxes[:, :2] = np.minimum.reduceat(xy, at)
            boxes[:, 2:] = np.maximum.reduceat(xy, at)
        return cls(
            entry_start=_starts(np.bincount(row[begin], minlength=len(geometries))),
            entry_type=(dimension[begin] + 1).astype(np.uint8),
            entry_ring=entry_ring,
            ring_start=ring_start,
            is_hole=is_hole,
            boxes=boxes,
            xy=xy,
            longest=int(points_of.max(initial=0)),
            largest=int(np.diff(ring_start[entry_ring]).max(initial=0)),
        )

    @property
    def drawn(self) -> npt.NDArray[np.bool_]:
        """bool[n]: rows of which something lies on the plane between its first and last row of tiles."""
        on_plane = (self.boxes[:, 1] <= 1.0) & (self.boxes[:, 3] >= 0.0)
        return np.diff(np.append(0, np.cumsum(on_plane))[self.entry_start]) > 0


def spatial_order(geometries: npt.NDArray[Any]) -> Integers:
    """Rows in Morton order, which brings neighbours on the plane close together; those without a place last."""
    bounds = shapely.bounds(geometries)
    centre = project(bounds[:, [0, 2]].mean(axis=1), bounds[:, [1, 3]].mean(axis=1))
    placed = ~np.isnan(centre[:, 0])
    cell = np.clip(np.where(placed[:, None], centre, 0.0) * 2.0**31, 0, 2**31 - 1).astype(np.uint64)
    code = _spread(cell[:, 0]) | (_spread(cell[:, 1]) << np.uint64(1))
    return np.lexsort((code, ~placed))


def _spread(numbers: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """A zero between any two bits of numbers of 32 bits."""
    for shift, mask in _SPREADING:
        numbers = (numbers | (numbers << np.uint64(shift))) & np.uint64(mask)
    return numbers


_SPREADING = (
    (16, 0x0000FFFF0000FFFF),
    (8, 0x00FF00FF00FF00FF),
    (4, 0x0F0F0F0F0F0F0F0F),
    (2, 0x3333333333333333),
    (1, 0x5555555555555555),
)


def _single_parts(geometries: npt.NDArray[Any]) -> tuple[npt.NDArray[Any], Integers]:
    """Points, lines and polygons of geometries however nested, and the row of each."""
    parts, row = geometries, np.arange(len(geometries))
    while np.isin(shapely.get_type_id(parts), _COLLECTIONS).any():
        parts, at = shapely.get_parts(parts, return_index=True)
        row = row[at]
    known = ~(shapely.is_missing(parts) | shapely.is_empty(parts))
    return np.asarray(parts[known], dtype=object), row[known]


def _starts(counts: Any) -> Integers:
    return np.concatenate(([0], np.cumsum(counts))).astype(np.int64)
