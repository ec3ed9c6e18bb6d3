"""Delimited text (CSV): every cell as text, so that codes keep their digits."""

import codecs
import csv
import re
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path

import pandas as pd

from geo.errors import FileProblem, Problem
from geo.ingest.files import local_file, starts_with
from geo.ingest.readers.positions import with_positions
from geo.ingest.readers.tabular import LOOKED_AT, batch_rows, column_names, header_position, text_batch
from geo.ingest.readers.text_encoding import text_encoding
from geo.ingest.report import Finding, Severity
from geo.ingest.source import Batch, ReadOptions, Source

SUFFIXES = frozenset({".csv", ".tsv", ".txt"})

_DELIMITERS = "\t;|,"
"""The less likely a mark is inside a cell, the earlier it stands: a comma is also a decimal sign."""
_SEPARATOR_LINE = re.compile(r"sep=(.)\r?\n?", re.IGNORECASE)
_ROW_CHARACTERS = 1 << 24
_BATCH_CHARACTERS = 1 << 26
_LOOKED_AT_CHARACTERS = 1 << 16
_BINARY = re.compile(rb"[\x00-\x08\x0e-\x19\x1b-\x1f]")
_END_OF_FILE = ["\x1a"]
"""What DOS programs end a file with."""
_OTHER_FORMATS = {
    b"PK\x03\x04": "a zip or XLSX file",
    b"\xd0\xcf\x11\xe0": "an old Excel file (.xls)",
    b"%PDF": "a PDF",
}


def open_delimited(path: str | Path, options: ReadOptions) -> Source:
    """Open a CSV or TSV file; batches are GeoDataFrames where it has columns with positions.

    The encoding is as `text_encoding` decides; the delimiter, one of comma, semicolon, tab and bar, is the one that
    splits header and rows alike. Cells are text, null where empty. Rows are counted without blank ones.

    Raises
    ------
    FileProblem, LimitExceeded, CrsMissing, ValueRejected
        Naming file, row, column, value and what would be accepted; some only when the batches are gone through.
    """
    path = local_file(path, SUFFIXES)
    return with_positions(_open_text(path, options.encoding), options, path.name)


def read_delimited(path: str | Path) -> pd.DataFrame:
    """All rows of a delimited file, without a look at positions; cells are text, null where empty.

    Raises
    ------
    FileProblem
        If it is not such a file, has no rows, or a row has another number of cells than the header.
    """
    path = local_file(path, SUFFIXES)
    batches = list(_open_text(path, None).batches)
    problems = [problem for batch in batches for problem in batch.problems]
    if problems:
        raise FileProblem(problems)
    return pd.concat([batch.frame for batch in batches], ignore_index=True)


@dataclass(frozen=True)
class _Layout:
    """How a file is to be read; `above` rows stand over the first row of data: titles and the header."""

    path: Path
    encoding: str
    delimiter: str
    names: list[str] = field(default_factory=list)
    above: int = 1


def _open_text(path: Path, encoding: str | None) -> Source:
    _refuse_other_formats(path, encoding)
    encoding, findings = text_encoding(path, encoding)
    layout = _Layout(path, encoding, _delimiter(path, encoding))
    # a first look, with the file closed again: a source that nobody goes through must not keep it open
    start: list[list[str]] = []
    with closing(_Rows(layout)) as rows:
        try:
            start.extend(islice(rows, LOOKED_AT))
        except FileProblem:
            # what came before the fault is kept: with a header and a row it is met again, and its row can be counted
            if len(start) < 2:
                raise
    position = header_position(start) or 0
    if len(start) <= position + 1:
        raise FileProblem(Problem("the file has no rows", "A header and one row at least are needed", path.name))
    names, remarks = column_names(start[position], path.name)
    if position:
        what = f"the header was found in row {position + 1}; what stands above it was left out"
        remarks.append(Finding("header_row", Severity.NOTE, what))
    return Source(
        format="TSV" if layout.delimiter == "\t" else "CSV",
        columns=names,
        batches=_batches(replace(layout, names=names, above=position + 1)),
        encoding=encoding,
        delimiter=layout.delimiter,
        findings=findings + remarks,
    )


def _refuse_other_formats(path: Path, encoding: str | None) -> None:
    start = starts_with(path, _LOOKED_AT_CHARACTERS)
    remedy = "Save it as CSV UTF-8, or give the file as what it is"
    for magic, name in _OTHER_FORMATS.items():
        if start.startswith(magic):
            raise FileProblem(Problem(f"this is {name}, not delimited text", remedy, path.name))
    wide = start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or re.match(
        "utf.?(16|32)", encoding or "", re.I
    )
    if not wide and _BINARY.search(start):
        raise FileProblem(Problem("the file is binary, not delimited text", remedy, path.name))


