"""One layer, written by the tests in every format that users send, is one canonical table and one honest report."""

import datetime as dt
import gzip
import warnings
import zipfile
from pathlib import Path

import geopandas as gpd
import numpy as np
import osmium
import pandas as pd
import pyogrio
import pytest
import rasterio
import shapely
from osmium.osm.mutable import Node, Way
from rasterio import Affine
from shapely import Point, Polygon, box

from geo.ingest.kinds import TABLES, Kind
from geo.ingest.reading import Given, read_table
from geo.ingest.report import Severity
from geo.ingest.source import ReadOptions
from geo.tables.schema import conform
from geo.workspace.catalogue import Catalogue
from geo.workspace.intake import Wish, take_in

TODAY = dt.date(2026, 11, 1)
PULKOVO, UTM, DEGREES = "EPSG:28410", "EPSG:32640", "EPSG:4326"

GDAL = {
    "geojson": {"driver": "GeoJSON"},
    "geojsonl": {"driver": "GeoJSONSeq"},
    "gpkg": {"driver": "GPKG"},
    "shp": {"driver": "ESRI Shapefile", "encoding": "UTF-8"},
    "fgb": {"driver": "FlatGeobuf"},
    "kml": {"driver": "LIBKML"},
    "tab": {"driver": "MapInfo File", "ENCODING": "UTF-8"},
    "mif": {"driver": "MapInfo File", "FORMAT": "MIF", "ENCODING": "UTF-8"},
}
SUITES = {"shp": ("shp", "shx", "dbf", "prj", "cpg"), "tab": ("tab", "dat", "map", "id"), "mif": ("mif", "mid")}
VECTOR = (*GDAL, "parquet", "shp folder", "shp zip", "tab zip", "gpkg zip", "kmz")
TABULAR = ("csv", "csv wkt", "tsv kz1048 DMS", "xlsx")
DEGREES_ONLY = {"geojson", "geojsonl", "kml", "kmz"}
NAMED = {
    "geojson": "GeoJSON", "geojsonl": "GeoJSON lines", "gpkg": "GeoPackage", "shp": "Shapefile", "fgb": "FlatGeobuf",
    "kml": "KML", "tab": "MapInfo TAB", "mif": "MapInfo MIF", "parquet": "GeoParquet", "shp folder": "Shapefile",
    "shp zip": "Shapefile (ZIP)", "tab zip": "MapInfo TAB (ZIP)", "gpkg zip": "GeoPackage (ZIP)", "kmz": "KML (KMZ)",
    "csv": "CSV", "csv wkt": "CSV", "tsv kz1048 DMS": "TSV", "xlsx": "XLSX",
}  # fmt: skip
ROUNDED = {"tab": 2e-6, "tab zip": 2e-6}
"""Degrees: MapInfo TAB stores positions as 32-bit fractions of the layer's bounds; no other format loses digits."""

MAPINFO = {"tab", "mif", "tab zip"}
SHORT = {"population_date": "pop_date"}
"""A shapefile cuts names off after ten characters; of two that are then alike it renames the second."""
OFFICE = {"encoding_detected", "position_columns", "numbers_rewritten", "dates_rewritten"}
NOTES = {
    **{form: {"nought_or_missing"} for form in MAPINFO},
    "csv": {"position_columns"},
    "csv wkt": {"position_columns", "crs_assumed"},
    "xlsx": {"position_columns"},
    "tsv kz1048 DMS": OFFICE,
}
ATTRIBUTES = {
    "kato": ["150000100", "150000200", "150000300", "150000400"],
    "name_kk": ["Қарақобда", "Үйтас «Ә»", None, "Өлеңті"],
    "name_ru": ["Каракобда", None, 'Жаңа, "Ново"', "Уленты"],
    "district_kato": ["150000001", None, "150000001", "150000001"],
    "is_okrug_centre": [True, False, True, False],
    "population": [1200, 340, None, 7],
    "population_date": [dt.date(2024, 5, 6), None, dt.date(2025, 12, 31), dt.date(2026, 1, 1)],
    "position_source": ["GPS", "GPS", "2024", None],
}
POINTS = [Point(57.25, 50.125), Point(56.5, 49.75), Point(57.875, 50.5), Point(56.0625, 49.5)]
FOOTPRINTS = [
    Polygon(
        [(57, 50), (57.25, 50), (57.25, 50.25), (57, 50.25)],
        [[(57.0625, 50.0625), (57.0625, 50.125), (57.125, 50.125)]],
    ),
    Polygon([(56.5, 49.75), (56.75, 49.75), (56.5, 50)]),
    shapely.union_all([box(57.5, 50.5, 57.625, 50.625), box(57.75, 50.5, 57.875, 50.625)]),
    box(56.0625, 49.5, 56.125, 49.625),
]


