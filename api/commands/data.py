"""Commands for what users bring: `shalgai ingest` and `shalgai catalogue`."""

import datetime as dt
import json
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from api.commands.options import Language, LanguageOption, WorkspaceOption, workspace_folder
from geo.errors import InputError, Problem
from geo.ingest.kinds import Kind
from geo.tables.words import Basis

_REPORT_SUFFIXES = (".json", ".html")

catalogue_app = typer.Typer(invoke_without_command=True, help="Datasets that were brought, and what became of them.")


def ingest(
    kind: Annotated[Kind, typer.Argument(help="What the file holds.")],
    file: Annotated[Path, typer.Argument(help="The file, or a folder with one shapefile.")],
    name: Annotated[str | None, typer.Option(help="Name of the dataset, else that of the file.")] = None,
    operator: Annotated[str | None, typer.Option(help="Operator, where the file states none.")] = None,
    technology: Annotated[str | None, typer.Option(help="Technology, where the file states none.")] = None,
    basis: Annotated[Basis | None, typer.Option(help="What coverage rests on, where the file does not say.")] = None,
    quantity: Annotated[str | None, typer.Option(help="What a signal raster holds (dbm), if untagged.")] = None,
    as_of: Annotated[str | None, typer.Option(help="Date of the data: YYYY, YYYY-MM or YYYY-MM-DD.")] = None,
    source: Annotated[str | None, typer.Option(help="Where the data come from.")] = None,
    licence: Annotated[str | None, typer.Option(help="Licence of the data.")] = None,
    credit: Annotated[str | None, typer.Option(help="Credit to show with results.")] = None,
    crs: Annotated[str | None, typer.Option(help="CRS of a file that states none, e.g. EPSG:32640.")] = None,
    layer: Annotated[str | None, typer.Option(help="Layer or sheet to take.")] = None,
    encoding: Annotated[str | None, typer.Option(help="Encoding of the text, e.g. cp1251.")] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Take the place of the dataset of that name.")] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Refuse a file with warnings.")] = False,
    skip_bad: Annotated[bool, typer.Option("--skip-bad", help="Leave bad rows out, into a file of rejects.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check and report only.")] = False,
    report: Annotated[Path | None, typer.Option(help="Write the report as .json or .html too.")] = None,
    workspace: WorkspaceOption = None,
    language: LanguageOption = Language.EN,
) -> None:
    """Check a file and add it to the workspace; later analyses take it."""
    from api.terminal.progress import counter
    from api.terminal.reports import print_report
    from api.terminal.tables import make_console
    from geo.access.export import write_whole
    from geo.ingest.reading import Given
    from geo.ingest.source import ReadOptions
    from geo.workspace.catalogue import Catalogue
    from geo.workspace.intake import Wish, take_in

    if report is not None and report.suffix.lower() not in _REPORT_SUFFIXES:
        raise InputError(Problem("not a form of the report", "Accepted: .json, .html", value=report.name))
    stated = {
        "operator": operator,
        "technology": technology,
        "basis": None if basis is None else str(basis),
        "quantity": quantity,
        "population_date"
        if kind is Kind.SETTLEMENTS
        else "measured_at"
        if kind is Kind.MEASUREMENTS
        else "as_of": as_of,
        "source": source,
    }
    given = Given(ReadOptions(crs, layer, encoding), {key: value for key, value in stated.items() if value is not None})
    wish = Wish(name or file.stem, given, licence, credit, replace, strict, skip_bad, dry_run)
    catalogue = Catalogue(workspace_folder(workspace))
    with counter("rows", Console(stderr=True)) as progress:
        outcome = take_in(kind, file, catalogue, wish, today=dt.date.today(), progress=progress)
    print_report(outcome, wish, make_console())
    if report is not None:
        write_whole(report, _rendered(report.suffix.lower(), outcome.report.as_dict(), language))
    if not outcome.is_accepted:
        sys.exit(2)


@catalogue_app.callback()
def list_catalogue(context: typer.Context, workspace: WorkspaceOption = None) -> None:
    """List the datasets in use."""
    if context.invoked_subcommand is not None:
        return
    from api.terminal.reports import print_catalogue
    from api.terminal.tables import make_console
    from geo.workspace import Workspace
    from geo.workspace.catalogue import Catalogue, used_by

    root = workspace_folder(workspace)
    datasets, runs = Catalogue(root).active(), Workspace(root).runs()
    print_catalogue([(dataset, used_by(dataset.id, runs)) for dataset in datasets], make_console())


@catalogue_app.command()
def show(
    name: Annotated[str, typer.Argument(help="A dataset's name or id.")], workspace: WorkspaceOption = None
) -> None:
    """Print all that is known of a dataset: origin, digests, history, and the runs that use it."""
    from dataclasses import asdict

    from geo.workspace import Workspace
    from geo.workspace.catalogue import Catalogue, used_by

    root = workspace_folder(workspace)
    catalogue = Catalogue(root)
    entries = catalogue.named(name)
    shown = [
        {
            **asdict(catalogue.dataset(entry.dataset)),
            "added_at": entry.added_at,
            "removed_at": entry.removed_at,
            "replaced_by": entry.replaced_by,
            "runs": used_by(entry.dataset, Workspace(root).runs()),
        }
        for entry in entries
    ]
    typer.echo(json.dumps(shown, ensure_ascii=False, indent=2))


@catalogue_app.command()
def history(workspace: WorkspaceOption = None) -> None:
    """List every dataset that was ever brought, with when it was added and removed."""
    from api.terminal.reports import print_history
    from api.terminal.tables import make_console
    from geo.workspace.catalogue import Catalogue

    entries = Catalogue(workspace_folder(workspace)).history()
    if not entries:
        typer.echo("Nothing was ever brought: `shalgai ingest` adds your own data.")
        return
    print_history(entries, make_console())


@catalogue_app.command()
def remove(
    name: Annotated[str, typer.Argument(help="A dataset's name or id.")], workspace: WorkspaceOption = None
) -> None:
    """Take a dataset out of use. Its data, its history and the runs made from it stay."""
    from geo.workspace.catalogue import Catalogue

    gone = Catalogue(workspace_folder(workspace)).remove(name)
    typer.echo(
        f"{gone.name} ({gone.kind}, {gone.dataset}) is no longer used; `shalgai analyse` makes a run without it."
    )


def _rendered(suffix: str, report: dict[str, object], language: Language) -> bytes:
    if suffix == ".json":
        return (json.dumps(report, ensure_ascii=False, indent=2) + "\n").encode()
    from maps.ingest_report import ingest_report_page

    return ingest_report_page(report, language).encode()
