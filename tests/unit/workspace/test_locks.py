"""One writer at a time: who waits is told for whom, not for ever, and readers never wait."""

import fcntl
import json
import logging
import os
import subprocess
import sys
from contextlib import contextmanager

import pytest

from geo import files
from geo.errors import WorkspaceBusy
from geo.files import is_locked, locked
from geo.settings import get_settings
from geo.workspace.pruning import superfluous
from geo.workspace.verification import verify_pointers, verify_runs


@contextmanager
def held_elsewhere(path, content=b""):
    """A lock of somebody else's: another descriptor counts as another process does."""
    path.write_bytes(content)
    with path.open("rb") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield


@pytest.fixture
def impatient(monkeypatch):
    """Wait for a lock a moment only."""
    monkeypatch.setenv("SHALGAI_LOCK_WAIT_S", "0.1")
    monkeypatch.setattr(files, "_TOLD_AFTER_S", 0.0)
    get_settings.cache_clear()
    yield
    get_settings.cache_clear()


SIGNED = json.dumps({"pid": 4711, "host": "h\x1b[2J", "command": "shalgai analyse", "since": "2026-11-23"}).encode()


def test_the_holder_says_who_he_is_and_leaves_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["/somewhere/shalgai", "catalogue", "remove", "x", "--token", "secret"])
    path = tmp_path / ".lock"
    with locked(path):
        stated = json.loads(path.read_bytes())
        assert (stated["pid"], stated["command"]) == (os.getpid(), "shalgai catalogue remove")
        assert set(stated) == {"pid", "host", "command", "since"}
        assert is_locked(path)
    assert path.read_bytes() == b""
    assert not is_locked(path)


def test_who_waits_too_long_is_told_for_whom(tmp_path, impatient, caplog):
    path = tmp_path / ".lock"
    with held_elsewhere(path, SIGNED), caplog.at_level(logging.WARNING):
        with pytest.raises(WorkspaceBusy, match=r"process 4711 on h\?\[2J, 'shalgai analyse', since 2026-11-23"):
            locked(path).__enter__()
        assert path.read_bytes() == SIGNED
    (record,) = caplog.records
    assert "waiting for another writer" in record.getMessage()
    with locked(path):
        pass


@pytest.mark.parametrize("content", [b"", b"\xff", b"[]", b'{"pid": 1}'])
def test_a_holder_that_did_not_sign_is_waited_for_too(tmp_path, impatient, content):
    path = tmp_path / ".lock"
    with held_elsewhere(path, content), pytest.raises(WorkspaceBusy, match="did not say who it is"):
        locked(path).__enter__()


def test_the_text_of_a_dead_holder_holds_nobody_up(tmp_path):
    path = tmp_path / ".lock"
    path.write_bytes(SIGNED)
    with locked(path):
        assert json.loads(path.read_bytes())["pid"] == os.getpid()


def test_a_full_disk_does_not_keep_a_writer_out(tmp_path, monkeypatch):
    def full(*_args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "pwrite", full)
    with locked(tmp_path / ".lock"):
        assert is_locked(tmp_path / ".lock")


def test_a_folder_is_locked_without_writing_into_it(tmp_path):
    with locked(tmp_path):
        assert is_locked(tmp_path)
        assert list(tmp_path.iterdir()) == []


def test_readers_do_not_wait(workspace, tables, manifest, impatient):
    run = workspace.publish(tables, manifest)
    with held_elsewhere(workspace.root / ".lock", SIGNED):
        assert workspace.find("current").id == run.id
        assert len(workspace.runs()) == 1
        assert workspace.damaged() == []
        assert workspace.named() == {"current": run.id}
        workspace.find(run.id).table("service")
        assert [verdict.damage for verdict in (verify_pointers(workspace), *verify_runs(workspace, [run.id]))] == [
            (),
            (),
        ]
        assert superfluous(workspace, 0) == []
        for write in (lambda: workspace.rollback(run.id), lambda: workspace.publish(tables, manifest)):
            with pytest.raises(WorkspaceBusy):
                write()
    assert workspace.named() == {"current": run.id}


def test_a_waiting_process_says_so_on_stderr_and_goes_on(tmp_path):
    path = tmp_path / ".lock"
    script = "import sys, pathlib, geo.files\nwith geo.files.locked(pathlib.Path(sys.argv[1])): print('in')"
    with held_elsewhere(path, SIGNED):
        waiting = subprocess.Popen(
            [sys.executable, "-c", script, str(path)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert "process 4711" in waiting.stderr.readline()
    out, _ = waiting.communicate(timeout=60)
    assert (waiting.returncode, out) == (0, "in\n")
