"""5–95 % ranges of positive quantities, taken as lognormal."""

from typing import Any

import numpy as np
import numpy.typing as npt

_SIGMAS = 2 * 1.6448536269514722  # a 5–95 % range of a normal variate is this many standard deviations wide


def lognormal_sigma(low: Any, high: Any) -> npt.NDArray[np.float64]:
    """Standard deviation of the logarithm, ``ln(high / max(low, 1)) / 3.29``; NaN where a bound is not known."""
    lowest, highest = np.maximum(np.asarray(low, dtype=float), 1.0), np.asarray(high, dtype=float)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.log(highest / lowest) / _SIGMAS)
