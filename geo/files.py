"""Files that survive a crash, whole or not there at all; their digests and locks."""

import errno
import fcntl
import hashlib
import json
import logging
import os
import socket
import sys
import threading
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from itertools import takewhile
from pathlib import Path

from geo.errors import FileProblem, Problem, WorkspaceBusy
from geo.settings import get_settings

log = logging.getLogger(__name__)

_NO_SPACE = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_NOT_ALLOWED = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})
_POLL_S = 0.05
_TOLD_AFTER_S = 1.0
_COMMAND_WORDS = 2
_SIGNATURE_BYTES = 2000


def file_sha256(path: Path) -> str:
    """SHA-256 of a file's bytes, hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def fsync(path: Path) -> None:
    """Bring a file's or folder's bytes to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_atomically(path: Path, content: bytes) -> None:
    """Replace a file: a reader, and a crash at any moment, finds the old content or the new one."""
    temporary = path.with_name(f".{path.name}.new")
    try:
        temporary.write_bytes(content)
        fsync(temporary)
        temporary.replace(path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
    fsync(path.parent)


@contextmanager
def writing_to(folder: Path) -> Iterator[None]:
    """Turn a disk that is full, or that refuses to be written to, into a `FileProblem` that names the folder."""
    try:
        yield
    except OSError as error:
        if error.errno in _NO_SPACE:
            remedy = (
                "Free some space, or take another folder, and give the command again; nothing that was there is lost"
            )
        elif error.errno in _NOT_ALLOWED:
            remedy = "Accepted: a folder that may be written to"
        else:
            raise
        what = f"cannot be written: {os.strerror(error.errno)}"
        raise FileProblem(Problem(what, remedy, value=str(folder))) from error


class HeldFile:
    """A file that can be read as it is now, also after its name has gone, for as long as this object lives."""

    def __init__(self, path: Path) -> None:
        self._descriptor = os.open(path, os.O_RDONLY)
        self._hashing = threading.Lock()
        self._hashed: tuple[tuple[int, int], str] | None = None
        weakref.finalize(self, os.close, self._descriptor)

    @property
    def path(self) -> Path:
        """A path that opens this very file, for libraries that want one; good for as long as this object lives."""
        return Path(f"/proc/self/fd/{self._descriptor}")

    def sha256(self) -> str:
        """SHA-256 of its bytes, hexadecimal; worked out once, and again when somebody has written to the file."""
        with self._hashing:
            status = os.fstat(self._descriptor)
            signature = (status.st_mtime_ns, status.st_size)
            if self._hashed is None or self._hashed[0] != signature:
                self._hashed = (signature, file_sha256(self.path))
            return self._hashed[1]

    def read_bytes(self) -> bytes:
        """All its bytes; any number of threads may read at once."""
        parts, size = [], 0
        while part := os.pread(self._descriptor, os.fstat(self._descriptor).st_size - size, size):
            parts.append(part)
            size += len(part)
        return b"".join(parts)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold an exclusive lock on a file or folder; the system releases it when the process dies.

    The holder of a file writes into it who he is. That only informs: the lock itself is the truth. Whoever waits for
    more than a second is told by the log who holds it.

    Raises
    ------
    WorkspaceBusy
        If another holds it for longer than the setting `lock_wait_s`.
    """
    is_file = not path.is_dir()
    descriptor = _open_lock(path) if is_file else os.open(path, os.O_RDONLY)
    try:
        _acquire(descriptor, path)
        if is_file:
            _sign(descriptor, _signature())
        try:
            yield
        finally:
            if is_file:
                _sign(descriptor, b"")
    finally:
        os.close(descriptor)


def is_locked(path: Path) -> bool:
    """Whether somebody holds `locked` on the path."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        return not _acquired_at_once(descriptor)
    finally:
        os.close(descriptor)


def _open_lock(path: Path) -> int:
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    except PermissionError:
        return os.open(path, os.O_RDONLY)  # made by another user: it can be locked all the same, but not signed


def _acquired_at_once(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _acquire(descriptor: int, path: Path) -> None:
    began, is_told, wait_s = time.monotonic(), False, get_settings().lock_wait_s
    while not _acquired_at_once(descriptor):
        waited_s = time.monotonic() - began
        if waited_s > wait_s:
            raise WorkspaceBusy(
                f"{path.parent}: another writer holds it for longer than {wait_s:g} s: {_holder(descriptor)}. "
                "Try again when it is done, or wait longer (SHALGAI_LOCK_WAIT_S)."
            )
        if waited_s > _TOLD_AFTER_S and not is_told:
            log.warning("waiting for another writer of %s: %s", path.parent, _holder(descriptor))
            is_told = True
        time.sleep(_POLL_S)


def _signature() -> bytes:
    # options may hold secrets: only the words before them are told
    words = takewhile(lambda word: not word.startswith("-"), sys.argv[1:])
    stated = {
        "pid": os.getpid(),
        "host": socket.gethostname(),
        "command": " ".join([Path(sys.argv[0]).name, *list(words)[:_COMMAND_WORDS]]),
        "since": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    return json.dumps(stated).encode()


def _sign(descriptor: int, text: bytes) -> None:
    with suppress(OSError):  # a full disk must not keep a writer out that frees space
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, text, 0)


def _holder(descriptor: int) -> str:
    """Who holds a lock, as he signed; printable whatever the file holds."""
    try:
        stated = json.loads(os.pread(descriptor, _SIGNATURE_BYTES, 0))
        told = f"process {stated['pid']} on {stated['host']}, '{stated['command']}', since {stated['since']}"
    except (OSError, ValueError, KeyError, TypeError):
        return "a process that did not say who it is"
    return "".join(character if character.isprintable() else "?" for character in told)
