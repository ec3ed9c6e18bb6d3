"""The command that fetches public data: `shalgai fetch`."""

import datetime as dt
import shlex
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

from api.commands.options import WorkspaceOption, workspace_folder
from geo.errors import InputError, Problem, ValueRejected
from geo.ingest.kinds import Kind
from geo.settings import get_settings

if TYPE_CHECKING:
    from geo.remote.exchange import Client
    from geo.remote.fetch import Fetched
    from geo.remote.registry import Register

_FOLDER = "remote"
_LINE_EVERY_S = 10.0
_EXTENT_NUMBERS = 4


def fetch(
    name: Annotated[
        str | None, typer.Argument(metavar="SOURCE", help="What to fetch; without it, all are listed.")
    ] = None,
    listing: Annotated[bool, typer.Option("--list", help="List the sources.")] = False,
    bbox: Annotated[
        str | None, typer.Option(metavar="W,S,E,N", help="Area in degrees, for terrain; else the region's.")
    ] = None,
    country: Annotated[str, typer.Option(help="Two-letter code.")] = "KZ",
    period: Annotated[str | None, typer.Option(help="Quarter, e.g. 2026-Q2; else the last published.")] = None,
    token: Annotated[
        str | None,
        typer.Option(
            help="Token of the source; others on this machine may see it here, so rather set SHALGAI_OPENCELLID_TOKEN."
        ),
    ] = None,
    output: Annotated[Path | None, typer.Option(help="Folder; else remote/SOURCE in the workspace.")] = None,
    refresh: Annotated[bool, typer.Option("--refresh", help="Fetch anew what has not changed, too.")] = False,
    ingest: Annotated[list[Kind] | None, typer.Option(help="Ingest what arrives, as this kind; repeatable.")] = None,
    sources: Annotated[Path | None, typer.Option(help="Your own list of sources, e.g. of mirrors.")] = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Fetch public data, and say how to ingest them. What broke off is gone on with when called again."""
    from geo.remote.download import Patience
    from geo.remote.fetch import Wish
    from geo.remote.fetch import fetch as fetch_files
    from geo.remote.registry import load_register

    register = load_register(sources)
    if listing or name is None:
        _print_sources(register)
        return
    source = register.source(name)
    for kind in ingest or ():
        if kind not in source.kinds:
            remedy = f"It gives: {', '.join(source.kinds) or 'nothing that can be ingested'}"
            raise InputError(Problem(f"{name} cannot be ingested as this", remedy, value=str(kind)))
    root = workspace_folder(workspace)
    stored = get_settings().opencellid_token
    extent = None if bbox is None else _extent(bbox)
    wish = Wish(
        country=country,
        extent=_region_extent(root) if extent is None and source.is_by_area else extent,
        period=period,
        token=token or (stored.get_secret_value() if stored is not None else None),
        is_refresh=refresh,
    )
    console = Console(stderr=True)
    with _transfers(console) as progress:
        fetched = fetch_files(
            source,
            register,
            wish,
            output or root / _FOLDER / source.id,
            client=_client(),
            patience=Patience(),
            bytes_max=get_settings().input_bytes_max,
            today=dt.date.today(),
            progress=progress,
            tell=lambda sentence: console.print(f"note: {sentence}", highlight=False, markup=False, soft_wrap=True),
        )
    for one in fetched:
        typer.echo(f"{one.path} ({one.state}, fetched {one.fetched_at}{f', data of {one.as_of}' if one.as_of else ''})")
    if source.note:
        typer.echo(f"note: {source.note}", err=True)
    for kind in ingest or ():
        for one in fetched:
            _take_in(one, kind, root)
    if not ingest:
        _print_commands(fetched, workspace)


def ingest_command(fetched: "Fetched", kind: str, workspace: Path | None) -> str:
    """The command that ingests a file, quoted for a shell."""
    words = ["shalgai", "ingest", kind, str(fetched.path), "--replace"]
    for option, value in (("source", fetched.source), ("licence", fetched.licence), ("credit", fetched.credit)):
        words += [f"--{option}", value]
    if workspace is not None:
        words += ["--workspace", str(workspace)]
    return shlex.join(words)


def _client() -> "Client":
    from geo.remote.exchange import Client

    return Client()


def _print_commands(fetched: "list[Fetched]", workspace: Path | None) -> None:
    commands = [ingest_command(one, kind, workspace) for one in fetched for kind in one.kinds]
    if commands:
        typer.echo(
            "To use it in later analyses:" if len(commands) == 1 else "To use them in later analyses, as you need:"
        )
    for command in commands:
        typer.echo(f"  {command}")


def _print_sources(register: "Register") -> None:
    for source in register.sources.values():
        typer.echo(f"{source.id}: {source.title}")
        typer.echo(f"    from     {source.index or source.address}")
        typer.echo(
            f"    licence  {source.licence if '{' not in source.licence else 'as its index says'}"
            f" ({source.licence_address})"
        )
        typer.echo(f"    credit   {source.credit}")
        typer.echo(f"    ingest   {', '.join(source.kinds) or 'as nothing'}")
        if source.needs_token:
            typer.echo("    token    needed: SHALGAI_OPENCELLID_TOKEN or --token")
        if source.note:
            typer.echo(f"    note     {source.note}")
    typer.echo(f"Countries: {', '.join(register.countries)}")


def _extent(text: str) -> tuple[float, float, float, float]:
    try:
        numbers = [float(word) for word in text.split(",")]
    except ValueError:
        numbers = []
    if len(numbers) != _EXTENT_NUMBERS:
        raise ValueRejected(Problem("not an area", "Accepted: west,south,east,north in degrees", value=text))
    west, south, east, north = numbers
    return west, south, east, north


def _region_extent(root: Path) -> tuple[float, float, float, float]:
    """Extent of the boundaries in use: those of the catalogue, else the bundled ones."""
    import pyogrio

    from geo.bundled import data_path
    from geo.workspace.catalogue import Catalogue

    extents = [dataset.extent for dataset in Catalogue(root).active(Kind.BOUNDARIES) if dataset.extent is not None]
    if not extents:
        found = pyogrio.read_info(data_path("boundaries", "districts.geojson"), force_total_bounds=True)
        extents = [[float(value) for value in found["total_bounds"]]]
    west, south, east, north = zip(*extents, strict=True)
    return min(west), min(south), max(east), max(north)


def _take_in(fetched: "Fetched", kind: Kind, root: Path) -> None:
    """Ingest a file that arrived, like any file."""
    from api.terminal.reports import print_report
    from api.terminal.tables import make_console
    from geo.ingest.reading import Given
    from geo.workspace.catalogue import Catalogue
    from geo.workspace.intake import Wish, take_in

    given = Given(defaults={"source": fetched.source})
    wish = Wish(fetched.path.stem, given, fetched.licence, fetched.credit, replacing=True)
    outcome = take_in(kind, fetched.path, Catalogue(root), wish, today=dt.date.today())
    print_report(outcome, wish, make_console())
    if not outcome.is_accepted:
        raise typer.Exit(2)


@contextmanager
def _transfers(console: Console) -> Iterator[Callable[[str, int, int | None], None]]:
    """Show files arriving: a bar for each on a terminal, elsewhere a line now and then."""
    if not console.is_terminal:
        told_at = time.monotonic()

        def line(name: str, done: int, total: int | None) -> None:
            nonlocal told_at
            if done != total and time.monotonic() - told_at < _LINE_EVERY_S:
                return
            told_at = time.monotonic()
            of = "" if total is None else f" of {total / 1e6:.1f}"
            console.print(f"{name}: {done / 1e6:.1f}{of} MB", highlight=False, markup=False, soft_wrap=True)

        yield line
        return
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=console) as progress:
        tasks = {}

        def bar(name: str, done: int, total: int | None) -> None:
            if name not in tasks:
                tasks[name] = progress.add_task(name, total=total)
            progress.update(tasks[name], completed=done, total=total)

        yield bar
