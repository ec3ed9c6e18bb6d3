"""Why a settlement within reach of a site is dark: the ground that stands between them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from geo.access.paths import paths_from_nearest_masts
from geo.coverage.footprints import Footprints
from geo.propagation.area import TERRAIN
from geo.propagation.carriers import receiver_height_m
from geo.propagation.links import link_clearance
from geo.propagation.terrain import Terrain
from geo.region import Region

Floats = npt.NDArray[np.float64]

_STEP_KM = 0.25
_PATHS_AT_ONCE = 10_000


@dataclass(frozen=True)
class Obstacles:
    """Where the ground cuts the line of sight from the nearest site; arrays of shape (n,), NaN where it does not.

    `km` is the obstacle's distance from the site, `above_m` how far the ground stands above the line of sight there,
    `lift_m` what must be added to the height of both antennas to clear 0.6 of the first Fresnel zone.
    """

    km: Floats
    above_m: Floats
    lift_m: Floats

    @classmethod
    def none(cls, n: int) -> "Obstacles":
        """No obstacle is known for any of n settlements."""
        return cls(*(np.full(n, np.nan) for _ in range(3)))


def effective_earth_factor(region: Region) -> float:
    """Effective over actual radius of the earth for the region's median refractivity (ITU-R P.1812, equation 5)."""
    return 157.0 / (157.0 - region.profile.radio_climate.delta_n)


def find_obstacles(
    cells: pd.DataFrame,
    terrain_files: Sequence[Path],
    places: Footprints,
    dark: npt.NDArray[np.bool_],
    region: Region,
) -> Obstacles:
    """Obstacles between dark settlements and the nearest site, where that site reaches so far.

    Looked for over terrain only, with the handset's height at the settlement and the tallest cell of the site, over the
    effective radius of the earth of ITU-R P.1812 (equation 5).

    Parameters
    ----------
    cells
        Completed cells.
    dark
        Which of the n settlements to explain.
    """
    found = Obstacles.none(len(dark))
    paths = paths_from_nearest_masts(cells, places, region, dark)
    if not terrain_files or not len(paths):
        return found
    earth_factor = effective_earth_factor(region)
    with Terrain(list(terrain_files)) as terrain:
        for first in range(0, len(paths), _PATHS_AT_ONCE):
            some = slice(first, first + _PATHS_AT_ONCE)
            site, place = paths.masts.iloc[some], paths.place[some]
            link = link_clearance(
                terrain,
                site["lon"].to_numpy(dtype=float),
                site["lat"].to_numpy(dtype=float),
                places.lon[place],
                places.lat[place],
                frequency_ghz=site["band_mhz"].to_numpy(dtype=float) / 1000.0,
                tx_height_m=site["height_m"].to_numpy(dtype=float),
                rx_height_m=receiver_height_m(),
                earth_factor=earth_factor,
                step_km=_STEP_KM,
            )
            blocked = ~link.in_sight & (link.terrain == TERRAIN)
            row = places.row[place][blocked]
            found.km[row] = link.obstacle_km[blocked]
            found.above_m[row] = -link.clearance_m[blocked]
            found.lift_m[row] = link.lift_m[blocked]
    return found
