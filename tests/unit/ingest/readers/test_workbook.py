"""Workbooks: which sheet, where the table begins, what cells become, and what is refused."""

import datetime
import io
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl.worksheet.worksheet import Worksheet

from geo.errors import FileProblem, InputError, LimitExceeded, UnsafeInput
from geo.ingest.readers import workbook
from geo.ingest.readers.workbook import open_workbook
from geo.ingest.source import Batch, ReadOptions

HEADER = ["kato", "name", "people"]


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Write rows as the only sheet of a workbook; `change` may do more to it."""

    def write(rows: list[list[Any]], change: Callable[[Worksheet], None] | None = None, name: str = "a.xlsx") -> Path:
        book = openpyxl.Workbook()
        sheet = book.active
        for row in rows:
            sheet.append(row)
        if change:
            change(sheet)
        book.save(tmp_path / name)
        return tmp_path / name

    return write


@pytest.fixture
def rewrite(tmp_path: Path) -> Callable[..., Path]:
    """Rewrite parts of a workbook's archive."""

    def rewrite(path: Path, change: Callable[[str, bytes], bytes]) -> Path:
        target = tmp_path / "changed.xlsx"
        with zipfile.ZipFile(path) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
            for name in old.namelist():
                new.writestr(name, change(name, old.read(name)))
        return target

    return rewrite


def in_sheet(pattern: bytes, replacement: bytes) -> Callable[[str, bytes], bytes]:
    def change(name: str, content: bytes) -> bytes:
        if not name.startswith("xl/worksheets/sheet"):
            return content
        changed = re.sub(pattern, replacement, content)
        assert changed != content
        return changed

    return change


def only(path: Path, **options: Any) -> Batch:
    (batch,) = open_workbook(path, ReadOptions(**options)).batches
    return batch


def cells(batch: Batch) -> list[list[str | None]]:
    return batch.frame.astype(object).where(batch.frame.notna(), None).to_numpy().tolist()


def codes(findings: Any) -> list[tuple[str, int]]:
    return [(finding.code, finding.count) for finding in findings]


def test_a_sheet_is_a_table_of_text(write):
    source = open_workbook(write([HEADER, [153234100, "Алга ", 12], ["010", None, ""]]), ReadOptions())
    assert (source.format, source.layer, source.columns, source.findings) == ("XLSX", "Sheet", HEADER, [])
    (batch,) = source.batches
    assert cells(batch) == [["153234100", "Алга", "12"], ["010", None, None]]
    assert batch.rows.tolist() == [1, 2]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (150000000.0, "150000000"),
        (57.167, "57.167"),
        (1e-7, "0.0000001"),
        (-5.0, "-5"),
        (1e20, "100000000000000000000"),
        (123456789012, "123456789012"),
        (True, "true"),
        (False, "false"),
        (datetime.datetime(2024, 5, 6), "2024-05-06"),
        (datetime.datetime(2024, 5, 6, 7, 8), "2024-05-06T07:08:00"),
        (datetime.date(2024, 5, 6), "2024-05-06"),
        (datetime.time(7, 8), "07:08:00"),
        ("  5 ", "5"),
    ],
)
def test_a_cell_becomes_what_a_person_would_write(write, value, text):
    assert cells(only(write([HEADER, ["1", "a", value]]))) == [["1", "a", text]]


def test_float_noise_is_not_passed_on(write, rewrite):
    path = rewrite(write([HEADER, [1, "a", 0.3]]), in_sheet(rb"<v>0.3</v>", b"<v>0.30000000000000004</v>"))
    assert cells(only(path)) == [["1", "a", "0.3"]]


def test_titles_and_a_row_of_column_numbers_are_left_out_and_said(write):
    rows = [["Перечень населённых пунктов"], [], ["на 1 января", 2024]]
    header = ["№", "КАТО", "Атауы", "Людей", "2024"]
    path = write([*rows, header, [1, 2, 3, 4, 5], [1, 153234100, "Алға", 12, 3], [2, 153234200, "Бестамақ", 5, 4]])
    source = open_workbook(path, ReadOptions())
    assert source.columns == header
    assert codes(source.findings) == [("header_row", 1), ("column_numbers", 1)]
    assert "row 4 of the sheet" in source.findings[0].what
    (batch,) = source.batches
    assert cells(batch)[0] == ["1", "153234100", "Алға", "12", "3"]
    assert batch.rows.tolist() == [1, 2]


