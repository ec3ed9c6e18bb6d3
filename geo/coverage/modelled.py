"""Evidence from sites: levels modelled over terrain by ITU-R P.1812-8, at the settlements and as areas.

A settlement in the region that no cell of an operator's technology reaches is one where no service is claimed.
"""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyproj
from affine import Affine

from geo.coverage.footprints import Footprints
from geo.coverage.grid import Grid
from geo.coverage.reliability import Reliability, probability_of_signal
from geo.propagation.antennas import Pattern
from geo.propagation.area import FREE_SPACE, SMOOTH_EARTH, TERRAIN
from geo.propagation.cells import complete_cells
from geo.propagation.levels import NO_PATH, best_servers, levels
from geo.propagation.terrain import Terrain
from geo.region import Region, geodesic_km
from geo.standards import Standard
from geo.tables.coverage import COVERAGE
from geo.tables.schema import WGS84, conform
from geo.tables.sites import CROWDSOURCED
from geo.tables.words import Basis

AREA_RESOLUTION_M = 1000.0
"""Grid of the areas that an analysis draws; finer ones are a job of their own."""
METHOD = "ITU-R P.1812-8"
_FAR_OUTSIDE_KM = 100.0
"""So far beyond the circle around the region a cell is more likely misplaced than a neighbour's."""
_NAMED = 4


@dataclass(frozen=True)
class ModelledSignal:
    """Levels of one operator's technology on a grid over the region, dBm.

    `level_dbm` is f4[rows, columns], NaN where nothing is said; `transform` and `crs` are the grid's.
    """

    operator: str
    technology: str
    source: str
    level_dbm: npt.NDArray[np.float32]
    transform: Affine
    crs: pyproj.CRS


@dataclass(frozen=True)
class Modelled:
    """What a site list gives: evidence at settlements, areas and signals for the map, and notes on what was assumed.

    `cells` are those modelled, completed. `paths` counts the best servers' paths to settlements by what they were
    worked out over: `terrain`, `smooth_earth` and `free_space`.
    """

    evidence: pd.DataFrame
    areas: gpd.GeoDataFrame
    signals: Sequence[ModelledSignal]
    cells: pd.DataFrame
    notes: list[str]
    terrain: str
    resolution_m: float | None
    paths: Mapping[str, int]


