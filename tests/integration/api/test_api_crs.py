"""Coordinate reference systems over HTTP: `crs`, `bbox-crs`, Content-Crs, metadata."""

import json
from typing import Any

import geopandas as gpd
import httpx
import numpy as np
import pytest
import shapely

from api.features.crs import CRS84, SERVED_CRS

EPSG = "http://www.opengis.net/def/crs/EPSG/0/"
PATHS = ("/collections/coverage/items", "/collections/coverage/items/1")


def shapes(page: dict[str, Any]) -> np.ndarray:
    texts = [json.dumps(feature["geometry"]) if feature["geometry"] else None for feature in page["features"]]
    return shapely.from_geojson(np.array(texts, dtype=object))


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("uri", SERVED_CRS)
def test_content_crs_names_the_system_asked_for(client: httpx.Client, path: str, uri: str) -> None:
    answer = client.get(path, params={"crs": uri})
    assert answer.headers["content-crs"] == f"<{uri}>"
    known = client.get(path, params={"crs": uri}, headers={"If-None-Match": answer.headers["etag"]})
    assert (known.status_code, known.headers["content-crs"]) == (304, f"<{uri}>")


@pytest.mark.parametrize("path", PATHS)
def test_default_is_crs84_and_says_so(client: httpx.Client, path: str) -> None:
    plain = client.get(path)
    assert plain.headers["content-crs"] == f"<{CRS84.uri}>"
    named = client.get(path, params={"crs": "[OGC:CRS84]"}).json()
    assert named.get("features", named.get("geometry")) == plain.json().get("features", plain.json().get("geometry"))


@pytest.mark.parametrize("code", ["3857", "32639", "32640", "32641"])
@pytest.mark.parametrize("collection", ["settlements", "districts", "coverage"])
def test_geometries_are_those_of_geopandas(client: httpx.Client, code: str, collection: str) -> None:
    path = f"/collections/{collection}/items"
    plain = client.get(path, params={"limit": 1000}).json()
    moved = client.get(path, params={"limit": 1000, "crs": EPSG + code}).json()
    expected = gpd.GeoSeries(shapes(plain), crs=4326).to_crs(int(code))
    given = ~shapely.is_missing(shapes(plain))
    assert given.any()
    np.testing.assert_array_equal(~shapely.is_missing(shapes(moved)), given)
    np.testing.assert_allclose(
        shapely.get_coordinates(shapes(moved)), shapely.get_coordinates(expected.to_numpy()), atol=0.00501
    )
    for before, after in zip(plain["features"], moved["features"], strict=True):
        assert {**before, "geometry": None} == {**after, "geometry": None}


def test_4326_is_latitude_first(client: httpx.Client) -> None:
    plain = client.get("/collections/sites/items").json()["features"][0]["geometry"]["coordinates"]
    swapped = client.get("/collections/sites/items", params={"crs": "[EPSG:4326]"}).json()["features"][0]
    assert swapped["geometry"]["coordinates"] == plain[::-1] == [-14.5, 172]


def test_pulkovo_is_northing_first_with_its_zone_in_the_easting(client: httpx.Client) -> None:
    point = client.get("/collections/sites/items/S1%2F1", params={"crs": EPSG + "28411"}).json()["geometry"]
    assert len(point["coordinates"]) == 2
    # 109 degrees from its meridian a place lies beyond the pole of the projection
    assert point["coordinates"][0] < -1e7 < 1.1e7 < point["coordinates"][1]


@pytest.mark.parametrize(
    ("bbox", "crs"),
    [
        ("171,-16,174,-13", CRS84.uri),
        ("-16,171,-13,174", EPSG + "4326"),
        ("-16,171,-5,-13,174,5", EPSG + "4326"),
        ("19035633,-1804723,19369591,-1459732", EPSG + "3857"),
        ("-16,171,-13,174", "[EPSG:4326]"),
    ],
)
def test_box_is_in_the_system_of_bbox_crs(client: httpx.Client, bbox: str, crs: str) -> None:
    page = client.get("/collections/coverage/items", params={"bbox": bbox, "bbox-crs": crs}).json()
    assert [feature["id"] for feature in page["features"]] == [1]


def test_box_across_the_antimeridian_in_latitude_first_order(client: httpx.Client) -> None:
    params = {"bbox": "-20,170,-10,-170", "bbox-crs": EPSG + "4326"}
    assert client.get("/collections/coverage/items", params=params).json()["numberMatched"] == 2


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"crs": EPSG + "2000"}, ["'crs'", EPSG + "3857"]),
        ({"crs": ""}, ["'crs'"]),
        ({"crs": "EPSG"}, ["'crs'"]),
        ({"bbox": "1,2,3,4", "bbox-crs": EPSG + "2000"}, ["'bbox-crs'", EPSG + "28410"]),
        ({"bbox-crs": "x"}, ["'bbox-crs'"]),
        ({"filter-crs": "x"}, ["'filter-crs'"]),
        ({"bbox": "1,2,3"}, ["'bbox'", "4 or 6"]),
        ({"bbox": "nan,2,3,4"}, ["'bbox'"]),
        ({"bbox": "1,2,inf,4"}, ["'bbox'"]),
        ({"bbox": "1e999,2,3,4"}, ["'bbox'"]),
        ({"bbox": "1,5,3,4"}, ["'bbox'", "south above"]),
        ({"bbox": "1,91,3,95"}, ["'bbox'", "outside"]),
        ({"bbox": "1000,2,1001,4"}, ["'bbox'", "outside"]),
        ({"bbox": "5,1,4,3", "bbox-crs": EPSG + "32640"}, ["'bbox'", "corner"]),
        ({"bbox": "1e30,1e30,2e30,2e30", "bbox-crs": EPSG + "32640"}, ["'bbox'", "domain"]),
        ({"bbox": "1e300,0,1e301,1", "bbox-crs": EPSG + "28410"}, ["'bbox'", "domain"]),
        ({"bbox": "3e7,0,4e7,1", "bbox-crs": EPSG + "3857"}, ["'bbox'", "domain"]),
    ],
)
def test_what_is_wrong_with_a_system_or_box_is_said(
    client: httpx.Client, params: dict[str, str], words: list[str]
) -> None:
    refused = client.get("/collections/coverage/items", params=params)
    assert refused.status_code == 400
    assert refused.headers["content-type"] == "application/problem+json"
    for word in words:
        assert word in refused.json()["detail"]


def test_metadata_list_the_systems(client: httpx.Client) -> None:
    listed = client.get("/collections").json()
    assert listed["crs"] == list(SERVED_CRS)
    assert listed["crs"][0] == CRS84.uri
    for entry in listed["collections"]:
        assert entry["crs"] == ["#/crs"]
        alone = client.get(f"/collections/{entry['id']}").json()
        assert alone["crs"] == list(SERVED_CRS)
        assert alone["storageCrs"] == entry["storageCrs"] == CRS84.uri
    codes = [uri.removeprefix(EPSG) for uri in listed["crs"][1:]]
    assert codes == ["4326", "3857", "32639", "32640", "32641", "28410", "28411"]
