"""What each operator's technology gives the settlements of a run: an offer is one operator with one technology."""

from enum import StrEnum

import geopandas as gpd
import numpy as np
import pandas as pd

from geo.tables.words import Basis
from geo.workspace import Run

REACH_COLUMNS = ("kato", "reach", "probability_served", "signal_dbm", "share_covered", "basis", "as_of")
OFFER_COLUMNS = ("operator", "technology", "settlements", "people", "doubtful", "missed", "unknown", "areas")


class Reach(StrEnum):
    """Whether an offer meets the standard at a settlement; published totals alone leave it unknown."""

    REACHED = "reached"
    DOUBTFUL = "doubtful"
    MISSED = "missed"
    UNKNOWN = "unknown"


def offers(run: Run) -> pd.DataFrame:
    """The offers that a run knows anything of, `OFFER_COLUMNS`: those that reach most people first.

    `settlements` and `people` count the places reached; `doubtful`, `missed` and `unknown` the other settlements;
    `areas` tells whether there are coverage areas to draw.

    Raises
    ------
    RunDamaged
        When a table of the run cannot be read.
    """
    gaps = run.table("gaps")
    service = run.table("service")
    areas = run.table("coverage") if "coverage" in run.manifest["tables"] else service.iloc[:0]
    drawn = pd.MultiIndex.from_frame(areas[["operator", "technology"]].drop_duplicates())
    known = pd.MultiIndex.from_frame(service[["operator", "technology"]].drop_duplicates()).union(drawn)
    people = service["kato"].map(gaps.set_index("kato")["population"]).astype("float64").fillna(0.0)
    reach = _reach(service, run.manifest["standard"]["confidence"])
    rows = pd.DataFrame({str(r): (reach == r).astype("int64") for r in Reach}, index=service.index)
    rows["people"] = people.where(reach == Reach.REACHED, 0.0)
    by_offer = rows.groupby([service["operator"], service["technology"]]).sum()
    table = by_offer.reindex(known, fill_value=0).astype("int64")
    # settlements of which the table says nothing are unknown too
    table[Reach.UNKNOWN] += len(gaps) - table[[str(r) for r in Reach]].sum(axis=1)
    table["areas"] = known.isin(drawn)
    named = (
        table.rename(columns={str(Reach.REACHED): "settlements"}).rename_axis(["operator", "technology"]).reset_index()
    )
    ordered: pd.DataFrame = named.sort_values(
        ["people", "settlements", "operator", "technology"], ascending=[False, False, True, True]
    )
    return ordered[list(OFFER_COLUMNS)].reset_index(drop=True)


def reach_of(run: Run, operator: str, technology: str) -> pd.DataFrame:
    """Every settlement of the run with what the offer gives it, `REACH_COLUMNS`, in the order of table `gaps`.

    Figures are null where nothing is known; an offer that the run does not know is `unknown` everywhere.
    """
    gaps: gpd.GeoDataFrame = run.table("gaps")
    service = run.table("service")
    chosen = service[(service["operator"] == operator) & (service["technology"] == technology)]
    rows = chosen.assign(reach=_reach(chosen, run.manifest["standard"]["confidence"]))
    found: pd.DataFrame = rows.set_index("kato").reindex(gaps["kato"])
    found["reach"] = found["reach"].fillna(str(Reach.UNKNOWN))
    return found.reset_index()[list(REACH_COLUMNS)]


def _reach(service: pd.DataFrame, confidence: float) -> np.ndarray[tuple[int], np.dtype[np.object_]]:
    probability = service["probability_served"].to_numpy(dtype="float64")
    return np.select(
        [
            (service["basis"] == Basis.PRIOR).to_numpy(dtype=bool),
            probability >= confidence,
            probability > 1 - confidence,
        ],
        [str(Reach.UNKNOWN), str(Reach.REACHED), str(Reach.DOUBTFUL)],
        str(Reach.MISSED),
    ).astype(object)
