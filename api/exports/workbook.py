"""XLSX: a formatted sheet of rows, and a sheet that says what they are and whom to credit.

openpyxl makes the frame: styles, heads, widths and the sheet `about`. The rows are written into it as XML, because a
cell object for each value costs ten times as much.
"""

import io
import re
from collections.abc import Iterator
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.writer.excel import ExcelWriter

from api.errors import BadParameter
from api.exports.extract import Extract
from api.exports.files import Parts, parts_of_file
from api.exports.spreadsheets import spreadsheet_batches, xml_text
from api.exports.tables import position_names
from api.exports.titles import column_title, word
from geo.spreadsheets import harmless

ROWS_MAX = 1_048_575
"""Rows of a sheet under its head."""

TEXT_MAX = 32_767
"""Characters of a cell."""

_WIDEST_COLUMN = 40
_NARROWEST_COLUMN = 8
_ROWS_MEASURED = 200
_SHEET = "xl/worksheets/sheet1.xml"
_ROWS_GO_BEFORE = b"</sheetData>"
_ZIP_LEVEL = 4
_SHEET_NAME_MAX = 31
_ABOUT = "about"
_DAY_MICROSECONDS = 86_400_000_000
_DAYS_BEFORE_1970 = 25_569
_FIRST_DAY, _LAST_DAY = 61, 2_958_465
"""1 March 1900, before which spreadsheets count a day too many, and 31 December 9999."""


def xlsx_parts(extract: Extract) -> Parts:
    """A workbook whose first sheet has a frozen, filterable head in the asked language.

    Raises
    ------
    BadParameter
        When there are more rows than a sheet can hold.
    """
    if len(extract) > ROWS_MAX:
        raise BadParameter("f", f"asks for {len(extract)} rows of at most {ROWS_MAX}", "Select fewer, or ask for csv")
    return parts_of_file("export.xlsx", lambda path: _write(extract, path))


def _write(extract: Extract, path: Path) -> None:
    batches = spreadsheet_batches(extract, credits=False)
    first = next(batches)
    frame, styles = _frame(extract, first)
    moment = extract.about.created_at.timetuple()[:6]
    with ZipFile(frame) as made, ZipFile(path, "w", ZIP_DEFLATED, compresslevel=_ZIP_LEVEL) as archive:
        for name in made.namelist():
            # zip files begin in 1980
            entry = ZipInfo(name, max(moment, (1980, 1, 1, 0, 0, 0)))
            entry.compress_type = ZIP_DEFLATED
            before, mark, after = made.read(name).partition(_ROWS_GO_BEFORE if name == _SHEET else b"\0")
            with archive.open(entry, "w") as part:
                part.write(before)
                if mark:
                    row = 2
                    for batch in _chained(first, batches):
                        part.write(_rows(batch, styles, row))
                        row += len(batch)
                    part.write(mark + after)


