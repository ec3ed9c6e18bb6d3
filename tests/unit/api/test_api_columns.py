"""Typed columns: comparison with text, and values as JSON has them."""

import datetime as dt
import json
from pathlib import Path

import numpy as np
import orjson
import pandas as pd
import pyarrow as pa
import pyogrio
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from api.errors import BadParameter
from api.features.columns import Column, Kind
from api.features.instants import parse_instant
from api.features.words import without_accents, without_case

INTEGER = Column.from_series("people", pd.Series([10, None, 0], dtype="Int64"))
NUMBER = Column.from_series("km", pd.Series([1.5, np.nan, np.inf]))
TRUTH = Column.from_series("centre", pd.Series([True, False, True]))
TEXT = Column.from_series("name", pd.Series(["Ә", None, "10"], dtype="str"))
CODES = Column.from_series(
    "reasons", pd.Series(['[{"code":"a"},{"code":"b","km":1}]', None, "no json"], dtype="str"), codes=True
)


@pytest.mark.parametrize(
    ("column", "text", "expected"),
    [
        (INTEGER, "10", [0]),
        (INTEGER, "10.0", [0]),
        (INTEGER, "0", [2]),
        (INTEGER, "10.5", []),
        (NUMBER, "1.5", [0]),
        (NUMBER, "15e-1", [0]),
        (TRUTH, "true", [0, 2]),
        (TRUTH, "False", [1]),
        (TEXT, "Ә", [0]),
        (TEXT, "10", [2]),
        (TEXT, "", []),
        (TEXT, "None", []),
        (CODES, "b", [0]),
        (CODES, "c", []),
    ],
)
def test_rows_equal_to_a_text(column: Column, text: str, expected: list[int]) -> None:
    assert column.equals(text).nonzero()[0].tolist() == expected


@pytest.mark.parametrize(
    ("column", "text"), [(INTEGER, "ten"), (INTEGER, ""), (NUMBER, "nan"), (NUMBER, "1_0"), (TRUTH, "yes")]
)
def test_text_of_another_kind_is_refused(column: Column, text: str) -> None:
    with pytest.raises(BadParameter, match=column.name):
        column.equals(text)


def test_missing_values_are_none() -> None:
    assert INTEGER.jsonable() == [10, None, 0]
    assert NUMBER.jsonable() == [1.5, None, None]
    assert TEXT.jsonable() == ["Ә", None, "10"]
    assert CODES.jsonable() == [[{"code": "a"}, {"code": "b", "km": 1}], None, "no json"]


@given(st.lists(st.one_of(st.none(), st.text(st.characters(exclude_categories=["Cs"]))), min_size=1))
def test_any_text_survives_json(texts: list[str | None]) -> None:
    column = Column.from_series("t", pd.Series(texts, dtype="object"))
    assert json.loads(orjson.dumps(column.jsonable())) == texts
    for row, text in enumerate(texts):
        if text is not None:
            assert column.equals(text)[row]


DATES = Column.from_series("day", pd.Series([dt.date(2022, 4, 16), None, dt.date(1, 1, 1)], dtype=object))
TIMES = Column.from_series("at", pd.Series(pd.to_datetime(["2022-04-16T10:13:19.5+02:00", None], utc=True)))


@pytest.mark.parametrize(
    ("series", "kind", "values"),
    [
        (pd.Series([True, None, False], dtype=object), "boolean", [True, None, False]),
        (pd.Series([True, None], dtype="boolean"), "boolean", [True, None]),
        (pd.Series([True, False]), "boolean", [True, False]),
        (pd.Series([1, None, 2**53 + 1], dtype="Int64"), "integer", [1, None, 2**53 + 1]),
        (pd.Series([1, 255], dtype="uint8"), "integer", [1, 255]),
        (pd.Series([1, None, 2**60], dtype=object), "integer", [1, None, 2**60]),
        (pd.Series([1, 2**64], dtype=object), "number", [1.0, 2.0**64]),
        (pd.Series([1.5, None]), "number", [1.5, None]),
        (pd.Series([1.5, None], dtype="Float64"), "number", [1.5, None]),
        (pd.Series([dt.date(2022, 4, 16), None], dtype=object), "date", ["2022-04-16", None]),
        (
            pd.Series([dt.datetime(2022, 4, 16, 10, 13, 19), None], dtype=object),
            "timestamp",
            ["2022-04-16T10:13:19Z", None],
        ),
        (pd.Series(["2022-04-16T10:13:19", None], dtype="datetime64[ms]"), "timestamp", ["2022-04-16T10:13:19Z", None]),
        (pd.Series(["1500-01-01T00:00:00"], dtype="datetime64[us]"), "timestamp", ["1500-01-01T00:00:00Z"]),
        (
            pd.Series(pd.to_datetime(["2022-04-16T10:13:19.123+05:00"])),
            "timestamp",
            ["2022-04-16T05:13:19.123Z"],
        ),
        (pd.Series([None, None], dtype=object), "text", [None, None]),
        (pd.Series([1, "a", None], dtype=object), "text", ["1", "a", None]),
        (pd.Series(["a", None], dtype="category"), "text", ["a", None]),
    ],
)
def test_kind_and_values_of_a_series(series: "pd.Series[object]", kind: Kind, values: list[object]) -> None:
    column = Column.from_series("c", series)
    assert (column.kind, column.jsonable()) == (kind, values)
    assert column.missing.tolist() == [value is None for value in values]


