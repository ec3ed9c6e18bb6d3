"""Nothing outside the input is opened, and nothing in it is run."""

import json
import sqlite3

import geopandas as gpd
import pyogrio
import pytest
import shapely

from geo.errors import FileProblem, InputError, LimitExceeded, UnsafeInput
from geo.ingest.readers import ogr
from geo.ingest.readers.vector import open_vector
from geo.ingest.source import ReadOptions

SUFFIXES = ["geojson", "json", "geojsonl", "kml", "shp", "gpkg", "fgb", "tab", "mif", "parquet", "zip", "kmz"]


def read(path):
    """The frames of a file."""
    source = open_vector(path, ReadOptions(), layer="layer")
    return source, [batch.frame for batch in source.batches]


@pytest.fixture(autouse=True)
def silent(capfd):
    """Nothing that GDAL has to say reaches the terminal."""
    yield
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    "path",
    [
        "/vsicurl/{}/a.geojson",
        "/vsizip//vsicurl/{}/a.zip/a.shp",
        "/vsimem/a.geojson",
        "/vsistdin/",
        "{}/a.geojson",
        "GeoJSON:{}/a.geojson",
        "WFS:{}/a",
        "PG:dbname=a",
        "MEM:",
        "GeoJSON:/etc/hostname",
        "ESRIJSON:{}/FeatureServer/0/query",
        "zip+{}/a.zip",
        '{"type":"Topology"}',
    ],
)
def test_only_paths_of_files_are_opened(asked, tmp_path, monkeypatch, path):
    address, paths = asked
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FileProblem, match=r"not a local file|no such file|cannot be opened"):
        read(path.replace("{}", address))
    assert paths == []


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize(
    "prefix", ["", "<kml><!-- --></kml>", "!table\n", "version 300\n", "{}", "SQLite format 3\0", "\0\0\x27\x0a"]
)
def test_a_virtual_layer_under_another_name_is_not_followed(asked, tmp_path, suffix, prefix):
    address, paths = asked
    source = f'<OGRVRTLayer name="a"><SrcDataSource>/vsicurl/{address}/a.geojson</SrcDataSource></OGRVRTLayer>'
    path = tmp_path / f"layer.{suffix}"
    path.write_text(f"{prefix}<OGRVRTDataSource>{source}</OGRVRTDataSource>")
    with pytest.raises(InputError, match=rf"^layer\.{suffix}: "):
        read(path)
    assert paths == []


@pytest.mark.filterwarnings("ignore:Failed to open")
def test_the_network_is_shut_even_for_a_virtual_layer_that_gdal_opens(asked, tmp_path):
    address, paths = asked
    path = tmp_path / "a.vrt"
    source = f"<SrcDataSource>/vsicurl/{address}/a.geojson</SrcDataSource>"
    path.write_text(f'<OGRVRTDataSource><OGRVRTLayer name="a">{source}</OGRVRTLayer></OGRVRTDataSource>')
    ogr.configure.cache_clear()
    ogr.configure()
    with pytest.raises((pyogrio.errors.DataSourceError, pyogrio.errors.CRSError)):
        pyogrio.read_info(path, layer="a")
    assert paths == []


@pytest.mark.parametrize("suffix", ["geojson", "json", "geojsonl"])
@pytest.mark.parametrize(
    "content",
    [
        {"type": "gdal_streamed_alg", "command_line": "gdal vector filter --where=x=1 /vsicurl/{}/a.geojson streamed"},
        {"type": "Topology", "objects": {"a": {"type": "Point", "coordinates": [1, 2]}}, "arcs": []},
        {"geometryType": "esriGeometryPoint", "features": [{"attributes": {}, "geometry": {"x": 1, "y": 2}}]},
        {"url": "{}/FeatureServer/0/query?f=json"},
        {"stac_version": "1.0.0", "type": "Catalog", "links": [{"rel": "item", "href": "{}/a"}]},
    ],
)
def test_json_of_another_kind_is_not_read(asked, tmp_path, suffix, content):
    address, paths = asked
    path = tmp_path / f"layer.{suffix}"
    path.write_text(json.dumps(content).replace("{}", address))
    with pytest.raises(FileProblem, match=rf"^layer\.{suffix}"):
        read(path)
    assert paths == []


