"""Kernels from one site to many receivers, in parallel, each over its own profile."""

import math

import numba
import numpy as np
import numpy.typing as npt

from geo.propagation.compiled import FloatArray, compiled, compiled_parallel
from geo.propagation.extraction import FloatGrid, fill_profile, polynomial
from geo.propagation.median import (
    MINIMUM_DISTANCE_KM,
    NO_COAST_KM,
    ducting_floor,
    median_inland_loss,
    shared_tables,
    site_constants,
)
from geo.propagation.p1812.climate import INLAND, median_earth_radius
from geo.propagation.p1812.combination import free_space_loss, inverse_normal
from geo.propagation.p1812.diffraction import land_and_sea_admittance
from geo.propagation.p1812.kernel import path_quantities

FREE_SPACE = 2  # beside TERRAIN and SMOOTH_EARTH of the extraction
CLOSEST_KM = 0.001
RECEIVERS_PER_TASK = 256


@compiled
def segment_count(length: float, step_km: float) -> int:
    """Segments of a profile: as long as `step_km` at most, and one point at least between the terminals."""
    return max(2, math.ceil(length / step_km - 1e-9))


@compiled_parallel
def receiver_losses(
    grid: FloatGrid,
    columns: int,
    rows: int,
    voids: bool,
    lon: float,
    lat: float,
    radius_km: float,
    degrees_scale: tuple[float, float],
    to_plane: FloatArray,
    to_pixel: FloatArray,
    rx_lon: FloatArray,
    rx_lat: FloatArray,
    step_km: float,
    f: float,
    time_percent: float,
    tx_height_m: float,
    rx_height_m: float,
    delta_n: float,
    n0: float,
    polarization: int,
    location_percent: float,
    sigma_location_db: float,
    clutter_m: float,
) -> tuple[FloatArray, npt.NDArray[np.uint8], FloatArray]:
    """Loss, terrain used and distance of every receiver, each of shape (m,).

    Parameters
    ----------
    grid, columns, rows, voids
        Terrain, flattened, and whether any of its heights is unknown.
    lon, lat, radius_km, degrees_scale, to_plane, to_pixel
        The `SiteFrame`.
    rx_lon, rx_lat
        Shape (m,), degrees, within the radius.
    """
    count = rx_lon.shape[0]
    losses = np.empty(count)
    terrain = np.empty(count, dtype=np.uint8)
    distances = np.empty(count)
    longest = segment_count(1.01 * radius_km, step_km)
    counting = np.arange(longest + 1).astype(np.float64)
    tables = shared_tables(longest)
    ae = median_earth_radius(delta_n)
    constants = site_constants(f, ae, n0, step_km)
    land, _ = land_and_sea_admittance(f, polarization)
    location_db = -inverse_normal(location_percent / 100.0) * sigma_location_db
    nearest_equator = max(abs(lat) - radius_km / 110.0, 0.0)
    floors = np.empty(int(1.01 * radius_km) + 2)
    for k in range(floors.shape[0]):
        floors[k] = ducting_floor(nearest_equator, max(float(k), MINIMUM_DISTANCE_KM), k + 1.0)
    zones = np.full(longest + 1, INLAND)
    flat = np.zeros(longest + 1)
    fast = time_percent == 50.0 and clutter_m == 0.0
    for task in numba.prange((count + RECEIVERS_PER_TASK - 1) // RECEIVERS_PER_TASK):
        rays = np.empty((2, 6))
        pixels = np.empty(longest + 1, dtype=np.int32)
        room = np.empty((7, longest + 1))
        heights = room[6]
        numbers = np.array(
            [
                *(f, time_percent, tx_height_m, rx_height_m, lat, lon, 0.0, 0.0),
                *(delta_n, n0, location_percent, sigma_location_db, NO_COAST_KM, NO_COAST_KM),
            ]
        )
        for k in range(task * RECEIVERS_PER_TASK, min((task + 1) * RECEIVERS_PER_TASK, count)):
            away = (rx_lon[k] - lon + 180.0) % 360.0 - 180.0
            u = away / degrees_scale[0]
            v = (rx_lat[k] - lat) / degrees_scale[1]
            east = polynomial(to_plane, 0, u, v)
            north = polynomial(to_plane, 1, u, v)
            length = math.sqrt(east * east + north * north)
            distances[k] = length
            segments = segment_count(length, step_km)
            if segments > longest:
                losses[k] = math.nan
                terrain[k] = FREE_SPACE
                continue
            kind = fill_profile(
                grid, columns, rows, to_pixel, east / radius_km, north / radius_km, segments, counting, rays,
                pixels, room[3], room[4], heights, voids,
            )  # fmt: skip
            terrain[k] = kind
            if length < MINIMUM_DISTANCE_KM:
                terrain[k] = FREE_SPACE
                losses[k] = free_space_loss(
                    max(length, CLOSEST_KM), heights[0] + tx_height_m, heights[segments] + rx_height_m, f
                )
            elif fast:
                losses[k] = median_inland_loss(
                    heights, segments, length, counting, tables, room, tx_height_m, rx_height_m, lat, lon,
                    rx_lat[k], rx_lon[k], f, ae, land, constants, floors[int(length)], location_db,
                )  # fmt: skip
            else:
                end = segments + 1
                for i in range(end):
                    room[0, i] = length * counting[i] / segments
                    room[1, i] = heights[i] + clutter_m
                room[1, 0] = heights[0]
                room[1, segments] = heights[segments]
                numbers[6], numbers[7] = rx_lat[k], rx_lon[k]
                losses[k] = path_quantities(
                    room[0, :end], heights[:end], room[1, :end], flat[:end], zones[:end], numbers, polarization, False
                )[-2]
    return losses, terrain, distances


@compiled
def receiver_profile(
    grid: FloatGrid,
    columns: int,
    rows: int,
    voids: bool,
    lon: float,
    lat: float,
    radius_km: float,
    degrees_scale: tuple[float, float],
    to_plane: FloatArray,
    to_pixel: FloatArray,
    rx_lon: float,
    rx_lat: float,
    step_km: float,
) -> tuple[FloatArray, FloatArray, int]:
    """The profile `receiver_losses` uses for one receiver: distances km, heights m, terrain used."""
    u = ((rx_lon - lon + 180.0) % 360.0 - 180.0) / degrees_scale[0]
    v = (rx_lat - lat) / degrees_scale[1]
    east = polynomial(to_plane, 0, u, v)
    north = polynomial(to_plane, 1, u, v)
    length = math.sqrt(east * east + north * north)
    segments = segment_count(length, step_km)
    counting = np.arange(segments + 1).astype(np.float64)
    heights = np.empty(segments + 1)
    room = np.empty((2, segments + 1))
    kind = fill_profile(
        grid, columns, rows, to_pixel, east / radius_km, north / radius_km, segments, counting, np.empty((2, 6)),
        np.empty(segments + 1, dtype=np.int32), room[0], room[1], heights, voids,
    )  # fmt: skip
    return length * counting / segments, heights, kind
