"""`shalgai runs` as its users meet it: verify, diff, rollback and prune; output and exit codes."""

import csv
import io
import json
import shutil
import subprocess
from pathlib import Path

import pytest
from shalgai_command import shalgai

from geo.workspace import Workspace


def text(result: subprocess.CompletedProcess[bytes]) -> str:
    assert result.returncode == 0, result.stderr.decode()
    return result.stdout.decode()


@pytest.fixture(scope="module")
def analysed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with a run by another standard and then the current one; not to be changed."""
    workspace = tmp_path_factory.mktemp("runs") / "var"
    for standard in ("fcc", "kz"):
        text(shalgai("analyse", "--standard", standard, workspace=workspace))
    return workspace


@pytest.fixture
def workspace(analysed: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(analysed, tmp_path / "var"))


@pytest.fixture
def old(workspace: Path) -> str:
    return Workspace(workspace).runs()[1].id


@pytest.fixture
def current(workspace: Path) -> str:
    return Workspace(workspace).find("current").id


def test_whole_runs_are_verified_a_line_each(workspace: Path, old: str, current: str) -> None:
    lines = text(shalgai("runs", "verify", workspace=workspace)).splitlines()
    assert [line.split()[:2] for line in lines] == [["whole", "pointers.json"], ["whole", current]]
    lines = text(shalgai("runs", "verify", "--all", workspace=workspace)).splitlines()
    assert {line.split()[1].rstrip(":") for line in lines} == {"pointers.json", old, current}
    assert len(text(shalgai("runs", "verify", old, current, "current", workspace=workspace)).splitlines()) == 3


def test_a_flipped_byte_is_found_and_named(workspace: Path, old: str, current: str) -> None:
    path = workspace / "runs" / old / "gaps.parquet"
    content = bytearray(path.read_bytes())
    content[1000] ^= 1
    path.write_bytes(content)
    result = shalgai("runs", "verify", "--all", workspace=workspace)
    assert result.returncode == 1
    (line,) = [line for line in result.stdout.decode().splitlines() if line.startswith("DAMAGED")]
    assert old in line
    assert "gaps.parquet: the file has changed" in line
    assert text(shalgai("runs", "verify", workspace=workspace))
    for command in (("rank", "--run", old), ("runs", "rollback", old), ("runs", "diff", old, "current")):
        result = shalgai(*command, workspace=workspace)
        assert result.returncode == 1
        assert "gaps.parquet: the file has changed" in result.stderr.decode()
    assert Workspace(workspace).find("current").id == current


def test_a_damaged_run_is_listed_and_the_others_too(workspace: Path, old: str, current: str) -> None:
    (workspace / "runs" / old / "manifest.json").write_text("{")
    listed = text(shalgai("runs", "list", workspace=workspace))
    assert f"{old}   damaged" in listed
    assert current in listed
    assert "manifest.json" in listed


def test_what_to_verify_is_given_once(workspace: Path) -> None:
    assert shalgai("runs", "verify", "current", "--all", workspace=workspace).returncode == 2
    assert shalgai("runs", "verify", "nothing", workspace=workspace).returncode == 2


def test_a_comparison_names_the_standards_first(workspace: Path, old: str) -> None:
    lines = text(shalgai("runs", "diff", old, "current", workspace=workspace)).splitlines()
    assert lines[0].startswith(f"A: run {old}")
    assert lines[2].strip() == "• standard: fcc → kz"
    assert any(line.strip().startswith("all ") for line in lines)


def test_a_comparison_with_itself_is_empty(workspace: Path, current: str) -> None:
    assert "The results are the same" in text(shalgai("runs", "diff", "current", current, workspace=workspace))
    content = text(shalgai("runs", "diff", "current", "current", "--format", "csv", workspace=workspace))
    assert len(content.splitlines()) == 1


def test_a_comparison_as_csv_and_geojson(workspace: Path, tmp_path: Path, old: str) -> None:
    path = tmp_path / "diff.csv"
    text(shalgai("runs", "diff", old, "current", "--format", "csv", "--output", path, workspace=workspace))
    content = path.read_bytes()
    assert content.startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))
    document = json.loads(text(shalgai("runs", "diff", old, "current", "--format", "geojson", workspace=workspace)))
    assert [feature["id"] for feature in document["features"]] == [row["kato"] for row in rows]
    assert all("ODbL" in row["credits"] for row in rows)
    assert rows
    assert len(document["premises"]) >= 2
    by_district = ("--format", "csv", "--by", "district")
    content = text(shalgai("runs", "diff", old, "current", *by_district, workspace=workspace))
    assert content.splitlines()[-1].startswith(",")


def test_a_table_is_for_the_screen(workspace: Path, tmp_path: Path) -> None:
    command = ("runs", "diff", "current", "current", "--output", tmp_path / "x")
    assert shalgai(*command, workspace=workspace).returncode == 2


def test_rollback_says_from_where_to_where(workspace: Path, old: str, current: str) -> None:
    told = text(shalgai("runs", "rollback", old, workspace=workspace))
    assert told.strip() == f"'current' was run {current} and is now run {old}."
    assert Workspace(workspace).find("current").id == old
    assert "already" in text(shalgai("runs", "rollback", old, workspace=workspace))
    result = shalgai("runs", "rollback", "0123456789abcdef", workspace=workspace)
    assert (result.returncode, old in result.stderr.decode()) == (2, False)


def test_prune_lists_first_and_then_frees_the_space(workspace: Path, old: str, current: str) -> None:
    told = text(shalgai("runs", "prune", "--keep", 1, "--dry-run", workspace=workspace)).splitlines()
    assert told[0].startswith(old)
    assert told[-1].startswith("Would remove 1 run and free 0.")
    assert len(Workspace(workspace).ids()) == 2
    told = text(shalgai("runs", "prune", "--keep", 1, workspace=workspace)).splitlines()
    assert told[-1].startswith("Removed 1 run; 0.")
    assert Workspace(workspace).ids() == [current]
    assert shalgai("runs", "prune", workspace=workspace).returncode == 2
