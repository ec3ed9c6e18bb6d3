"""GDAL's own OGC API Features driver as a client, over loopback."""

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import geopandas as gpd
import pyogrio
import pytest

pytestmark = pytest.mark.skipif("OAPIF" not in pyogrio.list_drivers(), reason="this GDAL has no OAPIF driver")

Served = tuple[str, Callable[[], str]]


@pytest.fixture(scope="module")
def served(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Address of a running server, and what its log says so far.

    A process of its own: GDAL holds this one's interpreter while it waits for an answer.
    """
    log = tmp_path_factory.mktemp("server") / "log"
    # connections wait in the backlog until the server accepts them, so nobody has to wait for it
    with socket.create_server(("127.0.0.1", 0)) as listening, log.open("wb") as output:
        server = subprocess.Popen(
            [sys.executable, "-m", "uvicorn", "--factory", "api.app:create_app", "--fd", str(listening.fileno())],
            env={**os.environ, "SHALGAI_WORKSPACE": str(root)},
            pass_fds=[listening.fileno()],
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            yield f"OAPIF:http://127.0.0.1:{listening.getsockname()[1]}", lambda: log.read_text(encoding="utf-8")
        finally:
            server.terminate()
            server.wait(timeout=20)


def test_gdal_lists_the_collections(served: Served) -> None:
    layers = dict(pyogrio.list_layers(served[0]).tolist())
    assert layers == {
        "settlements": "Point",
        "gaps": "Point",
        "districts": "Polygon",
        "coverage": "Polygon",
        "sites": "Point",
    }


def test_gdal_reads_every_gap_page_by_page(served: Served, gaps: gpd.GeoDataFrame) -> None:
    read = pyogrio.read_dataframe(served[0], layer="gaps", PAGE_SIZE=50)
    expected = gaps[gaps["service_class"] != "served"].sort_values("rank")
    assert read["kato"].tolist() == expected["kato"].tolist()
    assert read["name_ru"].tolist() == expected["name_ru"].tolist()
    assert "limit=50&offset=150" in served[1]()


def test_gdal_sends_its_attribute_filter_to_the_server(served: Served, gaps: gpd.GeoDataFrame) -> None:
    where = "service_class = 'unserved' AND best_technology = '2g'"
    read = pyogrio.read_dataframe(served[0], layer="settlements", where=where)
    assert read["kato"].tolist() == gaps.query(where.lower().replace(" = ", " == "), engine="python")["kato"].tolist()
    assert "filter=(service_class%20%3D%20" in served[1]()
    assert "filter-lang=cql-text" in served[1]()