def settlements(shapes: list[shapely.Geometry]) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(ATTRIBUTES, geometry=shapes, crs=DEGREES).astype({"population": "Int64"})


def coverage() -> gpd.GeoDataFrame:
    attributes = {
        "operator": ["beeline", "kcell", "tele2"],
        "technology": ["4g", "3g", "4g"],
        "threshold_dbm": [-105.5, None, -110.0],
        "downlink_mbps": [5.25, 2.0, None],
        "as_of": [dt.date(2026, 3, 1), dt.date(2025, 6, 30), None],
        "source": ["Есептілік, 2026", None, "Отчёт"],
    }
    return gpd.GeoDataFrame(attributes, geometry=FOOTPRINTS[:3], crs=DEGREES)


SETTLEMENTS_EXPECTED = {
    "kato": ATTRIBUTES["kato"],
    "name_kk": ["Қарақобда", "Үйтас «Ә»", 'Жаңа, "Ново"', "Өлеңті"],
    "name_ru": ["Каракобда", "Үйтас «Ә»", 'Жаңа, "Ново"', "Уленты"],
    "name_en": ["Qaraqobda", "Üytas «Ä»", 'Жаңа, "Ново"', "Ölengti"],
    "kind": ["village"] * 4,
    "district_kato": ["150000001", None, "150000001", "150000001"],
    "is_okrug_centre": [True, False, True, False],
    "population": [1200, 340, None, 7],
    "population_low": [1200, 340, None, 7],
    "population_high": [1200, 340, None, 7],
    "population_basis": ["official", "official", None, "official"],
    "population_date": ["2024-05-06", None, "2025-12-31", "2026-01-01"],
    "position_source": ["GPS", "GPS", "2024", None],
}
COVERAGE_EXPECTED = {
    "operator": ["beeline", "kcell", "tele2"],
    "technology": ["4g", "3g", "4g"],
    "basis": ["declared"] * 3,
    "threshold_dbm": [-105.5, None, -110.0],
    "downlink_mbps": [5.25, 2.0, None],
    "as_of": ["2026-03-01", "2025-06-30", None],
    "source": ["Есептілік, 2026", None, "Отчёт"],
}


def written(frame: gpd.GeoDataFrame, form: str, folder: Path) -> Path:
    """The layer as a file, folder or archive of the format, called after it."""
    stem = "қабат"
    if form == "parquet":
        frame.to_parquet(folder / f"{stem}.parquet")
        return folder / f"{stem}.parquet"
    if form in GDAL:
        path = folder / f"{stem}.{form}"
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a shapefile's short names are wanted here
            pyogrio.write_dataframe(frame.rename(columns=SHORT) if form == "shp" else frame, path, **GDAL[form])
        return path
    if form in TABULAR:
        return tabled(frame, form, folder / f"{stem}.{form.split()[0]}")
    inner = "kml" if form == "kmz" else form.split()[0]
    inside = folder / "inside"
    inside.mkdir()
    main = written(frame, inner, inside)
    if form == "shp folder":
        return inside
    path = folder / (f"{stem}.kmz" if form == "kmz" else f"{stem}.zip")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for suffix in SUITES.get(inner, (inner,)):
            archive.write(main.with_suffix(f".{suffix}"), f"папка/{stem}.{suffix}")
    return path


