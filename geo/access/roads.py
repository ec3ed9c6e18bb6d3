"""Roads: how far each settlement is from the nearest, and how much of a district's roads has mobile internet."""

from collections.abc import Iterator

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyproj
import shapely

from geo.coverage.evidence import mobile_internet
from geo.coverage.footprints import Footprints
from geo.coverage.overlay import points_in_polygons
from geo.region import Region, geodesic_km
from geo.standards import Standard
from geo.tables.schema import WGS84

Floats = npt.NDArray[np.float64]

PIECE_M = 100.0
"""Roads are measured in pieces of at most this length, each wholly where its middle is."""
_LINES_AT_ONCE = 20_000


def nearest_road_km(places: Footprints, n: int, roads: gpd.GeoDataFrame, region: Region) -> Floats:
    """Distance in the region's projection from the footprint of each of n settlements to the nearest road, 0 where one
    enters it; NaN without roads or position."""
    result = np.full(n, np.nan)
    if len(roads) and len(places.row):
        lines = shapely.get_parts(region.planar(roads.geometry))
        (place, _), metres = shapely.STRtree(lines).query_nearest(places.areas, return_distance=True, all_matches=False)
        result[places.row[place]] = metres / 1000.0
    return result


def district_roads(
    roads: gpd.GeoDataFrame,
    districts: gpd.GeoDataFrame,
    coverage: gpd.GeoDataFrame,
    region: Region,
    standard: Standard,
) -> pd.DataFrame:
    """Geodesic length of the roads in each district, and the share of it where coverage polygons claim mobile internet.

    A road given twice counts twice. Polygons of any operator and basis count, of technologies that give voice and
    internet; signal rasters are no polygons.

    Returns
    -------
    DataFrame
        `road_km`, null without roads; `road_covered_share`, null without such polygons or without a road in the
        district. Rows as `districts`.
    """
    m = len(districts)
    if roads.empty:
        return pd.DataFrame({"road_km": np.full(m, np.nan), "road_covered_share": np.full(m, np.nan)})
    areas = coverage.geometry[coverage["technology"].isin(mobile_internet(standard)).to_numpy()].to_numpy()
    total, covered = np.zeros(m), np.zeros(m)
    for lon, lat, km in _pieces(roads.geometry, region):
        is_covered = np.zeros(len(km), dtype=bool)
        is_covered[points_in_polygons(lon, lat, areas)[0]] = True
        piece, district = points_in_polygons(lon, lat, districts.geometry.to_numpy())
        total += np.bincount(district, weights=km[piece], minlength=m)
        covered += np.bincount(district, weights=km[piece] * is_covered[piece], minlength=m)
    share = np.full(m, np.nan)
    if len(areas):
        np.divide(covered, total, out=share, where=total > 0.0)
    return pd.DataFrame({"road_km": total, "road_covered_share": share})


def _pieces(roads: gpd.GeoSeries, region: Region) -> Iterator[tuple[Floats, Floats, Floats]]:
    """Middles (degrees) and geodesic lengths of the roads' pieces, some thousand roads at a time."""
    to_wgs84 = pyproj.Transformer.from_crs(region.crs, WGS84, always_xy=True)
    for begin in range(0, len(roads), _LINES_AT_ONCE):
        lines = shapely.get_parts(region.planar(roads.iloc[begin : begin + _LINES_AT_ONCE]))
        lines = lines[shapely.length(lines) > 0.0]  # points that fall together cannot be cut into pieces
        at, line = shapely.get_coordinates(shapely.segmentize(lines, PIECE_M), return_index=True)
        starts = np.flatnonzero(line[1:] == line[:-1])
        lon, lat = to_wgs84.transform(at[:, 0], at[:, 1])
        middle = (at[starts] + at[starts + 1]) / 2.0
        middle_lon, middle_lat = to_wgs84.transform(middle[:, 0], middle[:, 1])
        km = geodesic_km(lon[starts], lat[starts], lon[starts + 1], lat[starts + 1])
        yield np.asarray(middle_lon), np.asarray(middle_lat), km
