"""A comparison tells exactly what changed between two runs, and nothing else."""

import io
import json
from dataclasses import dataclass, field

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import Point, box

from geo.access.compare import COMPARED, TOTALS, Change, compare
from geo.access.comparison_files import WRITERS
from geo.tables.words import ServiceClass
from geo.workspace import Run, Workspace

CLASSES = [str(c) for c in ServiceClass]


def village(kato, service_class, rank, people=100, district="910000000", **others):
    without = None if people is None else people * (0.1 if service_class == "served" else 0.9)
    return {
        "kato": kato,
        "name_kk": f"Ауыл {kato}",
        "name_ru": f"Село {kato}",
        "name_en": f"Village {kato}",
        "district_kato": district,
        "service_class": service_class,
        "best_technology": "4g" if service_class == "served" else None,
        "best_operator": "Alpha" if service_class == "served" else None,
        "probability_served": 0.9 if service_class == "served" else 0.1,
        "population": people,
        "people_without": without,
        "score": None if rank is None else 100.0 - rank,
        "rank": rank,
        "geometry": Point(57, 50),
    } | others


BEFORE = [
    village("900000001", "served", None, 1000),
    village("900000002", "unserved", 1, 500),
    village("900000003", "unknown", 2, 300, "920000000"),
    village("900000004", "unknown", 3, None, "920000000"),
]


def frame(rows):
    columns = list(village("0", "served", 1))
    table = gpd.GeoDataFrame(pd.DataFrame(rows, columns=columns), geometry="geometry", crs=4326)
    texts = ["kato", "name_kk", "name_ru", "name_en", "district_kato", "service_class", "best_technology"]
    types = dict.fromkeys([*texts, "best_operator"], "str") | {"population": "Int64", "rank": "Int64"}
    return table.astype(types | {"score": float, "people_without": float, "probability_served": float})


DISTRICTS = gpd.GeoDataFrame(
    {"kato": ["910000000", "920000000"], "name_kk": ["А", "Б"], "name_ru": ["А", "Б"], "name_en": ["=A", "B"]},
    geometry=[box(56, 49, 58, 51), box(58, 49, 60, 51)],
    crs=4326,
)


def publish(root, rows, seed, **manifest):
    stated = {
        "inputs": [{"kind": "settlements", "file": "places.geojson", "sha256": "ab" * 32, "credit": "© X"}],
        "parameters": {"seed": seed, "standard": "kz", "scenario": None},
        "standard": {"name": "kz", "title": {"en": "K"}, "confidence": 0.7},
        "label": None,
        "credits": ["© X"],
    }
    return Workspace(root).publish({"gaps": frame(rows), "districts": DISTRICTS}, stated | manifest)


@pytest.fixture
def runs(tmp_path):
    """Publish two runs of these rows."""
    return lambda before, after, **manifest: (
        publish(tmp_path, before, 1),
        publish(tmp_path, after, 2, **manifest),
    )


def changed(rows, kato, **values):
    return [row | values if row["kato"] == kato else row for row in rows]


def test_a_run_against_itself_is_empty(tmp_path):
    run = publish(tmp_path, BEFORE, 1)
    found = compare(run, run)
    assert found.is_empty
    assert found.premises == ()
    assert (found.overall["settlements_a"], found.overall["gaps_b"], found.overall["population_b"]) == (4, 3, 1800)
    assert (found.overall["people_unknown_a"], found.overall["gained"], found.overall["lost"]) == (1, 0, 0)


