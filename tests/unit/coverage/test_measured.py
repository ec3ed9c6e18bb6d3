"""Tests near a settlement, by hand. Its footprint is a square of 1 km; cells are 100 m wide.

Standard kz: 4G at −110 dBm and 5 Mbit/s; concentrations: declared 12, prior 4, measured 40.
"""

import datetime as dt
from math import exp
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.coverage.evidence import combine, without_superseded_totals
from geo.coverage.footprints import footprints
from geo.coverage.measured import evidence_from_measurements
from geo.coverage.reliability import load_reliability
from geo.region import Region, RegionProfile
from geo.standards import load_standard
from geo.tables.measurements import MEASUREMENTS
from geo.tables.schema import WGS84, conform
from geo.tables.settlements import SETTLEMENTS

KZ, _ = load_standard("kz")
TODAY = dt.date(2026, 11, 1)
REGION = Region.from_districts(
    gpd.GeoDataFrame({"kato": ["1"]}, geometry=[shapely.box(56.9, 48.9, 57.1, 49.1)], crs=WGS84),
    RegionProfile(names={"en": "Box", "ru": "Box", "kk": "Box"}),
)
TO_WGS84 = pyproj.Transformer.from_crs(REGION.crs, WGS84, always_xy=True)
SQUARE = shapely.transform(shapely.box(50, 50, 1050, 1050), TO_WGS84.transform, interleaved=False)
PLACES = footprints(
    conform(gpd.GeoDataFrame({"kato": ["911000100"]}, geometry=[SQUARE], crs=WGS84), SETTLEMENTS, file="t"), REGION
)
INSIDE = 550.0  # the centre of a cell in the middle of the square
PASS = {"signal_dbm": -90.0}
FAIL = {"signal_dbm": -112.0}  # works, below the standard
DEAD = {"no_service": True}


def made(rows: list[dict[str, Any]]) -> gpd.GeoDataFrame:
    """Measurements; position in metres of the region's plane, by default in the middle of the place, today."""
    default = {
        "x": INSIDE,
        "y": INSIDE,
        "measured_at": "2026-11-01",
        "operator": "kcell",
        "technology": "4g",
        "signal_dbm": None,
        "downlink_mbps": None,
        "no_service": False,
        "tests": 1,
        "source": "drive",
    }
    frame = pd.DataFrame([default | row for row in rows], columns=list(default))
    lon, lat = TO_WGS84.transform(frame.pop("x").to_numpy(float), frame.pop("y").to_numpy(float))
    return conform(gpd.GeoDataFrame(frame, geometry=gpd.points_from_xy(lon, lat), crs=WGS84), MEASUREMENTS, file="t")


def other(
    probability: float, basis: str = "declared", operator: str = "kcell", technology: str = "4g", **more: Any
) -> pd.DataFrame:
    """Other evidence on the place."""
    row = {
        "row": 0,
        "operator": operator,
        "technology": technology,
        "share_covered": 1.0,
        "signal_dbm": np.nan,
        "probability_served": probability,
        "probability_any": probability,
        "downlink_mbps": np.nan,
        "edge_distance_km": np.nan,
        "basis": basis,
        "as_of": None,
        "source": "map",
    }
    return pd.DataFrame([row | more])


def evidence(rows: list[dict[str, Any]], *pieces: pd.DataFrame, as_of: dt.date | None = TODAY) -> pd.DataFrame:
    return evidence_from_measurements(made(rows), PLACES, REGION, KZ, load_reliability(), as_of, combine(list(pieces)))


def updated(rows: list[dict[str, Any]], *pieces: pd.DataFrame) -> pd.Series:
    found = evidence(rows, *pieces)
    assert len(found) == 1
    return found.iloc[0]


