"""Delimited text: delimiters, headers, uneven rows, batches, and files that are none."""

import csv
import io
import re

import geopandas as gpd
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from geo.errors import FileProblem, InputError, ValueRejected
from geo.ingest.readers import delimited
from geo.ingest.readers.delimited import open_delimited, read_delimited
from geo.ingest.source import Batch, ReadOptions


@pytest.fixture
def write(tmp_path):
    def write(content: str | bytes, name: str = "a.csv", encoding: str = "utf-8"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
        return path

    return write


def only(path, options: ReadOptions = ReadOptions()) -> Batch:  # noqa: B008
    (batch,) = open_delimited(path, options).batches
    return batch


def cells(batch: Batch) -> list[list[str | None]]:
    return batch.frame.astype(object).where(batch.frame.notna(), None).to_numpy().tolist()


def codes(findings) -> list[tuple[str, int]]:
    return [(finding.code, finding.count) for finding in findings]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_delimiters_and_line_ends(write, delimiter, end):
    rows = [["kato", "name", "note"], ["010", " Алга ", "a;b,c"], ["020", "", "x\ty|z"]]
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, lineterminator=end).writerows(rows)
    source = open_delimited(write(text.getvalue()), ReadOptions())
    assert source.format == ("TSV" if delimiter == "\t" else "CSV")
    assert (source.columns, source.delimiter, source.encoding) == (rows[0], delimiter, "utf-8")
    (batch,) = source.batches
    assert not isinstance(batch.frame, gpd.GeoDataFrame)
    assert cells(batch) == [["010", "Алга", "a;b,c"], ["020", None, "x\ty|z"]]
    assert batch.rows.tolist() == [1, 2]


@pytest.mark.parametrize(
    ("text", "delimiter", "columns"),
    [
        ('"a,b,c,d";e\n1;2\n', ";", ["a,b,c,d", "e"]),
        ("name;lat, deg;lon, deg\nx;50,28;57,16\n", ";", ["name"]),
        ("Name, ru;Name, kk, official;people\na;b;5\n", ";", ["Name, ru", "Name, kk, official", "people"]),
        ("a|b\n1,2;3|4\n", "|", ["a", "b"]),
        ("name\nx, y\n", ",", ["name"]),
        ("name\nx\n", ",", ["name"]),
        ("sep=|\na;b|c\n1|2\n", "|", ["a;b", "c"]),
        ("sep=;\r\na;b\r\n1;2\r\n", ";", ["a", "b"]),
        ("\ufeffsep=;\na;b,c\n1;2\n", ";", ["a", "b,c"]),
    ],
)
def test_the_delimiter_is_what_splits_header_and_rows(write, text, delimiter, columns):
    source = open_delimited(write(text), ReadOptions())
    assert (source.delimiter, source.columns) == (delimiter, columns)


def test_a_line_break_inside_quotes_does_not_shift_the_rows(write):
    batch = only(write('a,b\n"1\n1",2\n\n3\n4,5\n'))
    assert cells(batch) == [["1\n1", "2"], ["3", None], ["4", "5"]]
    assert [(p.row, p.what) for p in batch.problems] == [(2, "the row has 1 cells")]
    assert codes(batch.findings) == [("blank_rows", 1)]


def test_uneven_rows_stay_and_are_named(write):
    batch = only(write("a;b;c\n1;2\n1;2;3;4\n1;2;3;;\n1;2;3\n"))
    assert cells(batch) == [["1", "2", None], ["1", "2", "3"], ["1", "2", "3"], ["1", "2", "3"]]
    assert [(p.file, p.row, p.what) for p in batch.problems] == [
        ("a.csv", 1, "the row has 2 cells"),
        ("a.csv", 2, "the row has 4 cells"),
    ]
    assert codes(batch.findings) == [("empty_cells", 1)]


def test_titles_above_the_header_are_left_out_and_said(write):
    source = open_delimited(write("Перечень сёл;;\n;;\nКАТО;Имя;Люди\n1;А;5\n2;Б;6\n"), ReadOptions())
    assert source.columns == ["КАТО", "Имя", "Люди"]
    assert [(f.code, f.what.split(";")[0]) for f in source.findings] == [
        ("header_row", "the header was found in row 2")
    ]
    (batch,) = source.batches
    assert cells(batch) == [["1", "А", "5"], ["2", "Б", "6"]]
    assert batch.rows.tolist() == [1, 2]


