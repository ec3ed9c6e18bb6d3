"""The API described as an OpenAPI 3.0 document, made from the operations and the columns that are served.

Clients of OGC API Features expect 3.0, and filters are sent to the server only for properties that the items path
declares as query parameters; FastAPI's generator knows neither.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

import geo
from api.features.collection import Collection
from api.web.parameters import LIMIT, Parameter
from api.web.problems import PROBLEM_JSON
from api.web.state import Operation, Service

_COLUMN_TYPES = {"text": "string", "number": "number", "integer": "integer", "boolean": "boolean"}


def document(
    operations: Sequence[Operation], service: Service, collections: Mapping[str, Collection], root: str
) -> dict[str, Any]:
    """The OpenAPI document; `collections` are the current run's, empty when there is none."""
    properties = _properties(service, collections)
    ids = [kind.id for kind in service.catalogue]
    return {
        "openapi": "3.0.3",
        "info": {
            "title": "Shalgai",
            "description": "Settlements without mobile or internet access, as OGC API Features, with their maps.",
            "version": geo.__version__,
        },
        "servers": [{"url": root}],
        "tags": [{"name": tag} for tag in dict.fromkeys(operation.tag for operation in operations)],
        "paths": {
            operation.path: {"get": _operation(operation, properties, ids, service.items_limit_max)}
            for operation in operations
        },
        "components": {"schemas": _SCHEMAS},
    }


def _operation(
    operation: Operation, properties: Mapping[str, str], collection_ids: Sequence[str], limit_max: int
) -> dict[str, Any]:
    parameters = [_path_parameter(name, collection_ids) for name in re.findall(r"{(\w+)}", operation.path)]
    parameters += [_query_parameter(parameter, limit_max) for parameter in operation.parameters]
    if operation.filters:
        known = {parameter.name for parameter in operation.parameters}
        parameters += [
            {
                "name": name,
                "in": "query",
                "required": False,
                "description": f"Only features whose property '{name}' has this value.",
                "schema": {"type": kind},
                "style": "form",
                "explode": False,
            }
            for name, kind in properties.items()
            if name not in known
        ]
    responses: dict[str, Any] = {
        "200": {
            "description": operation.summary,
            "content": {media_type: {"schema": dict(schema)} for media_type, schema in operation.produces.items()},
        },
        "304": {"description": "The client has this document already (If-None-Match)"},
    }
    for status in _refusals(operation):
        responses[str(status)] = {
            "description": HTTPStatus(status).phrase,
            "content": {PROBLEM_JSON: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
    return {
        "operationId": operation.id,
        "summary": operation.summary,
        "tags": [operation.tag],
        "parameters": parameters,
        "responses": responses,
    }


def _refusals(operation: Operation) -> Iterable[int]:
    reads_run = operation.tag in ("data", "maps", "runs") or operation.path == "/readyz"
    named = "{" in operation.path or any(parameter.name == "run" for parameter in operation.parameters)
    return sorted({*operation.refusals, *((404,) if named else ()), *((503,) if reads_run else ()), 500})


def _path_parameter(name: str, collection_ids: Sequence[str]) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "string"}
    if name == "collectionId":
        schema["enum"] = list(collection_ids)
    return {"name": name, "in": "path", "required": True, "schema": schema}


def _query_parameter(parameter: Parameter, limit_max: int) -> dict[str, Any]:
    schema = dict(parameter.schema)
    if parameter is LIMIT:
        schema["maximum"] = limit_max
    return {
        "name": parameter.name,
        "in": "query",
        "required": False,
        "description": parameter.description,
        "schema": schema,
        "style": "form",
        "explode": False,
    }


def _properties(service: Service, collections: Mapping[str, Collection]) -> dict[str, str]:
    """Every property of every collection and its OpenAPI type; ``string`` where two collections differ."""
    found: dict[str, str] = {}
    for kind in service.catalogue:
        if kind.id in collections:
            types = {name: c.schema["type"] for name, c in collections[kind.id].columns.items()}
        else:
            types = {column.name: _COLUMN_TYPES[column.kind] for column in kind.table.columns}
        for name, type_name in types.items():
            found[name] = type_name if found.get(name, type_name) == type_name else "string"
    return found


_LINKS = {"type": "array", "items": {"$ref": "#/components/schemas/Link"}}
_LABEL = {"type": "object", "nullable": True, "description": "To be shown wherever the data are shown, by language"}
_RUN_MEMBERS = {
    "run": {"type": "string"},
    "scenario": {"type": "string", "nullable": True},
    "label": _LABEL,
    "timeStamp": {"type": "string", "format": "date-time"},
}
_SCHEMAS: dict[str, Any] = {
    "Link": {
        "type": "object",
        "required": ["href", "rel"],
        "properties": {name: {"type": "string"} for name in ("href", "rel", "type", "title")},
    },
    "Feature": {
        "type": "object",
        "required": ["type", "id", "geometry", "properties"],
        "properties": {
            "type": {"type": "string", "enum": ["Feature"]},
            "id": {"oneOf": [{"type": "string"}, {"type": "integer"}]},
            "geometry": {"type": "object", "nullable": True},
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
            "type": {"type": "string"},
            "title": {"type": "string"},
            "status": {"type": "integer"},
            "detail": {"type": "string"},
        },
    },
}
