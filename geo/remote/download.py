"""Downloads that arrive whole or not at all, however often the connection breaks.

A file grows as `<name>.part` and takes its name once its length, format and checksum are right. A part is gone on with
only if the server vouches that it is still of the same version (`If-Range`, and the same ETag in the answer).
"""

import errno
import os
import random
import re
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import sha256
from pathlib import Path

from geo.errors import (
    DownloadDamaged,
    FileProblem,
    LimitExceeded,
    NotPublished,
    Problem,
    SourceRefused,
    SourceUnreachable,
)
from geo.files import file_sha256, fsync, locked
from geo.remote.exchange import Answer, Broken, Client
from geo.remote.formats import GZIP, Checksum, check_format, unpacked
from geo.remote.kept import Origin, Part, PartState, strong_validator, whole

Progress = Callable[[int, int | None], None]
"""Told the bytes there are, and of how many where the server says it."""

_CHUNK_BYTES = 2**18
_PROGRESS_BYTES = 2**20
_RETRY_AFTER_MAX_S = 120
_OK, _PARTIAL, _NOT_MODIFIED, _RANGE_REFUSED = 200, 206, 304, 416
_DENIED, _ABSENT, _FOR_NOW = frozenset({401, 403}), frozenset({404, 410}), frozenset({408, 425, 429})
_SERVER_ERROR = 500
_NO_SPACE = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_CONTENT_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+)")


class State(StrEnum):
    """What became of a file: it arrived, has not changed since last time, or is an older one kept for want of it."""

    NEW = "new"
    UNCHANGED = "unchanged"
    KEPT = "kept"


@dataclass(frozen=True)
class Wanted:
    """One file to fetch: from where, to where, and what it must be.

    `identity` is the address without what is secret in it; files are told apart by it. `form` is one of
    `geo.remote.formats.FORMATS`.
    """

    url: str
    identity: str
    path: Path
    form: str
    checksum: Checksum | None = None

    @property
    def key(self) -> str:
        """Tells the address from others without holding it."""
        return sha256(self.identity.encode()).hexdigest()


@dataclass(frozen=True)
class Patience:
    """How failures are met: so many in a row, with a wait that doubles from `base_s` up to `cap_s` seconds.

    A transfer that grew by a mebibyte or more counts as no failure. `jitter` gives the share of a wait that is kept,
    so that many clients do not come back at once.
    """

    attempts: int = 5
    base_s: float = 1.0
    cap_s: float = 60.0
    sleep: Callable[[float], None] = time.sleep
    # spreads clients in time; nothing secret rests on it
    jitter: Callable[[], float] = field(default_factory=lambda: lambda: random.uniform(0.5, 1.0))  # noqa: S311

    def wait(self, failures: int, asked_s: float | None) -> None:
        """Wait before the next attempt, as long as the server asked if it did."""
        own = min(self.cap_s, self.base_s * 2 ** (failures - 1)) * self.jitter()
        self.sleep(own if asked_s is None else max(own, asked_s))


def _silent(done: int, total: int | None) -> None:
    """Tell nobody."""


def download(
    wanted: Wanted,
    client: Client,
    patience: Patience,
    *,
    bytes_max: int,
    today: str,
    is_refresh: bool = False,
    progress: Progress = _silent,
) -> State:
    """Fetch a file, unless the one that is there is whole and has not changed at the source.

    Parameters
    ----------
    wanted
        The file. Its folder must exist; only one download into a folder goes on at a time.
    bytes_max
        Largest file accepted, packed or unpacked.
    today
        Date to remember, YYYY-MM-DD.
    is_refresh
        Fetch it anew, whatever is there.

    Returns
    -------
    State
        NEW or UNCHANGED. Before and after, and whatever is raised, the path holds a whole file or what it held before.

    Raises
    ------
    SourceUnreachable
        If there is no connection, or it broke off too often; the part stays, and the next call goes on with it.
    SourceRefused, NotPublished
        If the source does not give the file.
    DownloadDamaged
        If what arrived is not what was announced, or not of the format, or has another checksum.
    UnsafeInput
        If the address, or one that it redirects to, may not be asked.
    LimitExceeded, FileProblem
        If the file is too large, or cannot be written.
    """
    with _writing(wanted.path.parent), locked(wanted.path.parent):
        transfer = _Transfer(wanted, client, bytes_max, today, progress)
        if is_refresh:
            transfer.part.discard()
        return transfer.run(patience, None if is_refresh else whole(wanted.path))


