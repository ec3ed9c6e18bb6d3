"""Limits within which Recommendation ITU-R P.1812-8 holds, and the checks that name the one exceeded."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from geo.errors import LimitExceeded, Problem, ValueRejected

FloatArray = npt.NDArray[np.float64]

MINIMUM_DISTANCE_KM = 0.25
MAXIMUM_DISTANCE_KM = 3000.0
MINIMUM_POINTS = 3
ZONES = (1, 3, 4)
POLARIZATIONS = {"horizontal": 1, "vertical": 2}


@dataclass(frozen=True, slots=True)
class Limit:
    """Closed range of one argument; `open_ends` excludes both ends."""

    what: str
    unit: str
    low: float
    high: float
    open_ends: bool = False

    def outside(self, values: FloatArray) -> npt.NDArray[np.bool_]:
        """Mask of values not inside the range; NaN is outside."""
        if self.open_ends:
            return ~((values > self.low) & (values < self.high))
        return ~((values >= self.low) & (values <= self.high))

    def __str__(self) -> str:
        if math.isinf(self.high):
            return f"{self.what} must be a finite number, at least {self.low:g} {self.unit}".rstrip()
        if self.open_ends:
            return f"{self.what} must be above {self.low:g} and below {self.high:g} {self.unit}".rstrip()
        return f"{self.what} must be {self.low:g} to {self.high:g} {self.unit}".rstrip()


# Table 1 and §3–4 of the Recommendation. It gives no range for DN and N0: DN is positive, and at 157 the
# effective Earth radius of Eq. 6 is infinite; N0 is kept to what occurs on Earth with room to spare.
SCALAR_LIMITS = {
    "frequency_ghz": Limit("frequency", "GHz", 0.03, 6.0),
    "time_percent": Limit("time percentage", "%", 1.0, 50.0),
    "tx_height_m": Limit("transmitting antenna height above ground", "m", 1.0, 3000.0),
    "rx_height_m": Limit("receiving antenna height above ground", "m", 1.0, 3000.0),
    "tx_lat": Limit("transmitter latitude", "degrees", -80.0, 80.0),
    "tx_lon": Limit("transmitter longitude", "degrees", -180.0, 180.0),
    "rx_lat": Limit("receiver latitude", "degrees", -80.0, 80.0),
    "rx_lon": Limit("receiver longitude", "degrees", -180.0, 180.0),
    "delta_n": Limit("lapse rate delta_n", "N-units/km", 0.0, 157.0, open_ends=True),
    "n0": Limit("sea-level refractivity n0", "N-units", 200.0, 500.0),
    "location_percent": Limit("location percentage", "%", 1.0, 99.0),
    "sigma_location_db": Limit("location standard deviation", "dB", 0.0, math.inf),
    "tx_coast_km": Limit("transmitter's distance to the coast", "km", 0.0, math.inf),
    "rx_coast_km": Limit("receiver's distance to the coast", "km", 0.0, math.inf),
}


def reject_first(
    limit: Limit | str, bad: npt.NDArray[np.bool_], values: npt.NDArray[Any], column: str, *, paths: bool = True
) -> None:
    """Raise LimitExceeded for the first value that `bad` marks, naming the limit, the path and the value."""
    if not bad.any():
        return
    first = int(np.argmax(bad))
    raise LimitExceeded(
        Problem(
            what="outside the limits of Recommendation ITU-R P.1812-8",
            remedy=str(limit)[0].upper() + str(limit)[1:] + ".",
            row=first + 1 if paths and values.size > 1 else None,
            column=column,
            value=values.reshape(-1)[first].item(),
        )
    )


def check_scalar(name: str, values: FloatArray) -> None:
    """Check one argument of all paths, shape (m,) or (1,), against its limit."""
    limit = SCALAR_LIMITS[name]
    bad = limit.outside(values)
    if math.isinf(limit.high):
        bad |= np.isinf(values)
    reject_first(limit, bad, values, name)


def check_profiles(
    offsets: npt.NDArray[np.int64], distances_km: FloatArray, heights_m: FloatArray, clutter_m: FloatArray
) -> None:
    """Check the profiles: finite, from 0, strictly rising, 0.25 to 3000 km long, three points or more.

    Raises
    ------
    LimitExceeded
        With the number of the path.
    """
    counts = np.diff(offsets)
    reject_first(
        f"a profile needs {MINIMUM_POINTS} points or more: both terminals and one between them",
        counts < MINIMUM_POINTS,
        counts,
        "distances_km",
    )
    for name, values in (("distances_km", distances_km), ("heights_m", heights_m)):
        reject_first(f"{name} must be finite numbers", ~np.isfinite(values), values, name, paths=False)
    bad_clutter = ~(np.isfinite(clutter_m) & (clutter_m >= 0.0))
    reject_first("clutter height must be 0 m or more", bad_clutter, clutter_m, "clutter_m", paths=False)
    starts, ends = distances_km[offsets[:-1]], distances_km[offsets[1:] - 1]
    reject_first("the first profile distance must be 0 km", starts != 0.0, starts, "distances_km")
    rising = np.diff(distances_km) > 0.0
    rising[offsets[1:-1] - 1] = True  # from the end of one profile to the start of the next
    reject_first(
        "profile distances must rise from point to point",
        ~rising,
        distances_km[1:],
        "distances_km",
        paths=False,
    )
    length = Limit("path length", "km", MINIMUM_DISTANCE_KM, MAXIMUM_DISTANCE_KM)
    reject_first(length, length.outside(ends), ends, "distances_km")


def polarization_codes(polarization: str | Sequence[str]) -> npt.NDArray[np.int64]:
    """Codes of the Recommendation's validation set: 1 horizontal, 2 vertical; shape (1,) or (m,)."""
    names = [polarization] if isinstance(polarization, str) else list(polarization)
    unknown = [name for name in names if name not in POLARIZATIONS]
    if unknown:
        raise ValueRejected(
            Problem(
                what="unknown polarization",
                remedy="Give 'horizontal' or 'vertical'.",
                column="polarization",
                value=unknown[0],
            )
        )
    return np.array([POLARIZATIONS[name] for name in names], dtype=np.int64)
