"""Runs over HTTP while they are published, rolled back, pruned and damaged."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx

from api.app import create_app
from geo.workspace import Workspace
from geo.workspace.pruning import prune

Publisher = Callable[[Path], Callable[..., Any]]

CLIENTS = 20


def test_a_damaged_run_is_listed_as_such_and_stops_nothing(tmp_path: Path, connect: Any, publisher: Publisher) -> None:
    publish = publisher(tmp_path)
    old, current = publish(seed=1), publish(seed=2)
    (old.path / "manifest.json").write_text("{")
    with connect(create_app(tmp_path)) as client:
        before = client.get("/runs")
        assert before.status_code == 200
        assert str(tmp_path) not in before.text
        listed = {run["id"]: run for run in before.json()["runs"]}
        assert listed[old.id] == {"id": old.id, "names": [], "damaged": True, "links": []}
        assert (listed[current.id]["names"], listed[current.id]["damaged"]) == (["current"], False)
        assert client.get(f"/runs/{old.id}").status_code == 500
        assert client.get("/collections/gaps/items").headers["shalgai-run"] == current.id
        publish(seed=1)
        assert not any(run["damaged"] for run in client.get("/runs").json()["runs"])
        assert client.get("/runs").headers["etag"] != before.headers["etag"]


def test_a_rollback_is_followed_at_the_next_request(tmp_path: Path, connect: Any, publisher: Publisher) -> None:
    publish = publisher(tmp_path)
    first, second = publish(seed=1), publish(seed=2)
    with connect(create_app(tmp_path)) as client:
        assert client.get("/readyz").json()["run"] == second.id
        Workspace(tmp_path).rollback(first.id)
        assert client.get("/readyz").json()["run"] == first.id
        assert client.get("/collections/gaps/items").headers["shalgai-run"] == first.id


def test_a_pruned_run_is_read_on_by_who_has_it(tmp_path: Path, connect: Any, publisher: Publisher) -> None:
    publish = publisher(tmp_path)
    old = publish(seed=1)
    with connect(create_app(tmp_path)) as client:
        items, one = f"/collections/gaps/items?run={old.id}", f"/settlements/900000001?run={old.id}"
        assert client.get(items).status_code == 200
        publish(seed=2)
        assert client.get("/readyz").status_code == 200
        prune(Workspace(tmp_path), 0)
        assert client.get(items).headers["shalgai-run"] == old.id
        assert client.get(one).json()["run"] == old.id
        assert [run["id"] for run in client.get("/runs").json()["runs"]] != [old.id]


def test_a_manifest_whose_run_is_pruned_while_asked_for_is_that_of_the_next(
    tmp_path: Path, connect: Any, publisher: Publisher, monkeypatch: Any
) -> None:
    publish = publisher(tmp_path)
    publish(seed=1)
    real, asked = Workspace.find, []

    def pruned_meanwhile(workspace: Workspace, name: str) -> Any:
        asked.append(name)
        if len(asked) == 1:
            publish(seed=2)
            prune(workspace, 0)
        return real(workspace, name)

    with connect(create_app(tmp_path)) as client:
        monkeypatch.setattr(Workspace, "find", pruned_meanwhile)
        response = client.get("/runs/current")
        assert response.status_code == 200
        assert response.json()["parameters"]["seed"] == 2


def test_twenty_clients_read_whole_runs_while_others_are_published_rolled_back_and_pruned(
    tmp_path: Path, connect: Any, publisher: Publisher
) -> None:
    publish, workspace = publisher(tmp_path), Workspace(tmp_path)
    # in run n every population has the same hundreds of thousands, so that a mixture would show
    seeds = (1, 2, 3, 4)
    ids = {publish(seed=n, count=40, people=100_000 * n).id: n for n in seeds}
    app, stop, begun = create_app(tmp_path), threading.Event(), threading.Barrier(CLIENTS + 1)

    def check(client: httpx.Client, path: str) -> str:
        response = client.get(path)
        assert response.status_code == 200, (path, response.text)
        page, run = response.json(), response.headers["shalgai-run"]
        if path.startswith("/settlements"):
            assert page["run"] == run
            assert page["population"]["people"] // 100_000 == ids[run]
        elif path.startswith("/runs"):
            assert (page["id"], page["parameters"]["seed"]) == (run, ids[run])
        else:
            assert page["run"] == run
            assert page["numberMatched"] == page["numberReturned"] == len(page["features"])
            people = (feature["properties"]["population"] for feature in page["features"])
            assert {count // 100_000 for count in people if count is not None} == {ids[run]}
        return str(run)

    def read(number: int) -> set[str]:
        paths = ("/collections/settlements/items?limit=1000", "/settlements/900000001", "/runs/current")
        seen = set()
        with connect(app) as client:
            begun.wait(timeout=60)
            while not stop.is_set():
                seen.add(check(client, paths[number % len(paths)]))
                number += 1
            assert client.get("/runs").status_code == 200
        return seen

    with ThreadPoolExecutor(CLIENTS) as pool:
        readers = [pool.submit(read, number) for number in range(CLIENTS)]
        begun.wait(timeout=60)
        try:
            for n in (1, 2, 3):
                run = publish(seed=n, count=40, people=100_000 * n)
                with connect(app) as client:
                    assert check(client, "/collections/settlements/items?limit=1000") == run.id
                workspace.rollback(next(other.id for other in workspace.runs() if other.id != run.id))
                prune(workspace, 1)
        finally:
            stop.set()
        seen = set().union(*(reader.result() for reader in readers))
    assert len(seen) > 1
    assert seen <= set(ids)
