"""The served coordinate reference systems against pyproj, and boxes in them against geopandas."""

import geopandas as gpd
import numpy as np
import pyproj
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from api.errors import BadParameter
from api.features.crs import CRS84, SERVED_CRS, ServedCrs, crs_of_name
from api.features.extent import box_of, parse_bbox, rows_in

RANDOM = np.random.default_rng(11)
POINTS = shapely.points(RANDOM.uniform((53, 47), (62, 52), (400, 2)))
AREAS = shapely.buffer(shapely.points(RANDOM.uniform((53, 47), (62, 52), (60, 2))), 0.02)
SHAPES = np.concatenate([POINTS, AREAS, [None]])
TREE = shapely.STRtree(SHAPES)
CODES = ("3857", "32639", "32640", "32641", "28410", "28411")
NEAR_EDGE_M = 0.2
SEAM = np.array([shapely.Point(x, -15) for x in (-180, -175, 0, 175, 180)], dtype=object)


def served(code: str) -> ServedCrs:
    found = crs_of_name(f"[EPSG:{code}]")
    assert found is not None
    return found


def projected(code: str) -> gpd.GeoSeries:
    """The shapes in a system by geopandas, easting first; Pulkovo 1942 by the named operation, not by preference."""
    series = gpd.GeoSeries(SHAPES, crs=4326)
    if not code.startswith("284"):
        return series.to_crs(int(code))
    datum = pyproj.Transformer.from_pipeline("urn:ogc:def:coordinateOperation:EPSG::15865")
    projection = pyproj.Transformer.from_crs(4284, int(code), always_xy=True)

    def change(positions: np.ndarray) -> np.ndarray:
        latitude, longitude = datum.transform(positions[:, 1], positions[:, 0], direction="INVERSE")
        return np.column_stack(projection.transform(longitude, latitude))

    return gpd.GeoSeries(shapely.transform(SHAPES, change))


ORACLE = {code: projected(code) for code in CODES}


def axes_of(code: str, x: float, y: float) -> tuple[float, float]:
    return (y, x) if code.startswith("284") else (x, y)


@pytest.mark.parametrize("code", CODES)
def test_positions_are_those_of_pyproj_in_the_axis_order_of_the_definition(code: str) -> None:
    moved = shapely.get_coordinates(served(code).from_wgs84(POINTS))
    expected = shapely.get_coordinates(ORACLE[code].to_numpy()[: len(POINTS)])
    expected = expected[:, ::-1] if pyproj.CRS.from_epsg(int(code)).axis_info[0].direction == "north" else expected
    np.testing.assert_allclose(moved, expected, atol=0.00501)
    back = shapely.get_coordinates(served(code).to_wgs84(served(code).from_wgs84(POINTS)))
    np.testing.assert_allclose(back, shapely.get_coordinates(POINTS), atol=1e-7)


def test_4326_is_latitude_first_and_crs84_is_left_as_it_is() -> None:
    point = np.array([shapely.Point(57, 50), None], dtype=object)
    assert served("4326").from_wgs84(point)[0] == shapely.Point(50, 57)
    assert served("4326").from_wgs84(point)[1] is None
    assert CRS84.from_wgs84(point) is point


@settings(deadline=None, max_examples=150)
@given(
    st.sampled_from(CODES),
    *[st.floats(-1.0, 1.0)] * 2,
    *[st.floats(0.01, 1.0)] * 2,
)
def test_box_of_a_projected_system_holds_what_geopandas_finds_in_it(
    code: str, across: float, up: float, width: float, height: float
) -> None:
    shapes = ORACLE[code]
    west, south, east, north = shapes.total_bounds
    x, y = (west + east) / 2 + across * (east - west) / 2, (south + north) / 2 + up * (north - south) / 2
    box = shapely.box(x, y, x + width * (east - west), y + height * (north - south))
    low, high = axes_of(code, *box.bounds[:2]), axes_of(code, *box.bounds[2:])
    found = np.zeros(len(SHAPES), dtype=bool)
    found[rows_in(TREE, box_of((*low, *high), served(code)))] = True
    assert found[shapes.intersects(box.buffer(-NEAR_EDGE_M)).to_numpy()].all()
    assert not found[~shapes.intersects(box.buffer(NEAR_EDGE_M)).to_numpy()].any()
    assert not found[-1]


