"""Sums over groups of features: keys, measures, and the groups that a selection falls into.

Measures
--------
count
    Features.
people
    Sum of `population`; `people_low` and `people_high` are plain sums of each settlement's lower and upper bound
    (of its population where it has no bound), so they are wider than a 5-95 % interval of the sum.
people_without
    Sum of `people_without`.
sum:COLUMN, mean:COLUMN, min:COLUMN, max:COLUMN
    Of a column of numbers.

Beside every measure but `count`, a member `..._unknown` says for how many features the value is not known: they add
nothing. Where it is known for none of a group's features the measure is null, not 0.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from api.errors import BadParameter
from api.features.collection import Collection, Rows
from api.features.columns import Column

Codes = npt.NDArray[np.int64]

GROUPABLE = ("text", "integer", "boolean", "date")
"""Kinds of columns whose values can be keys."""

_NUMERIC = ("number", "integer")
_INTEGER_END = 2.0**63
_BOUNDS = {"people_low": "population_low", "people_high": "population_high"}


@dataclass(frozen=True)
class Groups:
    """Groups of rows in ascending order of their keys, a missing value last.

    `rows` are the grouped ones and `codes` the number of each one's group; `firsts` is one row of each group.
    """

    rows: Rows
    codes: Codes
    firsts: Rows

    @classmethod
    def by(cls, columns: Sequence[Column], rows: Rows) -> "Groups":
        """Rows grouped by the values of columns."""
        codes = np.zeros(len(rows), dtype=np.int64)
        for column in columns:
            finer, count = _factorised(column, rows)
            # numbered anew each time: the product of all counts need not fit
            _, codes = np.unique(codes * count + finer, return_inverse=True)
        _, firsts = np.unique(codes, return_index=True)
        return cls(rows, codes, rows[firsts])

    @classmethod
    def together(cls, rows: Rows) -> "Groups":
        """All rows in one group, also when there are none."""
        return cls(rows, np.zeros(len(rows), dtype=np.int64), np.zeros(1, dtype=np.int64))

    def __len__(self) -> int:
        return len(self.firsts)

    def keys(self, column: Column) -> list[Any]:
        """The value of a column in each group, None where it is missing."""
        kind: str = column.kind
        values = column.values[self.firsts]
        if kind == "date":
            values = np.datetime_as_string(values.astype("datetime64[D]"))
        return [None if m else v for v, m in zip(values.tolist(), column.missing[self.firsts].tolist(), strict=True)]

    def counts(self) -> Codes:
        """Rows of each group."""
        return np.bincount(self.codes, minlength=len(self)).astype(np.int64)


Members = dict[str, list[Any]]
"""Values by member name, one for each group."""

Measure = Callable[[Collection, Groups], Members]


def count(collection: Collection, groups: Groups) -> Members:
    """How many features."""
    return {"count": groups.counts().tolist()}


def people(collection: Collection, groups: Groups) -> Members:
    """People, between which bounds, and for how many features they are not known."""
    population = _numbers(collection, "population", "people")
    members = _reduced(population, groups, _sum, "people")
    bounds = {name: _bounded(population, collection.columns.get(bound)) for name, bound in _BOUNDS.items()}
    members.update({name: _reduced(bound, groups, _sum, name)[name] for name, bound in bounds.items()})
    return members


def people_without(collection: Collection, groups: Groups) -> Members:
    """People expected to be without service."""
    return _reduced(_numbers(collection, "people_without", "people_without"), groups, _sum, "people_without")


MEASURES: Mapping[str, Measure] = MappingProxyType({"count": count, "people": people, "people_without": people_without})
"""Measures by their word."""


def measure_of(text: str) -> Measure:
    """The measure of a word, or of an operation and a column as in ``mean:score``.

    Raises
    ------
    BadParameter
        When there is none; that a collection lacks the column it needs only shows when it is used.
    """
    if text in MEASURES:
        return MEASURES[text]
    operation, colon, name = text.partition(":")
    if not colon or operation not in _REDUCTIONS:
        accepted = ", ".join([*MEASURES, *(f"{o}:COLUMN" for o in _REDUCTIONS)])
        raise BadParameter("measures", "names a measure that is not known", f"Accepted: {accepted}", text)

    def of_column(collection: Collection, groups: Groups) -> Members:
        return _reduced(_numbers(collection, name, text), groups, _REDUCTIONS[operation], f"{name}_{operation}", name)

    return of_column


def _factorised(column: Column, rows: Rows) -> tuple[Codes, int]:
    """Each row's value as its place among the different ones, the missing value last, and how many there are."""
    values, missing = column.values[rows], column.missing[rows]
    encoded = pa.array(values[~missing]).dictionary_encode()
    different = encoded.dictionary.to_pylist()
    places = np.empty(len(different), dtype=np.int64)
    places[sorted(range(len(different)), key=different.__getitem__)] = np.arange(len(different))
    codes = np.full(len(rows), len(different), dtype=np.int64)
    codes[~missing] = places[encoded.indices.to_numpy(zero_copy_only=False)]
    return codes, len(different) + 1


