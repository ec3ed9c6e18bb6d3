"""A million settlements and 200,000 coverage polygons: time and memory of `shalgai ingest`, in a process of its own."""

import subprocess
import sys
import time
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

pytestmark = pytest.mark.bench

SETTLEMENTS, POLYGONS, VERTICES = 1_000_000, 200_000, 100
MEMORY_BAR_KB = 1024 * 1024
# the child reports its own peak, from the kernel's account of its memory alone: ru_maxrss would hold the test's too
CHILD = (
    "import re, runpy, sys; sys.argv = sys.argv[1:]\ntry:\n    runpy.run_module('api.cli', run_name='__main__')"
    "\nfinally:\n    print('peak_kb', re.search(r'VmHWM:\\s+(\\d+)', open('/proc/self/status').read())[1])"
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("large")


@pytest.fixture(scope="module")
def settlements(folder: Path) -> Path:
    rng = np.random.default_rng(7)
    code = 100_000_000 + np.arange(SETTLEMENTS)
    table = pd.DataFrame(
        {
            "Код КАТО": code,
            "Наименование": "Ауыл " + pd.Series(code).astype("str"),
            "Население, чел.": rng.integers(1, 5000, SETTLEMENTS),
            "Долгота": np.char.replace(np.round(rng.uniform(54.0, 63.0, SETTLEMENTS), 5).astype(str), ".", ","),
            "Широта": np.char.replace(np.round(rng.uniform(46.0, 51.0, SETTLEMENTS), 5).astype(str), ".", ","),
        }
    )
    path = folder / "settlements.csv"
    table.to_csv(path, sep=";", index=False, encoding="cp1251")
    return path


def polygons() -> gpd.GeoDataFrame:
    rng = np.random.default_rng(7)
    x, y = rng.uniform(54.0, 63.0, POLYGONS), rng.uniform(46.0, 51.0, POLYGONS)
    discs = shapely.buffer(shapely.points(x, y), 0.02, quad_segs=VERTICES // 4)
    words = {
        "operator": rng.choice(["Beeline", "Kcell", "Tele2"], POLYGONS),
        "technology": rng.choice(["LTE", "3G"], POLYGONS),
    }
    return gpd.GeoDataFrame(words, geometry=discs, crs=4326)


def ingested(kind: str, path: Path, workspace: Path) -> tuple[float, int, str]:
    """Seconds, peak in kB and the last line of an ingest."""
    began = time.perf_counter()
    command = [sys.executable, "-c", CHILD, "shalgai", "ingest", kind, str(path), "--workspace", str(workspace)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=Path.cwd())
    seconds = time.perf_counter() - began
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    assert "rows: " in done.stderr  # progress in plain lines
    *lines, peak = done.stdout.strip().splitlines()
    return seconds, int(peak.split()[1]), " ".join(lines[-3:])


def test_a_million_settlements(settlements: Path, tmp_path: Path) -> None:
    seconds, peak_kb, last = ingested("settlements", settlements, tmp_path / "var")
    print(f"\n{SETTLEMENTS:,} settlements, CSV cp1251: {seconds:.0f} s, peak {peak_kb / 1024:.0f} MiB")
    assert f"{SETTLEMENTS:,} of {SETTLEMENTS:,} rows" in last
    assert peak_kb < MEMORY_BAR_KB


@pytest.mark.parametrize("suffix", ["gpkg", "geojson"])
def test_two_hundred_thousand_polygons(folder: Path, tmp_path: Path, suffix: str) -> None:
    path = folder / f"coverage.{suffix}"
    polygons().to_file(path)
    seconds, peak_kb, last = ingested("coverage", path, tmp_path / "var")
    size_mib = path.stat().st_size / 2**20
    print(f"\n{POLYGONS:,} polygons, {suffix} of {size_mib:.0f} MiB: {seconds:.0f} s, peak {peak_kb / 1024:.0f} MiB")
    assert f"{POLYGONS:,} of {POLYGONS:,} rows" in last
    assert peak_kb < MEMORY_BAR_KB
