"""Folders of a workspace that are written aside and then moved into place whole."""

import os
import shutil
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path

from geo.errors import FileProblem, Problem
from geo.files import is_locked, locked

LOCK = ".lock"
"""Name of the file in a workspace whose lock whoever changes it holds."""
_WRITING = ".writing-"


def make_folder(folder: Path) -> None:
    """Make a folder of the workspace and those above it; `FileProblem` where that cannot be done."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        remedy = "Accepted: a folder that may be written to"
        raise FileProblem(Problem("the workspace cannot be made here", remedy, value=str(folder.parent))) from error


@contextmanager
def writing_folder(parent: Path, lock: Callable[[], AbstractContextManager[None]]) -> Iterator[Path]:
    """A folder to write into; its own lock tells the living from the dead, whose leftovers go.

    It is removed at the end unless it was moved into place.
    """
    folder = parent / f"{_WRITING}{os.getpid()}-{uuid.uuid4().hex[:8]}"
    with lock():
        for leftover in parent.glob(f"{_WRITING}*"):
            if not is_locked(leftover):
                shutil.rmtree(leftover, ignore_errors=True)
        folder.mkdir()
        alive = ExitStack()
        alive.enter_context(locked(folder))
    with alive:
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)
