"""Cells as people write them, as the canonical tables have them: numbers, dates, codes, words, empty cells.

Each distinct value is read once. What was changed is noted, what can be read in two ways is refused, never guessed;
what cannot be read stays as it is for the table's own check, which says what is accepted.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from geo.errors import Problem
from geo.ingest.aliases import BY_NAME, Columns
from geo.ingest.date_texts import read_dates
from geo.ingest.numbers import Habits, observe, read_numbers
from geo.ingest.readings import Note, Reading, read_column
from geo.ingest.report import Finding, Severity
from geo.ingest.units import Unit, dimension, shown
from geo.ingest.vocabulary import SECTIONS, vocabulary
from geo.tables.schema import DATE_TIME_PATTERN, KATO_PATTERN, PARTIAL_DATE_PATTERN, Column, Table
from geo.tables.words import FacilityKind, Technology

_NOTES = {
    "empty_words": Note(Severity.NOTE, "words for nothing were taken as empty cells"),
    "numbers_rewritten": Note(Severity.NOTE, "numbers were written with a decimal comma, thousands or a unit"),
    "dates_rewritten": Note(Severity.NOTE, "dates were not written as YYYY-MM-DD"),
    "code_rewritten": Note(Severity.NOTE, "codes were not written as nine digits"),
    "words_recognised": Note(Severity.NOTE, "words were recognised as the accepted ones"),
    "operator_brand": Note(Severity.NOTE, "brands were taken as the operator of their network"),
    "operator_near_known": Note(
        Severity.WARNING,
        "an operator's name is all but equal to a known one",
        "Is it a misspelling? It is kept as it is",
    ),
}
_Reader = Callable[[list[Any]], Sequence[Reading]]
_MANTISSA = re.compile(r"(\d)[.,](\d+)[eE]\+?0?8", re.ASCII)
_CODE_MARKS = re.compile(r"[\s'’\u200b-]+")


@dataclass(frozen=True)
class Normalised:
    """Rows as read; `problems` name the cells that are refused, which stay in the frame as they were given."""

    frame: pd.DataFrame
    findings: list[Finding]
    problems: list[Problem]


def normalise(
    frame: pd.DataFrame,
    table: Table,
    rows: npt.NDArray[np.int64],
    file: str,
    *,
    columns: Columns | None = None,
    habits: Habits | None = None,
) -> Normalised:
    """Bring the cells of a frame whose columns are canonical into the form that its table accepts.

    Parameters
    ----------
    frame
        Rows with canonical column names; columns that are neither the table's nor names to match by stay untouched.
    table
        The canonical table.
    rows
        Numbers of the rows in the file, shape (n,).
    file
        The file's name, for messages.
    columns
        What the file calls its columns, for messages, and the units that its header states.
    habits
        How the file writes numbers, as learnt from its earlier batches; learns from this one.
    """
    habits = Habits() if habits is None else habits
    units = {} if columns is None else columns.units
    own = {} if columns is None else columns.own
    readers: dict[str, _Reader] = {}
    converted: dict[str, Note] = {}
    texts = {name: _as_text(frame[name]) for name in frame.columns if name != "geometry"}
    for column in table.columns:
        if column.name not in texts:
            continue
        unit = units.get(column.name)
        stored_as_number = pd.api.types.is_numeric_dtype(texts[column.name])
        if column.kind in {"number", "integer"}:
            if stored_as_number and unit is None:
                continue
            converted[column.name] = _conversion(column, unit)
            readers[column.name] = _number_reader(column, unit, habits)
            if not stored_as_number:
                observe(list(texts[column.name].dropna().unique()), column.name, dimension(column.name), habits)
        elif (read := _reader(column, table)) is not None:
            readers[column.name] = _with_empties(read)
        elif not stored_as_number:
            readers[column.name] = _with_empties(_kept)
    readers |= {name: _with_empties(_kept) for name in BY_NAME.get(table.name, ()) if name in texts}
    findings: list[Finding] = []
    problems: list[Problem] = []
    changed: dict[str, pd.Series] = {}
    for name, read in readers.items():
        notes = _NOTES | ({"unit_converted": converted[name]} if name in converted else {})
        done = read_column(texts[name], read, notes, rows=rows, file=file, name=own.get(name, name))
        changed[name] = done.cells
        findings += done.findings
        problems += done.problems
    problems.sort(key=lambda problem: problem.row or 0)
    return Normalised(frame.assign(**changed), findings, problems)


def _as_text(values: pd.Series) -> pd.Series:
    """Text without the spaces around it, null where nothing is left; other values as they are."""
    if pd.api.types.is_string_dtype(values):
        stripped = values.str.strip()
        return stripped.mask(stripped == "")
    if pd.api.types.is_object_dtype(values):
        return values.map(_plain_cell)
    return values


def _plain_cell(value: Any) -> Any:
    if isinstance(value, str):
        return value.strip() or None
    # what a nested format holds beside single values
    return str(value) if isinstance(value, list | tuple | dict | set | np.ndarray) else value


def _reader(column: Column, table: Table) -> _Reader | None:
    """How a column of codes, dates, words or truth values is read; None for any other text."""
    words = vocabulary()
    if column.kind == "boolean":
        return _booleans
    if column.pattern == KATO_PATTERN:
        return _codes
    if column.pattern in {PARTIAL_DATE_PATTERN, DATE_TIME_PATTERN}:
        return partial(read_dates, with_time=column.pattern == DATE_TIME_PATTERN)
    if column.choices is Technology:
        return _technologies
    if column.choices is FacilityKind:
        return partial(_words, known=words.facility_kind)
    if column.choices is not None and column.choices in SECTIONS:
        return partial(_words, known=partial(words.word, SECTIONS[column.choices]))
    if column.name == "operator":
        return _operators
    if (table.name, column.name) == ("sites", "status"):
        return partial(_words, known=partial(words.word, "site_status"))
    return None


def _with_empties(read: _Reader) -> _Reader:
    """Words for nothing as null, the rest as `read` has it; a word that `read` knows is none for nothing."""

    def reading(values: list[Any]) -> list[Reading]:
        return [
            Reading(None, "empty_words")
            if found.value is value and isinstance(value, str) and vocabulary().is_empty(value)
            else found
            for value, found in zip(values, read(values), strict=True)
        ]

    return reading


def _kept(values: list[Any]) -> list[Reading]:
    return [Reading(value) for value in values]


def _number_reader(column: Column, unit: Unit | None, habits: Habits) -> _Reader:
    whole = column.kind == "integer"
    of = dimension(column.name)
    read = partial(read_numbers, column=column.name, of=of, header=unit, habits=habits, whole=whole)
    return _with_empties(read)


def _conversion(column: Column, unit: Unit | None) -> Note:
    of = shown(dimension(column.name) or "")
    what = f"values in {unit.name} were converted to {of}" if unit is not None else f"values were converted to {of}"
    return Note(Severity.NOTE, what)


def _booleans(values: list[Any]) -> list[Reading]:
    readings = []
    for value in values:
        word = vocabulary().word("boolean", str(value)) if not isinstance(value, bool | np.bool_) else None
        readings.append(Reading(value if word is None else word == "true"))
    return readings


def _codes(values: list[Any]) -> list[Reading]:
    """KATO codes as nine digits; digits that a spreadsheet has rounded away are not made up."""
    return [_code(value) for value in values]


def _code(value: Any) -> Reading:
    if isinstance(value, int | float | np.number) and not isinstance(value, bool):
        return Reading(str(int(value)) if float(value).is_integer() else str(value))
    text = str(value)
    if text.lstrip().startswith(("-", "−")):
        return Reading(value)  # marks between digits are a habit of writing, a sign before them is another number
    compact = _CODE_MARKS.sub("", text)
    scientific = _MANTISSA.fullmatch(compact)
    if scientific is not None:
        digits = scientific[1] + scientific[2]
        if len(digits) < 9:
            remedy = "Format the column as text before saving, and enter the nine digits again"
            return Reading(value, refused="the code has lost digits in a spreadsheet", remedy=remedy)
        compact = digits if len(digits) == 9 else compact
    compact = re.sub(r"[.,]0+$", "", compact)
    if re.fullmatch(KATO_PATTERN, compact):
        return Reading(compact, None if compact == text else "code_rewritten")
    return Reading(value)


def _words(values: list[Any], known: Callable[[str], str | None]) -> list[Reading]:
    readings = []
    for value in values:
        word = known(str(value))
        changed = word is not None and word != value
        readings.append(Reading(word, "words_recognised") if changed else Reading(value))
    return readings


def _technologies(values: list[Any]) -> list[Reading]:
    readings = []
    for value in values:
        found = vocabulary().technologies(str(value))
        if len(found) > 1:
            remedy = f"Give one row per technology: {', '.join(found)}"
            readings.append(Reading(value, refused="several technologies in one cell", remedy=remedy))
        elif found and found[0] != value:
            readings.append(Reading(found[0], "words_recognised"))
        else:
            readings.append(Reading(value))
    return readings


def _operators(values: list[Any]) -> list[Reading]:
    known = vocabulary()
    readings = []
    for value in values:
        found = known.operators(str(value))
        if len(found) > 1:
            remedy = f"Give one row per operator: {', '.join(found)}"
            readings.append(Reading(value, refused="several operators in one cell", remedy=remedy))
        elif found:
            note = "operator_brand" if known.is_brand(str(value)) else "words_recognised"
            readings.append(Reading(found[0], None if found[0] == value else note))
        elif (near := known.near_operator(str(value))) is not None:
            readings.append(Reading(value, "operator_near_known", remedy=f"{near}?"))
        else:
            readings.append(Reading(value))
    return readings
