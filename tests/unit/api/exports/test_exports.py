"""Every file format, read back by another library, holds the rows that were written."""

import datetime as dt
import hashlib
import io
import json
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import openpyxl
import orjson
import pandas as pd
import pyarrow.parquet as pq
import pyogrio
import pyproj
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.errors import BadParameter
from api.exports import extract as extract_module
from api.exports import workbook
from api.exports.extract import About, Extract
from api.exports.formats import EXPORTS
from api.exports.titles import column_title
from api.features.catalogue import DEFAULT_CATALOGUE, CollectionKind
from api.features.collection import Collection
from api.features.columns import Column
from api.features.crs import CRS84, SERVED_CRS, ServedCrs
from api.features.view import View
from geo.region import LANGUAGES
from geo.tables.results import GAPS

LAYERS = ("gpkg", "fgb", "parquet")
CREATED = dt.datetime(2026, 11, 5, 6, 7, 8, 912000, tzinfo=dt.UTC)
ABOUT = About(
    "0123456789abcdef", "okrug-centres", "Сценарий!", {"ru": "Сценарий!", "en": "Scenario!"}, ("A; b", "©"), CREATED
)
TEXTS = [
    "plain",
    '=HYPERLINK("http://evil")',
    "+7 701",
    "-1",
    "@SUM(A1)",
    "\tcmd",
    "\rcr",
    "a\0b\x01\x1f\x0b",
    "<b>&amp;</b>]]>",
    "q\"u,o;t'e\n second",
    "\u202eRTL\u200f \u2028\ufeff",
    "x" * 500,
    "  spaces  ",
    "Ақтөбе «облысы» 🛰",
    None,
    "",
]
EPSG_4326, UTM, PULKOVO = (SERVED_CRS[f"http://www.opengis.net/def/crs/EPSG/0/{n}"] for n in (4326, 32640, 28410))


def places(texts: list[str | None] = TEXTS) -> Collection:
    count = len(texts)
    shapes: list[Any] = [shapely.Point(57 + i / 10, 50 - i / 100) for i in range(count)]
    if count > 3:
        shapes[1] = None
        shapes[2] = shapely.box(57, 50, 57.5, 50.25) - shapely.box(57.1, 50.1, 57.2, 50.2)
        shapes[3] = shapely.MultiPolygon([shapely.box(58, 50, 58.5, 50.25), shapely.box(59, 50, 59.5, 50.25)])
    frame = gpd.GeoDataFrame(
        {
            "name": texts,
            "people": pd.array([None if i % 5 == 4 else 2**53 - i for i in range(count)], dtype="Int64"),
            "share": [np.nan if i % 4 == 3 else i / 7 for i in range(count)],
            "near": [i % 2 == 0 for i in range(count)],
            "scenario": ["own"] * count,
            "reasons": [json.dumps([{"code": text, "km": i / 3}]) for i, text in enumerate(texts)],
        },
        geometry=shapes,
        crs=4326,
    )
    kind = CollectionKind("places", GAPS, "Places", "Made up.", None)
    return with_moments(Collection.from_frame(kind, frame))


def with_moments(collection: Collection) -> Collection:
    """Columns of the kinds `date` and `timestamp` too."""
    missing = np.arange(len(collection)) % 6 == 5
    days = np.arange(len(collection), dtype=np.int64) * 1000 + 10_000
    moments = days * 86_400_000_000 + 3_723_000_000
    columns = {
        **collection.columns,
        "day": Column("day", "date", days, missing),  # type: ignore[arg-type]
        "moment": Column("moment", "timestamp", moments, missing),  # type: ignore[arg-type]
    }
    return replace(collection, columns=columns)


def extract_of(collection: Collection, rows: Any = None, view: View | None = None, language: str = "ru") -> Extract:
    return Extract(collection, rows, view or View(), ABOUT, language)


def written(extract: Extract, name: str) -> bytes:
    form = next(form for form in EXPORTS.values() if form.name == name)
    return b"".join(form.write(extract))


def read_layer(content: bytes, name: str, folder: Path) -> Any:
    path = folder / f"file.{name}"
    path.write_bytes(content)
    if name == "parquet":
        return gpd.read_parquet(path)
    return pyogrio.read_dataframe(path, arrow_to_pandas_kwargs={}, use_arrow=False, datetime_as_string=False)


