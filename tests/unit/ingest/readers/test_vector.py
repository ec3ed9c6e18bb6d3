"""Every vector format gives the same rows, and what was found in them."""

import json
import re
import shutil
import warnings
import zipfile

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pytest
import shapely
from shapely import LineString, MultiPoint, Point, Polygon

from geo.errors import ColumnMissing, CrsMissing, FileProblem, LimitExceeded, ValueRejected
from geo.ingest.aliases import map_columns
from geo.ingest.normalise import normalise
from geo.ingest.readers import ogr
from geo.ingest.readers.vector import open_vector
from geo.ingest.report import Severity, merged
from geo.ingest.source import ReadOptions
from geo.settings import get_settings
from geo.tables.coverage import COVERAGE
from geo.tables.schema import conform
from geo.tables.settlements import SETTLEMENTS
from geo.tables.sites import SITES

PLACES = gpd.GeoDataFrame(
    {
        "kato": ["153234100", "153235100", "153236100"],
        "name_kk": ["Бестамақ", "Қарақобда", "Әлімбет"],
        "name_ru": ["Бестамак", None, "Алимбет"],
        "population": pd.array([1200, 340, 77], dtype="Int64"),
        "position_source": ["osm", "2024", None],
        "is_okrug_centre": [True, False, True],
        "extra": [{"a": [1, 2]}, None, {"a": []}],
    },
    geometry=[Point(57.25, 50.25), Point(56.5, 49.75), Point(56.125, 50.5)],
    crs=4326,
)
AREAS = gpd.GeoDataFrame(
    {"technology": ["4g", "3g"], "as_of": pd.to_datetime(["2024-05-06", "2023-01-31"]), "downlink_mbps": [5.5, 2.0]},
    geometry=[shapely.box(57, 50, 58, 51), shapely.box(56, 49, 57, 50).union(shapely.box(59, 49, 60, 50))],
    crs=4326,
)
WRITERS = {
    "layer.geojson": {"driver": "GeoJSON"},
    "layer.geojsonl": {"driver": "GeoJSONSeq"},
    "layer.gpkg": {"driver": "GPKG"},
    "layer.shp": {"driver": "ESRI Shapefile", "encoding": "UTF-8"},
    "layer.fgb": {"driver": "FlatGeobuf"},
    "layer.kml": {"driver": "LIBKML"},
    "layer.tab": {"driver": "MapInfo File", "ENCODING": "UTF-8"},
    "layer.mif": {"driver": "MapInfo File", "FORMAT": "MIF", "ENCODING": "UTF-8"},
    "layer.parquet": {},
}
SUITES = {
    ".shp": (".shp", ".shx", ".dbf", ".prj", ".cpg"),
    ".tab": (".tab", ".dat", ".map", ".id"),
    ".mif": (".mif", ".mid"),
}
PACKED = ("shapefile folder", "shapefile.zip", "nested.zip", "geopackage.zip", "mapinfo.zip", "mif.zip", "layer.kmz")


@pytest.fixture(autouse=True)
def silent(capfd):
    """Nothing that GDAL has to say reaches the terminal."""
    yield
    assert capfd.readouterr() == ("", "")


@pytest.fixture
def limits(monkeypatch):
    """Lower limits than the settings' own."""

    def lower(**values):
        for name, value in values.items():
            monkeypatch.setattr(get_settings(), name, value)

    return lower


@pytest.fixture
def write(tmp_path):
    """Write a frame as the format of the name, or packed as it says."""

    def written(frame, name):
        path = tmp_path / name
        if name.endswith("parquet"):
            frame.to_parquet(path)
            return path
        if name not in WRITERS:
            return packed(frame, name)
        for column in frame.columns.drop("geometry"):
            if frame[column].map(lambda value: isinstance(value, dict)).any() and "geojson" not in name:
                texts = frame[column].map(lambda value: json.dumps(value) if value else None)
                frame = frame.assign(**{column: texts})
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a shapefile's short names are wanted here
            pyogrio.write_dataframe(frame, path, **WRITERS[name])
        return path

    def packed(frame, name):
        inner = {"geopackage.zip": "layer.gpkg", "mapinfo.zip": "layer.tab", "mif.zip": "layer.mif"}
        inner |= {"layer.kmz": "layer.kml"}
        main = written(frame, inner.get(name, "layer.shp"))
        parts = [
            part for part in tmp_path.iterdir() if part.stem == "layer" and part.is_file() and part.suffix != ".zip"
        ]
        parts = (
            [main]
            if inner.get(name) in {"layer.gpkg", "layer.kml"}
            else [p for p in parts if p.suffix in SUITES[main.suffix]]
        )
        if name == "shapefile folder":
            folder = tmp_path / "folder"
            folder.mkdir()
            for part in parts:
                shutil.move(part, folder)
            return folder
        with zipfile.ZipFile(tmp_path / name, "w") as archive:
            for part in parts:
                inside = "doc.kml" if name.endswith(".kmz") else part.name
                archive.write(part, f"a/б/{inside}" if name == "nested.zip" else inside)
        return tmp_path / name

    return written