def _chained(first: pa.RecordBatch, rest: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    yield first
    yield from rest


def _frame(extract: Extract, first: pa.RecordBatch) -> tuple[io.BytesIO, list[int]]:
    """The workbook without its rows, and the number of each column's style in it."""
    book = Workbook(write_only=True)
    moment = extract.about.created_at.replace(tzinfo=None)
    book.properties.creator = "Shalgai"
    book.properties.created = book.properties.modified = moment
    sheet = book.create_sheet(_sheet_name(extract.collection.kind.id))
    sheet.freeze_panes = "A2"
    sheet.auto_filter.ref = f"A1:{get_column_letter(first.num_columns)}{len(extract) + 1}"
    positions = position_names(extract)
    heads, styles = [], []
    for index, (name, values) in enumerate(zip(first.schema.names, first.columns, strict=True), start=1):
        title = column_title(name, extract.language)
        head = WriteOnlyCell(sheet, title)
        head.font, head.fill = Font(bold=True), PatternFill("solid", fgColor="DDE6EE")
        head.alignment = Alignment(wrap_text=True, vertical="top")
        heads.append(head)
        cell = WriteOnlyCell(sheet)
        position_format = "0." + "0" * extract.view.crs.decimals if name in positions else None
        cell.number_format = _number_format(name, values.type, position_format)
        styles.append(cell.style_id)
        sheet.column_dimensions[get_column_letter(index)].width = _width(title, values)
    sheet.append(heads)
    _about(book, extract, first.schema.names)
    stream = io.BytesIO()
    # `Workbook.save` would set the time of day
    ExcelWriter(book, ZipFile(stream, "w", ZIP_DEFLATED)).save()
    return stream, styles


def _about(book: Workbook, extract: Extract, names: list[str]) -> None:
    about, tongue = extract.about, extract.language
    lines: list[tuple[str, str]] = [
        (word("collection", tongue), extract.collection.kind.title),
        (column_title("run", tongue), about.run),
        (word("created_at", tongue), f"{about.created_at:%Y-%m-%dT%H:%M:%SZ}"),
        (column_title("scenario", tongue), about.scenario or ""),
        (column_title("label", tongue), about.label or ""),
        *((word("credits", tongue), credit) for credit in about.credits),
        (word("crs", tongue), extract.view.crs.uri),
        (word("rows", tongue), str(len(extract))),
        ("", ""),
        *((column_title(name, tongue), name) for name in names),
    ]
    sheet = book.create_sheet(_ABOUT)
    sheet.column_dimensions["A"].width = sheet.column_dimensions["B"].width = _WIDEST_COLUMN
    for line in harmless(pd.DataFrame(lines, columns=["what", "text"], dtype="str")).itertuples(index=False, name=None):
        sheet.append([text[:TEXT_MAX] for text in line])


def _rows(batch: pa.RecordBatch, styles: list[int], start: int) -> bytes:
    """A batch as the XML of rows that are numbered from `start`."""
    numbers = range(start, start + len(batch))
    columns = [
        _cells(values, f'<c r="{get_column_letter(index)}', f'" s="{style}"', numbers)
        for index, (values, style) in enumerate(zip(batch.columns, styles, strict=True), start=1)
    ]
    rows = zip(numbers, map("".join, zip(*columns, strict=True)), strict=True)
    return "".join([f'<row r="{n}">{cells}</row>' for n, cells in rows]).encode()


def _cells(values: pa.Array, head: str, style: str, numbers: range) -> list[str]:
    """The cells of a column; a missing value has none."""
    kind = values.type
    if pa.types.is_temporal(kind):
        day_numbers, too_early_or_late = _day_numbers(values)
        cells = _cells(day_numbers, head, style, numbers)
        texts = _cells(too_early_or_late, head, style, numbers)
        return [cell or text for cell, text in zip(cells, texts, strict=True)]
    if pa.types.is_string(kind):
        contents = xml_text(pc.utf8_slice_codeunits(values, 0, TEXT_MAX)).to_pylist()
        before, after = f'{style} t="inlineStr"><is><t xml:space="preserve">', "</t></is></c>"
    elif pa.types.is_boolean(kind):
        contents = [None if value is None else int(value) for value in values.to_pylist()]
        before, after = f'{style} t="b"><v>', "</v></c>"
    else:
        contents = values.to_pylist()
        before, after = f"{style}><v>", "</v></c>"
    return [
        "" if content is None else f"{head}{n}{before}{content}{after}"
        for n, content in zip(numbers, contents, strict=True)
    ]


def _day_numbers(values: pa.Array) -> tuple[pa.Array, pa.Array]:
    """Dates or times (UTC) as days of a spreadsheet's calendar, and as text those that it does not have."""
    plain = values.cast(pa.timestamp("us"), safe=False) if pa.types.is_timestamp(values.type) else values
    units = plain.cast(pa.int32() if pa.types.is_date(plain.type) else pa.int64()).cast(pa.float64(), safe=False)
    days = pc.add(units if pa.types.is_date(plain.type) else pc.divide(units, _DAY_MICROSECONDS), _DAYS_BEFORE_1970)
    held = pc.and_(pc.greater_equal(days, _FIRST_DAY), pc.less(days, _LAST_DAY + 1))
    return pc.if_else(held, days, None), pc.if_else(held, None, plain.cast(pa.string()))


def _sheet_name(collection_id: str) -> str:
    name = re.sub(r"[\[\]:*?/\\']", "_", collection_id)[:_SHEET_NAME_MAX]
    return f"{name}_" if name.lower() == _ABOUT else name


def _number_format(name: str, kind: pa.DataType, position_format: str | None) -> str:
    if pa.types.is_date(kind):
        return "yyyy-mm-dd"
    if pa.types.is_timestamp(kind):
        return "yyyy-mm-dd hh:mm:ss"
    if position_format:
        return position_format
    if name.startswith(("population", "people")):
        return "#,##0"
    if name.startswith(("probability_", "indicator_")) or "share" in name:
        return "0.00"
    return "0" if pa.types.is_integer(kind) else "General"


def _width(title: str, values: pa.Array) -> int:
    texts = values[:_ROWS_MEASURED].cast(pa.string()) if not pa.types.is_timestamp(values.type) else None
    longest = 19 if texts is None else pc.max(pc.utf8_length(texts)).as_py() or 0
    # a title may take several lines, but a word of it only one
    longest_word = max(len(part) for part in title.split() or [""])
    return min(max(longest, longest_word, _NARROWEST_COLUMN) + 3, _WIDEST_COLUMN)
