"""What a collection's properties are: queryables (Part 3), and sortables and schema as Parts 8 and 5 draft them."""

from collections.abc import Awaitable, Callable
from functools import cache
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from api.features.collection import Collection
from api.features.ordering import is_sortable
from api.features.properties import geometry_schema, property_schemas, title_of, unit_of
from api.operations.common import collection_of, collection_url, collections_url, respond_for_run, self_links
from api.operations.layout import collection_title, render
from api.operations.texts import texts
from api.web.links import Link
from api.web.negotiation import HTML, SCHEMA, language, media_type
from api.web.parameters import FORMAT, LANG, RUN, Query
from api.web.responses import dump
from api.web.state import Operation, run_of

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_OFFERED = (SCHEMA, HTML)

Properties = Callable[[Collection], dict[str, dict[str, Any]]]


def queryables(found: Collection) -> dict[str, dict[str, Any]]:
    """JSON Schemas of what a filter may name, the geometry first."""
    return {found.kind.geometry_name: geometry_schema(found), **property_schemas(found)}


def sortables(found: Collection) -> dict[str, dict[str, Any]]:
    """JSON Schemas of what features can be sorted by."""
    return {name: schema for name, schema in property_schemas(found).items() if is_sortable(found.columns[name])}


def schema(found: Collection) -> dict[str, dict[str, Any]]:
    """JSON Schemas of what a feature holds."""
    lists = {"type": "array", "items": {"type": "object", "properties": {"code": {"type": "string"}}}}
    properties = {
        name: {**schema, **lists} if found.columns[name].kind == "codes" else schema
        for name, schema in property_schemas(found).items()
    }
    return {found.kind.geometry_name: geometry_schema(found), **properties}


def _handler(name: str, properties: Properties) -> Callable[[Request, Query], Awaitable[Response]]:
    async def handle(request: Request, query: Query) -> Response:
        offer = media_type(request, query.get(FORMAT), _OFFERED)
        run = await run_of(request, query)
        found = collection_of(request, run)
        tongue = language(request, query.get(LANG)) if offer == HTML else None

        @cache
        def links() -> list[Link]:
            return self_links(request, offer, _OFFERED)

        def make() -> bytes:
            if tongue is not None:
                words = texts(tongue)
                return render(
                    request,
                    query,
                    tongue,
                    "queryables.html",
                    f"{words[name]}: {collection_title(found.kind, tongue)}",
                    links(),
                    run=run,
                    lead=words[f"{name}_lead"],
                    rows=[(key, title_of(key), unit_of(key), entry) for key, entry in properties(found).items()],
                    crumbs=[
                        ("collections", collections_url(request, query)),
                        (collection_title(found.kind, tongue), collection_url(request, query, found)),
                    ],
                )
            return dump(
                {
                    "$schema": DIALECT,
                    "$id": collection_url(request, query, found, f"/{name}"),
                    "type": "object",
                    "title": found.kind.title,
                    "description": found.kind.description,
                    "properties": properties(found),
                    "additionalProperties": False,
                }
            )

        return await respond_for_run(request, run, make, offer, links, tongue=tongue)

    return handle


def _operation(name: str, operation_id: str, properties: Properties, summary: str) -> Operation:
    return Operation(
        f"/collections/{{collectionId}}/{name}",
        operation_id,
        _handler(name, properties),
        summary,
        "data",
        (RUN, LANG, FORMAT),
        {SCHEMA: {"$ref": "#/components/schemas/PropertySchema"}, HTML: {"type": "string"}},
    )


OPERATIONS = (
    _operation("queryables", "getQueryables", queryables, "Properties that filters may name, as JSON Schema"),
    _operation("sortables", "getSortables", sortables, "Properties to sort by, as JSON Schema (draft of Part 8)"),
    _operation("schema", "getSchema", schema, "What a feature holds, as JSON Schema (draft of Part 5)"),
)
