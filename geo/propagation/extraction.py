"""Kernels that read a profile from terrain in memory, along the geodesic from a site to a receiver."""

import math

import numpy as np
import numpy.typing as npt

from geo.propagation.compiled import FloatArray, compiled, compiled_vector

FloatGrid = npt.NDArray[np.float32]
PixelIndices = npt.NDArray[np.int32]

TERRAIN, SMOOTH_EARTH = 0, 1
# any interpolation with a void lies below this, and no ground does
LOWEST_GROUND_M = -1e6


@compiled
def polynomial(coefficients: FloatArray, k: int, u: float, v: float) -> float:
    """Value of polynomial k of shape (2, 6, 6) at (u, v), by Horner's rule."""
    total = 0.0
    for i in range(5, -1, -1):
        inner = 0.0
        for j in range(5 - i, -1, -1):
            inner = inner * v + coefficients[k, i, j]
        total = total * u + inner
    return total


@compiled
def ray_polynomial(coefficients: FloatArray, k: int, u: float, v: float, ray: FloatArray) -> None:
    """Coefficients of t ↦ polynomial k at (t·u, t·v), into `ray` of shape (6,)."""
    for degree in range(6):
        total = 0.0
        power = 1.0
        for i in range(degree + 1):  # Σ c[i, degree − i] u^i v^(degree − i)
            total = total * v + coefficients[k, i, degree - i] * power
            power *= u
        ray[degree] = total


@compiled
def stays_inside(ray: FloatArray, size: int, segments: int) -> bool:
    """Whether a ray from the site (t = 0) to the receiver (t = 1) keeps within pixel centres 0 to size − 1."""
    bend = abs(ray[2]) + abs(ray[3]) + abs(ray[4]) + abs(ray[5])
    end = ray[0] + ray[1] + ray[2] + ray[3] + ray[4] + ray[5]
    low, high = min(ray[0], end), max(ray[0], end)
    if low - bend >= 0.0 and high + bend < size - 1:
        return True
    for i in range(segments + 1):
        t = i / segments
        value = ((((ray[5] * t + ray[4]) * t + ray[3]) * t + ray[2]) * t + ray[1]) * t + ray[0]
        if not 0.0 <= value < size - 1:
            return False
    return True


@compiled_vector
def locate(
    column_ray: FloatArray,
    row_ray: FloatArray,
    segments: int,
    columns: float,
    counting: FloatArray,
    pixels: PixelIndices,
    right: FloatArray,
    down: FloatArray,
) -> None:
    """Pixel left above each of the `segments` + 1 points, and the shares of the way right and down."""
    share = 1.0 / segments
    c0, c1, c2, c3, c4, c5 = (
        column_ray[0], column_ray[1], column_ray[2], column_ray[3], column_ray[4], column_ray[5]
    )  # fmt: skip
    r0, r1, r2, r3, r4, r5 = row_ray[0], row_ray[1], row_ray[2], row_ray[3], row_ray[4], row_ray[5]
    for i in range(segments + 1):
        t = counting[i] * share
        column = ((((c5 * t + c4) * t + c3) * t + c2) * t + c1) * t + c0
        row = ((((r5 * t + r4) * t + r3) * t + r2) * t + r1) * t + r0
        whole_column, whole_row = math.floor(column), math.floor(row)
        right[i] = column - whole_column
        down[i] = row - whole_row
        pixels[i] = np.int32(whole_row * columns + whole_column)


@compiled_vector
def interpolate(
    grid: FloatGrid,
    columns: int,
    segments: int,
    pixels: PixelIndices,
    right: FloatArray,
    down: FloatArray,
    heights_m: FloatArray,
) -> None:
    """Bilinear heights of the `segments` + 1 points, into `heights_m`."""
    # unsigned indices spare the test for counting from the end
    below = np.uint64(columns)
    one = np.uint64(1)
    for i in range(segments + 1):
        k = np.uint64(np.uint32(pixels[i]))
        upper_left, upper_right = grid[k], grid[k + one]
        lower_left, lower_right = grid[k + below], grid[k + below + one]
        upper = upper_left + (upper_right - upper_left) * right[i]
        lower = lower_left + (lower_right - lower_left) * right[i]
        heights_m[i] = upper + (lower - upper) * down[i]


@compiled
def fill_profile(
    grid: FloatGrid,
    columns: int,
    rows: int,
    to_pixel: FloatArray,
    u: float,
    v: float,
    segments: int,
    counting: FloatArray,
    rays: FloatArray,
    pixels: PixelIndices,
    right: FloatArray,
    down: FloatArray,
    heights_m: FloatArray,
    voids: bool,
) -> int:
    """Heights of `segments` + 1 evenly spaced points from the site to (u, v), into `heights_m`.

    A path that leaves the terrain or meets a void is smooth Earth throughout, all heights 0: a step at the
    edge would be a cliff that is not there.

    Parameters
    ----------
    grid, columns, rows
        Terrain, flattened.
    to_pixel, u, v
        `SiteFrame.to_pixel` and the receiver's place in it (km over radius).
    counting
        0, 1, 2, …, at least `segments` + 1 of them.
    rays, pixels, right, down
        Room to work: (2, 6), and three of `segments` + 1.
    voids
        Whether the terrain has any; if not, profiles need not be searched for them.

    Returns
    -------
    int
        TERRAIN or SMOOTH_EARTH.
    """
    ray_polynomial(to_pixel, 0, u, v, rays[0])
    ray_polynomial(to_pixel, 1, u, v, rays[1])
    if stays_inside(rays[0], columns, segments) and stays_inside(rays[1], rows, segments):
        locate(rays[0], rays[1], segments, float(columns), counting, pixels, right, down)
        interpolate(grid, columns, segments, pixels, right, down, heights_m)
        if not voids or heights_m[: segments + 1].min() > LOWEST_GROUND_M:
            return TERRAIN
    heights_m[: segments + 1] = 0.0
    return SMOOTH_EARTH
