"""Tables of the names and types of Natural Earth's, small enough to count by hand, and a server for other programs."""

import datetime as dt
import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast
from urllib.parse import unquote_plus

import httpx
import pyarrow as pa
import pyogrio
import pytest
import shapely

from api.app import create_app
from geo.settings import get_settings

COUNTRIES, PLACES, RIVERS = (
    "ne_110m_admin_0_countries",
    "ne_110m_populated_places_simple",
    "ne_110m_rivers_lake_centerlines",
)


def _moment(text: str | None) -> dt.datetime | None:
    return None if text is None else dt.datetime.fromisoformat(text)


def _write(path: Path, layer: str, kind: str, columns: dict[str, Any], shapes: list[Any]) -> None:
    table = pa.table({**columns, "geom": pa.array([None if s is None else shapely.to_wkb(s) for s in shapes])})
    pyogrio.write_arrow(
        table,
        path,
        layer=layer,
        driver="GPKG",
        geometry_name="geom",
        geometry_type=kind,
        crs="EPSG:4326",
        append=path.exists(),
    )


def make_tables(path: Path) -> None:
    """Write the tables as layers; features are numbered from 1 in the order of these lists."""
    box, point = shapely.box, shapely.Point
    across = shapely.MultiPolygon([box(175, -20, 180, -15), box(-180, -20, -175, -15)])
    countries = [
        ("Alfaland", 1_000_000.0, "Europe", box(0, 40, 10, 50)),
        ("Betania", 5_500_000.0, "Europe", box(10, 40, 20, 50)),  # shares an edge with 1
        ("Gammastan", 250_000.0, "Asia", box(55, 45, 65, 55)),
        ("Deltania", None, "Africa", box(0, -10, 20, 10)),
        ("Epsilonia", 140_000_000.0, "Africa", box(5, -5, 15, 5)),  # inside 4
        ("Zetaland", 800_000.0, "Oceania", across),
        ("Etaria", 0.0, "Europe", box(5, 45, 15, 52)),  # overlaps 1 and 2
        ("Nulland", 12_345.0, None, None),
    ]
    names, people, continents, shapes = zip(*countries, strict=True)
    columns = {"NAME": names, "POP_EST": people, "CONTINENT": continents}
    _write(path, COUNTRIES, "Unknown", {name: list(values) for name, values in columns.items()}, list(shapes))

    april = "2022-04-16T10:1{}+00:00".format
    places: list[tuple[Any, ...]] = [
        ("København", 1_200_000, dt.date(2022, 4, 16), april("3:19"), april("5:10"), True, point(12.5, 55.5)),
        ("Århus", 280_000, dt.date(2022, 4, 18), april("4:00"), april("6:00"), False, point(10, 56)),
        ("Ærø", 6_000, dt.date(2023, 4, 16), None, None, True, point(10.5, 55)),
        ("Ақтөбе", 500_000, dt.date(2022, 4, 16), april("5:10"), april("9:00"), None, point(57, 50.5)),
        ("Шалқар", 27_000, None, april("0:00"), april("3:19"), False, point(59.5, 48)),
        ("Қандыағаш", None, dt.date(2022, 4, 15), april("3:19"), april("4:00"), True, point(57.5, 49.5)),
        ("Kiev", 2_500_000, dt.date(2021, 12, 31), april("3:19"), april("5:10"), False, point(30.5, 50.5)),
        ("Edge", 100, dt.date(2022, 4, 17), april("6:00"), april("7:00"), True, point(10, 45)),  # between 1 and 2, in 7
        ("Suva", 88_000, dt.date(2022, 4, 16), april("2:00"), april("9:59"), None, point(178.5, -18)),
        ("Apia's 100%", 37_000, None, None, None, False, point(-171.5, -13.5)),
    ]
    names, people, dates, starts, ends, truths, shapes = zip(*places, strict=True)
    moment = pa.timestamp("ms", "UTC")
    _write(
        path,
        PLACES,
        "Point",
        {
            "name": list(names),
            "pop_other": pa.array(people, pa.int64()),
            "date": pa.array(dates, pa.date32()),
            "start": pa.array([_moment(text) for text in starts], moment),
            "end": pa.array([_moment(text) for text in ends], moment),
            "boolean": pa.array(truths, pa.bool_()),
        },
        list(shapes),
    )

    rivers = [
        ("Alpha", shapely.LineString([(-5, 45), (5, 45)])),  # from outside into 1, to a corner of 7
        ("Beta", shapely.LineString([(2, 42), (8, 42)])),  # within 1
        ("Gamma", shapely.LineString([(10, 41), (10, 44)])),  # along the edge of 1 and 2
        ("Delta", shapely.LineString([(-20, 0), (30, 0)])),  # through 4 and 5
        ("Epsilon", shapely.LineString([(100, 0), (110, 0)])),  # in none
        ("Zeta", shapely.LineString([(4, 43), (4, 41)])),  # crosses Beta
    ]
    _write(path, RIVERS, "LineString", {"name": [n for n, _ in rivers]}, [shape for _, shape in rivers])


@pytest.fixture(scope="session")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A GeoPackage with these tables as its layers."""
    path = tmp_path_factory.mktemp("tables") / "natural_earth.gpkg"
    make_tables(path)
    return path


@pytest.fixture(scope="session")
def app(root: Path, tables: Path) -> Any:
    """The application over `root` with the tables as further collections."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SHALGAI_LAYERS", str(tables))
        get_settings.cache_clear()
        made = create_app(root)
    get_settings.cache_clear()
    return made


@pytest.fixture(scope="session")
def tables_client(app: Any, connect: Callable[[Any], httpx.Client]) -> Iterator[httpx.Client]:
    """A client of `app`."""
    with connect(app) as client:
        yield client


@dataclass(frozen=True)
class Served:
    """A server in a process of its own: its address, process id and log file."""

    url: str
    process: "subprocess.Popen[bytes]"
    log: Path

    def logged(self) -> str:
        """What the log says so far, with the escapes of addresses undone."""
        return unquote_plus(self.log.read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def served(root: Path, tables: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server of `root` and the tables on loopback.

    A process of its own: GDAL holds this one's interpreter while it waits for an answer.
    """
    log = tmp_path_factory.mktemp("server") / "log"
    command = [sys.executable, "-m", "api.cli", "serve", "--port", "0", "--workspace", str(root)]
    env = {**os.environ, "SHALGAI_LAYERS": str(tables)}
    with log.open("wb") as output:
        server = subprocess.Popen(command, env=env, stdout=output, stderr=subprocess.PIPE)
        said = cast("IO[bytes]", server.stderr)
        try:
            # the addresses are told when the server listens, where connections wait until they are answered
            told = b""
            while b"/collections/gaps/items" not in told:
                line = said.readline()
                assert line, told.decode()
                told += line
            # what comes after must not fill the pipe
            rest = threading.Thread(target=said.read)
            rest.start()
            yield Served(re.findall(r"http://[\d.]+:\d+", told.decode())[0], server, log)
        finally:
            server.terminate()
            server.wait(timeout=20)
        rest.join()
        said.close()
