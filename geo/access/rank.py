"""Rank of the gaps, and how sure it is.

Rank 1 has the highest score; equal scores are ordered by people without service (more first, unknown last), then by
KATO code, so that ranks are unique and the same everywhere.

The interval comes from seeded draws over the population range (lognormal, the range being its 5–95 %) and the
probability of service (Beta with mean P, worth as many observations as its basis is: the standard's `concentration`, or
fewer where it comes from few tests).
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from geo.access.score import people_indicator, weighted_score
from geo.ranges import lognormal_sigma
from geo.standards import Standard

Floats = npt.NDArray[np.float64]
_CELLS_AT_ONCE = 50_000_000
_FEWEST_DRAWS = 100


def order_of_gaps(score: Floats, people_without: Floats, kato: npt.NDArray[np.object_]) -> npt.NDArray[np.int64]:
    """Positions of the gaps from the worst to the least bad; all arguments have shape (n,)."""
    frame = pd.DataFrame({"score": score, "people": people_without, "kato": kato})
    ordered = frame.sort_values(["score", "people", "kato"], ascending=[False, False, True], na_position="last")
    return ordered.index.to_numpy(dtype=np.int64)


@dataclass(frozen=True)
class Uncertain:
    """What is drawn for n gaps; arrays of shape (n,).

    `population` with its `low`–`high` range, people; `served` the probability of service with its `concentration`;
    `severity`, `no_emergency_call`, `remoteness`, `institutions` the indicators as computed; `is_unknown` marks the
    class whose severity follows the drawn probability.
    """

    population: Floats
    low: Floats
    high: Floats
    served: Floats
    concentration: Floats
    severity: Floats
    no_emergency_call: Floats
    remoteness: Floats
    institutions: Floats
    is_unknown: npt.NDArray[np.bool_]


def rank_interval(
    gaps: Uncertain, rank: npt.NDArray[np.int64], standard: Standard, *, seed: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """5–95 % interval of each gap's rank, widened to hold the rank itself.

    The standard's number of draws is lowered, to no fewer than 100, where draws × gaps would exceed 50 million ranks,
    so that memory stays within 400 MB.

    Returns
    -------
    low, high
        Ranks of shape (n,).
    """
    n = len(rank)
    if n == 0:
        return rank.copy(), rank.copy()
    draws = max(min(standard.draws, _CELLS_AT_ONCE // n), min(_FEWEST_DRAWS, standard.draws))
    random = np.random.Generator(np.random.PCG64(seed))
    drawn = np.empty((draws, n), dtype=np.int32)
    positions = np.arange(1, n + 1, dtype=np.int32)
    for i in range(draws):
        order = np.argsort(-_drawn_score(gaps, standard, random), kind="stable")
        drawn[i, order] = positions
    low, high = np.percentile(drawn, [5, 95], axis=0, method="nearest")
    return np.minimum(low.astype(np.int64), rank), np.maximum(high.astype(np.int64), rank)


def _drawn_score(gaps: Uncertain, standard: Standard, random: np.random.Generator) -> Floats:
    mean = np.clip(np.nan_to_num(gaps.served, nan=0.5), 1e-3, 1.0 - 1e-3)
    served = random.beta(gaps.concentration * mean, gaps.concentration * (1.0 - mean))
    sigma = lognormal_sigma(gaps.low, gaps.high)
    people = gaps.population * np.exp(random.standard_normal(len(mean)) * np.nan_to_num(sigma, nan=0.0, posinf=0.0))
    worse = (1.0 - served) / (1.0 - mean)
    indicators = {
        "people": people_indicator(people * (1.0 - served), standard),
        "severity": np.where(gaps.is_unknown, np.minimum(gaps.severity * worse, 1.0), gaps.severity),
        "remoteness": gaps.remoteness,
        "no_emergency_call": np.minimum(gaps.no_emergency_call * worse, 1.0),
        "institutions": np.minimum(gaps.institutions * worse, 1.0),
    }
    return np.nan_to_num(weighted_score(indicators, standard), nan=-1.0)