def shaped(frame, table, *, file, truncated=False):
    """A frame as the reading of a whole file brings it to its table."""
    columns = map_columns(frame, table, truncated=truncated)
    rows = np.arange(1, len(frame) + 1)
    return conform(normalise(columns.renamed(frame), table, rows, file, columns=columns).frame, table, file=file)


def read(path, *, layer="settlements", **options):
    """The source, its rows as one frame, all findings and all problems."""
    source = open_vector(path, ReadOptions(**options), layer=layer)
    batches = list(source.batches)
    frame = pd.concat([batch.frame for batch in batches], ignore_index=True)
    rows = np.concatenate([batch.rows for batch in batches])
    assert (rows == np.arange(len(frame)) + 1).all()
    findings = merged([*source.findings, *(finding for batch in batches for finding in batch.findings)])
    return source, frame, findings, [problem for batch in batches for problem in batch.problems]


def write_features(path, *geometries):
    """GeoJSON of geometries given as text."""
    members = [
        f'{{"type":"Feature","properties":{{"n":{i}}},"geometry":{geometry}}}' for i, geometry in enumerate(geometries)
    ]
    path.write_text(f'{{"type":"FeatureCollection","features":[{",".join(members)}]}}', encoding="utf-8")
    return path


@pytest.mark.parametrize("name", [*WRITERS, *PACKED])
def test_the_same_settlements_come_out_of_every_format(write, name):
    source, frame, _, problems = read(write(PLACES, name))
    assert not problems
    assert source.has_short_names == ("shp" in source.format.lower() or "shapefile" in source.format.lower())
    table = shaped(frame, SETTLEMENTS, file=name, truncated=source.has_short_names)
    expected = shaped(PLACES, SETTLEMENTS, file=name, truncated=True)
    assert_same(table, expected, "kato", 1e-6)


@pytest.mark.parametrize("name", [*WRITERS, *PACKED])
def test_the_same_coverage_comes_out_of_every_format(write, name):
    source, frame, _, problems = read(write(AREAS, name), layer="coverage")
    assert not problems
    frame["as_of"] = frame["as_of"].str[:10]
    table = shaped(frame, COVERAGE, file=name, truncated=source.has_short_names)
    expected = shaped(AREAS.assign(as_of=["2024-05-06", "2023-01-31"]), COVERAGE, file=name)
    assert_same(table, expected, "technology", 1e-4)


def assert_same(table, expected, key, tolerance):
    """FlatGeobuf stores features in the order of its index, and MapInfo rounds coordinates."""
    table, expected = (frame.sort_values(key, ignore_index=True) for frame in (table, expected))
    pd.testing.assert_frame_equal(
        pd.DataFrame(table.drop(columns="geometry")), pd.DataFrame(expected.drop(columns="geometry"))
    )
    apart = shapely.hausdorff_distance(table.geometry.to_numpy(), expected.geometry.to_numpy())
    assert (apart < tolerance).all()


@pytest.mark.parametrize("name", [name for name in WRITERS if name not in {"layer.tab", "layer.mif"}])
def test_values_have_the_same_types_in_every_format(write, name):
    frame = PLACES.drop(columns="is_okrug_centre").assign(when=pd.to_datetime(["2024-05-06T10:11:12", None, None]))
    source, rows, _, _ = read(write(frame, name))
    rows = rows.sort_values("kato", ignore_index=True)
    assert source.columns == ["kato", "name_kk", "name_ru", *[c[:10] if "shp" in name else c for c in LATER], "when"]
    assert rows["name_ru"].isna().tolist() == [False, True, False]
    assert rows["population"].astype("Int64").tolist() == [1200, 340, 77]
    assert [json.loads(value) for value in rows["extra"].dropna()] == [{"a": [1, 2]}, {"a": []}]
    assert rows["when"].dropna().str.replace(" ", "T").tolist() == ["2024-05-06T10:11:12"]


