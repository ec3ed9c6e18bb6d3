"""Terrain from files: mosaics, CRSs, voids, edges."""

from pathlib import Path

import numpy as np
import pyproj
import pytest
import rasterio
from rasterio.transform import Affine

from geo.errors import CrsMissing, FileProblem, LimitExceeded
from geo.propagation.area import SMOOTH_EARTH, TERRAIN, area_loss, receiver_profile
from geo.propagation.terrain import Terrain
from geo.propagation.window import VOID_M, site_frame

GEOD = pyproj.Geod(ellps="WGS84")
# rasterio 1.4 multiplies transforms by an operator that affine 3.1 plans to give up
pytestmark = pytest.mark.filterwarnings("ignore:Use `@` matmul:PendingDeprecationWarning")

PIXEL = 1.0 / 1200.0


def slope(lon: np.ndarray, lat: np.ndarray) -> np.ndarray:
    """Height that is linear in longitude and latitude, so that bilinear interpolation is exact."""
    return 100.0 + 50.0 * (np.asarray(lon) - 57.0) + 80.0 * (np.asarray(lat) - 49.0)


def write(
    path: Path, heights: np.ndarray, transform: Affine, crs: str | None = "EPSG:4326", nodata: float | None = None
) -> Path:
    with rasterio.open(
        path, "w", driver="GTiff", width=heights.shape[1], height=heights.shape[0], count=1, dtype=heights.dtype,
        transform=transform, crs=crs, nodata=nodata,
    ) as dataset:  # fmt: skip
        dataset.write(heights, 1)
    return path


def geographic(path: Path, west: float, north: float, size: int = 600, nodata: float | None = None) -> Path:
    rows, columns = np.mgrid[:size, :size]
    lon, lat = west + (columns + 0.5) * PIXEL, north - (rows + 0.5) * PIXEL
    transform = Affine(PIXEL, 0.0, west, 0.0, -PIXEL, north)
    return write(path, slope(lon, lat).astype(np.float32), transform, nodata=nodata)


