"""The tile matrix set WebMercatorQuad (OGC 17-083r4, annex D): rows from the north, columns from the west.

Plane positions here are x, y in [0, 1] over the whole square of the set, x eastward and y southward.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from api.errors import NoSuchResource

ID = "WebMercatorQuad"
URI = "http://www.opengis.net/def/tilematrixset/OGC/1.0/WebMercatorQuad"
CRS = "http://www.opengis.net/def/crs/EPSG/0/3857"
MATRICES = 25
"""Tile matrices of the set."""

MAX_ZOOM = 16
"""Last tile matrix that tiles are made of: a unit of a tile is 0.15 m there, about what coordinates are served with."""

LATITUDE_LIMIT = math.degrees(math.atan(math.sinh(math.pi)))
"""Degrees; the square of the set ends here."""

_EARTH_RADIUS_M = 6378137.0
_HALF_WIDTH_M = math.pi * _EARTH_RADIUS_M
_TILE_PIXELS = 256
_PIXEL_M = 0.00028  # the standard's size of a pixel
_POLE = 89.9999  # the pole itself is at infinity
_DIGITS = 9


@dataclass(frozen=True)
class Tile:
    """One tile of the set."""

    zoom: int
    row: int
    column: int

    def box(self, margin: float) -> tuple[float, float, float, float]:
        """West, south, east, north in degrees, widened by a share of the tile's width on each side."""
        count = 1 << self.zoom
        west = (self.column - margin) / count * 360.0 - 180.0
        east = (self.column + 1 + margin) / count * 360.0 - 180.0
        return west, _latitude((self.row + 1 + margin) / count), east, _latitude((self.row - margin) / count)


def tile_at(matrix: str, row: str, column: str) -> Tile:
    """The tile that a path names.

    Raises
    ------
    NoSuchResource
        When the tile matrix is not served, or the row or column lies outside it.
    """
    zoom = _number(matrix)
    if zoom is None or zoom > MAX_ZOOM:
        raise NoSuchResource(f"there is no tile matrix {matrix[:40]!r}", f"Tile matrices: 0 to {MAX_ZOOM}")
    numbers = [_number(row), _number(column)]
    last = (1 << zoom) - 1
    for what, text, number in zip(("row", "column"), (row, column), numbers, strict=True):
        if number is None or number > last:
            raise NoSuchResource(
                f"tile matrix {zoom} has no {what} {text[:40]!r}", f"Rows and columns there: 0 to {last}"
            )
    return Tile(zoom, int(numbers[0] or 0), int(numbers[1] or 0))


def project(longitude: npt.NDArray[np.float64], latitude: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Degrees, shape (n,) each, to plane positions, shape (n, 2); latitudes are held just short of the poles."""
    sine = np.sin(np.radians(np.clip(latitude, -_POLE, _POLE)))
    return np.column_stack((longitude / 360.0 + 0.5, 0.5 - np.arctanh(sine) / (2.0 * np.pi)))


def definition() -> dict[str, Any]:
    """The set as the JSON encoding of the standard has it (2.0)."""
    matrices = []
    for zoom in range(MATRICES):
        count = 1 << zoom
        cell = 2.0 * _HALF_WIDTH_M / (_TILE_PIXELS * count)
        matrices.append(
            {
                "id": str(zoom),
                "scaleDenominator": cell / _PIXEL_M,
                "cellSize": cell,
                "cornerOfOrigin": "topLeft",
                "pointOfOrigin": [-_HALF_WIDTH_M, _HALF_WIDTH_M],
                "tileWidth": _TILE_PIXELS,
                "tileHeight": _TILE_PIXELS,
                "matrixWidth": count,
                "matrixHeight": count,
            }
        )
    return {
        "id": ID,
        "title": "Google Maps Compatible for the World",
        "uri": URI,
        "crs": CRS,
        "orderedAxes": ["X", "Y"],
        "wellKnownScaleSet": "http://www.opengis.net/def/wkss/OGC/1.0/GoogleMapsCompatible",
        "tileMatrices": matrices,
    }


def limits() -> list[dict[str, Any]]:
    """`tileMatrixSetLimits`: the tile matrices that are served, each whole. A tile where there is nothing is empty."""
    return [
        {
            "tileMatrix": str(zoom),
            "minTileRow": 0,
            "maxTileRow": (1 << zoom) - 1,
            "minTileCol": 0,
            "maxTileCol": (1 << zoom) - 1,
        }
        for zoom in range(MAX_ZOOM + 1)
    ]


def _latitude(y: float) -> float:
    return math.degrees(math.atan(math.sinh(math.pi * (1.0 - 2.0 * y))))


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= _DIGITS else None
