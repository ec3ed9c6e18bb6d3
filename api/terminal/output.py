"""Where a list goes that is not for the screen."""

import sys
from pathlib import Path

from geo.access.export import write_whole
from geo.errors import InputError, Problem


def refuse_file_of_table(output: Path | None) -> None:
    """Refuse a file for a list in the form of a table, which is for the screen."""
    if output is not None:
        raise InputError(Problem("a table is for the screen", "Give --format as well", value=str(output)))


def write_list(content: bytes, output: Path | None) -> None:
    """Write a list to a file, whole or not at all, or to the standard output."""
    if output is None:
        sys.stdout.buffer.write(content)
    else:
        write_whole(output, content)
