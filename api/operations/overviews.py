"""The overview map of a run: to work with, to print, and to place into another site."""

from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from api.features.store import LoadedRun
from api.operations.map_parameters import PAPER, VIEW, state_of
from api.operations.page_context import district_names, page_response, page_values
from api.web.negotiation import HTML, language, media_type
from api.web.parameters import LANG, RUN, Query
from api.web.state import Operation, run_of
from maps.overview import PAPERS, OverviewContext, embed_page, overview_page, print_page


async def overview(request: Request, query: Query) -> Response:
    """The overview map of a run."""
    return await _respond(request, query, overview_page)


async def embedded(request: Request, query: Query) -> Response:
    """The map alone; framed only by whom the settings allow."""
    return await _respond(request, query, embed_page)


async def printed(request: Request, query: Query) -> Response:
    """The map and the table on sheets of A4."""
    paper = query.get(PAPER, PAPERS[0])
    return await _respond(request, query, lambda context: print_page(context, paper))


async def _respond(request: Request, query: Query, page: Callable[[OverviewContext], str]) -> Response:
    media_type(request, None, [HTML])
    tongue = language(request, query.get(LANG))
    run = await run_of(request, query)
    values = await page_values(request, query, run, tongue, state=state_of(query, VIEW))
    return await page_response(
        request,
        run,
        values,
        lambda: page(OverviewContext(**values, **_overview_values(run, tongue))),
    )


def _overview_values(run: LoadedRun, tongue: str) -> dict[str, Any]:
    return {
        "summary": run.manifest["summary"],
        "districts": district_names(run, tongue),
        "technologies": _words(run, "coverage", "technology"),
        "best_operators": _words(run, "settlements", "best_operator"),
        "best_technologies": _words(run, "settlements", "best_technology"),
    }


def _words(run: LoadedRun, collection: str, column: str) -> tuple[str, ...]:
    """The different values of a column of text."""
    found = run.collections.get(collection)
    if found is None or column not in found.columns:
        return ()
    return tuple(sorted({value for value in found.columns[column].jsonable() if value is not None}))


_PAGE = {HTML: {"type": "string"}}

OPERATIONS = (
    Operation("/maps/overview", "getOverview", overview, "The overview map", "maps", (LANG, RUN, *VIEW), _PAGE),
    Operation(
        "/maps/print", "getPrintedOverview", printed, "The overview on A4", "maps", (LANG, RUN, PAPER, *VIEW), _PAGE
    ),
    Operation(
        "/embed/overview", "getEmbeddedOverview", embedded, "The map to embed", "maps", (LANG, RUN, *VIEW), _PAGE
    ),
)
