"""Agreement with reference figures, to 1e-6 dB and 1e-6 of every intermediate value."""

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from geo.propagation.p1812 import basic_transmission_loss, basic_transmission_loss_batch, intermediate_values

ROOT = Path(__file__).parents[3]
SYNTHETIC = ROOT / "tests/fixtures/p1812/synthetic.json"
ITU = ROOT / "../shared/validation/p1812/itu"

# the logs give some symbols twice; the other names are the symbols themselves
SYMBOL_IN_LOG = {
    ("htc (m)", "Eq (37a)"): "htc_prime",
    ("hrc (m)", "Eq (37b)"): "hrc_prime",
    ("hst (m)", "Eq (85)"): "hst_n",
    ("hsr (m)", "Eq (86)"): "hsr_n",
}


def itu_logs() -> list[Path]:
    return sorted(ITU.glob("*_log.csv"))


def read_rows(path: Path) -> list[list[str]]:
    with path.open(newline="") as file:
        return [row for row in csv.reader(file) if row]


def read_case(log: Path) -> tuple[dict[str, Any], dict[str, tuple[float, str]]]:
    """Arguments of the case, and logged values by symbol as (value, text)."""
    rows = read_rows(log.with_name(log.name.rsplit("_", 2)[0] + ".csv"))
    header = {row[0]: row[1] for row in rows if len(row) > 1}
    start = next(i for i, row in enumerate(rows) if row[0].startswith("Number of Points"))
    points = np.array([[float(x) for x in row[:5]] for row in rows[start + 1 : start + 1 + int(rows[start][1])]])
    given: dict[str, float] = {}
    expected: dict[str, tuple[float, str]] = {}
    for name, reference, _, value, *_ in (row for row in read_rows(log) if len(row) >= 4 and row[3]):
        if name.startswith("#"):
            continue
        if not reference and name not in ("d (km)", "hts (m)", "hrs (m)"):
            given[name.split(" (")[0].strip()] = float(value)
        else:
            symbol = SYMBOL_IN_LOG.get((name, reference), name.split(" (")[0])
            expected[symbol] = (float(value), value)
    arguments = {
        "distances_km": points[:, 0],
        "heights_m": points[:, 1],
        "clutter_m": points[:, 3],
        "zones": points[:, 4],
        "frequency_ghz": given["f"],
        "time_percent": given["p"],
        "location_percent": given["pL"],
        "sigma_location_db": given["sigmaL"],
        "tx_height_m": given["htg"],
        "rx_height_m": given["hrg"],
        # the log rounds the positions; the profile has them in full
        "tx_lat": float(header["Tx LAT:"]),
        "tx_lon": float(header["Tx LON:"]),
        "rx_lat": float(header["Rx LAT:"]),
        "rx_lon": float(header["Rx LON:"]),
        "delta_n": given["DN"],
        "n0": given["N0"],
        "polarization": {1: "horizontal", 2: "vertical"}[int(given["pol"])],
        "tx_coast_km": given["dct"],
        "rx_coast_km": given["dcr"],
    }
    return arguments, expected


def test_every_synthetic_path_agrees_at_every_time() -> None:
    content = json.loads(SYNTHETIC.read_text())
    profiles, given = content["profiles"], content["conditions"]
    sizes = [len(profile["heights_m"]) for profile in profiles]
    offsets = np.concatenate([[0], np.cumsum(sizes)])
    distances = np.concatenate([np.linspace(0, p["distance_km"], n) for p, n in zip(profiles, sizes, strict=True)])
    heights = np.concatenate([p["heights_m"] for p in profiles])
    shared = ("frequency_ghz", "tx_height_m", "rx_height_m", "tx_lat", "tx_lon", "delta_n", "n0", "polarization")
    for percent in (1, 10, 50):
        losses = basic_transmission_loss_batch(
            distances,
            heights,
            offsets,
            time_percent=percent,
            rx_lat=[p["lat_rx"] for p in profiles],
            rx_lon=[p["lon_rx"] for p in profiles],
            **{name: given[name] for name in shared},
        )
        expected = [p["loss_db"][str(percent)] for p in profiles]
        np.testing.assert_allclose(losses, expected, rtol=0, atol=1e-6)


@pytest.mark.skipif(not itu_logs(), reason=f"the ITU validation set is not at {ITU}")
@pytest.mark.parametrize("log", itu_logs(), ids=lambda path: path.stem)
def test_every_logged_itu_value_agrees(log: Path) -> None:
    arguments, expected = read_case(log)
    values = intermediate_values(**arguments)
    assert len(expected) >= 48
    for symbol, (value, text) in expected.items():
        assert values[symbol] == pytest.approx(value, rel=0, abs=1e-6), (symbol, text)


@pytest.mark.skipif(not itu_logs(), reason=f"the ITU validation set is not at {ITU}")
@pytest.mark.parametrize("log", itu_logs(), ids=lambda path: path.stem)
def test_every_itu_loss_agrees(log: Path) -> None:
    arguments, expected = read_case(log)
    assert basic_transmission_loss(**arguments) == pytest.approx(expected["Lb"][0], rel=0, abs=1e-6)