def test_a_title_of_two_texts_is_no_header(write):
    source = open_workbook(
        write([["Утверждаю", None, None, None, "Директор"], ["a", "b", "c", "d", "e"], [1, 2, 3, 4, 9]]), ReadOptions()
    )
    assert source.columns == ["a", "b", "c", "d", "e"]


def test_empty_rows_and_columns_around_the_table_do_not_matter(write):
    rows = [[], [], [None, *HEADER, None], [None, 1, "a", 3], [], [None, 2, "b", 4], [], [None, "", " "]]

    def widen(sheet: Worksheet) -> None:
        sheet["Z90"].font = openpyxl.styles.Font(bold=True)

    source = open_workbook(write(rows, widen), ReadOptions())
    assert source.columns == HEADER
    (batch,) = source.batches
    assert cells(batch) == [["1", "a", "3"], ["2", "b", "4"]]
    assert batch.rows.tolist() == [1, 2]
    assert codes(batch.findings) == [("blank_rows", 1)]


def test_a_totals_row_is_a_row(write):
    assert cells(only(write([HEADER, [1, "a", 3], ["Итого", None, 3]])))[1] == ["Итого", None, "3"]


def test_cells_beyond_the_table_are_reported(write):
    batch = only(write([HEADER, [1, "a", 3], [2, "b", 4, None, "see below"]]))
    assert cells(batch) == [["1", "a", "3"], ["2", "b", "4"]]
    assert [(f.code, f.severity, f.examples[0].row, f.examples[0].value) for f in batch.findings] == [
        ("cells_outside", "warning", 2, "see below")
    ]


def test_a_cell_merged_over_rows_counts_for_each(write):
    rows = [["district", "name"], ["Алгинский", "a"], [None, "b"], [None, "c"], [None, "d"]]
    batch = only(write(rows, lambda sheet: sheet.merge_cells("A2:A4")))
    assert [row[0] for row in cells(batch)] == ["Алгинский"] * 3 + [None]
    assert codes(batch.findings) == [("merged_cells", 2)]


def test_merged_cells_are_filled_across_batches(write, monkeypatch):
    monkeypatch.setattr(workbook, "batch_rows", lambda columns: 2)
    rows = [["district", "name"], *([None, str(i)] for i in range(100))]
    rows[1][0] = "Алгинский"
    batches = list(open_workbook(write(rows, lambda s: s.merge_cells("A2:A91")), ReadOptions()).batches)
    assert sum(batch.frame["district"].eq("Алгинский").sum() for batch in batches) == 90
    assert [row for batch in batches for row in batch.rows] == list(range(1, 101))


def test_a_header_of_two_rows_is_joined(write):
    def merge(sheet: Worksheet) -> None:
        for cells in ("A1:A2", "B1:C1", "D1:E1"):
            sheet.merge_cells(cells)

    rows = [["name", "Beeline", None, "Kcell", None], [None, "4G", "3G", "4G", "2G"], ["x", "a", "b", "c", "d"]]
    source = open_workbook(write(rows, merge), ReadOptions())
    assert source.columns == ["name", "Beeline 4G", "3G", "Kcell 4G", "2G"]
    assert len(next(source.batches).rows) == 1


def test_a_row_of_names_under_a_wide_header_cell_is_data(write):
    rows = [["name", "group", None], ["Алга", "x", "y"], ["Бестамак", "x", "y"]]
    source = open_workbook(write(rows, lambda sheet: sheet.merge_cells("B1:C1")), ReadOptions())
    assert source.columns == ["name", "group"]
    (batch,) = source.batches
    assert len(batch.rows) == 2
    assert codes(batch.findings) == [("cells_outside", 2)]


def test_a_merged_range_beside_the_header_is_ignored(write):
    path = write([["name"], ["x"]], lambda sheet: sheet.merge_cells("B1:C1"))
    assert open_workbook(path, ReadOptions()).columns == ["name"]


