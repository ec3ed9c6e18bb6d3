"""Excel workbooks (XLSX, XLSM): one sheet as a table of text, read row by row; nothing in it is run."""

import datetime
import warnings
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any
from xml.parsers import expat

import numpy as np
import openpyxl
from openpyxl.cell.cell import ERROR_CODES
from openpyxl.utils.exceptions import InvalidFileException

from geo.errors import FileProblem, InputError, LimitExceeded, Problem, UnsafeInput
from geo.ingest.files import local_file, starts_with
from geo.ingest.readers.archives import check_archive
from geo.ingest.readers.positions import with_positions
from geo.ingest.readers.sheet_marks import Marks, sheet_marks
from geo.ingest.readers.tabular import LOOKED_AT, batch_rows, column_names, header_position, is_name, text_batch
from geo.ingest.report import Finding, Severity
from geo.ingest.source import Batch, ReadOptions, Source

SUFFIXES = frozenset({".xlsx", ".xlsm"})

UNREAD_SUFFIXES = frozenset({".xls", ".xlsb", ".ods"})
"""Workbooks of formats that are not read; the refusal says what to save them as."""
_OLE_MAGIC = b"\xd0\xcf\x11\xe0"
_SAVE_AS = "Save it as XLSX or CSV"
_ROWS_MAX = 1_048_576
_CHUNK_BYTES = 1 << 16
_COLUMN_NUMBERS_LEAST = 4
_ERRORS_IN_CELLS = frozenset(ERROR_CODES) | {"#SPILL!", "#CALC!", "#FIELD!", "#BLOCKED!", "#CONNECT!", "#UNKNOWN!"}
Row = list[Any]

# what openpyxl lets through of a damaged workbook: it checks little of what it reads
_READ_ERRORS = (
    InvalidFileException,
    zipfile.BadZipFile,
    zlib.error,
    SyntaxError,  # of XML
    LookupError,
    ValueError,
    TypeError,
    AttributeError,
    ArithmeticError,
    RuntimeError,
    OSError,
    EOFError,
)


def open_workbook(path: str | Path, options: ReadOptions) -> Source:
    """Open a sheet of a workbook; batches are GeoDataFrames where it has columns with positions.

    The sheet is the one that `options` name, else the only visible one that holds anything. Titles above the header
    are left out, a cell merged over several rows counts for each. Numbers become text as a person would write them,
    dates ISO 8601. Rows are counted after the header, without blank ones.

    Raises
    ------
    FileProblem, LimitExceeded, UnsafeInput, CrsMissing, ValueRejected
        Naming file, row, column, value and what would be accepted; some only when the batches are gone through.
    """
    path = local_file(path, SUFFIXES | UNREAD_SUFFIXES)
    if path.suffix.lower() in UNREAD_SUFFIXES:
        raise FileProblem(Problem("not an accepted format", _SAVE_AS, path.name, value=path.suffix))
    if starts_with(path, len(_OLE_MAGIC)) == _OLE_MAGIC:
        what = "the workbook is protected by a password or of the old format (.xls)"
        raise FileProblem(Problem(what, f"{_SAVE_AS}, without a password", path.name))
    if not zipfile.is_zipfile(path):
        raise FileProblem(Problem("not an Excel workbook", "Is it damaged, or of another format?", path.name))
    _refuse_doctypes(path)
    return with_positions(_open_sheet(path, options.layer), options, path.name)


def _refuse_doctypes(path: Path) -> None:
    """Refuse a part that declares a document type: entities could blow it up or make it read other files."""
    members = check_archive(path)
    with _readable(path.name), zipfile.ZipFile(path) as archive:
        for member in members:
            if not member.is_dir():
                with archive.open(member) as part:
                    _refuse_doctype(part, path.name, member.filename)


