"""OpenCelliD's cell table (CSV, also gzipped, with a header or as the headerless dump of a country) as sites.

Its positions are the middles of where handsets heard a cell, not surveyed masts. A cell is known by its radio, network,
area and number. Which cells stand on one mast is read from the numbers, as operators assign them: an LTE cell's without
its last 8 bits is the eNodeB's (3GPP TS 36.300, 8.2); an NR cell's without its last 12 bits the gNB's, of the usual 24
bits; of GSM and UMTS cells the last decimal digit is the sector's, by custom.
"""

import codecs
import gzip
import zlib
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import shapely
from pyarrow import csv

from geo.errors import ColumnMissing, FileProblem, LimitExceeded, Problem
from geo.ingest.files import local_file, starts_with
from geo.ingest.readers.networks import named, unknown_networks
from geo.ingest.report import EXAMPLES, Finding, Severity
from geo.ingest.source import BATCH_ROWS, Batch, ReadOptions, Source
from geo.settings import get_settings
from geo.tables.schema import WGS84
from geo.tables.sites import CROWDSOURCED
from geo.tables.words import Technology

CREDIT = "OpenCelliD Project (opencellid.org), CC BY-SA 4.0"
LICENCE = "CC-BY-SA-4.0"
SUFFIXES = frozenset({".csv", ".gz"})

FEW_SAMPLES = 3
"""A position from fewer sightings of the cell is flagged."""

_COLUMNS = ["radio", "mcc", "net", "area", "cell", "unit", "lon", "lat", "range", "samples", "changeable", "created"]
_COLUMNS += ["updated", "averagesignal"]
_NEEDED = ["radio", "mcc", "net", "area", "cell", "lon", "lat"]
_OTHER_NAMES = {"mnc": "net", "lac": "area", "tac": "area", "cid": "cell"}
_TECHNOLOGIES = {
    "GSM": Technology.G2,
    "UMTS": Technology.G3,
    "WCDMA": Technology.G3,
    "LTE": Technology.G4,
    "NR": Technology.G5,
}
_RADIOS = {*_TECHNOLOGIES, "CDMA"}
_NUMBER_LIMITS = {"mcc": (200, 999), "net": (0, 999), "area": (0, 2**24 - 1), "cell": (1, 2**36 - 1)}
_BLOCK_BYTES = 2**20
_HEAD_BYTES = 4096
_READ_ERRORS = (pa.ArrowException, OSError, EOFError, zlib.error, UnicodeError)
_GZIP_MAGIC = b"\x1f\x8b"


def is_opencellid(columns: list[str]) -> bool:
    """Whether these are the columns of OpenCelliD's table, or the first row of its dump without a header."""
    return set(_NEEDED) <= set(_canonical(columns)) or _is_headerless(columns)


def open_opencellid(path: str | Path, options: ReadOptions) -> Source:
    """Open OpenCelliD's table as sites: one row per cell, columns as `geo.tables.sites`, WGS 84 points.

    `options.encoding` is that of the text; the positions are WGS 84 by definition, so `options.crs` is not used. One
    block of text is held at a time.

    Raises
    ------
    FileProblem, ColumnMissing
        If it is not such a table, at once; FileProblem, LimitExceeded while the batches are read, if it is damaged or
        unpacks to more than the settings allow.
    """
    path = local_file(path, SUFFIXES)
    if path.suffix.lower() == ".gz" and not starts_with(path, 2) == _GZIP_MAGIC:
        raise FileProblem(Problem("not a gzip file", "Its content is of another format", path.name))
    encoding = options.encoding or "utf-8-sig"
    try:
        with closing(_Bounded(path, encoding)) as stream:
            first = stream.read(_HEAD_BYTES).decode().split("\n", 1)[0].strip().split(",")
    except (*_READ_ERRORS, LookupError) as error:
        raise _unreadable(path.name, error) from error
    headerless = _is_headerless(first)
    columns = _COLUMNS if headerless else _canonical(first)
    missing = [name for name in _NEEDED if name not in columns]
    if missing:
        remedy = f"OpenCelliD's columns are needed; the file has: {', '.join(name.strip() for name in first)}"
        raise ColumnMissing([Problem("column is missing", remedy, path.name, column=name) for name in missing])
    repeated = [name for name in columns if columns.count(name) > 1]
    if repeated:
        raise FileProblem(Problem("the column is there twice", "Keep one of them", path.name, column=repeated[0]))
    return Source(
        format="OpenCelliD CSV",
        columns=["site_id", "cell_id", "operator", "technology", "status"],
        batches=_batches(path, encoding, columns, 0 if headerless else 1),
        crs=WGS84,
        encoding=options.encoding or "utf-8",
        delimiter=",",
        credit=CREDIT,
        licence=LICENCE,
    )


