"""The API's description: a valid OpenAPI 3.0 document that tells the truth of the answers."""

from typing import Any

import httpx
import pytest
from openapi_schema_validator import OAS30Validator
from openapi_spec_validator import OpenAPIV30SpecValidator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT4

from api.features.crs import SERVED_CRS

ITEMS = "/collections/{collectionId}/items"
ANSWERS = (
    ("/", "/"),
    ("/conformance", "/conformance"),
    ("/collections", "/collections"),
    ("/collections/{collectionId}", "/collections/coverage"),
    ("/collections/{collectionId}/queryables", "/collections/gaps/queryables"),
    ("/collections/{collectionId}/schema", "/collections/gaps/schema"),
    (ITEMS, "/collections/gaps/items?limit=30"),
    (ITEMS, "/collections/coverage/items?run=okrug-centres&crs=[EPSG:28410]"),
    (ITEMS + "/{featureId}", "/collections/sites/items/S1%2F1"),
)


@pytest.fixture(scope="module")
def document(client: httpx.Client) -> dict[str, Any]:
    return client.get("/api").json()


def parameters(document: dict[str, Any], path: str) -> dict[str, Any]:
    return {p["name"]: p for p in document["paths"][path]["get"]["parameters"]}


def errors(document: dict[str, Any], schema: dict[str, Any], value: Any) -> list[str]:
    whole = {**document, "$id": "urn:api"}
    registry = Registry().with_resource("urn:api", Resource.from_contents(whole, default_specification=DRAFT4))
    absolute = {"allOf": [{"$ref": "urn:api" + schema["$ref"]}]} if "$ref" in schema else schema
    return [error.message for error in OAS30Validator(absolute, registry=registry).iter_errors(value)]


def test_document_is_valid_and_of_its_media_type(client: httpx.Client, document: dict[str, Any]) -> None:
    assert [error.message for error in OpenAPIV30SpecValidator(document).iter_errors()] == []
    assert document["openapi"] == "3.0.3"
    assert client.get("/api").headers["content-type"] == "application/vnd.oai.openapi+json;version=3.0"
    assert document["servers"] == [{"url": "http://test.example:8000"}]


@pytest.mark.parametrize(("path", "url"), ANSWERS)
def test_answers_are_as_described(client: httpx.Client, document: dict[str, Any], path: str, url: str) -> None:
    answer = client.get(url)
    described = document["paths"][path]["get"]["responses"]["200"]
    content = described["content"][answer.headers["content-type"]]
    assert errors(document, content["schema"], answer.json()) == []
    for name in ("ETag", "Cache-Control", "Vary", "Link"):
        assert name in described["headers"]
        assert name in answer.headers
    assert ("content-crs" in answer.headers) == ("Content-Crs" in described["headers"])


def test_schemas_refuse_what_answers_never_are(document: dict[str, Any]) -> None:
    collection = {"$ref": "#/components/schemas/FeatureCollection"}
    assert errors(document, collection, {"type": "FeatureCollection"})
    feature = {"$ref": "#/components/schemas/Feature"}
    assert errors(document, feature, {"type": "Feature", "id": None, "geometry": None, "properties": {}})
    assert not errors(document, feature, {"type": "Feature", "id": 1, "geometry": None, "properties": {}})


def test_examples_are_what_their_schemas_say(document: dict[str, Any]) -> None:
    checked = 0
    for methods in document["paths"].values():
        for content in methods["get"]["responses"]["200"]["content"].values():
            if "example" in content:
                assert errors(document, content["schema"], content["example"]) == []
                checked += 1
        for parameter in methods["get"]["parameters"]:
            if "example" in parameter:
                assert errors(document, parameter["schema"], parameter["example"]) == [], parameter["name"]
                checked += 1
    for response in document["components"]["responses"].values():
        (content,) = response["content"].values()
        assert errors(document, content["schema"], content["example"]) == []
    assert checked > 10


def test_examples_of_parameters_are_answered(client: httpx.Client, document: dict[str, Any]) -> None:
    for name, parameter in parameters(document, ITEMS).items():
        if "example" in parameter and not name.startswith("filter"):
            example = parameter["example"]
            text = ",".join(map(str, example)) if isinstance(example, list) else str(example)
            assert client.get("/collections/settlements/items", params={name: text}).status_code == 200, name


def test_gdal_finds_what_it_needs_to_send_filters(client: httpx.Client, document: dict[str, Any]) -> None:
    known = parameters(document, ITEMS)
    assert "cql-text" in known["filter-lang"]["schema"]["enum"]
    for collection in ("settlements", "gaps", "districts", "coverage", "sites"):
        feature = client.get(f"/collections/{collection}/items?limit=1").json()["features"][0]
        for name in feature["properties"]:
            assert known[name]["in"] == "query"
            assert known[name]["required"] is False


def test_systems_and_formats_are_enumerated(document: dict[str, Any]) -> None:
    known = parameters(document, ITEMS)
    for name in ("crs", "bbox-crs", "filter-crs"):
        assert set(SERVED_CRS) < set(known[name]["schema"]["enum"])
    assert {"json", "html"} <= set(known["f"]["schema"]["enum"])
    assert parameters(document, "/conformance")["f"]["schema"]["enum"] == ["json", "html"]


def test_every_refusal_is_described(client: httpx.Client, document: dict[str, Any]) -> None:
    for path, methods in document["paths"].items():
        responses = methods["get"]["responses"]
        assert {"200", "500"} <= set(responses), path
        assert ("304" in responses) == (path not in ("/healthz", "/readyz", "/metrics")), path
        if path.startswith("/collections"):
            assert {"400", "404", "406", "503"} <= set(responses), path
        for status, response in responses.items():
            if status not in ("200", "204", "304"):
                assert response["$ref"].startswith("#/components/responses/")
