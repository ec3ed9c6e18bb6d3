"""Encoded tiles against shapely's clipping, decoded by an independent library."""

import json
import math
from itertools import pairwise
from pathlib import Path
from typing import Any

import mapbox_vector_tile
import numpy as np
import pandas as pd
import pyogrio
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from api.features.columns import Column
from api.tiles.grid import LATITUDE_LIMIT, MAX_ZOOM, Tile, project, tile_at
from api.tiles.kernels import BUFFER, EXTENT
from api.tiles.layer import Layer

TILE = Tile(9, 170, 337)
WIDE = shapely.box(-BUFFER, -BUFFER, EXTENT + BUFFER, EXTENT + BUFFER)
NO_IDS = np.empty(0, dtype=np.int64)


def degrees(geometry: shapely.Geometry, tile: Tile = TILE) -> shapely.Geometry:
    """A geometry in units of a tile as WGS 84."""

    def turn(units: Any) -> Any:
        x = (units[:, 0] / EXTENT + tile.column) / 2**tile.zoom
        y = (units[:, 1] / EXTENT + tile.row) / 2**tile.zoom
        return np.column_stack((x * 360 - 180, np.degrees(np.arctan(np.sinh(np.pi * (1 - 2 * y))))))

    return shapely.transform(geometry, turn)


def units(geometry: shapely.Geometry, tile: Tile = TILE) -> shapely.Geometry:
    """A WGS 84 geometry in units of a tile."""

    def turn(positions: Any) -> Any:
        return project(positions[:, 0], positions[:, 1]) * (EXTENT << tile.zoom) - EXTENT * np.array(
            [tile.column, tile.row]
        )

    return shapely.transform(geometry, turn)


def layer(geometries: list[Any], columns: dict[str, Column] | None = None, ids: Any = NO_IDS) -> Layer:
    return Layer.of("made", np.array(geometries, dtype=object), columns or {}, ids)


def encode(made: Layer, tile: Tile = TILE) -> list[dict[str, Any]]:
    encoded = made.encode(tile, np.arange(len(made.place)))
    if not encoded:
        return []
    return mapbox_vector_tile.decode(encoded, default_options={"y_coord_down": True})["made"]["features"]


def drawn(geometry: shapely.Geometry, tile: Tile = TILE) -> shapely.Geometry | None:
    """What a tile shows of one geometry, in units; None for nothing."""
    found = encode(layer([geometry]), tile)
    shapes = [shapely.from_geojson(json.dumps(feature["geometry"])) for feature in found]
    return shapely.union_all([sound(part) for part in shapely.get_parts(shapes)]) if shapes else None


def sound(part: shapely.Geometry) -> shapely.Geometry:
    """A valid shape for the same area: a hole that is cut too has an edge along the border as the shell has."""
    if not isinstance(part, shapely.Polygon):
        return part
    holes = [shapely.make_valid(shapely.Polygon(hole)) for hole in part.interiors]
    return shapely.difference(shapely.make_valid(shapely.Polygon(part.exterior)), shapely.union_all(holes))


def area_of(geometry: shapely.Geometry) -> shapely.Geometry:
    """The areal part of a geometry: cutting leaves edges along the border of what it cuts apart."""
    parts = [part for part in shapely.get_parts(geometry) if shapely.get_dimensions(part) == 2]
    return shapely.union_all(parts) if parts else shapely.Polygon()


@st.composite
def stars(draw: st.DrawFn) -> shapely.Geometry:
    """Star-shaped polygons in and about the tile, with or without a hole, often with points on whole units."""
    coordinate = st.one_of(st.integers(-3000, 7000), st.floats(-3000, 7000))
    x, y = draw(coordinate), draw(coordinate)
    count = draw(st.integers(3, 12))
    size = draw(st.sampled_from([0.3, 2.0, 40.0, 800.0, 6000.0]))
    radii = draw(st.lists(st.floats(0.3, 1), min_size=count, max_size=count))
    angles = np.arange(count) * 2 * math.pi / count
    spokes = np.column_stack((np.cos(angles), np.sin(angles))) * np.array(radii)[:, None] * size
    if draw(st.booleans()):
        spokes = np.round(spokes)
    holes = [spokes[::-1] * 0.5 + (x, y)] if draw(st.booleans()) else []
    polygon = shapely.Polygon(np.add(spokes, (x, y)), holes)
    return polygon if polygon.is_valid else shapely.Point(x, y).buffer(size)


