"""P.1812 at 50 % of time over land, arranged so that most paths cost little; the result stays exact.

Every profile is evenly spaced, so distances along it are whole numbers of segments, and the slopes, sums and
diffraction parameters of all points need products with shared tables but no division, root or logarithm. At 50 %
of time the short-term terms vanish, and for most paths a bound shows that ducting cannot change the result; it is
worked out for the others only. Equation numbers are those of Recommendation ITU-R P.1812-8.
"""

import math

import numpy as np

from geo.propagation.compiled import FloatArray, compiled, compiled_vector
from geo.propagation.p1812.anomalous import ducting_loss, troposcatter_loss
from geo.propagation.p1812.climate import ducting_incidence, path_centre_latitude
from geo.propagation.p1812.combination import (
    angular_interpolation,
    distance_interpolation,
    enhanced_minimum,
    power_sum,
)
from geo.propagation.p1812.diffraction import (
    bullington_correction,
    bullington_point_parameter,
    knife_edge_loss,
    spherical_earth_loss,
)
from geo.propagation.p1812.geometry import SPEED_OF_LIGHT, roughness

MINIMUM_DISTANCE_KM = 0.25
NO_COAST_KM = 500.0


@compiled_vector
def profile_sums(
    heights_m: FloatArray,
    segments: int,
    counting: FloatArray,
    near: FloatArray,
    far: FloatArray,
    hts: float,
    hrs: float,
    bulge: float,
    slopes_tx: FloatArray,
    slopes_rx: FloatArray,
) -> tuple[float, float]:
    """Sums over the points between the terminals, and the slopes to each of them in metres per segment.

    Parameters
    ----------
    near, far
        1/i and 1/(segments − i), for point i.
    bulge
        500·ae⁻¹·(segment in km)²: metres of Earth bulge for i·(segments − i) = 1.
    slopes_tx, slopes_rx
        Room for the slopes of Eq. 13 and 17.

    Returns
    -------
    (sum of heights, sum of i·heights)
    """
    total = moment = 0.0
    count = float(segments)
    for i in range(1, segments):
        height = heights_m[i]
        place = counting[i]
        total += height
        moment += place * height
        curved = height + bulge * place * (count - place)
        slopes_tx[i] = (curved - hts) * near[i]  # (13)
        slopes_rx[i] = (curved - hrs) * far[i]  # (17)
    return total, moment


@compiled_vector
def highest_of(values: FloatArray, stop: int) -> float:
    """Highest of values[1:stop]; eight at a time, so that none waits for the one before."""
    a = b = c = d = e = f = g = h = -math.inf
    i = 1
    while i + 8 <= stop:
        a = max(a, values[i])
        b = max(b, values[i + 1])
        c = max(c, values[i + 2])
        d = max(d, values[i + 3])
        e = max(e, values[i + 4])
        f = max(f, values[i + 5])
        g = max(g, values[i + 6])
        h = max(h, values[i + 7])
        i += 8
    while i < stop:
        a = max(a, values[i])
        i += 1
    return max(max(max(a, b), max(c, d)), max(max(e, f), max(g, h)))


@compiled_vector
def obstructions(
    heights_m: FloatArray,
    segments: int,
    counting: FloatArray,
    near: FloatArray,
    far: FloatArray,
    hts: float,
    hrs: float,
    above: FloatArray,
    slopes_tx: FloatArray,
    slopes_rx: FloatArray,
) -> None:
    """Height of each point above the straight line between the antennas, and its slopes (Eq. 89)."""
    rise = (hrs - hts) / segments
    for i in range(1, segments):
        height = heights_m[i] - (hts + rise * counting[i])
        above[i] = height  # (89d)
        slopes_tx[i] = height * near[i]  # (89b)
        slopes_rx[i] = height * far[i]  # (89c)


