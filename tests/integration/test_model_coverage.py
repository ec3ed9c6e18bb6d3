"""Areas from sites: rasters and polygons that a later analysis takes, resumable, the same bytes every time."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import rasterio
import shapely

from geo.access.analysis import analyse
from geo.access.inputs import load_inputs
from geo.access.layers import AnalysisInputs
from geo.coverage.model_job import Job, Outcome, model_coverage
from geo.errors import InputError, LimitExceeded, ValueRejected
from geo.workspace import Workspace
from geo.workspace.catalogue import Catalogue

NO_CATALOGUE = Catalogue(Path("no-workspace"))
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
    loaded = load_inputs(inputs, NO_CATALOGUE)
    return Job(loaded.sites, loaded.terrain, loaded.region, loaded.standard, resolution_m=200.0)


@pytest.fixture(scope="module")
def outcome(job: Job, tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    return model_coverage(job, tmp_path_factory.mktemp("out"))


def test_files_are_named_safely_and_nothing_else_is_left(outcome: Outcome) -> None:
    names = [path.name for path in outcome.files]
    assert names == ["cells.csv", "signal-a_b-1-4g.tif", "server-a_b-1-4g.tif", "coverage.fgb", "job.json"]
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
        assert total > 2
        if done == 2:
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


def test_levels_at_pixels_and_at_settlements_agree(inputs: AnalysisInputs, outcome: Outcome, tmp_path: Path) -> None:
    run = analyse(inputs, Workspace(tmp_path))
    near = run.table("service").set_index("kato").loc["810000101"]
    assert near["source"] == "ITU-R P.1812-8 over smooth earth"
    with rasterio.open(outcome.files[1]) as raster:
        place = gpd.GeoSeries([shapely.Point(-67.97, -33.4)], crs="EPSG:4326").to_crs(raster.crs).iloc[0]
        (pixel,) = next(raster.sample([(place.x, place.y)]))
    # 2.8 km from the mast the level falls by some 1 dB in 200 m
    assert near["signal_dbm"] == pytest.approx(float(pixel), abs=1.0)


def test_polygons_are_the_pixels_that_meet_the_threshold(outcome: Outcome) -> None:
    polygons = gpd.read_file(outcome.files[3])
    assert polygons[["operator", "technology", "threshold_dbm", "basis"]].iloc[0].tolist() == [
        "a/b",
        "4g",
        -110.0,
        "modelled",
    ]
    assert polygons.geometry.is_valid.all()
    with rasterio.open(outcome.files[1]) as raster:
        covered = int((raster.read(1, masked=True) >= -110.0).sum())
        planar = polygons.to_crs(raster.crs)
    assert planar.area.sum() == pytest.approx(covered * 200.0**2, rel=1e-3)


def test_record_names_parameters_assumptions_and_digests(outcome: Outcome) -> None:
    record = json.loads(outcome.files[4].read_text(encoding="utf-8"))
    assert record["resolution_m"] == 200.0
    assert record["notes"] == outcome.notes
    assert record["source"] == "ITU-R P.1812-8 over smooth earth, 200 m grid"
    for path in outcome.files[:4]:
        assert record["files"][path.name] == hashlib.sha256(path.read_bytes()).hexdigest()


def test_another_job_never_takes_up_what_an_interrupted_one_left(job: Job, tmp_path: Path) -> None:
    class Killed(Exception):
        pass

    def stop(done: int, total: int) -> None:
        raise Killed

    lowered = replace(job, sites=job.sites.assign(eirp_dbm=40.0))
    with pytest.raises(Killed):
        model_coverage(lowered, tmp_path / "shared", progress=stop)
    left = sorted((tmp_path / "shared").iterdir())
    mixed = model_coverage(job, tmp_path / "shared")
    alone = model_coverage(job, tmp_path / "alone")
    for one, other in zip(mixed.files, alone.files, strict=True):
        assert one.read_bytes() == other.read_bytes(), one.name
    # what the other job left is still there for it to take up
    assert set(left) <= set((tmp_path / "shared").iterdir())


def test_a_folder_holds_the_files_of_one_job(job: Job, tmp_path: Path) -> None:
    own = tmp_path / "signal-of-my-own.tif"
    own.touch()
    model_coverage(replace(job, resolution_m=2000.0), tmp_path)
    renamed = replace(job, sites=job.sites.assign(operator="other"), resolution_m=2000.0)
    made = model_coverage(renamed, tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {path.name for path in made.files} | {own.name}


def test_best_server_is_the_nearer_of_two_like_masts(job: Job, tmp_path: Path) -> None:
    west, east = shapely.Point(-68.1, -33.4), shapely.Point(-67.9, -33.4)
    two = pd.concat([job.sites, job.sites]).assign(cell_id=["west", "east"]).set_geometry([west, east], crs="EPSG:4326")
    made = model_coverage(replace(job, sites=two.reset_index(drop=True), resolution_m=1000.0), tmp_path)
    with rasterio.open(tmp_path / "server-a_b-1-4g.tif") as raster:
        ends = gpd.GeoSeries([west, east], crs="EPSG:4326").to_crs(raster.crs)
        at = [int(next(raster.sample([(point.x, point.y)]))[0]) for point in ends]
    index = pd.read_csv(made.files[0]).set_index("index")["cell_id"]
    assert [index[i] for i in at] == ["west", "east"]


def test_time_and_locations_and_radius_change_the_level_as_they_should(job: Job, tmp_path: Path) -> None:
    def level(name: str, **changes: float) -> np.ndarray:
        made = model_coverage(replace(job, resolution_m=2000.0, **changes), tmp_path / name)
        with rasterio.open(made.files[1]) as raster:
            return raster.read(1, masked=True)

    median = level("median")
    # −I(0.9)·5.5 dB: the level that 90 % of the locations exceed
    surer = level("surer", location_percent=90.0)
    assert (median - surer)[~median.mask].mean() == pytest.approx(1.2816 * 5.5, abs=0.05)
    assert (level("rarer", time_percent=10.0) - median).min() >= -1e-3
    assert level("narrower", radius_km=10.0).count() < median.count() / 8


def test_date_of_the_list_goes_into_tags_and_polygons(job: Job, tmp_path: Path) -> None:
    made = model_coverage(replace(job, resolution_m=2000.0, as_of="2026-09"), tmp_path)
    with rasterio.open(made.files[1]) as raster:
        assert raster.tags()["as_of"] == "2026-09"
    assert gpd.read_file(made.files[3])["as_of"].tolist() == ["2026-09"]


@pytest.mark.parametrize(
    ("changes", "error", "named"),
    [
        ({"resolution_m": 1.0}, LimitExceeded, "resolution_m"),
        ({"radius_km": 400.0}, LimitExceeded, "radius_km"),
        ({"time_percent": 60.0}, LimitExceeded, "time_percent"),
        ({"location_percent": 0.0}, LimitExceeded, "location_percent"),
        ({"as_of": "yesterday"}, ValueRejected, "as_of"),
    ],
)
def test_bad_parameters_are_refused_before_anything_is_written(
    job: Job, tmp_path: Path, changes: dict[str, float], error: type[Exception], named: str
) -> None:
    with pytest.raises(error, match=named):
        model_coverage(replace(job, **changes), tmp_path / "out")  # type: ignore[arg-type]
    assert not (tmp_path / "out").exists()


def test_list_without_a_carrier_is_refused(job: Job, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="technology"):
        model_coverage(replace(job, sites=job.sites.assign(technology="ftth")), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_antenna_table_beside_the_list_is_read_and_recorded(inputs: AnalysisInputs, tmp_path: Path) -> None:
    table = "cut,angle_deg,attenuation_db\nhorizontal,0,0\nhorizontal,90,40\nhorizontal,270,40\nvertical,0,0\n"
    (tmp_path / "panel.csv").write_text(table, encoding="utf-8")
    mast = f"M,4g,{MAST.x},{MAST.y},30,50,panel.csv"
    found = {}
    for azimuth in (90, 270):  # towards Near, and away from it
        (tmp_path / "masts.csv").write_text(
            f"site_id,technology,lon,lat,height_m,eirp_dbm,pattern,azimuth_deg\n{mast},{azimuth}\n", encoding="utf-8"
        )
        run = analyse(
            AnalysisInputs(settlements=inputs.settlements, boundaries=inputs.boundaries, sites=tmp_path / "masts.csv"),
            Workspace(tmp_path / str(azimuth)),
        )
        assert "panel.csv" in [record["file"] for record in run.manifest["inputs"]]
        found[azimuth] = run.table("service").set_index("kato").loc["810000101", "signal_dbm"]
    assert found[90] - found[270] == pytest.approx(40.0, abs=0.01)


@pytest.mark.parametrize("pattern", ["../panel.csv", "/etc/passwd", "panel", "nowhere.csv"])
def test_no_other_file_is_opened_as_an_antenna(inputs: AnalysisInputs, tmp_path: Path, pattern: str) -> None:
    (tmp_path / "panel.csv").write_text("cut,angle_deg,attenuation_db\n", encoding="utf-8")
    folder = tmp_path / "lists"
    folder.mkdir()
    (folder / "masts.csv").write_text(f"site_id,technology,lon,lat,pattern\nM,4g,-68,-33.4,{pattern}\n")
    with pytest.raises(InputError, match=Path(pattern).name):
        load_inputs(AnalysisInputs(boundaries=inputs.boundaries, sites=folder / "masts.csv"), NO_CATALOGUE)
