"""What a request may ask of the service: length of its address, size of its headers, no body, some time."""

import asyncio
from dataclasses import dataclass
from enum import Enum

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.web.problems import problem_response
from geo.settings import Settings

_CLOSE = {"Connection": "close"}
_LATER = {"Retry-After": "1"}


@dataclass(frozen=True)
class Limits:
    """The most that one request may take, and the most requests at a time."""

    url_bytes: int
    header_bytes: int
    concurrent_requests: int
    wait_s: float

    @classmethod
    def from_settings(cls, settings: Settings) -> "Limits":
        """The limits that the operator has set."""
        return cls(
            settings.url_bytes_max,
            settings.header_bytes_max,
            settings.concurrent_requests_max,
            settings.request_timeout_s,
        )


class _Answer(Enum):
    AWAITED = 0
    BEGUN = 1
    REFUSED = 2


class LimitsMiddleware:
    """Refuses what is too much, each with what would be accepted.

    A thread cannot be stopped. When an answer has not begun in time, the client gets 503 and the work goes on to its
    end unheard; it counts among the concurrent requests until then, so that work piled up leads to refusals, not to
    ever more threads.
    """

    def __init__(self, app: ASGIApp, limits: Limits) -> None:
        self.app = app
        self._limits = limits
        self._in_flight = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        refusal = self._refusal(scope)
        if refusal is not None:
            await refusal(scope, receive, send)
            return
        self._in_flight += 1
        try:
            await self._within_time(scope, receive, send)
        finally:
            self._in_flight -= 1

    def _refusal(self, scope: Scope) -> Response | None:
        limits = self._limits
        url_bytes = len(scope.get("raw_path") or scope["path"]) + len(scope["query_string"])
        if url_bytes > limits.url_bytes:
            return problem_response(
                414, f"Path and query have {url_bytes} bytes. Accepted: {limits.url_bytes} or fewer.", _CLOSE
            )
        header_bytes, has_body = 0, False
        for name, value in scope["headers"]:
            header_bytes += len(name) + len(value)
            if (name == b"content-length" and value.strip(b"0")) or name == b"transfer-encoding":
                has_body = True
        if header_bytes > limits.header_bytes:
            return problem_response(
                431, f"The headers have {header_bytes} bytes. Accepted: {limits.header_bytes} or fewer.", _CLOSE
            )
        if has_body and scope["method"] in ("GET", "HEAD"):
            return problem_response(413, "A request has no body here: everything goes into the query.")
        if self._in_flight >= limits.concurrent_requests:
            return problem_response(503, "Too many requests at a time. Try again in a moment.", _LATER)
        return None

    async def _within_time(self, scope: Scope, receive: Receive, send: Send) -> None:
        loop = asyncio.get_running_loop()
        answer = _Answer.AWAITED
        refusing: asyncio.Task[None] | None = None

        def refuse() -> None:
            nonlocal answer, refusing
            answer = _Answer.REFUSED
            seconds = f"{self._limits.wait_s:g}"
            refusal = problem_response(503, f"No answer within {seconds} s. Ask for less, or try later.", _LATER)
            refusing = loop.create_task(refusal(scope, receive, send))

        async def timely_send(message: Message) -> None:
            nonlocal answer
            if answer is _Answer.AWAITED:
                answer = _Answer.BEGUN
                timer.cancel()
            if answer is _Answer.BEGUN:
                await send(message)

        timer = loop.call_later(self._limits.wait_s, refuse)
        try:
            await self.app(scope, receive, timely_send)
        finally:
            timer.cancel()
            if refusing is not None:
                await refusing
