"""What surrounds the operations: keys, origins, frames, limits, readiness, metrics, the access log."""

import asyncio
import json
import logging
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from anyio import to_thread
from asynchronous import run
from prometheus_client.parser import text_string_to_metric_families
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from api.app import create_app
from api.web.keys import require_export_key
from geo.settings import get_settings

Configured = Callable[..., httpx.Client]
ITEMS = "/collections/gaps/items"
ORIGIN = {"Origin": "https://portal.example"}
PREFLIGHT = {**ORIGIN, "Access-Control-Request-Method": "GET"}


async def _guarded(request: Request) -> Response:
    require_export_key(request)
    return Response(b"export")


async def _page(_: Request) -> Response:
    return HTMLResponse("<p>page</p>")


@pytest.fixture
def configured(root: Path, connect: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Configured]:
    """Makes a client of an application with these settings and, beside the real routes, some for the tests."""

    def make(**settings: str) -> httpx.Client:
        for name, value in settings.items():
            monkeypatch.setenv(f"SHALGAI_{name.upper()}", value)
        get_settings.cache_clear()
        app = create_app(root)
        app.add_route("/guarded", _guarded)
        for path in ("/embed/map", "/page"):
            app.add_route(path, _page)
        client: httpx.Client = connect(app)
        return client

    yield make
    get_settings.cache_clear()


def test_exports_are_open_unless_keys_are_set(configured: Configured) -> None:
    assert configured().get("/guarded").status_code == 200


@pytest.mark.parametrize(
    "headers", [{}, {"X-API-Key": ""}, {"X-API-Key": "first"}, {"Authorization": "Basic one"}, {"X-API-Key": "one,two"}]
)
def test_without_a_known_key_an_export_is_refused(configured: Configured, headers: dict[str, str]) -> None:
    refused = configured(export_keys="one, two,").get("/guarded", headers=headers)
    assert refused.status_code == 401
    assert refused.headers["content-type"] == "application/problem+json"
    assert refused.headers["www-authenticate"].startswith("Bearer")
    assert "X-API-Key" in refused.json()["detail"]


@pytest.mark.parametrize("headers", [{"X-API-Key": "two"}, {"Authorization": "bearer one"}])
def test_with_one_it_is_not(configured: Configured, headers: dict[str, str]) -> None:
    assert configured(export_keys="one, two").get("/guarded", headers=headers).text == "export"


def test_a_key_may_have_any_letters(configured: Configured) -> None:
    client = configured(export_keys="ключ")
    assert client.get("/guarded", headers={"X-API-Key": "ключ".encode()}).text == "export"
    assert client.get("/guarded", headers={"X-API-Key": b"\xff"}).status_code == 401


def test_a_path_makes_no_lines_of_its_own_in_the_log(configured: Configured, caplog: pytest.LogCaptureFixture) -> None:
    client = configured()

    async def fails(_: Request) -> Response:
        raise RuntimeError

    client._transport._transport.app.add_route("/fails/{rest}", fails)  # type: ignore[attr-defined]
    assert client.get("/fails/a%0Ab").status_code == 500
    assert caplog.records[-1].getMessage() == r"GET '/fails/a\nb' failed"


def test_few_answers_are_made_in_threads_at_the_same_time(root: Path) -> None:
    async def tokens() -> float:
        app = create_app(root)
        async with app.router.lifespan_context(app):
            return to_thread.current_default_thread_limiter().total_tokens

    assert run(tokens()) == max(4, 2 * (os.cpu_count() or 1))


def test_any_page_may_read_the_data_but_not_the_operators_numbers(configured: Configured) -> None:
    client = configured()
    shown = client.get(ITEMS, headers=ORIGIN).headers
    assert shown["access-control-allow-origin"] == "*"
    assert {"ETag", "Link", "Content-Crs", "Shalgai-Run"} <= set(shown["access-control-expose-headers"].split(", "))
    assert "access-control-allow-credentials" not in shown
    assert client.get(f"{ITEMS}?x=1", headers=ORIGIN).headers["access-control-allow-origin"] == "*"
    for path in ("/metrics", "/healthz", "/readyz"):
        assert "access-control-allow-origin" not in client.get(path, headers=ORIGIN).headers


