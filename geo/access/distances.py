"""How far each settlement is from the nearest served one, from the nearest site and from its district's centre."""

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from geo.coverage.footprints import Footprints
from geo.region import Region, geodesic_km

Floats = npt.NDArray[np.float64]


def nearest_km(places: Footprints, n: int, lon: Floats, lat: Floats, points: npt.NDArray[np.object_]) -> Floats:
    """Geodesic distance in km from each of n settlements to the nearest of some targets; NaN where unknown.

    Parameters
    ----------
    places
        Settlements with a position.
    n
        Number of settlements.
    lon, lat, points
        The targets, shape (m,): WGS 84 degrees, and the same in the region's projection, in which the nearest is found.
    """
    result = np.full(n, np.nan)
    if len(points) and len(places.row):
        pairs = shapely.STRtree(points).query_nearest(places.points, all_matches=False)
        source, target = pairs
        result[places.row[source]] = geodesic_km(places.lon[source], places.lat[source], lon[target], lat[target])
    return result


def nearest_served_km(places: Footprints, n: int, served: npt.NDArray[np.bool_]) -> Floats:
    """Distance to the nearest served settlement, 0 for a served one; `served` has shape (n,)."""
    is_target = served[places.row]
    distance = nearest_km(places, n, places.lon[is_target], places.lat[is_target], places.points[is_target])
    distance[served] = 0.0
    return distance


def nearest_site_km(places: Footprints, n: int, sites: gpd.GeoDataFrame, region: Region) -> Floats:
    """Distance to the nearest site."""
    if sites.empty:
        return np.full(n, np.nan)
    return nearest_km(
        places, n, sites.geometry.x.to_numpy(), sites.geometry.y.to_numpy(), region.planar(sites.geometry)
    )


def district_centre_km(places: Footprints, settlements: gpd.GeoDataFrame) -> Floats:
    """Distance to the district's centre, taken to be its most populous place whose position is known."""
    located = settlements.iloc[places.row][["district_kato", "population"]].assign(at=np.arange(len(places.row)))
    located["population"] = located["population"].astype("float64")
    ranked = located.dropna().sort_values(["district_kato", "population"], ascending=[True, False], kind="stable")
    centre_at = ranked.drop_duplicates("district_kato").set_index("district_kato")["at"]
    at = pd.Series(located["district_kato"].to_numpy()).map(centre_at).to_numpy(dtype=float)
    known = np.isfinite(at)
    target = at[known].astype(np.int64)
    result = np.full(len(settlements), np.nan)
    result[places.row[known]] = geodesic_km(
        places.lon[known], places.lat[known], places.lon[target], places.lat[target]
    )
    return result
