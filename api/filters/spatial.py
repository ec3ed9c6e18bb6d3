"""The spatial functions: between the features' geometries and literals by the index, or between any two."""

from collections.abc import Callable
from typing import Any

import numpy as np
import shapely

from api.errors import BadParameter
from api.features.collection import COORDINATE_DECIMALS, Collection
from api.features.crs import ServedCrs
from api.features.extent import Box
from api.filters.expression import Bounds, Shape
from api.filters.truth import Truth

_PIECES = 32
"""Into how many pieces each side of a box of a projected system is cut: in degrees it is a curve."""

_BETWEEN: dict[str, Callable[[Any, Any], Any]] = {
    "s_intersects": shapely.intersects,
    "s_equals": shapely.equals,
    "s_disjoint": shapely.disjoint,
    "s_touches": shapely.touches,
    "s_within": shapely.within,
    "s_overlaps": shapely.overlaps,
    "s_crosses": shapely.crosses,
    "s_contains": shapely.contains,
}
_CONVERSE = {"s_within": "s_contains", "s_contains": "s_within"}


def literal_geometry(literal: Shape | Bounds, crs: ServedCrs, parameter: str) -> shapely.Geometry:
    """A literal in WGS 84 longitude and latitude, rounded as the features are, so that what was served is found again.

    Raises
    ------
    BadParameter
        When a position is not on Earth, or a box has its ends the wrong way round.
    """
    given = literal.geometry if isinstance(literal, Shape) else _box(literal, crs, parameter)
    geometry = crs.to_wgs84(np.array([given], dtype=object))[0]
    positions = shapely.get_coordinates(geometry)
    outside = ~(np.abs(positions) <= (180.0, 90.0)).all(axis=1)
    # None: the system does not reach so far
    if geometry is None or outside.any():
        first = shapely.get_coordinates(given)[int(np.argmax(outside)) if len(outside) else 0]
        raise BadParameter(
            parameter,
            "has a position that is not on Earth",
            f"Accepted: coordinates of {crs.uri} in its axis order; see parameter filter-crs",
            " ".join(f"{number:g}" for number in first),
        )
    rounded = shapely.transform(geometry, lambda p: np.round(p, COORDINATE_DECIMALS))
    return rounded if rounded.is_valid or not geometry.is_valid else geometry


def _box(bounds: Bounds, crs: ServedCrs, parameter: str) -> shapely.Geometry:
    """The box in its own system; two rectangles where it crosses the antimeridian."""
    north_first = crs.crs.axis_info[0].direction == "north"
    (west, south), (east, north) = (end[::-1] if north_first else end for end in (bounds.lower, bounds.upper))
    geographic = crs.crs.is_geographic
    if south > north or (west > east and not geographic):
        raise BadParameter(parameter, "has a box with its lower end above its upper end", "BBOX(west,south,east,north)")
    shapes = Box(west, south, east, north).shapes()
    if not geographic:
        longest = max(east - west, north - south) / _PIECES
        shapes = [shapely.segmentize(shape, longest) if longest > 0 else shape for shape in shapes]
    whole = shapes[0] if len(shapes) == 1 else shapely.union_all(shapes)
    return shapely.transform(whole, lambda p: p[:, ::-1]) if north_first else whole


def relate_to_literal(name: str, collection: Collection, literal: shapely.Geometry, *, literal_first: bool) -> Truth:
    """Which features' geometries are so related to a literal; unknown for features without one."""
    found = np.zeros(len(collection), dtype=bool)
    if name == "s_equals":
        near = collection.tree.query(literal)
        found[near[shapely.equals(collection.geometries[near], literal)]] = True
    else:
        # the index asks for literal-to-feature
        asked = name if literal_first else _CONVERSE.get(name, name)
        predicate = "intersects" if name == "s_disjoint" else asked.removeprefix("s_")
        found[collection.tree.query(literal, predicate=predicate)] = True
    return Truth.known(~found if name == "s_disjoint" else found, shapely.is_missing(collection.geometries))


def relate(name: str, left: Any, right: Any) -> Truth:
    """Which geometries, or the one of a literal, are so related to which."""
    return Truth.known(_BETWEEN[name](left, right), shapely.is_missing(left) | shapely.is_missing(right))
