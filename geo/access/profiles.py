"""The ground along the path from the nearest mast to each settlement that it reaches, kept in the run for pictures."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from geo.access.obstacles import effective_earth_factor
from geo.access.paths import MastPaths, paths_from_nearest_masts
from geo.coverage.footprints import Footprints
from geo.propagation.area import TERRAIN
from geo.propagation.carriers import receiver_height_m
from geo.propagation.terrain import Profiles, Terrain
from geo.region import Region
from geo.tables.profiles import PROFILES
from geo.tables.schema import conform

_STEP_KM = 0.5
_PATHS_AT_ONCE = 10_000


def terrain_profiles(
    cells: pd.DataFrame,
    terrain_files: Sequence[Path],
    places: Footprints,
    settlements: pd.DataFrame,
    region: Region,
) -> pd.DataFrame:
    """Table `profiles` (`geo.tables.profiles`) of all settlements within reach of their nearest mast.

    Paths on which the terrain is not known throughout have no row: smooth earth is no picture of the ground.

    Parameters
    ----------
    cells
        Completed cells.
    settlements
        The settlements that `places` are of.
    """
    paths = paths_from_nearest_masts(cells, places, region, np.ones(len(settlements), dtype=bool))
    if not terrain_files or not len(paths):
        return _table(pd.DataFrame(columns=PROFILES.names))
    kato = settlements["kato"].to_numpy(dtype=object)[places.row[paths.place]]
    parts = []
    with Terrain(list(terrain_files)) as terrain:
        for first in range(0, len(paths), _PATHS_AT_ONCE):
            some = slice(first, first + _PATHS_AT_ONCE)
            part = MastPaths(paths.place[some], paths.masts.iloc[some], paths.km[some])
            lon, lat = (part.masts[name].to_numpy(dtype=float) for name in ("lon", "lat"))
            profiles = terrain.profiles(lon, lat, places.lon[part.place], places.lat[part.place], step_km=_STEP_KM)
            known = np.flatnonzero(profiles.terrain == TERRAIN)
            parts.append(_rows(part, profiles, kato[some], effective_earth_factor(region)).iloc[known])
    return _table(pd.concat(parts, ignore_index=True))


def _table(rows: pd.DataFrame) -> pd.DataFrame:
    table: pd.DataFrame = conform(rows, PROFILES, file="profiles")
    return table


def _rows(paths: MastPaths, profiles: Profiles, kato: npt.NDArray[np.object_], earth_factor: float) -> pd.DataFrame:
    heights = np.char.mod("%d", np.rint(profiles.heights_m).astype(np.int64))
    first, last = profiles.offsets[:-1], profiles.offsets[1:]
    return pd.DataFrame(
        {
            "kato": kato,
            "site_id": paths.masts["site_id"].to_numpy(dtype=object),
            "site_lon": paths.masts["lon"].to_numpy(dtype=float).round(6),
            "site_lat": paths.masts["lat"].to_numpy(dtype=float).round(6),
            "distance_km": paths.km.round(3),
            "site_height_m": paths.masts["height_m"].to_numpy(dtype=float),
            "receiver_height_m": receiver_height_m(),
            "frequency_mhz": paths.masts["band_mhz"].to_numpy(dtype=float),
            "earth_factor": round(earth_factor, 4),
            "source": profiles.source,
            "resolution_m": round(profiles.resolution_m),
            "heights_m": [" ".join(heights[a:b]) for a, b in zip(first.tolist(), last.tolist(), strict=True)],
        }
    )
