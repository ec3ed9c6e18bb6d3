"""From cells to the level that a handset measures.

For each cell and receiver, all in dB or dBm::

    level = EIRP − below − A − L

- EIRP: the whole carrier's, antenna gain included;
- below: what the measured level lies below the carrier: ``10·log10(12·N_RB)`` for RSRP, 0 for RSSI of 2G, the pilot's
  share for RSCP of 3G (`Carrier.level_below_eirp_db`);
- A: attenuation of the antenna's pattern towards the receiver (`geo.propagation.antennas`);
- L: basic transmission loss of ITU-R P.1812-8 over terrain (`geo.propagation.area`), free space below 0.25 km.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from geo.errors import LimitExceeded, Problem, ValueRejected
from geo.propagation.antennas import sector_attenuation_db
from geo.propagation.area import TERRAIN, AreaLoss, area_loss
from geo.propagation.carriers import carriers, receiver_height_m
from geo.propagation.terrain import Terrain
from geo.propagation.window import site_frame
from geo.region import GEOD, RadioClimate

Floats = npt.NDArray[np.float64]

PROFILE_STEP_KM = 0.25
EARTH_RADIUS_KM = 6371.0
P1812_MHZ = (30.0, 6000.0)
_PATTERNS = ("omni", "3gpp")
_SHARED = ["lon", "lat", "height_m", "band_mhz", "reach_km"]


def complete_cells(sites: gpd.GeoDataFrame) -> tuple[pd.DataFrame, list[str]]:
    """Cells with every value that the level needs; what a site list leaves out is assumed, and said.

    Parameters
    ----------
    sites
        Canonical sites, WGS 84.

    Returns
    -------
    cells
        One row per cell of a technology that has carriers: the columns of table `sites`, all filled but `azimuth_deg`
        (null: omnidirectional), and `lon`, `lat`, `reach_km`, `below_eirp_db`.
    notes
        What was assumed or left out, in sentences with counts.

    Raises
    ------
    LimitExceeded
        A band outside 30 MHz to 6 GHz.
    ValueRejected
        A pattern that is not known, or a sector without its azimuth.
    """
    known = carriers()
    has_carrier = sites["technology"].isin(list(known)).to_numpy()
    cells = pd.DataFrame(sites[has_carrier].drop(columns="geometry")).reset_index(drop=True)
    points = sites.geometry[has_carrier]
    cells["lon"], cells["lat"] = points.x.to_numpy(), points.y.to_numpy()
    notes = []
    if not has_carrier.all():
        notes.append(f"{int((~has_carrier).sum())} rows are of technologies without a radio carrier and are left out")
    for column in ("band_mhz", "bandwidth_mhz", "eirp_dbm", "height_m"):
        assumed = cells["technology"].map({name: getattr(carrier, column) for name, carrier in known.items()})
        missing = int(cells[column].isna().sum())
        if missing:
            notes.append(f"{column} is not given for {missing} cells; assumed by technology")
        cells[column] = cells[column].fillna(assumed.astype(float))
    cells["reach_km"] = cells["technology"].map({name: c.reach_km for name, c in known.items()}).astype(float)
    cells["below_eirp_db"] = [
        known[technology].level_below_eirp_db(bandwidth)
        for technology, bandwidth in zip(cells["technology"], cells["bandwidth_mhz"], strict=True)
    ]
    _check(cells)
    return cells.sort_values("cell_id", kind="stable").reset_index(drop=True), notes


def _check(cells: pd.DataFrame) -> None:
    low, high = P1812_MHZ
    outside = cells[~cells["band_mhz"].between(low, high)]
    if len(outside):
        remedy = f"ITU-R P.1812 holds for {low:g} to {high:g} MHz"
        raise LimitExceeded(_problems(outside, "band_mhz", "is outside the limits of the propagation model", remedy))
    pattern = cells["pattern"].fillna("").str.lower()
    strange = cells[~pattern.isin(["", *_PATTERNS])]
    if len(strange):
        remedy = f"Accepted: {', '.join(_PATTERNS)}, or empty"
        raise ValueRejected(_problems(strange, "pattern", "has a pattern that is not known", remedy))
    aimless = cells[(pattern == "3gpp") & cells["azimuth_deg"].isna()]
    if len(aimless):
        remedy = "A sector antenna needs the direction it points to"
        raise ValueRejected(_problems(aimless, "azimuth_deg", "is a sector without a direction", remedy))


def _problems(cells: pd.DataFrame, column: str, what: str, remedy: str) -> list[Problem]:
    values = cells[column].astype(object).where(cells[column].notna(), None)
    return [
        Problem(f"cell {cell} {what}", remedy, column=column, value=value)
        for cell, value in zip(cells["cell_id"], values, strict=True)
    ]


@dataclass(frozen=True)
class Reached:
    """What one or more co-sited cells of one band give to the receivers in their reach.

    `cell` (k,) counts rows of the cells table, `receiver` (m,) the receivers; `level_dbm` has shape (k, m);
    `over_terrain` (m,) tells where the path lay over terrain, else it was smooth earth or free space.
    """

    cell: npt.NDArray[np.int64]
    receiver: npt.NDArray[np.int64]
    level_dbm: Floats
    over_terrain: npt.NDArray[np.bool_]


def levels(
    cells: pd.DataFrame,
    rx_lon: Floats,
    rx_lat: Floats,
    terrain: Terrain | None,
    climate: RadioClimate,
    *,
    time_percent: float = 50.0,
    location_percent: float = 50.0,
    sigma_location_db: float = 0.0,
) -> Iterator[Reached]:
    """Levels of cells at receivers, one mast, height and band at a time, in the order of the cells.

    Parameters
    ----------
    cells
        From `complete_cells`.
    rx_lon, rx_lat
        Receivers, shape (n,), degrees WGS 84; at the handset's height above ground.
    terrain
        Open terrain; None models smooth earth throughout.
    climate
        ΔN and N0 of the region.
    time_percent, location_percent, sigma_location_db
        As P.1812 has them.
    """
    for shared, group in cells.groupby(_SHARED, sort=False):
        lon, lat, height_m, band_mhz, reach_km = np.asarray(shared, dtype=float).tolist()
        receiver = _in_reach(lon, lat, reach_km, rx_lon, rx_lat)
        if not len(receiver):
            continue
        radius_km = reach_km * 1.01
        window = terrain.window(lon, lat, radius_km) if terrain is not None else None
        loss = area_loss(
            window,
            site_frame(window, lon, lat, radius_km),
            rx_lon=rx_lon[receiver],
            rx_lat=rx_lat[receiver],
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
        azimuth = GEOD.inv(
            np.full(len(receiver), lon), np.full(len(receiver), lat), rx_lon[receiver], rx_lat[receiver]
        )[0]
        power_dbm = np.asarray(group["eirp_dbm"] - group["below_eirp_db"], dtype=float)
        base = power_dbm[:, None] - loss.loss_db[None, :]
        yield Reached(
            cell=group.index.to_numpy(),
            receiver=receiver,
            level_dbm=base - _attenuation_db(group, azimuth, loss, height_m, climate),
            over_terrain=loss.terrain == TERRAIN,
        )


def _in_reach(lon: float, lat: float, reach_km: float, rx_lon: Floats, rx_lat: Floats) -> npt.NDArray[np.int64]:
    """Receivers within reach; a box of degrees keeps the geodesics to a few."""
    margin_lat = reach_km / 110.0
    margin_lon = min(180.0, margin_lat / max(np.cos(np.radians(min(abs(lat) + margin_lat, 89.0))), 0.01))
    apart = np.abs((rx_lon - lon + 180.0) % 360.0 - 180.0)
    near = np.flatnonzero((np.abs(rx_lat - lat) <= margin_lat) & (apart <= margin_lon))
    metres = GEOD.inv(np.full(len(near), lon), np.full(len(near), lat), rx_lon[near], rx_lat[near])[2]
    return np.asarray(near[np.asarray(metres) <= reach_km * 1000.0], dtype=np.int64)


def _attenuation_db(
    group: pd.DataFrame, azimuth_deg: Floats, loss: AreaLoss, height_m: float, climate: RadioClimate
) -> Floats:
    """Pattern attenuation, shape (cells, receivers); 0 for omnidirectional cells.

    The receiver's elevation is that over an earth of effective radius ``a_e = 157·a/(157 − ΔN)`` (P.1812 equation 5)
    between antennas of equal ground height.
    """
    azimuth = group["azimuth_deg"].to_numpy(dtype=float)[:, None]
    distance_m = np.maximum(loss.distance_km, 0.001) * 1000.0
    radius_m = EARTH_RADIUS_KM * 1000.0 * 157.0 / (157.0 - climate.delta_n)
    drop_m = height_m - receiver_height_m() + distance_m**2 / (2.0 * radius_m)
    elevation_deg = -np.degrees(np.arctan2(drop_m, distance_m))[None, :]
    tilt = group["tilt_deg"].fillna(0.0).to_numpy(dtype=float)[:, None]
    width = group["beamwidth_deg"].to_numpy(dtype=float)[:, None]
    attenuation = sector_attenuation_db(azimuth_deg[None, :] - azimuth, elevation_deg + tilt, width)
    return np.where(np.isfinite(azimuth), attenuation, 0.0)


@dataclass(frozen=True)
class BestServer:
    """Strongest level of each of g services at n receivers; arrays of shape (g, n).

    `level_dbm` is NaN and `cell` −1 where no cell is in reach; `over_terrain` is False over smooth earth or free space.
    """

    level_dbm: Floats
    cell: npt.NDArray[np.int64]
    over_terrain: npt.NDArray[np.bool_]


def best_servers(service: npt.NDArray[np.int64], reached: Iterator[Reached], n: int, *, services: int) -> BestServer:
    """Combine what cells give to n receivers; a tie goes to the cell that comes first.

    Parameters
    ----------
    service
        For each cell the service it belongs to, 0…g−1; only cells of one service compete.
    reached
        From `levels`.
    services
        Their number g.
    """
    shape = (services, n)
    level, best = np.full(shape, -np.inf), np.full(shape, -1, dtype=np.int64)
    over_terrain = np.zeros(shape, dtype=bool)
    for part in reached:
        for values, cell in zip(part.level_dbm, part.cell, strict=True):
            row = service[cell]
            now, holder = level[row, part.receiver], best[row, part.receiver]
            better = (values > now) | ((values == now) & (cell < holder))
            chosen = part.receiver[better]
            level[row, chosen], best[row, chosen] = values[better], cell
            over_terrain[row, chosen] = part.over_terrain[better]
    level[best < 0] = np.nan
    return BestServer(level, best, over_terrain)
