"""304 without making anything: a request that was answered before, while nothing has changed since.

The whole way to an answer (routing, parameters, negotiation, digest) costs more than telling that its result would be
the same. What is remembered was answered with 200 or 304, so a request that is refused is never found here.
"""

from collections import OrderedDict
from dataclasses import dataclass

from starlette.types import ASGIApp, Receive, Scope, Send

from api.features.store import RunStore
from api.web.requests import OPERATION, PRIVATE, READING, UNCHANGED
from api.web.responses import is_known

_REMEMBERED = 4096
_KEY_BYTES_MAX = 2048
_DECIDING = frozenset((b"host", b"accept", b"accept-encoding", b"accept-language"))
"""Request headers that an answer may depend on, beside its conditions and keys."""

_Key = tuple[object, ...]


@dataclass(frozen=True)
class _Document:
    """The answer to a request: its tag, the headers of its 304, and the store's generation that it was made of."""

    tag: str
    headers: list[tuple[bytes, bytes]]
    generation: int
    operation: str


class RevalidationMiddleware:
    """Answers If-None-Match of known requests; `_REMEMBERED` of them are kept, the last used ones."""

    def __init__(self, app: ASGIApp, store: RunStore) -> None:
        self.app = app
        self._store = store
        self._known: OrderedDict[_Key, _Document] = OrderedDict()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        given = key = None
        if scope["type"] == "http" and scope["method"] in ("GET", "HEAD"):
            given, key = _condition_and_key(scope)
        if given is None or key is None:
            await self.app(scope, receive, send)
            return
        document = self._known.get(key)
        if document is not None:
            if document.generation == self._store.generation():
                if is_known(given, document.tag):
                    self._known.move_to_end(key)
                    scope[OPERATION] = document.operation
                    await send({"type": "http.response.start", "status": 304, "headers": list(document.headers)})
                    await send({"type": "http.response.body", "body": b""})
                    return
            else:
                del self._known[key]
        await self.app(scope, receive, send)
        self._remember(key, scope)

    def _remember(self, key: _Key, scope: Scope) -> None:
        reading, unchanged = scope.get(READING), scope.get(UNCHANGED)
        # only what follows from runs in memory: other documents change without the store knowing
        if reading is None or unchanged is None or scope.get(PRIVATE):
            return
        tag, headers = unchanged
        self._known[key] = _Document(tag, headers, reading.generation, scope[OPERATION])
        if len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)


def _condition_and_key(scope: Scope) -> tuple[str | None, _Key | None]:
    """The If-None-Match header, and all that the answer depends on; the latter None where that is much or unusual."""
    given: str | None = None
    deciding: dict[bytes, bytes] = {}
    size = len(scope["query_string"]) + len(scope["path"])
    for name, value in scope["headers"]:
        if name == b"if-none-match":
            if given is not None:
                return None, None
            given = value.decode("latin-1")
        elif name in _DECIDING:
            if name in deciding:
                return None, None
            deciding[name] = value
            size += len(value)
    if given is None or size > _KEY_BYTES_MAX or b"host" not in deciding:
        return given, None
    return given, (
        scope["scheme"],
        scope.get("root_path", ""),
        scope.get("raw_path"),
        scope["path"],
        scope["query_string"],
        frozenset(deciding.items()),
    )
