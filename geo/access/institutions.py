"""Public institutions of each settlement: which place a school or clinic belongs to.

Kind `other` does not count: nothing shows that it is a public institution.
"""

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from geo.coverage.footprints import Footprints
from geo.region import Region
from geo.tables.words import FacilityKind

Floats = npt.NDArray[np.float64]

REACH_KM = 3.0
"""A facility without a code belongs to the nearest settlement whose footprint is this near. Assumption: a school or
clinic at the edge of its village is inside or beside it, and villages lie farther apart."""


@dataclass(frozen=True)
class Institutions:
    """Public institutions of n settlements: their `count`, and how many of them are expected to be `without` internet,
    ``count · (1 − P_internet)``; arrays of shape (n,), NaN where not known."""

    count: Floats
    without: Floats

    @classmethod
    def of(cls, count: Floats, internet: Floats) -> "Institutions":
        """From their count and the settlements' probability of internet of any kind."""
        return cls(count, np.where(count == 0.0, 0.0, count * (1.0 - internet)))


def facilities_of_settlements(
    facilities: gpd.GeoDataFrame, settlements: gpd.GeoDataFrame, places: Footprints, region: Region
) -> Floats:
    """Number of public institutions of each settlement, shape (n,).

    A facility belongs to the settlement of its `kato`; where that is null or no settlement's, to the settlement whose
    footprint is nearest to it, within `REACH_KM` (of two footprints that both hold it, the one whose point is nearer).

    NaN where nothing is known: everywhere without any facility, and for a settlement without a position that no code
    names, if there are facilities that only a position could have brought there.
    """
    n = len(settlements)
    if facilities.empty:
        return np.full(n, np.nan)
    public = facilities[facilities["kind"] != FacilityKind.OTHER]
    row_of = pd.Series(np.arange(n), index=settlements["kato"].to_numpy(dtype=object))
    by_code = public["kato"].map(row_of)
    by_position = by_code.isna().to_numpy()
    coded = by_code[~by_position].to_numpy(dtype=np.int64)
    nearest = _nearest(region.planar(public.geometry[by_position]), places)
    count = np.bincount(np.concatenate([coded, nearest]), minlength=n).astype(float)
    if by_position.any():
        unlocated = np.ones(n, dtype=bool)
        unlocated[places.row] = False
        count[unlocated & (count == 0.0)] = np.nan
    return count


def _nearest(points: npt.NDArray[np.object_], places: Footprints) -> npt.NDArray[np.int64]:
    """Rows of the settlements to which the points (region's projection) belong; those out of reach have none."""
    tree = shapely.STRtree(places.areas)
    point, place = tree.query(points, "dwithin", REACH_KM * 1000.0)
    to_footprint = shapely.distance(points[point], places.areas[place])
    to_middle = shapely.distance(points[point], places.points[place])
    order = np.lexsort((place, to_middle, to_footprint, point))
    _, first = np.unique(point[order], return_index=True)
    return np.asarray(places.row[place[order][first]], dtype=np.int64)
