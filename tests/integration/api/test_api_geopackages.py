"""Layers of GeoPackages served as collections: every type of column and geometry, and what is refused."""

import datetime as dt
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import mapbox_vector_tile
import pyarrow as pa
import pyogrio
import pytest
import shapely

from api.app import create_app
from api.features.catalogue import DEFAULT_CATALOGUE
from api.features.layers import load_layers
from geo.errors import InputError
from geo.settings import get_settings

Serve = Callable[[str], httpx.Client]


def write(path: Path, layer: str, columns: dict[str, Any], shapes: list[Any], crs: str = "EPSG:4326") -> None:
    geometry = pa.array([None if shape is None else shapely.to_wkb(shape) for shape in shapes], pa.binary())
    pyogrio.write_arrow(
        pa.table({**columns, "Shape": geometry}),
        path,
        layer=layer,
        driver="GPKG",
        geometry_name="Shape",
        GEOMETRY_NAME="Shape",
        geometry_type="Unknown",
        crs=crs,
        append=path.exists(),
    )


@pytest.fixture
def mixed(tmp_path: Path) -> Path:
    """A layer with a column of every type, in UTM zone 40, whose features are numbered 7 and 9."""
    path = tmp_path / "mixed.gpkg"
    moment = dt.datetime(2026, 10, 5, 12, 30, 15, tzinfo=dt.UTC)
    columns = {
        "fid": pa.array([7, 9], pa.int64()),
        "Text": ["Ақтөбе", None],
        "whole": pa.array([2**40, None], pa.int64()),
        "Small": pa.array([5, None], pa.int32()),
        "real": [0.25, None],
        "flag": pa.array([True, None], pa.bool_()),
        "day": pa.array([moment.date(), None], pa.date32()),
        "moment": pa.array([moment, None], pa.timestamp("ms", "UTC")),
        "bytes": pa.array([b"\x00\xff", None], pa.binary()),
        "extra": ['{"a": [1, "б"]}', None],
    }
    write(path, "Mixed layer", columns, [shapely.Point(500_000, 5_600_000), None], crs="EPSG:32640")
    with closing(sqlite3.connect(path)) as database:
        database.execute(
            "CREATE TABLE gpkg_data_columns (table_name TEXT NOT NULL, column_name TEXT NOT NULL, name TEXT,"
            " title TEXT, description TEXT, mime_type TEXT, constraint_name TEXT)"
        )
        database.execute(
            "INSERT INTO gpkg_data_columns (table_name, column_name, mime_type)"
            " VALUES ('Mixed layer', 'extra', 'application/json')"
        )
        database.commit()
    return path


@pytest.fixture
def serve(root: Path, connect: Callable[[Any], httpx.Client], monkeypatch: pytest.MonkeyPatch) -> Serve:
    """Makes a client of an application with these layers."""

    def make(setting: str) -> httpx.Client:
        monkeypatch.setenv("SHALGAI_LAYERS", setting)
        get_settings.cache_clear()
        try:
            return connect(create_app(root))
        finally:
            monkeypatch.undo()
            get_settings.cache_clear()

    return make


def test_a_layer_is_a_collection_beside_those_of_the_run(serve: Serve, mixed: Path) -> None:
    client = serve(str(mixed))
    listed = [collection["id"] for collection in client.get("/collections").json()["collections"]]
    assert listed == ["settlements", "gaps", "districts", "coverage", "sites", "Mixed_layer"]
    collection = client.get("/collections/Mixed_layer").json()
    assert collection["title"] == "Mixed layer"
    assert collection["extent"]["spatial"]["bbox"][0] == pytest.approx([57, 50.551932, 57, 50.551932])
    # those of the run are as they were
    assert client.get("/collections/gaps/items?limit=1").json()["numberMatched"] == 200
    assert client.get("/collections/Mixed_layer/items?run=okrug-centres").json()["numberMatched"] == 2


