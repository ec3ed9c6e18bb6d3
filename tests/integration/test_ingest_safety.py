"""Files made to harm: each is refused or made harmless, the catalogue stays whole, and nothing waits for ever."""

import datetime as dt
import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pytest
import rasterio
from pyproj import CRS
from rasterio import Affine

from geo.access.analysis import analyse
from geo.access.export import to_csv, to_xlsx
from geo.access.layers import AnalysisInputs
from geo.coverage.rasters import open_raster
from geo.errors import DatasetDamaged
from geo.ingest.kinds import Kind
from geo.settings import get_settings
from geo.workspace import Workspace
from geo.workspace.catalogue import Catalogue
from geo.workspace.intake import Wish, take_in

TODAY = dt.date(2026, 11, 1)
AREA = {"type": "Polygon", "coordinates": [[[57, 50], [58, 50], [58, 51], [57, 51], [57, 50]]]}
RASTER = {"driver": "GTiff", "width": 20, "height": 20, "count": 1, "dtype": "float32", "crs": "EPSG:4326"}


@pytest.fixture
def catalogue(tmp_path):
    return Catalogue(tmp_path / "var")


def take(catalogue, kind, path, **wishes):
    return take_in(kind, path, catalogue, Wish("brought", **wishes), today=TODAY)


def written(path, *features):
    members = [{"type": "Feature", "properties": p, "geometry": g} for p, g in features]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": members}), encoding="utf-8")
    return path


def refusal(outcome):
    """What the only error of a refused file says."""
    assert not outcome.is_accepted
    (finding,) = [f for f in outcome.report.findings if f.severity == "error"]
    return finding.what


@pytest.mark.parametrize("name", ["pipe.csv", "pipe.tif", "pipe.geojson"])
def test_a_pipe_is_not_waited_for(catalogue, tmp_path, name):
    os.mkfifo(tmp_path / name)
    kind = Kind.TERRAIN if name.endswith("tif") else Kind.COVERAGE
    assert refusal(take(catalogue, kind, tmp_path / name)) == "not a file"


@pytest.mark.parametrize("kind", [Kind.TERRAIN, Kind.SITES])
def test_a_device_is_not_read(catalogue, tmp_path, kind):
    link = tmp_path / "zero.csv"
    link.symlink_to("/dev/zero")
    assert refusal(take(catalogue, kind, link)) == "not a file"
    assert refusal(take(catalogue, kind, Path("/dev/zero"))) == "not a file"


def test_a_crowded_folder_is_not_gone_through(catalogue, tmp_path, monkeypatch):
    monkeypatch.setattr(get_settings(), "archive_entries_max", 10)
    folder = tmp_path / "crowd"
    folder.mkdir()
    for i in range(11):
        (folder / f"{i}.dbf").touch()
    assert refusal(take(catalogue, Kind.COVERAGE, folder)) == "the folder holds more than 10 files"


def test_a_file_too_large_is_not_even_digested(catalogue, tmp_path, monkeypatch):
    monkeypatch.setattr(get_settings(), "input_bytes_max", 100)
    path = tmp_path / "large.csv"
    path.write_bytes(b"x" * 101)
    outcome = take(catalogue, Kind.SITES, path)
    assert "more than the 100" in refusal(outcome)
    assert outcome.report.sha256 == ""


def test_a_name_no_file_can_have(catalogue):
    assert refusal(take(catalogue, Kind.SITES, Path("a\0b.csv"))) == "cannot be read"


def terrain(path, **profile):
    with rasterio.open(path, "w", **(RASTER | {"transform": Affine(0.01, 0, 57, 0, -0.01, 51)} | profile)) as raster:
        if raster.width * raster.height <= 400:
            raster.write(np.ones((20, 20), dtype=raster.dtypes[0]), 1)
    return path


def test_a_raster_that_lies_nowhere(catalogue, tmp_path):
    path = terrain(tmp_path / "nowhere.tif", transform=Affine(float("nan"), 0, 57, 0, -0.01, 51))
    assert refusal(take(catalogue, Kind.TERRAIN, path)) == "the raster does not lie on the earth"


def test_a_terrain_of_complex_numbers(catalogue, tmp_path):
    path = terrain(tmp_path / "complex.tif", dtype="complex64")
    assert refusal(take(catalogue, Kind.TERRAIN, path)) == "the raster holds complex numbers"


