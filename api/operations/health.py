"""For those who run the service: whether it lives, whether it is ready, and its numbers."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from api.errors import RunLoading
from api.web.metrics import CONTENT_TYPE
from api.web.negotiation import JSON
from api.web.parameters import Query
from api.web.responses import dump
from api.web.state import Operation, named_run, service_of

_NO_STORE = {"Cache-Control": "no-store"}


async def healthz(request: Request, query: Query) -> Response:
    """The process answers."""
    return Response(dump({"status": "ok"}), headers=_NO_STORE, media_type=JSON)


async def readyz(request: Request, query: Query) -> Response:
    """There is a run to serve; 503 until then."""
    service = service_of(request)
    if service.store.is_warming and service.store.peek(service.run) is None:
        raise RunLoading
    run = await named_run(request, service.run)
    newest = service.store.named().get(service.run, run.id)
    document: dict[str, Any] = {"status": "ready", "run": run.id}
    if newest != run.id:
        document["problem"] = f"run {newest} is {service.run} but cannot be loaded"
    return Response(dump(document), headers=_NO_STORE, media_type=JSON)


async def metrics(request: Request, query: Query) -> Response:
    """The numbers for Prometheus."""
    return Response(service_of(request).metrics.render(), headers={**_NO_STORE, "Content-Type": CONTENT_TYPE})


_OBJECT = {"type": "object"}

OPERATIONS = tuple(
    Operation(path, name, handler, summary, "service", (), produces, refusals=(400,), momentary=True)
    for path, name, handler, summary, produces in (
        ("/healthz", "isAlive", healthz, "Whether the process answers", {JSON: _OBJECT}),
        ("/readyz", "isReady", readyz, "Whether a run can be served", {JSON: _OBJECT}),
        (
            "/metrics",
            "getMetrics",
            metrics,
            "Numbers about requests, runs and processes, for Prometheus",
            {"text/plain": {"type": "string"}},
        ),
    )
)