def test_a_known_change_is_told_exactly(runs):
    after = changed(
        BEFORE,
        "900000002",
        service_class="served",
        rank=None,
        score=None,
        probability_served=0.9,
        people_without=50.0,
        best_technology="4g",
        best_operator="Alpha",
    )
    after = changed(changed(after, "900000003", rank=1), "900000004", rank=2)
    found = compare(*runs(BEFORE, after))
    rows = found.settlements.set_index("kato")
    assert list(rows.index) == ["900000002", "900000003", "900000004"]
    assert list(rows["change"]) == ["gained", "figures", "figures"]
    gained = rows.loc["900000002"]
    assert (gained["service_class_a"], gained["service_class_b"]) == ("unserved", "served")
    assert (gained["best_technology_a"], gained["best_technology_b"]) == (None, "4g")
    assert (gained["people_without_a"], gained["people_without_b"], gained["people_without_change"]) == (450, 50, -400)
    assert gained["rank_a"] == 1
    assert pd.isna(gained["rank_b"])
    assert pd.isna(gained["rank_move"])
    assert list(rows["rank_move"].iloc[1:]) == [-1, -1]
    same = [c for c in COMPARED if c not in ("rank",)]
    for name in same:
        a, b = rows[f"{name}_a"].iloc[1:], rows[f"{name}_b"].iloc[1:]
        pd.testing.assert_series_equal(a, b, check_names=False)
    (district,) = found.districts.to_dict("records")
    assert (district["kato"], district["name_en"], district["gained"], district["lost"]) == ("910000000", "=A", 1, 0)
    assert (district["gaps_a"], district["gaps_b"]) == (1, 0)
    assert (district["people_without_a"], district["people_without_b"]) == (550, 150)
    assert (district["population_a"], district["population_b"]) == (1500, 1500)
    assert found.overall["gained"] == 1
    assert found.overall["people_without_b"] - found.overall["people_without_a"] == pytest.approx(-400)
    assert [(p.name, p.a, p.b) for p in found.premises] == [("parameters.seed", 1, 2)]


@pytest.mark.parametrize(
    ("values", "change"),
    [
        ({"service_class": "voice_only"}, Change.LOST),
        ({"population": 1001}, Change.FIGURES),
        ({"people_without": None}, Change.FIGURES),
        ({"best_operator": "Beta"}, Change.FIGURES),
        ({"district_kato": None}, Change.FIGURES),
        ({"probability_served": 0.91}, Change.FIGURES),
    ],
)
def test_one_changed_value_is_one_row(runs, values, change):
    found = compare(*runs(BEFORE, changed(BEFORE, "900000001", **values)))
    (row,) = found.settlements.to_dict("records")
    assert (row["kato"], row["change"]) == ("900000001", change)
    (name,) = values
    differing = {
        c for c in COMPARED if row[f"{c}_a"] != row[f"{c}_b"] and not pd.isna([row[f"{c}_a"], row[f"{c}_b"]]).all()
    }
    assert differing == {name}
    assert len(found.districts) == {"district_kato": 2}.get(
        name, 0 if name in ("best_operator", "probability_served") else 1
    )


@pytest.mark.parametrize(
    ("kato", "after", "change"),
    [
        ("900000001", "unserved", "lost"),
        ("900000001", "unknown", "no_longer_known"),
        ("900000002", "served", "gained"),
        ("900000002", "voice_only", "class"),
        ("900000002", "unknown", "no_longer_known"),
        ("900000003", "served", "now_known"),
        ("900000003", "unserved", "now_known"),
    ],
)
def test_service_is_gained_and_lost_between_known_classes_only(runs, kato, after, change):
    found = compare(*runs(BEFORE, changed(BEFORE, kato, service_class=after)))
    assert list(found.settlements["change"]) == [change]
    assert (found.overall["lost"], found.overall["gained"]) == (change == "lost", change == "gained")
    assert found.overall["unknown_b"] - found.overall["unknown_a"] == (
        -1 if change == "now_known" else change == "no_longer_known"
    )


def test_a_settlement_of_one_run_only_is_told(runs):
    found = compare(*runs(BEFORE[:3], [*BEFORE[1:3], village("900000009", "served", None, 7)]))
    assert dict(zip(found.settlements["kato"], found.settlements["change"], strict=True)) == {
        "900000001": "disappeared",
        "900000009": "appeared",
    }
    assert (found.overall["gained"], found.overall["lost"]) == (0, 0)
    assert (found.overall["population_a"], found.overall["population_b"]) == (1800, 807)
    assert found.settlements.geometry.notna().all()