def _numbers(collection: Collection, name: str, measure: str) -> Column:
    column = collection.columns.get(name)
    if column is None or column.kind not in _NUMERIC:
        numeric = ", ".join(c.name for c in collection.columns.values() if c.kind in _NUMERIC) or "none"
        what = f"asks for {measure[:80]!r}, but '{collection.kind.id}' has no column of numbers {name[:80]!r}"
        raise BadParameter("measures", what, f"Columns of numbers: {numeric}")
    return column


def _bounded(population: Column, bound: Column | None) -> Column:
    """A bound of the population: the population itself where no bound is known."""
    if bound is None or bound.kind not in _NUMERIC:
        return population
    values = np.where(bound.missing, population.values, bound.values)
    return Column(bound.name, bound.kind, values, bound.missing & population.missing)


Reduction = Callable[[npt.NDArray[Any], Codes, int], npt.NDArray[Any]]


def _reduced(column: Column, groups: Groups, reduce: Reduction, member: str, unknown_of: str | None = None) -> Members:
    """A reduction of a column's known values, None for a group that has rows but no known value."""
    known = ~column.missing[groups.rows]
    codes = groups.codes[known]
    values = reduce(column.values[groups.rows][known], codes, len(groups))
    unknown = groups.counts() - np.bincount(codes, minlength=len(groups))
    nothing = (np.bincount(codes, minlength=len(groups)) == 0) & ((unknown > 0) | (reduce is not _sum))
    shown = [None if gone else value for value, gone in zip(values.tolist(), nothing.tolist(), strict=True)]
    return {member: shown, f"{unknown_of or member}_unknown": unknown.tolist()}


def _sum(values: npt.NDArray[Any], codes: Codes, count: int) -> npt.NDArray[Any]:
    if len(values) and float(np.abs(values.astype(np.float64)).max()) * len(values) >= _INTEGER_END:
        values = values.astype(np.float64)
    sums = np.zeros(count, dtype=values.dtype)
    np.add.at(sums, codes, values)
    return sums


def _mean(values: npt.NDArray[Any], codes: Codes, count: int) -> npt.NDArray[Any]:
    known = np.bincount(codes, minlength=count)
    return np.bincount(codes, weights=values, minlength=count) / np.maximum(known, 1)


def _min(values: npt.NDArray[Any], codes: Codes, count: int) -> npt.NDArray[Any]:
    lowest = np.full(count, _limits(values.dtype).max, dtype=values.dtype)
    np.minimum.at(lowest, codes, values)
    return lowest


def _max(values: npt.NDArray[Any], codes: Codes, count: int) -> npt.NDArray[Any]:
    highest = np.full(count, _limits(values.dtype).min, dtype=values.dtype)
    np.maximum.at(highest, codes, values)
    return highest


def _limits(dtype: np.dtype[Any]) -> Any:
    return np.iinfo(dtype) if dtype.kind == "i" else np.finfo(dtype)


_REDUCTIONS: Mapping[str, Reduction] = MappingProxyType({"sum": _sum, "mean": _mean, "min": _min, "max": _max})
