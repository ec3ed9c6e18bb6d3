"""What the terrain profile says: horizons, smooth-Earth surface, effective heights (Attachment 1, §4–5).

Heights are terrain heights without clutter, metres above sea level; distances km; angles mrad.
"""

import math

from geo.propagation.compiled import FloatArray, compiled

# the wavelength is 0.2998/f everywhere in the Recommendation's own validation set
SPEED_OF_LIGHT = 0.2998


@compiled
def horizons(
    distances_km: FloatArray, heights_m: FloatArray, tx_amsl: float, rx_amsl: float, radius_km: float, f: float
) -> tuple[float, float, float, int, int]:
    """Horizon angles and points of both terminals (Attachment 1 §4, Eq. 76–84).

    Parameters
    ----------
    distances_km, heights_m
        Profile of shape (n,).
    tx_amsl, rx_amsl
        Antenna heights hts, hrs above sea level.
    radius_km
        Median effective Earth radius ae.
    f
        Frequency in GHz.

    Returns
    -------
    (theta_t, theta_r, theta, lt, lr)
        Angles in mrad and the indices of the horizon points; on a line-of-sight path both indices
        are the point with the highest diffraction parameter.
    """
    last = distances_km.shape[0] - 1
    length = distances_km[last]
    # arctan grows with its argument, so slopes are compared and one arctan taken (Eq. 77)
    highest = -math.inf
    lt = 1
    for i in range(1, last):
        slope = (heights_m[i] - tx_amsl) / (1000.0 * distances_km[i]) - distances_km[i] / (2.0 * radius_km)
        if slope > highest:
            highest = slope
            lt = i
    direct = (rx_amsl - tx_amsl) / (1000.0 * length) - length / (2.0 * radius_km)  # (78)
    if highest > direct:  # transhorizon
        theta_t = 1000.0 * math.atan(highest)  # (76), (79)
        highest = -math.inf
        lr = last - 1
        for i in range(1, last):
            back = length - distances_km[i]
            slope = (heights_m[i] - rx_amsl) / (1000.0 * back) - back / (2.0 * radius_km)  # (82a)
            if slope >= highest:  # of equal horizons the one nearer to the receiver
                highest = slope
                lr = i
        theta_r = 1000.0 * math.atan(highest)  # (82)
    else:
        theta_t = 1000.0 * math.atan(direct)  # (79)
        theta_r = 1000.0 * math.atan((tx_amsl - rx_amsl) / (1000.0 * length) - length / (2.0 * radius_km))  # (81)
        lt = highest_parameter_point(distances_km, heights_m, tx_amsl, rx_amsl, 1.0 / radius_km, SPEED_OF_LIGHT / f)
        lr = lt
    theta = 1000.0 * length / radius_km + theta_t + theta_r  # (84)
    return theta_t, theta_r, theta, lt, lr


@compiled
def diffraction_parameter(
    distance: float, height: float, length: float, tx_amsl: float, rx_amsl: float, curvature: float, wavelength: float
) -> float:
    """Knife-edge parameter ν of one profile point (the expression inside Eq. 15)."""
    back = length - distance
    clearance = height + 500.0 * curvature * distance * back - (tx_amsl * back + rx_amsl * distance) / length
    return clearance * math.sqrt(0.002 * length / (wavelength * distance * back))


@compiled
def highest_parameter_point(
    distances_km: FloatArray,
    heights_m: FloatArray,
    tx_amsl: float,
    rx_amsl: float,
    curvature: float,
    wavelength: float,
) -> int:
    """Index of the intermediate point with the highest ν; of equal ones the last."""
    last = distances_km.shape[0] - 1
    highest = -math.inf
    index = 1
    for i in range(1, last):
        nu = diffraction_parameter(
            distances_km[i], heights_m[i], distances_km[last], tx_amsl, rx_amsl, curvature, wavelength
        )
        if nu >= highest:
            highest = nu
            index = i
    return index


@compiled
def smooth_surface(distances_km: FloatArray, heights_m: FloatArray) -> tuple[float, float]:
    """Heights hst, hsr of the least-squares smooth Earth at both ends, metres (Eq. 85–88)."""
    last = distances_km.shape[0] - 1
    length = distances_km[last]
    v1 = 0.0
    v2 = 0.0
    for i in range(1, last + 1):
        d0, d1 = distances_km[i - 1], distances_km[i]
        h0, h1 = heights_m[i - 1], heights_m[i]
        v1 += (d1 - d0) * (h1 + h0)  # (85)
        v2 += (d1 - d0) * (h1 * (2.0 * d1 + d0) + h0 * (d1 + 2.0 * d0))  # (86)
    squared = length * length
    return (2.0 * v1 * length - v2) / squared, (v2 - v1 * length) / squared  # (87), (88)


@compiled
def diffraction_surface(
    distances_km: FloatArray, heights_m: FloatArray, tx_amsl: float, rx_amsl: float, hst: float, hsr: float
) -> tuple[float, float]:
    """Heights hstd, hsrd of the smooth Earth for the diffraction model, metres (Eq. 89–91)."""
    last = distances_km.shape[0] - 1
    length = distances_km[last]
    highest = -math.inf
    slope_tx = -math.inf
    slope_rx = -math.inf
    for i in range(1, last):
        back = length - distances_km[i]
        above = heights_m[i] - (tx_amsl * back + rx_amsl * distances_km[i]) / length  # (89d)
        highest = max(highest, above)  # (89a)
        slope_tx = max(slope_tx, above / distances_km[i])  # (89b)
        slope_rx = max(slope_rx, above / back)  # (89c)
    if highest > 0.0:
        hst -= highest * slope_tx / (slope_tx + slope_rx)  # (90c), (90e)
        hsr -= highest * slope_rx / (slope_tx + slope_rx)  # (90d), (90f)
    return min(hst, heights_m[0]), min(hsr, heights_m[last])  # (91)


@compiled
def roughness(distances_km: FloatArray, heights_m: FloatArray, hst: float, hsr: float, first: int, last: int) -> float:
    """Terrain roughness hm between the horizon points, metres (Eq. 93, 95)."""
    slope = (hsr - hst) / distances_km[distances_km.shape[0] - 1]
    highest = -math.inf
    for i in range(first, last + 1):
        highest = max(highest, heights_m[i] - (hst + slope * distances_km[i]))
    return highest
