"""Peers to measure beside: servers of their own, started by the bench and gone after it."""

import csv
import io
import os
import pwd
import runpy
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import httpx
import pytest
import shapely

from geo.workspace import Workspace

TIPG = ("tipg==1.6.1", "uvicorn==0.54.0")
CACHE = Path.home() / ".cache" / "shalgai-bench"
_POSTGRES_SEARCH = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
_START_S = 60.0
_PROCESS_CLOCK = 2


def cpu_s(pid: int) -> float:
    """CPU time that a process has used in all its threads, user and system, seconds."""
    # the clock that clock_getcpuclockid(3) names: in nanoseconds, where /proc counts hundredths of a second
    return time.clock_gettime(~pid << 3 | _PROCESS_CLOCK)


def children(pid: int) -> list[int]:
    """Processes that a process has started."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            after_name = stat.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        except OSError:
            continue  # gone meanwhile
        if int(after_name[1]) == pid:
            found.append(int(stat.parent.name))
    return found


@dataclass(frozen=True)
class Peer:
    """A running server: its address, its process, and the process whose children work for it, if any."""

    url: str
    pid: int
    database_pid: int | None = None

    def database_cpu_s(self) -> float:
        """CPU time of the database's processes, seconds."""
        return 0.0 if self.database_pid is None else sum(map(cpu_s, children(self.database_pid)))


@dataclass(frozen=True)
class Cost:
    """CPU time of one request in ms: of the server's process and of its database; and the last body."""

    server_ms: float
    database_ms: float
    body: bytes


def measured(peer: Peer, path: str, *, batches: int = 10, rounds: int = 10) -> Cost:
    """CPU cost of a request over loopback, kept alive, without compression: the mean of the cheapest batch.

    Whatever else the machine does only adds to it: the caches are shared.
    """
    with httpx.Client(base_url=peer.url, headers={"accept-encoding": "identity"}, timeout=60) as client:
        response = client.get(path)
        costs = []
        for _ in range(batches):
            server, database = cpu_s(peer.pid), peer.database_cpu_s()
            for _ in range(rounds):
                response = client.get(path)
            costs.append((cpu_s(peer.pid) - server, peer.database_cpu_s() - database))
        response.raise_for_status()
    server, database = min(costs)
    return Cost(server / rounds * 1000, database / rounds * 1000, response.content)