def test_preflights_are_answered(configured: Configured) -> None:
    answered = configured().options(ITEMS, headers=PREFLIGHT)
    assert (answered.status_code, answered.content) == (204, b"")
    assert answered.headers["access-control-allow-origin"] == "*"
    assert "X-API-Key" in answered.headers["access-control-allow-headers"]


def test_only_the_origins_of_the_settings_may_read(configured: Configured) -> None:
    client = configured(cors_origins="https://portal.example")
    allowed = client.get(ITEMS, headers=ORIGIN).headers
    assert allowed["access-control-allow-origin"] == "https://portal.example"
    assert "Origin" in allowed["vary"]
    for headers in ({}, {"Origin": "https://other.example"}):
        others = client.get(ITEMS, headers=headers).headers
        assert "access-control-allow-origin" not in others
        assert "Origin" in others["vary"]
    refused = client.options(ITEMS, headers=PREFLIGHT | {"Origin": "https://other.example"})
    assert "access-control-allow-origin" not in refused.headers
    assert "access-control-allow-origin" not in configured(cors_origins="").get(ITEMS, headers=ORIGIN).headers


def test_only_embedded_pages_may_stand_in_others_frames(configured: Configured) -> None:
    client = configured(frame_ancestors="https://portal.example")
    assert "frame-ancestors https://portal.example" in client.get("/embed/map").headers["content-security-policy"]
    assert "frame-ancestors 'self'" in client.get("/page").headers["content-security-policy"]
    assert "frame-ancestors 'none'" in client.get(ITEMS).headers["content-security-policy"]


def test_transport_security_is_asked_for_only_over_https(configured: Configured) -> None:
    client = configured(trusted_proxies="127.0.0.1")
    assert "strict-transport-security" not in client.get("/page").headers
    secure = client.get("/", headers={"X-Forwarded-Proto": "https", "X-Forwarded-Host": "portal.example"})
    assert "max-age" in secure.headers["strict-transport-security"]
    assert {link["href"].partition("/")[0] for link in secure.json()["links"]} == {"https:"}
    assert all(link["href"].startswith("https://portal.example/") for link in secure.json()["links"])


def test_root_path_is_part_of_links(configured: Configured) -> None:
    page = configured(root_path="/geo/").get(f"{ITEMS}?limit=1").json()
    assert all(link["href"].startswith("http://test.example:8000/geo/collections/gaps") for link in page["links"])


def test_too_long_addresses_headers_and_bodies_are_refused(configured: Configured) -> None:
    client = configured(url_bytes_max="1000", header_bytes_max="2000")
    refusals = (
        (client.get(f"{ITEMS}?filter={'x' * 1000}"), 414, "Accepted: 1000"),
        (client.get(ITEMS, headers={"X-Long": "x" * 2000}), 431, "Accepted: 2000"),
        (client.request("GET", ITEMS, content=b"x"), 413, "no body"),
    )
    for response, status, told in refusals:
        assert (response.status_code, response.headers["content-type"]) == (status, "application/problem+json")
        assert told in response.json()["detail"]
        assert response.headers["x-content-type-options"] == "nosniff"
    assert client.request("GET", ITEMS, headers={"Content-Length": "0"}).status_code == 200


