"""Area mode beside SPLAT! (Debian package `splat`) over the same terrain, from the same file, in one run.

One site of 50 m at 900 MHz in the middle of a 1° tile of synthetic hills. A receiver at 1.5 m in every pixel of the
tile within the radius, for both. SPLAT! fixes its resolution: pixels and profile points of 3 arc-seconds (`splat`)
or 1 arc-second (`splat-hd`), of which the profile points lie 63 to 93 m or 21 to 31 m apart here, by direction; ours
runs with a step that makes as many points on the average of directions, and with 100 m and 250 m.

Processor time of one core. Ours is everything after compilation: opening the file, the window, the frame, profiles
and loss. Of SPLAT! only the user time counts, less that of a run with a radius of 0.5 km, its start-up: reading
the terrain as text, writing the image, and also every radial's profile, which it reads to the tile's edge whatever
the radius. So the comparison leaves profile extraction out of SPLAT!'s cost and in ours.
"""

import resource
import shutil
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numba
import numpy as np
import pyproj
import pytest

from geo.propagation.area import AreaLoss, area_loss
from geo.propagation.terrain import Terrain
from geo.propagation.window import site_frame

pytestmark = [
    pytest.mark.bench,
    pytest.mark.benchmark(timer=time.process_time),
    pytest.mark.skipif(shutil.which("splat-hd") is None, reason="needs SPLAT!: apt-get install splat"),
]

SOUTH, WEST = 47, 57  # SPLAT! needs one tile only for 30 km from its middle
SITE_LAT, SITE_LON = SOUTH + 0.5, WEST + 0.5
SETTINGS = {"frequency_ghz": 0.9, "tx_height_m": 50.0, "rx_height_m": 1.5, "delta_n": 45.0, "n0": 301.0}
STARTUP_RADIUS_KM = 0.5
LONG_STEPS_KM = (0.1, 0.25)


@dataclass(frozen=True)
class Splat:
    """One of SPLAT!'s two programs in its folder, with the terrain as HGT for us and as SDF for it."""

    program: str
    pixels_per_degree: int
    step_km: float  # as many profile points as SPLAT!'s, on the average of directions
    rounds: int
    folder: Path

    @property
    def hgt(self) -> Path:
        return self.folder / f"N{SOUTH}E{WEST:03d}.hgt"

    def run(self, radius_km: float, *options: str) -> float:
        """User time in seconds of one map of path loss."""
        command = [self.program, "-t", "site", "-L", "1.5", "-R", f"{radius_km:g}", "-metric", "-N", "-n"]
        before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
        subprocess.run([*command, "-o", "map.ppm", *options], cwd=self.folder, check=True, capture_output=True)
        return resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before

    @cached_property
    def startup_s(self) -> float:
        return min(self.run(STARTUP_RADIUS_KM, "-olditm") for _ in range(self.rounds))

    def receivers(self, radius_km: float) -> tuple[np.ndarray, np.ndarray]:
        """Longitudes and latitudes of the pixels within the radius."""
        pixels = np.arange(self.pixels_per_degree) / self.pixels_per_degree
        near = pixels[np.abs(pixels - 0.5) <= radius_km / 70.0]  # a degree here is 75 km or more
        lat, lon = (grid.reshape(-1) for grid in np.meshgrid(SOUTH + near, WEST + near, indexing="ij"))
        site_lon, site_lat = np.full(lon.size, SITE_LON), np.full(lon.size, SITE_LAT)
        inside = pyproj.Geod(ellps="WGS84").inv(site_lon, site_lat, lon, lat)[2] <= radius_km * 1000.0
        return lon[inside], lat[inside]

    def ours(self, radius_km: float, lon: np.ndarray, lat: np.ndarray, step_km: float) -> AreaLoss:
        with Terrain([self.hgt]) as terrain:
            window = terrain.window(SITE_LON, SITE_LAT, radius_km + 0.3)
        frame = site_frame(window, SITE_LON, SITE_LAT, radius_km + 0.3)
        return area_loss(window, frame, rx_lon=lon, rx_lat=lat, step_km=step_km, **SETTINGS)


