"""The whole program killed at random moments, started twice, and out of disk: what was published stays whole.

The harness takes any command line: `COMMANDS` lists those that write to a workspace.
"""

import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from api.features.catalogue import DEFAULT_CATALOGUE
from api.features.store import RunStore
from geo.bundled import data_path
from geo.files import locked
from geo.workspace import Workspace
from geo.workspace.catalogue import Catalogue
from geo.workspace.folders import LOCK
from geo.workspace.verification import verify_pointers, verify_runs

COMMANDS = {
    "analyse": ("analyse", "--standard", "fcc"),
    "ingest": ("ingest", "settlements", str(data_path("boundaries", "settlements.geojson"))),
}
"""Commands to kill, by name: each changes a workspace in which the bundled region was analysed by the standard kz."""

KILLS, SOAK_KILLS = 3, 50
TIMEOUT_S = 300
SEEDS = [*range(KILLS), *(pytest.param(seed, marks=pytest.mark.soak) for seed in range(KILLS, KILLS + SOAK_KILLS))]


def start(command: tuple[str, ...], workspace: Path, **options: object) -> subprocess.Popen[str]:
    """The program as its user starts it, in a process group of its own."""
    arguments = [sys.executable, "-m", "api.cli", *command, "--workspace", str(workspace)]
    environment = os.environ | {"PYTHONWARNINGS": "error"} | options.pop("environment", {})
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen(arguments, text=True, env=environment, start_new_session=True, **pipes, **options)


def finish(process: subprocess.Popen[str]) -> tuple[int, str]:
    """Exit code and stderr; never a traceback."""
    _, errors = process.communicate(timeout=TIMEOUT_S)
    assert "Traceback" not in errors, errors
    return process.returncode, errors


def run(command: tuple[str, ...], workspace: Path, **options: object) -> tuple[int, str]:
    return finish(start(command, workspace, **options))


