"""Bad input ends in one error that names file, row, column and value, and in nothing else."""

import json
import shutil
import sqlite3

import pytest

from geo.errors import ColumnMissing, FileProblem, InputError, ValueRejected
from geo.ingest.kinds import Kind
from geo.ingest.reading import read_table
from geo.ingest.statements import read_population_figures

kinds = pytest.mark.parametrize("kind", [Kind.SETTLEMENTS, Kind.BOUNDARIES, Kind.COVERAGE, Kind.SITES])


@pytest.fixture(autouse=True)
def silent(capfd):
    """Nothing that GDAL has to say reaches the terminal."""
    yield
    assert capfd.readouterr() == ("", "")


@kinds
def test_a_missing_file(kind, tmp_path):
    with pytest.raises(FileProblem, match=r"^nowhere\.geojson: no such file"):
        read_table(kind, tmp_path / "nowhere.geojson")


@kinds
def test_a_folder(kind, tmp_path):
    with pytest.raises(FileProblem, match="this is a folder"):
        read_table(kind, tmp_path)


@pytest.mark.parametrize("suffix", ["geojson", "gpkg", "shp", "fgb", "kml", "parquet", "zip", "csv"])
def test_an_empty_file(tmp_path, suffix):
    path = tmp_path / f"layer.{suffix}"
    path.touch()
    with pytest.raises(FileProblem, match=rf"layer\.{suffix}: the file is empty"):
        read_table(Kind.SETTLEMENTS, path)[0]


@pytest.mark.parametrize("suffix", ["geojson", "json", "gpkg", "shp", "fgb", "kml", "parquet", "zip"])
@pytest.mark.parametrize(
    "content", [b"no layer at all", b'{"type": 5}', bytes(range(256)) * 40], ids=["text", "json", "binary"]
)
def test_not_a_vector_file(tmp_path, suffix, content):
    path = tmp_path / f"layer.{suffix}"
    path.write_bytes(content)
    with pytest.raises(FileProblem, match=rf"^layer\.{suffix}: "):
        read_table(Kind.SETTLEMENTS, path)[0]


@pytest.mark.parametrize("suffix", ["gpkg", "shp", "fgb", "kml", "parquet", "geojson"])
@pytest.mark.parametrize("kept", [0.3, 0.6, 0.9])
def test_a_file_cut_off(write_layer, suffix, kept):
    import geopandas as gpd

    corners = [(57 + i / 1000, 50) for i in range(200)]
    frame = gpd.GeoDataFrame(
        {"kato": [f"15323{i:04d}" for i in range(200)]},
        geometry=gpd.points_from_xy(*zip(*corners, strict=True)),
        crs=4326,
    )
    path = write_layer(frame, f"layer.{suffix}")
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * kept)])
    with pytest.raises(FileProblem, match=rf"^layer\.{suffix}: "):
        read_table(Kind.SETTLEMENTS, path)[0]


def test_a_shapefile_without_its_parts(write_layer):
    import geopandas as gpd

    path = write_layer(
        gpd.GeoDataFrame({"kato": ["153234100"]}, geometry=gpd.points_from_xy([57], [50]), crs=4326), "a.shp"
    )
    shutil.move(path.with_suffix(".dbf"), path.with_suffix(".bak"))
    with pytest.raises(ColumnMissing, match=r"a\.shp, column 'kato'"):
        read_table(Kind.SETTLEMENTS, path)[0]
    path.with_suffix(".shx").unlink()
    with pytest.raises(FileProblem, match=r"^a\.shp: cannot be read"):
        read_table(Kind.SETTLEMENTS, path)[0]


@pytest.mark.parametrize("name", ["layer.vrt", "layer", "layer.tif", "layer.gml"])
def test_a_format_that_is_not_accepted(tmp_path, name):
    (tmp_path / name).write_text("<OGRVRTDataSource/>")
    with pytest.raises(FileProblem, match=rf"^{name}: not an accepted format.*\.geojson, .*\.geoparquet, \.gpkg"):
        read_table(Kind.COVERAGE, tmp_path / name)[0]


@pytest.mark.parametrize(
    "path",
    [
        "/vsicurl/http://127.0.0.1:9/layer.geojson",
        "/vsizip/layer.zip",
        "/vsistdin/",
        "http://127.0.0.1:9/layer.geojson",
        "file:///etc/passwd",
        "zip://layer.zip!layer.shp",
        "GPKG:/tmp/layer.gpkg",
    ],
)
def test_neither_addresses_nor_virtual_files_are_opened(path):
    with pytest.raises(FileProblem, match="not a local file"):
        read_table(Kind.COVERAGE, path)[0]