@contextmanager
def serving(command: list[str], env: dict[str, str], log: Path) -> Iterator[tuple[str, int]]:
    """Address and process of a uvicorn command, which inherits the socket that it listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listening, log.open("wb") as output:
        server = subprocess.Popen(
            [*command, "--fd", str(listening.fileno()), "--log-level", "warning"],
            env={**os.environ, **env},
            pass_fds=[listening.fileno()],
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            # connections wait in the backlog until the server accepts them, so nobody has to wait for it
            yield f"http://127.0.0.1:{listening.getsockname()[1]}", server.pid
        finally:
            server.terminate()
            server.wait(timeout=20)


@pytest.fixture(scope="session")
def polygons() -> gpd.GeoDataFrame:
    """The 20,000 polygons that every bench of serving holds."""
    frame: gpd.GeoDataFrame = runpy.run_path(str(Path(__file__).with_name("test_serving.py")))["districts"]()
    return frame


@pytest.fixture(scope="session")
def shalgai(polygons: gpd.GeoDataFrame, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Peer]:
    """Our server with the polygons as collection districts."""
    root = tmp_path_factory.mktemp("shalgai")
    manifest = {"scenario": None, "label": None, "inputs": [], "parameters": {}, "credits": []}
    Workspace(root / "var").publish({"districts": polygons}, manifest)
    command = [sys.executable, "-m", "uvicorn", "--no-access-log", "--factory", "api.app:create_app"]
    with serving(command, {"SHALGAI_WORKSPACE": str(root / "var")}, root / "log") as (url, pid):
        yield Peer(url, pid)


@dataclass(frozen=True)
class PostGis:
    """A PostgreSQL cluster of ours with PostGIS, on loopback."""

    bin: Path
    port: int
    pid: int

    def sql(self, statements: str, stdin: str = "") -> None:
        """Run statements; COPY reads `stdin`."""
        command = [str(self.bin / "psql"), "-h", "127.0.0.1", "-p", str(self.port), "-U", "postgres", "-d", "postgres"]
        options = ["-q", "-v", "ON_ERROR_STOP=1", "-c", statements]
        subprocess.run([*command, *options], input=stdin, encoding="utf-8", check=True, capture_output=True)

    def load(self, table: str, frame: gpd.GeoDataFrame, key: str) -> None:
        """Make a table with a key and a spatial index of a frame of polygons."""
        kinds = {"float64": "double precision"}
        names = [name for name in frame.columns if name != frame.geometry.name]
        columns = ", ".join(f'"{n}" {kinds.get(str(frame[n].dtype), "text")}' for n in names)
        self.sql(f"CREATE TABLE {table} ({columns}, geom geometry(Polygon, 4326))")
        rows = io.StringIO()
        hexed = shapely.to_wkb(shapely.set_srid(frame.geometry.to_numpy(), 4326), hex=True, include_srid=True)
        csv.writer(rows).writerows(zip(*(frame[n] for n in names), hexed, strict=True))
        self.sql(f"COPY {table} FROM STDIN (FORMAT csv)", rows.getvalue())
        self.sql(f'ALTER TABLE {table} ADD PRIMARY KEY ("{key}"); CREATE INDEX ON {table} USING gist (geom)')
        self.sql(f"VACUUM ANALYZE {table}")


@pytest.fixture(scope="session")
def postgis() -> Iterator[PostGis]:
    """A new cluster in a temporary folder; skipped where PostgreSQL or PostGIS is not installed."""
    found = [folder for folder in _POSTGRES_SEARCH if (folder / "initdb").exists()]
    if not found:
        pytest.skip("PostgreSQL is not installed")
    if not list(Path("/usr/share/postgresql").glob("*/extension/postgis.control")):
        pytest.skip("PostGIS is not installed")
    with ExitStack() as stack:
        # not below pytest's own folder, which only its owner may enter: PostgreSQL does not run as root
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="shalgai-postgres-")))
        prefix: list[str] = []
        if os.geteuid() == 0:
            try:
                pwd.getpwnam("postgres")
            except KeyError:
                pytest.skip("PostgreSQL does not run as root, and there is no user postgres")
            shutil.chown(folder, "postgres", "postgres")
            prefix = ["runuser", "-u", "postgres", "--"]
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        data, programs = folder / "data", found[0]

        def run(*command: str) -> None:
            # what pg_ctl starts would keep a pipe open
            subprocess.run([*prefix, *command], check=True, cwd=folder, stdout=subprocess.DEVNULL)

        control = [str(programs / "pg_ctl"), "-D", str(data), "-w", "-t", str(int(_START_S))]
        run(str(programs / "initdb"), "-D", str(data), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync")
        options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c fsync=off -c autovacuum=off"
        run(*control, "-l", str(folder / "log"), "-o", options, "start")
        stack.callback(run, *control, "-m", "fast", "stop")
        cluster = PostGis(programs, port, int((data / "postmaster.pid").read_text().split()[0]))
        cluster.sql("CREATE EXTENSION postgis")
        yield cluster


@pytest.fixture(scope="session")
def tipg_python() -> Path:
    """The interpreter of an environment with tipg, made once and kept; skipped where it cannot be installed."""
    folder = CACHE / "-".join(TIPG).replace("==", "-")
    if not (folder / "whole").exists():
        shutil.rmtree(folder, ignore_errors=True)
        venv.create(folder, with_pip=True)
        pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "-q", "--disable-pip-version-check", *TIPG]
        made = subprocess.run(pip, capture_output=True, encoding="utf-8", check=False)
        if made.returncode:
            pytest.skip(f"tipg cannot be installed here: {made.stderr.strip().splitlines()[-1][:200]}")
        (folder / "whole").touch()
    return folder / "bin" / "python"


@pytest.fixture(scope="session")
def tipg(
    tipg_python: Path, postgis: PostGis, polygons: gpd.GeoDataFrame, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Peer]:
    """Tipg over PostGIS with the polygons as collection public.districts; it serves tiles of them too."""
    postgis.load("districts", polygons, "kato")
    env = {
        "DATABASE_URL": f"postgresql://postgres@127.0.0.1:{postgis.port}/postgres",
        "TIPG_DB_SCHEMAS": '["public"]',
        "TIPG_MAX_FEATURES_PER_QUERY": "10000",
        # one connection, as one client asks
        "DB_MIN_CONN_SIZE": "1",
        "DB_MAX_CONN_SIZE": "1",
    }
    command = [str(tipg_python), "-m", "uvicorn", "--no-access-log", "tipg.main:app"]
    with serving(command, env, tmp_path_factory.mktemp("tipg") / "log") as (url, pid):
        yield Peer(url, pid, postgis.pid)


Measure = Callable[..., Cost]


@pytest.fixture(scope="session")
def measure() -> Measure:
    """`measured`."""
    return measured


@pytest.fixture(scope="session")
def side_by_side(request: pytest.FixtureRequest) -> Callable[[str, Cost, Cost], float]:
    """Print what a request costs here and there; returns how many times as much the peer's process needs."""
    capture: Any = request.config.pluginmanager.getplugin("capturemanager")

    def show(title: str, ours: Cost, peers: Cost) -> float:
        times = peers.server_ms / ours.server_ms
        with capture.global_and_fixture_disabled():
            print(
                f"\n{title}: shalgai {ours.server_ms:.2f} ms CPU ({len(ours.body):,} bytes); "
                f"tipg {peers.server_ms:.1f} ms ({len(peers.body):,} bytes) and its PostgreSQL "
                f"{peers.database_ms:.1f} ms; {times:.0f} times, with the database "
                f"{(peers.server_ms + peers.database_ms) / ours.server_ms:.0f} times"
            )
        return times

    return show
