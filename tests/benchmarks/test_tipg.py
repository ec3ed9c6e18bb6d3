"""CPU time of a request, side by side with tipg over PostGIS: the same polygons, client and number of requests."""

import json
from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.bench

PAGE = 1_000
BOX = "57.0,48.0,57.9,48.9"
PAGE_TIMES, BOX_TIMES = 50, 40
"""What is asked: at most a fiftieth of tipg's CPU with a page of 1,000 features, a fortieth with a box."""

SideBySide = Callable[[str, str, str], Any]


def katos(body: bytes) -> list[str]:
    return sorted(feature["properties"]["kato"] for feature in json.loads(body)["features"])


def test_a_page_of_features_costs_a_fiftieth_of_tipgs(side_by_side: SideBySide) -> None:
    costs = side_by_side(
        f"page of {PAGE:,} features",
        f"/collections/districts/items?limit={PAGE}",
        f"/collections/public.districts/items?limit={PAGE}&f=geojson",
    )
    assert len(katos(costs.ours.body)) == len(katos(costs.theirs.body)) == PAGE
    assert costs.times >= PAGE_TIMES


def test_a_box_of_features_costs_a_fortieth_of_tipgs(side_by_side: SideBySide) -> None:
    costs = side_by_side(
        "features in a box",
        f"/collections/districts/items?limit={PAGE}&bbox={BOX}",
        f"/collections/public.districts/items?limit={PAGE}&bbox={BOX}&f=geojson",
    )
    found = katos(costs.ours.body)
    assert found == katos(costs.theirs.body)
    assert 500 < len(found) < PAGE
    assert costs.times >= BOX_TIMES
