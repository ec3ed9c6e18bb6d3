"""Pages of operators and technologies: the list, one page for each, and the data behind it."""

from dataclasses import replace
from typing import Any
from urllib.parse import quote, urlencode

import pandas as pd
import pyarrow as pa
from starlette.requests import Request
from starlette.responses import Response

from api.errors import BadParameter
from api.exports.delimited import BYTE_ORDER_MARK, csv_bytes
from api.exports.formats import CSV
from api.exports.spreadsheets import for_spreadsheets
from api.features.store import LoadedRun
from api.operations.common import run_members, version_of
from api.operations.exports import attachment
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
from api.operations.page_context import district_names, label_of, page_response, page_values
from api.tiles.signal import signal_layers
from api.web.negotiation import HTML, JSON, language, media_type
from api.web.parameters import FORMAT, LANG, RUN, Query
from api.web.responses import dump, respond
from api.web.state import RUN_HEADER, Operation, run_of
from geo.access.offers import offers, reach_of
from maps.coverage import CoverageContext, OffersContext, SignalTiles, coverage_page, offers_page
from maps.signal import LegendPart

_STATE = (COVERAGE_OPERATOR, COVERAGE_TECHNOLOGY, DISTRICT, REACH, SEARCH, PLACE, LAYERS, AT)
_VARY = "Accept, Accept-Encoding"
_PLACE_COLUMNS = ("kato", "name_kk", "name_ru", "name_en", "district_kato", "population", "population_basis")


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
        return coverage_page(
            CoverageContext(
                **known,
                operator=operator,
                technology=technology,
                districts=districts,
                signal=_signal_tiles(run, operator, technology),
            )
        )

    return await page_response(request, run, values, make)


async def reach(request: Request, query: Query) -> Response:
    """What an operator's technology gives each settlement: column by column, or as a table to keep."""
    offer = media_type(request, query.get(FORMAT), [JSON, CSV.media_type])
    chosen = _chosen(query)
    if chosen is None:
        raise BadParameter("operator", "is missing", "Needed: operator and technology")
    run = await run_of(request, query)
    headers = {RUN_HEADER: run.id}

    def make() -> bytes:
        table = _narrowed(reach_of(run.run, *chosen), run, query)
        if offer == CSV.media_type:
            return _as_csv(table, run, *chosen)
        table = table.astype(object)
        columns = {str(name): table[name].where(table[name].notna(), None).tolist() for name in table.columns}
        return dump({**run_members(run), "operator": chosen[0], "technology": chosen[1], "columns": columns})

    if offer == CSV.media_type:
        headers["Content-Disposition"] = attachment(f"reach-{run.id}{CSV.suffix}")
    return await respond(
        request, make, media_type=offer, version=version_of(request, run), vary=_VARY, headers=headers, slow=True
    )


def _narrowed(reach: pd.DataFrame, run: LoadedRun, query: Query) -> pd.DataFrame:
    """The rows of a district and of a reach, where the request names them."""
    district, wanted = query.get(DISTRICT), query.get(REACH)
    if district:
        # both are in the order of table gaps
        reach = reach[(run.table("gaps")["district_kato"] == district).to_numpy()]
    return reach[reach["reach"] == wanted] if wanted else reach


def _as_csv(reach: pd.DataFrame, run: LoadedRun, operator: str, technology: str) -> bytes:
    """A table for spreadsheets: which place, what is given there, and what the figures are of."""
    places = run.table("gaps").loc[reach.index, list(_PLACE_COLUMNS)]
    manifest = run.manifest
    constants = {
        "operator": operator,
        "technology": technology,
        "run": run.id,
        "scenario": manifest.get("scenario"),
        "label": label_of(run, "en"),
        "credits": "; ".join(str(credit) for credit in manifest.get("credits", ())),
    }
    columns = {
        **{str(name): pa.Array.from_pandas(places[name]) for name in places},
        **{str(name): pa.Array.from_pandas(reach[name]) for name in reach if name != "kato"},
        **{name: pa.repeat(pa.scalar(text, pa.string()), len(reach)) for name, text in constants.items()},
    }
    return BYTE_ORDER_MARK + csv_bytes(for_spreadsheets(pa.RecordBatch.from_pydict(columns)))


def _signal_tiles(run: LoadedRun, operator: str, technology: str) -> SignalTiles | None:
    """Where the tiles of an operator's signal rasters are; None where the run has none of them."""
    for layer in signal_layers(run.manifest).values():
        if (layer.operator, layer.technology) == (operator, technology):
            west, south, east, north = layer.bounds
            return SignalTiles(
                path=f"signal/{quote(layer.slug)}/{quote(technology)}/tiles/WebMercatorQuad/{{z}}/{{y}}/{{x}}?"
                + urlencode({"run": run.id}),
                bounds=(west, south, east, north),
                zoom_max=layer.matrix_max,
                legend=LegendPart(technology, layer.threshold_dbm, layer.marks),
            )
    return None


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
        (
            RUN,
            replace(COVERAGE_OPERATOR, required=True),
            replace(COVERAGE_TECHNOLOGY, required=True),
            DISTRICT,
            REACH,
            FORMAT,
        ),
        {JSON: {"type": "object"}, CSV.media_type: {"type": "string"}},
    ),
)