@compiled_vector
def knife_edge_parameters(
    heights_m: FloatArray,
    weight: float,
    segments: int,
    counting: FloatArray,
    near_root: FloatArray,
    far_root: FloatArray,
    hts: float,
    hrs: float,
    bulge: float,
    parameters: FloatArray,
) -> None:
    """ν of each point (Eq. 15) but for the factor √(0.002·segments/(λ·segment)), into `parameters`.

    `weight` 1 takes the heights, 0 a flat profile.
    """
    rise = (hrs - hts) / segments
    count = float(segments)
    for i in range(1, segments):
        place = counting[i]
        clearance = weight * heights_m[i] + bulge * place * (count - place) - (hts + rise * place)
        parameters[i] = clearance * (near_root[i] * far_root[i])


@compiled
def first_equal(values: FloatArray, value: float, stop: int) -> int:
    """Index of the first of values[1:stop] that equals `value`."""
    for i in range(1, stop):
        if values[i] == value:
            return i
    return 1


@compiled
def last_equal(values: FloatArray, value: float, stop: int) -> int:
    """Index of the last of values[1:stop] that equals `value`."""
    for i in range(stop - 1, 0, -1):
        if values[i] == value:
            return i
    return stop - 1


@compiled
def smooth_bullington(
    segments: int,
    segment_km: float,
    counting: FloatArray,
    near_root: FloatArray,
    far_root: FloatArray,
    hte: float,
    hre: float,
    bulge: float,
    wavelength: float,
    room: FloatArray,
) -> float:
    """Bullington loss Lbulls in dB over zero heights (Eq. 37).

    Seen from an antenna the bulging Earth is steepest at √(height/bulge) segments, so only the points
    beside that place can give the slopes of Eq. 13 and 17.
    """
    length = segments * segment_km
    steepest_tx = steepest_rx = -math.inf
    for candidate in range(2):
        i = min(max(int(math.sqrt(hte / bulge)) + candidate, 1), segments - 1)
        steepest_tx = max(steepest_tx, bulge * (segments - i) - hte / i)
        j = min(max(int(math.sqrt(hre / bulge)) + candidate, 1), segments - 1)
        steepest_rx = max(steepest_rx, bulge * (segments - j) - hre / j)
    nu = math.nan
    if steepest_tx >= (hre - hte) / segments:
        nu = bullington_point_parameter(
            steepest_tx / segment_km, steepest_rx / segment_km, hte, hre, length, wavelength
        )
    if math.isnan(nu):
        factor = math.sqrt(0.002 * segments / (wavelength * segment_km))
        knife_edge_parameters(counting, 0.0, segments, counting, near_root, far_root, hte, hre, bulge, room)
        nu = factor * highest_of(room, segments)
    return bullington_correction(knife_edge_loss(nu), length)


@compiled
def ducting_floor(latitude: float, nearest_km: float, farthest_km: float) -> float:
    """A level that A(p) of Eq. 53 cannot fall below at 50 % of time over land, dB.

    For path centres at `latitude` or farther from the equator and lengths within the range. β is at most β0,
    which falls with distance and latitude; the exponent of (p/β) rises with falling β and later falls, so
    over all smaller β it is least at one of the ends.
    """
    incidence = ducting_incidence(latitude, nearest_km, nearest_km)
    power = math.inf
    for beta in (incidence, 1e-300):
        log_beta = math.log10(beta)
        gamma = 1.076 / math.pow(2.0058 - log_beta, 1.012)
        gamma *= math.exp(-(9.51 - 4.8 * log_beta + 0.198 * log_beta**2) * 1e-6 * math.pow(farthest_km, 1.13))
        power = min(power, gamma * (math.log10(50.0) - log_beta))
    return -12.0 + (1.2 + 3.7e-3 * nearest_km) * math.log10(50.0 / incidence) + 12.0 * math.pow(10.0, power)


