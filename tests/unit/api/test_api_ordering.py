"""The sortby parameter and the order that it makes."""

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.errors import BadParameter
from api.features.columns import Column
from api.features.ordering import Key, is_sortable, parse_sortby, ranks, sorted_rows

values = st.lists(st.tuples(st.one_of(st.none(), st.sampled_from("aAbБәӘ")), st.integers(0, 3)), min_size=1)


@given(values, st.booleans(), st.booleans())
def test_order_is_that_of_python_with_missing_values_last(
    pairs: list[tuple[str | None, int]], text_down: bool, number_down: bool
) -> None:
    text = Column.from_series("t", pd.Series([pair[0] for pair in pairs], dtype="object"))
    number = Column.from_series("n", pd.Series([pair[1] for pair in pairs], dtype="int64"))
    rows = pd.Series(range(len(pairs))).to_numpy()
    found = sorted_rows(rows, [(ranks(text), text_down), (ranks(number), number_down)])

    # Python's sort is stable, so the second key first
    expected = sorted(range(len(pairs)), key=lambda row: -pairs[row][1] if number_down else pairs[row][1])
    known = [row for row in expected if pairs[row][0] is not None]
    missing = [row for row in expected if pairs[row][0] is None]
    letters = sorted({pairs[row][0] for row in known})
    known.sort(key=lambda row: letters.index(pairs[row][0]) * (-1 if text_down else 1))
    assert found.tolist() == known + missing


def test_keys_are_read_with_their_direction() -> None:
    assert parse_sortby("+a,-b, c,d") == (Key("a"), Key("b", True), Key("c"), Key("d"))


@pytest.mark.parametrize("text", ["", ",", "a,", "+", "-", "a,a", "a,-a"])
def test_what_names_no_property_or_one_twice_is_refused(text: str) -> None:
    with pytest.raises(BadParameter, match="sortby"):
        parse_sortby(text)


def test_lists_have_no_order() -> None:
    column = Column.from_series("reasons", pd.Series(['[{"code":"a"}]'], dtype="str"), codes=True)
    assert not is_sortable(column)
