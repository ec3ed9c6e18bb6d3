"""`shalgai serve` as processes: workers that act as one, a graceful end, and what is refused at the socket."""

import json
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

ITEMS = "/collections/gaps/items"
REQUESTS = 30


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory, publisher: Callable[[Path], Any]) -> Path:
    """A workspace of this module's own, to be changed."""
    folder = tmp_path_factory.mktemp("running")
    publisher(folder)(seed=1)
    return folder


@pytest.fixture(scope="module")
def served(root: Path, serve_process: Any) -> Iterator[Any]:
    """Two workers."""
    with serve_process(root, 2) as served:
        yield served


def get(served: Any, path: str, **headers: str) -> httpx.Response:
    # a connection each, so that either worker may take it
    return httpx.get(served.url + path, headers=headers, timeout=60)


def answered(served: Any) -> tuple[float, set[str]]:
    """Requests for features that the metrics tell of, and the processes that they tell of."""
    families = {family.name: family for family in text_string_to_metric_families(get(served, "/metrics").text)}
    counts = families["shalgai_http_requests"].samples if "shalgai_http_requests" in families else []
    total = sum(s.value for s in counts if s.name.endswith("_total") and s.labels["operation"] == "getFeatures")
    return total, {sample.labels["pid"] for sample in families["shalgai_process_resident_bytes"].samples}


def test_workers_count_and_log_as_one(served: Any) -> None:
    before, _ = answered(served)
    marks = [f"{ITEMS}?limit=1&offset={n}" for n in range(REQUESTS)]
    ids = {get(served, mark).headers["x-request-id"] for mark in marks}
    after, pids = answered(served)
    assert after - before == REQUESTS
    assert len(pids) == 2
    lines = [line for line in served.accesses() if line["request_id"] in ids]
    assert [f"{line['path']}?{line['query']}" for line in lines] == marks
    assert {(line["status"], line["client"], line["operation"]) for line in lines} == {
        (200, "127.0.0.1", "getFeatures")
    }


def test_every_worker_follows_the_pointer_and_has_the_same_tags(
    served: Any, root: Path, publisher: Callable[[Path], Any]
) -> None:
    old = get(served, ITEMS)
    published = publisher(root)(seed=2)
    known = {"If-None-Match": old.headers["etag"]}
    seen = [get(served, ITEMS, **known) for _ in range(REQUESTS)]
    assert {(response.status_code, response.headers["shalgai-run"]) for response in seen} == {(200, published.id)}
    assert len({response.headers["etag"] for response in seen}) == 1


def exchange(served: Any, sent: bytes) -> tuple[str, dict[str, Any]]:
    """Send bytes and read to the end; status line and problem document."""
    with socket.create_connection(("127.0.0.1", served.port), timeout=20) as connection:
        connection.sendall(sent)
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"content-type: application/problem+json" in head
    return head.split(b"\r\n")[0].decode(), json.loads(body)


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"GET /collections/gaps/items?filter=" + b"x" * 10_000_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n", 414),
        (b"GET /collections/gaps/items?filter=" + b"x" * 20_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n", 414),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX-Long: " + b"x" * 1_000_000 + b"\r\n\r\n", 431),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX-Long: " + b"x" * 40_000 + b"\r\n\r\n", 431),
        (b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n" + b"x" * 1_000_000, 413),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n" + b"x" * 1_000_000, 405),
        (b"\x16\x03\x01 this is not HTTP\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
        ("GET /collections/gaps/items?name_ru=Село HTTP/1.1\r\nHost: a\r\n\r\n".encode(), 400),
    ],
    ids=[
        "10 MB query",
        "20 KB query",
        "1 MB header",
        "40 KB header",
        "body",
        "post",
        "noise",
        "no host",
        "two hosts",
        "not encoded",
    ],
)
def test_what_is_too_much_is_refused_at_once_with_a_reason(served: Any, sent: bytes, status: int) -> None:
    get(served, "/healthz")  # the server is up, so that the time is the refusal's own
    begun = time.perf_counter()
    line, problem = exchange(served, sent)
    assert time.perf_counter() - begun < 2
    assert line.split()[1] == str(status)
    assert problem["status"] == status
    assert problem["detail"]
    assert get(served, "/healthz").status_code == 200


