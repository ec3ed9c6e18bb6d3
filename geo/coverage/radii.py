"""Service areas where only the sites are known: a disc of the technology's customary radius, basis `assumed`."""

import geopandas as gpd
import numpy as np
import shapely

from geo.propagation.carriers import service_radius_km
from geo.region import Region
from geo.tables.coverage import COVERAGE
from geo.tables.schema import WGS84, conform
from geo.tables.words import Basis

_QUARTER_SEGMENTS = 32
_PRECISION_DEGREES = 1e-6


def areas_around_sites(
    sites: gpd.GeoDataFrame, region: Region, *, scenario: str | None, as_of: str | None
) -> gpd.GeoDataFrame:
    """One polygon per operator and technology: the union of the discs around its sites.

    Parameters
    ----------
    sites
        Canonical sites; technologies without a customary radius (fixed ones) make no area.
    region
        Gives the equal-area projection in which the discs are drawn; distances in it are true to 0.1 %.
    scenario
        Name of the planning question the sites belong to, or None.
    as_of
        Date of the site list.

    Returns
    -------
    GeoDataFrame
        Canonical coverage, WGS 84, basis `assumed`.
    """
    radius_km = sites["technology"].map(service_radius_km()).to_numpy(dtype=float)
    usable = np.isfinite(radius_km)
    discs = shapely.buffer(
        region.planar(sites.geometry)[usable], radius_km[usable] * 1000.0, quad_segs=_QUARTER_SEGMENTS
    )
    layers = gpd.GeoDataFrame(
        sites.loc[usable, ["operator", "technology"]].reset_index(drop=True), geometry=discs, crs=region.crs
    ).dissolve(["operator", "technology"], sort=True, as_index=False)
    layers = layers.to_crs(WGS84).assign(
        basis=str(Basis.ASSUMED),
        scenario=scenario,
        as_of=as_of,
        source="Radius around each site: FAO / Mobile Coverage Explorer",
        geometry=lambda frame: shapely.set_precision(frame.geometry.to_numpy(), _PRECISION_DEGREES),
    )
    return conform(layers, COVERAGE, file="assumed areas")
