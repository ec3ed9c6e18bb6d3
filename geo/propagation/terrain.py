"""Terrain from GeoTIFF or HGT files: windows around sites and profiles along geodesics.

Files make one mosaic on the pixel grid of the first: others are warped onto it as they are read, in any CRS, and
where files overlap the first has its say. Only the pixels that are needed are read. Voids up to a few pixels wide
are filled from their rims; wider ones stay unknown, and a path across one, or not wholly inside the mosaic, is
smooth Earth throughout.
"""

import warnings
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pyproj
import rasterio
from rasterio.enums import Resampling
from rasterio.errors import NotGeoreferencedWarning, RasterioError, RasterioIOError
from rasterio.fill import fillnodata
from rasterio.transform import Affine, array_bounds
from rasterio.vrt import WarpedVRT
from rasterio.warp import transform_bounds
from rasterio.windows import Window

from geo.errors import CrsMissing, FileProblem, LimitExceeded, Problem
from geo.propagation.window import VOID_M, FloatArray, TerrainWindow

TERRAIN, SMOOTH_EARTH = 0, 1
# no land is lower; files without a declared void value use numbers far below
LOWEST_LAND_M = -500.0
# voids are filled from as far as this, about 300 m of SRTM
FILL_PIXELS = 10
# pixel grids this close, as a share of a pixel, count as one
ALIGNED = 2e-3
BLOCK_PIXELS = 1024
MAXIMUM_WINDOW_PIXELS = 16_000_000
POINTS_AT_ONCE = 1_000_000
_GEOD = pyproj.Geod(ellps="WGS84")

Pixels = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Profiles:
    """Profiles of m paths, ragged: path k is `[offsets[k]:offsets[k + 1]]` of the point arrays.

    `terrain`, shape (m,), is 0 where a path lies in the terrain and 1 where it is smooth Earth (heights all 0).
    """

    offsets: npt.NDArray[np.int64]
    distances_km: FloatArray
    heights_m: FloatArray
    terrain: npt.NDArray[np.uint8]
    step_km: float
    source: str
    resolution_m: float


