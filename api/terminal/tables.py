"""Tables and sentences for the terminal. Text of the data is printed as it is, never as markup."""

import sys
import unicodedata
from typing import Any

import geopandas as gpd
import pandas as pd
from rich import box
from rich.console import Console, JustifyMethod
from rich.table import Table
from rich.text import Text

from geo.access.words import CLASS_TEXTS
from geo.i18n import text
from geo.tables.words import ServiceClass
from geo.workspace import Run

_WIDTH_OF_A_PIPE = 140
_WIDTH_OF_ALL_COLUMNS = 110


_GAP_COLUMNS: tuple[tuple[str, JustifyMethod, bool], ...] = (
    ("rank", "right", True),
    ("5–95 %", "right", True),
    ("kato", "left", True),
    ("settlement", "left", True),
    ("district", "left", False),
    ("class", "left", True),
    ("people", "right", True),
    ("P served", "right", False),
    ("without", "right", True),
    ("km to served", "right", False),
    ("score", "right", True),
)
"""Heading, alignment, and whether the column is shown on a narrow terminal too."""


def make_console() -> Console:
    """The console for results: as wide as the terminal, and wide enough for a table where there is none."""
    return Console() if sys.stdout.isatty() else Console(width=_WIDTH_OF_A_PIPE)


def plain_text(value: object) -> Text:
    """User text without control characters, so that it cannot move the cursor or colour the screen."""
    return Text("".join("�" if unicodedata.category(c).startswith("C") else c for c in str(value)))


def _number(value: Any, digits: int = 0) -> str:
    return "–" if pd.isna(value) else f"{value:,.{digits}f}"


def print_label(run: Run, console: Console, language: str) -> None:
    """Say in one line that a scenario is one; nothing for evidence."""
    if run.manifest["label"]:
        console.print(Text(run.manifest["label"][language], style="bold yellow"))


def print_summary(run: Run, console: Console, language: str) -> None:
    """Classes with settlements and people, and the sentence that matters."""
    summary, region = run.manifest["summary"], run.manifest["region"]
    print_label(run, console, language)
    title = f"{region['name'][language]}: service of {summary['settlements']} settlements"
    table = Table("class", title=title, title_justify="left", box=box.SIMPLE_HEAD)
    for column in ("settlements", "residents", "expected without service"):
        table.add_column(column, justify="right")
    rows = [(text(CLASS_TEXTS[c], language), summary["classes"][c]) for c in ServiceClass]
    for name, totals in [*rows, ("all", summary)]:
        table.add_row(
            name, _number(totals["settlements"]), _number(totals["population"]), _number(totals["people_without"])
        )
    console.print(table)
    notes = []
    if summary["without_position"]:
        notes.append(f"{summary['without_position']} settlements have no known position")
    if summary["population_unknown"]:
        notes.append(f"{summary['population_unknown']} have no known population and are in no sum of people")
    notes += _notes_on_given(summary)
    if notes:
        console.print("; ".join(notes) + ".")
    if run.manifest.get("model"):
        _print_model(run.manifest["model"], console)
    console.print(f"Standard: {run.manifest['standard']['title'][language]}. Run: {run.id}", highlight=False)


def _notes_on_given(summary: dict[str, Any]) -> list[str]:
    """What measurements, facilities and roads came to, of those that the run was given."""
    notes = []
    if "measurements" in summary:
        near = f"near {_number(summary['settlements_tested'])} settlements"
        notes.append(f"{_number(summary['measurements'])} measurements, {near}")
    if "facilities" in summary:
        placed = f"{_number(summary['facilities_placed'])} of {_number(summary['facilities'])} facilities"
        without = f"{_number(summary['institutions_without'], 1)} of them expected to be without internet"
        notes.append(f"{placed} are public institutions of a settlement, {without}")
    if "road_km" in summary:
        notes.append(f"{_number(summary['road_km'])} km of roads")
    return notes


def _print_model(model: dict[str, Any], console: Console) -> None:
    """What the levels were modelled over, and what had to be assumed."""
    paths = f"{model['paths_terrain']} paths over {model['terrain']}"
    if model["resolution_m"]:
        paths += f" ({model['resolution_m']} m)"
    others = f"{model['paths_smooth_earth']} over smooth earth, {model['paths_free_space']} nearer than 0.25 km"
    console.print(plain_text(f"Modelled by ITU-R P.1812-8: {paths}, {others} in free space."))
    for note in model["notes"]:
        console.print(plain_text(f"  • {note}"))


def print_gaps(gaps: gpd.GeoDataFrame, run: Run, console: Console, language: str) -> None:
    """The gap list, the worst first. ``~`` marks an estimated population."""
    print_label(run, console, language)
    if gaps.empty:
        console.print("No gaps match.")
        return
    districts = run.table("districts").set_index("kato")[f"name_{language}"]
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    all_columns = console.width >= _WIDTH_OF_ALL_COLUMNS
    for name, justify, always in _GAP_COLUMNS:
        if always or all_columns:
            table.add_column(name, justify=justify, no_wrap=True)
    for row in gaps.itertuples(index=False):
        estimated = "~" if row.population_basis == "estimate" else ""
        cells = (
            _number(row.rank),
            "–" if pd.isna(row.rank_low) else f"{row.rank_low}–{row.rank_high}",
            row.kato,
            plain_text(getattr(row, f"name_{language}")),
            plain_text(districts.get(row.district_kato, "–")),
            text(CLASS_TEXTS[row.service_class], language),
            estimated + _number(row.population),
            _number(row.probability_served, 2),
            _number(row.people_without),
            _number(row.nearest_served_km, 1),
            _number(row.score, 1),
        )
        shown = zip(cells, _GAP_COLUMNS, strict=True)
        table.add_row(*(cell for cell, (_, _, always) in shown if always or all_columns))
    console.print(table)
    console.print(
        "~ estimated population; 5–95 % is the interval of the rank; km to the nearest place known to be served."
    )


def print_explanation(explanation: dict[str, Any], console: Console) -> None:
    """One settlement in words."""
    people = explanation["population"]
    if explanation["label"]:
        console.print(Text(explanation["label"], style="bold yellow"))
    console.print(
        plain_text(f"{explanation['name']} ({explanation['kato']}): {explanation['service_class_text']}"), style="bold"
    )
    count = _number(people["people"])
    if people["low"] is not None and people["low"] != people["high"]:
        count += f" ({_number(people['low'])}–{_number(people['high'])})"
    console.print(f"people {count}, {people['basis_text'] or '–'} {people['date'] or ''}".rstrip(), highlight=False)
    found = f"P served {_number(explanation['probability_served'], 2)}, score {_number(explanation['score'], 1)}"
    if pd.notna(explanation["rank"]):
        interval = f"{_number(explanation['rank_low'])}–{_number(explanation['rank_high'])}"
        found += f", rank {_number(explanation['rank'])} ({interval})"
    console.print(found, highlight=False)
    for reason in explanation["reasons"]:
        console.print(plain_text(f"  • {reason['text']}"))
    parts = Table("part of the score", "value", "weight", box=box.SIMPLE_HEAD)
    for part in explanation["indicators"]:
        parts.add_row(part["text"], _number(part["value"], 2), _number(part["weight"], 2))
    console.print(parts)
    evidence = Table("technology", "operator", "P", "basis", "as of", "source", box=box.SIMPLE_HEAD)
    for row in explanation["evidence"]:
        probability = f"{row['probability_served']:.2f}"
        cells = (row["technology"], row["operator"], probability, row["basis_text"], row["as_of"], row["source"])
        evidence.add_row(*(plain_text(cell or "–") for cell in cells))
    console.print(evidence)
