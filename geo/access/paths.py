"""The path from the nearest mast to each settlement that it reaches: what obstacles and profiles are looked for on."""

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from geo.coverage.footprints import Footprints
from geo.region import Region, geodesic_km
from geo.tables.schema import WGS84

Floats = npt.NDArray[np.float64]

CLOSEST_KM = 0.25
"""Nearer than this there is no ground between mast and settlement to speak of."""


@dataclass(frozen=True)
class MastPaths:
    """m paths: `place` (m,) are positions in the footprints, `masts` the m rows of the cells at their other end
    (the cell of the mast that reaches farthest), `km` (m,) the geodesic lengths."""

    place: npt.NDArray[np.int64]
    masts: pd.DataFrame
    km: Floats

    def __len__(self) -> int:
        return len(self.place)


def paths_from_nearest_masts(
    cells: pd.DataFrame, places: Footprints, region: Region, wanted: npt.NDArray[np.bool_]
) -> MastPaths:
    """Paths from the nearest mast to settlements, where it is not at hand and reaches so far.

    Parameters
    ----------
    cells
        Completed cells.
    wanted
        Which of the n settlements to look at.
    """
    chosen = np.flatnonzero(wanted[places.row])
    if cells.empty or not len(chosen):
        return MastPaths(np.empty(0, dtype=np.int64), cells.iloc[:0], np.empty(0))
    # of a site's cells the one that reaches farthest, then the tallest, then of the lowest band
    order = cells.sort_values(["reach_km", "height_m", "band_mhz"], ascending=[False, False, True], kind="stable")
    masts = order.drop_duplicates(["lon", "lat"]).reset_index(drop=True)
    lon, lat = masts["lon"].to_numpy(dtype=float), masts["lat"].to_numpy(dtype=float)
    points = region.planar(gpd.GeoSeries(gpd.points_from_xy(lon, lat), crs=WGS84))
    place, mast = shapely.STRtree(points).query_nearest(places.points[chosen], all_matches=False)
    place = chosen[place]
    km = geodesic_km(lon[mast], lat[mast], places.lon[place], places.lat[place])
    near = (km <= masts["reach_km"].to_numpy(dtype=float)[mast]) & (km > CLOSEST_KM)
    return MastPaths(place[near], masts.iloc[mast[near]].reset_index(drop=True), km[near])
