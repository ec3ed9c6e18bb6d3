"""The documents around the features, headers of every answer, caching, refusals."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

import maps
from api.app import create_app
from api.operations.service import OPERATIONS

PATHS = (
    "/",
    "/?f=html",
    "/api",
    "/api?f=html",
    "/conformance",
    "/collections",
    "/collections/gaps",
    "/collections/gaps/items",
    "/collections/gaps/items/900000001",
    "/collections/gaps/items?f=html&crs=[EPSG:28410]",
    "/collections/gaps/items?sortby=-population&properties=population&crs=[EPSG:3857]",
    "/collections/gaps/items/900000001?f=html",
    "/collections/gaps/queryables",
    "/collections/gaps/queryables?f=html",
    "/collections/gaps/sortables",
    "/collections/gaps/schema",
    "/collections?f=html",
    "/collections/gaps?f=html",
    "/conformance?f=html",
    "/settlements/900000001",
    "/runs",
    "/runs/current",
    "/maps/overview",
    "/maps/assets/leaflet/leaflet.js",
)
REFUSED = (
    ("/nothing", 404),
    ("/collections/nothing", 404),
    ("/collections/nothing/items", 404),
    ("/collections/gaps/items/1", 404),
    ("/collections/gaps/items/", 404),
    ("/collections/gaps/items?run=nothing", 404),
    ("/collections/gaps/items?run=0123456789abcdef", 404),
    ("/collections/gaps/items?run=../../etc", 404),
    ("/collections/gaps/items?run=", 400),
    ("/runs/nothing", 404),
    ("/settlements/1", 404),
    ("/settlements/900000001?lang=xx", 400),
    ("/maps/overview?lang=xx", 400),
    ("/maps/overview?run=nothing", 404),
    ("/maps/assets/nothing.js", 404),
    ("/maps/assets/..%2foverview.py", 404),
    ("/maps/assets/%2e%2e/overview.py", 404),
    ("/maps/assets//etc/passwd", 404),
    ("/maps/assets/leaflet", 404),
    ("/collections/gaps/items?bbox=1,2,3", 400),
    ("/collections/gaps/items?limit=-1", 400),
    ("/collections/gaps/items?limit=abc", 400),
    ("/collections/gaps/items?limit=1&limit=2", 400),
    ("/collections/gaps/items?datetime=soon", 400),
    ("/collections/gaps/items?population=many", 400),
    ("/collections/gaps/items?colour=red", 400),
    ("/collections/gaps/items?geometry=x", 400),
    ("/collections?f=geojson", 400),
    ("/collections/gaps/queryables?limit=1", 400),
    ("/collections/nothing/queryables", 404),
    ("/collections/gaps/items?%ff=%ff", 400),
    ("/collections?limit=1", 400),
    ("/conformance?x", 400),
    ("/?x=1", 400),
    ("/healthz?x=1", 400),
)


def assert_problem(response: httpx.Response, status: int) -> None:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    problem = response.json()
    assert problem["status"] == status
    assert problem["detail"]
    assert problem["title"]
    assert "Traceback" not in response.text
    assert "/work" not in response.text
    assert response.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("path", PATHS)
def test_get_head_and_conditional_get_agree(client: httpx.Client, path: str) -> None:
    got = client.get(path)
    assert got.status_code == 200, got.text
    tag = got.headers["etag"]
    assert tag.startswith('"')
    assert client.get(path).content == got.content
    assert client.get(path).headers["etag"] == tag

    head = client.head(path)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["etag"] == tag
    assert head.headers["content-type"] == got.headers["content-type"]
    assert head.headers["x-content-length"] == got.headers["content-length"]

    for given in (tag, f'"other", W/{tag}', "*"):
        known = client.get(path, headers={"If-None-Match": given})
        assert (known.status_code, known.content) == (304, b"")
        assert known.headers["etag"] == tag
        assert known.headers["vary"] == got.headers["vary"]
    assert client.get(path, headers={"If-None-Match": '"other"'}).status_code == 200


@pytest.mark.parametrize(("path", "status"), REFUSED)
def test_refusals_are_problem_documents(client: httpx.Client, path: str, status: int) -> None:
    assert_problem(client.get(path), status)


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_other_methods_are_refused_with_what_is_allowed(client: httpx.Client, method: str) -> None:
    response = client.request(method, "/collections/gaps/items", content=b"x")
    assert_problem(response, 405)
    assert set(response.headers["allow"].split(", ")) == {"GET", "HEAD"}


def test_media_type_that_is_not_there_is_refused(client: httpx.Client) -> None:
    assert_problem(client.get("/collections/gaps/items", headers={"Accept": "image/png"}), 406)


def test_our_own_failure_is_a_problem_without_traceback(
    client: httpx.Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: Any) -> None:
        raise KeyError("/work/secret")

    monkeypatch.setattr("api.operations.places.explain", fail)
    response = client.get("/settlements/900000009")
    assert_problem(response, 500)
    assert "secret" not in response.text
    assert "secret" in caplog.text


@pytest.mark.parametrize("host", ["a b", "evil/x", '"><script>'])
def test_host_that_cannot_be_one_is_refused(client: httpx.Client, host: str) -> None:
    assert_problem(client.get("/", headers={"Host": host}), 400)


def test_links_lead_where_they_say(client: httpx.Client) -> None:
    queue, seen, followed = ["http://test.example:8000/"], set(), set()
    while queue:
        url = queue.pop()
        if url in seen:
            continue
        seen.add(url)
        response = client.get(url)
        assert response.status_code == 200, url
        if not response.headers["content-type"].partition(";")[0].endswith("json"):
            continue
        document = response.json()
        holders = [document, *document.get("collections", []), *document.get("runs", [])]
        for link in (link for holder in holders for link in holder.get("links", [])):
            assert set(link) == {"rel", "type", "title", "href"}
            if (link["href"], link["type"]) in followed:
                continue
            followed.add((link["href"], link["type"]))
            target = client.get(link["href"], headers={"Accept": link["type"]})
            assert target.headers["content-type"].partition("; charset")[0] == link["type"], link
            if link["type"].partition(";")[0].endswith("json"):
                queue.append(link["href"])
    assert len(seen) > 20


def test_landing_page_links_are_complete(client: httpx.Client) -> None:
    rels = {link["rel"] for link in client.get("/").json()["links"]}
    assert {"self", "alternate", "service-desc", "service-doc", "conformance", "data"} <= rels


def test_landing_page_is_html_for_browsers_and_in_their_language(client: httpx.Client) -> None:
    page = client.get("/", headers={"Accept": "text/html,*/*;q=0.8", "Accept-Language": "ru-RU,ru"})
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert '<html lang="ru">' in page.text
    assert "maps/overview?lang=ru&amp;run=okrug-centres" in page.text
    assert "Сценарий!" in page.text
    assert '<html lang="en">' in client.get("/?f=html&lang=en", headers={"Accept-Language": "ru"}).text


TILES = ["core", "tileset", "tilesets-list", "dataset-tilesets", "geodata-tilesets", "mvt"]


def test_only_what_is_kept_is_declared(client: httpx.Client) -> None:
    declared = client.get("/conformance").json()["conformsTo"]
    assert len(declared) == len(set(declared)) == 22 + len(TILES)
    for name in ("ogcapi-features-1/1.0/conf/oas30", "ogcapi-features-2/1.0/conf/crs", "cql2/1.0/conf/cql2-text"):
        assert f"http://www.opengis.net/spec/{name}" in declared
    assert [name.rpartition("/conf/")[2] for name in declared if "tiles" in name] == TILES


def test_collection_metadata(client: httpx.Client) -> None:
    listed = client.get("/collections").json()["collections"]
    assert [entry["id"] for entry in listed] == ["settlements", "gaps", "districts", "coverage", "sites"]
    for entry in listed:
        alone = client.get(f"/collections/{entry['id']}").json()
        assert entry["crs"] == ["#/crs"]
        assert {n: alone[n] for n in entry if n not in ("crs", "links")} == {
            n: entry[n] for n in entry if n not in ("crs", "links")
        }
        assert [link for link in entry["links"][1:] if link not in alone["links"]] == []
        west, south, east, north = entry["extent"]["spatial"]["bbox"][0]
        assert -180 <= west <= east <= 180
        assert -20 <= south <= north <= -10
    interval = next(e for e in listed if e["id"] == "gaps")["extent"]["temporal"]["interval"]
    assert interval == [["2024-01-01T00:00:00Z", "2026-10-05T23:59:59Z"]]


def test_description_declares_every_path_and_every_property_as_parameter(client: httpx.Client) -> None:
    document = client.get("/api").json()
    assert document["openapi"].startswith("3.0")
    assert set(document["paths"]) == {operation.path for operation in OPERATIONS}
    items = document["paths"]["/collections/{collectionId}/items"]["get"]["parameters"]
    names = [parameter["name"] for parameter in items]
    assert len(names) == len(set(names))
    assert {"collectionId", "bbox", "limit", "datetime", "kato", "service_class", "technology", "share_without"} <= set(
        names
    )
    by_name = {parameter["name"]: parameter["schema"] for parameter in items}
    assert by_name["limit"] == {"type": "integer", "minimum": 1, "maximum": 10_000, "default": 100}
    assert by_name["population"]["type"] == "integer"
    text = json.dumps(document)
    for reference in {part.split('"')[0] for part in text.split('"$ref": "#/components/schemas/')[1:]}:
        assert reference in document["components"]["schemas"]


def test_tags_tell_run_request_representation_and_encoding_apart(client: httpx.Client) -> None:
    url = "/collections/gaps/items"
    requests: list[tuple[str, dict[str, str]]] = [
        (url, {}),
        (f"{url}?limit=1", {}),
        (f"{url}?run=okrug-centres", {}),
        (url, {"Accept-Encoding": "identity"}),
        (url, {"Host": "other.example"}),
        ("/", {}),
        ("/?f=html", {}),
        ("/?f=html&lang=en", {}),
        ("/?f=html", {"Accept-Language": "ru"}),
    ]
    tags = [client.get(path, headers=headers).headers["etag"] for path, headers in requests]
    assert len(set(tags)) == len(tags)


def test_large_answers_are_gzipped_where_accepted(client: httpx.Client) -> None:
    url = "/collections/gaps/items?limit=1000"
    plain = client.get(url, headers={"Accept-Encoding": "identity"})
    zipped = client.get(url, headers={"Accept-Encoding": "gzip"})
    assert "content-encoding" not in plain.headers
    assert zipped.headers["content-encoding"] == "gzip"
    assert int(zipped.headers["content-length"]) < int(plain.headers["content-length"]) / 5
    assert zipped.content == plain.content
    assert "Accept-Encoding" in zipped.headers["vary"]


def test_security_headers_are_on_every_answer(client: httpx.Client) -> None:
    for path in (*PATHS, "/healthz", "/readyz", "/nothing"):
        headers = client.get(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"]
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        if headers["content-type"].startswith("text/html"):
            assert "script-src 'self';" in policy
            assert "http" not in policy


def test_hostile_names_stay_json(client: httpx.Client) -> None:
    response = client.get("/collections/settlements/items/900000003")
    assert response.json()["properties"]["name_ru"].startswith("<img src=x onerror=alert(1)>${alert(1)}")
    assert response.headers["content-type"] == "application/geo+json"
    hostile = "<script>alert(1)</script>"
    for url in (f"/{hostile}", f"/collections/{hostile}", f"/collections/gaps/items?{hostile}=1", f"/?lang={hostile}"):
        refused = client.get(url)
        assert refused.headers["content-type"] == "application/problem+json"
        assert refused.json()


def test_settlement_is_explained_in_the_language_asked_for(client: httpx.Client) -> None:
    response = client.get("/settlements/900000001", params={"lang": "ru"}, headers={"Accept-Language": "en"})
    assert response.headers["content-language"] == "ru"
    assert "Accept-Language" in response.headers["vary"]
    assert response.json()["run"] == response.headers["shalgai-run"]
    scenario = client.get("/settlements/900000001", params={"run": "okrug-centres"})
    assert scenario.headers["shalgai-run"] != response.headers["shalgai-run"]
    assert scenario.json()["scenario"] == "okrug-centres"


def test_runs_are_listed_with_their_names(client: httpx.Client) -> None:
    document = client.get("/runs").json()
    assert set(document["named"]) == {"current", "okrug-centres"}
    assert [run["names"] for run in document["runs"]] == [["okrug-centres"], ["current"]]
    for run in document["runs"]:
        manifest = client.get(run["links"][0]["href"]).json()
        assert manifest["id"] == run["id"]
        assert client.get(f"/runs/{run['names'][0]}").json() == manifest


def test_overview_page_is_for_the_run_and_language_asked_for(client: httpx.Client) -> None:
    page = client.get("/maps/overview", params={"lang": "en", "run": "okrug-centres"})
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert page.headers["content-language"] == "en"
    assert page.headers["shalgai-run"] in page.text
    assert "Scenario, not observed" in page.text
    assert "Scenario, not observed" in client.get("/maps/overview?lang=en").text  # in the switch between runs


def test_assets_have_their_types_and_may_be_kept(client: httpx.Client) -> None:
    folder = Path(str(maps.__file__)).parent / "assets"
    types = {
        ".js": "text/javascript; charset=utf-8",
        ".css": "text/css; charset=utf-8",
        ".png": "image/png",
        ".svg": "image/svg+xml",
    }
    for path in (path for path in folder.rglob("*") if path.suffix in types):
        response = client.get(f"/maps/assets/{path.relative_to(folder).as_posix()}")
        assert response.headers["content-type"] == types[path.suffix]
        assert response.content == path.read_bytes()
        assert response.headers["cache-control"] == "no-cache"
    versioned = client.get("/maps/assets/leaflet/leaflet.js?v=1.9.4")
    assert "immutable" in versioned.headers["cache-control"]


def test_prefix_of_a_proxy_is_part_of_links(root: Path, connect: Any) -> None:
    app = create_app(root)
    app.root_path = "/geo"
    with connect(app) as prefixed:
        page = prefixed.get("/collections/gaps/items?limit=1").json()
    assert {link["href"].split("?")[0] for link in page["links"]} == {
        "http://test.example:8000/geo/collections/gaps/items",
        "http://test.example:8000/geo/collections/gaps",
    }
