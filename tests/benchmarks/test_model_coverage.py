"""The areas of a whole region: time and memory of `shalgai model-coverage`, in a process of its own.

By default on a coarse grid, so that it ends within two minutes; ``SHALGAI_BENCH_FULL=1`` takes the 250 m of the issue:
the scenario's sites in minutes on two cores with less than 2 GiB, and the same memory for 10,000 cells.
"""

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import shapely

from geo.access.inputs import Loaded, load_inputs
from geo.access.layers import AnalysisInputs
from geo.workspace.catalogue import Catalogue

pytestmark = pytest.mark.bench

FULL = os.environ.get("SHALGAI_BENCH_FULL") == "1"
MEMORY_BAR_KB = 2 * 1024 * 1024
# the child reports its own peak: that of a test's children would mix the cases
CHILD = (
    "import resource, runpy, sys; sys.argv = sys.argv[1:]\ntry:\n    runpy.run_module('api.cli', run_name='__main__')"
)
CHILD += "\nfinally:\n    print('peak_kb', resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"


@pytest.fixture(scope="module")
def scenario() -> Loaded:
    return load_inputs(AnalysisInputs(scenario="okrug-centres"), Catalogue(Path("no-workspace")))


def model(sites: gpd.GeoDataFrame, resolution_m: float, folder: Path) -> tuple[float, int]:
    """Seconds and peak memory in kB of one job."""
    sites.to_file(folder / "sites.gpkg")
    began = time.perf_counter()
    arguments = ["model-coverage", "--sites", str(folder / "sites.gpkg"), "--resolution-m", str(resolution_m)]
    done = subprocess.run(
        [sys.executable, "-c", CHILD, "shalgai", *arguments, "--output", str(folder / "out")],
        check=True,
        capture_output=True,
        text=True,
    )
    return time.perf_counter() - began, int(done.stdout.split("peak_kb")[-1])


def told(benchmark: Any, seconds: float, peak_kb: int, cells: int, resolution_m: float) -> None:
    benchmark.extra_info.update(seconds=round(seconds, 1), peak_mb=round(peak_kb / 1024), cells=cells)
    print(f"\n{cells} cells, {resolution_m:g} m: {seconds:.1f} s, peak {peak_kb / 1024:.0f} MiB")


def test_sites_of_the_scenario(benchmark: Any, scenario: Loaded, tmp_path: Path) -> None:
    resolution_m = 250.0 if FULL else 500.0
    model(scenario.sites.head(1), 10_000.0, tmp_path)  # compiles, once and for all
    seconds, peak_kb = benchmark.pedantic(model, (scenario.sites, resolution_m, tmp_path))
    told(benchmark, seconds, peak_kb, len(scenario.sites), resolution_m)
    assert seconds < 600
    assert peak_kb < MEMORY_BAR_KB


def test_ten_thousand_cells(benchmark: Any, scenario: Loaded, tmp_path: Path) -> None:
    """Memory does not grow with the cells: 3,334 masts of three operators, three technologies each, 4G in sectors."""
    rng = np.random.default_rng(0)
    west, south, east, north = scenario.region.bounds
    lon, lat = rng.uniform(west, east, 10_000), rng.uniform(south, north, 10_000)
    inside = np.flatnonzero(shapely.contains_xy(scenario.region.boundary, lon, lat))[:3334]
    frame = gpd.GeoDataFrame(
        {
            "site_id": [f"m{i}" for i in range(3334) for _ in range(3)],
            "operator": [f"operator-{i % 3}" for i in range(3334) for _ in range(3)],
            "technology": ["2g", "3g", "4g"] * 3334,
            "azimuth_deg": [None, None, 120.0] * 3334,
        },
        geometry=shapely.points(np.repeat(lon[inside], 3), np.repeat(lat[inside], 3)),
        crs="EPSG:4326",
    )
    resolution_m = 250.0 if FULL else 1000.0
    seconds, peak_kb = benchmark.pedantic(model, (frame, resolution_m, tmp_path))
    told(benchmark, seconds, peak_kb, len(frame), resolution_m)
    assert peak_kb < MEMORY_BAR_KB
