"""Commands for stored runs: `shalgai runs`."""

import json
from enum import StrEnum
from itertools import chain
from pathlib import Path
from typing import Annotated

import typer

from api.commands.options import Language, LanguageOption, WorkspaceOption, workspace_folder
from geo.errors import InputError, Problem, RunDamaged

# The library is imported inside the commands: `--help` and usage errors should not wait for it.

runs_app = typer.Typer(no_args_is_help=True, help="Stored runs: which there are, what changed, and which is current.")

_RunArgument = Annotated[str, typer.Argument(help="A run's id, 'current', or a scenario's name.")]


class Form(StrEnum):
    """Forms of a comparison."""

    TABLE = "table"
    CSV = "csv"
    GEOJSON = "geojson"


class By(StrEnum):
    """What a row of a comparison is."""

    SETTLEMENT = "settlement"
    DISTRICT = "district"


@runs_app.command("list")
def list_runs(workspace: WorkspaceOption = None) -> None:
    """List the stored runs, the newest first, and those that are damaged."""
    from api.terminal.runs import print_runs
    from api.terminal.tables import make_console
    from geo.workspace import Workspace

    stored = Workspace(workspace_folder(workspace))
    runs, damaged = stored.runs(), stored.damaged()
    if not runs and not damaged:
        typer.echo(f"There are no runs in {stored.root}: `shalgai analyse` makes one.")
        return
    print_runs(runs, damaged, stored.named(), make_console())


@runs_app.command("show")
def show_run(run: _RunArgument, workspace: WorkspaceOption = None) -> None:
    """Print a run's manifest: inputs, parameters, versions, credits."""
    from geo.workspace import Workspace

    manifest = Workspace(workspace_folder(workspace)).find(run).manifest
    typer.echo(json.dumps(manifest, ensure_ascii=False, indent=2))


@runs_app.command()
def verify(
    runs: Annotated[list[str] | None, typer.Argument(help="Ids or names, else all that have a name.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Every stored run.")] = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Check every stored byte of runs, and the pointers; exit code 1 when something is damaged."""
    from api.terminal.runs import verdict_lines
    from geo.workspace import Workspace
    from geo.workspace.verification import stored_ids, verify_pointers, verify_runs

    if runs and everything:
        raise InputError(Problem("runs and --all exclude each other", "Give one of them", value=" ".join(runs)))
    stored = Workspace(workspace_folder(workspace))
    pointers = verify_pointers(stored)
    names = runs or ([] if pointers.damage else list(stored.named()))
    ids = stored.ids() if everything else stored_ids(stored, names)
    damaged = 0
    for verdict in chain([pointers], verify_runs(stored, ids)):
        for line in verdict_lines(verdict):
            typer.echo(line)
        damaged += bool(verdict.damage)
    if damaged:
        raise RunDamaged(f"damage found in {damaged} of {len(ids) + 1} things checked; each line says what mends it")


@runs_app.command()
def diff(
    a: Annotated[str, typer.Argument(help="The run before: its id, 'current', or a scenario's name.")],
    b: Annotated[str, typer.Argument(help="The run after.")],
    form: Annotated[Form, typer.Option("--format", help="Form of the comparison.")] = Form.TABLE,
    by: Annotated[By, typer.Option(help="What a row of a CSV or a feature of a GeoJSON is.")] = By.SETTLEMENT,
    output: Annotated[Path | None, typer.Option(help="File to write.")] = None,
    workspace: WorkspaceOption = None,
    language: LanguageOption = Language.EN,
) -> None:
    """Tell what changed from run A to run B: service gained and lost, ranks and people, by settlement and district."""
    from api.terminal.comparison import print_comparison
    from api.terminal.output import refuse_file_of_table, write_list
    from api.terminal.tables import make_console
    from geo.access.compare import compare
    from geo.access.comparison_files import WRITERS
    from geo.workspace import Workspace

    if form is Form.TABLE:
        refuse_file_of_table(output)
    stored = Workspace(workspace_folder(workspace))
    comparison = compare(stored.find(a), stored.find(b))
    if form is Form.TABLE:
        print_comparison(comparison, make_console(), language)
        return
    write_list(WRITERS[form](comparison, by), output)


@runs_app.command()
def rollback(run: _RunArgument, workspace: WorkspaceOption = None) -> None:
    """Make a stored run the current one again, or its scenario's; it is verified before."""
    from geo.workspace import Workspace

    move = Workspace(workspace_folder(workspace)).rollback(run)
    if move.before == move.now:
        typer.echo(f"'{move.name}' is run {move.now} already; nothing is changed.")
    else:
        typer.echo(f"'{move.name}' was run {move.before or '–'} and is now run {move.now}.")


@runs_app.command()
def prune(
    keep: Annotated[int, typer.Option(min=0, help="How many of the newest runs stay beside those with a name.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only list what would go.")] = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Remove old runs; never one that is current or a scenario's."""
    from api.terminal.runs import prune_lines
    from geo.workspace import Workspace
    from geo.workspace.pruning import prune as prune_runs
    from geo.workspace.pruning import superfluous

    stored = Workspace(workspace_folder(workspace))
    gone = superfluous(stored, keep) if dry_run else prune_runs(stored, keep)
    for line in prune_lines(gone, is_done=not dry_run):
        typer.echo(line)
