"""Signal rasters over HTTP: the list, TileJSON, tiles, legend and values; labels, caching, refusals."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from xml.etree import ElementTree as ET

import httpx
import numpy as np
import pytest
from affine import Affine
from rasterio.windows import Window

from api.app import create_app
from geo.coverage.cog import Piece, write_cog
from geo.coverage.kept_signals import Georeference, slug
from geo.workspace import RasterToKeep, Workspace
from geo.workspace.pruning import prune

HOSTILE = '"><script>alert(1)</script>/../Қ'
GRID = Affine(0.1, 0.0, 171.0, 0.0, -0.1, -14.0)
KCELL = "/signal/kcell/4g/tiles/WebMercatorQuad"
TILE = f"{KCELL}/7/69/125"  # 171.56° to 174.38° E, 14.0° to 16.6° S
GIVEN = ("scenario", "label", "standard", "region", "inputs", "parameters", "credits", "summary")


def keep(operator: str, technology: str, level: float, basis: str, scenario: str | None) -> RasterToKeep:
    values = np.full((40, 40), level, "float32")

    def write(path: Path) -> None:
        profile = {"width": 40, "height": 40, "dtype": "float32", "nodata": -999, "crs": "EPSG:4326", "transform": GRID}
        write_cog(path, [Piece(Window(0, 0, 40, 40), values)], tags={}, overview_resampling="average", **profile)

    facts = {"operator": operator, "slug": slug(operator), "technology": technology, "quantity": "dbm"}
    facts |= {"basis": basis, "scenario": scenario, "as_of": "2026-05", "source": HOSTILE, "threshold_dbm": -110.0}
    place = Georeference(40, 40, GRID, "EPSG:4326").facts()
    return RasterToKeep(f"signal-{slug(operator)}-{technology}", facts | place, write)


@pytest.fixture(scope="module")
def workspace(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """The runs of `root` with rasters."""
    workspace = Workspace(tmp_path_factory.mktemp("signals"))
    for name in ("okrug-centres", "current"):
        run = Workspace(root).find(name)
        manifest = {key: run.manifest[key] for key in GIVEN}
        manifest["credits"] = ["© <b>Мы</b> & Co"]
        tables, scenario = {table: run.table(table) for table in run.manifest["tables"]}, manifest["scenario"]
        rasters = [keep("kcell", "4g", -85.0, "modelled" if scenario else "measured", scenario)]
        rasters.append(keep(HOSTILE, "2g", -115.0, "modelled", scenario))
        workspace.publish(tables, manifest, rasters)
    return workspace


@pytest.fixture(scope="module")
def signals(workspace: Workspace, connect: Any) -> Iterator[httpx.Client]:
    with connect(create_app(workspace.root)) as client:
        yield client


def test_the_list_leads_to_everything(signals: httpx.Client) -> None:
    listed = signals.get("/signal").json()
    assert (listed["scenario"], listed["label"], listed["resampling"]) == (None, None, "nearest")
    assert [(layer["operator"], layer["technology"]) for layer in listed["layers"]] == [
        ("kcell", "4g"),
        (HOSTILE, "2g"),
    ]
    layer = listed["layers"][0]
    assert layer["bounds"] == [171.0, -18.0, 175.0, -14.0]
    assert layer["rasters"][0]["basis"] == "measured"
    for entry in listed["layers"]:
        for link in (*listed["links"], *entry["links"]):
            assert signals.get(link["href"]).status_code == 200, link
        tile = entry["tile_url"].replace("{z}/{y}/{x}", "7/69/125")
        assert signals.get(tile).content.startswith(b"\x89PNG")


def test_tilejson_says_where_and_whose(signals: httpx.Client) -> None:
    document = signals.get(f"{KCELL}?run=okrug-centres").json()
    assert document["tilejson"] == "3.0.0"
    assert document["tiles"] == [f"http://test.example:8000{KCELL}/{{z}}/{{y}}/{{x}}?run=okrug-centres"]
    assert document["bounds"] == [171.0, -18.0, 175.0, -14.0]
    assert document["attribution"].endswith("© &lt;b&gt;Мы&lt;/b&gt; &amp; Co")
    assert "Scenario, not observed" in document["attribution"]
    assert document["label"]["en"] == "Scenario, not observed"
    assert 0 == document["minzoom"] < document["maxzoom"] <= 24


def test_a_tile_is_a_png_with_its_run_and_can_be_kept(signals: httpx.Client, workspace: Workspace) -> None:
    got = signals.get(TILE)
    assert got.status_code == 200
    assert got.headers["content-type"] == "image/png"
    assert got.headers["shalgai-run"] == workspace.find("current").id
    assert "shalgai-scenario" not in got.headers
    again = signals.get(TILE, headers={"If-None-Match": got.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert signals.get(TILE).content == got.content
    assert signals.head(TILE).headers["x-content-length"] == got.headers["content-length"]


def test_a_scenarios_tile_carries_its_label(signals: httpx.Client) -> None:
    tile = signals.get(f"{TILE}?run=okrug-centres")
    assert tile.headers["shalgai-scenario"] == "okrug-centres"
    assert b"Scenario, not observed" in tile.content
    assert tile.content != signals.get(TILE).content
    assert tile.headers["etag"] != signals.get(TILE).headers["etag"]


@pytest.mark.parametrize("at", ["0/0/0", "7/0/0", "24/9044000/1", "24/16777215/16777215"])
def test_where_there_is_nothing_a_tile_is_transparent(signals: httpx.Client, at: str) -> None:
    tile = signals.get(f"{KCELL}/{at}")
    assert tile.status_code == 200
    assert len(tile.content) < 1000


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (f"{KCELL}/25/0/0", 404), (f"{KCELL}/7/128/0", 404), (f"{KCELL}/7/0/128", 404), (f"{KCELL}/-1/0/0", 404),
        (f"{KCELL}/7/-1/0", 404), (f"{KCELL}/7/069/125", 404), (f"{KCELL}/7/6.9/125", 404), (f"{KCELL}/x/0/0", 404),
        (f"{KCELL}/7/٦/0", 404), (f"{KCELL}/7/{'9' * 5000}/0", 404), (f"{KCELL}/7/69/%00", 404),
        ("/signal/kcell/3g/tiles/WebMercatorQuad", 404), ("/signal/nobody/4g/tiles/WebMercatorQuad/0/0/0", 404),
        ("/signal/..%2f..%2fetc/4g/tiles/WebMercatorQuad/0/0/0", 404), ("/signal/kcell/4g/tiles/Other/0/0/0", 404),
        (f"{TILE}?run=nothing", 404), (f"{TILE}?colour=red", 400), (f"{TILE}?lang=kk", 400),
        ("/signal/legend?technology=6g", 400), ("/signal/legend?lang=xx", 400), ("/signal?f=svg", 400),
        ("/signal/kcell/4g/value", 400), ("/signal/kcell/4g/value?lon=1", 400),
        ("/signal/kcell/4g/value?lon=nan&lat=1", 400), ("/signal/kcell/4g/value?lon=1&lat=91", 400),
        ("/signal/kcell/4g/value?lon=1e999&lat=0", 400), ("/signal/kcell/4g/value?lon=x&lat=0", 400),
    ],
)  # fmt: skip
def test_refusals_are_problem_documents(signals: httpx.Client, path: str, status: int) -> None:
    response = signals.get(path)
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    assert len(response.text) < 1000
    assert "Traceback" not in response.text


def test_an_image_that_is_not_wanted_is_refused(signals: httpx.Client) -> None:
    assert signals.get(TILE, headers={"Accept": "application/json"}).status_code == 406
    assert signals.get(TILE, headers={"Accept": "image/avif,image/webp,image/*,*/*;q=0.8"}).status_code == 200


def test_the_legend_speaks_every_language_and_as_a_picture_the_readers(signals: httpx.Client) -> None:
    document = signals.get("/signal/legend?run=okrug-centres").json()
    assert [legend["technology"] for legend in document["legends"]] == ["2g", "4g"]
    assert document["label"]["kk"] == "Сценарий!"
    assert [mark["mark"] for mark in document["legends"][0]["marks"]] == ["lines"]
    alone = signals.get("/signal/legend?technology=4g").json()
    assert [legend["technology"] for legend in alone["legends"]] == ["4g"]
    assert alone["legends"][0]["marks"] == []
    picture = next(link["href"] for link in document["links"] if link["rel"] == "alternate")
    for tongue, word in (("kk", "Сигнал деңгейі"), ("ru", "Уровень сигнала"), ("en", "Signal level")):
        svg = signals.get(picture, headers={"Accept-Language": tongue})
        assert svg.headers["content-type"] == "image/svg+xml"
        assert svg.headers["content-language"] == tongue
        assert "default-src 'none'" in svg.headers["content-security-policy"]
        text = "".join(ET.fromstring(svg.text).itertext())  # noqa: S314 - our own
        assert word in text
        assert ("Scenario" if tongue == "en" else "Сценарий") in text
    assert signals.get("/signal/legend", headers={"Accept": "image/svg+xml"}).content.startswith(b"<svg")


def test_a_value_is_the_rasters_and_null_where_there_is_none(signals: httpx.Client) -> None:
    found = signals.get("/signal/kcell/4g/value?lon=172&lat=-15").json()
    assert (found["signal_dbm"], found["threshold_dbm"], found["basis"]) == (-85.0, -110.0, "measured")
    for lon, lat in ((0, 0), (-180, -90), (180, 90)):
        assert signals.get(f"/signal/kcell/4g/value?lon={lon}&lat={lat}").json()["signal_dbm"] is None


def test_a_hostile_operator_has_a_harmless_address(signals: httpx.Client) -> None:
    layer = signals.get("/signal").json()["layers"][1]
    assert set(layer["id"]) <= set("abcdefghijklmnopqrstuvwxyz0123456789-/")
    document = signals.get(urlsplit(layer["links"][0]["href"]).path).json()
    assert document["name"] == f"{HOSTILE} 2g"
    assert HOSTILE not in signals.get("/signal/legend?f=svg").text


def test_a_run_without_rasters_has_an_empty_list(client: httpx.Client) -> None:
    assert client.get("/signal").json()["layers"] == []
    assert client.get("/signal/legend").json()["legends"] == []
    assert client.get("/signal/legend?f=svg").status_code == 200
    assert "There are: none" in client.get(TILE).json()["detail"]


def test_tiles_of_a_pruned_run_and_damage_of_another(
    tmp_path: Path, workspace: Workspace, connect: Any, caplog: pytest.LogCaptureFixture
) -> None:
    run = workspace.find("current")
    manifest = {key: run.manifest[key] for key in GIVEN}
    tables = {table: run.table(table) for table in run.manifest["tables"]}
    mine = Workspace(tmp_path)
    old = mine.publish(tables, manifest, [keep("kcell", "4g", -85.0, "measured", None)])
    with connect(create_app(tmp_path)) as client:
        before = client.get(f"{TILE}?run={old.id}").content
        new = mine.publish(tables, manifest | {"parameters": {}}, [keep("kcell", "4g", -115.0, "measured", None)])
        assert client.get(TILE).headers["shalgai-run"] == new.id
        prune(mine, 0)
        assert client.get(f"{TILE}?run={old.id}").content == before
        path = new.raster("signal-kcell-4g")
        with path.open("r+b") as stream:
            stream.seek(100)
            stream.write(b"X")
        damaged = client.get(TILE)
        assert damaged.status_code == 500
        assert str(tmp_path) not in damaged.text
        assert "signal-kcell-4g.tif" in caplog.text
        assert client.get("/collections/gaps/items?limit=1").status_code == 200
