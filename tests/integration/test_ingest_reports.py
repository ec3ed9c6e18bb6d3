"""Each defect, written by the tests, and the report that it must give: code, severity, count, first row, column."""

import datetime as dt
import json
from pathlib import Path
from typing import Any

import geopandas as gpd
import pytest

from geo.ingest import source
from geo.ingest.kinds import Kind
from geo.ingest.reading import Given
from geo.ingest.source import ReadOptions
from geo.workspace.catalogue import Catalogue
from geo.workspace.intake import Wish, take_in

TODAY = dt.date(2026, 11, 1)
S = "kato,name_en,lon,lat\n"
M = "site_id,technology,lon,lat\n"
REJECTED, NO_ROW = "value_rejected", ("file_problem", "error", 1, None, None)

Told = tuple[str, str, int, int | None, str | None]


def square(x: float, y: float, size: float) -> list[list[float]]:
    return [[x, y], [x + size, y], [x + size, y + size], [x, y + size], [x, y]]


def areas(*rows: tuple[dict[str, Any], list[list[float]]]) -> str:
    """GeoJSON of polygons, which nothing has checked."""
    features = [
        {"type": "Feature", "properties": p, "geometry": {"type": "Polygon", "coordinates": [ring]}} for p, ring in rows
    ]
    return json.dumps({"type": "FeatureCollection", "features": features})


def warned(code: str, row: int | None, column: str | None, count: int = 1) -> list[Told]:
    return [(code, "warning", count, row, column)]


def refused(row: int | None, column: str | None, *more: Told, count: int = 1, code: str = REJECTED) -> list[Told]:
    return [(code, "error", count, row, column), *more]


