"""Signal levels as colours: classes about the threshold, colours for every eye, marks, and a legend that agrees."""

from itertools import combinations
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from maps.i18n import LANGUAGES
from maps.signal import (
    CLASSES,
    COLOURS,
    MARK_PERIOD,
    TRANSPARENT,
    LegendPart,
    Mark,
    classify,
    legend_json,
    legend_svg,
    mark_of,
    paint,
    palette,
)

# Machado, Oliveira and Fernandes 2009, severity 1, linear RGB
EYES = {
    "usual": np.eye(3),
    "protan": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deutan": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritan": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}
TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])


def lab(colour, eye):
    """CIELAB of an sRGB colour (``u1[3]``) as an eye sees it."""
    srgb = np.asarray(colour) / 255.0
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    xyz = TO_XYZ @ np.clip(np.asarray(EYES[eye]) @ linear, 0, 1) / [0.9505, 1.0, 1.089]
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize("kind", ["float32", "float64"])
@pytest.mark.parametrize(
    ("level", "expected"),
    [
        (-40.0, 0), (-80.0, 0), (-80.01, 1), (-90.0, 1), (-90.01, 2), (-100.0, 2), (-100.01, 3), (-110.0, 3),
        (-110.01, 4), (-120.0, 4), (-120.01, 5), (-300.0, 5), (np.nan, TRANSPARENT), (-np.inf, TRANSPARENT),
    ],
)  # fmt: skip
def test_a_level_belongs_to_the_class_whose_lower_bound_it_reaches(level, expected, kind):
    assert classify(np.array([[level]], dtype=kind), -110.0).tolist() == [[expected]]


@pytest.mark.parametrize("threshold", [-95.0, -99.3, -110.1])
def test_meeting_the_threshold_is_where_blue_ends_whatever_the_precision(threshold):
    levels = np.array([threshold, np.nextafter(np.float32(threshold), np.float32(-200))], dtype="float32")
    assert classify(levels, threshold).tolist() == [3, 4]


@pytest.mark.parametrize("eye", EYES)
def test_any_two_classes_stay_apart_for_every_eye(eye):
    seen = [lab(colour, eye) for colour in palette()[:CLASSES]]
    assert min(np.linalg.norm(a - b) for a, b in combinations(seen, 2)) > 14


@pytest.mark.parametrize("eye", EYES)
def test_stronger_is_darker_on_either_side_of_the_threshold(eye):
    lightness = [lab(colour, eye)[0] for colour in palette()[:CLASSES]]
    assert lightness[:4] == sorted(lightness[:4])
    assert lightness[4:] == sorted(lightness[4:])


@pytest.mark.parametrize("eye", EYES)
def test_marks_are_seen_on_every_class(eye):
    colours = palette()
    for plain, marked in zip(colours[:CLASSES], colours[CLASSES:], strict=True):
        assert np.linalg.norm(lab(plain, eye) - lab(marked, eye)) > 14


@pytest.mark.parametrize("mark", [Mark.LINES, Mark.DOTS])
def test_marks_run_on_over_the_edges_of_tiles(mark):
    side = 4 * MARK_PERIOD
    tile = paint(np.full((side, side), 2, np.uint8), np.full((side, side), mark, np.uint8))
    whole = paint(np.full((2 * side, 2 * side), 2, np.uint8), np.full((2 * side, 2 * side), mark, np.uint8))
    assert np.array_equal(np.tile(tile, (2, 2)), whole)
    assert 0.05 < (tile == 2 + CLASSES).mean() < 0.25
    # every stretch of a period shows it, so that no part of a raster goes without
    assert ((tile != 2).reshape(4, MARK_PERIOD, 4, MARK_PERIOD).any(axis=(1, 3))).all()


def test_marks_are_drawn_where_there_is_a_value_and_by_the_pixels_own_raster():
    classes = np.full((MARK_PERIOD, 2 * MARK_PERIOD), 1, np.uint8)
    classes[:, :4] = TRANSPARENT
    marks = np.full(classes.shape, Mark.LINES, np.uint8)
    marks[:, MARK_PERIOD:] = Mark.NONE
    painted = paint(classes, marks)
    assert set(np.unique(painted[:, :4])) == {TRANSPARENT}
    assert set(np.unique(painted[:, 4:MARK_PERIOD])) == {1, 1 + CLASSES}
    assert set(np.unique(painted[:, MARK_PERIOD:])) == {1}


@pytest.mark.parametrize(
    ("basis", "scenario", "mark"),
    [
        ("measured", None, Mark.NONE),
        ("declared", None, Mark.NONE),
        ("modelled", None, Mark.DOTS),
        ("assumed", None, Mark.DOTS),
        ("modelled", "okrug-centres", Mark.LINES),
        ("measured", "okrug-centres", Mark.LINES),
    ],
)
def test_a_scenario_has_lines_and_an_estimate_dots(basis, scenario, mark):
    assert mark_of(basis, scenario) is mark


def test_the_legend_has_the_classes_that_the_tiles_have():
    (legend,) = legend_json([LegendPart("3g", -99.0, [Mark.NONE, Mark.LINES])])
    assert [entry["colour"] for entry in legend["classes"]] == list(COLOURS)
    for i, entry in enumerate(legend["classes"]):
        low, high = entry["minimum_dbm"], entry["maximum_dbm"]
        assert (low is None, high is None) == (i == CLASSES - 1, i == 0)
        if low is not None:
            assert classify(np.array([low]), -99.0) == [i]
        if high is not None:
            assert classify(np.array([high]), -99.0) == [i - 1]
        assert set(entry["label"]) == set(entry["range"]) == set(LANGUAGES)
    assert legend["classes"][3]["range"]["ru"] == "−99 … −89"
    assert [mark["mark"] for mark in legend["marks"]] == ["lines"]
    assert legend["title"]["kk"] == "3G · Сигнал деңгейі (RSCP, дБм)"


@pytest.mark.parametrize("code", LANGUAGES)
def test_the_legend_as_a_picture_is_sound_whatever_the_label_holds(code):
    hostile = "</text><script>alert(1)</script> & Сценарий " + "x" * 500
    svg = legend_svg([LegendPart("4g", -110.0, [Mark.DOTS, Mark.LINES])], code, hostile)
    root = ET.fromstring(svg)  # noqa: S314 - our own
    tags = {element.tag.split("}")[1] for element in root.iter()}
    assert "script" not in tags
    assert "style" not in tags
    assert root.get("role") == "img"
    text = " ".join(element.text or "" for element in root.iter())
    assert "<script>alert(1)</script>" in text
    (legend,) = legend_json([LegendPart("4g", -110.0, [Mark.DOTS, Mark.LINES])])
    said = [legend["title"], legend["no_value"]["label"], *(mark["label"] for mark in legend["marks"])]
    said += [entry[key] for entry in legend["classes"] for key in ("label", "range")]
    assert all(texts[code] in text for texts in said)
    assert {element.get("fill") for element in root.iter()} >= set(COLOURS)