def _refuse_doctype(part: Any, file: str, name: str) -> None:
    in_content = False

    def refuse(*_: Any) -> None:
        remedy = "Save the workbook again with a spreadsheet program"
        raise UnsafeInput(Problem("XML with a document type is not accepted", remedy, file, value=name))

    def stop(*_: Any) -> None:
        nonlocal in_content
        in_content = True

    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = refuse
    parser.StartElementHandler = stop
    # a document type can only stand before the first element
    while not in_content and (chunk := part.read(_CHUNK_BYTES)):
        try:
            parser.Parse(chunk)
        except expat.ExpatError:
            return


@contextmanager
def _readable(file: str) -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # openpyxl's remarks on styles and extensions
        try:
            yield
        except _READ_ERRORS as error:
            raise FileProblem(Problem("cannot be read as a workbook", f"Is it damaged? {_SAVE_AS}", file)) from error


@dataclass(frozen=True)
class _Layout:
    """Where a sheet has its table: columns `start` to `stop`, from 0, below row `last_above`, from 1."""

    names: list[str]
    start: int
    stop: int
    last_above: int


class _Sheet:
    """A sheet opened for one passage through its rows; cells merged over several rows are filled downwards.

    `filled` are the numbers of the rows where one was filled.
    """

    def __init__(self, path: Path, wanted: str | None) -> None:
        self.file = path.name
        self.filled: set[int] = set()
        self._ahead: list[tuple[int, Row]] = []
        self._stream = path.open("rb")
        try:
            with _readable(path.name):
                book = openpyxl.load_workbook(self._stream, read_only=True, data_only=True, keep_links=False)
                for each in book.worksheets:
                    # what a sheet says of its own size is often wrong
                    each.reset_dimensions()
                sheet = _chosen_sheet(book.worksheets, wanted, path.name)
                self.title = str(sheet.title)
                # the name of its part is nowhere public
                self.marks = sheet_marks(path, sheet._worksheet_path)
                self._rows = enumerate(sheet.iter_rows(values_only=True), start=1)
        except InputError:
            self._stream.close()
            raise
        self._filler = _Filler(self.marks)

    def rows(self, count: int) -> list[tuple[int, Row]]:
        """The next rows that are not blank, so many at most, with their numbers in the sheet."""
        taken, self._ahead = self._ahead[:count], self._ahead[count:]
        read = len(taken)
        with _readable(self.file):
            while len(taken) < count and (numbered := next(self._rows, None)):
                number, row = numbered
                if number > _ROWS_MAX:
                    raise LimitExceeded(Problem(f"the sheet has more than {_ROWS_MAX} rows", _SAVE_AS, self.file))
                if not _is_blank(row):
                    taken.append((number, list(row)))
        self.filled.update(self._filler.fill(taken[read:]))
        return taken

    def put_back(self, rows: list[tuple[int, Row]]) -> None:
        """Give rows back to be taken again."""
        self._ahead = rows + self._ahead

    def close(self) -> None:
        self._rows = enumerate(())
        self._stream.close()


def _is_blank(row: Sequence[Any]) -> bool:
    return row.count(None) == len(row) or all(cell is None or not str(cell).strip() for cell in row)


def _chosen_sheet(sheets: list[Any], wanted: str | None, file: str) -> Any:
    for sheet in sheets:
        if sheet.title == wanted:
            return sheet
    titles = ", ".join(str(sheet.title) for sheet in sheets)
    if wanted is not None:
        raise FileProblem(
            Problem(f"there is no such sheet; there are: {titles}", "Name one of them", file, value=wanted)
        )
    held = [sheet for sheet in sheets if sheet.sheet_state == "visible" and _holds_anything(sheet)]
    if not held:
        raise FileProblem(Problem("the workbook is empty", f"Its sheets are: {titles}", file))
    if len(held) > 1:
        listed = ", ".join(str(sheet.title) for sheet in held)
        raise FileProblem(Problem(f"the workbook has {len(held)} sheets: {listed}", "Name the one to read", file))
    return held[0]


def _holds_anything(sheet: Any) -> bool:
    return not all(map(_is_blank, islice(sheet.iter_rows(values_only=True), _ROWS_MAX)))


