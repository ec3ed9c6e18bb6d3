"""Signal tiles against rasterio's own warp, and what becomes of several rasters, masks, scales and nothing at all."""

import math
import zlib
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import rasterio
from affine import Affine
from rasterio.enums import Resampling
from rasterio.warp import reproject, transform
from rasterio.windows import Window

from api.tiles.png import indexed_png
from api.tiles.signal import TILE_PIXELS, signal_layers, tile, value
from geo.coverage.cog import Piece, write_cog
from geo.coverage.kept_signals import Georeference
from geo.errors import RunDamaged
from geo.workspace import RasterToKeep, Workspace
from maps.signal import CLASSES, TRANSPARENT, Mark, classify, palette

pytestmark = pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")  # a PNG has no georeference
THRESHOLD = -110.0
EQUATOR_M = 2 * math.pi * 6_378_137
PLACE = (57.2, 50.3)
CRSS = ("EPSG:32640", "EPSG:4326", "EPSG:3857", "+proj=laea +lat_0=49 +lon_0=58 +datum=WGS84")


def facts(basis="measured", scenario=None, **more):
    given = {"operator": "a", "slug": "a", "technology": "4g", "threshold_dbm": THRESHOLD, "resolution_m": 1000.0}
    return given | {"basis": basis, "scenario": scenario, "bounds": [-180.0, -85.0, 180.0, 85.0]} | more


def about(crs, pixel, side):
    """A grid of side by side pixels around PLACE; degrees where the CRS has them."""
    xs, ys = transform("EPSG:4326", crs, [PLACE[0]], [PLACE[1]])
    if crs == "EPSG:4326":
        pixel /= 111_320
    return Affine(pixel, 0, xs[0] - side / 2 * pixel, 0, -pixel, ys[0] + side / 2 * pixel)


def raster(name, values, place, crs, *, valid=None, nodata=None, scale=1.0, offset=0.0, **more):
    pieces = [Piece(Window(0, 0, values.shape[1], values.shape[0]), values, valid)]
    profile = {"width": values.shape[1], "height": values.shape[0], "dtype": values.dtype.name}
    profile |= {"nodata": nodata, "crs": crs, "transform": place, "scale": scale, "offset": offset}

    def write(path):
        write_cog(path, pieces, tags={}, overview_resampling="nearest", **profile)

    return RasterToKeep(name, facts(**Georeference(*values.shape, place, crs).facts(), **more), write)


def run_of(tmp_path, *rasters, label=None):
    manifest = {"inputs": [], "parameters": {}, "label": label}
    return Workspace(tmp_path / "var").publish({}, manifest, rasters).held()


def layer_of(run):
    (layer,) = signal_layers(run.manifest).values()
    return layer


def tile_at(matrix, lon=PLACE[0], lat=PLACE[1]):
    n = 2**matrix
    row = (1 - math.asinh(math.tan(math.radians(lat))) / math.pi) / 2 * n
    return matrix, int(row), int((lon + 180) / 360 * n)


def decoded(png):
    """Class of each pixel and whether a mark is drawn on it, by GDAL's own reader."""
    with rasterio.MemoryFile(png) as memory, memory.open() as image:
        assert (image.driver, image.count, image.shape) == ("PNG", 1, (TILE_PIXELS, TILE_PIXELS))
        pixels, colours = image.read(1), image.colormap(1)
    assert colours[0][3] == 0
    assert [colours[i + 1] for i in range(len(palette()))] == [(*map(int, c), 255) for c in palette()]
    number = pixels.astype(int) - 1
    return np.where(number < 0, TRANSPARENT, number % CLASSES), number >= CLASSES