def test_a_raster_in_one_huge_piece_is_not_unpacked(catalogue, tmp_path):
    huge = {"width": 200_000, "height": 2_000, "blockysize": 2_000, "compress": "deflate", "SPARSE_OK": "TRUE"}
    path = terrain(tmp_path / "strip.tif", **huge)
    assert path.stat().st_size < 100_000
    assert "stored in pieces of 400,000,000 pixels" in refusal(take(catalogue, Kind.TERRAIN, path))


def test_rejects_hold_no_formula_and_keep_columns_called_as_ours(catalogue, tmp_path):
    path = tmp_path / "list.csv"
    lines = [
        "kato,name_ru,lon,lat,row,problems,=HYPERLINK(1)",
        "150000100,A,57,50,x,y,z",
        "bad,@SUM(A1),57,50,=r,p,-1+1",
    ]
    path.write_text("\n".join(lines), encoding="utf-8")
    outcome = take(catalogue, Kind.SETTLEMENTS, path, skip_bad=True)
    assert outcome.is_accepted
    rejects = pd.read_csv(outcome.rejects, dtype=str)
    assert rejects.columns[:2].tolist() == ["row", "problems"]
    (rejected,) = rejects.to_dict("records")
    assert (rejected["row"], rejected["row_2"], rejected["problems_2"]) == ("2", "'=r", "p")
    assert (rejected["name_ru"], rejected["'=HYPERLINK(1)"]) == ("'@SUM(A1)", "'-1+1")


def test_every_bad_row_is_told_of_under_its_own_number(catalogue, tmp_path):
    """What is no number is found in one step, what is out of range in the next: both are of the file's rows."""
    path = tmp_path / "list.csv"
    rows = ["150000100,A,57,50,abc,official", "150000200,B,57,50,5,official", "150000300,C,57,50,5,nonsense"]
    rows += ["150000400,D,57,50,-5,official"]
    path.write_text("\n".join(["kato,name_ru,lon,lat,population,population_basis", *rows]), encoding="utf-8")
    outcome = take(catalogue, Kind.SETTLEMENTS, path, skip_bad=True)
    told = {(e.row, e.column) for f in outcome.report.findings for e in f.examples if f.severity == "error"}
    assert told == {(1, "population"), (3, "population_basis"), (4, "population")}
    assert outcome.dataset.rows == 1


def test_a_facility_by_name_beside_one_with_a_code(catalogue, tmp_path):
    point = {"type": "Point", "coordinates": [57.0, 50.0]}
    path = written(tmp_path / "f.geojson", ({"kind": "school", "kato": None}, point), ({"kind": "school"}, None))
    outcome = take(catalogue, Kind.FACILITIES, path, skip_bad=True)
    assert (outcome.report.rows_read, outcome.report.rows_kept) == (2, 1)


def test_a_road_without_length_is_refused_before_it_is_measured(catalogue, tmp_path):
    line = {"type": "LineString", "coordinates": [[57, 50], [57, 50]]}
    path = written(tmp_path / "roads.geojson", ({"class": "primary"}, line))
    outcome = take(catalogue, Kind.ROADS, path)
    assert "a line has no length" in [f.what for f in outcome.report.findings]


def test_exports_run_no_formula_and_hold_any_name(catalogue, tmp_path):
    point = {"type": "Point", "coordinates": [57.3, 50.3]}
    districts = written(tmp_path / "d.geojson", ({"kato": "150000001", "name_ru": "Район"}, AREA))
    places = written(tmp_path / "s.geojson", ({"kato": "150000100", "name_ru": "=1+1\x01\x1b[31m"}, point))
    coverage = written(tmp_path / "c.geojson", ({"operator": "@x", "technology": "4g"}, AREA))
    assert take(catalogue, Kind.BOUNDARIES, districts).is_accepted
    assert take(catalogue, Kind.SETTLEMENTS, places).is_accepted
    assert take(catalogue, Kind.COVERAGE, coverage, credit='=HYPERLINK("x")\x01').is_accepted
    run = analyse(AnalysisInputs(), Workspace(catalogue.root))
    path = tmp_path / "gaps.xlsx"
    path.write_bytes(to_xlsx(run.table("gaps"), run))
    cells = [cell for sheet in openpyxl.load_workbook(path) for row in sheet for cell in row]
    assert [cell.value for cell in cells if cell.data_type == "f"] == []
    assert "'=1+1\ufffd\ufffd[31m" in [cell.value for cell in cells]
    assert b"\x01" not in to_csv(run.table("gaps"), run)


