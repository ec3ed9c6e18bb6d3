"""The web application: made by a factory, nothing happens at import."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import Any

from anyio import to_thread
from fastapi import FastAPI

import geo
import maps
from api.features.catalogue import DEFAULT_CATALOGUE, Catalogue
from api.features.store import RunStore
from api.operations.service import DESCRIPTION, OPERATIONS, TITLE
from api.web import openapi, problems
from api.web.assets import Assets
from api.web.security import SecurityMiddleware
from api.web.state import Service, release
from geo.settings import get_settings
from geo.workspace import Workspace


def create_app(workspace: Path | None = None, *, catalogue: Catalogue = DEFAULT_CATALOGUE) -> FastAPI:
    """The application that serves a workspace.

    Parameters
    ----------
    workspace
        Folder of the runs, which may come to exist later; default: the settings'.
    catalogue
        The collections to serve.
    """
    settings = get_settings()
    service = Service(
        store=RunStore(Workspace(workspace or settings.workspace), catalogue),
        catalogue=catalogue,
        assets=Assets(Path(str(maps.__file__)).parent / "assets"),
        items_limit_max=settings.items_limit_max,
        release=release(),
        run=settings.run,
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
    app.add_middleware(SecurityMiddleware)
    return app


def _openapi(service: Service) -> dict[str, Any]:
    return openapi.document(OPERATIONS, service, {}, "/")


@contextlib.asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Load the named runs beside answering: the process is alive at once and ready when they are loaded."""
    service: Service = app.state.service
    warming = asyncio.create_task(to_thread.run_sync(service.store.warm))
    yield
    warming.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await warming