LATER = ["population", "position_source", "extra"]


def test_mapinfo_tells_that_noughts_may_be_missing_numbers(write):
    frame = PLACES.assign(population=pd.array([1200, None, 0], dtype="Int64"))
    _, rows, findings, _ = read(write(frame, "layer.tab"))
    assert rows["population"].tolist() == [1200, 0, 0]
    (finding,) = [finding for finding in findings if finding.code == "nought_or_missing"]
    assert (finding.severity, finding.count) == (Severity.NOTE, 2)
    assert [(p.row, p.column) for p in finding.examples] == [(2, "population"), (3, "population")]


@pytest.mark.parametrize("text", ["Бестамақ", "Бестамак"])
@pytest.mark.parametrize(
    ("encoding", "cpg", "option", "taken", "noticed"),
    [
        ("kz1048", None, None, "kz1048", True),
        ("utf-8", None, None, "utf-8", True),
        ("kz1048", "KZ-1048", None, "kz1048", False),
        ("utf-8", "UTF-8", None, "utf-8", False),
        ("kz1048", "UTF-8", "kz1048", "kz1048", False),
        ("kz1048", "nonsense", None, "kz1048", True),
    ],
)
def test_the_encoding_of_a_shapefile(write, text, encoding, cpg, option, taken, noticed):
    path = write(PLACES.assign(имя=text)[["имя", "geometry"]], "layer.shp")
    recode(path.with_suffix(".dbf"), encoding)
    path.with_suffix(".cpg").unlink()
    if cpg:
        path.with_suffix(".cpg").write_text(cpg)
    source, frame, findings, problems = read(path, encoding=option)
    assert not problems
    assert source.encoding == taken
    assert source.columns == ["имя"]
    assert set(frame["имя"]) == {text}
    assert [finding.code for finding in findings] == ["encoding_detected"] * noticed


def recode(dbf, encoding):
    """Text of a .dbf in UTF-8 as text in another encoding, its fields filled up with spaces."""
    content = dbf.read_bytes()
    for text in ("Бестамақ", "Бестамак", "имя"):
        old, new = text.encode(), text.encode(encoding, errors="replace")
        filling = b"\0" if text == "имя" else b" "
        content = content.replace(old, new + filling * (len(old) - len(new)))
    dbf.write_bytes(content)


@pytest.mark.parametrize(("digits", "encoding"), [("1251", "cp1251"), ("ANSI 1251", "cp1251"), ("CP866", "cp866")])
def test_numbers_of_code_pages_are_understood(write, digits, encoding):
    path = write(PLACES.assign(имя="Бестамак")[["имя", "geometry"]], "layer.shp")
    recode(path.with_suffix(".dbf"), encoding)
    path.with_suffix(".cpg").write_text(digits)
    assert set(read(path)[1]["имя"]) == {"Бестамак"}


def test_text_that_is_not_in_the_stated_encoding_is_named_by_its_row(write):
    path = write(PLACES[["name_kk", "geometry"]], "layer.shp")
    path.with_suffix(".dbf").write_bytes(path.with_suffix(".dbf").read_bytes().replace("Қ".encode(), b"\xd2 "))
    _, frame, _, problems = read(path)
    assert frame["name_kk"].isna().tolist() == [False, True, False]
    assert [str(problem) for problem in problems] == [
        "layer.shp, row 2, column 'name_kk': the text is not utf-8. State its encoding with --encoding"
    ]


def test_an_encoding_that_is_none(write):
    with pytest.raises(ValueRejected, match=r"not an encoding of text \(value 'moon'\)"):
        read(write(PLACES, "layer.shp"), encoding="moon")


