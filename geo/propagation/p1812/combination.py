"""Free space with short-term effects (§4.2), combination of the mechanisms (§4.6), locations (§4.7, 4.9)."""

import math

from geo.propagation.compiled import compiled

ANGLE_LIMIT_MRAD = 0.3  # Θ of Eq. 57
DISTANCE_SWITCH_KM = 20.0  # dsw of Eq. 58
ENHANCEMENT_SCALE = 2.5  # η of Eq. 60


@compiled
def free_space_loss(length: float, tx_amsl: float, rx_amsl: float, f: float) -> float:
    """Free-space basic transmission loss Lbfs over the slant distance, dB (Eq. 8, 8a)."""
    slant_squared = length**2 + ((tx_amsl - rx_amsl) / 1000.0) ** 2
    return 92.4 + 20.0 * math.log10(f) + 10.0 * math.log10(slant_squared)


@compiled
def multipath_correction(dlt: float, dlr: float, time_percent: float) -> float:
    """Multipath and focusing correction for a time percentage, dB (Eq. 9)."""
    return 2.6 * (1.0 - math.exp(-0.1 * (dlt + dlr))) * math.log10(time_percent / 50.0)


@compiled
def inverse_normal(x: float) -> float:
    """I(x): inverse complementary cumulative normal distribution (Attachment 2, Eq. 96, 97)."""
    x = min(max(x, 1e-6), 1.0 - 1e-6)
    tail = x if x <= 0.5 else 1.0 - x
    t = math.sqrt(-2.0 * math.log(tail))  # (97a)
    above = (0.010328 * t + 0.802853) * t + 2.515516698
    below = ((0.001308 * t + 0.189269) * t + 1.432788) * t + 1.0
    value = t - above / below  # (97b)
    return value if x <= 0.5 else -value


@compiled
def time_interpolation(time_percent: float, beta0: float) -> float:
    """Fi between the losses at β0 and at 50 % of time (Eq. 40); exactly 0 at 50 %.

    The approximation of Eq. 97 leaves I(0.5) about 1e-9 away from zero; the Recommendation takes the median
    loss itself at 50 %, which also saves the second diffraction calculation.
    """
    if time_percent >= 50.0:
        return 0.0
    if time_percent <= beta0:
        return 1.0
    return inverse_normal(time_percent / 100.0) / inverse_normal(beta0 / 100.0)


@compiled
def angular_interpolation(theta: float) -> float:
    """Fj: weight of line of sight by the path's angular distance in mrad (Eq. 57)."""
    return 1.0 - 0.5 * (1.0 + math.tanh(3.0 * 0.8 * (theta - ANGLE_LIMIT_MRAD) / ANGLE_LIMIT_MRAD))


@compiled
def distance_interpolation(length: float) -> float:
    """Fk: weight of diffraction against ducting by the path's length in km (Eq. 58)."""
    return 1.0 - 0.5 * (1.0 + math.tanh(3.0 * 0.5 * (length - DISTANCE_SWITCH_KM) / DISTANCE_SWITCH_KM))


@compiled
def enhanced_minimum(lba: float, lb0p: float) -> float:
    """Lminbap: ducting and line of sight blended, dB (Eq. 60), written so that exp cannot overflow."""
    higher, lower = max(lba, lb0p), min(lba, lb0p)
    return higher + ENHANCEMENT_SCALE * math.log1p(math.exp((lower - higher) / ENHANCEMENT_SCALE))


@compiled
def power_sum(a: float, b: float) -> float:
    """Loss of two paths at once, −5 log(10^(−0.2a) + 10^(−0.2b)), dB (Eq. 63); no underflow."""
    lower = min(a, b)
    per_decade = math.log(10.0)
    return lower - 5.0 / per_decade * math.log1p(math.exp(-0.2 * per_decade * (max(a, b) - lower)))
