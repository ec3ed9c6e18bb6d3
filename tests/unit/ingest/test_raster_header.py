"""The header of a signal raster: its tags, its CRS, and what is refused."""

import warnings

import numpy as np
import pytest
import rasterio

from geo.errors import ColumnMissing, CrsMissing, FileProblem, InputError, ValueRejected
from geo.ingest.rasters import is_raster, read_signal_raster_header

TAGS = {"operator": "kcell", "technology": "4g", "quantity": "dbm"}


@pytest.fixture(autouse=True)
def silent(capfd):
    """Nothing that GDAL has to say reaches the terminal."""
    yield
    assert capfd.readouterr() == ("", "")


def test_tags_and_position_are_read(write_raster):
    header = read_signal_raster_header(
        write_raster(TAGS | {"basis": "measured", "as_of": "2025-06", "source": "drive test"})
    )
    assert (header.operator, header.technology, header.basis) == ("kcell", "4g", "measured")
    assert (header.as_of, header.source) == ("2025-06", "drive test")
    assert header.path.name == "signal.tif"
    assert header.crs == "EPSG:32640"
    assert header.bounds == (400_000, 5_499_250, 401_000, 5_500_000)


def test_a_raster_that_states_no_basis_is_modelled(write_raster):
    header = read_signal_raster_header(write_raster({"TECHNOLOGY": "4G", "QUANTITY": "dBm"}))
    assert (header.operator, header.technology, header.basis) == ("unspecified", "4g", "modelled")
    assert header.as_of is None
    assert header.source is None


@pytest.mark.parametrize("tag", ["technology", "quantity"])
def test_a_missing_tag_is_named(write_raster, tag):
    tags = {key: value for key, value in TAGS.items() if key != tag}
    with pytest.raises(ColumnMissing, match=rf"^signal\.tif, column '{tag}': the tag is missing"):
        read_signal_raster_header(write_raster(tags))


@pytest.mark.parametrize(
    ("tag", "value", "accepted"),
    [
        ("technology", "6g", "2g, 3g, 4g"),
        ("quantity", "dbuv", "dbm"),
        ("basis", "guess", "measured"),
        ("as_of", "06/2025", "YYYY"),
    ],
)
def test_a_tag_of_another_vocabulary_is_refused(write_raster, tag, value, accepted):
    with pytest.raises(ValueRejected, match=rf"^signal\.tif, column '{tag}'.*'{value}'.*{accepted}"):
        read_signal_raster_header(write_raster(TAGS | {tag: value}))


def test_a_raster_without_crs_is_refused(write_raster):
    with pytest.raises(CrsMissing, match=r"^signal\.tif: the raster does not say"):
        read_signal_raster_header(write_raster(TAGS, crs=None))


@pytest.mark.parametrize("transform", [None, rasterio.Affine.identity()])
def test_a_raster_without_georeference_is_refused(write_raster, transform):
    with pytest.raises(FileProblem, match=r"^signal\.tif: the raster has no georeference"):
        read_signal_raster_header(write_raster(TAGS, transform=transform, crs=None))


@pytest.mark.parametrize("profile", [{"count": 2}, {"dtype": "complex64", "nodata": None}])
def test_a_raster_of_several_bands_or_complex_numbers_is_refused(write_raster, profile):
    with pytest.raises(FileProblem, match=r"^signal\.tif: a signal raster has one band"):
        read_signal_raster_header(write_raster(TAGS, **profile))


@pytest.mark.parametrize("content", [b"", b"no raster", b"II*\x00" + bytes(40), b"<VRTDataset/>"])
def test_an_unreadable_raster_is_refused(tmp_path, content):
    path = tmp_path / "signal.tif"
    path.write_bytes(content)
    with pytest.raises(FileProblem, match=r"^signal\.tif: "):
        read_signal_raster_header(path)


def test_a_raster_of_another_format_under_the_name_of_a_geotiff_is_refused(tmp_path):
    path = tmp_path / "signal.tif"
    profile = {"driver": "PNG", "width": 2, "height": 2, "count": 1, "dtype": "uint8"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with rasterio.open(path, "w", **profile) as dataset:
            dataset.write(np.zeros((2, 2), dtype="uint8"), 1)
    with pytest.raises(FileProblem, match=r"^signal\.tif: the raster cannot be read"):
        read_signal_raster_header(path)


@pytest.mark.parametrize("path", ["/vsicurl/http://127.0.0.1:9/a.tif", "http://127.0.0.1:9/a.tif", "nowhere.tif"])
def test_what_is_not_a_local_file_is_refused(path):
    with pytest.raises(InputError):
        read_signal_raster_header(path)


def test_rasters_are_told_by_their_suffix():
    assert is_raster("a/signal.TIF")
    assert is_raster("signal.tiff")
    assert not is_raster("signal.geojson")
