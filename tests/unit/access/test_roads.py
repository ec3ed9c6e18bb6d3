"""Distances to roads and lengths of roads, by hand; one degree of longitude at 49° N is 73.17 km."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import pytest
import shapely

from geo.access.roads import district_roads, nearest_road_km
from geo.coverage.footprints import footprints
from geo.region import GEOD, Region, RegionProfile
from geo.standards import load_standard
from geo.tables.coverage import COVERAGE
from geo.tables.roads import ROADS
from geo.tables.schema import WGS84, conform
from geo.tables.settlements import SETTLEMENTS

KZ, _ = load_standard("kz")
WEST, EAST = shapely.box(56.0, 48.5, 57.0, 49.5), shapely.box(57.0, 48.5, 58.0, 49.5)
DISTRICTS = gpd.GeoDataFrame({"kato": ["1", "2"]}, geometry=[WEST, EAST], crs=WGS84)
REGION = Region.from_districts(DISTRICTS, RegionProfile(names={"en": "Box", "ru": "Box", "kk": "Box"}))
TO_WGS84 = pyproj.Transformer.from_crs(REGION.crs, WGS84, always_xy=True)


def roads(*lines: shapely.Geometry) -> gpd.GeoDataFrame:
    return conform(gpd.GeoDataFrame(geometry=list(lines), crs=WGS84), ROADS, file="t")


def coverage(**areas: shapely.Geometry) -> gpd.GeoDataFrame:
    names = [name.lstrip("_").split("_")[0] for name in areas]
    return conform(
        gpd.GeoDataFrame({"technology": names}, geometry=list(areas.values()), crs=WGS84), COVERAGE, file="t"
    )


def on_earth(shape: shapely.Geometry) -> shapely.Geometry:
    return shapely.transform(shape, TO_WGS84.transform, interleaved=False)


def test_distance_is_from_the_footprint_and_zero_where_a_road_enters_it() -> None:
    squares = [shapely.box(0, 0, 1000, 1000), shapely.box(0, 5000, 1000, 6000), None]
    shapes = [None if square is None else on_earth(square) for square in squares]
    katos = ["911000100", "911000200", "911000300"]
    settlements = conform(gpd.GeoDataFrame({"kato": katos}, geometry=shapes, crs=WGS84), SETTLEMENTS, file="t")
    places = footprints(settlements, REGION)
    across = shapely.LineString([(-9000, 500), (9000, 500)])
    east = shapely.MultiLineString([[(9000, 0), (9000, 9000)], [(3500, 5200), (3500, 5300)]])
    found = nearest_road_km(places, 3, roads(on_earth(across), on_earth(east)), REGION)
    assert found == pytest.approx([0.0, 2.5, np.nan], abs=1e-4, nan_ok=True)
    assert np.isnan(nearest_road_km(places, 3, roads(), REGION)).all()


def totals(given: gpd.GeoDataFrame, areas: gpd.GeoDataFrame) -> pd.DataFrame:
    return district_roads(given, DISTRICTS, areas, REGION, KZ)


def test_a_road_is_shared_between_the_districts_and_counted_as_covered_by_hand() -> None:
    # along a meridian nothing bends: 0.4° of latitude in the east
    north = shapely.LineString([(57.5, 48.8), (57.5, 49.2)])
    # from west to east over the border, then out of the region
    border = shapely.LineString([(56.9, 49.0), (57.1, 49.0)])
    outside = shapely.LineString([(58.5, 49.0), (59.0, 49.0)])
    north_km = GEOD.geometry_length(north) / 1000
    assert north_km == pytest.approx(44.48, abs=0.01)
    # 4G covers the south of the meridian road, twice; satellite and 2G do not count
    south = shapely.box(57.4, 48.5, 57.6, 48.9)
    found = totals(
        roads(north, border, outside),
        coverage(_4g=south, _4g_again=south, _2g=EAST, _satellite=EAST),
    )
    border_km = 0.1 * 73.17
    assert found["road_km"].tolist() == pytest.approx([border_km, border_km + north_km], abs=0.05)
    assert found["road_covered_share"].tolist() == pytest.approx(
        [0.0, north_km / 4 / (border_km + north_km)], abs=0.003
    )


def test_what_was_not_given_is_null_not_zero() -> None:
    one = roads(shapely.LineString([(57.2, 49.0), (57.4, 49.0)]))
    nothing = totals(roads(), coverage(_4g=EAST))
    assert nothing.isna().all(axis=None)
    without_areas = totals(one, coverage(_2g=EAST))
    assert without_areas["road_covered_share"].isna().all()
    assert without_areas["road_km"].tolist() == pytest.approx([0.0, 14.63], abs=0.02)
    with_areas = totals(one, coverage(_4g=EAST))
    assert with_areas["road_covered_share"].tolist() == pytest.approx([np.nan, 1.0], nan_ok=True)
