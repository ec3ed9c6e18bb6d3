"""The bundled region, end to end."""

import json
import time
from pathlib import Path

import geopandas as gpd
import orjson
import pytest
import rasterio
import shapely

from geo.access.analysis import analyse
from geo.access.explain import explain
from geo.access.layers import AnalysisInputs
from geo.errors import ValueRejected
from geo.tables.words import ServiceClass
from geo.workspace import Run, Workspace

SCENARIO = "okrug-centres"


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return Workspace(tmp_path_factory.mktemp("var"))


@pytest.fixture(scope="module")
def published(workspace: Workspace) -> Run:
    return analyse(AnalysisInputs(), workspace)


@pytest.fixture(scope="module")
def scenario(workspace: Workspace, published: Run) -> Run:
    return analyse(AnalysisInputs(scenario=SCENARIO), workspace)


def test_classes_sum_to_all_settlements_and_their_residents_to_the_region(published: Run, scenario: Run) -> None:
    for run in (published, scenario):
        classes = run.manifest["summary"]["classes"]
        assert sum(c["settlements"] for c in classes.values()) == 328
        assert sum(c["population"] for c in classes.values()) == 928_185
        assert run.table("gaps")["population"].sum() == 928_185
        assert run.table("districts")["population"].sum() == 928_185


def test_places_without_a_position_stay_in_as_unknown_with_the_reason(published: Run, scenario: Run) -> None:
    for run in (published, scenario):
        gaps = run.table("gaps")
        lost = gaps[gaps.geometry.isna()]
        assert len(lost) == 19
        assert set(lost["service_class"]) == {"unknown"}
        assert all("position_unknown" in [r["code"] for r in orjson.loads(text)] for text in lost["reasons"])


def test_a_class_is_unknown_unless_a_report_says_more(published: Run) -> None:
    gaps = published.table("gaps").set_index("kato")
    reported = gaps[gaps["basis"] == "reported"]
    assert reported["service_class"].value_counts().to_dict() == {"served": 7, "unserved": 5, "below_standard": 1}
    assert set(gaps[gaps["basis"] == "prior"]["service_class"]) == {"unknown"}
    assert gaps.loc["154261100", ["service_class", "best_technology", "best_operator"]].tolist() == [
        "served",
        "4g",
        "kcell",
    ]
    assert gaps.loc["156843200", "service_class"] == "unserved"
    planned = orjson.loads(gaps.loc["154833600", "reasons"])
    assert "mast_planned" in [reason["code"] for reason in planned]
    assert gaps.loc["154833600", "service_class"] == "unknown"


def test_the_prior_meets_the_published_totals_of_villages(published: Run) -> None:
    gaps = published.table("gaps")
    villages = gaps[gaps["kind"].isin(["village", "station"])]
    assert len(villages) == 311
    # 270 with mobile internet; the ten reported villages are expected otherwise, see below
    prior = villages[villages["basis"] == "prior"]
    reported = villages[villages["basis"] == "reported"]
    assert prior["probability_served"].sum() + len(reported) * 270 / 311 == pytest.approx(270, abs=2)


def test_ranks_are_unique_and_given_to_every_gap_only(published: Run) -> None:
    gaps = published.table("gaps")
    ranked = gaps[gaps["rank"].notna()]
    assert sorted(ranked["rank"]) == list(range(1, len(ranked) + 1))
    assert set(gaps[gaps["rank"].isna()]["service_class"]) == {"served"}
    assert (ranked["rank_low"] <= ranked["rank"]).all()
    assert (ranked["rank"] <= ranked["rank_high"]).all()
    assert ranked.sort_values("rank")["score"].is_monotonic_decreasing


def test_scenario_says_so_everywhere_and_does_not_become_current(
    workspace: Workspace, published: Run, scenario: Run
) -> None:
    assert workspace.named() == {"current": published.id, SCENARIO: scenario.id}
    assert set(scenario.table("gaps")["scenario"]) == {SCENARIO}
    assert set(scenario.table("coverage")["scenario"]) == {SCENARIO}
    assert set(scenario.table("coverage")["basis"]) == {"modelled"}
    assert set(scenario.manifest["label"]) == {"kk", "ru", "en"}
    assert published.table("gaps")["scenario"].isna().all()
    assert published.manifest["label"] is None


def test_scenario_has_one_site_in_each_located_centre_and_its_evidence_alone(scenario: Run) -> None:
    sites = scenario.table("sites")
    settlements = scenario.table("settlements")
    hosts = settlements[
        (settlements["is_okrug_centre"] | settlements["kind"].isin(["city", "town", "settlement"]))
        & settlements.geometry.notna()
    ]
    assert set(sites["site_id"]) == set(hosts["kato"])
    assert set(scenario.table("service")["basis"]) == {"modelled"}
    located_hosts = scenario.table("gaps").set_index("kato").loc[hosts["kato"]]
    assert set(located_hosts["service_class"]) == {"served"}