def test_every_type_of_column_keeps_its_name_and_type(serve: Serve, mixed: Path) -> None:
    client = serve(str(mixed))
    full, empty = client.get("/collections/Mixed_layer/items").json()["features"]
    properties = full["properties"]
    moment = properties.pop("moment")
    extra = properties.pop("extra")
    assert properties == {
        "fid": 7,
        "Text": "Ақтөбе",
        "whole": 2**40,
        "Small": 5,
        "real": 0.25,
        "flag": True,
        "day": "2026-10-05",
    }
    assert dt.datetime.fromisoformat(moment) == dt.datetime(2026, 10, 5, 12, 30, 15, tzinfo=dt.UTC)
    assert extra == {"a": [1, "б"]}
    assert full["geometry"] == {"type": "Point", "coordinates": [57.0, 50.551932]}
    assert (empty["id"], empty["geometry"]) == (9, None)
    assert {value for name, value in empty["properties"].items() if name != "fid"} == {None}


def test_features_are_found_by_the_keys_of_the_table(serve: Serve, mixed: Path) -> None:
    client = serve(str(mixed))
    assert client.get("/collections/Mixed_layer/items/7").json()["properties"]["Text"] == "Ақтөбе"
    assert client.get("/collections/Mixed_layer/items/1").status_code == 404


def test_a_layer_is_filtered_as_any_collection(serve: Serve, mixed: Path) -> None:
    client = serve(str(mixed))
    for query, count in {
        "bbox=56,50,58,51": 1,
        "bbox=0,0,1,1": 0,
        "Text=Ақтөбе": 1,
        "text=Ақтөбе": None,
        "whole=1099511627776": 1,
        "flag=true": 1,
        "flag=false": 0,
        "datetime=2026-10-05": 2,
        "datetime=2025-10-05": 1,
    }.items():
        response = client.get(f"/collections/Mixed_layer/items?{query}")
        assert response.status_code == (400 if count is None else 200)
        assert response.json().get("numberMatched") == count


def test_columns_of_bytes_are_left_out_with_a_note(mixed: Path, caplog: pytest.LogCaptureFixture) -> None:
    layers = load_layers([str(mixed)], DEFAULT_CATALOGUE)
    assert "bytes" not in layers.collections["Mixed_layer"].columns
    assert "column 'bytes' holds bytes and is left out" in caplog.text


def test_the_geometry_keeps_the_name_that_it_has_in_the_table(mixed: Path) -> None:
    layers = load_layers([str(mixed)], DEFAULT_CATALOGUE)
    assert layers.collections["Mixed_layer"].kind.geometry_name == "Shape"
    assert "Shape" not in layers.collections["Mixed_layer"].columns


def test_a_column_may_be_called_geometry(tmp_path: Path) -> None:
    path = tmp_path / "a.gpkg"
    write(path, "a", {"geometry": ["round"]}, [shapely.Point(1, 2)])
    (collection,) = load_layers([str(path)], DEFAULT_CATALOGUE).collections.values()
    assert collection.columns["geometry"].jsonable() == ["round"]
    assert collection.geometries.tolist() == [shapely.Point(1, 2)]


def test_every_document_can_be_made_of_columns_of_any_type(serve: Serve, mixed: Path) -> None:
    client = serve(str(mixed))
    root = "/collections/Mixed_layer"
    for path in ("/schema", "/sortables", "/queryables", "/items?f=html", "/aggregate", "/tiles/WebMercatorQuad"):
        assert client.get(root + path).status_code == 200
    fields = client.get(f"{root}/tiles/WebMercatorQuad/tilejson").json()["vector_layers"][0]["fields"]
    assert (fields["day"], fields["moment"], fields["real"]) == ("String", "String", "Number")


def test_numbers_beyond_reading_are_shown(tmp_path: Path, serve: Serve) -> None:
    write(tmp_path / "a.gpkg", "a", {"far": [1e300]}, [None])
    assert "1E300" in serve(str(tmp_path / "a.gpkg")).get("/collections/a/items?f=html&lang=en").text


