"""One path from profile to loss, and many paths at once (§4; the order follows Table 6 of the Recommendation)."""

import math

import numba
import numpy as np

from geo.propagation.compiled import FloatArray, IntArray, compiled, compiled_parallel
from geo.propagation.p1812.anomalous import ducting_loss, troposcatter_loss
from geo.propagation.p1812.climate import (
    SEA,
    ducting_earth_radius,
    ducting_incidence,
    median_earth_radius,
    path_centre_latitude,
    zone_extents,
)
from geo.propagation.p1812.combination import (
    angular_interpolation,
    distance_interpolation,
    enhanced_minimum,
    free_space_loss,
    inverse_normal,
    multipath_correction,
    power_sum,
    time_interpolation,
)
from geo.propagation.p1812.diffraction import delta_bullington, land_and_sea_admittance
from geo.propagation.p1812.geometry import diffraction_surface, horizons, roughness, smooth_surface

# names of what `path_quantities` returns, in its order; units in the docstring of `intermediate_values`
SYMBOLS = (
    *("d", "dlt", "dlr", "th_t", "th_r", "th", "hts", "hrs", "w", "dtm", "dlm", "phi", "b0", "ae"),
    *("hst_n", "hsr_n", "hst", "hsr", "hstd", "hsrd", "htc_prime", "hrc_prime", "hte", "hre", "hm"),
    *("Fi", "Fj", "Fk", "Lbfs", "Lb0p", "Lb0b", "Lbulla50", "Lbulls50", "Ldsph50", "Ld50"),
    *("Lbulla", "Lbulls", "Ldsph", "Ldb", "Ldp", "Lbd50", "Lbd", "Lminb0p", "Lba", "Lminbap"),
    *("Lbda", "Lbam", "Lbs", "Lbc", "Lloc", "Lb", "Ep"),
)


