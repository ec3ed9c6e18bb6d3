"""The collections' metadata: OGC API Features Part 1, 7.13 and 7.14, with the systems of Part 2."""

from functools import cache
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from api.exports.formats import EXPORTS
from api.features.collection import Collection
from api.features.crs import CRS84, SERVED_CRS
from api.features.store import LoadedRun
from api.operations.common import (
    REL_QUERYABLES,
    REL_SCHEMA,
    REL_SORTABLES,
    TILESETS,
    collection_of,
    collection_url,
    collections_url,
    respond_for_run,
    run_members,
    self_links,
)
from api.operations.layout import collection_description, collection_title, render
from api.operations.texts import texts
from api.web.links import Link, link
from api.web.negotiation import GEOJSON, HTML, JSON, SCHEMA, language, media_type
from api.web.parameters import FORMAT, LANG, RUN, Query
from api.web.responses import dump
from api.web.state import Operation, run_of
from maps.i18n import get_language

GREGORIAN = "http://www.opengis.net/def/uom/ISO-8601/0/Gregorian"
_OFFERED = (JSON, HTML)


async def collections(request: Request, query: Query) -> Response:
    """All collections of a run."""
    offer = media_type(request, query.get(FORMAT), _OFFERED)
    run = await run_of(request, query)
    tongue = language(request, query.get(LANG)) if offer == HTML else None

    @cache
    def links() -> list[Link]:
        return self_links(request, offer, _OFFERED)

    def make() -> bytes:
        if tongue is not None:
            entries = [_entry(request, query, found, tongue) for found in run.collections.values()]
            heading = texts(tongue)["collections"]
            return render(request, query, tongue, "collections.html", heading, links(), run=run, entries=entries)
        return dump(
            {
                "links": links(),
                **run_members(run),
                "runCreated": run.manifest["created_at"],
                "crs": list(SERVED_CRS),
                "collections": [
                    {**_metadata(run, found), "crs": ["#/crs"], "links": _links(request, query, found)}
                    for found in run.collections.values()
                ],
            }
        )

    return await respond_for_run(request, run, make, offer, links, tongue=tongue)


async def collection(request: Request, query: Query) -> Response:
    """One collection's metadata."""
    offer = media_type(request, query.get(FORMAT), _OFFERED)
    run = await run_of(request, query)
    found = collection_of(request, run)
    tongue = language(request, query.get(LANG)) if offer == HTML else None

    @cache
    def links() -> list[Link]:
        return [*self_links(request, offer, _OFFERED), *_links(request, query, found)[1:]]

    def make() -> bytes:
        metadata = {**_metadata(run, found), **run_members(run), "runCreated": run.manifest["created_at"]}
        if tongue is not None:
            return render(
                request,
                query,
                tongue,
                "collection.html",
                collection_title(found.kind, tongue),
                links(),
                run=run,
                metadata=metadata,
                entry=_entry(request, query, found, tongue),
                links=_links(request, query, found)[1:],
                systems=[(crs.uri, crs.title) for crs in SERVED_CRS.values()],
                crumbs=[("collections", collections_url(request, query))],
            )
        return dump({**metadata, "crs": list(SERVED_CRS), "links": links()})

    return await respond_for_run(request, run, make, offer, links, tongue=tongue)


def _metadata(run: LoadedRun, found: Collection) -> dict[str, Any]:
    kind, credits = found.kind, run.manifest.get("credits", ())
    extent: dict[str, Any] = {}
    if found.bounds is not None:
        extent["spatial"] = {"bbox": [found.bounds], "crs": CRS84.uri}
    if found.times is not None and found.times.extent is not None:
        extent["temporal"] = {"interval": [found.times.extent], "trs": GREGORIAN}
    return {
        "id": kind.id,
        "title": kind.title,
        "description": kind.description,
        # layers of the operator's own are not made of the run's inputs
        **({} if kind.id in run.layers.collections else {"attribution": "; ".join(map(str, credits))}),
        "itemType": "feature",
        "storageCrs": CRS84.uri,
        **({"extent": extent} if extent else {}),
    }


def _links(request: Request, query: Query, found: Collection) -> list[Link]:
    """The collection itself and what lies beneath it."""
    title = found.kind.title

    def beneath(tail: str, **parameters: str) -> str:
        url = collection_url(request, query, found, tail)
        return url + ("&" if "?" in url else "?") + urlencode(parameters) if parameters else url

    return [
        link("self", beneath(""), JSON, title),
        link("items", beneath("/items"), GEOJSON, f"{title}: features as GeoJSON"),
        link("items", beneath("/items", f="html"), HTML, f"{title}: features as a page"),
        *(
            link("items", beneath("/items", f=export.name), name, f"{title}: features as {export.title}")
            for name, export in EXPORTS.items()
        ),
        link(REL_QUERYABLES, beneath("/queryables"), SCHEMA, f"{title}: properties to filter by"),
        link(REL_SORTABLES, beneath("/sortables"), SCHEMA, f"{title}: properties to sort by"),
        link(REL_SCHEMA, beneath("/schema"), SCHEMA, f"{title}: schema of the features"),
        link(TILESETS, beneath("/tiles"), JSON, f"{title}: vector tiles"),
        link("related", beneath("/aggregate"), JSON, f"{title}: sums by groups"),
    ]


def _entry(request: Request, query: Query, found: Collection, tongue: str) -> dict[str, Any]:
    """What the pages show of a collection."""
    return {
        "id": found.kind.id,
        "title": collection_title(found.kind, tongue),
        "description": collection_description(found.kind, tongue),
        "number": get_language(tongue).number(len(found)),
        "url": collection_url(request, query, found),
        "items_url": collection_url(request, query, found, "/items"),
        "queryables_url": collection_url(request, query, found, "/queryables"),
    }


_STRING = {"type": "string"}
COLLECTIONS = Operation(
    "/collections",
    "getCollections",
    collections,
    "The collections",
    "data",
    (RUN, LANG, FORMAT),
    {JSON: {"$ref": "#/components/schemas/Collections"}, HTML: _STRING},
)
COLLECTION = Operation(
    "/collections/{collectionId}",
    "describeCollection",
    collection,
    "A collection's metadata",
    "data",
    (RUN, LANG, FORMAT),
    {JSON: {"$ref": "#/components/schemas/Collection"}, HTML: _STRING},
)
OPERATIONS = (COLLECTIONS, COLLECTION)
