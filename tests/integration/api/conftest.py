"""Small runs of a made-up region, and a client that speaks to the application without a network."""

import contextlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import httpx
import numpy as np
import pandas as pd
import pytest
import shapely
from asynchronous import run

from api.app import create_app
from geo.tables.results import GAPS, INDICATORS, SERVICE
from geo.tables.schema import conform
from geo.workspace import Run, Workspace

HOSTILE = """<img src=x onerror=alert(1)>${alert(1)}"\\'\u2028</script>"""
CLASSES = ("served", "below_standard", "voice_only", "unserved", "unknown")


class Bridge(httpx.BaseTransport):
    """Lets a synchronous client call an ASGI application in its own process."""

    def __init__(self, app: Any) -> None:
        self._transport = httpx.ASGITransport(app, raise_app_exceptions=False)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        async def call() -> httpx.Response:
            response = await self._transport.handle_async_request(request)
            content = b"".join([part async for part in response.stream])
            headers = [(k, v) for k, v in response.headers.raw if k != b"content-length" or request.method != "HEAD"]
            if request.method == "HEAD":
                headers.append((b"x-content-length", response.headers.get("content-length", "").encode()))
            return httpx.Response(response.status_code, headers=headers, stream=httpx.ByteStream(content))

        response: httpx.Response = run(call())
        return response


def make_gaps(count: int = 250, *, seed: int = 1, people: int = 100) -> gpd.GeoDataFrame:
    """Settlements on both sides of the antimeridian, every tenth without a position, one with a hostile name."""
    random = np.random.default_rng(seed)
    classes = [CLASSES[i % 5] for i in range(count)]
    gap = [c != "served" for c in classes]
    ranks = random.permutation(sum(gap)) + 1
    rank = np.full(count, np.nan)
    rank[np.array(gap)] = ranks
    lon = ((random.uniform(170, 190, count) + 180) % 360) - 180
    lat = random.uniform(-20, -10, count)
    frame = pd.DataFrame(
        {
            "kato": [f"{900000000 + i}" for i in range(count)],
            "name_kk": [f"Ауыл {i}" for i in range(count)],
            "name_ru": [HOSTILE if i == 3 else f"Село «{i}»" for i in range(count)],
            "name_en": [None if i % 7 == 0 else f"Village {i}" for i in range(count)],
            "kind": "village",
            "district_kato": [f"{910000000 + i % 3}" for i in range(count)],
            "is_okrug_centre": [i % 4 == 0 for i in range(count)],
            "population": [None if i % 11 == 0 else people + i for i in range(count)],
            "service_class": classes,
            "best_technology": [("4g", "2g", None)[i % 3] for i in range(count)],
            "probability_served": random.uniform(0, 1, count).round(3),
            "people_without": [np.nan if i % 11 == 0 else i * 1.5 for i in range(count)],
            "score": random.uniform(0, 100, count).round(2),
            "rank": rank,
            "as_of": [(None, "2024", "2025-03", "2026-10-05")[i % 4] for i in range(count)],
            "reasons": [
                json.dumps([{"code": "position_unknown" if i % 10 == 0 else "nearest_site", "km": 0.1 + i}])
                for i in range(count)
            ],
        }
    )
    shapes = [None if i % 10 == 0 else shapely.Point(x, y) for i, (x, y) in enumerate(zip(lon, lat, strict=True))]
    return conform(gpd.GeoDataFrame(frame, geometry=shapes, crs=4326), GAPS, file="made")


def make_tables(gaps: gpd.GeoDataFrame) -> dict[str, pd.DataFrame]:
    """The other tables of a run that go with these gaps."""
    districts = gpd.GeoDataFrame(
        {
            "kato": ["910000000", "910000001", "910000002"],
            "name_kk": ["А", "Ә", "Б"],
            "name_ru": ["А", "Е", "Б"],
            "name_en": ["A", "E", "B"],
            "settlements": [1, 2, 3],
            "share_without": [0.1, 0.2, None],
        },
        geometry=[shapely.box(170, -20, 175, -10), shapely.box(175, -20, 180, -10), shapely.box(-180, -20, -170, -10)],
        crs=4326,
    )
    coverage = gpd.GeoDataFrame(
        {
            "operator": ["Alpha", "Beta & Co"],
            "technology": ["4g", "2g"],
            "basis": ["declared", "declared"],
            "threshold_dbm": [-110.0, None],
            "as_of": ["2025", None],
        },
        # clockwise on purpose, with more decimals than are served
        geometry=[
            shapely.Polygon([(171.123456789, -15), (171.123456789, -14), (173, -14), (173, -15)]),
            shapely.box(-179, -16, -178, -15),
        ],
        crs=4326,
    )
    sites = gpd.GeoDataFrame(
        {
            "site_id": ["S1", "S1", "S2"],
            "cell_id": ["S1/1", "S1/2", None],
            "operator": "Alpha",
            "technology": ["4g", "2g", "4g"],
            "height_m": [30.0, 30.0, 45.5],
        },
        geometry=gpd.points_from_xy([172, 172, -178.5], [-14.5, -14.5, -15.5]),
        crs=4326,
    )
    service = pd.DataFrame(
        {
            "kato": gaps["kato"],
            "operator": "Alpha",
            "technology": "4g",
            "probability_served": 0.5,
            "probability_any": 0.6,
            "basis": "declared",
        }
    )
    return {
        "settlements": gaps[["kato", "name_kk", "geometry"]],
        "gaps": gaps,
        "districts": districts,
        "coverage": coverage,
        "sites": sites,
        "service": conform(service, SERVICE, file="made"),
    }


