"""Drawn maps without scripts."""

import re

import pytest
import shapely

from maps.locator import draw_locator

WEST, EAST = shapely.box(55, 48, 57, 50), shapely.box(57, 48, 59, 50)
DISTRICTS = [("1", "West", WEST), ("2", "East", EAST), ("3", "Nowhere", None)]


def draw(**changes):
    options = {"chosen": "1", "width": 300.0, "height_max": 400.0} | changes
    places = [("a", "A", shapely.Point(56, 49), "unserved"), ("b", "B", None, "unknown")]
    return draw_locator(DISTRICTS, places, **options)


def test_what_has_no_position_is_not_drawn():
    drawing = draw()
    assert [shape.kato for shape in drawing.shapes] == ["1", "2"]
    assert [mark.kato for mark in drawing.marks] == ["a"]


def test_it_is_true_to_scale_at_its_middle():
    drawing = draw()
    # from 55° to 59° E at 49° N are 292 km
    xs = [float(x) for shape in drawing.shapes for x in re.findall(r"([\d.]+),", shape.path)]
    km_per_unit = 292.0 / (max(xs) - min(xs))
    assert drawing.scale_km / drawing.scale_width == pytest.approx(km_per_unit, rel=0.01)


def test_a_close_up_fits_the_chosen_district_and_keeps_its_neighbours():
    near, far = draw(close_up=True), draw()
    assert near.scale_width / near.scale_km > 1.5 * far.scale_width / far.scale_km
    assert [shape.chosen for shape in near.shapes] == [True, False]
    assert 0 < near.marks[0].x < near.width
    assert 0 < near.marks[0].y < near.height


def test_a_close_up_leaves_out_districts_that_lie_beyond_it():
    far = [(f"9{i}", "Far", shapely.box(200 + i, 48, 201 + i, 50)) for i in range(3)]
    drawing = draw_locator([*DISTRICTS, *far], [], chosen="1", width=300.0, height_max=400.0, close_up=True)
    assert [shape.kato for shape in drawing.shapes] == ["1", "2"]


def test_a_run_without_districts_still_has_a_drawing():
    drawing = draw_locator([], [], chosen=None, width=300.0, height_max=200.0)
    assert (drawing.shapes, drawing.marks) == ([], [])