class _Bounded:
    """The file's text, unpacked, in UTF-8, as far as the settings let it grow."""

    def __init__(self, path: Path, encoding: str) -> None:
        settings = get_settings()
        self._decoder = codecs.getincrementaldecoder(encoding)()
        self._file = path.name
        self._limit = settings.input_bytes_max
        self._stream: Any
        if path.suffix.lower() == ".gz":
            self._limit = min(self._limit, path.stat().st_size * settings.archive_ratio_max)
            self._stream = gzip.GzipFile(path)
        else:
            self._stream = path.open("rb")
        self._count = 0
        self.closed = False

    def read(self, size: int = -1) -> bytes:
        text = ""
        while not text:
            block = self._stream.read(size)
            self._count += len(block)
            if self._count > self._limit:
                remedy = f"At most {self._limit} bytes, unpacked; settings input_bytes_max, archive_ratio_max"
                raise LimitExceeded(Problem("the file is too large", remedy, self._file))
            text = self._decoder.decode(block, final=not block)
            if not block:
                break
        return text.encode()

    def readable(self) -> bool:
        return True

    def writable(self) -> bool:
        return False

    def seekable(self) -> bool:
        return False

    def close(self) -> None:
        self.closed = True
        self._stream.close()


@dataclass
class _Skipped:
    """Rows whose number of cells is not the header's: row number from 1, and how many cells."""

    header_lines: int
    rows: dict[int, int] = field(default_factory=dict)

    def handle(self, row: csv.InvalidRow) -> str:
        self.rows[int(row.number) - self.header_lines] = int(row.actual_columns)
        return "skip"


def _batches(path: Path, encoding: str, columns: list[str], header_lines: int) -> Iterator[Batch]:
    file, after, skipped = path.name, 0, _Skipped(header_lines)
    with closing(_Bounded(path, encoding)) as stream:
        try:
            for block in _blocks(stream, columns, skipped):
                for start in range(0, block.num_rows, BATCH_ROWS):
                    frame = block.slice(start, BATCH_ROWS).to_pandas()
                    numbers = _numbers_without(after, len(frame), skipped.rows)
                    passed = {n: skipped.rows.pop(n) for n in sorted(skipped.rows) if n < numbers[-1]}
                    after = int(numbers[-1])
                    yield _as_sites(*_with_uneven(frame, numbers, passed), passed, file)
        except _READ_ERRORS as error:
            raise _unreadable(file, error) from error
    if skipped.rows:
        none = pd.DataFrame(columns=columns, dtype="str")
        yield _as_sites(*_with_uneven(none, np.empty(0, dtype=np.int64), skipped.rows), skipped.rows, file)
    elif after == 0:
        raise FileProblem(Problem("the file has no rows", "A header and one row at least are needed", file))


def _blocks(stream: _Bounded, columns: list[str], skipped: _Skipped) -> Iterator[Any]:
    yield from csv.open_csv(
        pa.PythonFile(stream, mode="r"),
        # numbers of rows that are skipped are told to one thread only
        read_options=csv.ReadOptions(
            use_threads=False,
            block_size=_BLOCK_BYTES,
            column_names=columns,
            skip_rows=skipped.header_lines,
        ),
        parse_options=csv.ParseOptions(invalid_row_handler=skipped.handle),
        convert_options=csv.ConvertOptions(
            column_types=dict.fromkeys(columns, pa.string()), null_values=[""], strings_can_be_null=True
        ),
    )


def _numbers_without(after: int, count: int, uneven: dict[int, int]) -> npt.NDArray[np.int64]:
    """The next `count` row numbers that are not of uneven rows."""
    candidates = np.arange(after + 1, after + 1 + count + len(uneven), dtype=np.int64)
    return candidates[~np.isin(candidates, list(uneven))][:count]


def _with_uneven(
    frame: pd.DataFrame, numbers: npt.NDArray[np.int64], uneven: dict[int, int]
) -> tuple[pd.DataFrame, npt.NDArray[np.int64]]:
    """The rows with an empty one for each uneven row, in the file's order."""
    if not uneven:
        return frame, numbers
    every = np.sort(np.concatenate([numbers, np.fromiter(uneven, dtype=np.int64)]))
    return frame.set_index(numbers).reindex(every).reset_index(drop=True), every


