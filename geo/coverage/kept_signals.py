"""Signal rasters as a run keeps them: the user's with their pixels as they were, and the levels modelled from sites."""

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from affine import Affine
from rasterio.enums import MaskFlags
from rasterio.warp import transform, transform_bounds
from rasterio.windows import Window

from geo.coverage.cog import BLOCK_PIXELS, Piece, write_cog
from geo.coverage.model_files import NODATA_DBM
from geo.coverage.modelled import ModelledSignal
from geo.coverage.rasters import open_raster
from geo.names import romanise_kazakh
from geo.region import geodesic_km
from geo.tables.schema import WGS84
from geo.tables.signal_raster import SignalRaster

_PLAIN_SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_WITH_DIGEST = re.compile(r".*-[0-9a-f]{10}")
_SLUG_CHARACTERS = 40
_PIECE_PIXELS = 2**24
_EDGE_POINTS = 101  # so many that the bow of an edge of a thousand kilometres is met to a few metres


@dataclass(frozen=True)
class Georeference:
    """Where a raster's pixels lie; `crs` is anything that rasterio takes."""

    rows: int
    columns: int
    transform: Affine
    crs: Any

    def facts(self) -> dict[str, Any]:
        """Size, CRS, bounds (west, south, east, north; degrees WGS 84) and the size in metres of a middle pixel."""
        box = (0, 0, self.columns, self.rows)
        corners = [self.transform * (box[i], box[j]) for i in (0, 2) for j in (1, 3)]
        xs, ys = zip(*corners, strict=True)
        bounds = transform_bounds(self.crs, WGS84, min(xs), min(ys), max(xs), max(ys), densify_pts=_EDGE_POINTS)
        return {
            "rows": self.rows,
            "columns": self.columns,
            "bounds": [round(value, 6) for value in bounds],
            "resolution_m": self._resolution_m(),
        }

    def _resolution_m(self) -> float:
        """Side of the square that has a middle pixel's area, metres."""
        column, row = self.columns // 2, self.rows // 2
        corners = [self.transform * corner for corner in ((column, row), (column + 1, row), (column, row + 1))]
        lons, lats = transform(self.crs, WGS84, *zip(*corners, strict=True))
        sides_km = geodesic_km([lons[0]] * 2, [lats[0]] * 2, lons[1:], lats[1:])
        return round(float(np.sqrt(np.prod(sides_km))) * 1000.0, 3)


def slug(operator: str) -> str:
    """An operator's name for paths and file names: lower-case ASCII letters, digits and single hyphens.

    A name of that form stands for itself. Any other is romanised and gets a digest of itself, so that the slug follows
    from the name alone and two names never share one.
    """
    if _PLAIN_SLUG.fullmatch(operator) and len(operator) <= _SLUG_CHARACTERS and not _WITH_DIGEST.fullmatch(operator):
        return operator
    digest = hashlib.sha256(operator.encode("utf-8", "replace")).hexdigest()[:10]
    words = re.sub(r"[^a-z0-9]+", "-", romanise_kazakh(operator).lower())[: _SLUG_CHARACTERS - 11].strip("-")
    return f"{words}-{digest}" if words else f"x-{digest}"


def georeference(raster: SignalRaster) -> Georeference:
    """Where the pixels of a user's raster lie; raises as `geo.coverage.rasters.open_raster`."""
    with open_raster(raster.path) as source:
        return Georeference(source.height, source.width, source.transform, source.crs)


def write_copy(raster: SignalRaster, path: Path, tags: Mapping[str, str]) -> None:
    """Keep a user's raster: the same pixels, nodata, mask, scale and CRS. Of its tags only the given ones are kept.

    Whatever its size, memory holds two pieces of 16 million pixels beside GDAL's own cache.

    Raises
    ------
    FileProblem, CrsMissing
        If it cannot be read.
    OSError
        If the disk is full.
    """
    with open_raster(raster.path) as source:
        write_cog(
            path,
            _pieces(source),
            tags=tags,
            overview_resampling="average",
            scale=source.scales[0],
            offset=source.offsets[0],
            width=source.width,
            height=source.height,
            dtype=source.dtypes[0],
            nodata=source.nodata,
            crs=source.crs,
            transform=source.transform,
        )


def write_levels(signal: ModelledSignal, path: Path, tags: Mapping[str, str]) -> None:
    """Keep modelled levels as float32 dBm; raises OSError if the disk is full."""
    rows, columns = signal.level_dbm.shape
    values = np.where(np.isfinite(signal.level_dbm), signal.level_dbm, np.float32(NODATA_DBM))
    write_cog(
        path,
        [Piece(Window(0, 0, columns, rows), values)],
        tags=tags,
        overview_resampling="average",
        width=columns,
        height=rows,
        dtype="float32",
        nodata=NODATA_DBM,
        crs=signal.crs.to_wkt(),
        transform=signal.transform,
    )


def _pieces(source: Any) -> Iterator[Piece]:
    flags = source.mask_flag_enums[0]
    masked = MaskFlags.nodata not in flags and MaskFlags.all_valid not in flags
    # whole blocks of the target; wide ones, because a raster stored in strips decodes all of a strip for a part of it
    height, width = BLOCK_PIXELS, _PIECE_PIXELS // BLOCK_PIXELS
    for row in range(0, source.height, height):
        for column in range(0, source.width, width):
            window = Window(column, row, min(width, source.width - column), min(height, source.height - row))
            values: npt.NDArray[Any] = source.read(1, window=window)
            yield Piece(window, values, source.read_masks(1, window=window) != 0 if masked else None)
