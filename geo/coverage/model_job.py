"""Modelled coverage of a region: signal rasters, best-server index and polygons from a site list, by tile.

The region is cut into square tiles of its equal-area projection. A finished tile is kept in a work folder whose name is
a digest of everything that shapes the result, so that an interrupted job goes on where it stopped and never mixes two
jobs. Memory holds one tile and the terrain around one site at a time, however many cells there are.
"""

import hashlib
import json
import re
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyogrio
import rasterio
import rasterio.shutil
import shapely
from affine import Affine
from pyproj import Transformer
from rasterio.features import shapes
from rasterio.windows import Window

from geo.coverage.reliability import load_reliability
from geo.propagation.levels import best_servers, complete_cells, levels
from geo.propagation.terrain import Terrain
from geo.region import Region
from geo.standards import Standard
from geo.tables.coverage import COVERAGE
from geo.tables.schema import WGS84, conform
from geo.tables.words import Basis

NODATA_DBM = -9999.0
TILE_PIXELS = 512
_PRECISION_DEGREES = 1e-6
_FORMAT = 1  # of a kept tile

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Job:
    """What a job models and how; distances in km, percentages as P.1812 has them.

    `radius_km` replaces the reach that each technology has by itself.
    """

    sites: gpd.GeoDataFrame
    terrain: Sequence[Path]
    region: Region
    standard: Standard
    resolution_m: float = 250.0
    radius_km: float | None = None
    time_percent: float = 50.0
    location_percent: float = 50.0


@dataclass(frozen=True)
class Outcome:
    """Files that a job made, and notes on what was assumed."""

    files: list[Path]
    notes: list[str]


def model_coverage(job: Job, output: Path, *, progress: Progress = lambda done, total: None) -> Outcome:
    """Model every operator's technology over the region.

    Makes in `output`, each whole or not at all: ``signal-<operator>-<technology>.tif`` (Cloud-Optimized GeoTIFF, dBm,
    tagged so that an analysis takes it as coverage), ``server-<operator>-<technology>.tif`` (index of the strongest
    cell, 0 where none), ``cells.csv`` (index to cell), and ``coverage.fgb`` (polygons at the standard's thresholds).
    CRS of the rasters is the region's equal-area projection.

    Raises
    ------
    LimitExceeded, ValueRejected
        For cells or parameters outside the limits of the method; nothing is written then.
    """
    cells, notes = complete_cells(job.sites)
    if job.radius_km is not None:
        cells = cells.assign(reach_km=job.radius_km)
    keys = cells[["operator", "technology"]].drop_duplicates().sort_values(["operator", "technology"])
    services = list(keys.itertuples(index=False, name=None))
    grid = _Grid.over(job.region, job.resolution_m)
    output.mkdir(parents=True, exist_ok=True)
    work = output / f".work-{_digest(job, cells)}"
    work.mkdir(exist_ok=True)
    tiles = list(grid.tiles())
    with ExitStack() as stack:
        terrain = stack.enter_context(Terrain(list(job.terrain))) if job.terrain else None
        source = "ITU-R P.1812-8 over " + (
            f"{terrain.source} ({terrain.resolution_m:.0f} m)" if terrain else "smooth earth"
        )
        for number, window in enumerate(tiles):
            kept = work / f"{number}.npz"
            if not kept.exists():
                _keep(kept, *_model_tile(job, cells, services, grid, window, terrain))
            progress(number + 1, len(tiles))
    files = [_write_cells(cells, output)]
    layers = []
    for index, (operator, technology) in enumerate(services):
        tags = {
            "operator": operator,
            "technology": technology,
            "quantity": "dbm",
            "basis": str(Basis.MODELLED),
            "source": source,
        }
        name = f"{_as_file_name(operator, index)}-{technology}"
        server_tags = {**tags, "quantity": "index"}
        files.append(_assemble(output / f"signal-{name}.tif", work, tiles, grid, "level", index, tags))
        files.append(_assemble(output / f"server-{name}.tif", work, tiles, grid, "cell", index, server_tags))
        threshold_dbm = job.standard.technologies[technology].threshold_dbm
        if threshold_dbm is not None:
            area = _area(files[-2], threshold_dbm)
            if area is not None:
                layers.append((operator, technology, threshold_dbm, source, area))
    files.append(_write_areas(layers, job.region, output))
    shutil.rmtree(work)
    return Outcome(files, notes)


