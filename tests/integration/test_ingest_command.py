"""`shalgai ingest` and `shalgai catalogue` as their users meet them: output, exit codes, and nothing half-done."""

import csv
import json
import subprocess
from pathlib import Path

import geopandas as gpd
import pytest
from shalgai_command import shalgai as run_shalgai
from shapely import box

HEADER = "site_id,operator,technology,lon,lat\n"
GOOD = HEADER + "A,Билайн,LTE,57,50\nB,kcell,3g,57.1,50\n"
HALF_BAD = HEADER + "=cmd|' /C calc'!A0,beeline,9g,57,50\nB,kcell,3g,57.1,50\n"
WARNED = HEADER + "A,beeline,4g,57,50\nB,kcell,3g,71,50\n"


def shalgai(*arguments: object, workspace: Path) -> subprocess.CompletedProcess[str]:
    """The command on a wide terminal."""
    result = run_shalgai(*arguments, workspace=workspace, environment={"COLUMNS": "200"})
    return subprocess.CompletedProcess(result.args, result.returncode, result.stdout.decode(), result.stderr.decode())


def accepted(*arguments: object, workspace: Path) -> str:
    result = shalgai(*arguments, workspace=workspace)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "Traceback" not in result.stderr
    return result.stdout


def refused(*arguments: object, workspace: Path) -> str:
    """What is said of a refusal, which leaves every byte of the workspace as it was."""
    before = tree(workspace)
    result = shalgai(*arguments, workspace=workspace)
    assert result.returncode == 2, result.stdout + result.stderr
    assert "Traceback" not in result.stderr
    assert tree(workspace) == before
    return result.stdout + result.stderr


def tree(folder: Path) -> dict[str, bytes | None]:
    return {str(p.relative_to(folder)): p.read_bytes() if p.is_file() else None for p in sorted(folder.rglob("*"))}


def write(folder: Path, content: str, name: str = "мачты.csv") -> Path:
    path = folder / name
    path.write_text(content, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes | None]:
    """The bytes of a workspace with one district, 56–58° E, 49–51° N."""
    folder = tmp_path_factory.mktemp("prepared")
    district = gpd.GeoDataFrame({"kato": ["150000001"], "name_ru": ["Район"]}, geometry=[box(56, 49, 58, 51)], crs=4326)
    district.to_file(folder / "district.gpkg")
    accepted("ingest", "boundaries", folder / "district.gpkg", workspace=folder / "var")
    return tree(folder / "var")


@pytest.fixture
def workspace(tmp_path: Path, prepared: dict[str, bytes | None]) -> Path:
    """A copy of it."""
    root = tmp_path / "var"
    root.mkdir()
    for name, content in prepared.items():
        if content is None:
            (root / name).mkdir()
        else:
            (root / name).write_bytes(content)
    return root


@pytest.mark.parametrize("content", [GOOD, HALF_BAD])
def test_a_dry_run_makes_no_workspace(tmp_path: Path, content: str) -> None:
    path, root = write(tmp_path, content), tmp_path / "var"
    result = shalgai("ingest", "sites", path, "--dry-run", workspace=root)
    assert result.returncode == (0 if content == GOOD else 2)
    assert not root.exists()


def test_a_dry_run_changes_no_byte_of_a_workspace(tmp_path: Path, workspace: Path) -> None:
    before = tree(workspace)
    told = accepted("ingest", "sites", write(tmp_path, GOOD), "--dry-run", workspace=workspace)
    assert "Would be accepted (0 errors, 0 warnings): 2 of 2 rows" in told
    assert tree(workspace) == before


def test_what_is_brought_is_listed_shown_removed_and_remembered(tmp_path: Path, workspace: Path) -> None:
    told = accepted("ingest", "sites", write(tmp_path, GOOD), "--licence", "CC0", workspace=workspace)
    assert "In the catalogue as 'мачты'" in told
    listed = accepted("catalogue", workspace=workspace)
    for word in ("sites: мачты", "beeline, kcell", "3g, 4g", "CC0", "57.0000, 50.0000, 57.1000, 50.0000", "none"):
        assert word in listed
    (shown,) = json.loads(accepted("catalogue", "show", "мачты", workspace=workspace))
    assert (shown["rows"], shown["licence"], shown["runs"], shown["removed_at"]) == (2, "CC0", [], None)
    assert shown["source_sha256"] in listed
    accepted("catalogue", "remove", "мачты", workspace=workspace)
    assert "мачты" not in accepted("catalogue", workspace=workspace)
    assert "мачты" in accepted("catalogue", "history", workspace=workspace)
    assert (workspace / "datasets" / shown["id"] / "data.parquet").is_file()
    assert "мачты" in refused("catalogue", "remove", "мачты", workspace=workspace)