def _open_sheet(path: Path, wanted: str | None) -> Source:
    sheet = _Sheet(path, wanted)
    try:
        start = sheet.rows(LOOKED_AT)
        layout, findings = _laid_out(start, sheet)
        sheet.put_back([each for each in start if each[0] > layout.last_above])
    except BaseException:
        sheet.close()
        raise
    return Source("XLSX", layout.names, _batches(sheet, layout), layer=sheet.title, findings=findings)


def _laid_out(start: list[tuple[int, Row]], sheet: _Sheet) -> tuple[_Layout, list[Finding]]:
    no_rows = FileProblem(Problem("the sheet has no rows", "A header and one row at least are needed", sheet.file))
    if len(start) < 2:
        raise no_rows
    cells = [row for _, row in start]
    top = position = header_position(cells)
    if top is None or position is None:
        remedy = "One row must name the columns, e.g. kato, name_ru, lon, lat, with the data right below it"
        raise FileProblem(Problem("the sheet has no header", remedy, sheet.file, value=sheet.title))
    while position + 1 < len(cells) and _goes_on(start[position][0], cells[position + 1], sheet.marks):
        position += 1
    header = _joined(start[top : position + 1], sheet.marks)
    left = min(_filled(header).union(*map(_filled, cells[position + 1 :])))
    names, findings = column_names([None if cell is None else str(cell) for cell in header[left:]], sheet.file)
    if top > 0:
        what = f"the header was found in row {start[top][0]} of the sheet; what stands above it was left out"
        remedy = "Rows of this report are counted after the header"
        findings.append(Finding("header_row", Severity.NOTE, what, remedy))
    stop = left + len(names)
    if position + 1 < len(cells) and _is_numbering(cells[position + 1][left:stop], len(names)):
        findings.append(Finding("column_numbers", Severity.NOTE, "the row that numbers the columns was left out"))
        position += 1
    if position + 1 == len(cells):
        raise no_rows
    return _Layout(names, left, stop, start[position][0]), findings


def _filled(row: Row) -> set[int]:
    return {i for i, cell in enumerate(row) if cell not in (None, "")}


def _goes_on(number: int, below: Row, marks: Marks) -> bool:
    """Whether a header goes on in the row below: merged cells reach into it, or it names parts of one above."""
    covered: set[int] = set()
    for first, column, last, last_column in marks.merged:
        if first <= number < last or (first == number and last_column > column):
            covered.update(range(column - 1, last_column))
    filled = _filled(below)
    return filled <= covered and all(is_name(below[i]) for i in filled)


def _joined(rows: list[tuple[int, Row]], marks: Marks) -> Row:
    """One header out of one or more rows: the lowest names; the same one under several groups with its group's."""
    width = max(len(row) for _, row in rows)
    names: Row = [None] * width
    groups: Row = [None] * width
    for number, row in rows:
        spread = row + [None] * (width - len(row))
        for first, column, _, last_column in marks.merged:
            if first == number and column <= width and last_column > column:
                here = slice(column - 1, min(last_column, width))
                spread[here] = [spread[column - 1]] * len(spread[here])
        groups = [group if name == cell else name for group, name, cell in zip(groups, names, spread, strict=True)]
        names = [name if cell is None else cell for name, cell in zip(names, spread, strict=True)]
    return [
        f"{group} {name}" if group is not None and names.count(name) > 1 else name
        for group, name in zip(groups, names, strict=True)
    ]


def _is_numbering(row: Row, width: int) -> bool:
    numbers = [str(cell) for cell in row]
    return width >= _COLUMN_NUMBERS_LEAST and numbers == [str(i + 1) for i in range(width)]


