"""Antenna patterns: how much weaker than its strongest direction a cell radiates towards a receiver.

EIRP includes the antenna's gain, so a pattern is an attenuation: 0 dB in the main direction, more elsewhere.
"""

import csv
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from geo.errors import ColumnMissing, FileProblem, Problem, ValueRejected
from geo.propagation.carriers import sector

Floats = npt.NDArray[np.float64]

OMNI, SECTOR = "omni", "3gpp"
"""Patterns that need no file."""
TABLE_SUFFIXES = frozenset({".csv", ".msi", ".pln"})
_GREATEST_DB = 100.0
_MSI_CUT = re.compile(r"^(HORIZONTAL|VERTICAL)\s+\d+\s*$", re.IGNORECASE)


@dataclass(frozen=True)
class Pattern:
    """Attenuation in dB, 0 or more, by angle; each cut is (angles in degrees, attenuation), both of shape (k,).

    `horizontal` runs over the azimuth off the main direction, 0–360°; `vertical` over the elevation above the horizon,
    −90° to 90°. Between its angles a cut is interpolated, beyond them the vertical one stays as at its end.
    """

    horizontal: tuple[Floats, Floats]
    vertical: tuple[Floats, Floats]

    @property
    def has_direction(self) -> bool:
        """Whether it differs by azimuth."""
        return bool(np.ptp(self.horizontal[1]) > 0.0)


def sector_attenuation_db(
    azimuth_off_deg: Floats, elevation_off_deg: Floats, beamwidth_deg: Floats | float | None = None
) -> Floats:
    """Sector antenna of 3GPP TR 36.814, table A.2.1.1-2.

    ``A_H = min(12·(φ/φ3dB)², A_m)``, ``A_V = min(12·(θ/θ3dB)², SLA)``, ``A = min(A_H + A_V, A_m)``.

    Parameters
    ----------
    azimuth_off_deg
        Azimuth towards the receiver less the antenna's; any multiple of 360° may be added.
    elevation_off_deg
        Elevation towards the receiver plus the downtilt.
    beamwidth_deg
        Horizontal 3 dB beam width φ3dB; the assumed one where None or NaN.

    Returns
    -------
    Attenuation in dB, 0 or more.
    """
    assumed = sector()
    width = np.asarray(assumed.beamwidth_deg if beamwidth_deg is None else beamwidth_deg, dtype=float)
    width = np.where(np.isfinite(width), width, assumed.beamwidth_deg)
    off = (np.asarray(azimuth_off_deg) + 180.0) % 360.0 - 180.0
    horizontal = np.minimum(12.0 * (off / width) ** 2, assumed.greatest_attenuation_db)
    vertical = np.minimum(
        12.0 * (np.asarray(elevation_off_deg) / assumed.vertical_beamwidth_deg) ** 2, assumed.side_lobe_attenuation_db
    )
    return np.asarray(np.minimum(horizontal + vertical, assumed.greatest_attenuation_db))


def pattern_attenuation_db(pattern: Pattern, azimuth_off_deg: Floats, elevation_off_deg: Floats) -> Floats:
    """Attenuation of a table, dB: ``A = A_H(φ) + A_V(θ)``, the sum of its cuts.

    Parameters
    ----------
    azimuth_off_deg, elevation_off_deg
        As `sector_attenuation_db` has them.
    """
    horizontal = np.interp(np.asarray(azimuth_off_deg) % 360.0, *pattern.horizontal, period=360.0)
    return np.asarray(horizontal + np.interp(elevation_off_deg, *pattern.vertical))


def read_pattern(path: Path) -> Pattern:
    """Read an antenna table.

    A CSV has the columns ``cut`` (horizontal or vertical), ``angle_deg`` and ``attenuation_db``; vertical angles are
    elevations, −90 to 90. A Planet file (.msi, .pln) has the sections HORIZONTAL and VERTICAL with an angle and an
    attenuation a line; its vertical angles run downwards from the horizon, of which the front half is taken.

    Raises
    ------
    FileProblem, ColumnMissing, ValueRejected
        Naming file, line and column.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise FileProblem(Problem(f"cannot be read as an antenna table: {error}", file=path.name)) from error
    is_csv = path.suffix.lower() == ".csv"
    cuts: dict[str, dict[float, float]] = {"horizontal": {}, "vertical": {}}
    for number, cut, angle_text, attenuation_text in _csv_rows(lines, path.name) if is_csv else _msi_rows(lines):
        if cut not in cuts:
            raise ValueRejected(Problem("no such cut", "Accepted: horizontal, vertical", path.name, number, "cut", cut))
        greatest = 90.0 if is_csv and cut == "vertical" else 360.0
        angle = _number(angle_text, "angle_deg", -greatest, greatest, path.name, number)
        attenuation = _number(attenuation_text, "attenuation_db", 0.0, _GREATEST_DB, path.name, number)
        if cut == "horizontal":
            angle %= 360.0
        elif not is_csv:
            angle = -((angle + 180.0) % 360.0 - 180.0)
        if cut == "horizontal" or abs(angle) <= 90.0:
            cuts[cut][angle] = attenuation
    for cut, values in cuts.items():
        if not values:
            raise ValueRejected(Problem(f"has no {cut} cut", "Give a horizontal and a vertical cut", path.name))
    horizontal, vertical = (np.array(sorted(values.items()), dtype=float).T for values in cuts.values())
    return Pattern((horizontal[0], horizontal[1]), (vertical[0], vertical[1]))


def _csv_rows(lines: list[str], file: str) -> Iterable[tuple[int, str, str, str]]:
    """Row number, cut, angle and attenuation."""
    reader = csv.DictReader(lines)
    for column in ("cut", "angle_deg", "attenuation_db"):
        if column not in (reader.fieldnames or ()):
            accepted = "An antenna table has cut, angle_deg and attenuation_db"
            raise ColumnMissing(Problem("column is missing", accepted, file, column=column))
    for number, row in enumerate(reader, start=1):
        yield number, (row["cut"] or "").strip().lower(), row["angle_deg"] or "", row["attenuation_db"] or ""


def _msi_rows(lines: list[str]) -> Iterable[tuple[int, str, str, str]]:
    """Line number, cut, angle and attenuation."""
    cut = ""
    for number, line in enumerate(lines, start=1):
        words = line.split()
        if _MSI_CUT.match(line.strip()):
            cut = words[0].lower()
        elif cut and len(words) == 2:
            yield number, cut, words[0], words[1]


def _number(text: str, column: str, low: float, high: float, file: str, number: int) -> float:
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not low <= value <= high:
        remedy = f"Accepted: {low:g} to {high:g}"
        raise ValueRejected(Problem("not a valid number", remedy, file, number, column, text))
    return value
