"""Public functions of Recommendation ITU-R P.1812-8: one path, many paths, and all quantities of a path."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from geo.errors import Problem, ValueRejected
from geo.propagation.p1812.limits import (
    SCALAR_LIMITS,
    ZONES,
    check_profiles,
    check_scalar,
    polarization_codes,
    reject_first,
)

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
Number = float | npt.ArrayLike


def basic_transmission_loss(
    distances_km: npt.ArrayLike,
    heights_m: npt.ArrayLike,
    *,
    frequency_ghz: float,
    time_percent: float,
    tx_height_m: float,
    rx_height_m: float,
    tx_lat: float,
    tx_lon: float,
    rx_lat: float,
    rx_lon: float,
    delta_n: float,
    n0: float,
    polarization: str = "vertical",
    clutter_m: npt.ArrayLike | None = None,
    zones: npt.ArrayLike | None = None,
    location_percent: float = 50.0,
    sigma_location_db: float = 0.0,
    tx_coast_km: float = 500.0,
    rx_coast_km: float = 500.0,
) -> float:
    """Basic transmission loss not exceeded for p % of time and pL % of locations, dB (Eq. 69).

    Outdoors: building entry loss (§4.8) is not added. The optional method of Attachment 4 is not used.

    Parameters
    ----------
    distances_km, heights_m
        Profile of shape (n,), n ≥ 3, from transmitter (0 km) to receiver, at any spacing: great-circle
        distance and terrain height above sea level in metres.
    frequency_ghz, time_percent
        0.03–6 GHz; 1–50 %.
    tx_height_m, rx_height_m
        Antenna heights above ground, 1–3000 m.
    tx_lat, tx_lon, rx_lat, rx_lon
        Positions in degrees; they give the path-centre latitude, not the distance.
    delta_n, n0
        Lapse rate in N-units/km (positive) and sea-level refractivity in N-units at the path centre.
    polarization
        `horizontal` or `vertical`.
    clutter_m
        Representative clutter height per point or one for all, metres. Clutter at the two end points
        is left out: there the antenna stands over the ground (§3.2).
    zones
        Radio-climatic zone per point: 1 sea, 3 coastal land, 4 inland.
    location_percent, sigma_location_db
        1–99 % of locations, and the standard deviation of location variability σL (§4.7). A receiver in
        zone 1 has none.
    tx_coast_km, rx_coast_km
        Distance over land from each terminal to the coast along the path; zero for a terminal in zone 1.

    Raises
    ------
    LimitExceeded
        A value lies outside the limits of the Recommendation; the message names the limit.
    ValueRejected
        Arrays of differing lengths, or an unknown polarization.
    """
    profile = _Profiles([0, np.size(distances_km)], distances_km, heights_m, clutter_m, zones)
    numbers = _numbers(
        1, frequency_ghz, time_percent, tx_height_m, rx_height_m, tx_lat, tx_lon, rx_lat, rx_lon, delta_n, n0,
        location_percent, sigma_location_db, tx_coast_km, rx_coast_km,
    )  # fmt: skip
    return float(_losses(profile, numbers, polarization_codes(polarization))[0])


def basic_transmission_loss_batch(
    distances_km: npt.ArrayLike,
    heights_m: npt.ArrayLike,
    offsets: npt.ArrayLike,
    *,
    frequency_ghz: Number,
    time_percent: Number,
    tx_height_m: Number,
    rx_height_m: Number,
    tx_lat: Number,
    tx_lon: Number,
    rx_lat: Number,
    rx_lon: Number,
    delta_n: Number,
    n0: Number,
    polarization: str | Sequence[str] = "vertical",
    clutter_m: npt.ArrayLike | None = None,
    zones: npt.ArrayLike | None = None,
    location_percent: Number = 50.0,
    sigma_location_db: Number = 0.0,
    tx_coast_km: Number = 500.0,
    rx_coast_km: Number = 500.0,
) -> FloatArray:
    """Basic transmission loss of m paths in parallel, dB, shape (m,).

    Parameters
    ----------
    distances_km, heights_m, clutter_m, zones
        Profiles of all paths one after another; `clutter_m` may be one number.
    offsets
        Shape (m + 1,): path k is `values[offsets[k]:offsets[k + 1]]`; the first offset is 0 and the last the
        number of points.

    The other arguments are those of `basic_transmission_loss`, one for all paths or of shape (m,). Each
    result equals that of the single call bit for bit, whatever the number of threads.

    Raises
    ------
    LimitExceeded, ValueRejected
        As `basic_transmission_loss`; the message names the path.
    """
    profiles = _Profiles(offsets, distances_km, heights_m, clutter_m, zones)
    count = profiles.offsets.size - 1
    numbers = _numbers(
        count, frequency_ghz, time_percent, tx_height_m, rx_height_m, tx_lat, tx_lon, rx_lat, rx_lon, delta_n, n0,
        location_percent, sigma_location_db, tx_coast_km, rx_coast_km,
    )  # fmt: skip
    return _losses(profiles, numbers, _per_path("polarization", polarization_codes(polarization), count))


def intermediate_values(
    distances_km: npt.ArrayLike,
    heights_m: npt.ArrayLike,
    *,
    frequency_ghz: float,
    time_percent: float,
    tx_height_m: float,
    rx_height_m: float,
    tx_lat: float,
    tx_lon: float,
    rx_lat: float,
    rx_lon: float,
    delta_n: float,
    n0: float,
    polarization: str = "vertical",
    clutter_m: npt.ArrayLike | None = None,
    zones: npt.ArrayLike | None = None,
    location_percent: float = 50.0,
    sigma_location_db: float = 0.0,
    tx_coast_km: float = 500.0,
    rx_coast_km: float = 500.0,
) -> dict[str, float]:
    """Every quantity of one path by its symbol, for checking; arguments of `basic_transmission_loss`.

    Returns
    -------
    dict
        Distances `d dlt dlr dtm dlm` and radius `ae` in km, angles `th_t th_r th` in mrad, path-centre
        latitude `phi` in degrees, sea fraction `w`, `b0` in %, heights in m, losses in dB, `Ep` in dB(µV/m)
        for 1 kW. `hst_n hsr_n` are the smooth surface of Eq. 87 and 88, `hst hsr` the same not above the ground
        (Eq. 92), `htc_prime hrc_prime` the heights of Eq. 37, `htc hrc` (Table 5) equal `hts hrs`.
        `Lbulla Lbulls Ldsph Ldb` belong to the radius of β0 time, those ending in 50 to the median one.
    """
    from geo.propagation.p1812.kernel import SYMBOLS, path_quantities

    profile = _Profiles([0, np.size(distances_km)], distances_km, heights_m, clutter_m, zones)
    numbers = _numbers(
        1, frequency_ghz, time_percent, tx_height_m, rx_height_m, tx_lat, tx_lon, rx_lat, rx_lon, delta_n, n0,
        location_percent, sigma_location_db, tx_coast_km, rx_coast_km,
    )[0]  # fmt: skip
    quantities = path_quantities(
        profile.distances,
        profile.heights,
        profile.surface,
        profile.flat,
        profile.zones,
        numbers,
        polarization_codes(polarization)[0],
        True,
    )
    values = dict(zip(SYMBOLS, quantities, strict=True))
    return values | {"htc": values["hts"], "hrc": values["hrs"]}


class _Profiles:
    """Checked profiles as the kernels take them."""

    def __init__(
        self,
        offsets: npt.ArrayLike,
        distances_km: npt.ArrayLike,
        heights_m: npt.ArrayLike,
        clutter_m: npt.ArrayLike | None,
        zones: npt.ArrayLike | None,
    ) -> None:
        self.distances = np.ascontiguousarray(distances_km, dtype=np.float64).reshape(-1)
        self.heights = np.ascontiguousarray(heights_m, dtype=np.float64).reshape(-1)
        size = self.distances.size
        clutter = _per_point("clutter_m", 0.0 if clutter_m is None else clutter_m, size, scalar=True)
        _require_length("heights_m", self.heights, size)
        self.offsets = _checked_offsets(offsets, size)
        check_profiles(self.offsets, self.distances, self.heights, clutter)
        self.surface = self.heights + clutter
        for ends in (self.offsets[:-1], self.offsets[1:] - 1):
            self.surface[ends] = self.heights[ends]
        self.flat = np.zeros(int(np.diff(self.offsets).max(initial=0)))
        zone_values = _per_point("zones", 4 if zones is None else zones, size, scalar=zones is None)
        reject_first(
            "zones are 1 (sea), 3 (coastal land) and 4 (inland)",
            ~np.isin(zone_values, ZONES),
            zone_values,
            "zones",
            paths=False,
        )
        self.zones: IntArray = zone_values.astype(np.int64)


def _checked_offsets(offsets: npt.ArrayLike, size: int) -> IntArray:
    array = np.ascontiguousarray(offsets, dtype=np.int64).reshape(-1)
    if array.size < 1 or array[0] != 0 or array[-1] != size or (np.diff(array) < 0).any():
        raise ValueRejected(
            Problem(
                what="offsets do not divide the profile points into paths",
                remedy=f"They start at 0, do not fall, and end at the number of points, {size}.",
                column="offsets",
            )
        )
    return array


def _require_length(name: str, values: npt.NDArray[Any], size: int) -> None:
    if values.size != size:
        raise ValueRejected(
            Problem(
                what=f"{values.size} values for {size} profile points",
                remedy="Give one per profile point.",
                column=name,
            )
        )


def _per_point(name: str, values: npt.ArrayLike, size: int, *, scalar: bool) -> FloatArray:
    array = np.asarray(values, dtype=np.float64).reshape(-1)
    if scalar and array.size == 1:
        return np.full(size, array[0])
    _require_length(name, array, size)
    return array


def _per_path(name: str, values: npt.NDArray[Any], count: int) -> npt.NDArray[Any]:
    if values.size not in (1, count):
        raise ValueRejected(
            Problem(what=f"{values.size} values for {count} paths", remedy="Give one, or one per path.", column=name)
        )
    return np.ascontiguousarray(np.broadcast_to(values.reshape(-1), count))


def _numbers(count: int, *values: Number) -> FloatArray:
    """Checked arguments as columns, shape (count, 14), in the order of `SCALAR_LIMITS`."""
    numbers = np.empty((count, len(values)))
    for column, (name, value) in enumerate(zip(SCALAR_LIMITS, values, strict=True)):
        array = np.asarray(value, dtype=np.float64).reshape(-1)
        numbers[:, column] = _per_path(name, array, count)
        check_scalar(name, array)
    return numbers


def _losses(profiles: _Profiles, numbers: FloatArray, polarizations: IntArray) -> FloatArray:
    # numba is imported and the kernels are compiled on first use, so that the command line starts fast
    from geo.propagation.p1812.kernel import path_losses

    losses: FloatArray = path_losses(
        profiles.offsets,
        profiles.distances,
        profiles.heights,
        profiles.surface,
        profiles.flat,
        profiles.zones,
        numbers,
        polarizations,
    )
    return losses