def test_timestamps_are_dates_where_there_are_no_others(tmp_path: Path, serve: Serve) -> None:
    moments = [dt.datetime(2024, 1, 1, 12, 0, 0, 500_000, dt.UTC), None, dt.datetime(2025, 6, 1, tzinfo=dt.UTC)]
    write(tmp_path / "a.gpkg", "a", {"moment": pa.array(moments, pa.timestamp("ms", "UTC"))}, [None] * 3)
    client = serve(str(tmp_path / "a.gpkg"))
    assert client.get("/collections/a").json()["extent"]["temporal"]["interval"] == [
        ["2024-01-01T12:00:00.5Z", "2025-06-01T00:00:00Z"]
    ]
    for text, ids in (("2025-06-01", [2, 3]), ("../2024-01-01T12:00:00Z", [2]), ("2024-01-01/9999-12-31", [1, 2, 3])):
        page = client.get("/collections/a/items", params={"datetime": text}).json()
        assert [feature["id"] for feature in page["features"]] == ids


def test_every_kind_of_geometry_is_served(tmp_path: Path, serve: Serve) -> None:
    path = tmp_path / "shapes.gpkg"
    shapes = [
        shapely.Point(1, 2, 3),
        shapely.MultiPoint([(1, 2), (3, 4)]),
        shapely.LineString([(1, 2), (3, 4)]),
        shapely.MultiLineString([[(1, 2), (3, 4)]]),
        shapely.box(1, 2, 3, 4),
        shapely.MultiPolygon([shapely.box(1, 2, 3, 4)]),
        shapely.GeometryCollection([shapely.Point(1, 2), shapely.box(1, 2, 3, 4)]),
        shapely.Point(),
        # a bow tie, as two triangles
        shapely.Polygon([(0, 0), (2, 2), (2, 0), (0, 2)]),
    ]
    write(path, "shapes", {"n": list(range(9))}, shapes)
    features = serve(str(path)).get("/collections/shapes/items").json()["features"]
    types = [feature["geometry"] and feature["geometry"]["type"] for feature in features]
    assert types[:7] == [shape.geom_type for shape in shapes[:7]]
    assert types[7:] == [None, "MultiPolygon"]
    assert features[0]["geometry"]["coordinates"] == [1, 2]


def test_curves_are_served_as_lines(tmp_path: Path, serve: Serve) -> None:
    path = tmp_path / "curves.gpkg"
    write(path, "curves", {"n": [1]}, [shapely.Point(0, 0)])
    # CIRCULARSTRING(0 0, 1 1, 2 0) in little-endian well-known binary after a header without an envelope
    header = b"GP\x00\x01" + (4326).to_bytes(4, "little")
    curve = b"\x01\x08\x00\x00\x00\x03\x00\x00\x00" + pa.array([0.0, 0, 1, 1, 2, 0]).buffers()[1].to_pybytes()[:48]
    with closing(sqlite3.connect(path)) as database:
        for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            database.execute(f'DROP TRIGGER "{name}"')
        database.execute("UPDATE curves SET Shape = ?", (header + curve,))
        database.commit()
    (feature,) = serve(str(path)).get("/collections/curves/items").json()["features"]
    assert feature["geometry"]["type"] == "LineString"
    assert len(feature["geometry"]["coordinates"]) > 10


def test_one_layer_of_several_can_be_named_and_renamed(tmp_path: Path, serve: Serve) -> None:
    path = tmp_path / "two, of them.gpkg"
    for name in ("first", "дороги"):
        write(path, name, {"n": [1]}, [shapely.Point(1, 2)])
    client = serve(f'["{path}#дороги", "{path}#first=другой.id-2"]')
    listed = [collection["id"] for collection in client.get("/collections").json()["collections"]]
    assert listed[-2:] == ["дороги", "другой.id-2"]
    assert client.get("/collections/другой.id-2/items").json()["numberMatched"] == 1


