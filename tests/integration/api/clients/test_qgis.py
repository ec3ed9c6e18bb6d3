"""QGIS opens the collections by its provider for OGC API Features, without a screen."""

import functools
import json
import os
import subprocess
from pathlib import Path
from typing import Any

import geopandas as gpd
import pytest

PYTHON = "/usr/bin/python3"
_LONGEST_S = 120


@functools.cache
def missing() -> bool:
    """Whether QGIS cannot be run here."""
    probe = "import importlib.util as u, sys; sys.exit(u.find_spec('qgis') is None)"
    return not Path(PYTHON).exists() or subprocess.run([PYTHON, "-c", probe], check=False).returncode != 0


@pytest.fixture(scope="module")
def read(served: Any, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What QGIS reads, in one process."""
    if missing():
        pytest.skip("QGIS is not installed")
    home = tmp_path_factory.mktemp("qgis")
    script = Path(__file__).with_name("qgis_reads.py")
    # its profile and its cache are its own, and the tests' interpreter does not reach into Debian's
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV", "GDAL"))}
    result = subprocess.run(
        [PYTHON, str(script), served.url],
        env={
            **kept,
            "QT_QPA_PLATFORM": "offscreen",
            "HOME": str(home),
            "XDG_RUNTIME_DIR": str(home),
            "LC_ALL": "C.UTF-8",
        },
        capture_output=True,
        encoding="utf-8",
        timeout=_LONGEST_S,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    found: dict[str, Any] = json.loads(result.stdout.splitlines()[-1])
    return found


def test_qgis_reads_every_gap(read: dict[str, Any], gaps: gpd.GeoDataFrame) -> None:
    expected = gaps[gaps["service_class"] != "served"]
    assert read["crs"] in ("OGC:CRS84", "EPSG:4326")
    assert {"kato", "name_ru", "service_class", "rank"} <= set(read["fields"])
    assert sorted(read["gaps"]) == sorted(expected["kato"])
    assert read["positions"] == expected.geometry.notna().sum()


def test_qgis_asks_the_server_for_a_box(read: dict[str, Any], served: Any, gaps: gpd.GeoDataFrame) -> None:
    expected = gaps[gaps["service_class"] != "served"].cx[171:179, -19:-11]
    assert read["box"] == sorted(expected["kato"]) != []
    assert "bbox=171,-19,179,-11" in served.logged()


def test_qgis_shows_a_subset(read: dict[str, Any], gaps: gpd.GeoDataFrame) -> None:
    assert read["subset"] == sorted(gaps[gaps["service_class"] == "unserved"]["kato"])


def test_qgis_reads_polygons_of_a_layer(read: dict[str, Any]) -> None:
    assert read["countries"] == sorted(
        ["Alfaland", "Betania", "Gammastan", "Deltania", "Epsilonia", "Zetaland", "Etaria", "Nulland"]
    )
