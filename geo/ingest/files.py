"""What may be opened as an input: a local file of an accepted format and size, and nothing else."""

import re
from collections.abc import Collection
from pathlib import Path

from geo.errors import FileProblem, LimitExceeded, Problem
from geo.settings import get_settings

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:/")
_VIRTUAL = "/vsi"


def local_file(path: str | Path, suffixes: Collection[str]) -> Path:
    """The absolute path of a local, non-empty file with one of the given suffixes.

    Neither addresses nor GDAL's virtual files (`/vsizip/`, `/vsicurl/`, VRT) are followed: an input must not make the
    program read anything but itself.

    Raises
    ------
    FileProblem
        If it is missing, a folder, empty, or of another format.
    LimitExceeded
        If it is larger than the settings allow.
    """
    given = str(path)
    path = Path(path)
    refuse_address(given)
    accepted = f"Accepted: {', '.join(sorted(suffixes))}"
    try:
        if path.is_dir():
            raise FileProblem(Problem("this is a folder", accepted, path.name or given, value=given))
        if not path.is_file():
            raise FileProblem(Problem("no such file", accepted, path.name, value=given))
        with path.open("rb") as stream:
            first = stream.read(1)
        size = path.stat().st_size
        resolved = path.resolve()
    except (OSError, ValueError) as error:
        raise FileProblem(Problem("the file cannot be opened", accepted, path.name, value=given)) from error
    refuse_address(str(resolved))
    if path.suffix.lower() not in suffixes:
        raise FileProblem(Problem("not an accepted format", accepted, path.name, value=path.suffix or None))
    if not first:
        raise FileProblem(Problem("the file is empty", accepted, path.name))
    refuse_large(size, path.name)
    return resolved


def refuse_address(given: str) -> None:
    """Raise FileProblem for an address or one of GDAL's virtual files."""
    if given.startswith(_VIRTUAL) or _URL.match(given):
        raise FileProblem(Problem("not a local file", "Accepted: the path of a file on this machine", value=given))


def refuse_large(size: int, file: str) -> None:
    """Raise LimitExceeded for more bytes than the settings allow."""
    limit = get_settings().input_bytes_max
    if size > limit:
        what = f"the file has {size:,} bytes, more than the {limit:,} that are accepted"
        raise LimitExceeded(Problem(what, "Split it, or raise the setting SHALGAI_INPUT_BYTES_MAX", file))


def starts_with(path: Path, count: int) -> bytes:
    """The first bytes of a file."""
    with path.open("rb") as stream:
        return stream.read(count)
