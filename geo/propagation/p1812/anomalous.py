"""Troposcatter (§4.4) and ducting or layer reflection (§4.5)."""

import math

from geo.propagation.compiled import compiled
from geo.propagation.p1812.climate import inland_factor


@compiled
def troposcatter_loss(length: float, theta: float, f: float, time_percent: float, n0: float) -> float:
    """Basic transmission loss Lbs by troposcatter, dB; θ in mrad, f in GHz (Eq. 44, 45)."""
    frequency_term = 25.0 * math.log10(f) - 2.5 * math.log10(f / 2.0) ** 2  # (45)
    time_term = 10.125 * math.pow(math.log10(50.0 / time_percent), 0.7)
    return 190.1 + frequency_term + 20.0 * math.log10(length) + 0.573 * theta - 0.15 * n0 - time_term  # (44)


@compiled
def site_shielding(theta: float, horizon_km: float, f: float) -> float:
    """Site-shielding diffraction loss Ast or Asr, dB (Eq. 48, 48a)."""
    excess = theta - 0.1 * horizon_km
    if excess <= 0.0:
        return 0.0
    return 20.0 * math.log10(1.0 + 0.361 * excess * math.sqrt(f * horizon_km)) + 0.264 * excess * math.pow(f, 1.0 / 3.0)


@compiled
def sea_duct_coupling(omega: float, coast_km: float, horizon_km: float, amsl: float) -> float:
    """Over-sea surface duct coupling correction Act or Acr, dB (Eq. 49)."""
    if omega < 0.75 or coast_km > horizon_km or coast_km > 5.0:
        return 0.0
    return -3.0 * math.exp(-0.25 * coast_km**2) * (1.0 + math.tanh(0.07 * (50.0 - amsl)))


@compiled
def time_dependence(length: float, time_percent: float, beta: float) -> float:
    """A(p): how the loss varies with time percentage, dB (Eq. 53, 53a)."""
    log_beta = math.log10(beta)
    gamma = (
        1.076
        / math.pow(2.0058 - log_beta, 1.012)
        * math.exp(-(9.51 - 4.8 * log_beta + 0.198 * log_beta**2) * 1e-6 * math.pow(length, 1.13))
    )
    ratio = time_percent / beta
    return -12.0 + (1.2 + 3.7e-3 * length) * math.log10(ratio) + 12.0 * math.pow(ratio, gamma)


@compiled
def ducting_loss(
    length: float,
    dlt: float,
    dlr: float,
    tx_coast_km: float,
    rx_coast_km: float,
    longest_inland_km: float,
    tx_amsl: float,
    rx_amsl: float,
    hte: float,
    hre: float,
    hm: float,
    theta_t: float,
    theta_r: float,
    f: float,
    time_percent: float,
    omega: float,
    radius_km: float,
    beta0: float,
) -> float:
    """Basic transmission loss Lba by ducting and layer reflection, dB (Eq. 46–56).

    Distances km, heights m, angles mrad, f GHz, percentages in %. hte, hre and hm are the effective
    heights and the roughness of the ducting model (Eq. 94, 95).
    """
    low_frequency = 45.375 - 137.0 * f + 92.5 * f * f if f < 0.5 else 0.0  # (47a)
    coupling = (
        102.45
        + 20.0 * math.log10(f)
        + 20.0 * math.log10(dlt + dlr)
        + low_frequency
        + site_shielding(theta_t, dlt, f)
        + site_shielding(theta_r, dlr, f)
        + sea_duct_coupling(omega, tx_coast_km, dlt, tx_amsl)
        + sea_duct_coupling(omega, rx_coast_km, dlr, rx_amsl)
    )  # (47)
    angle = 1000.0 * length / radius_km + min(theta_t, 0.1 * dlt) + min(theta_r, 0.1 * dlr)  # (52), (52a)
    alpha = max(-0.6 - 3.5e-9 * math.pow(length, 3.1) * inland_factor(longest_inland_km), -3.4)  # (55a)
    shape = 500.0 / radius_km * length**2 / (math.sqrt(hte) + math.sqrt(hre)) ** 2
    mu2 = min(math.pow(shape, alpha), 1.0)  # (55)
    mu3 = 1.0
    if hm > 10.0:
        mu3 = math.exp(-4.6e-5 * (hm - 10.0) * (43.0 + 6.0 * min(length - dlt - dlr, 40.0)))  # (56), (56a)
    # mountains high enough underflow μ3, and log 0 must not reach the result
    beta = max(beta0 * mu2 * mu3, 1e-300)  # (54)
    specific = 5e-5 * radius_km * math.pow(f, 1.0 / 3.0)  # (51)
    return coupling + specific * angle + time_dependence(length, time_percent, beta)  # (46), (50)