def expected(collection: Collection, name: str) -> list[Any]:
    column = collection.columns[name]
    if name == "reasons":
        return [orjson.dumps(value).decode() for value in column.jsonable()]
    return column.jsonable()


def plain(values: Any) -> list[Any]:
    return [None if pd.isna(value) else value for value in values]


def truth(collection: Collection, crs: ServedCrs, rows: Any) -> Any:
    """Geometries as geopandas transforms them: x first."""
    series = gpd.GeoSeries(collection.geometries[rows], crs=4326)
    return series if crs == CRS84 else series.to_crs(crs.crs)


@pytest.mark.parametrize("crs", [CRS84, EPSG_4326, UTM, PULKOVO], ids=lambda crs: crs.code)
@pytest.mark.parametrize("name", LAYERS)
def test_layers_hold_the_rows_in_their_types_order_and_crs(name: str, crs: ServedCrs, tmp_path: Path) -> None:
    collection = places()
    rows = np.array([5, 3, 2, 1, 0, 7, 15, 14, 4])
    back = read_layer(
        written(
            extract_of(collection, rows, View(crs=crs)),
            name,
        ),
        name,
        tmp_path,
    )
    assert back.columns.tolist() == [*collection.columns, "run", "run_scenario", "label", "geometry"]
    for column in ("people", "share", "near", "reasons"):
        values = expected(collection, column)
        assert plain(back[column]) == [values[row] for row in rows]
    names = [None if text is None else text if name == "parquet" else text.replace("\0", "\ufffd") for text in TEXTS]
    assert plain(back["name"]) == [names[row] for row in rows]
    assert back["near"].dtype == bool
    days = [dt.date(1970, 1, 1) + dt.timedelta(days=10_000 + 1000 * int(row)) for row in rows]
    assert [d for d in plain(pd.to_datetime(back["day"]).dt.date) if d] == [
        d for d, row in zip(days, rows, strict=True) if row % 6 != 5
    ]
    moments = pd.to_datetime(back["moment"], utc=True)
    assert moments[2] == pd.Timestamp(days[2], tz="UTC") + pd.Timedelta(hours=1, minutes=2, seconds=3)
    assert set(back["run"]) == {ABOUT.run}
    assert set(back["run_scenario"]) == {"okrug-centres"}
    assert set(back["label"]) == {"Сценарий!"}
    shapes, known = truth(collection, crs, rows), collection.geometries[rows] != None  # noqa: E711 - element-wise
    assert back.geometry.notna().tolist() == known.tolist()
    # rounded to centimetres; for Pulkovo 1942 PROJ alone takes another operation, not meant for Kazakhstan
    tolerance = 5.0 if crs is PULKOVO else 0.01 if crs is UTM else 1e-6
    assert shapely.equals_exact(back.geometry[known].array, shapes[known].array, tolerance).all()
    wanted = pyproj.CRS("EPSG:4326") if crs == CRS84 and name != "parquet" else crs.crs
    assert pyproj.CRS(back.crs).equals(wanted, ignore_axis_order=True)


@pytest.mark.parametrize("name", LAYERS)
def test_layers_carry_run_scenario_label_and_credits(name: str, tmp_path: Path) -> None:
    path = tmp_path / f"file.{name}"
    path.write_bytes(written(extract_of(places()), name))
    if name == "parquet":
        found = {key.decode(): value.decode() for key, value in pq.read_schema(path).metadata.items()}
        geo = json.loads(found["geo"])
        assert geo["version"] == "1.1.0"
        assert geo["columns"]["geometry"]["geometry_types"] == ["Point", "Polygon", "MultiPolygon"]
    else:
        found = pyogrio.read_info(path, layer="places" if name == "gpkg" else None)["layer_metadata"]
        assert found["DESCRIPTION"] == "run 0123456789abcdef; Сценарий!; A; b; ©"
    assert found["run"] == ABOUT.run
    assert found["scenario"] == "okrug-centres"
    assert json.loads(found["label"]) == ABOUT.labels
    assert json.loads(found["credits"]) == ["A; b", "©"]


