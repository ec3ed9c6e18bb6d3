"""Absolute addresses of the service's resources, and the link objects of its documents."""

import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode

from starlette.requests import Request

Link = dict[str, Any]

_PATH = "/:@!$&'()*+,;=~-._"
_SENT = _PATH + "%?"
_HEADER_CHARACTERS = 4_000
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
    path = quote(sent, safe=_SENT) if sent else quote(scope["path"], safe=_PATH)
    path = path.removeprefix(scope.get("root_path", "").rstrip("/"))
    # whatever a client may send unencoded, a link has no quote, bracket or letter that would end it
    query = quote(scope["query_string"], safe=_SENT)
    return f"{root_url(request)}{path}{'?' + query if query else ''}"


def with_query(url: str, items: Iterable[tuple[str, str]]) -> str:
    """A URL without query, and these parameters."""
    query = urlencode(list(items))
    return f"{url}?{query}" if query else url


def with_parameters(url: str, changed: Mapping[str, str]) -> str:
    """A URL with some parameters set and its others as they are."""
    base, _, query = url.partition("?")
    kept = [(name, text) for name, text in parse_qsl(query, keep_blank_values=True) if name not in changed]
    return with_query(base, [*kept, *changed.items()])


def link_header(links: Iterable[Link]) -> dict[str, str]:
    """The Link header (RFC 8288) of a document; none where it would be longer than clients take.

    Titles stay in the document, which may hold any letter.
    """
    text = ", ".join(f'<{entry["href"]}>; rel="{entry["rel"]}"; type="{entry["type"]}"' for entry in links)
    return {"Link": text} if len(text) <= _HEADER_CHARACTERS else {}


def link(rel: str, href: str, media_type: str, title: str) -> Link:
    """A link object as OGC API Common has it."""
    return {"rel": rel, "type": media_type, "title": title, "href": href}


def page_links(request: Request, media_type: str, matched: int, offset: int, limit: int) -> list[Link]:
    """`next` and `prev` where there are; they keep every other parameter of the request."""
    links: list[Link] = []
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