def _delimiter(path: Path, encoding: str) -> str:
    """The mark that splits the header into most cells, and the rows below into as many."""
    with path.open(encoding=encoding, newline="") as stream:
        first = stream.readline(_LOOKED_AT_CHARACTERS)
        if stated := _SEPARATOR_LINE.fullmatch(first):
            return stated[1]
        sample = first + stream.read(_LOOKED_AT_CHARACTERS)
    lines = sample.splitlines(keepends=True)
    if len(lines) > 1 and len(sample) >= _LOOKED_AT_CHARACTERS:
        lines.pop()

    def splits(mark: str) -> tuple[bool, int]:
        try:
            rows = [row for row in csv.reader(lines, delimiter=mark, skipinitialspace=True) if any(row)]
        except csv.Error:
            return False, 0
        position = header_position(rows[:LOOKED_AT]) or 0
        header, below = (len(row) for row in rows[position : position + 1]), rows[position + 1 : LOOKED_AT]
        cells = next(header, 0)
        return 2 * sum(len(row) == cells for row in below) >= len(below), cells

    splitting = [mark for mark in _DELIMITERS if splits(mark)[1] > 1]
    return max(splitting, key=splits, default=",")


class _Rows:
    """Rows of cells, without blank ones.

    `characters` have been read so far; `blank` rows were passed over since the row before.
    """

    def __init__(self, layout: _Layout) -> None:
        self._layout = layout
        self._stream = layout.path.open(encoding=layout.encoding, newline="")
        self._row_start = 0
        self._count = 0
        self.characters = 0
        self.blank = 0
        # the limit is the process's; every reader here sets the same, and no row is longer
        csv.field_size_limit(_ROW_CHARACTERS)
        if not _SEPARATOR_LINE.fullmatch(self._stream.readline(_LOOKED_AT_CHARACTERS)):
            self._stream.seek(0)
        self._reader = csv.reader(self._lines(), delimiter=layout.delimiter, strict=True, skipinitialspace=True)

    def __iter__(self) -> Iterator[list[str]]:
        return self

    def __next__(self) -> list[str]:
        self.blank = 0
        while True:
            self._row_start = self.characters
            try:
                row = next(self._reader)
            except csv.Error as error:
                raise self._problem(f"cannot be read as CSV: {error}", "Is a quotation mark left open?") from error
            if any(map(str.strip, row)) and row != _END_OF_FILE:
                self._count += 1
                return row
            self.blank += 1

    def close(self) -> None:
        self._stream.close()

    def _lines(self) -> Iterator[str]:
        # by pieces: a line of a file without line ends would be the whole file
        while line := self._stream.readline(_ROW_CHARACTERS + 1):
            self.characters += len(line)
            if self.characters - self._row_start > _ROW_CHARACTERS:
                what = f"the row is longer than {_ROW_CHARACTERS} characters"
                raise self._problem(what, "Is a quotation mark left open?")
            if "\0" in line:
                raise self._problem("the row holds a NUL byte", "The file is damaged or binary: save it as CSV again")
            yield line

    def _problem(self, what: str, remedy: str) -> FileProblem:
        number = self._count + 1 - self._layout.above
        return FileProblem(Problem(what, remedy, self._layout.path.name, number if number > 0 else None))


def _batches(layout: _Layout) -> Iterator[Batch]:
    with closing(_Rows(layout)) as rows:
        for _ in islice(rows, layout.above):
            pass
        first_row = 1
        while True:
            taken: list[list[str]] = []
            blank, start = 0, rows.characters
            for row in islice(rows, batch_rows(len(layout.names))):
                taken.append(row)
                blank += rows.blank
                if rows.characters - start > _BATCH_CHARACTERS:
                    break
            if not taken:
                return
            batch = _batch(taken, layout, first_row)
            if blank:
                what = "blank rows are not counted as rows"
                batch.findings.append(Finding("blank_rows", Severity.NOTE, what, count=blank))
            yield batch
            first_row += len(taken)


def _batch(rows: list[list[str]], layout: _Layout, first_row: int) -> Batch:
    width, file = len(layout.names), layout.path.name
    problems, empty_beyond = [], 0
    remedy = f"Every row needs {width} cells, as the header has; quote cells that hold the delimiter"
    for i, length in enumerate(map(len, rows)):
        if length == width:
            continue
        row = rows[i]
        if length < width or any(map(str.strip, row[width:])):
            problems.append(Problem(f"the row has {length} cells", remedy, file, first_row + i))
        else:
            empty_beyond += 1
        rows[i] = row[:width] + [""] * (width - length)
    batch = text_batch(layout.names, list(zip(*rows, strict=True)), first_row)
    batch.problems += problems
    if empty_beyond:
        what = "rows end in empty cells beyond the header; they were left out"
        batch.findings.append(Finding("empty_cells", Severity.NOTE, what, count=empty_beyond))
    return batch
