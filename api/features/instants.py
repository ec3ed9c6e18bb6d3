"""Dates and timestamps as microseconds of 1970, UTC: parsed from RFC 3339, written back to it."""

import datetime as dt
import re
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

DAY = 86_400_000_000
"""Microseconds of a day."""

_PARTIAL = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?", re.ASCII)
_TIMESTAMP = re.compile(r"(\d{4}-\d{2}-\d{2})[Tt ](\d{2}:\d{2}:)(\d{2})(?:\.(\d+))?([Zz]|[+-]\d{2}:\d{2})?", re.ASCII)
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


@dataclass(frozen=True)
class Instant:
    """A date or timestamp: the first and last microsecond of it, which are the same for a timestamp.

    A year or a month is of kind ``period``.
    """

    first: int
    last: int
    kind: Literal["date", "timestamp", "period"]


def parse_instant(text: str) -> Instant | None:
    """A date, a timestamp (UTC where no zone is given), a year or a month; None for any other text."""
    try:
        return _partial(text) if len(text) <= 10 else _timestamp(text)
    except (ValueError, OverflowError):
        return None


def dates_text(days: npt.NDArray[np.int64]) -> list[str]:
    """Days since 1970 as ``2022-04-16``."""
    return np.datetime_as_string(days.astype("datetime64[D]")).tolist()  # type: ignore[no-any-return]


def timestamps_text(microseconds: npt.NDArray[np.int64]) -> list[str]:
    """Microseconds since 1970 as ``2022-04-16T10:13:19Z``, with a fraction only where there is one."""
    whole = np.datetime_as_string(microseconds.astype("datetime64[us]").astype("datetime64[s]"))
    fractions = microseconds % 1_000_000
    if not fractions.any():
        return np.char.add(whole, "Z").tolist()  # type: ignore[no-any-return]
    tails = [f".{fraction:06d}".rstrip("0") if fraction else "" for fraction in fractions.tolist()]
    return [f"{second}{tail}Z" for second, tail in zip(whole.tolist(), tails, strict=True)]


def _partial(text: str) -> Instant | None:
    found = _PARTIAL.fullmatch(text)
    if not found:
        return None
    year, month, day = (None if part is None else int(part) for part in found.groups())
    first = dt.date(int(year or 0), month or 1, day or 1)
    start = first.toordinal()
    if day is not None:
        end = start
    elif month is not None:
        end = (first + dt.timedelta(days=31)).replace(day=1).toordinal() - 1 if first < _LAST_MONTH else _LAST_DAY
    else:
        end = dt.date(first.year, 12, 31).toordinal()
    return Instant((start - _FIRST_DAY) * DAY, (end - _FIRST_DAY + 1) * DAY - 1, "period" if day is None else "date")


def _timestamp(text: str) -> Instant | None:
    found = _TIMESTAMP.fullmatch(text)
    if not found:
        return None
    day, minute, second, fraction, zone = found.groups()
    leap = second == "60"  # Python has no leap second: the one before it
    moment = dt.datetime.fromisoformat(f"{day}T{minute}{'59' if leap else second}{(zone or 'Z').upper()}")
    at = (moment - _EPOCH) // dt.timedelta(microseconds=1) + int((fraction or "0")[:6].ljust(6, "0"))
    return Instant(at, at, "timestamp")


_FIRST_DAY = dt.date(1970, 1, 1).toordinal()
_LAST_DAY = dt.date.max.toordinal()
_LAST_MONTH = dt.date(9999, 12, 1)
