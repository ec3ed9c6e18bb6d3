"""Property values of a collection, each distinct one encoded once as the tile format has it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson

from api.features.columns import Column

Codes = npt.NDArray[np.int32]
Integers = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.uint8]

_STRING, _UNSIGNED, _SIGNED, _BOOLEAN = b"\x0a", b"\x28", b"\x30", b"\x38"
_DOUBLE_BYTES = np.dtype([("head", "S3"), ("number", "<f8")])
_DOUBLE_HEAD = b"\x22\x09\x19"


@dataclass(frozen=True)
class Attributes:
    """Properties of n rows.

    `codes` i4[n, m] numbers the value of each row and key, -1 where it is missing: a tile leaves the key out. The value
    of number c, as field 4 of a layer, is ``value_bytes[value_start[c] : value_start[c + 1]]``. Equal values of one
    type have one number, whichever their columns. Numbers below `shared_values` are of values used more than once;
    `row_bytes` i8[n] is how much the values of each row take.
    """

    keys: tuple[str, ...]
    codes: Codes
    shared_values: int
    row_bytes: Integers
    value_start: Integers
    value_bytes: Bytes

    @classmethod
    def of(cls, columns: Mapping[str, Column], order: Integers) -> "Attributes":
        """Of columns, their rows in this `order`. What the format does not know becomes text: lists as JSON."""
        count = len(order)
        codes = np.full((count, len(columns)), -1, dtype=np.int32)
        lengths: list[Integers] = []
        encoded: list[bytes] = []
        known = 0
        for kinds, number_them in ((_AS_TEXT, _texts), (("number",), _numbers), (_WHOLE, _wholes)):
            places = [place for place, column in enumerate(columns.values()) if column.kind in kinds]
            chosen = [column for column in columns.values() if column.kind in kinds]
            if not chosen or not count:
                continue
            numbers, sizes, content = number_them(chosen)
            missing = np.column_stack([column.missing for column in chosen])
            codes[:, places] = np.where(missing, -1, numbers.reshape(len(chosen), count).T + known)
            lengths.append(sizes)
            encoded.append(content)
            known += len(sizes)
        sizes = np.concatenate(lengths) if lengths else np.empty(0, dtype=np.int64)
        return cls(tuple(columns), *_by_row(codes[order], sizes, np.frombuffer(b"".join(encoded), dtype=np.uint8)))


_Numbered = tuple[npt.NDArray[Any], Integers, bytes]
_AS_TEXT = ("text", "codes", "date", "timestamp")
_WHOLE = ("integer", "boolean")


def _by_row(codes: Codes, sizes: Integers, content: Bytes) -> tuple[Codes, int, Integers, Integers, Bytes]:
    """Values numbered anew: shared ones first, each kind as rows first use them, those of one row together."""
    used, first, uses = np.unique(codes.ravel(), return_index=True, return_counts=True)
    order = np.lexsort((first, uses == 1))
    order = order[used[order] >= 0]
    values = used[order]
    number = np.full(len(sizes) + 1, -1, dtype=np.int32)  # the last stands for -1
    number[values] = np.arange(len(values), dtype=np.int32)
    start = np.concatenate(([0], np.cumsum(sizes[values]))).astype(np.int64)
    old_start = np.cumsum(sizes) - sizes
    positions = np.repeat(old_start[values] - start[:-1], sizes[values]) + np.arange(start[-1])
    numbered = number[codes]
    row_bytes = np.append(sizes[values], 0)[numbered].sum(axis=1)
    return numbered, int((uses[order] > 1).sum()), row_bytes, start, content[positions]


def _texts(columns: Sequence[Column]) -> _Numbered:
    words: dict[str, int] = {}
    numbers = np.array([words.setdefault(word, len(words)) for column in columns for word in _words(column)])
    return numbers, *_packed([_STRING + _sized(word.encode("utf-8", "replace")) for word in words])


def _numbers(columns: Sequence[Column]) -> _Numbered:
    distinct, numbers = np.unique(np.concatenate([column.values for column in columns]), return_inverse=True)
    packed = np.empty(len(distinct), dtype=_DOUBLE_BYTES)
    packed["head"], packed["number"] = _DOUBLE_HEAD, distinct
    return numbers, np.full(len(distinct), _DOUBLE_BYTES.itemsize, dtype=np.int64), packed.tobytes()


def _wholes(columns: Sequence[Column]) -> _Numbered:
    values: dict[tuple[bool, int], int] = {}
    numbers = np.array(
        [
            values.setdefault((column.kind == "boolean", value), len(values))
            for column in columns
            for value in column.values.tolist()
        ]
    )
    return numbers, *_packed([_whole(*value) for value in values])


def _whole(boolean: bool, value: int) -> bytes:
    if boolean:
        return _BOOLEAN + varint(value)
    return _UNSIGNED + varint(value) if value >= 0 else _SIGNED + varint(-2 * value - 1)


def _words(column: Column) -> Sequence[str]:
    if column.kind == "codes":
        return [orjson.dumps(value).decode() for value in column.values]
    texts = column.values if column.kind == "text" else column.jsonable()
    return ["" if word is None else word for word in texts]


def _packed(values: Sequence[bytes]) -> tuple[Integers, bytes]:
    fields = [b"\x22" + _sized(value) for value in values]
    return np.array([len(field) for field in fields], dtype=np.int64), b"".join(fields)


def _sized(content: bytes) -> bytes:
    return varint(len(content)) + content


def varint(number: int) -> bytes:
    """A whole number, 0 or more, as protocol buffers write it."""
    written = bytearray()
    while number > 127:
        written.append((number & 127) | 128)
        number >>= 7
    written.append(number)
    return bytes(written)
