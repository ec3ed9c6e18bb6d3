"""What the command line prints of a comparison of two runs."""

from typing import Any

import geopandas as gpd
import pandas as pd
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from api.terminal.tables import plain_text, print_label
from geo.access.compare import TOTALS, Change, Comparison
from geo.access.words import CLASS_TEXTS
from geo.i18n import text
from geo.workspace import Run

_SHOWN = 20
_TITLES = {
    Change.LOST: "lost service",
    Change.GAINED: "gained service",
    Change.NO_LONGER_KNOWN: "no longer known",
    Change.NOW_KNOWN: "now known",
    Change.CLASS: "another class",
    Change.APPEARED: "only in the second run",
    Change.DISAPPEARED: "only in the first run",
    Change.FIGURES: "other figures, same class",
}
_TOTAL_TITLES = dict(
    zip(
        TOTALS,
        ("settlements", "not served", "of them unknown", "residents", "expected without", "people unknown"),
        strict=True,
    )
)


def print_comparison(comparison: Comparison, console: Console, language: str) -> None:
    """What the runs rest on and differs, then the totals, the districts and the settlements that changed."""
    for sign, run in (("A", comparison.a), ("B", comparison.b)):
        console.print(plain_text(f"{sign}: {_described(run)}"), style="bold")
        print_label(run, console, language)
    for premise in comparison.premises:
        console.print(plain_text(f"  • {premise.name}: {_shown(premise.a)} → {_shown(premise.b)}"))
    if comparison.is_empty:
        console.print("The results are the same: no settlement and no district differs.")
        return
    console.print(_totals(comparison, language))
    for change, title in _TITLES.items():
        rows = comparison.settlements[comparison.settlements["change"] == change]
        if len(rows):
            console.print(_settlements(rows, title, language))
            if len(rows) > _SHOWN:
                console.print(f"… and {len(rows) - _SHOWN:,} more; --format csv lists all.")
    console.print("A → B; rank 1 is the worst gap, so a move of -1 is one place nearer to it.")


def _totals(comparison: Comparison, language: str) -> Table:
    table = Table("district", box=box.SIMPLE_HEAD, pad_edge=False)
    for title in ("gained", "lost", *_TOTAL_TITLES.values()):
        table.add_column(title, justify="right")
    rows: list[dict[str, Any]] = [*comparison.districts.to_dict("records"), dict(comparison.overall)]
    for row in rows:
        name = row.get(f"name_{language}")
        shown = "all" if row is rows[-1] else "–" if pd.isna(name) else name
        figures = (_pair(row[f"{total}_a"], row[f"{total}_b"], 0) for total in _TOTAL_TITLES)
        table.add_row(plain_text(shown), f"{row['gained']:,}", f"{row['lost']:,}", *figures)
    return table


def _settlements(rows: gpd.GeoDataFrame, title: str, language: str) -> Table:
    table = Table(title=f"{title}: {len(rows):,}", title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("kato", no_wrap=True)
    table.add_column("settlement", no_wrap=True)
    table.add_column("class")
    for column in ("rank", "moved", "people", "without", "P served"):
        table.add_column(column, justify="right", no_wrap=True)
    for row in rows.head(_SHOWN).to_dict("records"):
        classes = [text(CLASS_TEXTS[c], language) if c in CLASS_TEXTS else "–" for c in _both(row, "service_class")]
        table.add_row(
            plain_text(row["kato"]),
            plain_text(row[f"name_{language}"] or "–"),
            plain_text(classes[0] if classes[0] == classes[1] else " → ".join(classes)),
            _pair(*_both(row, "rank"), 0),
            "" if pd.isna(row["rank_move"]) else f"{row['rank_move']:+d}",
            _pair(*_both(row, "population"), 0),
            _pair(*_both(row, "people_without"), 0),
            _pair(*_both(row, "probability_served"), 2),
        )
    return table


def _both(row: dict[str, Any], name: str) -> tuple[Any, Any]:
    return row[f"{name}_a"], row[f"{name}_b"]


def _pair(a: Any, b: Any, digits: int) -> Text:
    """A figure of both runs; once where it is shown alike."""
    shown = ["–" if pd.isna(value) else f"{value:,.{digits}f}" for value in (a, b)]
    return Text(shown[0]) if shown[0] == shown[1] else Text(" → ".join(shown), style="bold")


def _described(run: Run) -> str:
    scenario = run.manifest.get("scenario")
    told = f"run {run.id}, {run.manifest['created_at'][:19].replace('T', ' ')} UTC"
    return f"{told}, scenario {scenario}" if scenario else told


def _shown(value: Any) -> str:
    return "–" if value is None else str(value)