def test_csv_holds_the_rows_with_formulas_made_harmless() -> None:
    collection = places()
    content = written(extract_of(collection, view=View(crs=UTM)), "csv")
    assert content.startswith("\ufeff".encode())
    back = pd.read_csv(io.BytesIO(content), encoding="utf-8-sig", lineterminator=None, keep_default_na=False, dtype=str)
    tail = ["x", "y", "run", "run_scenario", "label", "credits"]
    assert back.columns.tolist() == [*collection.columns, *tail]
    for cell, text in zip(back["name"], TEXTS, strict=True):
        risky = (text or "").startswith(("=", "+", "-", "@", "\t", "\r"))
        clean = (text or "").replace("\0", "\ufffd").replace("\x01", "\ufffd").replace("\x1f", "\ufffd")
        assert cell == "'" * risky + clean.replace("\x0b", "\ufffd")
    assert back["people"].tolist() == ["" if n is None else str(n) for n in expected(collection, "people")]
    assert [float(cell) if cell else None for cell in back["share"]] == expected(collection, "share")
    assert set(back["near"]) == {"true", "false"}
    assert [json.loads(cell)[0]["code"] for cell in back["reasons"]] == TEXTS
    assert back["day"][0] == "1997-05-19"
    assert set(back["credits"]) == {"A; b; ©"}
    points = gpd.GeoSeries(gpd.points_from_xy(pd.to_numeric(back["x"]), pd.to_numeric(back["y"])), crs=UTM.crs)
    shapes = truth(collection, UTM, slice(None))
    assert back["x"][1] == ""
    assert (points[0:1].distance(shapes[0:1]) < 0.01).all()
    assert (points[2:].distance(shapes[2:], align=False) < 0.01).all()


def test_a_missing_text_is_nothing_between_the_commas_and_an_empty_one_two_quotes() -> None:
    lines = written(extract_of(places([None, ""]), view=View(("name", "people"))), "csv").decode().splitlines()
    assert lines[1].startswith(",9007199254740992,")
    assert lines[2].startswith('"",')


@pytest.mark.parametrize(
    ("language", "heads"),
    [
        ("kk", ["name", "Сценарий", "Бойлық"]),
        ("ru", ["name", "Сценарий", "Долгота"]),
        ("en", ["name", "Scenario", "Longitude"]),
    ],
)
def test_xlsx_is_formatted_and_headed_in_the_asked_language(language: str, heads: list[str]) -> None:
    collection = places()
    view = View(("name", "scenario"))
    book = openpyxl.load_workbook(io.BytesIO(written(extract_of(collection, None, view, language), "xlsx")))
    sheet = book["places"]
    assert book.sheetnames == ["places", "about"]
    assert [cell.value for cell in sheet[1]][:3] == heads
    assert all(cell.font.bold for cell in sheet[1])
    assert sheet.freeze_panes == "A2"
    assert sheet.auto_filter.ref == f"A1:G{len(TEXTS) + 1}"
    assert sheet["C2"].number_format == "0.000000"
    assert all(8 < sheet.column_dimensions[letter].width <= 40 for letter in "ABCDEFG")
    about = [value for row in book["about"].iter_rows(values_only=True) for value in row]
    assert {"Сценарий!", "A; b", "©", ABOUT.run, "okrug-centres", CRS84.uri} <= set(about)
    assert book.properties.created == book.properties.modified == dt.datetime(2026, 11, 5, 6, 7, 8)


def test_xlsx_holds_the_rows_in_their_types() -> None:
    collection = places()
    sheet = openpyxl.load_workbook(io.BytesIO(written(extract_of(collection), "xlsx")))["places"]
    rows = list(sheet.iter_rows(min_row=2, values_only=True))
    assert len(rows) == len(TEXTS)
    back = dict(zip(collection.columns, zip(*rows, strict=True), strict=False))
    assert all(cell.data_type == "s" for cell in sheet["A"] if cell.value is not None)
    for cell, text in zip(back["name"], TEXTS, strict=True):
        risky = (text or "").startswith(("=", "+", "-", "@", "\t", "\r"))
        clean = "".join("\ufffd" if c in "\0\x01\x1f\x0b" else c for c in (text or "")).replace("\r", "\n")
        assert (cell or "") == "'" * risky + clean
    assert list(back["people"]) == expected(collection, "people")
    assert list(back["share"]) == pytest.approx(expected(collection, "share"))
    assert list(back["near"]) == expected(collection, "near")
    assert back["day"][0] == dt.datetime(1997, 5, 19)
    assert back["moment"][0] == dt.datetime(1997, 5, 19, 1, 2, 3)
    assert back["day"][5] is None


def test_spaces_around_a_text_are_kept_in_a_sheet() -> None:
    with zipfile.ZipFile(io.BytesIO(written(extract_of(places()), "xlsx"))) as archive:
        assert b'<t xml:space="preserve">  spaces  </t>' in archive.read("xl/worksheets/sheet1.xml")