@pytest.mark.parametrize("name", ["layer.tab", "layer.mif"])
@pytest.mark.parametrize("charset", ["WindowsCyrillic", "Neutral", None])
def test_the_encoding_of_mapinfo(write, tmp_path, name, charset):
    russian = charset == "WindowsCyrillic"
    text = "Бестамак" if russian else "Бестамақ"
    path = tmp_path / name
    frame = PLACES.assign(имя="Бестамак")[["имя", "geometry"]]
    pyogrio.write_dataframe(frame, path, **(WRITERS[name] | {"ENCODING": "CP1251"}))
    for part in (path, path.with_suffix(".dat" if name.endswith("tab") else ".mid")):
        content = part.read_bytes().replace("Бестамак".encode("cp1251"), text.encode("kz1048"))
        if charset is None:
            content = re.sub(rb' *!?charset "?WindowsCyrillic"?', b"", content, flags=re.IGNORECASE)
        part.write_bytes(content.replace(b"WindowsCyrillic", (charset or "").encode()))
    source, frame, findings, problems = read(path)
    assert not problems
    assert set(frame["имя"]) == {text}
    assert source.encoding == ("cp1251" if russian else "kz1048")
    assert [finding.code for finding in findings] == ["encoding_detected"] * (not russian)
    assert set(read(path, encoding="cp1251")[1]["имя"]) == {text.encode("kz1048").decode("cp1251")}


@pytest.mark.parametrize(
    "geometry",
    [
        '{"type":"Point","coordinates":"x"}',
        '{"type":"Circle","coordinates":[1,2]}',
        '{"type":"Point"}',
        '{"type":"Polygon","coordinates":[[[57,50],[58,"a"],[59,50],[57,50]]]}',
        '{"type":"Polygon","coordinates":[[[57,50],[58,51]]]}',
        '{"type":"Point","coordinates":[1]}',
        '"x"',
    ],
)
@pytest.mark.parametrize("lines", [False, True])
def test_a_geometry_of_which_gdal_makes_nothing_is_not_taken_for_a_missing_one(tmp_path, geometry, lines):
    good = '{"type":"Point","coordinates":[57,50]}'
    path = write_features(tmp_path / "layer.geojson", good, "null", geometry, '{"type":"Polygon","coordinates":[]}')
    if lines:
        features = json.loads(path.read_text())["features"]
        path = tmp_path / "layer.ndjson"
        path.write_text("\n".join(json.dumps(feature) for feature in features))
    _, frame, _, problems = read(path)
    assert frame.geometry.isna().tolist() == [False, True, True, True]
    assert [(problem.what, problem.row) for problem in problems] == [("the geometry is broken", 3)]


@pytest.mark.parametrize("coordinates", ["[57,NaN]", "[NaN,NaN]", "[57,Infinity]"])
def test_a_coordinate_that_is_not_a_number(tmp_path, coordinates):
    path = write_features(tmp_path / "layer.geojson", f'{{"type":"Point","coordinates":{coordinates}}}')
    _, frame, _, problems = read(path)
    assert frame.geometry.isna().all()
    assert [(problem.what, problem.row) for problem in problems] == [("the position is not a number", 1)]


@pytest.mark.parametrize("rubbish", ["5", '"x"', '{"type":"Punkt"}', "[]", "null"])
def test_what_is_no_feature_is_named(tmp_path, rubbish):
    path = write_features(tmp_path / "layer.geojson", "null", "null")
    path.write_text(path.read_text().replace("},{", f"}},{rubbish},{{", 1))
    with pytest.raises(FileProblem, match=r"^layer\.geojson, row 2: not a GeoJSON feature"):
        read(path)


def test_a_line_that_is_no_feature_is_named(tmp_path):
    path = tmp_path / "layer.geojsonl"
    feature = '{"type":"Feature","properties":{},"geometry":null}'
    path.write_text(f"{feature}\n{feature[:-9]}\n\n{feature}\n")
    with pytest.raises(FileProblem, match=r"^layer\.geojsonl, row 2: not a GeoJSON feature"):
        read(path)


def test_lines_of_geojson_under_its_usual_suffix(write):
    path = write(PLACES, "layer.geojsonl").rename(write(PLACES, "layer.geojsonl").with_suffix(".geojson"))
    source, frame, _, _ = read(path)
    assert source.format == "GeoJSON lines"
    assert len(frame) == 3


@pytest.mark.parametrize("name", ["layer.geojson", "layer.geojsonl"])
def test_geojson_that_is_not_utf8(tmp_path, name):
    path = tmp_path / name
    feature = '{"type":"Feature","properties":{"имя":"Бестамак"},"geometry":null}'
    text = feature if name.endswith("l") else f'{{"type":"FeatureCollection","features":[{feature}]}}'
    path.write_bytes(text.encode("cp1251"))
    with pytest.raises(FileProblem, match=rf"^{name}: the text is not UTF-8"):
        read(path)


