"""Content codings: which one the client would rather have, and compressing with it (RFC 9110, 8.4 and 12.5.3)."""

import gzip
import threading
import zlib
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import NamedTuple, Protocol

import brotli
import zstandard
from starlette.requests import Request

from api.errors import NotAcceptable
from api.web.negotiation import weights

IDENTITY = "identity"
COMPRESS_FROM_BYTES = 1024
"""Smaller bodies are sent as they are: a packet holds them anyway."""

CAPACITY_BYTES = 32 * 2**20
"""Compressed bodies that a process keeps: some thousand pages of features."""

# levels by measurement on pages of 1,000 features: the next ones cost twice the time for a few per cent
_GZIP_LEVEL = 4
_BROTLI_QUALITY = 4
_ZSTD_LEVEL = 1


def _zstd(body: bytes) -> bytes:
    return zstandard.ZstdCompressor(level=_ZSTD_LEVEL).compress(body)


def _brotli(body: bytes) -> bytes:
    packed: bytes = brotli.compress(body, mode=brotli.MODE_TEXT, quality=_BROTLI_QUALITY)
    return packed


def _gzip(body: bytes) -> bytes:
    return gzip.compress(body, _GZIP_LEVEL, mtime=0)


COMPRESSORS: Mapping[str, Callable[[bytes], bytes]] = {"zstd": _zstd, "br": _brotli, "gzip": _gzip}
"""Codings in the order of our preference, which decides where the client has none: the least work first."""

_GZIP_WINDOW = 31
"""The largest window, with the head and tail of gzip and no time in them."""


class Packer(Protocol):
    """Compresses a body part by part."""

    def compress(self, part: bytes) -> bytes:
        """What of the body is ready with this part; may be nothing."""
        ...

    def flush(self) -> bytes:
        """The rest."""
        ...


class _BrotliPacker:
    def __init__(self) -> None:
        self._compressor = brotli.Compressor(mode=brotli.MODE_TEXT, quality=_BROTLI_QUALITY)

    def compress(self, part: bytes) -> bytes:
        packed: bytes = self._compressor.process(part)
        return packed

    def flush(self) -> bytes:
        packed: bytes = self._compressor.finish()
        return packed


PACKERS: Mapping[str, Callable[[], Packer]] = {
    "zstd": lambda: zstandard.ZstdCompressor(level=_ZSTD_LEVEL).compressobj(),
    "br": _BrotliPacker,
    "gzip": lambda: zlib.compressobj(_GZIP_LEVEL, wbits=_GZIP_WINDOW),
}
"""For bodies that are made part by part."""

_ALIASES = {"x-gzip": "gzip"}


class NoAcceptableCoding(NotAcceptable):
    """The client takes neither a coding that we have nor the plain body."""

    def __init__(self, header: str) -> None:
        super().__init__(header, ", ".join((*COMPRESSORS, IDENTITY)), "content coding")


class Coding(NamedTuple):
    """A content coding, and whether even a small body has to have it."""

    name: str
    is_required: bool = False


def coding_of(request: Request) -> Coding:
    """The content coding to answer with: the one of the greatest weight, `identity` where none is named.

    Raises
    ------
    NoAcceptableCoding
        When the client refuses `identity` and every coding that we have.
    """
    header = request.headers.get("accept-encoding")
    if not header:
        return Coding(IDENTITY)
    wanted = {_ALIASES.get(word, word): weight for word, weight in weights(header).items()}
    others = wanted.get("*", 0.0)
    best, best_weight = IDENTITY, 0.0
    for coding in COMPRESSORS:
        weight = wanted.get(coding, others)
        if weight > best_weight:
            best, best_weight = coding, weight
    # the plain body needs no mention to be acceptable, but one who mentions it may like it better or not at all
    plain = wanted.get(IDENTITY)
    if plain is not None and plain > best_weight:
        return Coding(IDENTITY)
    is_refused = plain == 0.0 or (plain is None and wanted.get("*") == 0.0)
    if best is IDENTITY and is_refused:
        raise NoAcceptableCoding(header)
    return Coding(best, is_refused)


class CompressedBodies:
    """Compressed bodies by their strong tag, the last used ones, as many as fit into `capacity` bytes."""

    def __init__(self, capacity: int = CAPACITY_BYTES) -> None:
        self._capacity = capacity
        self._size = 0
        self._kept: OrderedDict[str, bytes] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, tag: str) -> bytes | None:
        """The body of that tag, if it is kept."""
        with self._lock:
            body = self._kept.get(tag)
            if body is not None:
                self._kept.move_to_end(tag)
            return body

    def keep(self, tag: str, body: bytes) -> None:
        """Keep a body; one of more than an eighth of the capacity would drive out too many others."""
        if len(body) > self._capacity // 8:
            return
        with self._lock:
            if tag in self._kept:
                return
            self._kept[tag] = body
            self._size += len(body)
            while self._size > self._capacity:
                _, dropped = self._kept.popitem(last=False)
                self._size -= len(dropped)