def test_profiles_read_the_heights_along_the_geodesic(tmp_path: Path) -> None:
    with Terrain([geographic(tmp_path / "a.tif", 57.0, 50.0)]) as terrain:
        profiles = terrain.profiles([57.1, 57.05], [49.6, 49.9], [57.4, 57.4], [49.9, 49.55], step_km=0.25)
        assert profiles.terrain.tolist() == [TERRAIN, TERRAIN]
        assert terrain.resolution_m == pytest.approx(75.0, abs=3.0)
        end = profiles.offsets[1] - 1
        azimuth, _, metres = GEOD.inv(57.1, 49.6, 57.4, 49.9)
        assert profiles.distances_km[end] == pytest.approx(metres / 1000.0)
        steps = np.diff(profiles.distances_km[: end + 1])
        assert steps.max() <= 0.25
        assert np.ptp(steps) < 1e-9
        lon, lat, _ = GEOD.fwd(57.1, 49.6, azimuth, profiles.distances_km[end // 2] * 1000.0)
        assert profiles.heights_m[end // 2] == pytest.approx(slope(lon, lat), abs=1e-3)


def test_tiles_make_one_mosaic_without_a_seam(tmp_path: Path) -> None:
    west, east = geographic(tmp_path / "w.tif", 57.0, 50.0), geographic(tmp_path / "e.tif", 57.5, 50.0)
    with Terrain([west, east]) as terrain:
        lon = np.linspace(57.4, 57.6, 401)
        heights = terrain.heights(lon, np.full(401, 49.75))
        np.testing.assert_allclose(heights, slope(lon, 49.75), atol=1e-3)
        window = terrain.window(57.5, 49.75, 15.0)
        assert window is not None
        assert (window.heights_m > VOID_M).all()
        assert window.source == "w.tif, e.tif"


def test_a_tile_in_another_crs_and_pixel_size_joins(tmp_path: Path) -> None:
    to_utm = pyproj.Transformer.from_crs("EPSG:4326", "EPSG:32640", always_xy=True)
    x, y = to_utm.transform(57.75, 49.75)
    rows, columns = np.mgrid[:500, :500]
    px, py = x - 25_000 + (columns + 0.5) * 100, y + 25_000 - (rows + 0.5) * 100
    lon, lat = to_utm.transform(px, py, direction="INVERSE")
    projected = write(
        tmp_path / "utm.tif", slope(lon, lat).astype(np.float32), Affine(100, 0, x - 25_000, 0, -100, y + 25_000),
        "EPSG:32640",
    )  # fmt: skip
    with Terrain([geographic(tmp_path / "w.tif", 57.0, 50.0), projected]) as terrain:
        lon_points = np.linspace(57.3, 57.9, 200)
        heights = terrain.heights(lon_points, np.full(200, 49.75))
        np.testing.assert_allclose(heights, slope(lon_points, 49.75), atol=0.05)
    with Terrain([projected]) as terrain:
        heights = terrain.heights(lon_points[90:], np.full(110, 49.75))
        np.testing.assert_allclose(heights, slope(lon_points[90:], 49.75), atol=0.01)
        assert terrain.resolution_m == pytest.approx(100.0, rel=1e-3)


def test_hgt_files_are_read(tmp_path: Path) -> None:
    rows, columns = np.mgrid[:1201, :1201]
    heights = (100 + rows / 10 + columns / 5).astype(">i2")
    heights[600, 600] = -32768
    path = tmp_path / "N49E057.hgt"
    path.write_bytes(heights.tobytes())
    with Terrain([path]) as terrain:
        # the first sample lies on the north-western corner of the degree square
        assert terrain.heights(np.array([57.25]), np.array([49.5]))[0] == pytest.approx(100 + 60 + 60)
        assert terrain.heights(np.array([57.5]), np.array([49.5]))[0] == pytest.approx(100 + 60 + 120, abs=1.0)


def test_wide_voids_stay_unknown_and_narrow_ones_are_filled(tmp_path: Path) -> None:
    path = geographic(tmp_path / "a.tif", 57.0, 50.0, nodata=-9999.0)
    with rasterio.open(path, "r+") as dataset:
        heights = dataset.read(1)
        heights[300, 300] = -9999.0
        heights[100:200, 100:200] = -9999.0
        dataset.write(heights, 1)
    with Terrain([path]) as terrain:
        lon, lat = 57.0 + 300.5 * PIXEL, 50.0 - 300.5 * PIXEL
        middle = 57.0 + 150.5 * PIXEL, 50.0 - 150.5 * PIXEL
        narrow, wide = terrain.heights(np.array([lon, middle[0]]), np.array([lat, middle[1]]))
        assert narrow == pytest.approx(slope(lon, lat), abs=0.2)
        assert np.isnan(wide)
        profiles = terrain.profiles([57.02, 57.02], [middle[1], 49.6], [57.3, 57.3], [middle[1], 49.6], step_km=0.25)
        assert profiles.terrain.tolist() == [SMOOTH_EARTH, TERRAIN]
        assert not profiles.heights_m[: profiles.offsets[1]].any()


def test_a_file_without_declared_voids_still_has_them(tmp_path: Path) -> None:
    rows = np.mgrid[:300, :300][0]
    heights = np.where((rows > 100) & (rows < 200), -32768, 250).astype(np.int16)
    path = write(tmp_path / "a.tif", heights, Affine(PIXEL, 0, 57.0, 0, -PIXEL, 50.0))
    with Terrain([path]) as terrain:
        sampled = terrain.heights(np.full(2, 57.1), 50.0 - np.array([50.5, 150.5]) * PIXEL)
    assert sampled[0] == 250.0
    assert np.isnan(sampled[1])


def test_beyond_the_mosaic_nothing_is_known(tmp_path: Path) -> None:
    with Terrain([geographic(tmp_path / "a.tif", 57.0, 50.0)]) as terrain:
        assert np.isnan(terrain.heights(np.array([56.99, 120.0]), np.array([49.8, -30.0]))).all()
        assert terrain.window(70.0, 40.0, 30.0) is None
        profiles = terrain.profiles([57.1], [49.7], [56.9], [49.7], step_km=0.1)
        assert profiles.terrain.tolist() == [SMOOTH_EARTH]


def test_area_mode_and_profiles_agree_over_the_same_files(tmp_path: Path) -> None:
    with Terrain([geographic(tmp_path / "a.tif", 57.0, 50.0)]) as terrain:
        window = terrain.window(57.25, 49.75, 15.0)
        assert window is not None
        frame = site_frame(window, 57.25, 49.75, 15.0)
        distances, heights, kind = receiver_profile(window, frame, 57.35, 49.8, 0.25)
        profiles = terrain.profiles([57.25], [49.75], [57.35], [49.8], step_km=0.25)
        assert kind == TERRAIN
        np.testing.assert_allclose(distances, profiles.distances_km, atol=1e-4)
        np.testing.assert_allclose(heights, profiles.heights_m, atol=0.01)
        outside = area_loss(
            window, frame, rx_lon=np.array([57.06]), rx_lat=np.array([49.75]), step_km=0.25, frequency_ghz=0.9,
            tx_height_m=30.0, rx_height_m=1.5, delta_n=45.0, n0=325.0,
        )  # fmt: skip
        assert outside.terrain.tolist() == [TERRAIN]
        assert outside.resolution_m == terrain.resolution_m


def test_coarser_windows_average(tmp_path: Path) -> None:
    with Terrain([geographic(tmp_path / "a.tif", 57.0, 50.0)]) as terrain:
        fine = terrain.window(57.25, 49.75, 10.0)
        coarse = terrain.window(57.25, 49.75, 10.0, finest_m=4 * terrain.resolution_m)
        assert fine is not None
        assert coarse is not None
        assert coarse.resolution_m == pytest.approx(4 * fine.resolution_m)
        rows, columns = np.mgrid[: coarse.heights_m.shape[0], : coarse.heights_m.shape[1]]
        a, _, c, _, e, f = coarse.transform
        expected = slope(c + (columns + 0.5) * a, f + (rows + 0.5) * e)
        np.testing.assert_allclose(coarse.heights_m, expected, atol=0.02)


def test_bad_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(FileProblem, match="not found"):
        Terrain([tmp_path / "none.tif"])
    text = tmp_path / "text.tif"
    text.write_text("no raster")
    with pytest.raises(FileProblem, match=r"text\.tif.*cannot be read"):
        Terrain([text])
    heights = np.zeros((5, 5), dtype=np.float32)
    bare = write(tmp_path / "bare.tif", heights, Affine(PIXEL, 0, 57, 0, -PIXEL, 50), None)
    with pytest.raises(CrsMissing, match=r"bare\.tif"):
        Terrain([bare])
    with pytest.raises(FileProblem, match="no terrain file"):
        Terrain([])


def test_a_path_needs_two_ends_and_a_step(tmp_path: Path) -> None:
    with Terrain([geographic(tmp_path / "a.tif", 57.0, 50.0)]) as terrain:
        with pytest.raises(LimitExceeded, match="must differ"):
            terrain.profiles([57.1], [49.7], [57.1], [49.7], step_km=0.1)
        with pytest.raises(LimitExceeded, match="step_km"):
            terrain.profiles([57.1], [49.7], [57.2], [49.7], step_km=0.0)
