"""Runs are named by what they were made from, stored once, verified when read, and found by id or name."""

import json
from datetime import UTC, datetime, timedelta

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from geo.errors import FileProblem, RunDamaged, UnknownName, ValueRejected
from geo.workspace import Workspace, code_version
from geo.workspace import manifest as manifests


def stored_bytes(run):
    return {path.name: path.read_bytes() for path in sorted(run.path.glob("*.parquet"))}


def test_a_published_run_is_read_back_as_it_was(workspace, tables, manifest):
    run = workspace.publish(tables, manifest)
    for name, table in tables.items():
        read = workspace.find("current").table(name)
        assert type(read) is type(table)
        assert_frame_equal(pd.DataFrame(read), pd.DataFrame(table))
    assert run.table("settlements").crs == "EPSG:4326"


def test_the_manifest_states_what_the_contract_lists(workspace, tables, manifest):
    stored = workspace.publish(tables, manifest).manifest
    assert {key: stored[key] for key in manifest} == manifest
    assert stored["scenario"] is None
    assert {name: table["rows"] for name, table in stored["tables"].items()} == {
        "settlements": 3,
        "districts": 1,
        "service": 2,
    }
    assert stored["versions"]["code"] == code_version()
    assert {"shalgai", "python", "geopandas"} <= set(stored["versions"])
    age = datetime.now(UTC) - datetime.fromisoformat(stored["created_at"])
    assert timedelta(0) <= age < timedelta(minutes=1)


def test_the_same_inputs_give_the_same_id_and_the_same_bytes(tmp_path, tables, manifest):
    first = Workspace(tmp_path / "a").publish(tables, manifest)
    shuffled = dict(reversed(manifest.items()))
    second = Workspace(tmp_path / "b").publish({n: t.copy() for n, t in tables.items()}, shuffled)
    assert first.id == second.id
    assert stored_bytes(first) == stored_bytes(second)
    assert len(stored_bytes(first)) == 3


def test_neither_index_nor_attributes_of_a_frame_change_its_bytes(tmp_path, tables, manifest):
    first = Workspace(tmp_path / "a").publish(tables, manifest)
    for table in tables.values():
        table.index = table.index + 7
        table.attrs["read_at"] = "today"
    second = Workspace(tmp_path / "b").publish(tables, manifest)
    assert stored_bytes(first) == stored_bytes(second)
    assert tables["service"].attrs == {"read_at": "today"}


@pytest.mark.parametrize(
    "change",
    [
        lambda m: m["parameters"].update(seed=2),
        lambda m: m["parameters"].update(share=0.1000000001),
        lambda m: m["inputs"][0].update(sha256="cd" * 32),
        lambda m: m["inputs"].append({"kind": "coverage", "file": "c", "sha256": "0", "credit": None}),
    ],
)
def test_other_inputs_or_parameters_give_another_id(manifest, change):
    before = manifests.run_id(manifest, "code")
    change(manifest)
    assert manifests.run_id(manifest, "code") != before


def test_another_code_version_gives_another_id(manifest):
    assert manifests.run_id(manifest, "0.1.0+a") != manifests.run_id(manifest, "0.1.0+b")


def test_numbers_of_numpy_and_numeric_keys_count_as_the_json_they_become(workspace, tables, manifest):
    plain = manifests.run_id(manifest | {"parameters": {"10": 1, "9": 0.5}}, "code")
    assert manifests.run_id(manifest | {"parameters": {10: np.int64(1), 9: np.float64(0.5)}}, "code") == plain
    run = workspace.publish(tables, manifest | {"parameters": {10: np.int64(1), 9: np.float64(0.5)}})
    assert workspace.find(run.id).manifest["parameters"] == {"10": 1, "9": 0.5}


def test_a_run_stored_already_is_kept_and_becomes_current_again(workspace, tables, manifest):
    first = workspace.publish(tables, manifest)
    other = workspace.publish(tables, manifest | {"parameters": {"seed": 2}})
    assert workspace.named() == {"current": other.id}
    before = (first.path / "manifest.json").read_bytes()
    again = workspace.publish(tables, manifest)
    assert again.id == first.id
    assert (first.path / "manifest.json").read_bytes() == before
    assert workspace.named() == {"current": first.id}
    assert len(workspace.runs()) == 2


