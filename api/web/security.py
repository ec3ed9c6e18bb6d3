"""Headers that every answer carries, a check of the Host header, empty bodies for HEAD, and the last catch."""

import logging

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.web.links import host_is_sound
from api.web.problems import crash_response, problem_response

log = logging.getLogger(__name__)

PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'self'"
)
"""Content-Security-Policy of HTML pages: nothing from other hosts, no script in the page itself."""

DATA_POLICY = "default-src 'none'; frame-ancestors 'none'"
"""Content-Security-Policy of everything else."""

NOT_MODIFIED = 304

_HEADERS = (
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "same-origin"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
)


class SecurityMiddleware:
    """Outermost layer of ours: works on every answer, those of errors included."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        head = scope["method"] == "HEAD"
        started = False

        async def send_with_headers(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS:
                    headers.setdefault(name, value)
                # a 304 has no content type, and what it carries would replace the cached page's own policy
                if message["status"] != NOT_MODIFIED:
                    html = headers.get("content-type", "").startswith("text/html")
                    headers.setdefault("Content-Security-Policy", PAGE_POLICY if html else DATA_POLICY)
            elif head and message["type"] == "http.response.body":
                message = {**message, "body": b""}
            await send(message)

        host = Headers(scope=scope).get("host")
        if host is not None and not host_is_sound(host):
            refusal = problem_response(400, "The Host header is not a host name with an optional port.")
            await refusal(scope, receive, send_with_headers)
            return
        try:
            await self.app(scope, receive, send_with_headers)
        except Exception:
            log.exception("%s %s failed", scope["method"], scope["path"])
            if started:
                raise
            await crash_response()(scope, receive, send_with_headers)
