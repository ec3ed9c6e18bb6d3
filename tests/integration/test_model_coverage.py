"""Areas from sites: rasters and polygons that a later analysis takes, resumable, the same bytes every time."""

from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import rasterio
import shapely

from geo.access.analysis import analyse
from geo.access.inputs import AnalysisInputs, load_inputs
from geo.coverage.model_job import Job, Outcome, model_coverage
from geo.errors import LimitExceeded
from geo.workspace import Workspace

MAST = shapely.Point(-68.0, -33.4)


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> AnalysisInputs:
    """A small flat region in the southern hemisphere with one mast and three places."""
    folder = tmp_path_factory.mktemp("model")
    district = gpd.GeoDataFrame(
        {"kato": ["810000000"], "name_en": ["West"]},
        geometry=[shapely.box(-68.9, -33.9, -67.1, -32.9)],
        crs="EPSG:4326",
    )
    district.to_file(folder / "district.gpkg")
    places = gpd.GeoDataFrame(
        {"kato": ["810000101", "810000102", "810000103"], "name_en": ["Near", "Far", "Beyond"], "population": 300},
        geometry=[shapely.Point(-67.97, -33.4), shapely.Point(-67.68, -33.4), shapely.Point(-68.8, -33.0)],
        crs="EPSG:4326",
    )
    places.to_file(folder / "places.gpkg")
    masts = gpd.GeoDataFrame(
        {"site_id": ["M"], "technology": ["4g"], "operator": ["a/b"], "height_m": [30.0], "eirp_dbm": [50.0]},
        geometry=[MAST],
        crs="EPSG:4326",
    )
    masts.to_file(folder / "masts.gpkg")
    return AnalysisInputs(
        settlements=folder / "places.gpkg", boundaries=folder / "district.gpkg", sites=folder / "masts.gpkg"
    )


@pytest.fixture(scope="module")
def job(inputs: AnalysisInputs) -> Job:
    loaded = load_inputs(inputs)
    return Job(loaded.sites, loaded.terrain, loaded.region, loaded.standard, resolution_m=200.0)


@pytest.fixture(scope="module")
def outcome(job: Job, tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    return model_coverage(job, tmp_path_factory.mktemp("out"))


def test_files_are_named_safely_and_nothing_else_is_left(outcome: Outcome) -> None:
    names = [path.name for path in outcome.files]
    assert names == ["cells.csv", "signal-a_b-1-4g.tif", "server-a_b-1-4g.tif", "coverage.fgb"]
    assert sorted(p.name for p in outcome.files[0].parent.iterdir()) == sorted(names)
    assert any("band_mhz is not given for 1 cells" in note for note in outcome.notes)


def test_signal_is_a_tagged_cloud_optimized_geotiff_that_falls_with_distance(outcome: Outcome) -> None:
    with rasterio.open(outcome.files[1]) as raster:
        assert raster.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
        assert raster.overviews(1)
        assert raster.tags()["quantity"] == "dbm"
        assert raster.tags()["operator"] == "a/b"
        level = raster.read(1, masked=True)
        mast = gpd.GeoSeries([MAST], crs="EPSG:4326").to_crs(raster.crs).iloc[0]
        row, column = raster.index(mast.x, mast.y)
        assert level[row, column] > level[row, column + 50] > level[row, column + 120] > -140
        assert level.mask.any()


def test_server_index_names_the_cell(outcome: Outcome) -> None:
    with rasterio.open(outcome.files[2]) as raster:
        assert set(np.unique(raster.read(1))) == {0, 1}
    assert "1,M-4g,M,a/b,4g" in outcome.files[0].read_text()


def test_a_later_analysis_takes_raster_and_polygons(inputs: AnalysisInputs, outcome: Outcome, tmp_path: Path) -> None:
    def classes(**evidence: object) -> dict[str, str]:
        chosen = AnalysisInputs(settlements=inputs.settlements, boundaries=inputs.boundaries, **evidence)  # type: ignore[arg-type]
        gaps = analyse(chosen, Workspace(tmp_path / str(len(list(tmp_path.iterdir()))))).table("gaps")
        return dict(zip(gaps["name_en"], gaps["service_class"], strict=True))

    by_sites = classes(sites=inputs.sites)
    by_raster = classes(coverage=(outcome.files[1],))
    by_polygons = classes(coverage=(outcome.files[3],))
    # 50 dBm EIRP less 27.8 dB: 3 km from the mast the level is far above −110 dBm, 30 km away it is far below
    assert by_sites == {"Near": "served", "Far": "unserved", "Beyond": "unserved"}
    # a raster says nothing beyond the reach of its cells
    assert by_raster == {"Near": "served", "Far": "unserved", "Beyond": "unknown"}
    assert by_polygons == by_sites


def test_an_interrupted_job_goes_on_where_it_stopped_and_ends_in_the_same_bytes(
    job: Job, outcome: Outcome, tmp_path: Path
) -> None:
    class Killed(Exception):
        pass

    def stop(done: int, total: int) -> None:
        assert total > 1
        raise Killed

    with pytest.raises(Killed):
        model_coverage(job, tmp_path, progress=stop)
    (work,) = tmp_path.iterdir()
    first = next(iter(work.iterdir()))
    made_at = first.stat().st_mtime_ns
    told: list[int] = []

    def watch(done: int, total: int) -> None:
        assert first.stat().st_mtime_ns == made_at  # the finished tile is not made again
        told.append(done)

    resumed = model_coverage(job, tmp_path, progress=watch)
    assert told == list(range(1, len(told) + 1))
    for again, once in zip(resumed.files, outcome.files, strict=True):
        assert again.read_bytes() == once.read_bytes(), again.name


def test_bad_cells_are_refused_before_anything_is_written(job: Job, tmp_path: Path) -> None:
    sites = job.sites.assign(band_mhz=100_000.0)
    with pytest.raises(LimitExceeded, match="band_mhz"):
        model_coverage(Job(sites, [], job.region, job.standard), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_sites_beyond_the_region_are_listed_and_still_reach_into_it(inputs: AnalysisInputs, tmp_path: Path) -> None:
    masts = gpd.GeoDataFrame(
        {"site_id": ["over the border"], "technology": ["4g"]}, geometry=[shapely.Point(-68.95, -33.0)], crs="EPSG:4326"
    )
    masts.to_file(tmp_path / "masts.gpkg")
    beyond = AnalysisInputs(settlements=inputs.settlements, boundaries=inputs.boundaries, sites=tmp_path / "masts.gpkg")
    run = analyse(beyond, Workspace(tmp_path / "var"))
    assert any("1 cells stand outside the region" in note for note in run.manifest["model"]["notes"])
    gaps = run.table("gaps").set_index("name_en")
    assert gaps.loc["Beyond", "service_class"] == "served"