def test_settlements_without_a_district_have_a_row_of_their_own(runs):
    found = compare(*runs(BEFORE, changed(BEFORE, "900000001", district_kato=None)))
    rows = found.districts
    assert rows["kato"].isna().tolist() == [True, False]
    assert rows["settlements_b"].tolist() == [1, 1]
    assert rows.geometry.isna().tolist() == [True, False]


def test_runs_without_settlements_are_compared(runs):
    found = compare(*runs([], BEFORE[:1]))
    assert list(found.settlements["change"]) == ["appeared"]
    found = compare(found.a, found.a)
    assert found.is_empty
    assert found.overall["settlements_a"] == 0


def test_what_the_runs_rest_on_is_named_first_and_by_value(runs):
    inputs = [
        {"kind": "settlements", "file": "places.geojson", "sha256": "cd" * 32, "credit": ""},
        {"kind": "coverage", "file": "a.geojson", "sha256": "ef" * 32, "credit": ""},
    ]
    found = compare(
        *runs(
            BEFORE,
            BEFORE,
            scenario="what-if",
            label={"kk": "К", "ru": "Р", "en": "Scenario"},
            inputs=inputs,
            standard={"name": "itu", "title": {"en": "I"}, "confidence": 0.8},
        )
    )
    assert found.is_empty
    assert [(p.name, p.a, p.b) for p in found.premises] == [
        ("scenario", None, "what-if"),
        ("standard", "kz", "itu"),
        ("standard.confidence", 0.7, 0.8),
        ("input settlements places.geojson", "abababababab", "cdcdcdcdcdcd"),
        ("input coverage a.geojson", None, "efefefefefef"),
        ("parameters.seed", 1, 2),
    ]


def test_a_column_that_one_run_lacks_is_not_compared(tmp_path, monkeypatch):
    old = publish(tmp_path, BEFORE, 1)
    whole = frame

    def narrower(rows):
        return whole(rows).drop(columns="best_operator")

    monkeypatch.setitem(globals(), "frame", narrower)
    assert compare(old, publish(tmp_path, BEFORE, 2)).is_empty


places = st.lists(
    st.builds(
        village,
        st.sampled_from([f"90000000{i}" for i in range(8)]),
        st.sampled_from(CLASSES),
        st.none() | st.integers(1, 9),
        st.none() | st.integers(0, 10_000),
        st.sampled_from(["910000000", "920000000", None]),
    ),
    unique_by=lambda row: row["kato"],
    max_size=8,
)


@dataclass(frozen=True)
class InMemory(Run):
    """A run that nobody stored."""

    tables: dict = field(default_factory=dict)

    def table(self, name):
        return self.tables[name]


def in_memory(rows):
    manifest = {"inputs": [], "parameters": {}, "versions": {}}
    return InMemory("0" * 16, None, manifest, tables={"gaps": frame(rows), "districts": DISTRICTS})


@settings(max_examples=12)
@given(before=places, after=places)
def test_the_way_back_mirrors_the_way_there(before, after):
    a, b = in_memory(before), in_memory(after)
    there, back = compare(a, b), compare(b, a)
    mirrored = {"gained": "lost", "lost": "gained", "appeared": "disappeared", "disappeared": "appeared"}
    mirrored |= {"now_known": "no_longer_known", "no_longer_known": "now_known"}
    swapped = {f"{c}_{x}": f"{c}_{y}" for c in (*COMPARED, *TOTALS) for x, y in ("ab", "ba")} | mirrored
    expected = back.settlements.rename(columns=swapped).sort_values("kato").reset_index(drop=True)
    expected["change"] = expected["change"].replace(mirrored)
    for name in ("rank_move", "people_without_change"):
        expected[name] = -expected[name]
    got = there.settlements.sort_values("kato").reset_index(drop=True)
    texts = ["name_kk", "name_ru", "name_en", "geometry"]
    pd.testing.assert_frame_equal(
        pd.DataFrame(got).drop(columns=texts),
        pd.DataFrame(expected)[got.columns].drop(columns=texts),
        check_dtype=False,
    )
    totals = there.districts.drop(columns="geometry")
    pd.testing.assert_frame_equal(
        pd.DataFrame(totals), pd.DataFrame(back.districts.rename(columns=swapped))[totals.columns], check_dtype=False
    )
    assert {swapped[name]: value for name, value in back.overall.items()} == there.overall
    assert compare(a, a).is_empty
    changes = there.overall["people_without_b"] - there.overall["people_without_a"]
    per_district = there.districts["people_without_b"].sum() - there.districts["people_without_a"].sum()
    assert changes == pytest.approx(per_district, abs=1e-6)


