"""The service about itself: landing page, conformance, API description."""

from collections.abc import Callable
from http import HTTPStatus

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import Response

from api.errors import NoRun
from api.operations.aggregate import OPERATIONS as AGGREGATE_OPERATIONS
from api.operations.common import self_links
from api.operations.docs import OPERATIONS as DOCS_OPERATIONS
from api.operations.health import OPERATIONS as HEALTH_OPERATIONS
from api.operations.items import OPERATIONS as ITEMS_OPERATIONS
from api.operations.layout import collection_description, collection_title, render
from api.operations.metadata import OPERATIONS as METADATA_OPERATIONS
from api.operations.page_context import named_titles
from api.operations.pages import OPERATIONS as PAGES_OPERATIONS
from api.operations.queryables import OPERATIONS as QUERYABLES_OPERATIONS
from api.operations.runs import OPERATIONS as RUNS_OPERATIONS
from api.operations.signal import OPERATIONS as SIGNAL_OPERATIONS
from api.operations.texts import texts
from api.operations.tiles import CONFORMS_TO as TILES_CONFORMS_TO
from api.operations.tiles import OPERATIONS as TILES_OPERATIONS
from api.operations.tiles import TILING_SCHEMES, tile_links
from api.web import openapi
from api.web.links import Link, link, link_header, root_url
from api.web.negotiation import HTML, JSON, OPENAPI, language, media_type
from api.web.parameters import FORMAT, LANG, Query
from api.web.responses import dump, respond
from api.web.state import Operation, named_run, service_of
from geo.errors import RunDamaged

TITLE = "Shalgai"
DESCRIPTION = "Settlements without mobile or internet access: where, how sure, and why."
_CONFORMANCE = {
    "ogcapi-features-1": ("core", "geojson", "html", "oas30"),
    "ogcapi-features-2": ("crs",),
    "ogcapi-features-3": ("queryables", "queryables-query-parameters", "filter", "features-filter"),
    "cql2": (
        "cql2-text",
        "cql2-json",
        "basic-cql2",
        "advanced-comparison-operators",
        "case-insensitive-comparison",
        "accent-insensitive-comparison",
        "basic-spatial-functions",
        "basic-spatial-functions-plus",
        "spatial-functions",
        "temporal-functions",
        "array-functions",
        "property-property",
        "arithmetic",
    ),
}
CONFORMS_TO = (
    tuple(
        f"http://www.opengis.net/spec/{standard}/1.0/conf/{name}"
        for standard, classes in _CONFORMANCE.items()
        for name in classes
    )
    + TILES_CONFORMS_TO
)
"""Only what is kept to the letter is declared."""

_VARY = "Accept, Accept-Encoding, Accept-Language"


async def landing(request: Request, query: Query) -> Response:
    """Where everything begins."""
    offer = media_type(request, query.get(FORMAT), (JSON, HTML))
    tongue = language(request, query.get(LANG))
    links = _landing_links(request, offer)
    service = service_of(request)
    # the manifests of runs that are not in memory are read from files
    named = await to_thread.run_sync(named_titles, service.store, tongue) if offer == HTML else ()

    def make() -> bytes:
        if offer == HTML:
            return render(
                request,
                query,
                tongue,
                "landing.html",
                texts(tongue)["title"],
                links,
                named=named,
                collections=[
                    (kind.id, collection_title(kind, tongue), collection_description(kind, tongue))
                    for kind in service.catalogue
                ],
            )
        return dump({"title": TITLE, "description": DESCRIPTION, "links": links})

    return await _respond(request, make, offer, links, f"{dict(service.store.named())} {named}", tongue)


