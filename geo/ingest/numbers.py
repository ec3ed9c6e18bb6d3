"""Numbers as people write them: decimal commas, thousands separators, units glued on, real minus signs.

"1,234" alone is either. It is read by what the column, else the file, shows elsewhere, and refused if that shows
nothing or both.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from geo.ingest.readings import Reading
from geo.ingest.units import Unit, unit_named

_MINUS = str.maketrans(dict.fromkeys("−–—‒﹣－‐‑", "-"))
_NUMBER = re.compile(r"^([+-]?)\s*((?:\d[\d.,'’\s]*)?[\d]|[.,]\d+)(?:[eE]([+-]?\d{1,3}))?\s*([^\d\s].*)?$", re.DOTALL)
_SPACED = re.compile(r"\d{1,3}(?:[\s'’]\d{3})+(?:([.,])\d+)?")
_OTHER = {",": ".", ".": ","}


@dataclass
class Habits:
    """Which decimal marks (``,`` and ``.``) each column of one file was seen with; grows with every batch of it."""

    marks: dict[str, set[str]] = field(default_factory=dict)

    def of_column(self, column: str) -> set[str]:
        """Marks seen in a column."""
        return self.marks.setdefault(column, set())

    def of_others(self, column: str) -> set[str]:
        """Marks seen in the other columns of the file."""
        return {mark for name, marks in self.marks.items() if name != column for mark in marks}


@dataclass(frozen=True)
class _Parsed:
    """A number with one open question at most: whether `mark` is decimal, or separates thousands."""

    decimal: float
    thousands: float = 0.0
    mark: str = ""
    unit: Unit | None = None
    shown: str = ""  # the decimal mark that the text proves


def observe(values: Sequence[Any], column: str, of: str | None, habits: Habits) -> None:
    """Learn from a column's distinct values which decimal mark it uses; call for all columns before reading any."""
    seen = habits.of_column(column)
    for value in values:
        if isinstance(value, str) and (parsed := _parsed(value, of)) is not None and parsed.shown:
            seen.add(parsed.shown)


def read_numbers(
    values: Sequence[Any], column: str, of: str | None, header: Unit | None, habits: Habits, *, whole: bool
) -> list[Reading]:
    """Read distinct values of a number column.

    Parameters
    ----------
    values
        Numbers, or text.
    column
        The column's name in `habits`.
    of
        Its canonical unit, if it has one.
    header
        The unit that the header states, if it is another; a unit in the cell wins.
    habits
        What `observe` learnt.
    whole
        Whether only whole numbers are accepted, so that no mark can be decimal.

    Returns
    -------
    list of Reading
        Floats in the canonical unit; what is no number stays as it is. Notes: `numbers_rewritten`, `unit_converted`.
    """
    own, others = habits.of_column(column), habits.of_others(column)
    whole = whole and (header is None or header.is_canonical)
    return [_reading(value, of, header, own, others, whole) for value in values]


def _reading(value: Any, of: str | None, header: Unit | None, own: set[str], others: set[str], whole: bool) -> Reading:
    if isinstance(value, bool | np.bool_):
        return Reading(value)
    if isinstance(value, int | float | np.number):
        return _converted(value, float(value), header, None)
    parsed = _parsed(str(value), of)
    if parsed is None:
        return Reading(value)
    number = parsed.decimal
    if parsed.mark:
        is_decimal = False if whole else _is_decimal(parsed.mark, own, others)
        if is_decimal is None:
            remedy = f"Write {parsed.decimal:g} or {parsed.thousands:g}, or use one decimal mark throughout the column"
            return Reading(value, refused="a comma or point that may be decimal or separate thousands", remedy=remedy)
        number = parsed.decimal if is_decimal else parsed.thousands
    note = None if _is_plain(str(value), number) else "numbers_rewritten"
    return _converted(value, number, parsed.unit or header, note)


def _converted(value: Any, number: float, unit: Unit | None, note: str | None) -> Reading:
    if unit is None or unit.is_canonical:
        return Reading(number, note)
    converted = float(unit.to_canonical(np.array([number]))[0])
    if np.isnan(converted) and not np.isnan(number):
        return Reading(value, refused="a power of nothing has no level", remedy="Accepted: more than 0, or empty")
    return Reading(converted, "unit_converted")


def _is_decimal(mark: str, own: set[str], others: set[str]) -> bool | None:
    """Whether the one mark of a number like "1,234" is decimal; None where nothing decides."""
    if own == {mark}:
        return True
    if own == {_OTHER[mark]}:
        return False
    if own:
        return None
    if mark == ".":
        return None if others == {","} else True
    return True if others == {","} else None


def _parsed(text: str, of: str | None) -> _Parsed | None:
    """A text as a number, perhaps with a unit of the column's dimension; None if it is none."""
    match = _NUMBER.match(text.strip().translate(_MINUS))
    if match is None:
        return None
    sign, body, exponent, rest = match.groups()
    unit = None
    if rest is not None and rest.strip(". \t"):
        unit = unit_named(rest)
        if unit is None or not unit.of or unit.of != of:
            return None
    power = f"e{exponent or 0}"
    body = body.strip()

    def number(digits: str) -> float:
        return float(f"{sign}{digits}{power}")

    shown = ""
    if re.search(r"[\s'’]", body):
        spaced = _SPACED.fullmatch(body)
        if spaced is None:
            return None
        # with spaces between thousands any mark is decimal
        shown = spaced[1] or ""
        return _Parsed(number(re.sub(r"[\s'’]", "", body).replace(",", ".")), unit=unit, shown=shown)
    marks = [c for c in body if c in ",."]
    if not marks:
        return _Parsed(number(body), unit=unit)
    last = marks[-1]
    grouped = rf"\d{{1,3}}(?:\{_OTHER[last]}\d{{3}})+\{last}\d+"
    if len(set(marks)) == 2:
        if not re.fullmatch(grouped, body):
            return None
        return _Parsed(number(body.replace(_OTHER[last], "").replace(last, ".")), unit=unit, shown=last)
    if len(marks) > 1:
        if not re.fullmatch(rf"[1-9]\d{{0,2}}(?:\{last}\d{{3}})+", body):
            return None
        return _Parsed(number(body.replace(last, "")), unit=unit, shown=_OTHER[last])
    decimal = number(body.replace(",", "."))
    if re.fullmatch(r"[1-9]\d{0,2}[.,]\d{3}", body):
        return _Parsed(decimal, number(body.replace(last, "")), last, unit)
    return _Parsed(decimal, unit=unit, shown=last)


def _is_plain(text: str, number: float) -> bool:
    """Whether a text is the number as it is, without our reading."""
    return re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", text, re.ASCII) is not None and float(text) == number
