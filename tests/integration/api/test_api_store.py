"""Runs in memory: nothing yet, pointers that move while serving, damaged runs, eviction."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.app import create_app
from api.errors import NoRun
from api.features.catalogue import DEFAULT_CATALOGUE
from api.features.store import RunStore
from geo.errors import RunDamaged, UnknownName
from geo.settings import get_settings
from geo.workspace import Workspace

Publisher = Callable[[Path], Callable[..., Any]]


def store(root: Path, capacity: int = 4) -> RunStore:
    return RunStore(Workspace(root), DEFAULT_CATALOGUE, capacity)


def test_without_a_run_data_wait_and_the_remedy_is_told(tmp_path: Path, connect: Any, publisher: Publisher) -> None:
    with connect(create_app(tmp_path / "none")) as client:
        assert client.get("/healthz").status_code == 200
        for path in ("/readyz", "/collections", "/collections/gaps/items", "/settlements/900000001", "/maps/overview"):
            response = client.get(path)
            assert response.status_code == 503
            assert response.headers["content-type"] == "application/problem+json"
            assert "shalgai analyse" in response.json()["detail"]
        assert "shalgai analyse" in client.get("/?f=html").text
        assert client.get("/api").status_code == 200
        assert client.get("/runs").json()["runs"] == []

        run = publisher(tmp_path / "none")()
        assert client.get("/readyz").json() == {"status": "ready", "run": run.id}
        assert client.get("/collections/gaps/items").headers["shalgai-run"] == run.id


def test_pointer_is_followed_at_the_next_request(tmp_path: Path, connect: Any, publisher: Publisher) -> None:
    publish = publisher(tmp_path)
    first = publish(seed=1)
    with connect(create_app(tmp_path)) as client:
        before = client.get("/collections/gaps/items")
        second = publish(seed=2)
        after = client.get("/collections/gaps/items", headers={"If-None-Match": before.headers["etag"]})
        assert (before.headers["shalgai-run"], after.headers["shalgai-run"]) == (first.id, second.id)
        assert after.status_code == 200
        old = client.get(f"/collections/gaps/items?run={first.id}")
        assert old.json()["features"] == before.json()["features"] != after.json()["features"]


def test_readers_see_one_run_whole_while_the_pointer_moves(tmp_path: Path, connect: Any, publisher: Publisher) -> None:
    publish = publisher(tmp_path)
    # in run n every population has the same hundreds of thousands, so that a mixture would show
    runs = {publish(seed=n, count=60, people=100_000 * n).id: n for n in (1, 2, 3)}
    app, stop, seen = create_app(tmp_path), threading.Event(), set()

    def read(client: httpx.Client) -> int:
        reads = 0
        while not stop.is_set() or reads < 5:
            response = client.get("/collections/settlements/items?limit=1000")
            page = response.json()
            assert response.status_code == 200
            assert page["run"] == response.headers["shalgai-run"]
            assert page["numberMatched"] == len(page["features"]) == 60
            people = {
                f["properties"]["population"] // 100_000 for f in page["features"] if f["properties"]["population"]
            }
            assert people == {runs[page["run"]]}
            seen.add(page["run"])
            reads += 1
        return reads

    with ThreadPoolExecutor(4) as pool:
        readers = [pool.submit(read, connect(app)) for _ in range(4)]
        try:
            for n in (1, 2, 3, 1, 2):
                published = publish(seed=n, count=60, people=100_000 * n)
                with connect(app) as client:
                    assert client.get("/readyz").json()["run"] == published.id
        finally:
            stop.set()
        assert all(reader.result() >= 5 for reader in readers)
    assert len(seen) > 1


def test_name_keeps_its_run_when_the_next_is_damaged(tmp_path: Path, connect: Any, publisher: Publisher) -> None:
    publish = publisher(tmp_path)
    first = publish(seed=1)
    with connect(create_app(tmp_path)) as client:
        assert client.get("/collections/gaps/items").headers["shalgai-run"] == first.id
        second = publish(seed=2)
        table = second.path / "gaps.parquet"
        content = table.read_bytes()
        table.write_bytes(content[:-1])
        assert client.get("/collections/gaps/items").headers["shalgai-run"] == first.id
        assert second.id in client.get("/readyz").json()["problem"]
        asked = client.get(f"/collections/gaps/items?run={second.id}")
        assert asked.status_code == 500
        assert str(tmp_path) not in asked.text

        publish(seed=2)  # mends what is damaged and moves the pointer
        assert client.get("/collections/gaps/items").headers["shalgai-run"] == second.id
        assert "problem" not in client.get("/readyz").json()


def test_damaged_first_run_is_refused_without_paths(tmp_path: Path, connect: Any, publisher: Publisher) -> None:
    run = publisher(tmp_path)()
    (run.path / "sites.parquet").unlink()
    with connect(create_app(tmp_path)) as client:
        for path in ("/collections/gaps/items", "/readyz"):
            response = client.get(path)
            assert response.status_code == 500
            assert str(tmp_path) not in response.text
        assert client.get("/api").status_code == 200


def test_unreadable_pointers_leave_what_is_served(tmp_path: Path, publisher: Publisher) -> None:
    run = publisher(tmp_path)()
    kept = store(tmp_path)
    assert kept.get("current").id == run.id
    (tmp_path / "pointers.json").write_text("{")
    assert kept.get("current").id == run.id


def test_unnamed_runs_leave_memory_by_last_use(tmp_path: Path, publisher: Publisher) -> None:
    publish = publisher(tmp_path)
    one, two, three, current = (publish(seed=n, count=10) for n in range(1, 5))
    kept = store(tmp_path, capacity=2)
    kept.warm()
    kept.get(one.id)
    kept.get(two.id)
    kept.get(one.id)
    kept.get(three.id)
    loaded = [run.id for run in (one, two, three, current) if kept.peek(run.id) is not None]
    assert loaded == [one.id, three.id, current.id]


def test_run_is_loaded_once_by_many_threads(tmp_path: Path, publisher: Publisher, monkeypatch: Any) -> None:
    publisher(tmp_path)()
    kept, loads, real = store(tmp_path), [], Workspace.find

    def find(workspace: Workspace, name: str) -> Any:
        loads.append(name)
        return real(workspace, name)

    monkeypatch.setattr(Workspace, "find", find)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: kept.get("current"), range(8)))
    assert len(loads) == 1
    assert all(run is found[0] for run in found)


def test_names_that_are_none(tmp_path: Path, publisher: Publisher) -> None:
    kept = store(tmp_path)
    with pytest.raises(NoRun):
        kept.get("current")
    publisher(tmp_path)("okrug-centres")
    with pytest.raises(NoRun):
        kept.get("current")
    for name in ("nothing", "../x", "0123456789abcdef"):
        with pytest.raises(UnknownName, match="okrug-centres"):
            kept.get(name)
    assert kept.get("okrug-centres").manifest["scenario"] == "okrug-centres"


def test_run_that_lost_its_folder_is_damaged(tmp_path: Path, publisher: Publisher) -> None:
    run = publisher(tmp_path)()
    (run.path / "manifest.json").unlink()
    with pytest.raises(RunDamaged):
        store(tmp_path).get("current")


def test_the_settings_name_the_run_of_requests_that_name_none(
    tmp_path: Path, connect: Any, publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish = publisher(tmp_path)
    current, scenario = publish(), publish("what-if", seed=2)
    monkeypatch.setenv("SHALGAI_RUN", "what-if")
    get_settings.cache_clear()
    try:
        with connect(create_app(tmp_path)) as client:
            items = "/collections/gaps/items"
            assert client.get(items).headers["shalgai-run"] == scenario.id
            assert client.get(f"{items}?run=current").headers["shalgai-run"] == current.id
            assert client.get("/readyz").json()["run"] == scenario.id
    finally:
        get_settings.cache_clear()
