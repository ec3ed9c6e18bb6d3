"""Taking a file in: all of it or nothing, and told in full."""

import datetime as dt
import json

import geopandas as gpd
import pytest
import shapely

from geo.errors import DatasetDamaged
from geo.ingest.kinds import Kind
from geo.ingest.readers import tabular
from geo.workspace import intake
from geo.workspace.catalogue import Catalogue
from geo.workspace.intake import Wish, take_in

TODAY = dt.date(2026, 11, 1)
HEADER = "site_id,operator,technology,lon,lat\n"


@pytest.fixture
def catalogue(tmp_path):
    """A workspace with one district."""
    catalogue = Catalogue(tmp_path / "var")
    frame = gpd.GeoDataFrame({"kato": ["150000001"]}, geometry=[shapely.box(56, 49, 58, 51)], crs=4326)
    frame.to_file(tmp_path / "district.gpkg")
    assert take_in(Kind.BOUNDARIES, tmp_path / "district.gpkg", catalogue, Wish("d"), today=TODAY).is_accepted
    return catalogue


@pytest.fixture
def sites(tmp_path):
    """Write sites."""

    def write(*lines, name="sites.csv"):
        path = tmp_path / name
        path.write_text(HEADER + "\n".join(lines) + "\n", encoding="utf-8")
        return path

    return write


def tree(folder):
    return {str(p.relative_to(folder)): p.read_bytes() if p.is_file() else None for p in sorted(folder.rglob("*"))}


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_a_failure_while_writing_leaves_the_workspace_as_it_was(catalogue, sites, monkeypatch, error):
    before = tree(catalogue.root)

    def fail(*_):
        raise error

    monkeypatch.setattr(intake.CanonicalWriter, "append", fail)
    with pytest.raises(error):
        take_in(Kind.SITES, sites("A,kcell,4g,57,50"), catalogue, Wish("x"), today=TODAY)
    assert tree(catalogue.root) == before


def test_the_same_file_twice_is_one_dataset(catalogue, sites):
    path = sites("A,kcell,4g,57,50")
    first, second = (take_in(Kind.SITES, path, catalogue, Wish("x"), today=TODAY) for _ in range(2))
    assert first.dataset == second.dataset
    assert len([e for e in catalogue.history() if e.kind is Kind.SITES]) == 1


@pytest.mark.parametrize("size", [1, 2, 100])
def test_rejects_of_all_batches_are_in_one_file_in_order(catalogue, sites, monkeypatch, size):
    monkeypatch.setattr(tabular, "BATCH_ROWS", size)
    path = sites("A,kcell,9g,57,50", "B,kcell,4g,57,50", "@SUM(A1),kcell,8g,57,50", "D,kcell,4g,57,50")
    outcome = take_in(Kind.SITES, path, catalogue, Wish("x", skip_bad=True), today=TODAY)
    lines = outcome.rejects.read_bytes().decode("utf-8-sig").split("\r\n")
    assert lines[0] == "row,problems,site_id,operator,technology,geometry"
    assert [line.split(",")[0] for line in lines[1:-1]] == ["1", "3"]
    assert "'@SUM(A1)" in lines[2]
    assert "\ufeff" not in "".join(lines)
    assert len(gpd.read_parquet(catalogue.data(outcome.dataset))) == outcome.dataset.rows == 2


def test_progress_is_told_by_batches(catalogue, sites, monkeypatch):
    monkeypatch.setattr(tabular, "BATCH_ROWS", 2)
    told = []
    path = sites(*(f"{i},kcell,4g,57.{i},50" for i in range(5)))
    take_in(Kind.SITES, path, catalogue, Wish("x"), today=TODAY, progress=lambda done, _: told.append(done))
    assert told == [2, 4, 5]


def test_a_list_brings_its_antenna_tables_or_is_refused(catalogue, tmp_path):
    path = tmp_path / "sites.csv"
    path.write_text("site_id,technology,pattern,lon,lat\nA,4g,../secret.csv,57,50\n", encoding="utf-8")
    before = tree(catalogue.root)
    outcome = take_in(Kind.SITES, path, catalogue, Wish("x"), today=TODAY)
    assert not outcome.is_accepted
    assert outcome.report.findings[0].examples[0].value == "../secret.csv"
    assert tree(catalogue.root) == before


def test_a_damaged_reference_is_no_fault_of_the_file(catalogue, sites):
    dataset = catalogue.active(Kind.BOUNDARIES)[0]
    (catalogue.folder(dataset) / dataset.data).write_bytes(b"x")
    with pytest.raises(DatasetDamaged):
        take_in(Kind.SITES, sites("A,kcell,4g,57,50"), catalogue, Wish("x"), today=TODAY)


def test_the_same_report_is_the_same_json(catalogue, sites):
    path = sites("A,Билайн,LTE,71,50", "B,kcell,9g,57,50")
    reports = [take_in(Kind.SITES, path, catalogue, Wish("x"), today=TODAY).report.as_dict() for _ in range(2)]
    assert json.dumps(reports[0]) == json.dumps(reports[1])
    assert (reports[0]["errors"], reports[0]["warnings"], reports[0]["dataset"]) == (1, 1, None)