@settings(max_examples=150, deadline=None)
@given(st.lists(stars(), min_size=1, max_size=3))
def test_polygons_are_those_that_shapely_cuts(parts: list[shapely.Geometry]) -> None:
    whole = shapely.union_all(parts)
    expected = area_of(shapely.intersection(whole, WIDE))
    found = drawn(degrees(whole))
    if shapely.area(expected) > 0.01:
        assert found is not None
    if found is None:
        return
    # rounding moves each edge by no more than the diagonal of half a unit; a mark adds a unit
    room = 0.75 * (shapely.length(expected) + shapely.length(shapely.boundary(area_of(found)))) + 2
    assert shapely.area(shapely.symmetric_difference(area_of(found), expected)) <= room
    reference = expected if not expected.is_empty else shapely.intersection(whole, WIDE)
    assert shapely.distance(found, reference) < 1.5
    # a small part of a feature may vanish as long as another is drawn, and a sliver may close
    if isinstance(whole, shapely.Polygon) and shapely.area(expected) > 2 * shapely.length(expected):
        assert shapely.hausdorff_distance(area_of(found), expected) < 1.5


@settings(max_examples=100, deadline=None)
@given(st.lists(stars(), min_size=1, max_size=3))
def test_rings_turn_as_the_format_has_it(parts: list[shapely.Geometry]) -> None:
    encoded = layer([degrees(shapely.union_all(parts))]).encode(TILE, np.arange(1))
    if not encoded:
        return
    for rings in raw_rings(encoded):
        areas = [surveyor(ring) for ring in rings]
        assert areas[0] > 0
        assert all(area < 0 for area in areas[1:])
        for ring in rings:
            assert len(ring) >= 3
            assert ring[0] != ring[-1]
            assert all(a != b for a, b in pairwise(ring))


def raw_rings(encoded: bytes) -> list[list[list[tuple[int, int]]]]:
    """Polygons of a tile as rings of units, read from the commands."""
    from mapbox_vector_tile.Mapbox import vector_tile_pb2

    tile = vector_tile_pb2.tile()
    tile.ParseFromString(encoded)
    polygons: list[list[list[tuple[int, int]]]] = []
    for feature in tile.layers[0].features:
        numbers, x, y, ring = list(feature.geometry), 0, 0, []
        while numbers:
            command = numbers.pop(0)
            if command & 7 == 7:
                if surveyor(ring) > 0:
                    polygons.append([])
                polygons[-1].append(ring)
                continue
            if command & 7 == 1:
                ring = []
            for _ in range(command >> 3):
                x += (numbers[0] >> 1) ^ -(numbers[0] & 1)
                y += (numbers[1] >> 1) ^ -(numbers[1] & 1)
                del numbers[:2]
                ring.append((x, y))
    return polygons


def surveyor(ring: list[tuple[int, int]]) -> int:
    return sum(a[0] * b[1] - b[0] * a[1] for a, b in zip(ring, [*ring[1:], ring[0]], strict=True))


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.integers(-9000, 12000), st.integers(-9000, 12000)), min_size=2, max_size=12, unique=True))
def test_lines_are_those_that_shapely_cuts(positions: list[tuple[int, int]]) -> None:
    line = shapely.LineString(positions)
    pieces = shapely.get_parts(shapely.intersection(line, WIDE))
    # of several pieces one that is shorter than a unit may vanish
    expected = shapely.union_all(pieces[(shapely.length(pieces) > 1.5) | (len(pieces) == 1)])
    found = drawn(degrees(line))
    if shapely.intersection(line, WIDE).is_empty:
        assert found is None
        return
    assert found is not None
    if not expected.is_empty:
        assert shapely.hausdorff_distance(shapely.intersection(found, shapely.buffer(expected, 2)), expected) < 1.5
    assert shapely.distance(found, shapely.intersection(line, WIDE)) < 1.5
    assert shapely.distance(shapely.MultiPoint(shapely.get_coordinates(found)), shapely.intersection(line, WIDE)) < 1.5


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.integers(-200, 4300), st.integers(-200, 4300)), min_size=1, max_size=8, unique=True))
def test_points_of_the_widened_tile_are_drawn_to_the_unit(positions: list[tuple[int, int]]) -> None:
    inside = {p for p in positions if min(p) > -BUFFER and max(p) < EXTENT + BUFFER}
    edge = {p for p in positions if min(p) >= -BUFFER and max(p) <= EXTENT + BUFFER}
    found = drawn(degrees(shapely.MultiPoint(positions)))
    drawn_points = set() if found is None else {(int(p.x), int(p.y)) for p in shapely.get_parts(found)}
    assert inside <= drawn_points <= edge


