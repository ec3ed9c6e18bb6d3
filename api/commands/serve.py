"""The command that serves: `shalgai serve`."""

import os
import signal
import socket
import sys
import tempfile
from typing import Annotated

import typer
from rich.console import Console

from api.commands.options import WorkspaceOption, workspace_folder
from geo.errors import InputError, Problem
from geo.settings import Settings, get_settings

_BACKLOG = 2048
_HEALTHCHECK_S = 30  # a worker that loads a large run holds the interpreter for seconds


def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on; 0 takes a free one.")] = 8000,
    workers: Annotated[int, typer.Option(min=1, help="Processes.")] = 1,
    run: Annotated[str | None, typer.Option("--run", help="Run to serve where a request names none.")] = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Serve the maps and the API; one line of JSON per request goes to standard output.

    SIGTERM and Ctrl-C let requests in flight finish first.
    """
    from geo.workspace import Workspace

    # the app is made anew in each worker process, which knows only the environment
    if run is not None:
        Workspace(workspace_folder(workspace)).find(run)
        os.environ["SHALGAI_RUN"] = run
    if workspace is not None:
        os.environ["SHALGAI_WORKSPACE"] = str(workspace)
    get_settings.cache_clear()
    settings = get_settings()
    _check(settings)
    with _listen(host, port) as listening:
        name, number = listening.getsockname()[:2]
        root = f"http://{f'[{name}]' if ':' in name else name}:{number}{settings.root_path.rstrip('/')}"
        # standard output is the access log's
        console = Console(stderr=True)
        for title, path in (("map", "/maps/overview"), ("API", "/"), ("gaps", "/collections/gaps/items")):
            console.print(f"{title:>5}  {root}{path}", highlight=False, soft_wrap=True)
        _run(listening, workers, settings)


def _check(settings: Settings) -> None:
    """Refuse settings that no worker could start with, before there are workers."""
    from api.features.catalogue import DEFAULT_CATALOGUE
    from api.features.layers import load_layers
    from api.web.proxies import parse_proxies
    from api.web.security import page_policy

    load_layers(settings.layers, DEFAULT_CATALOGUE)
    parse_proxies(settings.trusted_proxies)
    page_policy(settings.frame_ancestors, settings.basemap_url)


def _listen(host: str, port: int) -> socket.socket:
    """A listening socket, made before any address is promised: connections wait in it until a worker takes them."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP, flags=socket.AI_PASSIVE
        )[0]
        # with the protocol named, which socket.create_server does not do: otherwise asyncio leaves Nagle's algorithm
        # on, and head and body of an answer wait for each other for 40 ms
        listening = socket.socket(family, kind, protocol)
        try:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.bind(address)
            listening.listen(_BACKLOG)
        except OSError:
            listening.close()
            raise
    except OSError as error:
        what = f"cannot listen on this address: {error.strerror}"
        raise InputError(Problem(what, "Give another --port or --host", value=f"{host}:{port}")) from error
    return listening


def _run(listening: socket.socket, workers: int, settings: Settings) -> None:
    import uvicorn
    from uvicorn.supervisors import Multiprocess

    config = uvicorn.Config(
        "api.app:create_app",
        factory=True,
        workers=workers,
        http="api.web.protocol:Protocol",
        ws="none",
        lifespan="on",
        log_level="warning",
        # the application writes its own log, and believes its own list of proxies
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=settings.graceful_timeout_s,
        timeout_worker_healthcheck=_HEALTHCHECK_S,
    )
    for number in (signal.SIGINT, signal.SIGTERM):
        # after its graceful end uvicorn raises the signal again, which would make of it a failure
        signal.signal(number, _end)
    if workers == 1:
        uvicorn.Server(config).run(sockets=[listening])
        return
    # prometheus-client looks for the name when a worker imports it
    with tempfile.TemporaryDirectory(prefix="shalgai-metrics-") as folder:
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder
        Multiprocess(config, sockets=[listening]).run()


def _end(*_: object) -> None:
    sys.exit(0)
