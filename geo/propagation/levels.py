"""From cells to the level that a handset measures.

For each cell and receiver, all in dB or dBm::

    level = EIRP − below − A − L

- EIRP: the whole carrier's, antenna gain included;
- below: what the measured level lies below the carrier: ``10·log10(12·N_RB)`` for RSRP, 0 for RSSI of 2G, the pilot's
  share for RSCP of 3G (`Carrier.level_below_eirp_db`);
- A: attenuation of the antenna's pattern towards the receiver (`geo.propagation.antennas`);
- L: basic transmission loss of ITU-R P.1812-8 over terrain (`geo.propagation.area`), free space below 0.25 km.

A level is worked out to the cell's reach and no farther. No cheaper bound than the reach is sound: free space, the one
floor that P.1812 guarantees, lets a rural macro cell exceed −130 dBm for thousands of kilometres.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from geo.propagation.antennas import OMNI, SECTOR, Pattern, pattern_attenuation_db, sector_attenuation_db
from geo.propagation.area import TERRAIN, AreaLoss, area_loss
from geo.propagation.carriers import receiver_height_m
from geo.propagation.terrain import Terrain
from geo.propagation.window import SiteFrame, TerrainWindow, ground_m, plane_km, site_frame
from geo.region import RadioClimate

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

PROFILE_STEP_KM = 0.25
EARTH_RADIUS_KM = 6371.0
NO_PATH = 255
"""Value of `BestServer.path` beside those of `geo.propagation.area`: no cell is in reach."""
_SHORTEST_DEGREE_KM = 110.0
_RECEIVERS_FOR_ONE_THREAD = 10_000


@dataclass(frozen=True)
class Reached:
    """What the cells of one mast, height and band give to the receivers in their reach.

    `cell` (k,) counts rows of the cells table, `receiver` (m,) the receivers; `level_dbm` has shape (k, m); `path` (m,)
    is what the loss was worked out over, as `AreaLoss.terrain` has it.
    """

    cell: Integers
    receiver: Integers
    level_dbm: Floats
    path: npt.NDArray[np.uint8]


def levels(
    cells: pd.DataFrame,
    rx_lon: Floats,
    rx_lat: Floats,
    terrain: Terrain | None,
    climate: RadioClimate,
    *,
    patterns: Mapping[str, Pattern] | None = None,
    time_percent: float = 50.0,
    location_percent: float = 50.0,
    sigma_location_db: float = 0.0,
) -> Iterator[Reached]:
    """Levels of cells at receivers, one mast, height and band at a time.

    Terrain is read once for the cells of one mast, and held for that mast only; cells of one height and band share one
    loss. Masts out of reach of all the receivers cost next to nothing.

    Parameters
    ----------
    cells
        From `geo.propagation.cells.complete_cells`.
    rx_lon, rx_lat
        Receivers, shape (n,), degrees WGS 84; at the handset's height above ground.
    terrain
        Open terrain; None models smooth earth throughout.
    climate
        ΔN and N0 of the region.
    patterns
        Antenna tables by name.
    time_percent, location_percent, sigma_location_db
        As P.1812 has them.

    Raises
    ------
    LimitExceeded
        A value lies outside the limits of the Recommendation.
    """
    near = cells[_masts_in_reach(cells, rx_lon, rx_lat)]
    northward = np.argsort(rx_lat, kind="stable")
    sorted_lat = rx_lat[northward]
    for position, mast in near.groupby(["lon", "lat"], sort=False):
        lon, lat = np.asarray(position, dtype=float).tolist()
        reach_km = float(mast["reach_km"].max())
        margin_lat, margin_lon = (float(margin) for margin in _margins(np.array(lat), np.array(reach_km)))
        first, last = np.searchsorted(sorted_lat, [lat - margin_lat, lat + margin_lat])
        strip = northward[first:last]
        # in their own order again: neighbours side by side run fastest
        receiver = np.sort(strip[np.abs((rx_lon[strip] - lon + 180.0) % 360.0 - 180.0) <= margin_lon])
        if not len(receiver):
            continue
        radius_km = reach_km * 1.01
        window = terrain.window(lon, lat, radius_km) if terrain is not None else None
        frame = site_frame(window, lon, lat, radius_km)
        east, north = plane_km(frame, rx_lon[receiver], rx_lat[receiver])
        distance_km, azimuth_deg = np.hypot(east, north), np.degrees(np.arctan2(east, north))
        for shared, group in mast.groupby(["height_m", "band_mhz", "reach_km"], sort=False):
            height_m, band_mhz, group_reach_km = np.asarray(shared, dtype=float).tolist()
            within = np.flatnonzero(distance_km <= group_reach_km)
            if not len(within):
                continue
            at = receiver[within]
            with _threads_for(len(at)):
                loss = area_loss(
                    window,
                    frame,
                    rx_lon=rx_lon[at],
                    rx_lat=rx_lat[at],
                    step_km=PROFILE_STEP_KM,
                    frequency_ghz=band_mhz / 1000.0,
                    tx_height_m=height_m,
                    rx_height_m=receiver_height_m(),
                    delta_n=climate.delta_n,
                    n0=climate.n0,
                    time_percent=time_percent,
                    location_percent=location_percent,
                    sigma_location_db=sigma_location_db,
                )
            power_dbm = np.asarray(group["eirp_dbm"] - group["below_eirp_db"], dtype=float)
            level_dbm = power_dbm[:, None] - loss.loss_db[None, :]
            if (group["pattern"] != OMNI).any():
                elevation_deg = _elevation_deg(window, frame, loss, height_m, rx_lon[at], rx_lat[at], climate)
                level_dbm -= _attenuation_db(group, azimuth_deg[within], elevation_deg, patterns or {})
            yield Reached(group.index.to_numpy(), at, level_dbm, loss.terrain)


@contextmanager
def _threads_for(receivers: int) -> Iterator[None]:
    """One thread for little work: waiting for a second one on a busy machine costs more than it saves.

    Results do not depend on the number of threads.
    """
    # numba is imported on first use
    import numba

    usual = numba.get_num_threads()
    if receivers < _RECEIVERS_FOR_ONE_THREAD:
        numba.set_num_threads(1)
    try:
        yield
    finally:
        numba.set_num_threads(usual)


def _masts_in_reach(cells: pd.DataFrame, rx_lon: Floats, rx_lat: Floats) -> npt.NDArray[np.bool_]:
    """Cells whose reach touches the box of degrees around all receivers."""
    if not len(rx_lon):
        return np.zeros(len(cells), dtype=bool)
    lon, lat, reach_km = (cells[name].to_numpy(dtype=float) for name in ("lon", "lat", "reach_km"))
    margin_lat, margin_lon = _margins(lat, reach_km)
    # longitudes in one piece across the antimeridian
    along = (rx_lon - rx_lon[0] + 180.0) % 360.0 - 180.0
    middle, half = rx_lon[0] + (along.min() + along.max()) / 2.0, np.ptp(along) / 2.0
    apart = np.abs((lon - middle + 180.0) % 360.0 - 180.0)
    return np.asarray(
        (lat >= rx_lat.min() - margin_lat) & (lat <= rx_lat.max() + margin_lat) & (apart <= half + margin_lon)
    )


def _margins(lat: Floats, reach_km: Floats) -> tuple[Floats, Floats]:
    """Degrees of latitude and longitude that surely hold the reach."""
    margin_lat = reach_km / _SHORTEST_DEGREE_KM
    narrowest = np.cos(np.radians(np.minimum(np.abs(lat) + margin_lat, 89.0)))
    return margin_lat, np.minimum(margin_lat / np.maximum(narrowest, 0.01), 180.0)


def _elevation_deg(
    window: TerrainWindow | None,
    frame: SiteFrame,
    loss: AreaLoss,
    height_m: float,
    rx_lon: Floats,
    rx_lat: Floats,
    climate: RadioClimate,
) -> Floats:
    """Elevation of receivers seen from the antenna, degrees above the horizon, shape (m,).

    ``θ = atan((h_r − h_t − d²/(2·a_e)) / d)`` with the antennas' heights above sea level and the effective radius of
    the earth ``a_e = 157·a/(157 − ΔN)`` (P.1812 equation 5). On smooth earth the ground is level.
    """
    distance_m = np.maximum(loss.distance_km, 0.001) * 1000.0
    rise_m = np.full(len(distance_m), receiver_height_m() - height_m)
    if window is not None:
        over_terrain = loss.terrain == TERRAIN
        mast = ground_m(window, np.array([frame.lon]), np.array([frame.lat]))
        rise_m[over_terrain] += ground_m(window, rx_lon[over_terrain], rx_lat[over_terrain]) - mast
    radius_m = EARTH_RADIUS_KM * 1000.0 * 157.0 / (157.0 - climate.delta_n)
    return np.asarray(np.degrees(np.arctan2(rise_m - distance_m**2 / (2.0 * radius_m), distance_m)))


def _attenuation_db(
    group: pd.DataFrame, azimuth_deg: Floats, elevation_deg: Floats, patterns: Mapping[str, Pattern]
) -> Floats:
    """Attenuation of each cell's antenna, shape (cells, receivers); a tilt lowers the beam in every direction alike."""
    attenuation = np.zeros((len(group), len(azimuth_deg)))
    antennas = zip(group["pattern"], group["azimuth_deg"], group["tilt_deg"], group["beamwidth_deg"], strict=True)
    for row, (pattern, azimuth, tilt, beamwidth) in enumerate(antennas):
        if pattern == SECTOR:
            attenuation[row] = sector_attenuation_db(azimuth_deg - azimuth, elevation_deg + tilt, beamwidth)
        elif pattern != OMNI:
            table = patterns[pattern]
            attenuation[row] = pattern_attenuation_db(table, azimuth_deg - azimuth, elevation_deg + tilt)
    return attenuation


