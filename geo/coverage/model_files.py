"""Files of modelled coverage, made from kept tiles; each is renamed into place when it is whole."""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyogrio
import shapely
from rasterio.windows import Window

from geo.coverage.cog import Piece, write_cog
from geo.coverage.grid import Grid
from geo.files import file_sha256, write_atomically
from geo.spreadsheets import harmless
from geo.standards import Standard
from geo.tables.coverage import COVERAGE
from geo.tables.schema import WGS84, conform
from geo.tables.words import Basis

NODATA_DBM = -9999.0
_JOB_FILE = "job.json"
_CELL_COLUMNS = [
    *("index", "cell_id", "site_id", "operator", "technology", "band_mhz", "bandwidth_mhz", "eirp_dbm", "pattern"),
    *("height_m", "azimuth_deg", "beamwidth_deg", "tilt_deg", "reach_km", "lon", "lat"),
]


@dataclass(frozen=True)
class Tiles:
    """Kept tiles of a grid: npz files of ``level-<i>``, dBm, and ``server-<i>``, index, of service i."""

    folder: Path
    grid: Grid
    windows: Sequence[Window]

    def path(self, number: int) -> Path:
        """File of one tile."""
        return self.folder / f"{number}.npz"


def write_results(
    tiles: Tiles,
    cells: pd.DataFrame,
    services: Sequence[tuple[str, str]],
    standard: Standard,
    output: Path,
    record: dict[str, Any],
) -> list[Path]:
    """Write rasters, cells, polygons and the record of the job; remove what only an earlier job of the folder made.

    Parameters
    ----------
    cells
        Completed cells; a server's index counts their rows from 1.
    services
        Operator and technology of each layer of the tiles.
    record
        Gets the digests of the files; its `source` and `as_of` go into the layers.
    """
    files = [_write_cells(cells, output)]
    layers = []
    for index, (operator, technology) in enumerate(services):
        tags = {"operator": operator, "technology": technology, "basis": str(Basis.MODELLED)}
        tags |= {key: record[key] for key in ("source", "as_of") if record[key]}
        name = f"{_as_file_name(operator, index)}-{technology}"
        signal = _assemble(tiles, "level", index, output / f"signal-{name}.tif", tags | {"quantity": "dbm"})
        server = _assemble(tiles, "server", index, output / f"server-{name}.tif", tags | {"quantity": "index"})
        files += [signal, server]
        rule = standard.technologies.get(technology)
        if rule is None or rule.threshold_dbm is None:
            record["notes"].append(f"the standard sets no signal level for {technology}; it has no polygons")
            continue
        area = tiles.grid.area(_covered(tiles, index, rule.threshold_dbm))
        if area is not None:
            layers.append((operator, technology, rule.threshold_dbm, record["as_of"], record["source"], area))
    files.append(_write_areas(layers, output))
    known = _files_of_last_job(output)
    digests = {path.name: file_sha256(path) for path in files}
    files.append(_write_text(output / _JOB_FILE, json.dumps(record | {"files": digests}, indent=2, ensure_ascii=False)))
    for name in sorted(known - {path.name for path in files}):
        (output / name).unlink(missing_ok=True)
    return files


def _as_file_name(operator: str, number: int) -> str:
    """An operator's name as part of a file name; one that holds anything but letters, digits and - gets a number."""
    safe = re.sub(r"[^\w-]+", "_", operator)[:60]
    return safe if safe == operator else f"{safe}-{number + 1}"


def _assemble(tiles: Tiles, what: str, index: int, path: Path, tags: dict[str, str]) -> Path:
    """Put one service's tiles together into a Cloud-Optimized GeoTIFF."""
    is_level = what == "level"
    whole = tiles.folder / "whole.tif"
    grid = tiles.grid

    def pieces() -> Iterator[Piece]:
        for number, window in enumerate(tiles.windows):
            with np.load(tiles.path(number)) as kept:
                yield Piece(window, kept[f"{what}-{index}"])

    write_cog(
        whole,
        pieces(),
        tags=tags,
        overview_resampling="average" if is_level else "nearest",
        width=grid.columns,
        height=grid.rows,
        dtype="float32" if is_level else "uint32",
        nodata=NODATA_DBM if is_level else 0,
        crs=grid.crs.to_wkt(),
        transform=grid.transform,
    )
    whole.replace(path)
    return path


def _covered(tiles: Tiles, index: int, threshold_dbm: float) -> npt.NDArray[np.bool_]:
    """Where one service's level meets a threshold, shape (rows, columns): one byte a pixel."""
    covered = np.zeros((tiles.grid.rows, tiles.grid.columns), dtype=bool)
    for number, window in enumerate(tiles.windows):
        with np.load(tiles.path(number)) as kept:
            level = kept[f"level-{index}"]
        rows = slice(window.row_off, window.row_off + window.height)
        columns = slice(window.col_off, window.col_off + window.width)
        # as float32 has them, so that the polygons agree with the raster's pixels
        covered[rows, columns] = (level != np.float32(NODATA_DBM)) & (level >= np.float32(threshold_dbm))
    return covered


def _write_cells(cells: pd.DataFrame, output: Path) -> Path:
    table = cells.assign(index=np.arange(1, len(cells) + 1))[_CELL_COLUMNS]
    return _write_text(output / "cells.csv", harmless(table).to_csv(index=False, lineterminator="\n"))


def _write_text(path: Path, text: str) -> Path:
    write_atomically(path, text.encode())
    return path


def _write_areas(layers: list[tuple[Any, ...]], output: Path) -> Path:
    path, beside = output / "coverage.fgb", output / ".coverage.fgb"
    names = ["operator", "technology", "threshold_dbm", "as_of", "source", "geometry"]
    frame = gpd.GeoDataFrame(layers, columns=names, geometry="geometry", crs=WGS84)
    table = conform(frame.assign(basis=str(Basis.MODELLED)), COVERAGE, file=path.name)
    table["geometry"] = [shapely.MultiPolygon([g]) if g.geom_type == "Polygon" else g for g in table.geometry]
    beside.unlink(missing_ok=True)
    pyogrio.write_dataframe(table, beside, driver="FlatGeobuf", layer="coverage", geometry_type="MultiPolygon")
    beside.replace(path)
    return path


def _files_of_last_job(output: Path) -> set[str]:
    """Rasters that the folder's record lists; only names of ours, so that nothing else can be removed."""
    try:
        listed = json.loads((output / _JOB_FILE).read_text(encoding="utf-8"))["files"]
    except (OSError, ValueError, KeyError, TypeError):
        return set()
    return {name for name in listed if re.fullmatch(r"(signal|server)-[\w.-]+\.tif", name)}