@pytest.mark.parametrize("zoom", [0, 3, 6, 10, MAX_ZOOM])
@pytest.mark.parametrize(
    "shape",
    [
        shapely.Point(57.123456, 49.654321),
        shapely.Point(180, 10),
        shapely.Point(-180, -10),
        shapely.Point(0, 0),
        shapely.Point(45, LATITUDE_LIMIT),
        shapely.LineString([(57, 49), (57.0000001, 49)]),
        shapely.Point(57, 49).buffer(1e-6),
        shapely.Polygon([(57, 49), (57, 49), (57, 49), (57, 49)]),
        shapely.Polygon([(57, 49), (57.1, 49), (57.05, 49), (57, 49)]),
        shapely.MultiPolygon([shapely.box(57, 49, 57.01, 49.01), shapely.box(58, 50, 58.00001, 50.00001)]),
        shapely.box(179.9, 60, 180, 60.1),
        shapely.box(-180, -90, -179.99, 90),
    ],
    ids=lambda value: None if isinstance(value, int) else f"{value.geom_type} {value.bounds[:2]}",
)
def test_a_feature_is_in_the_tile_where_it_begins_at_any_scale(zoom: int, shape: shapely.Geometry) -> None:
    x, y = shapely.get_coordinates(shape)[0]
    ((px, py),) = project(np.array([x]), np.array([min(max(y, -LATITUDE_LIMIT), LATITUDE_LIMIT)]))
    last = (1 << zoom) - 1
    column, row = (min(max(int(p * (last + 1)), 0), last) for p in (px, py))
    found = drawn(shape, Tile(zoom, row, column))
    assert found is not None
    assert found.geom_type.removeprefix("Multi") == shape.geom_type.removeprefix("Multi")


def test_neighbouring_tiles_cover_a_polygon_together() -> None:
    shape = shapely.Point(57.3, 49.2).buffer(1.7, quad_segs=20)
    whole = units(shape, Tile(0, 0, 0))
    pieces = []
    for column in range(80, 90):
        for row in range(38, 50):
            found = drawn(shape, Tile(7, row, column))
            if found is not None:
                moved = shapely.transform(found, lambda p, at=(column, row): (p + np.array(at) * EXTENT) / 2**7)
                core = shapely.box(*(np.array([column, row, column + 1, row + 1]) * EXTENT / 2**7))
                pieces.append(shapely.intersection(area_of(moved), core))
    together = shapely.union_all(pieces)
    assert shapely.area(shapely.symmetric_difference(together, whole)) < shapely.length(whole) / 2**7
    assert shapely.hausdorff_distance(together, whole) < 1.5 / 2**7


def test_a_tile_inside_a_hole_shows_nothing() -> None:
    ring = shapely.difference(shapely.box(-20000, -20000, 24000, 24000), shapely.box(-5000, -5000, 9000, 9000))
    assert drawn(degrees(ring)) is None


def test_an_angle_round_a_corner_of_the_tile_shows_nothing() -> None:
    angle = shapely.Polygon([(5000, -900), (5000, 5000), (-900, 5000), (-900, 4900), (4900, 4900), (4900, -900)])
    assert drawn(degrees(angle)) is None


def test_a_tile_inside_a_polygon_is_filled() -> None:
    found = drawn(degrees(shapely.box(-20000, -20000, 24000, 24000)))
    assert found is not None
    assert found.equals(WIDE)