def test_columns_of_a_geopackage(tmp_path: Path) -> None:
    table = pa.table(
        {
            "day": pa.array([dt.date(2022, 4, 16), None]),
            "at": pa.array([dt.datetime(2022, 4, 16, 10, 13, 19), None], pa.timestamp("ms", tz="UTC")),
            "truth": pa.array([True, None]),
            "count": pa.array([1, 2]),
            "name": ["a", None],
            "geom": [shapely.Point(0, 0).wkb] * 2,
        }
    )
    pyogrio.write_arrow(
        table, tmp_path / "a.gpkg", driver="GPKG", geometry_name="geom", geometry_type="Point", crs="EPSG:4326"
    )
    frame = pyogrio.read_dataframe(tmp_path / "a.gpkg", use_arrow=True)
    columns = [Column.from_series(name, frame[name]) for name in ("day", "at", "truth", "count", "name")]
    assert [column.kind for column in columns] == ["date", "timestamp", "boolean", "integer", "text"]
    assert [column.jsonable()[0] for column in columns] == ["2022-04-16", "2022-04-16T10:13:19Z", True, 1, "a"]


@pytest.mark.parametrize(
    ("column", "text", "expected"),
    [
        (DATES, "2022-04-16", [0]),
        (DATES, "2022-04", [0]),
        (DATES, "0001", [2]),
        (DATES, "2022-04-16T12:00:00Z", [0]),
        (DATES, "2022-04-17T00:00:00Z", []),
        (TIMES, "2022-04-16T08:13:19.5Z", [0]),
        (TIMES, "2022-04-16T10:13:19.500+02:00", [0]),
        (TIMES, "2022-04-16", [0]),
        (TIMES, "2022-04-17", []),
    ],
)
def test_rows_equal_to_a_date(column: Column, text: str, expected: list[int]) -> None:
    assert column.equals(text).nonzero()[0].tolist() == expected


def test_whole_numbers_given_as_text_are_exact() -> None:
    column = Column.from_series("n", pd.Series([2**53, 2**53 + 1]))
    assert column.equals(str(2**53 + 1)).tolist() == [False, True]
    assert not column.equals("9" * 30).any()


@pytest.mark.parametrize("text", ["yesterday", "2022-13-01", "2022-04-16T25:00:00Z", "", "20220416", "٢٠٢٢"])
def test_other_text_is_no_date(text: str) -> None:
    assert parse_instant(text) is None
    with pytest.raises(BadParameter, match="not a date or timestamp"):
        DATES.equals(text)


def test_schemas_by_kind() -> None:
    assert DATES.schema == {"type": "string", "format": "date"}
    assert TIMES.schema == {"type": "string", "format": "date-time"}
    assert TRUTH.schema == TRUTH.queryable == {"type": "boolean"}
    assert CODES.queryable == {"type": "array", "items": {"type": "string"}}


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2024", "2024-01-01", "2025-01-01"),
        ("2024-02", "2024-02-01", "2024-03-01"),
        ("2024-12", "2024-12-01", "2025-01-01"),
        ("2024-02-29", "2024-02-29", "2024-03-01"),
        ("1969-12-31", "1969-12-31", "1970-01-01"),
        ("9999-12", "9999-12-01", None),
    ],
)
def test_a_partial_date_names_all_its_days(text: str, first: str, last: str | None) -> None:
    found = parse_instant(text)
    assert found is not None
    assert np.datetime64(found.first, "us") == np.datetime64(first)
    assert np.datetime64(found.last + 1, "us") == np.datetime64(last or "10000-01-01")


@pytest.mark.parametrize(
    ("text", "same"),
    [("STRASSE", "straße"), ("ΟΔΟΣ", "οδος"), ("ӘҢҚ", "әңқ"), ("Å", "A\u030a"), ("ǅ", "ǆ")],
)
def test_texts_that_differ_in_case_only_fold_to_one(text: str, same: str) -> None:
    assert without_case(text) == without_case(same)


@pytest.mark.parametrize(("text", "plain"), [("Chişinău", "Chisinau"), ("KØBENHAVN", "KOBENHAVN"), ("Łódź", "Lodz")])
def test_accents_are_taken_off(text: str, plain: str) -> None:
    assert without_accents(text) == plain


def test_letters_of_kazakh_are_letters_of_their_own() -> None:
    assert without_accents("әғқңөұүһі") == "әғқңөұүһі"
