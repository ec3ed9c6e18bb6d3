"""From tests, facilities and roads to published figures, worked out by hand, in a region of flags alone.

Standard kz: confidence 0.7, a declared area is believed 0.84 inside and 0.05 far outside, and worth 12 observations.
"""

import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import geopandas as gpd
import orjson
import pandas as pd
import pytest
import shapely
from rich.console import Console

from api.terminal.tables import print_summary
from geo.access import analysis
from geo.access.explain import explain
from geo.access.inputs import load_inputs
from geo.access.layers import AnalysisInputs
from geo.region import GEOD
from geo.tables.facilities import FACILITIES
from geo.tables.measurements import MEASUREMENTS
from geo.tables.roads import ROADS
from geo.tables.schema import WGS84, Table, conform
from geo.workspace import Run, Workspace

COVERED, DARK, LOST = "810000101", "810000102", "810000103"
AT = {COVERED: shapely.Point(-68.4, -33.4), DARK: shapely.Point(-67.4, -33.4), LOST: None}


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> AnalysisInputs:
    folder = tmp_path_factory.mktemp("given")
    districts = {"west": shapely.box(-69, -34, -68, -33), "east": shapely.box(-68, -34, -67, -33)}
    layers: dict[str, gpd.GeoDataFrame] = {
        "districts": gpd.GeoDataFrame(
            {"kato": ["810000000", "820000000"]}, geometry=list(districts.values()), crs=WGS84
        ),
        "settlements": gpd.GeoDataFrame(
            {"kato": list(AT), "name_en": "x", "population": 300}, geometry=list(AT.values()), crs=WGS84
        ),
        # 4G of operator "a" in the west
        "coverage": gpd.GeoDataFrame(
            {"operator": ["a"], "technology": ["4g"], "basis": ["declared"]}, geometry=[districts["west"]], crs=WGS84
        ),
    }
    for name, layer in layers.items():
        layer.to_file(folder / f"{name}.gpkg")
    return AnalysisInputs(
        settlements=folder / "settlements.gpkg",
        boundaries=folder / "districts.gpkg",
        coverage=(folder / "coverage.gpkg",),
    )


