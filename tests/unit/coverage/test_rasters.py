"""Sampling of rasters against rasterio's own `sample`, and against cases worked out by hand."""

from pathlib import Path
from typing import Any

import numpy as np
import pyproj
import pytest
import rasterio
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.coverage import rasters
from geo.coverage.rasters import sample_raster
from geo.errors import CrsMissing, FileProblem, ValueRejected

# 4 columns of 0.5° from 57° E, 3 rows of 0.5° from 51° N.
GRID = Affine(0.5, 0, 57, 0, -0.5, 51)
LEVELS = np.arange(-111, -99, dtype="float32").reshape(3, 4)


def write(path: Path, values: np.ndarray, transform: Affine | None = GRID, **profile: Any) -> Path:
    bands = values if values.ndim == 3 else values[None]
    scales, mask = profile.pop("scales", None), profile.pop("mask", None)
    options = {"crs": "EPSG:4326", "driver": "GTiff"} | profile
    size = {"count": bands.shape[0], "height": bands.shape[1], "width": bands.shape[2]}
    with rasterio.open(path, "w", dtype=bands.dtype, transform=transform, **size, **options) as target:
        target.write(bands)
        if scales:
            target.scales, target.offsets = scales
        if mask is not None:
            target.write_mask(mask)
    return path


