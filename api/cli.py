"""The command line: `shalgai`."""

import os
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from api.commands.data import catalogue_app, ingest
from api.commands.fetch import fetch
from api.commands.options import Language, LanguageOption, RunOption, WorkspaceOption, workspace_folder
from api.commands.runs import runs_app
from api.commands.serve import serve
from geo.errors import InputError, Problem, ShalgaiError
from geo.tables.words import ServiceClass, Technology

if TYPE_CHECKING:
    from geo.workspace import Workspace

# The library is imported inside the commands: `--help` and usage errors should not wait for it.

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Finds and ranks the settlements of a region that have no mobile or internet access.",
)
app.add_typer(runs_app, name="runs")
app.command()(ingest)
app.command()(fetch)
app.command()(serve)
app.add_typer(catalogue_app, name="catalogue")


class Format(StrEnum):
    """Forms of the gap list."""

    TABLE = "table"
    CSV = "csv"
    GEOJSON = "geojson"
    XLSX = "xlsx"
    GPKG = "gpkg"


_BINARY = (Format.XLSX, Format.GPKG)


def _workspace(folder: Path | None) -> "Workspace":
    from geo.workspace import Workspace

    return Workspace(workspace_folder(folder))


@app.command()
def analyse(
    standard: Annotated[str, typer.Option(help="Name of a standard, or a TOML file.")] = "kz",
    scenario: Annotated[str | None, typer.Option(help="A planning question instead, e.g. okrug-centres.")] = None,
    settlements: Annotated[Path | None, typer.Option(help="Your own settlements.")] = None,
    boundaries: Annotated[Path | None, typer.Option(help="Your own district boundaries.")] = None,
    coverage: Annotated[list[Path] | None, typer.Option(help="Polygons or a signal GeoTIFF; repeatable.")] = None,
    sites: Annotated[Path | None, typer.Option(help="Mast sites, modelled over terrain by ITU-R P.1812.")] = None,
    terrain: Annotated[list[Path] | None, typer.Option(help="Elevation GeoTIFF or HGT; repeatable.")] = None,
    workspace: WorkspaceOption = None,
    language: LanguageOption = Language.EN,
) -> None:
    """Analyse the region and publish the result as a run."""
    from api.terminal.progress import steps
    from api.terminal.tables import make_console, print_summary
    from geo.access.analysis import STEPS
    from geo.access.analysis import analyse as analyse_region
    from geo.access.layers import AnalysisInputs

    inputs = AnalysisInputs(
        settlements, boundaries, tuple(coverage or ()), sites, tuple(terrain or ()), standard, scenario
    )
    with steps(scenario or "analysis", STEPS, Console(stderr=True)) as progress:
        run = analyse_region(inputs, _workspace(workspace), progress=progress)
    print_summary(run, make_console(), language)