def tabled(frame: gpd.GeoDataFrame, form: str, path: Path) -> Path:
    """Points as a table: as a program writes it, as WKT, as an office writes it, as a workbook."""
    table = pd.DataFrame(frame.drop(columns="geometry"))
    if form == "csv wkt":
        table.assign(wkt=frame.geometry.to_wkt()).to_csv(path, index=False)
    elif form == "csv":
        table.assign(lon=frame.geometry.x, lat=frame.geometry.y).to_csv(path, index=False)
    elif form == "xlsx":
        table.assign(Долгота=frame.geometry.x, Широта=frame.geometry.y).to_excel(path, index=False)
    else:
        # Kazakh letters do not fit into cp1251; KZ-1048 is the one that has them
        marks = {True: "иә", False: "жоқ"}
        office = table.assign(
            is_okrug_centre=table["is_okrug_centre"].map(marks),
            population=[None if pd.isna(n) else f"{n:,}".replace(",", " ") for n in table["population"]],
            population_date=[None if pd.isna(d) else f"{d:%d.%m.%Y}" for d in table["population_date"]],
            Ендік=[_dms(y, "с.ш.") for y in frame.geometry.y],
            Бойлық=[_dms(x, "в.д.") for x in frame.geometry.x],
        )
        office.to_csv(path, index=False, sep="\t", encoding="kz1048")
    return path


def _dms(degrees: float, side: str) -> str:
    minutes, seconds = divmod(round(degrees * 3600), 60)
    return f"{minutes // 60}°{minutes % 60:02}'{seconds:02},0\" {side}"


def expected(kind: Kind, given: gpd.GeoDataFrame, values: dict[str, list[object]], form: str) -> gpd.GeoDataFrame:
    """The canonical table; MapInfo stores nought where a number is missing, which the report tells."""
    if form in MAPINFO:
        numbers = [column.name for column in TABLES[kind].columns if column.kind in {"number", "integer"}]
        values = values | {name: [0 if v is None else v for v in values[name]] for name in numbers}
        if kind is Kind.SETTLEMENTS:
            values = values | {"population_basis": ["official"] * 4}
    return conform(given.assign(**values), TABLES[kind], file="expected")


def assert_same(kind: Kind, path: Path, form: str, wanted: gpd.GeoDataFrame, crs: str, catalogue: Catalogue) -> None:
    """By either way, in whatever order the format stores its features, the table is the wanted one."""
    table, report = read_table(kind, path)
    outcome = take_in(kind, path, catalogue, Wish("layer"), today=TODAY)
    assert outcome.is_accepted, outcome.report.as_dict()
    assert outcome.dataset is not None
    stored = gpd.read_parquet(catalogue.data(outcome.dataset))
    tolerance = ROUNDED.get(form, 0.0 if crs == DEGREES else 1e-7)
    for found in (table, conform(stored, TABLES[kind], file="stored")):
        ordered = found.sort_values(wanted.columns[0], ignore_index=True)
        attributes = wanted.columns.drop("geometry")
        pd.testing.assert_frame_equal(pd.DataFrame(ordered[attributes]), pd.DataFrame(wanted[attributes]))
        shapes, given = (shapely.normalize(layer.geometry.to_numpy()) for layer in (ordered, wanted))
        if tolerance:  # in which order rings and points come may hang on the last digit
            assert shapely.get_num_coordinates(shapes).tolist() == shapely.get_num_coordinates(given).tolist()
            assert (shapely.hausdorff_distance(shapes, given) <= tolerance).all()
        else:
            assert shapely.equals_exact(shapes, given).all()
        assert found.crs == DEGREES
    told = outcome.report
    assert told.sha256 == outcome.dataset.source_sha256
    assert report.format == told.format == NAMED[form]
    # MapInfo keeps the parameters of a CRS, not its code
    assert report.crs == told.crs == ("unnamed" if form in MAPINFO and crs == PULKOVO else crs)
    assert (told.rows_read, told.rows_kept, outcome.dataset.rows) == (len(wanted),) * 3
    assert {finding.severity for finding in told.findings} <= {Severity.NOTE}
    if kind is Kind.COVERAGE and form.startswith("shp"):  # "threshold_" says no unit
        assert {finding.code for finding in told.findings} == {"unit_assumed"}
    else:
        assert {finding.code for finding in told.findings} == NOTES.get(form, set())


