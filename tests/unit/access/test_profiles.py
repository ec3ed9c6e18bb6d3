"""The ground along the path from the nearest mast, for the pictures of village pages."""

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import rasterio
import shapely
from affine import Affine

from geo.access.profiles import terrain_profiles
from geo.coverage.footprints import footprints
from geo.propagation.cells import complete_cells
from geo.region import GEOD, Region, RegionProfile
from geo.tables.schema import WGS84, conform
from geo.tables.settlements import SETTLEMENTS
from geo.tables.sites import SITES

LON, LAT = 57.0, 49.0
PIXEL = 1 / 240


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    """Profiles from a mast over ground that rises by one metre a column eastwards, known up to 57.4° E."""
    heights = np.broadcast_to(np.arange(336, dtype="int16"), (240, 336))
    path: Path = tmp_path_factory.mktemp("dem") / "slope.tif"
    options = {"driver": "GTiff", "width": 336, "height": 240, "count": 1, "dtype": "int16", "crs": "EPSG:4326"}
    with rasterio.open(path, "w", transform=Affine(PIXEL, 0, 56.0, 0, -PIXEL, 49.5), **options) as raster:
        raster.write(heights, 1)
    districts = gpd.GeoDataFrame({"kato": ["1"]}, geometry=[shapely.box(56, 48.5, 58, 49.5)], crs=WGS84)
    region = Region.from_districts(districts, RegionProfile(names={"en": "Box", "ru": "Box", "kk": "Box"}))
    at = [(90.0, 15.0), (270.0, 10.2), (90.0, 40.0), (90.0, 0.1), (0.0, 150.0)]
    points = [shapely.Point(GEOD.fwd(LON, LAT, azimuth, km * 1000.0)[:2]) for azimuth, km in at]
    frame = gpd.GeoDataFrame({"kato": [str(100_000_000 + i) for i in range(5)]}, geometry=points, crs=WGS84)
    settlements = conform(frame.assign(name_kk="x", name_ru="x", name_en="x"), SETTLEMENTS, file="test")
    masts = gpd.GeoDataFrame(
        {"site_id": ["M"], "technology": ["2g"], "height_m": [30.0]}, geometry=[shapely.Point(LON, LAT)], crs=WGS84
    )
    cells, _ = complete_cells(conform(masts.assign(cell_id="c"), SITES, file="test"))
    return terrain_profiles(cells, [path], footprints(settlements, region), settlements, region)


def test_only_settlements_within_reach_over_known_ground_have_a_profile(made: pd.DataFrame) -> None:
    # the third lies beyond the terrain, the fourth at the mast, the fifth out of reach
    assert made["kato"].tolist() == ["100000000", "100000001"]
    assert made["site_id"].tolist() == ["M", "M"]
    assert made["distance_km"].tolist() == [15.0, 10.2]


def test_heights_go_from_the_mast_to_the_settlement_at_most_half_a_kilometre_apart(made: pd.DataFrame) -> None:
    east, west = ([int(height) for height in text.split()] for text in made["heights_m"])
    assert (len(east), len(west)) == (31, 22)
    # the mast stands half a pixel left of the middle of column 240
    assert east[0] == west[0] == 240
    assert east == sorted(east)
    assert west == sorted(west, reverse=True)
    assert east[-1] - east[0] == pytest.approx(15.0 / 73.2 / PIXEL, abs=1)


def test_antennas_and_radius_of_the_earth_stand_beside_the_ground(made: pd.DataFrame) -> None:
    row = made.iloc[0]
    assert (row["site_height_m"], row["receiver_height_m"], row["source"]) == (30.0, 1.5, "slope.tif")
    assert 1.2 < row["earth_factor"] < 1.5
