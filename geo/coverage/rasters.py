"""Values of signal rasters at points, read window by window.

Only plain local files of a few formats are opened. Formats that name other sources (VRT, WMS and the like)
and GDAL's virtual file systems could reach the network or files the user did not give, so they are refused.
"""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import pyproj
import rasterio
from rasterio.enums import MaskFlags
from rasterio.errors import NotGeoreferencedWarning, RasterioError
from rasterio.io import DatasetReader
from rasterio.session import DummySession
from rasterio.transform import rowcol
from rasterio.windows import Window

from geo.errors import CrsMissing, FileProblem, Problem, ValueRejected

Integers = npt.NDArray[np.int64]
Values = npt.NDArray[np.float32] | npt.NDArray[np.float64]

DRIVERS = ("GTiff", "SRTMHGT", "AAIGrid", "DTED")
_ACCEPTED = "Give a local GeoTIFF, SRTM .hgt, DTED or Arc/Info ASCII grid"

# Pixels read at a time: 16 MB of float32, small against GDAL's own cache.
_WINDOW_PIXELS = 4_000_000
# rasterio turns points to rows in runs of this many; a rotated raster is treated alike, to the last bit.
_ROTATED_RUN = 256
# Types whose values float32 holds exactly.
_SINGLE = {"int8", "uint8", "int16", "uint16", "float16", "float32"}


@contextmanager
def open_raster(path: str | Path) -> Iterator[Any]:
    """Open a plain local raster that has a CRS and a geotransform.

    Yields
    ------
    rasterio.DatasetReader

    Raises
    ------
    FileProblem
        If it is missing, not of an accepted format, damaged (also while it is read), or not georeferenced.
    CrsMissing
        If it does not say its CRS.
    """
    name = str(path)
    if name.startswith("/vsi") or not Path(path).is_file():
        raise FileProblem(Problem("no such local file", f"{_ACCEPTED}.", file=name))
    options = {
        "session": DummySession(),
        # A sidecar file may name an overview anywhere; nothing has this extension.
        "CPL_VSIL_CURL_ALLOWED_EXTENSIONS": ".none",
        # Not GTIFF_DIRECT_IO, though it is faster: it reads the missing end of a cut file as zeros.
    }
    try:
        with rasterio.Env(**options), _opened(Path(path).resolve()) as source:
            if source.crs is None:
                raise CrsMissing(
                    Problem(
                        "the raster does not say its coordinate reference system",
                        "Set it, for instance with `gdal_edit.py -a_srs EPSG:4326`.",
                        file=name,
                    )
                )
            if source.transform.is_identity or source.transform.is_degenerate:
                raise FileProblem(
                    Problem("the raster has no geotransform", "Warp it to a grid with `gdalwarp`.", file=name)
                )
            yield source
    except RasterioError as error:
        detail = " ".join(str(error.__cause__ or error).split())
        raise FileProblem(Problem(f"cannot be read as a raster: {detail}", f"{_ACCEPTED}.", file=name)) from error


def _opened(path: Path) -> Any:
    with warnings.catch_warnings():
        # We say it with a typed error.
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        # Not rasterio.open, which takes one driver only.
        return DatasetReader(path, driver=list(DRIVERS), sharing=False)


def sample_raster(
    path: str | Path,
    xs: npt.ArrayLike,
    ys: npt.ArrayLike,
    *,
    crs: Any = "EPSG:4326",
    band: int = 1,
) -> Values:
    """Value of the pixel that contains each point, as `rasterio.DatasetReader.sample` finds it.

    A point on the edge between two pixels belongs to the one of the higher row or column number. Memory
    beyond the points' own is bounded whatever the size of the raster.

    Parameters
    ----------
    path
        Local raster in any CRS; see `open_raster`.
    xs, ys
        f8[n] each: longitude and latitude, or easting and northing (never latitude first).
    crs
        CRS of the points, as `pyproj.CRS.from_user_input` accepts it.
    band
        Number of the band, from 1.

    Returns
    -------
    f4[n], or f8[n] where float32 could not hold the values, in the unit of the raster; scale and offset
    are applied. NaN outside the raster, on nodata or masked pixels, and where a coordinate is not finite.

    Raises
    ------
    FileProblem
        If the raster cannot be read, see `open_raster`, has complex numbers, or a CRS the points cannot be
        brought to.
    CrsMissing
        If the raster does not say its CRS.
    ValueRejected
        If it has no band of that number.
    ValueError
        If `xs` and `ys` differ in shape.
    """
    x, y = np.asarray(xs, np.float64), np.asarray(ys, np.float64)
    if x.shape != y.shape or x.ndim != 1:
        raise ValueError(f"xs and ys must be of one shape [n], not {x.shape} and {y.shape}")
    with open_raster(path) as source:
        if band not in source.indexes:
            raise ValueRejected(
                Problem("there is no such band", f"The raster has 1 to {source.count}.", str(path), value=band)
            )
        if source.dtypes[band - 1].startswith("complex"):
            raise FileProblem(Problem("the raster holds complex numbers", "Give real ones.", str(path)))
        x, y = _in_crs_of(source, x, y, crs, str(path))
        point, row, column = _pixels(source, x, y)
        values, valid, order = _read(source, band, row, column)
        scale, offset = source.scales[band - 1], source.offsets[band - 1]
        scaled = (scale, offset) != (1.0, 0.0)
        kind = np.float32 if values.dtype.name in _SINGLE and not scaled else np.float64
        found: Any = values.astype(kind, copy=False)
        if scaled:
            found = found * scale + offset
        found[~valid] = np.nan
        result: Any = np.full(len(x), np.nan, kind)
        result[point[order]] = found
    return cast(Values, result)