def test_the_remedy_for_a_damaged_dataset_mends_it(catalogue, tmp_path):
    path = written(tmp_path / "c.geojson", ({"operator": "kcell", "technology": "4g"}, AREA))
    dataset = take(catalogue, Kind.COVERAGE, path).dataset
    data = catalogue.data(dataset)
    data.write_bytes(data.read_bytes()[:-1])
    with pytest.raises(DatasetDamaged, match="bring it again"):
        analyse(AnalysisInputs(), Workspace(catalogue.root))
    catalogue.remove("brought")
    assert take(catalogue, Kind.COVERAGE, path).is_accepted
    assert catalogue.data(dataset) == data


@pytest.mark.parametrize(
    "content",
    [b"", b"[]", b'{"entries": [null]}', b'{"entries":' + b"[" * 100_000, b"\xff\xfe"]
    + [
        json.dumps({"entries": [{"dataset": name, "name": "x", "kind": "coverage", "added_at": "x"}]}).encode()
        for name in ("../../../etc", 5, None)
    ],
)
def test_a_catalogue_changed_by_hand_is_named(catalogue, content):
    catalogue.root.mkdir()
    (catalogue.root / "catalogue.json").write_bytes(content)
    with pytest.raises(DatasetDamaged, match=r"catalogue\.json: the catalogue cannot be read"):
        catalogue.active()


@pytest.mark.parametrize(
    "change", [{"data": "../../../../etc/passwd"}, {"extent": "x"}, {"operators": 5}, {"rows": "x"}]
)
def test_a_description_changed_by_hand_is_named(catalogue, tmp_path, change):
    path = written(tmp_path / "c.geojson", ({"operator": "kcell", "technology": "4g"}, AREA))
    dataset = take(catalogue, Kind.COVERAGE, path).dataset
    description = catalogue.folder(dataset) / "dataset.json"
    description.write_text(json.dumps(json.loads(description.read_bytes()) | change), encoding="utf-8")
    with pytest.raises(DatasetDamaged, match=r"dataset\.json: the file has changed"):
        catalogue.active()


def test_a_report_that_cannot_be_written_is_the_users_to_mend(tmp_path):
    path = written(tmp_path / "c.geojson", ({"operator": "kcell", "technology": "4g"}, AREA))
    command = [sys.executable, "-m", "api.cli", "ingest", "coverage", path, "--workspace", tmp_path / "var"]
    command += ["--dry-run", "--report", tmp_path / "nowhere" / "report.json"]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    assert "Would be accepted" in ended.stdout
    assert "report.json: cannot be written" in ended.stderr


def test_what_lies_beside_a_raster_is_not_believed(catalogue, tmp_path):
    path = terrain(tmp_path / "dem.tif")
    sidecar = "<PAMDataset><SRS>EPSG:3857</SRS></PAMDataset>"
    (tmp_path / "dem.tif.aux.xml").write_text(sidecar, encoding="utf-8")
    (tmp_path / "dem.tif.ovr").write_text("<VRTDataset/>", encoding="utf-8")
    outcome = take(catalogue, Kind.TERRAIN, path)
    assert (outcome.report.crs, outcome.dataset.extent) == ("EPSG:4326", [57.0, 50.8, 57.2, 51.0])


def test_a_grid_keeps_the_file_that_says_its_crs(catalogue, tmp_path):
    path = tmp_path / "dem.asc"
    path.write_text("ncols 2\nnrows 2\nxllcorner 57\nyllcorner 50\ncellsize 0.5\n1 2\n3 4\n", encoding="utf-8")
    path.with_suffix(".prj").write_text(CRS.from_epsg(4326).to_wkt("WKT1_ESRI"), encoding="utf-8")
    outcome = take(catalogue, Kind.TERRAIN, path)
    assert outcome.is_accepted
    with open_raster(catalogue.data(outcome.dataset)) as raster:
        assert raster.crs.is_geographic


def test_a_full_disk_is_told_as_such(catalogue, tmp_path, monkeypatch):
    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    path = written(tmp_path / "c.geojson", ({"operator": "kcell", "technology": "4g"}, AREA))
    with monkeypatch.context() as patched:
        patched.setattr("geo.ingest.canonical_file.CanonicalWriter.append", full)
        assert "No space left" in refusal(take(catalogue, Kind.COVERAGE, path))
    assert list((catalogue.root / "datasets").iterdir()) == []
    assert take(catalogue, Kind.COVERAGE, path).is_accepted
