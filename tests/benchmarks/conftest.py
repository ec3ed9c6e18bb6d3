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

TIPG = ("tipg==1.6.1", "uvicorn==0.54.0", "uvloop==0.23.0", "httptools==0.9.0")
"""With the event loop and the parser that our own server has."""

CACHE = Path.home() / ".cache" / "shalgai-bench"
_POSTGRES_SEARCH = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
_START_S = 60.0
_PROCESS_CLOCK = 2
_UNCOUNTED = 2


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
    """CPU time of one request in ms: of the server's process in the cheapest and in the median batch, and of its
    database; and the body.
    """

    server_ms: float
    median_ms: float
    database_ms: float
    body: bytes

    @classmethod
    def of(cls, batches: list[tuple[float, float]], rounds: int, body: bytes) -> "Cost":
        """From the seconds of server and database in each batch."""
        servers, databases = (sorted(seconds) for seconds in zip(*batches, strict=True))
        middle = len(batches) // 2
        return cls(*(s / rounds * 1000 for s in (servers[0], servers[middle], databases[0])), body)


def measured(*requests: tuple[Peer, str], batches: int = 25, rounds: int = 8) -> list[Cost]:
    """CPU cost of each peer's request over loopback, kept alive, without compression: the mean of its cheapest batch.

    The peers take turns, batch by batch, so that what else the machine does hits them alike. It only adds to the cost,
    for the caches are shared; so the first requests of a turn, which bring a peer back into them, are not counted.
    """
    with ExitStack() as stack:
        asked = []
        for peer, path in requests:
            client = httpx.Client(base_url=peer.url, headers={"accept-encoding": "identity"}, timeout=60)
            body = stack.enter_context(client).get(path).raise_for_status().content
            asked.append((peer, path, client, body, []))
        for _ in range(batches):
            for peer, path, client, _, costs in asked:
                for _ in range(_UNCOUNTED):
                    client.get(path)
                server, database = cpu_s(peer.pid), peer.database_cpu_s()
                for _ in range(rounds):
                    client.get(path).raise_for_status()
                costs.append((cpu_s(peer.pid) - server, peer.database_cpu_s() - database))
    return [Cost.of(costs, rounds, body) for *_, body, costs in asked]


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
    protocol = ["--http", "api.web.protocol:Protocol", "--ws", "none"]
    command = [sys.executable, "-m", "uvicorn", "--no-access-log", *protocol, "--factory", "api.app:create_app"]
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
            prefix = [shutil.which("runuser") or "/usr/sbin/runuser", "-u", "postgres", "--"]
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


@dataclass(frozen=True)
class Costs:
    """What a request costs us and tipg."""

    ours: Cost
    theirs: Cost

    @property
    def times(self) -> float:
        """How many times as much as our process tipg's needs."""
        return self.theirs.server_ms / self.ours.server_ms

    @property
    def times_with_database(self) -> float:
        """How many times as much tipg's process and PostgreSQL need together."""
        return (self.theirs.server_ms + self.theirs.database_ms) / self.ours.server_ms


SideBySide = Callable[[str, str, str], Costs]


@pytest.fixture(scope="session")
def side_by_side(request: pytest.FixtureRequest, shalgai: Peer, tipg: Peer) -> SideBySide:
    """Measure a path of ours and one of tipg's, and print the row."""
    capture: Any = request.config.pluginmanager.getplugin("capturemanager")
    titles = "CPU per request, ms, of the cheapest batch (of the median one)"
    heads = [f"\n{titles}\n{'':<24}{'shalgai':>16}{'tipg':>16}{'times':>7}{'PostgreSQL':>12}{'times':>7}  bytes"]

    def compare(title: str, our_path: str, their_path: str) -> Costs:
        costs = Costs(*measured((shalgai, our_path), (tipg, their_path)))
        ours, theirs = (f"{cost.server_ms:.2f} ({cost.median_ms:.2f})" for cost in (costs.ours, costs.theirs))
        with capture.global_and_fixture_disabled():
            print(
                f"{heads.pop() if heads else ''}\n{title:<24}{ours:>16}{theirs:>16}{costs.times:>7.1f}"
                f"{costs.theirs.database_ms:>12.1f}{costs.times_with_database:>7.1f}"
                f"  {len(costs.ours.body):,} / {len(costs.theirs.body):,}"
            )
        return costs

    return compare
