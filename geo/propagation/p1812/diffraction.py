"""Diffraction by the delta-Bullington method (§4.3)."""

import math

import numpy as np

from geo.propagation.compiled import FloatArray, compiled
from geo.propagation.p1812.geometry import (
    SPEED_OF_LIGHT,
    diffraction_parameter,
    highest_parameter_point,
)

HORIZONTAL, VERTICAL = 1, 2
LAND_PERMITTIVITY, LAND_CONDUCTIVITY = 22.0, 0.003
SEA_PERMITTIVITY, SEA_CONDUCTIVITY = 80.0, 5.0


@compiled
def knife_edge_loss(nu: float) -> float:
    """Single knife-edge loss J(ν) in dB, 0 for ν ≤ −0.78 (Eq. 12)."""
    if nu <= -0.78:
        return 0.0
    return 6.9 + 20.0 * math.log10(math.sqrt((nu - 0.1) ** 2 + 1.0) + nu - 0.1)


@compiled
def bullington_correction(luc: float, length: float) -> float:
    """Bullington loss in dB from the knife-edge loss Luc (Eq. 21)."""
    return luc + (1.0 - math.exp(-luc / 6.0)) * (10.0 + 0.02 * length)


@compiled
def bullington_point_parameter(
    steepest_tx: float, steepest_rx: float, tx_amsl: float, rx_amsl: float, length: float, wavelength: float
) -> float:
    """ν at the Bullington point (Eq. 18, 19); NaN where rounding leaves no such point on the path.

    That happens when one obstacle just touches the ray: the two slopes cancel.
    """
    slopes = steepest_tx + steepest_rx
    if slopes <= 0.0:
        return math.nan
    point = (rx_amsl - tx_amsl + steepest_rx * length) / slopes  # (18)
    back = length - point
    if point <= 0.0 or back <= 0.0:
        return math.nan
    clearance = tx_amsl + steepest_tx * point - (tx_amsl * back + rx_amsl * point) / length
    return clearance * math.sqrt(0.002 * length / (wavelength * point * back))  # (19)


@compiled
def bullington_loss(
    distances_km: FloatArray, surface_m: FloatArray, tx_amsl: float, rx_amsl: float, radius_km: float, f: float
) -> float:
    """Bullington diffraction loss in dB over a profile of heights with clutter (Eq. 12–21)."""
    last = distances_km.shape[0] - 1
    length = distances_km[last]
    curvature = 1.0 / radius_km
    wavelength = SPEED_OF_LIGHT / f
    steepest_tx = -math.inf
    for i in range(1, last):
        d = distances_km[i]
        rise = surface_m[i] + 500.0 * curvature * d * (length - d) - tx_amsl
        steepest_tx = max(steepest_tx, rise / d)  # (13)
    nu = math.nan
    if steepest_tx >= (rx_amsl - tx_amsl) / length:  # (14): transhorizon
        steepest_rx = -math.inf
        for i in range(1, last):
            back = length - distances_km[i]
            rise = surface_m[i] + 500.0 * curvature * distances_km[i] * back - rx_amsl
            steepest_rx = max(steepest_rx, rise / back)  # (17)
        nu = bullington_point_parameter(steepest_tx, steepest_rx, tx_amsl, rx_amsl, length, wavelength)
    if math.isnan(nu):  # line of sight, or an obstacle that just touches it
        i = highest_parameter_point(distances_km, surface_m, tx_amsl, rx_amsl, curvature, wavelength)
        nu = diffraction_parameter(  # (15)
            distances_km[i], surface_m[i], length, tx_amsl, rx_amsl, curvature, wavelength
        )
    return bullington_correction(knife_edge_loss(nu), length)  # (16), (20), (21)


@compiled
def ground_admittance(permittivity: float, conductivity: float, f: float, polarization: int) -> float:
    """The part of the normalised surface admittance K that the Earth radius does not change (Eq. 29).

    K is this divided by the cube root of the effective Earth radius in km.
    """
    imaginary = 18.0 * conductivity / f
    k = 0.036 / float(np.cbrt(f)) / math.sqrt(math.sqrt((permittivity - 1.0) ** 2 + imaginary**2))  # (29a)
    if polarization == VERTICAL:
        k *= math.sqrt(permittivity**2 + imaginary**2)  # (29b)
    return k


@compiled
def land_and_sea_admittance(f: float, polarization: int) -> tuple[float, float]:
    """`ground_admittance` of land and of sea."""
    return (
        ground_admittance(LAND_PERMITTIVITY, LAND_CONDUCTIVITY, f, polarization),
        ground_admittance(SEA_PERMITTIVITY, SEA_CONDUCTIVITY, f, polarization),
    )


@compiled
def height_gain(normalised_height: float, least: float) -> float:
    """Height term G in dB for B = βY (Eq. 34, 35); `least` is 2 + 20 log K."""
    if normalised_height > 2.0:
        above = normalised_height - 1.1
        gain = 17.6 * math.sqrt(above) - 5.0 * math.log10(above) - 8.0
    else:
        gain = 20.0 * math.log10(normalised_height + 0.1 * normalised_height**3)
    return max(gain, least)


