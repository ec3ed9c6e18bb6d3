"""Pages for people: the overview map and the files that pages need."""

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import Response

from api.errors import NoRun
from api.features.store import CURRENT, LoadedRun, RunStore
from api.operations.common import version_of
from api.operations.layout import in_language
from api.web.negotiation import HTML, language, media_type
from api.web.parameters import LANG, RUN, VERSION, Query
from api.web.responses import REVALIDATE, respond
from api.web.state import RUN_HEADER, Operation, run_of, service_of
from geo.errors import RunDamaged, UnknownName
from maps.overview import OverviewContext, overview_page

FOREVER = "public, max-age=31536000, immutable"
"""Cache-Control of a file whose address changes with its content."""


async def overview(request: Request, query: Query) -> Response:
    """The overview map of a run."""
    media_type(request, None, [HTML])
    tongue = language(request, query.get(LANG))
    run = await run_of(request, query)
    store = service_of(request).store
    names = await to_thread.run_sync(named_titles, store, tongue)
    context = _overview_context(run, query.get(RUN, service_of(request).run), tongue, names)
    return await respond(
        request,
        lambda: overview_page(context).encode(),
        media_type=HTML,
        version=f"{version_of(request, run)} {tongue} {names}",
        vary="Accept, Accept-Encoding, Accept-Language",
        headers={RUN_HEADER: run.id, "Content-Language": tongue},
        slow=True,
    )


async def asset(request: Request, query: Query) -> Response:
    """A script, style or picture of the pages."""
    found = service_of(request).assets.find(request.path_params["file"])
    return await respond(
        request,
        lambda: found.content,
        media_type=found.media_type,
        version=found.digest,
        vary="Accept-Encoding",
        cache=FOREVER if query.get(VERSION) else REVALIDATE,
    )


def _overview_context(run: LoadedRun, name: str, tongue: str, names: tuple[tuple[str, str], ...]) -> OverviewContext:
    manifest = run.manifest
    region = manifest["region"]
    coverage = run.collections.get("coverage")
    technologies = set() if coverage is None else set(coverage.columns["technology"].jsonable())
    west, south, east, north = region["bounds"]
    return OverviewContext(
        language=tongue,
        run_id=run.id,
        run=name,
        region_name=in_language(region["name"], tongue),
        bounds=(west, south, east, north),
        summary=manifest["summary"],
        standard_title=in_language(manifest["standard"]["title"], tongue),
        as_of=str(region.get("as_of") or ""),
        scenario_label=in_language(manifest["label"], tongue) if manifest.get("label") else None,
        named_runs=names,
        credits=tuple(str(credit) for credit in manifest.get("credits", ())),
        technologies=tuple(sorted(technologies)),
    )


def named_titles(store: RunStore, tongue: str) -> tuple[tuple[str, str], ...]:
    """Names of runs and what each is called in a language; empty for the current one, which needs no label."""
    titles = []
    for name in store.named():
        try:
            label = store.manifest(name).get("label")
        except (NoRun, RunDamaged, UnknownName):
            continue
        titles.append((name, in_language(label, tongue) if label else "" if name == CURRENT else name))
    return tuple(titles)


OPERATIONS = (
    Operation(
        "/maps/overview", "getOverview", overview, "The overview map", "maps", (LANG, RUN), {HTML: {"type": "string"}}
    ),
    Operation(
        "/maps/assets/{file}",
        "getAsset",
        asset,
        "A file that the pages need",
        "maps",
        (VERSION,),
        {"*/*": {"type": "string", "format": "binary"}},
        refusals=(400,),
    ),
)
