"""Speed of the propagation kernels on one core, after compilation.

Area mode: one site in the middle of 30 km radius, 900 MHz, 50 % of time, a receiver in every 250 m pixel
(45,225 of them), rolling terrain of 90 m pixels; profile extraction included. Bars of the issue: 250,000
receivers/s at a profile step of 100 m, 450,000 at 250 m.
"""

import time
from collections.abc import Iterator
from typing import Any

import numba
import numpy as np
import pytest

from geo.propagation.area import area_loss
from geo.propagation.p1812 import basic_transmission_loss_batch
from geo.propagation.window import TerrainWindow, site_frame

# processor time, so that other work on the machine does not count
pytestmark = [pytest.mark.bench, pytest.mark.benchmark(timer=time.process_time)]

SITE_LON, SITE_LAT = 57.5, 49.5
SETTINGS = {"frequency_ghz": 0.9, "tx_height_m": 50.0, "rx_height_m": 1.5, "delta_n": 45.0, "n0": 325.0}


@pytest.fixture(autouse=True)
def one_core() -> Iterator[None]:
    threads = numba.get_num_threads()
    numba.set_num_threads(1)
    yield
    numba.set_num_threads(threads)


@pytest.fixture(scope="module")
def terrain() -> TerrainWindow:
    size = 800
    spectrum = np.fft.rfft2(np.random.default_rng(0).standard_normal((size, size)))
    frequency = np.hypot(np.fft.fftfreq(size)[:, None], np.fft.rfftfreq(size)[None])
    surface = np.fft.irfft2(spectrum / (1e-3 + frequency) ** 1.8, s=(size, size))
    surface = 250.0 + 60.0 * surface / surface.std()
    pixel_lat = 0.09 / 111.2
    pixel_lon = pixel_lat / np.cos(np.deg2rad(SITE_LAT))
    corner = (SITE_LON - size / 2 * pixel_lon, SITE_LAT + size / 2 * pixel_lat)
    transform = (pixel_lon, 0.0, corner[0], 0.0, -pixel_lat, corner[1])
    return TerrainWindow(surface.astype(np.float32), transform, "EPSG:4326", 90.0, "synthetic hills")


def pixels(radius_km: float) -> tuple[np.ndarray, np.ndarray]:
    half = int(radius_km / 0.25)
    north, east = np.mgrid[-half : half + 1, -half : half + 1] * 0.25
    inside = np.hypot(north, east) <= radius_km
    lat = SITE_LAT + north[inside] / 111.2
    return SITE_LON + east[inside] / 111.2 / np.cos(np.deg2rad(lat)), lat


@pytest.mark.parametrize(("step_km", "bar"), [(0.1, 250_000), (0.25, 450_000)])
@pytest.mark.parametrize("radius_km", [30.0, 15.0])
def test_area_mode(benchmark: Any, terrain: TerrainWindow, radius_km: float, step_km: float, bar: int) -> None:
    lon, lat = pixels(radius_km)

    def one_site() -> np.ndarray:
        frame = site_frame(terrain, SITE_LON, SITE_LAT, radius_km + 0.3)
        return area_loss(terrain, frame, rx_lon=lon, rx_lat=lat, step_km=step_km, **SETTINGS).loss_db

    losses = one_site()
    assert np.isfinite(losses).all()
    benchmark.pedantic(one_site, rounds=10, warmup_rounds=1)
    if benchmark.stats:
        rate = lon.size / benchmark.stats.stats.min
        benchmark.extra_info["receivers_per_second"] = round(rate)
        assert rate >= bar


@pytest.mark.parametrize("time_percent", [50.0, 10.0])
def test_any_profiles(benchmark: Any, time_percent: float) -> None:
    """Ragged batch of the exact method: 5,000 paths of 200 points each, any zones and clutter."""
    rng = np.random.default_rng(1)
    count, points = 5000, 200
    distances = np.sort(rng.uniform(0.01, 0.99, (count, points)), axis=1) * rng.uniform(1.0, 60.0, (count, 1))
    distances[:, 0] = 0.0
    arguments = {
        "offsets": np.arange(count + 1) * points,
        "distances_km": distances.reshape(-1),
        "heights_m": rng.uniform(200.0, 300.0, count * points),
        "clutter_m": rng.uniform(0.0, 10.0, count * points),
        "zones": rng.choice([1, 3, 4], count * points),
        "time_percent": time_percent,
        "tx_lat": SITE_LAT,
        "tx_lon": SITE_LON,
        "rx_lat": 49.6,
        "rx_lon": 57.9,
        **SETTINGS,
    }
    assert np.isfinite(basic_transmission_loss_batch(**arguments)).all()
    benchmark.pedantic(lambda: basic_transmission_loss_batch(**arguments), rounds=5, warmup_rounds=1)
    if benchmark.stats:
        benchmark.extra_info["paths_per_second"] = round(count / benchmark.stats.stats.min)