@compiled
def first_term_loss_over(ground: float, length: float, hte: float, hre: float, radius_km: float, f: float) -> float:
    """First-term spherical-Earth diffraction loss in dB over ground of one admittance (Eq. 29–36)."""
    radius_root = float(np.cbrt(radius_km))
    f_root = float(np.cbrt(f))
    k = ground / radius_root
    k2 = k * k
    beta = (1.0 + 1.6 * k2 + 0.67 * k2 * k2) / (1.0 + 4.5 * k2 + 1.53 * k2 * k2)  # (30)
    x = 21.88 * beta * f_root / (radius_root * radius_root) * length  # (31)
    y_per_metre = 0.9575 * beta * f_root * f_root / radius_root  # (32)
    if x >= 1.6:
        distance_term = 11.0 + 10.0 * math.log10(x) - 17.6 * x  # (33)
    else:
        distance_term = -20.0 * math.log10(x) - 5.6488 * math.pow(x, 1.425)
    scale = beta * y_per_metre
    least = 2.0 + 20.0 * math.log10(k)
    return -distance_term - height_gain(scale * hte, least) - height_gain(scale * hre, least)  # (36)


@compiled
def first_term_loss(
    length: float,
    hte: float,
    hre: float,
    radius_km: float,
    f: float,
    omega: float,
    land_ground: float,
    sea_ground: float,
) -> float:
    """First-term loss in dB of a path with sea fraction ω (Eq. 28)."""
    loss = 0.0
    if omega < 1.0:
        loss += (1.0 - omega) * first_term_loss_over(land_ground, length, hte, hre, radius_km, f)
    if omega > 0.0:
        loss += omega * first_term_loss_over(sea_ground, length, hte, hre, radius_km, f)
    return loss


@compiled
def spherical_earth_loss(
    length: float,
    hte: float,
    hre: float,
    radius_km: float,
    f: float,
    omega: float,
    land_ground: float,
    sea_ground: float,
) -> float:
    """Spherical-Earth diffraction loss Ldsph in dB for effective heights in metres (Eq. 22–27).

    `land_ground`, `sea_ground` come from `land_and_sea_admittance`.
    """
    horizon = math.sqrt(2.0 * radius_km) * (math.sqrt(0.001 * hte) + math.sqrt(0.001 * hre))  # (22)
    if length >= horizon:
        return first_term_loss(length, hte, hre, radius_km, f, omega, land_ground, sea_ground)
    total = hte + hre
    c = (hte - hre) / total  # (24d)
    m = 250.0 * length * length / (radius_km * total)  # (24e)
    argument = min(max(1.5 * c * math.sqrt(3.0 * m / (m + 1.0) ** 3), -1.0), 1.0)
    b = 2.0 * math.sqrt((m + 1.0) / (3.0 * m)) * math.cos(math.pi / 3.0 + math.acos(argument) / 3.0)  # (24c)
    d1 = 0.5 * length * (1.0 + b)  # (24a)
    d2 = length - d1  # (24b)
    clearance = ((hte - 500.0 * d1 * d1 / radius_km) * d2 + (hre - 500.0 * d2 * d2 / radius_km) * d1) / length  # (23)
    required = 17.456 * math.sqrt(d1 * d2 * SPEED_OF_LIGHT / f / length)  # (25)
    if clearance > required:
        return 0.0
    marginal = 500.0 * (length / (math.sqrt(hte) + math.sqrt(hre))) ** 2  # (26)
    loss = first_term_loss(length, hte, hre, marginal, f, omega, land_ground, sea_ground)
    return (1.0 - clearance / required) * max(loss, 0.0)  # (27)


@compiled
def delta_bullington(
    distances_km: FloatArray,
    surface_m: FloatArray,
    flat_m: FloatArray,
    tx_amsl: float,
    rx_amsl: float,
    hte: float,
    hre: float,
    radius_km: float,
    f: float,
    omega: float,
    land_ground: float,
    sea_ground: float,
) -> tuple[float, float, float, float]:
    """Diffraction loss for one effective Earth radius (§4.3.4, Eq. 37–39).

    Parameters
    ----------
    distances_km, surface_m, flat_m
        Shape (n,): profile, heights with clutter, and zeros.
    hte, hre
        Antenna heights above the smooth surface of the diffraction model, metres (Eq. 37, 38).

    Returns
    -------
    (Ld, Lbulla, Lbulls, Ldsph)
        dB.
    """
    actual = bullington_loss(distances_km, surface_m, tx_amsl, rx_amsl, radius_km, f)
    smooth = bullington_loss(distances_km, flat_m, hte, hre, radius_km, f)
    spherical = spherical_earth_loss(distances_km[-1], hte, hre, radius_km, f, omega, land_ground, sea_ground)
    return actual + max(spherical - smooth, 0.0), actual, smooth, spherical  # (39)