def warped(values, place, crs, matrix, row, column, nodata):
    """The oracle: the values of a tile by rasterio.warp, nearest neighbour, without approximation."""
    size = EQUATOR_M / 2**matrix
    pixel = size / TILE_PIXELS
    target = Affine(pixel, 0, column * size - EQUATOR_M / 2, 0, -pixel, EQUATOR_M / 2 - row * size)
    found = np.full((TILE_PIXELS, TILE_PIXELS), nodata, dtype=values.dtype)
    reproject(
        values, found, src_transform=place, src_crs=crs, src_nodata=nodata, dst_transform=target, dst_crs="EPSG:3857",
        dst_nodata=nodata, resampling=Resampling.nearest, tolerance=0,
    )  # fmt: skip
    return np.where(found == nodata, np.nan, found)


@pytest.mark.parametrize("crs", CRSS)
@pytest.mark.parametrize("matrix", [9, 12, 17])
def test_a_tile_shows_what_rasterio_warps_to_within_a_pixel(tmp_path, crs, matrix):
    random = np.random.default_rng(matrix)
    values = random.uniform(-130, -70, (90, 90)).astype("float32")
    values[20:30, 40:60] = -9999
    place = about(crs, 1000.0, 90)
    run = run_of(tmp_path, raster("signal-a-4g", values, place, crs, nodata=-9999))
    at = tile_at(matrix)
    classes, marked = decoded(tile(run, layer_of(run), *at))
    expected = classify(warped(values, place, crs, *at, -9999), THRESHOLD)
    assert not marked.any()
    assert len(np.unique(expected)) > (1 if matrix < 17 else 0)
    padded = np.pad(expected, 1, mode="edge")
    near = [padded[i : i + TILE_PIXELS, j : j + TILE_PIXELS] for i in range(3) for j in range(3)]
    assert np.any([classes == shifted for shifted in near], axis=0).all()
    assert (classes == expected).mean() > 0.97


def test_known_values_have_their_class_and_nodata_none(tmp_path):
    # one tile of matrix 9, four by four pixels of 64: every edge lies on an edge of the tile's pixels
    matrix, row, column = tile_at(9)
    size = EQUATOR_M / 2**matrix
    place = Affine(size / 4, 0, column * size - EQUATOR_M / 2, 0, -size / 4, EQUATOR_M / 2 - row * size)
    levels = [[-60, -80, -85, -90], [-95, -100, -105, -110], [-115, -120, -125, -200], [-9999, np.nan, -9999, -110]]
    expected = [[0, 0, 1, 1], [2, 2, 3, 3], [4, 4, 5, 5], [TRANSPARENT] * 3 + [3]]
    run = run_of(tmp_path, raster("signal-a-4g", np.array(levels, "float32"), place, "EPSG:3857", nodata=-9999))
    classes, _ = decoded(tile(run, layer_of(run), matrix, row, column))
    assert np.array_equal(classes, np.kron(expected, np.ones((64, 64), int)))
    for beside in ((row, column + 1), (row - 1, column), (0, 0)):
        assert (decoded(tile(run, layer_of(run), matrix, *beside))[0] == TRANSPARENT).all()


@pytest.mark.parametrize("matrix", [0, 3, 24])
def test_the_coarsest_and_the_finest_tile_are_drawn(tmp_path, matrix):
    values = np.full((700, 700), -90, "float32")
    run = run_of(tmp_path, raster("signal-a-4g", values, about(CRSS[3], 3000.0, 700), CRSS[3], nodata=-9999))
    classes, _ = decoded(tile(run, layer_of(run), *tile_at(matrix)))
    assert set(np.unique(classes)) == ({1} if matrix == 24 else {1, TRANSPARENT})


@pytest.mark.parametrize("crs", CRSS)
def test_a_value_is_that_of_the_pixel_and_none_anywhere_else_on_earth(tmp_path, crs):
    values = np.arange(-130, -30, dtype="float32").reshape(10, 10)
    place = about(crs, 1000.0, 10)
    run = run_of(tmp_path, raster("signal-a-4g", values, place, crs))
    for row, column in ((0, 0), (0, 9), (9, 0), (9, 9), (3, 7)):
        xs, ys = transform(crs, "EPSG:4326", *([v] for v in place * (column + 0.5, row + 0.5)))
        assert value(run, layer_of(run), xs[0], ys[0]) == (values[row, column], "signal-a-4g")
    outside = [v[0] for v in transform(crs, "EPSG:4326", *([v] for v in place * (-0.5, 5)))]
    for lon, lat in (outside, (0, 0), (-122, -49), (0, 90), (0, -90), (180, 0), (-180, 90)):
        assert value(run, layer_of(run), lon, lat) is None


