"""The command line as its users meet it: output, exit codes, and bad input that costs nothing."""

import csv
import io
import json
import socket
import subprocess
from pathlib import Path

import geopandas as gpd
import openpyxl
import pyogrio
import pytest
import shapely
from shalgai_command import shalgai

from geo.workspace import Workspace

GOOD = {"kato": "911000100", "name_en": "One", "population": 100}


@pytest.fixture(scope="module")
def workspace(bundled: Path) -> Path:
    return bundled


def text(result: subprocess.CompletedProcess[bytes]) -> str:
    assert result.returncode == 0, result.stderr.decode()
    return result.stdout.decode()


def test_rank_shows_the_worst_first_and_marks_estimates(workspace: Path) -> None:
    lines = text(shalgai("rank", "--top", 3, workspace=workspace)).splitlines()
    first = next(line for line in lines if line.strip().startswith("1 "))
    assert "153635100" in first
    assert "~646" in first


def test_rank_as_csv_is_safe_and_carries_run_label_and_credits(workspace: Path) -> None:
    content = text(shalgai("rank", "--format", "csv", "--run", "okrug-centres", workspace=workspace))
    rows = list(csv.DictReader(io.StringIO(content.lstrip("\ufeff"))))
    assert {row["scenario"] for row in rows} == {"okrug-centres"}
    assert all("Scenario, not observed" in row["label"] for row in rows)
    assert all("ODbL" in row["credits"] for row in rows)


def test_rank_as_geojson(workspace: Path) -> None:
    collection = json.loads(text(shalgai("rank", "--format", "geojson", "--top", 400, workspace=workspace)))
    assert len(collection["features"]) == 321
    assert sum(feature["geometry"] is None for feature in collection["features"]) == 19
    assert isinstance(collection["features"][0]["properties"]["reasons"], list)


@pytest.mark.parametrize("form", ["xlsx", "gpkg"])
def test_rank_as_a_file(workspace: Path, tmp_path: Path, form: str) -> None:
    path = tmp_path / f"gaps.{form}"
    text(shalgai("rank", "--format", form, "--output", path, "--district", "153600000", workspace=workspace))
    if form == "xlsx":
        book = openpyxl.load_workbook(path, read_only=True)
        assert len(list(book["gaps"].iter_rows())) == 27
        assert any("ODbL" in str(row) for row in book["about"].iter_rows(values_only=True))
    else:
        assert pyogrio.read_info(path)["features"] == 26
    assert list(tmp_path.iterdir()) == [path]


def test_rank_by_technology_lists_what_it_leaves_out(workspace: Path) -> None:
    def left_out(technology: str) -> int:
        options = ("--format", "csv", "--run", "okrug-centres", "--technology", technology)
        return len(text(shalgai("rank", *options, workspace=workspace)).splitlines()) - 1

    # 2G reaches farther than 4G, so it leaves fewer places without
    assert 0 < left_out("2g") < left_out("4g")


@pytest.mark.parametrize(("language", "word"), [("kk", "байланыссыз"), ("ru", "без связи"), ("en", "without service")])
def test_explain_speaks_three_languages(workspace: Path, language: str, word: str) -> None:
    assert word in text(shalgai("explain", "153635100", "--language", language, workspace=workspace))


def test_runs_are_listed_and_shown(workspace: Path) -> None:
    listed = text(shalgai("runs", "list", workspace=workspace))
    assert "current" in listed
    assert "okrug-centres" in listed
    manifest = json.loads(text(shalgai("runs", "show", "current", workspace=workspace)))
    assert manifest["id"] in listed


def write(folder: Path, name: str, content: str) -> Path:
    path = folder / name
    path.write_text(content, encoding="utf-8")
    return path


def layer(folder: Path, name: str, **columns: object) -> Path:
    path = folder / name
    data = {key: [value] for key, value in columns.items()}
    frame = gpd.GeoDataFrame(data, geometry=[shapely.Point(57, 50)], crs="EPSG:4326")
    pyogrio.write_dataframe(frame, path)
    return path


def without_crs(path: Path) -> Path:
    """A shapefile whose .prj is lost."""
    path.with_suffix(".prj").unlink()
    return path


