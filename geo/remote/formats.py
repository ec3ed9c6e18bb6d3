"""What must arrive: formats known by their first bytes, published checksums, and transfers packed by the server."""

import hashlib
import re
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from geo.errors import DownloadDamaged, LimitExceeded, Problem

GZIP = "gzip"
JSON = "json"
TEXT = "text"

_HEAD_BYTES = 1024
_CHUNK_BYTES = 2**18
_GZIP_MAGIC = b"\x1f\x8b"
_TIFF_MAGIC = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_ANY_GZIP_HEADER = 31
_ALGORITHMS = {"md5": 32, "sha256": 64}


def _is_json(head: bytes) -> bool:
    return head.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] in (b"{", b"[")


FORMATS: dict[str, Callable[[bytes], bool]] = {
    TEXT: lambda head: head[:1] not in (b"", b"<", b"{") and b"\0" not in head,
    "geojson": _is_json,
    "geotiff": lambda head: head.startswith(_TIFF_MAGIC),
    GZIP: lambda head: head.startswith(_GZIP_MAGIC),
    JSON: _is_json,
    "parquet": lambda head: head.startswith(b"PAR1"),
    "pbf": lambda head: head[4:15] == b"\n\tOSMHeader",
}
"""Whether the first bytes of a file are those of a format."""


@dataclass(frozen=True)
class Checksum:
    """A digest that the source publishes: `algorithm` is md5 or sha256, `digest` hexadecimal."""

    algorithm: str
    digest: str

    @classmethod
    def from_text(cls, algorithm: str, text: str) -> "Checksum | None":
        """The first digest in a checksum file (`<digest>  <name>`); null if it holds none of that algorithm."""
        found = re.search(rf"(?<![0-9A-Za-z])[0-9A-Fa-f]{{{_ALGORITHMS[algorithm]}}}(?![0-9A-Za-z])", text)
        return None if found is None else cls(algorithm, found[0].lower())

    def fits(self, path: Path) -> bool:
        """Whether a file's bytes have this digest."""
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, self.algorithm).hexdigest() == self.digest


def is_algorithm(word: str) -> bool:
    """Whether checksums of that algorithm can be verified."""
    return word in _ALGORITHMS


def check_format(path: Path, form: str, name: str) -> None:
    """Refuse a file whose first bytes are not those of the format, such as an error page; `DownloadDamaged`."""
    with path.open("rb") as stream:
        head = stream.read(_HEAD_BYTES)
    if not FORMATS[form](head):
        remedy = "The source may have sent an error message instead (a token may be wrong, or used up for today)"
        raise DownloadDamaged(Problem(f"what arrived is not {form}", remedy, name))


def unpacked(packed: Path, form: str, name: str, bytes_max: int) -> Path:
    """Undo the packing of a transfer (`Content-Encoding: gzip`); gives the file that holds the content.

    Some servers announce so what is a gzip file of itself. Where such a file is wanted, it is left as it is unless
    there is another one inside.

    Raises
    ------
    DownloadDamaged
        If it cannot be unpacked.
    LimitExceeded
        If it unpacks to more than `bytes_max`.
    """
    target = packed.with_name(f"{packed.name}.unpacked")
    written, is_whole, inflate = 0, False, zlib.decompressobj(_ANY_GZIP_HEADER)
    try:
        with packed.open("rb") as source, target.open("wb") as stream:
            waiting = source.read(_CHUNK_BYTES)
            while waiting and not inflate.eof:
                content = inflate.decompress(waiting, _CHUNK_BYTES)
                if not written and form == GZIP and not content.startswith(_GZIP_MAGIC):
                    target.unlink()
                    return packed
                stream.write(content)
                written += len(content)
                if written > bytes_max:
                    what = "what arrived unpacks to more than the settings allow"
                    raise LimitExceeded(Problem(what, f"Accepted: up to {bytes_max} bytes", name))
                waiting = inflate.unconsumed_tail or source.read(_CHUNK_BYTES)
            is_whole = inflate.eof and not inflate.unused_data and not waiting
    except zlib.error:
        pass
    except LimitExceeded:
        target.unlink()
        raise
    if not is_whole:
        target.unlink()
        raise DownloadDamaged(Problem("what arrived cannot be unpacked", "Give the command again", name))
    return target
