"""The region: its names, its extent, its own equal-area projection, and constants that only it can know.

Nothing here is particular to one region: the bundled one is described by ``data/region.toml``, any other by the
boundaries that its user gives.
"""

import datetime as dt
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely
from pyproj import CRS, Geod

from geo.errors import FileProblem, Problem
from geo.tables.schema import WGS84

LANGUAGES = ("kk", "ru", "en")
GEOD = Geod(ellps="WGS84")
EDGE_TOLERANCE_M = 1000.0
"""A place this little outside the boundary still belongs: published boundaries are simplified."""


@dataclass(frozen=True)
class RadioClimate:
    """Constants of ITU-R P.1812: `delta_n` (ΔN, N-units/km) and `n0` (N0, N-units)."""

    delta_n: float = 45.0
    n0: float = 325.0


@dataclass(frozen=True)
class PopulationRules:
    """How unpublished populations are estimated; see `geo.ingest.population`. Shares and factors have no unit."""

    weight_okrug_centre: float
    weight_other: float
    weight_siding: float
    estimate_range_factor: float
    drift_share_per_year: float
    undated_range_share: float


@dataclass(frozen=True)
class Credit:
    """Whom to credit for an input, under which licence, and the date of the data (YYYY, YYYY-MM or YYYY-MM-DD)."""

    text: str = ""
    licence: str | None = None
    as_of: str | None = None


@dataclass(frozen=True)
class RegionProfile:
    """What a region's file says of it."""

    names: Mapping[str, str]
    code: str | None = None
    as_of: dt.date | None = None
    credits: Mapping[str, Credit] = field(default_factory=dict)
    radio_climate: RadioClimate = RadioClimate()
    population: PopulationRules | None = None

    @classmethod
    def from_toml(cls, path: Path) -> "RegionProfile":
        """Read ``region.toml``; `FileProblem` when it is missing or not of the expected form."""
        try:
            raw: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
            return cls(
                names={language: raw[f"name_{language}"] for language in LANGUAGES},
                code=raw.get("code"),
                as_of=dt.date.fromisoformat(raw["as_of"]),
                credits={kind: Credit(**credit) for kind, credit in raw.get("credits", {}).items()},
                radio_climate=RadioClimate(**raw.get("radio_climate", {})),
                population=PopulationRules(**raw["population"]) if "population" in raw else None,
            )
        except (OSError, tomllib.TOMLDecodeError, KeyError, TypeError, ValueError) as error:
            raise FileProblem(Problem(f"cannot be used as a region file: {error}", file=path.name)) from error


@dataclass(frozen=True)
class Region:
    """A region as an analysis sees it: profile, boundary (WGS 84), and the projection built from the boundary."""

    profile: RegionProfile
    boundary: shapely.Geometry
    crs: CRS

    @classmethod
    def from_districts(cls, districts: gpd.GeoDataFrame, profile: RegionProfile) -> "Region":
        """The region that these districts (WGS 84) make up."""
        boundary = shapely.union_all(districts.geometry.to_numpy())
        return cls(profile, boundary, equal_area_crs(boundary))

    @cached_property
    def bounds(self) -> tuple[float, float, float, float]:
        """West, south, east, north in degrees."""
        west, south, east, north = shapely.bounds(self.boundary)
        return float(west), float(south), float(east), float(north)

    def planar(self, geometries: gpd.GeoSeries) -> npt.NDArray[Any]:
        """Geometries (any CRS) in the region's equal-area projection, metres."""
        return np.asarray(geometries.to_crs(self.crs).to_numpy())

    def contains(self, points_planar: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
        """Whether points (equal-area projection) lie in the region, its edge tolerance included; null ones do not."""
        return np.asarray(shapely.covers(self._tolerant_boundary, points_planar))

    def contains_any(self, geometries: gpd.GeoSeries) -> npt.NDArray[np.bool_]:
        """Whether any part of each geometry (any CRS) lies in the region, its edge tolerance included."""
        return np.asarray(shapely.intersects(self._tolerant_boundary, self.planar(geometries)))

    @cached_property
    def _tolerant_boundary(self) -> shapely.Geometry:
        boundary = gpd.GeoSeries([self.boundary], crs=WGS84).to_crs(self.crs).iloc[0].buffer(EDGE_TOLERANCE_M)
        shapely.prepare(boundary)
        return boundary


def equal_area_crs(boundary: shapely.Geometry) -> CRS:
    """Lambert azimuthal equal-area projection centred on a WGS 84 geometry, metres.

    The centre is the mean direction of the vertices of the convex hull, so that a region across the antimeridian has
    its own centre and not the other side of the earth. Within 500 km of it lengths are true to 0.1 %.
    """
    lon, lat = np.radians(shapely.get_coordinates(shapely.convex_hull(boundary))).T
    x, y, z = (np.cos(lat) * np.cos(lon)).mean(), (np.cos(lat) * np.sin(lon)).mean(), np.sin(lat).mean()
    lon_0 = round(float(np.degrees(np.arctan2(y, x))), 2)
    lat_0 = round(float(np.degrees(np.arctan2(z, np.hypot(x, y)))), 2)
    return CRS.from_proj4(f"+proj=laea +lat_0={lat_0} +lon_0={lon_0} +datum=WGS84 +units=m +no_defs")


def geodesic_km(lon_a: Any, lat_a: Any, lon_b: Any, lat_b: Any) -> npt.NDArray[np.float64]:
    """Geodesic distances on WGS 84 in km between two arrays of positions in degrees; NaN where one is NaN."""
    a, b, c, d = (np.asarray(v, dtype=float) for v in (lon_a, lat_a, lon_b, lat_b))
    known = np.isfinite(a) & np.isfinite(b) & np.isfinite(c) & np.isfinite(d)
    result = np.full(a.shape, np.nan)
    result[known] = GEOD.inv(a[known], b[known], c[known], d[known])[2] / 1000.0
    return result
