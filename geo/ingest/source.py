"""What a reader hands over: what the file is, and its rows in batches, so that memory stays bounded.

A reader neither drops nor mends in silence. A row that it cannot use stays in the batch, with a `Problem` that names
it; what it changed or noticed becomes a `Finding`. Only what spoils the file as a whole is raised.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from geo.errors import Problem
from geo.ingest.report import Finding

BATCH_ROWS = 50_000
"""Rows of a batch at most."""


@dataclass(frozen=True)
class ReadOptions:
    """What the user says about a file that does not say it itself.

    `crs` in any form pyproj takes; `layer` names a layer or sheet; `encoding` of text, as Python names it.
    """

    crs: str | None = None
    layer: str | None = None
    encoding: str | None = None


@dataclass
class Batch:
    """Some consecutive rows.

    `frame` has the file's own columns, and is a GeoDataFrame in WGS 84 (column `geometry`, null where a row has no
    usable one) where the file has positions; its index is 0…n-1. `rows` are the numbers of these rows in the file,
    from 1, ascending, shape (n,). `problems` name rows that must be refused.
    """

    frame: pd.DataFrame
    rows: npt.NDArray[np.int64]
    findings: list[Finding] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


@dataclass
class Source:
    """An opened file. `batches` can be gone through once.

    Attributes
    ----------
    format
        Name of the format, as people say it: ``Shapefile``, ``CSV``.
    columns
        The file's own columns, without the geometry.
    batches
        Its rows; the file stays open until they are used up or dropped.
    layer, crs, encoding, delimiter
        What was found or taken, null where the format has no such thing; `crs` is a name such as ``EPSG:32640``.
    rows_announced
        Number of rows, where the format says it before they are read; for progress only.
    has_short_names
        Whether the format cuts column names off after ten characters.
    credit, licence
        Of data that are always of one publisher; null elsewhere.
    findings
        About the file as a whole.
    """

    format: str
    columns: list[str]
    batches: Iterator[Batch]
    layer: str | None = None
    crs: str | None = None
    encoding: str | None = None
    delimiter: str | None = None
    rows_announced: int | None = None
    has_short_names: bool = False
    credit: str | None = None
    licence: str | None = None
    findings: list[Finding] = field(default_factory=list)
