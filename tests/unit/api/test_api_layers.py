"""What the layers around the routes read from settings and headers: proxies, origins, frames, secrets in queries."""

import orjson
import pytest
from starlette.types import Receive, Scope, Send

from api.web.access_log import line, safe_query
from api.web.cors import parse_origins
from api.web.proxies import ProxyMiddleware, parse_proxies
from api.web.security import page_policy
from geo.errors import ValueRejected


def seen(proxies: str, client: str, **headers: str) -> Scope:
    """The scope that the application gets behind a proxy."""
    found: list[Scope] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        found.append(scope)

    raw = [(b"host", b"inner:8000")]
    raw += [(name.replace("_", "-").encode(), value.encode("latin-1")) for name, value in headers.items()]
    scope = {"type": "http", "scheme": "http", "client": (client, 1), "headers": raw, "root_path": ""}
    call = ProxyMiddleware(app, parse_proxies(proxies))(scope, None, None)  # type: ignore[arg-type]
    with pytest.raises(StopIteration):
        call.send(None)
    return found[0]


def told(scope: Scope) -> tuple[str, str, str, str]:
    return scope["client"][0], scope["scheme"], dict(scope["headers"])[b"host"].decode(), scope["root_path"]


FORWARDED = {
    "x_forwarded_for": "203.0.113.9",
    "x_forwarded_proto": "https",
    "x_forwarded_host": "portal.example",
    "x_forwarded_prefix": "/geo/",
}


def test_a_trusted_proxy_is_believed() -> None:
    assert told(seen("10.0.0.0/8", "10.1.2.3", **FORWARDED)) == ("203.0.113.9", "https", "portal.example", "/geo")
    assert told(seen("*", "2001:db8::1", **FORWARDED)) == ("203.0.113.9", "https", "portal.example", "/geo")


@pytest.mark.parametrize("client", ["11.0.0.1", "::1", "testclient"])
def test_nobody_else_is(client: str) -> None:
    assert told(seen("10.0.0.0/8", client, **FORWARDED)) == (client, "http", "inner:8000", "")


@pytest.mark.parametrize(
    ("forwarded", "expected"),
    [
        ("6.6.6.6, 203.0.113.9", "203.0.113.9"),
        ("6.6.6.6, 203.0.113.9, 10.0.0.7", "203.0.113.9"),
        ("203.0.113.9:4711", "203.0.113.9"),
        ("[2001:db8::7]:4711", "2001:db8::7"),
        ("<script>", "10.0.0.1"),
        ("", "10.0.0.1"),
    ],
)
def test_the_client_is_the_last_one_that_no_trusted_proxy_is(forwarded: str, expected: str) -> None:
    assert seen("10.0.0.0/8", "10.0.0.1", x_forwarded_for=forwarded)["client"][0] == expected


@pytest.mark.parametrize(
    "header",
    [
        {"x_forwarded_proto": "javascript"},
        {"x_forwarded_host": 'a"b'},
        {"x_forwarded_host": "a/b"},
        {"x_forwarded_prefix": "//evil.example"},
        {"x_forwarded_prefix": "/a?b"},
    ],
)
def test_what_a_proxy_cannot_mean_is_ignored(header: dict[str, str]) -> None:
    assert told(seen("*", "10.0.0.1", **header)) == ("10.0.0.1", "http", "inner:8000", "")


@pytest.mark.parametrize("text", ["proxy.example", "10.0.0.0/33", "10.0.0.1/8"])
def test_what_is_no_address_is_refused_as_a_proxy(text: str) -> None:
    with pytest.raises(ValueRejected, match="SHALGAI_TRUSTED_PROXIES"):
        parse_proxies(text)


def test_origins_are_separated_by_commas() -> None:
    assert parse_origins(" https://A.example/, http://b:8080 ,") == {"https://a.example", "http://b:8080"}
    assert parse_origins("") == frozenset()


def test_frames_are_for_those_who_are_named() -> None:
    assert page_policy("'self'") == page_policy()
    assert page_policy("https://a.example http://*.b.example:8080").endswith(
        "frame-ancestors https://a.example http://*.b.example:8080"
    )
    assert page_policy("").endswith("frame-ancestors 'none'")


@pytest.mark.parametrize("text", ["https://a.example; script-src *", "a.example", "'unsafe-inline'", "https://a/b"])
def test_what_is_no_ancestor_is_refused(text: str) -> None:
    with pytest.raises(ValueRejected, match="SHALGAI_FRAME_ANCESTORS"):
        page_policy(text)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (b"limit=5&service_class=unserved", "limit=5&service_class=unserved"),
        (b"key=abc&limit=5", "key=***&limit=5"),
        (b"limit=5&Api_Key=abc", "limit=5&Api_Key=***"),
        (b"opencellid_token=abc", "opencellid_token=***"),
        (b"%6bey=abc", "%6bey=***"),
        (b"name=key", "name=key"),
        (b"key", "key"),
        (b"a" * 3000, "a" * 2048 + "…"),
    ],
)
def test_the_log_keeps_the_query_without_its_secrets(query: bytes, expected: str) -> None:
    assert safe_query(query) == expected


def test_a_line_is_one_line_of_json_whatever_the_client_sends() -> None:
    scope = {
        "method": "GET",
        "path": "/\n",
        "raw_path": b"/%0a" + b"x" * 9000,
        "query_string": b'a="\n\xff\xfe',
        "headers": [(b"user-agent", b"\xff\n" * 900), (b"x-api-key", b"hidden"), (b"authorization", b"Bearer hidden")],
        "client": None,
    }
    text = line(
        scope,
        time="2026-01-01T00:00:00Z",
        status=200,
        sent_bytes=3,
        duration_ms=1.23456,
        run="0123456789abcdef",
        encoding="br",
    )
    assert "\n" not in text
    assert "hidden" not in text
    assert len(text) < 4000
    found = orjson.loads(text)
    assert (found["status"], found["bytes"], found["duration_ms"]) == (200, 3, 1.235)
    assert (found["run"], found["encoding"], found["client"]) == ("0123456789abcdef", "br", None)


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://tiles.example/{z}/{x}/{y}.png", "https://tiles.example"),
        ("http://127.0.0.1:8081/a/{z}/{x}/{y}", "http://127.0.0.1:8081"),
        ("https://{s}.tiles.example/{z}/{x}/{y}.png", "https://*.tiles.example"),
    ],
)
def test_pictures_come_from_the_tile_server_of_the_settings_too(url: str, origin: str) -> None:
    assert f"img-src 'self' data: blob: {origin};" in page_policy(basemap_url=url)


@pytest.mark.parametrize("url", ["https://a.example/; script-src *", "tiles", "ftp://a/{z}", "https://a.example/{z}'"])
def test_what_is_no_address_of_tiles_is_refused(url: str) -> None:
    with pytest.raises(ValueRejected, match="SHALGAI_BASEMAP_URL"):
        page_policy(basemap_url=url)
