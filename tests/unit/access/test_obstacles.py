"""The ground between a dark settlement and the nearest site."""

from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import rasterio
import shapely
from affine import Affine

from geo.access.obstacles import Obstacles, find_obstacles
from geo.coverage.footprints import Footprints, footprints
from geo.propagation.cells import complete_cells
from geo.region import GEOD, Region, RegionProfile
from geo.tables.schema import WGS84, conform
from geo.tables.settlements import SETTLEMENTS
from geo.tables.sites import SITES

LON, LAT = 57.0, 49.0
PIXEL = 1 / 240


@pytest.fixture(scope="module")
def region() -> Region:
    districts = gpd.GeoDataFrame({"kato": ["1"]}, geometry=[shapely.box(56, 48.5, 58, 49.5)], crs=WGS84)
    return Region.from_districts(districts, RegionProfile(names={"en": "Box", "ru": "Box", "kk": "Box"}))


@pytest.fixture(scope="module")
def ridge(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Level ground at 100 m with a ridge at 300 m, about 7.3 km east of the mast; none beyond 57.4° E."""
    heights = np.full((240, 336), 100, dtype="int16")
    heights[:, 263:265] = 300
    path = tmp_path_factory.mktemp("dem") / "ridge.tif"
    options = {"driver": "GTiff", "width": 336, "height": 240, "count": 1, "dtype": "int16", "crs": "EPSG:4326"}
    with rasterio.open(path, "w", transform=Affine(PIXEL, 0, 56.0, 0, -PIXEL, 49.5), **options) as raster:
        raster.write(heights, 1)
    return path


@pytest.fixture(scope="module")
def places(region: Region) -> Footprints:
    at = [(90.0, 15.0), (270.0, 15.0), (90.0, 40.0), (90.0, 0.1), (90.0, 34.0)]
    points = [shapely.Point(GEOD.fwd(LON, LAT, azimuth, km * 1000.0)[:2]) for azimuth, km in at]
    frame = gpd.GeoDataFrame({"kato": [str(100_000_000 + i) for i in range(5)]}, geometry=points, crs=WGS84)
    for name in ("name_kk", "name_ru", "name_en"):
        frame[name] = "x"
    return footprints(conform(frame, SETTLEMENTS, file="test"), region)


def found(places: Footprints, region: Region, terrain: list[Path], dark: list[bool]) -> Obstacles:
    masts = gpd.GeoDataFrame(
        {"site_id": ["M"], "technology": ["4g"], "height_m": [30.0]}, geometry=[shapely.Point(LON, LAT)], crs=WGS84
    )
    cells, _ = complete_cells(conform(masts.assign(cell_id="c"), SITES, file="test"))
    return find_obstacles(cells, terrain, places, np.array(dark), region)


def test_ridge_is_found_with_its_distance_and_height_by_hand(places: Footprints, region: Region, ridge: Path) -> None:
    obstacles = found(places, region, [ridge], [True] * 5)
    # behind the ridge; open ground to the west is cut by the earth alone, if at all; 40 km is out of reach, 0.1 km is
    # at the mast, 34 km lies beyond the DEM
    assert np.isfinite(obstacles.km).tolist() == [True, False, False, False, False]
    assert obstacles.km[0] == pytest.approx(7.0, abs=0.5)
    # the ray falls from 130 m to 101.5 m above sea level: 116.7 m at 7 km; the earth rises by 7·8/(2·8.9) = 3.1 m
    assert obstacles.above_m[0] == pytest.approx(300.0 + 3.1 - 116.7, abs=2.0)
    assert obstacles.lift_m[0] > obstacles.above_m[0]


def test_only_dark_places_are_explained_and_only_over_terrain(places: Footprints, region: Region, ridge: Path) -> None:
    assert np.isnan(found(places, region, [ridge], [False] * 5).km).all()
    assert np.isnan(found(places, region, [], [True] * 5).km).all()
