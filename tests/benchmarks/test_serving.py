"""CPU time of serving features, side by side with encoding them per request."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import shapely
from starlette.responses import Response

from api.app import create_app
from geo.workspace import Workspace

POLYGONS = 20_000
PAGE = 1_000
BOX = (57.0, 48.0, 57.9, 48.9)


def districts() -> gpd.GeoDataFrame:
    """Polygons of 20 vertices with a dozen properties."""
    random = np.random.default_rng(1)
    centres = shapely.points(random.uniform((55, 47), (60, 51), (POLYGONS, 2)))
    columns: dict[str, Any] = {"kato": [f"{n:09d}" for n in range(POLYGONS)]}
    columns |= {f"name_{language}": [f"Ауыл {n}" for n in range(POLYGONS)] for language in ("kk", "ru", "en")}
    columns |= {f"number_{n}": random.uniform(0, 1, POLYGONS) for n in range(8)}
    return gpd.GeoDataFrame(columns, geometry=shapely.buffer(centres, 0.01, quad_segs=5), crs=4326)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """An application that serves these polygons as collection districts."""
    root: Path = tmp_path_factory.mktemp("serving")
    manifest = {"scenario": None, "label": None, "inputs": [], "parameters": {}, "credits": []}
    Workspace(root).publish({"districts": districts()}, manifest)
    app = create_app(root)

    async def empty(_: Any) -> Response:
        return Response(b"")

    app.add_route("/empty", empty)
    return app


def cpu_ms(
    app: Any, path: str, query: str = "", tag: bytes = b"", rounds: int = 200
) -> tuple[float, dict[str, Any], bytes]:
    """Median CPU time of a request in ms, the start of the answer and its body."""
    headers = [(b"host", b"bench.example")] + ([(b"if-none-match", tag)] if tag else [])
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": headers,
        "server": ("bench.example", 80),
        "client": ("127.0.0.1", 1),
    }
    messages: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        messages.append(message)

    async def run() -> list[float]:
        spent = []
        for _ in range(rounds):
            messages.clear()
            start = time.process_time()
            await app(dict(scope), receive, send)
            spent.append((time.process_time() - start) * 1000)
        return spent

    spent = asyncio.run(run())
    return float(np.median(spent)), messages[0], b"".join(m.get("body", b"") for m in messages[1:])


def encoding_ms(select: Callable[[], gpd.GeoDataFrame], rounds: int = 5) -> float:
    spent = []
    for _ in range(rounds):
        start = time.process_time()
        select().to_json()
        spent.append((time.process_time() - start) * 1000)
    return float(np.median(spent))


@pytest.mark.bench
def test_a_page_of_features_costs_a_fiftieth_of_encoding_it(served: Any, capsys: pytest.CaptureFixture[str]) -> None:
    frame = districts()
    west, south, east, north = BOX
    cpu_ms(served, "/collections/districts/items", rounds=1)  # loads the run

    page, start, body = cpu_ms(served, "/collections/districts/items", f"limit={PAGE}")
    assert (start["status"], body.count(b'"type":"Feature"')) == (200, PAGE)
    boxed, start, body = cpu_ms(
        served, "/collections/districts/items", f"limit={PAGE}&bbox={west},{south},{east},{north}"
    )
    assert (start["status"], body.count(b'"type":"Feature"')) == (200, len(frame.cx[west:east, south:north]))
    whole = encoding_ms(lambda: frame.iloc[:PAGE])
    cut = encoding_ms(lambda: frame.cx[west:east, south:north])
    with capsys.disabled():
        print(f"\n{PAGE} features: {page:.2f} ms CPU, geopandas to_json {whole:.1f} ms ({whole / page:.0f} times)")
        print(f"bbox: {boxed:.2f} ms CPU, geopandas cx and to_json {cut:.1f} ms ({cut / boxed:.0f} times)")
    assert whole > 50 * page
    assert cut > 20 * boxed


@pytest.mark.bench
def test_an_unchanged_document_costs_little_more_than_an_empty_route(
    served: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    path, query = "/collections/districts/items", f"limit={PAGE}"
    _, start, _ = cpu_ms(served, path, query, rounds=1)
    tag = dict(start["headers"])[b"etag"]
    empty, _, _ = cpu_ms(served, "/empty", rounds=2000)
    unchanged, start, body = cpu_ms(served, path, query, tag, rounds=2000)
    assert (start["status"], body) == (304, b"")
    with capsys.disabled():
        print(f"\n304: {unchanged * 1000:.0f} µs CPU, an empty route {empty * 1000:.0f} µs")
    assert unchanged < 2 * empty
