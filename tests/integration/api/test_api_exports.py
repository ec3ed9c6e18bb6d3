"""Exports over HTTP: the same selection as a list, as a file."""

import asyncio
import io
import tempfile
from pathlib import Path
from typing import Any

import geopandas as gpd
import httpx
import openpyxl
import pandas as pd
import pyogrio
import pytest
from asynchronous import run

from api.app import create_app
from api.exports.formats import EXPORTS
from api.filters.selection import select
from api.operations import exports as exports_operation
from api.operations import items as items_operation
from api.operations.exports import attachment
from geo.settings import get_settings

GAPS = "/collections/gaps/items"


def file(client: httpx.Client, path: str = GAPS, headers: dict[str, str] | None = None, **params: Any) -> bytes:
    response = client.get(path, params=params, headers=headers)
    assert response.status_code == 200, response.text
    return response.content


def katos(content: bytes, name: str, folder: Path) -> list[str]:
    """The rows' ids, read by another library."""
    path = folder / f"file.{'geojsons' if name == 'geojsonseq' else name}"
    path.write_bytes(content)
    if name == "csv":
        return pd.read_csv(path, dtype=str)["kato"].tolist()
    if name == "xlsx":
        return pd.read_excel(path, dtype=str).iloc[:, 0].tolist()
    return (gpd.read_parquet(path) if name == "parquet" else pyogrio.read_dataframe(path))["kato"].tolist()


@pytest.mark.parametrize("form", EXPORTS.values(), ids=lambda form: form.name)
def test_a_file_has_the_rows_of_the_list_in_its_order(client: httpx.Client, form: Any, tmp_path: Path) -> None:
    selection = {"service_class": "unserved", "bbox": "172,-18,-175,-12"}
    listed = client.get(GAPS, params={**selection, "limit": 1000}).json()
    response = client.get(GAPS, params={**selection, "f": form.name})
    assert response.headers["content-type"].partition(";")[0] == form.media_type
    run = listed["run"]
    assert response.headers["content-disposition"] == f'attachment; filename="gaps-{run}{form.suffix}"'
    assert response.headers["shalgai-run"] == run
    assert katos(response.content, form.name, tmp_path) == [feature["id"] for feature in listed["features"]]
    assert (
        client.get(GAPS, params=selection, headers={"Accept": form.media_type})
        .headers["content-type"]
        .startswith(form.media_type)
    )


@pytest.mark.parametrize("collection", ["settlements", "districts", "coverage", "sites"])
@pytest.mark.parametrize("form", EXPORTS.values(), ids=lambda form: form.name)
def test_every_collection_can_be_taken_away(client: httpx.Client, collection: str, form: Any) -> None:
    assert file(client, f"/collections/{collection}/items", f=form.name)


def test_a_scenarios_rows_say_so_in_the_asked_language(client: httpx.Client) -> None:
    for language, label in (("en", "Scenario, not observed"), ("ru", "Сценарий!")):
        content = file(client, f="csv", run="okrug-centres", lang=language)
        rows = pd.read_csv(io.BytesIO(content))
        assert set(rows["label"]) == {label}
        assert set(rows["run_scenario"]) == {"okrug-centres"}
        assert set(rows["credits"]) == {"Made up"}
    book = openpyxl.load_workbook(io.BytesIO(file(client, f="xlsx", headers={"Accept-Language": "ru"})))
    assert book["gaps"]["A1"].value == "Код КАТО"


def test_a_limit_is_kept_only_where_it_is_given(client: httpx.Client) -> None:
    whole = pd.read_csv(io.BytesIO(file(client, f="csv")))
    assert len(whole) == client.get(GAPS).json()["numberMatched"] > 100
    part = pd.read_csv(io.BytesIO(file(client, f="csv", limit=7, offset=3)))
    assert part["kato"].tolist() == whole["kato"][3:10].tolist()
    rest = pd.read_csv(io.BytesIO(file(client, f="csv", offset=150)))
    assert rest["kato"].tolist() == whole["kato"][150:].tolist()


