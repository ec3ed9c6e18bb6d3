"""Formats that cannot be written from beginning to end: made in a temporary folder, read from there, removed."""

import tempfile
from collections.abc import Callable, Generator
from pathlib import Path

Parts = Generator[bytes, None, None]
"""A file's content; closing it removes what it keeps on disk."""

PART_BYTES = 256 * 1024


def parts_of_file(name: str, write: Callable[[Path], None]) -> Parts:
    """The content of a file that `write` makes; closing the iterator removes it."""
    with tempfile.TemporaryDirectory(prefix="shalgai-export-") as folder:
        path = Path(folder) / name
        write(path)
        with path.open("rb") as file:
            while part := file.read(PART_BYTES):
                yield part
