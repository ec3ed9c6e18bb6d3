"""Antenna patterns: the sector's formula by hand, tables from files, and files that are refused."""

from pathlib import Path

import numpy as np
import pytest

from geo.errors import ColumnMissing, FileProblem, ValueRejected
from geo.propagation.antennas import Pattern, pattern_attenuation_db, read_pattern, sector_attenuation_db

CSV = "cut,angle_deg,attenuation_db\nhorizontal,0,0\nhorizontal,90,10\nhorizontal,180,30\nhorizontal,270,20\n"
VERTICAL = "vertical,-10,6\nvertical,0,0\nvertical,10,9\n"


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def at(pattern: Pattern, azimuth: float, elevation: float = 0.0) -> float:
    return float(pattern_attenuation_db(pattern, np.array([azimuth]), np.array([elevation]))[0])


@pytest.mark.parametrize(
    ("azimuth", "elevation", "width", "attenuation"),
    [
        (0.0, 0.0, 70.0, 0.0),
        (35.0, 0.0, 70.0, 3.0),  # 12 · (1/2)²
        (-35.0, 0.0, 70.0, 3.0),
        (35.0, 5.0, 70.0, 6.0),  # and 12 · (5/10)² upwards
        (180.0, 0.0, 70.0, 25.0),  # no weaker than the greatest attenuation
        (0.0, 90.0, 70.0, 20.0),  # nor than the side lobe, straight up
        (32.5, 0.0, 65.0, 3.0),
    ],
)
def test_sector_by_hand(azimuth: float, elevation: float, width: float, attenuation: float) -> None:
    found = sector_attenuation_db(np.array([azimuth]), np.array([elevation]), width)
    assert found == pytest.approx([attenuation], abs=1e-12)


def test_sector_knows_no_seam_at_north() -> None:
    off = np.array([359.0 - 1.0, 1.0 - 359.0, -2.0, 2.0, 362.0])
    assert sector_attenuation_db(off, np.zeros(5)) == pytest.approx(np.full(5, 12.0 * (2.0 / 70.0) ** 2), abs=1e-12)


def test_table_is_interpolated_across_north_and_its_cuts_add_up(tmp_path: Path) -> None:
    pattern = read_pattern(write(tmp_path / "panel.csv", CSV + VERTICAL))
    assert pattern.has_direction
    assert [at(pattern, a) for a in (0.0, 45.0, 315.0, -45.0, 675.0)] == [0.0, 5.0, 10.0, 10.0, 10.0]
    assert at(pattern, 359.0) == pytest.approx(20.0 / 90.0)
    assert at(pattern, 45.0, -5.0) == pytest.approx(5.0 + 3.0)
    assert at(pattern, 0.0, 80.0) == 9.0  # beyond its last angle


def test_planet_file_has_its_vertical_angles_downwards(tmp_path: Path) -> None:
    lines = ["NAME panel", "GAIN 15.5 dBd", "TILT ELECTRICAL", "HORIZONTAL 4", "0 0", "90 10", "180 30", "270 10"]
    lines += ["VERTICAL 5", "0 2", "6 0", "90 30", "180 25", "354 8"]
    pattern = read_pattern(write(tmp_path / "panel.MSI", "\n".join(lines)))
    assert at(pattern, 0.0, -6.0) == 0.0  # the beam tilts 6° down
    assert at(pattern, 0.0, 0.0) == 2.0
    assert at(pattern, 0.0, 6.0) == 8.0
    assert at(pattern, 180.0, -6.0) == 30.0


def test_table_alike_all_round_has_no_direction(tmp_path: Path) -> None:
    text = f"cut,angle_deg,attenuation_db\nhorizontal,0,0\n{VERTICAL}"
    assert not read_pattern(write(tmp_path / "omni.csv", text)).has_direction


@pytest.mark.parametrize(
    ("name", "text", "error", "named"),
    [
        ("a.csv", "angle,attenuation\n0,0\n", ColumnMissing, ["cut"]),
        ("a.csv", CSV, ValueRejected, ["vertical"]),
        ("a.csv", CSV + VERTICAL + "diagonal,0,0\n", ValueRejected, ["diagonal", "row 8"]),
        ("a.csv", CSV + VERTICAL + "vertical,20,strong\n", ValueRejected, ["attenuation_db", "strong"]),
        ("a.csv", CSV + VERTICAL + "vertical,20,-3\n", ValueRejected, ["attenuation_db", "-3", "0 to 100"]),
        ("a.csv", CSV + VERTICAL + "vertical,120,3\n", ValueRejected, ["angle_deg", "120"]),
        ("a.csv", CSV + VERTICAL + "vertical,20\n", ValueRejected, ["attenuation_db"]),
        ("a.csv", "", ColumnMissing, ["cut"]),
        ("a.msi", "NAME x\nHORIZONTAL 1\n0 0\nVERTICAL 1\n0 nan\n", ValueRejected, ["row 5", "nan"]),
    ],
)
def test_bad_tables_are_refused(tmp_path: Path, name: str, text: str, error: type[Exception], named: list[str]) -> None:
    with pytest.raises(error) as caught:
        read_pattern(write(tmp_path / name, text))
    for word in [name, *named]:
        assert word in str(caught.value)


def test_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"\xff\xfe\x00\x81")
    with pytest.raises(FileProblem, match=r"a\.csv"):
        read_pattern(path)