@pytest.mark.parametrize("form", [*VECTOR, *TABULAR])
def test_settlements_as_points(tmp_path: Path, catalogue: Catalogue, form: str) -> None:
    given = settlements(POINTS)
    wanted = expected(Kind.SETTLEMENTS, given, SETTLEMENTS_EXPECTED, form)
    assert_same(Kind.SETTLEMENTS, written(given, form, tmp_path), form, wanted, DEGREES, catalogue)


@pytest.mark.parametrize("form", VECTOR)
def test_settlements_as_footprints(tmp_path: Path, catalogue: Catalogue, form: str) -> None:
    given = settlements(FOOTPRINTS)
    wanted = expected(Kind.SETTLEMENTS, given, SETTLEMENTS_EXPECTED, form)
    assert_same(Kind.SETTLEMENTS, written(given, form, tmp_path), form, wanted, DEGREES, catalogue)


@pytest.mark.parametrize(
    ("form", "crs"),
    [(form, crs) for form in VECTOR for crs in (DEGREES, UTM, PULKOVO) if crs == DEGREES or form not in DEGREES_ONLY],
)
def test_coverage(tmp_path: Path, catalogue: Catalogue, form: str, crs: str) -> None:
    given = coverage()
    wanted = expected(Kind.COVERAGE, given, COVERAGE_EXPECTED, form)
    assert_same(Kind.COVERAGE, written(given.to_crs(crs), form, tmp_path), form, wanted, crs, catalogue)


