"""The fixed parts of the API's description: schemas, headers, examples."""

from typing import Any

from api.features.crs import SERVED_CRS
from api.web.problems import PROBLEM_JSON

_LINKS = {"type": "array", "items": {"$ref": "#/components/schemas/Link"}}
_STRING = {"type": "string"}
_DATE_TIME = {"type": "string", "format": "date-time"}
_CRS = {"type": "string", "enum": [*SERVED_CRS, "#/crs"]}
_RUN_MEMBERS = {
    "run": {"type": "string", "description": "Id of the run that the document is of"},
    "scenario": {"type": "string", "nullable": True, "description": "Planning question; null for evidence"},
    "label": {
        "type": "object",
        "nullable": True,
        "additionalProperties": _STRING,
        "description": "To be shown wherever the data are shown, by language",
    },
    "runCreated": {**_DATE_TIME, "description": "When the run was made"},
}
_GEOMETRY_TYPES = ["Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon"]

SCHEMAS: dict[str, Any] = {
    "Link": {
        "type": "object",
        "required": ["href", "rel"],
        "properties": {"href": {"type": "string", "format": "uri"}, "rel": _STRING, "type": _STRING, "title": _STRING},
    },
    "LandingPage": {
        "type": "object",
        "required": ["links"],
        "properties": {"title": _STRING, "description": _STRING, "links": _LINKS},
    },
    "Conformance": {
        "type": "object",
        "required": ["conformsTo"],
        "properties": {
            "conformsTo": {"type": "array", "minItems": 1, "items": {"type": "string", "format": "uri"}},
            "links": _LINKS,
        },
    },
    "Collections": {
        "type": "object",
        "required": ["links", "collections"],
        "properties": {
            "links": _LINKS,
            **_RUN_MEMBERS,
            "crs": {"type": "array", "items": _CRS},
            "collections": {"type": "array", "items": {"$ref": "#/components/schemas/Collection"}},
        },
    },
    "Collection": {
        "type": "object",
        "required": ["id", "links", "crs", "storageCrs"],
        "properties": {
            "id": _STRING,
            "title": _STRING,
            "description": _STRING,
            "attribution": _STRING,
            **_RUN_MEMBERS,
            "itemType": {"type": "string", "enum": ["feature"]},
            "crs": {"type": "array", "minItems": 1, "items": _CRS},
            "storageCrs": _CRS,
            "extent": {"$ref": "#/components/schemas/Extent"},
            "links": _LINKS,
        },
    },
    "Extent": {
        "type": "object",
        "properties": {
            "spatial": {
                "type": "object",
                "required": ["bbox"],
                "properties": {
                    "bbox": {
                        "type": "array",
                        "minItems": 1,
                        "items": {"type": "array", "minItems": 4, "maxItems": 4, "items": {"type": "number"}},
                    },
                    "crs": _CRS,
                },
            },
            "temporal": {
                "type": "object",
                "required": ["interval"],
                "properties": {
                    "interval": {
                        "type": "array",
                        "minItems": 1,
                        "items": {
                            "type": "array",
                            "minItems": 2,
                            "maxItems": 2,
                            "items": {**_DATE_TIME, "nullable": True},
                        },
                    },
                    "trs": _STRING,
                },
            },
        },
    },
    "PropertySchema": {
        "type": "object",
        "required": ["$schema", "$id", "type", "properties", "additionalProperties"],
        "properties": {
            "$schema": {"type": "string", "enum": ["https://json-schema.org/draft/2020-12/schema"]},
            "$id": {"type": "string", "format": "uri"},
            "type": {"type": "string", "enum": ["object"]},
            "title": _STRING,
            "description": _STRING,
            "properties": {"type": "object", "additionalProperties": {"type": "object"}},
            "additionalProperties": {"type": "boolean"},
        },
    },
    "Geometry": {
        "type": "object",
        "nullable": True,
        "required": ["type"],
        "properties": {
            "type": {"type": "string", "enum": [*_GEOMETRY_TYPES, "GeometryCollection"]},
            "coordinates": {"type": "array", "items": {}},
            "geometries": {"type": "array", "items": {"type": "object"}},
        },
    },
    "Feature": {
        "type": "object",
        "required": ["type", "id", "geometry", "properties"],
        "properties": {
            "type": {"type": "string", "enum": ["Feature"]},
            "id": {"oneOf": [{"type": "string"}, {"type": "integer"}]},
            "geometry": {"$ref": "#/components/schemas/Geometry"},
            "properties": {"type": "object"},
            **_RUN_MEMBERS,
            "links": _LINKS,
        },
    },
    "FeatureCollection": {
        "type": "object",
        "required": ["type", "features", "links", "numberMatched", "numberReturned"],
        "properties": {
            "type": {"type": "string", "enum": ["FeatureCollection"]},
            **_RUN_MEMBERS,
            "numberMatched": {"type": "integer", "minimum": 0},
            "numberReturned": {"type": "integer", "minimum": 0},
            "links": _LINKS,
            "features": {"type": "array", "items": {"$ref": "#/components/schemas/Feature"}},
        },
    },
    "Problem": {
        "type": "object",
        "required": ["type", "title", "status", "detail"],
        "properties": {
            "type": {"type": "string", "format": "uri-reference"},
            "title": _STRING,
            "status": {"type": "integer", "minimum": 400, "maximum": 599},
            "detail": {"type": "string", "description": "What is wrong, and what would be accepted"},
        },
    },
}