def test_entries_are_separated_by_commas(tmp_path: Path, serve: Serve) -> None:
    for name in ("a", "b"):
        write(tmp_path / f"{name}.gpkg", name, {"n": [1]}, [shapely.Point(1, 2)])
    client = serve(f" {tmp_path}/a.gpkg , {tmp_path}/b.gpkg#b=c,")
    listed = [collection["id"] for collection in client.get("/collections").json()["collections"]]
    assert listed[-2:] == ["a", "c"]


def test_the_etag_tells_one_content_of_a_layer_from_another(tmp_path: Path, serve: Serve) -> None:
    path = tmp_path / "a.gpkg"
    tags = []
    for value in (1, 2, 1):
        path.unlink(missing_ok=True)
        write(path, "a", {"n": [value]}, [shapely.Point(1, 2)])
        client = serve(str(path))
        tags.append([client.get(p).headers["etag"] for p in ("/collections/a/items", "/collections", "/api")])
    assert tags[0] == tags[2]
    assert not set(tags[0]) & set(tags[1])


def test_a_file_that_changes_is_not_read_again(tmp_path: Path, serve: Serve) -> None:
    path = tmp_path / "a.gpkg"
    write(path, "a", {"n": [1]}, [shapely.Point(1, 2)])
    client = serve(str(path))
    path.write_bytes(b"spoiled")
    assert client.get("/collections/a/items").json()["features"][0]["properties"]["n"] == 1
    path.unlink()
    assert client.get("/collections/a/items/1").status_code == 200


def _without_crs(path: Path) -> None:
    with closing(sqlite3.connect(path)) as database:
        database.execute("UPDATE gpkg_geometry_columns SET srs_id = -1")
        database.execute("UPDATE gpkg_contents SET srs_id = -1")
        database.commit()


def _with_a_view(path: Path) -> None:
    with closing(sqlite3.connect(path)) as database:
        database.execute("ALTER TABLE a RENAME TO b")
        database.execute("CREATE VIEW a AS SELECT * FROM b")
        database.commit()


def _cut_off(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:30_000])


def _of_another_format(path: Path) -> None:
    path.write_text('{"type": "FeatureCollection", "features": []}')


def _empty(path: Path) -> None:
    path.write_bytes(b"")


def _with_a_broken_geometry(path: Path) -> None:
    with closing(sqlite3.connect(path)) as database:
        for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            database.execute(f'DROP TRIGGER "{name}"')
        database.execute("UPDATE a SET Shape = ?", (b"GP\x00\x01" + (4326).to_bytes(4, "little") + b"\x01\x03\x00",))
        database.commit()


def _with_dates(path: Path, *dates: str) -> None:
    with closing(sqlite3.connect(path)) as database:
        for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            database.execute(f'DROP TRIGGER "{name}"')
        database.execute("ALTER TABLE a ADD COLUMN day DATE")
        database.execute("ALTER TABLE a ADD COLUMN moment DATETIME")
        for fid, text in enumerate(dates, 1):
            database.execute("UPDATE a SET day = ?, moment = ? WHERE fid = ?", (text, f"{text}T00:00:00Z", fid))
        database.commit()


def test_what_is_no_date_is_refused_and_never_the_first_day_of_1970(tmp_path: Path, serve: Serve) -> None:
    path = tmp_path / "a.gpkg"
    write(path, "a", {"n": [1, 2, 3]}, [shapely.Point(1, 2)] * 3)
    _with_dates(path, "1970-01-01", "0001-01-01", "9999-12-31")
    features = serve(str(path)).get("/collections/a/items").json()["features"]
    assert [feature["properties"]["day"] for feature in features] == ["1970-01-01", "0001-01-01", "9999-12-31"]
    write(tmp_path / "b.gpkg", "a", {"n": [1, 2]}, [shapely.Point(1, 2)] * 2)
    _with_dates(tmp_path / "b.gpkg", "1970-01-01", "0000-00-00")
    with pytest.raises(InputError, match="row 2, column 'day': not a date"):
        serve(str(tmp_path / "b.gpkg"))
    write(tmp_path / "c.gpkg", "a", {"n": [1]}, [shapely.Point(1, 2)])
    _with_dates(tmp_path / "c.gpkg", "10000-01-01")
    with pytest.raises(InputError, match="row 1, column 'day': the date is not of the years 1 to 9999"):
        serve(str(tmp_path / "c.gpkg"))


