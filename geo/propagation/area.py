"""Area mode: the loss from one site to many receivers over terrain in memory.

Each receiver has its own exact profile along the geodesic from the site, evenly spaced at `step_km` or less, so
its loss equals `p1812.basic_transmission_loss` of that profile to rounding (1e-9 dB). Three rules go beyond the
Recommendation, and each result says which applied: closer than 0.25 km the loss is that of free space; a path
that is not wholly inside the terrain, or meets a void, is smooth Earth throughout; all paths are inland.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from geo.errors import LimitExceeded, Problem, ValueRejected
from geo.propagation.p1812.limits import check_scalar, polarization_codes
from geo.propagation.window import VOID_M, FloatArray, SiteFrame, TerrainWindow, site_frame

# values of AreaLoss.terrain
TERRAIN, SMOOTH_EARTH, FREE_SPACE = 0, 1, 2


@dataclass(frozen=True, slots=True)
class AreaLoss:
    """Losses from one site, each array of shape (m,).

    `loss_db` is the basic transmission loss; `terrain` what it was worked out over: 0 terrain, 1 smooth
    Earth, 2 free space; `distance_km` the geodesic distance. `source` and `resolution_m` name the terrain.
    """

    loss_db: FloatArray
    terrain: npt.NDArray[np.uint8]
    distance_km: FloatArray
    step_km: float
    source: str
    resolution_m: float | None


def area_loss(
    window: TerrainWindow | None,
    frame: SiteFrame,
    *,
    rx_lon: FloatArray,
    rx_lat: FloatArray,
    step_km: float,
    frequency_ghz: float,
    tx_height_m: float,
    rx_height_m: float,
    delta_n: float,
    n0: float,
    time_percent: float = 50.0,
    polarization: str = "vertical",
    location_percent: float = 50.0,
    sigma_location_db: float = 0.0,
    clutter_m: float = 0.0,
) -> AreaLoss:
    """Loss from the site of `frame` to every receiver, in parallel over receivers.

    Parameters
    ----------
    window
        Terrain the frame was made for; None for smooth Earth.
    rx_lon, rx_lat
        Shape (m,), degrees WGS 84. Neighbouring receivers side by side run fastest.
    step_km
        Longest spacing of profile points.
    clutter_m
        Clutter height over the whole of each path but its ends.

    The other arguments are those of `p1812.basic_transmission_loss`.

    Raises
    ------
    LimitExceeded
        A value lies outside the limits of the Recommendation, or a receiver outside the frame's radius.
    """
    scalars = {
        "frequency_ghz": frequency_ghz,
        "time_percent": time_percent,
        "tx_height_m": tx_height_m,
        "rx_height_m": rx_height_m,
        "tx_lat": frame.lat,
        "tx_lon": frame.lon,
        "delta_n": delta_n,
        "n0": n0,
        "location_percent": location_percent,
        "sigma_location_db": sigma_location_db,
    }
    for name, value in scalars.items():
        check_scalar(name, np.array([value], dtype=np.float64))
    rx_lon = np.ascontiguousarray(rx_lon, dtype=np.float64)
    rx_lat = np.ascontiguousarray(rx_lat, dtype=np.float64)
    if rx_lon.ndim != 1 or rx_lon.shape != rx_lat.shape:
        raise ValueRejected(
            Problem(what="receivers' longitudes and latitudes differ in number", remedy="Give one of each.")
        )
    check_scalar("rx_lon", rx_lon)
    check_scalar("rx_lat", rx_lat)
    _require("step_km", step_km, 0.001 <= step_km <= frame.radius_km, "It must be 0.001 km up to the radius.")
    _require("clutter_m", clutter_m, 0.0 <= clutter_m <= 1000.0, "It must be 0 to 1000 m.")

    # numba is imported and the kernels are compiled on first use
    from geo.propagation.sweep import receiver_losses

    grid, columns, rows, voids = _terrain_arguments(window)
    losses, terrain, distances = receiver_losses(
        grid,
        columns,
        rows,
        voids,
        frame.lon,
        frame.lat,
        frame.radius_km,
        frame.degrees_scale,
        frame.to_plane,
        frame.to_pixel,
        rx_lon,
        rx_lat,
        float(step_km),
        float(frequency_ghz),
        float(time_percent),
        float(tx_height_m),
        float(rx_height_m),
        float(delta_n),
        float(n0),
        int(polarization_codes(polarization)[0]),
        float(location_percent),
        float(sigma_location_db),
        float(clutter_m),
    )
    too_far = distances > 1.01 * frame.radius_km
    if too_far.any():
        farthest = float(distances.max())
        _require("rx_lon, rx_lat", farthest, False, f"Receivers must be within {frame.radius_km:g} km of the site.")
    return AreaLoss(
        losses,
        terrain,
        distances,
        step_km,
        source="smooth Earth" if window is None else window.source,
        resolution_m=None if window is None else window.resolution_m,
    )


def receiver_profile(
    window: TerrainWindow | None, frame: SiteFrame, rx_lon: float, rx_lat: float, step_km: float
) -> tuple[FloatArray, FloatArray, int]:
    """The profile `area_loss` uses for one receiver.

    Returns
    -------
    (distances_km, heights_m, terrain)
        Arrays of shape (n,), n ≥ 3, and 0 for terrain or 1 for smooth Earth.
    """
    from geo.propagation import sweep

    grid, columns, rows, voids = _terrain_arguments(window)
    distances, heights, kind = sweep.receiver_profile(
        grid,
        columns,
        rows,
        voids,
        frame.lon,
        frame.lat,
        frame.radius_km,
        frame.degrees_scale,
        frame.to_plane,
        frame.to_pixel,
        float(rx_lon),
        float(rx_lat),
        float(step_km),
    )
    return distances, heights, int(kind)


def _terrain_arguments(window: TerrainWindow | None) -> tuple[npt.NDArray[np.float32], int, int, bool]:
    if window is None:
        return np.zeros(1, dtype=np.float32), 0, 0, False
    rows, columns = window.heights_m.shape
    grid = np.ascontiguousarray(window.heights_m, dtype=np.float32).reshape(-1)
    return grid, columns, rows, bool(grid.min() <= VOID_M)


def _require(column: str, value: float, good: bool, remedy: str) -> None:
    if not good:
        raise LimitExceeded(
            Problem(what="outside the limits of the area mode", remedy=remedy, column=column, value=value)
        )


__all__ = ["FREE_SPACE", "SMOOTH_EARTH", "TERRAIN", "AreaLoss", "area_loss", "receiver_profile", "site_frame"]
