"""What the application's handlers share, and how an operation becomes a route."""

import hashlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from anyio import CapacityLimiter, to_thread
from anyio.lowlevel import RunVar
from starlette.requests import Request
from starlette.responses import Response

import api
import geo
import maps
from api.features.catalogue import Catalogue
from api.features.store import CURRENT, LoadedRun, RunStore
from api.web.assets import Assets
from api.web.encodings import CompressedBodies
from api.web.metrics import Metrics
from api.web.parameters import RUN, Parameter, Query, read_query
from api.web.requests import OPERATION, READING, Reading

RUN_HEADER = "Shalgai-Run"

_LOADING: RunVar[CapacityLimiter] = RunVar("limiter of loading")


@dataclass(frozen=True)
class Service:
    """One served workspace.

    `run` is the run of requests that name none. `release` tells this program's documents from another version's, for
    their ETags; `released_at` is when it was installed, seconds since the epoch. `export_keys` are those of which
    exports need one, None where they are open.
    """

    store: RunStore
    catalogue: Catalogue
    assets: Assets
    items_limit_max: int
    release: str
    released_at: float
    metrics: Metrics
    run: str = CURRENT
    export_keys: tuple[bytes, ...] | None = None
    bodies: CompressedBodies = field(default_factory=CompressedBodies)


Handler = Callable[[Request, Query], Awaitable[Response]]


@dataclass(frozen=True)
class Operation:
    """A GET operation: its route, its query parameters, and what OpenAPI says of it.

    `path` is the OGC template. `produces` maps media types to schemas. With `filters` every property of the
    collections is a query parameter too. `empty`: there may be nothing to answer with (204).
    `keyed`: some of its representations may need a key. `momentary`: it tells of this moment, without tag.
    """

    path: str
    id: str
    handler: Handler
    summary: str
    tag: str
    parameters: tuple[Parameter, ...] = ()
    produces: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    filters: bool = False
    refusals: tuple[int, ...] = (400, 406)
    empty: bool = False
    keyed: bool = False
    momentary: bool = False

    @property
    def route(self) -> str:
        """The template as the router has it: a feature's id or a file's name may hold slashes."""
        return self.path.replace("{featureId}", "{featureId:path}").replace("{file}", "{file:path}")

    async def endpoint(self, request: Request) -> Response:
        """Read the parameters, then handle."""
        request.scope[OPERATION] = self.id
        return await self.handler(request, read_query(request, self.parameters, others=self.filters))


def service_of(request: Request) -> Service:
    """The service that a request is for."""
    service: Service = request.app.state.service
    return service


async def run_of(request: Request, query: Query) -> LoadedRun:
    """The run that a request asks for, else the service's own; loading it does not hold up other requests."""
    return await named_run(request, query.get(RUN, service_of(request).run))


async def named_run(request: Request, name: str) -> LoadedRun:
    """The run of an id or name."""
    service = service_of(request)
    store = service.store
    generation = store.generation()
    loaded = store.peek(name)
    if loaded is None:
        # one is loaded at a time, and whoever waits for it takes no thread from those who do not
        loaded = await to_thread.run_sync(store.get, name, limiter=_loading())
    earlier = request.scope.get(READING)
    if earlier is not None:
        # an answer of several runs is as old as the first that was read
        generation = min(generation, earlier.generation)
    request.scope[READING] = Reading(loaded, generation, store.moved_at(), service.released_at)
    return loaded


def _loading() -> CapacityLimiter:
    try:
        return _LOADING.get()
    except LookupError:
        limiter = CapacityLimiter(1)
        _LOADING.set(limiter)
        return limiter


class Release(NamedTuple):
    """The program that is running: its version and a digest of what makes its documents; when that was last written."""

    name: str
    written_at: float


@cache
def release() -> Release:
    """The release that is running; its time in seconds since the epoch."""
    digest, written_at = hashlib.sha256(), 0.0
    for package in (geo, maps, api):
        root = Path(str(package.__file__)).parent
        files = (p for p in root.rglob("*") if p.suffix in {".py", ".html", ".po"})
        for path in sorted(files, key=lambda p: p.relative_to(root).as_posix()):
            digest.update(path.read_bytes())
            written_at = max(written_at, path.stat().st_mtime)
    return Release(f"{geo.__version__}+{digest.hexdigest()[:12]}", written_at)