def test_a_raster_of_centimetres_is_less_than_a_pixel_of_the_world(tmp_path):
    values = np.full((50, 50), -90, "float32")
    run = run_of(tmp_path, raster("signal-a-4g", values, about("EPSG:3857", 0.01, 50), "EPSG:3857", nodata=-9999))
    assert (decoded(tile(run, layer_of(run), 0, 0, 0))[0] == TRANSPARENT).all()


@pytest.mark.parametrize("dtype", ["int16", "uint8", "float64"])
def test_scale_offset_and_mask_count(tmp_path, dtype):
    stored = np.full((40, 40), 50, dtype)
    valid = np.ones((40, 40), bool)
    valid[:, :20] = False
    place = about("EPSG:3857", 1000.0, 40)
    run = run_of(
        tmp_path, raster("signal-a-4g", stored, place, "EPSG:3857", valid=valid, scale=0.5, offset=-129.5)
    )  # -104.5 dBm
    classes, _ = decoded(tile(run, layer_of(run), *tile_at(8)))
    assert set(np.unique(classes)) == {3, TRANSPARENT}
    lon = [PLACE[0] + shift for shift in (-0.05, 0.05)]
    assert value(run, layer_of(run), lon[0], PLACE[1]) is None
    assert value(run, layer_of(run), lon[1], PLACE[1]) == (-104.5, "signal-a-4g")


def test_of_several_rasters_the_most_trusted_wins_and_among_them_the_strongest(tmp_path):
    place, crs = about("EPSG:3857", 1000.0, 300), "EPSG:3857"

    def flat(level, columns):
        values = np.full((300, 300), -9999, "float32")
        values[:, columns] = level
        return values

    run = run_of(
        tmp_path,
        raster("signal-a-4g", flat(-70, slice(0, 300)), place, crs, nodata=-9999, basis="declared"),
        raster("signal-a-4g-2", flat(-115, slice(120, 180)), place, crs, nodata=-9999, basis="modelled"),
        raster("signal-a-4g-3", flat(-95, slice(160, 180)), place, crs, nodata=-9999, basis="modelled"),
        raster("signal-a-4g-5", flat(-128, slice(120, 150)), place, crs, nodata=-9999, basis="modelled"),
        raster("signal-a-4g-4", flat(-125, slice(170, 180)), place, crs, nodata=-9999, basis="measured"),
    )
    layer = layer_of(run)
    assert [name[-2:] for name, _ in layer.rasters] == ["-4", "-2", "-3", "-5", "4g"]
    assert layer.marks == (Mark.NONE, Mark.DOTS)
    seen = {}
    for column in (100, 140, 165, 175):
        lon, lat = (v[0] for v in transform(crs, "EPSG:4326", [place.c + column * 1000.0 + 500], [place.f - 150_000]))
        level, _ = value(run, layer, lon, lat)
        classes, marked = decoded(tile(run, layer, *tile_at(14, lon, lat)))
        (kind,) = np.unique(classes)
        assert kind == classify(np.array(level), THRESHOLD)
        seen[column] = (level, bool(marked.any()))
    assert seen == {100: (-70, False), 140: (-115, True), 165: (-95, True), 175: (-125, False)}


def test_a_scenarios_pixels_are_hatched_and_its_image_says_so(tmp_path):
    values, place = np.full((300, 300), -90, "float32"), about("EPSG:3857", 1000.0, 300)
    label = {"kk": "Сценарий!", "ru": "Сценарий!", "en": "Scenario, not observed"}
    run = run_of(
        tmp_path,
        raster("signal-a-4g", values, place, "EPSG:3857", nodata=-9999, basis="modelled", scenario="s"),
        label=label,
    )
    matrix, row, column = tile_at(12)
    png = tile(run, layer_of(run), matrix, row, column)
    assert "Сценарий! / Сценарий! / Scenario, not observed".encode() in png
    _, marked = decoded(png)
    _, beside = decoded(tile(run, layer_of(run), matrix, row, column + 1))
    both = np.concatenate([marked, beside], axis=1)
    assert np.array_equal(both[1:, :-1], both[:-1, 1:])  # diagonal, also over the edge
    assert both.any()


