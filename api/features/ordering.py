"""The `sortby` parameter: keys, ranks of a column's values, and rows in the order of them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from api.errors import BadParameter
from api.features.columns import Column

_ACCEPTED = "Accepted: names of properties, separated by commas, each with + or - before it for the direction"


@dataclass(frozen=True)
class Key:
    """One property to sort by."""

    name: str
    descending: bool = False


def parse_sortby(text: str) -> tuple[Key, ...]:
    """The `sortby` parameter; which properties there are the collection knows."""
    keys = []
    for part in text.split(","):
        # an unencoded plus sign reaches us as a blank
        name = part[1:] if part[:1] in ("+", "-", " ") else part
        if not name:
            raise BadParameter("sortby", "names no property", _ACCEPTED, text)
        keys.append(Key(name, part.startswith("-")))
    if len({key.name for key in keys}) < len(keys):
        raise BadParameter("sortby", "names a property more than once", _ACCEPTED, text)
    return tuple(keys)


def is_sortable(column: Column) -> bool:
    """Whether a column's values have an order."""
    return column.kind != "codes"


def ranks(column: Column) -> npt.NDArray[np.int64]:
    """For each row the place of its value among the column's, equal for equal values; -1 where missing.

    Text is ordered by code point.
    """
    found = np.full(len(column.values), -1, dtype=np.int64)
    known = ~column.missing
    if known.any():
        found[known] = np.unique(column.values[known], return_inverse=True)[1]
    return found


def sorted_rows(
    rows: npt.NDArray[np.int64], keys: Sequence[tuple[npt.NDArray[np.int64], bool]]
) -> npt.NDArray[np.int64]:
    """Rows in the order of (ranks, descending) keys, the first key first; stable, missing values last either way."""
    columns = []
    for places, descending in keys:
        given = places[rows]
        last = np.iinfo(np.int64).max
        columns.append(np.where(given < 0, last, -given if descending else given))
    return rows[np.lexsort(columns[::-1])]
