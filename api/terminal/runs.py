"""What the command line prints of stored runs."""

from collections.abc import Iterator, Sequence

from rich import box
from rich.console import Console
from rich.table import Table

from api.terminal.tables import plain_text
from geo.workspace import DamagedRun, Run
from geo.workspace.pruning import Pruned
from geo.workspace.verification import Verdict

_MEGABYTE = 1_000_000


def print_runs(runs: Sequence[Run], damaged: Sequence[DamagedRun], named: dict[str, str], console: Console) -> None:
    """Stored runs, the newest first, with the names that point to them; then the damaged ones and what is wrong."""
    table = Table("run", "created (UTC)", "name", "standard", "settlements", "expected without", box=box.SIMPLE_HEAD)
    for run in runs:
        summary = run.manifest["summary"]
        table.add_row(
            run.id,
            _minute(run.manifest["created_at"]),
            plain_text(_names(run.id, named)),
            plain_text(run.manifest["standard"]["name"]),
            f"{summary['settlements']:,}",
            f"{summary['people_without']:,}",
        )
    for broken in damaged:
        table.add_row(broken.id, "damaged", plain_text(_names(broken.id, named)), "–", "–", "–", style="bold red")
    console.print(table)
    for broken in damaged:
        console.print(plain_text(broken.error), style="red")


def verdict_lines(verdict: Verdict) -> Iterator[str]:
    """One line on what is whole; one for each damaged file otherwise."""
    names = f" ({', '.join(verdict.names)})" if verdict.names else ""
    if not verdict.damage:
        read = f": {verdict.files} files, {verdict.bytes / _MEGABYTE:,.1f} MB" if verdict.files else ""
        yield plain_text(f"whole    {verdict.subject}{names}{read}").plain
    for error in verdict.damage:
        yield plain_text(f"DAMAGED  {verdict.subject}{names}: {error}").plain


def prune_lines(gone: Sequence[Pruned], *, is_done: bool) -> Iterator[str]:
    """A line for each run that went or would go, and the space that they took."""
    for run in gone:
        scenario = f", scenario {run.scenario}" if run.scenario else ""
        yield plain_text(f"{run.id}  {_minute(run.created_at)} UTC  {run.bytes / _MEGABYTE:,.1f} MB{scenario}").plain
    space = f"{sum(run.bytes for run in gone) / _MEGABYTE:,.1f} MB"
    count = f"{len(gone)} run{'' if len(gone) == 1 else 's'}"
    yield f"Removed {count}; {space} are free." if is_done else f"Would remove {count} and free {space}."


def _minute(created_at: str) -> str:
    return created_at[:19].replace("T", " ")


def _names(run_id: str, named: dict[str, str]) -> str:
    return ", ".join(name for name, of_name in named.items() if of_name == run_id) or "–"