def test_links_of_kml_are_not_followed_and_told(asked, tmp_path):
    address, paths = asked
    link = f"<NetworkLink><Link><href>{address}/a.kml</href></Link></NetworkLink>"
    overlay = f"<GroundOverlay><Icon><href>{address}/a.png</href></Icon></GroundOverlay>"
    mark = (
        f"<Placemark><styleUrl>{address}/s.kml#s</styleUrl><Style><IconStyle><Icon><href>{address}/i.png</href></Icon>"
    )
    mark += "</IconStyle></Style><Point><coordinates>57,50</coordinates></Point></Placemark>"
    path = tmp_path / "a.kml"
    path.write_text(
        f'<kml xmlns="http://www.opengis.net/kml/2.2"><Document>{link}{link}{overlay}{mark}</Document></kml>'
    )
    source, frames = read(path)
    assert [len(frame) for frame in frames] == [1]
    assert [(f.code, f.severity, f.count) for f in source.findings] == [("network_link_ignored", "warning", 2)]
    assert paths == []


LAUGHS = "".join(f'<!ENTITY l{i} "{f"&l{i - 1};" * 10 if i else "ha"}">' for i in range(20))


@pytest.mark.parametrize(
    "doctype",
    [
        f"<!DOCTYPE kml [{LAUGHS}]>",
        '<!DOCTYPE kml [<!ENTITY l19 SYSTEM "file:///etc/hostname">]>',
        '<!DOCTYPE kml [<!ENTITY l19 SYSTEM "{}/a">]>',
        '<!DOCTYPE kml SYSTEM "{}/a.dtd">',
        '<!DOCTYPE kml [<!ENTITY % l19 SYSTEM "{}/a.dtd"> %l19;]>',
    ],
)
def test_xml_entities_are_refused(asked, tmp_path, doctype):
    address, paths = asked
    path = tmp_path / "a.kml"
    path.write_text(
        f'<?xml version="1.0"?>{doctype.replace("{}", address)}<kml xmlns="http://www.opengis.net/kml/2.2"><Placemark>'
        "<name>&l19;</name><Point><coordinates>57,50</coordinates></Point></Placemark></kml>"
    )
    with pytest.raises(UnsafeInput, match=r"^a\.kml: the XML declares a document type"):
        read(path)
    assert paths == []


def test_xml_nested_too_deeply_is_refused(tmp_path):
    path = tmp_path / "a.kml"
    path.write_text(f"<kml>{'<Folder>' * 100_000}")
    with pytest.raises(LimitExceeded, match=r"^a\.kml: elements nested"):
        read(path)


def test_a_mapinfo_table_that_stands_for_others_is_refused(tmp_path):
    for i, content in enumerate(
        [
            'Open Table "/etc/a" Hide\nCreate View b As Select * From a',
            'Definition Table\n  Type NATIVE\n  Fields 1\n  T Char (9) ;\nbegin_metadata\n"\\IsSeamless" = "TRUE"',
        ]
    ):
        path = tmp_path / f"a{i}.tab"
        path.write_text(f"!table\n!version 300\n!charset Neutral\n\n{content}\n")
        with pytest.raises(UnsafeInput, match=rf"^a{i}\.tab: the table stands for other files"):
            read(path)
    path = tmp_path / "raster.tab"
    path.write_text('!table\n!version 300\n\nDefinition Table\n  File "/etc/hostname"\n  Type "RASTER"\n')
    with pytest.raises(FileProblem, match=r"^raster\.tab: not a \.tab file"):
        read(path)


@pytest.fixture
def places():
    """Two places."""
    return gpd.GeoDataFrame({"kato": ["1", "2"]}, geometry=shapely.points([57, 58], [50, 51]), crs=4326)


@pytest.mark.parametrize("linked", [".dbf", ".shp", ".prj"])
def test_links_in_a_shapefile_are_refused(tmp_path, places, linked):
    folder = tmp_path / "folder"
    folder.mkdir()
    places.to_file(folder / "a.shp")
    part = (folder / "a.shp").with_suffix(linked)
    part.rename(tmp_path / f"elsewhere{linked}").touch()
    part.symlink_to(tmp_path / f"elsewhere{linked}")
    with pytest.raises(UnsafeInput, match=r"^folder: a part of the layer is a symbolic link"):
        read(folder)
    if linked != ".shp":
        with pytest.raises(UnsafeInput, match=r"^a\.shp: a part of the layer is a symbolic link"):
            read(folder / "a.shp")


