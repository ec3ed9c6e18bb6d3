"""What is remembered beside a file: of a whole one where it came from, of a part how to go on with it."""

import datetime as dt
import json
from dataclasses import asdict, dataclass
from email.utils import parsedate_to_datetime
from http.client import HTTPMessage
from pathlib import Path

from geo.files import file_sha256, write_atomically

_ORIGIN_SUFFIX = ".origin.json"
_PART_SUFFIX = ".part"


@dataclass(frozen=True)
class Origin:
    """Where a whole file came from.

    `key` tells one address from another without holding it; `address` is the one that is shown. `etag` and
    `last_modified` are as the server gave them; `fetched_at` is a date.
    """

    key: str
    address: str
    etag: str | None
    last_modified: str | None
    sha256: str
    fetched_at: str

    @property
    def modified(self) -> str | None:
        """The date of `last_modified`, YYYY-MM-DD."""
        moment = _moment(self.last_modified)
        return None if moment is None else moment.date().isoformat()

    def conditions(self) -> dict[str, str]:
        """Headers that ask for the file only if it has changed."""
        asked = {"If-None-Match": self.etag, "If-Modified-Since": self.last_modified}
        return {name: value for name, value in asked.items() if value is not None}

    def write(self, path: Path) -> None:
        """Remember it beside the file."""
        write_atomically(_origin_path(path), json.dumps(asdict(self), indent=1).encode())


def whole(path: Path) -> Origin | None:
    """The origin of a file that lies there with the very bytes that arrived; null if there is none."""
    try:
        origin = Origin(**json.loads(_origin_path(path).read_bytes()))
        return origin if file_sha256(path) == origin.sha256 else None
    except (OSError, ValueError, TypeError):
        return None


@dataclass(frozen=True)
class PartState:
    """How to go on with a part: of which answer it is. `length` is of the whole body in bytes, null if not told."""

    key: str
    etag: str | None
    last_modified: str | None
    validator: str
    encoding: str | None
    length: int | None


class Part:
    """A file on its way, beside its target; after a crash it is either of one known answer or thrown away."""

    def __init__(self, target: Path) -> None:
        self.path = target.with_name(target.name + _PART_SUFFIX)
        self._state_path = target.with_name(f"{target.name}{_PART_SUFFIX}.json")

    def state(self, key: str) -> PartState | None:
        """The state of a part of this address that can be gone on with."""
        try:
            state = PartState(**json.loads(self._state_path.read_bytes()))
            is_usable = state.key == key and self.size() > 0 and (state.length is None or self.size() <= state.length)
        except (OSError, ValueError, TypeError):
            return None
        return state if is_usable else None

    def size(self) -> int:
        """Bytes there are."""
        try:
            return self.path.stat().st_size
        except FileNotFoundError:
            return 0

    def begin(self, state: PartState | None) -> None:
        """Start anew; without a state, a broken transfer cannot be gone on with."""
        # the bytes go first: they must never be taken for those of the new answer
        self._state_path.unlink(missing_ok=True)
        self.path.write_bytes(b"")
        if state is not None:
            write_atomically(self._state_path, json.dumps(asdict(state)).encode())

    def discard(self) -> None:
        """Throw away what there is."""
        self._state_path.unlink(missing_ok=True)
        self.path.unlink(missing_ok=True)


def strong_validator(headers: HTTPMessage) -> str | None:
    """What tells one version of the file from another to the byte: a strong ETag, else a date that is safely past.

    A modification date counts if the answer is at least a second younger (RFC 9110, 8.8.2.2): within that second the
    file may change once more.
    """
    etag, modified = headers.get("ETag"), headers.get("Last-Modified")
    if etag is not None and etag.startswith('"'):
        return etag
    answered, changed = _moment(headers.get("Date")), _moment(modified)
    if answered is None or changed is None or answered - changed < dt.timedelta(seconds=1):
        return None
    return modified


def _moment(text: str | None) -> dt.datetime | None:
    if text is None:
        return None
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=dt.UTC)


def _origin_path(path: Path) -> Path:
    return path.with_name(path.name + _ORIGIN_SUFFIX)