def apart(tests: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Tests in cells of their own, all inside the place."""
    return [test | {"x": 150.0 + 100.0 * (i % 8), "y": 150.0 + 100.0 * (i // 8)} for i, test in enumerate(tests)]


def test_a_declared_area_is_updated_by_hand() -> None:
    row = updated(apart([PASS, PASS, FAIL]), other(0.84))
    # Beta of mean 0.84 worth 12 observations, two of three tests at standard: (12·0.84 + 2) / (12 + 3)
    assert row["probability_served"] == pytest.approx(12.08 / 15)
    # a handset uses −112 dBm, so all three work: (10.08 + 3) / 15
    assert row["probability_any"] == pytest.approx(13.08 / 15)
    assert row[["basis", "operator", "technology", "as_of", "source"]].tolist() == [
        "measured",
        "kcell",
        "4g",
        "2026-11-01",
        "drive",
    ]
    assert row["signal_dbm"] == pytest.approx((-90 - 90 - 112) / 3)
    assert row[["tests", "concentration", "count", "passed", "nearest_km"]].tolist() == pytest.approx([3, 15, 3, 2, 0])


def test_weight_falls_with_distance_and_age_by_hand() -> None:
    # 1 km east of the footprint's edge at x = 1,050 m, and 730 days old: exp(−730/365.25/2)·exp(−1/2)
    row = updated([PASS | {"x": 2050.0, "measured_at": "2024-11-01"}, PASS], other(0.5))
    weight = 1 + exp(-730 / 365.25 / 2) * exp(-0.5)
    assert weight == pytest.approx(1.22328, abs=1e-5)
    assert row["tests"] == pytest.approx(weight)
    assert row["probability_served"] == pytest.approx((6 + weight) / (12 + weight))
    assert row["as_of"] == "2026-11-01"


def test_an_undated_test_counts_as_four_years_old_and_one_after_today_as_new() -> None:
    eight = apart([PASS] * 8)
    assert updated([t | {"measured_at": None} for t in eight])["tests"] == pytest.approx(8 * exp(-2))
    assert updated([t | {"measured_at": "2027-05"} for t in eight])["tests"] == pytest.approx(8)


def test_without_a_day_of_reckoning_the_newest_test_is_new() -> None:
    found = evidence([PASS | {"measured_at": "2020-05-01T10:00:00Z"}, PASS | {"measured_at": "2019-05-01"}], as_of=None)
    assert found["tests"].tolist() == pytest.approx([1 + exp(-366 / 365.25 / 2)])
    assert found["as_of"].tolist() == ["2020-05-01"]


def test_samples_of_one_cell_and_day_count_as_one_test_with_their_share() -> None:
    drive = [(PASS if i < 60 else FAIL) | {"x": INSIDE + i % 40 - 20} for i in range(100)]
    row = updated(drive, other(0.84))
    assert row["tests"] == pytest.approx(1)
    assert row["count"] == 100
    assert row["probability_served"] == pytest.approx((10.08 + 0.6) / 13)
    again = updated(drive + [t | {"measured_at": "2026-11-01T18:00:00+05:00"} for t in drive], other(0.84))
    assert again["tests"] == pytest.approx(1)
    other_day = updated(drive + [t | {"measured_at": "2026-11-02"} for t in drive], other(0.84))
    assert other_day["tests"] == pytest.approx(2)


def test_an_aggregated_row_counts_as_its_tests_up_to_ten() -> None:
    assert updated([PASS | {"tests": 4}])["tests"] == pytest.approx(4)
    row = updated([PASS | {"tests": 300}], other(0.84))
    assert row["probability_served"] == pytest.approx((10.08 + 10) / 22)
    assert row["count"] == 300


@pytest.mark.parametrize(
    ("test", "meets", "works"),
    [
        ({"signal_dbm": -110.0}, 1, 1),
        ({"signal_dbm": -110.1}, 0, 1),
        ({"signal_dbm": -125.1}, 0, 0),  # a scanner's level, 15 dB below the standard's
        ({"downlink_mbps": 5.0}, 1, 1),
        ({"downlink_mbps": 4.9}, 0, 1),
        ({"downlink_mbps": 0.0}, 0, 0),
        ({"signal_dbm": -90.0, "downlink_mbps": 1.0}, 0, 1),
        ({"signal_dbm": -130.0, "downlink_mbps": 9.0}, 0, 1),
        ({"no_service": True}, 0, 0),
        ({"signal_dbm": -90.0, "no_service": True}, 0, 0),
        ({"downlink_mbps": 0.5, "technology": "unspecified", "operator": "unspecified"}, 1, 1),
        ({"signal_dbm": -96.0, "technology": "2g"}, 0, 1),
    ],
)
def test_what_a_test_says_with_nothing_else_known(test: dict[str, Any], meets: int, works: int) -> None:
    row = updated([test])
    # Beta(1, 1): (1 + passes) / 3
    assert row["probability_served"] == pytest.approx((1 + meets) / 3)
    assert row["probability_any"] == pytest.approx((1 + works) / 3)
    assert row["basis"] == "measured"


def test_a_row_that_measured_nothing_says_nothing() -> None:
    assert evidence([{}]).empty


def test_tests_out_of_reach_or_too_light_in_all_make_no_row() -> None:
    assert evidence([]).empty
    assert evidence(apart([PASS] * 50), other(0.84)).shape[0] == 1
    assert evidence([PASS | {"x": 1050.0 + 3100.0}] * 50).empty
    # 2 km away: exp(−2) = 0.135 of a test
    assert evidence([PASS | {"x": 3050.0}]).empty


def test_light_tests_move_the_probability_alone() -> None:
    row = updated([FAIL | {"x": 3050.0}], other(0.84, as_of="2025"))
    assert row["probability_served"] == pytest.approx(10.08 / (12 + exp(-2)))
    assert row[["basis", "source", "as_of"]].tolist() == ["declared", "map", "2025"]
    assert pd.isna(row["signal_dbm"])
    assert not row["contradicts"]


def test_published_totals_are_where_mobile_tests_start_and_give_way_when_outweighed() -> None:
    totals = other(0.9, "prior", "unspecified", "unspecified", share_covered=np.nan)
    light = updated(apart([FAIL] * 3), totals)
    assert light["basis"] == "prior"
    assert light["probability_served"] == pytest.approx(3.6 / 7)
    known = without_superseded_totals(combine([totals, evidence(apart([FAIL] * 3), totals)]), KZ)
    assert known["operator"].tolist() == ["kcell"]  # the updated row stands for the totals
    heavy = updated(apart([FAIL] * 4), totals)
    assert heavy["basis"] == "measured"
    assert heavy["probability_served"] == pytest.approx(3.6 / 8)
    # 0.14 of a test of another operator do not keep the totals in place
    beside = evidence([*apart([FAIL] * 4), FAIL | {"x": 3050.0, "operator": "tele2"}], totals)
    assert beside["basis"].tolist() == ["measured"] * 2
    # two operators' tests weigh together
    both = evidence(apart([PASS] * 2 + [PASS | {"operator": "tele2"}] * 2), totals)
    assert both["basis"].tolist() == ["measured"] * 2
    known = without_superseded_totals(combine([totals, both]), KZ)
    assert known["operator"].tolist() == ["kcell", "tele2"]


def test_tests_of_voice_alone_or_of_satellite_leave_the_totals_in_place() -> None:
    totals = other(0.9, "prior", "unspecified", "unspecified")
    for technology in ("2g", "satellite"):
        found = evidence(apart([PASS | {"technology": technology, "downlink_mbps": 9.0}] * 6), totals)
        known = without_superseded_totals(combine([totals, found]), KZ)
        assert set(known["technology"]) == {technology, "unspecified"}
    # mobile totals say nothing of satellite: it starts from Beta(1, 1)
    assert found["probability_served"].tolist() == pytest.approx([7 / 8])


def test_another_operator_without_other_evidence_starts_low_where_the_place_is_dark() -> None:
    dark = other(0.05, operator="beeline")
    # starts at 0.05 with 2 observations: (0.1 + 1) / 3, and a failed test does not raise the place
    assert updated([PASS], dark)["probability_served"] == pytest.approx(1.1 / 3)
    assert updated([DEAD], dark)["probability_any"] == pytest.approx(0.1 / 3)
    # another operator's service is no proof of this one's: one half at most
    assert updated([PASS], other(0.84, operator="beeline"))["probability_served"] == pytest.approx(2 / 3)
    # a voice network says nothing good of 4G
    assert updated([PASS], other(0.84, technology="2g"))["probability_served"] == pytest.approx(1 / 3)


def test_measured_evidence_replaces_what_it_absorbed() -> None:
    for basis in ("reported", "modelled", "declared", "assumed", "measured"):
        map_of = other(0.9, basis, share_covered=0.7, edge_distance_km=0.4)
        tests = evidence(apart([FAIL] * 6), map_of)
        known = combine([map_of, tests])
        assert len(known) == 1
        held = KZ.concentration[basis]
        assert known["probability_served"].tolist() == pytest.approx([held * 0.9 / (held + 6)])
        assert known[["basis", "tests", "share_covered", "edge_distance_km"]].iloc[0].tolist() == [
            "measured",
            6.0,
            0.7,
            0.4,
        ]


def test_confidence_in_a_probability_grows_with_tests_up_to_that_of_measurements() -> None:
    assert updated(apart([PASS] * 5), other(0.84))["concentration"] == pytest.approx(17)
    assert updated(apart([PASS] * 60), other(0.84))["concentration"] == 40


def test_tests_that_contradict_the_map_say_so() -> None:
    assert bool(updated([DEAD], other(0.84))["contradicts"])
    assert not bool(updated(apart([DEAD, PASS]), other(0.84))["contradicts"])
    assert not bool(updated([PASS], other(0.3, "prior", "unspecified", "unspecified"))["contradicts"])


def test_operators_and_technologies_are_kept_apart() -> None:
    found = evidence([PASS, FAIL | {"operator": "tele2"}, PASS | {"technology": "3g"}])
    assert found[["operator", "technology", "probability_served"]].to_numpy().tolist() == [
        ["kcell", "3g", pytest.approx(2 / 3)],
        ["kcell", "4g", pytest.approx(2 / 3)],
        ["tele2", "4g", pytest.approx(1 / 3)],
    ]


TESTS = st.lists(
    st.fixed_dictionaries(
        {
            "x": st.integers(-20, 40).map(lambda i: 100.0 * i + 50),
            "y": st.integers(0, 12).map(lambda i: 100.0 * i + 50),
            "measured_at": st.sampled_from([None, "2026-10", "2026-10-05", "2021", "2026-10-05T09:30:00Z"]),
            "operator": st.sampled_from(["kcell", "tele2"]),
            "signal_dbm": st.sampled_from([-90.0, -112.0, -140.0, None]),
            "downlink_mbps": st.sampled_from([20.0, 1.0, 0.0, None]),
            "tests": st.sampled_from([1, 1, 3, 50]),
            "no_service": st.just(False),
        }
    ),
    min_size=1,
    max_size=8,
)
STARTS = st.sampled_from(
    [(), (other(0.84),), (other(0.05, operator="beeline"),), (other(0.9, "prior", "unspecified", "unspecified"),)]
)


def believed(found: pd.DataFrame, starts: tuple[pd.DataFrame, ...], column: str) -> float:
    """The place's probability: the best of all its rows."""
    known = without_superseded_totals(combine([*starts, found]), KZ)
    return float(known[column].max()) if len(known) else 0.0


@settings(max_examples=12, deadline=None)
@given(TESTS, TESTS, STARTS)
def test_passing_tests_never_lower_and_failing_ones_never_raise_what_is_believed(
    rows: list[dict[str, Any]], more: list[dict[str, Any]], starts: tuple[pd.DataFrame, ...]
) -> None:
    before = evidence(rows, *starts)
    passing = evidence(rows + [row | PASS | {"downlink_mbps": 20.0} for row in more], *starts)
    failing = evidence(rows + [row | DEAD | {"signal_dbm": None, "downlink_mbps": None} for row in more], *starts)
    for column in ("probability_served", "probability_any"):
        assert believed(passing, starts, column) >= believed(before, starts, column) - 1e-12
        if len(before) == len(failing):  # a first test where nothing was known says more than nothing
            assert believed(failing, starts, column) <= believed(before, starts, column) + 1e-12


@settings(max_examples=12, deadline=None)
@given(TESTS, STARTS, st.randoms(use_true_random=False))
def test_probabilities_are_in_order_and_the_order_of_rows_is_irrelevant(
    rows: list[dict[str, Any]], starts: tuple[pd.DataFrame, ...], random: Any
) -> None:
    found = evidence(rows, *starts)
    served, works = found["probability_served"], found["probability_any"]
    assert ((served >= 0) & (served <= works + 1e-12) & (works <= 1)).all()
    shuffled = list(rows)
    random.shuffle(shuffled)
    pd.testing.assert_frame_equal(evidence(shuffled, *starts), found)


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 20), st.integers(0, 20), st.integers(0, 1500), st.integers(0, 1500))
def test_farther_and_older_tests_weigh_less(near: int, farther: int, new: int, older: int) -> None:
    def weight(cells: int, days: int) -> float:
        date = (TODAY - dt.timedelta(days=days)).isoformat()
        test = PASS | {"x": 1050.0 + 100.0 * cells, "measured_at": date, "tests": 10}
        found = evidence([test])
        return float(found["tests"].sum())

    assert weight(near + farther, new + older) <= weight(near, new)
    if farther > 0 and older > 0 and weight(near, new) > 0:
        assert weight(near + farther, new + older) < weight(near, new)
