"""Partial dates: YYYY, YYYY-MM or YYYY-MM-DD, as published statements carry them."""

import datetime as dt


def age_years(partial_date: str | None, as_of: dt.date | None) -> float | None:
    """Years from a partial date to `as_of`; None where either is not known.

    A date without its day or month counts from the middle of what it names.
    """
    if not partial_date or as_of is None:
        return None
    parts = [int(p) for p in partial_date.split("-")]
    year, month, day = parts[0], parts[1] if len(parts) > 1 else 7, parts[2] if len(parts) > 2 else None
    if len(parts) == 1:
        day = 1
    return (as_of - dt.date(year, month, day or 15)).days / 365.25
