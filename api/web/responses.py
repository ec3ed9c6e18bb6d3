"""Answers with strong ETags: 304 where the client has the document, gzip where it pays."""

import gzip
import hashlib
from collections.abc import Callable, Mapping
from typing import Any

import orjson
from anyio import to_thread
from starlette.requests import Request
from starlette.responses import Response

from api.web.links import root_url
from api.web.negotiation import gzip_accepted

GZIP_FROM_BYTES = 1024
GZIP_LEVEL = 4
_IN_THREAD_FROM_BYTES = 64 * 1024

REVALIDATE = "no-cache"
"""Cache-Control of documents whose address stays when a pointer moves: keep, but ask each time (304)."""


def dump(value: Any) -> bytes:
    """JSON of a document."""
    return orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS)


async def respond(
    request: Request,
    make: Callable[[], bytes],
    *,
    media_type: str,
    version: str,
    vary: str = "Accept, Accept-Encoding",
    cache: str = REVALIDATE,
    headers: Mapping[str, str] | None = None,
    slow: bool = False,
) -> Response:
    """Answer with the document that `make` makes, unless the client already has it.

    Parameters
    ----------
    version
        What the document depends on beside the request's address: the run, the program, the language.
    headers
        Further ones, also on a 304.
    slow
        Making it takes milliseconds or reads files: it is done in a thread, so that other requests go on.
    """
    zipped = gzip_accepted(request)
    tag = etag(request, media_type, version, zipped)
    given = request.headers.get("if-none-match")
    common = {"ETag": tag, "Vary": vary, "Cache-Control": cache, **(headers or {})}
    if given is not None and holds(given, tag):
        return Response(status_code=304, headers=common)
    body = await to_thread.run_sync(make) if slow else make()
    if given is not None and given.strip() == "*":
        return Response(status_code=304, headers=common)
    if zipped and len(body) >= GZIP_FROM_BYTES:
        body = await to_thread.run_sync(_gzip, body) if len(body) >= _IN_THREAD_FROM_BYTES else _gzip(body)
        common["Content-Encoding"] = "gzip"
    return Response(body, headers=common, media_type=media_type)


def _gzip(body: bytes) -> bytes:
    return gzip.compress(body, GZIP_LEVEL, mtime=0)


def etag(request: Request, media_type: str, version: str, zipped: bool) -> str:
    """Strong: the same tag is the same bytes. Links make the address of the service part of them."""
    scope = request.scope
    named = "\0".join(
        (
            version,
            media_type,
            root_url(request),
            scope["path"],
            scope["query_string"].decode("latin-1"),
        )
    )
    digest = hashlib.blake2b(named.encode("utf-8", "replace"), digest_size=12).hexdigest()
    return f'"{digest}-gzip"' if zipped else f'"{digest}"'


def holds(header: str, tag: str) -> bool:
    """Whether an If-None-Match header names the tag (weak comparison, RFC 9110, 13.1.2)."""
    return any(entry.strip().removeprefix("W/") == tag for entry in header.split(","))
