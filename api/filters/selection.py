"""What a request asks of a collection, and the rows that answer it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from api.features.collection import Collection, Rows
from api.features.extent import Box, rows_in
from api.features.temporal import Interval


@dataclass(frozen=True)
class Selection:
    """What a request asks of a collection, before paging; None and empty mean everything."""

    box: Box | None = None
    interval: Interval | None = None
    equals: Sequence[tuple[str, str]] = ()


def select(collection: Collection, selection: Selection) -> Rows | None:
    """Rows that match, in the collection's order; None for all of them.

    Raises
    ------
    BadParameter
        When a value is not of its column's kind.
    """
    mask: npt.NDArray[np.bool_] | None = None
    for name, text in selection.equals:
        equal = collection.columns[name].equals(text)
        mask = equal if mask is None else mask & equal
    if selection.interval is not None and collection.times is not None:
        during = collection.times.intersecting(selection.interval)
        mask = during if mask is None else mask & during
    if selection.box is not None:
        rows = rows_in(collection.tree, selection.box)
        return rows if mask is None else rows[mask[rows]]
    return None if mask is None else np.flatnonzero(mask)
