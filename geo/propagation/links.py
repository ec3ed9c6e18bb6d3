"""Line of sight and clearance of the first Fresnel zone along paths, many at once.

For planning backhaul and for telling why a place is dark: which point stands in the way, and by how much.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyproj

from geo.errors import LimitExceeded, Problem
from geo.propagation.terrain import Terrain
from geo.propagation.window import FloatArray

EARTH_RADIUS_KM = 6371.0
SPEED_OF_LIGHT = 0.299792458  # m·GHz
# the share of the first Fresnel zone that planners keep free (ITU-R P.530)
USUAL_CLEARANCE = 0.6
_GEOD = pyproj.Geod(ellps="WGS84")


@dataclass(frozen=True, slots=True)
class LinkClearance:
    """Clearance of m links, each array of shape (m,), at the point of each where the Fresnel zone is least free.

    `ratio` is the clearance over the radius of the first Fresnel zone there: below 0 the ray is blocked, from
    `required` on the link is clear. `clearance_m` is the ray's height above the ground or clutter,
    `fresnel_radius_m` the radius, `obstacle_km` the distance from the transmitter, `obstacle_m` the height above
    sea level. `lift_m` is what must be added to the height of both antennas to reach `required`.
    `terrain` is 1 where the path is smooth Earth for want of terrain.
    """

    distance_km: FloatArray
    ratio: FloatArray
    clearance_m: FloatArray
    fresnel_radius_m: FloatArray
    obstacle_km: FloatArray
    obstacle_m: FloatArray
    obstacle_lon: FloatArray
    obstacle_lat: FloatArray
    lift_m: FloatArray
    in_sight: npt.NDArray[np.bool_]
    clear: npt.NDArray[np.bool_]
    terrain: npt.NDArray[np.uint8]
    required: float


def link_clearance(
    terrain: Terrain,
    tx_lon: npt.ArrayLike,
    tx_lat: npt.ArrayLike,
    rx_lon: npt.ArrayLike,
    rx_lat: npt.ArrayLike,
    *,
    frequency_ghz: npt.ArrayLike,
    tx_height_m: npt.ArrayLike,
    rx_height_m: npt.ArrayLike,
    earth_factor: float = 4.0 / 3.0,
    clutter_m: float = 0.0,
    required: float = USUAL_CLEARANCE,
    step_km: float = 0.1,
) -> LinkClearance:
    """First-Fresnel-zone clearance of m links over terrain.

    Parameters
    ----------
    tx_lon, tx_lat, rx_lon, rx_lat
        Ends, degrees WGS 84, shape (m,).
    frequency_ghz, tx_height_m, rx_height_m
        One for all or shape (m,): 0.03–100 GHz, antenna heights above ground 0–3000 m.
    earth_factor
        Effective Earth radius over 6371 km; a low value such as 1 makes the path harder.
    clutter_m
        Height of clutter over the whole path but its ends.
    required
        Share of the radius of the first Fresnel zone to be free.

    Raises
    ------
    LimitExceeded
        A value lies outside its limits.
    """
    ends = [np.atleast_1d(np.asarray(values, float)) for values in (tx_lon, tx_lat, rx_lon, rx_lat)]
    lon_tx, lat_tx, lon_rx, lat_rx = (np.ascontiguousarray(values) for values in np.broadcast_arrays(*ends))
    count = lon_tx.size
    frequency = _checked("frequency_ghz", frequency_ghz, count, 0.03, 100.0, "GHz")
    tx_height = _checked("tx_height_m", tx_height_m, count, 0.0, 3000.0, "m")
    rx_height = _checked("rx_height_m", rx_height_m, count, 0.0, 3000.0, "m")
    radius_km = EARTH_RADIUS_KM * float(_checked("earth_factor", earth_factor, 1, 0.1, 100.0, "")[0])
    clutter = float(_checked("clutter_m", clutter_m, 1, 0.0, 1000.0, "m")[0])
    _checked("required", required, 1, 0.0, 10.0, "")

    profiles = terrain.profiles(lon_tx, lat_tx, lon_rx, lat_rx, step_km=step_km)
    first, last = profiles.offsets[:-1], profiles.offsets[1:] - 1
    path = np.repeat(np.arange(count), last - first + 1)
    length = profiles.distances_km[last]
    tx_amsl = profiles.heights_m[first] + tx_height
    rx_amsl = profiles.heights_m[last] + rx_height

    # only points between the ends can stand in the way
    between = np.ones(path.size, dtype=bool)
    between[first] = between[last] = False
    path, along, ground = path[between], profiles.distances_km[between], profiles.heights_m[between] + clutter
    back = length[path] - along
    ray = (tx_amsl[path] * back + rx_amsl[path] * along) / length[path]
    clearance = ray - ground - 500.0 * along * back / radius_km
    fresnel = np.sqrt(1000.0 * SPEED_OF_LIGHT / frequency[path] * along * back / length[path])
    ratio = clearance / fresnel

    starts = first - 2 * np.arange(count)
    smallest = np.minimum.reduceat(ratio, starts) if count else np.empty(0)
    # of equal points the one nearest to the transmitter
    equal = np.flatnonzero(ratio == smallest[path])
    worst = equal[np.unique(path[equal], return_index=True)[1]]
    azimuth, _, _ = _GEOD.inv(lon_tx, lat_tx, lon_rx, lat_rx)
    obstacle_lon, obstacle_lat, _ = _GEOD.fwd(lon_tx, lat_tx, np.asarray(azimuth), along[worst] * 1000.0)
    missing = np.maximum.reduceat(required * fresnel - clearance, starts) if count else np.empty(0)
    return LinkClearance(
        distance_km=length,
        ratio=ratio[worst],
        clearance_m=clearance[worst],
        fresnel_radius_m=fresnel[worst],
        obstacle_km=along[worst],
        obstacle_m=ground[worst],
        obstacle_lon=np.asarray(obstacle_lon),
        obstacle_lat=np.asarray(obstacle_lat),
        lift_m=np.maximum(missing, 0.0),
        in_sight=smallest >= 0.0,
        clear=smallest >= required,
        terrain=profiles.terrain,
        required=required,
    )


def _checked(name: str, values: npt.ArrayLike, count: int, low: float, high: float, unit: str) -> FloatArray:
    array = np.asarray(values, dtype=np.float64).reshape(-1)
    bad = ~((array >= low) & (array <= high))
    if bad.any():
        raise LimitExceeded(
            Problem(
                what="outside the limits of link planning",
                remedy=f"It must be {low:g} to {high:g} {unit}".rstrip() + ".",
                column=name,
                value=array[bad][0].item(),
            )
        )
    return np.broadcast_to(array, count)