def test_a_column_without_a_name_is_called_by_its_number(write):
    source = open_delimited(write(",kato,\n0,1\n"), ReadOptions())
    assert source.columns == ["column_1", "kato"]
    assert codes(source.findings) == [("unnamed_column", 1)]


@pytest.mark.parametrize(
    ("content", "match"),
    [
        ("a,b,a\n1,2,3\n", r"^a\.csv, column 'a': the column is there twice"),
        ("153234100,57.5,50.2\n153234200,57.5,50.2\n", r"^a\.csv: the file has no header .*'153234100, 57\.5"),
        ("1;2;3\n4;5;6\n", r"^a\.csv: the file has no header"),
        ("A,1,2\nB,3,4\nC,x,y\nD,5,6\n", r"^a\.csv: the file has no header .*'A, 1, 2'"),
        ("Алга;57,25;50,25\nБестамак;57,5;50,5\n", r"^a\.csv: the file has no header"),
        ("a,b\n", r"^a\.csv: the file has no rows"),
        ("\n \n;;\n", r"^a\.csv: the file has no rows"),
        ('a,b\n1,2\n3,"4\n5,6\n', r"^a\.csv, row 2: cannot be read as CSV.*quotation mark"),
        ('Title,,\na,b,c\n1,2,3\n3,"4" 5,6\n', r"^a\.csv, row 2: cannot be read as CSV"),
        ("a,b\n" * 40_000 + "1,\0\n", r"^a\.csv, row 40000: the row holds a NUL byte"),
        ("a,b\n1,\0\n", r"^a\.csv: the file is binary"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", r"^a\.csv: the file is binary"),
        (b"PK\x03\x04rest", r"^a\.csv: this is a zip or XLSX file"),
        (b"\xd0\xcf\x11\xe0rest", r"^a\.csv: this is an old Excel file"),
        ("a,b\n1,2\n".encode("utf-16-le"), r"^a\.csv: the file is binary"),
    ],
)
def test_what_spoils_the_whole_file(write, content, match):
    path = write(content)
    with pytest.raises(FileProblem, match=match):
        list(open_delimited(path, ReadOptions()).batches)
    with pytest.raises(FileProblem, match=match):
        read_delimited(path)


@pytest.mark.parametrize("content", ["a,b\n1," + "x" * 30_000, 'a,b\n1,"' + "x\n" * 15_000, "a," * 15_000])
def test_an_endless_row_is_refused_before_it_is_read(write, monkeypatch, content):
    monkeypatch.setattr(delimited, "_ROW_CHARACTERS", 20_000)
    with pytest.raises(FileProblem, match=r"^a\.csv(, row 1)?: the row is longer than 20000 characters"):
        list(open_delimited(write(content), ReadOptions()).batches)


def test_too_many_columns_are_refused(write):
    header = ",".join(f"c{i}" for i in range(2_001))
    with pytest.raises(InputError, match=r"2001 columns.*2000"):
        open_delimited(write(f"{header}\n1\n"), ReadOptions())


def test_rows_are_counted_on_through_batches(write, monkeypatch):
    monkeypatch.setattr(delimited, "batch_rows", lambda columns: 4)
    batches = list(open_delimited(write("a,b\n" + "1,2\n" * 9 + "3\n"), ReadOptions()).batches)
    assert [batch.rows.tolist() for batch in batches] == [[1, 2, 3, 4], [5, 6, 7, 8], [9, 10]]
    assert [batch.frame.index.tolist() for batch in batches] == [[0, 1, 2, 3], [0, 1, 2, 3], [0, 1]]
    assert [problem.row for batch in batches for problem in batch.problems] == [10]


def test_long_rows_make_short_batches(write, monkeypatch):
    monkeypatch.setattr(delimited, "_BATCH_CHARACTERS", 1_000)
    batches = list(open_delimited(write("a,b\n" + f"1,{'x' * 300}\n" * 10), ReadOptions()).batches)
    assert [len(batch.rows) for batch in batches] == [4, 4, 2]


def test_positions_make_the_batches_geographic(write):
    source = open_delimited(write("kato;Lon;Lat\n1;57,5;50,25\n2;;\n3;x;50\n"), ReadOptions())
    assert (source.columns, source.crs) == (["kato"], "EPSG:4326")
    (batch,) = source.batches
    assert [None if p is None else (p.x, p.y) for p in batch.frame.geometry] == [(57.5, 50.25), None, None]
    assert [(p.row, p.column, p.value) for p in batch.problems] == [(3, "Lon", "x")]


def test_the_options_reach_encoding_and_crs(write):
    path = write("имя;x;y\nАлга;500000;5500000\n", encoding="koi8-r")
    source = open_delimited(path, ReadOptions(crs="EPSG:32640", encoding="koi8-r"))
    assert (source.crs, source.encoding, source.columns) == ("EPSG:32640", "koi8-r", ["имя"])
    with pytest.raises(ValueRejected, match="coordinate reference system"):
        open_delimited(path, ReadOptions(crs="EPSG:moon"))
    with pytest.raises(FileProblem, match="not utf-8 at byte 1"):
        open_delimited(path, ReadOptions(encoding="utf-8"))


def test_excel_unicode_text_is_read(write):
    batch = only(write("Ауыл\tӘкім\nАлға\tҚ\n", encoding="utf-16"))
    assert batch.frame.columns.tolist() == ["Ауыл", "Әкім"]
    assert cells(batch) == [["Алға", "Қ"]]


def test_the_end_mark_of_dos_is_no_row(write):
    assert len(only(write(b"a,b\r\n1,2\r\n\x1a")).rows) == 1


def test_a_source_that_is_dropped_closes_its_file(write):
    source = open_delimited(write("a,b\n" + "1,2\n" * 10), ReadOptions())
    next(source.batches)
    del source  # an open file would warn, and fail the test


def test_the_whole_table_at_once(write):
    frame = read_delimited(write("kato;lon\n010;57\n020;\n"))
    assert frame.columns.tolist() == ["kato", "lon"]
    assert frame["kato"].tolist() == ["010", "020"]
    with pytest.raises(FileProblem) as refused:
        read_delimited(write("a,b\n1\n1,2\n1,2,3\n"))
    assert [problem.row for problem in refused.value.problems] == [1, 3]


FIELDS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)