def test_an_answer_that_does_not_begin_in_time_is_refused_and_its_work_counts_on(
    configured: Configured, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    configured(request_timeout_s="0.05", concurrent_requests_max="1")
    app, ended = create_app(root), threading.Event()
    run(_call(app, ITEMS))  # loads the run
    monkeypatch.setattr("api.operations.overviews.overview_page", lambda *_: str(ended.wait(20)))

    async def scene() -> tuple[list[Any], int]:
        messages: list[Any] = []
        refused = asyncio.Event()

        async def send(message: Any) -> None:
            messages.append(message)
            if not message.get("more_body", message["type"] == "http.response.start"):
                refused.set()

        slow = asyncio.create_task(app(_scope("/maps/overview"), _receive, send))
        await asyncio.wait_for(refused.wait(), 10)
        meanwhile = await _call(app, ITEMS)
        ended.set()
        await slow
        return messages, meanwhile

    messages, meanwhile = run(scene())
    assert [message["type"] for message in messages] == ["http.response.start", "http.response.body"]
    assert messages[0]["status"] == 503
    assert "within 0.05 s" in json.loads(messages[1]["body"])["detail"]
    assert meanwhile == 503
    assert run(_call(app, ITEMS)) == 200


def _scope(path: str) -> dict[str, Any]:
    return {
        "type": "http",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [(b"host", b"test.example")],
        "client": ("127.0.0.1", 1),
    }


async def _receive() -> Any:
    return {"type": "http.request", "body": b"", "more_body": False}


async def _call(app: Any, path: str) -> int:
    statuses: list[int] = []

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    await app(_scope(path), _receive, send)
    return statuses[0]


def test_ready_only_when_the_first_run_is_loaded(configured: Configured, monkeypatch: pytest.MonkeyPatch) -> None:
    client = configured()
    monkeypatch.setattr("api.features.store.RunStore.is_warming", True)
    loading = client.get("/readyz")
    assert (loading.status_code, loading.headers["content-type"]) == (503, "application/problem+json")
    assert "being loaded" in loading.json()["detail"]
    assert client.get("/healthz").status_code == 200
    assert client.get(ITEMS).status_code == 200
    assert client.get("/readyz").status_code == 200


def test_metrics_count_by_operation_and_never_by_path(configured: Configured) -> None:
    client = configured()
    for path in (ITEMS, f"{ITEMS}?limit=5", f"{ITEMS}?colour=red", "/nothing/1", "/nothing/2", "/readyz"):
        client.get(path)
    run = client.get(ITEMS).headers["shalgai-run"]
    samples = {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(client.get("/metrics").text)
        for sample in family.samples
    }

    def value(name: str, /, **labels: str) -> float:
        return samples[f"shalgai_{name}", tuple(sorted(labels.items()))]

    assert value("http_requests_total", operation="getFeatures", status="2xx") == 3
    assert value("http_requests_total", operation="getFeatures", status="4xx") == 1
    assert value("http_requests_total", operation="none", status="4xx") == 2
    assert value("http_request_duration_seconds_count", operation="getFeatures") == 4
    assert value("http_response_bytes_total", operation="getFeatures") > 1000
    assert value("http_requests_in_flight") == 1  # this one
    assert value("run_info", name="current", run=run) == 1
    assert 0 < value("run_age_seconds", name="current") < 3600
    assert value("runs_loaded") == 1
    assert not any("nothing" in str(key) for key in samples)


def test_each_access_is_a_line_without_the_key(configured: Configured, caplog: pytest.LogCaptureFixture) -> None:
    client = configured(export_keys="hidden")
    with caplog.at_level(logging.INFO, "shalgai.access"):
        sent = {"X-API-Key": "hidden", "User-Agent": "tests", "X-Request-Id": "mine-1", "Accept-Encoding": "br"}
        answered = client.get(f"{ITEMS}?limit=50&service_class=unserved", headers=sent)
        refused = client.get(f"{ITEMS}?api_key=hidden", headers={"X-Request-Id": "a b"})
    first, second = (json.loads(record.message) for record in caplog.records if record.name == "shalgai.access")
    assert {name: first[name] for name in ("method", "path", "query", "status", "operation", "run", "encoding")} == {
        "method": "GET",
        "path": ITEMS,
        "query": "limit=50&service_class=unserved",
        "status": 200,
        "operation": "getFeatures",
        "run": answered.headers["shalgai-run"],
        "encoding": "br",
    }
    assert first["bytes"] == int(answered.headers["content-length"])
    assert first["duration_ms"] > 0
    assert (first["client"], first["user_agent"], first["request_id"]) == ("127.0.0.1", "tests", "mine-1")
    assert answered.headers["x-request-id"] == "mine-1"
    assert second["status"] == 400
    assert second["request_id"] == refused.headers["x-request-id"] != "a b"
    assert "hidden" not in caplog.text