def test_a_damaged_run_is_replaced_by_publishing_it_again(workspace, tables, manifest):
    run = workspace.publish(tables, manifest)
    whole = stored_bytes(run)
    (run.path / "service.parquet").write_bytes(b"gone")
    workspace.publish(tables, manifest)
    assert stored_bytes(run) == whole
    assert [path.name for path in run.path.parent.iterdir()] == [run.id]


def test_a_scenario_moves_its_own_pointer_only(workspace, tables, manifest):
    scenario = workspace.publish(tables, manifest | {"scenario": "okrug-centres", "parameters": {"s": 1}})
    assert workspace.named() == {"okrug-centres": scenario.id}
    with pytest.raises(UnknownName, match="okrug-centres"):
        workspace.find("current")
    current = workspace.publish(tables, manifest)
    assert workspace.named() == {"current": current.id, "okrug-centres": scenario.id}
    assert json.loads((workspace.root / "pointers.json").read_text()) == {
        "current": current.id,
        "scenarios": {"okrug-centres": scenario.id},
    }
    assert workspace.find("okrug-centres").id == scenario.id
    assert workspace.find(scenario.id).manifest["scenario"] == "okrug-centres"


@pytest.mark.parametrize("name", ["current", "", "a/b", "..", "../x", "a\\b", "0123456789abcdef", "a\nb"])
def test_a_scenario_that_could_be_taken_for_something_else_is_refused(workspace, tables, manifest, name):
    with pytest.raises(ValueRejected, match="not a name for a scenario"):
        workspace.publish(tables, manifest | {"scenario": name})
    assert not workspace.root.exists()


def test_two_scenarios_that_nothing_tells_apart_are_refused(workspace, tables, manifest):
    workspace.publish(tables, manifest)
    with pytest.raises(ValueError, match="tell them apart"):
        workspace.publish(tables, manifest | {"scenario": "a"})
    assert list(workspace.named()) == ["current"]


def test_runs_are_listed_newest_first(workspace, tables, manifest):
    ids = [workspace.publish(tables, manifest | {"parameters": {"seed": seed}}).id for seed in range(5)]
    assert [run.id for run in workspace.runs()] == ids[::-1]


def test_a_folder_without_manifest_is_no_run(workspace, tables, manifest):
    run = workspace.publish(tables, manifest)
    (workspace.root / "runs" / "0123456789abcdef").mkdir()
    (workspace.root / "runs" / "notes").mkdir()
    assert [r.id for r in workspace.runs()] == [run.id]


def test_an_empty_workspace_has_no_runs_and_is_not_made_by_reading(workspace):
    assert workspace.runs() == []
    assert workspace.named() == {}
    with pytest.raises(UnknownName, match=r"'current'.*There is none yet"):
        workspace.find("current")
    assert not workspace.root.exists()


@pytest.mark.parametrize("name", ["../x", "..", ".", "", "/etc", "runs", "fedcba9876543210", "x\0y", "CURRENT"])
def test_an_unknown_name_says_what_there_is(workspace, tables, manifest, name):
    workspace.publish(tables, manifest)
    (workspace.root / "x").mkdir()
    with pytest.raises(UnknownName, match="There are: current; and 1 run id"):
        workspace.find(name)


def test_an_unknown_table_says_which_there_are(workspace, tables, manifest):
    with pytest.raises(UnknownName, match=r"districts, service, settlements"):
        workspace.publish(tables, manifest).table("../settlements")


@pytest.mark.parametrize("table", ["settlements", "districts", "service"])
@pytest.mark.parametrize("position", [0, 0.5, -1])
def test_a_flipped_bit_is_found_when_the_table_is_opened(workspace, tables, manifest, table, position):
    run = workspace.publish(tables, manifest)
    path = run.path / f"{table}.parquet"
    content = bytearray(path.read_bytes())
    content[int(len(content) * position) if position > 0 else position] ^= 1
    path.write_bytes(content)
    with pytest.raises(RunDamaged, match=rf"{table}\.parquet: the file has changed.*analyse again"):
        workspace.find(run.id).table(table)