def test_an_old_crs_member_of_geojson_is_honoured(tmp_path):
    path = write_features(tmp_path / "layer.geojson", '{"type":"Point","coordinates":[500000,5538630.7]}')
    crs = '{"type":"name","properties":{"name":"urn:ogc:def:crs:EPSG::32640"}}'
    path.write_text(path.read_text().replace('"features"', f'"crs":{crs},"features"'))
    source, frame, _, _ = read(path)
    assert source.crs == "EPSG:32640"
    assert frame.geometry[0].distance(Point(57, 50)) < 1e-6


def test_a_crs_by_option_is_not_used_where_the_file_has_one(write):
    _, frame, findings, _ = read(write(PLACES, "layer.gpkg"), crs="EPSG:32640")
    assert frame.geometry[0].equals(PLACES.geometry[0])
    assert [(finding.code, finding.severity) for finding in findings] == [("crs_option_ignored", Severity.WARNING)]
    assert "EPSG:4326" in findings[0].what


def test_a_crs_by_option_that_is_the_file_s_own_is_no_finding(write):
    assert read(write(PLACES, "layer.gpkg"), crs="EPSG:4326")[2] == []


def test_a_missing_crs_is_asked_for(write):
    path = write(PLACES.to_crs(32640).set_crs(None, allow_override=True), "layer.shp")
    with pytest.raises(CrsMissing, match=r"layer\.shp: .*--crs EPSG:32640"):
        read(path)
    assert read(path, crs="EPSG:32640")[0].crs == "EPSG:32640"


def test_a_layer_is_chosen_by_option_by_name_or_asked_for(tmp_path):
    path = tmp_path / "all.gpkg"
    for layer in ("settlements", "roads"):
        pyogrio.write_dataframe(PLACES.drop(columns="extra").head(2 if layer == "roads" else 3), path, layer=layer)
    assert len(read(path)[1]) == 3
    source, frame, _, _ = read(path, layer="settlements")
    assert (source.layer, len(frame)) == ("settlements", 3)
    assert len(next(open_vector(path, ReadOptions(layer="roads"), layer="settlements").batches).frame) == 2
    with pytest.raises(FileProblem, match=r"2 layers: settlements, roads.*--layer"):
        open_vector(path, ReadOptions(), layer="sites")
    with pytest.raises(FileProblem, match=r"no such layer \(value 'x'\).*settlements, roads"):
        open_vector(path, ReadOptions(layer="x"), layer="sites")


PLACEMARK = "<Placemark><name>{0}</name>{1}<Point><coordinates>57,5{0},0</coordinates></Point></Placemark>"


def write_kml(path, body):
    """A KML file around some elements."""
    path.write_text(f'<?xml version="1.0"?><kml xmlns="http://www.opengis.net/kml/2.2">{body}</kml>', encoding="utf-8")
    return path


def test_folders_of_kml_are_read_together_and_told(tmp_path):
    marks = [PLACEMARK.format(i, "") for i in range(4)]
    nested = f"<Folder><name>A</name>{marks[1]}<Folder><name>B</name>{marks[2]}</Folder></Folder>"
    path = write_kml(
        tmp_path / "a.kml", f"<Document>{marks[0]}{nested}<Folder><name>C</name>{marks[3]}</Folder></Document>"
    )
    source, frame, findings, problems = read(path)
    assert sorted(frame["Name"]) == ["0", "1", "2", "3"]
    assert (source.columns, source.layer, problems) == (["Name"], None, [])
    assert [(f.code, f.severity) for f in findings] == [("folders_joined", Severity.NOTE)]
    named = open_vector(path, ReadOptions(layer="C"), layer="settlements")
    assert [name for batch in named.batches for name in batch.frame["Name"]] == ["3"]


