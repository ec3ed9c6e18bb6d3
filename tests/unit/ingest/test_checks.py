"""What is suspicious in rows that are accepted."""

import datetime as dt

import geopandas as gpd
import numpy as np
import pytest
import shapely

from geo.ingest.checks import Checker, Context
from geo.ingest.kinds import TABLES, Kind
from geo.region import Region, RegionProfile
from geo.tables.schema import conform

SQUARE = shapely.box(56.0, 49.0, 58.0, 51.0)


@pytest.fixture(scope="module")
def context():
    districts = gpd.GeoDataFrame({"kato": ["150000001"]}, geometry=[SQUARE], crs=4326)
    region = Region.from_districts(districts, RegionProfile(names={"kk": "a", "ru": "a", "en": "a"}))
    return Context(None, districts, region, dt.date(2026, 11, 1))


@pytest.fixture
def check(context):
    """Findings of canonical rows, by code, as (count, example rows)."""

    def run(kind, rows, *, batches=1):
        frame = gpd.GeoDataFrame(rows, crs=4326)
        table = conform(frame, TABLES[kind], file="f")
        checker, found = Checker(kind, context, "f"), {}
        for part in np.array_split(np.arange(len(table)), batches):
            for finding in checker.findings(table.iloc[part].reset_index(drop=True), part + 1):
                count, places = found.get(finding.code, (0, []))
                found[finding.code] = (count + finding.count, places + [p.row for p in finding.examples])
        return found

    return run


def place(kato="150000100", lon=57.0, lat=50.0, **more):
    return {"kato": kato, "geometry": shapely.Point(lon, lat), **more}


def layer(geometry, **more):
    return {"operator": "beeline", "technology": "4g", "geometry": geometry, **more}


def test_nothing_is_said_of_good_rows(check):
    assert check(Kind.SETTLEMENTS, [place(), place("150000200", lon=57.1)]) == {}
    assert check(Kind.COVERAGE, [layer(shapely.box(56.5, 49.5, 57, 50), as_of="2026-01")]) == {}


@pytest.mark.parametrize("batches", [1, 3])
def test_a_repeated_row_is_told_also_in_another_batch(check, batches):
    area = shapely.box(56.5, 49.5, 57, 50)
    rows = [layer(area), layer(area, technology="3g"), layer(area)]
    assert check(Kind.COVERAGE, rows, batches=batches) == {"duplicate_row": (1, [3])}


def test_two_settlements_at_one_position(check):
    assert check(Kind.SETTLEMENTS, [place(), place("150000200")]) == {"same_position": (1, [2])}


def test_settlements_without_position_do_not_share_one(check):
    rows = [place() | {"geometry": None}, place("150000200") | {"geometry": None}, place("150000300")]
    assert check(Kind.SETTLEMENTS, rows) == {}


def test_a_feature_outside_the_region(check):
    rows = [place(lon=70.0), place("150000200"), place("150000300", lon=58.005)]  # the last within the edge's tolerance
    assert check(Kind.SETTLEMENTS, rows) == {"out_of_region": (1, [1])}


def test_a_polygon_that_reaches_into_the_region_is_not_outside(check):
    assert "out_of_region" not in check(Kind.COVERAGE, [layer(shapely.box(57.9, 50, 60, 50.5))])


def test_slivers(check):
    # 0.0005° is about 36 m × 56 m = 0.002 km²; the strip is about 100 km × 11 m
    rows = [
        layer(shapely.box(57, 50, 57.0005, 50.0005)),
        layer(shapely.box(56.2, 50, 57.6, 50.0001)),
        layer(shapely.box(57, 50, 57.1, 50.1)),
    ]
    assert check(Kind.COVERAGE, rows) == {"sliver": (2, [1, 2])}


def test_a_small_footprint_is_no_sliver(check):
    row = place() | {"geometry": shapely.box(57, 50, 57.0005, 50.0005), "population": 20}
    assert check(Kind.SETTLEMENTS, [row]) == {}


def test_more_people_than_a_footprint_can_hold(check):
    # 0.01° × 0.01° at 50° N is about 0.797 km²: 40,000 people are 50,200 a km², 39,000 are 48,900
    small = shapely.box(57, 50, 57.01, 50.01)
    rows = [
        place() | {"geometry": small, "population": 40_000},
        place("150000200") | {"geometry": shapely.box(57.2, 50, 57.21, 50.01), "population": 39_000},
    ]
    assert check(Kind.SETTLEMENTS, rows) == {"impossible_density": (1, [1])}


def test_old_and_future_dates(check):
    areas = [shapely.box(56.1 + i / 10, 50, 56.15 + i / 10, 50.2) for i in range(4)]
    dates = ["2023-10-31", "2023-11-30", "2026-11-02", None]
    rows = [layer(area, as_of=date) for area, date in zip(areas, dates, strict=True)]
    assert check(Kind.COVERAGE, rows) == {"stale_date": (1, [1]), "future_date": (1, [3])}


def test_a_district_that_is_not_among_the_boundaries(check):
    rows = [place(district_kato="150000001"), place("150000200", lon=57.1, district_kato="159999999")]
    assert check(Kind.SETTLEMENTS, rows) == {"unknown_district": (1, [2])}


def test_exchanged_axes_are_refused_and_named(context):
    sites = [
        {"site_id": "a", "technology": "4g", "geometry": shapely.Point(50.2, 57.1)},
        {"site_id": "b", "technology": "4g", "geometry": shapely.Point(57.1, 50.2)},
        {"site_id": "c", "technology": "4g", "geometry": shapely.Point(10.0, 10.0)},
    ]
    table = conform(gpd.GeoDataFrame(sites, crs=4326), TABLES[Kind.SITES], file="f")
    (problem,) = Checker(Kind.SITES, context, "f").refused(table, np.array([7, 8, 9]))
    assert (problem.row, problem.value) == (7, "50.2000, 57.1000")
    assert "exchanged" in problem.what
