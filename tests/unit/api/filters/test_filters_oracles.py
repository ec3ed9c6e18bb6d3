"""The vectorised evaluation against independent ones: SQLite, Python's dates and sets, Shapely feature by feature."""

import datetime as dt
import operator
import sqlite3
from collections.abc import Callable
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from api.features.collection import Collection

Chosen = Callable[..., list[int]]
TEXTS = ["", "a", "B", "b%", "é", "Ә", "ә_x", "\U0001f600", "it's", "a\\b", None]


@pytest.fixture(scope="module")
def table() -> gpd.GeoDataFrame:
    """Sixty rows of few distinct values, a fifth of them NULL."""
    random = np.random.default_rng(6)
    count = 60

    def some(values: list[Any]) -> list[Any]:
        return [values[i] for i in random.integers(0, len(values), count)]

    days = [dt.date(2024, 1, 1) + dt.timedelta(days=int(d)) for d in range(5)]
    shapes = [
        None if i % 11 == 0 else shapely.box(x, y, x + w, y + w) if w else shapely.LineString([(x, y), (y, x + 1)])
        for i, (x, y, w) in enumerate(random.integers(0, 4, (count, 3)).tolist())
    ]
    return gpd.GeoDataFrame(
        {
            "i": pd.array(some([-2, 0, 1, 2, 3, None]), dtype="Int64"),
            "n": some([-1.5, 0.0, 0.5, 2.0, np.nan]),
            "t": some(TEXTS),
            "u": some(TEXTS),
            "p": some([True, False, None]),
            "q": some([True, False]),
            "s": some([*days, None]),
            "e": some([*days, None]),
        },
        geometry=shapes,
        crs=4326,
    )


@pytest.fixture(scope="module")
def collection(table: gpd.GeoDataFrame, collection_of: Callable[[gpd.GeoDataFrame], Collection]) -> Collection:
    return collection_of(table)