def test_a_file_that_the_client_has_is_not_made_again(client: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    first = client.get(GAPS, params={"f": "gpkg"})
    tag = first.headers["etag"]
    assert not tag.startswith("W/")
    assert client.get(GAPS, params={"f": "fgb"}).headers["etag"] != tag
    assert client.get(GAPS, params={"f": "gpkg", "run": "okrug-centres"}).headers["etag"] != tag
    assert client.get(GAPS, params={"f": "gpkg"}, headers={"Accept-Language": "en"}).headers["etag"] != tag
    monkeypatch.setattr(exports_operation, "Extract", None)  # whoever makes one now fails
    for given in (tag, f'"other", W/{tag}', "*"):
        again = client.get(GAPS, params={"f": "gpkg"}, headers={"If-None-Match": given})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    head = client.head(GAPS, params={"f": "gpkg"})
    assert (head.status_code, head.content, head.headers["etag"]) == (200, b"", tag)
    assert head.headers["content-disposition"] == first.headers["content-disposition"]
    assert head.headers.get("x-content-length", "") == ""


@pytest.mark.parametrize("name", ["csv", "geojsonseq"])
def test_text_is_compressed_where_the_client_accepts_it(
    client: httpx.Client, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.exports.extract.CHUNK_ROWS", 10)
    plain = client.get(GAPS, params={"f": name}, headers={"Accept-Encoding": "identity"})
    packed = client.get(GAPS, params={"f": name}, headers={"Accept-Encoding": "gzip"})
    assert "content-encoding" not in plain.headers
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.content == plain.content  # the client unpacks it
    assert packed.headers["etag"] != plain.headers["etag"]
    assert "Accept-Encoding" in packed.headers["vary"]


@pytest.mark.parametrize(
    ("params", "status"),
    [({"f": "shp"}, 400), ({"f": "csv", "nonsense": "1"}, 400), ({"f": "csv", "population": "many"}, 400)],
)
def test_wrong_requests_are_problems(client: httpx.Client, params: dict[str, str], status: int) -> None:
    response = client.get(GAPS, params=params)
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"


def test_other_resources_have_no_files(client: httpx.Client) -> None:
    response = client.get("/collections", params={"f": "csv"})
    assert response.status_code == 400
    assert response.json()["detail"].endswith("Here: json, html")


def test_nothing_stays_on_disk_when_the_client_goes_away(
    root: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr("api.exports.files.PART_BYTES", 1000)
    app = create_app(root)
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "method": "GET",
        "scheme": "http",
        "path": GAPS,
        "raw_path": GAPS.encode(),
        "root_path": "",
        "query_string": b"f=gpkg",
        "headers": [(b"host", b"test.example")],
        "server": ("test.example", 80),
    }
    seen = []

    async def visit() -> None:
        gone = asyncio.Event()
        asked = 0

        async def receive() -> dict[str, Any]:
            nonlocal asked
            asked += 1
            if asked == 1:
                return {"type": "http.request", "body": b"", "more_body": False}
            await gone.wait()
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            if message["type"] == "http.response.body":
                seen.append(list(tmp_path.iterdir()))
                gone.set()
                await asyncio.Event().wait()  # nobody reads any more

        await app(scope, receive, send)

    run(asyncio.wait_for(visit(), 20))
    assert len(seen) == 1
    assert seen[0]
    assert not list(tmp_path.iterdir())


def test_rows_are_chosen_in_a_thread_and_only_for_who_may_export(
    root: Path, connect: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The dearest filter must not hold up others, nor may a stranger have it worked out."""
    seen: list[bool] = []

    def observed(*given: Any) -> Any:
        try:
            asyncio.get_running_loop()
            seen.append(False)
        except RuntimeError:
            seen.append(True)
        return select(*given)

    monkeypatch.setattr(items_operation, "select", observed)
    monkeypatch.setenv("SHALGAI_EXPORT_KEYS", "one")
    get_settings.cache_clear()
    try:
        client = connect(create_app(root))
    finally:
        get_settings.cache_clear()
    assert client.get(f"{GAPS}?f=csv").status_code == 401
    assert seen == []
    given = client.get(f"{GAPS}?f=csv", headers={"X-API-Key": "one"})
    assert seen == [True]
    again = client.get(f"{GAPS}?f=csv", headers={"X-API-Key": "one", "If-None-Match": given.headers["etag"]})
    assert (again.status_code, seen) == (304, [True])


def test_only_a_few_files_are_made_at_the_same_time(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = create_app(root)
    most = 0
    original = exports_operation.to_thread.run_sync

    async def counted(*args: Any, limiter: Any = None) -> Any:
        nonlocal most
        result = await original(*args, limiter=limiter)
        if args[0] is next:
            assert limiter.total_tokens == exports_operation.EXPORTS_AT_ONCE
            most = max(most, limiter.statistics().tasks_waiting)
        return result

    monkeypatch.setattr(exports_operation.to_thread, "run_sync", counted)

    async def visit() -> list[int]:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test.example") as client:
            answers = await asyncio.gather(*(client.get(GAPS, params={"f": "gpkg"}) for _ in range(8)))
        return [answer.status_code for answer in answers]

    assert run(visit()) == [200] * 8
    assert most > 0


@pytest.mark.parametrize(
    ("name", "header"),
    [
        ("gaps-0123.csv", 'attachment; filename="gaps-0123.csv"'),
        ('а"\r\n/b.csv', "attachment; filename=\"_____b.csv\"; filename*=UTF-8''%D0%B0%22%0D%0A%2Fb.csv"),
    ],
)
def test_a_files_name_is_safe_in_a_header(name: str, header: str) -> None:
    assert attachment(name) == header
