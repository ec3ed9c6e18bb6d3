"""Typed in-memory columns: what a property filter compares with, and the values that are encoded."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import orjson
import pandas as pd

from api.errors import BadParameter

Kind = Literal["text", "number", "integer", "boolean", "codes"]

_SCHEMAS: dict[Kind, dict[str, str]] = {
    "text": {"type": "string"},
    "number": {"type": "number"},
    "integer": {"type": "integer"},
    "boolean": {"type": "boolean"},
    "codes": {"type": "string"},
}
_TRUTH = {"true": True, "1": True, "false": False, "0": False}


@dataclass(frozen=True)
class Column:
    """One property of a collection's features.

    `values` are of the kind's own dtype (float64, int64, bool; object for text and codes) and meaningless where
    `missing`. A column of kind ``codes`` holds lists of objects with a member ``code``.
    """

    name: str
    kind: Kind
    values: npt.NDArray[Any]
    missing: npt.NDArray[np.bool_]

    @classmethod
    def from_series(cls, name: str, series: "pd.Series[Any]", *, codes: bool = False) -> "Column":
        """The column of a table's series; `codes` for JSON arrays of objects with a member ``code``."""
        missing = series.isna().to_numpy(dtype=bool)
        if codes:
            values = np.empty(len(series), dtype=object)
            values[:] = [None if gone else _parsed(text) for text, gone in zip(series, missing, strict=True)]
            return cls(name, "codes", values, missing)
        if pd.api.types.is_bool_dtype(series.dtype):
            return cls(name, "boolean", series.fillna(False).to_numpy(dtype=bool), missing)
        if pd.api.types.is_integer_dtype(series.dtype):
            return cls(name, "integer", series.fillna(0).to_numpy(dtype="int64"), missing)
        if pd.api.types.is_float_dtype(series.dtype):
            numbers = series.to_numpy(dtype="float64", na_value=np.nan)
            return cls(name, "number", numbers, ~np.isfinite(numbers))
        text = np.empty(len(series), dtype=object)
        text[:] = [None if gone else str(value) for value, gone in zip(series, missing, strict=True)]
        return cls(name, "text", text, missing)

    @property
    def schema(self) -> dict[str, str]:
        """OpenAPI schema of the query parameter that filters by this column."""
        return dict(_SCHEMAS[self.kind])

    def jsonable(self) -> list[Any]:
        """Python values, None where missing."""
        values: list[Any] = self.values.tolist()
        if self.missing.any():
            return [None if gone else value for value, gone in zip(values, self.missing.tolist(), strict=True)]
        return values

    def equals(self, text: str) -> npt.NDArray[np.bool_]:
        """Which rows hold the value written as `text`; a missing value equals nothing.

        Raises
        ------
        BadParameter
            When the text is not of the column's kind.
        """
        if self.kind in ("text", "codes"):
            word = self._vocabulary.get(text, -1)
            if self.kind == "codes":
                return np.fromiter((word in row for row in self._indexed), dtype=bool, count=len(self.values))
            return self._indexed == word if word >= 0 else np.zeros(len(self.values), dtype=bool)
        return np.asarray((self.values == self._typed(text)) & ~self.missing, dtype=bool)

    def _typed(self, text: str) -> Any:
        if self.kind == "boolean":
            if text.lower() not in _TRUTH:
                raise BadParameter(self.name, "is not a truth value", "Accepted: true, false", text)
            return _TRUTH[text.lower()]
        try:
            number = float(text) if len(text) <= 40 and "_" not in text else np.nan
        except ValueError:
            number = np.nan
        if not np.isfinite(number):
            raise BadParameter(self.name, "is not a number", "Accepted: a decimal number", text)
        return number

    @cached_property
    def _index(self) -> tuple[dict[str, int], Any]:
        """Words numbered, and each row as the number of its word (text) or the set of its words' numbers (codes)."""
        words: dict[str, int] = {}
        if self.kind == "text":
            numbers = [-1 if word is None else words.setdefault(word, len(words)) for word in self.values]
            return words, np.array(numbers, dtype=np.int32)
        rows = [frozenset(words.setdefault(code, len(words)) for code in _codes(row)) for row in self.values]
        return words, rows

    @property
    def _vocabulary(self) -> dict[str, int]:
        return self._index[0]

    @property
    def _indexed(self) -> Any:
        return self._index[1]


def _parsed(text: Any) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return str(text)


def _codes(row: Any) -> Sequence[str]:
    if not isinstance(row, list):
        return ()
    return [str(item["code"]) for item in row if isinstance(item, dict) and "code" in item]
