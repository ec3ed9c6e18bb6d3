"""The encoding of text in formats that say it badly or not at all: shapefile and MapInfo.

GDAL reads such text as Latin-1, which keeps every byte; it is decoded here, strictly, so that no letter is lost
unseen.
"""

import codecs
import re
import shutil
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from geo.errors import Problem, ValueRejected
from geo.ingest.readers.columns import mapped
from geo.ingest.report import Finding, Severity

_CARRIER = "ISO-8859-1"
KAZAKH = "kz1048"
"""Taken where text is not UTF-8: for Russian the same as cp1251, and it holds the Kazakh letters."""

_DBF_LANGUAGE_BYTE = 29
_DBF_LANGUAGES = {0x26: "cp866", 0x65: "cp866", 0x98: "mac_cyrillic"}
_MAPINFO = {
    "windowscyrillic": "cp1251",
    "windowslatin1": "cp1252",
    "windowslatin2": "cp1250",
    "windowsturkish": "cp1254",
    "codepage855": "cp855",
    "codepage866": "cp866",
    "iso8859_1": "latin-1",
    "iso8859_5": "iso8859-5",
    "utf-8": "utf-8",
}
_MAPINFO_HEADER_BYTES = 65_536
_MAPINFO_CHARSET = re.compile(rb'(^[^\n]*\bcharset\s+"?)([\w-]+)', re.IGNORECASE | re.MULTILINE)
_TAB_CHARSET = re.compile(rb"^(!charset\s+)([\w-]+)", re.IGNORECASE | re.MULTILINE)
_MAPINFO_VERSION = re.compile(rb"^!?version[^\r\n]*", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True)
class Decoder:
    """Decodes text that was carried as Latin-1."""

    encoding: str

    def name(self, carried: str) -> str:
        """A column's name; signs that the encoding does not know are replaced."""
        return carried.encode("latin-1").decode(self.encoding, errors="replace")

    def column(self, carried: pa.Array) -> tuple[pa.Array, npt.NDArray[np.int64]]:
        """A column's text, null where it cannot be decoded, and the places from 0 where that is."""
        if pc.all(pc.string_is_ascii(carried)).as_py() is not False:
            return carried, np.empty(0, dtype=np.int64)
        text = mapped(carried, self._decoded)
        lost = pc.and_(pc.is_null(text), pc.is_valid(carried))
        return text, np.flatnonzero(lost.to_numpy(zero_copy_only=False))

    def _decoded(self, carried: str | None) -> str | None:
        if carried is None:
            return None
        try:
            return carried.encode("latin-1").decode(self.encoding)
        except UnicodeError:
            return None


def python_name(encoding: str) -> str:
    """The name Python knows an encoding by.

    Raises
    ------
    ValueRejected
        If it knows none.
    """
    try:
        return codecs.lookup(encoding).name
    except (LookupError, ValueError) as error:
        remedy = "Accepted: utf-8, cp1251, kz1048, cp866 and the like"
        raise ValueRejected(Problem("not an encoding of text", remedy, value=encoding)) from error


@dataclass(frozen=True)
class Text:
    """How the text of a layer is read: `options` for GDAL, the encoding where it is known, whether it is carried."""

    options: dict[str, str] = field(default_factory=dict)
    encoding: str | None = None
    is_carried: bool = False


def carried(suffix: str, main: Path, parts: dict[str, Path], given: str | None) -> Text:
    """Have the text of a shapefile or MapInfo file carried as Latin-1 where GDAL cannot be trusted with it.

    Parameters
    ----------
    suffix
        Of the format; of others than these two the text is left to GDAL.
    main
        The staged file; a MapInfo header is rewritten there, not in the user's file.
    parts
        The shapefile's other files by suffix.
    given
        The encoding that the user states; it wins over the file's.

    Raises
    ------
    ValueRejected
        If `given` is no encoding.
    """
    named = None if given is None else python_name(given)
    if suffix == ".shp":
        return Text({"ENCODING": _CARRIER}, named or _of_shapefile(parts.get(".cpg"), parts.get(".dbf")), True)
    if suffix in {".tab", ".mif"}:
        with main.open("rb") as stream:
            head = stream.read(_MAPINFO_HEADER_BYTES)
        found = _MAPINFO_CHARSET.search(head)
        stated = _MAPINFO.get(found[2].decode("ascii").lower()) if found else None
        if suffix == ".mif" and named is None and stated not in {None, "utf-8"}:
            # GDAL decodes this one well, and a whole copy with another header is saved
            return Text({}, stated, False)
        _carry(main, head, is_tab=suffix == ".tab")
        return Text({}, named or stated, True)
    return Text()


def _of_shapefile(cpg: Path | None, dbf: Path | None) -> str | None:
    """The encoding that a shapefile's .cpg names, or its .dbf where that is of a DOS or Macintosh system."""
    if cpg is not None:
        text = cpg.read_bytes()[:100].decode("ascii", errors="replace").strip()
        numbered = re.sub(r"^(ansi|oem|windows|cp)?[\s_-]*(?=\d+$)", "cp", text, flags=re.IGNORECASE)
        for name in (text, numbered):
            try:
                return codecs.lookup(name).name
            except (LookupError, ValueError):
                continue
    if dbf is not None:
        with dbf.open("rb") as stream:
            header = stream.read(_DBF_LANGUAGE_BYTE + 1)
        # of a Windows system the byte is often wrong: much software writes that of cp1252 whatever it writes
        return _DBF_LANGUAGES.get(header[-1]) if len(header) > _DBF_LANGUAGE_BYTE else None
    return None


def _carry(main: Path, head: bytes, *, is_tab: bool) -> None:
    """Put a file with another charset in its header in the place of the staged one."""
    # of a .tab, GDAL heeds the charset above the definition only
    found = _TAB_CHARSET.search(head) if is_tab else _MAPINFO_CHARSET.search(head)
    line = b"\n!charset ISO8859_1" if is_tab else b'\nCharset "ISO8859_1"'
    if found:
        head = head[: found.start(2)] + b"ISO8859_1" + head[found.end(2) :]
    else:
        head = _MAPINFO_VERSION.sub(lambda version: version[0] + line, head, count=1)
    rewritten = main.with_suffix(".new")
    with main.open("rb") as stream, rewritten.open("wb") as target:
        target.write(head)
        stream.seek(_MAPINFO_HEADER_BYTES)
        shutil.copyfileobj(stream, target)
    rewritten.replace(main)


def detected(texts: Iterable[pa.Array]) -> str | None:
    """UTF-8 if all texts, carried as Latin-1, are that, else the Kazakh encoding; null where all is ASCII."""
    seen = False
    for carried in texts:
        beyond = pc.unique(carried.filter(pc.invert(pc.string_is_ascii(carried))))
        for text in beyond.drop_null().to_pylist():
            seen = True
            try:
                text.encode("latin-1").decode("utf-8")
            except UnicodeError:
                return KAZAKH
    return "utf-8" if seen else None


def detection_finding(encoding: str, file: str) -> Finding:
    """That the encoding was worked out from the text."""
    what = f"the file does not say the encoding of its text, which was read as {encoding}"
    remedy = "If letters are wrong, state it with --encoding"
    return Finding.of("encoding_detected", Severity.NOTE, [Problem(what, remedy, file, value=encoding)])