class _Filler:
    """Fills cells merged over several rows downwards; rows must come in order."""

    def __init__(self, marks: Marks) -> None:
        self._waiting = [each for each in reversed(marks.merged) if each[2] > each[0]]
        self._open: dict[int, tuple[int, Any]] = {}

    def fill(self, rows: list[tuple[int, Row]]) -> list[int]:
        """Numbers of the rows in which a cell was filled."""
        filled = []
        for number, row in rows:
            while self._waiting and self._waiting[-1][0] <= number:
                first, column, last, _ = self._waiting.pop()
                if first == number and column <= len(row):
                    self._open[column - 1] = (last, row[column - 1])
            self._open = {column: held for column, held in self._open.items() if held[0] >= number}
            for column, (_, value) in self._open.items():
                row += [None] * (column + 1 - len(row))
                if row[column] is None and value is not None:
                    row[column] = value
                    filled.append(number)
        return filled


def _batches(sheet: _Sheet, layout: _Layout) -> Iterator[Batch]:
    with closing(sheet):
        last, first_row = layout.last_above, 1
        while rows := sheet.rows(batch_rows(len(layout.names))):
            batch = _batch(rows, sheet, layout, first_row)
            filled = sum(number in sheet.filled for number, _ in rows)
            if filled:
                what = "cells merged over several rows count for each of them"
                batch.findings.append(Finding("merged_cells", Severity.NOTE, what, count=filled))
            blank = rows[-1][0] - last - len(rows)
            if blank:
                what = "blank rows are not counted as rows"
                batch.findings.append(Finding("blank_rows", Severity.NOTE, what, count=blank))
            yield batch
            last, first_row = rows[-1][0], first_row + len(rows)


def _batch(rows: list[tuple[int, Row]], sheet: _Sheet, layout: _Layout, first_row: int) -> Batch:
    names, start, stop = layout.names, layout.start, layout.stop
    table, outside, unworked = [], [], []
    for row_number, (number, row) in enumerate(rows, start=first_row):
        table.append(row[start:stop] + [None] * (stop - max(len(row), start)))
        if len(row) > stop or start:
            beyond = [cell for cell in row[:start] + row[stop:] if cell not in (None, "")]
            if beyond:
                what, remedy = "cells beyond the table's columns were left out", "Name their column to use them"
                outside.append(Problem(what, remedy, sheet.file, row_number, value=beyond[0]))
        for column in sheet.marks.without_value.get(number, ()):
            if start < column <= stop:
                what = "a formula without its result"
                remedy = "Open the workbook in a spreadsheet program and save it, so that results are stored"
                unworked.append(Problem(what, remedy, sheet.file, row_number, names[column - 1 - start]))
    columns = [[_text(cell) for cell in column] for column in zip(*table, strict=True)]
    batch = text_batch(names, columns, first_row)
    if outside:
        batch.findings.append(Finding.of("cells_outside", Severity.WARNING, outside))
    batch.problems += unworked
    _refuse_errors(batch, sheet.file)
    batch.problems.sort(key=lambda problem: problem.row or 0)
    return batch


def _refuse_errors(batch: Batch, file: str) -> None:
    for name in batch.frame.columns:
        wrong = batch.frame[name].isin(_ERRORS_IN_CELLS)
        if not wrong.any():
            continue
        for i in np.flatnonzero(wrong):
            value = batch.frame[name].iloc[i]
            remedy = "Mend the formula, or empty the cell"
            row = int(batch.rows[i])
            batch.problems.append(Problem("the cell holds an error", remedy, file, row, str(name), value))
        batch.frame[name] = batch.frame[name].mask(wrong, None)


def _text(cell: Any) -> str | None:
    """A cell as a person would write it."""
    if cell is None or isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float):
        return _number_text(cell)
    if isinstance(cell, datetime.datetime):
        return cell.date().isoformat() if cell.time() == datetime.time() else cell.isoformat(sep="T")
    if isinstance(cell, datetime.date | datetime.time):
        return cell.isoformat()
    return str(cell)


def _number_text(value: float) -> str:
    # fifteen digits are what spreadsheets show and mean: 0.1 + 0.2 is 0.3
    rounded = float(f"{value:.15g}")
    return np.format_float_positional(rounded, trim="-") if np.isfinite(rounded) else str(value)
