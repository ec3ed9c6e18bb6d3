"""Sums by groups over HTTP, against pandas."""

import io
from collections import Counter
from typing import Any

import geopandas as gpd
import httpx
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

AGGREGATE = "/collections/settlements/aggregate"


def get(client: httpx.Client, path: str = AGGREGATE, **params: Any) -> dict[str, Any]:
    response = client.get(path, params=params or None)
    assert response.status_code == 200, response.text
    return response.json()


def problem(client: httpx.Client, **params: Any) -> str:
    response = client.get(AGGREGATE, params=params)
    assert response.status_code == 400, response.text
    assert response.headers["content-type"] == "application/problem+json"
    return response.json()["detail"]


def known_sum(values: Any) -> float | None:
    return values.sum(min_count=1)


def same(found: Any, expected: Any) -> bool:
    return found is None if pd.isna(expected) else found == pytest.approx(expected)


def test_groups_are_those_of_pandas(client: httpx.Client, gaps: gpd.GeoDataFrame) -> None:
    answer = get(
        client,
        group_by="best_technology,is_okrug_centre",
        measures="count,people,people_without,sum:rank,mean:score,min:score,max:population",
    )
    frame = pd.DataFrame(gaps.drop(columns="geometry"))
    keys, expected = [], []
    for key, part in frame.groupby(["best_technology", "is_okrug_centre"], dropna=False, sort=True):
        keys.append((None if pd.isna(key[0]) else key[0], key[1]))
        expected.append(
            {
                "count": len(part),
                "people": known_sum(part["population"]),
                "people_unknown": part["population"].isna().sum(),
                "people_low": known_sum(part["population"]),
                "people_high": known_sum(part["population"]),
                "people_without": known_sum(part["people_without"]),
                "people_without_unknown": part["people_without"].isna().sum(),
                "rank_sum": known_sum(part["rank"]),
                "rank_unknown": part["rank"].isna().sum(),
                "score_mean": part["score"].mean(),
                "score_min": part["score"].min(),
                "score_unknown": 0,
                "population_max": part["population"].max(),
                "population_unknown": part["population"].isna().sum(),
            }
        )
    groups = answer["groups"]
    assert [(g["best_technology"], g["is_okrug_centre"]) for g in groups] == keys
    for group, values in zip(groups, expected, strict=True):
        assert group.keys() - {"best_technology", "is_okrug_centre"} == values.keys()
        assert all(same(group[name], value) for name, value in values.items()), (group, values)
    for name in ("count", "people", "people_unknown", "people_without", "rank_sum"):
        assert sum(g[name] or 0 for g in groups) == pytest.approx(answer["totals"][name])
    assert answer["totals"]["score_min"] == gaps["score"].min()
    assert isinstance(answer["totals"]["people"], int)
    assert answer["numberMatched"] == len(gaps)


def test_the_issues_question_is_answered_with_the_districts_names(client: httpx.Client) -> None:
    answer = get(
        client,
        "/collections/gaps/aggregate",
        group_by="district,service_class",
        measures="count,people",
        run="okrug-centres",
    )
    first = answer["groups"][0]
    assert list(first)[:2] == ["district_kato", "service_class"]
    names = {g["district_kato"]: (g["district_name_kk"], g["district_name_en"]) for g in answer["groups"]}
    assert names == {"910000000": ("А", "A"), "910000001": ("Ә", "E"), "910000002": ("Б", "B")}
    assert answer["scenario"] == "okrug-centres"
    assert answer["label"]["en"] == "Scenario, not observed"
    assert answer["credits"] == ["Made up"]
    collection = next(link["href"] for link in answer["links"] if link["rel"] == "collection")
    assert get(client, collection)["run"] == answer["run"]
    assert "district_name_kk" not in get(client, group_by="district_kato")["groups"][0]


def test_unknown_values_are_counted_and_never_become_zero(client: httpx.Client) -> None:
    answer = get(client, group_by="kato", measures="people,mean:people_without")
    first = answer["groups"][0]  # its population is not known
    assert (first["people"], first["people_unknown"], first["people_low"]) == (None, 1, None)
    assert (first["people_without_mean"], first["people_without_unknown"]) == (None, 1)
    assert answer["totals"]["people_unknown"] == 23
    empty = get(client, group_by="kato", measures="count,people,max:score", kato="nowhere")
    assert empty["groups"] == []
    assert empty["totals"] == {
        "count": 0,
        "people": 0,
        "people_unknown": 0,
        "people_low": 0,
        "people_high": 0,
        "score_max": None,
        "score_unknown": 0,
    }


def test_without_columns_all_is_one_group(client: httpx.Client) -> None:
    answer = get(client)
    assert answer["groups"] == [{"count": 250}]
    assert answer["totals"] == {"count": 250}


