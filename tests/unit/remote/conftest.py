"""A server on this machine that behaves, and misbehaves, as it is told."""

import hashlib
import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from geo.remote.download import Patience, State, Wanted, download
from geo.remote.exchange import Client

Behaviour = Callable[["Handler"], None]
LONG_AGO = "Mon, 01 Sep 2025 10:00:00 GMT"


class Handler(BaseHTTPRequestHandler):
    """Serves `server.script`: behaviours in turn, the last one for good."""

    protocol_version = "HTTP/1.1"
    server: "Server"

    def do_GET(self) -> None:
        self.server.requests.append((self.path, dict(self.headers)))
        script = self.server.script
        (script.pop(0) if len(script) > 1 else script[0])(self)
        self.close_connection = True

    def log_message(self, *arguments: object) -> None:
        """Keep the test output clean."""

    def answer(self, status: int, headers: dict[str, str], body: bytes = b"") -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.script: list[Behaviour] = []
        self.requests: list[tuple[str, dict[str, str]]] = []
        self.released = threading.Event()

    @property
    def authority(self) -> str:
        return f"127.0.0.1:{self.server_address[1]}"

    @property
    def url(self) -> str:
        return f"http://{self.authority}/file"

    @staticmethod
    def files(content: bytes, **properties: Any) -> "Files":
        """A well-behaved file server of one content."""
        return Files(content, **properties)

    @staticmethod
    def status(code: int, **headers: str) -> Behaviour:
        """An answer without a body; underscores in names of headers stand for hyphens."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return lambda handler: handler.answer(code, {"Content-Length": "0", **named})

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up is no news here."""


@dataclass
class Files:
    """A well-behaved file server of one content; `cut` sends only so many bytes of a body and hangs up."""

    content: bytes
    etag: str | None = None
    modified: str | None = LONG_AGO
    ranges: bool = True
    headers: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.etag is None:
            self.etag = f'"{hashlib.sha256(self.content).hexdigest()[:16]}"'

    def __call__(self, handler: Handler, cut: int | None = None) -> None:
        validators = {"ETag": self.etag or "", "Last-Modified": self.modified or ""}
        validators = {name: value for name, value in validators.items() if value}
        if self.etag and handler.headers.get("If-None-Match") == self.etag:
            handler.answer(304, validators)
            return
        found = re.fullmatch(r"bytes=(\d+)-", handler.headers.get("Range", ""))
        is_same = handler.headers.get("If-Range") in (self.etag, self.modified)
        if found and is_same and self.ranges:
            start, size = int(found[1]), len(self.content)
            span = {"Content-Range": f"bytes {start}-{size - 1}/{size}", "Content-Length": str(size - start)}
            handler.answer(206, {**validators, **self.headers, **span}, self.content[start:][:cut])
            return
        length = {"Content-Length": str(len(self.content))}
        handler.answer(200, {**validators, **self.headers, **length}, self.content[:cut])

    def cut(self, count: int) -> Behaviour:
        return lambda handler: self(handler, count)


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield running
        running.released.set()
        running.shutdown()
        thread.join()


@dataclass
class Fetcher:
    """Downloads from the server into a folder; waits are noted, not waited."""

    server: Server
    folder: Path
    waits: list[float] = field(default_factory=list)
    seen: list[tuple[int, int | None]] = field(default_factory=list)
    attempts: int = 4

    @property
    def path(self) -> Path:
        return self.folder / "file.json"

    def client(self, **changes: object) -> Client:
        settings = {"exempt": frozenset({self.server.authority}), "stall_s": 5.0, "proxies": {}, **changes}
        return Client(**settings)  # type: ignore[arg-type]

    def patience(self) -> Patience:
        return Patience(attempts=self.attempts, sleep=self.waits.append, jitter=lambda: 1.0)

    def __call__(self, *, form: str = "json", client: Client | None = None, **changes: object) -> State:
        url = str(changes.pop("url", self.server.url))
        wanted = Wanted(url, url, self.path, form, changes.pop("checksum", None))  # type: ignore[arg-type]
        options = {"bytes_max": 10**7, "today": "2026-11-23", **changes}
        return download(
            wanted,
            client or self.client(),
            self.patience(),
            progress=lambda done, total: self.seen.append((done, total)),
            **options,  # type: ignore[arg-type]
        )


@pytest.fixture
def fetcher(server: Server, tmp_path: Path) -> Fetcher:
    return Fetcher(server, tmp_path)
