"""Features of collections: paging, filters, boxes, dates."""

import json
from typing import Any

import geopandas as gpd
import httpx
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.app import create_app
from api.features.catalogue import DEFAULT_CATALOGUE
from api.features.collection import Collection
from geo.settings import get_settings

COLLECTIONS = ("settlements", "gaps", "districts", "coverage", "sites")


def get(client: httpx.Client, path: str, **params: Any) -> dict[str, Any]:
    response = client.get(path, params=params or None)
    assert response.status_code == 200, response.text
    return response.json()


def ids(page: dict[str, Any]) -> list[Any]:
    return [feature["id"] for feature in page["features"]]


def link(document: dict[str, Any], rel: str) -> str | None:
    found = [entry["href"] for entry in document["links"] if entry["rel"] == rel]
    assert len(found) <= 1
    return found[0] if found else None


@pytest.mark.parametrize("limit", [1, 7, 50, 200, 1000])
@pytest.mark.parametrize("rel", ["next", "prev"])
def test_walking_the_pages_gives_every_feature_once(client: httpx.Client, limit: int, rel: str) -> None:
    everything = ids(get(client, "/collections/gaps/items", limit=1000))
    start = {"next": 0, "prev": len(everything) // limit * limit}[rel]
    seen, url = [], f"/collections/gaps/items?limit={limit}&offset={start}"
    while url:
        page = get(client, url)
        assert page["numberReturned"] == len(page["features"]) <= limit
        assert page["numberMatched"] == len(everything)
        seen = seen + ids(page) if rel == "next" else ids(page) + seen
        url = link(page, rel)
    assert seen == everything


def test_paging_links_keep_every_other_parameter(client: httpx.Client) -> None:
    first = get(client, "/collections/settlements/items", limit=5, service_class="unserved", run="okrug-centres")
    following = get(client, link(first, "next"))
    assert following["scenario"] == "okrug-centres"
    assert {f["properties"]["service_class"] for f in following["features"]} == {"unserved"}
    assert get(client, link(following, "prev"))["features"] == first["features"]
    assert "run=okrug-centres" in link(first, "collection")


def test_gaps_are_those_not_served_by_rank(client: httpx.Client, gaps: gpd.GeoDataFrame) -> None:
    page = get(client, "/collections/gaps/items", limit=1000)
    expected = gaps[gaps["service_class"] != "served"].sort_values("rank")
    assert ids(page) == expected["kato"].tolist()
    assert [f["properties"]["rank"] for f in page["features"]] == list(range(1, len(expected) + 1))
    assert get(client, "/collections/settlements/items")["numberMatched"] == len(gaps)


def test_default_limit_is_100_and_one_above_the_maximum_is_lowered(
    root: Any, connect: Any, client: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert get(client, "/collections/settlements/items")["numberReturned"] == 100
    monkeypatch.setattr(get_settings(), "items_limit_max", 20)
    with connect(create_app(root)) as lowered:
        page = get(lowered, "/collections/settlements/items", limit=10**9)
        assert page["numberReturned"] == 20
        assert "limit=20&offset=20" in link(page, "next")


def test_offset_beyond_the_end_is_an_empty_page_with_a_way_back(client: httpx.Client) -> None:
    page = get(client, "/collections/districts/items", offset=1000)
    assert (page["numberMatched"], page["numberReturned"], page["features"]) == (3, 0, [])
    assert link(page, "next") is None
    assert ids(get(client, link(page, "prev"))) == ["910000000", "910000001", "910000002"]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30, deadline=None)
@given(
    st.floats(-180, 180),
    st.floats(-180, 180),
    st.floats(-20, -10),
    st.floats(-20, -10),
    st.sampled_from(COLLECTIONS[1:]),
)
def test_bbox_finds_what_shapely_finds_in_the_served_geometries(
    client: httpx.Client, west: float, east: float, south: float, north: float, collection: str
) -> None:
    south, north = sorted((south, north))
    url = f"/collections/{collection}/items"
    found = get(client, url, limit=1000, bbox=f"{west!r},{south!r},{east!r},{north!r}")
    spans = [(west, east)] if west <= east else [(west, 180), (-180, east)]
    boxes = [shapely.box(w, south, e, north) for w, e in spans]
    expected = [
        feature["id"]
        for feature in get(client, url, limit=1000)["features"]
        if feature["geometry"]
        and any(shapely.from_geojson(json.dumps(feature["geometry"])).intersects(b) for b in boxes)
    ]
    assert ids(found) == expected
    assert found["numberMatched"] == len(expected)


def test_features_without_position_are_null_and_in_no_box(client: httpx.Client, gaps: gpd.GeoDataFrame) -> None:
    everything = get(client, "/collections/settlements/items", limit=1000)["features"]
    unplaced = {f["id"] for f in everything if f["geometry"] is None}
    assert unplaced == set(gaps.loc[gaps.geometry.isna(), "kato"])
    boxed = get(client, "/collections/settlements/items", limit=1000, bbox="-180,-90,180,90")
    assert set(ids(boxed)) == {f["id"] for f in everything} - unplaced


@pytest.mark.parametrize(
    ("filters", "query"),
    [
        ({"service_class": "unserved"}, "service_class == 'unserved'"),
        (
            {"district_kato": "910000001", "best_technology": "2g"},
            "district_kato == '910000001' and best_technology == '2g'",
        ),
        ({"population": "123"}, "population == 123"),
        ({"is_okrug_centre": "true", "service_class": "unknown"}, "is_okrug_centre and service_class == 'unknown'"),
        ({"people_without": "34.5"}, "people_without == 34.5"),
        ({"name_ru": "Село «42»"}, "name_ru == 'Село «42»'"),
        ({"name_ru": "Село «42", "population": "142"}, "population < 0"),
    ],
)
def test_property_filters_compare_by_type(
    client: httpx.Client, gaps: gpd.GeoDataFrame, filters: dict[str, str], query: str
) -> None:
    page = get(client, "/collections/settlements/items", limit=1000, **filters)
    assert ids(page) == gaps.query(query, engine="python")["kato"].tolist()
    assert page["numberMatched"] == page["numberReturned"]


def test_filters_of_all_kinds_go_together(client: httpx.Client, gaps: gpd.GeoDataFrame) -> None:
    page = get(
        client,
        "/collections/settlements/items",
        limit=1000,
        bbox="175,-20,-175,-10",
        datetime="2025-01-01/2025-12-31",
        service_class="unserved",
        reasons="nearest_site",
    )
    x = gaps.geometry.x
    expected = gaps[
        ((x >= 175) | (x <= -175))
        & (gaps["as_of"].isna() | (gaps["as_of"] == "2025-03"))
        & (gaps["service_class"] == "unserved")
    ]
    assert ids(page) == expected["kato"].tolist()
    assert len(expected) > 3


def test_every_collection_filters_by_its_own_columns_only(client: httpx.Client) -> None:
    assert ids(get(client, "/collections/coverage/items", technology="2g")) == [2]
    assert ids(get(client, "/collections/coverage/items", operator="Beta & Co")) == [2]
    assert ids(get(client, "/collections/sites/items", site_id="S1")) == ["S1/1", "S1/2"]
    assert ids(get(client, "/collections/districts/items", settlements="2")) == ["910000001"]
    assert client.get("/collections/districts/items", params={"technology": "2g"}).status_code == 400


def test_collections_without_dates_match_any_datetime(client: httpx.Client) -> None:
    assert get(client, "/collections/sites/items", datetime="1900-01-01")["numberMatched"] == 3
    assert ids(get(client, "/collections/coverage/items", datetime="1900-01-01")) == [2]


def test_values_keep_their_json_types(client: httpx.Client, gaps: gpd.GeoDataFrame) -> None:
    features = get(client, "/collections/settlements/items", limit=1000)["features"]
    for feature, row in zip(features, gaps.itertuples(), strict=True):
        properties = feature["properties"]
        assert list(properties) == [name for name in gaps.columns if name != "geometry"]
        assert properties["kato"] == feature["id"] == row.kato
        assert isinstance(properties["is_okrug_centre"], bool)
        for name in ("name_en", "name_ru", "population", "people_without", "rank", "as_of"):
            value = getattr(row, name)
            expected = None if pd.isna(value) else value
            assert properties[name] == expected
        assert properties["reasons"] == json.loads(row.reasons)
    assert isinstance(features[1]["properties"]["population"], int)


def test_geometries_have_two_dimensions_six_decimals_and_counter_clockwise_shells(client: httpx.Client) -> None:
    geometry = get(client, "/collections/coverage/items/1")["geometry"]
    assert min(x for x, _ in geometry["coordinates"][0]) == 171.123457
    assert shapely.from_geojson(json.dumps(geometry)).exterior.is_ccw
    for collection in COLLECTIONS:
        for feature in get(client, f"/collections/{collection}/items")["features"]:
            coordinates = shapely.get_coordinates(
                shapely.from_geojson(json.dumps(feature["geometry"] or {"type": "Point", "coordinates": []}))
            )
            np.testing.assert_array_equal(coordinates, coordinates.round(6))


def test_every_feature_is_found_by_its_id(client: httpx.Client) -> None:
    for collection in COLLECTIONS:
        for feature in get(client, f"/collections/{collection}/items", limit=20)["features"]:
            path = f"/collections/{collection}/items/{str(feature['id']).replace('/', '%2F')}"
            alone = get(client, path)
            assert {name: alone[name] for name in feature} == feature
            assert link(alone, "self") == f"http://test.example:8000{path}"
            assert get(client, link(alone, "collection"))["id"] == collection
            assert alone["run"]


def test_ids_that_no_address_can_hold_are_numbers() -> None:
    frame = gpd.GeoDataFrame({"cell_id": ["a/b", "", ".", "..", None]}, geometry=[shapely.Point(0, 0)] * 5, crs=4326)
    assert list(Collection.from_frame(DEFAULT_CATALOGUE.kind("sites"), frame).ids) == ["a/b", 2, 3, 4, 5]


def test_members_of_the_run_are_on_every_page(client: httpx.Client) -> None:
    evidence = get(client, "/collections/gaps/items", limit=1)
    scenario = get(client, "/collections/gaps/items", limit=1, run="okrug-centres")
    assert (evidence["scenario"], evidence["label"]) == (None, None)
    assert (scenario["scenario"], scenario["label"]["en"]) == ("okrug-centres", "Scenario, not observed")
    by_id = client.get("/collections/gaps/items", params={"limit": 1, "run": scenario["run"]})
    assert by_id.json()["features"] == scenario["features"]
    assert by_id.headers["shalgai-run"] == scenario["run"] != evidence["run"]
