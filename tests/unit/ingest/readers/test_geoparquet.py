"""GeoParquet of every make."""

import json

import geopandas as gpd
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import shapely

from geo.errors import CrsMissing, FileProblem
from geo.ingest.readers.vector import open_vector
from geo.ingest.source import ReadOptions

PLACES = gpd.GeoDataFrame(
    {"kato": ["1", None, "3"], "population": pd.array([5, None, 7], dtype="Int64")},
    geometry=[shapely.Point(57, 50), shapely.Point(58, 51), None],
    crs=4326,
)


def read(path, **options):
    """The source, its rows and problems."""
    source = open_vector(path, ReadOptions(**options), layer="places")
    batches = list(source.batches)
    frame = pd.concat([batch.frame for batch in batches], ignore_index=True)
    return source, frame, [problem for batch in batches for problem in batch.problems]


def rewrite(path, change):
    """Change the geo metadata of a file."""
    table = pq.read_table(path)
    geo = json.loads(table.schema.metadata[b"geo"])
    change(geo)
    pq.write_table(table.replace_schema_metadata({b"geo": json.dumps(geo).encode()}), path)


@pytest.mark.parametrize("encoding", ["WKB", "geoarrow"])
@pytest.mark.parametrize("name", ["geometry", "shape"])
def test_geometries_in_both_encodings_under_any_name(tmp_path, encoding, name):
    path = tmp_path / "a.parquet"
    places = PLACES if name == "geometry" else PLACES.rename_geometry(name)
    places.to_parquet(path, geometry_encoding=encoding, write_covering_bbox=True)
    source, frame, problems = read(path)
    assert (source.format, source.columns, source.crs) == ("GeoParquet", ["kato", "population"], "EPSG:4326")
    assert (source.rows_announced, problems, source.findings) == (3, [], [])
    assert frame.geometry.isna().tolist() == [False, False, True]
    assert shapely.get_coordinates(frame.geometry.to_numpy()).tolist() == [[57, 50], [58, 51]]
    assert frame["population"].isna().tolist() == [False, True, False]


def test_without_a_word_on_the_crs_it_is_wgs84_and_null_is_none(tmp_path):
    path = tmp_path / "a.parquet"
    PLACES.to_parquet(path)
    rewrite(path, lambda geo: geo["columns"]["geometry"].pop("crs"))
    assert read(path)[0].crs == "OGC:CRS84"
    rewrite(path, lambda geo: geo["columns"]["geometry"].update(crs=None))
    with pytest.raises(CrsMissing, match=r"a\.parquet.*--crs"):
        read(path)
    assert read(path, crs="EPSG:4326")[1].geometry[0] == PLACES.geometry[0]


@pytest.mark.parametrize(
    "change",
    [
        lambda geo: geo.pop("columns"),
        lambda geo: geo.update(primary_column="nowhere"),
        lambda geo: geo["columns"]["geometry"].update(encoding="moon"),
        lambda geo: geo["columns"].update(geometry=5),
    ],
)
def test_metadata_that_make_no_sense(tmp_path, change):
    path = tmp_path / "a.parquet"
    PLACES.to_parquet(path)
    rewrite(path, change)
    with pytest.raises(FileProblem, match=r"^a\.parquet: cannot be read as GeoParquet"):
        read(path)


def test_a_table_without_geometry_is_no_geoparquet(tmp_path):
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"kato": ["1"]}), path)
    with pytest.raises(FileProblem, match=r"^a\.parquet: cannot be read as GeoParquet"):
        read(path)


def test_a_broken_geometry_is_named_by_its_row(tmp_path):
    path = tmp_path / "a.parquet"
    PLACES.to_parquet(path)
    table = pq.read_table(path)
    wkb = pa.array([shapely.to_wkb(shapely.Point(1, 2)), b"rubbish", None])
    pq.write_table(table.set_column(2, "geometry", wkb).replace_schema_metadata(table.schema.metadata), path)
    _, frame, problems = read(path)
    assert [(problem.what, problem.row) for problem in problems] == [("the geometry is broken", 2)]
    assert frame.geometry.isna().tolist() == [False, True, True]


def test_values_of_every_type_become_numbers_truth_values_or_text(tmp_path):
    path = tmp_path / "a.parquet"
    PLACES.to_parquet(path)
    table = pq.read_table(path)
    day = pd.Timestamp("2024-05-06")
    columns = {
        "day": pa.array([day.date(), None, None]),
        "time": pa.array([day, None, None], pa.timestamp("us")),
        "zoned": pa.array([day, None, None], pa.timestamp("ms", "UTC")),
        "nested": pa.array([{"a": ["ү"]}, None, None]),
        "items": pa.array([[1, 2], None, []]),
        "word": pa.array(["x", None, ""]).dictionary_encode(),
        "truth": pa.array([True, None, False]),
        "small": pa.array([1, None, 2], pa.uint8()),
        "huge": pa.array([2**64 - 1, None, 2], pa.uint64()),
        "half": pa.array([1.5, None, 2], pa.float32()),
        "money": pa.array([1, None, 2], pa.decimal128(9, 2)),
        "nothing": pa.nulls(3),
        "blob": pa.array([b"x", None, b""]),
    }
    for name, values in columns.items():
        table = table.append_column(name, values)
    pq.write_table(table, path)
    source, frame, _ = read(path)
    assert "blob" not in source.columns
    assert [(f.code, f.examples[0].column) for f in source.findings] == [("column_ignored", "blob")]
    first = frame.iloc[0]
    assert first["day"] == "2024-05-06"
    assert first["time"] == "2024-05-06T00:00:00"
    assert first["zoned"] == "2024-05-06T00:00:00Z"
    assert (first["nested"], first["items"], first["word"]) == ('{"a": ["ү"]}', "[1, 2]", "x")
    assert (first["truth"], first["small"], first["huge"], first["half"]) == (True, 1, str(2**64 - 1), 1.5)
    assert first["money"] == 1.0
    assert frame.iloc[1].drop("geometry").isna().all()
    assert pd.isna(frame["word"][2])
    assert {str(frame[name].dtype) for name in ("small", "population")} == {"Int64"}


def test_a_second_geometry_is_left_out_and_told(tmp_path):
    path = tmp_path / "a.parquet"
    PLACES.assign(centre=gpd.GeoSeries(PLACES.geometry)).to_parquet(path)
    source, _, _ = read(path)
    assert source.columns == ["kato", "population"]
    assert [(f.code, f.examples[0].column) for f in source.findings] == [("column_ignored", "centre")]
