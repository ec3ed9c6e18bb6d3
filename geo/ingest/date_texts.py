"""Dates and times as people and spreadsheets write them, as ISO 8601."""

import datetime as dt
import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from geo.ingest.readings import Reading
from geo.ingest.vocabulary import vocabulary

_TIME = r"(?:[T\s,]+(?P<time>\d{1,2}:\d{2}.*))?"
_YEAR_FIRST = re.compile(r"(\d{4})(?:[-./](\d{1,2})(?:[-./](\d{1,2}))?)?" + _TIME)
_DAY_FIRST = re.compile(r"(\d{1,2})([-./])(\d{1,2})\2(\d{4})" + _TIME)
_MONTH_YEAR = re.compile(r"(\d{1,2})[-./](\d{4})")
_CLOCK = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?\s*(Z|UTC|GMT|[+-]\d{2}:?\d{2})?", re.IGNORECASE)
_YEAR_WORD = re.compile(r"(?<![^\W\d_])(?:г|год|года|году|ж|жыл|жылы|жылғы|жылдың|year)\b\.?", re.IGNORECASE)
_CANONICAL = re.compile(
    r"\d{4}(-\d{2}(-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})?)?)?)?",
    re.ASCII,
)
_NUMBER = re.compile(r"\d+(\.\d+)?", re.ASCII)
_EXCEL_DAY_0 = dt.datetime(1899, 12, 30)
_EXCEL_DAYS = (20_000, 80_000)  # 1954 to 2119
_EPOCH_SECONDS = (946_684_800, 4_102_444_800)  # 2000 to 2100
_YEARS = (1800, 2200)
_NO_SUCH_DATE = "no such date"


def read_dates(values: Sequence[Any], *, with_time: bool) -> list[Reading]:
    """Read distinct values of a date column as ``YYYY``, ``YYYY-MM`` or ``YYYY-MM-DD``.

    With a time also as ``YYYY-MM-DDTHH:MM:SS``, with the zone if one is given; seconds and milliseconds since 1970 are
    UTC. Numbers of days are Excel's. With slashes the day comes first, unless the column shows that the month does.
    What is no date stays as it is; one that the calendar has not is refused. Note: `dates_rewritten`.
    """
    month_first = _slashes_month_first(values)
    return [_reading(value, with_time, month_first) for value in values]


def _slashes_month_first(values: Sequence[Any]) -> bool | None:
    """Whether dates with slashes have the month first; None where the column shows both orders."""
    matches = [_DAY_FIRST.fullmatch(value.strip()) for value in values if isinstance(value, str) and "/" in value]
    pairs = [(int(m[1]), int(m[3])) for m in matches if m is not None]
    day_first = any(first > 12 and second <= 12 for first, second in pairs)
    month_first = any(second > 12 and first <= 12 for first, second in pairs)
    return None if day_first and month_first else month_first


def _reading(value: Any, with_time: bool, month_first: bool | None) -> Reading:
    if isinstance(value, pd.Timestamp | dt.datetime):
        return Reading(_iso_time(value) if with_time else value.date().isoformat())
    if isinstance(value, dt.date):
        return Reading(value.isoformat())
    if isinstance(value, int | float | np.number):
        number = float(value)
        text = str(int(number)) if number.is_integer() else repr(number)
    else:
        text = str(value).strip()
    try:
        found = _read(text, with_time, month_first)
    except ValueError as error:
        return Reading(value, refused=str(error), remedy="Write it as YYYY-MM-DD")
    if found is None:
        return Reading(value)
    return Reading(found, None if found == str(value) else "dates_rewritten")


