"""The overview page of a region: ranked gaps on a map of its districts, beside their table.

The page holds no data: its scripts fetch the collections of the run by relative addresses, so that it works under any
prefix. Everything is pinned to the run's id, also where ``current`` was asked for: what a reader sees on one page comes
from one run.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise
from typing import Any
from urllib.parse import urlencode

from jinja2 import Environment, PackageLoader, StrictUndefined
from jinja2.utils import htmlsafe_json_dumps
from markupsafe import Markup

from geo.tables.words import ServiceClass
from maps import styles
from maps.figure import Bounds, CollectionLayer, DataFigure, RegionMap
from maps.i18n import LANGUAGES, Language, get_language

PUBLISHED = "current"
"""Name of the run of published evidence."""


@dataclass(frozen=True)
class OverviewContext:
    """What the page needs to know of a run; the rest it fetches.

    `run` is the run as it was asked for (``current``, a scenario's name or an id), `run_id` the id it stands for.
    `named_runs` are (name, title) of the runs to switch between; an empty title for ``current`` is filled in.
    `summary` is the manifest's. `root` leads from the page's address to the root of the service.
    """

    language: str
    run_id: str
    run: str
    region_name: str
    bounds: Bounds
    summary: Mapping[str, Any]
    standard_title: str
    as_of: str
    scenario_label: str | None = None
    named_runs: Sequence[tuple[str, str]] = ()
    credits: Sequence[str] = ()
    technologies: Sequence[str] = field(default=())
    root: str = "../"


def overview_page(context: OverviewContext) -> str:
    """The page as HTML; the same context makes the same text.

    Raises
    ------
    UnknownName
        The language is not one of `maps.i18n.LANGUAGES`.
    """
    language = get_language(context.language)
    technologies = styles.in_order(context.technologies)
    config = {
        "figure": _figure(context.bounds, technologies).describe(),
        "root": context.root,
        "run": context.run_id,
        "scenario": context.scenario_label is not None,
        "speech": language.for_browser(),
        "styles": styles.as_data(),
    }
    return (
        _templates()
        .get_template("overview.html")
        .render(
            config=_json(config),
            context=context,
            headline=_headline(context, language),
            hatches=[(name, language.technology(name), styles.hatch(name)) for name in technologies],
            language=language,
            languages=[
                {"code": code, "name": name, "query": _query(code, context.run), "current": code == context.language}
                for code, name in LANGUAGES.items()
            ],
            runs=_runs(context, language),
            shades=_shades(language),
            styles=styles,
            symbols=_legend(context, language),
            t=language.text,
        )
    )


def _figure(bounds: Bounds, technologies: Sequence[str]) -> DataFigure:
    figure = DataFigure()
    region = RegionMap(bounds)
    figure.add_child(region)
    region.add_child(CollectionLayer("districts", "districts"))
    for technology in technologies:
        region.add_child(CollectionLayer("coverage", "coverage", query={"technology": technology}, show=False))
    region.add_child(CollectionLayer("settlements", "settlements"))
    return figure


def _headline(context: OverviewContext, language: Language) -> dict[str, str]:
    summary = context.summary
    total = int(summary["settlements"])
    served = int(summary.get("classes", {}).get(ServiceClass.SERVED, {}).get("settlements", 0))
    people, without = summary.get("population") or 0, summary.get("people_without") or 0
    if context.scenario_label is None:
        answer = language.texts(
            "{gaps} of {total} settlement is not known to be served",
            "{gaps} of {total} settlements are not known to be served",
            total,
            gaps=language.number(total - served),
            total=language.number(total),
        )
    else:
        answer = language.texts(
            "In this scenario {gaps} of {total} settlement would be without confirmed service",
            "In this scenario {gaps} of {total} settlements would be without confirmed service",
            total,
            gaps=language.number(total - served),
            total=language.number(total),
        )
    if people:
        detail = language.text(
            "About {without} of {people} residents are expected to be without service ({share})",
            without=language.number(_rounded(without)),
            people=language.number(people),
            share=language.share(without / people),
        )
    else:
        detail = language.text("How many residents are without service is not known: the data hold no population")
    return {"answer": answer, "detail": detail}


def _rounded(value: float) -> int:
    """An expectation to two figures (three above 1,000,000 would feign knowledge too)."""
    whole = round(value)
    digits = len(str(whole)) - 2
    return round(whole, -digits) if digits > 0 else whole


def _runs(context: OverviewContext, language: Language) -> list[dict[str, Any]]:
    return [
        {
            "title": title or (language.text("Published evidence") if name == PUBLISHED else name),
            "query": _query(context.language, name),
            "current": name == context.run,
            "scenario": name != PUBLISHED,
        }
        for name, title in context.named_runs
    ]


def _shades(language: Language) -> list[dict[str, str]]:
    breaks = [language.share(value) for value in styles.SHARE_BREAKS]
    names = [
        language.text("under {share}", share=breaks[0]),
        *(f"{low.rstrip('%').strip()}–{high}" for low, high in pairwise(breaks)),
        language.text("{share} and more", share=breaks[-1]),
    ]
    return [{"fill": fill, "name": name} for fill, name in zip(styles.SHARE_RAMP, names, strict=True)]


def _legend(context: OverviewContext, language: Language) -> list[dict[str, Any]]:
    classes = context.summary.get("classes", {})
    return [
        {
            "class": str(name),
            "symbol": symbol,
            "name": language.service_class(name),
            "count": language.number(int(classes.get(name, {}).get("settlements", 0))),
        }
        for name, symbol in styles.SYMBOLS.items()
    ]


def _query(language: str, run: str) -> str:
    return "?" + urlencode({"lang": language, "run": run})


def _json(value: Any) -> Markup:
    """JSON that is safe inside a script element: no ``<``, ``>``, ``&`` or ``'``."""
    return htmlsafe_json_dumps(
        value, dumps=json.dumps, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False
    )


@cache
def _templates() -> Environment:
    return Environment(
        loader=PackageLoader("maps"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