def test_columns_that_kml_makes_up_are_left_out_unless_somebody_filled_them(tmp_path):
    data = '<ExtendedData><Data name="kato"><value>153234100</value></Data></ExtendedData>'
    dated = "<TimeStamp><when>2024-05-06</when></TimeStamp>"
    assert read(write_kml(tmp_path / "a.kml", PLACEMARK.format(0, data)))[0].columns == ["Name", "kato"]
    source, frame, _, _ = read(write_kml(tmp_path / "b.kml", PLACEMARK.format(0, dated)))
    assert source.columns == ["Name", "timestamp"]
    assert frame["timestamp"][0].startswith("2024-05-06")


@pytest.mark.parametrize("encoding", ["windows-1251", "UTF-8", "cp866", None])
def test_kml_in_an_old_encoding(tmp_path, encoding):
    path = write_kml(tmp_path / "a.kml", PLACEMARK.format(0, "<description>Бестамак</description>"))
    declared = f' encoding="{encoding}"?>' if encoding else "?>"
    path.write_bytes(path.read_text(encoding="utf-8").replace("?>", declared, 1).encode(encoding or "utf-8"))
    assert read(path)[1]["description"].tolist() == ["Бестамак"]
    assert path.read_bytes().startswith(f'<?xml version="1.0"{declared}'.encode())
    path.write_bytes(path.read_bytes().replace(declared.encode(), b' encoding="moon"?>', 1))
    with pytest.raises(FileProblem, match=r"^a\.kml: cannot be read as KML: the text is not moon"):
        read(path)


def test_broken_coordinates_of_kml_are_named_by_their_row(tmp_path):
    broken = (
        "<Placemark><Point><coordinates>here</coordinates></Point></Placemark><Placemark><name>n</name></Placemark>"
    )
    ring = "<Placemark><Polygon><outerBoundaryIs><LinearRing><coordinates>1,1 2,2</coordinates></LinearRing>"
    ring += "</outerBoundaryIs></Polygon></Placemark>"
    _, frame, _, problems = read(write_kml(tmp_path / "a.kml", f"<Document>{broken}{ring}</Document>"))
    assert frame.geometry.isna().all()
    assert [(p.what, p.row) for p in problems] == [("the geometry is broken", 1), ("the geometry is broken", 3)]


def test_curves_become_lines(tmp_path):
    import sqlite3
    import struct

    path = tmp_path / "arcs.gpkg"
    squares = gpd.GeoDataFrame({"n": [1, 2]}, geometry=[shapely.box(0, 0, 1, 1)] * 2, crs=4326)
    pyogrio.write_dataframe(squares, path, geometry_type="Unknown", SPATIAL_INDEX="NO")
    circle = struct.pack("<BII", 1, 10, 1) + struct.pack("<BII10d", 1, 8, 5, 0, 0, 1, 1, 2, 0, 1, -1, 0, 0)
    with sqlite3.connect(path) as database:
        for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            database.execute(f'DROP TRIGGER "{name}"')
        blob = b"GP\x00\x01" + struct.pack("<i", 4326) + circle
        database.execute("UPDATE arcs SET geom = ? WHERE n = 2", (blob,))
    database.close()
    _, frame, _, problems = read(path)
    assert not problems
    assert shapely.area(frame.geometry.to_numpy()).tolist() == pytest.approx([1, np.pi], rel=1e-3)


def test_repaired_and_reduced_geometries_and_heights_are_told(tmp_path):
    bow = '{"type":"Polygon","coordinates":[[[0,0],[2,2],[2,0],[0,2],[0,0]]]}'
    mixed = f'{{"type":"GeometryCollection","geometries":[{{"type":"Point","coordinates":[0,0]}},{bow}]}}'
    high = '{"type":"Point","coordinates":[57,50,210]}'
    flat = '{"type":"Polygon","coordinates":[[[0,0],[1,0],[2,0],[0,0]]]}'
    _, frame, findings, problems = read(write_features(tmp_path / "a.geojson", bow, mixed, high, flat))
    assert {f.code: (f.severity, f.count, f.examples[0].row) for f in findings} == {
        "repaired_geometry": (Severity.WARNING, 2, 1),
        "collection_reduced": (Severity.WARNING, 1, 2),
        "height_dropped": (Severity.NOTE, 1, 3),
    }
    (repaired,) = [f for f in findings if f.code == "repaired_geometry"]
    assert "Self-intersection" in repaired.examples[0].value
    assert [(p.what, p.row) for p in problems] == [("the polygon has no area", 4)]
    assert shapely.area(frame.geometry.to_numpy()[:2]).tolist() == pytest.approx([2, 2])