@app.command("model-coverage")
def model_coverage(
    sites: Annotated[Path, typer.Option(help="Mast sites.")],
    terrain: Annotated[list[Path] | None, typer.Option(help="Elevation GeoTIFF or HGT; repeatable.")] = None,
    boundaries: Annotated[Path | None, typer.Option(help="Your own district boundaries.")] = None,
    standard: Annotated[str, typer.Option(help="Name of a standard, or a TOML file.")] = "kz",
    resolution_m: Annotated[float, typer.Option(min=10, max=10_000, help="Size of a pixel.")] = 250.0,
    radius_km: Annotated[
        float | None, typer.Option(min=1, max=300, help="Reach of a cell, else by technology.")
    ] = None,
    time_percent: Annotated[float, typer.Option(min=1, max=50, help="Share of time.")] = 50.0,
    location_percent: Annotated[float, typer.Option(min=1, max=99, help="Share of locations.")] = 50.0,
    as_of: Annotated[str | None, typer.Option(help="Date of the site list: YYYY, YYYY-MM or YYYY-MM-DD.")] = None,
    output: Annotated[Path, typer.Option(help="Folder of the results.")] = Path("modelled"),
    workspace: WorkspaceOption = None,
) -> None:
    """Model signal rasters, best servers and coverage polygons; a later `analyse --coverage` takes them."""
    from api.terminal.progress import counter
    from geo.access.inputs import load_inputs
    from geo.access.layers import AnalysisInputs
    from geo.coverage.model_job import Job
    from geo.coverage.model_job import model_coverage as run_job
    from geo.workspace.catalogue import Catalogue

    inputs = AnalysisInputs(boundaries=boundaries, sites=sites, terrain=tuple(terrain or ()), standard=standard)
    loaded = load_inputs(inputs, Catalogue(workspace_folder(workspace)))
    job = Job(
        loaded.sites,
        loaded.terrain,
        loaded.region,
        loaded.standard,
        resolution_m=resolution_m,
        radius_km=radius_km,
        time_percent=time_percent,
        location_percent=location_percent,
        as_of=as_of,
        patterns=loaded.patterns,
    )
    with counter("tiles", Console(stderr=True)) as progress:
        outcome = run_job(job, output, progress=progress)
    for note in outcome.notes:
        typer.echo(f"note: {note}")
    for file in outcome.files:
        typer.echo(str(file))


@app.command()
def rank(
    district: Annotated[str | None, typer.Option(help="KATO code of a district.")] = None,
    operator: Annotated[str | None, typer.Option(help="Gaps of this operator.")] = None,
    technology: Annotated[Technology | None, typer.Option(help="Gaps of this technology.")] = None,
    service_class: Annotated[ServiceClass | None, typer.Option("--class", help="Only this class.")] = None,
    top: Annotated[int | None, typer.Option(min=1, help="Only so many, the worst first.")] = None,
    form: Annotated[Format, typer.Option("--format", help="Form of the list.")] = Format.TABLE,
    output: Annotated[Path | None, typer.Option(help="File to write; needed for xlsx and gpkg.")] = None,
    run: RunOption = "current",
    workspace: WorkspaceOption = None,
    language: LanguageOption = Language.EN,
) -> None:
    """List the gaps, the worst first."""
    from api.terminal.output import refuse_file_of_table, write_list
    from api.terminal.tables import make_console, print_gaps
    from geo.access.export import WRITERS
    from geo.access.select import Selection, select_gaps

    if form in _BINARY and output is None:
        raise InputError(Problem(f"{form} is not text", "Give a file with --output", value=form))
    if form is Format.TABLE:
        refuse_file_of_table(output)
    found = _workspace(workspace).find(run)
    gaps = select_gaps(found, Selection(district, operator, technology, service_class, top))
    if form is Format.TABLE:
        print_gaps(gaps, found, make_console(), language)
        return
    write_list(WRITERS[form](gaps, found), output)


@app.command()
def explain(
    kato: Annotated[str, typer.Argument(help="KATO code of a settlement, nine digits.")],
    run: RunOption = "current",
    workspace: WorkspaceOption = None,
    language: LanguageOption = Language.EN,
) -> None:
    """Say what one settlement has, why, and what that rests on."""
    from api.terminal.tables import make_console, print_explanation
    from geo.access.explain import explain as explain_settlement

    print_explanation(explain_settlement(_workspace(workspace).find(run), kato, language), make_console())


def main() -> None:
    """Entry point: errors become one message on stderr and an exit code, never a traceback."""
    try:
        app()
    except ShalgaiError as error:
        _fail(str(error), error.exit_code)
    except BrokenPipeError:
        # the reader of our output has gone, as `| head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:
        _fail(f"this is a fault of the program, not of your input: {type(error).__name__}: {error}", 1)


def _fail(message: str, exit_code: int) -> None:
    print(f"shalgai: {message}", file=sys.stderr)
    sys.exit(exit_code)


if __name__ == "__main__":
    main()
