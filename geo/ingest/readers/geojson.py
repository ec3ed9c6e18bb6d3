"""What GDAL does not tell about GeoJSON: members that it passes over, and geometries of which it makes nothing.

The text is gone through once for where its features begin, in chunks and without understanding the values; single
features are then looked up.
"""

import json
import math
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt
import shapely

from geo.errors import FileProblem, Problem
from geo.ingest.readers.geometry import Mask, Shapes

_CHUNK_BYTES = 2**20
_QUOTE, _BACKSLASH, _COMMA, _OPEN_LIST, _CLOSE_LIST = b'"\\,[]'
_STEP = np.zeros(256, dtype=np.int8)
_STEP[list(b"{[")] = 1
_STEP[list(b"}]")] = -1
_STRUCTURAL = _STEP != 0
_STRUCTURAL[_COMMA] = True
_FEATURES_KEY = re.compile(rb'"features"\s*:\s*$')
_KEY_BYTES = 256
_SEPARATOR = b"\x1e"
_SHOWN_CHARACTERS = 80
_FEATURE_BYTES_MAX = 200 * 2**20
_BLANK = " \t\r\n\x1e"
_ENDLESS = shapely.Point(math.inf, math.inf)

Offsets = npt.NDArray[np.int64]


class FeatureTexts:
    """The texts of a GeoJSON file's features, found by their number from 0."""

    def __init__(self, path: Path, *, lines: bool) -> None:
        self._path = path
        with path.open("rb") as stream:
            starts = _line_starts(stream) if lines else _element_starts(stream)
        self._starts = np.append(starts, path.stat().st_size)

    def __len__(self) -> int:
        return len(self._starts) - 1

    def check_count(self, read: int, file: str) -> None:
        """Raise FileProblem if GDAL reads fewer features than are there, naming those that it passes over."""
        if read >= len(self):
            return
        passed_over = []
        for i, text in self._texts(range(len(self))):
            value = _value(text)
            if not isinstance(value, dict) or value.get("type") != "Feature":
                shown = text[:_SHOWN_CHARACTERS].decode("utf-8", errors="replace").strip()
                passed_over.append(Problem("not a GeoJSON feature", "Mend it or take it out", file, i + 1, value=shown))
        what = f"of {len(self):,} features {read:,} can be read"
        raise FileProblem(passed_over or Problem(what, "Is the file damaged?", file))

    def repair(self, shapes: Shapes, first: int) -> Mask:
        """Tell apart the features without a geometry and those of whose geometry GDAL made nothing.

        Where a coordinate is not a number, the shape becomes one at infinity.

        Parameters
        ----------
        shapes
            As GDAL read them, shape (n,); changed in place.
        first
            Number of the first of them in the file, from 0.

        Returns
        -------
        ndarray of bool
            Rows whose geometry could not be understood, shape (n,).
        """
        broken = np.zeros(len(shapes), dtype=bool)
        nothing = np.flatnonzero(shapely.is_missing(shapes) | shapely.is_empty(shapes))
        for i, text in self._texts((first + nothing).tolist()):
            value = _value(text)
            geometry = value.get("geometry") if isinstance(value, dict) else None
            if geometry is None or (isinstance(geometry, dict) and _is_empty(geometry)):
                continue
            if _is_endless(geometry):
                shapes[i - first] = _ENDLESS
            else:
                broken[i - first] = True
        return broken

    def _texts(self, numbers: Iterable[int]) -> Iterator[tuple[int, bytes]]:
        with self._path.open("rb") as stream:
            for i in numbers:
                start, end = int(self._starts[i]), int(self._starts[i + 1])
                stream.seek(start)
                yield i, stream.read(min(end - start, _FEATURE_BYTES_MAX))


def _value(text: bytes) -> Any:
    """The first JSON value of a text, null where it is none."""
    try:
        return json.JSONDecoder().raw_decode(text.decode("utf-8-sig").lstrip(_BLANK))[0]
    except (ValueError, RecursionError):
        return None


def _is_empty(geometry: dict[str, Any]) -> bool:
    return geometry.get("coordinates", geometry.get("geometries")) == [] and "type" in geometry


def _is_endless(geometry: Any) -> bool:
    rest = [geometry]
    while rest:
        value = rest.pop()
        if isinstance(value, dict):
            rest += value.values()
        elif isinstance(value, list):
            rest += value
        elif isinstance(value, float) and not math.isfinite(value):
            return True
    return False


