"""What the operations on collections share: the collection asked for, addresses, versions, headers."""

from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response

from api.errors import NoSuchResource
from api.exports.formats import EXPORTS
from api.features.collection import Collection
from api.features.store import LoadedRun
from api.web.links import Link, link, link_header, request_url, root_url, with_parameters, with_query
from api.web.negotiation import GEOJSON, HTML, JSON, OPENAPI, SCHEMA
from api.web.parameters import RUN, Query
from api.web.responses import respond
from api.web.state import RUN_HEADER, service_of

REL_QUERYABLES = "http://www.opengis.net/def/rel/ogc/1.0/queryables"
REL_SORTABLES = "http://www.opengis.net/def/rel/ogc/1.0/sortables"
TILESETS = "http://www.opengis.net/def/rel/ogc/1.0/tilesets-vector"
REL_SCHEMA = "http://www.opengis.net/def/rel/ogc/1.0/schema"

_TITLES = {JSON: "JSON", GEOJSON: "GeoJSON", HTML: "HTML", OPENAPI: "JSON", SCHEMA: "JSON Schema"}
_NAMES = {JSON: "json", GEOJSON: "json", HTML: "html", OPENAPI: "json", SCHEMA: "json"}


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


def run_members(run: LoadedRun) -> dict[str, Any]:
    """The members of the run that its documents carry at their top level."""
    manifest = run.manifest
    return {"run": run.id, "scenario": manifest.get("scenario"), "label": manifest.get("label")}


def collections_url(request: Request, query: Query, tail: str = "") -> str:
    """Address of the collections, or of what lies beneath them, in the run that was asked for."""
    name = query.get(RUN)
    return with_query(f"{root_url(request)}/collections{tail}", [] if name is None else [("run", name)])


def collection_url(request: Request, query: Query, found: Collection, tail: str = "") -> str:
    """Address of a collection, or of what lies beneath it, in the run that was asked for."""
    return collections_url(request, query, f"/{quote(found.kind.id, safe='')}{tail}")


def self_links(request: Request, offer: str, offered: Sequence[str]) -> list[Link]:
    """`self` and one `alternate` for each other representation of a document."""
    url = request_url(request)
    others = [media_type for media_type in offered if media_type != offer]
    unnamed = with_parameters(url, {"f": ""})
    return [
        link("self", url, offer, f"This document as {_title(offer)}"),
        *(link("alternate", unnamed + _name(m), m, f"This document as {_title(m)}") for m in others),
    ]


def _title(media_type: str) -> str:
    return EXPORTS[media_type].title if media_type in EXPORTS else _TITLES[media_type]


def _name(media_type: str) -> str:
    return EXPORTS[media_type].name if media_type in EXPORTS else _NAMES[media_type]


async def respond_for_run(
    request: Request,
    run: LoadedRun,
    make: Callable[[], bytes],
    offer: str,
    links: Callable[[], Sequence[Link]],
    *,
    tongue: str | None = None,
    headers: Mapping[str, str] | None = None,
    slow: bool = False,
) -> Response:
    """Answer with a document of a run.

    Parameters
    ----------
    links
        Those that go into the Link header too; made only where a document is sent.
    tongue
        Its language, where it depends on one.
    slow
        As in `respond`.
    """
    language = {} if tongue is None else {"Content-Language": tongue}
    response = await respond(
        request,
        make,
        media_type=offer,
        version=version_of(request, run) if tongue is None else f"{version_of(request, run)} {tongue}",
        vary="Accept, Accept-Encoding" if tongue is None else "Accept, Accept-Encoding, Accept-Language",
        headers={RUN_HEADER: run.id, **language, **(headers or {})},
        slow=slow,
    )
    if response.status_code == HTTPStatus.OK:
        response.headers.update(link_header(links()))
    return response
