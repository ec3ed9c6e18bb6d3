"""What tables of text have in common, whether delimited or in a workbook: header, cells, batches."""

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from geo.errors import FileProblem, LimitExceeded, Problem
from geo.ingest.report import Finding, Severity
from geo.ingest.source import BATCH_ROWS, Batch

COLUMNS_MAX = 2_000
"""Columns of a table at most."""
LOOKED_AT = 50
"""Rows at the start of a file among which the header is looked for."""

_BATCH_CELLS = 4_000_000
_VALUE = re.compile(r"[-+]?\d+[.,]\d{2,}|\d{6,}")
_NOT_IN_NAMES = "0123456789 .,:;/+-%\t\xa0"
_YEAR = re.compile(r"(19|20)\d\d")


def is_name(cell: Any) -> bool:
    """Whether a cell can be a column's name: text that is no number, date or mark alone."""
    return isinstance(cell, str) and cell.strip(_NOT_IN_NAMES) != ""


def header_position(rows: Sequence[Sequence[Any]]) -> int | None:
    """Which of the first rows is the header; None where none can be.

    It is the first that has two names at least (one, where no row has more), nothing but names and years, half as many
    cells as the fullest row, more than any row above it, and data below in its own columns.

    Parameters
    ----------
    rows
        Cells, null or empty where there is nothing.
    """
    filled = [{i for i, cell in enumerate(row) if cell not in (None, "")} for row in rows]
    most = max(map(len, filled), default=0)
    above = 0
    for position, (row, here) in enumerate(zip(rows, filled, strict=True)):
        names = sum(is_name(row[i]) for i in here)
        years = sum(_YEAR.fullmatch(str(row[i])) is not None for i in here)
        below = next((later for later in filled[position + 1 :] if later), set())
        is_full = 2 * len(here) >= most and len(here) > above
        if is_full and names >= min(2, most) and names + years == len(here) and below & here:
            return position
        above = max(above, len(here))
    return None


def column_names(cells: Sequence[str | None], file: str) -> tuple[list[str], list[Finding]]:
    """The names in a header row, without empty cells at its end; a column without a name is called ``column_N``.

    Raises
    ------
    FileProblem, LimitExceeded
        If there are none, a name is there twice, the row looks like one of values, or there are too many.
    """
    names = [(cell or "").strip() for cell in cells]
    while names and not names[-1]:
        names.pop()
    given = [name for name in names if name]
    named = sum(is_name(name) or _YEAR.fullmatch(name) is not None for name in given)
    if not any(map(is_name, given)) or 2 * named < len(given) or any(map(_VALUE.fullmatch, given)):
        remedy = "The first row must name the columns, e.g. kato, name_ru, lon, lat"
        raise FileProblem(Problem("the file has no header", remedy, file, value=", ".join(names)[:80] or None))
    if len(names) > COLUMNS_MAX:
        what = f"the table has {len(names)} columns"
        raise LimitExceeded(Problem(what, f"Accepted: up to {COLUMNS_MAX} columns", file))
    unnamed = [i for i, name in enumerate(names) if not name]
    for i in unnamed:
        names[i] = f"column_{i + 1}"
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise FileProblem(Problem("the column is there twice", "Keep one of them", file, column=name))
        seen.add(name)
    if not unnamed:
        return names, []
    what = "a column has no name; it is called by its number"
    examples = [Problem(what, "Name it in the header to use it", file, column=names[i]) for i in unnamed]
    return names, [Finding.of("unnamed_column", Severity.NOTE, examples)]


def batch_rows(columns: int) -> int:
    """Rows of a batch of so many columns: fewer than usual where rows are very wide."""
    return max(1, min(BATCH_ROWS, _BATCH_CELLS // max(columns, 1)))


def text_batch(names: list[str], cells: Sequence[Sequence[str | None]], first_row: int) -> Batch:
    """Consecutive rows as text, trimmed, null where empty.

    Parameters
    ----------
    names
        Column names, shape (k,).
    cells
        Cells by column, shape (k, n).
    first_row
        Number of the first row.
    """
    arrays = []
    for column in cells:
        text = pc.utf8_trim_whitespace(pa.array(column, pa.string()))
        arrays.append(pc.if_else(pc.equal(text, ""), pa.scalar(None, pa.string()), text))
    frame = pa.Table.from_arrays(arrays, names=names).to_pandas(
        types_mapper={pa.string(): pd.StringDtype(na_value=np.nan)}.get
    )
    return Batch(frame, np.arange(first_row, first_row + len(frame), dtype=np.int64))
