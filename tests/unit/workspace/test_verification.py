"""Every stored byte of a run and of the pointers is verified, and what is damaged is named."""

import json

import pytest

from geo.errors import RunDamaged, UnknownName
from geo.workspace import Workspace
from geo.workspace import manifest as manifests
from geo.workspace.verification import stored_ids, verify_pointers, verify_runs


@pytest.fixture
def run(workspace, tables, manifest):
    return workspace.publish(tables, manifest)


def flip(path, position):
    content = bytearray(path.read_bytes())
    content[position] ^= 1
    path.write_bytes(content)


def test_a_whole_workspace_has_no_damage(workspace, run):
    (verdict,) = verify_runs(workspace, workspace.ids())
    assert (verdict.subject, verdict.names, verdict.files, verdict.damage) == (run.id, ("current",), 3, ())
    assert verdict.bytes == sum(path.stat().st_size for path in run.path.glob("*.parquet"))
    assert verify_pointers(workspace).damage == ()


def test_a_flipped_bit_anywhere_in_the_manifest_is_found(workspace, run):
    path = run.path / manifests.FILE
    whole = path.read_bytes()
    for position in range(len(whole)):
        spoilt = bytearray(whole)
        spoilt[position] ^= 1 << position % 8
        path.write_bytes(spoilt)
        with pytest.raises(RunDamaged, match=r"manifest\.json"):
            workspace.find(run.id)
    path.write_bytes(whole)
    workspace.find("current").verify()


@pytest.mark.parametrize("table", ["settlements", "districts", "service"])
def test_a_flipped_bit_in_a_table_is_named(workspace, run, table):
    flip(run.path / f"{table}.parquet", 100)
    (verdict,) = verify_runs(workspace, [run.id])
    (error,) = verdict.damage
    assert f"{table}.parquet: the file has changed" in str(error)
    with pytest.raises(RunDamaged, match=rf"{table}\.parquet"):
        run.verify()


def test_every_damaged_file_is_named(workspace, run):
    flip(run.path / "service.parquet", 50)
    (run.path / "districts.parquet").unlink()
    (verdict,) = verify_runs(workspace, [run.id])
    assert [str(error).split(": ")[0].rsplit("/", 1)[1] for error in verdict.damage] == [
        "districts.parquet",
        "service.parquet",
    ]


def test_a_table_cut_short_or_missing_is_found_on_opening(workspace, run):
    path = run.path / "service.parquet"
    content = path.read_bytes()
    path.write_bytes(content[:-1])
    with pytest.raises(RunDamaged, match=r"service\.parquet: the file has changed"):
        workspace.find("current")
    path.unlink()
    with pytest.raises(RunDamaged, match=r"service\.parquet: the file is missing"):
        workspace.find("current")
    path.write_bytes(content)
    workspace.find("current").verify()


def test_a_manifest_from_before_the_digest_is_read(workspace, run):
    path = run.path / manifests.FILE
    stored = json.loads(path.read_bytes())
    del stored[manifests.DIGEST]
    for table in stored["tables"].values():
        del table["bytes"]
    path.write_bytes(manifests.encode(stored, indent=2) + b"\n")
    workspace.find("current").verify()
    assert [verdict.damage for verdict in verify_runs(workspace, [run.id])] == [()]


def test_a_damaged_run_is_listed_apart_and_the_others_stay_in_use(workspace, run, tables, manifest):
    other = workspace.publish(tables, manifest | {"parameters": {"seed": 2}})
    (run.path / manifests.FILE).unlink()
    assert [r.id for r in workspace.runs()] == [other.id]
    (damaged,) = workspace.damaged()
    assert damaged.id == run.id
    assert "manifest.json" in str(damaged.error)
    assert workspace.find("current").id == other.id
    assert [(v.subject, len(v.damage)) for v in verify_runs(workspace, sorted([run.id, other.id]))] == sorted(
        [(run.id, 1), (other.id, 0)]
    )


def test_a_run_pruned_while_verifying_is_passed_over(workspace, run):
    assert list(verify_runs(workspace, ["0123456789abcdef"])) == []


def test_unreadable_pointers_are_a_verdict(workspace, run):
    (workspace.root / "pointers.json").write_text("{")
    assert "pointers.json" in str(verify_pointers(workspace).damage[0])
    assert [verdict.damage for verdict in verify_runs(workspace, [run.id])] == [()]


@pytest.mark.parametrize(
    ("pointers", "what"),
    [
        ({"current": "0123456789abcdef", "scenarios": {}}, "is not stored"),
        ({"current": None, "scenarios": {"what-if": "RUN"}}, "not one of that scenario"),
        ({"current": "SCENARIO", "scenarios": {}}, "no run of evidence"),
        ({"current": "RUN", "scenarios": {"whbt-if": "SCENARIO"}}, "not one of that scenario"),
    ],
)
def test_a_pointer_to_the_wrong_run_is_found(workspace, run, tables, manifest, pointers, what):
    scenario = workspace.publish(tables, manifest | {"scenario": "what-if", "parameters": {"seed": 3}})
    stored = json.dumps(pointers).replace("RUN", run.id).replace("SCENARIO", scenario.id)
    (workspace.root / "pointers.json").write_text(stored)
    (error,) = verify_pointers(workspace).damage
    assert what in str(error)
    assert "pointers.json" in str(error)


def test_names_and_ids_are_resolved_once_each(workspace, run):
    assert stored_ids(workspace, ["current", run.id]) == [run.id]
    with pytest.raises(UnknownName):
        stored_ids(workspace, ["nothing"])


def test_verifying_makes_nothing(tmp_path):
    workspace = Workspace(tmp_path / "none")
    assert verify_pointers(workspace).damage == ()
    assert list(verify_runs(workspace, workspace.ids())) == []
    assert not workspace.root.exists()
