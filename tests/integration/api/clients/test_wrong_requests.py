"""Wrong requests over a real socket: a 4xx answer that says what is wrong, at once, and the server lives."""

import socket
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlsplit

import httpx
import pytest

ITEMS = "/collections/gaps/items"
AT_ONCE_S = 0.25
"""Milliseconds, with room for a machine that does other things; of three tries the fastest counts."""


def deep_json(depth: int) -> str:
    return '{"op":"not","args":[' * depth + "true" + "]}" * depth


WRONG: dict[str, tuple[str, dict[str, str], set[int], str]] = {
    # path, query, accepted statuses, a word that the answer must have
    "unknown property in a filter": (ITEMS, {"filter": "heads > 5"}, {400}, "heads"),
    "malformed CQL2": (ITEMS, {"filter": "population > > 5"}, {400}, "filter"),
    "an empty filter": (ITEMS, {"filter": ""}, {400}, "filter"),
    "half a string": (ITEMS, {"filter": "name_ru = 'Село"}, {400}, "filter"),
    "an unknown function": (ITEMS, {"filter": "pg_sleep(10) = 1"}, {400}, "pg_sleep"),
    "2,000 nested parentheses": (ITEMS, {"filter": "(" * 2000 + "population > 5" + ")" * 2000}, {400}, "filter"),
    "10,000 nested parentheses": (ITEMS, {"filter": "(" * 10_000 + "population > 5" + ")" * 10_000}, {400, 414}, ""),
    "1,900 NOT": (ITEMS, {"filter": "NOT " * 1900 + "population > 5"}, {400}, "filter"),
    "10,000 NOT": (ITEMS, {"filter": "NOT " * 10_000 + "population > 5"}, {400, 414}, ""),
    "deep JSON": (ITEMS, {"filter": deep_json(300), "filter-lang": "cql2-json"}, {400}, "filter"),
    "very deep JSON": (ITEMS, {"filter": deep_json(600), "filter-lang": "cql2-json"}, {400, 414}, ""),
    "JSON that is none": (ITEMS, {"filter": '{"op":', "filter-lang": "cql2-json"}, {400}, "filter"),
    "a number and a text": (ITEMS, {"filter": "population = 'many'"}, {400}, "population"),
    "an unknown filter language": (ITEMS, {"filter": "population > 5", "filter-lang": "sql"}, {400}, "filter-lang"),
    "an unknown CRS of a filter": (ITEMS, {"filter": "population > 5", "filter-crs": "EPSG:1"}, {400}, "filter-crs"),
    "a box of 3 numbers": (ITEMS, {"bbox": "1,2,3"}, {400}, "bbox"),
    "a box upside down": (ITEMS, {"bbox": "1,2,3,1"}, {400}, "bbox"),
    "a negative limit": (ITEMS, {"limit": "-1"}, {400}, "limit"),
    "a limit of nought": (ITEMS, {"limit": "0"}, {400}, "limit"),
    "a limit in letters": (ITEMS, {"limit": "abc"}, {400}, "limit"),
    "a bad datetime": (ITEMS, {"datetime": "yesterday"}, {400}, "datetime"),
    "a month that is none": (ITEMS, {"datetime": "2026-13-01"}, {400}, "datetime"),
    "an unknown CRS": (ITEMS, {"crs": "http://www.opengis.net/def/crs/EPSG/0/99999"}, {400}, "crs"),
    "an unknown CRS of a box": (ITEMS, {"bbox": "1,2,3,4", "bbox-crs": "x"}, {400}, "bbox-crs"),
    "an order by nothing": (ITEMS, {"sortby": "heads"}, {400}, "heads"),
    "properties that are none": (ITEMS, {"properties": "heads"}, {400}, "heads"),
    "an unknown parameter": (ITEMS, {"heads": "5"}, {400}, "heads"),
    "an unknown format": (ITEMS, {"f": "docx"}, {400}, "'f'"),
    "an unknown run": (ITEMS, {"run": "yesterday"}, {404}, "yesterday"),
    "an unknown collection": ("/collections/heads/items", {}, {404}, "heads"),
    "an unknown feature": (f"{ITEMS}/1", {}, {404}, "'1'"),
    "an unknown path": ("/heads", {}, {404}, "/heads"),
}


@pytest.fixture(scope="module")
def http(served: Any) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=served.url, timeout=20) as client:
        client.get(ITEMS).raise_for_status()
        yield client


def assert_refused(http: httpx.Client, served: Any, statuses: set[int], word: str, *args: Any, **kwargs: Any) -> None:
    took = []
    for _ in range(3):
        start = time.perf_counter()
        response = http.request(*args, **kwargs)
        took.append(time.perf_counter() - start)
        assert response.status_code in statuses, response.text[:500]
        problem = response.json()
        assert response.headers["content-type"] == "application/problem+json"
        assert problem["status"] == response.status_code
        assert len(problem["detail"]) > 10
        assert word in problem["detail"]
        assert len(response.content) < 4000
    assert min(took) < AT_ONCE_S
    assert served.process.poll() is None
    assert http.get("/healthz").status_code == 200


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_request_is_refused_at_once_and_the_server_lives(http: httpx.Client, served: Any, name: str) -> None:
    path, query, statuses, word = WRONG[name]
    assert_refused(http, served, statuses, word, "GET", path, params=query)


def test_a_parameter_given_twice_is_refused(http: httpx.Client, served: Any) -> None:
    assert_refused(http, served, {400}, "limit", "GET", f"{ITEMS}?limit=1&limit=2")


def test_a_media_type_that_is_not_offered_is_refused(http: httpx.Client, served: Any) -> None:
    assert_refused(http, served, {406}, "image/png", "GET", ITEMS, headers={"accept": "image/png"})


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_a_method_that_changes_things_is_refused(http: httpx.Client, served: Any, method: str) -> None:
    assert_refused(http, served, {405}, method, method, ITEMS)


@pytest.mark.parametrize(
    "query",
    [
        f"filter={'x' * 10_000_000}",
        f"heads={'x' * 10_000_000}",
        "&".join(["limit=1"] * 1_000_000),
        f"filter-lang=cql2-json&filter={quote(deep_json(10_000))}",
        f"filter={quote('((' * 500_000)}",
    ],
    ids=["filter", "unknown parameter", "many parameters", "deep JSON", "parentheses"],
)
def test_an_immense_query_is_refused(http: httpx.Client, served: Any, query: str) -> None:
    address = urlsplit(served.url)
    request = f"GET {ITEMS}?{query} HTTP/1.1\r\nHost: {address.netloc}\r\n\r\n".encode()
    start = time.perf_counter()
    with socket.create_connection((address.hostname, address.port), timeout=20) as connection:
        connection.sendall(request)
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    took = time.perf_counter() - start
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.split()[1] in (b"400", b"414", b"431")
    assert b"application/problem+json" in head
    assert b"bytes" in body
    assert took < 5
    assert served.process.poll() is None
    assert http.get("/healthz").status_code == 200
