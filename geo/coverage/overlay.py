"""Overlay of points and footprints with coverage polygons: which, how much, how far from the edge.

All functions are planar: they take coordinates as they are. Points may be matched in any CRS, provided the
points and the polygons share it; shares want an equal-area CRS, distances one in metres.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

from geo.coverage._packed_polygons import Outlines

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Geometries = npt.NDArray[np.object_]

# Below this many points GEOS answers before our own kernel is loaded (0.3 s, or 10 s to compile it once).
SMALL_POINTS = 20_000
# Points times vertices of the largest polygon, above which GEOS takes seconds even for few points.
SMALL_WORK = 1_000_000_000

_POLYGON, _MULTIPOLYGON = 3, 6
# Products of larger coordinates could overflow in the kernel; such polygons go to GEOS.
_LARGEST_COORDINATE = 1e150
_CHUNK = 100_000
_EDGES_PER_PIECE = 16


def points_in_polygons(x: npt.ArrayLike, y: npt.ArrayLike, polygons: npt.ArrayLike) -> tuple[Integers, Integers]:
    """Every pair of a point and a polygon that intersect; a point on the boundary is inside.

    The pairs are those of ``geopandas.sjoin(points, polygons, predicate="intersects")``, bit by bit: points
    for which floating-point arithmetic cannot tell the side of an edge are put to GEOS. Up to `SMALL_POINTS`
    points all of them are, because that is faster than loading the compiled kernel.

    Parameters
    ----------
    x, y
        f8[n] in the CRS of the polygons (longitude and latitude, or easting and northing). A point with NaN
        or infinity matches nothing.
    polygons
        Polygon or MultiPolygon [m]. None and empty geometries match nothing; overlapping polygons each match.

    Returns
    -------
    point_index, polygon_index
        i8[k] each, sorted by point, then by polygon.

    Raises
    ------
    ValueError
        If `x` and `y` differ in shape, or a geometry is not a (multi)polygon.
    """
    xs, ys = _coordinates(x, y)
    everything = _polygons(polygons)
    usable = np.flatnonzero(~(shapely.is_missing(everything) | shapely.is_empty(everything)))
    if len(usable) == 0 or len(xs) == 0:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    areas = everything[usable]
    work = len(xs) * int(shapely.get_num_coordinates(areas).max())
    if len(xs) <= SMALL_POINTS and work <= SMALL_WORK:
        points, matched = _match_by_geos(xs, ys, areas)
    else:
        points, matched = _match_by_kernel(xs, ys, areas)
    return points, matched if len(usable) == len(everything) else usable[matched]


def _match_by_geos(xs: Floats, ys: Floats, areas: Geometries) -> tuple[Integers, Integers]:
    """Pairs by point and polygon, in chunks so that memory holds few point objects at a time."""
    tree = shapely.STRtree(areas)
    finite = np.flatnonzero(np.isfinite(xs) & np.isfinite(ys))
    found = [np.empty((2, 0), np.int64)]
    for begin in range(0, len(finite), _CHUNK):
        chunk = finite[begin : begin + _CHUNK]
        pairs = tree.query(shapely.points(xs[chunk], ys[chunk]), predicate="intersects")
        found.append(np.stack([chunk[pairs[0]], pairs[1]]))
    points, matched = np.concatenate(found, axis=1)
    order = np.lexsort((matched, points))
    return points[order], matched[order]


def _match_by_kernel(xs: Floats, ys: Floats, areas: Geometries) -> tuple[Integers, Integers]:
    from geo.coverage import _point_in_polygon  # loading numba takes longer than most overlays

    odd = _odd(areas)
    packed = np.flatnonzero(~odd)
    points, matched = np.empty(0, np.int64), np.empty(0, np.int64)
    if len(packed):
        regular = areas[packed] if odd.any() else areas
        outlines = _outlines(regular)
        points, matched, doubtful = _point_in_polygon.match(xs, ys, outlines, shapely.bounds(regular))
        if len(doubtful):
            places = shapely.points(xs[points[doubtful]], ys[points[doubtful]])
            shapely.prepare(places)  # the way sjoin asks
            keep = np.ones(len(points), bool)
            keep[doubtful] = shapely.intersects(places, regular[matched[doubtful]])
            points, matched = points[keep], matched[keep]
    if odd.any():
        more_points, more_matched = _match_by_geos(xs, ys, areas[odd])
        points = np.concatenate([points, more_points])
        matched = np.concatenate([packed[matched], np.flatnonzero(odd)[more_matched]])
        order = np.lexsort((matched, points))
        points, matched = points[order], matched[order]
    return points, matched


def _odd(areas: Geometries) -> npt.NDArray[np.bool_]:
    """Polygons that the kernel must leave to GEOS.

    The kernel counts crossings over all rings of a polygon together. GEOS counts ring by ring, which is the
    same for valid polygons and for a single ring, however it crosses itself.
    """
    vertices, area = shapely.get_coordinates(areas, return_index=True)
    odd = np.zeros(len(areas), bool)
    usual = np.abs(vertices) < _LARGEST_COORDINATE  # not for NaN
    if not usual.all():
        odd[area[~usual.all(axis=1)]] = True
    single = (shapely.get_type_id(areas) == _POLYGON) & (shapely.get_num_interior_rings(areas) == 0)
    several = np.flatnonzero(~single)
    odd[several] |= ~shapely.is_valid(areas[several])
    return odd


def _outlines(areas: Geometries) -> Outlines:
    parts, part_area = shapely.get_parts(areas, return_index=True)
    rings, ring_part = shapely.get_rings(parts, return_index=True)
    vertices = shapely.get_coordinates(rings)
    ring_end = np.cumsum(shapely.get_num_coordinates(rings))
    last = np.zeros(len(vertices), np.uint8)
    last[ring_end - 1] = 1
    rings_until = np.cumsum(np.bincount(part_area[ring_part], minlength=len(areas)))
    return Outlines(vertices, np.concatenate([[0], ring_end[rings_until - 1]]), last)


def shares_covered(
    footprints: npt.ArrayLike,
    coverage: npt.ArrayLike,
    *,
    pairs: tuple[npt.ArrayLike, npt.ArrayLike] | None = None,
) -> Floats:
    """Share of each footprint's area inside the union of the coverage polygons of one layer.

    Parameters
    ----------
    footprints
        Polygon or MultiPolygon [n] in an equal-area CRS.
    coverage
        Polygon or MultiPolygon [m] in the same CRS. They may overlap and are counted once; None and empty
        ones cover nothing. An invalid one covers what an even-odd fill would paint.
    pairs
        (footprint_index, coverage_index), i8[k] each: the only pairs that may count, for instance those of
        one operator; default all pairs.

    Returns
    -------
    f8[n] from 0 to 1. NaN where the footprint is None or empty; a footprint without area has 1 where it
    touches a polygon, else 0.

    Raises
    ------
    ValueError
        If a geometry is not a (multi)polygon.
    """
    places = _repaired(_polygons(footprints))
    areas = _repaired(_polygons(coverage))
    if pairs is None:
        place, area = shapely.STRtree(areas).query(places, predicate="intersects")
    else:
        place, area = (np.asarray(index, np.int64) for index in pairs)
        shapely.prepare(areas)
        touching = shapely.intersects(areas[area], places[place])
        place, area = place[touching], area[touching]

    shares = np.where(shapely.is_missing(places) | shapely.is_empty(places), np.nan, 0.0)
    size = shapely.area(places)
    shapely.prepare(areas)
    whole = shapely.covers(areas[area], places[place]) | (size[place] == 0.0)
    shares[place[whole]] = 1.0

    partial = shares[place] != 1.0
    place, area = place[partial], area[partial]
    order = np.lexsort((area, place))
    place, area = place[order], area[order]
    inside = shapely.intersection(places[place], areas[area])
    touched, begin, count = np.unique(place, return_index=True, return_counts=True)
    for width in np.unique(_next_power_of_two(count)):
        # Groups of similar size make one table, short rows filled up with None, which a union ignores.
        rows = np.flatnonzero(_next_power_of_two(count) == width)
        table = np.full((len(rows), int(width)), None, dtype=object)
        row = np.repeat(np.arange(len(rows)), count[rows])
        column = np.arange(len(row)) - np.repeat(np.cumsum(count[rows]) - count[rows], count[rows])
        table[row, column] = inside[begin[rows][row] + column]
        united = table[:, 0] if width == 1 else shapely.union_all(table, axis=1)
        shares[touched[rows]] = shapely.area(united) / size[touched[rows]]
    return np.clip(shares, 0.0, 1.0)


def signed_distance_m(
    x: npt.ArrayLike,
    y: npt.ArrayLike,
    coverage: npt.ArrayLike,
    *,
    max_distance_m: float,
    precision_m: float = 0.01,
) -> Floats:
    """Distance from each point to the edge of the covered area, positive inside and negative outside.

    The covered area is the union of the polygons: an edge between two polygons that touch or overlap is no
    edge. Holes are outside.

    Parameters
    ----------
    x, y
        f8[n], metres, planar.
    coverage
        Polygon or MultiPolygon [m] of one layer in the same CRS. None and empty ones cover nothing.
    max_distance_m
        Distances are clipped at plus and minus this; metres, positive and finite.
    precision_m
        Grid on which the union is made, metres. It closes gaps of that size between neighbours whose common
        edge has different vertices; raise it where such edges were projected apart.

    Returns
    -------
    f8[n], metres. NaN where a coordinate is not finite.

    Raises
    ------
    ValueError
        If `x` and `y` differ in shape, a geometry is not a (multi)polygon, or `max_distance_m` or
        `precision_m` is not positive and finite.
    """
    for name, length in (("max_distance_m", max_distance_m), ("precision_m", precision_m)):
        if not 0.0 < length < np.inf:
            raise ValueError(f"{name} must be positive and finite, not {length}")
    xs, ys = _coordinates(x, y)
    areas = _repaired(_polygons(coverage))
    finite = np.flatnonzero(np.isfinite(xs) & np.isfinite(ys))
    result = np.full(len(xs), np.nan)
    result[finite] = max_distance_m
    near = areas[_within_reach(xs[finite], ys[finite], areas, max_distance_m)]
    pieces = _boundary_pieces(shapely.union_all(near, grid_size=precision_m))
    if len(pieces):
        tree = shapely.STRtree(pieces)
        for begin in range(0, len(finite), _CHUNK):
            chunk = finite[begin : begin + _CHUNK]
            (point, _), distance = tree.query_nearest(
                shapely.points(xs[chunk], ys[chunk]),
                max_distance=max_distance_m,
                return_distance=True,
                all_matches=False,
            )
            result[chunk[point]] = np.minimum(distance, max_distance_m)
    inside = np.zeros(len(xs), bool)
    inside[points_in_polygons(xs, ys, near)[0]] = True
    result[~inside] *= -1.0
    return result + 0.0  # no negative zero


def _within_reach(xs: Floats, ys: Floats, areas: Geometries, distance: float) -> Integers:
    """Indexes of the polygons that some point may reach: only these have to be united."""
    cells = np.unique(np.floor(np.column_stack([xs, ys]) / distance), axis=0) * distance
    if len(cells) == 0 or len(areas) == 0:
        return np.empty(0, np.int64)
    # One cell of points, and the distance (plus rounding) around it.
    reach = 1.001 * distance
    boxes = shapely.box(
        cells[:, 0] - reach, cells[:, 1] - reach, cells[:, 0] + distance + reach, cells[:, 1] + distance + reach
    )
    return np.unique(shapely.STRtree(areas).query(boxes)[1])


def _boundary_pieces(area: Any) -> Geometries:
    """The rings of an area cut into short lines, so that a tree of them finds the nearest edge quickly."""
    rings = shapely.get_rings(shapely.get_parts(area))
    coordinates, ring = shapely.get_coordinates(rings, return_index=True)
    begins = np.flatnonzero(ring[1:] == ring[:-1])  # the vertex at which each edge begins
    if len(begins) == 0:
        return np.empty(0, object)
    edge_ring = ring[begins]
    first_of_ring = np.flatnonzero(np.diff(edge_ring, prepend=-1))
    number = np.arange(len(begins)) - np.repeat(first_of_ring, np.bincount(edge_ring))
    starts_piece = number % _EDGES_PER_PIECE == 0
    ends_piece = np.append(starts_piece[1:], True)
    # Each edge gives its first vertex, the last edge of a piece its second one too.
    vertex = np.repeat(begins, 1 + ends_piece)
    vertex[np.cumsum(1 + ends_piece)[ends_piece] - 1] += 1
    piece = np.repeat(np.cumsum(starts_piece) - 1, 1 + ends_piece)
    return np.asarray(shapely.linestrings(coordinates[vertex], indices=piece), object)


def _coordinates(x: npt.ArrayLike, y: npt.ArrayLike) -> tuple[Floats, Floats]:
    xs, ys = np.ascontiguousarray(x, np.float64), np.ascontiguousarray(y, np.float64)
    if xs.shape != ys.shape or xs.ndim != 1:
        raise ValueError(f"x and y must be of one shape [n], not {xs.shape} and {ys.shape}")
    return xs, ys


def _polygons(geometries: npt.ArrayLike) -> Geometries:
    areas = np.asarray(geometries, object)
    kinds = shapely.get_type_id(areas)
    other = ~(np.isin(kinds, (_POLYGON, _MULTIPOLYGON)) | shapely.is_missing(areas))
    if areas.ndim != 1 or other.any():
        found = areas[other][0].geom_type if other.any() else f"an array of shape {areas.shape}"
        raise ValueError(f"expected polygons and multipolygons [m], found {found}")
    return areas


def _repaired(areas: Geometries) -> Geometries:
    """Invalid polygons made valid with an even-odd fill; set operations of GEOS fail on them otherwise."""
    broken = ~shapely.is_valid(areas) & ~shapely.is_missing(areas)
    if not broken.any():
        return areas
    areas = areas.copy()
    areas[broken] = shapely.make_valid(areas[broken], method="linework")
    return areas


def _next_power_of_two(count: Integers) -> Integers:
    return np.left_shift(1, np.ceil(np.log2(count)).astype(np.int64))
