"""Cloud-Optimized GeoTIFFs of one band, written in pieces: memory holds one piece, and the same values give the same
bytes."""

import errno
import os
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import rasterio
import rasterio.shutil
from rasterio._err import CPLE_BaseError  # what rasterio.shutil.copy raises; it is exported nowhere else
from rasterio.errors import RasterioError
from rasterio.session import DummySession
from rasterio.windows import Window

BLOCK_PIXELS = 512


@dataclass(frozen=True)
class Piece:
    """Pixels of a window, shape (height, width); `valid` is given where a mask tells nodata, not a value."""

    window: Window
    values: npt.NDArray[Any]
    valid: npt.NDArray[np.bool_] | None = None


def write_cog(
    path: Path,
    pieces: Iterable[Piece],
    *,
    tags: Mapping[str, str],
    overview_resampling: str,
    scale: float = 1.0,
    offset: float = 0.0,
    **profile: Any,
) -> None:
    """Write a raster, and read it back: some disks that are full do not say so.

    Parameters
    ----------
    path
        The file to make; another one is made beside it meanwhile.
    pieces
        They cover the raster and do not overlap.
    profile
        `width`, `height`, `dtype`, `nodata`, `crs` and `transform` as rasterio has them.

    Raises
    ------
    OSError
        If the disk is full.
    """
    plain = path.with_name(f".{path.name}.plain")
    options = {"driver": "GTiff", "count": 1, "tiled": True, "blockxsize": BLOCK_PIXELS, "blockysize": BLOCK_PIXELS}
    windows, written = [], 0
    environment = rasterio.Env(session=DummySession(), GDAL_PAM_ENABLED="NO", GDAL_TIFF_INTERNAL_MASK="YES")
    try:
        with environment:
            with _writing():
                raster = rasterio.open(plain, "w", **options, **profile, bigtiff="if_safer")
            try:
                for piece in pieces:  # reading them may fail for reasons of its own
                    windows.append(piece.window)
                    written = zlib.crc32(np.ascontiguousarray(piece.values).data, written)
                    with _writing():
                        raster.write(piece.values, 1, window=piece.window)
                        if piece.valid is not None:
                            raster.write_mask(piece.valid, window=piece.window)
                raster.update_tags(**tags)
                if (scale, offset) != (1.0, 0.0):
                    raster.scales, raster.offsets = (scale,), (offset,)
            finally:
                with _writing():
                    raster.close()
            with _writing():
                rasterio.shutil.copy(
                    plain,
                    path,
                    driver="COG",
                    blocksize=BLOCK_PIXELS,
                    compress="deflate",
                    predictor="yes" if np.dtype(profile["dtype"]).kind == "f" else "standard",
                    overview_resampling=overview_resampling,
                    bigtiff="if_safer",
                )
                if _digest(path, windows) != written:
                    raise _disk_full()
    finally:
        plain.unlink(missing_ok=True)


def _digest(path: Path, windows: Iterable[Window]) -> int:
    digest = 0
    with rasterio.open(path, driver="GTiff") as raster:
        for window in windows:
            digest = zlib.crc32(raster.read(1, window=window).data, digest)
    return digest


@contextmanager
def _writing() -> Iterator[None]:
    """GDAL keeps the system's reason to itself; in a folder that can be written to it is a disk without room."""
    try:
        yield
    except (RasterioError, CPLE_BaseError) as error:
        raise _disk_full() from error


def _disk_full() -> OSError:
    return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
