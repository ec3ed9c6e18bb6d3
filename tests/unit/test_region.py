import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from pyproj import CRS, Transformer

from geo.region import GEOD, Region, RegionProfile, equal_area_crs, geodesic_km
from geo.tables.schema import WGS84

PROFILE = RegionProfile(names={"kk": "x", "ru": "x", "en": "x"})


@pytest.mark.parametrize(
    "box",
    [(53.6, 45.2, 64.3, 51.3), (-70.0, -35.0, -65.0, -31.0), (178.0, -18.0, 179.9, -15.0), (-5.0, -3.0, 4.0, 3.0)],
)
def test_projection_is_equal_area_anywhere(box: tuple[float, float, float, float]) -> None:
    west, south = box[:2]
    crs = equal_area_crs(shapely.box(*box))
    cell = shapely.segmentize(shapely.box(west, south, west + 0.5, south + 0.5), 0.01)
    planar = gpd.GeoSeries([cell], crs=WGS84).to_crs(crs).area.iloc[0]
    on_ellipsoid = abs(GEOD.geometry_area_perimeter(cell)[0])
    assert planar == pytest.approx(on_ellipsoid, rel=1e-4)


def test_projection_of_a_region_across_the_antimeridian_is_centred_there() -> None:
    area = shapely.union_all([shapely.box(179, 60, 180, 62), shapely.box(-180, 60, -179, 62)])
    to_planar = Transformer.from_crs(WGS84, equal_area_crs(area), always_xy=True)
    x, _ = to_planar.transform([179.5, -179.5], [61.0, 61.0])
    assert max(abs(v) for v in x) < 40_000


@given(st.floats(45, 51), st.floats(54, 64), st.floats(0, 360), st.floats(1, 100))
def test_planar_lengths_agree_with_geodesic_ones_within_a_tenth_of_a_percent(
    lat: float, lon: float, azimuth: float, km: float
) -> None:
    crs = CRS(equal_area_crs(shapely.box(53.6, 45.2, 64.3, 51.3)))
    lon_b, lat_b, _ = GEOD.fwd(lon, lat, azimuth, km * 1000)
    x, y = Transformer.from_crs(WGS84, crs, always_xy=True).transform([lon, lon_b], [lat, lat_b])
    assert np.hypot(x[1] - x[0], y[1] - y[0]) / 1000 == pytest.approx(km, rel=1.5e-3)


def test_a_place_just_outside_a_simplified_boundary_still_belongs() -> None:
    districts = gpd.GeoDataFrame(geometry=[shapely.box(0, 0, 1, 1)], crs=WGS84)
    region = Region.from_districts(districts, PROFILE)
    points = gpd.GeoSeries([shapely.Point(1.005, 0.5), shapely.Point(1.02, 0.5), None], crs=WGS84)
    assert region.contains(region.planar(points)).tolist() == [True, False, False]


def test_geodesic_distance_of_one_degree_on_the_equator_and_of_the_unknown() -> None:
    km = geodesic_km([0.0, np.nan], [0.0, 0.0], [1.0, 1.0], [0.0, 0.0])
    assert km[0] == pytest.approx(111.319491, abs=1e-6)
    assert np.isnan(km[1])
