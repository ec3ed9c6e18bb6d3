"""The web application: made by a factory, nothing happens at import."""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import Any

from anyio import to_thread
from fastapi import FastAPI

import geo
import maps
from api.features.catalogue import DEFAULT_CATALOGUE, Catalogue
from api.features.layers import load_layers
from api.features.store import RunStore
from api.operations.service import DESCRIPTION, OPERATIONS, TITLE
from api.tiles.layer import compile_kernels
from api.web import openapi, problems
from api.web.access_log import AccessLog
from api.web.assets import Assets
from api.web.cors import CorsMiddleware, parse_origins
from api.web.keys import export_keys
from api.web.limits import Limits, LimitsMiddleware
from api.web.memory import keep_freed_memory
from api.web.metrics import Metrics
from api.web.observation import ObservationMiddleware
from api.web.proxies import ProxyMiddleware, parse_proxies
from api.web.revalidation import RevalidationMiddleware
from api.web.security import SecurityMiddleware
from api.web.state import Service, release
from geo.settings import Settings, get_settings
from geo.workspace import Workspace

_SLOW_AT_ONCE = max(4, 2 * (os.cpu_count() or 1))
"""Answers that are made in threads at the same time.

More would not come sooner: they take turns at one interpreter, and whatever is quick waits for all of their turns.
"""


def create_app(workspace: Path | None = None, *, catalogue: Catalogue = DEFAULT_CATALOGUE) -> FastAPI:
    """The application that serves a workspace.

    Parameters
    ----------
    workspace
        Folder of the runs, which may come to exist later; default: the settings'.
    catalogue
        The collections to serve, beside the layers that the settings name.

    Raises
    ------
    InputError
        For a layer of the settings that cannot be served.
    """
    settings = get_settings()
    layers = load_layers(settings.layers, catalogue)
    store = RunStore(Workspace(workspace or settings.workspace), catalogue, layers=layers)
    program = release()
    service = Service(
        store=store,
        catalogue=catalogue.register(*layers.kinds),
        assets=Assets(Path(str(maps.__file__)).parent / "assets"),
        items_limit_max=settings.items_limit_max,
        release=program.name,
        released_at=program.written_at,
        metrics=Metrics(store),
        run=settings.run,
        export_keys=export_keys(settings),
    )
    app = FastAPI(
        title=TITLE,
        description=DESCRIPTION,
        version=geo.__version__,
        lifespan=_lifespan,
        # the document is ours, and FastAPI's pages for it load scripts from another host
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
    )
    app.state.service = service
    app.openapi = partial(_openapi, service)  # type: ignore[method-assign]
    # plain routes: each answers HEAD too, and leaves parameters to the operation
    for operation in OPERATIONS:
        app.add_route(operation.route, operation.endpoint, methods=["GET"], name=operation.id)
    problems.install(app)
    _add_layers(app, service, settings)
    return app


def _add_layers(app: FastAPI, service: Service, settings: Settings) -> None:
    """Put the layers around the routes, the innermost first."""
    app.add_middleware(LimitsMiddleware, limits=Limits.from_settings(settings))
    app.add_middleware(RevalidationMiddleware, store=service.store)
    app.add_middleware(CorsMiddleware, origins=parse_origins(settings.cors_origins))
    app.add_middleware(SecurityMiddleware, frame_ancestors=settings.frame_ancestors, basemap_url=settings.basemap_url)
    app.add_middleware(ObservationMiddleware, metrics=service.metrics)
    proxies, root_path = parse_proxies(settings.trusted_proxies), settings.root_path.rstrip("/")
    if proxies or root_path:
        app.add_middleware(ProxyMiddleware, proxies=proxies, root_path=root_path)


def _openapi(service: Service) -> dict[str, Any]:
    return openapi.document(OPERATIONS, service, {}, "/")


@contextlib.asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Load the named runs beside answering: the process is alive at once and ready when they are loaded."""
    service: Service = app.state.service
    to_thread.current_default_thread_limiter().total_tokens = _SLOW_AT_ONCE
    keep_freed_memory()
    with AccessLog():
        warming = asyncio.create_task(to_thread.run_sync(_warm, service))
        yield
        warming.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await warming


def _warm(service: Service) -> None:
    """What the first requests would else wait for: the named runs, and the kernels that encode tiles."""
    service.store.warm()
    compile_kernels()