@pytest.fixture(scope="module")
def database(table: gpd.GeoDataFrame) -> sqlite3.Connection:
    """The same rows in SQLite, where truth values are 0 and 1."""
    connection = sqlite3.connect(":memory:")
    connection.execute("PRAGMA case_sensitive_like = ON")
    connection.execute("CREATE TABLE r (row INTEGER, i INTEGER, n REAL, t TEXT, u TEXT, p INTEGER, q INTEGER)")
    rows = [
        [row, *(None if pd.isna(v) else getattr(v, "item", lambda v=v: v)() for v in values)]
        for row, values in enumerate(table[["i", "n", "t", "u", "p", "q"]].itertuples(index=False))
    ]
    connection.executemany("INSERT INTO r VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
    return connection


def quoted(text: str | None) -> str:
    return "NULL" if text is None else "'" + text.replace("'", "''") + "'"


# pairs of CQL2 and SQL that mean the same
both = st.sampled_from(["i", "n", "1", "2.0", "-1.5", "0", "NULL", "2 * i", "(i + n)", "(n - 1) * i"])
numbers = both.map(lambda text: (text, text))
texts = st.one_of(st.sampled_from(["t", "u"]), st.sampled_from(TEXTS).map(quoted)).map(lambda text: (text, text))
patterns = st.text("aAbB%_é\\Ә", max_size=5).filter(lambda p: not p.endswith("\\")).map(quoted)
relations = st.sampled_from(["=", "<>", "<", ">", "<=", ">="])
nots = st.sampled_from(["", "NOT "])


def compared(operands: st.SearchStrategy[tuple[str, str]]) -> st.SearchStrategy[tuple[str, str]]:
    return st.one_of(
        st.tuples(operands, relations, operands).map(
            lambda c: tuple(f"{a} {c[1]} {b}" for a, b in zip(c[0], c[2], strict=True))
        ),
        st.tuples(operands, nots, operands, operands).map(
            lambda c: tuple(f"{a} {c[1]}BETWEEN {b} AND {d}" for a, b, d in zip(c[0], c[2], c[3], strict=True))
        ),
        st.tuples(operands, nots, st.lists(operands, min_size=1, max_size=4)).map(
            lambda c: tuple(f"{c[0][k]} {c[1]}IN ({', '.join(o[k] for o in c[2])})" for k in (0, 1))
        ),
        st.tuples(operands, nots).map(lambda c: tuple(f"({o}) IS {c[1]}NULL" for o in c[0])),
    )


likes = st.tuples(texts, nots, patterns).map(
    lambda c: (f"{c[0][0]} {c[1]}LIKE {c[2]}", f"{c[0][0]} {c[1]}LIKE {c[2]} ESCAPE '\\'")
)
truths = st.sampled_from(
    [("p", "p"), ("q", "q"), ("TRUE", "1"), ("FALSE", "0"), ("p = q", "p = q"), ("p < q", "p < q")]
)
predicates = st.recursive(
    st.one_of(compared(numbers), compared(texts), likes, truths),
    lambda inner: st.one_of(
        inner.map(lambda c: (f"NOT ({c[0]})", f"NOT ({c[1]})")),
        st.tuples(inner, st.sampled_from(["AND", "OR"]), inner).map(
            lambda c: tuple(f"({a}) {c[1]} ({b})" for a, b in zip(c[0], c[2], strict=True))
        ),
        # without brackets the precedence decides
        st.tuples(inner, st.sampled_from(["AND", "OR"]), inner).map(
            lambda c: tuple(f"{a} {c[1]} NOT {b}" for a, b in zip(c[0], c[2], strict=True))
        ),
    ),
    max_leaves=8,
)


@settings(max_examples=300, deadline=None)
@given(pair=predicates)
def test_comparisons_and_logic_agree_with_sqlite(
    pair: tuple[str, str], collection: Collection, database: sqlite3.Connection, chosen: Chosen
) -> None:
    text, sql = pair
    expected = [row for (row,) in database.execute(f"SELECT row FROM r WHERE {sql} ORDER BY row")]  # noqa: S608
    assert chosen(collection, text) == expected


Moments = tuple[dt.date | None, dt.date | None]
ALLEN: dict[str, Callable[[Any, Any, Any, Any], bool]] = {
    "T_AFTER": lambda a, b, c, d: a > d,
    "T_BEFORE": lambda a, b, c, d: b < c,
    "T_DISJOINT": lambda a, b, c, d: a > d or b < c,
    "T_INTERSECTS": lambda a, b, c, d: not (a > d or b < c),
    "T_EQUALS": lambda a, b, c, d: (a, b) == (c, d),
    "T_CONTAINS": lambda a, b, c, d: a < c and d < b,
    "T_DURING": lambda a, b, c, d: c < a and b < d,
    "T_FINISHEDBY": lambda a, b, c, d: b == d and a < c,
    "T_FINISHES": lambda a, b, c, d: b == d and c < a,
    "T_MEETS": lambda a, b, c, d: b == c,
    "T_METBY": lambda a, b, c, d: d == a,
    "T_OVERLAPPEDBY": lambda a, b, c, d: c < a < d < b,
    "T_OVERLAPS": lambda a, b, c, d: a < c < b < d,
    "T_STARTEDBY": lambda a, b, c, d: a == c and d < b,
    "T_STARTS": lambda a, b, c, d: a == c and b < d,
}


@pytest.mark.parametrize("name", ALLEN)
@pytest.mark.parametrize("ends", [(0, 2), (1, 1), (2, 4), (None, 2), (2, None)])
def test_temporal_functions_agree_with_dates_of_python(
    name: str, ends: tuple[int | None, int | None], table: gpd.GeoDataFrame, collection: Collection, chosen: Chosen
) -> None:
    day = dt.date(2024, 1, 1)
    low, high = (None if end is None else day + dt.timedelta(days=end) for end in ends)
    literal = f"INTERVAL('{low or '..'}', '{high or '..'}')"
    c, d = low or dt.date.min, high or dt.date.max
    known = [(row, s, e) for row, (s, e) in enumerate(zip(table["s"], table["e"], strict=True)) if s and e]
    assert chosen(collection, f"{name}(INTERVAL(s, e), {literal})") == [
        row for row, s, e in known if ALLEN[name](s, e, c, d)
    ]
    assert chosen(collection, f"NOT {name}({literal}, INTERVAL(s, e))") == [
        row for row, s, e in known if not ALLEN[name](c, d, s, e)
    ]


@pytest.mark.parametrize(
    "name", ["intersects", "equals", "disjoint", "touches", "within", "overlaps", "crosses", "contains"]
)
@pytest.mark.parametrize(
    "literal",
    [
        "POINT(1 1)",
        "MULTIPOINT(1 1,3 2)",
        "LINESTRING(0 0,3 3,3 1)",
        "POLYGON((1 1,3 1,3 3,1 3,1 1))",
        "MULTIPOLYGON(((0 0,1 0,1 1,0 1,0 0)),((2 2,4 2,4 4,2 4,2 2)))",
        "GEOMETRYCOLLECTION(POINT(0 0),LINESTRING(1 1,2 1))",
    ],
)
def test_spatial_functions_agree_with_shapely_feature_by_feature(
    name: str, literal: str, table: gpd.GeoDataFrame, collection: Collection, chosen: Chosen
) -> None:
    given_geometry = shapely.from_wkt(literal)
    known = [(row, shape) for row, shape in enumerate(table.geometry) if shape is not None]
    for left_first, text in ((True, f"S_{name}(geom, {literal})"), (False, f"s_{name.upper()}({literal}, geom)")):
        pairs = [(row, (shape, given_geometry) if left_first else (given_geometry, shape)) for row, shape in known]
        expected = [row for row, (a, b) in pairs if operator.methodcaller(name, b)(a)]
        assert chosen(collection, text) == expected
        assert chosen(collection, f"NOT {text}") == [row for row, _ in known if row not in expected]
