"""The overview of a run: its settlements on a map of the districts, beside their table.

The same map serves three pages: the overview itself, a bare one to be placed into other sites (`embed_page`), and a
sheet of A4 (`print_page`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from geo.tables.words import ServiceClass
from maps import styles
from maps.figure import Bounds, CollectionLayer, DataFigure, RegionMap
from maps.i18n import Language, get_language
from maps.legend import class_keys, coverage_keys, share_keys
from maps.pages import PageContext, query_of, render_page

GAPS = "gaps"
"""Value of the class filter for every class but `served`."""

COLUMNS = {
    "district": "district_kato",
    "class": "service_class",
    "operator": "best_operator",
    "technology": "best_technology",
}
"""The filters of the page and the columns of the collections that they ask."""

DOWNLOADS = {"csv": "CSV", "xlsx": "Excel", "gpkg": "GeoPackage", "geojson": "GeoJSON"}
"""Formats that what is seen can be downloaded in, by their value of the parameter ``f``."""

PAPERS = ("landscape", "portrait")


@dataclass(frozen=True, kw_only=True)
class OverviewContext(PageContext):
    """What the overview needs beside: `summary` is the manifest's; `districts` are (kato, name) in the page's language.

    `technologies` are those with coverage areas; `best_operators` and `best_technologies` those that are some
    settlement's best. The filters that the page opens with are among `state`.
    """

    summary: Mapping[str, Any]
    districts: Sequence[tuple[str, str]] = ()
    technologies: Sequence[str] = ()
    best_operators: Sequence[str] = ()
    best_technologies: Sequence[str] = ()


def overview_page(context: OverviewContext) -> str:
    """The overview as HTML."""
    return _page("overview.html", context)


def embed_page(context: OverviewContext) -> str:
    """The map alone, to be framed by another site's page."""
    return _page("embed.html", context)


def print_page(context: OverviewContext, paper: str) -> str:
    """A sheet with the map and, on further ones, the table; `paper` is one of `PAPERS`."""
    papers = {name: {"query": query_of(context, paper=name), "current": name == paper} for name in PAPERS}
    layers = dict(context.state).get("layers", "").split(",")
    drawn = [name for name in context.technologies if f"coverage_{name}" in layers]
    return _page("print.html", replace(context, technologies=drawn), paper=paper, papers=papers)


def _page(template: str, context: OverviewContext, **values: Any) -> str:
    language = get_language(context.language)
    counts = {name: int(of["settlements"]) for name, of in context.summary.get("classes", {}).items()}
    chosen = dict(context.state)
    return render_page(
        template,
        context,
        place="overview",
        config={
            "figure": _figure(context.bounds, styles.in_order(context.technologies)).describe(),
            "columns": COLUMNS,
            "framed": template == "embed.html",
        },
        choices=_choices(context, language),
        chosen=chosen,
        chosen_words=_chosen_words(context, language),
        downloads=[
            {"format": name, "title": title, "href": _download(context, name)} for name, title in DOWNLOADS.items()
        ],
        embed=f"{context.root}embed/overview{query_of(context)}",
        hatches=coverage_keys(context.technologies, language),
        headline=_headline(context, language),
        overview=f"{context.root}maps/overview{query_of(context)}",
        print_address=f"{context.root}maps/print{query_of(context)}",
        shades=share_keys(language),
        symbols=class_keys(counts, language),
        **values,
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


def _choices(context: OverviewContext, language: Language) -> dict[str, list[tuple[str, str]]]:
    """What each filter can be set to: (value, title); a filter with nothing to choose is left out."""
    classes = [(GAPS, language.text("Without confirmed service"))]
    found = {
        "district": list(context.districts),
        "class": classes + [(str(name), language.service_class(name)) for name in styles.SYMBOLS],
        "technology": [(name, language.technology(name)) for name in styles.in_order(context.best_technologies)],
        "operator": [(name, language.operator(name)) for name in sorted(context.best_operators)],
    }
    return {name: values for name, values in found.items() if values}


def _chosen_words(context: OverviewContext, language: Language) -> list[str]:
    """What the page is narrowed to, in words."""
    chosen = dict(context.state)
    choices = _choices(context, language)
    return [dict(choices.get(name, ())).get(chosen[name], chosen[name]) for name in COLUMNS if name in chosen]


def _download(context: OverviewContext, name: str) -> str:
    """Address of the settlements seen, as a file; the worst gap first unless served ones are among them."""
    chosen = {key: value for key, value in context.state if key in COLUMNS}
    collection = "settlements" if chosen.get("class", "served") == "served" else "gaps"
    query = {"f": name, "run": context.run_id, "limit": "10000"}
    query |= {COLUMNS[key]: value for key, value in chosen.items() if (key, value) != ("class", GAPS)}
    return f"{context.root}collections/{collection}/items?{urlencode(query)}"


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
        figures = {
            "without": language.number(_rounded(without)),
            "people": language.number(people),
            "share": language.share(without / people),
        }
        if context.scenario_label is None:
            detail = language.text(
                "About {without} of {people} residents are expected to be without service ({share})", **figures
            )
        else:
            detail = language.text(
                "In this scenario about {without} of {people} residents would be without service ({share})", **figures
            )
    else:
        detail = language.text("How many residents are without service is not known: the data hold no population")
    return {"answer": answer, "detail": detail}


def _rounded(value: float) -> int:
    """An expectation to two figures (three above 1,000,000 would feign knowledge too)."""
    whole = round(value)
    digits = len(str(whole)) - 2
    return round(whole, -digits) if digits > 0 else whole