@pytest.mark.parametrize(
    ("statement", "match"),
    [
        ("CREATE VIEW v AS SELECT fid, kato, geom FROM a", "the layer is a view"),
        (
            "CREATE VIEW v AS WITH RECURSIVE r(fid) AS (SELECT 1 UNION ALL SELECT fid + 1 FROM r) "
            "SELECT fid, NULL AS kato, NULL AS geom FROM r",
            "the layer is a view",
        ),
        (
            "CREATE TABLE v (fid INTEGER PRIMARY KEY, geom BLOB, x TEXT AS (hex(randomblob(0))) VIRTUAL)",
            "the column is computed",
        ),
        ("CREATE VIRTUAL TABLE v USING fts4(x)", None),
    ],
)
def test_what_would_run_in_a_geopackage_is_refused(tmp_path, places, statement, match):
    path = tmp_path / "a.gpkg"
    places.to_file(path)
    with sqlite3.connect(path) as database:
        database.execute(statement.replace("hex(randomblob(0))", "hex(fid)"))
        if match:
            database.execute("INSERT INTO gpkg_contents (table_name, data_type, srs_id) VALUES ('v', 'features', 4326)")
            database.execute("INSERT INTO gpkg_geometry_columns VALUES ('v', 'geom', 'POINT', 4326, 0, 0)")
    database.close()
    if match is None:
        assert len(read(path)[1]) == 1
    else:
        with pytest.raises(UnsafeInput, match=match):
            read(path)


def test_a_view_in_the_place_of_the_format_s_own_table_is_refused(tmp_path, places):
    path = tmp_path / "a.gpkg"
    places.to_file(path)
    with sqlite3.connect(path) as database:
        database.execute(
            "CREATE VIEW gpkg_metadata AS WITH RECURSIVE r(i) AS (SELECT 1 UNION ALL SELECT i FROM r) SELECT i FROM r"
        )
    database.close()
    with pytest.raises(UnsafeInput, match=r"a table of the format itself is a view \(value 'gpkg_metadata'\)"):
        read(path)


def test_a_foreign_virtual_table_is_refused(asked, tmp_path, places):
    address, paths = asked
    path = tmp_path / "a.gpkg"
    places.to_file(path)
    with sqlite3.connect(path) as database:
        database.execute("PRAGMA writable_schema = ON")
        sql = f"CREATE VIRTUAL TABLE v USING VirtualOGR('/vsicurl/{address}/a.geojson')"
        database.execute("INSERT INTO sqlite_master VALUES ('table', 'v', 'v', 0, ?)", (sql,))
    database.close()
    with pytest.raises(UnsafeInput, match=r"a virtual table could reach out of the file \(value 'v'\)"):
        read(path)
    assert paths == []


def test_a_trigger_of_a_geopackage_does_not_run(tmp_path, places):
    path = tmp_path / "a.gpkg"
    places.to_file(path)
    with sqlite3.connect(path) as database:
        database.execute("CREATE TRIGGER t AFTER INSERT ON a BEGIN SELECT load_extension('/tmp/x.so'); END")
    database.close()
    before = path.read_bytes()
    assert len(read(path)[1][0]) == 2
    assert path.read_bytes() == before


def test_a_geopackage_that_another_program_has_open_is_read_with_what_it_wrote(tmp_path, places):
    path = tmp_path / "a.gpkg"
    places.to_file(path)
    other = sqlite3.connect(path)
    other.execute("PRAGMA journal_mode = WAL")
    for (name,) in other.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        other.execute(f'DROP TRIGGER "{name}"')
    other.execute("UPDATE a SET kato = '3' WHERE kato = '2'")
    other.commit()
    try:
        assert read(path)[1][0]["kato"].tolist() == ["1", "3"]
    finally:
        other.close()


def test_a_geopackage_in_wal_mode_leaves_nothing_beside_it(tmp_path, places):
    path = tmp_path / "a.gpkg"
    places.to_file(path)
    with sqlite3.connect(path) as database:
        database.execute("PRAGMA journal_mode = WAL")
    database.close()
    assert len(read(path)[1][0]) == 2
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.gpkg"]
