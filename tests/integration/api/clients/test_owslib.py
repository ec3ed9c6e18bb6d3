"""OWSLib's client of OGC API Features, over loopback."""

from typing import Any

import geopandas as gpd
import pytest

features = pytest.importorskip("owslib.ogcapi.features")


@pytest.fixture(scope="module")
def service(served: Any) -> Any:
    return features.Features(served.url)


def test_owslib_finds_the_description_and_the_conformance_classes(service: Any) -> None:
    assert service.api()["openapi"].startswith("3.0.")
    kept = service.conformance()["conformsTo"]
    assert "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/core" in kept
    assert "http://www.opengis.net/spec/cql2/1.0/conf/cql2-text" in kept


def test_owslib_walks_the_collections_and_their_queryables(service: Any) -> None:
    ids = service.feature_collections()
    assert ids[:5] == ["settlements", "gaps", "districts", "coverage", "sites"]
    for collection_id in ids:
        collection = service.collection(collection_id)
        assert collection["id"] == collection_id
        queryables = service.collection_queryables(collection_id)["properties"]
        feature = service.collection_items(collection_id, limit=1)["features"][0]
        assert set(feature["properties"]) <= set(queryables)


def test_owslib_walks_the_pages_of_a_collection(service: Any, gaps: gpd.GeoDataFrame) -> None:
    found: list[str] = []
    while True:
        page = service.collection_items("gaps", limit=80, offset=len(found))
        if not page["features"]:
            break
        found += [feature["properties"]["kato"] for feature in page["features"]]
    assert found == gaps[gaps["service_class"] != "served"].sort_values("rank")["kato"].tolist()


def test_owslib_reads_items_by_box_filter_and_order(service: Any, gaps: gpd.GeoDataFrame) -> None:
    page = service.collection_items(
        "settlements",
        bbox=[171, -19, 179, -11],
        filter="service_class = 'unserved' AND population > 120",
        sortby=("population", "desc"),
        limit=1000,
    )
    frame = gaps.cx[171:179, -19:-11]
    frame = frame[(frame["service_class"] == "unserved") & (frame["population"] > 120)]
    expected = frame.sort_values("population", ascending=False)["kato"].tolist()
    assert [feature["id"] for feature in page["features"]] == expected != []
    assert page["numberMatched"] == len(expected)


def test_owslib_reads_one_item(service: Any) -> None:
    item = service.collection_item("settlements", "900000042")
    assert (item["id"], item["properties"]["kato"]) == ("900000042", "900000042")


def test_owslib_is_told_what_is_wrong_with_a_filter(service: Any) -> None:
    with pytest.raises(RuntimeError, match="heads"):
        service.collection_items("gaps", filter="heads > 5")