class Terrain:
    """Open DEM files as one mosaic; a context manager.

    Attributes
    ----------
    crs
        CRS of the first file, to which all is brought.
    source
        Names of the files.
    resolution_m
        Ground size of a pixel in the middle of the first file.

    Raises
    ------
    FileProblem
        A file is missing, not a raster, or has no georeference.
    CrsMissing
        A file does not say its CRS.
    """

    def __init__(self, paths: Sequence[Path]) -> None:
        if not paths:
            raise FileProblem(Problem(what="no terrain file", remedy="Give one GeoTIFF or HGT file or more."))
        self._files = ExitStack()
        self._datasets = []
        try:
            for path in paths:
                self._datasets.append(self._files.enter_context(_open(Path(path))))
        except BaseException:
            self._files.close()
            raise
        first = self._datasets[0]
        self.crs = first.crs.to_wkt()
        self.source = ", ".join(Path(path).name for path in paths)
        self._transform: Affine = first.transform
        self._to_crs = pyproj.Transformer.from_crs("OGC:CRS84", self.crs, always_xy=True)
        middle = _apply(first.transform, first.width / 2, first.height / 2)
        self.resolution_m = self._ground_size(*middle)
        # extents of the files in pixels of the mosaic: column and row from, to
        self._extents = [self._extent(dataset) for dataset in self._datasets]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._files.close()

    def window(self, lon: float, lat: float, radius_km: float, *, finest_m: float = 0.0) -> TerrainWindow | None:
        """Terrain within `radius_km` of a site, or None where the mosaic has nothing there.

        Pixels are averaged by a whole factor where they are finer than `finest_m` or the window would take
        more than 64 MB; the window says its resolution.
        """
        azimuths = np.arange(0.0, 360.0, 5.0)
        size = azimuths.size
        rim_lon, rim_lat, _ = _GEOD.fwd(
            np.full(size, lon), np.full(size, lat), azimuths, np.full(size, radius_km * 1000.0)
        )
        # longitudes in one piece across the antimeridian, as the fit of the site's frame has them
        rim_lon = lon + (np.asarray(rim_lon) - lon + 180.0) % 360.0 - 180.0
        columns, rows = self._pixel_positions(rim_lon, np.asarray(rim_lat))
        if not np.isfinite(columns).all() or not np.isfinite(rows).all():
            return None
        first_column, last_column = int(np.floor(columns.min())) - 2, int(np.ceil(columns.max())) + 3
        first_row, last_row = int(np.floor(rows.min())) - 2, int(np.ceil(rows.max())) + 3
        # the part inside the mosaic is enough: beyond it nothing is known
        first_column = max(first_column, min(extent[0] for extent in self._extents))
        last_column = min(last_column, max(extent[1] for extent in self._extents))
        first_row = max(first_row, min(extent[2] for extent in self._extents))
        last_row = min(last_row, max(extent[3] for extent in self._extents))
        width, height = last_column - first_column, last_row - first_row
        if width < 2 or height < 2:
            return None
        factor = max(
            1, int(finest_m / self.resolution_m), int(np.ceil((width * height / MAXIMUM_WINDOW_PIXELS) ** 0.5))
        )
        pixels = self._read(first_column, first_row, -(-width // factor), -(-height // factor), factor)
        if (pixels == VOID_M).all():
            return None
        transform = _subgrid(self._transform, first_column, first_row, factor)
        corner = (transform.a, transform.b, transform.c, transform.d, transform.e, transform.f)
        return TerrainWindow(pixels, corner, self.crs, self.resolution_m * factor, self.source)

    def heights(self, lon: FloatArray, lat: FloatArray) -> FloatArray:
        """Bilinear heights at points in degrees WGS 84, metres, shape (n,); NaN where unknown.

        Reads the mosaic in blocks, so memory does not grow with the area the points cover.
        """
        columns, rows = self._pixel_positions(np.asarray(lon, float), np.asarray(lat, float))
        heights = np.full(columns.shape, np.nan)
        known = np.isfinite(columns) & np.isfinite(rows)
        block_column = np.floor(np.where(known, columns, 0.0) / BLOCK_PIXELS).astype(np.int64)
        block_row = np.floor(np.where(known, rows, 0.0) / BLOCK_PIXELS).astype(np.int64)
        known &= self._covered(block_column, block_row)
        places = np.flatnonzero(known)
        blocks = np.stack([block_column[places], block_row[places]], axis=1)
        unique, inverse = np.unique(blocks, axis=0, return_inverse=True)
        order = np.argsort(inverse.reshape(-1), kind="stable")
        starts = np.searchsorted(inverse.reshape(-1)[order], np.arange(len(unique) + 1))
        for k, (block_x, block_y) in enumerate(unique):
            points = places[order[starts[k] : starts[k + 1]]]
            first_column, first_row = int(block_x) * BLOCK_PIXELS, int(block_y) * BLOCK_PIXELS
            pixels = self._read(first_column, first_row, BLOCK_PIXELS + 1, BLOCK_PIXELS + 1, 1)
            heights[points] = _bilinear(pixels, columns[points] - first_column, rows[points] - first_row)
        return heights

    def profiles(
        self, tx_lon: FloatArray, tx_lat: FloatArray, rx_lon: FloatArray, rx_lat: FloatArray, *, step_km: float
    ) -> Profiles:
        """Profiles of m paths along their geodesics, each evenly spaced at `step_km` or less.

        Raises
        ------
        LimitExceeded
            The step is not positive, or both ends of a path are the same point.
        """
        ends = [np.atleast_1d(np.asarray(values, float)) for values in (tx_lon, tx_lat, rx_lon, rx_lat)]
        azimuth, _, metres = (np.atleast_1d(values) for values in _GEOD.inv(ends[0], ends[1], ends[2], ends[3]))
        _require("step_km", step_km, step_km >= 0.001, "It must be 0.001 km or more.")
        if metres.size:
            _require("rx_lon, rx_lat", float(metres.min()), metres.min() > 0.0, "The ends of a path must differ.")
        segments = np.maximum(2, np.ceil(metres / 1000.0 / step_km - 1e-9)).astype(np.int64)
        offsets = np.concatenate([[0], np.cumsum(segments + 1)])
        distances, heights = np.empty(offsets[-1]), np.empty(offsets[-1])
        kinds = np.empty(metres.size, dtype=np.uint8)
        for first, last in _portions(offsets):
            counts = segments[first:last] + 1
            path = np.repeat(np.arange(last - first), counts)
            points = slice(offsets[first], offsets[last])
            local = offsets[first : last + 1] - offsets[first]
            share = (np.arange(local[-1]) - local[path]) / segments[first:last][path]
            along = metres[first:last][path] * share
            lon, lat, _ = _GEOD.fwd(
                ends[0][first:last][path], ends[1][first:last][path], azimuth[first:last][path], along
            )
            sampled = self.heights(np.asarray(lon), np.asarray(lat))
            unknown = np.logical_or.reduceat(np.isnan(sampled), local[:-1])
            sampled[unknown[path]] = 0.0
            kinds[first:last] = np.where(unknown, SMOOTH_EARTH, TERRAIN)
            distances[points], heights[points] = along / 1000.0, sampled
        return Profiles(offsets, distances, heights, kinds, step_km, self.source, self.resolution_m)

    def _ground_size(self, x: float, y: float) -> float:
        to_degrees = pyproj.Transformer.from_crs(self.crs, "OGC:CRS84", always_xy=True)
        grid = self._transform
        lon, lat = to_degrees.transform([x, x + grid.a, x + grid.b], [y, y + grid.d, y + grid.e])
        _, _, sides = _GEOD.inv([lon[0], lon[0]], [lat[0], lat[0]], lon[1:], lat[1:])
        return float(np.sqrt(sides[0] * sides[1]))

    def _extent(self, dataset: Any) -> tuple[int, int, int, int]:
        bounds = array_bounds(dataset.height, dataset.width, dataset.transform)
        if dataset.crs != self._datasets[0].crs:
            bounds = transform_bounds(dataset.crs, self._datasets[0].crs, *bounds)
        inverse = ~self._transform
        corners = [_apply(inverse, x, y) for x in (bounds[0], bounds[2]) for y in (bounds[1], bounds[3])]
        columns, rows = [corner[0] for corner in corners], [corner[1] for corner in corners]
        return (
            int(np.floor(min(columns) + ALIGNED)),
            int(np.ceil(max(columns) - ALIGNED)),
            int(np.floor(min(rows) + ALIGNED)),
            int(np.ceil(max(rows) - ALIGNED)),
        )

    def _pixel_positions(self, lon: FloatArray, lat: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Columns and rows counted from the centre of the first file's first pixel."""
        x, y = self._to_crs.transform(lon, lat)
        columns, rows = _apply(~self._transform, np.asarray(x), np.asarray(y))
        return columns - 0.5, rows - 0.5

    def _covered(self, block_column: npt.NDArray[np.int64], block_row: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
        """Whether any file reaches into a block."""
        covered = np.zeros(block_column.shape, dtype=bool)
        left, top = block_column * BLOCK_PIXELS, block_row * BLOCK_PIXELS
        for first_column, last_column, first_row, last_row in self._extents:
            across = (left <= last_column) & (left + BLOCK_PIXELS >= first_column)
            covered |= across & (top <= last_row) & (top + BLOCK_PIXELS >= first_row)
        return covered

    def _read(self, column: int, row: int, width: int, height: int, factor: int) -> Pixels:
        """Heights of a rectangle of the mosaic, `VOID_M` where unknown; `factor` pixels averaged into one."""
        # filled voids must not depend on where the rectangle ends
        margin = FILL_PIXELS
        column, row = column - margin * factor, row - margin * factor
        width, height = width + 2 * margin, height + 2 * margin
        transform = _subgrid(self._transform, column, row, factor)
        pixels = np.full((height, width), np.nan, dtype=np.float32)
        inside = np.zeros((height, width), dtype=bool)
        for dataset, extent in zip(self._datasets, self._extents, strict=True):
            columns = _overlap(extent[0], extent[1], column, width, factor)
            rows = _overlap(extent[2], extent[3], row, height, factor)
            if columns is None or rows is None:
                continue
            part = (slice(*rows), slice(*columns))
            shifted = _subgrid(transform, columns[0], rows[0])
            read = _read_part(
                dataset, self._datasets[0].crs, shifted, columns[1] - columns[0], rows[1] - rows[0], factor
            )
            target = pixels[part]
            target[np.isnan(target)] = read[np.isnan(target)]
            inside[part] = True
        known = ~np.isnan(pixels)
        if known.any() and not known[inside].all():
            filled = fillnodata(np.where(known, pixels, 0.0), mask=known, max_search_distance=FILL_PIXELS)
            # GDAL leaves what it cannot reach as it was
            reached = fillnodata(known.astype(np.float32), mask=known, max_search_distance=FILL_PIXELS) > 0.5
            pixels = np.where(reached & inside, filled, pixels).astype(np.float32)
        pixels[np.isnan(pixels)] = VOID_M
        return np.ascontiguousarray(pixels[margin:-margin, margin:-margin])


def _open(path: Path) -> Any:
    if not path.exists():
        raise FileProblem(Problem(what="terrain file not found", remedy="Check the path.", file=str(path)))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", NotGeoreferencedWarning)
            dataset = rasterio.open(path)
    except RasterioIOError as error:
        raise FileProblem(
            Problem(what="cannot be read as a raster", remedy="Give a GeoTIFF or HGT file.", file=str(path))
        ) from error
    if dataset.transform == Affine.identity():
        dataset.close()
        raise FileProblem(Problem(what="no georeference", remedy="Give a georeferenced raster.", file=str(path)))
    if dataset.crs is None:
        dataset.close()
        raise CrsMissing(
            Problem(what="no coordinate reference system", remedy="Assign one, e.g. with gdal_edit.", file=str(path))
        )
    return dataset


def _overlap(first: int, last: int, start: int, count: int, factor: int) -> tuple[int, int] | None:
    """Target pixels from, to, that extent `first`–`last` reaches; None without any."""
    low = max(0, (first - start) // factor)
    high = min(count, -((start - last) // factor))
    return (low, high) if low < high else None


def _read_part(dataset: Any, crs: Any, transform: Affine, width: int, height: int, factor: int) -> Pixels:
    """Heights on the given grid, NaN where the file has none."""
    try:
        column, row = _apply(~dataset.transform, transform.c, transform.f)
        own, wanted = (np.array([grid.a, grid.b, grid.d, grid.e]) for grid in (dataset.transform, transform))
        same_pixels = dataset.crs == crs and bool(np.abs(own - wanted).max() <= 1e-6 * np.abs(wanted).max())
        if same_pixels and factor == 1 and abs(column - round(column)) < ALIGNED and abs(row - round(row)) < ALIGNED:
            window = Window(round(column), round(row), width, height)
            masked = dataset.read(1, window=window, masked=True, out_dtype=np.float32)
        else:
            resampling = Resampling.average if factor > 1 else Resampling.bilinear
            with WarpedVRT(
                dataset, crs=crs, transform=transform, width=width, height=height, resampling=resampling,
                nodata=dataset.nodata if dataset.nodata is not None else VOID_M, dtype="float32",
            ) as warped:  # fmt: skip
                masked = warped.read(1, masked=True)
    except RasterioError as error:
        raise FileProblem(
            Problem(what="cannot be read", remedy="The file may be cut short; get it again.", file=dataset.name)
        ) from error
    heights: Pixels = masked.astype(np.float32).filled(np.nan)
    heights = (heights * dataset.scales[0] + dataset.offsets[0]).astype(np.float32)
    heights[heights < LOWEST_LAND_M] = np.nan
    return heights


def _apply(transform: Affine, x: Any, y: Any) -> tuple[Any, Any]:
    # written out: releases of affine disagree on the operator for it
    return transform.a * x + transform.b * y + transform.c, transform.d * x + transform.e * y + transform.f


def _subgrid(transform: Affine, column: int, row: int, factor: int = 1) -> Affine:
    """Grid that starts at a pixel of another and has pixels `factor` times as large."""
    x, y = _apply(transform, column, row)
    return Affine(transform.a * factor, transform.b * factor, x, transform.d * factor, transform.e * factor, y)


def _bilinear(pixels: Pixels, columns: FloatArray, rows: FloatArray) -> FloatArray:
    left, top = np.floor(columns).astype(np.int64), np.floor(rows).astype(np.int64)
    right, down = columns - left, rows - top
    upper = pixels[top, left] * (1.0 - right) + pixels[top, left + 1] * right
    lower = pixels[top + 1, left] * (1.0 - right) + pixels[top + 1, left + 1] * right
    heights: FloatArray = upper * (1.0 - down) + lower * down
    heights[heights < LOWEST_LAND_M] = np.nan
    return heights


def _portions(offsets: npt.NDArray[np.int64]) -> list[tuple[int, int]]:
    """Runs of whole paths of about POINTS_AT_ONCE points."""
    portions = []
    first = 0
    while first < offsets.size - 1:
        last = int(np.searchsorted(offsets, offsets[first] + POINTS_AT_ONCE, side="right")) - 1
        last = max(last, first + 1)
        portions.append((first, last))
        first = last
    return portions


def _require(column: str, value: float, good: bool, remedy: str) -> None:
    if not good:
        raise LimitExceeded(
            Problem(what="outside the limits of profile extraction", remedy=remedy, column=column, value=value)
        )