def _in_crs_of(source: Any, x: Any, y: Any, crs: Any, name: str) -> tuple[Any, Any]:
    given = pyproj.CRS.from_user_input(crs)
    try:
        target = pyproj.CRS.from_wkt(source.crs.to_wkt())
        if given.equals(target, ignore_axis_order=True):
            return x, y
        transformer = pyproj.Transformer.from_crs(given, target, always_xy=True)
        return transformer.transform(x, y)  # infinity where the projection is not defined
    except pyproj.exceptions.ProjError as error:
        raise FileProblem(
            Problem(f"points cannot be brought to the raster's CRS: {error}", "Warp it first.", file=name)
        ) from error


def _pixels(source: Any, x: Any, y: Any) -> tuple[Integers, Integers, Integers]:
    """Index, row and column of the points that are inside the raster."""
    point = np.flatnonzero(np.isfinite(x) & np.isfinite(y))
    x, y = x[point], y[point]
    across, along = ~source.transform, source.transform
    if along.b == 0.0 and along.d == 0.0:
        # What rasterio's matrix product comes to, without its copies.
        columns, rows = np.floor(x * across.a + across.c), np.floor(y * across.e + across.f)
    else:
        rows, columns = np.empty(len(x)), np.empty(len(x))
        for begin in range(0, len(x), _ROTATED_RUN):
            run = slice(begin, begin + _ROTATED_RUN)
            rows[run], columns[run] = rowcol(along, x[run], y[run], op=np.floor)
    inside = (rows >= 0) & (rows < source.height) & (columns >= 0) & (columns < source.width)
    return point[inside], rows[inside].astype(np.int64), columns[inside].astype(np.int64)


def _read(source: Any, band: int, row: Integers, column: Integers) -> tuple[Any, Any, Integers]:
    """Raw values of pixels, whether they are valid, and for each the position of its row and column."""
    block = source.block_shapes[band - 1]
    height, width = _window_shape(block, source.width)
    order, cuts = _grouped(row // height, column // width)
    row, column = row[order], column[order]
    values, valid = np.empty(len(row), source.dtypes[band - 1]), np.ones(len(row), bool)
    pixels = np.empty(_WINDOW_PIXELS, values.dtype)  # one for all windows: fresh memory costs as much as reading
    for begin, end in pairwise(cuts):
        part = slice(begin, end)
        rows, columns = row[part], column[part]
        box = (np.ptp(rows) + 1) * (np.ptp(columns) + 1)
        if len(rows) * block[0] * block[1] * 2 >= box:
            _read_window(source, band, rows, columns, pixels, values[part], valid[part])
            continue
        # Few points far apart: only the blocks that hold them, so that the rest is not even decoded.
        inner, inner_cuts = _grouped(rows // block[0], columns // block[1])
        order[part], rows, columns = order[part][inner], rows[inner], columns[inner]
        for first, last in pairwise(inner_cuts):
            some = slice(first, last)
            _read_window(source, band, rows[some], columns[some], pixels, values[part][some], valid[part][some])
    return values, valid, order


def _window_shape(block: tuple[int, int], raster_width: int) -> tuple[int, int]:
    """Rows and columns read at a time: whole blocks, in whole rows of blocks where they fit."""
    height, width = block
    if height * width > _WINDOW_PIXELS:
        width = min(width, _WINDOW_PIXELS)
        return max(1, _WINDOW_PIXELS // width), width
    if raster_width * height <= _WINDOW_PIXELS:
        return _WINDOW_PIXELS // (raster_width * height) * height, raster_width
    return height, _WINDOW_PIXELS // (height * width) * width


def _grouped(row: Integers, column: Integers) -> tuple[Integers, Integers]:
    """An order that brings equal rows and columns together, and where in it each group starts (and the end)."""
    if len(row) == 0:
        return np.empty(0, np.int64), np.zeros(1, np.int64)
    key = row * (int(column.max()) + 1) + column
    key -= key.min()
    if key.max() < 2**16:
        key = key.astype(np.uint16)  # for which numpy sorts in linear time
    order = np.argsort(key, kind="stable")
    return order, np.concatenate([[0], np.flatnonzero(np.diff(key[order])) + 1, [len(key)]])


def _read_window(source: Any, band: int, row: Integers, column: Integers, pixels: Any, values: Any, valid: Any) -> None:
    """Fill `values` and `valid` from the window around the pixels; `pixels` is room for it."""
    top, left = int(row.min()), int(column.min())
    height, width = int(row.max()) - top + 1, int(column.max()) - left + 1
    window = Window(left, top, width, height)
    place = (row - top) * width + (column - left)
    pixels = pixels[: height * width]
    source.read(band, window=window, out=pixels.reshape(height, width))
    np.take(pixels, place, out=values)
    flags = source.mask_flag_enums[band - 1]
    if MaskFlags.nodata in flags:
        valid[:] = ~_is_nodata(values, source.nodatavals[band - 1])
    elif MaskFlags.all_valid not in flags:
        valid[:] = source.read_masks(band, window=window).ravel()[place] != 0


def _is_nodata(values: Any, nodata: float) -> Any:
    """As GDAL's nodata mask judges: floating-point values a few units in the last place away count too."""
    if np.isnan(nodata):
        return np.isnan(values)
    if values.dtype.kind != "f":
        return values == int(nodata) if float(nodata).is_integer() else np.zeros(len(values), bool)
    with np.errstate(over="ignore", invalid="ignore"):
        marker = values.dtype.type(nodata)
        tolerance = 2 * np.finfo(values.dtype).eps * np.abs(values + marker)
        return (values == marker) | (np.abs(values - marker) < tolerance)