def test_a_column_that_a_shapefile_has_renamed_is_told_as_not_used(tmp_path: Path) -> None:
    """Two names that are alike in their first ten characters: the second loses what it said."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pyogrio.write_dataframe(settlements(POINTS), tmp_path / "a.shp", encoding="UTF-8")
    table, report = read_table(Kind.SETTLEMENTS, tmp_path / "a.shp")
    assert table["population_date"].isna().all()
    assert report.unused_columns == ["populati_1"]


# -- what comes in formats of its own ---------------------------------------------------------------------------------


CELLS = """LTE,401,77,1234,2568193,0,57.17,50.28,1000,12,1,1600000000,1700000000,0
GSM,401,1,12,3455,0,57.5,50.5,1000,1,1,1600000000,1700000000,0
"""
CELL_COLUMNS = "radio,mcc,net,area,cell,unit,lon,lat,range,samples,changeable,created,updated,averageSignal\n"
DRIVE = """Timestamp,Longitude,Latitude,Operatorname,NetworkMode,RSRP,DL_bitrate,UL_bitrate
2026.05.12_16.14.02,57.17,50.28,40101,LTE,-101,5400,320
2026.05.12_16.14.04,57.19,50.28,40101,LTE,-99,6400,320
"""
OFFICE_TESTS = """Дата и время;Оператор;Технология;Уровень сигнала, дБм;Скорость загрузки, Мбит/с;Долгота;Широта
12.05.2026 16:14;Билайн;LTE;-101,5;5,4;57,17;50,28
"""


def cells(folder: Path) -> Path:
    path = folder / "cells.csv"
    path.write_text(CELL_COLUMNS + CELLS)
    return path


def packed_cells(folder: Path) -> Path:
    """The dump of a country has no header."""
    path = folder / "401.csv.gz"
    path.write_bytes(gzip.compress(CELLS.encode()))
    return path


def drive_test(folder: Path) -> Path:
    path = folder / "drive.csv"
    path.write_text(DRIVE)
    return path


def office_tests(folder: Path) -> Path:
    path = folder / "замеры.csv"
    path.write_text(OFFICE_TESTS, encoding="cp1251")
    return path


def ookla(folder: Path) -> Path:
    """Tile 43175, 22146 of zoom 16 holds 57.17° E 50.28° N; the other one lies in the Pacific."""

    def quadkey(x: int, y: int) -> str:
        return "".join(str((x >> i & 1) | (y >> i & 1) << 1) for i in range(15, -1, -1))

    path = folder / "2024-01-01_performance_mobile_tiles.parquet"
    values = {"avg_d_kbps": 12_345, "avg_u_kbps": 2_500, "avg_lat_ms": 31, "tests": 7, "devices": 3}
    pd.DataFrame({"quadkey": [quadkey(43175, 22146), quadkey(100, 100)], **values}).to_parquet(path)
    return path


def extract(folder: Path) -> Path:
    village = {"place": "village", "name": "Белкопа", "name:kk": "Белқопа", "population": "1 234", "KATO": "150000100"}
    objects = [
        Node(id=1, location=(57.5, 50.5), tags=village),
        Node(id=2, location=(57.0, 50.2), tags={"amenity": "school", "name": "Мектеп"}),
        Node(id=3, location=(57.0, 50.0)),
        Node(id=4, location=(57.2, 50.0)),
        Way(id=5, nodes=[3, 4], tags={"highway": "primary", "ref": "A-27", "surface": "asphalt"}),
    ]
    path = folder / "kz.osm.pbf"
    with osmium.SimpleWriter(str(path)) as writer:
        for one in objects:
            writer.add(one)
    return path


OSM, OOKLA = "© OpenStreetMap contributors (ODbL)", "Speedtest by Ookla"
# kind, file, format, (rows read, kept), findings as (code, severity, count), operators, newest date, credit
OF_THEIR_OWN = {
    "OSM settlements": (Kind.SETTLEMENTS, extract, "OSM PBF", (1, 1), [], [], None, OSM),
    "OSM roads": (Kind.ROADS, extract, "OSM PBF", (1, 1), [], [], None, OSM),
    "OSM facilities": (Kind.FACILITIES, extract, "OSM PBF", (1, 1), [], [], None, OSM),
    "OpenCelliD": (
        Kind.SITES, cells, "OpenCelliD CSV", (2, 2),
        [("estimated_position", "warning", 2), ("few_samples", "warning", 1)],
        ["beeline", "tele2"], None, "OpenCelliD Project",
    ),
    "OpenCelliD, gzipped, no header": (
        Kind.SITES, packed_cells, "OpenCelliD CSV", (2, 2),
        [("estimated_position", "warning", 2), ("few_samples", "warning", 1)],
        ["beeline", "tele2"], None, "OpenCelliD Project",
    ),
    "drive test": (
        Kind.MEASUREMENTS, drive_test, "CSV", (2, 2),
        [("position_columns", "note", 1), ("drive_test_columns", "note", 2)],
        ["beeline"], "2026-05-12T16:14:04", None,
    ),
    "drive test of an office": (
        Kind.MEASUREMENTS, office_tests, "CSV", (1, 1),
        [
            ("encoding_detected", "note", 1), ("position_columns", "note", 1), ("drive_test_columns", "note", 1),
            ("words_recognised", "note", 1),
        ],
        ["beeline"], "2026-05-12T16:14:00", None,
    ),
    "Ookla": (
        Kind.MEASUREMENTS, ookla, "Ookla open tiles", (1, 1),
        [("quarter_as_month", "note", 1), ("outside_extent_skipped", "note", 1)],
        ["unspecified"], "2024-02", OOKLA,
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", OF_THEIR_OWN)
def test_a_format_of_its_own(tmp_path: Path, catalogue: Catalogue, case: str) -> None:
    kind, make, form, rows, findings, operators, newest, credit = OF_THEIR_OWN[case]
    outcome = take_in(kind, make(tmp_path), catalogue, Wish("x"), today=TODAY)
    assert outcome.is_accepted, outcome.report.as_dict()
    report, dataset = outcome.report, outcome.dataset
    assert (report.format, report.crs, (report.rows_read, report.rows_kept)) == (form, DEGREES, rows)
    assert [(f.code, str(f.severity), f.count) for f in report.findings] == findings
    assert dataset is not None
    assert (list(dataset.operators), dataset.as_of) == (operators, newest)
    assert (dataset.credit or "").startswith(credit or "")
    assert (dataset.credit is None) == (credit is None)


SIGNAL = {"operator": "Билайн", "technology": "LTE", "quantity": "dbm", "as_of": "2026-01"}
OUTSIDE = Affine(250, 0, 500_000, 0, -250, 3_500_000)
# kind, tags, value, profile, accepted, findings as (code, severity, value of the first example)
RASTERS = {
    "signal": (Kind.COVERAGE, SIGNAL, -90, {}, True, []),
    "not in dBm": (Kind.COVERAGE, SIGNAL, 90, {}, True, [("implausible_values", "warning", "90")]),
    "elsewhere": (Kind.COVERAGE, SIGNAL, -90, {"transform": OUTSIDE}, True, [("out_of_region", "warning", None)]),
    "no tags": (Kind.COVERAGE, {}, -90, {}, False, [("column_missing", "error", None)]),
    "unknown technology": (
        Kind.COVERAGE, SIGNAL | {"technology": "9g"}, -90, {}, False, [("value_rejected", "error", "9g")],
    ),
    "no such quantity": (
        Kind.COVERAGE, SIGNAL | {"quantity": "mW"}, -90, {}, False, [("value_rejected", "error", "mW")],
    ),
    "nodata only": (Kind.COVERAGE, SIGNAL, -9999, {}, False, [("file_problem", "error", None)]),
    "two bands": (Kind.COVERAGE, SIGNAL, -90, {"count": 2}, False, [("file_problem", "error", "2 bands of float32")]),
    "no CRS": (Kind.COVERAGE, SIGNAL, -90, {"crs": None}, False, [("crs_missing", "error", None)]),
    "terrain": (Kind.TERRAIN, {}, 300, {}, True, []),
    "terrain in millimetres": (Kind.TERRAIN, {}, 30_000, {}, True, [("implausible_values", "warning", "30000")]),
    "terrain without CRS": (Kind.TERRAIN, {}, 300, {"crs": None}, False, [("crs_missing", "error", None)]),
}  # fmt: skip


@pytest.mark.parametrize("case", RASTERS)
def test_rasters(tmp_path: Path, catalogue: Catalogue, case: str) -> None:
    kind, tags, value, changed, accepted, findings = RASTERS[case]
    path = tmp_path / "растр.tif"
    profile = {"driver": "GTiff", "width": 4, "height": 3, "count": 1, "dtype": "float32", "nodata": -9999.0}
    profile |= {"crs": UTM, "transform": Affine(250, 0, 500_000, 0, -250, 5_550_000)} | changed
    with rasterio.open(path, "w", **profile) as raster:
        for band in range(1, profile["count"] + 1):
            raster.write(np.full((3, 4), value, dtype="float32"), band)
        raster.update_tags(**tags)
    outcome = take_in(kind, path, catalogue, Wish("x"), today=TODAY)
    told = [(f.code, str(f.severity), f.examples[0].value if f.examples else None) for f in outcome.report.findings]
    assert (outcome.is_accepted, told) == (accepted, findings)
    if not accepted:
        assert catalogue.active(kind) == []
        return
    assert outcome.report.crs == UTM
    assert outcome.dataset is not None
    assert catalogue.data(outcome.dataset).read_bytes() == path.read_bytes()
    if kind is Kind.COVERAGE:
        stated = {"operator": "beeline", "technology": "4g", "basis": "modelled", "as_of": "2026-01", "source": None}
        assert outcome.dataset.header == stated


@pytest.mark.parametrize("own", [None, "kcell"])
def test_an_untagged_raster_takes_what_is_stated_and_tags_win(tmp_path: Path, catalogue: Catalogue, own: str) -> None:
    path = tmp_path / "signal.tif"
    shape = {"driver": "GTiff", "width": 2, "height": 2, "count": 1, "dtype": "float32", "crs": UTM}
    with rasterio.open(path, "w", transform=Affine(250, 0, 500_000, 0, -250, 5_550_000), **shape) as raster:
        raster.write(np.full((2, 2), -90, dtype="float32"), 1)
        raster.update_tags(**({} if own is None else {"operator": own}))
    stated = Given(ReadOptions(), {"operator": "Билайн", "technology": "4G+", "quantity": "dBm", "source": "прогноз"})
    outcome = take_in(Kind.COVERAGE, path, catalogue, Wish("x", stated), today=TODAY)
    assert outcome.dataset is not None
    assert outcome.dataset.header == {
        "operator": own or "beeline", "technology": "4g", "basis": "modelled", "as_of": None, "source": "прогноз",
    }  # fmt: skip
