"""What the operands of predicates are once their types are known, and how two of the same type are compared."""

import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from api.features.columns import Periods
from api.features.instants import Instant
from api.features.words import Words
from api.filters.expression import Node
from api.filters.truth import Truth

Type = Literal["number", "text", "boolean", "instant", "interval", "geometry", "array", "null"]

NOUNS: dict[Type, str] = {
    "number": "a number",
    "text": "text",
    "boolean": "a truth value",
    "instant": "a date or timestamp",
    "interval": "an interval",
    "geometry": "a geometry",
    "array": "an array",
    "null": "NULL",
}
MIRRORED = {"=": "=", "<>": "<>", "<": ">", ">": "<", "<=": ">=", ">=": "<="}
_RELATIONS: dict[str, Callable[[Any, Any], Any]] = {
    "=": operator.eq,
    "<>": operator.ne,
    "<": operator.lt,
    ">": operator.gt,
    "<=": operator.le,
    ">=": operator.ge,
}


@dataclass(frozen=True)
class Operand:
    """A checked part of an expression: its type, and how to compute it.

    `compute` gives `Numbers`, `Words`, `Truth`, `Periods`, `Span`, geometries or `Sets` by type. `node` is the part of
    the expression that it is made of.
    """

    type: Type
    compute: Callable[[], Any]
    node: Node


@dataclass(frozen=True)
class Numbers:
    """Numbers of every row (int64 or float64), or one Python number for all; meaningless where `missing`."""

    values: Any
    missing: Any = False


@dataclass(frozen=True)
class Span:
    """Intervals: the dates or timestamps at their two ends, both included."""

    start: Periods
    end: Periods

    @property
    def missing(self) -> Any:
        """Where an end is not known."""
        return self.start.missing | self.end.missing


def compare_numbers(relation: str, left: Numbers, right: Numbers) -> Truth:
    """Exactly: whole numbers of 64 bits are not rounded to those that a float holds."""
    a, b = left.values, right.values
    if {getattr(x, "dtype", None) for x in (a, b)} == {np.dtype(np.int64), np.dtype(np.float64)}:
        a, b = np.asarray(a, dtype=np.longdouble), np.asarray(b, dtype=np.longdouble)
    return Truth.known(_RELATIONS[relation](a, b), np.asarray(left.missing) | right.missing)


def compare_words(relation: str, left: Words, right: Words) -> Truth:
    """By code point."""
    if right.codes.ndim == 0:
        return _compare_with_word(relation, left, right.words[0])
    if left.codes.ndim == 0:
        return _compare_with_word(MIRRORED[relation], right, left.words[0])
    a, b = left.in_words_of(right)
    return Truth.known(_RELATIONS[relation](a, b), left.missing | right.missing)


def _compare_with_word(relation: str, left: Words, word: str) -> Truth:
    if relation in ("=", "<>"):
        return Truth.known(_RELATIONS[relation](left.codes, left.place(word)), left.missing)
    limit = left.below(word, included=relation in ("<=", ">"))
    return Truth.known(left.codes < limit if relation in ("<", "<=") else left.codes >= limit, left.missing)


def compare_truths(relation: str, left: Truth, right: Truth) -> Truth:
    """False is less than true."""
    return Truth.known(_RELATIONS[relation](left.true, right.true), left.unknown | right.unknown)


def compare_periods(relation: str, left: Periods, right: Periods) -> Truth:
    """Dates and timestamps; where one is coarser than the other, the coarser one's day, month or year decides.

    So a timestamp equals the date of its day, and is not greater than it.
    """
    less, greater = left.last < right.first, left.first > right.last
    found = {
        "=": lambda: ~(less | greater),
        "<>": lambda: less | greater,
        "<": lambda: less,
        ">": lambda: greater,
        "<=": lambda: ~greater,
        ">=": lambda: ~less,
    }[relation]()
    return Truth.known(found, left.missing | right.missing)


def compute_arithmetic(name: str, left: Numbers, right: Numbers) -> Numbers:
    """A sum, product and so on in floating point; what has no finite result, such as a division by 0, is NULL.

    `div` cuts the fraction off, and what `%` leaves has the sign of the dividend.
    """
    a, b = (np.asarray(side.values, dtype=np.float64) for side in (left, right))
    with np.errstate(all="ignore"):
        result = np.asarray(_ARITHMETIC[name](a, b))
    missing = np.asarray(left.missing) | right.missing | ~np.isfinite(result)
    if result.ndim or missing.any():
        return Numbers(result, missing)
    value = result.item()
    return Numbers(int(value) if value == int(value) else value)


_ARITHMETIC: dict[str, Callable[[Any, Any], Any]] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": np.divide,
    "^": np.power,
    "%": np.fmod,
    "div": lambda a, b: np.trunc(np.divide(a, b)),
}


def numbers_among(left: Numbers, values: Sequence[float | int]) -> Truth:
    """Which numbers are one of those listed."""
    array = np.asarray(left.values)
    if array.dtype == np.int64:
        listed = np.array([v for v in values if isinstance(v, int) and abs(v) < 2**63], dtype=np.int64)
    else:
        listed = np.array(values, dtype=np.float64)
    return Truth.known(np.isin(array, listed), left.missing)


def words_among(left: Words, words: Sequence[str]) -> Truth:
    """Which texts are one of those listed."""
    return Truth.known(np.isin(left.codes, [left.place(word) for word in words]), left.missing)


def one_period(instant: Instant) -> Periods:
    """A single date or timestamp."""
    return _period(instant.first, instant.last)


def _period(first: int, last: int) -> Periods:
    ends: list[npt.NDArray[np.int64]] = [np.array(end, dtype=np.int64) for end in (first, last)]
    return Periods(ends[0], ends[1], np.array(False))


EVER_BEFORE = _period(-(2**62), -(2**62))
"""The open start of an interval."""
EVER_AFTER = _period(2**62, 2**62)
"""The open end of an interval."""