@pytest.mark.parametrize("collection_id", ["about", "a/b:c*?[d]\\e" + "x" * 40])
def test_a_sheet_can_be_named_after_any_collection(collection_id: str) -> None:
    collection = places(["a"])
    renamed = replace(collection, kind=replace(collection.kind, id=collection_id))
    names = openpyxl.load_workbook(io.BytesIO(written(extract_of(renamed), "xlsx"))).sheetnames
    assert len(names) == 2
    assert names[0] in ("about_", "a_b_c___d__e" + "x" * 19)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_canonical_column_has_a_title_of_its_own(language: str) -> None:
    for kind in DEFAULT_CATALOGUE:
        names = [column.name for column in kind.table.columns]
        titles = [column_title(name, language) for name in names]
        assert len(set(titles)) == len(titles)
        assert not set(titles) & set(names)


def test_dates_that_spreadsheets_do_not_have_are_text() -> None:
    collection = places(["a", "b"])
    days = np.array([-40_000, 2_932_897], dtype=np.int64)
    moments = Column("moment", "timestamp", days * 86_400_000_000, np.zeros(2, bool))  # type: ignore[arg-type]
    dates = Column("day", "date", days, np.zeros(2, bool))  # type: ignore[arg-type]
    collection = replace(collection, columns={"moment": moments, "day": dates})
    sheet = openpyxl.load_workbook(io.BytesIO(written(extract_of(collection), "xlsx")))["places"]
    assert [cell.value for cell in sheet["B"]][1:] == ["1860-06-26", "10000-01-01"]
    assert sheet["A2"].value.startswith("1860-06-26 00:00:00")


def test_a_sheet_takes_no_more_rows_than_it_holds_and_cuts_long_texts(monkeypatch: pytest.MonkeyPatch) -> None:
    sheet = openpyxl.load_workbook(io.BytesIO(written(extract_of(places(["&" * 40_000])), "xlsx")))["places"]
    assert sheet["A2"].value == "&" * 32_767
    monkeypatch.setattr(workbook, "ROWS_MAX", 1)
    with pytest.raises(BadParameter, match="asks for 2 rows of at most 1"):
        written(extract_of(places(["a", "b"])), "xlsx")


def features_of(content: bytes) -> list[dict[str, Any]]:
    assert content[:1] == b"\x1e" or not content
    assert content.endswith(b"\n")
    return [json.loads(text) for text in content.split(b"\x1e")[1:]]


def test_a_sequence_is_of_features_that_each_name_their_run(tmp_path: Path) -> None:
    collection = places()
    content = written(extract_of(collection, np.array([3, 0])), "geojsonseq")
    first, second = features_of(content)
    assert first.pop("credits") == ["A; b", "©"]
    assert (first.pop("run"), first.pop("scenario"), first.pop("label")) == (ABOUT.run, "okrug-centres", ABOUT.labels)
    assert first == json.loads(collection.encoded[3])
    assert second["id"] == 1
    path = tmp_path / "file.geojsons"
    path.write_bytes(content)
    assert pyogrio.read_dataframe(path)["people"].tolist() == [2**53 - 3, 2**53]


def test_a_sequence_has_the_asked_properties_and_the_axes_of_the_crs() -> None:
    features = features_of(written(extract_of(places(), None, View(("share", "name"), EPSG_4326)), "geojsonseq"))
    assert features[0]["geometry"]["coordinates"] == [50.0, 57.0]
    planar = features_of(written(extract_of(places(), None, View(("share",), UTM)), "geojsonseq"))
    assert planar[0]["geometry"]["coordinates"] == [500000.0, 5538630.7]
    assert list(features[0]["properties"]) == ["share", "name"]
    assert features[1]["geometry"] is None


@pytest.mark.parametrize("name", ["csv", *LAYERS])
def test_only_the_asked_properties_in_the_asked_order(name: str, tmp_path: Path) -> None:
    content = written(extract_of(places(), view=View(("share", "name"))), name)
    back = pd.read_csv(io.BytesIO(content)) if name == "csv" else read_layer(content, name, tmp_path)
    assert back.columns.tolist()[:3] == ["share", "name", "lon" if name == "csv" else "run"]