@pytest.mark.parametrize(
    "selection",
    [
        {"service_class": "unserved"},
        {"bbox": "172,-18,-175,-12"},
        {"datetime": "2025-01-01/.."},
        {"run": "okrug-centres"},
    ],
)
def test_the_same_selection_as_the_items(client: httpx.Client, selection: dict[str, str]) -> None:
    listed = client.get("/collections/settlements/items", params={**selection, "limit": 1000}).json()
    answer = get(client, group_by="service_class", **selection)
    counts = Counter(feature["properties"]["service_class"] for feature in listed["features"])
    assert {g["service_class"]: g["count"] for g in answer["groups"]} == counts
    assert answer["numberMatched"] == listed["numberMatched"]
    assert answer["run"] == listed["run"]


columns = st.lists(
    st.sampled_from(["district", "service_class", "best_technology", "is_okrug_centre", "population", "as_of", "kato"]),
    unique=True,
    max_size=4,
)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(columns, st.floats(170, 179), st.floats(0.5, 9))
def test_the_groups_counts_sum_to_the_selections_size(
    client: httpx.Client, names: list[str], west: float, width: float
) -> None:
    selection = {"bbox": f"{west},-20,{west + width},-10"}
    grouped = {"group_by": ",".join(names)} if names else {}
    answer = get(client, measures="count,people", **grouped, **selection)
    size = client.get("/collections/settlements/items", params=selection).json()["numberMatched"]
    assert sum(g["count"] for g in answer["groups"]) == answer["totals"]["count"] == answer["numberMatched"] == size
    assert sum(g["people"] or 0 for g in answer["groups"]) == (answer["totals"]["people"] or 0)
    if names:
        given_names = ["district_kato" if name == "district" else name for name in names]
        keys = [tuple((g[n] is None, g[n]) for n in given_names) for g in answer["groups"]]
        assert len(set(keys)) == len(keys)
        assert keys == sorted(keys, key=lambda key: [(missing, "" if missing else value) for missing, value in key])


def test_csv_has_a_line_for_each_group_and_one_for_all(client: httpx.Client) -> None:
    query = {"group_by": "district,best_technology", "measures": "count,people", "run": "okrug-centres"}
    response = client.get(AGGREGATE, params={**query, "f": "csv", "lang": "en"})
    assert response.headers["content-type"] == "text/csv; charset=utf-8"
    assert response.headers["content-disposition"].startswith('attachment; filename="settlements-aggregate-')
    assert response.content.startswith("\ufeff".encode())
    table = pd.read_csv(io.BytesIO(response.content), dtype={"district_kato": str})
    answer = get(client, **query)
    assert table["row"].tolist() == ["group"] * len(answer["groups"]) + ["total"]
    for name in ("district_kato", "best_technology", "district_name_ru", "count", "people", "people_unknown"):
        shown = [None if pd.isna(value) else value for value in table[name]]
        assert shown == [g[name] for g in answer["groups"]] + [answer["totals"].get(name)]
    assert table.columns.tolist()[-4:] == ["run", "scenario", "label", "credits"]
    assert set(table["label"]) == {"Scenario, not observed"}
    assert set(table["run"]) == {answer["run"]}


def test_a_formula_among_the_keys_is_harmless(client: httpx.Client) -> None:
    response = client.get(AGGREGATE, params={"group_by": "reasons"})
    assert response.status_code == 400
    hostile = client.get(AGGREGATE, params={"group_by": "name_ru", "f": "csv"}).text
    assert not any(line.startswith(('"=', '"+', '"-', '"@')) for line in hostile.splitlines())


def test_an_answer_that_the_client_has_is_not_sent_again(client: httpx.Client) -> None:
    first = client.get(AGGREGATE, params={"group_by": "district"})
    again = client.get(AGGREGATE, params={"group_by": "district"}, headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert client.head(AGGREGATE).status_code == 200


def test_wrong_questions_say_what_is_accepted(client: httpx.Client) -> None:
    assert "service_class" in problem(client, group_by="colour")
    assert "Accepted: kato" in problem(client, group_by="score")
    assert "make no groups" in problem(client, group_by="reasons")
    assert "which are the same" in problem(client, group_by="district,district_kato")
    assert "more than once" in problem(client, group_by="kato,kato")
    assert "list of 1 to 20" in problem(client, group_by="")
    assert "list of 1 to 20" in problem(client, measures=",".join(["count"] * 21))
    assert "people_without, sum:COLUMN" in problem(client, measures="median:score")
    assert "Columns of numbers: population" in problem(client, measures="sum:colour")
    assert "Columns of numbers: population" in problem(client, measures="max:name_ru")
    assert "'nonsense'" in problem(client, nonsense="1")
    assert "'limit'" in problem(client, limit="1")
    response = client.get("/collections/districts/aggregate", params={"measures": "people"})
    assert response.status_code == 400
    assert "no column of numbers 'population'" in response.json()["detail"]
    assert client.get("/collections/nowhere/aggregate").status_code == 404


def test_openapi_describes_it(client: httpx.Client) -> None:
    document = get(client, "/api", f="json")
    operation = document["paths"]["/collections/{collectionId}/aggregate"]["get"]
    assert {"group_by", "measures", "bbox", "datetime", "service_class"} <= {p["name"] for p in operation["parameters"]}
    assert set(operation["responses"]["200"]["content"]) == {"application/json", "text/csv"}
