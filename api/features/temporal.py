"""Partial dates and RFC 3339 instants as closed intervals in seconds, and the `datetime` parameter's intervals."""

import datetime as dt
import re
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from api.errors import BadParameter

_EARLIEST, _LATEST = -(2**62), 2**62
_PARTIAL = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?", re.ASCII)
_INSTANT = re.compile(r"(\d{4}-\d{2}-\d{2})[Tt](\d{2}:\d{2}:)(\d{2})(?:\.\d+)?([Zz]|[+-]\d{2}:\d{2})", re.ASCII)
_ACCEPTED = "Accepted: 2026-11-01T00:00:00Z, 2026-11-01, or an interval of two such with '/', open ends as '..'"


@dataclass(frozen=True)
class Interval:
    """A closed interval of time in seconds since 1970, UTC."""

    start: int
    end: int


@dataclass(frozen=True)
class Times:
    """For each row the closed interval that its date names, seconds since 1970; rows without one are `missing`."""

    starts: npt.NDArray[np.int64]
    ends: npt.NDArray[np.int64]
    missing: npt.NDArray[np.bool_]

    @classmethod
    def from_dates(cls, dates: Iterable[str | None]) -> "Times":
        """From partial dates and RFC 3339 date-times; what cannot be read as one counts as missing.

        A date-time without a zone is UTC.
        """
        intervals = [None if date is None else _known(date) for date in dates]
        return cls(
            np.array([0 if i is None else i.start for i in intervals], dtype=np.int64),
            np.array([0 if i is None else i.end for i in intervals], dtype=np.int64),
            np.array([i is None for i in intervals], dtype=bool),
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
        return rfc3339(int(self.starts[known].min())), rfc3339(int(self.ends[known].max()))


def rfc3339(seconds: int) -> str:
    """Seconds since 1970 as a UTC date-time."""
    moment = dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(seconds=seconds)
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}".rjust(20, "0")


def parse_datetime(text: str) -> Interval:
    """The `datetime` parameter: an instant, a date, or an interval of two with open ends ``..`` or empty."""
    parts = text.split("/")
    if len(parts) == 1:
        return _moment(text, text)
    if len(parts) != 2:
        raise BadParameter("datetime", "is not an instant or interval", _ACCEPTED, text)
    start = _EARLIEST if parts[0] in ("", "..") else _moment(parts[0], text).start
    end = _LATEST if parts[1] in ("", "..") else _moment(parts[1], text).end
    if start > end:
        raise BadParameter("datetime", "ends before it starts", _ACCEPTED, text)
    return Interval(start, end)


def _moment(part: str, text: str) -> Interval:
    try:
        if _INSTANT.fullmatch(part):
            return _instant(part)
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}", part, re.ASCII):
            return _partial_or_raise(part)
    except (ValueError, OverflowError):
        pass
    raise BadParameter("datetime", "is not an instant or interval", _ACCEPTED, text)


def _known(date: str) -> Interval | None:
    try:
        return _partial_or_raise(date) if len(date) <= len("YYYY-MM-DD") else _instant(date)
    except (ValueError, OverflowError):
        return None


def _instant(text: str) -> Interval:
    found = _INSTANT.fullmatch(text) or _INSTANT.fullmatch(f"{text}Z")
    if not found:
        raise ValueError(text)
    day, minute, second, zone = found.groups()
    leap = second == "60"  # Python has no leap second: the one before it
    at = _seconds(dt.datetime.fromisoformat(f"{day}T{minute}{'59' if leap else second}{zone.upper()}"))
    return Interval(at, at)


def _partial_or_raise(date: str) -> Interval:
    found = _PARTIAL.fullmatch(date)
    if not found:
        raise ValueError(date)
    year, month, day = (None if part is None else int(part) for part in found.groups())
    first = dt.datetime(int(year or 0), month or 1, day or 1, tzinfo=dt.UTC)
    if day is not None:
        after = first + dt.timedelta(days=1)
    elif month is not None:
        after = (first + dt.timedelta(days=32)).replace(day=1)
    else:
        after = first.replace(year=first.year + 1)
    return Interval(_seconds(first), _seconds(after) - 1)


def _seconds(moment: dt.datetime) -> int:
    return (moment - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)) // dt.timedelta(seconds=1)
