"""Settlements and districts of a run, one by one: for programs and as pages."""

from typing import Any

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from api.features.store import LoadedRun
from api.operations.common import version_of
from api.operations.layout import in_language
from api.operations.page_context import page_response, page_values
from api.web.links import link, request_url, with_parameters
from api.web.negotiation import HTML, JSON, language, media_type
from api.web.parameters import FORMAT, LANG, RUN, Query
from api.web.responses import dump, respond
from api.web.state import RUN_HEADER, Operation, run_of
from geo.access.explain import explain
from geo.access.place import district_rows
from geo.errors import UnknownName
from maps.district import DistrictContext, district_page
from maps.missing import missing_page
from maps.pages import PageContext
from maps.village import VillageContext, village_page

_VARY = "Accept, Accept-Encoding, Accept-Language"


async def settlement(request: Request, query: Query) -> Response:
    """What a settlement has, how sure that is, and why."""
    offer = media_type(request, query.get(FORMAT), [JSON, HTML])
    tongue = language(request, query.get(LANG))
    run = await run_of(request, query)
    kato = request.path_params["kato"]
    try:
        told = await to_thread.run_sync(explain, run, kato, tongue)
    except UnknownName:
        if offer != HTML:
            raise
        return await _missing(request, query, run, tongue, is_district=False)
    if offer == HTML:
        values = await page_values(request, query, run, tongue)
        gaps = run.table("gaps")
        geometry = gaps.geometry[gaps["kato"] == kato].iloc[0]
        districts = _districts(run, tongue)
        return await page_response(
            request,
            run,
            values,
            lambda: village_page(VillageContext(**values, told=told, districts=districts, geometry=geometry)),
        )
    return await _document(request, run, tongue, told)


async def district(request: Request, query: Query) -> Response:
    """A district's totals and its settlements, the worst gap first."""
    offer = media_type(request, query.get(FORMAT), [JSON, HTML])
    tongue = language(request, query.get(LANG))
    run = await run_of(request, query)
    kato = request.path_params["kato"]
    try:
        row, settlements = await to_thread.run_sync(district_rows, run, kato)
    except UnknownName:
        if offer != HTML:
            raise
        return await _missing(request, query, run, tongue, is_district=True)
    if offer == HTML:
        values = await page_values(request, query, run, tongue)
        districts = _districts(run, tongue)
        return await page_response(
            request,
            run,
            values,
            lambda: district_page(DistrictContext(**values, row=row, districts=districts, settlements=settlements)),
        )
    shown = [{name: value for name, value in of.items() if name != "geometry"} for of in settlements]
    return await _document(request, run, tongue, {**row, "members": shown})


async def _missing(request: Request, query: Query, run: LoadedRun, tongue: str, *, is_district: bool) -> Response:
    """The answer to a reader who asks for a code that the run does not know."""
    values = await page_values(request, query, run, tongue)
    page = missing_page(PageContext(**values), request.path_params["kato"], is_district=is_district)
    headers = {"Cache-Control": "no-store", "Vary": _VARY, "Content-Language": tongue, RUN_HEADER: run.id}
    return HTMLResponse(page, 404, headers)


async def _document(request: Request, run: LoadedRun, tongue: str, content: dict[str, Any]) -> Response:
    label = run.manifest.get("label")

    def make() -> bytes:
        return dump(
            {
                **content,
                "run": run.id,
                "scenario": run.manifest.get("scenario"),
                "label": in_language(label, tongue) if label else None,
                "credits": run.manifest.get("credits", []),
                "links": [
                    link("self", request_url(request), JSON, "This document"),
                    link(
                        "alternate",
                        with_parameters(request_url(request), {"f": "html"}),
                        HTML,
                        "This document as a page",
                    ),
                ],
            }
        )

    return await respond(
        request,
        make,
        media_type=JSON,
        version=f"{version_of(request, run)} {tongue}",
        vary=_VARY,
        headers={RUN_HEADER: run.id, "Content-Language": tongue},
    )


def _districts(run: LoadedRun, tongue: str) -> list[tuple[str, str, Any]]:
    """(KATO, name, geometry) of every district of a run."""
    table = run.table("districts")
    names = table[["name_kk", "name_ru", "name_en"]].to_dict("records")
    return [
        (kato, in_language({code: row[f"name_{code}"] for code in ("kk", "ru", "en")}, tongue) or kato, geometry)
        for kato, row, geometry in zip(table["kato"], names, table.geometry, strict=True)
    ]


OPERATIONS = (
    Operation(
        "/settlements/{kato}",
        "explainSettlement",
        settlement,
        "Why a settlement has the class and rank it has",
        "data",
        (LANG, RUN, FORMAT),
        {JSON: {"type": "object"}, HTML: {"type": "string"}},
    ),
    Operation(
        "/districts/{kato}",
        "describeDistrict",
        district,
        "A district's totals and its settlements, the worst gap first",
        "data",
        (LANG, RUN, FORMAT),
        {JSON: {"type": "object"}, HTML: {"type": "string"}},
    ),
)