def test_a_name_and_a_file_are_there_once(tmp_path: Path, workspace: Path) -> None:
    path = write(tmp_path, GOOD)
    accepted("ingest", "sites", path, workspace=workspace)
    assert "in use as 'мачты'" in refused("ingest", "sites", path, "--name", "other", workspace=workspace)
    write(tmp_path, GOOD + "C,kcell,4g,57.2,50\n")
    assert "--replace" in refused("ingest", "sites", path, workspace=workspace)
    accepted("ingest", "sites", path, "--replace", workspace=workspace)
    old, new = json.loads(accepted("catalogue", "show", "мачты", workspace=workspace))
    assert (old["rows"], old["replaced_by"], new["rows"], new["removed_at"]) == (2, new["id"], 3, None)


def test_a_bad_row_refuses_the_file_unless_it_is_skipped_into_the_rejects(tmp_path: Path, workspace: Path) -> None:
    path = write(tmp_path, HALF_BAD)
    told = refused("ingest", "sites", path, workspace=workspace)
    for word in ("Refused as a whole", "row 1, column 'technology', value '9g'", "Accepted: 2g, 3g", "--skip-bad"):
        assert word in told
    assert "1 of 2 rows" in accepted("ingest", "sites", path, "--skip-bad", workspace=workspace)
    (rejects,) = workspace.glob("datasets/*/rejects.csv")
    (row,) = csv.DictReader(rejects.read_text(encoding="utf-8-sig").splitlines())
    assert (row["row"], row["technology"]) == ("1", "9g")
    assert row["site_id"] == "'=cmd|' /C calc'!A0"  # no spreadsheet runs it
    assert "technology" in row["problems"]


def test_strict_refuses_warnings(tmp_path: Path, workspace: Path) -> None:
    path = write(tmp_path, WARNED)
    assert "leave out --strict" in refused("ingest", "sites", path, "--strict", workspace=workspace)
    assert "1 warning" in accepted("ingest", "sites", path, workspace=workspace)


def test_the_report_as_json_is_the_terminals_and_always_the_same(tmp_path: Path, workspace: Path) -> None:
    path, reports = write(tmp_path, WARNED + "C,Билайн,9g,57,50\n"), [tmp_path / "1.json", tmp_path / "2.json"]
    told = [refused("ingest", "sites", path, "--report", report, workspace=workspace) for report in reports]
    assert told[0] == told[1]
    assert reports[0].read_bytes() == reports[1].read_bytes()
    report = json.loads(reports[0].read_bytes())
    assert (report["errors"], report["warnings"], report["rows_read"], report["rows_kept"]) == (1, 1, 3, 2)
    for finding in report["findings"]:
        assert f"{finding['severity']}: {finding['what']}" in told[0]
        assert f"[{finding['code']}]" in told[0]
    assert told[0].count("[") == len(report["findings"])


def test_the_report_as_html_runs_nothing_of_the_file(tmp_path: Path, workspace: Path) -> None:
    path = write(tmp_path, HEADER + "A,<script>alert(1)</script>,<img src=x onerror=alert(1)>,57,50\n")
    refused("ingest", "sites", path, "--report", tmp_path / "r.html", "--language", "kk", workspace=workspace)
    page = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert '<html lang="kk">' in page
    assert "&lt;img src=x onerror=alert(1)&gt;" in page
    assert "<script" not in page
    assert "<img" not in page


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("ingest", "sites", "nowhere.csv"), ["nowhere.csv"]),
        (("ingest", "villages", "nowhere.csv"), ["villages", "settlements"]),
        (("ingest", "sites", "nowhere.csv", "--report", "r.pdf"), [".json", ".html"]),
        (("ingest", "sites", "http://127.0.0.1:9/a.csv"), ["a.csv"]),
        (("catalogue", "show", "мачты"), ["мачты", "district"]),
        (("catalogue", "remove", "мачты"), ["мачты", "district"]),
    ],
)
def test_wrong_words_are_answered_with_what_is_accepted(
    workspace: Path, arguments: tuple[str, ...], named: list[str]
) -> None:
    told = refused(*arguments, workspace=workspace)
    for word in named:
        assert word in told
