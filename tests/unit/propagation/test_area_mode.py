"""Area mode: the same losses as path by path, and what happens at the edges of terrain."""

from dataclasses import replace
from typing import Any

import numba
import numpy as np
import pyproj
import pytest

from geo.errors import LimitExceeded, ValueRejected
from geo.propagation.area import FREE_SPACE, SMOOTH_EARTH, TERRAIN, area_loss, receiver_profile
from geo.propagation.p1812 import basic_transmission_loss, intermediate_values
from geo.propagation.window import VOID_M, TerrainWindow, site_frame

SITE = (57.5, 49.5)
GEOD = pyproj.Geod(ellps="WGS84")
SETTINGS = {"frequency_ghz": 0.9, "tx_height_m": 50.0, "rx_height_m": 1.5, "delta_n": 45.0, "n0": 325.0}


def around(distances_km: Any, azimuths_deg: Any, site: tuple[float, float] = SITE) -> dict[str, np.ndarray]:
    distances, azimuths = np.broadcast_arrays(np.asarray(distances_km, float), np.asarray(azimuths_deg, float))
    lon, lat, _ = GEOD.fwd(
        np.full(distances.shape, site[0]), np.full(distances.shape, site[1]), azimuths, distances * 1000.0
    )
    return {"rx_lon": np.asarray(lon), "rx_lat": np.asarray(lat)}


def scattered(count: int, radius_km: float, seed: int = 3) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    return around(radius_km * np.sqrt(rng.uniform(0.0002, 1.0, count)), rng.uniform(0.0, 360.0, count))


@pytest.mark.parametrize(
    ("change", "relief", "step_km"),
    [
        ({}, 1.0, 0.1),
        ({}, 1.0, 0.25),
        ({"frequency_ghz": 0.03, "polarization": "horizontal"}, 1.0, 0.25),
        ({"frequency_ghz": 0.15, "tx_height_m": 1.0, "rx_height_m": 1.0, "delta_n": 120.0}, 0.05, 0.25),
        ({"frequency_ghz": 6.0, "delta_n": 120.0}, 6.0, 0.3),
        ({"frequency_ghz": 3.5, "tx_height_m": 3000.0, "rx_height_m": 300.0}, 6.0, 0.4),
        ({"frequency_ghz": 2.1, "location_percent": 90.0, "sigma_location_db": 5.5}, 0.0, 0.7),
        ({"time_percent": 10.0}, 1.0, 0.5),
        ({"clutter_m": 15.0, "polarization": "horizontal"}, 1.0, 0.5),
    ],
)
def test_every_receiver_has_the_loss_of_its_own_profile(
    hills: TerrainWindow, change: dict[str, Any], relief: float, step_km: float
) -> None:
    window = replace(hills, heights_m=(250 + relief * (hills.heights_m - 250)).astype(np.float32))
    frame = site_frame(window, *SITE, 29.0)
    receivers = scattered(400, 29.0)
    used = SETTINGS | change
    result = area_loss(window, frame, **receivers, step_km=step_km, **used)
    assert set(np.unique(result.terrain)) <= {TERRAIN, FREE_SPACE}
    used = {"time_percent": 50.0} | used
    for k in np.flatnonzero(result.terrain == TERRAIN):
        lon, lat = receivers["rx_lon"][k], receivers["rx_lat"][k]
        distances, heights, _ = receiver_profile(window, frame, lon, lat, step_km)
        loss = basic_transmission_loss(
            distances, heights, tx_lon=SITE[0], tx_lat=SITE[1], rx_lon=lon, rx_lat=lat, **used
        )
        assert result.loss_db[k] == pytest.approx(loss, rel=0, abs=1e-9)


def test_the_bounds_that_skip_ducting_hold_where_ducting_counts() -> None:
    # low antennas far out over nearly flat ground at 6 GHz: diffraction loses more than ducting does
    surface = 100.0 + np.random.default_rng(5).uniform(0.0, 3.0, (260, 260))
    window = TerrainWindow(
        surface.astype(np.float32), (0.0138, 0, 57.5 - 1.8, 0, -0.009, 49.5 + 1.17), "EPSG:4326", 1000.0, "plain"
    )
    frame = site_frame(window, *SITE, 110.0)
    receivers = scattered(300, 110.0)
    used = SETTINGS | {"frequency_ghz": 6.0, "tx_height_m": 10.0, "rx_height_m": 2.0}
    result = area_loss(window, frame, **receivers, step_km=1.0, **used)
    ducted = 0
    for k in np.flatnonzero(result.terrain == TERRAIN):
        lon, lat = receivers["rx_lon"][k], receivers["rx_lat"][k]
        distances, heights, _ = receiver_profile(window, frame, lon, lat, 1.0)
        path = {"time_percent": 50.0, "tx_lon": SITE[0], "tx_lat": SITE[1], "rx_lon": lon, "rx_lat": lat} | used
        values = intermediate_values(distances, heights, **path)
        ducted += values["Lminbap"] <= values["Lbd"]
        assert result.loss_db[k] == pytest.approx(values["Lb"], rel=0, abs=1e-9)
    assert ducted > 0


