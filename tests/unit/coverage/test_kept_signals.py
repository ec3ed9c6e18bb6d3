"""Rasters as a run keeps them: pixels as they were, the same bytes, a layout for the cloud, and honest refusals."""

import subprocess
import sys

import numpy as np
import pyproj
import pytest
import rasterio
from affine import Affine
from rasterio.windows import Window

from geo.coverage import cog
from geo.coverage.cog import Piece, write_cog
from geo.coverage.kept_signals import Georeference, slug, write_copy, write_levels
from geo.coverage.modelled import ModelledSignal
from geo.errors import FileProblem
from geo.ingest.rasters import read_signal_raster_header

TAGS = {"operator": "Қазақ <b>", "technology": "4g", "quantity": "dbm", "label_kk": "Сценарий"}
UTM = {"crs": "EPSG:32640", "transform": Affine(250.0, 0.0, 500_000.0, 0.0, -250.0, 5_600_000.0)}


def made(path, values, *, mask=None, scale=None, **profile):
    shape = {"height": values.shape[0], "width": values.shape[1], "count": 1, "dtype": values.dtype.name}
    with (
        rasterio.Env(GDAL_TIFF_INTERNAL_MASK="YES"),
        rasterio.open(path, "w", driver="GTiff", **shape, **UTM, **profile) as raster,
    ):
        raster.write(values, 1)
        raster.update_tags(technology="4g", quantity="dbm", operator="kcell", history="/home/me")
        if mask is not None:
            raster.write_mask(mask)
        if scale is not None:
            raster.scales, raster.offsets = (scale,), (-3.0,)
    return read_signal_raster_header(path)


def levels(rows, columns, dtype="float32"):
    return np.random.default_rng(rows).uniform(-130, -60, (rows, columns)).astype(dtype)


@pytest.mark.parametrize("dtype", ["float32", "float64", "int16", "int8"])
@pytest.mark.parametrize("shape", [(3, 5), (700, 1100), (2100, 600)])
def test_a_copy_has_the_pixels_the_nodata_and_the_place_of_the_original(tmp_path, dtype, shape):
    raster = made(tmp_path / "in.tif", levels(*shape, dtype), nodata=-99)
    write_copy(raster, tmp_path / "out.tif", TAGS)
    with rasterio.open(tmp_path / "in.tif") as before, rasterio.open(tmp_path / "out.tif") as after:
        assert np.array_equal(before.read(1), after.read(1))
        for name in ("nodata", "crs", "transform", "dtypes", "shape"):
            assert getattr(after, name) == getattr(before, name)
        assert {key: text for key, text in after.tags().items() if key != "AREA_OR_POINT"} == TAGS
        assert after.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
        assert bool(after.overviews(1)) == (max(shape) > cog.BLOCK_PIXELS)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.tif", "out.tif"]


def test_mask_scale_and_offset_are_kept(tmp_path):
    values = np.full((40, 40), 100, "uint8")
    mask = np.arange(1600).reshape(40, 40) % 3 > 0
    write_copy(made(tmp_path / "in.tif", values, mask=mask, scale=-0.5), tmp_path / "out.tif", TAGS)
    with rasterio.open(tmp_path / "out.tif") as after:
        assert np.array_equal(after.read_masks(1) > 0, mask)
        assert (after.scales, after.offsets, after.nodata) == ((-0.5,), (-3.0,), None)


def test_the_same_raster_gives_the_same_bytes(tmp_path, monkeypatch):
    raster = made(tmp_path / "in.tif", levels(900, 900), nodata=-99)
    write_copy(raster, tmp_path / "a.tif", TAGS)
    monkeypatch.setattr("geo.coverage.kept_signals._PIECE_PIXELS", 512 * 512)
    with rasterio.Env(GDAL_NUM_THREADS="2"):
        write_copy(raster, tmp_path / "b.tif", TAGS)
    assert (tmp_path / "a.tif").read_bytes() == (tmp_path / "b.tif").read_bytes()


