"""The bundled tables of statements, and what their readers refuse."""

import pytest

from geo.bundled import data_path
from geo.errors import ColumnMissing, FileProblem, ValueRejected
from geo.ingest.kinds import Kind
from geo.ingest.reading import read_table
from geo.ingest.statements import read_okrugs, read_population_figures, read_reports
from geo.tables.evidence import OKRUGS, POPULATION_FIGURES, REPORTS


def test_the_bundled_region_is_read_whole():
    settlements = read_table(Kind.SETTLEMENTS, data_path("boundaries", "settlements.geojson"))[0]
    assert len(settlements) == 328
    assert settlements.geometry.isna().sum() == 19
    assert settlements[["name_kk", "name_ru", "name_en"]].notna().all(axis=None)
    assert len(read_table(Kind.BOUNDARIES, data_path("boundaries", "districts.geojson"))[0]) == 13


@pytest.mark.parametrize(
    ("read", "parts", "table", "rows"),
    [
        (read_okrugs, ("boundaries", "okrugs.csv"), OKRUGS, 143),
        (read_population_figures, ("boundaries", "population.csv"), POPULATION_FIGURES, 121),
        (read_reports, ("coverage", "reports.csv"), REPORTS, 30),
    ],
)
def test_bundled_statements_are_canonical_with_codes_as_text(read, parts, table, rows):
    frame = read(data_path(*parts))
    assert list(frame.columns) == table.names
    assert len(frame) == rows
    assert frame["kato"].str.fullmatch("[0-9]{9}").all()


def test_a_missing_column_is_named(write_csv):
    with pytest.raises(ColumnMissing, match=r"table\.csv, column 'status'"):
        read_reports(write_csv("kato,level", "153234100,settlement"))


def test_an_unknown_status_is_refused(write_csv):
    with pytest.raises(ValueRejected, match=r"row 1, column 'status'.*'maybe'.*served, degraded, unserved, planned"):
        read_reports(write_csv("kato,level,status", "153234100,settlement,maybe"))


@pytest.mark.parametrize("date", ["2024-13", "01.02.2024", "24"])
def test_a_malformed_date_is_refused(write_csv, date):
    with pytest.raises(ValueRejected, match=rf"row 1, column 'date'.*'{date}'.*YYYY-MM-DD"):
        read_reports(write_csv("kato,level,status,date", f"153234100,settlement,served,{date}"))


def test_an_okrug_listed_twice_is_refused(write_csv):
    with pytest.raises(ValueRejected, match=r"row 2, column 'kato': duplicate"):
        read_okrugs(write_csv("kato,name_kk", "153234000,A", "153234000,B"))


def test_statements_come_from_delimited_text_only(write_geojson):
    with pytest.raises(FileProblem, match=r"layer\.geojson: not an accepted format.*\.csv"):
        read_reports(write_geojson())