@compiled
def median_inland_loss(
    heights_m: FloatArray,
    segments: int,
    length: float,
    counting: FloatArray,
    tables: FloatArray,
    room: FloatArray,
    tx_height_m: float,
    rx_height_m: float,
    tx_lat: float,
    tx_lon: float,
    rx_lat: float,
    rx_lon: float,
    f: float,
    ae: float,
    land: float,
    constants: FloatArray,
    floor_db: float,
    location_db: float,
) -> float:
    """Lb at 50 % of time over an evenly spaced inland profile without clutter, dB.

    Equals `path_quantities` to rounding.

    Parameters
    ----------
    heights_m
        Terrain heights, `segments` + 1 of them.
    tables
        Rows 1/i, the same backwards, 1/√i, the same backwards.
    room
        Shape (6, segments + 1) at least.
    ae, land
        Median Earth radius, and `ground_admittance` of land.
    constants
        `site_constants`.
    floor_db
        `ducting_floor` for this distance.
    location_db
        Lloc of Eq. 69.
    """
    free_space_base, ducting_base, specific, log_shortest, scatter_base, f_root = (
        constants[0], constants[1], constants[2], constants[3], constants[4], constants[5]
    )  # fmt: skip
    wavelength = SPEED_OF_LIGHT / f
    segment = length / segments
    hts = heights_m[0] + tx_height_m
    hrs = heights_m[segments] + rx_height_m
    bulge = 500.0 * segment * segment / ae
    behind = tables.shape[1] - 1 - segments
    near, near_root = tables[0], tables[2]
    far, far_root = tables[1][behind:], tables[3][behind:]
    total, moment = profile_sums(heights_m, segments, counting, near, far, hts, hrs, bulge, room[0], room[1])
    steepest_tx = highest_of(room[0], segments)
    steepest_rx = highest_of(room[1], segments)
    direct = (hrs - hts) / segments  # (14)

    # smooth surface: Eq. 85–88 for even spacing, v1/segment and v2/segment²
    v1 = 2.0 * total + heights_m[0] + heights_m[segments]
    v2 = 6.0 * moment + heights_m[0] + heights_m[segments] * (3.0 * segments - 1.0)
    squared = float(segments) * segments
    hst = (2.0 * v1 * segments - v2) / squared
    hsr = (v2 - v1 * segments) / squared
    hstd, hsrd = hst, hsr
    if steepest_tx > direct:  # nothing above the straight line unless something is above the curved one
        obstructions(heights_m, segments, counting, near, far, hts, hrs, room[2], room[3], room[4])
        highest = highest_of(room[2], segments)  # (89a)
        if highest > 0.0:
            slope_tx = highest_of(room[3], segments)
            slope_rx = highest_of(room[4], segments)
            hstd -= highest * slope_tx / (slope_tx + slope_rx)  # (90)
            hsrd -= highest * slope_rx / (slope_tx + slope_rx)
    hte = hts - min(hstd, heights_m[0])  # (91), (38)
    hre = hrs - min(hsrd, heights_m[segments])

    # diffraction (§4.3)
    nu = math.nan
    if steepest_tx >= direct:
        nu = bullington_point_parameter(steepest_tx / segment, steepest_rx / segment, hts, hrs, length, wavelength)
    beyond_horizon = steepest_tx > direct
    parameter = math.nan
    if math.isnan(nu):
        factor = math.sqrt(0.002 * segments / (wavelength * segment))
        knife_edge_parameters(heights_m, 1.0, segments, counting, near_root, far_root, hts, hrs, bulge, room[5])
        parameter = highest_of(room[5], segments)
        nu = factor * parameter
    diffraction = bullington_correction(knife_edge_loss(nu), length)
    spherical = spherical_earth_loss(length, hte, hre, ae, f, 0.0, land, 0.0)
    if spherical > 0.0:
        smooth = smooth_bullington(
            segments, segment, counting, near_root, far_root, hte, hre, bulge, wavelength, room[2]
        )
        diffraction += max(spherical - smooth, 0.0)  # (39)
    slant_squared = length * length + ((hts - hrs) / 1000.0) ** 2
    lbfs = free_space_base + 10.0 * math.log10(slant_squared)  # (8)
    lbam = lbfs + diffraction  # (42), (43)

    # horizon slopes in radians (77, 82a): those of Eq. 13 and 17 with the bulge measured from the terminal
    drop = length / (2.0 * ae)
    if beyond_horizon:
        horizon_tx = steepest_tx / segment / 1000.0 - drop
        horizon_rx = steepest_rx / segment / 1000.0 - drop
    else:
        horizon_tx = direct / segment / 1000.0 - drop
        horizon_rx = -direct / segment / 1000.0 - drop

    # ducting (§4.5) where it can matter; the bounds leave out what cannot be negative
    log_length = math.log10(length)
    theta_t = 1000.0 * math.atan(horizon_tx)
    theta_r = 1000.0 * math.atan(horizon_rx)
    theta = 2000.0 * drop + theta_t + theta_r  # (84)
    bound = ducting_base + floor_db + specific * (2000.0 * drop + min(theta_t, 0.0) + min(theta_r, 0.0))
    # horizons are two segments apart from their terminals at least, together
    bound += 20.0 * log_shortest if beyond_horizon else 20.0 * log_length
    if bound - 0.01 <= lbam:
        if beyond_horizon:
            lt = first_equal(room[0], steepest_tx, segments)
            lr = last_equal(room[1], steepest_rx, segments)
        else:
            lt = lr = last_equal(room[5], parameter, segments)
        dlt, dlr = lt * segment, (segments - lr) * segment
        # all of Eq. 47 and 52 at once; only A(p) remains a bound
        excess_tx, excess_rx = max(theta_t - 0.1 * dlt, 0.0), max(theta_r - 0.1 * dlr, 0.0)  # (48a)
        factor = (dlt + dlr) * (1.0 + 0.361 * excess_tx * math.sqrt(f * dlt))
        factor *= 1.0 + 0.361 * excess_rx * math.sqrt(f * dlr)
        angle = 2000.0 * drop + min(theta_t, 0.1 * dlt) + min(theta_r, 0.1 * dlr)
        bound = ducting_base + floor_db + specific * angle + 20.0 * math.log10(factor)
        bound += 0.264 * f_root * (excess_tx + excess_rx)
        if bound - 0.01 <= lbam:
            hst = min(hst, heights_m[0])  # (92)
            hsr = min(hsr, heights_m[segments])
            # distances in segments, so that the slope of Eq. 93 is per segment
            hm = roughness(counting[: segments + 1], heights_m, hst, hsr, lt, lr)
            phi = path_centre_latitude(tx_lat, tx_lon, rx_lat, rx_lon, length)
            lba = ducting_loss(
                length, dlt, dlr, NO_COAST_KM, NO_COAST_KM, length, hts, hrs, hts - hst, hrs - hsr, hm,
                theta_t, theta_r, f, 50.0, 0.0, ae, ducting_incidence(phi, length, length),
            )  # fmt: skip
            lminbap = enhanced_minimum(lba, lbfs)
            if lminbap <= lbam:
                lbda = lminbap + (lbam - lminbap) * distance_interpolation(length)  # (61)
                lbam = lbda + (lbam - lbda) * angular_interpolation(theta)  # (62): Lminb0p is Lbd50
    lbs = scatter_base + 20.0 * log_length + 0.573 * theta  # (44)
    lbc = power_sum(lbs, lbam)  # (63)
    return float(max(lbfs, lbc + location_db))  # (69)