def _as_file_name(operator: str, number: int) -> str:
    """An operator's name as part of a file name; one that holds anything but letters, digits and - gets a number."""
    safe = re.sub(r"[^\w-]+", "_", operator)[:60]
    return safe if safe == operator else f"{safe}-{number + 1}"


def _digest(job: Job, cells: pd.DataFrame) -> str:
    digest = hashlib.sha256(cells.to_csv().encode())
    for path in job.terrain:
        with Path(path).open("rb") as stream:
            digest.update(hashlib.file_digest(stream, "sha256").digest())
    parameters: dict[str, Any] = {
        "format": _FORMAT,
        "crs": job.region.crs.srs,
        "bounds": job.region.bounds,
        "boundary": hashlib.sha256(job.region.boundary.wkb).hexdigest(),
        "climate": [job.region.profile.radio_climate.delta_n, job.region.profile.radio_climate.n0],
        "parameters": [job.resolution_m, job.radius_km, job.time_percent, job.location_percent],
    }
    digest.update(json.dumps(parameters, sort_keys=True).encode())
    return digest.hexdigest()[:16]


@dataclass(frozen=True)
class _Grid:
    """Pixels over a region in its projection; `boundary` is the region's, planar and prepared."""

    transform: Affine
    rows: int
    columns: int
    boundary: shapely.Geometry
    to_wgs84: Transformer
    crs: Any

    @classmethod
    def over(cls, region: Region, resolution_m: float) -> "_Grid":
        boundary = gpd.GeoSeries([region.boundary], crs=WGS84).to_crs(region.crs).iloc[0]
        west, south, east, north = boundary.bounds
        shapely.prepare(boundary)
        return cls(
            Affine(resolution_m, 0.0, west, 0.0, -resolution_m, north),
            int(np.ceil((north - south) / resolution_m)),
            int(np.ceil((east - west) / resolution_m)),
            boundary,
            Transformer.from_crs(region.crs, WGS84, always_xy=True),
            region.crs,
        )

    def tiles(self) -> Iterator[Window]:
        """Windows that cover the grid, row by row."""
        for row in range(0, self.rows, TILE_PIXELS):
            for column in range(0, self.columns, TILE_PIXELS):
                height, width = min(TILE_PIXELS, self.rows - row), min(TILE_PIXELS, self.columns - column)
                yield Window(column, row, width, height)

    def centres(self, window: Window) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """Flat positions, longitudes and latitudes of a window's pixels within the region."""
        x = self.transform.c + (window.col_off + np.arange(window.width) + 0.5) * self.transform.a
        y = self.transform.f + (window.row_off + np.arange(window.height) + 0.5) * self.transform.e
        xs, ys = (values.ravel() for values in np.meshgrid(x, y))
        at = np.flatnonzero(shapely.contains_xy(self.boundary, xs, ys))
        lon, lat = self.to_wgs84.transform(xs[at], ys[at])
        return at, np.asarray(lon), np.asarray(lat)


def _model_tile(
    job: Job,
    cells: pd.DataFrame,
    services: Sequence[tuple[str, str]],
    grid: _Grid,
    window: Window,
    terrain: Terrain | None,
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.uint32]]:
    """Level in dBm and index of the strongest cell (from 1), each of shape (services, height, width)."""
    shape = (len(services), int(window.height) * int(window.width))
    level, server = np.full(shape, NODATA_DBM, dtype=np.float32), np.zeros(shape, dtype=np.uint32)
    at, lon, lat = grid.centres(window)
    if len(at):
        order = {service: i for i, service in enumerate(services)}
        pairs = zip(cells["operator"], cells["technology"], strict=True)
        best = best_servers(
            np.array([order[pair] for pair in pairs], dtype=np.int64),
            levels(
                cells,
                lon,
                lat,
                terrain,
                job.region.profile.radio_climate,
                time_percent=job.time_percent,
                location_percent=job.location_percent,
                sigma_location_db=0.0 if job.location_percent == 50.0 else load_reliability().location_variability_db,
            ),
            len(at),
            services=len(services),
        )
        level[:, at] = np.where(np.isfinite(best.level_dbm), best.level_dbm, NODATA_DBM)
        server[:, at] = best.cell + 1
    whole = (len(services), int(window.height), int(window.width))
    return level.reshape(whole), server.reshape(whole)


