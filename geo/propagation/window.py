"""A piece of terrain in memory, and the map from positions around a site to its pixels.

Along a geodesic from the site, pixel column and row are smooth functions of the distance. They are fitted once
per site by polynomials of degree five, whatever the terrain's CRS, so that extracting a profile needs no
projection per point and the terrain is interpolated once only. The fit is checked against exact positions.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyproj

from geo.errors import LimitExceeded, Problem

FloatArray = npt.NDArray[np.float64]

# height that marks a void: so far below everything that any interpolation touching it is recognised
VOID_M = -1e30
DEGREE = 5
MAXIMUM_RADIUS_KM = 500.0
MAXIMUM_PIXEL_ERROR = 0.05
MAXIMUM_POSITION_ERROR_KM = 0.002
_GEOD = pyproj.Geod(ellps="WGS84")


@dataclass(frozen=True, slots=True)
class TerrainWindow:
    """Heights of one rectangle of a DEM.

    Parameters
    ----------
    heights_m
        Shape (rows, columns), float32, C order; metres above sea level, `VOID_M` where unknown.
    transform
        (a, b, c, d, e, f): CRS x = a·column + b·row + c and y = d·column + e·row + f of pixel corners.
    crs
        Coordinate reference system of the transform, as pyproj understands it.
    resolution_m
        Ground size of a pixel.
    source
        What the terrain is, for results to name.
    """

    heights_m: npt.NDArray[np.float32]
    transform: tuple[float, float, float, float, float, float]
    crs: str
    resolution_m: float
    source: str


@dataclass(frozen=True, slots=True)
class SiteFrame:
    """Polynomials around one site, good to `radius_km`.

    Coefficient [k, i, j] belongs to the k-th result and the term u^i v^j. `to_plane` takes longitude and
    latitude differences from the site in degrees over `degrees_scale` to km east and north (azimuthal
    equidistant: true distance and azimuth from the site); `to_pixel` takes those km over `radius_km` to column
    and row counted from the centre of the first pixel.
    """

    lon: float
    lat: float
    radius_km: float
    degrees_scale: tuple[float, float]
    to_plane: FloatArray
    to_pixel: FloatArray


def site_frame(window: TerrainWindow | None, lon: float, lat: float, radius_km: float) -> SiteFrame:
    """Fit the frame of a site; without a window `to_pixel` leads outside of any terrain.

    Raises
    ------
    LimitExceeded
        The radius exceeds 500 km, or the terrain's CRS bends too much around the site to be fitted.
    """
    if not 0.0 < radius_km <= MAXIMUM_RADIUS_KM:
        raise LimitExceeded(
            Problem(
                what="radius outside the limits of the area mode",
                remedy=f"It must be above 0 and at most {MAXIMUM_RADIUS_KM:g} km.",
                column="radius_km",
                value=radius_km,
            )
        )
    fit_plane, fit_lon, fit_lat = _positions(lon, lat, radius_km, radii=10, azimuths=24)
    check_plane, check_lon, check_lat = _positions(lon, lat, radius_km, radii=7, azimuths=17)
    scale = (float(np.abs(fit_lon - lon).max()), float(np.abs(fit_lat - lat).max()))
    degrees = ((fit_lon - lon) / scale[0], (fit_lat - lat) / scale[1])
    check_degrees = ((check_lon - lon) / scale[0], (check_lat - lat) / scale[1])
    to_plane = _fit(degrees, fit_plane)
    error = np.abs(_evaluate(to_plane, check_degrees) - check_plane).max()
    _require(error <= MAXIMUM_POSITION_ERROR_KM, "positions", radius_km)
    if window is None:
        to_pixel = np.zeros((2, DEGREE + 1, DEGREE + 1))
        to_pixel[:, 0, 0] = -10.0
    else:
        scaled = (fit_plane[0] / radius_km, fit_plane[1] / radius_km)
        to_pixel = _fit(scaled, _pixels(window, fit_lon, fit_lat))
        check_scaled = (check_plane[0] / radius_km, check_plane[1] / radius_km)
        error = np.abs(_evaluate(to_pixel, check_scaled) - _pixels(window, check_lon, check_lat)).max()
        _require(bool(error <= MAXIMUM_PIXEL_ERROR), f"terrain pixels of CRS {window.crs}", radius_km)
    return SiteFrame(lon, lat, radius_km, scale, to_plane, to_pixel)


def plane_km(frame: SiteFrame, lon: FloatArray, lat: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Kilometres east and north of the frame's site: true distance and azimuth from it, within its radius.

    The same polynomials, and so the same distances, as the kernels of the area mode have.
    """
    u = ((lon - frame.lon + 180.0) % 360.0 - 180.0) / frame.degrees_scale[0]
    v = (lat - frame.lat) / frame.degrees_scale[1]
    east, north = (_horner(coefficients, u, v) for coefficients in frame.to_plane)
    return east, north