def test_a_missing_table_is_found(workspace, tables, manifest):
    run = workspace.publish(tables, manifest)
    (run.path / "service.parquet").unlink()
    with pytest.raises(RunDamaged, match=r"service\.parquet: the file cannot be read"):
        run.table("service")
    with pytest.raises(RunDamaged, match=r"service\.parquet: the file is missing"):
        run.verify()


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: "",
        lambda text: text[: len(text) // 2],
        lambda text: "[]",
        lambda text: text.replace('"seed": 1', '"seed": 2'),
        lambda text: text.replace('"tables"', '"tubles"'),
        lambda text: text.replace('"id"', '"di"'),
        lambda text: text.replace('"id": "', '"id": "0'),
        lambda text: text.replace('"sha256"', '"sha"'),
        lambda text: "\udcff",
    ],
)
def test_a_spoilt_manifest_is_found(workspace, tables, manifest, spoil):
    run = workspace.publish(tables, manifest)
    path = run.path / "manifest.json"
    path.write_text(spoil(path.read_text()), errors="surrogateescape")
    with pytest.raises(RunDamaged, match=rf"{run.id}/manifest\.json.*Delete the folder {run.id}"):
        workspace.find("current")


def test_a_run_under_the_name_of_another_is_found(workspace, tables, manifest):
    run = workspace.publish(tables, manifest)
    run.path.rename(run.path.with_name("0123456789abcdef"))
    with pytest.raises(RunDamaged, match="does not belong"):
        workspace.find("0123456789abcdef")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b'{"current": 5, "scenarios": {}}',
        b'{"current": "../x", "scenarios": {}}',
        b'{"scenarios": {}}',
        b'{"current": null, "scenarios": {"a": null}}',
        b"\xff",
    ],
)
def test_spoilt_pointers_are_found_and_named(workspace, tables, manifest, content):
    run = workspace.publish(tables, manifest)
    (workspace.root / "pointers.json").write_bytes(content)
    for read in (workspace.named, lambda: workspace.find("current"), lambda: workspace.publish(tables, manifest)):
        with pytest.raises(RunDamaged, match=r"pointers\.json: the file is damaged. Delete it"):
            read()
    assert workspace.find(run.id).id == run.id
    (workspace.root / "pointers.json").unlink()
    workspace.publish(tables, manifest)
    assert workspace.named() == {"current": run.id}


def test_a_pointer_to_a_run_that_is_gone_is_damage(workspace, tables, manifest):
    run = workspace.publish(tables, manifest)
    run.path.rename(workspace.root / "elsewhere")
    with pytest.raises(RunDamaged, match=rf"{run.id}/manifest\.json: the file cannot be read"):
        workspace.find("current")


def test_a_workspace_that_cannot_be_made_is_the_users_problem(tmp_path, tables, manifest):
    (tmp_path / "file").touch()
    for root in (tmp_path / "file", tmp_path / "file" / "var"):
        with pytest.raises(FileProblem, match="the workspace cannot be made here"):
            Workspace(root).publish(tables, manifest)


def test_what_the_workspace_writes_itself_may_not_be_given(workspace, tables, manifest):
    with pytest.raises(ValueError, match="created_at"):
        workspace.publish(tables, manifest | {"created_at": "now"})


def test_a_manifest_cannot_hold_what_json_does_not(workspace, tables, manifest):
    with pytest.raises(ValueError, match="JSON"):
        workspace.publish(tables, manifest | {"summary": {"share": float("nan")}})
    assert workspace.runs() == []


def test_an_empty_table_is_stored(workspace, manifest, tables):
    empty = {"gaps": tables["settlements"].iloc[:0], "sites": gpd.GeoDataFrame({"a": []}, geometry=[], crs=4326)}
    run = workspace.publish(empty, manifest)
    assert len(run.table("gaps")) == 0
    assert run.table("sites").crs == "EPSG:4326"
