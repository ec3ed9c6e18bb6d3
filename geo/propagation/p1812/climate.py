"""Radio climate of a path: zones along it, incidence of ducting, effective Earth radius (§3.3–3.7)."""

import math

from geo.propagation.compiled import FloatArray, IntArray, compiled

EARTH_RADIUS_KM = 6371.0
SEA, COASTAL_LAND, INLAND = 1, 3, 4


@compiled
def zone_extents(distances_km: FloatArray, zones: IntArray) -> tuple[float, float, float]:
    """Sea fraction ω and the longest continuous land and inland sections (§3.6, Table 5).

    A section reaches half way to the neighbouring point of another zone.

    Parameters
    ----------
    distances_km, zones
        Both of shape (n,).

    Returns
    -------
    (omega, dtm, dlm)
        ω as a share of the path; dtm (inland and coastal land) and dlm (inland only) in km.
    """
    last = distances_km.shape[0] - 1
    sea = longest_land = longest_inland = 0.0
    sea_start = land_start = inland_start = distances_km[0]
    for i in range(last + 1):
        # a section closes half way to the next point, where that is of another kind
        stop = distances_km[last] if i == last else 0.5 * (distances_km[i] + distances_km[i + 1])
        following = -1 if i == last else zones[i + 1]
        if zones[i] == SEA:
            if following != SEA:
                sea += stop - sea_start
                land_start = inland_start = stop
            continue
        if following == SEA or i == last:
            longest_land = max(longest_land, stop - land_start)
            sea_start = stop
        if zones[i] != INLAND:
            inland_start = stop
        elif following != INLAND:
            longest_inland = max(longest_inland, stop - inland_start)
    return sea / (distances_km[last] - distances_km[0]), longest_land, longest_inland


@compiled
def path_centre_latitude(tx_lat: float, tx_lon: float, rx_lat: float, rx_lon: float, distance_km: float) -> float:
    """Latitude φ of the point half way along the great circle, degrees (Eq. 4; P.2001 Attachment H)."""
    to_radians = math.pi / 180.0
    half = 0.5 * distance_km / EARTH_RADIUS_KM
    sin_tx, cos_tx = math.sin(tx_lat * to_radians), math.cos(tx_lat * to_radians)
    sin_rx, cos_rx = math.sin(rx_lat * to_radians), math.cos(rx_lat * to_radians)
    delta_lon = (rx_lon - tx_lon) * to_radians
    cosine = sin_tx * sin_rx + cos_tx * cos_rx * math.cos(delta_lon)
    north = sin_rx - cosine * sin_tx
    east = cos_tx * cos_rx * math.sin(delta_lon)
    if abs(north) < 1e-9 and abs(east) < 1e-9:
        return tx_lat  # the terminals share a position: there is no bearing
    cos_bearing = math.cos(math.atan2(east, north))
    sine = sin_tx * math.cos(half) + cos_tx * math.sin(half) * cos_bearing
    return math.asin(min(max(sine, -1.0), 1.0)) / to_radians


@compiled
def inland_factor(longest_inland_km: float) -> float:
    """τ, which grows from 0 to 1 with the longest inland section (Eq. 3)."""
    return 1.0 - math.exp(-4.12e-4 * math.pow(longest_inland_km, 2.41))


@compiled
def ducting_incidence(latitude: float, longest_land_km: float, longest_inland_km: float) -> float:
    """β0: percentage of time with a lapse rate beyond 100 N-units/km in the lowest 100 m (Eq. 2–5)."""
    tau = inland_factor(longest_inland_km)
    near = math.pow(10.0, -longest_land_km / (16.0 - 6.6 * tau))
    mu1 = math.pow(near + math.pow(10.0, -(2.48 + 1.77 * tau)), 0.2)  # (2)
    mu1 = min(mu1, 1.0)
    latitude = abs(latitude)
    if latitude <= 70.0:
        mu4 = math.pow(10.0, (-0.935 + 0.0176 * latitude) * math.log10(mu1))  # (4)
        return math.pow(10.0, -0.015 * latitude + 1.67) * mu1 * mu4  # (5)
    mu4 = math.pow(10.0, 0.3 * math.log10(mu1))
    return 4.17 * mu1 * mu4


@compiled
def median_earth_radius(delta_n: float) -> float:
    """Median effective Earth radius ae in km for a lapse rate in N-units/km (Eq. 6, 7a)."""
    return EARTH_RADIUS_KM * 157.0 / (157.0 - delta_n)


@compiled
def ducting_earth_radius() -> float:
    """Effective Earth radius exceeded for β0 of time, aβ in km (Eq. 7b: k = 3)."""
    return EARTH_RADIUS_KM * 3.0