def test_levels_are_kept_with_nodata_where_nothing_is_said(tmp_path):
    grid = levels(30, 50)
    grid[:10] = np.nan
    grid[20, 20] = -np.inf
    kept = ModelledSignal("kcell", "4g", "model", grid, UTM["transform"], pyproj.CRS(32640))
    write_levels(kept, tmp_path / "out.tif", TAGS)
    with rasterio.open(tmp_path / "out.tif") as after:
        found = after.read(1, masked=True)
        assert np.array_equal(found.mask, ~np.isfinite(grid))
        assert np.array_equal(found.compressed(), grid[np.isfinite(grid)])


def test_a_damaged_original_is_the_users_problem(tmp_path):
    raster = made(tmp_path / "in.tif", levels(800, 800), nodata=-99)
    content = raster.path.read_bytes()
    raster.path.write_bytes(content[: len(content) // 2])
    with pytest.raises(FileProblem, match="cannot be read as a raster"):
        write_copy(raster, tmp_path / "out.tif", TAGS)
    assert not list(tmp_path.glob(".*"))


FULL = """
import sys
from pathlib import Path
from geo.coverage.kept_signals import write_copy
from geo.ingest.rasters import read_signal_raster_header
raster = read_signal_raster_header(sys.argv[1])
import resource, signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
for room in (2_000, 300_000, 2_500_000):
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, resource.RLIM_INFINITY))
    try:
        write_copy(raster, Path(sys.argv[2]), {})
    except OSError as error:
        print(type(error).__name__, error)
"""


def test_a_full_disk_is_told_as_such(tmp_path):
    raster = made(tmp_path / "in.tif", levels(800, 800), nodata=-99)
    # a process of its own: GDAL writes about it to stderr
    command = [sys.executable, "-c", FULL, str(raster.path), str(tmp_path / "out.tif")]
    told = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert told.stdout.splitlines() == ["OSError [Errno 28] No space left on device"] * 3, told.stderr


def test_what_is_read_back_differently_is_a_full_disk(tmp_path, monkeypatch):
    monkeypatch.setattr(cog, "_digest", lambda path, windows: 0)
    piece = Piece(Window(0, 0, 10, 10), levels(10, 10))
    profile = {"width": 10, "height": 10, "dtype": "float32", "nodata": -99, **UTM}
    with pytest.raises(OSError, match="No space left"):
        write_cog(tmp_path / "out.tif", [piece], tags={}, overview_resampling="average", **profile)


def test_facts_are_in_degrees_and_metres():
    facts = Georeference(400, 200, UTM["transform"], UTM["crs"]).facts()
    assert (facts["rows"], facts["columns"]) == (400, 200)
    assert facts["resolution_m"] == pytest.approx(250.0, rel=0.002)
    west, south, east, north = facts["bounds"]
    assert (west, north) == (pytest.approx(57.0, abs=1e-3), pytest.approx(50.55, abs=0.01))
    assert (north - south) == pytest.approx(100 / 111.2, rel=0.01)
    assert east > west


def test_a_slug_is_a_safe_name_that_follows_from_the_operator_alone():
    assert slug("kcell") == "kcell"
    assert slug("tele2-altel") == "tele2-altel"
    names = ["Қазақтелеком", "қазақтелеком", "Kazakhtelecom", "a/b", "a\\b", "../x", "", " ", "ТОО «Рога»", "-", "a--b"]
    names += ["x" * 500, "x" * 501, "CON", "q\0", "\ud800", "名", "a?b#c", "%2e%2e", slug("Қазақтелеком")]
    slugs = [slug(name) for name in names]
    assert len(set(slugs)) == len(names)
    for text in slugs:
        assert len(text) <= 40
        assert text.strip("abcdefghijklmnopqrstuvwxyz0123456789-") == ""
        assert not text.startswith("-")
    assert slug("Қазақтелеком").startswith("qazaqtelekom-")
