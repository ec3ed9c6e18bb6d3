"""Canonical tables as files: whole, the same bytes, readable by anyone."""

import geopandas as gpd
import pandas as pd
import pytest
import shapely
from geopandas.testing import assert_geodataframe_equal

from geo.files import file_sha256
from geo.ingest.canonical_file import CanonicalWriter, row_groups
from geo.ingest.kinds import TABLES, Kind
from geo.ingest.overlaps import overlapping_declarations
from geo.tables.schema import conform


@pytest.fixture
def table():
    rows = {
        "kato": ["150000100", "150000200", "150000300"],
        "population": [10, None, 30],
        "is_okrug_centre": [True, False, True],
        "name_kk": ["Қарақобда", None, "b"],
    }
    geometry = [shapely.Point(57, 50), None, shapely.box(57, 50, 58, 51)]
    return conform(gpd.GeoDataFrame(rows, geometry=geometry, crs=4326), TABLES[Kind.SETTLEMENTS], file="f")


def test_what_is_written_in_parts_is_read_as_it_was(tmp_path, table):
    path = tmp_path / "t.parquet"
    with CanonicalWriter(path, TABLES[Kind.SETTLEMENTS]) as writer:
        writer.append(table.iloc[:2].reset_index(drop=True))
        writer.append(table.iloc[:0])
        writer.append(table.iloc[2:].reset_index(drop=True))
    read = gpd.read_parquet(path)
    assert read.crs.to_epsg() == 4326
    assert_geodataframe_equal(conform(read, TABLES[Kind.SETTLEMENTS], file="f"), table)
    assert [len(shapes) for _, shapes in row_groups(path, ["kato"])] == [2, 1]


def test_the_same_rows_give_the_same_bytes(tmp_path, table):
    for name in "ab":
        with CanonicalWriter(tmp_path / name, TABLES[Kind.SETTLEMENTS]) as writer:
            writer.append(table)
    assert file_sha256(tmp_path / "a") == file_sha256(tmp_path / "b")


def coverage_file(path, *rows, groups=1):
    frame = pd.DataFrame([{"operator": o, "technology": t, "threshold_dbm": d} for o, t, d, _ in rows])
    shapes = [shapely.box(*box) for *_, box in rows]
    table = conform(gpd.GeoDataFrame(frame, geometry=shapes, crs=4326), TABLES[Kind.COVERAGE], file="f")
    with CanonicalWriter(path, TABLES[Kind.COVERAGE]) as writer:
        size = -(-len(table) // groups)
        for start in range(0, len(table), size):
            writer.append(table.iloc[start : start + size].reset_index(drop=True))
    return path


@pytest.mark.parametrize("groups", [1, 2, 5])
def test_overlapping_polygons_of_one_declaration(tmp_path, groups):
    path = coverage_file(
        tmp_path / "c.parquet",
        ("beeline", "4g", -110, (0, 0, 1, 1)),
        ("beeline", "4g", -110, (0.9, 0, 2, 1)),  # shares a tenth of the first
        ("beeline", "4g", -110, (2, 0, 3, 1)),  # only touches the second
        ("beeline", "4g", -110, (2.995, 0, 4, 1)),  # shares half a per cent
        ("kcell", "4g", -110, (0, 0, 1, 1)),
        ("beeline", "3g", -110, (0, 0, 1, 1)),
        ("beeline", "4g", -90, (0.2, 0.2, 0.4, 0.4)),  # a better level within the first
        groups=groups,
    )
    (finding,) = overlapping_declarations(path, [1, 2, 3, 4, 5, 6, 9], "f")
    assert finding.count == 2
    assert [(p.row, p.value) for p in finding.examples] == [(2, "overlaps row 1")]


def test_no_overlap_is_no_finding(tmp_path):
    path = coverage_file(tmp_path / "c.parquet", ("a", "4g", -110, (0, 0, 1, 1)), ("a", "4g", -110, (5, 0, 6, 1)))
    assert overlapping_declarations(path, [1, 2], "f") == []
