"""The counts that the abstract test suite of CQL2 (OGC 21-065r2, annex A) gives for its table of populated places.

Its table is not here, but one like it: as many rows on each side of København by name and by number, three of them with
dates, as the published counts ask for.
"""

import datetime as dt
import itertools
from collections.abc import Callable

import geopandas as gpd
import pandas as pd
import pytest
import shapely

from api.features.collection import Collection

Chosen = Callable[..., list[int]]

_VALUES = {
    "name": "'København'",
    "pop_other": "1038288",
    "date": "DATE('2022-04-16')",
    "start": "TIMESTAMP('2022-04-16T10:13:19Z')",
    "boolean": "true",
}

SINGLE = {
    "name": {"!": 243, "0": 0, "=": 1, ">=": 137, ">": 136, "<=": 107, "<": 106, "<>": 242},
    "pop_other": {"!": 243, "0": 0, "=": 1, ">=": 123, ">": 122, "<=": 121, "<": 120, "<>": 242},
    "date": {"!": 3, "0": 240, "=": 1, ">=": 2, ">": 1, "<=": 2, "<": 1, "<>": 2},
    "start": {"!": 3, "0": 240, "=": 1, ">=": 2, ">": 1, "<=": 2, "<": 1, "<>": 2},
    "boolean": {"!": 3, "0": 240, "=": 2, "<>": 1},
}
"""How many rows each relation of a property to the value above holds for; ``!`` is IS NOT NULL, ``0`` IS NULL."""

COMBINED = """
p<>|n<>|p0|n<|1 p<>|n>|n<=|b=|107 s0|p!|p!|p>|124 p<|p>|p0|s<|121 s=|p<|s=|n<>|2 s<=|n<>|b=|n<|2
p=|s0|s<>|b!|242 s0|p>|s!|n>|122 p<|n<>|n=|s<|2 s>=|n!|s0|p<|120 n>=|s!|b=|s>=|137 s!|n>=|s!|n!|3
n0|n<|p!|b!|243 s>=|n>|p=|n<|3 s<|n<=|b0|n>|138 p!|s0|p>=|n>|62 n=|s=|b=|p0|243 n>|p<|p>|n<=|122
p<>|n=|n<=|s>|243 s<|s>=|p=|s0|3 n<>|b=|s=|s0|2 n0|s<>|s<|n0|243 s<>|n>|s<=|n!|3 n<>|p<>|p<|s>=|2
b0|p>|b!|p0|122 p=|s0|s>|p!|2 p<>|s0|p>|b=|2 s>|p<|n<=|p=|2 s>=|s<=|n<=|n<>|107 b=|n!|b0|p=|1 s=|p=|p<|n<>|122
p<>|s<=|s!|s=|3 n<>|p<>|p!|n!|243 n=|p<|s!|p<>|3 n<|s<>|s>|s=|2 b=|p<|n!|s<=|3 p<=|n<|p<|p<|243 p0|n<=|n=|s>|2
p<|n<>|p<>|n<>|243 s<=|p0|s<|n!|2 s<>|n=|b0|p<>|241 b=|p<=|n<>|p0|2 n!|p<=|s!|b!|124 p<=|p<|s>|p>|1
s!|b!|n>=|p!|137 s<>|s!|p>|p<|1 p<=|n<=|b0|s!|198 n>=|n>=|n<=|n>=|107 b=|s<|b!|n<|2 s>|s>=|p0|p<=|1
p<|n=|s>=|n<|181 p<|p<=|p0|s!|121 n>=|p>=|b=|n!|79 p<|s>=|n>|p<=|199 n<=|s>|n<|b0|106 p!|n<>|p<|p<=|121
n>=|s!|n>=|n!|137 p<|s<|n0|p>=|1 p>=|n>|b!|s!|184 s!|n<>|n<=|n0|241 n>=|p<>|s=|n<>|2 b!|p<=|p=|s=|1
n!|s!|s!|n>=|241 p=|p!|s!|n<>|2 s=|s0|p>|p<=|1 n0|s!|s=|n!|1 b!|n=|b!|n!|3 p<>|p<>|p=|p<=|1 p0|s<>|s>|b!|241
s<|b0|s>|n<|2 p>|p<>|s<>|n<>|2 s>=|s=|p=|n!|2 p<=|s!|s<=|b!|242 b=|s>|p<|p<>|122 p>=|p>|b0|p=|121 n<|p>|s=|b=|44
"""
"""Four predicates, each by the first letter of its property and its relation, and the count of their combination."""


@pytest.fixture(scope="module")
def table(collection_of: Callable[[gpd.GeoDataFrame], Collection]) -> Collection:
    below, above = ("Aalborg", 1), ("Zagreb", 2_000_000)
    dated = [("København", 1038288), (below[0], above[1]), below]
    others = {below: 42, (below[0], above[1]): 62, (above[0], below[1]): 77, above: 59}
    rows = dated + [row for row, count in others.items() for _ in range(count)]
    years, rest = ("2021", "2022", "2023"), [None] * (len(rows) - len(dated))
    frame = gpd.GeoDataFrame(
        {
            "name": [name for name, _ in rows],
            "pop_other": [number for _, number in rows],
            "date": [*(dt.date(int(year), 4, 16) for year in years), *rest],
            "start": pd.to_datetime(pd.Series([*(f"{year}-04-16T10:13:19Z" for year in years), *rest], dtype=object)),
            "boolean": [True, True, False, *rest],
        },
        geometry=[shapely.Point(0, 0)] * len(rows),
        crs=4326,
    )
    return collection_of(frame)


def predicate(name: str, relation: str) -> str:
    words = {"0": " IS NULL", "!": " IS NOT NULL"}
    return f'"{name}"' + (words.get(relation) or relation + _VALUES[name])


@pytest.mark.parametrize("name", SINGLE)
def test_single_predicates(name: str, table: Collection, chosen: Chosen) -> None:
    found = {relation: len(chosen(table, predicate(name, relation))) for relation in SINGLE[name]}
    assert found == SINGLE[name]
    for relation, count in itertools.islice(found.items(), 2, None):
        assert len(chosen(table, f"NOT {predicate(name, relation)}")) == found["!"] - count


@pytest.mark.parametrize("row", COMBINED.split())
def test_combinations_of_predicates(row: str, table: Collection, chosen: Chosen) -> None:
    *parts, count = row.split("|")
    names = {name[0]: name for name in ("name", "pop_other", "start", "boolean")}
    p1, p2, p3, p4 = (predicate(names[part[0]], part[1:]) for part in parts)
    assert len(chosen(table, f"((NOT ({p2}) AND {p1}) OR ({p3} and {p4}) or not ({p1} OR {p4}))")) == int(count)