@pytest.fixture(autouse=True)
def one_core() -> Iterator[None]:
    threads = numba.get_num_threads()
    numba.set_num_threads(1)
    yield
    numba.set_num_threads(threads)


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Splat]:
    """SPLAT! by its resolution in arc-seconds; the coarse terrain is every third height of the fine."""
    size = 3600
    spectrum = np.fft.rfft2(np.random.default_rng(0).standard_normal((size, size), dtype=np.float32))
    frequency = np.hypot(np.fft.fftfreq(size)[:, None], np.fft.rfftfreq(size)[None])
    surface = np.fft.irfft2(spectrum / (3e-4 + frequency) ** 1.8, s=(size, size))
    heights = np.rint(300.0 + 60.0 * surface / surface.std()).clip(1.0)
    heights = np.pad(heights, ((0, 1), (0, 1)), mode="wrap").astype(">i2")
    programs = {
        3: Splat("splat", 1200, 0.074, 3, tmp_path_factory.mktemp("splat")),
        1: Splat("splat-hd", 3600, 0.0247, 2, tmp_path_factory.mktemp("splat-hd")),
    }
    for arc_seconds, splat in programs.items():
        splat.hgt.write_bytes(heights[::arc_seconds, ::arc_seconds].tobytes())
        convert = splat.program.replace("splat", "srtm2sdf")
        subprocess.run([convert, splat.hgt.name], cwd=splat.folder, check=True, capture_output=True)
        # longitudes of SPLAT! count westwards
        (splat.folder / "site.qth").write_text(f"site\n{SITE_LAT}\n{360.0 - SITE_LON}\n50 meters\n")
        # ground, refractivity, MHz, climate, vertical polarisation, 50 % of situations and time, no power: loss
        (splat.folder / "site.lrp").write_text("15.0\n0.005\n301.0\n900.0\n5\n1\n0.50\n0.50\n0.0\n")
        splat.ours(1.0, *splat.receivers(1.0), splat.step_km)  # compiles
    return programs


@pytest.mark.parametrize(
    ("arc_seconds", "radius_km", "model"),
    [(3, 10.0, "ITM"), (3, 20.0, "ITM"), (3, 30.0, "ITM"), (3, 30.0, "ITWOM"), (1, 10.0, "ITM"), (1, 20.0, "ITM")],
)
def test_area_mode_is_faster_than_splat(
    benchmark: Any, programs: dict[int, Splat], arc_seconds: int, radius_km: float, model: str
) -> None:
    splat = programs[arc_seconds]
    lon, lat = splat.receivers(radius_km)

    def timed(step_km: float) -> float:
        start = time.process_time()
        splat.ours(radius_km, lon, lat, step_km)
        return time.process_time() - start

    benchmark.pedantic(splat.ours, args=(radius_km, lon, lat, splat.step_km), rounds=splat.rounds)
    if benchmark.disabled:
        return
    options = ("-olditm",) if model == "ITM" else ()
    whole = min(splat.run(radius_km, *options) for _ in range(splat.rounds))
    seconds = {splat.step_km: benchmark.stats.stats.min}
    seconds |= {step: min(timed(step) for _ in range(splat.rounds)) for step in LONG_STEPS_KM}

    splat_us = (whole - splat.startup_s) / lon.size * 1e6
    ours_us = {f"ours_{step * 1000:.0f}_m_us": taken / lon.size * 1e6 for step, taken in seconds.items()}
    benchmark.extra_info.update(
        receivers=lon.size, splat_s=whole, splat_startup_s=splat.startup_s, splat_us=splat_us, **ours_us
    )
    row = " | ".join(f"{us:.2f} ({splat_us / us:.1f} ×)" for us in ours_us.values())
    print(
        f"\n| {arc_seconds}″ | {radius_km:g} km | {lon.size:,} | {model} | {whole:.2f} s | {splat.startup_s:.2f} s "
        f"| {splat_us:.2f} | {row} |"
    )
    same, _, coarse = ours_us.values()
    assert splat_us >= 1.1 * same
    assert splat_us >= 2.0 * coarse


@pytest.mark.parametrize(("arc_seconds", "radius_km"), [(3, 30.0), (1, 10.0)])
def test_splat_computes_the_same_receivers_over_the_same_terrain(
    programs: dict[int, Splat], arc_seconds: int, radius_km: float
) -> None:
    """As many receivers as counted, and losses as near ours as two models' can be."""
    splat = programs[arc_seconds]
    splat.run(radius_km, "-olditm", "-ano", "losses.txt")
    lines = (splat.folder / "losses.txt").read_text().replace(" *", "").splitlines()[2:]
    lat, west, _, _, theirs = np.array([line.split(",") for line in lines], dtype=np.float64).T
    assert len(lines) == pytest.approx(splat.receivers(radius_km)[0].size, rel=0.01)
    result = splat.ours(radius_km, 360.0 - west, lat, splat.step_km)
    far = result.distance_km > 1.0
    difference = (theirs - result.loss_db)[far]
    low, middle, high = np.percentile(difference, [10, 50, 90])
    correlation = np.corrcoef(theirs[far], result.loss_db[far])[0, 1]
    print(
        f"\n{arc_seconds}″ {radius_km:g} km: {len(lines):,} receivers; ITM less P.1812: median {middle:.1f} dB, "
        f"10 to 90 % {low:.1f} to {high:.1f} dB; correlation {correlation:.3f}"
    )
    assert abs(middle) < 15.0
    assert correlation > 0.85