def answers(served: Any, *sent: bytes) -> list[tuple[int, Any]]:
    """Statuses and JSON of all that comes back on one connection, until it is closed or a request asks for that."""
    found = []
    with socket.create_connection(("127.0.0.1", served.port), timeout=20) as connection:
        for part in sent:
            connection.sendall(part)
        rest = b"".join(iter(lambda: connection.recv(65536), b""))
    while rest:
        head, _, rest = rest.partition(b"\r\n\r\n")
        length = next(int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:"))
        found.append((int(head.split()[1]), json.loads(rest[:length])))
        rest = rest[length:]
    return found


LIVE = b"GET /healthz HTTP/1.1\r\nHost: a\r\n"
LAST = LIVE + b"Connection: close\r\n\r\n"


def test_a_hash_in_a_query_is_part_of_it(served: Any) -> None:
    # were it the end, half a filter would be answered as if it were the whole
    request = f"GET {ITEMS}?limit=1#2 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode()
    ((status, problem),) = answers(served, request)
    assert (status, "1#2" in problem["detail"]) == (400, True)


def test_requests_sent_at_once_are_answered_in_their_order_and_noise_after_them_is_refused(served: Any) -> None:
    found = answers(served, LIVE + b"\r\n" + f"GET {ITEMS}?limit=1 HTTP/1.1\r\nHost: a\r\n\r\n".encode() + b"\x16\r\n")
    assert [status for status, _ in found] == [200, 200, 400]
    assert "features" in found[1][1]


def test_many_requests_at_once_are_not_taken_for_one_long_head(served: Any) -> None:
    sent = (LIVE + b"X-Long: " + b"x" * 1000 + b"\r\n\r\n") * 100 + LAST
    assert [status for status, _ in answers(served, sent[:-20], sent[-20:])] == [200] * 101


@pytest.mark.parametrize("upgrade", [b"websocket", b"h2c"])
def test_an_upgrade_that_is_not_offered_is_answered_as_if_it_were_not_asked_for(served: Any, upgrade: bytes) -> None:
    with socket.create_connection(("127.0.0.1", served.port), timeout=20) as connection:
        connection.sendall(LIVE + b"Connection: Upgrade\r\nUpgrade: " + upgrade + b"\r\n\r\n")
        assert connection.recv(65536).startswith(b"HTTP/1.1 200 ")
        connection.sendall(LAST)
        assert b"HTTP/1.1 200 " in b"".join(iter(lambda: connection.recv(65536), b""))


def test_an_address_with_a_host_is_answered(served: Any) -> None:
    request = LAST.replace(b"/healthz", b"http://a/healthz", 1)
    assert [status for status, _ in answers(served, request)] == [200]


def test_a_request_in_flight_is_answered_whole_before_the_server_ends(
    tmp_path: Path, publisher: Callable[[Path], Any], serve_process: Any
) -> None:
    publisher(tmp_path)(count=8_000)
    path = "/collections/settlements/items?limit=10000"
    with serve_process(tmp_path) as served, socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.settimeout(60)
        connection.connect(("127.0.0.1", served.port))
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
        answer = connection.recv(1000)
        served.process.terminate()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2**20)
        answer += b"".join(iter(lambda: connection.recv(65536), b""))
        head, _, body = answer.partition(b"\r\n\r\n")
        length = next(line for line in head.split(b"\r\n") if line.startswith(b"content-length: "))
        assert len(body) == int(length.split()[1]) > 6_000_000  # more than the kernel takes over
        assert served.process.wait(timeout=60) == 0
        assert "Traceback" not in served.errors.read_text("utf-8")
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", served.port))


def test_head_and_body_of_an_answer_do_not_wait_for_each_other(served: Any) -> None:
    # with Nagle's algorithm on, each answer on a kept connection takes the 40 ms of a delayed acknowledgement
    with httpx.Client(base_url=served.url) as client:
        client.get("/healthz")
        spent = []
        for _ in range(20):
            begun = time.perf_counter()
            client.get("/healthz")
            spent.append(time.perf_counter() - begun)
    assert min(spent) < 0.03
