"""Absolute addresses of the service's resources, and the link objects of its documents."""

import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote, urlencode

from starlette.requests import Request

Link = dict[str, Any]

_HOST = re.compile(r"[A-Za-z0-9.\-_]+(:[0-9]{1,5})?|\[[0-9A-Fa-f:.]+\](:[0-9]{1,5})?")


def host_is_sound(host: str) -> bool:
    """Whether a Host header is a host and port, so that links may be built from it."""
    return bool(_HOST.fullmatch(host))


def root_url(request: Request) -> str:
    """Address of the service as the client reaches it, without a slash at the end."""
    scope = request.scope
    host = request.headers.get("host")
    if host is None:
        name, port = scope.get("server") or ("localhost", None)
        host = f"{name}:{port}" if port else str(name)
    return f"{scope['scheme']}://{host}{scope.get('root_path', '').rstrip('/')}"


def request_url(request: Request) -> str:
    """Address of the request itself, query included."""
    scope = request.scope
    # as sent: a slash in a feature's id is %2F there, and cannot be told from the path's own once decoded
    sent = scope.get("raw_path")
    path = sent.decode("latin-1") if sent else quote(scope["path"], safe="/:@!$&'()*+,;=~-._")
    path = path.removeprefix(scope.get("root_path", "").rstrip("/"))
    query = scope["query_string"].decode("latin-1")
    return f"{root_url(request)}{path}{'?' + query if query else ''}"


def with_query(url: str, items: Iterable[tuple[str, str]]) -> str:
    """A URL without query, and these parameters."""
    query = urlencode(list(items))
    return f"{url}?{query}" if query else url


def link(rel: str, href: str, media_type: str, title: str) -> Link:
    """A link object as OGC API Common has it."""
    return {"rel": rel, "type": media_type, "title": title, "href": href}


def page_links(request: Request, media_type: str, matched: int, offset: int, limit: int) -> list[Link]:
    """`self`, and `next` and `prev` where there are; they keep every other parameter of the request."""
    links = [link("self", request_url(request), media_type, "This page")]
    if offset + limit >= matched and offset == 0:
        return links
    base = request_url(request).partition("?")[0]
    kept = [(name, text) for name, text in request.query_params.multi_items() if name not in ("limit", "offset")]

    def page(rel: str, title: str, start: int, count: int) -> Link:
        return link(rel, with_query(base, [*kept, ("limit", str(count)), ("offset", str(start))]), media_type, title)

    if offset + limit < matched:
        links.append(page("next", "Next page", offset + limit, limit))
    before = min(offset, matched)
    if before > 0:
        start = max(0, before - limit)
        # where less than a page lies before this one, the previous page is that short: pages never overlap
        links.append(page("prev", "Previous page", start, before - start))
    return links