def are_lines(path: Path) -> bool:
    """Whether a file is newline-delimited GeoJSON: a whole feature on its first line, and another after it."""
    with path.open("rb") as stream:
        first = stream.readline(_CHUNK_BYTES)
        second = stream.read(1)
    if first.startswith(_SEPARATOR):
        return True
    try:
        value = json.loads(first)
    except (ValueError, RecursionError):
        return False
    return second in {b"{", _SEPARATOR} and isinstance(value, dict) and value.get("type") == "Feature"


def _line_starts(stream: BinaryIO) -> Offsets:
    # records may be set apart by a control character and then run over several lines
    separated = stream.read(1) == _SEPARATOR
    stream.seek(0)
    starts: list[int] = []
    offset, begins = 0, True
    while part := stream.readline(_CHUNK_BYTES):
        if part.strip(_BLANK.encode()) and (part.startswith(_SEPARATOR) if separated else begins):
            starts.append(offset)
        begins = part.endswith(b"\n")
        offset += len(part)
    return np.array(starts, dtype=np.int64)


def _element_starts(stream: BinaryIO) -> Offsets:
    """Where the elements of the root's ``features`` begin; the root itself where it is no collection."""
    starts: list[Offsets] = []
    offset, depth, quoted, backslashes = 0, 0, False, 0
    inside, found = False, False
    tail = b""
    while chunk := stream.read(_CHUNK_BYTES):
        data = np.frombuffer(chunk, dtype=np.uint8)
        quotes, backslashes = _unescaped_quotes(data, backslashes)
        places = np.flatnonzero(_STRUCTURAL[data])
        places = places[(np.searchsorted(quotes, places) + quoted) % 2 == 0]
        quoted = bool((len(quotes) + quoted) % 2)
        signs = data[places]
        depths = depth + np.cumsum(_STEP[signs], dtype=np.int64)
        depth = int(depths[-1]) if len(depths) else depth
        # lists that are members of the root open and close here; there are few
        edges = np.flatnonzero(((signs == _OPEN_LIST) & (depths == 2)) | ((signs == _CLOSE_LIST) & (depths == 1)))
        begin = 0
        for edge in [*edges.tolist(), len(places)]:
            if inside:
                commas = places[begin:edge][(signs[begin:edge] == _COMMA) & (depths[begin:edge] == 2)]
                starts.append(commas + offset + 1)
            if edge < len(places):
                place = int(places[edge])
                before = (tail + chunk[max(0, place - _KEY_BYTES) : place])[-_KEY_BYTES:]
                inside = bool(signs[edge] == _OPEN_LIST and _FEATURES_KEY.search(before))
                if inside:
                    found = True
                    starts.append(np.array([offset + place + 1]))
            begin = edge + 1
        tail = (tail + chunk)[-_KEY_BYTES:]
        offset += len(chunk)
    if not found:
        return np.zeros(1, dtype=np.int64)
    joined = np.concatenate(starts)
    return joined[:0] if len(joined) == 1 and _is_blank_list(stream, int(joined[0])) else joined


def _is_blank_list(stream: BinaryIO, start: int) -> bool:
    stream.seek(start)
    while chunk := stream.read(_CHUNK_BYTES):
        rest = chunk.lstrip()
        if rest:
            return rest.startswith(b"]")
    return True


def _unescaped_quotes(data: npt.NDArray[np.uint8], carried: int) -> tuple[Offsets, int]:
    """Where quotation marks begin or end a string, and how many backslashes the chunk ends with."""
    quotes = np.flatnonzero(data == _QUOTE)
    slashes = np.flatnonzero(data == _BACKSLASH)
    if not len(slashes):
        return (quotes[1:] if carried % 2 and len(quotes) and quotes[0] == 0 else quotes), 0
    # length of the run of backslashes that ends at each of them
    first_of_run = np.append(True, np.diff(slashes) > 1)
    begins = np.maximum.accumulate(np.where(first_of_run, np.arange(len(slashes)), 0))
    lengths = np.arange(len(slashes)) - begins + 1
    lengths += np.where(slashes[begins] == 0, carried, 0)
    run_before = np.zeros(len(data) + 1, dtype=np.int64)
    run_before[slashes + 1] = lengths
    if data[0] != _BACKSLASH:
        run_before[0] = carried
    return quotes[run_before[quotes] % 2 == 0], int(run_before[len(data)])