BAD_SETTLEMENTS = {
    "missing file": (lambda d: d / "nowhere.geojson", ["nowhere.geojson"]),
    "not a vector file": (lambda d: write(d, "notes.gpkg", "hello"), ["notes.gpkg"]),
    "unknown kind of file": (lambda d: write(d, "notes.docx", "hello"), ["notes.docx"]),
    "no CRS": (lambda d: without_crs(layer(d, "plain.shp", **GOOD)), ["plain.shp", "coordinate reference system"]),
    "wrong column": (lambda d: layer(d, "a.gpkg", label="x"), ["a.gpkg", "kato"]),
    "malformed KATO": (lambda d: layer(d, "a.gpkg", **{**GOOD, "kato": "15A"}), ["a.gpkg", "row 1", "kato", "15A"]),
    "duplicate KATO": (
        lambda d: write(d, "two.csv", "kato,name_en,lon,lat\n911000100,One,57,50\n911000100,Two,58,50\n"),
        ["two.csv", "row 2", "kato", "911000100", "duplicate"],
    ),
    "latitude 95": (
        lambda d: write(d, "high.csv", "kato,name_en,lon,lat\n911000100,One,57,95\n"),
        ["high.csv", "row 1", "lat", "95"],
    ),
    "empty layer": (
        lambda d: write(d, "none.geojson", '{"type":"FeatureCollection","features":[]}'),
        ["none.geojson"],
    ),
    "negative population": (
        lambda d: layer(d, "a.gpkg", **{**GOOD, "population": -5}),
        ["a.gpkg", "row 1", "population", "-5"],
    ),
}


def assert_refused(result: subprocess.CompletedProcess[bytes], named: list[str], workspace: Path, before: str) -> None:
    message = result.stderr.decode()
    assert result.returncode == 2, message
    assert "Traceback" not in message
    for word in named:
        assert word in message
    assert Workspace(workspace).find("current").id == before
    Workspace(workspace).find("current").verify()
    assert not [p for p in (workspace / "runs").iterdir() if p.name.startswith(".")]


@pytest.mark.parametrize("case", BAD_SETTLEMENTS)
def test_bad_settlements_are_refused_and_cost_nothing(workspace: Path, tmp_path: Path, case: str) -> None:
    make, named = BAD_SETTLEMENTS[case]
    before = Workspace(workspace).find("current").id
    assert_refused(shalgai("analyse", "--settlements", make(tmp_path), workspace=workspace), named, workspace, before)


def test_an_unreadable_raster_is_refused(workspace: Path, tmp_path: Path) -> None:
    before = Workspace(workspace).find("current").id
    raster = write(tmp_path, "signal.tif", "II*\0 this is no picture")
    assert_refused(shalgai("analyse", "--coverage", raster, workspace=workspace), ["signal.tif"], workspace, before)


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("rank", "--district", "999999999"), ["district", "999999999"]),
        (("rank", "--run", "../../etc"), ["../../etc"]),
        (("rank", "--format", "xlsx"), ["--output"]),
        (("explain", "000000000"), ["000000000"]),
        (("runs", "show", "0000000000000000"), ["0000000000000000"]),
        (("analyse", "--standard", "mars"), ["mars", "kz"]),
        (("analyse", "--scenario", "mars"), ["mars", "okrug-centres"]),
        (("analyse", "--scenario", "okrug-centres", "--coverage", "x.gpkg"), ["never mixed"]),
    ],
)
def test_wrong_words_are_answered_with_what_exists(
    workspace: Path, arguments: tuple[str, ...], named: list[str]
) -> None:
    before = Workspace(workspace).find("current").id
    assert_refused(shalgai(*arguments, workspace=workspace), named, workspace, before)


def test_nothing_analysed_yet_is_said_with_the_remedy(tmp_path: Path) -> None:
    result = shalgai("rank", workspace=tmp_path / "empty")
    assert result.returncode == 2
    assert "shalgai analyse" in result.stderr.decode()


def test_lists_of_nothing_say_what_fills_them(tmp_path: Path) -> None:
    assert "`shalgai analyse` makes one" in text(shalgai("runs", "list", workspace=tmp_path))
    assert "`shalgai ingest`" in text(shalgai("catalogue", "history", workspace=tmp_path))


def test_help_says_which_folder_is_taken_where_none_is_named(tmp_path: Path) -> None:
    assert "SHALGAI_WORKSPACE" in text(shalgai("rank", "--help", workspace=tmp_path))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SHALGAI_ITEMS_LIMIT_MAX", "many"),
        ("SHALGAI_ITEMS_LIMIT_MAX", "0"),
        ("SHALGAI_REQUEST_TIMEOUT_S", "-1"),
        ("SHALGAI_CONCURRENT_REQUESTS_MAX", "0"),
        ("SHALGAI_LAYERS", "[wrong"),
    ],
)
def test_a_setting_that_cannot_be_used_is_the_users_to_mend(tmp_path: Path, name: str, value: str) -> None:
    result = shalgai("serve", "--port", 0, workspace=tmp_path, environment={name: value})
    message = result.stderr.decode()
    assert (result.returncode, message.count("\n")) == (2, 1)
    assert name in message
    assert "fault of the program" not in message


def test_an_address_in_use_is_refused_before_it_is_promised(workspace: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = shalgai("serve", "--port", port, workspace=workspace)
    assert result.returncode == 2
    assert str(port) in result.stderr.decode()
    assert result.stdout == b""


def test_serving_a_run_that_does_not_exist_is_refused(workspace: Path) -> None:
    result = shalgai("serve", "--run", "mars", "--port", 0, workspace=workspace)
    assert result.returncode == 2
    assert "mars" in result.stderr.decode()
