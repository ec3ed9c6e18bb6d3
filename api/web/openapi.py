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
from api.features.properties import title_of
from api.web.negotiation import FORMATS
from api.web.openapi_parts import DETAILS, EXAMPLES, HEADERS, SCHEMAS, SECURITY_SCHEMES, problem
from api.web.parameters import CRS, FORMAT, LANG, LIMIT, RUN, Parameter
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
        "components": {
            "schemas": SCHEMAS,
            "headers": HEADERS,
            "securitySchemes": SECURITY_SCHEMES,
            "responses": {
                _refusal_name(status): problem(HTTPStatus(status).phrase, status, DETAILS.get(status, "What is wrong."))
                for status in sorted({status for operation in operations for status in _refusals(operation)})
            },
        },
    }


def _operation(
    operation: Operation, properties: Mapping[str, dict[str, Any]], collection_ids: Sequence[str], limit_max: int
) -> dict[str, Any]:
    parameters = [_path_parameter(name, collection_ids) for name in re.findall(r"{(\w+)}", operation.path)]
    parameters += [
        _query_parameter(parameter, operation, limit_max, collection_ids) for parameter in operation.parameters
    ]
    if operation.filters:
        known = {parameter.name for parameter in operation.parameters}
        parameters += [_property_parameter(name, schema) for name, schema in properties.items() if name not in known]
    kept = {name: {"$ref": f"#/components/headers/{name}"} for name in _headers(operation)}
    responses: dict[str, Any] = {
        "200": {
            "description": operation.summary,
            "headers": kept,
            "content": {media_type: _content(schema) for media_type, schema in operation.produces.items()},
        },
    }
    if operation.empty:
        responses["204"] = {"description": "There is nothing here", "headers": kept}
    if kept:
        responses["304"] = {
            "description": "The client has this document already (If-None-Match)",
            "headers": {name: header for name, header in kept.items() if name != "Link"},
        }
    for status in _refusals(operation):
        responses[str(status)] = {"$ref": f"#/components/responses/{_refusal_name(status)}"}
    return {
        "operationId": operation.id,
        "summary": operation.summary,
        "tags": [operation.tag],
        "parameters": parameters,
        "responses": responses,
        **({"security": [{}, *({name: []} for name in SECURITY_SCHEMES)]} if operation.keyed else {}),
    }


def _headers(operation: Operation) -> list[str]:
    """Headers of an operation's answers; none for those about the moment, which have no tag."""
    if operation.momentary:
        return []
    crs = any(parameter is CRS for parameter in operation.parameters)
    spoken = any(parameter is LANG for parameter in operation.parameters)
    of_run = any(parameter is RUN for parameter in operation.parameters)
    optional = {"Content-Crs": crs, "Content-Language": spoken, "Shalgai-Run": of_run}
    return [name for name in HEADERS if optional.get(name, True)]


def _content(schema: Mapping[str, Any]) -> dict[str, Any]:
    content: dict[str, Any] = {"schema": dict(schema)}
    example = EXAMPLES.get(str(schema.get("$ref", "")).rpartition("/")[2])
    if example is not None:
        content["example"] = example
    return content


_ANYWHERE = (
    HTTPStatus.NOT_ACCEPTABLE,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.REQUEST_URI_TOO_LONG,
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
    HTTPStatus.SERVICE_UNAVAILABLE,
)
"""What every request may meet before its operation is known, or because of its headers."""


def _refusals(operation: Operation) -> Iterable[int]:
    named = "{" in operation.path or any(parameter is RUN for parameter in operation.parameters)
    keyed = (HTTPStatus.UNAUTHORIZED,) if operation.keyed else ()
    return sorted({*operation.refusals, *_ANYWHERE, *((404,) if named else ()), *keyed, 500})


def _refusal_name(status: int) -> str:
    return HTTPStatus(status).phrase.replace(" ", "").replace("-", "")


def _path_parameter(name: str, collection_ids: Sequence[str]) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "string"}
    if name == "collectionId":
        schema["enum"] = list(collection_ids)
    return {
        "name": name,
        "in": "path",
        "required": True,
        "description": _PATH_PARAMETERS.get(name, "A name"),
        "schema": schema,
    }


def _query_parameter(
    parameter: Parameter, operation: Operation, limit_max: int, collection_ids: Sequence[str]
) -> dict[str, Any]:
    schema = dict(parameter.schema)
    if parameter.name == "collections":
        schema["items"] = {**schema["items"], "enum": list(collection_ids)}
    if parameter is LIMIT:
        schema["maximum"] = limit_max
    if parameter is FORMAT:
        # only the formats that this resource has
        schema["enum"] = [name for name, types in FORMATS.items() if set(types) & set(operation.produces)]
    described: dict[str, Any] = {
        "name": parameter.name,
        "in": "query",
        "required": parameter.required,
        "description": parameter.description,
        "schema": schema,
        "style": "form",
        "explode": False,
    }
    if parameter.example is not None:
        described["example"] = parameter.example
    return described


def _property_parameter(name: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "name": name,
        "in": "query",
        "required": False,
        "description": f"Only features whose property '{name}' ({title_of(name)}) has this value.",
        "schema": dict(schema),
        "style": "form",
        "explode": False,
    }


def _properties(service: Service, collections: Mapping[str, Collection]) -> dict[str, dict[str, Any]]:
    """Every property of every collection and its type; ``string`` where two collections differ."""
    found: dict[str, str] = {}
    for kind in service.catalogue:
        if kind.id in collections:
            types = {name: str(c.schema["type"]) for name, c in collections[kind.id].columns.items()}
        else:
            types = {column.name: _COLUMN_TYPES[column.kind] for column in kind.table.columns}
        for name, type_name in types.items():
            found[name] = type_name if found.get(name, type_name) == type_name else "string"
    return {name: {"type": type_name} for name, type_name in found.items()}


_PATH_PARAMETERS = {
    "collectionId": "Id of a collection",
    "featureId": "Id of a feature; a slash in it is written %2F",
    "kato": "KATO code of a settlement, nine digits",
    "file": "Name of a file",
    "id": "Id or name of a run",
}