@dataclass(frozen=True)
class BestServer:
    """Strongest level of each of g services at n receivers; arrays of shape (g, n).

    `level_dbm` is NaN, `cell` −1 and `path` 255 where no cell is in reach.
    """

    level_dbm: Floats
    cell: Integers
    path: npt.NDArray[np.uint8]


def best_servers(service: Integers, reached: Iterable[Reached], n: int, *, services: int) -> BestServer:
    """Combine what cells give to n receivers; a tie goes to the cell that comes first.

    Parameters
    ----------
    service
        For each cell the service it belongs to, 0…g−1; only cells of one service compete.
    reached
        From `levels`, in any order.
    services
        Their number g.
    """
    shape = (services, n)
    level, best = np.full(shape, -np.inf), np.full(shape, -1, dtype=np.int64)
    path = np.full(shape, NO_PATH, dtype=np.uint8)
    for part in reached:
        for values, cell in zip(part.level_dbm, part.cell, strict=True):
            row = service[cell]
            now, holder = level[row, part.receiver], best[row, part.receiver]
            better = (values > now) | ((values == now) & (cell < holder))
            chosen = part.receiver[better]
            level[row, chosen], best[row, chosen], path[row, chosen] = values[better], cell, part.path[better]
    level[best < 0] = np.nan
    return BestServer(level, best, path)
