"""All that is known about each operator's technology at each settlement, one row per combination."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from geo.standards import Standard
from geo.tables.words import Basis

EVIDENCE_COLUMNS = (
    "row",
    "operator",
    "technology",
    "share_covered",
    "signal_dbm",
    "probability_served",
    "probability_any",
    "downlink_mbps",
    "edge_distance_km",
    "basis",
    "as_of",
    "source",
    "tests",
    "concentration",
)
"""`row` is the settlement's position in the settlements table; `concentration` how many observations the probabilities
are worth where that is not their basis' (see `geo.standards.Standard`); the rest is described at table `service`. Only
evidence from measurements has the last two; other pieces may lack them."""

CONFLICT = 0.5
"""Two sources conflict where their probabilities differ by more than this."""

_TRUST = {str(basis): i for i, basis in enumerate(Basis)}


def combine(pieces: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """One row per settlement, operator and technology.

    Where several sources speak of the same, the most trusted basis wins (order of `Basis`), then the one that tests
    went into (it has absorbed the others), then the higher probability; `conflicting` tells that they disagree by more
    than `CONFLICT`.

    Returns
    -------
    DataFrame
        `EVIDENCE_COLUMNS` and `conflicting`, ordered by settlement, operator and technology.
    """
    filled = [piece for piece in pieces if len(piece)]
    if not filled:
        return pd.DataFrame(columns=[*EVIDENCE_COLUMNS, "conflicting"]).astype(
            {"row": "int64", "probability_served": float, "probability_any": float, "conflicting": bool}
        )
    rows = pd.concat(filled, ignore_index=True).reindex(columns=list(EVIDENCE_COLUMNS))
    rows["trust"] = rows["basis"].map(_TRUST) - rows["tests"].notna() * 0.5
    key = ["row", "operator", "technology"]
    rows = rows.sort_values(
        [*key, "trust", "probability_served", "probability_any"],
        ascending=[True, True, True, True, False, False],
        kind="stable",
    )
    spread = rows.groupby(key, sort=False)["probability_any"]
    rows["conflicting"] = ((spread.transform("max") - spread.transform("min")) > CONFLICT).to_numpy()
    best = rows.drop_duplicates(key, keep="first").drop(columns="trust")
    return best.reset_index(drop=True)


def mobile_internet(standard: Standard) -> list[str]:
    """Technologies that give both voice and internet."""
    return [name for name, rule in standard.technologies.items() if rule.voice and rule.internet]


def without_superseded_totals(evidence: pd.DataFrame, standard: Standard) -> pd.DataFrame:
    """Combined evidence less the published totals of places where mobile internet was tested; these tests start from
    the totals, and so have absorbed them."""
    tested = evidence["tests"].notna() & evidence["technology"].isin(mobile_internet(standard))
    is_totals = (evidence["basis"] == Basis.PRIOR) & evidence["tests"].isna()
    superseded = is_totals & evidence["row"].isin(evidence.loc[tested, "row"])
    return evidence[~superseded].reset_index(drop=True)


def has_evidence(pieces: Sequence[pd.DataFrame], n: int) -> npt.NDArray[np.bool_]:
    """Mask over n settlements: which of them any row of the pieces speaks of."""
    mask = np.zeros(n, dtype=bool)
    for piece in pieces:
        if len(piece):
            mask[piece["row"].to_numpy(dtype=np.int64)] = True
    return mask