@pytest.mark.parametrize(
    "name", ["layer.geojson", "layer.gpkg", "layer.fgb", "layer.shp", "layer.parquet", "layer.tab"]
)
def test_large_features_make_small_batches_without_losing_any(write, monkeypatch, name):
    ring = Point(0, 0).buffer(1, quad_segs=500)
    rings = shapely.transform(np.array([ring] * 60), lambda positions: positions + 1e-3)
    layer = gpd.GeoDataFrame({"n": range(60)}, geometry=rings, crs=4326)
    ogr.configure()
    pyogrio.set_gdal_config_options({"OGR_ARROW_MEM_LIMIT": "400000"})
    monkeypatch.setattr("geo.ingest.readers.geoparquet._BATCH_BYTES", 400_000)
    monkeypatch.setattr("geo.ingest.readers.geoparquet._PIECE_ROWS", 5)
    try:
        batches = list(open_vector(write(layer, name), ReadOptions(), layer="x").batches)
    finally:
        ogr.configure.cache_clear()
    assert len(batches) > 2
    assert sorted(n for batch in batches for n in batch.frame["n"]) == list(range(60))
    assert np.concatenate([batch.rows for batch in batches]).tolist() == list(range(1, 61))


@pytest.mark.parametrize("name", ["layer.geojson", "layer.gpkg", "layer.kml", "layer.mif", "layer.parquet"])
def test_too_many_rows_or_vertices(write, limits, name):
    path = write(PLACES, name)
    limits(input_features_max=3, input_vertices_max=3)
    assert len(read(path)[1]) == 3
    limits(input_features_max=2)
    with pytest.raises(LimitExceeded, match=r"more than the 2 rows.*SHALGAI_INPUT_FEATURES_MAX"):
        read(path)
    limits(input_features_max=3, input_vertices_max=2)
    with pytest.raises(LimitExceeded, match=r"more than the 2 vertices.*SHALGAI_INPUT_VERTICES_MAX"):
        read(path)


def test_a_file_that_is_too_large(write, limits):
    path = write(PLACES, "layer.gpkg")
    size = path.stat().st_size
    limits(input_bytes_max=size - 1)
    with pytest.raises(LimitExceeded, match=rf"{size:,} bytes.*{size - 1:,}.*SHALGAI_INPUT_BYTES_MAX"):
        read(path)


def test_the_parts_of_a_shapefile_count(write, limits):
    path = write(PLACES, "layer.shp")
    limits(input_bytes_max=path.with_suffix(".dbf").stat().st_size)
    with pytest.raises(LimitExceeded, match="SHALGAI_INPUT_BYTES_MAX"):
        read(path)


def test_a_single_feature_that_is_too_large(tmp_path):
    path = write_features(
        tmp_path / "a.geojson", json.dumps({"type": "MultiPoint", "coordinates": [[57.5, 50.5]] * 90_000})
    )
    ogr.configure()
    pyogrio.set_gdal_config_options({"OGR_GEOJSON_MAX_OBJ_SIZE": "1"})
    try:
        with pytest.raises(LimitExceeded, match=r"^a\.geojson: a single feature is larger"):
            read(path)
    finally:
        pyogrio.set_gdal_config_options({"OGR_GEOJSON_MAX_OBJ_SIZE": None})


@pytest.mark.parametrize("kind", ["properties", "geometry", "root"])
def test_deep_nesting_ends_in_an_error(tmp_path, kind):
    deep = "[" * 100_000 + "]" * 100_000
    path = write_features(
        tmp_path / "a.geojson", f'{{"type":"Point","coordinates":{deep}}}' if kind == "geometry" else "null"
    )
    if kind == "properties":
        path.write_text(path.read_text().replace('"n":0', f'"n":{deep}'))
    elif kind == "root":
        path.write_text(deep)
    with pytest.raises(FileProblem, match=r"^a\.geojson: cannot be read"):
        read(path)


def test_row_numbers_of_programs_are_no_columns(tmp_path):
    frame = PLACES[["kato", "geometry"]].assign(OBJECTID=[7, 8, 9], fid=[1, 2, 3])
    pyogrio.write_dataframe(frame, tmp_path / "a.shp")
    assert read(tmp_path / "a.shp")[0].columns == ["kato"]


