"""The bbox parameter, against shapely feature by feature."""

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from api.errors import BadParameter
from api.features.extent import Box, parse_bbox, rows_in

RANDOM = np.random.default_rng(7)
POINTS = [shapely.Point(x, y) for x, y in RANDOM.uniform((-180, -90), (180, 90), (300, 2)).round(1)]
AREAS = [shapely.Point(x, y).buffer(r) for x, y, r in RANDOM.uniform((-170, -80, 0.1), (170, 80, 9), (100, 3))]
SHAPES = np.array([*POINTS, None, *AREAS, shapely.Point(180, 0), shapely.Point(-180, 0), None], dtype=object)
TREE = shapely.STRtree(SHAPES)

longitudes = st.floats(-180, 180).map(lambda v: round(v, 1))
latitudes = st.floats(-90, 90).map(lambda v: round(v, 1))


def inside(shape: shapely.Geometry | None, box: Box) -> bool:
    if shape is None:
        return False
    if shape.geom_type == "Point":
        between = (
            box.west <= shape.x <= box.east if box.west <= box.east else shape.x >= box.west or shape.x <= box.east
        )
        return between and box.south <= shape.y <= box.north
    halves = [(box.west, box.east)] if box.west <= box.east else [(box.west, 180), (-180, box.east)]
    # corner by corner, so that flat boxes need no special case
    return any(
        shape.intersects(shapely.MultiPoint([(w, box.south), (e, box.north), (w, box.north), (e, box.south)]).envelope)
        for w, e in halves
    )


@given(longitudes, longitudes, latitudes, latitudes)
def test_rows_are_those_that_intersect_the_box(west: float, east: float, south: float, north: float) -> None:
    box = Box(west, min(south, north), east, max(south, north))
    assert rows_in(TREE, box).tolist() == [i for i, shape in enumerate(SHAPES) if inside(shape, box)]


@given(st.sampled_from(POINTS))
def test_box_of_no_size_finds_the_point_in_it(point: shapely.Point) -> None:
    found = rows_in(TREE, Box(point.x, point.y, point.x, point.y))
    assert any(SHAPES[row].equals(point) for row in found)


def test_box_across_the_antimeridian_holds_both_its_sides() -> None:
    shapes = np.array([shapely.Point(x, 0) for x in (-180, -175, 0, 175, 180)], dtype=object)
    assert rows_in(shapely.STRtree(shapes), Box(170, -1, -170, 1)).tolist() == [0, 1, 3, 4]


def test_six_numbers_are_read_without_their_heights() -> None:
    assert parse_bbox("1,2,-100,3,4,100") == (1, 2, 3, 4)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1",
        "1,2,3",
        "1,2,3,4,5",
        "1,2,3,x",
        "1,2,3,nan",
        "1,2,3,inf",
        "1,2,9,3,4,0",
        "1,2,3,4_0",
        "," * 999,
    ],
)
def test_what_is_not_a_box_is_refused(text: str) -> None:
    with pytest.raises(BadParameter, match="bbox"):
        parse_bbox(text)
