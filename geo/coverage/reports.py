"""Evidence from published reports: dated statements about named places."""

import datetime as dt

import numpy as np
import numpy.typing as npt
import pandas as pd

from geo.coverage.reliability import Reliability
from geo.dates import age_years
from geo.tables.words import Basis, ReportStatus, Technology


def statements_on_settlements(reports: pd.DataFrame, katos: pd.Series, as_of: dt.date | None) -> pd.DataFrame:
    """The latest report of each status on each settlement of the table.

    Only reports of level `settlement` speak of a settlement; those on districts and city localities are left out.

    Returns
    -------
    DataFrame
        `row` in the settlements table, the report's columns, `age_years` (null where undated).
    """
    row_of = pd.Series(np.arange(len(katos)), index=katos.to_numpy())
    known = reports[(reports["level"] == "settlement") & reports["kato"].isin(row_of.index)]
    latest = known.sort_values("date", na_position="first", kind="stable").drop_duplicates(
        ["kato", "status"], keep="last"
    )
    ages = [age_years(date if isinstance(date, str) else None, as_of) for date in latest["date"]]
    return latest.assign(row=row_of.loc[latest["kato"]].to_numpy(), age_years=pd.Series(ages, dtype=float).to_numpy())


def evidence_from_reports(statements: pd.DataFrame, reliability: Reliability) -> pd.DataFrame:
    """Service rows from statements; a plan is not service and makes none.

    A report of service without its generation is taken as mobile service that meets the standard, less surely. Old or
    undated reports are believed less (see ``data/coverage/reliability.toml``).
    """
    spoken = statements[statements["status"] != ReportStatus.PLANNED]
    status = spoken["status"].to_numpy()
    belief = reliability.report
    old = is_old(spoken, reliability)
    technology = spoken["technology"].where(spoken["technology"].isin(list(Technology)), Technology.UNSPECIFIED)
    unstated = (technology == Technology.UNSPECIFIED).to_numpy()

    works = np.select(
        [status == ReportStatus.UNSERVED],
        [np.where(old, belief["old_unserved_probability"], belief["unserved"])],
        belief["served"]
        * np.where(unstated, belief["unstated_technology_factor"], 1.0)
        * np.where(old, belief["old_served_factor"], 1.0),
    )
    meets = np.where(status == ReportStatus.DEGRADED, belief["degraded"], works)
    return pd.DataFrame(
        {
            "row": spoken["row"].to_numpy(),
            "operator": spoken["operator"].to_numpy(),
            "technology": technology.to_numpy(),
            "share_covered": np.nan,
            "signal_dbm": np.nan,
            "probability_served": meets,
            "probability_any": works,
            "downlink_mbps": np.nan,
            "edge_distance_km": np.nan,
            "basis": str(Basis.REPORTED),
            "as_of": spoken["date"].to_numpy(),
            "source": spoken["source"].to_numpy(),
        }
    )


def is_old(statements: pd.DataFrame, reliability: Reliability) -> npt.NDArray[np.bool_]:
    """Whether each statement is undated or older than `old_after_years`."""
    age = statements["age_years"].to_numpy()
    return np.asarray(np.isnan(age) | (age > reliability.report["old_after_years"]))
