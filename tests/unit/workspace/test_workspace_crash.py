"""Whatever fails, and whoever publishes at the same time, the stored runs and pointers stay whole."""

import os
import signal
import subprocess
import sys
import textwrap
from multiprocessing import get_context
from pathlib import Path

import pytest

from geo import files
from geo.errors import FileProblem
from geo.files import locked
from geo.workspace import Workspace, runs

STEPS = [
    (runs, "write_table"),
    (runs, "write_rasters"),
    (runs, "fsync"),
    (runs.Workspace, "_install"),
    (runs, "write_pointers"),
    (files, "fsync"),
    (Path, "replace"),
    (Path, "rename"),
]


def snapshot(root):
    return {str(p.relative_to(root)): p.read_bytes() for p in sorted(root.rglob("*")) if p.is_file()}


@pytest.mark.parametrize(("owner", "step"), STEPS, ids=lambda step: getattr(step, "__name__", step))
def test_a_failure_at_any_step_leaves_the_pointer_and_its_run(workspace, tables, manifest, monkeypatch, owner, step):
    first = workspace.publish(tables, manifest)
    before = snapshot(first.path)

    def fail(*_args, **_kwargs):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(owner, step, fail)
        with pytest.raises(FileProblem, match=r"No space left on device.*Free some space"):
            workspace.publish(tables, manifest | {"parameters": {"seed": 2}})
    assert workspace.named() == {"current": first.id}
    assert snapshot(first.path) == before
    assert not list((workspace.root / "runs").glob(".writing-*"))
    second = workspace.publish(tables, manifest | {"parameters": {"seed": 2}})
    assert workspace.named() == {"current": second.id}
    second.verify()


KILLED = """
import os, signal, sys
from pathlib import Path
import pandas as pd
from geo import files
from geo.workspace import Workspace, runs

def die(*args, **kwargs):
    os.kill(os.getpid(), signal.SIGKILL)

owner = {"runs": runs, "files": files, "workspace": Workspace, "path": Path}[sys.argv[2]]
setattr(owner, sys.argv[3], die)
Workspace(Path(sys.argv[1])).publish({"service": pd.DataFrame({"a": [1]})}, {"inputs": [], "parameters": {"seed": 2}})
"""


@pytest.mark.parametrize(
    ("owner", "step"),
    [
        ("runs", "write_table"),
        ("runs", "write_rasters"),
        ("workspace", "_install"),
        ("runs", "write_pointers"),
        ("path", "replace"),
    ],
)
def test_a_killed_process_leaves_the_pointer_and_its_leftovers_go(workspace, tables, manifest, owner, step):
    first = workspace.publish(tables, manifest)
    killed = subprocess.run([sys.executable, "-c", KILLED, str(workspace.root), owner, step], capture_output=True)
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()
    assert workspace.named() == {"current": first.id}
    workspace.find("current").verify()
    for run in workspace.runs():
        run.verify()
    workspace.publish(tables, manifest)
    assert not list((workspace.root / "runs").glob(".writing-*"))


def test_leftovers_of_the_dead_go_and_those_being_written_stay(workspace, tables, manifest):
    folders = workspace.root / "runs"
    dead, alive = folders / f".writing-{os.getpid()}-dead", folders / ".writing-1-alive"
    for folder in (dead, alive):
        folder.mkdir(parents=True)
        (folder / "service.parquet").touch()
    with locked(alive):
        workspace.publish(tables, manifest)
        assert not dead.exists()
        assert alive.exists()
    workspace.publish(tables, manifest)
    assert not alive.exists()


def _publish(root, barrier, seed, scenario, tables):
    barrier.wait(timeout=60)
    manifest = {"inputs": [], "parameters": {"seed": seed, "scenario": scenario}, "scenario": scenario}
    return Workspace(root).publish(tables, manifest).id


@pytest.mark.parametrize("same", [True, False])
def test_processes_that_publish_at_once_all_succeed(workspace, tables, same):
    context = get_context("spawn")
    count = 3
    with context.Manager() as manager, context.Pool(count) as pool:
        barrier = manager.Barrier(count)
        names = [None if same else f"scenario-{i}" for i in range(count)]
        jobs = [pool.apply_async(_publish, (workspace.root, barrier, 1, name, tables)) for name in names]
        ids = [job.get(timeout=60) for job in jobs]
    if same:
        assert workspace.named() == {"current": ids[0]}
        assert set(ids) == {ids[0]}
    else:
        assert workspace.named() == dict(zip(names, ids, strict=True))
    for run in workspace.runs():
        run.verify()
    assert {run.id for run in workspace.runs()} == set(ids)
    assert not list((workspace.root / "runs").glob(".writing-*"))


def test_a_reader_beside_a_writer_always_finds_a_whole_run(workspace, tables, manifest):
    workspace.publish(tables, manifest)
    script = textwrap.dedent(
        """
        import sys
        from pathlib import Path
        import pandas as pd
        from geo.workspace import Workspace
        for seed in range(40):
            table = pd.DataFrame({"a": [seed]})
            Workspace(Path(sys.argv[1])).publish({"service": table}, {"inputs": [], "parameters": {"seed": seed}})
        """
    )
    writer = subprocess.Popen([sys.executable, "-c", script, str(workspace.root)])
    seen = set()
    try:
        while writer.poll() is None:
            run = workspace.find("current")
            run.table("service")
            seen.add(run.id)
    finally:
        writer.wait(timeout=60)
    assert writer.returncode == 0
    assert len(seen) > 1
