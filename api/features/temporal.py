"""Dates as closed intervals in microseconds, and the `datetime` parameter's intervals."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from api.errors import BadParameter
from api.features.instants import Instant, parse_instant, timestamps_text

_EARLIEST, _LATEST = -(2**62), 2**62
_MOMENT = re.compile(
    r"\d{4}-\d{2}-\d{2}([Tt]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:\d{2}))?",
    re.ASCII,
)
_SECOND = 1_000_000
_ACCEPTED = "Accepted: 2026-11-01T00:00:00Z, 2026-11-01, or an interval of two such with '/', open ends as '..'"


@dataclass(frozen=True)
class Interval:
    """A closed interval of time in microseconds since 1970, UTC."""

    start: int
    end: int


@dataclass(frozen=True)
class Times:
    """For each row the closed interval that its date names, microseconds since 1970; rows without are `missing`."""

    starts: npt.NDArray[np.int64]
    ends: npt.NDArray[np.int64]
    missing: npt.NDArray[np.bool_]

    @classmethod
    def from_dates(cls, dates: Iterable[str | None]) -> "Times":
        """From partial dates and RFC 3339 date-times; what cannot be read as one counts as missing.

        A date-time without a zone is UTC.
        """
        instants = [None if date is None else parse_instant(date) for date in dates]
        return cls(
            np.array([0 if i is None else i.first for i in instants], dtype=np.int64),
            np.array([0 if i is None else i.last for i in instants], dtype=np.int64),
            np.array([i is None for i in instants], dtype=bool),
        )

    def intersecting(self, interval: Interval) -> npt.NDArray[np.bool_]:
        """Rows whose interval shares an instant with `interval`, and all rows without one."""
        return ((self.starts <= interval.end) & (self.ends >= interval.start)) | self.missing

    @property
    def extent(self) -> tuple[str, str] | None:
        """First and last instant in RFC 3339, or None where no row has a date."""
        if self.missing.all():
            return None
        known = ~self.missing
        first, last = self.starts[known].min(), self.ends[known].max()
        # a day ends with its last second, which nobody writes to the microsecond
        if last % _SECOND == _SECOND - 1:
            last -= _SECOND - 1
        start, end = timestamps_text(np.array([first, last], dtype=np.int64))
        return start, end


def parse_datetime(text: str) -> Interval:
    """The `datetime` parameter: an instant, a date, or an interval of two with open ends ``..`` or empty."""
    parts = text.split("/")
    if len(parts) == 1:
        moment = _moment(text, text)
        return Interval(moment.first, moment.last)
    if len(parts) != 2:
        raise BadParameter("datetime", "is not an instant or interval", _ACCEPTED, text)
    start = _EARLIEST if parts[0] in ("", "..") else _moment(parts[0], text).first
    end = _LATEST if parts[1] in ("", "..") else _moment(parts[1], text).last
    if start > end:
        raise BadParameter("datetime", "ends before it starts", _ACCEPTED, text)
    return Interval(start, end)


def _moment(part: str, text: str) -> Instant:
    found = parse_instant(part) if _MOMENT.fullmatch(part) else None
    if found is None:
        raise BadParameter("datetime", "is not an instant or interval", _ACCEPTED, text)
    return found
