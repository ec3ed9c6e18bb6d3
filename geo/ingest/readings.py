"""What each distinct value of a column is read as, and how that goes back to its rows."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from geo.errors import Problem
from geo.ingest.report import EXAMPLES, Finding, Severity


@dataclass(frozen=True)
class Reading:
    """What a value becomes: the new value, the code of the note about it, or why it is refused.

    `remedy` says what would be accepted, or, beside a note, what may have been meant.
    """

    value: Any
    note: str | None = None
    refused: str | None = None
    remedy: str = ""


@dataclass(frozen=True)
class Note:
    """How a note is told: severity, a sentence and a remedy."""

    severity: Severity
    what: str
    remedy: str = ""


@dataclass(frozen=True)
class ReadColumn:
    """A column as read, with what was noticed and refused."""

    cells: pd.Series
    findings: list[Finding]
    problems: list[Problem]


def read_column(
    values: pd.Series,
    read: Callable[[list[Any]], Sequence[Reading]],
    notes: dict[str, Note],
    *,
    rows: npt.NDArray[np.int64],
    file: str,
    name: str,
) -> ReadColumn:
    """Read each distinct value of a column once.

    Parameters
    ----------
    values
        The column, shape (n,); nulls stay null and are not read.
    read
        From distinct values to a reading of each.
    notes
        How each note is told.
    rows
        Numbers of the rows in the file, shape (n,).
    file, name
        The file's and the column's name, for messages.
    """
    places, distinct = pd.factorize(values)
    readings = read(list(distinct))
    mapped = pd.Series(_rows_of([reading.value for reading in readings], places), index=values.index)
    noted = [reading.note for reading in readings]
    findings = []
    for code in dict.fromkeys(note for note in noted if note is not None):
        hit = np.flatnonzero(_flagged([note == code for note in noted], places))
        note = notes[code]
        what = f"column '{name}': {note.what}"
        examples = tuple(
            Problem(what, note.remedy, file, int(rows[i]), name, _change(distinct[places[i]], readings[places[i]]))
            for i in _first_of_each(hit, places)
        )
        findings.append(Finding(code, note.severity, what, note.remedy, len(hit), examples))
    refused = np.flatnonzero(_flagged([reading.refused is not None for reading in readings], places))
    problems = [
        Problem(readings[k].refused or "", readings[k].remedy, file, int(rows[i]), name, distinct[k])
        for i, k in zip(refused.tolist(), places[refused].tolist(), strict=True)
    ]
    return ReadColumn(mapped, findings, problems)


def _rows_of(
    of_distinct: list[Any], places: npt.NDArray[np.intp]
) -> pd.api.extensions.ExtensionArray | npt.NDArray[Any]:
    """Values of the distinct ones for every row: numbers, truth values or text where all are; null where it was."""
    table = np.empty(len(of_distinct) + 1, dtype=object)
    table[:-1] = of_distinct
    table[-1] = None  # a null has the place -1
    given = [value for value in of_distinct if value is not None]
    if given and all(isinstance(value, float) for value in given):
        return table.astype(np.float64)[places]
    if all(isinstance(value, str) for value in given):
        return pd.array(table, dtype="str")[places]
    return table[places]


def _flagged(of_distinct: list[bool], places: npt.NDArray[np.intp]) -> npt.NDArray[np.bool_]:
    return np.array([*of_distinct, False], dtype=bool)[places]


def _first_of_each(hit: npt.NDArray[np.intp], places: npt.NDArray[np.intp]) -> list[int]:
    """The first rows of as many different values as there are examples to show."""
    _, first = np.unique(places[hit], return_index=True)
    return [int(i) for i in hit[np.sort(first)[:EXAMPLES]]]


def _change(before: Any, reading: Reading) -> str:
    if reading.value == before:
        return f"{before} ({reading.remedy})" if reading.remedy else str(before)
    after = "" if reading.value is None else reading.value
    return f"{before} → {after:.15g}" if isinstance(after, float) else f"{before} → {after}".rstrip()