def test_a_collection_of_kinds_is_a_feature_of_each() -> None:
    mixed = shapely.GeometryCollection(
        [
            shapely.Point(5, 5),
            shapely.GeometryCollection([shapely.box(9, 9, 20, 20)]),
            shapely.LineString([(0, 0), (9, 0)]),
        ]
    )
    found = encode(layer([degrees(mixed)], ids=np.array([7])))
    assert [feature["geometry"]["type"] for feature in found] == ["Point", "LineString", "Polygon"]
    assert [feature["id"] for feature in found] == [7, 7, 7]


def test_features_keep_their_order_and_those_without_position_are_left_out() -> None:
    shapes = [degrees(shapely.Point(n * 37 % 101, n * 53 % 97)) if n % 5 else None for n in range(50)]
    found = encode(layer(shapes, ids=np.arange(100, 150)))
    assert [feature["id"] for feature in found] == [n + 100 for n in range(50) if n % 5]


VALUES = st.one_of(st.none(), st.text(st.characters(exclude_categories=["Cs"]), max_size=500))


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(VALUES, st.floats(allow_nan=True), st.integers(-(2**62), 2**62), st.booleans(), VALUES),
        min_size=1,
        max_size=6,
    )
)
def test_properties_come_back_as_they_were(rows: list[tuple[Any, ...]]) -> None:
    text, number, whole, truth, other = zip(*rows, strict=True)
    columns = {
        "text": Column.from_series("text", pd.Series(text, dtype=object)),
        "number": Column.from_series("number", pd.Series(number, dtype="float64")),
        "whole": Column.from_series("whole", pd.Series(whole, dtype="int64")),
        "truth": Column.from_series("truth", pd.Series(truth, dtype=bool)),
        "other": Column.from_series("other", pd.Series(other, dtype=object)),
    }
    found = encode(layer([degrees(shapely.Point(n, n)) for n in range(len(rows))], columns))
    for feature, row in zip(found, rows, strict=True):
        expected = dict(zip(columns, row, strict=True))
        present = {k: v for k, v in expected.items() if v is not None and not (k == "number" and not math.isfinite(v))}
        assert feature["properties"] == present
        assert {k: type(v) for k, v in feature["properties"].items()} == {k: type(v) for k, v in present.items()}


def test_lists_come_as_json() -> None:
    column = Column.from_series("reasons", pd.Series(['[{"code":"x","km":1.5}]', None]), codes=True)
    found = encode(layer([degrees(shapely.Point(1, 1)), degrees(shapely.Point(2, 2))], {"reasons": column}))
    assert [feature["properties"] for feature in found] == [{"reasons": '[{"code":"x","km":1.5}]'}, {}]


@pytest.mark.skipif("MVT" not in pyogrio.list_drivers(), reason="this GDAL has no MVT driver")
def test_gdal_reads_the_same_shapes(tmp_path: Path) -> None:
    shapes = [shapely.Point(57.2, 49.1).buffer(0.2), shapely.box(56.9, 48.9, 57.1, 49.3)]
    column = Column.from_series("name", pd.Series(["Ауыл", "Село"]))
    made = layer(shapes, {"name": column}, np.array([3, 4]))
    ((x, y),) = project(np.array([57.1]), np.array([49.1]))
    tile = tile_at("8", str(int(y * 256)), str(int(x * 256)))
    file = tmp_path / str(tile.zoom) / str(tile.column) / f"{tile.row}.mvt"
    file.parent.mkdir(parents=True)
    file.write_bytes(made.encode(tile, np.arange(2)))
    read = pyogrio.read_dataframe(file, layer="made", CLIP="NO").to_crs(4326)
    assert read["name"].tolist() == ["Ауыл", "Село"]
    assert read["mvt_id"].tolist() == [3, 4]
    west, south, east, north = tile.box(BUFFER / EXTENT)
    unit = (east - west) / EXTENT
    for mine, theirs in zip(shapes, read.geometry, strict=True):
        expected = shapely.intersection(mine, shapely.box(west, south, east, north))
        assert shapely.hausdorff_distance(expected, theirs) < 1.5 * unit
