"""Modelled coverage of a region: signal rasters, best servers and polygons from a site list, tile by tile.

The region is cut into square tiles of its equal-area projection. A finished tile is kept in a work folder whose name is
a digest of everything that shapes it, so that an interrupted job goes on where it stopped and never mixes two jobs.
Memory holds one tile and the terrain around one mast at a time, however many cells there are.
"""

import hashlib
import json
import os
import re
import shutil
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
from rasterio.windows import Window

from geo.bundled import data_path
from geo.coverage.grid import Grid
from geo.coverage.model_files import NODATA_DBM, Tiles, write_results
from geo.coverage.modelled import METHOD, method_over, position_notes
from geo.coverage.reliability import load_reliability
from geo.errors import InputError, LimitExceeded, Problem, ValueRejected
from geo.files import file_sha256
from geo.propagation.antennas import Pattern
from geo.propagation.cells import complete_cells
from geo.propagation.levels import best_servers, levels
from geo.propagation.terrain import Terrain
from geo.region import Region
from geo.standards import Standard
from geo.tables.coverage import AS_OF
from geo.tables.schema import PARTIAL_DATE_PATTERN

TILE_PIXELS = 512
_FORMAT = 2  # of a kept tile
_LIMITS = {
    "resolution_m": (10.0, 10_000.0),
    "radius_km": (1.0, 300.0),
    "time_percent": (1.0, 50.0),
    "location_percent": (1.0, 99.0),
}

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Job:
    """What a job models and how; distances in km, percentages as P.1812 has them.

    `radius_km` replaces the reach that each technology has by itself; `as_of` is the date of the site list, a partial
    ISO date; `patterns` are antenna tables by name.
    """

    sites: gpd.GeoDataFrame
    terrain: Sequence[Path]
    region: Region
    standard: Standard
    resolution_m: float = 250.0
    radius_km: float | None = None
    time_percent: float = 50.0
    location_percent: float = 50.0
    as_of: str | None = None
    patterns: Mapping[str, Pattern] = field(default_factory=dict)


@dataclass(frozen=True)
class Outcome:
    """Files that a job made, and notes on what was assumed."""

    files: list[Path]
    notes: list[str]


def model_coverage(job: Job, output: Path, *, progress: Progress = lambda done, total: None) -> Outcome:
    """Model every operator's technology over the region.

    Makes in `output`, each whole or not at all: ``signal-<operator>-<technology>.tif`` (Cloud-Optimized GeoTIFF, dBm,
    tagged so that an analysis takes it as coverage), ``server-<operator>-<technology>.tif`` (index of the strongest
    cell, 0 where none), ``cells.csv`` (index to cell), ``coverage.fgb`` (polygons at the standard's thresholds) and
    ``job.json`` (parameters, notes, digests of inputs and files). Files of an earlier job in the same folder that this
    one does not make are removed, so that a folder holds one job. CRS of the rasters is the region's equal-area
    projection. The same job gives the same bytes, interrupted or not, on any number of threads.

    Raises
    ------
    LimitExceeded, ValueRejected
        For cells or parameters outside the limits of the method; nothing is written then.
    InputError
        If there is no cell to model.
    """
    _check(job)
    cells, notes = complete_cells(job.sites, job.patterns)
    if cells.empty:
        remedy = "Give cells of 2g, 3g, 4g or 5g"
        raise InputError(Problem("the site list has no cell with a radio carrier", remedy, column="technology"))
    if job.radius_km is not None:
        cells = cells.assign(reach_km=job.radius_km)
    keys = cells[["operator", "technology"]].drop_duplicates().sort_values(["operator", "technology"])
    services: list[tuple[str, str]] = list(keys.itertuples(index=False, name=None))
    grid = Grid.over(job.region, job.resolution_m)
    windows = list(grid.tiles(TILE_PIXELS))
    with ExitStack() as stack:
        terrain = stack.enter_context(Terrain(list(job.terrain))) if job.terrain else None
        notes += position_notes(cells, job.region, terrain)
        record = _record(job, cells, terrain)
        output.mkdir(parents=True, exist_ok=True)
        work = output / f".work-{_digest(record)}"
        work.mkdir(exist_ok=True)
        tiles = Tiles(work, grid, windows)
        for number, window in enumerate(windows):
            if not tiles.path(number).exists():
                _keep(tiles.path(number), *_model_tile(job, cells, services, grid, window, terrain))
            progress(number + 1, len(windows))
    source = f"{method_over(terrain)}, {job.resolution_m:g} m grid"
    if (job.time_percent, job.location_percent) != (50.0, 50.0):
        source += f", {job.time_percent:g} % of time, {job.location_percent:g} % of locations"
    record |= {"notes": notes, "source": source, "as_of": job.as_of, "standard": job.standard.name}
    files = write_results(tiles, cells, services, job.standard, output, record)
    shutil.rmtree(work)
    return Outcome(files, notes)


