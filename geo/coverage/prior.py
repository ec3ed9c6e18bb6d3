"""What published totals say of a settlement of which nothing else is known.

The totals: of so many villages, so many have mobile internet, so many small ones have satellite only, so many have
nothing; and the share of residents with internet. They are shared over the villages so that the expected numbers are
met exactly:

- satellite: by the probability that the village is below the size limit (its population is a range, lognormal), on a
  common logit shift;
- nothing: by ``logit p = b − γ·ln(people/100)``, with b and γ such that the expected number of villages and the
  expected share of residents without internet both agree with the totals.

Other places (towns, sidings) are not in the totals; they get the region's own indicator.
"""

import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.optimize import brentq
from scipy.special import expit, logit, ndtr

from geo.ranges import lognormal_sigma
from geo.tables.words import UNSPECIFIED_OPERATOR, Basis, Technology

Floats = npt.NDArray[np.float64]
_LOGIT_BOUND = 40.0
_STEEPEST = 4.0


@dataclass(frozen=True)
class PublishedTotals:
    """Contents of a ``prior.toml``; counts are villages, shares are of 1."""

    kinds: tuple[str, ...]
    total: int
    mobile_internet: int
    satellite: int
    satellite_below_people: int
    without: int
    residents_with_internet_share: float
    other_internet_share: float
    as_of: str
    source: str
    other_as_of: str
    other_source: str

    @classmethod
    def from_toml(cls, path: Path) -> "PublishedTotals":
        """Read the bundled form."""
        raw: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
        villages, other = raw["villages"], raw["other_places"]
        return cls(
            kinds=tuple(villages["kinds"]),
            total=villages["total"],
            mobile_internet=villages["mobile_internet"],
            satellite=villages["satellite"],
            satellite_below_people=villages["satellite_below_people"],
            without=villages["without"],
            residents_with_internet_share=villages["residents_with_internet_share"],
            other_internet_share=other["internet_share"],
            as_of=raw["as_of"],
            source=raw["source"],
            other_as_of=other["as_of"],
            other_source=other["source"],
        )


def evidence_from_totals(
    settlements: gpd.GeoDataFrame, totals: PublishedTotals, known: npt.NDArray[np.bool_]
) -> pd.DataFrame:
    """Service rows for the settlements about which nothing else is known.

    Parameters
    ----------
    settlements
        Canonical settlements with populations.
    totals
        The published totals.
    known
        Mask of the settlements that have other evidence; they get no row, but count among the totals' villages.

    Returns
    -------
    DataFrame
        Mobile internet (technology `unspecified`) and, for villages, `satellite`.
    """
    is_village = settlements["kind"].isin(totals.kinds).to_numpy()
    satellite, nothing = village_probabilities(settlements[is_village], totals)
    mobile = np.full(len(settlements), totals.other_internet_share)
    mobile[is_village] = 1.0 - satellite - nothing
    satellite_all = np.zeros(len(settlements))
    satellite_all[is_village] = satellite
    rows = np.flatnonzero(~known)
    villages = rows[is_village[rows]]
    pieces = [
        _rows(rows, Technology.UNSPECIFIED, mobile[rows], totals, is_village[rows]),
        _rows(villages, Technology.SATELLITE, satellite_all[villages], totals, np.ones(len(villages), dtype=bool)),
    ]
    return pd.concat(pieces, ignore_index=True)


def village_probabilities(villages: gpd.GeoDataFrame, totals: PublishedTotals) -> tuple[Floats, Floats]:
    """Probabilities that each village has satellite only, and that it has nothing; shape (n,) each."""
    n = len(villages)
    if n == 0:
        return np.zeros(0), np.zeros(0)
    people = villages["population"].astype("float64")
    middle = people.median() if people.notna().any() else 1.0
    size = people.fillna(middle).clip(lower=1.0).to_numpy()
    low, high = (villages[f"population_{end}"].to_numpy(dtype=float, na_value=np.nan) for end in ("low", "high"))
    sigma = np.maximum(np.nan_to_num(lognormal_sigma(low, high), nan=1.0), 0.05)

    scale = n / totals.total
    below_limit = np.clip(ndtr((np.log(totals.satellite_below_people) - np.log(size)) / sigma), 1e-9, 1 - 1e-9)
    satellite = _shifted(logit(below_limit), totals.satellite * scale)

    expected_without = totals.without * scale
    residents_without = (1.0 - totals.residents_with_internet_share) * size.sum()
    log_size = np.log(size / 100.0)

    def nothing_at(steepness: float) -> Floats:
        return (1.0 - satellite) * _shifted(-steepness * log_size, expected_without, weights=1.0 - satellite)

    steepness = _root(lambda g: float((nothing_at(g) * size).sum() - residents_without), -_STEEPEST, _STEEPEST)
    return satellite, nothing_at(steepness)


def _shifted(logits: Floats, expected: float, weights: Floats | float = 1.0) -> Floats:
    """Probabilities whose weighted sum is `expected`, by adding one constant to all logits."""
    shift = _root(lambda b: float((weights * expit(logits + b)).sum() - expected), -_LOGIT_BOUND, _LOGIT_BOUND)
    return np.asarray(expit(logits + shift))


def _root(function: Callable[[float], float], low: float, high: float) -> float:
    """Root of a monotone function in an interval; the nearer end where it has none there."""
    at_low, at_high = function(low), function(high)
    if at_low * at_high > 0:
        return low if abs(at_low) < abs(at_high) else high
    return float(brentq(function, low, high, xtol=1e-12, rtol=1e-14))


def _rows(
    rows: npt.NDArray[np.int64],
    technology: Technology,
    probability: Floats,
    totals: PublishedTotals,
    is_village: npt.NDArray[np.bool_],
) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "row": rows,
            "operator": UNSPECIFIED_OPERATOR,
            "technology": str(technology),
            "share_covered": np.nan,
            "signal_dbm": np.nan,
            "probability_served": probability,
            "probability_any": probability,
            "downlink_mbps": np.nan,
            "edge_distance_km": np.nan,
            "basis": str(Basis.PRIOR),
            "as_of": np.where(is_village, totals.as_of, totals.other_as_of),
            "source": np.where(is_village, totals.source, totals.other_source),
        }
    )