def _read(text: str, with_time: bool, month_first: bool | None) -> str | None:
    """The ISO form; None if the text is no date; ValueError, with the problem in words, if there is no such date."""
    if (match := _YEAR_FIRST.fullmatch(text)) is not None:
        return _joined(match[1], match[2], match[3], match["time"], with_time, text)
    if (match := _DAY_FIRST.fullmatch(text)) is not None:
        day, month = match[1], match[3]
        if match[2] == "/":
            if month_first is None and int(day) <= 12 and int(month) <= 12:
                raise ValueError("day and month cannot be told apart: the column has both orders")
            if month_first or (month_first is None and int(month) > 12):
                day, month = month, day
        return _joined(match[4], month, day, match["time"], with_time, text)
    if (match := _MONTH_YEAR.fullmatch(text)) is not None:
        return _joined(match[2], match[1], None, None, with_time, text)
    if _NUMBER.fullmatch(text):
        return _from_number(text, with_time)
    return _from_words(text)


def _joined(year: str, month: str | None, day: str | None, time: str | None, with_time: bool, text: str) -> str:
    if not _YEARS[0] <= int(year) <= _YEARS[1]:
        raise ValueError(_NO_SUCH_DATE)
    if month is None:
        return year
    try:
        date = dt.date(int(year), int(month), int(day or 1))
    except ValueError:
        raise ValueError(_NO_SUCH_DATE) from None
    if day is None:
        return f"{date:%Y-%m}"
    if time is None:
        return f"{date:%Y-%m-%d}"
    clock = _clock(time)
    if not with_time:
        return f"{date:%Y-%m-%d}"
    # a time that is written as wanted keeps its digits
    return text if _CANONICAL.fullmatch(text) else f"{date:%Y-%m-%d}T{clock}"


def _clock(time: str) -> str:
    match = _CLOCK.fullmatch(time.strip())
    if match is None or int(match[1]) > 23 or int(match[2]) > 59 or int(match[3] or 0) > 59:
        raise ValueError("no such time")
    fraction = f".{match[4]}" if match[4] else ""
    zone = (match[5] or "").upper()
    if zone in {"Z", "UTC", "GMT"}:
        zone = "Z"
    elif zone and ":" not in zone:
        zone = f"{zone[:3]}:{zone[3:]}"
    return f"{int(match[1]):02}:{match[2]}:{match[3] or '00'}{fraction}{zone}"


def _from_number(text: str, with_time: bool) -> str | None:
    if len(text) == 8 and text.isdigit() and _YEARS[0] <= int(text[:4]) <= _YEARS[1]:
        return _joined(text[:4], text[4:6], text[6:], None, with_time, text)
    number = float(text)
    if _EXCEL_DAYS[0] <= number <= _EXCEL_DAYS[1]:
        moment = _EXCEL_DAY_0 + dt.timedelta(seconds=round(number * 86_400))
        return _iso_time(moment) if with_time and not number.is_integer() else moment.date().isoformat()
    for per_second in (1, 1000):
        seconds = number / per_second
        if with_time and _EPOCH_SECONDS[0] <= seconds <= _EPOCH_SECONDS[1]:
            return _iso_time(dt.datetime.fromtimestamp(seconds, dt.UTC))
    return None


def _iso_time(moment: dt.datetime) -> str:
    timespec = "milliseconds" if moment.microsecond else "seconds"
    return moment.isoformat(timespec=timespec).replace("+00:00", "Z")


def _from_words(text: str) -> str | None:
    """Dates with the month as a word or the year with its word: "1 марта 2024 г.", "наурыз 2024", "2024 год"."""
    parts = re.findall(r"\w+", _YEAR_WORD.sub(" ", text))
    if not 1 <= len(parts) <= 3:
        return None
    numbers = [part for part in parts if re.fullmatch(r"\d{1,4}", part, re.ASCII)]
    words = [part for part in parts if part not in numbers]
    years = [number for number in numbers if len(number) == 4]
    days = [number for number in numbers if len(number) <= 2]
    month = vocabulary().word("month", words[0]) if len(words) == 1 else None
    if len(years) != 1 or len(days) > 1 or len(parts) != len(years) + len(days) + len(words):
        return None
    if month is None:
        return _joined(years[0], None, None, None, False, text) if len(parts) == 1 else None
    return _joined(years[0], month, days[0] if days else None, None, False, text)
