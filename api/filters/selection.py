"""What a request asks of a collection, and the rows that answer it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from api.features.collection import Collection, Rows
from api.features.crs import CRS84, ServedCrs
from api.features.extent import Box, rows_in
from api.features.temporal import Interval
from api.filters.evaluation import matching
from api.filters.expression import Expression
from api.filters.truth import Mask


@dataclass(frozen=True)
class Selection:
    """What a request asks of a collection, before paging; None and empty mean everything.

    Geometries in `expression` are in `filter_crs`, in the axis order of its definition.
    """

    box: Box | None = None
    interval: Interval | None = None
    equals: Sequence[tuple[str, str]] = ()
    expression: Expression | None = None
    filter_crs: ServedCrs = CRS84


def select(collection: Collection, selection: Selection) -> Rows | None:
    """Rows that match all that is asked, in the collection's order; None for all of them.

    Raises
    ------
    BadParameter
        When a value is not of its column's kind, or the expression does not fit the collection.
    """
    masks: list[Mask] = [collection.columns[name].equals(text) for name, text in selection.equals]
    if selection.interval is not None and collection.times is not None:
        masks.append(collection.times.intersecting(selection.interval))
    if selection.expression is not None:
        masks.append(matching(collection, selection.expression, selection.filter_crs))
    if selection.box is not None:
        rows = rows_in(collection.tree, selection.box)
        return rows[np.logical_and.reduce([mask[rows] for mask in masks])] if masks else rows
    return np.flatnonzero(np.logical_and.reduce(masks)) if masks else None
