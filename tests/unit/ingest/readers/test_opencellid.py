"""OpenCelliD's cell table."""

import gzip
from collections.abc import Callable, Iterator
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest

from geo.errors import ColumnMissing, FileProblem, LimitExceeded, Problem
from geo.ingest.kinds import TABLES, Kind
from geo.ingest.readers.opencellid import is_opencellid, open_opencellid
from geo.ingest.report import Finding, Severity, merged
from geo.ingest.source import ReadOptions
from geo.settings import get_settings
from geo.tables.schema import conform

HEADER = "radio,mcc,net,area,cell,unit,lon,lat,range,samples,changeable,created,updated,averageSignal"
LTE = "LTE,401,77,1234,2568193,0,57.17,50.28,1000,12,1,1600000000,1700000000,0"


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Set settings by name."""

    def put(**values: int) -> None:
        for name, value in values.items():
            monkeypatch.setenv(f"SHALGAI_{name.upper()}", str(value))
        get_settings.cache_clear()

    yield put
    monkeypatch.undo()
    get_settings.cache_clear()


def cell(**values: object) -> str:
    """One line of the table."""
    return ",".join(str(v) for v in (dict(zip(HEADER.split(","), LTE.split(","), strict=True)) | values).values())


def read(path: Path) -> tuple[gpd.GeoDataFrame, list[int], dict[str, Finding], list[Problem]]:
    """All rows, their numbers, the findings by code, and the problems."""
    source = open_opencellid(path, ReadOptions())
    batches = list(source.batches)
    assert all(list(batch.frame.columns) == [*source.columns, "geometry"] for batch in batches)
    found = merged([*source.findings, *(finding for batch in batches for finding in batch.findings)])
    return (
        pd.concat([batch.frame for batch in batches], ignore_index=True),
        [int(row) for batch in batches for row in batch.rows],
        {finding.code: finding for finding in found},
        [problem for batch in batches for problem in batch.problems],
    )


def test_the_table_is_known_by_its_header_or_its_first_row() -> None:
    assert is_opencellid(HEADER.split(","))
    assert is_opencellid(["Radio", "MCC", "MNC", "LAC", "CID", "lon", "lat"])
    assert is_opencellid(LTE.split(","))
    assert not is_opencellid(["site", "lon", "lat"])
    assert not is_opencellid(["LTE", "Beeline", *LTE.split(",")[2:]])


def test_a_cell_becomes_a_site_row(write_csv: Callable[..., Path]) -> None:
    frame, rows, findings, problems = read(write_csv(HEADER, LTE))
    # 2 568 193 = 10 032 * 256 + 1
    assert frame.drop(columns="geometry").to_dict("records") == [
        {
            "site_id": "401-77-enb-10032",
            "cell_id": "LTE-401-77-1234-2568193",
            "operator": "tele2",
            "technology": "4g",
            "status": "crowdsourced",
        }
    ]
    assert frame.geometry.iloc[0].wkt == "POINT (57.17 50.28)"
    assert (rows, problems) == ([1], [])
    assert list(findings) == ["estimated_position"]
    assert findings["estimated_position"].severity is Severity.WARNING
    assert len(conform(frame, TABLES[Kind.SITES], file="cells")) == 1


@pytest.mark.parametrize(
    ("radio", "number", "technology", "site"),
    [
        ("GSM", 10234, "2g", "401-77-1234-1023"),
        ("UMTS", 65600011, "3g", "401-77-1234-6560001"),
        ("WCDMA", 65600011, "3g", "401-77-1234-6560001"),
        ("NR", 4096 * 500 + 7, "5g", "401-77-gnb-500"),
    ],
)
def test_the_mast_is_read_from_the_cells_number(
    write_csv: Callable[..., Path], radio: str, number: int, technology: str, site: str
) -> None:
    frame, *_ = read(write_csv(HEADER, cell(radio=radio, cell=number)))
    assert frame[["technology", "site_id"]].to_numpy().tolist() == [[technology, site]]


@pytest.mark.parametrize(
    ("net", "operator"), [("1", "beeline"), ("02", "kcell"), ("7", "altel"), ("8", "kazakhtelecom"), ("77", "tele2")]
)
def test_networks_of_kazakhstan_have_their_operators(write_csv: Callable[..., Path], net: str, operator: str) -> None:
    frame, _, findings, _ = read(write_csv(HEADER, cell(net=net)))
    assert frame["operator"].tolist() == [operator]
    assert "unknown_network" not in findings


def test_an_unknown_network_keeps_its_number(write_csv: Callable[..., Path]) -> None:
    lines = [cell(mcc=250, net=1), cell(mcc=250, net=1, cell=300), cell(mcc=310, net=410), LTE]
    frame, _, findings, problems = read(write_csv(HEADER, *lines))
    assert frame["operator"].tolist() == ["250-01", "250-01", "310-410", "tele2"]
    unknown = findings["unknown_network"]
    assert (unknown.severity, unknown.count) == (Severity.WARNING, 3)
    assert [(p.row, p.value) for p in unknown.examples] == [(1, "250-01"), (3, "310-410")]
    assert problems == []


def test_the_headerless_dump_of_a_country_is_read(write_csv: Callable[..., Path]) -> None:
    frame, rows, _, _ = read(write_csv(LTE, cell(radio="GSM", cell=11), name="401.csv"))
    assert frame["technology"].tolist() == ["4g", "2g"]
    assert rows == [1, 2]


def test_a_gzipped_table_is_the_same(tmp_path: Path, write_csv: Callable[..., Path]) -> None:
    plain = write_csv(HEADER, LTE)
    packed = tmp_path / "401.csv.gz"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    pd.testing.assert_frame_equal(read(plain)[0], read(packed)[0])


def test_rows_that_cannot_be_used_stay_with_their_problem(write_csv: Callable[..., Path]) -> None:
    lines = [
        LTE,
        cell(radio="CDMA"),
        cell(lon=0, lat=0),
        cell(lon=200),
        cell(lat="x"),
        cell(cell=-1),
        cell(mcc=""),
        "LTE,401",
        LTE + ",surplus",
        cell(cell=300),
    ]
    frame, rows, findings, problems = read(write_csv(HEADER, *lines))
    assert rows == list(range(1, 11))
    assert [(p.row, p.column, p.value) for p in problems] == [
        (2, "radio", "CDMA"),
        (3, "lat", "0"),
        (4, "lon", "200"),
        (5, "lat", "x"),
        (6, "cell", "-1"),
        (7, "mcc", None),
        (8, None, None),
        (9, None, None),
    ]
    assert [p.what for p in problems[-2:]] == ["the row has 2 cells", "the row has 15 cells"]
    assert frame["cell_id"].iloc[[0, 9]].tolist() == ["LTE-401-77-1234-2568193", "LTE-401-77-1234-300"]
    assert frame.geometry.isna().tolist() == [False, False, True, True, True, False, False, True, True, False]
    assert findings["estimated_position"].count == 2


def test_only_uneven_rows_are_all_refused(write_csv: Callable[..., Path]) -> None:
    _, rows, _, problems = read(write_csv(HEADER, "a,b", "c"))
    assert rows == [1, 2]
    assert [p.row for p in problems] == [1, 2]


def test_cells_heard_rarely_are_flagged_unless_the_operator_told_their_place(write_csv: Callable[..., Path]) -> None:
    lines = [cell(samples=2), cell(samples=3), cell(samples=1, changeable=0)]
    _, _, findings, _ = read(write_csv(HEADER, *lines))
    assert (findings["few_samples"].count, findings["few_samples"].examples[0].row) == (1, 1)
    assert findings["estimated_position"].count == 2


def test_uneven_rows_are_numbered_over_many_blocks(write_csv: Callable[..., Path]) -> None:
    lines = [LTE if i % 9000 else "bad" for i in range(1, 27_001)]
    _, rows, _, problems = read(write_csv(HEADER, *lines))
    assert rows == list(range(1, 27_001))
    assert [p.row for p in problems] == [9000, 18_000, 27_000]


def test_a_bomb_is_stopped_by_its_ratio(tmp_path: Path, settings: Callable[..., None]) -> None:
    settings(archive_ratio_max=50)
    path = tmp_path / "401.csv.gz"
    path.write_bytes(gzip.compress((HEADER + "\n" + (LTE + "\n") * 50_000).encode()))
    with pytest.raises(LimitExceeded, match="too large"):
        read(path)


def test_a_table_larger_than_the_settings_allow_is_stopped(
    write_csv: Callable[..., Path], settings: Callable[..., None]
) -> None:
    settings(input_bytes_max=1000)
    with pytest.raises(LimitExceeded, match="more than the 1,000"):
        read(write_csv(HEADER, *[LTE] * 50))


def test_a_missing_column_is_named(write_csv: Callable[..., Path]) -> None:
    with pytest.raises(ColumnMissing) as caught:
        read(write_csv(HEADER.replace("lat", "breite"), LTE))
    assert [p.column for p in caught.value.problems] == ["lat"]
    assert "breite" in caught.value.problems[0].remedy


def test_a_column_that_is_there_twice_is_refused(write_csv: Callable[..., Path]) -> None:
    with pytest.raises(FileProblem, match="column 'net': the column is there twice"):
        read(write_csv(HEADER.replace("unit", "mnc"), LTE))


def test_a_header_alone_is_refused(write_csv: Callable[..., Path]) -> None:
    with pytest.raises(FileProblem):
        read(write_csv(HEADER))


def test_damaged_files_are_file_problems(tmp_path: Path) -> None:
    packed = gzip.compress((HEADER + "\n" + LTE + "\n").encode())
    for content in (b"no gzip", packed[:-12], packed[:20], packed[:15] + b"\xff" * 20 + packed[35:]):
        path = tmp_path / "401.csv.gz"
        path.write_bytes(content)
        with pytest.raises(FileProblem):
            read(path)


@pytest.mark.parametrize("line", [LTE.replace("LTE", "\xff"), "\xff,uneven"])
def test_text_in_another_encoding_is_told(tmp_path: Path, line: str, capfd: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "cells.csv"
    path.write_bytes(f"{HEADER}\n{LTE}\n{line}\n".encode("latin-1"))
    with pytest.raises(FileProblem, match="not in the stated encoding"):
        read(path)
    assert capfd.readouterr().err == ""
    batches = open_opencellid(path, ReadOptions(encoding="latin-1")).batches
    assert [p.row for batch in batches for p in batch.problems] == [2]


def test_an_encoding_that_does_not_exist_is_told(write_csv: Callable[..., Path]) -> None:
    with pytest.raises(FileProblem, match="not in the stated encoding"):
        open_opencellid(write_csv(HEADER, LTE), ReadOptions(encoding="cp99999"))
