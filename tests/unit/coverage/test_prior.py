import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.bundled import data_path
from geo.coverage.prior import PublishedTotals, evidence_from_totals, village_probabilities
from geo.tables.schema import WGS84

TOTALS = PublishedTotals.from_toml(data_path("coverage", "prior.toml"))


def villages(people: list[int], kind: str = "village") -> gpd.GeoDataFrame:
    frame = pd.DataFrame({"population": pd.array(people, dtype="Int64"), "kind": kind})
    frame["population_low"] = (frame["population"] // 3).clip(lower=1)
    frame["population_high"] = frame["population"] * 3 + 1
    return gpd.GeoDataFrame(frame, geometry=gpd.GeoSeries([None] * len(people), crs=WGS84))


@settings(max_examples=40)
@given(st.lists(st.integers(10, 5_000), min_size=311, max_size=311))
def test_expected_villages_meet_the_published_totals(people: list[int]) -> None:
    satellite, nothing = village_probabilities(villages(people), TOTALS)
    assert satellite.sum() == pytest.approx(24, abs=1e-6)
    assert nothing.sum() == pytest.approx(17, abs=1e-6)
    assert (1 - satellite - nothing).sum() == pytest.approx(270, abs=1e-6)
    assert (satellite >= 0).all()
    assert (nothing >= 0).all()
    assert (satellite + nothing <= 1 + 1e-12).all()


def test_expected_residents_without_meet_the_published_share() -> None:
    people = np.random.Generator(np.random.PCG64(1)).lognormal(6, 0.9, 311).astype(int) + 10
    table = villages(people.tolist())
    _, nothing = village_probabilities(table, TOTALS)
    assert (nothing * people).sum() / people.sum() == pytest.approx(0.02, abs=1e-6)


def test_smaller_villages_are_likelier_to_be_without() -> None:
    people = [50, 400] + [300] * 309
    satellite, nothing = village_probabilities(villages(people), TOTALS)
    assert satellite[0] > satellite[1]
    assert 1 - satellite[0] - nothing[0] < 1 - satellite[1] - nothing[1]


def test_places_outside_the_totals_take_the_regional_indicator_and_known_ones_take_nothing() -> None:
    table = pd.concat([villages([500, 300]), villages([9000], kind="town")], ignore_index=True)
    rows = evidence_from_totals(table, TOTALS, np.array([True, False, False]))
    assert set(rows["row"]) == {1, 2}
    town = rows[rows["row"] == 2]
    assert town["technology"].tolist() == ["unspecified"]
    assert town["probability_served"].tolist() == [0.968]
    assert set(rows["basis"]) == {"prior"}