def test_tiles_tell_dates_as_the_list_does(serve: Serve, mixed: Path) -> None:
    client = serve(str(mixed))
    listed = client.get("/collections/Mixed_layer/items").json()["features"][0]["properties"]
    tile = mapbox_vector_tile.decode(client.get("/collections/Mixed_layer/tiles/WebMercatorQuad/0/0/0").content)
    told = tile["Mixed_layer"]["features"][0]["properties"]
    assert {name: told[name] for name in ("day", "moment")} == {name: listed[name] for name in ("day", "moment")}
    described = client.get("/collections/Mixed_layer/tiles/WebMercatorQuad/tilejson").json()["vector_layers"][0]
    assert (described["fields"]["day"], described["fields"]["moment"]) == ("String", "String")


@pytest.mark.parametrize(
    ("entry", "spoil", "told"),
    [
        ("{folder}/none.gpkg", None, "no such file"),
        ("{folder}/a.gpkg#none", None, "The file has: a"),
        ("{folder}/a.gpkg#a=", None, "not an id of a collection"),
        ("{folder}/a.gpkg#a=..", None, "not an id of a collection"),
        ("{folder}/a.gpkg#a=b/c", None, "letters, digits"),
        ("{folder}/a.gpkg#a=gaps", None, "another collection 'gaps'"),
        ("{folder}/a.gpkg,{folder}/a.gpkg", None, "FILE.gpkg#LAYER=ID"),
        ("{folder}", None, "this is a folder"),
        ("{folder}/a.shp", None, "Accepted: .gpkg"),
        ("http://127.0.0.1/a.gpkg", None, "not a local file"),
        ("/vsicurl/http://127.0.0.1/a.gpkg", None, "not a local file"),
        ("GPKG:{folder}/a.gpkg:a", None, "not a local file"),
        ("{folder}/a.gpkg", _without_crs, "Store its CRS"),
        ("{folder}/a.gpkg", _with_a_view, "the layer is a view"),
        ("{folder}/a.gpkg", _cut_off, "a.gpkg: "),
        ("{folder}/a.gpkg", _of_another_format, "not a .gpkg file"),
        ("{folder}/a.gpkg", _empty, "the file is empty"),
        ("{folder}/a.gpkg", _with_a_broken_geometry, "row 1, column 'geometry'"),
    ],
)
def test_what_cannot_be_served_is_refused_before_anything_is(
    tmp_path: Path, serve: Serve, entry: str, spoil: Callable[[Path], None] | None, told: str
) -> None:
    path = tmp_path / "a.gpkg"
    write(path, "a", {"n": [1]}, [shapely.Point(1, 2)])
    if spoil is not None:
        spoil(path)
    with pytest.raises(InputError, match=told.replace("(", r"\(")) as caught:
        serve(entry.format(folder=tmp_path))
    assert caught.value.exit_code == 2


def test_more_features_than_the_settings_allow_are_refused(
    tmp_path: Path, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.gpkg"
    write(path, "a", {"n": [1, 2]}, [shapely.Point(1, 2), shapely.Point(3, 4)])
    monkeypatch.setenv("SHALGAI_INPUT_FEATURES_MAX", "1")
    with pytest.raises(InputError, match="more than the 1 rows"):
        serve(str(path))


@pytest.mark.parametrize("workers", ["1", "2"])
def test_the_command_refuses_to_start(tmp_path: Path, root: Path, workers: str) -> None:
    shutil.copy(Path(__file__), tmp_path / "a.gpkg")
    result = subprocess.run(
        [sys.executable, "-m", "api.cli", "serve", "--port", "0", "--workers", workers, "--workspace", str(root)],
        env={**os.environ, "SHALGAI_LAYERS": str(tmp_path / "a.gpkg")},
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr == "shalgai: a.gpkg: not a .gpkg file. Its content is of another format\n"
