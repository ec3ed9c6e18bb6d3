"""What each operator's technology gives: counted by hand on four settlements."""

from types import SimpleNamespace

import pandas as pd
import pytest

from geo.access.offers import OFFER_COLUMNS, REACH_COLUMNS, offers, reach_of

GAPS = pd.DataFrame({"kato": ["1", "2", "3", "4"], "population": [100, 20, None, 3]})
SERVICE = pd.DataFrame(
    [
        ("1", "A", "4g", 0.9, -90.0, "declared"),
        ("2", "A", "4g", 0.5, -105.0, "declared"),
        ("3", "A", "4g", 0.1, -120.0, "declared"),
        ("3", "B", "2g", 0.7, None, "reported"),
        ("1", "B", "satellite", 0.99, None, "prior"),
    ],
    columns=["kato", "operator", "technology", "probability_served", "signal_dbm", "basis"],
).assign(share_covered=None, as_of=None)
COVERAGE = pd.DataFrame({"operator": ["A", "C"], "technology": ["4g", "5g"]})


def run_of(service=SERVICE, coverage=COVERAGE):
    tables = {"gaps": GAPS, "service": service, "coverage": coverage}
    return SimpleNamespace(table=tables.get, manifest={"standard": {"confidence": 0.7}, "tables": tables})


def test_offers_are_counted_and_ordered_by_people():
    found = offers(run_of())
    assert tuple(found.columns) == OFFER_COLUMNS
    assert found.to_numpy().tolist() == [
        ["A", "4g", 1, 100, 1, 1, 1, True],
        ["B", "2g", 1, 0, 0, 0, 3, False],
        ["B", "satellite", 0, 0, 0, 0, 4, False],
        ["C", "5g", 0, 0, 0, 0, 4, True],
    ]


def test_a_run_that_knows_nothing_has_no_offers():
    assert len(offers(run_of(SERVICE.iloc[:0], COVERAGE.iloc[:0]))) == 0


@pytest.mark.parametrize(
    ("offer", "expected"),
    [
        (("A", "4g"), ["reached", "doubtful", "missed", "unknown"]),
        (("B", "satellite"), ["unknown"] * 4),
        (("Nobody", "4g"), ["unknown"] * 4),
    ],
)
def test_every_settlement_has_a_reach(offer, expected):
    found = reach_of(run_of(), *offer)
    assert tuple(found.columns) == REACH_COLUMNS
    assert found["kato"].tolist() == ["1", "2", "3", "4"]
    assert found["reach"].tolist() == expected
