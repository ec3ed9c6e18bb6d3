"""Which settlement a facility belongs to, on a plane of whole metres."""

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import pytest
import shapely

from geo.access.institutions import Institutions, facilities_of_settlements
from geo.access.score import institutions_indicator
from geo.coverage.footprints import footprints
from geo.region import Region, RegionProfile
from geo.standards import load_standard
from geo.tables.facilities import FACILITIES
from geo.tables.schema import WGS84, conform
from geo.tables.settlements import SETTLEMENTS

KZ, _ = load_standard("kz")
REGION = Region.from_districts(
    gpd.GeoDataFrame({"kato": ["1"]}, geometry=[shapely.box(56.5, 48.5, 57.5, 49.5)], crs=WGS84),
    RegionProfile(names={"en": "Box", "ru": "Box", "kk": "Box"}),
)
TO_WGS84 = pyproj.Transformer.from_crs(REGION.crs, WGS84, always_xy=True)


def on_earth(shape: shapely.Geometry | None) -> Any:
    return None if shape is None else shapely.transform(shape, TO_WGS84.transform, interleaved=False)


# two squares of 1 km that overlap between x = 800 and 1,000 m, one far away, and a place without a position
SQUARES = [shapely.box(0, 0, 1000, 1000), shapely.box(800, 0, 1800, 1000), shapely.box(20000, 0, 21000, 1000), None]
KATOS = ["911000100", "911000200", "911000300", "911000400"]
SETTLEMENTS_HERE = conform(
    gpd.GeoDataFrame({"kato": KATOS}, geometry=[on_earth(s) for s in SQUARES], crs=WGS84), SETTLEMENTS, file="t"
)
PLACES = footprints(SETTLEMENTS_HERE, REGION)


def counted(*rows: tuple[str, str | None, tuple[float, float] | None]) -> list[float]:
    """Counts for facilities given by kind, code and position in metres."""
    frame = pd.DataFrame([row[:2] for row in rows], columns=["kind", "kato"])
    points = [None if at is None else on_earth(shapely.Point(at)) for *_, at in rows]
    facilities = conform(gpd.GeoDataFrame(frame, geometry=points, crs=WGS84), FACILITIES, file="t")
    return facilities_of_settlements(facilities, SETTLEMENTS_HERE, PLACES, REGION).tolist()


def test_a_code_counts_wherever_the_point_is() -> None:
    far = (20500.0, 500.0)
    rows = [("school", "911000100", far), ("clinic", "911000100", None), ("post", "911000400", None)]
    assert counted(*rows) == [2, 0, 0, 1]


def test_without_a_code_the_nearest_footprint_within_3_km_has_it() -> None:
    found = counted(
        ("school", None, (-2900.0, 500.0)),  # 2.9 km west of the first square
        ("school", None, (-3100.0, 500.0)),  # 3.1 km
        ("clinic", "999999999", (1700.0, 500.0)),  # a code of no settlement here
        ("akimat", None, (18000.0, 500.0)),  # 2 km west of the third
        ("akimat", None, None),
    )
    assert found == pytest.approx([1, 1, 1, np.nan], nan_ok=True)


def test_where_footprints_overlap_the_nearer_middle_decides() -> None:
    rows = [("school", None, (850.0, 500.0)), ("post", None, (990.0, 500.0))]
    assert counted(*rows) == pytest.approx([1, 1, 0, np.nan], nan_ok=True)


def test_other_facilities_are_not_counted() -> None:
    assert counted(("other", "911000100", None), ("library", "911000200", None)) == [0, 1, 0, 0]


def test_a_place_without_position_is_zero_only_where_every_facility_has_a_code() -> None:
    assert counted(("school", "911000100", None))[3] == 0
    found = counted(("school", None, (500.0, 500.0)), ("school", "911000400", None))
    assert found[3] == 1
    assert np.isnan(counted(("school", None, (500.0, 500.0)))[3])


def test_without_a_register_nothing_is_known() -> None:
    assert np.isnan(counted()).all()


def test_institutions_without_internet_by_hand() -> None:
    # 4 institutions, P of internet 0.4: 2.4 of a reference of 3
    count, internet = np.array([4.0, 0.0, 8.0, 2.0, np.nan]), np.array([0.4, np.nan, 0.25, np.nan, 0.9])
    institutions = Institutions.of(count, internet)
    assert institutions.without == pytest.approx([2.4, 0, 6, np.nan, np.nan], nan_ok=True)
    assert institutions_indicator(institutions.without, KZ) == pytest.approx([0.8, 0, 1, np.nan, np.nan], nan_ok=True)
