"""Geometries brought to WGS 84: what is mended is told, what cannot be used is named."""

import math

import numpy as np
import pyproj
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import GeometryCollection, LineString, MultiPoint, MultiPolygon, Point, Polygon, box

from geo.errors import CrsMissing, ValueRejected
from geo.ingest.readers.geojson import FeatureTexts
from geo.ingest.readers.geometry import Normaliser, crs_name, decoded, parsed, usable_crs


def normalised(*shapes, crs="EPSG:4326", rows=None):
    """The result for some shapes."""
    array = np.empty(len(shapes), dtype=object)
    array[:] = shapes
    numbers = np.arange(1, len(shapes) + 1) if rows is None else np.array(rows)
    return Normaliser(pyproj.CRS(crs), "a.gpkg").normalised(array, numbers, np.zeros(len(shapes), dtype=bool))


def test_rows_that_cannot_be_used_are_null_and_named_by_their_number_in_the_file():
    shapes = [Point(1, math.nan), None, Point(), Polygon([(0, 0), (1, 0), (2, 0)]), Point(1, 2)]
    clean = normalised(*shapes, rows=[11, 12, 13, 14, 15])
    assert shapely.is_missing(clean.shapes).tolist() == [True, True, True, True, False]
    told = [(problem.what, problem.row, problem.column, problem.file) for problem in clean.problems]
    assert told == [
        ("the position is not a number", 11, "geometry", "a.gpkg"),
        ("the polygon has no area", 14, "geometry", "a.gpkg"),
    ]
    assert "Too few points" in clean.problems[1].value or "Self-intersection" in clean.problems[1].value
    assert clean.findings == []


def test_a_position_outside_its_crs_is_shown():
    clean = normalised(Point(5e5, 5.5e6), Point(1e12, 1e12), crs="EPSG:32640")
    assert [(p.row, p.value) for p in clean.problems] == [(2, "1e+12 1e+12")]
    assert clean.problems[0].what == "the position lies outside WGS 84 / UTM zone 40N"


@pytest.mark.parametrize(
    ("collection", "kept", "told"),
    [
        ([Point(0, 0), box(0, 0, 1, 1)], box(0, 0, 1, 1), True),
        ([Point(0, 0), LineString([(0, 0), (1, 1)])], LineString([(0, 0), (1, 1)]), True),
        ([Point(0, 0), Point(1, 1)], MultiPoint([(0, 0), (1, 1)]), False),
        (
            [GeometryCollection([box(0, 0, 1, 1)]), box(2, 2, 3, 3)],
            MultiPolygon([box(0, 0, 1, 1), box(2, 2, 3, 3)]),
            False,
        ),
        ([GeometryCollection([Point(5, 5)]), MultiPolygon([box(0, 0, 1, 1)])], box(0, 0, 1, 1), True),
        ([Polygon(), Point(0, 0)], Point(0, 0), False),
    ],
)
def test_collections(collection, kept, told):
    clean = normalised(Point(9, 9), GeometryCollection(collection), None, GeometryCollection([Point(3, 3)]))
    assert clean.shapes[1].normalize() == kept.normalize()
    assert (clean.shapes[0], clean.shapes[3]) == (Point(9, 9), Point(3, 3))
    assert [(f.code, f.count, f.examples[0].row) for f in clean.findings] == [("collection_reduced", 1, 2)] * told


def test_heights_of_nought_are_no_finding():
    clean = normalised(Point(1, 2, 0), Point(1, 2, math.nan), Point(1, 2, 5))
    assert not shapely.has_z(clean.shapes).any()
    assert [(f.code, f.count, f.examples[0].row) for f in clean.findings] == [("height_dropped", 1, 3)]


def test_only_the_first_repaired_polygons_are_shown_and_all_are_counted():
    bow = Polygon([(0, 0), (2, 2), (2, 0), (0, 2)])
    (finding,) = normalised(*[box(0, 0, 1, 1), *[bow] * 20]).findings
    assert (finding.count, [problem.row for problem in finding.examples]) == (20, [2, 3, 4, 5, 6])
    assert finding.examples[0].value.startswith("Self-intersection[1 1")


def test_an_axis_order_of_latitude_first_is_no_other_crs():
    assert normalised(Point(57, 50), crs="OGC:CRS84").shapes[0] == Point(57, 50)
    assert usable_crs("OGC:CRS84", "EPSG:4326", "a") == (pyproj.CRS("OGC:CRS84"), [])


