"""Rasters of a run: stored whole with it, listed, verified, held open, and absent from old runs."""

import json
import os

import pytest

from geo.errors import FileProblem, RunDamaged, UnknownName
from geo.workspace import RasterToKeep
from geo.workspace import manifest as manifests
from geo.workspace.pruning import prune
from geo.workspace.verification import verify_runs

NAME = "signal-kcell-4g"
CONTENT = b"II*\0" + bytes(range(256)) * 8


def keep(name=NAME, content=CONTENT, **facts):
    return RasterToKeep(name, {"operator": "kcell", **facts}, lambda path: path.write_bytes(content) and None)


@pytest.fixture
def run(workspace, tables, manifest):
    return workspace.publish(tables, manifest, [keep(), keep(f"{NAME}-2", b"other")])


def test_a_raster_is_stored_and_listed(workspace, run):
    facts = workspace.find("current").manifest["rasters"]
    assert list(facts) == [NAME, f"{NAME}-2"]
    assert {key: facts[NAME][key] for key in ("operator", "bytes")} == {"operator": "kcell", "bytes": len(CONTENT)}
    assert run.raster(NAME).read_bytes() == CONTENT
    (verdict,) = verify_runs(workspace, [run.id])
    assert (verdict.files, verdict.damage) == (5, ())
    assert verdict.bytes == sum(path.stat().st_size for path in run.path.iterdir() if path.name != manifests.FILE)


@pytest.mark.parametrize("position", [0, 1000, -1])
def test_a_flipped_bit_in_a_raster_is_found(workspace, run, position):
    path = run.path / f"{NAME}.tif"
    content = bytearray(CONTENT)
    content[position] ^= 1
    path.write_bytes(content)
    (verdict,) = verify_runs(workspace, [run.id])
    assert [f"{NAME}.tif: the file has changed" in str(error) for error in verdict.damage] == [True]
    for read in (run.verify, lambda: run.raster(NAME), lambda: run.held().raster(NAME)):
        with pytest.raises(RunDamaged, match=rf"{NAME}\.tif: the file has changed"):
            read()
    assert run.raster(f"{NAME}-2").read_bytes() == b"other"


def test_a_raster_cut_short_or_missing_is_found_on_opening_the_run(workspace, run, tables, manifest):
    path = run.path / f"{NAME}.tif"
    path.write_bytes(CONTENT[:-1])
    with pytest.raises(RunDamaged, match="has changed"):
        workspace.find("current")
    path.unlink()
    with pytest.raises(RunDamaged, match="is missing"):
        workspace.find("current")
    with pytest.raises(RunDamaged, match="cannot be read"):
        run.held()
    workspace.publish(tables, manifest, [keep(), keep(f"{NAME}-2", b"other")])
    assert workspace.find("current").raster(NAME).read_bytes() == CONTENT


def test_a_held_raster_outlives_its_run(workspace, run, tables, manifest):
    held = run.held()
    workspace.publish(tables, manifest | {"parameters": {"seed": 2}})
    prune(workspace, 0)
    assert not run.path.exists()
    assert held.raster(NAME).read_bytes() == CONTENT
    assert held.raster(NAME) == held.raster(NAME)


def test_a_held_raster_is_hashed_once_and_again_when_it_was_written_to(run, monkeypatch):
    from geo import files

    counted, real = [], files.file_sha256
    monkeypatch.setattr(files, "file_sha256", lambda path: counted.append(path) or real(path))
    held = run.held()
    for _ in range(3):
        held.raster(NAME)
    assert len(counted) == 1
    path = run.path / f"{NAME}.tif"
    with path.open("r+b") as stream:
        stream.write(b"X")
    os.utime(path, ns=(1, 1))
    for _ in range(2):
        with pytest.raises(RunDamaged, match="has changed"):
            held.raster(NAME)
    assert len(counted) == 2


def test_a_run_from_before_there_were_rasters_is_used_as_it_is(workspace, tables, manifest):
    run = workspace.publish(tables, manifest)
    path = run.path / manifests.FILE
    stored = json.loads(path.read_bytes())
    del stored["rasters"], stored[manifests.DIGEST]
    path.write_bytes(manifests.sealed(stored))
    old = workspace.find("current").held()
    old.verify()
    assert len(old.table("service")) == 2
    with pytest.raises(UnknownName, match=r"no such raster.*has: none"):
        old.raster(NAME)


@pytest.mark.parametrize("name", ["../x", "", "a/b", "A", "a.b", "-a", "\0"])
def test_a_raster_that_could_lie_elsewhere_is_refused(workspace, tables, manifest, name):
    with pytest.raises(ValueError, match="not a name of its own"):
        workspace.publish(tables, manifest, [keep(name)])
    assert workspace.ids() == []


def test_two_rasters_of_one_name_are_refused(workspace, tables, manifest):
    with pytest.raises(ValueError, match="not a name of its own"):
        workspace.publish(tables, manifest, [keep(), keep()])


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_a_failure_while_a_raster_is_written_leaves_nothing(workspace, tables, manifest, error):
    first = workspace.publish(tables, manifest, [keep()])

    def fail(path):
        path.write_bytes(CONTENT[:50])
        raise error

    broken = [keep("signal-a-2g"), RasterToKeep(NAME, {}, fail)]
    with pytest.raises((FileProblem, KeyboardInterrupt)):
        workspace.publish(tables, manifest | {"parameters": {"seed": 2}}, broken)
    assert workspace.named() == {"current": first.id}
    assert [path.name for path in first.path.parent.iterdir()] == [first.id]
    workspace.find("current").verify()


def test_a_manifest_whose_rasters_are_no_files_is_damaged(workspace, run):
    path = run.path / manifests.FILE
    stored = json.loads(path.read_bytes())
    del stored[manifests.DIGEST]
    for rasters in ([], {NAME: {}}, {NAME: None}):
        path.write_bytes(manifests.sealed(stored | {"rasters": rasters}))
        with pytest.raises(RunDamaged, match="has no valid 'rasters'"):
            workspace.find("current")
