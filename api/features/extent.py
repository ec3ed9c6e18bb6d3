"""The `bbox` parameter: boxes in WGS 84 longitude and latitude, those across the antimeridian included."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely

from api.errors import BadParameter

_ACCEPTED = "Accepted: west,south,east,north (or with heights: west,south,low,east,north,high), in degrees"


@dataclass(frozen=True)
class Box:
    """West, south, east, north in degrees; `west` > `east` means across the antimeridian."""

    west: float
    south: float
    east: float
    north: float

    def shapes(self) -> list[shapely.Geometry]:
        """The box as one geometry, or two when it crosses the antimeridian; flat where it has no width or height."""
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


def parse_bbox(text: str) -> Box:
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
    west, south, east, north = numbers
    if south > north:
        raise BadParameter("bbox", "has its south above its north", _ACCEPTED, text)
    return Box(west, south, east, north)


def rows_in(tree: shapely.STRtree, box: Box) -> npt.NDArray[np.int64]:
    """Rows of a tree's geometries that intersect a box, ascending; null geometries never do."""
    found = [tree.query(shape, predicate="intersects") for shape in box.shapes()]
    return np.unique(np.concatenate(found)).astype(np.int64)
