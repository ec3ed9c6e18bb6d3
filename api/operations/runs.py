"""Runs and their manifests, and the explanation of one settlement."""

from typing import Any
from urllib.parse import quote

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import Response

from api.web.links import link, request_url, root_url
from api.web.negotiation import JSON, media_type
from api.web.parameters import FORMAT, Query
from api.web.responses import dump, respond
from api.web.state import RUN_HEADER, Operation, service_of
from geo.workspace import Run


async def runs(request: Request, query: Query) -> Response:
    """All stored runs, newest first, then the damaged ones; and which names stand for which."""
    offer = media_type(request, query.get(FORMAT), [JSON])
    service = service_of(request)
    # first: a run is stored before it gets its name
    named = dict(service.store.named())
    stored = await to_thread.run_sync(service.store.workspace.runs)
    damaged = await to_thread.run_sync(service.store.workspace.damaged)

    def make() -> bytes:
        return dump(
            {
                "links": [link("self", request_url(request), JSON, "Runs")],
                "named": named,
                "runs": [
                    *(_brief(request, run, named) for run in stored),
                    # where its files lie is the operator's business
                    *({"id": run.id, "names": _names(run.id, named), "damaged": True, "links": []} for run in damaged),
                ],
            }
        )

    whole = (f"{run.id} {run.manifest['created_at']}" for run in stored)
    version = " ".join([service.release, *whole, *(f"{run.id} damaged" for run in damaged), str(named)])
    return await respond(request, make, media_type=offer, version=version)


async def run(request: Request, query: Query) -> Response:
    """A run's manifest."""
    offer = media_type(request, query.get(FORMAT), [JSON])
    service = service_of(request)
    manifest = await to_thread.run_sync(service.store.manifest, request.path_params["id"])
    return await respond(
        request,
        lambda: dump(manifest),
        media_type=offer,
        version=f"{service.release} {manifest['id']} {manifest['created_at']}",
        headers={RUN_HEADER: manifest["id"]},
    )


def _brief(request: Request, run: Run, named: dict[str, str]) -> dict[str, Any]:
    manifest = run.manifest
    return {
        "id": run.id,
        "names": _names(run.id, named),
        "damaged": False,
        **{key: manifest.get(key) for key in ("created_at", "scenario", "label", "summary")},
        "links": [link("item", f"{root_url(request)}/runs/{quote(run.id)}", JSON, "Manifest")],
    }


def _names(run_id: str, named: dict[str, str]) -> list[str]:
    return [name for name, of_name in named.items() if of_name == run_id]


RUNS = Operation("/runs", "getRuns", runs, "The stored runs", "runs", (FORMAT,), {JSON: {"type": "object"}})
MANIFEST = Operation(
    "/runs/{id}", "getRun", run, "A run's manifest, by id or name", "runs", (FORMAT,), {JSON: {"type": "object"}}
)
OPERATIONS = (RUNS, MANIFEST)