G4 = {"technology": "4g"}
BOW_TIE = [[57, 50], [57.2, 50.2], [57.2, 50], [57, 50.2], [57, 50]]
FLAT = [[57, 50], [57.2, 50], [57.4, 50], [57, 50]]
# kind, suffix, content, rows kept, findings but for notes
DEFECTS: dict[str, tuple[Kind, str, str | bytes, int, list[Told]]] = {
    "nothing wrong": (Kind.SETTLEMENTS, "csv", S + "150000100,A,57,50\n150000200,B,57.1,50\n", 2, []),
    # what a person is to judge
    "same position": (
        Kind.SETTLEMENTS, "csv", S + "150000100,A,57,50\n150000200,B,57,50\n", 2,
        warned("same_position", 2, "geometry"),
    ),
    "duplicate row": (
        Kind.MEASUREMENTS, "csv", "technology,signal_dbm,lon,lat\n4g,-90,57,50\n4g,-91,57,50\n4g,-90,57,50\n", 3,
        warned("duplicate_row", 3, ""),
    ),
    "out of region": (
        Kind.SETTLEMENTS, "csv", S + "150000100,A,57,50\n150000200,B,71,50\n", 2,
        warned("out_of_region", 2, "geometry"),
    ),
    "sliver": (
        Kind.COVERAGE, "geojson", areas((G4, square(57, 50, 0.5)), ({"technology": "3g"}, square(57, 50, 0.0005))), 2,
        warned("sliver", 2, "geometry"),
    ),
    "impossible density": (
        Kind.SETTLEMENTS, "geojson", areas(({"kato": "150000100", "population": 40_000}, square(57, 50, 0.01))), 1,
        warned("impossible_density", 1, "population"),
    ),
    "stale and future dates": (
        Kind.COVERAGE, "geojson",
        areas((G4 | {"as_of": "2020"}, square(57, 50, 0.1)), (G4 | {"as_of": "2027-01-01"}, square(57.2, 50, 0.1))), 2,
        warned("stale_date", 1, "as_of") + warned("future_date", 2, "as_of"),
    ),
    "unknown district": (
        Kind.SETTLEMENTS, "csv", "kato,district_kato,lon,lat\n150000100,159999999,57,50\n", 1,
        warned("unknown_district", 1, "district_kato"),
    ),
    "overlapping declarations": (
        Kind.COVERAGE, "geojson",
        areas(
            (G4, square(57, 50, 0.5)), ({"technology": "3g"}, square(57, 50, 0.5)), (G4, square(57.1, 50, 0.5)),
        ), 3, warned("overlapping_declarations", 3, "geometry", count=2),
    ),
    "repaired geometry": (
        Kind.COVERAGE, "geojson", areas((G4, BOW_TIE)), 1, warned("repaired_geometry", 1, "geometry"),
    ),
    "unit missing": (
        Kind.SITES, "csv", "site_id,technology,ЭИИМ,lon,lat\na,4g,60,57,50\n", 1, warned("unit_missing", None, "ЭИИМ"),
    ),
    "two columns of one meaning": (
        Kind.SETTLEMENTS, "csv", "kato,population,Население,lon,lat\n150000100,5,6,57,50\n", 1,
        warned("column_ambiguous", None, "Население"),
    ),
    # rows that cannot be taken
    "duplicate KATO": (
        Kind.SETTLEMENTS, "csv", S + "150000100,A,57,50\n150000200,B,57.1,50\n150000100,C,57.2,50\n", 2,
        refused(3, "kato"),
    ),
    "duplicate cell": (
        Kind.SITES, "csv", "site_id,cell_id,technology,lon,lat\nA,1,4g,57,50\nB,2,4g,57,50\nA,1,3g,57,50\n", 2,
        refused(3, "cell_id"),
    ),
    "axes exchanged": (
        Kind.SETTLEMENTS, "csv", S + "150000100,A,50,57\n150000200,B,57,50\n", 1, refused(1, "geometry"),
    ),
    "latitude 95": (Kind.SETTLEMENTS, "csv", S + "150000100,A,57,95\n150000200,B,57,50\n", 1, refused(1, "lat")),
    "half a position": (Kind.SETTLEMENTS, "csv", S + "150000100,A,57,\n150000200,B,57,50\n", 1, refused(1, "lat")),
    "no area": (
        Kind.COVERAGE, "geojson", areas((G4, square(57, 50, 0.5)), (G4, FLAT)), 1, refused(2, "geometry"),
    ),
    "point for an area": (
        Kind.ROADS, "csv", 'road_id,wkt\nA,"LINESTRING (57 50, 57.5 50)"\nB,POINT (57 50)\n', 1, refused(2, "geometry"),
    ),
    "unknown technology": (
        Kind.SITES, "csv", M + "A,4g,57,50\nB,9g,57,50\n", 1, refused(2, "technology"),
    ),
    "several technologies": (
        Kind.SITES, "csv", M + "A,4g,57,50\nB,2G/3G,57,50\n", 1, refused(2, "technology"),
    ),
    "several operators": (
        Kind.SITES, "csv", "site_id,operator,technology,lon,lat\nA,Kcell/Tele2,4g,57,50\nB,kcell,4g,57,50\n", 1,
        refused(1, "operator"),
    ),
    "KATO from a spreadsheet": (
        Kind.SETTLEMENTS, "csv", S + "1.5E+08,A,57,50\n150000200,B,57,50\n", 1, refused(1, "kato"),
    ),
    "every defect of a column in one report": (
        Kind.SETTLEMENTS, "csv",
        "kato,population,lon,lat\n150000100,-5,57,50\n150000200,many,57,50\n150000300,12.5,57,50\n15A,3,57,50\n"
        "150000500,7,57.1,50\n", 1,
        refused(2, "population", (REJECTED, "error", 1, 1, "population"), (REJECTED, "error", 1, 4, "kato"), count=2),
    ),
    "range without the population": (
        Kind.SETTLEMENTS, "csv",
        "kato,population,population_low,lon,lat\n150000100,50,60,57,50\n150000200,50,40,57.1,50\n", 1,
        refused(1, "population_low"),
    ),
    "no such day": (
        Kind.COVERAGE, "geojson",
        areas((G4 | {"as_of": "31.02.2026"}, square(57, 50, 0.1)), (G4, square(57.5, 50, 0.1))), 1, refused(1, "as_of"),
    ),
    "nothing measured": (
        Kind.MEASUREMENTS, "csv", "technology,signal_dbm,lon,lat\n4g,,57,50\n4g,-90,57,50\n", 1,
        refused(1, "signal_dbm"),
    ),
    "unknown kind of facility": (
        Kind.FACILITIES, "csv", "name,kind,lon,lat\nA,school,57,50\nB,castle,57,50\n", 1, refused(2, "kind"),
    ),
    "a cell too few and one too many": (
        Kind.SETTLEMENTS, "csv", "kato,lon,lat,name_en\n150000100,57,50\n150000200,57,50,B,9\n150000300,57,50,C\n", 1,
        refused(1, None, (REJECTED, "error", 1, 2, None)),
    ),
    # files that cannot be taken
    "no good row": (Kind.SETTLEMENTS, "csv", S + "15A,A,57,50\n", 0, refused(1, "kato", NO_ROW)),
    "columns of something else": (
        Kind.SETTLEMENTS, "csv", "foo,bar\n1,2\n", 0, refused(None, "kato", code="column_missing"),
    ),
    "no CRS": (
        Kind.SETTLEMENTS, "csv", "kato,x,y\n150000100,500000,5550000\n", 0, refused(None, None, code="crs_missing"),
    ),
    "a column twice": (
        Kind.SETTLEMENTS, "csv", "kato,kato,lon,lat\n1,1,57,50\n", 0, refused(None, "kato", code="file_problem"),
    ),
    "empty": (Kind.SETTLEMENTS, "csv", "", 0, refused(None, None, code="file_problem")),
    "header only": (Kind.SETTLEMENTS, "csv", S, 0, refused(None, None, code="file_problem")),
    "no feature": (Kind.COVERAGE, "geojson", areas(), 0, [NO_ROW]),
    "cut off": (
        Kind.COVERAGE, "geojson", areas((G4, square(57, 50, 1)))[:-20], 0, refused(None, None, code="file_problem"),
    ),
    "cut off extract": (
        Kind.SETTLEMENTS, "pbf", b"\0\0\0\x0e\x0a\x09OSMHeader", 0, refused(None, None, code="file_problem"),
    ),
    "another format inside": (Kind.SETTLEMENTS, "gpkg", "hello", 0, refused(None, None, code="file_problem")),
    "a workbook that is none": (Kind.SETTLEMENTS, "xlsx", "hello", 0, refused(None, None, code="file_problem")),
    "wrong suffix": (Kind.SETTLEMENTS, "docx", "hello", 0, refused(None, None, code="file_problem")),
    "boundaries as a table": (Kind.BOUNDARIES, "csv", S, 0, refused(None, None, code="file_problem")),
    "terrain as a table": (Kind.TERRAIN, "csv", S, 0, refused(None, None, code="file_problem")),
}  # fmt: skip


