"""Where a settlement's people live: its given polygon, or a disc whose size follows from its population."""

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely

from geo.region import Region

_RADIUS_OF_1000_KM = 0.56
_RADIUS_EXPONENT = 0.4
"""Assumption: 1,000 people of a steppe village live on 1 km², gardens included, and the area of a place grows with the
0.8th power of its population (larger places are denser): ``R = 0.56 km · (people / 1000)^0.4``."""
_SMALLEST_RADIUS_KM = 0.2
_DISC_QUARTER_SEGMENTS = 8


@dataclass(frozen=True)
class Footprints:
    """Footprints of n settlements in the region's equal-area projection.

    `row` holds the positions in the settlements table of those whose position is known (m of n); `points` (m,) are
    their representative points, `areas` (m,) the footprint polygons, `radius_km` (m,) the radius of the disc of equal
    area; `lon`, `lat` (m,) are the points in WGS 84 degrees. `in_region` tells which lie within the region.
    """

    row: npt.NDArray[np.int64]
    points: npt.NDArray[np.object_]
    areas: npt.NDArray[np.object_]
    radius_km: npt.NDArray[np.float64]
    lon: npt.NDArray[np.float64]
    lat: npt.NDArray[np.float64]
    in_region: npt.NDArray[np.bool_]


def representative_points(geometry: gpd.GeoSeries) -> gpd.GeoSeries:
    """A point of each geometry: itself, or one inside its polygon; null stays null."""
    is_area = geometry.geom_type.isin(["Polygon", "MultiPolygon"]).to_numpy()
    shapes = geometry.to_numpy().copy()
    shapes[is_area] = shapely.point_on_surface(shapes[is_area])
    return gpd.GeoSeries(shapes, crs=geometry.crs)


def footprints(settlements: gpd.GeoDataFrame, region: Region) -> Footprints:
    """Footprints of the settlements that have a position."""
    row = np.flatnonzero(settlements.geometry.notna().to_numpy())
    geometry = settlements.geometry.iloc[row].reset_index(drop=True)
    points_wgs84 = representative_points(geometry)
    points = region.planar(points_wgs84)
    people = settlements["population"].iloc[row].astype("float64").fillna(0.0).to_numpy()
    radius_km = np.maximum(_RADIUS_OF_1000_KM * (people / 1000.0) ** _RADIUS_EXPONENT, _SMALLEST_RADIUS_KM)
    areas = shapely.buffer(points, radius_km * 1000.0, quad_segs=_DISC_QUARTER_SEGMENTS)
    given = geometry.geom_type.isin(["Polygon", "MultiPolygon"]).to_numpy()
    if given.any():
        areas[given] = region.planar(geometry[given])
        radius_km[given] = np.sqrt(shapely.area(areas[given]) / np.pi) / 1000.0
    return Footprints(
        row=row,
        points=points,
        areas=areas,
        radius_km=radius_km,
        lon=points_wgs84.x.to_numpy(),
        lat=points_wgs84.y.to_numpy(),
        in_region=region.contains(points),
    )
