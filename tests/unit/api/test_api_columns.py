"""Typed columns: comparison with text, and values as JSON has them."""

import json

import numpy as np
import orjson
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.errors import BadParameter
from api.features.columns import Column

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