@pytest.fixture(scope="module")
def analysed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with a current run; not to be changed."""
    workspace = tmp_path_factory.mktemp("crash") / "var"
    assert run(("analyse",), workspace)[0] == 0
    return workspace


@pytest.fixture
def workspace(analysed: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    return Path(shutil.copytree(analysed, tmp_path / "var"))


@dataclass(frozen=True)
class Killer:
    """Kills a command at a moment that a seed decides; `duration_s` is how long it takes undisturbed."""

    duration_s: float

    def kill(self, process: subprocess.Popen[str], workspace: Path, seed: int) -> None:
        """Even seeds: anywhere in its life. Odd ones: soon after it began to write, where there is most to break."""
        moment = random.Random(seed).uniform(0, 1)  # noqa: S311 - nothing secret hangs on it
        if seed % 2:
            while not any(workspace.glob("*/.writing-*")) and self._lives(process, 0.001):
                pass
            delay_s = moment * 0.2
        else:
            delay_s = moment * self.duration_s
        if self._lives(process, delay_s):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate(timeout=TIMEOUT_S)

    def _lives(self, process: subprocess.Popen[str], timeout_s: float) -> bool:
        try:
            process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            return True
        return False


@pytest.fixture(scope="module")
def killers(analysed: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Killer]:
    """Makes the killer of a command, which is timed once."""
    known: dict[str, Killer] = {}

    def killer(name: str) -> Killer:
        if name not in known:
            copy = shutil.copytree(analysed, tmp_path_factory.mktemp("timed") / "var")
            began = time.monotonic()
            assert run(COMMANDS[name], Path(copy))[0] == 0
            known[name] = Killer(time.monotonic() - began)
        return known[name]

    return killer


def check(root: Path) -> str:
    """Everything stored is whole and the current run can be served; returns its id."""
    workspace = Workspace(root)
    assert verify_pointers(workspace).damage == ()
    assert workspace.damaged() == []
    verdicts = list(verify_runs(workspace, workspace.ids()))
    assert verdicts
    assert [verdict.damage for verdict in verdicts] == [()] * len(verdicts)
    current = workspace.find("current")
    served = RunStore(workspace, DEFAULT_CATALOGUE).get("current")
    assert served.id == current.id
    catalogue = Catalogue(root)
    assert all(catalogue.data(dataset).is_file() for dataset in catalogue.active())
    assert len(served.collections["settlements"].encoded) == current.manifest["tables"]["settlements"]["rows"]
    return current.id


@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.parametrize("seed", SEEDS)
def test_killed_at_any_moment_it_leaves_all_whole_and_completes_when_given_again(
    killers: Callable[[str], Killer], workspace: Path, name: str, seed: int
) -> None:
    before = check(workspace)
    killer = killers(name)
    killer.kill(start(COMMANDS[name], workspace), workspace, seed)
    after_kill = check(workspace)
    assert after_kill == before or len(Workspace(workspace).ids()) == 2
    code, errors = run(COMMANDS[name], workspace)
    assert code == 0, errors
    check(workspace)
    assert not list(workspace.glob("*/.writing-*"))


def test_two_analyses_at_once_wait_for_the_writer_and_none_is_lost(workspace: Path) -> None:
    before = check(workspace)
    commands = (("analyse", "--standard", "fcc"), ("analyse", "--standard", "ofcom"))
    with locked(workspace / LOCK):
        processes = [start(command, workspace) for command in commands]
        for process in processes:
            told = next(line for line in process.stderr if "waiting" in line)
            assert f"process {os.getpid()} on" in told
        assert check(workspace) == before
    for process in processes:
        assert finish(process)[0] == 0
    runs = {run.manifest["standard"]["name"]: run.id for run in Workspace(workspace).runs()}
    assert set(runs) == {"kz", "fcc", "ofcom"}
    assert check(workspace) in (runs["fcc"], runs["ofcom"])


def test_who_may_not_wait_is_refused_with_the_reason(workspace: Path) -> None:
    before = check(workspace)
    with locked(workspace / LOCK):
        code, errors = run(COMMANDS["analyse"], workspace, environment={"SHALGAI_LOCK_WAIT_S": "0.1"})
    assert code == 1
    assert f"another writer holds it for longer than 0.1 s: process {os.getpid()} on" in errors
    assert check(workspace) == before


def test_a_file_that_may_not_grow_is_a_clear_error_and_breaks_nothing(workspace: Path) -> None:
    before = check(workspace)

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (30_000, 30_000))

    code, errors = run(COMMANDS["analyse"], workspace, preexec_fn=limit)
    assert code == 2, errors
    assert "cannot be written: File too large" in errors
    assert str(workspace)[:60] in errors  # a long path is shortened
    assert check(workspace) == before
    assert not list(workspace.glob("*/.writing-*"))
    assert run(COMMANDS["analyse"], workspace)[0] == 0
    assert check(workspace) != before


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Callable[[int], Path]]:
    """Mounts a disk of a size in kB, or gives a mounted one another size; skips where that is not allowed."""
    folder = tmp_path / "disk"
    folder.mkdir()

    def mounted(size_kb: int) -> Path:
        options = f"size={size_kb}k" + (",remount" if folder.is_mount() else "")
        made = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)], capture_output=True)
        if made.returncode:
            pytest.skip(f"no disk may be mounted: {made.stderr.decode().strip()}")
        return folder

    yield mounted
    if folder.is_mount():
        subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.parametrize("spare_kb", [0, 40, 120])
def test_a_full_disk_is_a_clear_error_and_breaks_nothing(
    analysed: Path, small_disk: Callable[[int], Path], spare_kb: int
) -> None:
    workspace = small_disk(10_000) / "var"
    shutil.copytree(analysed, workspace)
    # in pages, as the disk counts
    used_kb = sum(-(-path.stat().st_size // 4096) * 4 for path in workspace.rglob("*") if path.is_file())
    small_disk(used_kb + spare_kb)
    before = check(workspace)
    code, errors = run(COMMANDS["analyse"], workspace)
    assert code == 2, errors
    assert "cannot be written: No space left on device" in errors
    assert str(workspace)[:60] in errors  # a long path is shortened
    assert "Free some space" in errors
    assert check(workspace) == before
    assert not list(workspace.glob("*/.writing-*"))
    small_disk(10_000)
    assert run(COMMANDS["analyse"], workspace)[0] == 0
    assert check(workspace) != before