def test_many_threads_draw_the_same_bytes_also_of_a_run_that_is_gone(tmp_path):
    values = np.random.default_rng(1).uniform(-130, -70, (600, 600)).astype("float32")
    run = run_of(tmp_path, raster("signal-a-4g", values, about(CRSS[0], 1000.0, 600), CRSS[0], nodata=-9999))
    layer = layer_of(run)
    tiles = [tile_at(matrix) for matrix in range(4, 12)]
    before = [tile(run, layer, *at) for at in tiles]
    for path in (*run.path.iterdir(), run.path):
        path.unlink() if path.is_file() else path.rmdir()
    with ThreadPoolExecutor(8) as pool:
        after = list(pool.map(lambda at: tile(run, layer, *at), tiles * 4))
    assert after == before * 4


def test_a_raster_that_changes_while_it_is_held_is_not_drawn(tmp_path):
    values = np.full((50, 50), -90, "float32")
    run = run_of(tmp_path, raster("signal-a-4g", values, about(CRSS[0], 1000.0, 50), CRSS[0], nodata=-9999))
    assert tile(run, layer_of(run), *tile_at(9))
    path = run.path / "signal-a-4g.tif"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(RunDamaged, match=r"signal-a-4g\.tif: the file has changed"):
        tile(run, layer_of(run), *tile_at(9))


def test_bounds_and_the_finest_matrix_follow_from_the_rasters(tmp_path):
    west = facts(bounds=[50.0, 45.0, 55.0, 50.0], resolution_m=1000.0)
    east = facts(bounds=[54.0, 44.0, 60.0, 47.0], resolution_m=100.0)
    manifest = {"rasters": {"signal-a-4g": west, "signal-a-4g-2": east, "x": facts(slug="b", technology="2g")}}
    layers = signal_layers(manifest)
    assert list(layers) == [("a", "4g"), ("b", "2g")]
    assert layers["a", "4g"].bounds == [50.0, 44.0, 60.0, 50.0]
    # 156,543 m · cos 47° / 2^11 = 52 m is the first below 100 m
    assert layers["a", "4g"].matrix_max == 11
    assert signal_layers({}) == {}
    across = {"rasters": {"x": facts(bounds=[179.0, 1.0, -179.0, 2.0])}}
    assert signal_layers(across)["a", "4g"].bounds == [-180.0, 1.0, 180.0, 2.0]


@pytest.mark.parametrize("colours", [2, 15, 16, 200])
@pytest.mark.parametrize("width", [1, 6, 7])
def test_an_image_of_few_or_many_colours_is_read_back(colours, width):
    random = np.random.default_rng(colours)
    table = random.integers(0, 256, (colours, 3), dtype=np.uint8)
    pixels = random.integers(0, colours, (5, width), dtype=np.uint8)
    pixels[2, 0] = 255
    png = indexed_png(pixels, table, transparent=255, texts={"Description": "Ұлы"})
    assert indexed_png(pixels, table, transparent=255, texts={"Description": "Ұлы"}) == png
    with rasterio.MemoryFile(png) as memory, memory.open() as image:
        found, colormap = image.read(1), image.colormap(1)
    rgba = np.array([colormap[i] for i in range(colours + 1)])[found]
    assert rgba[2, 0, 3] == 0
    rest = pixels != 255
    assert np.array_equal(rgba[rest][:, :3], table[pixels[rest]])
    assert (rgba[rest][:, 3] == 255).all()
    assert png.endswith(b"IEND" + zlib.crc32(b"IEND").to_bytes(4, "big"))