HEADERS: dict[str, Any] = {
    "ETag": {
        "description": "Strong tag of run, request, representation and encoding",
        "schema": _STRING,
    },
    "Cache-Control": {"description": "Keep, but ask each time (304)", "schema": _STRING},
    "Vary": {"description": "Request headers that the answer depends on", "schema": _STRING},
    "Link": {"description": "Links of the document (RFC 8288), where they are not too long", "schema": _STRING},
    "Content-Crs": {
        "description": "Coordinate reference system of the geometries, in angle brackets",
        "schema": {"type": "string", "enum": [f"<{uri}>" for uri in SERVED_CRS]},
    },
    "Content-Language": {"description": "Language of a page", "schema": _STRING},
    "Shalgai-Run": {"description": "Id of the run that was read", "schema": _STRING},
}


def problem(title: str, status: int, detail: str) -> dict[str, Any]:
    """A refusal as a response object, with an example."""
    example = {"type": "about:blank", "title": title, "status": status, "detail": detail}
    content = {PROBLEM_JSON: {"schema": {"$ref": "#/components/schemas/Problem"}, "example": example}}
    return {"description": title, "content": content}


SECURITY_SCHEMES: dict[str, Any] = {
    "ApiKey": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
    "Bearer": {"type": "http", "scheme": "bearer"},
}
"""How a key for exports is shown, where the operator asks for one."""

DETAILS = {
    400: "parameter 'limit' is below 1 (value '0'). Accepted: 1 or more",
    401: "This needs a key.",
    413: "Requests here have no body.",
    414: "The address is too long.",
    431: "The headers are too long.",
    404: "there is no collection 'village'. Collections: settlements, gaps, districts, coverage, sites",
    406: "no representation of an accepted media type (value 'image/png'). Offered: application/geo+json, text/html",
    500: "The server failed at this request; its log tells the cause.",
    503: "There is no run to serve yet. Make one with `shalgai analyse`.",
}
"""Examples of what refusals say, by status."""

_ROOT = "https://geo.example.kz"
_GEOJSON = "application/geo+json"
_FEATURE = {
    "type": "Feature",
    "id": "154230100",
    "geometry": {"type": "Point", "coordinates": [57.166978, 50.283933]},
    "properties": {"kato": "154230100", "name_kk": "Ауыл", "population": 420, "service_class": "unserved", "rank": 7},
}
_RUN = {"run": "0123456789abcdef", "scenario": None, "label": None, "runCreated": "2026-11-01T00:00:00Z"}


def _link(rel: str, path: str, media_type: str) -> dict[str, str]:
    return {"rel": rel, "type": media_type, "title": "A link", "href": f"{_ROOT}{path}"}


EXAMPLES: dict[str, Any] = {
    "LandingPage": {"title": "Shalgai", "links": [_link("data", "/collections", "application/json")]},
    "Conformance": {"conformsTo": ["http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/core"], "links": []},
    "Collection": {
        "id": "gaps",
        "title": "Gaps",
        "itemType": "feature",
        "storageCrs": next(iter(SERVED_CRS)),
        "crs": list(SERVED_CRS),
        "links": [_link("items", "/collections/gaps/items", _GEOJSON)],
        **_RUN,
    },
    "Feature": {**_FEATURE, **_RUN, "links": [_link("collection", "/collections/gaps", "application/json")]},
    "FeatureCollection": {
        "type": "FeatureCollection",
        **_RUN,
        "numberMatched": 1,
        "numberReturned": 1,
        "links": [_link("self", "/collections/gaps/items?limit=10", _GEOJSON)],
        "features": [_FEATURE],
    },
}
"""Examples of documents, by the name of their schema."""
