"""What the command line prints of inputs: the report on one, and the catalogue of all."""

from collections.abc import Sequence

from rich import box
from rich.console import Console
from rich.table import Table

from api.terminal.tables import plain_text
from geo.errors import Problem
from geo.ingest.report import Finding, Report, Severity
from geo.workspace.catalogue import Dataset, Entry
from geo.workspace.intake import Outcome, Wish

_STYLES = {Severity.ERROR: "bold red", Severity.WARNING: "yellow", Severity.NOTE: "cyan"}


def print_report(outcome: Outcome, wish: Wish, console: Console) -> None:
    """What the file is, every finding with examples, and what was done."""
    report = outcome.report
    console.print(plain_text(f"{report.file}: {_what_it_is(report)}"), style="bold")
    if report.columns:
        pairs = (f"{name} ← {own}" if name != own else name for name, own in report.columns.items())
        console.print(plain_text("columns: " + ", ".join(pairs)))
    if report.unused_columns:
        console.print(plain_text("not used: " + ", ".join(report.unused_columns)))
    for finding in report.findings:
        _print_finding(finding, console)
    console.print(plain_text(_verdict(outcome, wish)), style="bold")


def print_catalogue(datasets: Sequence[tuple[Dataset, list[str]]], console: Console) -> None:
    """Datasets in use, each with the runs that use it."""
    if not datasets:
        console.print("The catalogue is empty: analyses take the bundled data. `shalgai ingest` adds your own.")
        return
    for dataset, runs in datasets:
        table = Table(box=None, show_header=False, pad_edge=False)
        rows = {
            "id": dataset.id,
            "file": dataset.file,
            "operator": ", ".join(dataset.operators),
            "technology": ", ".join(dataset.technologies),
            "basis": ", ".join(dataset.bases),
            "as of": dataset.as_of,
            "licence": dataset.licence,
            "credit": dataset.credit,
            "rows": None if dataset.rows is None else f"{dataset.rows:,}",
            "extent": None if dataset.extent is None else ", ".join(f"{v:.4f}" for v in dataset.extent),
            "SHA-256": dataset.source_sha256,
            "used by runs": ", ".join(runs) or "none",
        }
        for name, value in rows.items():
            table.add_row(f"  {name}", plain_text(value or "–"))
        console.print(plain_text(f"{dataset.kind}: {dataset.name}"), style="bold")
        console.print(table)


def print_history(entries: Sequence[Entry], console: Console) -> None:
    """Every dataset that ever was in the catalogue."""
    table = Table("added (UTC)", "kind", "name", "id", "removed", "replaced by", box=box.SIMPLE_HEAD)
    for entry in entries:
        cells = (entry.added_at, entry.kind, entry.name, entry.dataset, entry.removed_at, entry.replaced_by)
        table.add_row(*(plain_text(cell or "–") for cell in cells))
    console.print(table)


def _what_it_is(report: Report) -> str:
    known = {
        "layer": report.layer,
        "CRS": report.crs,
        "encoding": report.encoding,
        "delimiter": None if report.delimiter is None else repr(report.delimiter),
    }
    told = ", ".join(f"{name} {value}" for name, value in known.items() if value)
    rows = f"{report.rows_read:,} rows" if report.rows_read else ""
    return ", ".join(part for part in (report.format or "not read", told, rows) if part)


def _print_finding(finding: Finding, console: Console) -> None:
    count = f" ({finding.count:,} ×)" if finding.count > 1 else ""
    console.print(
        plain_text(f"{finding.severity}: {finding.what}{count} [{finding.code}]"), style=_STYLES[finding.severity]
    )
    for example in finding.examples:
        place = _place(example)
        if place:
            own = f" → {example.remedy}" if example.remedy and not finding.remedy else ""
            console.print(plain_text(f"    {place}{own}"))
    if finding.remedy:
        console.print(plain_text(f"    → {finding.remedy}"))


def _place(problem: Problem) -> str:
    parts = [
        f"row {problem.row:,}" if problem.row is not None else "",
        f"column '{problem.column}'" if problem.column else "",
        f"value {str(problem.value)!r}" if problem.value is not None else "",
    ]
    return ", ".join(part for part in parts if part)


def _verdict(outcome: Outcome, wish: Wish) -> str:
    report, errors = outcome.report, outcome.report.count(Severity.ERROR)
    found = f"{_counted(errors, 'error')}, {_counted(report.count(Severity.WARNING), 'warning')}"
    if not outcome.is_accepted:
        remedy = ""
        if errors and report.rows_kept:
            remedy = " Mend the rows, or give --skip-bad to take the good ones"
        elif not errors:
            remedy = " It has no error: leave out --strict to take it"
        return f"Refused as a whole ({found}); nothing is changed.{remedy}"
    rows = f"{report.rows_kept:,} of {report.rows_read:,} rows" if report.rows_read else "the raster"
    if outcome.dataset is None:
        return f"Would be accepted ({found}): {rows}. This was a dry run; nothing is changed."
    rejects = f" Rejected rows: {outcome.rejects}." if outcome.rejects else ""
    stored = f"In the catalogue as '{wish.name}' ({outcome.dataset.id}): {rows}, {found}.{rejects}"
    return f"{stored} `shalgai analyse` takes it."


def _counted(count: int, what: str) -> str:
    return f"{count:,} {what}" + ("" if count == 1 else "s")
