"""Two runs side by side, and what changed from one to the other."""

from typing import Any

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import Response

from api.features.store import LoadedRun, RunStore
from api.operations.common import version_of
from api.operations.layout import in_language
from api.operations.map_parameters import AT, CHANGE, WITH, state_of
from api.operations.page_context import label_of, page_response, page_values
from api.web.negotiation import GEOJSON, HTML, language, media_type
from api.web.parameters import LANG, RUN, Query
from api.web.responses import respond
from api.web.state import RUN_HEADER, Operation, named_run, run_of, service_of
from geo.access.compare import compare
from geo.access.comparison_files import Level, to_geojson
from maps.comparison import ComparisonContext, Side, comparison_page

_STATE = (WITH, CHANGE, AT)
_CHOICES_MAX = 50


async def comparison(request: Request, query: Query) -> Response:
    """Two runs on maps that move together; without a second one, the named run that is not the first."""
    media_type(request, None, [HTML])
    tongue = language(request, query.get(LANG))
    run = await run_of(request, query)
    values = await page_values(request, query, run, tongue, state=state_of(query, _STATE))
    name = query.get(WITH) or _another(values["named_runs"], values["run"])
    other = None if name is None else await named_run(request, name)
    choices = await to_thread.run_sync(_choices, service_of(request).store, values["named_runs"], tongue)

    def make() -> str:
        context: dict[str, Any] = {**values, "choices": choices, "a": _side(run, values["run"], tongue)}
        if other is not None and name is not None:
            context |= {"b": _side(other, name, tongue), **_figures(run, other)}
            # what either run assumes holds for the page
            context["scenario_label"] = values["scenario_label"] or label_of(other, tongue)
            context["credits"] = tuple(dict.fromkeys([*values["credits"], *other.manifest.get("credits", ())]))
        return comparison_page(ComparisonContext(**context))

    return await page_response(
        request, run, values, make, version=f"{name} {'' if other is None else other.version} {choices}"
    )


async def changes(request: Request, query: Query) -> Response:
    """The settlements that differ between two runs, with what both say of them."""
    media_type(request, None, [GEOJSON])
    run = await run_of(request, query)
    other = await named_run(request, query.get(WITH, service_of(request).run))
    return await respond(
        request,
        lambda: to_geojson(compare(run.run, other.run), Level.SETTLEMENT),
        media_type=GEOJSON,
        version=f"{version_of(request, run)} {other.version}",
        headers={RUN_HEADER: run.id},
        slow=True,
    )


def _another(named: tuple[tuple[str, str], ...], name: str) -> str | None:
    return next((other for other, _ in named if other != name), None)


def _choices(store: RunStore, named: tuple[tuple[str, str], ...], tongue: str) -> tuple[tuple[str, str], ...]:
    """The named runs, then the newest others."""
    ids = set(store.named().values())
    others = [run for run in store.workspace.runs() if run.id not in ids][:_CHOICES_MAX]
    return (
        *named,
        *(
            (run.id, " · ".join(filter(None, (run.id, in_language(run.manifest.get("label") or {}, tongue)))))
            for run in others
        ),
    )


def _side(run: LoadedRun, name: str, tongue: str) -> Side:
    manifest = run.manifest
    classes = manifest["summary"].get("classes", {})
    return Side(
        name=name,
        run_id=run.id,
        title=label_of(run, tongue) or "",
        standard=in_language(manifest["standard"]["title"], tongue),
        label=label_of(run, tongue),
        counts={str(key): int(value["settlements"]) for key, value in classes.items()},
    )


def _figures(run: LoadedRun, other: LoadedRun) -> dict[str, Any]:
    found = compare(run.run, other.run)
    districts = found.districts.drop(columns="geometry").astype(object)
    return {
        "premises": tuple((premise.name, premise.a, premise.b) for premise in found.premises),
        "districts": districts.where(districts.notna(), None).to_dict("records"),
        "overall": found.overall,
        "changes": {str(key): int(count) for key, count in found.settlements["change"].value_counts().items()},
    }


OPERATIONS = (
    Operation(
        "/maps/compare",
        "getComparison",
        comparison,
        "Two runs side by side",
        "maps",
        (LANG, RUN, *_STATE),
        {HTML: {"type": "string"}},
    ),
    Operation(
        "/maps/compare/changes",
        "getChanges",
        changes,
        "What changed from one run to another",
        "maps",
        (RUN, WITH),
        {GEOJSON: {"type": "object"}},
    ),
)