def test_error_cells_are_named(write):
    batch = only(write([HEADER, [1, "#REF!", 3], ["#N/A", "b", 4], [3, "#1 школа", 5]]))
    assert [(p.what, p.row, p.column, p.value) for p in batch.problems] == [
        ("the cell holds an error", 1, "name", "#REF!"),
        ("the cell holds an error", 2, "kato", "#N/A"),
    ]
    assert cells(batch) == [["1", None, "3"], [None, "b", "4"], ["3", "#1 школа", "5"]]


def test_a_date_that_cannot_be_is_an_error_cell(write, rewrite):
    path = write([HEADER, [1, "a", datetime.date(2024, 5, 6)]])
    batch = only(rewrite(path, in_sheet(rb"<v>45418</v>", b"<v>99999999999</v>")))
    assert [(p.row, p.column, p.value) for p in batch.problems] == [(1, "people", "#VALUE!")]


def test_a_formula_counts_by_its_stored_result(write, rewrite):
    path = write([HEADER, [1, "=A2&1", "=A2*2"], [2, "b", 4]])
    batch = only(path)
    assert [(p.what, p.row, p.column) for p in batch.problems] == [
        ("a formula without its result", 1, "name"),
        ("a formula without its result", 1, "people"),
    ]
    stored = in_sheet(rb"(<f>A2\*2</f>)<v\s*/>|(<f>A2\*2</f>)<v></v>", rb"\1\2<v>84</v>")
    batch = only(rewrite(path, stored))
    assert cells(batch)[0] == ["1", None, "84"]
    assert [(p.row, p.column) for p in batch.problems] == [(1, "name")]


def test_a_formula_whose_result_is_empty_text_is_an_empty_cell(write, rewrite):
    path = write([HEADER, [1, '=IF(A2=1,"","x")', 3]])
    batch = only(rewrite(path, in_sheet(rb'<c r="B2"', b'<c r="B2" t="str"')))
    assert (cells(batch), batch.problems) == ([["1", None, "3"]], [])


def test_positions_make_the_batches_geographic(write):
    source = open_workbook(write([["kato", "lon", "lat"], [1, 57.5, "50°15'"], [2, None, 50]]), ReadOptions())
    assert (source.columns, source.crs) == (["kato"], "EPSG:4326")
    (batch,) = source.batches
    assert [None if p is None else (p.x, p.y) for p in batch.frame.geometry] == [(57.5, 50.25), None]
    assert [(p.row, p.column) for p in batch.problems] == [(2, "lon")]


def several(tmp_path: Path, hide: bool = False) -> Path:
    book = openpyxl.Workbook()
    book.active.title = "Сёла"
    book.active.append(HEADER)
    book.active.append([1, "a", 3])
    other = book.create_sheet("Справка")
    other.append(["k", "v"])
    other.append([1, 2])
    if hide:
        other.sheet_state = "hidden"
    book.create_sheet("Пусто")
    book.save(tmp_path / "several.xlsx")
    return tmp_path / "several.xlsx"


def test_of_several_sheets_one_must_be_named(tmp_path):
    path = several(tmp_path)
    with pytest.raises(FileProblem, match=r"^several\.xlsx: the workbook has 2 sheets: Сёла, Справка\."):
        open_workbook(path, ReadOptions())
    assert open_workbook(path, ReadOptions(layer="Справка")).columns == ["k", "v"]
    with pytest.raises(FileProblem, match=r"there are: Сёла, Справка, Пусто .*'roads'"):
        open_workbook(path, ReadOptions(layer="roads"))


def test_hidden_sheets_are_taken_only_by_name(tmp_path):
    path = several(tmp_path, hide=True)
    assert open_workbook(path, ReadOptions()).layer == "Сёла"
    assert open_workbook(path, ReadOptions(layer="Справка")).layer == "Справка"