def _check(job: Job) -> None:
    for name, (low, high) in _LIMITS.items():
        value = getattr(job, name)
        if value is not None and not low <= value <= high:
            what = "outside the limits of modelled coverage"
            raise LimitExceeded(Problem(what, f"Accepted: {low:g} to {high:g}", column=name, value=value))
    if job.as_of is not None and not re.match(PARTIAL_DATE_PATTERN, job.as_of):
        raise ValueRejected(Problem("malformed date", AS_OF.remedy, column=AS_OF.name, value=job.as_of))


def _record(job: Job, cells: pd.DataFrame, terrain: Terrain | None) -> dict[str, Any]:
    """Everything that shapes the levels, as JSON has it."""
    # numba is imported on first use
    from geo.propagation.compiled import kernel_stamp

    climate = job.region.profile.radio_climate
    tables = {
        name: hashlib.sha256(b"".join(values.tobytes() for cut in (p.horizontal, p.vertical) for values in cut))
        for name, p in sorted(job.patterns.items())
    }
    return {
        "format": _FORMAT,
        "method": METHOD,
        "kernels": kernel_stamp()[:16],
        "cells": hashlib.sha256(cells.to_csv(index=False, lineterminator="\n").encode()).hexdigest(),
        "antennas": {name: digest.hexdigest() for name, digest in tables.items()},
        "terrain": [{"file": Path(path).name, "sha256": file_sha256(Path(path))} for path in job.terrain],
        "terrain_resolution_m": None if terrain is None else round(terrain.resolution_m, 1),
        "assumptions": {
            name: file_sha256(data_path("coverage", name)) for name in ("technologies.toml", "reliability.toml")
        },
        "crs": job.region.crs.srs,
        "boundary": hashlib.sha256(job.region.boundary.wkb).hexdigest(),
        "delta_n": climate.delta_n,
        "n0": climate.n0,
        **{name: getattr(job, name) for name in _LIMITS},
    }


def _digest(record: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(record, sort_keys=True).encode()).hexdigest()[:16]


def _model_tile(
    job: Job,
    cells: pd.DataFrame,
    services: Sequence[tuple[str, str]],
    grid: Grid,
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
        reached = levels(
            cells,
            lon,
            lat,
            terrain,
            job.region.profile.radio_climate,
            patterns=job.patterns,
            time_percent=job.time_percent,
            location_percent=job.location_percent,
            sigma_location_db=load_reliability().location_variability_db,
        )
        service = np.array([order[pair] for pair in pairs], dtype=np.int64)
        best = best_servers(service, reached, len(at), services=len(services))
        level[:, at] = np.where(np.isfinite(best.level_dbm), best.level_dbm, NODATA_DBM)
        server[:, at] = best.cell + 1
    whole = (len(services), int(window.height), int(window.width))
    return level.reshape(whole), server.reshape(whole)


def _keep(path: Path, level: npt.NDArray[np.float32], server: npt.NDArray[np.uint32]) -> None:
    beside = path.with_suffix(".part")
    with beside.open("wb") as stream:
        # an array per service, so that one is read without the others
        np.savez_compressed(
            stream,
            **{f"level-{i}": values for i, values in enumerate(level)},
            **{f"server-{i}": values for i, values in enumerate(server)},
        )
        stream.flush()
        os.fsync(stream.fileno())
    beside.replace(path)
