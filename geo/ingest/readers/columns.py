"""Attribute columns as they come from Arrow, as pandas columns that are alike whatever the format was.

Whole numbers are `Int64`, truth values `boolean`, fractions `float64`; all else is text: dates in ISO 8601, nested
values as JSON.
"""

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from geo.errors import Problem
from geo.ingest.report import Finding, Severity

_TYPES = {
    pa.int64(): pd.Int64Dtype(),
    pa.bool_(): pd.BooleanDtype(),
    pa.string(): pd.StringDtype(na_value=np.nan),
}
_SLASHED_DATE = r"^(\d{4})/(\d{2})/(\d{2})( \d{2}:\d{2}:\d{2}.*)?$"
_UINT64_TOP = 2**63 - 1


def is_attribute(kind: pa.DataType) -> bool:
    """Whether values of this type can be shown as a number, a truth value or text."""
    return not (
        pa.types.is_binary(kind)
        or pa.types.is_large_binary(kind)
        or pa.types.is_fixed_size_binary(kind)
        or pa.types.is_binary_view(kind)
    )


def ignored_findings(names: Sequence[str], file: str) -> list[Finding]:
    """That columns were left out."""
    what = "the column was left out: it holds neither text nor numbers, or is called as the geometry"
    problems = [Problem(what, "Rename or convert it if it is needed", file, column=name) for name in names]
    return [Finding.of("column_ignored", Severity.NOTE, problems)] if problems else []


def as_frame(columns: Sequence[pa.Array], names: Sequence[str], length: int) -> pd.DataFrame:
    """Columns of one length as a frame of the types named above.

    Raises
    ------
    UnicodeDecodeError, ArrowInvalid
        If text is not UTF-8.
    """
    if not names:
        return pd.DataFrame(index=range(length))
    table = pa.table([_plain(column) for column in columns], names=[str(i) for i in range(len(names))])
    frame: pd.DataFrame = table.to_pandas(types_mapper=_TYPES.get)
    return frame.set_axis(list(names), axis=1)


def with_iso_dates(column: pa.Array) -> pa.Array:
    """Text in which a format without a type for dates holds them as ``2024/05/06 00:00:00``, as ISO 8601."""
    if not pa.types.is_string(column.type) or not pc.any(pc.match_substring_regex(column, _SLASHED_DATE)).as_py():
        return column
    return pc.replace_substring_regex(column, _SLASHED_DATE, r"\1-\2-\3\4")


def mapped(column: pa.Array, convert: Any) -> pa.Array:
    """Text with each distinct value converted once; `convert` takes and gives a string."""
    encoded = pc.dictionary_encode(column)
    values = [convert(value) for value in encoded.dictionary.to_pylist()]
    return pa.array(values, pa.string()).take(encoded.indices)


def _plain(column: pa.Array) -> pa.Array:
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
    kind = column.type
    if isinstance(kind, pa.JsonType):
        return mapped(column.storage.cast(pa.string()), _normal_json)
    if isinstance(kind, pa.BaseExtensionType):
        return _plain(column.storage)
    if pa.types.is_dictionary(kind):
        return _plain(column.dictionary_decode())
    if pa.types.is_boolean(kind):
        return column
    if pa.types.is_integer(kind):
        large = pa.types.is_uint64(kind) and (pc.max(column).as_py() or 0) > _UINT64_TOP
        return column.cast(pa.string() if large else pa.int64())
    if pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return column.cast(pa.float64())
    if pa.types.is_timestamp(kind):
        text = pc.replace_substring_regex(column.cast(pa.string()), r"^(\S+) ", r"\1T")
        return pc.replace_substring_regex(text, r"\.0+($|[Z+-])", r"\1")
    if pa.types.is_nested(kind):
        return pa.array(
            [
                None if value is None else json.dumps(value, ensure_ascii=False, default=str)
                for value in column.to_pylist()
            ],
            pa.string(),
        )
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        text = column.cast(pa.string())
        text.validate(full=True)
        return pc.if_else(pc.equal(text, ""), pa.scalar(None, pa.string()), text)
    return column.cast(pa.string())


def _normal_json(text: str | None) -> str | None:
    if text is None:
        return None
    try:
        return json.dumps(json.loads(text), ensure_ascii=False)
    except (ValueError, RecursionError):
        return text
