"""Features of collections: OGC API Features Part 1, 7.15 and 7.16, with coordinate systems (Part 2), filters (3)."""

from functools import cache

import numpy as np
from starlette.requests import Request
from starlette.responses import Response

from api.exports.formats import EXPORTS
from api.features.collection import Rows
from api.features.view import View
from api.filters.selection import select
from api.operations.asked import keys_of, selection_of, view_of
from api.operations.common import collection_of, collection_url, respond_for_run, self_links
from api.operations.exports import export, paged
from api.operations.item_pages import item_page, items_page
from api.web.links import Link, link, page_links
from api.web.negotiation import GEOJSON, HTML, JSON, language, media_type
from api.web.parameters import (
    BBOX,
    BBOX_CRS,
    CRS,
    DATETIME,
    FILTER,
    FILTER_CRS,
    FILTER_LANG,
    FORMAT,
    LANG,
    LIMIT,
    LIMIT_DEFAULT,
    OFFSET,
    PROPERTIES,
    RUN,
    SORTBY,
    Query,
)
from api.web.responses import dump
from api.web.state import Operation, run_of, service_of

_ITEMS_OFFERS = (GEOJSON, HTML, *EXPORTS)
_AS_STORED = View()
_QUICK_ROWS = 20_000
"""Of so many features a page is chosen in less than it costs others to wait for it."""
_ITEM_OFFERS = (GEOJSON, HTML)


async def items(request: Request, query: Query) -> Response:
    """A page of features that match."""
    offer = media_type(request, query.get(FORMAT), _ITEMS_OFFERS)
    run = await run_of(request, query)
    found = collection_of(request, run)
    selection = selection_of(query, found, ITEMS.parameters)
    view = view_of(query, found)
    keys = keys_of(query, found)
    if offer in EXPORTS:

        def choose() -> Rows | None:
            matching = found.ordered(select(found, selection), keys)
            return paged(found, matching, query.get(OFFSET, 0), query.get(LIMIT))

        return await export(request, query, run, found, choose, view, EXPORTS[offer])
    limit = min(query.get(LIMIT, LIMIT_DEFAULT), service_of(request).items_limit_max)
    offset = query.get(OFFSET, 0)
    tongue = language(request, query.get(LANG)) if offer == HTML else None

    @cache
    def links() -> list[Link]:
        up = link("collection", collection_url(request, query, found), JSON, found.kind.title)
        return [*self_links(request, offer, _ITEMS_OFFERS), up]

    def make() -> bytes:
        rows = found.ordered(select(found, selection), keys)
        if tongue is not None:
            return items_page(request, query, run, found, rows, view, offset, limit, links(), tongue)
        matched, page = found.page(rows, offset, limit, view)
        head = b'{"type":"FeatureCollection",%b,"numberMatched":%d,"numberReturned":%d,"links":%b,"features":[' % (
            run.members,
            matched,
            len(page),
            dump([*links(), *page_links(request, GEOJSON, matched, offset, limit)]),
        )
        # joined in one go: a second copy of a long page costs as much as finding it
        parts = [*page] or [b""]
        parts[0] = head + parts[0]
        parts[-1] += b"]}"
        return b",\n".join(parts)

    dear = view != _AS_STORED or selection.expression is not None or bool(keys)
    slow = tongue is not None or dear or len(found) > _QUICK_ROWS
    headers = _content_crs(view)
    return await respond_for_run(request, run, make, offer, links, tongue=tongue, headers=headers, slow=slow)


async def item(request: Request, query: Query) -> Response:
    """One feature."""
    offer = media_type(request, query.get(FORMAT), _ITEM_OFFERS)
    run = await run_of(request, query)
    found = collection_of(request, run)
    row = found.row(request.path_params["featureId"])
    view = view_of(query, found)
    tongue = language(request, query.get(LANG)) if offer == HTML else None

    @cache
    def links() -> list[Link]:
        up = link("collection", collection_url(request, query, found), JSON, found.kind.title)
        return [*self_links(request, offer, _ITEM_OFFERS), up]

    def make() -> bytes:
        if tongue is not None:
            return item_page(request, query, run, found, row, view, links(), tongue)
        (feature,) = found.written(np.array([row], dtype=np.int64), view)
        return b'%b,%b,"links":%b}' % (feature[:-1], run.members, dump(links()))

    return await respond_for_run(request, run, make, offer, links, tongue=tongue, headers=_content_crs(view))


def _content_crs(view: View) -> dict[str, str]:
    return {"Content-Crs": f"<{view.crs.uri}>"}


_STRING = {"type": "string"}
ITEMS = Operation(
    "/collections/{collectionId}/items",
    "getFeatures",
    items,
    "Features of a collection that match, page by page",
    "data",
    (
        BBOX,
        BBOX_CRS,
        DATETIME,
        FILTER,
        FILTER_LANG,
        FILTER_CRS,
        PROPERTIES,
        SORTBY,
        CRS,
        LIMIT,
        OFFSET,
        RUN,
        LANG,
        FORMAT,
    ),
    {
        GEOJSON: {"$ref": "#/components/schemas/FeatureCollection"},
        HTML: _STRING,
        **{media_type: {"type": "string", "format": "binary"} for media_type in EXPORTS},
    },
    filters=True,
    keyed=True,
)
ITEM = Operation(
    "/collections/{collectionId}/items/{featureId}",
    "getFeature",
    item,
    "One feature",
    "data",
    (PROPERTIES, CRS, RUN, LANG, FORMAT),
    {GEOJSON: {"$ref": "#/components/schemas/Feature"}, HTML: _STRING},
)
OPERATIONS = (ITEMS, ITEM)
