"""One line of JSON per request on standard output, without secrets."""

import logging
import re
import sys
from typing import TextIO
from urllib.parse import unquote_plus

import orjson
from starlette.types import Scope

from api.web.requests import OPERATION, REQUEST_ID

LOGGER = logging.getLogger("shalgai.access")

_PATH_MAX = 512
_QUERY_MAX = 2048
_AGENT_MAX = 200
_SECRET = re.compile(r"key|token|secret|password|signature", re.IGNORECASE)


class _StandardOutput(logging.StreamHandler[TextIO]):
    """Writes to what standard output is at that moment; a reader that has gone is not the request's fault."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)

    @property
    def stream(self) -> TextIO:  # type: ignore[override]
        return sys.stdout

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the name is logging's
        """Lose the line."""


class AccessLog:
    """Switches the log on while the service runs, unless the operator's own configuration of logging has done so."""

    def __init__(self) -> None:
        self._handler: logging.Handler | None = None

    def __enter__(self) -> None:
        """Begin."""
        if not LOGGER.handlers:
            self._handler = _StandardOutput()
            LOGGER.addHandler(self._handler)
            LOGGER.setLevel(logging.INFO)
            LOGGER.propagate = False

    def __exit__(self, *_: object) -> None:
        """End."""
        if self._handler is not None:
            LOGGER.removeHandler(self._handler)
            LOGGER.setLevel(logging.NOTSET)
            LOGGER.propagate = True


def line(
    scope: Scope, *, time: str, status: int, sent_bytes: int, duration_ms: float, run: str | None, encoding: str | None
) -> str:
    """The line of one request; `time` in ISO 8601."""
    client = scope.get("client")
    path = scope.get("raw_path") or scope["path"].encode("utf-8", "replace")
    agent = next((value for name, value in scope["headers"] if name == b"user-agent"), None)
    return orjson.dumps(
        {
            "time": time,
            "method": scope["method"][:20],
            "path": path[:_PATH_MAX].decode("latin-1"),
            "query": safe_query(scope["query_string"]),
            "status": status,
            "bytes": sent_bytes,
            "duration_ms": round(duration_ms, 3),
            "operation": scope.get(OPERATION),
            "run": run,
            "client": None if client is None else client[0],
            "request_id": scope.get(REQUEST_ID),
            "encoding": encoding,
            "user_agent": None if agent is None else agent[:_AGENT_MAX].decode("latin-1"),
        }
    ).decode()


def safe_query(query: bytes) -> str:
    """A query string as sent, shortened, and without the values of parameters that are named like secrets."""
    text = query[:_QUERY_MAX].decode("latin-1")
    if "%" in text or _SECRET.search(text):
        text = "&".join(_without_secret(part) for part in text.split("&"))
    return text if len(query) <= _QUERY_MAX else text + "…"


def _without_secret(part: str) -> str:
    name, sign, _ = part.partition("=")
    return f"{name}=***" if sign and _SECRET.search(unquote_plus(name)) else part
