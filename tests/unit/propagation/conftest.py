from typing import Any

import numpy as np
import pytest

from geo.propagation.window import TerrainWindow


@pytest.fixture
def link() -> dict[str, Any]:
    """Arguments of an ordinary rural path."""
    return {
        "frequency_ghz": 0.9,
        "time_percent": 50.0,
        "tx_height_m": 50.0,
        "rx_height_m": 1.5,
        "tx_lat": 49.5,
        "tx_lon": 57.5,
        "rx_lat": 49.6,
        "rx_lon": 57.8,
        "delta_n": 45.0,
        "n0": 325.0,
    }


@pytest.fixture
def hills() -> TerrainWindow:
    """Rolling terrain of 100 m pixels around 57.5° E 49.5° N, ±30 km."""
    size = 600
    rng = np.random.default_rng(7)
    spectrum = np.fft.rfft2(rng.standard_normal((size, size)))
    frequency = np.hypot(np.fft.fftfreq(size)[:, None], np.fft.rfftfreq(size)[None])
    surface = np.fft.irfft2(spectrum / (1e-3 + frequency) ** 1.8, s=(size, size))
    surface = 250.0 + 60.0 * surface / surface.std()
    pixel_lat = 0.1 / 111.2
    pixel_lon = pixel_lat / np.cos(np.deg2rad(49.5))
    transform = (
        pixel_lon, 0.0, 57.5 - size / 2 * pixel_lon, 0.0, -pixel_lat, 49.5 + size / 2 * pixel_lat
    )  # fmt: skip
    return TerrainWindow(surface.astype(np.float32), transform, "EPSG:4326", 100.0, "hills")
