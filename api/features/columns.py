"""Typed in-memory columns: what a property filter compares with, and the values that are encoded."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import orjson
import pandas as pd

from api.errors import BadParameter
from api.features.instants import DAY, Instant, dates_text, parse_instant, timestamps_text
from api.features.words import Fold, Words

Kind = Literal["text", "number", "integer", "boolean", "date", "timestamp", "codes"]

_SCHEMAS: dict[Kind, dict[str, str]] = {
    "text": {"type": "string"},
    "number": {"type": "number"},
    "integer": {"type": "integer"},
    "boolean": {"type": "boolean"},
    "date": {"type": "string", "format": "date"},
    "timestamp": {"type": "string", "format": "date-time"},
    "codes": {"type": "string"},
}
_TRUTH = {"true": True, "1": True, "false": False, "0": False}
_LARGEST = 2**63 - 1


@dataclass(frozen=True)
class Sets:
    """A column of sets: the distinct ones, and each row's place among them, -1 where missing."""

    sets: Sequence[frozenset[Any]]
    codes: npt.NDArray[np.int32]


@dataclass(frozen=True)
class Periods:
    """The first and last microsecond since 1970, UTC, that each row's date or timestamp names.

    They are the same for a timestamp; both are meaningless where `missing`.
    """

    first: npt.NDArray[np.int64]
    last: npt.NDArray[np.int64]
    missing: npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Column:
    """One property of a collection's features.

    `values` are of the kind's own dtype (float64, int64, bool; int64 days since 1970 for dates and microseconds since
    1970, UTC, for timestamps; object for text and codes) and meaningless where `missing`. A column of kind ``codes``
    holds lists of objects with a member ``code``.
    """

    name: str
    kind: Kind
    values: npt.NDArray[Any]
    missing: npt.NDArray[np.bool_]

    @classmethod
    def from_series(cls, name: str, series: "pd.Series[Any]", *, codes: bool = False) -> "Column":
        """The column of a table's series; `codes` for JSON arrays of objects with a member ``code``.

        Timestamps without a zone are taken as UTC. A column of objects has the kind that all its values share, which
        is how nullable dates and truth values come out of a file.
        """
        missing = series.isna().to_numpy(dtype=bool)
        if codes:
            values = np.empty(len(series), dtype=object)
            values[:] = [None if gone else _parsed(text) for text, gone in zip(series, missing, strict=True)]
            return cls(name, "codes", values, missing)
        if isinstance(series.dtype, pd.ArrowDtype):
            series = series.astype(object)
        shared = pd.api.types.infer_dtype(series, skipna=True) if series.dtype == object else ""
        if pd.api.types.is_bool_dtype(series.dtype) or shared == "boolean":
            return cls(name, "boolean", np.where(missing, False, series.to_numpy(dtype=object)).astype(bool), missing)
        if pd.api.types.is_datetime64_any_dtype(series.dtype) or shared == "datetime":
            return cls(name, "timestamp", _microseconds(series, missing), missing)
        if shared == "date":
            days = np.array([0 if gone else day.toordinal() for day, gone in zip(series, missing, strict=True)])
            return cls(name, "date", days.astype(np.int64) - _FIRST_DAY, missing)
        if pd.api.types.is_integer_dtype(series.dtype) or shared == "integer":
            integers = np.where(missing, 0, series.to_numpy(dtype=object))
            if all(-_LARGEST <= value <= _LARGEST for value in (integers.min(initial=0), integers.max(initial=0))):
                return cls(name, "integer", integers.astype(np.int64), missing)
        if pd.api.types.is_numeric_dtype(series.dtype) or shared in ("integer", "floating", "mixed-integer-float"):
            numbers = pd.to_numeric(series).to_numpy(dtype="float64", na_value=np.nan)
            return cls(name, "number", numbers, ~np.isfinite(numbers))
        text = np.empty(len(series), dtype=object)
        text[:] = [None if gone else str(value) for value, gone in zip(series, missing, strict=True)]
        return cls(name, "text", text, missing)

    @property
    def schema(self) -> dict[str, str]:
        """JSON schema of one value, as OpenAPI has it for the query parameter that filters by this column."""
        return dict(_SCHEMAS[self.kind])

    @property
    def queryable(self) -> dict[str, Any]:
        """JSON schema of the property as filters see it: codes are an array of texts."""
        return {"type": "array", "items": {"type": "string"}} if self.kind == "codes" else self.schema

    def jsonable(self) -> list[Any]:
        """Python values, None where missing; dates and timestamps as text."""
        values: list[Any]
        if self.kind == "date":
            values = dates_text(self.values)
        elif self.kind == "timestamp":
            values = timestamps_text(self.values)
        else:
            values = self.values.tolist()
        if self.missing.any():
            return [None if gone else value for value, gone in zip(values, self.missing.tolist(), strict=True)]
        return values

    def equals(self, text: str) -> npt.NDArray[np.bool_]:
        """Which rows hold the value written as `text`; a missing value equals nothing.

        Of a date and a timestamp, as of a month and a date, the coarser one decides.

        Raises
        ------
        BadParameter
            When the text is not of the column's kind.
        """
        if self.kind == "codes":
            holding = np.fromiter((text in codes for codes in self.sets.sets), dtype=bool, count=len(self.sets.sets))
            return np.append(holding, False)[self.sets.codes]
        if self.kind == "text":
            return np.asarray(self.words.codes == self.words.place(text))
        wanted = self._typed(text)
        found = self.values == wanted
        if isinstance(wanted, Instant) and self.periods is not None:
            found = (self.periods.first <= wanted.last) & (self.periods.last >= wanted.first)
        return np.asarray(found & ~self.missing, dtype=bool)

    @cached_property
    def words(self) -> Words:
        """The texts of a column of text by number."""
        return Words.of(self.values.tolist())

    def folded(self, fold: Fold) -> Words:
        """The texts with each word folded; made once for each fold, of which there are few."""
        if fold not in self._folded:
            self._folded[fold] = self.words.folded(fold)
        return self._folded[fold]

    @cached_property
    def sets(self) -> Sets:
        """The sets of codes of a column of codes."""
        places: dict[frozenset[str], int] = {}
        rows = [
            -1 if gone else places.setdefault(frozenset(_codes(row)), len(places))
            for row, gone in zip(self.values, self.missing.tolist(), strict=True)
        ]
        return Sets(list(places), np.array(rows, dtype=np.int32))

    @cached_property
    def periods(self) -> Periods | None:
        """What dates, timestamps, or texts that are such (a year or month too), name; None for any other column.

        A text that is none among others that are counts as missing.
        """
        if self.kind == "timestamp":
            return Periods(self.values, self.values, self.missing)
        if self.kind == "date":
            return Periods(self.values * DAY, self.values * DAY + (DAY - 1), self.missing)
        if self.kind != "text":
            return None
        named = [parse_instant(word) for word in self.words.words]
        if named and not any(named):
            return None
        first = np.array([0 if one is None else one.first for one in named], dtype=np.int64)
        last = np.array([0 if one is None else one.last for one in named], dtype=np.int64)
        missing = np.array([one is None for one in named], dtype=bool)
        return Periods(*(self.words.by_word(part, gone) for part, gone in ((first, 0), (last, 0), (missing, True))))

    @cached_property
    def _folded(self) -> dict[Fold, Words]:
        return {}

    def _typed(self, text: str) -> Any:
        if self.kind == "boolean":
            if text.lower() not in _TRUTH:
                raise BadParameter(self.name, "is not a truth value", "Accepted: true, false", text)
            return _TRUTH[text.lower()]
        if self.kind in ("date", "timestamp"):
            instant = parse_instant(text)
            if instant is None:
                raise BadParameter(self.name, "is not a date or timestamp", "Accepted: 2026-11-01[T00:00:00Z]", text)
            return instant
        if re.fullmatch(r"[+-]?\d{1,40}", text, re.ASCII):
            return int(text)  # exact, beyond the integers that a float holds
        try:
            number = float(text) if len(text) <= 40 and "_" not in text else np.nan
        except ValueError:
            number = np.nan
        if not np.isfinite(number):
            raise BadParameter(self.name, "is not a number", "Accepted: a decimal number", text)
        return number


_FIRST_DAY = 719_163
"""1970-01-01 as Python counts days."""


def _microseconds(series: "pd.Series[Any]", missing: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
    moments = pd.to_datetime(series, utc=True).dt.tz_localize(None)
    return np.where(missing, 0, moments.to_numpy(dtype="datetime64[us]").astype(np.int64))


def _parsed(text: Any) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return str(text)


def _codes(row: Any) -> Sequence[str]:
    if not isinstance(row, list):
        return ()
    return [str(item["code"]) for item in row if isinstance(item, dict) and "code" in item]