def tree(folder: Path) -> dict[str, bytes | None]:
    return {str(p.relative_to(folder)): p.read_bytes() if p.is_file() else None for p in sorted(folder.rglob("*"))}


def told(findings: Any) -> list[Told]:
    return [
        (f.code, str(f.severity), f.count, *((f.examples[0].row, f.examples[0].column) if f.examples else (None, None)))
        for f in findings
    ]


@pytest.mark.parametrize("case", DEFECTS)
def test_a_defect_and_its_report(tmp_path: Path, catalogue: Catalogue, case: str) -> None:
    kind, suffix, content, kept, expected = DEFECTS[case]
    path = tmp_path / f"данные.{suffix}"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    before = tree(catalogue.root)
    outcome = take_in(kind, path, catalogue, Wish("x"), today=TODAY)
    found = [f for f in outcome.report.findings if str(f.severity) != "note"]
    assert (told(found), outcome.report.rows_kept) == (expected, kept)
    bad = any(severity == "error" for _, severity, *_ in expected)
    assert outcome.is_accepted is not bad
    assert (tree(catalogue.root) == before) is bad
    for finding in found:
        assert finding.remedy or all(example.remedy for example in finding.examples), finding
        assert {example.file for example in finding.examples} <= {path.name, None}


@pytest.mark.parametrize(
    "case", [c for c, (*_, findings) in DEFECTS.items() if any(f[1] == "warning" for f in findings)]
)
def test_strict_refuses_what_is_warned_of_and_stores_nothing(tmp_path: Path, catalogue: Catalogue, case: str) -> None:
    kind, suffix, content, _, _ = DEFECTS[case]
    path = tmp_path / f"данные.{suffix}"
    path.write_text(str(content), encoding="utf-8")
    before = tree(catalogue.root)
    assert not take_in(kind, path, catalogue, Wish("x", strict=True), today=TODAY).is_accepted
    assert tree(catalogue.root) == before


