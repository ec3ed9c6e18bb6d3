"""Progress of long work: a bar on a terminal, plain lines elsewhere; both on stderr, so that output can be piped."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn


@contextmanager
def steps(title: str, names: Sequence[str], console: Console) -> Iterator[Callable[[str], None]]:
    """Show named steps; yields the function that is told when each begins."""
    if not console.is_terminal:
        began = time.monotonic()

        def line(name: str) -> None:
            console.print(f"{title}: {name} ({time.monotonic() - began:.1f} s)", highlight=False)

        yield line
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[step]}"), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress:
        task = progress.add_task(title, total=len(names), step="")
        order = {name: i for i, name in enumerate(names)}
        yield lambda name: progress.update(task, completed=order[name], step=name)
        progress.update(task, completed=len(names), step="done")


@contextmanager
def counter(title: str, console: Console) -> Iterator[Callable[[int, int | None], None]]:
    """Show how many of some equal parts are done; yields the function that is told (done, total or null if unknown)."""
    if not console.is_terminal:

        def line(done: int, total: int | None) -> None:
            console.print(f"{title}: {done}" + ("" if total is None else f" of {total}"), highlight=False)

        yield line
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed}/{task.total}"))
    with Progress(*columns, TimeElapsedColumn(), console=console) as progress:
        task = progress.add_task(title, total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)
