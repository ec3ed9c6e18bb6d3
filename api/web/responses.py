"""Answers with strong ETags and dates: 304 where the client has the document, compressed where it pays."""

import hashlib
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from functools import lru_cache
from typing import Any

import orjson
from anyio import to_thread
from starlette.requests import Request
from starlette.responses import Response

from api.web.encodings import COMPRESS_FROM_BYTES, COMPRESSORS, IDENTITY, Coding, coding_of
from api.web.links import request_url
from api.web.requests import PRIVATE, READING, UNCHANGED, Reading
from api.web.state import service_of

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
    coding = coding_of(request)
    tag = etag(request, media_type, version, coding.name)
    common, known = conditional(request, tag, vary=vary, cache=cache, headers=headers)
    if known is not None:
        return known
    body, is_coded = await _encoded(request, make, coding, tag, slow=slow)
    # any document would do, so first there has to be one
    if request.headers.get("if-none-match", "").strip() == "*":
        return unchanged(request, tag, common)
    if is_coded:
        common["Content-Encoding"] = coding.name
    return Response(body, headers=common, media_type=media_type)


def conditional(
    request: Request,
    tag: str,
    *,
    vary: str,
    cache: str = REVALIDATE,
    headers: Mapping[str, str] | None = None,
) -> tuple[dict[str, str], Response | None]:
    """Headers of the document of a tag and, where the client has it already, the 304 that is the answer."""
    private = request.scope.get(PRIVATE, False)
    common = {
        "ETag": tag,
        "Vary": f"{vary}, Authorization, X-API-Key" if private else vary,
        "Cache-Control": f"private, {REVALIDATE}" if private else cache,
        **(headers or {}),
    }
    reading = request.scope.get(READING)
    modified = None if reading is None else last_modified(reading)
    if modified is not None:
        common["Last-Modified"] = http_date(modified)
    given = request.headers.get("if-none-match")
    if is_known(given, tag) or (given is None and _not_since(request, modified)):
        return common, unchanged(request, tag, common)
    return common, None


async def _encoded(
    request: Request, make: Callable[[], bytes], coding: Coding, tag: str, *, slow: bool
) -> tuple[bytes, bool]:
    """The document, compressed if the client likes that and it pays; and whether it is."""
    bodies = service_of(request).bodies
    kept = None if coding.name == IDENTITY else bodies.get(tag)
    if kept is not None:
        return kept, True
    body = await to_thread.run_sync(make) if slow else make()
    if coding.name == IDENTITY or (len(body) < COMPRESS_FROM_BYTES and not coding.is_required):
        return body, False
    compress = COMPRESSORS[coding.name]
    body = await to_thread.run_sync(compress, body) if len(body) >= _IN_THREAD_FROM_BYTES else compress(body)
    bodies.keep(tag, body)
    return body, True


def unchanged(request: Request, tag: str, headers: Mapping[str, str]) -> Response:
    """A 304, which the next request of this kind may get without coming this far."""
    response = Response(status_code=304, headers=headers)
    request.scope[UNCHANGED] = (tag, response.raw_headers)
    return response


def last_modified(reading: Reading) -> int | None:
    """When what a request reads last became what it is, seconds since the epoch.

    That is when the run was made, or when a name was last given to a run: a rollback brings back an older run, and
    whoever has the newer one must learn of it. None within the second of the change, when a date of whole seconds
    cannot tell before from after.
    """
    changed = int(max(reading.moved_at, _created_at(str(reading.run.manifest["created_at"])), reading.released_at))
    return changed if changed < int(time.time()) else None


@lru_cache(64)
def _created_at(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


@lru_cache(64)
def http_date(seconds: int) -> str:
    """A date as HTTP has it (RFC 9110, 5.6.7)."""
    return format_datetime(datetime.fromtimestamp(seconds, UTC), usegmt=True)


def _not_since(request: Request, modified: int | None) -> bool:
    """Whether an If-Modified-Since header says that the client has what was last modified then (RFC 9110, 13.1.3)."""
    text = request.headers.get("if-modified-since")
    if text is None or modified is None:
        return False
    try:
        since = parsedate_to_datetime(text)
        return modified <= since.replace(tzinfo=since.tzinfo or UTC).timestamp()
    except (ValueError, OverflowError):
        return False  # what is not a date is to be ignored


def etag(request: Request, media_type: str, version: str, coding: str) -> str:
    """Strong: the same tag is the same bytes. Links make the address of the service part of them."""
    named = "\0".join((version, media_type, request_url(request)))
    digest = hashlib.blake2b(named.encode("utf-8", "replace"), digest_size=16).hexdigest()
    return f'"{digest}"' if coding == IDENTITY else f'"{digest}-{coding}"'


def is_known(header: str | None, tag: str) -> bool:
    """Whether an If-None-Match header names the tag (weak comparison, RFC 9110, 13.1.2)."""
    return header is not None and any(entry.strip().removeprefix("W/") == tag for entry in header.split(","))
