"""Pixels over a region in its own equal-area projection, and areas made of pixels."""

from collections.abc import Iterator
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pyproj
import shapely
from affine import Affine
from rasterio.features import shapes
from rasterio.windows import Window

from geo.region import Region
from geo.tables.schema import WGS84

_PRECISION_DEGREES = 1e-6


@dataclass(frozen=True)
class Grid:
    """Square pixels that cover a region; their edges lie on whole multiples of their size.

    `boundary` is the region's in the projection `crs`, prepared.
    """

    transform: Affine
    rows: int
    columns: int
    boundary: shapely.Geometry
    crs: pyproj.CRS

    @classmethod
    def over(cls, region: Region, resolution_m: float) -> "Grid":
        """The smallest grid of pixels of `resolution_m` that holds the region."""
        boundary = gpd.GeoSeries([region.boundary], crs=WGS84).to_crs(region.crs).iloc[0]
        shapely.prepare(boundary)
        west, south, east, north = (value / resolution_m for value in boundary.bounds)
        left, top = int(np.floor(west)), int(np.ceil(north))
        return cls(
            Affine(resolution_m, 0.0, left * resolution_m, 0.0, -resolution_m, top * resolution_m),
            max(1, top - int(np.floor(south))),
            max(1, int(np.ceil(east)) - left),
            boundary,
            region.crs,
        )

    @property
    def whole(self) -> Window:
        """The window of all pixels."""
        return Window(0, 0, self.columns, self.rows)

    def tiles(self, pixels: int) -> Iterator[Window]:
        """Windows of at most `pixels` by `pixels` that cover the grid, row by row."""
        for row in range(0, self.rows, pixels):
            for column in range(0, self.columns, pixels):
                yield Window(column, row, min(pixels, self.columns - column), min(pixels, self.rows - row))

    def centres(self, window: Window) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """Pixels of a window whose centre lies in the region: flat position in the window, longitude, latitude."""
        x = self.transform.c + (window.col_off + np.arange(window.width) + 0.5) * self.transform.a
        y = self.transform.f + (window.row_off + np.arange(window.height) + 0.5) * self.transform.e
        xs, ys = (values.ravel() for values in np.meshgrid(x, y))
        at = np.flatnonzero(shapely.contains_xy(self.boundary, xs, ys))
        to_wgs84 = pyproj.Transformer.from_crs(self.crs, WGS84, always_xy=True)
        lon, lat = to_wgs84.transform(xs[at], ys[at])
        return at, np.asarray(lon), np.asarray(lat)

    def area(self, covered: npt.NDArray[np.bool_]) -> shapely.Geometry | None:
        """Pixels, shape (rows, columns), as one valid WGS 84 geometry to six decimals; None where there are none."""
        parts = shapes(covered.astype(np.uint8), mask=covered, transform=self.transform)
        found = [shapely.geometry.shape(part) for part, _ in parts]
        if not found:
            return None
        planar = gpd.GeoSeries([shapely.MultiPolygon(found)], crs=self.crs)
        # rounding to a precision makes valid what touches itself at the corners of pixels
        return shapely.set_precision(planar.to_crs(WGS84).iloc[0], _PRECISION_DEGREES)
