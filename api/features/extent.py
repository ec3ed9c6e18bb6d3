"""The `bbox` parameter: boxes in any served system, those across the antimeridian included, and what lies in them."""

import math
from dataclasses import dataclass
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt
import shapely

from api.errors import BadParameter
from api.features.crs import CRS84, ServedCrs

_ACCEPTED = (
    "Accepted: lower and upper corner, x,y,x,y (or with heights: x,y,low,x,y,high), in the axis order of the CRS; "
    "without bbox-crs west,south,east,north in degrees"
)
_EDGE_STEP_M = 1_000.0
_EDGE_STEPS = 1_024

_BOXES: WeakKeyDictionary[shapely.STRtree, npt.NDArray[np.float64]] = WeakKeyDictionary()

Corners = tuple[float, float, float, float]
"""Lower and upper corner in the axis order of a CRS."""


@dataclass(frozen=True)
class Box:
    """West, south, east, north in degrees; `west` > `east` means across the antimeridian.

    A box of a projected system has curved edges in degrees: then `outline` is its shape and the rest its bounds.
    """

    west: float
    south: float
    east: float
    north: float
    outline: shapely.Geometry | None = None

    def shapes(self) -> list[shapely.Geometry]:
        """The box as one geometry, or two when it crosses the antimeridian; flat where it has no width or height."""
        if self.outline is not None:
            return [self.outline]
        if self.west <= self.east:
            return [_rectangle(self.west, self.south, self.east, self.north)]
        return [
            _rectangle(self.west, self.south, max(180.0, self.west), self.north),
            _rectangle(min(-180.0, self.east), self.south, self.east, self.north),
        ]


def _rectangle(west: float, south: float, east: float, north: float) -> shapely.Geometry:
    # a polygon without area intersects nothing
    if west == east and south == north:
        return shapely.Point(west, south)
    if west == east or south == north:
        return shapely.LineString([(west, south), (east, north)])
    return shapely.box(west, south, east, north)


def parse_bbox(text: str) -> Corners:
    """The `bbox` parameter: 4 numbers, or 6 whose heights are not used because no feature has one."""
    parts = text.split(",")
    try:
        numbers = [float(part) for part in parts] if len(text) <= 400 and "_" not in text else []
    except ValueError:
        numbers = []
    if len(numbers) not in (4, 6) or not all(math.isfinite(number) for number in numbers):
        raise BadParameter("bbox", "is not 4 or 6 numbers", _ACCEPTED, text)
    if len(numbers) == 6:
        if numbers[2] > numbers[5]:
            raise BadParameter("bbox", "has its lower height above its upper one", _ACCEPTED, text)
        del numbers[5], numbers[2]
    first_low, second_low, first_high, second_high = numbers
    return first_low, second_low, first_high, second_high


def box_of(corners: Corners, crs: ServedCrs = CRS84) -> Box:
    """The box of two corners in the axis order of a CRS, cut to where that CRS is used.

    The edges of a box in a projected system are followed in steps of 1 km, or a 1,024th of the edge where that is
    more: to 2 cm or so for boxes up to 1,000 km.

    Raises
    ------
    BadParameter
        When the corners are the wrong way round or the box lies outside the CRS's domain.
    """
    return _geographic_box(corners, crs) if crs.is_geographic else _projected_box(corners, crs)


def _geographic_box(corners: Corners, crs: ServedCrs) -> Box:
    west, south, east, north = corners
    if crs.latitude_first:
        south, west, north, east = corners
    if south > north:
        raise BadParameter("bbox", "has its south above its north", _ACCEPTED, _text(corners))
    if south > 90 or north < -90 or max(abs(west), abs(east)) > 360:
        raise BadParameter("bbox", "lies outside the earth", _domain(crs), _text(corners))
    if east - west >= 360:
        return Box(-180.0, south, 180.0, north)
    # maps that repeat the world count on beyond 180 degrees
    return Box(_wrapped(west), south, _wrapped(east), north)


def _wrapped(longitude: float) -> float:
    return longitude if -180 <= longitude <= 180 else (longitude + 180) % 360 - 180


def _projected_box(corners: Corners, crs: ServedCrs) -> Box:
    first_low, second_low, first_high, second_high = corners
    if first_low > first_high or second_low > second_high:
        raise BadParameter("bbox", "has its lower corner above its upper one", _ACCEPTED, _text(corners))
    domain = crs.domain
    low = max(first_low, domain.first_low), max(second_low, domain.second_low)
    high = min(first_high, domain.first_high), min(second_high, domain.second_high)
    if low[0] > high[0] or low[1] > high[1]:
        raise BadParameter("bbox", "lies outside the domain of its CRS", _domain(crs), _text(corners))
    flat = _rectangle(low[0], low[1], high[0], high[1])
    step = max(_EDGE_STEP_M, (high[0] - low[0]) / _EDGE_STEPS, (high[1] - low[1]) / _EDGE_STEPS)
    (outline,) = crs.to_wgs84(np.array([shapely.segmentize(flat, step)], dtype=object))
    if outline is None:
        raise BadParameter("bbox", "lies outside the domain of its CRS", _domain(crs), _text(corners))
    west, south, east, north = outline.bounds
    return Box(west, south, east, north, outline)


def _domain(crs: ServedCrs) -> str:
    domain = crs.domain
    bounds = (domain.first_low, domain.second_low, domain.first_high, domain.second_high)
    return f"The domain of {crs.uri} is {_text(bounds)}"


def _text(corners: Corners) -> str:
    return ",".join(f"{number:.12g}" for number in corners)


def rows_in(tree: shapely.STRtree, box: Box) -> npt.NDArray[np.int64]:
    """Rows of a tree's geometries that intersect a box, ascending; null geometries never do."""
    found = [_rows_in_shape(tree, shape, is_rectangle=box.outline is None) for shape in box.shapes()]
    return np.sort(found[0]) if len(found) == 1 else np.unique(np.concatenate(found))


def _rows_in_shape(tree: shapely.STRtree, shape: shapely.Geometry, *, is_rectangle: bool) -> npt.NDArray[np.int64]:
    if not is_rectangle:
        return np.asarray(tree.query(shape, predicate="intersects"), dtype=np.int64)
    near: npt.NDArray[np.int64] = np.asarray(tree.query(shape), dtype=np.int64)
    west, south, east, north = shapely.bounds(shape)
    own = _boxes_of(tree)[near]
    # what has its own box inside needs no look at its vertices
    hit = (own[:, 0] >= west) & (own[:, 1] >= south) & (own[:, 2] <= east) & (own[:, 3] <= north)
    edge = np.flatnonzero(~hit)
    shapely.prepare(shape)
    hit[edge] = shapely.intersects(shape, tree.geometries[near[edge]])
    rows: npt.NDArray[np.int64] = near[hit]
    return rows


def _boxes_of(tree: shapely.STRtree) -> npt.NDArray[np.float64]:
    """West, south, east, north of each geometry of a tree, made once: the geometries lie scattered in memory."""
    boxes = _BOXES.get(tree)
    if boxes is None:
        boxes = _BOXES[tree] = shapely.bounds(tree.geometries)
    return boxes