@pytest.mark.parametrize(
    ("rows", "match"),
    [
        ([], r"^a\.xlsx: the workbook is empty"),
        ([["", " "]], r"^a\.xlsx: the workbook is empty"),
        ([HEADER], r"^a\.xlsx: the sheet has no rows"),
        ([[1, 2, 3], [4, 5, 6]], r"^a\.xlsx: the sheet has no header"),
        ([["A", 1, 2], ["B", 3, 4], ["C", "x", "y"], ["D", 5, 6]], r"^a\.xlsx: the sheet has no header"),
        ([["a", "b", "a"], [1, 2, 3]], r"^a\.xlsx, column 'a': the column is there twice"),
        ([["№", "b", "c", "d"], [1, 2, 3, 4]], r"^a\.xlsx: the sheet has no rows"),
    ],
)
def test_a_sheet_that_is_no_table(write, rows, match):
    with pytest.raises(FileProblem, match=match):
        open_workbook(write(rows), ReadOptions())


def test_what_a_sheet_says_of_its_size_is_not_believed(write, rewrite):
    path = rewrite(write([HEADER, [1, "a", 3]]), in_sheet(rb'<dimension ref="[^"]*"', b'<dimension ref="A1"'))
    assert cells(only(path)) == [["1", "a", "3"]]


def test_a_row_number_beyond_any_sheet_does_not_hang(write, rewrite):
    path = rewrite(write([HEADER, [1, "a", 3]]), in_sheet(rb'<row r="2"', b'<row r="2000000000"'))
    with pytest.raises(LimitExceeded, match="more than 1048576 rows"):
        open_workbook(path, ReadOptions())


@pytest.mark.parametrize("name", ["a.xls", "a.xlsb", "a.ods"])
def test_other_spreadsheets_are_refused_with_a_remedy(tmp_path, name):
    (tmp_path / name).write_bytes(b"anything")
    with pytest.raises(FileProblem, match=rf"^{name}: not an accepted format .*Save it as XLSX or CSV"):
        open_workbook(tmp_path / name, ReadOptions())


def test_a_workbook_with_macros_is_read_without_them(write):
    assert cells(only(write([HEADER, [1, "a", 3]], name="a.xlsm"))) == [["1", "a", "3"]]


@pytest.mark.parametrize(
    ("content", "match"),
    [
        (b"\xd0\xcf\x11\xe0 and more", "protected by a password or of the old format"),
        (b"kato,name\n1,2\n", "not an Excel workbook"),
        (b"PK\x03\x04 cut off", "not an Excel workbook"),
    ],
)
def test_what_is_no_workbook(tmp_path, content, match):
    (tmp_path / "a.xlsx").write_bytes(content)
    with pytest.raises(FileProblem, match=match):
        open_workbook(tmp_path / "a.xlsx", ReadOptions())