@compiled
def path_quantities(
    distances_km: FloatArray,
    heights_m: FloatArray,
    surface_m: FloatArray,
    flat_m: FloatArray,
    zones: IntArray,
    numbers: FloatArray,
    polarization: int,
    everything: bool,
) -> tuple[float, ...]:
    """Every quantity of one path, in the order of `SYMBOLS`.

    Parameters
    ----------
    distances_km, heights_m, surface_m, flat_m, zones
        Shape (n,), n ≥ 3: distance, terrain, terrain with clutter (without it at both ends), zeros, zone.
    numbers
        Shape (14,): the public function's arguments in the order of `limits.SCALAR_LIMITS`.
    polarization
        1 horizontal, 2 vertical.
    everything
        Whether to work out at 50 % time the loss for β0 too, which the result then does not need.
    """
    f, time_percent, tx_height_m, rx_height_m = numbers[0], numbers[1], numbers[2], numbers[3]
    tx_lat, tx_lon, rx_lat, rx_lon = numbers[4], numbers[5], numbers[6], numbers[7]
    delta_n, n0, location_percent, sigma_location_db = numbers[8], numbers[9], numbers[10], numbers[11]
    tx_coast_km, rx_coast_km = numbers[12], numbers[13]
    last = distances_km.shape[0] - 1
    length = distances_km[last]
    hts = heights_m[0] + tx_height_m
    hrs = heights_m[last] + rx_height_m
    if zones[0] == SEA:  # §3.4: the distance over land of a terminal at sea is zero
        tx_coast_km = 0.0
    if zones[last] == SEA:
        rx_coast_km = 0.0

    omega, dtm, dlm = zone_extents(distances_km, zones)
    phi = path_centre_latitude(tx_lat, tx_lon, rx_lat, rx_lon, length)
    beta0 = ducting_incidence(phi, dtm, dlm)
    ae = median_earth_radius(delta_n)

    theta_t, theta_r, theta, lt, lr = horizons(distances_km, heights_m, hts, hrs, ae, f)
    dlt = distances_km[lt]
    dlr = length - distances_km[lr]
    hst_n, hsr_n = smooth_surface(distances_km, heights_m)
    hstd, hsrd = diffraction_surface(distances_km, heights_m, hts, hrs, hst_n, hsr_n)
    hst = min(hst_n, heights_m[0])  # (92a)
    hsr = min(hsr_n, heights_m[last])  # (92b)
    hte = hts - hst  # (94a)
    hre = hrs - hsr  # (94b)
    hm = roughness(distances_km, heights_m, hst, hsr, lt, lr)

    lbfs = free_space_loss(length, hts, hrs, f)
    lb0p = lbfs + multipath_correction(dlt, dlr, time_percent)  # (10)
    lb0b = lbfs + multipath_correction(dlt, dlr, beta0)  # (11)

    land, sea = land_and_sea_admittance(f, polarization)
    fi = time_interpolation(time_percent, beta0)
    ld50, bull50, smooth50, sphere50 = delta_bullington(
        distances_km, surface_m, flat_m, hts, hrs, hts - hstd, hrs - hsrd, ae, f, omega, land, sea
    )
    bull, smooth, sphere, ldb = math.nan, math.nan, math.nan, math.nan
    ldp = ld50
    if everything or fi > 0.0:
        ldb, bull, smooth, sphere = delta_bullington(
            distances_km,
            surface_m,
            flat_m,
            hts,
            hrs,
            hts - hstd,
            hrs - hsrd,
            ducting_earth_radius(),
            f,
            omega,
            land,
            sea,
        )
        ldp = ld50 + fi * (ldb - ld50)  # (41)
    lbd50 = lbfs + ld50  # (42)
    lbd = lb0p + ldp  # (43)

    lminb0p = lb0p + (1.0 - omega) * ldp  # (59)
    if time_percent >= beta0:
        lminb0p = lbd50 + (lb0b + (1.0 - omega) * ldp - lbd50) * fi
    lba = ducting_loss(
        length, dlt, dlr, tx_coast_km, rx_coast_km, dlm, hts, hrs, hte, hre, hm, theta_t, theta_r,
        f, time_percent, omega, ae, beta0,
    )  # fmt: skip
    lminbap = enhanced_minimum(lba, lb0p)
    fj = angular_interpolation(theta)
    fk = distance_interpolation(length)
    lbda = lbd if lminbap > lbd else lminbap + (lbd - lminbap) * fk  # (61)
    lbam = lbda + (lminb0p - lbda) * fj  # (62)
    lbs = troposcatter_loss(length, theta, f, time_percent, n0)
    lbc = power_sum(lbs, lbam)
    # a receiver at sea has no location variability (§4.7)
    lloc = 0.0 if zones[last] == SEA else -inverse_normal(location_percent / 100.0) * sigma_location_db
    lb = max(lb0p, lbc + lloc)  # (69)
    ep = 199.36 + 20.0 * math.log10(f) - lb  # (70)
    return (
        *(length, dlt, dlr, theta_t, theta_r, theta, hts, hrs, omega, dtm, dlm, phi, beta0, ae),
        *(hst_n, hsr_n, hst, hsr, hstd, hsrd, hts - hstd, hrs - hsrd, hte, hre, hm),
        *(fi, fj, fk, lbfs, lb0p, lb0b, bull50, smooth50, sphere50, ld50),
        *(bull, smooth, sphere, ldb, ldp, lbd50, lbd, lminb0p, lba, lminbap),
        *(lbda, lbam, lbs, lbc, lloc, lb, ep),
    )


@compiled_parallel
def path_losses(
    offsets: IntArray,
    distances_km: FloatArray,
    heights_m: FloatArray,
    surface_m: FloatArray,
    flat_m: FloatArray,
    zones: IntArray,
    numbers: FloatArray,
    polarizations: IntArray,
) -> FloatArray:
    """Basic transmission loss Lb of many paths, dB, shape (m,).

    Parameters
    ----------
    offsets
        Shape (m + 1,): path k is `[offsets[k]:offsets[k + 1]]` of the profile arrays.
    distances_km, heights_m, surface_m, zones
        Profiles of all paths one after another.
    flat_m
        Zeros, as long as the longest profile.
    numbers
        Shape (m, 14): those of `path_quantities`.
    polarizations
        Shape (m,): 1 horizontal, 2 vertical.
    """
    losses = np.empty(offsets.shape[0] - 1)
    for k in numba.prange(losses.shape[0]):
        a, b = offsets[k], offsets[k + 1]
        quantities = path_quantities(
            distances_km[a:b],
            heights_m[a:b],
            surface_m[a:b],
            flat_m[: b - a],
            zones[a:b],
            numbers[k],
            polarizations[k],
            False,
        )
        losses[k] = quantities[-2]
    return losses
