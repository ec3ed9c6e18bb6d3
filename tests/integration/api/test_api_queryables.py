"""Queryables, sortables, schema; `sortby`, `properties`, and properties as parameters."""

from typing import Any
from urllib.parse import parse_qsl, urlsplit

import geopandas as gpd
import httpx
import pytest

DIALECT = "https://json-schema.org/draft/2020-12/schema"
RELATION = "http://www.opengis.net/def/rel/ogc/1.0/"
ITEMS = "/collections/settlements/items"


def get(client: httpx.Client, path: str, **params: Any) -> dict[str, Any]:
    response = client.get(path, params=params or None)
    assert response.status_code == 200, response.text
    return response.json()


def ids(page: dict[str, Any]) -> list[Any]:
    return [feature["id"] for feature in page["features"]]


@pytest.mark.parametrize("collection", ["settlements", "gaps", "districts", "coverage", "sites"])
def test_queryables_are_a_schema_linked_from_the_collection(client: httpx.Client, collection: str) -> None:
    links = {link["rel"]: link for link in get(client, f"/collections/{collection}")["links"]}
    for name in ("queryables", "sortables", "schema"):
        assert links[RELATION + name]["type"] == "application/schema+json"
    answer = client.get(links[RELATION + "queryables"]["href"])
    assert answer.headers["content-type"] == "application/schema+json"
    document = answer.json()
    assert (document["$schema"], document["type"]) == (DIALECT, "object")
    assert document["$id"] == links[RELATION + "queryables"]["href"]
    assert document["additionalProperties"] is False
    feature = get(client, f"/collections/{collection}/items", limit=1)["features"][0]
    assert set(document["properties"]) == {"geometry", *feature["properties"]}
    geometry = document["properties"].pop("geometry")
    assert geometry["format"].startswith("geometry-")
    assert "type" not in geometry
    for name, schema in document["properties"].items():
        assert schema["title"], name
        assert schema["type"] in ("string", "number", "integer", "boolean", "array")


def test_queryables_know_words_ranges_and_units(client: httpx.Client) -> None:
    properties = get(client, "/collections/gaps/queryables")["properties"]
    assert properties["service_class"]["enum"] == ["served", "below_standard", "voice_only", "unserved", "unknown"]
    assert (properties["score"]["minimum"], properties["score"]["maximum"]) == (0, 100)
    assert "dBm" in properties["signal_dbm"]["description"]
    assert properties["kato"]["x-ogc-role"] == "id"
    formats = {
        name: get(client, f"/collections/{name}/queryables")["properties"]["geometry"]["format"]
        for name in ("gaps", "districts", "sites")
    }
    assert formats == {
        "gaps": "geometry-any",
        "districts": "geometry-polygon-or-multipolygon",
        "sites": "geometry-point",
    }


def test_every_queryable_is_a_parameter(client: httpx.Client) -> None:
    feature = get(client, ITEMS, limit=1, offset=1)["features"][0]
    for name, schema in get(client, "/collections/settlements/queryables")["properties"].items():
        if "type" not in schema:
            continue
        value = feature["properties"][name]
        if value is None:
            continue
        text = value[0]["code"] if isinstance(value, list) else str(value).lower() if value is True else str(value)
        found = get(client, ITEMS, limit=1000, **{name: text})
        assert feature["id"] in ids(found), name


def test_schema_has_the_types_that_features_have(client: httpx.Client) -> None:
    properties = get(client, "/collections/gaps/schema")["properties"]
    assert properties["reasons"]["type"] == "array"
    assert "reasons" not in get(client, "/collections/gaps/sortables")["properties"]
    queryable = get(client, "/collections/gaps/queryables")["properties"]["reasons"]
    assert (queryable["type"], queryable["items"]) == ("array", {"type": "string"})


@pytest.mark.parametrize(
    ("sortby", "by", "ascending"),
    [
        ("population", ["population"], [True]),
        ("+population", ["population"], [True]),
        ("-population", ["population"], [False]),
        ("best_technology,-population", ["best_technology", "population"], [True, False]),
        ("-as_of,name_ru", ["as_of", "name_ru"], [False, True]),
        ("is_okrug_centre", ["is_okrug_centre"], [True]),
    ],
)
def test_order_is_that_of_pandas_with_missing_values_last(
    client: httpx.Client, gaps: gpd.GeoDataFrame, sortby: str, by: list[str], ascending: list[bool]
) -> None:
    found = ids(get(client, ITEMS, limit=1000, sortby=sortby))
    expected = gaps.sort_values(by, ascending=ascending, kind="stable", na_position="last")
    assert found == expected["kato"].tolist()