@pytest.mark.parametrize("suffix", ["geojson", "json", "kml", "shp", "gpkg", "fgb"])
@pytest.mark.parametrize("prefix", ["", "<kml><!-- --></kml>"])
def test_a_virtual_layer_under_another_name_is_not_followed(asked, tmp_path, suffix, prefix):
    address, paths = asked
    source = f'<OGRVRTLayer name="a"><SrcDataSource>/vsicurl/{address}/a.geojson</SrcDataSource></OGRVRTLayer>'
    path = tmp_path / f"layer.{suffix}"
    path.write_text(f"{prefix}<OGRVRTDataSource>{source}</OGRVRTDataSource>")
    with pytest.raises(FileProblem, match=rf"^layer\.{suffix}: "):
        read_table(Kind.COVERAGE, path)[0]
    assert paths == []


def test_an_algorithm_disguised_as_geojson_is_not_run(asked, tmp_path):
    address, paths = asked
    command = f"gdal vector filter --where=x=1 /vsicurl/{address}/a.geojson streamed_dataset"
    path = tmp_path / "layer.geojson"
    path.write_text(json.dumps({"type": "gdal_streamed_alg", "command_line": command}))
    with pytest.raises(FileProblem, match=r"^layer\.geojson: cannot be read"):
        read_table(Kind.COVERAGE, path)[0]
    assert paths == []


@kinds
def test_an_empty_layer(kind, write_geojson):
    with pytest.raises(FileProblem, match=r"^layer\.geojson: the file has no rows"):
        read_table(kind, write_geojson())


@pytest.mark.parametrize("lines", [["kato,lon,lat"], ["", ""]])
def test_an_empty_table(write_csv, lines):
    with pytest.raises(FileProblem, match=r"^table\.csv: the file has no rows"):
        read_table(Kind.SETTLEMENTS, write_csv(*lines))[0]


def test_a_duplicate_code(write_geojson, point):
    path = write_geojson(
        ({"kato": "153234100"}, point()), ({"kato": "153234200"}, point()), ({"kato": "153234100"}, None)
    )
    with pytest.raises(ValueRejected, match=r"^layer\.geojson, row 3, column 'kato': duplicate \(value '153234100'\)"):
        read_table(Kind.SETTLEMENTS, path)[0]


@pytest.mark.parametrize("kato", ["15323410", "1532341000", "15323410A", "１５３２３４１００", -153234100, 1.5])
def test_a_malformed_code(write_geojson, kato, point):
    with pytest.raises(ValueRejected, match=r"^layer\.geojson, row 2, column 'kato': malformed.*nine digits"):
        read_table(Kind.SETTLEMENTS, write_geojson(({"kato": "153234100"}, point()), ({"kato": kato}, point())))[0]


@pytest.mark.parametrize(
    ("lon", "lat", "axis", "value"),
    [(57, 95, "latitude", "95"), (57, -90.5, "latitude", "-90.5"), (181, 50, "longitude", "181")],
)
def test_a_position_outside_the_earth(write_geojson, write_csv, lon, lat, axis, value, point):
    with pytest.raises(ValueRejected, match=rf"^layer\.geojson, row 1, column 'geometry': {axis} outside.*{value}"):
        read_table(Kind.SETTLEMENTS, write_geojson(({"kato": "153234100"}, point(lon, lat))))[0]
    column = {"latitude": "lat", "longitude": "lon"}[axis]
    with pytest.raises(ValueRejected, match=rf"^table\.csv, row 1, column '{column}'.*'{value}'.*degrees"):
        read_table(Kind.SETTLEMENTS, write_csv("kato,lon,lat", f"153234100,{lon},{lat}"))[0]


def test_an_area_beyond_the_pole(write_geojson, square):
    with pytest.raises(ValueRejected, match=r"row 1, column 'geometry': latitude outside the earth.*95"):
        read_table(Kind.COVERAGE, write_geojson(({"technology": "4g"}, square(lat=85, size=10))))[0]


def test_a_position_that_its_crs_does_not_know(write_layer):
    import geopandas as gpd

    places = gpd.GeoDataFrame(
        {"kato": ["153234100", "153234200"]}, geometry=gpd.points_from_xy([500_000, 1e12], [5_500_000, 1e12]), crs=32640
    )
    with pytest.raises(ValueRejected, match=r"^a\.gpkg, row 2, column 'geometry': .*outside WGS 84 / UTM zone 40N"):
        read_table(Kind.SETTLEMENTS, write_layer(places, "a.gpkg"))[0]


def test_a_position_that_is_not_a_number(tmp_path):
    path = tmp_path / "layer.geojson"
    feature = '{"type":"Feature","properties":{"kato":"153234100"},"geometry":{"type":"Point","coordinates":[57,NaN]}}'
    path.write_text(f'{{"type":"FeatureCollection","features":[{feature}]}}')
    with pytest.raises(ValueRejected, match=r"^layer\.geojson, row 1, column 'geometry': the position is not a number"):
        read_table(Kind.SETTLEMENTS, path)[0]


