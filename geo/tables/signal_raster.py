"""Signal rasters: single-band GeoTIFFs of signal level in dBm (RSSI, RSCP or RSRP by technology)."""

from dataclasses import dataclass
from pathlib import Path

import pyproj

from geo.tables.words import Basis, Technology


@dataclass(frozen=True)
class SignalRaster:
    """A signal raster's header: whose signal its single band holds, and where it lies.

    `crs` and `bounds` (left, bottom, right, top) are the raster's own; `as_of` is a partial ISO date.
    """

    path: Path
    operator: str
    technology: Technology
    basis: Basis
    as_of: str | None
    source: str | None
    crs: pyproj.CRS
    bounds: tuple[float, float, float, float]