def _horner(coefficients: FloatArray, u: FloatArray, v: FloatArray) -> FloatArray:
    total = np.zeros_like(u)
    for i in range(DEGREE, -1, -1):
        inner = np.full_like(v, coefficients[i, DEGREE - i])
        for j in range(DEGREE - i - 1, -1, -1):
            inner *= v
            inner += coefficients[i, j]
        total *= u
        total += inner
    return total


def ground_m(window: TerrainWindow, lon: FloatArray, lat: FloatArray) -> FloatArray:
    """Bilinear heights of the window at points, metres above sea level, shape (n,); NaN where unknown."""
    column, row = _pixels(window, lon, lat)
    rows, columns = window.heights_m.shape
    slack = MAXIMUM_PIXEL_ERROR  # a path that the fit of a frame takes for inside has an end
    known = (column >= -slack) & (column <= columns - 1 + slack) & (row >= -slack) & (row <= rows - 1 + slack)
    column, row = np.clip(column, 0.0, columns - 1.0), np.clip(row, 0.0, rows - 1.0)
    left = np.minimum(np.floor(column), columns - 2).astype(np.int64)
    top = np.minimum(np.floor(row), rows - 2).astype(np.int64)
    right, down = column - left, row - top
    corners = (window.heights_m[top + i, left + j].astype(np.float64) for i in (0, 1) for j in (0, 1))
    shares = ((1.0 - down) * (1.0 - right), (1.0 - down) * right, down * (1.0 - right), down * right)
    heights = np.zeros_like(column)
    for corner, share in zip(corners, shares, strict=True):
        # a void counts only where it has a share: 0 times its marker is 0
        heights += corner * share
    return np.where(known & (heights > VOID_M * 1e-20), heights, np.nan)


def _require(good: bool, what: str, radius_km: float) -> None:
    if not good:
        raise LimitExceeded(
            Problem(
                what=f"{what} around the site cannot be followed so far out",
                remedy="Use a smaller radius, or terrain in geographic coordinates.",
                column="radius_km",
                value=radius_km,
            )
        )


def _positions(
    lon: float, lat: float, radius_km: float, *, radii: int, azimuths: int
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Points of the disc: km east and north of shape (2, n), longitude, latitude. Longitudes do not wrap."""
    # Chebyshev-like radii keep the fit even up to the rim
    distance = radius_km * np.cos(np.pi / 2 * np.arange(radii) / radii)
    azimuth = np.arange(azimuths) * 360.0 / azimuths
    azimuth, distance = (grid.reshape(-1) for grid in np.meshgrid(azimuth, distance))
    size = azimuth.size
    point_lon, point_lat, _ = _GEOD.fwd(np.full(size, lon), np.full(size, lat), azimuth, distance * 1000.0)
    point_lon = lon + (np.asarray(point_lon) - lon + 180.0) % 360.0 - 180.0
    angle = np.deg2rad(azimuth)
    return np.stack([distance * np.sin(angle), distance * np.cos(angle)]), point_lon, np.asarray(point_lat)


def _pixels(window: TerrainWindow, lon: FloatArray, lat: FloatArray) -> FloatArray:
    """Column and row, counted from the centre of the first pixel, shape (2, n)."""
    transformer = pyproj.Transformer.from_crs("OGC:CRS84", window.crs, always_xy=True)
    x, y = transformer.transform(lon, lat)
    a, b, c, d, e, f = window.transform
    determinant = a * e - b * d
    dx, dy = np.asarray(x) - c, np.asarray(y) - f
    return np.stack([(e * dx - b * dy) / determinant, (a * dy - d * dx) / determinant]) - 0.5


def _terms() -> list[tuple[int, int]]:
    return [(i, j) for i in range(DEGREE + 1) for j in range(DEGREE + 1 - i)]


def _fit(inputs: tuple[FloatArray, FloatArray], outputs: FloatArray) -> FloatArray:
    terms = _terms()
    matrix = np.stack([inputs[0] ** i * inputs[1] ** j for i, j in terms], axis=1)
    solution = np.linalg.lstsq(matrix, outputs.T, rcond=None)[0]
    coefficients = np.zeros((2, DEGREE + 1, DEGREE + 1))
    for (i, j), row in zip(terms, solution, strict=True):
        coefficients[:, i, j] = row
    return coefficients


def _evaluate(coefficients: FloatArray, inputs: tuple[FloatArray, FloatArray]) -> FloatArray:
    total = np.zeros((2, inputs[0].size))
    for i, j in _terms():
        total += coefficients[:, i, j, None] * inputs[0] ** i * inputs[1] ** j
    return total