@pytest.fixture
def comparison(runs):
    after = changed(BEFORE, "900000001", service_class="unserved", best_operator="=cmd()")
    after = changed(after, "900000003", geometry=None)
    return compare(*runs(BEFORE, after, scenario="what-if", label={"kk": "К", "ru": "Р", "en": "Scenario"}))


def test_the_csv_is_safe_and_carries_runs_label_and_credits(comparison):
    content = WRITERS["csv"](comparison, "settlement")
    assert content.startswith(b"\xef\xbb\xbf")
    (row,) = pd.read_csv(io.BytesIO(content), dtype=str).to_dict("records")
    assert row["best_operator_b"] == "'=cmd()"
    assert (row["change"], row["population_a"], row["population_b"]) == ("lost", "1000", "1000")
    assert pd.isna(row["rank_a"])
    assert (row["run_a"], row["run_b"]) == (comparison.a.id, comparison.b.id)
    assert "Scenario" in row["label_b"]
    assert row["credits"] == "© X"
    assert (row["lon"], row["lat"]) == ("57.0", "50.0")


def test_the_csv_by_district_ends_with_the_whole(comparison):
    table = pd.read_csv(io.BytesIO(WRITERS["csv"](comparison, "district")), dtype={"kato": str})
    assert table["kato"].tolist()[0] == "910000000"
    assert table["name_en"].tolist()[0] == "'=A"
    assert table["level"].tolist() == ["district", "all"]
    assert table["lost"].tolist() == [1, 1]


def test_the_geojson_has_both_values_and_says_what_differs(comparison):
    document = json.loads(WRITERS["geojson"](comparison, "settlement"))
    (feature,) = document["features"]
    assert feature["id"] == "900000001"
    assert feature["geometry"]["type"] == "Point"
    properties = feature["properties"]
    assert (properties["service_class_a"], properties["service_class_b"]) == ("served", "unserved")
    assert (properties["population_a"], properties["rank_a"]) == (1000, None)
    assert document["a"]["run"] == comparison.a.id
    assert document["b"]["label"]["en"] == "Scenario"
    assert document["overall"]["lost"] == 1
    assert document["districts"][0]["kato"] == "910000000"
    assert document["premises"][0] == {"name": "scenario", "a": None, "b": "what-if"}
    assert document["credits"] == ["© X"]


def test_the_geojson_by_district_has_their_areas(comparison):
    (feature,) = json.loads(WRITERS["geojson"](comparison, "district"))["features"]
    assert feature["geometry"]["type"] == "Polygon"
    assert feature["properties"]["lost"] == 1


def test_a_hundred_thousand_settlements_are_compared_at_once(tmp_path):
    count = 100_000
    rows = pd.DataFrame([village("900000001", "unknown", 1)] * 1)
    table = rows.loc[np.zeros(count, dtype=int)].reset_index(drop=True)
    table["kato"] = [f"{100_000_000 + i}" for i in range(count)]
    a = publish(tmp_path, table, 1)
    table.loc[7, "service_class"] = "served"
    found = compare(a, publish(tmp_path, table, 2))
    assert list(found.settlements["kato"]) == ["100000007"]