def test_scenario_is_modelled_over_terrain_where_there_is_any_and_says_where_not(scenario: Run) -> None:
    model = scenario.manifest["model"]
    assert model["terrain"] == "globe-aktobe.tif"
    assert model["resolution_m"] == 764
    assert model["paths_terrain"] > 0
    assert model["paths_smooth_earth"] > 0
    # every located host has its own mast; 1 city, 7 towns and the okrug centres carry 412 cells
    assert model["paths_free_space"] == 412
    assert any("height_m is not given for 412 cells" in note for note in model["notes"])
    assert set(scenario.table("service")["source"]) == {
        "ITU-R P.1812-8 over globe-aktobe.tif (764 m)",
        "ITU-R P.1812-8 over smooth earth",
        "ITU-R P.1812-8: no cell in reach",
        "free space, nearer than 0.25 km",
    }
    coverage = scenario.table("coverage")
    assert coverage.geometry.is_valid.all()
    assert coverage["threshold_dbm"].tolist() == [-95, -99, -110, -110]


def test_scenario_keeps_its_modelled_signal_labelled_and_in_step_with_its_areas(scenario: Run) -> None:
    rasters, coverage = scenario.manifest["rasters"], scenario.table("coverage").set_index("technology")
    assert list(rasters) == [f"signal-unspecified-{technology}" for technology in ("2g", "3g", "4g", "5g")]
    west, south, east, north = scenario.manifest["region"]["bounds"]
    for name, facts in rasters.items():
        assert (facts["quantity"], facts["basis"], facts["scenario"]) == ("dbm", "modelled", SCENARIO)
        assert facts["resolution_m"] == pytest.approx(1000, rel=0.001)
        assert facts["bounds"][0] < west < east < facts["bounds"][2]
        assert facts["bounds"][1] < south < north < facts["bounds"][3]
        with rasterio.open(scenario.raster(name)) as raster:
            level, tags = raster.read(1, masked=True), raster.tags()
        assert tags["scenario"] == SCENARIO
        assert {code: tags[f"label_{code}"] for code in ("kk", "ru", "en")} == scenario.manifest["label"]
        area = coverage.loc[[facts["technology"]]].to_crs(scenario.manifest["region"]["crs"]).area.iloc[0]
        assert facts["threshold_dbm"] == coverage.loc[facts["technology"], "threshold_dbm"]
        assert (level >= facts["threshold_dbm"]).sum() * 1e6 == pytest.approx(area, rel=1e-3)
        with pytest.raises(ValueRejected, match="never mixed"):
            analyse(AnalysisInputs(coverage=(scenario.raster(name),)), Workspace(scenario.path / "never"))


def test_same_inputs_give_the_same_id_and_the_same_bytes(published: Run, tmp_path: Path) -> None:
    again = analyse(AnalysisInputs(), Workspace(tmp_path))
    assert again.id == published.id
    for name in published.manifest["tables"]:
        assert (again.path / f"{name}.parquet").read_bytes() == (published.path / f"{name}.parquet").read_bytes()
    assert published.manifest["rasters"] == {}


def test_another_seed_is_another_run(published: Run, tmp_path: Path) -> None:
    assert analyse(AnalysisInputs(), Workspace(tmp_path), seed=1).id != published.id


def test_every_input_is_credited_and_hashed(published: Run) -> None:
    kinds = {record["kind"] for record in published.manifest["inputs"]}
    assert {"boundaries", "settlements", "population", "reports", "published totals", "standard", "region"} <= kinds
    assert all(len(record["sha256"]) == 64 for record in published.manifest["inputs"])
    assert any("OpenStreetMap" in credit and "ODbL" in credit for credit in published.manifest["credits"])
    assert "/" not in json.dumps([record["file"] for record in published.manifest["inputs"]])


def test_analysis_takes_less_than_five_seconds(published: Run, tmp_path: Path) -> None:
    began = time.perf_counter()
    analyse(AnalysisInputs(), Workspace(tmp_path))
    assert time.perf_counter() - began < 5


def test_every_class_of_the_vocabulary_is_in_the_summary(published: Run) -> None:
    assert set(published.manifest["summary"]["classes"]) == set(ServiceClass)


def test_a_report_and_a_layer_that_contradict_each_other_are_told(tmp_path: Path) -> None:
    # Kcell's 4G is reported at Otek (154261100); this declared area of Kcell's 4G lies 400 km away from it
    layer = gpd.GeoDataFrame(
        {"operator": ["kcell"], "technology": ["4g"]}, geometry=[shapely.box(60.0, 49.0, 60.5, 49.5)], crs="EPSG:4326"
    )
    layer.to_file(tmp_path / "kcell.gpkg")
    run = analyse(AnalysisInputs(coverage=(tmp_path / "kcell.gpkg",)), Workspace(tmp_path / "var"))
    gaps = run.table("gaps").set_index("kato")
    codes = {kato: [r["code"] for r in orjson.loads(text)] for kato, text in gaps["reasons"].items()}
    assert "conflicting_evidence" in codes["154261100"]
    assert "conflicting_evidence" not in codes["151010000"]
    assert set(run.table("service")["basis"]) == {"reported", "declared", "prior"}


def test_explanation_of_a_modelled_village_names_its_mast_and_holds_the_ground_between(scenario: Run) -> None:
    profile = scenario.table("profiles").iloc[0]
    told = explain(scenario, profile["kato"], "en")
    assert told["nearest_site"]["site_id"] == profile["site_id"]
    assert told["nearest_site"]["km"] == pytest.approx(told["nearest_site_km"], abs=0.002)
    assert told["nearest_served"]["km"] == pytest.approx(told["nearest_served_km"], abs=0.002)
    assert told["profile"]["heights_m"] == [int(height) for height in profile["heights_m"].split()]