@pytest.mark.parametrize("crs", ["EPSG:4326", "EPSG:32640", "+proj=aea +lat_1=48 +lat_2=51 +lon_0=57 +datum=WGS84"])
def test_profiles_follow_the_geodesic_in_any_crs(crs: str) -> None:
    # terrain whose height is its column plus a thousandth of its row shows where each point was read
    to_crs = pyproj.Transformer.from_crs("OGC:CRS84", crs, always_xy=True)
    x, y = to_crs.transform(*SITE)
    pixel = (0.0014, 0.0009) if crs == "EPSG:4326" else (100.0, 100.0)
    size = 700
    rows, columns = np.mgrid[:size, :size]
    window = TerrainWindow(
        (columns + rows / 1000.0).astype(np.float32),
        (pixel[0], 0.0, x - size / 2 * pixel[0], 0.0, -pixel[1], y + size / 2 * pixel[1]),
        crs,
        100.0,
        "coordinates",
    )
    frame = site_frame(window, *SITE, 30.0)
    for azimuth in (1.0, 88.0, 200.0, 359.0):
        receiver = around(29.5, azimuth)
        lon, lat = float(receiver["rx_lon"]), float(receiver["rx_lat"])
        distances, heights, kind = receiver_profile(window, frame, lon, lat, 0.5)
        assert kind == TERRAIN
        assert distances[-1] == pytest.approx(29.5, abs=1e-3)
        points = around(distances, azimuth)
        px, py = to_crs.transform(points["rx_lon"], points["rx_lat"])
        column = (px - window.transform[2]) / pixel[0] - 0.5
        row = (window.transform[5] - py) / pixel[1] - 0.5
        np.testing.assert_allclose(heights, column + row / 1000.0, rtol=0, atol=0.02)


def test_a_path_that_leaves_the_terrain_is_smooth_earth_throughout(hills: TerrainWindow) -> None:
    # a site 2 km from the northern edge: to the north outside, to the south inside
    site = (57.5, 49.5 + 28.0 / 111.2)
    frame = site_frame(hills, *site, 20.0)
    receivers = around([10.0, 10.0, 1.0, 1.0], [0.0, 180.0, 0.0, 180.0], site)
    result = area_loss(hills, frame, **receivers, step_km=0.1, **SETTINGS)
    assert result.terrain.tolist() == [SMOOTH_EARTH, TERRAIN, TERRAIN, TERRAIN]
    smooth = area_loss(None, frame, **receivers, step_km=0.1, **SETTINGS)
    assert result.loss_db[0] == smooth.loss_db[0]
    assert (result.source, smooth.source) == ("hills", "smooth Earth")
    distances, heights, kind = receiver_profile(
        hills, frame, float(receivers["rx_lon"][0]), float(receivers["rx_lat"][0]), 0.1
    )
    assert kind == SMOOTH_EARTH
    assert not heights.any()
    assert distances.size == 101


def test_a_site_outside_the_terrain_sees_smooth_earth(hills: TerrainWindow) -> None:
    frame = site_frame(hills, 60.0, 52.0, 10.0)
    result = area_loss(hills, frame, **around([1.0, 9.0], [10.0, 200.0], (60.0, 52.0)), step_km=0.25, **SETTINGS)
    assert (result.terrain == SMOOTH_EARTH).all()
    assert np.isfinite(result.loss_db).all()


def test_a_path_across_a_void_is_smooth_earth(hills: TerrainWindow) -> None:
    heights = hills.heights_m.copy()
    heights[295:305, 340:342] = VOID_M  # 4 km east of the site
    window = replace(hills, heights_m=heights)
    frame = site_frame(window, *SITE, 20.0)
    result = area_loss(window, frame, **around([3.0, 10.0, 10.0], [90.0, 90.0, 45.0]), step_km=0.05, **SETTINGS)
    assert result.terrain.tolist() == [TERRAIN, SMOOTH_EARTH, TERRAIN]
    assert np.isfinite(result.loss_db).all()


