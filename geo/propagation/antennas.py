"""Antenna patterns: how much weaker than its strongest direction a cell radiates towards a receiver.

EIRP includes the antenna's gain, so a pattern is an attenuation: 0 dB in the main direction, more elsewhere.
"""

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from geo.errors import ColumnMissing, FileProblem, Problem, ValueRejected
from geo.propagation.carriers import sector

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Pattern:
    """Attenuation in dB (0 or more) by angle; each table is (angles in degrees, attenuation), interpolated.

    `horizontal` runs over the azimuth off the main direction, 0–360°; `vertical` over the elevation off the tilt, ±90°.
    """

    horizontal: tuple[Floats, Floats]
    vertical: tuple[Floats, Floats]


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
    """Attenuation of a measured pattern, the sum of its two cuts, dB."""
    horizontal = np.interp(np.asarray(azimuth_off_deg) % 360.0, *pattern.horizontal, period=360.0)
    vertical = np.interp(elevation_off_deg, *pattern.vertical)
    return np.asarray(horizontal + vertical)


def read_pattern(path: Path) -> Pattern:
    """Read a pattern from a CSV with the columns ``cut`` (horizontal or vertical), ``angle_deg``, ``attenuation_db``.

    Raises
    ------
    FileProblem, ColumnMissing, ValueRejected
        Naming file, row and column.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            rows = list(csv.DictReader(stream))
    except (OSError, UnicodeDecodeError) as error:
        raise FileProblem(Problem(f"cannot be read as an antenna pattern: {error}", file=path.name)) from error
    cuts: dict[str, dict[float, float]] = {"horizontal": {}, "vertical": {}}
    for number, row in enumerate(rows, start=1):
        for column in ("cut", "angle_deg", "attenuation_db"):
            if row.get(column) is None:
                raise ColumnMissing(Problem("column is missing", "", path.name, column=column))
        if row["cut"] not in cuts:
            remedy = "Accepted: horizontal, vertical"
            raise ValueRejected(Problem("no such cut", remedy, path.name, number, "cut", row["cut"]))
        angle = _number(row, "angle_deg", -360.0, 360.0, path, number)
        cuts[row["cut"]][angle] = _number(row, "attenuation_db", 0.0, 100.0, path, number)
    for cut, values in cuts.items():
        if not values:
            raise ValueRejected(Problem(f"has no {cut} cut", "Give both cuts", path.name))
    tables = [tuple(np.array(sorted(values.items()), dtype=float).T) for values in cuts.values()]
    return Pattern(horizontal=(tables[0][0], tables[0][1]), vertical=(tables[1][0], tables[1][1]))


def _number(row: dict[str, str], column: str, low: float, high: float, path: Path, number: int) -> float:
    try:
        value = float(row[column])
    except ValueError:
        value = float("nan")
    if not low <= value <= high:
        remedy = f"Accepted: {low:g} to {high:g}"
        raise ValueRejected(Problem("not a valid number", remedy, path.name, number, column, row[column]))
    return value
