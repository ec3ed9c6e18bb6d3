"""Pointers move back to whole runs only; old runs go, those that a pointer names or a reader holds stay readable."""

import errno
import shutil

import pytest

from geo.errors import FileProblem, RunDamaged, UnknownName
from geo.workspace import pruning, runs
from geo.workspace.pruning import prune, superfluous
from geo.workspace.runs import Move


@pytest.fixture
def publish(workspace, tables, manifest):
    """Publish the run of a seed, for a scenario or as evidence."""
    return lambda seed, scenario=None: workspace.publish(
        tables, manifest | {"scenario": scenario, "parameters": {"seed": seed, "scenario": scenario}}
    )


def test_the_pointer_moves_back_and_says_from_where(workspace, publish):
    first, second = publish(1), publish(2)
    assert workspace.rollback(first.id) == Move("current", second.id, first.id)
    assert workspace.find("current").id == first.id
    assert workspace.rollback(first.id) == Move("current", first.id, first.id)
    assert len(workspace.runs()) == 2


def test_a_run_of_a_scenario_moves_that_pointer(workspace, publish):
    current, old, new = publish(1), publish(1, "what-if"), publish(2, "what-if")
    assert workspace.rollback(old.id) == Move("what-if", new.id, old.id)
    assert workspace.named() == {"current": current.id, "what-if": old.id}


def test_a_damaged_or_unknown_run_is_refused(workspace, publish):
    first, second = publish(1), publish(2)
    path = first.path / "service.parquet"
    content = bytearray(path.read_bytes())
    content[60] ^= 1
    path.write_bytes(content)
    with pytest.raises(RunDamaged, match=r"service\.parquet"):
        workspace.rollback(first.id)
    with pytest.raises(UnknownName):
        workspace.rollback("0123456789abcdef")
    assert workspace.named() == {"current": second.id}


def test_rollback_names_a_run_again_where_the_pointers_were_lost(workspace, publish):
    run = publish(1)
    (workspace.root / "pointers.json").unlink()
    assert workspace.rollback(run.id) == Move("current", None, run.id)


def test_rolling_back_nothing_makes_nothing(workspace):
    with pytest.raises(UnknownName):
        workspace.rollback("current")
    assert not workspace.root.exists()


def test_the_newest_and_the_named_stay(workspace, publish):
    oldest = publish(1)
    scenario = publish(1, "what-if")
    third, fourth, fifth = publish(3), publish(4), publish(5)
    workspace.rollback(oldest.id)
    assert [run.id for run in superfluous(workspace, 1)] == [fourth.id, third.id]
    assert len(workspace.runs()) == 5
    gone = prune(workspace, 1)
    assert [run.id for run in gone] == [fourth.id, third.id]
    assert gone[0].bytes > 1000
    assert {run.id for run in workspace.runs()} == {oldest.id, scenario.id, fifth.id}
    assert sorted(path.name for path in workspace.folder.iterdir()) == sorted([oldest.id, scenario.id, fifth.id])
    assert prune(workspace, 1) == []
    for run in workspace.runs():
        run.verify()


def test_keeping_none_keeps_the_named(workspace, publish):
    publish(1)
    current = publish(2)
    prune(workspace, 0)
    assert workspace.ids() == [current.id]


def test_a_damaged_run_is_left_for_a_person_to_look_at(workspace, publish):
    old = publish(1)
    publish(2)
    (old.path / "manifest.json").write_text("{")
    assert prune(workspace, 0) == []
    assert [run.id for run in workspace.damaged()] == [old.id]


def test_unreadable_pointers_stop_pruning(workspace, publish):
    publish(1)
    publish(2)
    (workspace.root / "pointers.json").write_text("{")
    with pytest.raises(RunDamaged, match=r"pointers\.json"):
        prune(workspace, 0)
    assert len(workspace.ids()) == 2


def test_who_holds_a_run_open_reads_on(workspace, publish, tables):
    old = workspace.find(publish(1).id)
    held, closed = old.held(), old
    publish(2)
    prune(workspace, 0)
    assert not old.path.exists()
    for name in tables:
        assert len(held.table(name)) == len(tables[name])
    with pytest.raises(RunDamaged):
        closed.table("service")


def test_an_interrupted_pruning_leaves_no_half_run_and_the_rest_goes_later(workspace, publish, monkeypatch):
    old, current = publish(1), publish(2)
    with monkeypatch.context() as patch:
        patch.setattr(shutil, "rmtree", lambda *_args, **_kwargs: None)  # dies before anything is deleted
        prune(workspace, 0)
    assert workspace.ids() == [current.id]
    assert workspace.damaged() == []
    leftover = next(workspace.folder.glob(f".writing-*/{old.id}"))
    publish(2)
    assert not leftover.exists()


def test_a_failure_while_pruning_leaves_every_run_whole(workspace, publish, monkeypatch):
    publish(1)
    publish(2)

    def refuse(*_args):
        raise OSError(errno.EROFS, "Read-only file system")

    with monkeypatch.context() as patch:
        patch.setattr(pruning, "fsync", refuse)
        with pytest.raises(FileProblem, match=r"Read-only.*may be written to"):
            prune(workspace, 0)
    for run in workspace.runs():
        run.verify()


def test_a_pointer_that_moves_while_a_reader_looks_is_followed(workspace, publish, monkeypatch):
    old = publish(1)
    real, opened = runs.Workspace._open, []

    def pruned_meanwhile(self, run_id):
        opened.append(run_id)
        if len(opened) == 1:
            publish(2)
            prune(workspace, 0)
            assert not old.path.exists()
        return real(self, run_id)

    monkeypatch.setattr(runs.Workspace, "_open", pruned_meanwhile)
    assert workspace.find("current").manifest["parameters"]["seed"] == 2