def by_rasterio(path: Path, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The oracle, with NaN for what it masks."""
    with rasterio.open(path) as source:
        found = list(source.sample(zip(x, y, strict=True), indexes=1, masked=True))
    return np.array([np.nan if np.ma.getmaskarray(value)[0] else value.data[0] for value in found], float)


def test_the_pixel_that_contains_the_point_gives_the_value(tmp_path: Path) -> None:
    path = write(tmp_path / "a.tif", LEVELS)
    found = sample_raster(path, [57.1, 58.9, 57.6], [50.9, 49.6, 50.4])
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, [-111, -100, -106])


def test_a_point_between_pixels_belongs_where_rasterio_puts_it(tmp_path: Path) -> None:
    path = write(tmp_path / "a.tif", LEVELS)
    x, y = np.arange(57, 59.1, 0.5), np.arange(49.5, 51.1, 0.5)
    x, y = (np.concatenate([np.nextafter(side, 0), side, np.nextafter(side, 99)]) for side in (x, y))
    x, y = (side.ravel() for side in np.meshgrid(x, y))
    np.testing.assert_array_equal(sample_raster(path, x, y), by_rasterio(path, x, y))
    # The north-western corner is inside, the eastern and the southern edge are not.
    np.testing.assert_array_equal(sample_raster(path, [57, 59, 57], [51, 50.5, 49.5]), [-111, np.nan, np.nan])


def test_outside_and_not_finite_is_nan(tmp_path: Path) -> None:
    path = write(tmp_path / "a.tif", LEVELS)
    nan, inf = np.nan, np.inf
    found = sample_raster(path, [56.9, 57.1, nan, 57.1, inf, 1e300], [50.9, 51.1, 50.9, nan, 50.9, -1e300])
    assert np.isnan(found).all()
    assert len(sample_raster(path, [], [])) == 0


@pytest.mark.parametrize(
    ("kind", "nodata"),
    [
        ("float32", -110.0),
        ("float64", -110.0),
        ("float32", float("nan")),
        ("int16", -110),
        ("uint8", 255),
        ("uint16", 65535),
        ("int32", -2147483648),
        ("uint32", 4294967295),
    ],
)
def test_a_nodata_pixel_is_nan_and_its_neighbour_is_not(tmp_path: Path, kind: str, nodata: float) -> None:
    values = np.arange(1, 13).reshape(3, 4).astype(kind)
    values[0, 1] = nodata
    path = write(tmp_path / "a.tif", values, nodata=nodata)
    np.testing.assert_array_equal(sample_raster(path, [57.1, 57.6], [50.9, 50.9]), [1, np.nan])


def test_nodata_that_lost_digits_is_still_nodata_as_in_gdal(tmp_path: Path) -> None:
    values = np.full((1, 8), -9999, "float32")
    for column in range(1, 8):
        values[0, column] = np.nextafter(values[0, column - 1], np.float32(0))
    path = write(tmp_path / "a.tif", values, nodata=-9999)
    x, y = 57.25 + 0.5 * np.arange(8), np.full(8, 50.9)
    found = sample_raster(path, x, y)
    np.testing.assert_array_equal(found, by_rasterio(path, x, y))
    assert np.isnan(found).any()
    assert not np.isnan(found).all()


def test_wide_integers_come_whole(tmp_path: Path) -> None:
    path = write(tmp_path / "a.tif", np.array([[16777217, 2147483647]], "int32"))
    np.testing.assert_array_equal(sample_raster(path, [57.1, 57.6], [50.9, 50.9]), [16777217, 2147483647])


def test_scale_and_offset_are_applied_and_nodata_is_judged_before(tmp_path: Path) -> None:
    path = write(tmp_path / "a.tif", np.array([[10, 0, 255]], "uint8"), nodata=255, scales=((0.5,), (-140.0,)))
    np.testing.assert_array_equal(sample_raster(path, [57.1, 57.6, 58.1], [50.9] * 3), [-135, -140, np.nan])


def test_a_mask_and_an_alpha_band_hide_pixels(tmp_path: Path) -> None:
    shown = np.array([[True, False, True, False]] * 3)
    masked = write(tmp_path / "mask.tif", LEVELS, mask=shown)
    bands = np.stack([np.full((3, 4), 7), np.where(shown, 255, 0)]).astype("uint8")
    alpha = write(tmp_path / "alpha.tif", bands, alpha="yes")
    x, y = [57.1, 57.6, 58.1, 58.6], [50.9] * 4
    np.testing.assert_array_equal(sample_raster(masked, x, y), [-111, np.nan, -109, np.nan])
    np.testing.assert_array_equal(sample_raster(alpha, x, y), [7, np.nan, 7, np.nan])


def test_a_band_is_chosen(tmp_path: Path) -> None:
    path = write(tmp_path / "a.tif", np.stack([LEVELS, LEVELS + 50]))
    assert sample_raster(path, [57.1], [50.9], band=2) == [-61]
    with pytest.raises(ValueRejected, match="1 to 2"):
        sample_raster(path, [57.1], [50.9], band=3)


@pytest.mark.parametrize(
    ("crs", "longitude", "latitude"),
    [
        ("EPSG:32640", 57.3, 50.2),  # UTM 40 north: Aktobe
        ("EPSG:32719", -70.6, -33.4),  # UTM 19 south: west and south
        ("EPSG:3577", 134.2, -25.3),  # Australian Albers
    ],
)
def test_longitude_and_latitude_find_their_pixel_in_a_projected_raster(
    tmp_path: Path, crs: str, longitude: float, latitude: float
) -> None:
    x, y = pyproj.Transformer.from_crs("EPSG:4326", crs, always_xy=True).transform(longitude, latitude)
    values = np.arange(12, dtype="float32").reshape(3, 4)
    # The point is in the middle of row 1, column 2.
    path = write(tmp_path / "a.tif", values, Affine(1000, 0, x - 2500, 0, -1000, y + 1500), crs=crs)
    assert sample_raster(path, [longitude], [latitude]) == [6]
    assert sample_raster(path, [x - 1000], [y], crs=crs) == [5]
    assert np.isnan(sample_raster(path, [0.0], [0.0])).all()


@pytest.mark.parametrize(
    "transform",
    [
        Affine(0.5, 0, 57, 0, 0.5, 49.5),  # south-up
        Affine(-0.5, 0, 59, 0, -0.5, 51),  # mirrored
        Affine(0.4, 0.15, 57, 0.1, -0.45, 51),  # rotated and sheared
        Affine(0, 0.5, 57, -0.5, 0, 51),  # turned by 90°
    ],
)
def test_any_geotransform_is_followed(tmp_path: Path, transform: Affine) -> None:
    path = write(tmp_path / "a.tif", LEVELS, transform, nodata=-104)
    column, row = np.random.default_rng(1).uniform(-1, 5, (2, 700))
    column, row = np.append(column, np.arange(6) % 5), np.append(row, np.arange(6) % 4)
    x = transform.a * column + transform.b * row + transform.c
    y = transform.d * column + transform.e * row + transform.f
    found = sample_raster(path, x, y)
    np.testing.assert_array_equal(found, by_rasterio(path, x, y))
    assert np.isfinite(found).sum() > 100


@pytest.mark.parametrize("window_pixels", [50, 600, 5_000, 4_000_000])
@pytest.mark.parametrize(
    "layout",
    [
        {},
        {"tiled": True, "blockxsize": 16, "blockysize": 32},
        {"blockysize": 97, "compress": "deflate"},
        {"tiled": True, "blockxsize": 16, "blockysize": 16, "compress": "lzw", "predictor": 3},
    ],
)
@pytest.mark.parametrize("count", [5, 3_000])
def test_windows_and_blocks_of_any_shape_give_the_same_values(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, layout: dict[str, Any], window_pixels: int, count: int
) -> None:
    monkeypatch.setattr(rasters, "_WINDOW_PIXELS", window_pixels)
    values = np.random.default_rng(1).normal(-100, 10, (97, 83)).astype("float32")
    values[::7, ::5] = -9999
    path = write(tmp_path / "a.tif", values, Affine(0.01, 0, 57, 0, -0.01, 51), nodata=-9999, **layout)
    x = np.random.default_rng(2).uniform(56.98, 57.85, count)
    y = np.random.default_rng(3).uniform(50.01, 51.02, count)
    np.testing.assert_array_equal(sample_raster(path, x, y), by_rasterio(path, x, y))


def test_an_ascii_grid_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.asc"
    path.write_text("ncols 2\nnrows 1\nxllcorner 57\nyllcorner 50\ncellsize 1\nNODATA_value -9\n-95.5 -9\n")
    with pytest.raises(CrsMissing, match=r"a\.asc"):
        sample_raster(path, [57.5], [50.5])
    path.with_suffix(".prj").write_text(pyproj.CRS("EPSG:4326").to_wkt("WKT1_ESRI"))
    np.testing.assert_array_equal(sample_raster(path, [57.5, 58.5], [50.5, 50.5]), [-95.5, np.nan])


def test_a_raster_without_crs_or_geotransform_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CrsMissing, match=r"bare\.tif: the raster does not say"):
        sample_raster(write(tmp_path / "bare.tif", LEVELS, crs=None), [57], [50])
    with pytest.warns(rasterio.errors.NotGeoreferencedWarning):
        path = write(tmp_path / "loose.tif", LEVELS, None)
    with pytest.raises(FileProblem, match=r"loose\.tif: the raster has no geotransform"):
        sample_raster(path, [57], [50])


def test_what_is_no_local_raster_is_refused(tmp_path: Path) -> None:
    good = write(tmp_path / "good.tif", LEVELS)
    empty, text, cut = tmp_path / "empty.tif", tmp_path / "text.tif", tmp_path / "cut.tif"
    empty.touch()
    text.write_text("levels")
    cut.write_bytes(good.read_bytes()[:-20])
    missing = tmp_path / "missing.tif"
    for path in (empty, text, cut, missing, tmp_path, f"GTIFF_DIR:1:{good}", f"file://{good}", f"/vsigzip/{good}"):
        with pytest.raises(FileProblem, match="Give a local GeoTIFF") as caught:
            sample_raster(path, [57.1, 58.9], [50.9, 49.6])
        assert caught.value.problems[0].file == str(path)


def test_a_virtual_raster_is_refused_under_any_name(tmp_path: Path) -> None:
    good = write(tmp_path / "good.tif", LEVELS)
    virtual = (
        '<VRTDataset rasterXSize="4" rasterYSize="3"><SRS>EPSG:4326</SRS>'
        "<GeoTransform>57, 0.5, 0, 51, 0, -0.5</GeoTransform>"
        '<VRTRasterBand dataType="Float32" band="1"><SimpleSource>'
        f"<SourceFilename>{good}</SourceFilename><SourceBand>1</SourceBand>"
        "</SimpleSource></VRTRasterBand></VRTDataset>"
    )
    for name in ("a.vrt", "a.tif"):
        path = tmp_path / name
        path.write_text(virtual)
        with rasterio.open(path) as source:  # it would be readable
            assert source.width == 4
        with pytest.raises(FileProblem, match="cannot be read as a raster"):
            sample_raster(path, [57.1], [50.9])


def test_a_name_that_looks_like_an_address_is_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    odd = tmp_path / "zip+http:a?b#c.tif"
    write(tmp_path / "a.tif", LEVELS).rename(odd)
    assert sample_raster(odd.name, [57.1], [50.9]) == [-111]


def test_complex_numbers_and_uneven_coordinates_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FileProblem, match="complex"):
        sample_raster(write(tmp_path / "a.tif", LEVELS.astype("complex64")), [57], [50])
    with pytest.raises(ValueError, match="one shape"):
        sample_raster(write(tmp_path / "b.tif", LEVELS), [57, 58], [50])


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.one_of(st.floats(56, 60), st.integers(112, 120).map(lambda half: half / 2)),
            st.one_of(st.floats(49, 52), st.integers(98, 104).map(lambda half: half / 2)),
        ),
        min_size=1,
        max_size=30,
    )
)
def test_any_points_have_rasterio_s_values(
    tmp_path_factory: pytest.TempPathFactory, points: list[tuple[float, float]]
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.tif"
    if not path.exists():
        write(path, LEVELS, nodata=-104)
    x, y = np.array(points).T
    np.testing.assert_array_equal(sample_raster(path, x, y), by_rasterio(path, x, y))