@pytest.mark.parametrize(
    "case", [c for c, (*_, kept, findings) in DEFECTS.items() if kept and any(f[1] == "error" for f in findings)]
)
def test_skip_bad_takes_the_rest_and_keeps_the_rejects(tmp_path: Path, catalogue: Catalogue, case: str) -> None:
    kind, suffix, content, kept, _ = DEFECTS[case]
    path = tmp_path / f"данные.{suffix}"
    path.write_text(str(content), encoding="utf-8")
    outcome = take_in(kind, path, catalogue, Wish("x", skip_bad=True), today=TODAY)
    assert outcome.dataset is not None
    assert outcome.dataset.rows == kept
    assert outcome.rejects is not None
    lines = outcome.rejects.read_text(encoding="utf-8-sig").splitlines()
    assert lines[0].startswith("row,problems,")
    assert len(lines) - 1 == outcome.report.rows_read - kept


@pytest.mark.parametrize("batch_rows", [1, 2, 1000])
@pytest.mark.parametrize("case", ["duplicate KATO", "duplicate cell", "duplicate row", "overlapping declarations"])
def test_what_is_twice_is_found_across_batches(
    tmp_path: Path, catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch, case: str, batch_rows: int
) -> None:
    from geo.ingest.readers import ogr, tabular

    for module in (source, ogr, tabular):
        monkeypatch.setattr(module, "BATCH_ROWS", batch_rows)
    kind, suffix, content, kept, expected = DEFECTS[case]
    path = tmp_path / f"данные.{suffix}"
    path.write_text(str(content), encoding="utf-8")
    report = take_in(kind, path, catalogue, Wish("x"), today=TODAY).report
    assert (told(f for f in report.findings if str(f.severity) != "note"), report.rows_kept) == (expected, kept)


def test_a_table_of_an_office(tmp_path: Path, catalogue: Catalogue) -> None:
    """cp1251, semicolons, decimal commas, thousands, degrees-minutes-seconds, Russian headers: all told."""
    path = tmp_path / "сёла.csv"
    lines = "Код КАТО;Наименование;Население, чел.;Долгота;Широта\n150000100;Село;1 200;57°15'00\";50,5\n"
    path.write_text(lines, encoding="cp1251")
    outcome = take_in(Kind.SETTLEMENTS, path, catalogue, Wish("x"), today=TODAY)
    assert outcome.dataset is not None
    row = gpd.read_parquet(catalogue.data(outcome.dataset)).iloc[0]
    assert (row["kato"], row["name_ru"], row["population"]) == ("150000100", "Село", 1200)
    assert (row.geometry.x, row.geometry.y) == (57.25, 50.5)
    assert [f.code for f in outcome.report.findings] == [
        "encoding_detected", "position_columns", "language_by_letters", "numbers_rewritten",
    ]  # fmt: skip


