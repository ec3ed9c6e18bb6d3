"""The temporal functions: relations between two intervals (OGC 21-065r2, tables 9 and 10; Time Ontology in OWL)."""

from collections.abc import Callable
from typing import Any

import numpy as np

from api.features.columns import Periods
from api.features.instants import DAY
from api.filters.operands import Span, compare_periods
from api.filters.truth import Truth

FOR_INSTANTS = frozenset({"t_after", "t_before", "t_disjoint", "t_equals", "t_intersects"})
"""The functions that also take dates and timestamps; the others take intervals only."""


def spanned(periods: Periods) -> Span:
    """From the beginning to the end of each period: a month becomes the interval of its first and last day."""
    whole_days = periods.first != periods.last
    day = np.where(whole_days, DAY - 1, 0)
    return Span(
        Periods(periods.first, periods.first + day, periods.missing),
        Periods(periods.last - day, periods.last, periods.missing),
    )


def relate(name: str, left: Span, right: Span) -> Truth:
    """Which pairs of intervals are so related; unknown where an end is."""
    return Truth.known(_RELATIONS[name](left, right), left.missing | right.missing)


def _is(relation: str, left: Periods, right: Periods) -> Any:
    return compare_periods(relation, left, right).true


_RELATIONS: dict[str, Callable[[Span, Span], Any]] = {
    "t_after": lambda a, b: _is(">", a.start, b.end),
    "t_before": lambda a, b: _is("<", a.end, b.start),
    "t_disjoint": lambda a, b: _is(">", a.start, b.end) | _is("<", a.end, b.start),
    "t_intersects": lambda a, b: _is("<=", a.start, b.end) & _is(">=", a.end, b.start),
    "t_equals": lambda a, b: _is("=", a.start, b.start) & _is("=", a.end, b.end),
    "t_contains": lambda a, b: _is("<", a.start, b.start) & _is(">", a.end, b.end),
    "t_during": lambda a, b: _is(">", a.start, b.start) & _is("<", a.end, b.end),
    "t_finishedby": lambda a, b: _is("<", a.start, b.start) & _is("=", a.end, b.end),
    "t_finishes": lambda a, b: _is(">", a.start, b.start) & _is("=", a.end, b.end),
    "t_meets": lambda a, b: _is("=", a.end, b.start),
    "t_metby": lambda a, b: _is("=", a.start, b.end),
    "t_overlappedby": lambda a, b: _is(">", a.start, b.start) & _is("<", a.start, b.end) & _is(">", a.end, b.end),
    "t_overlaps": lambda a, b: _is("<", a.start, b.start) & _is(">", a.end, b.start) & _is("<", a.end, b.end),
    "t_startedby": lambda a, b: _is("=", a.start, b.start) & _is(">", a.end, b.end),
    "t_starts": lambda a, b: _is("=", a.start, b.start) & _is("<", a.end, b.end),
}
