"""Every request is counted, timed, logged and given an id."""

import itertools
import logging
import re
import secrets
import time
from datetime import UTC, datetime

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.web import access_log
from api.web.metrics import Metrics
from api.web.requests import OPERATION, REQUEST_ID

_NO_OPERATION = "none"
"""Label of requests for what does not exist: their paths are anything, and labels must stay few."""

_NO_ANSWER = 499
"""Status in log and metrics where the client left before the answer began."""

_REQUEST_ID = re.compile(rb"[A-Za-z0-9._:-]{1,64}")


class ObservationMiddleware:
    """Outermost layer: what it tells is what the client got."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self.app = app
        self._metrics = metrics
        self._prefix = secrets.token_hex(4)
        self._numbers = itertools.count(1)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        begun = time.perf_counter()
        request_id = self._request_id(scope)
        scope[REQUEST_ID] = request_id.decode("ascii")
        status, sent_bytes, is_told = _NO_ANSWER, 0, False
        headers: list[tuple[bytes, bytes]] = []

        def tell() -> None:
            nonlocal is_told
            if is_told:
                return
            is_told = True
            seconds = time.perf_counter() - begun
            self._metrics.observe(scope.get(OPERATION, _NO_OPERATION), status, seconds, sent_bytes)
            if access_log.LOGGER.isEnabledFor(logging.INFO):
                found = dict(headers)
                run, encoding = found.get(b"shalgai-run"), found.get(b"content-encoding")
                access_log.LOGGER.info(
                    "%s",
                    access_log.line(
                        scope,
                        time=datetime.now(UTC).isoformat(timespec="milliseconds"),
                        status=status,
                        sent_bytes=sent_bytes,
                        duration_ms=seconds * 1000,
                        run=None if run is None else run.decode("latin-1"),
                        encoding=None if encoding is None else encoding.decode("latin-1"),
                    ),
                )

        async def observed_send(message: Message) -> None:
            nonlocal status, sent_bytes, headers
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = message["headers"] = [*message["headers"], (b"x-request-id", request_id)]
                await send(message)
                return
            sent_bytes += len(message.get("body", b""))
            await send(message)
            if not message.get("more_body", False):
                tell()

        self._metrics.in_flight.inc()
        try:
            await self.app(scope, receive, observed_send)
        finally:
            self._metrics.in_flight.dec()
            tell()

    def _request_id(self, scope: Scope) -> bytes:
        """The client's own id where it has a sound one, so that logs of several services can be joined; else ours."""
        for name, value in scope["headers"]:
            if name == b"x-request-id" and _REQUEST_ID.fullmatch(value):
                return bytes(value)
        return b"%s-%x" % (self._prefix.encode("ascii"), next(self._numbers))
