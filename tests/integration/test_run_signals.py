"""Signal rasters that an analysis reads are kept in its run as they were, in bytes that do not change."""

from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import rasterio
import shapely
from affine import Affine

from geo.access.analysis import analyse
from geo.access.layers import AnalysisInputs
from geo.workspace import Run, Workspace
from geo.workspace.verification import verify_runs

PLACE = (-68.0, -33.0)
LEVELS = {"first": -90.5, "second": -120.25, "third": -100.0}


def raster(folder: Path, name: str, **tags: str) -> Path:
    path = folder / f"{name}.tif"
    values = np.full((30, 40), LEVELS[name], "float32")
    values[0] = -999.0
    grid = Affine(0.01, 0, PLACE[0] - 0.2, 0, -0.01, PLACE[1] + 0.15)
    profile = {"width": 40, "height": 30, "count": 1, "dtype": "float32", "nodata": -999.0, "crs": "EPSG:4326"}
    with rasterio.open(path, "w", driver="GTiff", transform=grid, **profile) as out:
        out.write(values, 1)
        out.update_tags(quantity="dbm", technology="4g", **tags)
    return path


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> AnalysisInputs:
    folder = tmp_path_factory.mktemp("signals")
    files = {"districts": shapely.box(-69, -34, -67, -32), "places": shapely.Point(PLACE)}
    for name, shape in files.items():
        table = {"kato": ["810000000" if name == "districts" else "810000100"], "name_en": ["A"], "population": [300]}
        gpd.GeoDataFrame(table, geometry=[shape], crs="EPSG:4326").to_file(folder / f"{name}.geojson")
    coverage = (
        raster(folder, "first", operator="Оператор <b>", as_of="2026-05", source="drive"),
        raster(folder, "second", operator="Оператор <b>", basis="measured"),
        raster(folder, "third", operator="kcell"),
    )
    return AnalysisInputs(
        settlements=folder / "places.geojson", boundaries=folder / "districts.geojson", coverage=coverage
    )


@pytest.fixture(scope="module")
def run(inputs: AnalysisInputs, tmp_path_factory: pytest.TempPathFactory) -> Run:
    return analyse(inputs, Workspace(tmp_path_factory.mktemp("var")))


def test_each_raster_is_kept_by_operator_and_technology_and_numbered(run: Run, inputs: AnalysisInputs) -> None:
    rasters = run.manifest["rasters"]
    slug = next(facts["slug"] for facts in rasters.values() if facts["operator"] == "Оператор <b>")
    assert list(rasters) == sorted([f"signal-{slug}-4g", f"signal-{slug}-4g-2", "signal-kcell-4g"])
    first = rasters[f"signal-{slug}-4g"]
    assert {key: first[key] for key in ("technology", "quantity", "basis", "as_of", "source", "scenario")} == {
        "technology": "4g", "quantity": "dbm", "basis": "modelled", "as_of": "2026-05", "source": "drive",
        "scenario": None,
    }  # fmt: skip
    assert (first["threshold_dbm"], first["rows"], first["columns"]) == (-110.0, 30, 40)
    assert first["bounds"] == pytest.approx([-68.2, -33.15, -67.8, -32.85])
    assert rasters[f"signal-{slug}-4g-2"]["basis"] == "measured"
    names = (f"signal-{slug}-4g", f"signal-{slug}-4g-2", "signal-kcell-4g")
    for name, original in zip(names, inputs.coverage, strict=True):
        with rasterio.open(original) as before, rasterio.open(run.raster(name)) as after:
            assert np.array_equal(before.read(1), after.read(1))
            assert (after.nodata, after.crs, after.transform) == (before.nodata, before.crs, before.transform)
            assert after.tags()["operator"] == rasters[name]["operator"]


def test_the_analysis_believes_the_raster_that_the_tiles_show_on_top(run: Run) -> None:
    service = run.table("service").set_index("operator")
    assert service.loc["Оператор <b>", ["basis", "signal_dbm"]].tolist() == ["measured", LEVELS["second"]]


def test_the_same_rasters_give_the_same_bytes(run: Run, inputs: AnalysisInputs, tmp_path: Path) -> None:
    again = analyse(inputs, Workspace(tmp_path))
    assert again.id == run.id
    assert again.manifest["rasters"] == run.manifest["rasters"]


def test_a_flipped_byte_of_a_raster_is_found(inputs: AnalysisInputs, tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    run = analyse(inputs, workspace)
    path = run.raster("signal-kcell-4g")
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    (verdict,) = verify_runs(workspace, [run.id])
    assert [str(error).split(": ")[0] for error in verdict.damage] == [str(path)]