class _Transfer:
    """One file on its way."""

    def __init__(self, wanted: Wanted, client: Client, bytes_max: int, today: str, progress: Progress) -> None:
        self._wanted, self._client, self._bytes_max = wanted, client, bytes_max
        self._today, self._progress = today, progress
        self._was_answered = False
        self.part = Part(wanted.path)

    def run(self, patience: Patience, origin: Origin | None) -> State:
        if origin is not None and origin.key != self._wanted.key:
            origin = None
        failures, mark = 0, self.part.size()
        while True:
            try:
                return self._attempt(origin)
            except Broken as error:
                if self.part.size() >= mark + _PROGRESS_BYTES:
                    failures, mark = 0, self.part.size()
                failures += 1
                is_offline = error.is_offline and not self._was_answered
                asked_s = error.retry_after_s
                if is_offline or failures >= patience.attempts or (asked_s or 0) > _RETRY_AFTER_MAX_S:
                    raise self._unreachable(error, failures) from error
                patience.wait(failures, asked_s)

    def _attempt(self, origin: Origin | None) -> State:
        state = self.part.state(self._wanted.key)
        offset = 0
        if state is not None:
            # a byte is asked for again where all are there: a range must not be empty
            offset = self.part.size() if state.length is None else min(self.part.size(), state.length - 1)
            headers = {"Range": f"bytes={offset}-", "If-Range": state.validator}
        else:
            headers = {} if origin is None else origin.conditions()
        with self._client.get(self._wanted.url, headers) as answer:
            self._was_answered = True
            if answer.status == _NOT_MODIFIED and state is None and origin is not None:
                return State.UNCHANGED
            if answer.status == _PARTIAL and state is not None:
                total: int | None = self._continued(answer, state, offset)
            elif answer.status == _OK:
                self._begin(answer)
                offset, total = 0, answer.announced
            else:
                raise self._refusal(answer)
            self._receive(answer, offset, total)
            self._finish(_encoding(answer), answer)
        return State.NEW

    def _begin(self, answer: Answer) -> None:
        """Start a part with an answer that holds the whole file."""
        if not answer.is_framed and self._wanted.checksum is None:
            remedy = "Without it a file that was cut off cannot be told from a whole one; nothing was kept"
            raise DownloadDamaged(Problem("the source does not say how long the file is", remedy, self._name))
        self.part.discard()
        self._check_room(answer.announced or 0)
        validator, encoding = strong_validator(answer.headers), _encoding(answer)
        state = None
        if validator is not None:
            etag, modified = answer.headers.get("ETag"), answer.headers.get("Last-Modified")
            state = PartState(self._wanted.key, etag, modified, validator, encoding, answer.announced)
        self.part.begin(state)

    def _continued(self, answer: Answer, state: PartState, offset: int) -> int:
        """Length of the whole file, from an answer that holds the rest; `Broken` if it is not the rest of our part."""
        span = _CONTENT_RANGE.fullmatch(answer.headers.get("Content-Range", "").strip())
        etag, modified = answer.headers.get("ETag"), answer.headers.get("Last-Modified")
        is_same_version = etag == state.etag if state.etag == state.validator else modified in (None, state.validator)
        if (
            span is None
            or not is_same_version
            or int(span[1]) != offset
            or int(span[2]) != int(span[3]) - 1
            or state.length not in (None, int(span[3]))
            or answer.announced not in (None, int(span[3]) - offset)
            or not answer.is_framed
            or _encoding(answer) != state.encoding
        ):
            self.part.discard()
            raise Broken("it sends something else than the rest of the file")
        total = int(span[3])
        self._check_room(total - offset, total)
        os.truncate(self.part.path, offset)
        return total

    def _receive(self, answer: Answer, offset: int, total: int | None) -> None:
        self._progress(offset, total)
        with self.part.path.open("ab") as stream:
            while total is None or offset < total:
                data = answer.read(_CHUNK_BYTES if total is None else min(_CHUNK_BYTES, total - offset))
                if not data:
                    break
                offset += len(data)
                self._check_limit(offset)
                stream.write(data)
                self._progress(offset, total)
        if total is not None and offset < total:
            raise Broken("the connection breaks off")
        if answer.announced is not None and answer.is_overrun():
            self.part.discard()
            remedy = "Nothing was kept; tell whoever runs the source"
            raise DownloadDamaged(Problem("the source sends more than it announced", remedy, self._name))

    def _finish(self, encoding: str | None, answer: Answer) -> None:
        """Check what arrived, and give it its name."""
        wanted, content = self._wanted, self.part.path
        try:
            if encoding == GZIP:
                content = unpacked(content, wanted.form, self._name, self._bytes_max)
            check_format(content, wanted.form, self._name)
            if wanted.checksum is not None and not wanted.checksum.fits(content):
                remedy = "Nothing was kept; give the command again, the source may just be changing it"
                raise DownloadDamaged(
                    Problem(f"what arrived has another {wanted.checksum.algorithm} than published", remedy, self._name)
                )
        except (DownloadDamaged, LimitExceeded):
            content.unlink(missing_ok=True)
            self.part.discard()
            raise
        fsync(content)
        digest = file_sha256(content)
        content.replace(wanted.path)
        fsync(wanted.path.parent)
        etag, modified = answer.headers.get("ETag"), answer.headers.get("Last-Modified")
        Origin(wanted.key, answer.address.shown, etag, modified, digest, self._today).write(wanted.path)
        self.part.discard()

    @property
    def _name(self) -> str:
        return self._wanted.path.name

    def _refusal(self, answer: Answer) -> Exception:
        status, shown = answer.status, answer.address.shown
        if status in _DENIED:
            remedy = "Check the token if the source wants one; else try again later"
            return SourceRefused(Problem(f"the source does not let us in (status {status})", remedy, value=shown))
        if status in _ABSENT:
            remedy = "It may have moved, or not be published for this country or period"
            return NotPublished(Problem(f"the source does not have this file (status {status})", remedy, value=shown))
        if status in (_PARTIAL, _NOT_MODIFIED, _RANGE_REFUSED):
            self.part.discard()
            return Broken(f"it gives an answer that was not asked for (status {status})")
        if status in _FOR_NOW or status >= _SERVER_ERROR:
            return Broken(f"it answers with an error (status {status})", retry_after_s=_retry_after_s(answer))
        remedy = "Try again later, or tell whoever runs the source"
        return SourceRefused(Problem(f"the source refuses (status {status})", remedy, value=shown))

    def _unreachable(self, error: Broken, failures: int) -> SourceUnreachable:
        host = self._wanted.identity.partition("://")[2].partition("/")[0]
        what = (
            f"{host} cannot be reached: {error.what}" if error.is_offline else f"{host} gives up the file: {error.what}"
        )
        if failures > 1:
            what += f", {failures} times in a row"
        remedy = "Check the internet connection and give the command again"
        if self.part.state(self._wanted.key) is not None:
            remedy += f"; it goes on with the {self.part.size()} bytes that are here"
        return SourceUnreachable(Problem(what, remedy, self._name))

    def _check_room(self, more: int, total: int | None = None) -> None:
        self._check_limit(more if total is None else total)
        if more > shutil.disk_usage(self.part.path.parent).free:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def _check_limit(self, size: int) -> None:
        if size > self._bytes_max:
            self.part.discard()
            remedy = f"Accepted: up to {self._bytes_max} bytes (SHALGAI_INPUT_BYTES_MAX)"
            raise LimitExceeded(Problem("the file is larger than the settings allow", remedy, self._name))


@contextmanager
def _writing(folder: Path) -> Iterator[None]:
    """Turn what the disk refuses into an error that names the folder."""
    try:
        yield
    except OSError as error:
        remedy = "Accepted: a folder that may be written to"
        if error.errno in _NO_SPACE:
            remedy = "Free some space and give the command again: it goes on with what has arrived"
        what = f"cannot be written: {error.strerror or 'the disk does not answer'}"
        raise FileProblem(Problem(what, remedy, value=str(folder))) from error


def _encoding(answer: Answer) -> str | None:
    word = answer.headers.get("Content-Encoding", "identity").strip().lower()
    if word not in ("identity", "gzip", "x-gzip", ""):
        what = "the source sends the file packed in a way that was not asked for"
        raise SourceRefused(Problem(what, "Tell whoever runs the source", value=word))
    return GZIP if word.endswith("gzip") else None


def _retry_after_s(answer: Answer) -> float | None:
    text = answer.headers.get("Retry-After", "").strip()
    return float(text) if text.isascii() and text.isdigit() else None
