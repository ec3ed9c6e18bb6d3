"""Ookla's open tiles."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet

from geo.errors import ColumnMissing, FileProblem, ValueRejected
from geo.ingest.kinds import TABLES, Kind
from geo.ingest.readers.ookla import (
    from_ookla_columns,
    is_ookla,
    open_ookla,
    quadkeys,
    tile_of,
    tile_position,
)
from geo.ingest.report import Severity
from geo.ingest.source import Batch
from geo.tables.schema import conform

MOBILE = "2024-01-01_performance_mobile_tiles.parquet"
FIXED = "2024-10-01_performance_fixed_tiles.parquet"
# Aktobe, 57.17 E 50.28 N, by hand: x = (57.17 + 180) / 360 * 65536 = 43175.48;
# y = (1 - asinh(tan 50.28°) / pi) / 2 * 65536 = (1 - 1.01831 / 3.14159) / 2 * 65536 = 22146.66
X, Y = 43175, 22146


def tiles(*keys: Any, **columns: Any) -> pd.DataFrame:
    """Rows as Ookla writes them."""
    n = len(keys)
    plain = {"avg_d_kbps": 12_345, "avg_u_kbps": 2_500, "avg_lat_ms": 31, "tests": 7, "devices": 3}
    return pd.DataFrame({"quadkey": list(keys)} | {name: [value] * n for name, value in plain.items()} | columns)


def write(frame: pd.DataFrame, folder: Path, name: str = MOBILE) -> Path:
    """A Parquet file under a published name."""
    parquet.write_table(pa.Table.from_pandas(frame), folder / name)
    return folder / name


def only(path: Path, **options: Any) -> Batch:
    """The only batch of a file."""
    (batch,) = open_ookla(path, **options).batches
    return batch


def test_the_columns_are_known_in_any_container() -> None:
    assert is_ookla(list(tiles("0").columns))
    assert not is_ookla(["quadkey", "tests"])


def test_a_tile_becomes_a_measurement(tmp_path: Path) -> None:
    (key,) = quadkeys([X], [Y])
    source = open_ookla(write(tiles(key), tmp_path))
    (batch,) = source.batches
    frame = batch.frame
    assert list(frame.columns) == [*source.columns, "geometry"]
    assert frame.drop(columns="geometry").to_dict("records") == [
        {
            "measured_at": "2024-02", "operator": "unspecified", "technology": "unspecified",
            "downlink_mbps": 12.345, "uplink_mbps": 2.5, "latency_ms": 31.0, "tests": 7.0,
            "source": "Speedtest by Ookla",
        }
    ]  # fmt: skip
    assert frame.geometry.x.iloc[0] == pytest.approx((X + 0.5) / 65536 * 360 - 180)
    assert frame.geometry.y.iloc[0] == pytest.approx(50.2806, abs=0.0003)  # 0.16 of a tile's 0.0035° north
    assert [(f.code, f.severity) for f in source.findings] == [("quarter_as_month", Severity.NOTE)]
    assert (batch.rows.tolist(), batch.problems, source.rows_announced) == ([1], [], 1)
    assert len(conform(frame, TABLES[Kind.MEASUREMENTS], file=MOBILE)) == 1


def test_the_worked_example_of_the_tile_system_holds() -> None:
    # Microsoft's "Bing Maps Tile System": tile (3, 5) at level 3 has the quadkey 213
    assert quadkeys([3], [5], zoom=3) == ["213"]


def test_the_tile_of_aktobe_is_the_one_worked_by_hand() -> None:
    x, y = tile_of([57.17], [50.28])
    assert (x.tolist(), y.tolist()) == ([X], [Y])


@given(st.lists(st.tuples(st.integers(0, 65535), st.integers(0, 65535)), min_size=1, max_size=20))
def test_a_quadkeys_centre_lies_in_its_tile_and_gives_it_back(places: list[tuple[int, int]]) -> None:
    x, y = (np.array(axis) for axis in zip(*places, strict=True))
    keys = quadkeys(x, y)
    centres = from_ookla_columns(tiles(*keys), np.arange(len(keys)), MOBILE).frame.geometry
    back = tile_of(centres.x, centres.y)
    np.testing.assert_array_equal(back, (x, y))
    west, north = tile_position(x, y)
    east, south = tile_position(x + 1, y + 1)
    assert ((west < centres.x) & (centres.x < east) & (south < centres.y) & (centres.y < north)).all()


def test_quadkeys_that_were_stored_as_numbers_get_their_zeros_back() -> None:
    (key,) = quadkeys([5], [9])
    assert key.startswith("000")
    batch = from_ookla_columns(tiles(int(key)), np.array([1]), MOBILE)
    assert (batch.frame.geometry.x.iloc[0], batch.problems) == (pytest.approx(5.5 / 65536 * 360 - 180), [])


@pytest.mark.parametrize("key", ["123", "1203231230123014", "", None, "12032312301230120"])
def test_a_malformed_quadkey_is_refused_and_stays(tmp_path: Path, key: str | None) -> None:
    (good,) = quadkeys([X], [Y])
    batch = only(write(tiles(good, key), tmp_path))
    assert [(p.row, p.column, p.value) for p in batch.problems] == [(2, "quadkey", key)]
    assert batch.frame.geometry.isna().tolist() == [False, True]


@pytest.mark.parametrize("form", ["tile", "tile_xy"])
def test_a_tile_that_is_not_the_quadkeys_is_refused(tmp_path: Path, form: str) -> None:
    (key,) = quadkeys([X], [Y])
    lon, lat = (axis[0] for axis in tile_position([X + 0.5], [Y + 0.5]))
    centres = [(lon, lat), (lon + 0.006, lat)]
    columns = (
        {"tile": [shapely.box(a - 0.002, b - 0.001, a + 0.002, b + 0.001).wkt for a, b in centres]}
        if form == "tile"
        else {"tile_x": [a for a, _ in centres], "tile_y": [b for _, b in centres]}
    )
    batch = only(write(tiles(key, key, **columns), tmp_path))
    assert [(p.row, p.what) for p in batch.problems] == [(2, "the tile is not the quadkey's")]


def test_tiles_outside_the_extent_are_left_out_and_counted(tmp_path: Path) -> None:
    keys = [*quadkeys([X, X + 1, X, 0], [Y, Y, Y + 9000, 0]), "broken"]
    batch = only(write(tiles(*keys), tmp_path), extent=(57.0, 50.0, 57.5, 50.5))
    assert batch.rows.tolist() == [1, 2, 5]
    assert [(f.code, f.severity, f.count) for f in batch.findings] == [("outside_extent_skipped", Severity.NOTE, 2)]
    assert [p.row for p in batch.problems] == [5]


def test_rows_are_numbered_through_all_batches(tmp_path: Path) -> None:
    keys = quadkeys(np.full(50_001, X), np.full(50_001, Y))
    batches = list(open_ookla(write(tiles(*keys), tmp_path)).batches)
    assert [(b.rows[0], b.rows[-1]) for b in batches] == [(1, 50_000), (50_001, 50_001)]


def test_fixed_tests_need_their_technology(tmp_path: Path) -> None:
    path = write(tiles(*quadkeys([X], [Y])), tmp_path, FIXED)
    with pytest.raises(ColumnMissing, match="--technology"):
        open_ookla(path)
    frame = only(path, technology="ftth").frame
    assert frame[["technology", "measured_at"]].to_numpy().tolist() == [["ftth", "2024-11"]]
    with pytest.raises(ValueRejected, match="Accepted: 2g"):
        open_ookla(path, technology="fibre")


def test_a_renamed_file_has_no_date_and_needs_a_technology(tmp_path: Path) -> None:
    path = write(tiles(*quadkeys([X], [Y])), tmp_path, "speed.parquet")
    with pytest.raises(ColumnMissing, match="does not say"):
        open_ookla(path)
    source = open_ookla(path, technology="4g")
    assert [(f.code, f.severity) for f in source.findings] == [("date_unknown", Severity.WARNING)]
    (batch,) = source.batches
    assert batch.frame["measured_at"].isna().all()


def test_a_frame_from_another_container_gives_the_same(tmp_path: Path) -> None:
    frame = tiles(*quadkeys([X, X], [Y, Y + 1]))
    there = only(write(frame, tmp_path))
    here = from_ookla_columns(frame.astype("str"), np.array([1, 2]), MOBILE)
    pd.testing.assert_frame_equal(here.frame, there.frame)
    assert [f.code for f in here.findings] == ["quarter_as_month"]


def test_a_speed_that_is_no_number_is_refused() -> None:
    (key,) = quadkeys([X], [Y])
    frame = tiles(key, key).astype({"avg_d_kbps": "object"})
    frame.loc[1, "avg_d_kbps"] = "fast"
    batch = from_ookla_columns(frame, np.array([11, 12]), MOBILE)
    assert [(p.row, p.column, p.value) for p in batch.problems] == [(12, "avg_d_kbps", "fast")]


def test_damaged_or_other_files_are_refused(tmp_path: Path) -> None:
    path = write(tiles(*quadkeys([X], [Y])), tmp_path)
    whole = path.read_bytes()
    for content in (b"PAR1 and nothing more", whole[:-30], whole[:4] + b"\xff" * 60 + whole[64:]):
        path.write_bytes(content)
        with pytest.raises(FileProblem):
            list(open_ookla(path).batches)
    write(tiles("0").drop(columns="tests"), tmp_path)
    with pytest.raises(ColumnMissing) as caught:
        open_ookla(path)
    assert [p.column for p in caught.value.problems] == ["tests"]