@pytest.mark.parametrize(
    ("corners", "crs", "expected"),
    [
        ((170, -20, -170, -10), CRS84, [0, 1, 3, 4]),
        ((-20, 170, -10, -170), served("4326"), [0, 1, 3, 4]),
        ((170, -20, 190, -10), CRS84, [0, 1, 3, 4]),
        ((-190, -20, -170, -10), CRS84, [0, 1, 3, 4]),
        ((-200, -20, 160, -10), CRS84, [0, 1, 2, 3, 4]),
        ((-1, -20, 1, -10), CRS84, [2]),
        ((-20, -1, -10, 1), served("4326"), [2]),
        ((-2e7, -2e6, 2e7, -1e6), served("3857"), [1, 2, 3]),
        ((-1e9, -1e9, 1e9, 1e9), served("3857"), [0, 1, 2, 3, 4]),
    ],
)
def test_boxes_at_the_antimeridian(corners: tuple[float, ...], crs: ServedCrs, expected: list[int]) -> None:
    assert rows_in(shapely.STRtree(SEAM), box_of(corners, crs)).tolist() == expected  # type: ignore[arg-type]


@pytest.mark.parametrize("crs", list(SERVED_CRS.values()), ids=lambda crs: crs.code)
@pytest.mark.parametrize("far", [1e9, 1e30, 1e300])
def test_box_beyond_every_domain_is_refused_and_one_around_it_is_cut(crs: ServedCrs, far: float) -> None:
    with pytest.raises(BadParameter, match="bbox"):
        box_of((far, far, far * 2, far * 2), crs)
    if not crs.is_geographic:
        box = box_of((-far, -far, far, far), crs)
        assert np.isfinite([box.west, box.south, box.east, box.north]).all()
        assert shapely.is_valid(box.outline)


@pytest.mark.parametrize("code", ["32640", "28410"])
def test_box_without_width_or_height_finds_the_point_on_it(code: str) -> None:
    x, y = shapely.get_coordinates(served(code).from_wgs84(POINTS[:1]))[0]
    assert rows_in(TREE, box_of((x - 1, y - 1, x + 1, y + 1), served(code))).tolist() == [0]
    box_of((x, y, x, y), served(code))


@pytest.mark.parametrize(
    ("corners", "code"),
    [((1, 5, 3, 4), "OGC"), ((5, 1, 4, 3), "4326"), ((5, 1, 4, 3), "3857"), ((0, 9, 1, 8), "28410")],
)
def test_corners_the_wrong_way_round_are_refused(corners: tuple[float, ...], code: str) -> None:
    with pytest.raises(BadParameter, match="bbox"):
        box_of(corners, CRS84 if code == "OGC" else served(code))  # type: ignore[arg-type]


def test_heights_are_not_used_in_any_system() -> None:
    assert parse_bbox("1,2,0,3,4,9") == (1, 2, 3, 4)


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("http://www.opengis.net/def/crs/EPSG/0/3857", "3857"),
        ("[EPSG:3857]", "3857"),
        ("urn:ogc:def:crs:EPSG::28411", "28411"),
        ("urn:ogc:def:crs:OGC:1.3:CRS84", "CRS84"),
        ("http://www.opengis.net/def/crs/EPSG/0/2000", None),
        ("EPSG/0/", None),
        ("", None),
        ("+proj=longlat", None),
        ("[EPSG:3857]" * 1000, None),
    ],
)
def test_names_of_systems(name: str, code: str | None) -> None:
    found = crs_of_name(name)
    assert (found.code if found else None) == code


def test_what_a_projection_cannot_hold_is_none() -> None:
    shapes = np.array([shapely.Point(57, 50), shapely.Point(float("inf"), 0)], dtype=object)
    assert served("32640").from_wgs84(shapes)[1] is None
