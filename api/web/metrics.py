"""Prometheus metrics of the service, whole over all worker processes.

With several workers each writes its numbers into files of one folder (`MULTIPROCESS_FOLDER`, made by `shalgai serve`
before they start), and whichever worker is asked adds them up. What is read when asked, the runs and the processes, is
the answering worker's view: all workers follow the same pointers and see the same processes.
"""

import os
import time
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
from prometheus_client.registry import Collector

from api.features.store import RunStore

MULTIPROCESS_FOLDER = "PROMETHEUS_MULTIPROC_DIR"
"""Environment variable that prometheus-client reads when it is imported."""

CONTENT_TYPE = CONTENT_TYPE_LATEST

_LATENCIES_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


class Metrics:
    """Numbers about requests. Labels are ids of operations and classes of statuses, so there are few."""

    def __init__(self, store: RunStore) -> None:
        registry = CollectorRegistry()
        self._requests = Counter(
            "shalgai_http_requests", "Requests answered.", ("operation", "status"), registry=registry
        )
        self._seconds = Histogram(
            "shalgai_http_request_duration_seconds",
            "Time from a request to the end of its answer.",
            ("operation",),
            buckets=_LATENCIES_S,
            registry=registry,
        )
        self._bytes = Counter(
            "shalgai_http_response_bytes", "Bytes of bodies sent, as encoded.", ("operation",), registry=registry
        )
        self.in_flight = Gauge(
            "shalgai_http_requests_in_flight",
            "Requests being answered.",
            multiprocess_mode="livesum",
            registry=registry,
        )
        self._by_operation: dict[tuple[str, str], tuple[Counter, Histogram, Counter]] = {}
        self._registry = registry
        self._extra = (_RunsCollector(store), _ProcessesCollector())

    def observe(self, operation: str, status: int, seconds: float, sent_bytes: int) -> None:
        """Count an answered request."""
        status_class = f"{status // 100}xx"
        counters = self._by_operation.get((operation, status_class))
        if counters is None:
            counters = self._by_operation[operation, status_class] = (
                self._requests.labels(operation, status_class),
                self._seconds.labels(operation),
                self._bytes.labels(operation),
            )
        counters[0].inc()
        counters[1].observe(seconds)
        counters[2].inc(sent_bytes)

    def render(self) -> bytes:
        """The metrics in Prometheus' text format."""
        folder = os.environ.get(MULTIPROCESS_FOLDER)
        asked = self._registry
        if folder is not None:
            _forget_dead(Path(folder))
            asked = CollectorRegistry()
            MultiProcessCollector(asked, folder)  # type: ignore[no-untyped-call]
        extra = CollectorRegistry()
        for collector in self._extra:
            extra.register(collector)
        return generate_latest(asked) + generate_latest(extra)


class _RunsCollector(Collector):
    """The runs that are served."""

    def __init__(self, store: RunStore) -> None:
        self._store = store

    def collect(self) -> Iterable[Metric]:
        named, count = self._store.loaded()
        info = GaugeMetricFamily("shalgai_run_info", "Runs served, by name.", labels=("name", "run"))
        age = GaugeMetricFamily("shalgai_run_age_seconds", "Time since the run was made.", labels=("name",))
        for name, run in sorted(named.items()):
            info.add_metric((name, run.id), 1.0)
            created = datetime.fromisoformat(run.manifest["created_at"]).timestamp()
            age.add_metric((name,), max(0.0, time.time() - created))
        yield info
        yield age
        yield GaugeMetricFamily("shalgai_runs_loaded", "Runs in memory of the answering process.", value=count)


class _ProcessesCollector(Collector):
    """Memory of the worker processes, where the system tells it (Linux)."""

    def collect(self) -> Iterable[Metric]:
        folder = os.environ.get(MULTIPROCESS_FOLDER)
        pids = {os.getpid()} if folder is None else {pid for pid, _ in _files(Path(folder)) if _lives(pid)}
        memory = GaugeMetricFamily("shalgai_process_resident_bytes", "Memory of a process.", labels=("pid",))
        for pid in sorted(pids):
            try:
                pages = int(Path(f"/proc/{pid}/statm").read_text("ascii").split()[1])
            except (OSError, ValueError, IndexError):
                continue
            memory.add_metric((str(pid),), float(pages * os.sysconf("SC_PAGE_SIZE")))
        yield memory


def _files(folder: Path) -> Iterator[tuple[int, Path]]:
    for path in folder.glob("*.db"):
        number = path.stem.rpartition("_")[2]
        if number.isdigit():
            yield int(number), path


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _forget_dead(folder: Path) -> None:
    """Take the requests in flight of workers that died out of the sum; what they counted stays."""
    for pid in {pid for pid, path in _files(folder) if path.name.startswith("gauge_live") and not _lives(pid)}:
        mark_process_dead(pid, str(folder))  # type: ignore[no-untyped-call]
