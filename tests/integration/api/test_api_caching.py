"""Revalidation by tag and date, what moves them, content codings, and the short way to a 304."""

import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from asynchronous import run
from starlette.requests import Request

from api.app import create_app
from api.features.store import RunStore
from api.web.requests import READING
from api.web.responses import etag
from api.web.state import named_run
from geo.workspace import Workspace

Publisher = Callable[[Path], Callable[..., Any]]
ITEMS = "/collections/gaps/items?limit=1000"
DATA = (ITEMS, "/collections", "/collections/gaps", "/collections/gaps/items/900000001", "/settlements/900000001")


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server whose clock is an hour ahead, so that everything was written in the past."""

    class Clock:
        @staticmethod
        def time() -> float:
            return (datetime.now(UTC) + timedelta(hours=1)).timestamp()

    monkeypatch.setattr("api.web.responses.time", Clock)


@pytest.mark.parametrize("coding", ["gzip", "br", "zstd", "identity"])
def test_each_coding_has_its_own_tag_and_the_same_document(client: httpx.Client, coding: str) -> None:
    plain = client.get(ITEMS, headers={"Accept-Encoding": "identity"})
    coded = client.get(ITEMS, headers={"Accept-Encoding": coding})
    again = client.get(ITEMS, headers={"Accept-Encoding": coding})
    assert coded.headers.get("content-encoding", "identity") == coding
    assert coded.content == again.content == plain.content
    assert coded.headers["etag"] == again.headers["etag"]
    assert (coded.headers["etag"] == plain.headers["etag"]) is (coding == "identity")
    assert coded.headers["content-length"] == again.headers["content-length"]
    assert "Accept-Encoding" in coded.headers["vary"]


def test_a_small_document_is_coded_only_where_plain_is_refused(client: httpx.Client) -> None:
    small = "/tileMatrixSets"
    assert "content-encoding" not in client.get(small, headers={"Accept-Encoding": "gzip"}).headers
    coded = client.get(small, headers={"Accept-Encoding": "gzip, identity;q=0"})
    assert coded.headers["content-encoding"] == "gzip"
    refused = client.get(small, headers={"Accept-Encoding": "identity;q=0"})
    assert refused.status_code == 406
    assert "zstd, br, gzip" in refused.json()["detail"]


def test_a_304_tells_nothing_of_a_body_that_it_does_not_have(client: httpx.Client) -> None:
    for given in (client.get(ITEMS).headers["etag"], "*"):
        for _ in range(2):
            headers = client.get(ITEMS, headers={"If-None-Match": given}).headers
            assert not {"content-encoding", "content-type", "content-length"} & set(headers)


@pytest.mark.parametrize("path", DATA)
def test_dates_tell_whether_a_document_is_new(client: httpx.Client, later: None, path: str) -> None:
    got = client.get(path)
    date = got.headers["last-modified"]
    changed = parsedate_to_datetime(date)
    assert changed <= datetime.now(UTC)

    def since(moment: str, **others: str) -> int:
        return client.get(path, headers={"If-Modified-Since": moment, **others}).status_code

    assert since(date) == 304
    assert since(format_datetime(changed + timedelta(days=1), usegmt=True)) == 304
    assert since(format_datetime(changed - timedelta(seconds=1), usegmt=True)) == 200
    for no_date in ("yesterday", "", "Mon, 99 Nov 2026 00:00:00 GMT", "0"):
        assert since(no_date) == 200
    # a tag is exact, so where there is one the date does not count (RFC 9110, 13.1.3)
    assert since(date, **{"If-None-Match": '"other"'}) == 200
    assert since("yesterday", **{"If-None-Match": got.headers["etag"]}) == 304


def test_within_the_second_of_a_change_there_is_no_date(
    tmp_path: Path, connect: Any, publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = publisher(tmp_path)()
    pointed = int((tmp_path / "pointers.json").stat().st_mtime)

    class Clock:
        @staticmethod
        def time() -> float:
            return pointed + 0.999

    monkeypatch.setattr("api.web.responses.time", Clock)
    with connect(create_app(tmp_path)) as client:
        assert "last-modified" not in client.get(ITEMS).headers
        moved = pointed - 3600
        os.utime(tmp_path / "pointers.json", (moved, moved))
        made = int(datetime.fromisoformat(run.manifest["created_at"]).timestamp())
        assert "last-modified" not in client.get(ITEMS).headers or made < pointed


def test_after_a_rollback_neither_tag_nor_date_of_the_newer_run_hold(
    tmp_path: Path, connect: Any, publisher: Publisher, later: None
) -> None:
    publish = publisher(tmp_path)
    first, second = publish(seed=1), publish(seed=2)
    pointers = tmp_path / "pointers.json"
    with connect(create_app(tmp_path)) as client:
        newer = client.get(ITEMS)
        known = {"If-None-Match": newer.headers["etag"]}
        dated = {"If-Modified-Since": newer.headers["last-modified"]}
        # twice: the second time by the short way
        assert [client.get(ITEMS, headers=known).status_code for _ in range(2)] == [304, 304]
        assert client.get(ITEMS, headers=dated).status_code == 304
        Workspace(tmp_path).rollback(first.id)
        moved = parsedate_to_datetime(newer.headers["last-modified"]).timestamp() + 5
        os.utime(pointers, (moved, moved))
        for headers in (known, dated):
            older = client.get(ITEMS, headers=headers)
            assert (older.status_code, older.headers["shalgai-run"]) == (200, first.id)
        Workspace(tmp_path).rollback(second.id)
        assert client.get(ITEMS, headers=known).status_code == 304


def test_the_short_way_asks_nothing_but_the_pointers(client: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    headers = {"If-None-Match": client.get(ITEMS).headers["etag"]}
    full = client.get(ITEMS, headers=headers)

    def refuse(*_: Any) -> None:
        raise AssertionError("the run was asked for")

    monkeypatch.setattr(RunStore, "peek", refuse)
    short = client.get(ITEMS, headers=headers)
    own = ("x-request-id",)
    assert {k: v for k, v in short.headers.items() if k not in own} == {
        k: v for k, v in full.headers.items() if k not in own
    }
    assert (short.status_code, short.content) == (304, b"")
    # whatever the answer depends on leads past it
    for change in ({"Host": "other.example"}, {"Accept": "*/*;q=0.5"}, {"Accept-Encoding": "br"}):
        assert client.get(ITEMS, headers=headers | change).status_code == 500
    assert client.get(f"{ITEMS}&offset=1", headers=headers).status_code == 500
    assert client.get(ITEMS, headers={"If-None-Match": '"other"'}).status_code == 500


def test_an_address_written_otherwise_has_its_own_tag() -> None:
    """The document's links are written as the address was."""

    def tag(raw_path: bytes) -> str:
        scope = {"type": "http", "method": "GET", "scheme": "http", "path": "/collections/gaps/items"}
        request = Request({**scope, "raw_path": raw_path, "query_string": b"", "headers": [(b"host", b"a")]})
        return etag(request, "application/json", "1", "identity")

    assert tag(b"/collections/gaps/items") != tag(b"/collections/g%61ps/items")