@pytest.fixture
def run_with(inputs: AnalysisInputs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Analyse with canonical tables put in; each call is a run of its own."""

    def run(**tables: gpd.GeoDataFrame) -> Run:
        monkeypatch.setattr(analysis, "load_inputs", lambda *given: replace(load_inputs(*given), **tables))
        return analysis.analyse(inputs, Workspace(tmp_path / "-".join(["run", *tables])))

    return run


def table(canonical: Table, geometry: list[Any], **columns: Any) -> Any:
    return conform(gpd.GeoDataFrame(geometry=geometry, crs=WGS84).assign(**columns), canonical, file="given")


def row(run: Run, kato: str) -> pd.Series:
    return run.table("gaps").set_index("kato").loc[kato]


def reasons(run: Run, kato: str) -> dict[str, dict[str, float]]:
    return {reason["code"]: reason for reason in orjson.loads(row(run, kato)["reasons"])}


def test_without_them_their_figures_are_null_and_the_manifest_says_nothing_of_them(run_with: Any) -> None:
    run = run_with()
    gaps, districts = run.table("gaps"), run.table("districts")
    assert gaps[["nearest_road_km", "facilities", "indicator_institutions"]].isna().all(axis=None)
    assert districts[["road_km", "road_covered_share"]].isna().all(axis=None)
    assert run.table("service")["tests"].isna().all()
    assert set(run.manifest["summary"]) == {
        "settlements",
        "population",
        "people_without",
        "without_position",
        "population_unknown",
        "classes",
    }
    assert row(run, COVERED)["people_without"] == pytest.approx(300 * 0.16, abs=0.01)


def test_failed_tests_make_a_declared_village_a_gap(run_with: Any) -> None:
    tests = table(
        MEASUREMENTS,
        [shapely.Point(-68.4 + shift, -33.4) for shift in (0.0, 0.0015, -0.0015)],  # 140 m apart: a cell each
        operator="a",
        technology="4g",
        no_service=True,
        tests=10,
        measured_at="2026-05-01",
        source="field",
    )
    run = run_with(measurements=tests)
    found = row(run, COVERED)
    # 12·0.84 of 12 observations, and 30 failed tests of the newest day: 10.08 / 42 = 0.24
    assert found["service_class"] == "unserved"
    assert found["probability_served"] == pytest.approx(0.24, abs=1e-4)
    assert found["people_without"] == pytest.approx(300 * 0.76, abs=0.02)
    assert found[["basis", "as_of"]].tolist() == ["measured", "2026-05-01"]
    service = run.table("service").set_index("kato")
    assert service.loc[COVERED, ["basis", "tests", "source", "share_covered"]].tolist() == [
        "measured",
        30.0,
        "field",
        1.0,
    ]
    assert service.loc[DARK, "basis"] == "declared"
    codes = reasons(run, COVERED)
    assert codes["measured"] == {"code": "measured", "count": 30.0, "km": 0.0, "share": 0.0}
    assert "conflicting_evidence" in codes
    assert "measured" not in reasons(run, DARK)
    summary = run.manifest["summary"]
    assert (summary["measurements"], summary["settlements_tested"]) == (3, 1)
    assert "facilities" not in summary


def test_tests_raise_a_dark_village_and_hold_its_rank_as_firmly_as_their_number(
    run_with: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn = []
    interval = analysis.rank_interval
    monkeypatch.setattr(
        analysis, "rank_interval", lambda gaps, *args, **more: drawn.append(gaps) or interval(gaps, *args, **more)
    )
    spots = [shapely.Point(-67.4 + 0.0015 * i, -33.4) for i in (-1, 0, 1)]
    tests = table(MEASUREMENTS, spots, operator="a", technology="4g", signal_dbm=-90.0, measured_at="2026")
    run = run_with(measurements=tests)
    # 0.05·12 of 12 observations and three passed tests
    assert row(run, DARK)["probability_served"] == pytest.approx(3.6 / 15, abs=1e-4)
    assert "conflicting_evidence" in reasons(run, DARK)  # the map says that there is nothing
    # the gaps: the dark village, worth 12 + 3 observations, and the lost one, of which nothing is known
    assert drawn[0].concentration.tolist() == pytest.approx([15.0, 4.0])


def test_schools_without_internet_raise_the_score(run_with: Any) -> None:
    before = row(run_with(), DARK)
    facilities = table(
        FACILITIES,
        [None, None, shapely.Point(-67.41, -33.4), shapely.Point(-68.42, -33.4), shapely.Point(-67.4, -33.4)],
        kind=["school", "clinic", "akimat", "school", "other"],
        kato=[DARK, DARK, None, None, None],
    )
    run = run_with(facilities=facilities)
    dark, covered, lost = (row(run, kato) for kato in (DARK, COVERED, LOST))
    # 37 km outside the area P is 0.05: 3·0.95 institutions of a reference of 3
    assert dark["facilities"] == 3
    assert dark["indicator_institutions"] == pytest.approx(0.95, abs=1e-4)
    # the other four parts had weight 0.9 and were all of the score
    assert dark["score"] == pytest.approx(0.9 * before["score"] + 100 * 0.1 * 0.95, abs=0.01)
    assert covered["indicator_institutions"] == pytest.approx(0.16 / 3, abs=1e-4)
    assert pd.isna(lost["facilities"])
    assert pd.isna(lost["indicator_institutions"])
    assert reasons(run, DARK)["institutions_without"] == {"code": "institutions_without", "count": 3.0, "without": 2.85}
    assert "institutions_without" not in reasons(run, COVERED)  # served
    summary = run.manifest["summary"]
    assert [summary[name] for name in ("facilities", "facilities_placed", "institutions_without")] == [5, 4, 3.0]


def test_roads_give_distances_and_the_covered_share_of_a_district(run_with: Any) -> None:
    across = shapely.LineString([(-68.3, -33.3), (-67.7, -33.3)])
    meridian = shapely.LineString([(-67.3, -33.5), (-67.3, -33.3)])
    run = run_with(roads=table(ROADS, [across, meridian], road_class=["primary", "track"]))
    # 0.1° of longitude at 33.4° S is 9.30 km; the footprint of 300 people has a radius of 0.346 km
    east_km = GEOD.line_length([-67.4, -67.3], [-33.4, -33.4]) / 1000 - 0.346
    assert row(run, DARK)["nearest_road_km"] == pytest.approx(east_km, abs=0.02)
    assert pd.isna(row(run, LOST)["nearest_road_km"])
    half_km, meridian_km = (GEOD.geometry_length(line) / 1000 for line in (across, meridian))
    half_km /= 2
    districts = run.table("districts")
    assert districts["road_km"].tolist() == pytest.approx([half_km, half_km + meridian_km], abs=0.15)
    assert districts["road_covered_share"].tolist() == pytest.approx([1.0, 0.0], abs=0.005)
    assert run.manifest["summary"]["road_km"] == pytest.approx(2 * half_km + meridian_km, abs=0.1)
    assert reasons(run, DARK)["nearest_road"]["km"] == pytest.approx(east_km, abs=0.02)
    assert "nearest_road" not in reasons(run, COVERED)


@pytest.mark.parametrize(
    ("language", "sentences"),
    [
        (
            "en",
            [
                "Tests nearby: 4, the nearest 0 km away; 25% of them meet the standard.",
                "Public institutions here: 2, expected to be without internet: 1.8.",
            ],
        ),
        (
            "ru",
            [
                "Измерений поблизости: 4, ближайшее в 0 км; стандарту соответствует 25\xa0% из них.",
                "Госучреждений здесь: 2, ожидаемое число без интернета: 1,8.",
            ],
        ),
        (
            "kk",
            [
                "Жақын маңдағы өлшеулер саны: 4, ең жақыны 0 км жерде; стандартқа сай келетіндерінің үлесі 25%.",
                "Мұндағы мемлекеттік мекемелер саны: 2, интернеті жоқтарының болжамды саны: 1,8.",
            ],
        ),
    ],
)
def test_explanation_tells_them_in_words(run_with: Any, language: str, sentences: list[str]) -> None:
    spots = [shapely.Point(-67.4 + 0.0015 * i, -33.4) for i in (-1, 0, 1, 2)]
    tests = table(
        MEASUREMENTS, spots, operator="a", technology="4g", signal_dbm=[-90.0, None, None, None], measured_at="2026"
    ).assign(no_service=[False, True, True, True])
    # P of internet (0.05·12 + 1) / 16 = 0.1
    schools = table(FACILITIES, [None, None], kind="school", kato=DARK)
    run = run_with(measurements=tests, facilities=schools)
    assert row(run, DARK)["probability_served"] == pytest.approx(0.1, abs=1e-3)
    told = explain(run, DARK, language)
    texts = [reason["text"] for reason in told["reasons"]]
    assert set(sentences) <= set(texts)
    assert told["facilities"] == 2
    assert told["nearest_road_km"] is None
    assert told["evidence"][0]["tests"] == pytest.approx(4.0)


def test_the_command_line_tells_what_was_made_of_them(run_with: Any) -> None:
    tests = table(MEASUREMENTS, [AT[DARK]], operator="a", technology="4g", no_service=True)
    facilities = table(FACILITIES, [None, None], kind=["school", "other"], kato=DARK)
    roads = table(ROADS, [shapely.LineString([(-68.3, -33.3), (-68.2, -33.3)])])  # 9.31 km
    run = run_with(measurements=tests, facilities=facilities, roads=roads)
    console = Console(file=io.StringIO(), width=300)
    print_summary(run, console, "en")
    shown = console.file.getvalue()
    assert "1 measurements, near 1 settlements" in shown
    assert "1 of 2 facilities are public institutions of a settlement, 1.0 of them expected to be without" in shown
    assert "9 km of roads" in shown


def test_few_tests_move_the_published_totals_of_a_village_but_do_not_settle_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = analysis.analyse(AnalysisInputs(), Workspace(tmp_path / "before"))
    gaps = before.table("gaps")
    village = gaps[(gaps["basis"] == "prior") & gaps.geometry.notna() & (gaps["kind"] == "village")].iloc[0]
    chance, point = village["probability_served"], village.geometry.representative_point()

    def run(count: int) -> tuple[Run, pd.Series]:
        tests = table(
            MEASUREMENTS,
            [point],
            operator="kcell",
            technology="4g",
            no_service=True,
            tests=count,
            measured_at="2026-11-01",
        )
        monkeypatch.setattr(analysis, "load_inputs", lambda *given: replace(load_inputs(*given), measurements=tests))
        after = analysis.analyse(AnalysisInputs(), Workspace(tmp_path / str(count)))
        return after, row(after, village["kato"])

    # the totals are worth 4 observations; 2 failed tests: chance · 4 / 6
    run_two, two = run(2)
    assert two["probability_served"] == pytest.approx(chance * 4 / 6, abs=1e-6)
    assert two[["service_class", "basis"]].tolist() == ["unknown", "prior"]
    assert "nothing_known" in reasons(before, village["kato"])
    assert "nothing_known" not in reasons(run_two, village["kato"])
    _, ten = run(10)
    assert ten["probability_served"] == pytest.approx(chance * 4 / 14, abs=1e-6)
    assert ten[["service_class", "basis"]].tolist() == ["unserved", "measured"]