def test_nothing_is_left_behind(write, tmp_path, monkeypatch):
    import gc
    import tempfile

    private = tmp_path / "private"
    private.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(private))
    for name in ("nested.zip", "layer.gpkg", "layer.kmz"):
        path = write(PLACES, name)
        before = sorted(path.parent.iterdir())
        read(path)
        dropped = open_vector(path, ReadOptions(), layer="settlements")
        next(dropped.batches)
        del dropped
        unused = open_vector(path, ReadOptions(), layer="settlements")
        assert list(private.iterdir())
        del unused
        gc.collect()
        assert list(private.iterdir()) == []
        assert sorted(path.parent.iterdir()) == before


def test_names_that_mean_something_to_gdal_are_only_names(write, tmp_path):
    for name in ("a!b.gpkg", "zip+x?y.gpkg", "GPKG:a.gpkg", "ящик 1.gpkg"):
        path = write(PLACES, "layer.gpkg").rename(tmp_path / name)
        assert len(read(path)[1]) == 3


def test_parts_are_found_whatever_their_case(write, tmp_path):
    for part in write(PLACES, "shapefile folder").iterdir():
        part.rename(part.with_name(part.name.upper() if part.suffix == ".shp" else f"layer{part.suffix.upper()}"))
    assert set(read(tmp_path / "folder")[1]["kato"]) == set(PLACES["kato"])


def test_a_layer_without_rows(tmp_path):
    pyogrio.write_dataframe(PLACES.head(0)[["kato", "geometry"]], tmp_path / "a.gpkg", geometry_type="Point")
    source = open_vector(tmp_path / "a.gpkg", ReadOptions(), layer="x")
    assert [len(batch.frame) for batch in source.batches] in ([], [0])


def test_a_layer_without_geometry_is_refused(tmp_path):
    pyogrio.write_dataframe(pd.DataFrame({"kato": ["153234100"]}), tmp_path / "bare.gpkg")
    with pytest.raises(ColumnMissing, match=r"bare\.gpkg.*geometr"):
        read(tmp_path / "bare.gpkg")


def test_a_collection_column_of_one_kind_is_its_multi_kind_without_a_finding(tmp_path):
    points = ",".join(f'{{"type":"Point","coordinates":[{i},{i}]}}' for i in range(2))
    points = f'{{"type":"GeometryCollection","geometries":[{points}]}}'
    _, frame, findings, _ = read(write_features(tmp_path / "a.geojson", points))
    assert frame.geometry[0].equals(MultiPoint([(0, 0), (1, 1)]))
    assert findings == []


def test_sites_may_come_as_lines_or_not_at_all_and_the_table_decides(tmp_path):
    path = write_features(
        tmp_path / "a.geojson", "null", json.dumps(shapely.geometry.mapping(LineString([(0, 0), (1, 1)])))
    )
    _, frame, findings, problems = read(path)
    assert (findings, problems) == ([], [])
    assert Polygon not in set(map(type, frame.geometry))
    with pytest.raises(ColumnMissing):
        shaped(frame, SITES, file="a.geojson")


KML = (
    '<kml xmlns="http://www.opengis.net/kml/2.2"><Document><Placemark><ExtendedData>{}</ExtendedData>'
    "<Point><coordinates>57,50</coordinates></Point></Placemark></Document></kml>"
)


def test_data_of_kml_keep_their_names_in_any_letters(tmp_path):
    path = tmp_path / "a.kml"
    data = {"Оператор, св.": "Билайн", "Тип": "LTE", "as of": "2026"}
    fields = "".join(f'<Data name="{name}"><value>{value}</value></Data>' for name, value in data.items())
    path.write_text(KML.format(fields), encoding="utf-8")
    source = open_vector(path, ReadOptions(), layer="coverage")
    (batch,) = source.batches
    assert set(source.columns) == set(data)
    assert {name: batch.frame[name].iloc[0] for name in data} == data


def test_data_of_kml_that_cannot_be_told_apart_are_refused(tmp_path):
    path = tmp_path / "a.kml"
    fields = '<Data name="Оператор"><value>a</value></Data><Data name="Стандарт"><value>b</value></Data>'
    path.write_text(KML.format(fields), encoding="utf-8")
    with pytest.raises(FileProblem, match="'Оператор' and 'Стандарт' cannot be told apart"):
        open_vector(path, ReadOptions(), layer="coverage")