def make_manifest(gaps: gpd.GeoDataFrame, scenario: str | None = None, seed: int = 1) -> dict[str, Any]:
    """A manifest as the contract has it, without what the workspace adds."""
    classes = {
        name: {"settlements": int(count), "population": 1000, "people_without": 10}
        for name, count in gaps["service_class"].value_counts().items()
    }
    label = {"kk": "Сценарий!", "ru": "Сценарий!", "en": "Scenario, not observed"} if scenario else None
    names = {"kk": "Облыс", "ru": "Область", "en": "Region"}
    return {
        "scenario": scenario,
        "label": label,
        "standard": {
            "name": "kz",
            "title": names,
            "source": "law",
            "confidence": 0.8,
            "weights": dict.fromkeys(INDICATORS, 0.2),
        },
        "region": {
            "code": None,
            "name": names,
            "bounds": [170, -20, 190, -10],
            "crs": "+proj=laea",
            "as_of": "2026-11-01",
        },
        "inputs": [{"kind": "settlements", "file": "made.geojson", "sha256": "0" * 64, "credit": "made up"}],
        "parameters": {"seed": seed, "scenario": scenario},
        "credits": ["Made up"],
        "summary": {
            "settlements": len(gaps),
            "population": 1000,
            "people_without": 10,
            "population_unknown": 0,
            "without_position": int(gaps.geometry.isna().sum()),
            "classes": classes,
        },
    }


Publish = Callable[..., Run]


@pytest.fixture(scope="session")
def publisher() -> Callable[[Path], Publish]:
    """Makes, for a folder, a function that publishes a run of a seed, for a scenario, with a number of settlements."""

    def for_folder(root: Path) -> Publish:
        def publish(scenario: str | None = None, *, seed: int = 1, count: int = 250, people: int = 100) -> Run:
            gaps = make_gaps(count, seed=seed, people=people)
            return Workspace(root).publish(make_tables(gaps), make_manifest(gaps, scenario, seed))

        return publish

    return for_folder


@pytest.fixture(scope="session")
def connect() -> Callable[[Any], httpx.Client]:
    """Makes a client of an application."""
    return lambda app: httpx.Client(transport=Bridge(app), base_url="http://test.example:8000")


@pytest.fixture(scope="session")
def root(tmp_path_factory: pytest.TempPathFactory, publisher: Callable[[Path], Publish]) -> Path:
    """A workspace with a current run and a scenario's; not to be changed."""
    folder = tmp_path_factory.mktemp("workspace")
    publisher(folder)()
    publisher(folder)("okrug-centres", people=200)
    return folder


@pytest.fixture(scope="session")
def gaps(root: Path) -> gpd.GeoDataFrame:
    """Table gaps of the current run of `root`."""
    return Workspace(root).find("current").table("gaps")


@pytest.fixture(scope="session")
def client(root: Path, connect: Callable[[Any], httpx.Client]) -> Iterator[httpx.Client]:
    """A client of `root`."""
    with connect(create_app(root)) as client:
        yield client


@dataclass(frozen=True)
class Served:
    """A running `shalgai serve`: its process, its port, and the files of its standard output and error."""

    process: subprocess.Popen[bytes]
    port: int
    output: Path
    errors: Path

    @property
    def url(self) -> str:
        """Address of the service."""
        return f"http://127.0.0.1:{self.port}"

    def accesses(self) -> list[dict[str, Any]]:
        """The lines of the access log so far."""
        return [json.loads(line) for line in self.output.read_text("utf-8").splitlines()]


ServeProcess = Callable[..., AbstractContextManager[Served]]


@pytest.fixture(scope="session")
def serve_process(tmp_path_factory: pytest.TempPathFactory) -> ServeProcess:
    """Runs `shalgai serve` over a workspace with a number of workers and settings, and ends it by SIGTERM."""

    @contextlib.contextmanager
    def serve(root: Path, workers: int = 1, **settings: str) -> Iterator[Served]:
        folder = tmp_path_factory.mktemp("served")
        output, errors = folder / "output", folder / "errors"
        command = [sys.executable, "-m", "api.cli", "serve", "--port", "0", "--workers", str(workers)]
        environment = {f"SHALGAI_{name.upper()}": value for name, value in settings.items()}
        with output.open("wb") as out, errors.open("wb") as err:
            process = subprocess.Popen(
                [*command, "--workspace", str(root)], env={**os.environ, **environment}, stdout=out, stderr=err
            )
        try:
            yield Served(process, _told_port(process, errors), output, errors)
        finally:
            process.terminate()
            process.wait(timeout=60)

    return serve


def _told_port(process: subprocess.Popen[bytes], errors: Path) -> int:
    """The port that the server says it listens on; connections wait there until it takes them."""
    while process.poll() is None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=0.1)
        told = re.search(r"http://127\.0\.0\.1:(\d+)/\n", errors.read_text("utf-8"))
        if told:
            return int(told.group(1))
    raise AssertionError(errors.read_text("utf-8"))