def test_the_sites_own_pixel_and_its_neighbours_have_free_space(hills: TerrainWindow) -> None:
    frame = site_frame(hills, *SITE, 5.0)
    result = area_loss(hills, frame, **around([0.0, 0.1, 0.2499, 0.2501], 30.0), step_km=0.1, **SETTINGS)
    assert result.terrain.tolist() == [FREE_SPACE] * 3 + [TERRAIN]
    assert np.isfinite(result.loss_db).all()
    assert (np.diff(result.loss_db) > 0).all()


def test_losses_are_continuous_across_north(hills: TerrainWindow) -> None:
    flat = replace(hills, heights_m=np.full_like(hills.heights_m, 200.0))
    frame = site_frame(flat, *SITE, 20.0)
    result = area_loss(flat, frame, **around(15.0, [359.0, 0.0, 1.0]), step_km=0.25, **SETTINGS)
    assert np.ptp(result.loss_db) < 1e-4


def test_the_antimeridian_is_no_border() -> None:
    site = (179.95, 60.0)
    frame = site_frame(None, *site, 30.0)
    receivers = around(20.0, [90.0, 270.0], site)
    assert receivers["rx_lon"][0] < 0
    result = area_loss(None, frame, **receivers, step_km=0.25, **SETTINGS)
    np.testing.assert_allclose(result.distance_km, 20.0, atol=1e-3)
    assert result.loss_db[0] == pytest.approx(result.loss_db[1], abs=1e-3)


def test_a_ridge_costs_signal_behind_it(hills: TerrainWindow) -> None:
    surface = np.full_like(hills.heights_m, 100.0)
    flat_frame = site_frame(replace(hills, heights_m=surface), *SITE, 20.0)
    east = around([10.0], [90.0])
    flat = area_loss(replace(hills, heights_m=surface), flat_frame, **east, step_km=0.1, **SETTINGS)
    ridge = surface.copy()
    ridge[:, 350:353] = 250.0
    behind = area_loss(replace(hills, heights_m=ridge), flat_frame, **east, step_km=0.1, **SETTINGS)
    hill = surface.copy()
    hill[298:302, 298:302] = 250.0
    above = area_loss(replace(hills, heights_m=hill), flat_frame, **east, step_km=0.1, **SETTINGS)
    assert above.loss_db[0] < flat.loss_db[0] < behind.loss_db[0] - 20.0


@pytest.mark.skipif(numba.config.NUMBA_NUM_THREADS < 2, reason="one thread only")
def test_parallel_equals_serial_bit_for_bit(hills: TerrainWindow) -> None:
    frame = site_frame(hills, *SITE, 29.0)
    receivers = scattered(3000, 29.0)
    threads = numba.get_num_threads()
    try:
        numba.set_num_threads(1)
        serial = area_loss(hills, frame, **receivers, step_km=0.25, **SETTINGS)
        numba.set_num_threads(2)
        parallel = area_loss(hills, frame, **receivers, step_km=0.25, **SETTINGS)
    finally:
        numba.set_num_threads(threads)
    assert serial.loss_db.tobytes() == parallel.loss_db.tobytes()


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"frequency_ghz": 100.0}, "0.03 to 6 GHz"),
        ({"tx_height_m": 0.0}, "1 to 3000 m"),
        ({"step_km": 0.0}, "step_km"),
        ({"clutter_m": -1.0}, "clutter_m"),
        ({"rx_lat": np.array([np.nan])}, "rx_lat"),
    ],
)
def test_values_beyond_the_limits_are_refused(hills: TerrainWindow, change: dict[str, Any], named: str) -> None:
    frame = site_frame(hills, *SITE, 20.0)
    arguments = SETTINGS | around([5.0], [0.0]) | {"step_km": 0.25} | change
    with pytest.raises(LimitExceeded, match=named):
        area_loss(hills, frame, **arguments)


def test_receivers_must_be_within_the_radius_and_in_pairs(hills: TerrainWindow) -> None:
    frame = site_frame(hills, *SITE, 5.0)
    with pytest.raises(LimitExceeded, match="within 5 km"):
        area_loss(hills, frame, **around([6.0], [0.0]), step_km=0.25, **SETTINGS)
    with pytest.raises(ValueRejected, match="differ in number"):
        area_loss(hills, frame, rx_lon=np.zeros(2), rx_lat=np.zeros(1), step_km=0.25, **SETTINGS)
    with pytest.raises(LimitExceeded, match="at most 500 km"):
        site_frame(hills, *SITE, 600.0)
