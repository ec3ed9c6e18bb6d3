"""Which other origins' pages may read the data (the Fetch standard's CORS protocol)."""

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.web.requests import local_path

ANY = "*"
_EXPOSED = "ETag, Link, Content-Crs, Content-Disposition, OGC-NumberMatched, Shalgai-Run, X-Request-Id"
_PREFLIGHT = {
    "Access-Control-Allow-Methods": "GET, HEAD",
    "Access-Control-Allow-Headers": "Authorization, X-API-Key, X-Request-Id, If-None-Match, If-Modified-Since",
    "Access-Control-Max-Age": "86400",
    "Vary": "Origin, Access-Control-Request-Method, Access-Control-Request-Headers",
}
_FOR_THE_OPERATOR = ("/metrics", "/healthz", "/readyz")


def parse_origins(text: str) -> frozenset[str]:
    """Origins separated by commas."""
    return frozenset(origin for part in text.split(",") if (origin := part.strip().rstrip("/").lower()))


class CorsMiddleware:
    """Lets pages of the allowed origins read answers, never with cookies, and answers their browsers' preflights."""

    def __init__(self, app: ASGIApp, origins: frozenset[str]) -> None:
        self.app = app
        self._origins = origins
        self._any = ANY in origins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] != "http" or not self._origins or local_path(scope) in _FOR_THE_OPERATOR:
            await self.app(scope, receive, send)
            return
        headers = scope["headers"]
        origin = next((value.decode("latin-1") for name, value in headers if name == b"origin"), None)
        allowed = self._allowed(origin)
        is_preflight = scope["method"] == "OPTIONS" and any(n == b"access-control-request-method" for n, _ in headers)
        if origin is not None and is_preflight:
            shown = {} if allowed is None else {"Access-Control-Allow-Origin": allowed}
            await Response(status_code=204, headers=_PREFLIGHT | shown)(scope, receive, send)
            return

        async def send_with_origin(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = self._with_origin(message["headers"], allowed)
            await send(message)

        await self.app(scope, receive, send_with_origin)

    def _allowed(self, origin: str | None) -> str | None:
        if self._any:
            return ANY
        return origin if origin is not None and origin.lower() in self._origins else None

    def _with_origin(self, headers: list[tuple[bytes, bytes]], allowed: str | None) -> list[tuple[bytes, bytes]]:
        if not self._any:
            # a cache must not give one origin what was let through for another
            headers = [(name, value + b", Origin" if name == b"vary" else value) for name, value in headers]
            if not any(name == b"vary" for name, _ in headers):
                headers.append((b"vary", b"Origin"))
        if allowed is None:
            return headers
        return [
            *headers,
            (b"access-control-allow-origin", allowed.encode("latin-1")),
            (b"access-control-expose-headers", _EXPOSED.encode("ascii")),
        ]
