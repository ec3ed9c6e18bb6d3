"""CPU time of a request, side by side with tipg over PostGIS: the same polygons, client and number of requests."""

import json
from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.bench

PAGE = 1_000
BOX = "57.0,48.0,57.9,48.9"


def katos(body: bytes) -> list[str]:
    return sorted(feature["properties"]["kato"] for feature in json.loads(body)["features"])


def test_a_page_of_features_costs_a_fiftieth_of_tipgs(
    shalgai: Any, tipg: Any, measure: Callable[..., Any], side_by_side: Callable[..., float]
) -> None:
    ours = measure(shalgai, f"/collections/districts/items?limit={PAGE}")
    theirs = measure(tipg, f"/collections/public.districts/items?limit={PAGE}&f=geojson")
    assert len(katos(ours.body)) == len(katos(theirs.body)) == PAGE
    assert side_by_side(f"{PAGE} features", ours, theirs) > 50


def test_a_box_of_features_costs_a_fortieth_of_tipgs(
    shalgai: Any, tipg: Any, measure: Callable[..., Any], side_by_side: Callable[..., float]
) -> None:
    ours = measure(shalgai, f"/collections/districts/items?limit={PAGE}&bbox={BOX}")
    theirs = measure(tipg, f"/collections/public.districts/items?limit={PAGE}&bbox={BOX}&f=geojson")
    found = katos(ours.body)
    assert found == katos(theirs.body)
    assert 500 < len(found) < PAGE
    assert side_by_side(f"box of {len(found)} features", ours, theirs) > 40