def test_an_answer_of_several_runs_is_as_old_as_the_first_that_was_read(root: Path) -> None:
    service = create_app(root).state.service
    request = Request({"type": "http", "app": SimpleNamespace(state=SimpleNamespace(service=service))})

    async def read() -> int:
        await named_run(request, "current")
        before: int = request.scope[READING].generation
        service.store._generation += 1  # a pointer moves meanwhile
        await named_run(request, "okrug-centres")
        return before

    assert run(read()) == request.scope[READING].generation


def test_a_refused_request_stays_refused_whatever_tag_it_brings(client: httpx.Client) -> None:
    headers = {"If-None-Match": "*"}
    for path, status in ((f"{ITEMS}&colour=red", 400), ("/collections/nothing/items", 404), ("/settlements/1", 404)):
        assert [client.get(path, headers=headers).status_code for _ in range(2)] == [status, status]
    refused = {**headers, "Accept": "image/png"}
    assert [client.get(ITEMS, headers=refused).status_code for _ in range(2)] == [406, 406]


def test_documents_that_the_pointers_do_not_tell_of_are_always_asked_for(
    tmp_path: Path, connect: Any, publisher: Publisher
) -> None:
    publish = publisher(tmp_path)
    old, _ = publish(seed=1), publish(seed=2)
    with connect(create_app(tmp_path)) as client:
        headers = {"If-None-Match": client.get("/runs").headers["etag"]}
        assert [client.get("/runs", headers=headers).status_code for _ in range(2)] == [304, 304]
        (old.path / "manifest.json").write_text("{")
        assert client.get("/runs", headers=headers).status_code == 200