def _landing_links(request: Request, offer: str) -> list[Link]:
    root = root_url(request)
    return [
        *self_links(request, offer, (JSON, HTML)),
        link("service-desc", f"{root}/api?f=json", OPENAPI, "The API as an OpenAPI document"),
        link("service-doc", f"{root}/api?f=html", HTML, "The API for people"),
        link("service-doc", f"{root}/docs", HTML, "The API, to be tried out in the browser"),
        link("conformance", f"{root}/conformance", JSON, "Conformance classes that are kept"),
        link("http://www.opengis.net/def/rel/ogc/1.0/conformance", f"{root}/conformance", JSON, "Conformance classes"),
        link("data", f"{root}/collections", JSON, "The collections"),
        link("http://www.opengis.net/def/rel/ogc/1.0/data", f"{root}/collections", JSON, "The collections"),
        *tile_links(root),
        link(TILING_SCHEMES, f"{root}/tileMatrixSets", JSON, "Tile matrix sets"),
        link("related", f"{root}/runs", JSON, "The runs"),
        link("related", f"{root}/maps/overview", HTML, "The overview map"),
        link("related", f"{root}/signal", JSON, "Signal rasters and their tiles"),
    ]


async def conformance(request: Request, query: Query) -> Response:
    """The conformance classes that are kept."""
    offer = media_type(request, query.get(FORMAT), (JSON, HTML))
    tongue = language(request, query.get(LANG))
    links = self_links(request, offer, (JSON, HTML))

    def make() -> bytes:
        if offer == HTML:
            heading = texts(tongue)["conformance"]
            return render(request, query, tongue, "conformance.html", heading, links, classes=CONFORMS_TO)
        return dump({"conformsTo": CONFORMS_TO, "links": links})

    return await _respond(request, make, offer, links, "", tongue)


async def api(request: Request, query: Query) -> Response:
    """The API's description, for programs and for people."""
    offer = media_type(request, query.get(FORMAT), (OPENAPI, HTML))
    tongue = language(request, query.get(LANG))
    links = self_links(request, offer, (OPENAPI, HTML))
    service = service_of(request)
    try:
        run = await named_run(request, service.run)
        collections, version = run.collections, run.version
    except (NoRun, RunDamaged):
        collections, version = {}, ""

    def make() -> bytes:
        document = openapi.document(OPERATIONS, service, collections, root_url(request))
        if offer == HTML:
            return render(request, query, tongue, "api.html", texts(tongue)["api"], links, document=document)
        return dump(document)

    return await _respond(request, make, offer, links, version, tongue)


async def _respond(
    request: Request, make: Callable[[], bytes], offer: str, links: list[Link], version: str, tongue: str
) -> Response:
    """Answer with a document of no run; only pages depend on the language."""
    page = offer == HTML
    response = await respond(
        request,
        make,
        media_type=offer,
        version=f"{service_of(request).release} {version} {tongue if page else ''}",
        vary=_VARY if page else "Accept, Accept-Encoding",
        headers={"Content-Language": tongue} if page else {},
    )
    if response.status_code == HTTPStatus.OK:
        response.headers.update(link_header(links))
    return response


_OBJECT = {"type": "object"}
_STRING = {"type": "string"}

OPERATIONS = (
    Operation(
        "/",
        "getLandingPage",
        landing,
        "Landing page",
        "service",
        (LANG, FORMAT),
        {JSON: {"$ref": "#/components/schemas/LandingPage"}, HTML: _STRING},
    ),
    Operation(
        "/conformance",
        "getConformance",
        conformance,
        "Conformance",
        "service",
        (LANG, FORMAT),
        {JSON: {"$ref": "#/components/schemas/Conformance"}, HTML: _STRING},
    ),
    Operation("/api", "getApi", api, "This description", "service", (LANG, FORMAT), {OPENAPI: _OBJECT, HTML: _STRING}),
    *METADATA_OPERATIONS,
    *QUERYABLES_OPERATIONS,
    *ITEMS_OPERATIONS,
    *AGGREGATE_OPERATIONS,
    *TILES_OPERATIONS,
    *RUNS_OPERATIONS,
    *PAGES_OPERATIONS,
    *SIGNAL_OPERATIONS,
    *DOCS_OPERATIONS,
    *HEALTH_OPERATIONS,
)
"""Every operation of the service, in the order of its description."""
