"""One operator's technology: its coverage areas and what it gives each settlement; and the list of all of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from maps import styles
from maps.figure import Bounds, CollectionLayer, DataFigure, RegionMap
from maps.i18n import Language, capitalised, get_language
from maps.legend import coverage_keys
from maps.pages import PageContext, render_page
from maps.signal import LegendPart, legend_keys

REACH_WORDS = {
    "reached": "Meets the standard",
    "doubtful": "Doubtful",
    "missed": "Does not meet it",
    "unknown": "Not known",
}
"""Messages for what an operator's technology gives a settlement."""


COLUMNS = {"district": "district_kato", "reach": "reach"}
"""The filters of an operator's page and the properties that they ask."""


@dataclass(frozen=True, kw_only=True)
class OffersContext(PageContext):
    """What the list needs: `offers` are the rows of `geo.access.offers.offers`; `settlements` is how many there are."""

    offers: Sequence[Mapping[str, Any]]
    settlements: int
    population: int
    confidence: float


@dataclass(frozen=True, kw_only=True)
class SignalTiles:
    """Tiles of an offer's signal level: `path` leads from the root of the service and names ``{z}``, ``{y}``, ``{x}``;
    there are none outside `bounds` and none finer than `zoom_max`."""

    path: str
    bounds: Bounds
    zoom_max: int
    legend: LegendPart


@dataclass(frozen=True, kw_only=True)
class CoverageContext(OffersContext):
    """What one operator's page needs beside: which offer it is about, the districts as (kato, name), and its signal
    level, None where the run holds no rasters of it."""

    operator: str
    technology: str
    districts: Sequence[tuple[str, str]] = ()
    signal: SignalTiles | None = None


def offers_page(context: OffersContext) -> str:
    """The list of operators and technologies as HTML."""
    language = get_language(context.language)
    return render_page(
        "offers.html",
        context,
        place="coverage",
        offers=[_row(context, offer, language) for offer in context.offers],
        hatches=[],
        confidence=language.share(context.confidence),
    )


def coverage_page(context: CoverageContext) -> str:
    """The page of one operator and technology as HTML; also where the run knows nothing of them."""
    language = get_language(context.language)
    found = [o for o in context.offers if (o["operator"], o["technology"]) == (context.operator, context.technology)]
    areas = [context.technology] if found and found[0]["areas"] else []
    return render_page(
        "coverage.html",
        context,
        place="coverage",
        config={
            "figure": _figure(context, areas).describe(),
            "operator": context.operator,
            "technology": context.technology,
            "columns": COLUMNS,
            "reach": {name: language.text(message) for name, message in REACH_WORDS.items()},
            "signal": _tiles(context.signal),
        },
        choices={
            "district": list(context.districts),
            "reach": [(name, language.text(message)) for name, message in REACH_WORDS.items()],
        },
        chosen=dict(context.state),
        name=_name(context.operator, context.technology, language),
        offer=_row(context, found[0], language) if found else None,
        offers=[_row(context, offer, language) for offer in context.offers],
        index=_address(context, {}),
        hatches=coverage_keys(areas, language),
        signal=None if context.signal is None else legend_keys(context.signal.legend, language),
        downloads=_downloads(context, bool(areas)),
        symbols=_keys(found[0] if found else None, context.settlements, language),
        confidence=language.share(context.confidence),
    )


def _figure(context: CoverageContext, areas: Sequence[str]) -> DataFigure:
    figure = DataFigure()
    region = RegionMap(context.bounds)
    figure.add_child(region)
    region.add_child(CollectionLayer("districts", "districts"))
    for technology in areas:
        query = {"technology": technology, "operator": context.operator}
        region.add_child(CollectionLayer("coverage", "coverage", query=query))
    region.add_child(CollectionLayer("settlements", "settlements"))
    return figure


def _tiles(signal: SignalTiles | None) -> dict[str, Any] | None:
    """The tiles as the page's scripts read them."""
    if signal is None:
        return None
    west, south, east, north = signal.bounds
    return {"path": signal.path, "bounds": [[south, west], [north, east]], "zoom": signal.zoom_max}


def _downloads(context: CoverageContext, has_areas: bool) -> dict[str, Any]:
    """Addresses of what is seen as files: the settlements that the filter leaves, and the coverage areas."""
    offer = {"run": context.run_id, "operator": context.operator, "technology": context.technology}
    chosen = {key: value for key, value in context.state if key in COLUMNS}
    areas = [
        {
            "title": title,
            "href": f"{context.root}collections/coverage/items?{urlencode({'f': form, 'limit': '10000', **offer})}",
        }
        for form, title in (("geojson", "GeoJSON"), ("gpkg", "GeoPackage"))
    ]
    return {
        "table": f"{context.root}maps/coverage/reach?{urlencode({'f': 'csv', **offer, **chosen})}",
        "areas": areas if has_areas else [],
    }


def _row(context: OffersContext, offer: Mapping[str, Any], language: Language) -> dict[str, Any]:
    operator, technology = str(offer["operator"]), str(offer["technology"])
    people = int(offer["people"])
    return {
        "operator": language.operator(operator),
        "technology": language.technology(technology),
        "href": _address(context, {"operator": operator, "technology": technology}),
        "current": isinstance(context, CoverageContext)
        and (operator, technology) == (context.operator, context.technology),
        "settlements": language.number(int(offer["settlements"])),
        "total": language.number(context.settlements),
        "people": language.number(people),
        "share": language.share(people / context.population) if context.population else None,
        "doubtful": language.number(int(offer["doubtful"])),
        "missed": language.number(int(offer["missed"])),
        "unknown": language.number(int(offer["unknown"])),
        "areas": bool(offer["areas"]),
        "residents": _residents(context, people, language),
        "headline": _headline(context, offer, language),
    }


def _residents(context: OffersContext, people: int, language: Language) -> str:
    """How many people live in the places reached; empty where nobody's number is known."""
    if not context.population:
        return ""
    figures = {"people": language.number(people), "share": language.share(people / context.population)}
    return language.texts("{people} resident, {share} of all", "{people} residents, {share} of all", people, **figures)


def _headline(context: OffersContext, offer: Mapping[str, Any], language: Language) -> str:
    total = context.settlements
    figures = {"reached": language.number(int(offer["settlements"])), "total": language.number(total)}
    if context.scenario_label is None:
        return language.texts(
            "Meets the standard in {reached} of {total} settlement",
            "Meets the standard in {reached} of {total} settlements",
            total,
            **figures,
        )
    return language.texts(
        "In this scenario it would meet the standard in {reached} of {total} settlement",
        "In this scenario it would meet the standard in {reached} of {total} settlements",
        total,
        **figures,
    )


def _keys(offer: Mapping[str, Any] | None, settlements: int, language: Language) -> list[dict[str, Any]]:
    counts = {"unknown": settlements} if offer is None else {**offer, "reached": offer["settlements"]}
    return [
        {
            "name": name,
            "symbol": symbol,
            "title": language.text(REACH_WORDS[name]),
            "count": language.number(int(counts.get(name, 0))),
        }
        for name, symbol in styles.REACH_SYMBOLS.items()
    ]


def _name(operator: str, technology: str, language: Language) -> str:
    return f"{capitalised(language.operator(operator))} · {language.technology(technology)}"


def _address(context: PageContext, query: Mapping[str, str]) -> str:
    return "?" + urlencode({"lang": context.language, "run": context.run, **query})