def _keep(path: Path, level: npt.NDArray[np.float32], cell: npt.NDArray[np.uint32]) -> None:
    beside = path.with_suffix(".part")
    with beside.open("wb") as stream:
        np.savez_compressed(stream, level=level, cell=cell)
    beside.replace(path)


def _assemble(
    path: Path, work: Path, tiles: Sequence[Window], grid: _Grid, what: str, index: int, tags: dict[str, str]
) -> Path:
    """Put one service's tiles together into a Cloud-Optimized GeoTIFF, renamed into place when it is whole."""
    is_level = what == "level"
    plain, whole = work / "plain.tif", work / "whole.tif"
    with rasterio.open(
        plain,
        "w",
        driver="GTiff",
        width=grid.columns,
        height=grid.rows,
        count=1,
        dtype="float32" if is_level else "uint32",
        nodata=NODATA_DBM if is_level else 0,
        crs=grid.crs.to_wkt(),
        transform=grid.transform,
        tiled=True,
        blockxsize=TILE_PIXELS,
        blockysize=TILE_PIXELS,
    ) as raster:
        for number, window in enumerate(tiles):
            with np.load(work / f"{number}.npz") as kept:
                raster.write(kept[what][index], 1, window=window)
        raster.update_tags(**tags)
    resampling = "average" if is_level else "nearest"
    options = {"compress": "deflate", "predictor": "yes" if is_level else "standard", "overview_resampling": resampling}
    rasterio.shutil.copy(plain, whole, driver="COG", blocksize=TILE_PIXELS, **options)
    plain.unlink()
    whole.replace(path)
    return path


def _area(raster_path: Path, threshold_dbm: float) -> shapely.Geometry | None:
    """The area in which the level meets a threshold, in the raster's CRS; None where it nowhere does."""
    with rasterio.open(raster_path) as raster:
        level = raster.read(1)
        mask = (level != NODATA_DBM) & (level >= threshold_dbm)
        found = [
            shapely.geometry.shape(s) for s, _ in shapes(mask.astype(np.uint8), mask=mask, transform=raster.transform)
        ]
    return shapely.union_all(np.array(found, dtype=object)) if found else None


def _write_cells(cells: pd.DataFrame, output: Path) -> Path:
    path, beside = output / "cells.csv", output / ".cells.csv"
    table = cells.assign(index=np.arange(1, len(cells) + 1))
    columns = [
        "index",
        "cell_id",
        "site_id",
        "operator",
        "technology",
        "band_mhz",
        "eirp_dbm",
        "height_m",
        "lon",
        "lat",
    ]
    table[columns].to_csv(beside, index=False, lineterminator="\n")
    beside.replace(path)
    return path


def _write_areas(layers: list[tuple[Any, ...]], region: Region, output: Path) -> Path:
    path, beside = output / "coverage.fgb", output / ".coverage.fgb"
    names = ["operator", "technology", "threshold_dbm", "source", "geometry"]
    frame = gpd.GeoDataFrame(layers, columns=names, geometry="geometry", crs=region.crs).to_crs(WGS84)
    frame["geometry"] = shapely.make_valid(shapely.set_precision(frame.geometry.to_numpy(), _PRECISION_DEGREES))
    table = conform(frame.assign(basis=str(Basis.MODELLED)), COVERAGE, file=path.name)
    beside.unlink(missing_ok=True)
    pyogrio.write_dataframe(
        table, beside, driver="FlatGeobuf", layer="coverage", geometry_type="MultiPolygon", promote_to_multi=True
    )
    beside.replace(path)
    return path
