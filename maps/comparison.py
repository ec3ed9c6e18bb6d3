"""Two runs side by side: what changed from the first to the second, on two maps that move together and in tables."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from maps import styles
from maps.figure import CollectionLayer, DataFigure, RegionMap
from maps.i18n import Language, get_language
from maps.legend import class_keys, share_keys
from maps.pages import PUBLISHED, PageContext, render_page

CHANGE_WORDS = {
    "lost": "Lost service",
    "gained": "Gained service",
    "no_longer_known": "No longer known",
    "now_known": "Now known",
    "class": "Other class of service",
    "appeared": "Only in the second",
    "disappeared": "Only in the first",
    "figures": "Only figures changed",
}
"""Messages for what happened to a settlement, in the order of the table."""


@dataclass(frozen=True)
class Side:
    """One of the two runs: `name` as asked for; `title`, `standard` and a scenario's `label` in the page's language."""

    name: str
    run_id: str
    title: str
    standard: str
    label: str | None
    counts: Mapping[str, int]


@dataclass(frozen=True, kw_only=True)
class ComparisonContext(PageContext):
    """What the page needs beside: the runs that there are to choose from, and, once two are chosen, the comparison.

    `choices` are (name, title); `premises` (name, value in a, value in b) of what the runs rest on and what differs;
    `districts` the rows and `overall` the totals of `geo.access.compare.Comparison`; `changes` how many settlements
    each change befell.
    """

    choices: Sequence[tuple[str, str]]
    a: Side
    b: Side | None = None
    premises: Sequence[tuple[str, Any, Any]] = ()
    districts: Sequence[Mapping[str, Any]] = ()
    overall: Mapping[str, float] | None = None
    changes: Mapping[str, int] | None = None


def comparison_page(context: ComparisonContext) -> str:
    """The page as HTML; where there is no second run it says so."""
    language = get_language(context.language)
    both = context.b is not None
    return render_page(
        "compare.html",
        context,
        place="compare",
        config=_config(context, language) if both else None,
        choices=[(name, title or language.text("Published evidence")) for name, title in context.choices],
        sides=[_side(side, letter, language) for letter, side in (("a", context.a), ("b", context.b)) if side],
        headline=_headline(context, language),
        totals=_totals(context, language),
        districts=[_district(row, language) for row in context.districts],
        changes=_changes(context, language),
        premises=[(name, _shown(a, language), _shown(b, language)) for name, a, b in context.premises],
        symbols=class_keys({}, language),
        shades=share_keys(language),
        hatches=[],
    )


def _config(context: ComparisonContext, language: Language) -> dict[str, Any]:
    figure = DataFigure()
    region = RegionMap(context.bounds)
    figure.add_child(region)
    region.add_child(CollectionLayer("districts", "districts"))
    region.add_child(CollectionLayer("settlements", "settlements"))
    runs = [side.run_id for side in (context.a, context.b) if side]
    return {
        "figure": figure.describe(),
        "runs": runs,
        "names": [context.a.name, context.b.name if context.b else ""],
        "changes": {name: language.text(message) for name, message in CHANGE_WORDS.items()},
    }


def _side(side: Side, letter: str, language: Language) -> dict[str, Any]:
    title = side.title or (language.text("Published evidence") if side.name == PUBLISHED else side.name)
    return {"letter": letter, "name": side.name, "title": title, "standard": side.standard, "label": side.label}


def _headline(context: ComparisonContext, language: Language) -> dict[str, str]:
    if context.b is None or context.overall is None:
        return {
            "answer": language.text("Choose two runs to compare"),
            "detail": language.text(
                "There is only one run so far: a second one is made by another analysis or scenario"
            ),
        }
    figures = {name: language.number(int(context.overall[name])) for name in ("gained", "lost", "gaps_a", "gaps_b")}
    return {
        "answer": language.text("Settlements that gain service: {gained}; that lose it: {lost}", **figures),
        "detail": language.text(
            "Without confirmed service: {gaps_a} in the first run, {gaps_b} in the second", **figures
        ),
    }


def _totals(context: ComparisonContext, language: Language) -> list[dict[str, str]]:
    if context.overall is None:
        return []
    names = {
        "gaps": language.text("Without confirmed service"),
        "unknown": language.text("Not known"),
        "people_without": language.text("Expected without service"),
    }
    return [
        {
            "name": title,
            "a": language.whole(context.overall[f"{name}_a"]),
            "b": language.whole(context.overall[f"{name}_b"]),
            "change": language.change(round(context.overall[f"{name}_b"]) - round(context.overall[f"{name}_a"])),
        }
        for name, title in names.items()
    ]


def _district(row: Mapping[str, Any], language: Language) -> dict[str, Any]:
    without_a, without_b = round(row["people_without_a"]), round(row["people_without_b"])
    return {
        "kato": row["kato"],
        "name": language.name(row) or language.text("Without a district"),
        "gained": language.number(row["gained"]),
        "lost": language.number(row["lost"]),
        "gaps_a": language.number(row["gaps_a"]),
        "gaps_b": language.number(row["gaps_b"]),
        "unknown_a": language.number(row["unknown_a"]),
        "unknown_b": language.number(row["unknown_b"]),
        "without_a": language.number(without_a),
        "without_b": language.number(without_b),
        "change": language.change(without_b - without_a),
    }


def _changes(context: ComparisonContext, language: Language) -> list[dict[str, Any]]:
    found = context.changes or {}
    return [
        {
            "name": name,
            "title": language.text(message),
            "count": language.number(found[name]),
            "symbol": styles.CHANGE_SYMBOLS[name],
        }
        for name, message in CHANGE_WORDS.items()
        if found.get(name)
    ]


def _shown(value: Any, language: Language) -> str:
    if value is None:
        return "–"
    if isinstance(value, int | float) and not isinstance(value, bool):
        return language.number(value)
    return str(value)