def test_which_crs_is_taken():
    assert crs_name(usable_crs(None, 32640, "a")[0]) == "EPSG:32640"
    assert crs_name(usable_crs("EPSG:4979", None, "a")[0].to_2d()) == "EPSG:4326"
    crs, findings = usable_crs("EPSG:4284", "EPSG:32640", "a")
    assert (crs_name(crs), [f.code for f in findings]) == ("EPSG:4284", ["crs_option_ignored"])
    with pytest.raises(CrsMissing, match="--crs"):
        usable_crs("nonsense", None, "a")
    with pytest.raises(ValueRejected, match="not a coordinate reference system"):
        usable_crs("EPSG:4326", "EPSG:moon", "a")


def test_broken_binary_is_told_from_none():
    shapes, broken = decoded(np.array([b"", None, shapely.to_wkb(Point(1, 2)), b"\x01\x03"], dtype=object))
    assert broken.tolist() == [True, False, False, True]
    assert shapes[2] == Point(1, 2)


coordinate = st.floats(-89, 89, width=32)
rings = st.lists(st.tuples(coordinate, coordinate), min_size=3, max_size=8)
anything = st.one_of(
    st.none(),
    st.builds(Point, coordinate, coordinate),
    st.builds(Polygon, rings),
    st.builds(lambda a, b: MultiPolygon([Polygon(a), Polygon(b)]), rings, rings),
    st.builds(lambda a, b, c: GeometryCollection([Polygon(a), Point(b, c)]), rings, coordinate, coordinate),
)


@given(st.lists(anything, max_size=6))
@settings(max_examples=60, deadline=None)
def test_every_shape_comes_out_valid_or_null_with_a_problem(shapes):
    clean = normalised(*shapes)
    refused = {problem.row for problem in clean.problems}
    for row, (before, after) in enumerate(zip(shapes, clean.shapes, strict=True), start=1):
        assert (after is None) == (before is None or row in refused)
        assert after is None or (shapely.is_valid(after) and after.geom_type != "GeometryCollection")


values = st.recursive(
    st.one_of(st.none(), st.integers(), st.text(alphabet='[]{},"\\\u044f ab')),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=3), inner, max_size=3)),
    max_leaves=6,
)


@given(st.lists(values, max_size=6), st.sampled_from([None, 1]), st.integers(1, 40))
@settings(max_examples=150, deadline=None)
def test_features_are_found_in_the_text_whatever_is_in_them(tmp_path_factory, members, indent, chunk):
    import json

    from geo.ingest.readers import geojson

    features = [{"type": "Feature", "properties": value, "geometry": None} for value in members]
    root = {"name": '"features": [', "bbox": [1, 2], "features": features, "crs": {"features": [1, 2]}}
    path = tmp_path_factory.getbasetemp() / "found.geojson"
    path.write_text(json.dumps(root, indent=indent, ensure_ascii=False), encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(geojson, "_CHUNK_BYTES", chunk)
        texts = FeatureTexts(path, lines=False)
    found = [geojson._value(text) for _, text in texts._texts(range(len(texts)))]
    assert found == features


@pytest.mark.parametrize(
    "head", [b"\x01\x07\0\0\0\x01\0\0\0", b"\0\0\0\x03\xee\0\0\0\x01", b"\x01\x06\0\0\x80\x01\0\0\0"]
)
def test_geometries_nested_too_deep_to_be_read_are_broken(head):
    """They would end the process, without a word."""
    shallow = shapely.to_wkb(GeometryCollection([GeometryCollection([Point(1, 2)])]))
    shapes, broken = decoded(np.array([head * 200_000 + shapely.to_wkb(Point(1, 2)), shallow, None], dtype=object))
    assert broken.tolist() == [True, False, False]
    assert shapely.is_missing(shapes).tolist() == [True, False, True]


def test_texts_nested_too_deep_to_be_read_are_none():
    deep = "GeometryCollection (" * 200_000 + "POINT (1 2)" + ")" * 200_000
    shapes = parsed(np.array([deep, "GEOMETRYCOLLECTION (POINT (1 2))", None], dtype=object))
    assert shapely.is_missing(shapes).tolist() == [True, False, True]


def test_a_large_geometry_is_not_a_deep_one():
    large = MultiPolygon([box(i, 0, i + 0.5, 1) for i in range(3000)])
    shapes, broken = decoded(np.array([shapely.to_wkb(large)], dtype=object))
    assert not broken.any()
    assert shapes[0].equals(large)


def test_a_ring_that_goes_along_itself_becomes_one_area():
    clean = normalised(Polygon([(0, 0), (1, 0), (0, 1), (0, 0), (1, 0), (0, -1), (0, 0)]))
    assert clean.shapes[0].equals(Polygon([(0, -1), (0, 1), (1, 0)]))
    assert shapely.is_valid(clean.shapes[0])
