"""Evidence from sites: levels modelled over terrain by ITU-R P.1812-8, at the settlements and as areas.

A settlement in the region that no cell of an operator's technology reaches is one where no service is claimed.
"""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from affine import Affine
from pyproj import Transformer
from rasterio.features import shapes

from geo.coverage.footprints import Footprints
from geo.coverage.reliability import Reliability, probability_of_signal
from geo.propagation.levels import best_servers, complete_cells, levels
from geo.propagation.terrain import Terrain
from geo.region import Region
from geo.standards import Standard
from geo.tables.coverage import COVERAGE
from geo.tables.schema import WGS84, conform
from geo.tables.words import Basis

AREA_RESOLUTION_M = 1000.0
"""Grid of the areas that an analysis draws; finer ones are a job of their own."""
_METHOD = "ITU-R P.1812-8"
_PRECISION_DEGREES = 1e-6


@dataclass(frozen=True)
class Modelled:
    """What a site list gives: evidence at settlements, areas for the map, and notes on what was assumed.

    `paths_over_terrain` and `paths_over_smooth_earth` count the best servers' paths to settlements, those in free space
    among the latter.
    """

    evidence: pd.DataFrame
    areas: gpd.GeoDataFrame
    notes: list[str]
    terrain: str
    resolution_m: float | None
    paths_over_terrain: int
    paths_over_smooth_earth: int


def model_sites(
    sites: gpd.GeoDataFrame,
    terrain_files: Sequence[Path],
    places: Footprints,
    region: Region,
    standard: Standard,
    reliability: Reliability,
    *,
    scenario: str | None,
) -> Modelled:
    """Model every operator's technology at the settlements of the region and over its area.

    Parameters
    ----------
    sites
        Canonical sites.
    terrain_files
        Elevation files; none models smooth earth.
    scenario
        Name of the planning question that the sites belong to, or None.

    Returns
    -------
    Modelled
        Evidence rows as `geo.coverage.evidence` wants them; areas are canonical coverage at the standard's thresholds.
    """
    cells, notes = complete_cells(sites)
    beyond = int((~region.contains(region.planar(sites.geometry))).sum())
    if beyond:
        notes.append(f"{beyond} cells stand outside the region; they count where they reach into it")
    climate = region.profile.radio_climate
    inside = np.flatnonzero(places.in_region)
    grid = _Grid.over(region)
    n = len(inside)
    with ExitStack() as stack:
        terrain = stack.enter_context(Terrain(list(terrain_files))) if terrain_files else None
        terrain_name = terrain.source if terrain else "smooth earth"
        resolution_m = terrain.resolution_m if terrain else None
        usable = cells["technology"].map(lambda t: standard.technologies[t].threshold_dbm is not None)
        if not usable.all():
            notes.append(f"the standard sets no signal level for {int((~usable).sum())} cells; they are left out")
        cells = cells[usable].reset_index(drop=True)
        keys = cells[["operator", "technology"]].drop_duplicates().sort_values(["operator", "technology"])
        service = np.asarray(cells.groupby(["operator", "technology"], sort=True).ngroup(), dtype=np.int64)
        lon, lat = np.append(places.lon[inside], grid.lon), np.append(places.lat[inside], grid.lat)
        best = best_servers(service, levels(cells, lon, lat, terrain, climate), len(lon), services=len(keys))
    source = f"{_METHOD} over {terrain_name}" + (f" ({resolution_m:.0f} m)" if resolution_m else "")
    rows, areas = [], []
    for number, (operator, technology) in enumerate(keys.itertuples(index=False, name=None)):
        threshold_dbm = standard.technologies[technology].threshold_dbm or np.nan
        level = best.level_dbm[number, :n]
        known = np.isfinite(level)
        probability = np.full(n, reliability.outside)
        probability[known] = probability_of_signal(level[known], threshold_dbm, reliability=reliability)
        rows.append(
            pd.DataFrame(
                {
                    "row": places.row[inside],
                    "operator": operator,
                    "technology": technology,
                    "share_covered": np.nan,
                    "signal_dbm": level,
                    "probability_served": probability,
                    "probability_any": probability,
                    "downlink_mbps": np.nan,
                    "edge_distance_km": np.nan,
                    "basis": str(Basis.MODELLED),
                    "as_of": None,
                    "source": np.where(best.over_terrain[number, :n], source, f"{_METHOD} over smooth earth"),
                }
            )
        )
        with np.errstate(invalid="ignore"):
            area = grid.polygon(best.level_dbm[number, n:] >= threshold_dbm)
        if area is not None:
            areas.append((operator, technology, threshold_dbm, area))
    layers = gpd.GeoDataFrame(areas, columns=["operator", "technology", "threshold_dbm", "geometry"], crs=region.crs)
    layers = layers.to_crs(WGS84).assign(
        basis=str(Basis.MODELLED), scenario=scenario, source=f"{source}, {AREA_RESOLUTION_M / 1000.0:g} km grid"
    )
    layers["geometry"] = shapely.make_valid(shapely.set_precision(layers.geometry.to_numpy(), _PRECISION_DEGREES))
    return Modelled(
        evidence=pd.concat(rows, ignore_index=True) if rows else pd.DataFrame(),
        areas=conform(layers, COVERAGE, file="modelled areas"),
        notes=notes,
        terrain=terrain_name,
        resolution_m=resolution_m,
        paths_over_terrain=int(best.over_terrain[:, :n].sum()),
        paths_over_smooth_earth=int(((best.cell >= 0) & ~best.over_terrain)[:, :n].sum()),
    )


@dataclass(frozen=True)
class _Grid:
    """Pixels of the region in its equal-area projection; `lon`, `lat` (m,) are the centres of those in the region."""

    transform: Affine
    shape: tuple[int, int]
    at: npt.NDArray[np.int64]
    lon: npt.NDArray[np.float64]
    lat: npt.NDArray[np.float64]

    @classmethod
    def over(cls, region: Region) -> "_Grid":
        boundary = gpd.GeoSeries([region.boundary], crs=WGS84).to_crs(region.crs).iloc[0]
        west, south, east, north = boundary.bounds
        size = AREA_RESOLUTION_M
        columns, rows = int(np.ceil((east - west) / size)), int(np.ceil((north - south) / size))
        x = west + (np.arange(columns) + 0.5) * size
        y = north - (np.arange(rows) + 0.5) * size
        xs, ys = (v.ravel() for v in np.meshgrid(x, y))
        shapely.prepare(boundary)
        at = np.flatnonzero(shapely.contains_xy(boundary, xs, ys))
        lon, lat = Transformer.from_crs(region.crs, WGS84, always_xy=True).transform(xs[at], ys[at])
        return cls(Affine(size, 0.0, west, 0.0, -size, north), (rows, columns), at, np.asarray(lon), np.asarray(lat))

    def polygon(self, covered: npt.NDArray[np.bool_]) -> shapely.Geometry | None:
        """The covered pixels as one geometry in the projection; None where there are none."""
        if not covered.any():
            return None
        mask = np.zeros(self.shape[0] * self.shape[1], dtype=np.uint8)
        mask[self.at[covered]] = 1
        mask = mask.reshape(self.shape)
        found = [shapely.geometry.shape(s) for s, _ in shapes(mask, mask=mask.astype(bool), transform=self.transform)]
        return shapely.union_all(np.array(found, dtype=object))