def model_sites(
    sites: gpd.GeoDataFrame,
    terrain_files: Sequence[Path],
    places: Footprints,
    region: Region,
    standard: Standard,
    reliability: Reliability,
    *,
    scenario: str | None,
    patterns: Mapping[str, Pattern] | None = None,
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
    patterns
        Antenna tables by name.

    Returns
    -------
    Modelled
        Evidence rows as `geo.coverage.evidence` wants them; areas are canonical coverage at the standard's thresholds.

    Raises
    ------
    LimitExceeded, ValueRejected
        For cells outside the limits of the method; see `geo.propagation.cells`.
    """
    cells, notes = complete_cells(sites, patterns)
    inside = np.flatnonzero(places.in_region)
    n = len(inside)
    grid = Grid.over(region, AREA_RESOLUTION_M)
    pixel, pixel_lon, pixel_lat = grid.centres(grid.whole)
    lon, lat = np.append(places.lon[inside], pixel_lon), np.append(places.lat[inside], pixel_lat)
    with ExitStack() as stack:
        terrain = stack.enter_context(Terrain(list(terrain_files))) if terrain_files else None
        notes += position_notes(cells, region, terrain)
        cells = _with_threshold(cells, standard, notes)
        keys = cells[["operator", "technology"]].drop_duplicates().sort_values(["operator", "technology"])
        service = np.asarray(cells.groupby(["operator", "technology"], sort=True).ngroup(), dtype=np.int64)
        crowdsourced = np.asarray((cells["status"] == CROWDSOURCED).groupby(service).all())
        reached = levels(cells, lon, lat, terrain, region.profile.radio_climate, patterns=patterns)
        best = best_servers(service, reached, len(lon), services=len(keys))
    source = method_over(terrain)
    over_grid = f"{source}, {AREA_RESOLUTION_M / 1000.0:g} km grid"
    rows, areas, signals = [], [], []
    covered = np.zeros(grid.rows * grid.columns, dtype=bool)
    for number, (operator, technology) in enumerate(keys.itertuples(index=False, name=None)):
        threshold_dbm = standard.technologies[technology].threshold_dbm or np.nan
        if not np.isfinite(best.level_dbm[number]).any():
            notes.append(f"no cell of {operator} {technology} reaches into the region; nothing is said of it")
            continue
        level = best.level_dbm[number, :n]
        known = np.isfinite(level)
        probability = np.full(n, reliability.outside)
        probability[known] = probability_of_signal(level[known], threshold_dbm, reliability=reliability)
        # of a list that is not whole only what it shows counts: another mast may serve the places it leaves dark
        is_whole = not crowdsourced[number]
        told = np.full(n, True) if is_whole else np.nan_to_num(level, nan=-np.inf) >= threshold_dbm
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
                    "source": _sources(best.path[number, :n], source),
                }
            )[told]
        )
        level = best.level_dbm[number, n:]
        reaches = np.nan_to_num(level, nan=-np.inf) >= threshold_dbm
        covered[pixel] = reaches
        signal = np.full(grid.rows * grid.columns, np.nan, dtype=np.float32)
        signal[pixel] = np.where(is_whole | reaches, level, np.nan)
        shape = (grid.rows, grid.columns)
        signals.append(ModelledSignal(operator, technology, over_grid, signal.reshape(shape), grid.transform, grid.crs))
        area = grid.area(covered.reshape(shape))
        if area is not None:
            areas.append((operator, technology, threshold_dbm, area))
    layers = gpd.GeoDataFrame(areas, columns=["operator", "technology", "threshold_dbm", "geometry"], crs=WGS84)
    layers = layers.assign(basis=str(Basis.MODELLED), scenario=scenario, source=over_grid)
    kinds = {"terrain": TERRAIN, "smooth_earth": SMOOTH_EARTH, "free_space": FREE_SPACE}
    return Modelled(
        evidence=pd.concat(rows, ignore_index=True) if rows else pd.DataFrame(),
        areas=conform(layers, COVERAGE, file="modelled areas"),
        signals=signals,
        cells=cells,
        notes=notes,
        terrain=terrain.source if terrain else "smooth earth",
        resolution_m=terrain.resolution_m if terrain else None,
        paths={name: int((best.path[:, :n] == kind).sum()) for name, kind in kinds.items()},
    )


def method_over(terrain: Terrain | None) -> str:
    """What a result says it rests on: the method, the terrain and its resolution."""
    if terrain is None:
        return f"{METHOD} over smooth earth"
    return f"{METHOD} over {terrain.source} ({terrain.resolution_m:.0f} m)"


def position_notes(cells: pd.DataFrame, region: Region, terrain: Terrain | None) -> list[str]:
    """Sentences on cells that stand outside the region, far outside it, or outside the terrain."""
    lon, lat = cells["lon"].to_numpy(dtype=float), cells["lat"].to_numpy(dtype=float)
    outside = ~region.contains(region.planar(gpd.GeoSeries(gpd.points_from_xy(lon, lat), crs=WGS84)))
    west, south, east, north = region.bounds
    middle = (west + east) / 2.0, (south + north) / 2.0
    corners_km = geodesic_km(
        np.full(4, middle[0]), np.full(4, middle[1]), [west, west, east, east], [south, north, south, north]
    )
    away_km = geodesic_km(np.full(len(lon), middle[0]), np.full(len(lon), middle[1]), lon, lat)
    far = outside & (away_km > corners_km.max() + _FAR_OUTSIDE_KM)
    kinds = [
        ("outside the region", outside & ~far, "they count where they reach into it"),
        ("far outside the region", far, "they reach nothing in it; are their positions right?"),
    ]
    if terrain is not None and len(cells):
        kinds.append(("outside the terrain", np.isnan(terrain.heights(lon, lat)), "their paths are smooth earth"))
    return [
        f"{int(chosen.sum())} cells stand {where} ({_named(cells, chosen)}); {what}"
        for where, chosen, what in kinds
        if chosen.any()
    ]


def _named(cells: pd.DataFrame, chosen: npt.NDArray[np.bool_]) -> str:
    """The first few of the chosen cells by name."""
    names = cells["cell_id"].to_numpy(dtype=object)[chosen]
    return ", ".join(names[:_NAMED]) + (", …" if len(names) > _NAMED else "")


def _with_threshold(cells: pd.DataFrame, standard: Standard, notes: list[str]) -> pd.DataFrame:
    """Cells of technologies for which the standard sets a level; `notes` gets how many others there are."""
    judged = [name for name, rule in standard.technologies.items() if rule.threshold_dbm is not None]
    usable = cells["technology"].isin(judged).to_numpy()
    if not usable.all():
        notes.append(f"the standard sets no signal level for {int((~usable).sum())} cells; they are left out")
    return cells[usable].reset_index(drop=True)


def _sources(path: npt.NDArray[np.uint8], source: str) -> npt.NDArray[np.object_]:
    words = {
        TERRAIN: source,
        SMOOTH_EARTH: f"{METHOD} over smooth earth",
        FREE_SPACE: "free space, nearer than 0.25 km",
        NO_PATH: f"{METHOD}: no cell in reach",
    }
    return np.array([words[int(kind)] for kind in path], dtype=object)
