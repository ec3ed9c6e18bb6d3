"""The service about itself: landing page, conformance, API description."""

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import Response

from api.errors import NoRun
from api.operations import pages
from api.operations.aggregate import OPERATIONS as AGGREGATE_OPERATIONS
from api.operations.docs import OPERATIONS as DOCS_OPERATIONS
from api.operations.health import OPERATIONS as HEALTH_OPERATIONS
from api.operations.items import OPERATIONS as ITEMS_OPERATIONS
from api.operations.runs import OPERATIONS as RUNS_OPERATIONS
from api.operations.signal import OPERATIONS as SIGNAL_OPERATIONS
from api.web import openapi
from api.web.links import Link, link, request_url, root_url
from api.web.negotiation import HTML, JSON, OPENAPI, language, media_type
from api.web.parameters import FORMAT, LANG, Query
from api.web.responses import dump, respond
from api.web.state import Operation, named_run, service_of
from geo.errors import RunDamaged

TITLE = "Shalgai"
DESCRIPTION = "Settlements without mobile or internet access: where, how sure, and why."
CONFORMS_TO = (
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/core",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/geojson",
)
"""Only what is kept to the letter is declared."""

_VARY_PAGE = "Accept, Accept-Encoding, Accept-Language"


async def landing(request: Request, query: Query) -> Response:
    """Where everything begins."""
    offer = media_type(request, query.get(FORMAT), [JSON, HTML])
    tongue = language(request, query.get(LANG))
    service = service_of(request)
    version = f"{service.release} {dict(service.store.named())} {tongue}"
    if offer == HTML:
        page = await to_thread.run_sync(pages.landing, request, tongue)
        return await respond(
            request,
            page.encode,
            media_type=HTML,
            version=version,
            vary=_VARY_PAGE,
            headers={"Content-Language": tongue},
        )

    def make() -> bytes:
        return dump({"title": TITLE, "description": DESCRIPTION, "links": _landing_links(request)})

    return await respond(request, make, media_type=offer, version=version, vary=_VARY_PAGE)


def _landing_links(request: Request) -> list[Link]:
    root = root_url(request)
    return [
        link("self", request_url(request), JSON, "This document"),
        link("alternate", f"{root}/?f=html", HTML, "This document as a page"),
        link("service-desc", f"{root}/api", OPENAPI, "The API as an OpenAPI document"),
        link("service-doc", f"{root}/api?f=html", HTML, "The API for people"),
        link("service-doc", f"{root}/docs", HTML, "The API, to be tried out in the browser"),
        link("conformance", f"{root}/conformance", JSON, "Conformance classes that are kept"),
        link("data", f"{root}/collections", JSON, "The collections"),
        link("related", f"{root}/runs", JSON, "The runs"),
        link("related", f"{root}/maps/overview", HTML, "The overview map"),
        link("related", f"{root}/signal", JSON, "Signal rasters and their tiles"),
    ]


async def conformance(request: Request, query: Query) -> Response:
    """The conformance classes that are kept."""
    offer = media_type(request, query.get(FORMAT), [JSON])
    document = {"conformsTo": CONFORMS_TO, "links": [link("self", request_url(request), JSON, "This document")]}
    return await respond(request, lambda: dump(document), media_type=offer, version=service_of(request).release)


async def api(request: Request, query: Query) -> Response:
    """The API's description, for programs and for people."""
    offer = media_type(request, query.get(FORMAT), [OPENAPI, HTML])
    service = service_of(request)
    try:
        run = await named_run(request, service.run)
        collections, version = run.collections, f"{service.release} {run.version}"
    except (NoRun, RunDamaged):
        collections, version = {}, service.release
    document = openapi.document(OPERATIONS, service, collections, root_url(request))
    if offer == HTML:
        page = pages.api(document)
        return await respond(request, page.encode, media_type=HTML, version=version)
    return await respond(request, lambda: dump(document), media_type=offer, version=version)


_OBJECT = {"type": "object"}
_STRING = {"type": "string"}

OPERATIONS = (
    Operation(
        "/", "getLandingPage", landing, "Landing page", "service", (FORMAT, LANG), {JSON: _OBJECT, HTML: _STRING}
    ),
    Operation("/conformance", "getConformance", conformance, "Conformance", "service", (FORMAT,), {JSON: _OBJECT}),
    Operation("/api", "getApi", api, "This description", "service", (FORMAT,), {OPENAPI: _OBJECT, HTML: _STRING}),
    *ITEMS_OPERATIONS,
    *AGGREGATE_OPERATIONS,
    *RUNS_OPERATIONS,
    *pages.OPERATIONS,
    *SIGNAL_OPERATIONS,
    *DOCS_OPERATIONS,
    *HEALTH_OPERATIONS,
)
"""Every operation of the service, in the order of its description."""