def test_sorted_pages_walk_through_everything_and_keep_filters(client: httpx.Client) -> None:
    params = {"sortby": "-people_without,+name_ru", "service_class": "unserved", "bbox": "170,-20,180,-10"}
    everything = ids(get(client, ITEMS, limit=1000, **params))
    seen: list[Any] = []
    url: str | None = str(httpx.URL(ITEMS, params={**params, "limit": 7}))
    while url:
        page = get(client, url)
        seen += ids(page)
        url = next((link["href"] for link in page["links"] if link["rel"] == "next"), None)
        if url:
            sent = dict(parse_qsl(urlsplit(url).query))
            assert sent["sortby"] == params["sortby"]
            assert "," not in urlsplit(url).query
    assert seen == everything
    assert len(everything) > 7


def test_properties_are_chosen_and_id_and_geometry_stay(client: httpx.Client) -> None:
    whole = get(client, ITEMS, limit=20)["features"]
    part = get(client, ITEMS, limit=20, properties="population,name_kk")["features"]
    for before, after in zip(whole, part, strict=True):
        assert (after["id"], after["geometry"]) == (before["id"], before["geometry"])
        assert after["properties"] == {name: before["properties"][name] for name in ("name_kk", "population")}
    alone = get(client, f"{ITEMS}/{whole[1]['id']}", properties="rank", crs="[EPSG:4326]")
    assert alone["properties"] == {"rank": whole[1]["properties"]["rank"]}
    assert alone["geometry"]["coordinates"] == whole[1]["geometry"]["coordinates"][::-1]


@pytest.mark.parametrize(
    ("params", "word"),
    [
        ({"sortby": ""}, "sortby"),
        ({"sortby": "colour"}, "rank_low"),
        ({"sortby": "reasons"}, "reasons"),
        ({"sortby": "geometry"}, "geometry"),
        ({"sortby": "rank,-rank"}, "more than once"),
        ({"properties": ""}, "properties"),
        ({"properties": "rank,"}, "properties"),
        ({"properties": "colour"}, "rank_low"),
        ({"properties": "rank,rank"}, "more than once"),
        ({"filter": ""}, "filter"),
        ({"filter": "rank=1", "filter-lang": "sql"}, "cql2-json"),
        ({"limit": "0"}, "limit"),
    ],
)
def test_refusals_say_what_would_be_accepted(client: httpx.Client, params: dict[str, str], word: str) -> None:
    refused = client.get(ITEMS, params=params)
    assert refused.status_code == 400
    assert word in refused.json()["detail"]


def test_link_header_holds_the_links_that_are_known_beforehand(client: httpx.Client) -> None:
    answer = client.get(ITEMS, params={"limit": 1, "name_ru": 'a">b'})
    header = answer.headers["link"]
    assert header.count('rel="self"') == header.count('rel="collection"') == 1
    assert header.count("<") == header.count(">") == header.count('rel="')
    for link in answer.json()["links"]:
        if link["rel"] != "next":
            assert f'<{link["href"]}>; rel="{link["rel"]}"; type="{link["type"]}"' in header
    assert "link" not in client.get(ITEMS, params={"name_ru": "я" * 3000}).headers


def test_every_resource_has_self_and_alternates(client: httpx.Client) -> None:
    for path in ("/", "/conformance", "/collections", "/collections/gaps", ITEMS, f"{ITEMS}/900000001"):
        links = get(client, f"{path}?lang=ru")["links"]
        assert [link["href"] for link in links if link["rel"] == "self"] == [f"http://test.example:8000{path}?lang=ru"]
        pages = [link["href"] for link in links if link["rel"] == "alternate" and link["type"] == "text/html"]
        (page,) = pages
        assert client.get(page).headers["content-type"] == "text/html; charset=utf-8"
        assert "lang=ru" in page