def test_a_zip_that_is_no_workbook(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.xlsx", "w") as archive:
        archive.writestr("readme.txt", "text")
    with pytest.raises(FileProblem, match=r"^a\.xlsx: cannot be read as a workbook"):
        open_workbook(tmp_path / "a.xlsx", ReadOptions())


def test_a_zip_bomb_is_refused(write, rewrite):
    path = rewrite(write([HEADER, [1, "a", 3]]), in_sheet(rb"</sheetData>", b" " * 30_000_000 + b"</sheetData>"))
    with pytest.raises(LimitExceeded):
        open_workbook(path, ReadOptions())


LAUGHS = '<!DOCTYPE a [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'


@pytest.mark.parametrize(
    "part", ["xl/worksheets/sheet1.xml", "xl/workbook.xml", "[Content_Types].xml", "xl/styles.xml"]
)
@pytest.mark.parametrize(
    "doctype",
    [LAUGHS, '<!DOCTYPE a SYSTEM "file:///etc/passwd">', f"<!--{'x' * 200_000}-->{LAUGHS}", "utf-16"],
    ids=["laughs", "file", "late", "wide"],
)
def test_a_document_type_in_any_part_is_refused(write, rewrite, part, doctype):
    def change(name: str, content: bytes) -> bytes:
        if name != part:
            return content
        text = re.sub(r"<\?xml[^>]*\?>\s*", "", content.decode())
        if doctype == "utf-16":
            return f'<?xml version="1.0" encoding="utf-16"?>{LAUGHS}{text}'.encode("utf-16")
        return f'<?xml version="1.0"?>{doctype}{text}'.encode()

    with pytest.raises(UnsafeInput, match=rf"^changed\.xlsx: XML with a document type .*{re.escape(part)}"):
        open_workbook(rewrite(write([HEADER, [1, "a", 3]]), change), ReadOptions())


def test_words_like_a_document_type_in_a_cell_are_text(write):
    assert cells(only(write([HEADER, [1, "<!DOCTYPE a>", "<!ENTITY>"]])))[0][1] == "<!DOCTYPE a>"


def test_a_source_that_is_dropped_closes_its_file(write):
    source = open_workbook(write([HEADER, *([i, "a", 3] for i in range(100))]), ReadOptions())
    del source  # an open file would warn, and fail the test


def read_anything(path: Path) -> None:
    """Whatever the workbook holds: rows, or an error with a message of its own."""
    for options in (ReadOptions(), ReadOptions(crs="EPSG:32640")):
        try:
            source = open_workbook(path, options)
            count = 0
            for batch in source.batches:
                assert len(batch.frame) == len(batch.rows)
                assert batch.rows[0] == count + 1
                count += len(batch.rows)
            assert count >= 1
        except InputError:
            pass


NAMES = st.sampled_from(["lon", "lat", "wkt", "coordinates", "x", "y", "kato", "№", "2024", "имя"])
VALUES = st.one_of(
    st.none(),
    st.text(st.characters(codec="utf-8", exclude_categories=["Cc"], exclude_characters="\ufffe\uffff"), max_size=10),
    NAMES,
    st.integers(-(10**18), 10**18),
    st.floats(allow_nan=False, allow_infinity=False),
    st.booleans(),
    st.datetimes(datetime.datetime(1900, 1, 1), datetime.datetime(9999, 12, 31)),
    st.sampled_from(["=A1", "#REF!", "57°10'", "POINT (1 2)"]),
)
GRIDS = st.builds(
    lambda header, rows: [header, *rows],
    st.lists(st.one_of(NAMES, VALUES), max_size=5),
    st.lists(st.lists(VALUES, max_size=6), max_size=6),
)
BOXES = st.tuples(st.integers(1, 6), st.integers(1, 6), st.integers(0, 3), st.integers(0, 3))


def written(path: Path, grid: list[list[Any]], boxes: list[tuple[int, int, int, int]]) -> bytes:
    book = openpyxl.Workbook()
    for row in grid:
        book.active.append(row)
    for row, column, high, wide in boxes:
        book.active.merge_cells(start_row=row, start_column=column, end_row=row + high, end_column=column + wide)
    held = io.BytesIO()
    book.save(held)
    path.write_bytes(held.getvalue())
    return held.getvalue()


def break_sheet(path: Path, content: bytes, at: float, piece: bytes) -> None:
    """Put a piece of text somewhere into the sheet's XML."""
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(path, "w") as new:
        for name in old.namelist():
            part = old.read(name)
            if name.startswith("xl/worksheets/sheet"):
                place = int(at * len(part))
                part = part[:place] + piece + part[place + len(piece) :]
            new.writestr(name, part)


FUZZED = given(
    grid=GRIDS,
    boxes=st.lists(BOXES, max_size=3),
    at=st.floats(0, 1),
    piece=st.one_of(st.just(b""), st.binary(min_size=1, max_size=3), st.sampled_from([b'"', b"<v>", b"NaN", b"Z9"])),
)
CALM = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]


@settings(suppress_health_check=CALM, deadline=None, max_examples=60)
@FUZZED
def test_no_grid_breaks_the_reader(tmp_path, grid, boxes, at, piece):
    content = written(tmp_path / "a.xlsx", grid, boxes)
    read_anything(tmp_path / "a.xlsx")
    break_sheet(tmp_path / "b.xlsx", content, at, piece)
    read_anything(tmp_path / "b.xlsx")


@pytest.mark.soak
@settings(suppress_health_check=CALM, deadline=None, max_examples=5_000)
@FUZZED
def test_no_grid_breaks_the_reader_for_long(tmp_path, grid, boxes, at, piece):
    content = written(tmp_path / "a.xlsx", grid, boxes)
    read_anything(tmp_path / "a.xlsx")
    break_sheet(tmp_path / "b.xlsx", content, at, piece)
    read_anything(tmp_path / "b.xlsx")
