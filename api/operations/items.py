"""Collections and their features: OGC API Features Part 1, clauses 7.14 to 7.16."""

from typing import Any
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response

from api.errors import NoSuchResource
from api.exports.formats import EXPORTS
from api.features.collection import Collection
from api.features.store import LoadedRun
from api.features.view import View
from api.filters.selection import Selection, select
from api.operations.exports import EXPORT_SCHEMAS, export, paged
from api.web.links import Link, link, page_links, request_url, root_url, with_query
from api.web.negotiation import GEOJSON, JSON, media_type
from api.web.parameters import BBOX, DATETIME, FORMAT, LANG, LIMIT, LIMIT_DEFAULT, OFFSET, RUN, Query, unknown_parameter
from api.web.responses import dump, respond
from api.web.state import RUN_HEADER, Operation, run_of, service_of

CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
GREGORIAN = "http://www.opengis.net/def/uom/ISO-8601/0/Gregorian"


def collection_of(request: Request, run: LoadedRun) -> Collection:
    """The collection that the path names; NoSuchResource if the catalogue or the run has none of that id."""
    kind = service_of(request).catalogue.kind(request.path_params["collectionId"])
    collection = run.collections.get(kind.id)
    if collection is None:
        raise NoSuchResource(f"run {run.id} has no table for collection '{kind.id}'")
    return collection


def version_of(request: Request, run: LoadedRun) -> str:
    """What a run's documents depend on, for their ETags."""
    service = service_of(request)
    return f"{service.release} {service.items_limit_max} {run.version}"


async def collections(request: Request, query: Query) -> Response:
    """All collections of a run."""
    offer = media_type(request, query.get(FORMAT), [JSON])
    run = await run_of(request, query)

    def make() -> bytes:
        return dump(
            {
                "links": [link("self", request_url(request), JSON, "Collections")],
                **_members(run),
                "collections": [_metadata(request, query, run, collection) for collection in run.collections.values()],
            }
        )

    return await _respond(request, run, make, offer)


async def collection(request: Request, query: Query) -> Response:
    """One collection's metadata."""
    offer = media_type(request, query.get(FORMAT), [JSON])
    run = await run_of(request, query)
    found = collection_of(request, run)

    def make() -> bytes:
        return dump({**_metadata(request, query, run, found), **_members(run)})

    return await _respond(request, run, make, offer)


async def items(request: Request, query: Query) -> Response:
    """A page of features that match."""
    offer = media_type(request, query.get(FORMAT), [GEOJSON, *EXPORTS])
    run = await run_of(request, query)
    found = collection_of(request, run)
    for name, _ in query.others:
        if name not in found.columns:
            raise unknown_parameter(name, [p.name for p in ITEMS.parameters] + list(found.columns))
    limit = min(query.get(LIMIT, LIMIT_DEFAULT), service_of(request).items_limit_max)
    offset = query.get(OFFSET, 0)
    selection = Selection(query.get(BBOX), query.get(DATETIME), query.others)
    if offer in EXPORTS:
        rows = paged(found, select(found, selection), offset, query.get(LIMIT))
        return await export(request, query, run, found, rows, View(), EXPORTS[offer])

    def make() -> bytes:
        matched, page = found.page(select(found, selection), offset, limit)
        links = page_links(request, GEOJSON, matched, offset, limit)
        links.append(link("collection", _collection_url(request, query, found), JSON, found.kind.title))
        return b"".join(
            (
                b'{"type":"FeatureCollection",',
                run.members,
                b',"numberMatched":%d,"numberReturned":%d,"links":' % (matched, len(page)),
                dump(links),
                b',"features":[',
                b",\n".join(page),
                b"]}",
            )
        )

    return await _respond(request, run, make, offer)


async def item(request: Request, query: Query) -> Response:
    """One feature."""
    offer = media_type(request, query.get(FORMAT), [GEOJSON])
    run = await run_of(request, query)
    found = collection_of(request, run)
    feature = found.feature(request.path_params["featureId"])

    def make() -> bytes:
        links = [
            link("self", request_url(request), GEOJSON, "This feature"),
            link("collection", _collection_url(request, query, found), JSON, found.kind.title),
        ]
        return b'%b,%b,"links":%b}' % (feature[:-1], run.members, dump(links))

    return await _respond(request, run, make, offer)


async def _respond(request: Request, run: LoadedRun, make: Any, offer: str) -> Response:
    return await respond(
        request, make, media_type=offer, version=version_of(request, run), headers={RUN_HEADER: run.id}
    )


def _members(run: LoadedRun) -> dict[str, Any]:
    manifest = run.manifest
    return {"run": run.id, "scenario": manifest.get("scenario"), "label": manifest.get("label")}


def _collection_url(request: Request, query: Query, found: Collection, tail: str = "") -> str:
    return with_query(f"{root_url(request)}/collections/{quote(found.kind.id)}{tail}", _run_only(query))


def _run_only(query: Query) -> list[tuple[str, str]]:
    """What links carry on: which run was asked for."""
    name = query.get(RUN)
    return [] if name is None else [("run", name)]


def _metadata(request: Request, query: Query, run: LoadedRun, found: Collection) -> dict[str, Any]:
    kind = found.kind
    url = _collection_url(request, query, found)
    links: list[Link] = [
        link("self", url, JSON, kind.title),
        link("items", _collection_url(request, query, found, "/items"), GEOJSON, f"{kind.title}: features"),
    ]
    extent: dict[str, Any] = {}
    if found.bounds is not None:
        extent["spatial"] = {"bbox": [found.bounds], "crs": CRS84}
    if found.times is not None and found.times.extent is not None:
        extent["temporal"] = {"interval": [found.times.extent], "trs": GREGORIAN}
    return {
        "id": kind.id,
        "title": kind.title,
        "description": kind.description,
        "attribution": "; ".join(str(credit) for credit in run.manifest.get("credits", ())),
        "itemType": "feature",
        "crs": [CRS84],
        **({"extent": extent} if extent else {}),
        "links": links,
    }


COLLECTIONS = Operation(
    "/collections", "getCollections", collections, "The collections", "data", (RUN, FORMAT), {JSON: {"type": "object"}}
)
COLLECTION = Operation(
    "/collections/{collectionId}",
    "describeCollection",
    collection,
    "A collection's metadata",
    "data",
    (RUN, FORMAT),
    {JSON: {"type": "object"}},
)
ITEMS = Operation(
    "/collections/{collectionId}/items",
    "getFeatures",
    items,
    "Features of a collection that match, page by page",
    "data",
    (BBOX, DATETIME, LIMIT, OFFSET, LANG, RUN, FORMAT),
    {GEOJSON: {"$ref": "#/components/schemas/FeatureCollection"}, **EXPORT_SCHEMAS},
    filters=True,
)
ITEM = Operation(
    "/collections/{collectionId}/items/{featureId}",
    "getFeature",
    item,
    "One feature",
    "data",
    (RUN, FORMAT),
    {GEOJSON: {"$ref": "#/components/schemas/Feature"}},
)
OPERATIONS = (COLLECTIONS, COLLECTION, ITEMS, ITEM)
