"""Zip archives: nothing is unpacked that is too large, lies about its size, or has a name that leads elsewhere."""

import re
import stat
import tempfile
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from geo.errors import FileProblem, LimitExceeded, Problem, UnsafeInput
from geo.ingest.files import refuse_large
from geo.settings import get_settings

_RATIO_COUNTS_ABOVE_BYTES = 2**20
_CHUNK_BYTES = 2**20
_ARCHIVES = frozenset({".zip", ".kmz", ".7z", ".rar", ".gz", ".tgz", ".bz2", ".xz", ".zst", ".tar", ".jar", ".cab"})
_DRIVE = re.compile(r"[A-Za-z]:")
_DAMAGED = (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, OSError, EOFError, ValueError)


def check_archive(path: Path) -> list[zipfile.ZipInfo]:
    """The files in a zip archive, after checks of their names, kinds and stated sizes; nothing is unpacked.

    Raises
    ------
    FileProblem
        If it is not a zip archive that can be read, or is encrypted.
    LimitExceeded
        If it has more files, or unpacks to more, than the settings allow.
    UnsafeInput
        If a name leads out of the archive, or a member is a link or an archive.
    """
    settings = get_settings()
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
    except _DAMAGED as error:
        raise _damaged(path.name) from error
    if len(entries) > settings.archive_entries_max:
        what = f"the archive holds {len(entries):,} files, more than the {settings.archive_entries_max:,} accepted"
        raise LimitExceeded(Problem(what, "Raise the setting SHALGAI_ARCHIVE_ENTRIES_MAX, or split it", path.name))
    for entry in entries:
        _check_entry(entry, path.name, settings.archive_ratio_max)
    refuse_large(sum(entry.file_size for entry in entries), path.name)
    return [entry for entry in entries if not entry.is_dir()]


@contextmanager
def extracted(path: Path, members: Sequence[zipfile.ZipInfo]) -> Iterator[Path]:
    """A private folder with some members of a checked archive, without their folders; it is removed at the end.

    Raises
    ------
    FileProblem
        If a member is damaged.
    LimitExceeded
        If what is really unpacked is more than the settings allow, whatever the archive states.
    """
    with tempfile.TemporaryDirectory(prefix="shalgai-") as folder:
        written = 0
        try:
            with zipfile.ZipFile(path) as archive:
                for member in members:
                    target = Path(folder) / PurePosixPath(member.filename).name
                    with archive.open(member) as packed, target.open("xb") as unpacked:
                        while chunk := packed.read(_CHUNK_BYTES):
                            written += len(chunk)
                            refuse_large(written, path.name)
                            unpacked.write(chunk)
        except _DAMAGED as error:
            raise _damaged(path.name) from error
        yield Path(folder)


def _check_entry(entry: zipfile.ZipInfo, file: str, ratio_max: int) -> None:
    # the reader of the archive cuts a name off at NUL and turns this system's separators round
    name = entry.orig_filename
    parts = name.replace("\\", "/").split("/")
    if name.startswith("/") or ".." in parts or "\\" in name or "\0" in name or _DRIVE.match(name):
        raise UnsafeInput(
            Problem("a name in the archive leads out of it", "Zip the files themselves", file, value=name)
        )
    if stat.S_ISLNK(entry.external_attr >> 16):
        remedy = "Zip the files themselves, without links"
        raise UnsafeInput(Problem("the archive holds a symbolic link", remedy, file, value=name))
    if PurePosixPath(name).suffix.lower() in _ARCHIVES and not entry.is_dir():
        raise UnsafeInput(Problem("the archive holds another archive", "Unpack the inner one first", file, value=name))
    if entry.flag_bits & 1:
        raise FileProblem(Problem("the archive is encrypted", "Zip it without a password", file, value=name))
    if entry.file_size > max(_RATIO_COUNTS_ABOVE_BYTES, ratio_max * entry.compress_size):
        what = f"a file in the archive unpacks to more than {ratio_max} times its packed size"
        remedy = "If it is no zip bomb, unpack it first, or raise the setting SHALGAI_ARCHIVE_RATIO_MAX"
        raise LimitExceeded(Problem(what, remedy, file, value=name))


def _damaged(file: str) -> FileProblem:
    return FileProblem(Problem("not a zip file that can be read", "Zip it again", file))
