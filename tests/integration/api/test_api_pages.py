"""The map pages over HTTP: parameters, headers, and the data that their scripts fetch."""

import csv
import io

import pytest

from api.app import create_app
from geo.settings import get_settings

PAGES = ("/maps/overview", "/maps/print", "/embed/overview", "/maps/coverage", "/maps/compare")


@pytest.mark.parametrize("path", PAGES)
def test_page_speaks_the_language_and_is_kept_by_its_etag(client, path):
    first = client.get(path, headers={"accept-language": "ru"})
    assert first.status_code == 200
    assert first.headers["content-language"] == "ru"
    again = client.get(path, headers={"accept-language": "ru", "if-none-match": first.headers["etag"]})
    assert again.status_code == 304
    assert client.get(path, headers={"accept-language": "kk"}).headers["etag"] != first.headers["etag"]


@pytest.mark.parametrize(
    "path",
    [
        "/maps/overview?class=good",
        "/maps/overview?at=1,2",
        "/maps/overview?at=1,2,nan",
        "/maps/overview?district=" + "1" * 2000,
        "/maps/print?paper=a3",
        "/maps/coverage?operator=Alpha",
        "/maps/coverage?technology=4g",
        "/maps/coverage?operator=Alpha&technology=6g",
        "/maps/coverage/reach",
        "/maps/compare?with=",
        "/maps/compare?change=better",
        "/embed/overview?colour=red",
    ],
)
def test_bad_parameters_are_refused(client, path):
    answer = client.get(path)
    assert answer.status_code == 400
    assert "parameter" in answer.json()["detail"]


def test_switches_keep_what_the_address_chooses(client):
    page = client.get("/maps/overview?lang=en&class=unserved&district=910000001").text
    assert "?lang=kk&amp;run=current&amp;district=910000001&amp;class=unserved" in page
    assert "collections/gaps/items?f=csv&amp;run=" in page
    assert "service_class=unserved" in page


def test_settings_say_who_may_frame_the_embedded_map_and_where_tiles_come_from(root, connect, monkeypatch):
    monkeypatch.setenv("SHALGAI_FRAME_ANCESTORS", "'self' https://geo.example")
    monkeypatch.setenv("SHALGAI_BASEMAP_URL", "https://tiles.example/{z}/{x}/{y}.png")
    get_settings.cache_clear()
    try:
        with connect(create_app(root)) as client:
            policies = {path: client.get(path).headers["content-security-policy"] for path in PAGES}
    finally:
        get_settings.cache_clear()
    assert "frame-ancestors 'self' https://geo.example" in policies["/embed/overview"]
    assert "geo.example" not in policies["/maps/overview"]
    assert all("https://tiles.example;" in policy for policy in policies.values())


def test_reach_has_a_value_for_every_settlement(client, gaps):
    answer = client.get("/maps/coverage/reach?operator=Alpha&technology=4g").json()
    assert answer["columns"]["kato"] == gaps["kato"].tolist()
    assert set(answer["columns"]["reach"]) == {"doubtful"}
    nobody = client.get("/maps/coverage/reach", params={"operator": "Nobody", "technology": "5g"}).json()
    assert set(nobody["columns"]["reach"]) == {"unknown"}


def table_of(answer):
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))


def test_reach_is_a_table_of_what_is_seen_with_run_label_and_credits(client, gaps):
    address = "/maps/coverage/reach?f=csv&operator=Alpha&technology=4g&run=okrug-centres"
    answer = client.get(address)
    assert answer.headers["content-type"].startswith("text/csv")
    assert answer.headers["content-disposition"].startswith("attachment")
    rows = table_of(answer)
    assert len(rows) == len(gaps)
    assert {row["run"] for row in rows} == {answer.headers["shalgai-run"]}
    assert all(row["label"] and row["scenario"] == "okrug-centres" and row["operator"] == "Alpha" for row in rows)
    district = gaps["district_kato"].iloc[0]
    narrowed = table_of(client.get(f"{address}&district={district}"))
    assert len(narrowed) == int((gaps["district_kato"] == district).sum()) < len(gaps)
    assert table_of(client.get(f"{address}&reach=missed")) == []


@pytest.mark.parametrize("path", ["/settlements/<b>9", "/districts/<b>9"])
def test_a_code_that_the_run_does_not_know_is_answered_to_a_reader_by_a_page(client, path):
    answer = client.get(f"{path}?run=okrug-centres", headers={"accept": "text/html", "accept-language": "ru"})
    assert (answer.status_code, answer.headers["content-language"]) == (404, "ru")
    assert "script-src 'self'" in answer.headers["content-security-policy"]
    assert "&lt;b&gt;9" in answer.text
    assert "maps/overview?lang=ru&amp;run=okrug-centres" in answer.text
    assert 'id="scenario-label"' in answer.text
    assert client.get(path).headers["content-type"] == "application/problem+json"


def test_changes_tell_both_runs_apart(client):
    changes = client.get("/maps/compare/changes?run=current&with=okrug-centres").json()
    assert changes["a"]["run"] != changes["b"]["run"]
    assert changes["features"]
    assert client.get("/maps/compare?with=nobody").status_code == 404
