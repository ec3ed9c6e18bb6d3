"""Pages of operators and technologies: the list, one page for each, and the data behind it."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from api.errors import BadParameter
from api.features.store import LoadedRun
from api.operations.common import version_of
from api.operations.map_parameters import (
    AT,
    COVERAGE_OPERATOR,
    COVERAGE_TECHNOLOGY,
    DISTRICT,
    LAYERS,
    PLACE,
    REACH,
    SEARCH,
    state_of,
)
from api.operations.page_context import district_names, page_response, page_values
from api.web.negotiation import HTML, JSON, language, media_type
from api.web.parameters import LANG, RUN, Query
from api.web.responses import dump, respond
from api.web.state import RUN_HEADER, Operation, run_of
from geo.access.offers import offers, reach_of
from maps.coverage import CoverageContext, OffersContext, coverage_page, offers_page

_STATE = (COVERAGE_OPERATOR, COVERAGE_TECHNOLOGY, DISTRICT, REACH, SEARCH, PLACE, LAYERS, AT)


async def coverage(request: Request, query: Query) -> Response:
    """What one operator's technology gives the settlements; without both, the list of all there are."""
    media_type(request, None, [HTML])
    tongue = language(request, query.get(LANG))
    chosen = _chosen(query)
    run = await run_of(request, query)
    values = await page_values(request, query, run, tongue, state=state_of(query, _STATE))

    def make() -> str:
        known = {**values, **_offer_values(run)}
        if chosen is None:
            return offers_page(OffersContext(**known))
        operator, technology = chosen
        districts = district_names(run, tongue)
        return coverage_page(CoverageContext(**known, operator=operator, technology=technology, districts=districts))

    return await page_response(request, run, values, make)


async def reach(request: Request, query: Query) -> Response:
    """What an operator's technology gives each settlement, column by column."""
    media_type(request, None, [JSON])
    chosen = _chosen(query)
    if chosen is None:
        raise BadParameter("operator", "is missing", "Needed: operator and technology")
    run = await run_of(request, query)

    def make() -> bytes:
        table = reach_of(run.run, *chosen).astype(object)
        columns = {str(name): table[name].where(table[name].notna(), None).tolist() for name in table.columns}
        manifest = run.manifest
        about = {"run": run.id, "scenario": manifest.get("scenario"), "label": manifest.get("label")}
        return dump({**about, "operator": chosen[0], "technology": chosen[1], "columns": columns})

    return await respond(
        request, make, media_type=JSON, version=version_of(request, run), headers={RUN_HEADER: run.id}, slow=True
    )


def _chosen(query: Query) -> tuple[str, str] | None:
    """Operator and technology; None where neither is given."""
    operator, technology = query.get(COVERAGE_OPERATOR), query.get(COVERAGE_TECHNOLOGY)
    if operator is None and technology is None:
        return None
    if not operator or not technology:
        name = "technology" if operator else "operator"
        raise BadParameter(name, "is missing", "Needed: operator and technology, or neither for the list of all")
    return operator, technology


def _offer_values(run: LoadedRun) -> dict[str, Any]:
    manifest = run.manifest
    return {
        "offers": offers(run.run).to_dict("records"),
        "settlements": int(manifest["summary"]["settlements"]),
        "population": int(manifest["summary"].get("population") or 0),
        "confidence": float(manifest["standard"]["confidence"]),
    }


OPERATIONS = (
    Operation(
        "/maps/coverage",
        "getCoverageMap",
        coverage,
        "The map of one operator's technology, or the list of them",
        "maps",
        (LANG, RUN, *_STATE),
        {HTML: {"type": "string"}},
    ),
    Operation(
        "/maps/coverage/reach",
        "getReach",
        reach,
        "What one operator's technology gives each settlement",
        "maps",
        (RUN, COVERAGE_OPERATOR, COVERAGE_TECHNOLOGY),
        {JSON: {"type": "object"}},
    ),
)
