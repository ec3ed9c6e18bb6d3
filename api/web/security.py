"""Headers that every answer carries, a check of the Host header, empty bodies for HEAD, and the last catch."""

import logging
import re

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.web.links import host_is_sound
from api.web.problems import crash_response, problem_response
from api.web.requests import local_path
from geo.errors import Problem, ValueRejected

log = logging.getLogger(__name__)

_PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:{images}; "
    "font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors {ancestors}"
)

DATA_POLICY = "default-src 'none'; frame-ancestors 'none'"
"""Content-Security-Policy of everything else."""

EMBED_PATHS = "/embed/"
"""Beginning of the paths whose pages others may put into frames of theirs."""

_NOT_MODIFIED = 304
_ANCESTOR = re.compile(r"\*|'self'|'none'|https?://(\*\.)?[A-Za-z0-9.\-]+(:([0-9]{1,5}|\*))?")

_TILES = re.compile(r"(https?://(?:\{s\}\.)?[A-Za-z0-9.\-]+(?::[0-9]{1,5})?)/[^\s'\"]*\{z\}[^\s'\"]*")

_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
)
_HTTPS_HEADERS = (*_HEADERS, (b"strict-transport-security", b"max-age=31536000"))


def page_policy(ancestors: str = "'self'", basemap_url: str = "") -> str:
    """Content-Security-Policy of HTML pages: nothing from other hosts, no script in the page itself.

    Parameters
    ----------
    ancestors
        Who may put the page into a frame, separated by spaces.
    basemap_url
        Address of map tiles that readers may switch on; empty where there are none.

    Raises
    ------
    ValueRejected
        For what is not the source of a frame, or not an address of tiles.
    """
    sources = ancestors.split() or ["'none'"]
    for source in sources:
        if not _ANCESTOR.fullmatch(source):
            remedy = "Accepted in SHALGAI_FRAME_ANCESTORS: 'self', 'none', *, and origins like https://portal.example"
            raise ValueRejected(Problem("not an origin that can embed pages", remedy, value=source))
    return _PAGE_POLICY.format(ancestors=" ".join(sources), images=_origin(basemap_url))


def _origin(url: str) -> str:
    """Origin of an address of tiles as a further source, ``{s}`` of its host as the wildcard that policies know."""
    if not url:
        return ""
    found = _TILES.fullmatch(url)
    if not found:
        remedy = "Accepted in SHALGAI_BASEMAP_URL: https://tiles.example/{z}/{x}/{y}.png"
        raise ValueRejected(Problem("not an address of map tiles", remedy, value=url))
    return " " + found[1].replace("{s}", "*")


class SecurityMiddleware:
    """Works on every answer, those of errors included."""

    def __init__(self, app: ASGIApp, frame_ancestors: str = "'self'", basemap_url: str = "") -> None:
        self.app = app
        self._page = page_policy(basemap_url=basemap_url).encode("ascii")
        self._data = DATA_POLICY.encode("ascii")
        self._embedded = page_policy(frame_ancestors, basemap_url).encode("ascii")

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
                message["headers"] = self._secured(scope, message["status"], message["headers"])
            elif head and message["type"] == "http.response.body":
                message = {**message, "body": b""}
            await send(message)

        host = next((value for name, value in scope["headers"] if name == b"host"), None)
        if host is not None and not host_is_sound(host.decode("latin-1")):
            refusal = problem_response(400, "The Host header is not a host name with an optional port.")
            await refusal(scope, receive, send_with_headers)
            return
        try:
            await self.app(scope, receive, send_with_headers)
        except Exception:
            log.exception("%s %r failed", scope["method"], scope["path"])  # a path may hold line ends
            if started:
                raise
            await crash_response()(scope, receive, send_with_headers)

    def _secured(self, scope: Scope, status: int, headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
        """The headers of an answer and those that it lacks; all names are in lower case, as ASGI wants them."""
        given = dict(headers)
        added = list(_HTTPS_HEADERS if scope["scheme"] == "https" else _HEADERS)
        # a 304 has no content type, and what it carries would replace the cached page's own policy
        if status != _NOT_MODIFIED:
            added.append((b"content-security-policy", self._policy(scope, given.get(b"content-type", b""))))
        return [*headers, *(header for header in added if header[0] not in given)]

    def _policy(self, scope: Scope, content_type: bytes) -> bytes:
        if not content_type.startswith(b"text/html"):
            return self._data
        return self._embedded if local_path(scope).startswith(EMBED_PATHS) else self._page