@pytest.mark.parametrize("form", EXPORTS.values(), ids=lambda form: form.name)
def test_the_same_rows_are_the_same_bytes(form: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    extract = extract_of(places())
    first = b"".join(form.write(extract))
    later = dt.datetime(2031, 1, 1, tzinfo=dt.UTC).timestamp()
    monkeypatch.setattr("time.time", lambda: later)
    assert hashlib.sha256(b"".join(form.write(extract))).digest() == hashlib.sha256(first).digest()


def test_no_time_of_day_is_in_a_workbook_or_geopackage() -> None:
    archive = zipfile.ZipFile(io.BytesIO(written(extract_of(places()), "xlsx")))
    assert {entry.date_time for entry in archive.infolist()} == {(2026, 11, 5, 6, 7, 8)}
    content = written(extract_of(places()), "gpkg")
    assert b"2026-11-05T06:07:08.912Z" in content
    assert f"{dt.datetime.now(dt.UTC):%Y-%m-%dT%H}".encode() not in content


@pytest.mark.parametrize("form", EXPORTS.values(), ids=lambda form: form.name)
@pytest.mark.parametrize("rows", [[], [0, 1, 2, 3, 4, 5, 6]], ids=["no rows", "several chunks"])
def test_chunks_join_to_a_whole(form: Any, rows: list[int], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(extract_module, "CHUNK_ROWS", 3)
    content = b"".join(form.write(extract_of(places(), np.array(rows, dtype=np.int64))))
    path = tmp_path / f"file{form.suffix}"
    path.write_bytes(content)
    readers: dict[str, Callable[[], int]] = {
        "csv": lambda: len(pd.read_csv(path)),
        "xlsx": lambda: openpyxl.load_workbook(path)["places"].max_row - 1,
        "geojsonseq": lambda: content.count(b"\x1e"),
    }
    count = readers.get(form.name, lambda: len(read_layer(content, form.name, tmp_path)))()
    assert count == len(rows)


@pytest.mark.parametrize("name", ["csv", "xlsx", *LAYERS])
def test_columns_of_the_same_names_as_ours_do_not_hide_them(name: str, tmp_path: Path) -> None:
    frame = gpd.GeoDataFrame(
        {"Run": ["a"], "credits": ["b"], "lon": [1.0], "fid": ["c"], "GEOM": ["d"], "run_label": ["e"], "label": ["f"]},
        geometry=[shapely.Point(57, 50)],
        crs=4326,
    )
    kind = CollectionKind("places", GAPS, "Places", "Made up.", None)
    content = written(extract_of(Collection.from_frame(kind, frame), language="en"), name)
    if name == "csv":
        back = pd.read_csv(io.BytesIO(content))
        assert (back["point_lon"][0], back["run_credits"][0]) == (57.0, "A; b; ©")
    elif name == "xlsx":
        back = pd.read_excel(io.BytesIO(content))
    else:
        back = read_layer(content, name, tmp_path)
    assert back["run_run"][0] == ABOUT.run
    assert back["run_run_label"][0] == "Сценарий!"
    assert back["Run"][0] == "a"
    assert back["fid"][0] == "c"


@pytest.mark.parametrize("name", ["gpkg", "xlsx"])
def test_closing_removes_what_lies_on_disk(name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    form = next(form for form in EXPORTS.values() if form.name == name)
    parts = form.write(extract_of(places()))
    assert next(parts)
    assert list(tmp_path.iterdir())
    parts.close()
    assert not list(tmp_path.iterdir())


any_text = st.one_of(st.none(), st.text(st.characters(exclude_categories=["Cs"]), max_size=30))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(any_text, min_size=1, max_size=5))
def test_no_text_breaks_a_file(tmp_path: Path, names: list[str | None]) -> None:
    extract = extract_of(places(names))
    for name in LAYERS[:2]:
        assert len(read_layer(written(extract, name), name, tmp_path)) == len(names)
    sheet = openpyxl.load_workbook(io.BytesIO(written(extract, "xlsx")))["places"]
    assert sheet.max_row == len(names) + 1
    assert not any(cell.data_type == "f" for row in sheet.iter_rows() for cell in row)
    back = pd.read_csv(io.BytesIO(written(extract, "csv")), dtype=str, keep_default_na=False)
    assert len(back) == len(names)
    assert not back["name"].str.startswith(("=", "+", "-", "@", "\t", "\r", "\n")).any()
    assert [f["properties"]["name"] for f in features_of(written(extract, "geojsonseq"))] == names
