"""The server under load and over time: no error, no growing memory."""

import asyncio
import itertools
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from asynchronous import run

ITEMS = "/collections/gaps/items"
PATHS = (
    ITEMS,
    f"{ITEMS}?limit=1000",
    f"{ITEMS}?service_class=unserved&limit=20",
    f"{ITEMS}?bbox=175,-20,-175,-10",
    f"{ITEMS}?limit=7&offset=%d",
    "/collections/districts/items",
    "/collections/settlements/items/900000001",
    "/settlements/900000001?lang=ru",
    "/collections",
    "/",
    "/api",
    "/healthz",
    f"{ITEMS}?colour=red",
    f"{ITEMS}?bbox=1,2,3",
    "/nothing/%d",
)
EXPECTED = {f"{ITEMS}?colour=red": 400, f"{ITEMS}?bbox=1,2,3": 400, "/nothing/%d": 404}
CODINGS = ("identity", "gzip", "br", "zstd")


class Client:
    """A connection that is kept, and one request after another on it. httpx would cost more than what it asks."""

    def __init__(self, port: int, tags: dict[str, str]) -> None:
        self._port = port
        self._tags = tags

    async def __aenter__(self) -> "Client":
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._writer.close()
        await self._writer.wait_closed()

    async def ask(self, template: str, number: int) -> None:
        """Ask for a path, every other time with the tag that anyone got of it, and check the status."""
        path = template % number if "%d" in template else template
        coding = CODINGS[number % len(CODINGS)]
        tag = self._tags.get(path + coding) if number % 2 else None
        condition = f"If-None-Match: {tag}\r\n" if tag else ""
        head = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept-Encoding: {coding}\r\n{condition}\r\n"
        self._writer.write(head.encode("ascii"))
        status_line, *lines = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1").splitlines()
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
        await self._reader.readexactly(int(headers.get("content-length", 0)))
        expected = 304 if tag and tag == headers.get("etag") else EXPECTED.get(template, 200)
        assert int(status_line.split()[1]) == expected, (path, status_line)
        if "etag" in headers and "%d" not in template:
            self._tags[path + coding] = headers["etag"]


async def load(port: int, clients: int, goes_on: Callable[[int], bool]) -> int:
    """Let clients ask one after another while `goes_on` says so of the number of requests; how many there were."""
    numbers, tags = itertools.count(), dict[str, str]()
    done = 0

    async def read(first: int) -> None:
        nonlocal done
        async with Client(port, tags) as client:
            turn = first
            while goes_on(next(numbers)):
                await client.ask(PATHS[turn % len(PATHS)], turn)
                turn += 1
                done += 1

    await asyncio.gather(*(read(first) for first in range(clients)))
    return done


def resident_bytes(pid: int) -> int:
    """Memory of a process that is not shared with the disk cache, from the kernel's books."""
    status = Path(f"/proc/{pid}/status").read_text("ascii")
    return 1024 * int(next(line for line in status.splitlines() if line.startswith("RssAnon")).split()[1])


def test_many_clients_at_once_get_what_they_ask_for(root: Path, serve_process: Any) -> None:
    with serve_process(root) as served:
        run(load(served.port, 30, lambda number: number < 900))
        lines = served.accesses()
    assert len(lines) == 900
    assert {line["status"] for line in lines} == {200, 304, 400, 404}


@pytest.mark.soak
def test_a_hundred_clients_for_a_minute_without_an_error(
    root: Path, serve_process: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    with serve_process(root, 2) as served:
        end = time.monotonic() + 60
        done = run(load(served.port, 100, lambda _: time.monotonic() < end))
        errors = [line for line in served.accesses() if line["status"] >= 500]
    with capsys.disabled():
        print(f"\n100 clients, 2 workers: {done / 60:.0f} requests/s")
    assert errors == []
    assert done > 5_000


@pytest.mark.soak
def test_memory_is_flat_over_a_hundred_thousand_requests(
    root: Path, serve_process: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    with serve_process(root) as served:
        run(load(served.port, 20, lambda number: number < 20_000))
        early = resident_bytes(served.process.pid)
        run(load(served.port, 20, lambda number: number < 80_000))
        late = resident_bytes(served.process.pid)
    with capsys.disabled():
        print(f"\nmemory after 20,000 requests {early / 2**20:.1f} MB, after 100,000 {late / 2**20:.1f} MB")
    assert late < early * 1.05