HEADERS = {
    Kind.SETTLEMENTS: {
        "ru": "Код КАТО;Название на русском;Численность населения;Код района;Долгота;Широта",
        "kk": "КАТО коды;Атауы орысша;Халық саны;Аудан коды;Бойлық;Ендік",
        "row": "150000100;Село;5;150000001;57;50",
        "columns": ["kato", "name_ru", "district_kato", "population"],
    },
    Kind.COVERAGE: {
        "ru": "Оператор связи;Технология;Порог сигнала, дБм;По состоянию на;WKT",
        "kk": "Байланыс операторы;Технологиясы;Сигнал шегі, дБм;Деректер күні;WKT",
        "row": "Билайн;4Ж;-100;2026-01-01;POLYGON ((57 50, 57.5 50, 57.5 50.5, 57 50))",
        "columns": ["operator", "technology", "threshold_dbm", "as_of"],
    },
    Kind.SITES: {
        "ru": "Номер БС;Оператор;Технология;Высота подвеса, м;Азимут;Долгота;Широта",
        "kk": "Базалық станция нөмірі;Операторы;Технологиясы;Антенна биіктігі, м;Азимуты;Бойлық;Ендік",
        "row": "1;Kcell;LTE;45;90;57;50",
        "columns": ["site_id", "operator", "technology", "height_m", "azimuth_deg"],
    },
    Kind.MEASUREMENTS: {
        "ru": "Дата измерения;Оператор;Технология;Уровень сигнала, дБм;Долгота;Широта",
        "kk": "Өлшеу күні;Операторы;Технологиясы;Сигнал деңгейі, дБм;Бойлық;Ендік",
        "row": "2026-05-12;Теле2;3G;-90;57;50",
        "columns": ["measured_at", "operator", "technology", "signal_dbm", "no_service"],
    },
    Kind.FACILITIES: {
        "ru": "Код объекта;Наименование объекта;Тип объекта;Долгота;Широта",
        "kk": "Нысан коды;Нысан атауы;Нысан түрі;Бойлық;Ендік",
        "row": "7;Орта мектеп;школа;57;50",
        "columns": ["facility_id", "name", "kind"],
    },
    Kind.ROADS: {
        "ru": "Номер дороги;Название дороги;Класс дороги;Покрытие;WKT",
        "kk": "Жол нөмірі;Жол атауы;Жол класы;Жабыны;WKT",
        "row": "A-27;Ақтөбе — Атырау;trunk;asphalt;LINESTRING (57 50, 57.5 50)",
        "columns": ["road_id", "name", "road_class", "surface"],
    },
}


@pytest.mark.parametrize("language", ["ru", "kk"])
@pytest.mark.parametrize("kind", HEADERS)
def test_headers_in_russian_and_kazakh(tmp_path: Path, catalogue: Catalogue, kind: Kind, language: str) -> None:
    said = HEADERS[kind]
    path = tmp_path / "кесте.csv"
    path.write_text(f"{said[language]}\n{said['row']}\n", encoding="utf-8-sig")
    outcome = take_in(kind, path, catalogue, Wish("x", dry_run=True), today=TODAY)
    assert outcome.is_accepted, outcome.report.as_dict()
    assert (list(outcome.report.columns), outcome.report.unused_columns) == (said["columns"], [])


def test_a_stated_crs_serves_where_the_file_has_none_and_is_told_where_it_has(
    tmp_path: Path, catalogue: Catalogue
) -> None:
    stated = Given(ReadOptions(crs="EPSG:32640"))
    path = tmp_path / "xy.csv"
    path.write_text("kato,x,y\n150000100,500000,5550000\n", encoding="utf-8")
    outcome = take_in(Kind.SETTLEMENTS, path, catalogue, Wish("x", stated, dry_run=True), today=TODAY)
    assert (outcome.is_accepted, outcome.report.crs) == (True, "EPSG:32640")
    assert outcome.report.extent is not None
    assert outcome.report.extent[0] == pytest.approx(57.0)  # the central meridian of zone 40
    path = tmp_path / "a.geojson"
    path.write_text(areas((G4, square(57, 50, 0.5))), encoding="utf-8")
    outcome = take_in(Kind.COVERAGE, path, catalogue, Wish("x", stated, dry_run=True), today=TODAY)
    assert told(outcome.report.findings) == [("crs_option_ignored", "warning", 1, None, None)]
    nonsense = Wish("x", Given(ReadOptions(crs="EPSG:moon")), dry_run=True)
    outcome = take_in(Kind.COVERAGE, path, catalogue, nonsense, today=TODAY)
    assert told(outcome.report.findings) == refused(None, None)
