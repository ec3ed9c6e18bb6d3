"""Declarations of one operator and technology that overlap each other: one area told twice, or two editions mixed."""

from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow.parquet as pq
import shapely

from geo.errors import Problem
from geo.ingest.canonical_file import columns_of, row_groups
from geo.ingest.report import EXAMPLES, Finding, Severity

PAIRS_MAX = 200_000
"""Pairs of polygons looked at; beyond, the finding says that more may overlap."""
SHARE = 0.01
"""Share of the smaller polygon's area from which an overlap counts."""

_SAME = ["operator", "technology", "basis", "threshold_dbm", "downlink_mbps"]
_AT_ONCE = 20_000
_CODE = "overlapping_declarations"


def overlapping_declarations(path: Path, rows: npt.NDArray[np.int64], file: str) -> list[Finding]:
    """A warning with the number of polygons of a coverage table that overlap another of the same declaration.

    Polygons belong to one declaration when operator, technology, basis, threshold and speed agree. Of the table only
    bounds stay in memory; geometries are read by row group.

    Parameters
    ----------
    path
        A canonical coverage table as `CanonicalWriter` writes it.
    rows
        The file's row number of each of its rows, shape (n,).
    file
        Name of the user's file, for the examples.
    """
    bounds, keys = [], []
    for attributes, shapes in row_groups(path, _SAME):
        bounds.append(shapely.bounds(shapes))
        keys.append(pd.util.hash_pandas_object(attributes, index=False).to_numpy())
    if not bounds:
        return []
    pairs, more = _candidates(np.concatenate(bounds), np.concatenate(keys))
    overlapping = _overlapping(path, pairs, [len(part) for part in bounds])
    if not len(overlapping):
        return []
    what = "polygons of one operator, technology and threshold overlap each other"
    if more:
        what += f" (found among the first {PAIRS_MAX:,} pairs; there may be more)"
    remedy = "Is one area declared twice, or are two editions mixed? They count as their union"
    examples = tuple(
        Problem(what, remedy, file, int(rows[b]), "geometry", f"overlaps row {rows[a]}")
        for a, b in overlapping[:EXAMPLES]
    )
    return [Finding(_CODE, Severity.WARNING, what, remedy, len(np.unique(overlapping)), examples)]


def _candidates(bounds: npt.NDArray[np.float64], keys: npt.NDArray[np.uint64]) -> tuple[npt.NDArray[np.int64], bool]:
    """Pairs (a < b) of one declaration whose bounds overlap, in order; and whether there are more than `PAIRS_MAX`."""
    boxes = shapely.box(*bounds.T)
    tree = shapely.STRtree(boxes)
    found, count = [np.empty((0, 2), dtype=np.int64)], 0
    for start in range(0, len(boxes), _AT_ONCE):
        a, b = tree.query(boxes[start : start + _AT_ONCE])
        a = a + start
        kept = (a < b) & (keys[a] == keys[b])
        part = np.column_stack([a[kept], b[kept]])
        found.append(part[np.lexsort((part[:, 1], part[:, 0]))])
        count += len(part)
        if count > PAIRS_MAX:
            break
    return np.concatenate(found)[:PAIRS_MAX], count > PAIRS_MAX


def _overlapping(path: Path, pairs: npt.NDArray[np.int64], sizes: list[int]) -> npt.NDArray[np.int64]:
    """Those of the pairs whose polygons share more than `SHARE` of the smaller one."""
    starts = np.concatenate([[0], np.cumsum(sizes)])
    group = np.searchsorted(starts, pairs, side="right") - 1
    kept = np.zeros(len(pairs), dtype=bool)
    with pq.ParquetFile(path) as opened:
        shapes_of = lru_cache(maxsize=2)(lambda number: columns_of(opened, number, [])[1])
        for first, second in np.unique(group, axis=0):
            here = np.flatnonzero((group == (first, second)).all(axis=1))
            a = shapes_of(int(first))[pairs[here, 0] - starts[first]]
            b = shapes_of(int(second))[pairs[here, 1] - starts[second]]
            crossing = np.flatnonzero(shapely.intersects(a, b) & ~shapely.touches(a, b))
            common = shapely.area(shapely.intersection(a[crossing], b[crossing]))
            smaller = np.minimum(shapely.area(a[crossing]), shapely.area(b[crossing]))
            kept[here[crossing[common > SHARE * smaller]]] = True
    return pairs[kept]
