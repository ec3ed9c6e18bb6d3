"""What the pages of a run have in common: what they say about the run, and how they are answered."""

from collections.abc import Callable, Sequence
from typing import Any

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import Response

from api.errors import NoRun
from api.features.store import CURRENT, LoadedRun, RunStore
from api.operations.common import version_of
from api.operations.layout import in_language
from api.web.negotiation import HTML
from api.web.parameters import RUN, Query
from api.web.responses import respond
from api.web.state import RUN_HEADER, service_of
from geo.errors import RunDamaged, UnknownName
from geo.settings import get_settings
from maps.pages import Basemap


async def page_values(
    request: Request, query: Query, run: LoadedRun, tongue: str, *, state: Sequence[tuple[str, str]] = ()
) -> dict[str, Any]:
    """The fields of a `maps.pages.PageContext` that follow from the run and the service; `root` is left out."""
    manifest = run.manifest
    region = manifest["region"]
    west, south, east, north = region["bounds"]
    settings = get_settings()
    return {
        "language": tongue,
        "run_id": run.id,
        "run": query.get(RUN, service_of(request).run),
        "region_name": in_language(region["name"], tongue),
        "bounds": (west, south, east, north),
        "standard_title": in_language(manifest["standard"]["title"], tongue),
        "as_of": str(region.get("as_of") or ""),
        "scenario_label": label_of(run, tongue),
        "named_runs": await to_thread.run_sync(named_titles, service_of(request).store, tongue),
        "credits": tuple(str(credit) for credit in manifest.get("credits", ())),
        "state": tuple(state),
        "basemap": Basemap(settings.basemap_url, settings.basemap_attribution) if settings.basemap_url else None,
    }


async def page_response(
    request: Request,
    run: LoadedRun,
    values: dict[str, Any],
    make: Callable[[], str],
    *,
    version: str = "",
) -> Response:
    """Answer with a page of a run.

    Parameters
    ----------
    values
        As `page_values` gives them; the page's ETag depends on them.
    version
        What else the page depends on.
    """
    tongue, basemap = values["language"], values["basemap"]
    return await respond(
        request,
        lambda: make().encode(),
        media_type=HTML,
        version=f"{version_of(request, run)} {tongue} {values['named_runs']} {basemap} {version}",
        vary="Accept, Accept-Encoding, Accept-Language",
        headers={
            RUN_HEADER: run.id,
            "Content-Language": tongue,
        },
        slow=True,
    )


def label_of(run: LoadedRun, tongue: str) -> str | None:
    """The label of a scenario's run in a language; None for published evidence."""
    label = run.manifest.get("label")
    return in_language(label, tongue) if label else None


def named_titles(store: RunStore, tongue: str) -> tuple[tuple[str, str], ...]:
    """Names of runs and what each is called in a language; empty for the current one, which needs no label."""
    titles = []
    for name in store.named():
        try:
            manifest = store.manifest(name)
        except (NoRun, RunDamaged, UnknownName):
            continue  # reported by the store and by /runs
        label = in_language(manifest.get("label") or {}, tongue)
        titles.append((name, "" if name == CURRENT else label or name))
    return tuple(titles)


def district_names(run: LoadedRun, tongue: str) -> tuple[tuple[str, str], ...]:
    """(kato, name) of the districts in order of their names."""
    found = run.collections.get("districts")
    if found is None:
        return ()
    columns = {name: found.columns[name].jsonable() for name in ("kato", "name_kk", "name_ru", "name_en")}
    names = [
        (str(kato), in_language({"kk": kk, "ru": ru, "en": en}, tongue) or str(kato))
        for kato, kk, ru, en in zip(*columns.values(), strict=True)
    ]
    return tuple(sorted(names, key=lambda entry: entry[1]))