@given(
    rows=st.lists(st.lists(FIELDS, min_size=3, max_size=3), min_size=1, max_size=6),
    delimiter=st.sampled_from(",;\t|"),
    quoting=st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]),
)
def test_what_a_writer_wrote_comes_back(tmp_path_factory, rows, delimiter, quoting):
    path = tmp_path_factory.mktemp("written") / "a.csv"
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, delimiter=delimiter, quoting=quoting)
        # a first column that is always filled: blank rows are no rows
        writer.writerows([["key", "first name", "second", "third"], *(["k", *row] for row in rows)])
    assume(not re.search(rb"[\x00-\x08\x0e-\x1f]", path.read_bytes()))
    batch = only(path)
    expected = [["k", *((cell.strip() or None) for cell in row)] for row in rows]
    assert cells(batch) == expected
    assert batch.problems == []


def read_anything(path) -> None:
    """Whatever the bytes are: rows, or an error with a message of its own."""
    for options in (ReadOptions(), ReadOptions(crs="EPSG:32640", encoding="cp866")):
        try:
            source = open_delimited(path, options)
            count = 0
            for batch in source.batches:
                assert len(batch.frame) == len(batch.rows)
                assert batch.rows[0] == count + 1
                count += len(batch.rows)
            assert count >= 1
        except InputError:
            pass


BYTES = st.one_of(
    st.binary(max_size=400),
    st.text(st.sampled_from("lonatx,;\t|\"'\n\r 1253.°NСЕw-=\ufeff\x1a"), max_size=300).map(str.encode),
    st.text(max_size=200).map(lambda text: text.encode("utf-16")),
    st.builds(lambda body: b"wkt;coordinates;lon;lat\n" + body, st.binary(max_size=200)),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=150)
@given(content=BYTES)
def test_no_bytes_break_the_reader(tmp_path, content):
    (tmp_path / "a.csv").write_bytes(content)
    read_anything(tmp_path / "a.csv")


@pytest.mark.soak
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=10_000)
@given(content=BYTES)
def test_no_bytes_break_the_reader_for_long(tmp_path, content):
    (tmp_path / "a.csv").write_bytes(content)
    read_anything(tmp_path / "a.csv")
