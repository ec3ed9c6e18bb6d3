"""Selections as files: one answer for every format of the registry."""

import contextlib
import re
from collections.abc import AsyncIterator, Callable, Mapping
from urllib.parse import quote

import numpy as np
from anyio import CapacityLimiter, to_thread
from anyio.lowlevel import RunVar
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from api.exports.extract import About, Extract
from api.exports.files import Parts
from api.exports.formats import ExportFormat
from api.features.collection import Collection, Rows
from api.features.store import LoadedRun
from api.features.view import View
from api.web.encodings import IDENTITY, PACKERS, Coding, Packer, coding_of
from api.web.keys import require_export_key
from api.web.negotiation import language
from api.web.parameters import LANG, Query
from api.web.responses import conditional, etag, unchanged
from api.web.state import RUN_HEADER, service_of

EXPORTS_AT_ONCE = 2
"""Parts of files that are made at the same time; others wait, so that short requests find a free processor."""

_LIMITER: RunVar[CapacityLimiter] = RunVar("limiter of exports")


async def export(
    request: Request,
    query: Query,
    run: LoadedRun,
    found: Collection,
    choose: Callable[[], Rows | None],
    view: View,
    form: ExportFormat,
) -> Response:
    """A selection as a file to save.

    Parameters
    ----------
    choose
        Gives the rows of the collection in the order in which they are written, None for all of them; it is called in a
        thread, and only for those who may export and do not have the file already.
    view
        Which properties, and in which CRS.
    """
    require_export_key(request)
    tongue = language(request, query.get(LANG))
    coding = coding_of(request) if form.compressible else Coding(IDENTITY)
    tag = etag(request, form.media_type, f"{service_of(request).release} {run.version} {tongue}", coding.name)
    headers, known = conditional(
        request,
        tag,
        vary="Accept, Accept-Encoding, Accept-Language",
        headers={"Content-Language": tongue, RUN_HEADER: run.id},
    )
    if known is not None:
        return known
    rows = await to_thread.run_sync(choose)
    if request.headers.get("if-none-match", "").strip() == "*":
        return unchanged(request, tag, headers)
    headers["Content-Disposition"] = attachment(f"{found.kind.id}-{run.id}{form.suffix}")
    headers["Content-Crs"] = f"<{view.crs.uri}>"
    if coding.name != IDENTITY:
        headers["Content-Encoding"] = coding.name
    if request.method == "HEAD":
        head = Response(headers=headers, media_type=form.media_type)
        # how long the file would be is known only when it is made
        del head.headers["content-length"]
        return head
    parts = form.write(Extract(found, rows, view, About.of(run, tongue), tongue))
    if coding.name != IDENTITY:
        parts = _packed(parts, PACKERS[coding.name]())
    return _Download(await _next(parts), parts, form.media_type, headers)


def paged(found: Collection, rows: Rows | None, offset: int, limit: int | None) -> Rows | None:
    """The part of a selection that is asked for: all of it where no limit is given, as a file has no next page."""
    if offset == 0 and limit is None:
        return rows
    every = np.arange(len(found), dtype=np.int64) if rows is None else rows
    return every[offset : None if limit is None else offset + limit]


def attachment(name: str) -> str:
    """Content-Disposition of a file to save under a name (RFC 6266)."""
    plain = re.sub(r"[^A-Za-z0-9._-]", "_", name)
    encoded = "" if plain == name else f"; filename*=UTF-8''{quote(name, safe='')}"
    return f'attachment; filename="{plain}"{encoded}'


class _Download(StreamingResponse):
    """A file part by part; what it keeps on disk is removed also when the client goes away."""

    def __init__(self, first: bytes, parts: Parts, media_type: str, headers: Mapping[str, str]) -> None:
        super().__init__(_content(first, parts), headers=headers, media_type=media_type)
        self._parts = parts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._parts.close()


async def _content(first: bytes, parts: Parts) -> AsyncIterator[bytes]:
    part = first
    while part:
        yield part
        part = await _next(parts)


def _packed(parts: Parts, packer: Packer) -> Parts:
    with contextlib.closing(parts):
        for part in parts:
            # what the packer still holds back would be taken for the end
            if packed := packer.compress(part):
                yield packed
        yield packer.flush()


async def _next(parts: Parts) -> bytes:
    """The next part, made in a thread when it is its turn; empty after the last."""
    return await to_thread.run_sync(next, parts, b"", limiter=_limiter())


def _limiter() -> CapacityLimiter:
    try:
        return _LIMITER.get()
    except LookupError:
        limiter = CapacityLimiter(EXPORTS_AT_ONCE)
        _LIMITER.set(limiter)
        return limiter