def _as_sites(frame: pd.DataFrame, rows: npt.NDArray[np.int64], uneven: dict[int, int], file: str) -> Batch:
    whole = ~np.isin(rows, list(uneven))
    problems = [
        Problem(f"the row has {cells} cells", f"Every row needs {len(frame.columns)}", file, n)
        for n, cells in uneven.items()
    ]
    radio = frame["radio"].str.strip().str.upper()
    technology = radio.map(_TECHNOLOGIES).astype("str")
    accepted = f"Accepted: {', '.join(_TECHNOLOGIES)}"
    problems += _problems(
        whole & technology.isna(), "not a technology that is modelled", accepted, frame["radio"], rows, file
    )
    numbers: dict[str, pd.Series] = {}
    for name, (low, high) in _NUMBER_LIMITS.items():
        values = pd.to_numeric(frame[name], errors="coerce").astype("float64")
        good = values.between(low, high) & (values % 1 == 0)
        remedy = f"Accepted: a whole number, {low} to {high}"
        problems += _problems(whole & ~good, "not a cell's number", remedy, frame[name], rows, file)
        numbers[name] = values.where(good).astype("Int64")
    lon, lat = (pd.to_numeric(frame[name], errors="coerce").astype("float64") for name in ("lon", "lat"))
    for name, values, limit in (("lon", lon, 180), ("lat", lat, 90)):
        remedy = f"Accepted: −{limit} to {limit} degrees"
        problems += _problems(whole & ~values.abs().le(limit), "not a valid position", remedy, frame[name], rows, file)
    nowhere = (lon == 0) & (lat == 0)
    problems += _problems(
        whole & nowhere, "the position is not known", "0, 0 stands for none", frame["lat"], rows, file
    )
    located = (lon.abs().le(180) & lat.abs().le(90) & ~nowhere).to_numpy()
    points = np.full(len(frame), None, dtype=object)
    points[located] = shapely.points(lon[located], lat[located])
    network = numbers["mcc"].astype("str") + "-" + numbers["net"].astype("str").str.zfill(2)
    operator, unknown = named(network)
    sites = gpd.GeoDataFrame(
        {
            "site_id": _site_ids(technology, network, numbers),
            "cell_id": _joined(radio, network, numbers["area"], numbers["cell"]),
            "operator": operator,
            "technology": technology,
            "status": CROWDSOURCED,
        },
        geometry=points,
        crs=WGS84,
    )
    findings = unknown_networks(network, unknown, rows, file, "net")
    refused = np.isin(rows, [problem.row or 0 for problem in problems])
    findings += _estimates(frame, located & ~refused, rows, file)
    return Batch(sites, rows, findings, sorted(problems, key=lambda problem: problem.row or 0))


def _site_ids(technology: pd.Series, network: pd.Series, numbers: dict[str, pd.Series]) -> pd.Series:
    area, cell = numbers["area"], numbers["cell"]
    by_area = _joined(network, area, cell // 10)
    enb, gnb = _joined(network + "-enb", cell // 256), _joined(network + "-gnb", cell // 4096)
    return by_area.mask(technology == Technology.G4, enb).mask(technology == Technology.G5, gnb)


def _joined(first: pd.Series, *others: pd.Series) -> pd.Series:
    text = first
    for other in others:
        text = text + "-" + other.astype("str")
    return text


def _estimates(
    frame: pd.DataFrame, located: npt.NDArray[np.bool_], rows: npt.NDArray[np.int64], file: str
) -> list[Finding]:
    findings = []
    exact = frame["changeable"].eq("0").to_numpy() if "changeable" in frame else np.zeros(len(frame), dtype=bool)
    estimated = located & ~exact
    if estimated.any():
        what = "the position is estimated from where handsets heard the cell, not a mast's"
        remedy = "It may be some kilometres off: take sites from the operator where you can"
        findings.append(Finding("estimated_position", Severity.WARNING, what, remedy, int(estimated.sum())))
    if "samples" in frame:
        samples = pd.to_numeric(frame["samples"], errors="coerce")
        few = located & ~exact & samples.lt(FEW_SAMPLES).to_numpy()
        if few.any():
            what = f"the cell was heard fewer than {FEW_SAMPLES} times"
            remedy = "Its position is a guess; confirm it or leave the row out"
            found = _problems(few, what, remedy, frame["samples"], rows, file, limit=EXAMPLES)
            findings.append(Finding("few_samples", Severity.WARNING, what, remedy, int(few.sum()), tuple(found)))
    return findings


def _problems(
    refused: Any,
    what: str,
    remedy: str,
    cells: pd.Series,
    rows: npt.NDArray[np.int64],
    file: str,
    limit: int | None = None,
) -> list[Problem]:
    places = np.flatnonzero(np.asarray(refused, dtype=bool))[:limit]
    values = cells.astype("object").where(cells.notna(), None)
    return [Problem(what, remedy, file, int(rows[i]), str(cells.name), values.iloc[i]) for i in places]


def _canonical(columns: list[str]) -> list[str]:
    names = [name.strip().strip('"').lstrip("\ufeff").lower() for name in columns]
    return [_OTHER_NAMES.get(name, name) for name in names]


def _is_headerless(cells: list[str]) -> bool:
    return len(cells) == len(_COLUMNS) and cells[0].strip().upper() in _RADIOS and cells[1].strip().isdecimal()


def _unreadable(file: str, error: Exception) -> FileProblem:
    if isinstance(error, UnicodeError | LookupError):
        return FileProblem(Problem("the text is not in the stated encoding", "UTF-8 unless another is stated", file))
    return FileProblem(Problem("cannot be read as OpenCelliD's table", "Is the file damaged? Download it again", file))