def test_a_negative_population(write_geojson, point):
    path = write_geojson(
        ({"kato": "153234100", "population": 4}, point()), ({"kato": "153234200", "population": -3}, None)
    )
    with pytest.raises(ValueRejected, match=r"^layer\.geojson, row 2, column 'population'.*'-3'.*0 or more"):
        read_table(Kind.SETTLEMENTS, path)[0]


@pytest.mark.parametrize("value", ["many", "12.5", "1e400"])
def test_text_in_a_numeric_column(write_csv, value):
    path = write_csv("kato,lon,lat,population", "153234100,57,50,3", f"153234200,57,50,{value}")
    with pytest.raises(ValueRejected, match=r"^table\.csv, row 2, column 'population': .*whole number"):
        read_table(Kind.SETTLEMENTS, path)


def test_text_in_a_position(write_csv):
    path = write_csv("kato,lon,lat", "153234100,57.5,50", '153234200,"57;5",50', "153234300,57,", "153234400,,50")
    with pytest.raises(ValueRejected) as refused:
        read_table(Kind.SETTLEMENTS, path)[0]
    assert [(p.row, p.column, p.value) for p in refused.value.problems] == [
        (2, "lon", "57;5"),
        (3, "lat", None),
        (4, "lon", None),
    ]


def test_a_table_without_positions(write_csv):
    with pytest.raises(ColumnMissing, match=r"table\.csv, column 'lat'.*kato, lon.*latitude, .*y"):
        read_table(Kind.SETTLEMENTS, write_csv("kato,lon", "153234100,57"))[0]


def test_a_row_with_too_many_or_too_few_cells(write_csv):
    path = write_csv("kato,lon,lat", "153234100,57,50", "153234200,57", "153234300,57,50,1")
    with pytest.raises(InputError) as refused:
        read_table(Kind.SETTLEMENTS, path)[0]
    assert {problem.row for problem in refused.value.problems} == {2, 3}


def test_a_column_that_is_there_twice(write_csv):
    with pytest.raises(FileProblem, match=r"table\.csv, column 'kato': the column is there twice"):
        read_table(Kind.SETTLEMENTS, write_csv("kato,lon,lat,kato", "153234100,57,50,153234100"))[0]


def test_a_table_that_is_not_utf8_is_read(write_csv):
    lines = ("kato,name_kk,lon,lat", "153234100,Бестамақ,57,50")
    assert read_table(Kind.SETTLEMENTS, write_csv(*lines, encoding="kz1048"))[0]["name_kk"].tolist() == ["Бестамақ"]


def test_a_quotation_mark_left_open(write_csv):
    with pytest.raises(FileProblem, match=r"^table\.csv, row 1: cannot be read as CSV"):
        read_table(Kind.SETTLEMENTS, write_csv("kato,name,lon,lat", '153234100,"A,57,50'))[0]


def test_a_ring_of_two_points_is_named_by_its_row(write_geojson, square):
    ring = {"type": "Polygon", "coordinates": [[[57, 50], [58, 51]]]}
    with pytest.raises(ValueRejected, match=r"^layer\.geojson, row 2, column 'geometry': the geometry is broken"):
        read_table(Kind.COVERAGE, write_geojson(({"technology": "4g"}, square()), ({"technology": "4g"}, ring)))[0]


def test_a_polygon_without_area(write_geojson):
    flat = {"type": "Polygon", "coordinates": [[[57, 50], [58, 50], [59, 50], [57, 50]]]}
    with pytest.raises(ValueRejected, match=r"^layer\.geojson, row 1, column 'geometry': the polygon has no area"):
        read_table(Kind.COVERAGE, write_geojson(({"technology": "4g"}, flat)))[0]


def test_a_geopackage_with_a_broken_table(write_layer):
    import geopandas as gpd

    path = write_layer(
        gpd.GeoDataFrame({"kato": ["153234100"]}, geometry=gpd.points_from_xy([57], [50]), crs=4326), "a.gpkg"
    )
    with sqlite3.connect(path) as database:
        database.execute("DELETE FROM gpkg_geometry_columns")
        database.execute("DELETE FROM gpkg_contents")
    database.close()
    with pytest.raises(InputError, match=r"^a\.gpkg: "):
        read_table(Kind.SETTLEMENTS, path)[0]


def test_a_name_with_control_characters_stays_out_of_the_message(write_geojson, point):
    path = write_geojson(({"kato": "\x1b[31mred"}, point()))
    with pytest.raises(ValueRejected) as refused:
        read_table(Kind.SETTLEMENTS, path)[0]
    assert "\x1b" not in str(refused.value)


def test_figures_of_an_unknown_basis(write_csv):
    path = write_csv("kato,level,population,date,basis,source", "153234100,okrug,5,2024,guess,x")
    with pytest.raises(ValueRejected, match=r"^table\.csv, row 1, column 'basis'.*'guess'.*official, census, tag"):
        read_population_figures(path)
