"""Measurements: tests of an operator's technology at a place and time; WGS 84 points.

`signal_dbm` is RSSI, RSCP or RSRP by technology; speeds in Mbit/s. `tests` is how many tests the row stands for (1 for
one drive-test sample, the number of tests for an aggregated tile). `no_service` says that the technology was looked for
there and not found. A row must have `signal_dbm`, `downlink_mbps` or `no_service`: no standard judges the uplink or the
latency alone (`check_measurements`).
"""

import numpy as np
import numpy.typing as npt
import pandas as pd

from geo.errors import Problem
from geo.tables.coverage import OPERATOR, TECHNOLOGY
from geo.tables.schema import DATE_TIME_PATTERN, Column, Table

MEASUREMENTS = Table(
    "measurements",
    [
        Column("measured_at", pattern=DATE_TIME_PATTERN, accepts="Accepted: a date or date and time, ISO 8601"),
        OPERATOR,
        TECHNOLOGY,
        Column("signal_dbm", "number", low=-160, high=0),
        Column("downlink_mbps", "number", low=0, high=100_000),
        Column("uplink_mbps", "number", low=0, high=100_000),
        Column("latency_ms", "number", low=0),
        Column("no_service", "boolean"),
        Column("tests", "integer", low=1, default=1),
        Column("source"),
    ],
    geometry_types=frozenset({"Point"}),
)


def check_measurements(frame: pd.DataFrame, file: str, rows: npt.NDArray[np.int64] | None = None) -> list[Problem]:
    """What is wrong with whole rows of a canonical table, beyond what its columns accept one by one.

    Parameters
    ----------
    frame
        Rows of `MEASUREMENTS`, as `geo.tables.schema.conform` gives them.
    file
        Name of the input, for messages.
    rows
        Their numbers in the file, from 1, shape (n,); None counts them from 1.

    Returns
    -------
    list of Problem
        In the order of the rows: a row that measured nothing, one that contradicts itself.
    """
    numbers = np.arange(1, len(frame) + 1) if rows is None else rows
    no_service = frame["no_service"].to_numpy(dtype=bool)
    speed = frame["downlink_mbps"].to_numpy(dtype=float)
    is_nothing = frame["signal_dbm"].isna().to_numpy() & np.isnan(speed) & ~no_service
    checks = (
        (
            is_nothing,
            "signal_dbm",
            "neither signal nor downlink",
            "Give signal_dbm or downlink_mbps, or set no_service where the technology was looked for and not found",
            None,
        ),
        (
            no_service & (np.nan_to_num(speed) > 0.0),
            "no_service",
            "no service, yet a downlink",
            "Correct one of no_service and downlink_mbps",
            frame["downlink_mbps"],
        ),
    )
    found = [
        (int(numbers[at]), Problem(what, remedy, file, int(numbers[at]), column, None if given is None else given[at]))
        for holds, column, what, remedy, given in checks
        for at in np.flatnonzero(holds)
    ]
    return [problem for _, problem in sorted(found, key=lambda pair: pair[0])]


def days(dates: "pd.Series[str]") -> "pd.Series[pd.Timestamp]":
    """Partial dates (YYYY, YYYY-MM, YYYY-MM-DD) as days, the middle of what they name; NaT where there is none."""
    missing = {4: "-07-01", 7: "-15"}
    completed = dates + dates.str.len().map(missing).fillna("")
    return pd.to_datetime(completed, format="%Y-%m-%d", errors="coerce")