@compiled
def site_constants(f: float, ae: float, n0: float, step_km: float) -> FloatArray:
    """Sums that all paths of a site share at 50 % of time.

    Returns
    -------
    FloatArray
        Lbfs at 1 km (Eq. 8); the constant part of Eq. 47; γd of Eq. 51; log10 of two of the shortest segments;
        Lbs at 1 km and θ = 0 (Eq. 44); f^(1/3).
    """
    low_frequency = 45.375 - 137.0 * f + 92.5 * f * f if f < 0.5 else 0.0
    return np.array(
        [
            92.4 + 20.0 * math.log10(f),
            102.45 + 20.0 * math.log10(f) + low_frequency,
            5e-5 * ae * np.cbrt(f),
            math.log10(min(step_km, MINIMUM_DISTANCE_KM)),
            troposcatter_loss(1.0, 0.0, f, 50.0, n0),
            np.cbrt(f),
        ]
    )


@compiled
def shared_tables(longest: int) -> FloatArray:
    """Rows 1/i, the same backwards, 1/√i, the same backwards, for i = 0 … longest; 0 in place of 1/0."""
    tables = np.zeros((4, longest + 1))
    for i in range(1, longest + 1):
        tables[0, i] = 1.0 / i
        tables[2, i] = 1.0 / math.sqrt(i)
    tables[1] = tables[0][::-1]
    tables[3] = tables[2][::-1]
    return tables
