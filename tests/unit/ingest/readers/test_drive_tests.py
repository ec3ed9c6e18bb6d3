"""Drive-test logs under the column names of the usual tools."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.errors import Problem
from geo.ingest.kinds import TABLES, Kind
from geo.ingest.readers.drive_tests import from_drive_test_columns
from geo.ingest.report import Finding, Severity
from geo.tables.schema import conform


def read(**columns: list[str | None]) -> tuple[pd.DataFrame, dict[str, Finding], list[Problem]]:
    """Rows as a reader of text gives them, as measurements; the findings by code, and the problems."""
    frame = pd.DataFrame(columns, dtype="str")
    batch = from_drive_test_columns(frame, np.arange(1, len(frame) + 1), "log.csv")
    assert batch is not None
    return batch.frame, {finding.code: finding for finding in batch.findings}, batch.problems


def test_a_g_nettrack_log_becomes_measurements() -> None:
    columns = {
        "Timestamp": ["2026.05.12_16.14.02"], "Longitude": ["57.17"], "Latitude": ["50.28"], "Speed": ["42"],
        "Operatorname": ["40101"], "CellID": ["7"], "NetworkMode": ["LTE"], "RSRP": ["-101"], "RSRQ": ["-11"],
        "SNR": ["3.0"], "DL_bitrate": ["5400"], "UL_bitrate": ["320"], "State": ["D"],
    }  # fmt: skip
    frame, findings, problems = read(**columns)
    kept = {"Longitude": "57.17", "Latitude": "50.28", "Speed": "42", "CellID": "7", "RSRQ": "-11", "SNR": "3.0"}
    assert frame.iloc[0].to_dict() == kept | {
        "State": "D", "measured_at": "2026-05-12T16:14:02", "operator": "beeline", "technology": "4g",
        "signal_dbm": -101.0, "downlink_mbps": 5.4, "uplink_mbps": 0.32, "no_service": False,
    }  # fmt: skip
    assert problems == []
    assert list(findings) == ["drive_test_columns"]
    note = findings["drive_test_columns"]
    assert (note.severity, note.count) == (Severity.NOTE, 1)
    assert note.what == (
        "read as a drive test: level from RSRP; downlink_mbps from DL_bitrate; uplink_mbps from UL_bitrate; "
        "technology from NetworkMode; operator from Operatorname; time from Timestamp"
    )


def test_rows_with_positions_fit_the_canonical_table() -> None:
    frame = gpd.GeoDataFrame(
        {"RSRP (dBm)": ["-90"], "RAT": ["LTE"], "Time": ["1715529242"]},
        geometry=gpd.points_from_xy([57], [50]),
        crs="EPSG:4326",
    )
    batch = from_drive_test_columns(frame, np.array([1]), "log.csv")
    assert batch is not None
    assert isinstance(batch.frame, gpd.GeoDataFrame)
    shaped = conform(batch.frame, TABLES[Kind.MEASUREMENTS], file="log.csv")
    assert shaped[["signal_dbm", "technology", "measured_at"]].to_numpy().tolist() == [
        [-90.0, "4g", "2024-05-12T15:54:02Z"]
    ]


@pytest.mark.parametrize(
    ("name", "technology"),
    [
        ("RSRP (dBm)", "LTE"),
        ("LTE RSRP [dBm]", "LTE"),
        ("Serving RSRP", "LTE"),
        ("NR SS-RSRP (dBm)", "NR"),
        ("RSCP", "UMTS"),
        ("CPICH RSCP (dBm)", "WCDMA"),
        ("RxLev Full (dBm)", "GSM"),
        ("RX_LEVEL", "EDGE"),
        ("rssi", "GSM"),
        ("Level", "LTE"),
        ("Power", "HSPA+"),
        ("signal_strength_dbm", "5G"),
        ("lte_rsrp", "LTE"),
    ],
)
def test_levels_are_known_by_the_names_of_the_tools(name: str, technology: str) -> None:
    frame, _, _ = read(**{name: ["-95,5"], "NetworkTech": [technology]})
    assert frame["signal_dbm"].tolist() == [-95.5]
    assert name not in frame.columns


def test_each_row_has_the_level_of_its_technology() -> None:
    frame, _, problems = read(
        NetworkType=["LTE", "HSPA+", "EDGE", "NR", "LTE"],
        RSRP=["-101", "-102", "-103", "-104", None],
        RSCP=["-91", "-92", "-93", "-94", "-95"],
        RxLev=["-81", "-82", "-83", "-84", "-85"],
        DL_bitrate=["1"] * 5,
    )
    assert frame["technology"].tolist() == ["4g", "3g", "2g", "5g", "4g"]
    assert frame["signal_dbm"].tolist()[:4] == [-101, -92, -83, -104]
    assert np.isnan(frame["signal_dbm"].iloc[4])  # another quantity does not stand in
    assert problems == []


def test_the_rssi_of_a_4g_carrier_is_not_its_level() -> None:
    frame, findings, _ = read(NetworkTech=["LTE", "GSM"], RSSI=["-65", "-77"])
    assert frame["signal_dbm"].tolist() == [-77]
    assert findings["empty_sample"].count == 1


@given(st.integers(0, 97))
def test_a_reporting_index_is_refused(index: int) -> None:
    frame, _, problems = read(NetworkTech=["LTE", "LTE"], RSRP=[str(index), "-97"])
    assert [(p.row, p.column, p.value, p.what) for p in problems] == [(1, "RSRP", str(index), "not a level in dBm")]
    assert frame["signal_dbm"].isna().tolist() == [True, False]


def test_only_the_level_of_the_rows_technology_is_named_as_refused() -> None:
    _, _, problems = read(NetworkTech=["LTE"], RSRP=["40"], RSCP=["-90"])
    assert [p.column for p in problems] == ["RSRP"]


def test_an_index_of_another_technology_does_not_refuse_the_row() -> None:
    _, _, problems = read(NetworkTech=["UMTS"], RSRP=["0"], RSCP=["-90"])
    assert problems == []


@pytest.mark.parametrize("nothing", ["-", "", "N/A", "2147483647", None])
def test_what_tools_write_for_nothing_is_null(nothing: str | None) -> None:
    frame, _, problems = read(NetworkTech=["LTE"], RSRP=[nothing], DL_bitrate=["1000"])
    assert frame["signal_dbm"].isna().all()
    assert problems == []


def test_text_in_place_of_a_number_is_refused_and_stays() -> None:
    frame, _, problems = read(NetworkTech=["LTE", "LTE"], RSRP=["weak", "-90"])
    assert [(p.row, p.column, p.value) for p in problems] == [(1, "RSRP", "weak")]
    assert len(frame) == 2


@pytest.mark.parametrize(
    ("name", "cell", "mbps"),
    [
        ("DL_bitrate", "12500", 12.5),
        ("DL throughput (kbps)", "12500", 12.5),
        ("PDCP Throughput DL [Mbit/s]", "12.5", 12.5),
        ("Application Throughput DL (kbit/s)", "12500", 12.5),
        ("download_kbit", "12500", 12.5),
        ("Download Mbps", "12,5", 12.5),
        ("dl_throughput_bps", "12500000", 12.5),
    ],
)
def test_speeds_become_mbit_per_second(name: str, cell: str, mbps: float) -> None:
    frame, _, _ = read(**{name: [cell], "tech": ["4G"]})
    assert frame["downlink_mbps"].tolist() == pytest.approx([mbps])


def test_a_speed_without_its_unit_is_not_used() -> None:
    frame, findings, _ = read(Download=["12500"], RSRP=["-90"], tech=["4G"])
    assert "downlink_mbps" not in frame.columns
    assert frame["Download"].tolist() == ["12500"]
    assert (findings["unit_unknown"].severity, findings["unit_unknown"].examples[0].column) == (
        Severity.WARNING,
        "Download",
    )


def test_speeds_of_an_idle_phone_are_not_results() -> None:
    frame, findings, _ = read(
        NetworkTech=["LTE", "LTE"], RSRP=["-90", "-91"], DL_bitrate=["0", "9000"], State=["I", "D"]
    )
    assert frame["downlink_mbps"].isna().tolist() == [True, False]
    assert (findings["idle_speed"].count, findings["idle_speed"].examples[0].row) == (1, 1)


@pytest.mark.parametrize("plmn", ["401-01", "40101", "401 01", "40101.0"])
def test_network_numbers_become_operators(plmn: str) -> None:
    frame, _, _ = read(RSRP=["-90"], PLMN=[plmn])
    assert frame["operator"].tolist() == ["beeline"]


def test_country_and_network_code_in_two_columns_become_operators() -> None:
    frame, findings, _ = read(RSRP=["-90"] * 3, MCC=["401"] * 3, MNC=["2", "77", "99"])
    assert frame["operator"].tolist() == ["kcell", "tele2", "401-99"]
    assert (findings["unknown_network"].count, findings["unknown_network"].examples[0].row) == (1, 3)


def test_an_operators_name_stays_as_it_is_where_there_is_no_number() -> None:
    frame, _, _ = read(RSRP=["-90"] * 2, PLMN=["40102", None], Operator=["x", "Beeline KZ"])
    assert frame["operator"].tolist() == ["kcell", "Beeline KZ"]


@pytest.mark.parametrize(
    ("told", "iso"),
    [
        ("2026.05.12_16.14.02", "2026-05-12T16:14:02"),
        ("2026-05-12 16:14:02.5", "2026-05-12T16:14:02.5"),
        ("2026/05/12 16:14", "2026-05-12T16:14:00"),
        ("2026-05-12T16:14:02+0500", "2026-05-12T16:14:02+05:00"),
        ("12.05.2026 16:14:02", "2026-05-12T16:14:02"),
        ("12.05.2026", "2026-05-12"),
        ("1778602442", "2026-05-12T16:14:02Z"),
        ("1778602442250", "2026-05-12T16:14:02.250Z"),
        ("05/12/2026 16:14", "05/12/2026 16:14"),
    ],
)
def test_times_become_iso_8601_and_ambiguous_ones_stay(told: str, iso: str) -> None:
    frame, _, _ = read(RSRP=["-90"], Timestamp=[told])
    assert frame["measured_at"].tolist() == [iso]


def test_date_and_time_in_two_columns_are_joined() -> None:
    frame, _, _ = read(RSRP=["-90"], Date=["12.05.2026"], Time=["6:14:02"])
    assert frame["measured_at"].tolist() == ["2026-05-12T06:14:02"]


def test_a_time_of_day_without_its_date_is_not_used() -> None:
    frame, findings, _ = read(RSRP=["-90"], Time=["16:14:02.123"])
    assert frame["measured_at"].isna().all()
    assert (findings["time_without_date"].severity, findings["time_without_date"].count) == (Severity.WARNING, 1)


def test_without_a_technology_the_kind_of_level_tells_it() -> None:
    frame, findings, _ = read(RSRP=["-90", None, "-91"], RSCP=[None, "-80", "-81"], DL_bitrate=["1"] * 3)
    assert frame["technology"].tolist() == ["4g", "3g", "unspecified"]
    assert findings["technology_from_level"].count == 2


def test_a_word_that_no_tool_is_known_to_write_stays() -> None:
    frame, _, _ = read(RSRP=["-90"], NetworkTech=["LTE Advanced Pro"])
    assert frame[["technology", "signal_dbm"]].to_numpy().tolist() == [["LTE Advanced Pro", -90.0]]


def test_no_service_is_a_measurement_and_an_empty_row_is_not() -> None:
    frame, findings, _ = read(NetworkTech=["No service", "LTE", "LTE"], RSRP=["-", "-", "-90"])
    assert frame["no_service"].tolist() == [True, False]
    assert frame["technology"].tolist() == ["unspecified", "4g"]
    assert (findings["empty_sample"].severity, findings["empty_sample"].count) == (Severity.WARNING, 1)
    assert findings["empty_sample"].examples[0].row == 2


@pytest.mark.parametrize(
    "columns",
    [
        ["lon", "lat", "name"],
        ["Level", "lon"],
        ["signal_dbm", "RSRP", "technology"],
        ["downlink_mbps", "technology", "operator"],
        ["Timestamp", "Operator", "technology"],
    ],
)
def test_other_tables_are_left_alone(columns: list[str]) -> None:
    frame = pd.DataFrame({name: ["1"] for name in columns}, dtype="str")
    assert from_drive_test_columns(frame, np.array([1]), "log.csv") is None


@given(
    st.lists(st.text(max_size=12), min_size=1, max_size=4), st.sampled_from(["RSRP", "DL_bitrate", "Timestamp", "PLMN"])
)
def test_no_text_makes_it_fail(cells: list[str], column: str) -> None:
    columns = {"RSRP": ["-90"] * len(cells), "Timestamp": ["1778602442"] * len(cells)} | {column: cells}
    frame, _, problems = read(**columns)
    assert len(frame) <= len(cells)
    assert all(1 <= (problem.row or 0) <= len(cells) for problem in problems)


def test_a_russian_log_is_read_and_its_rows_without_network_count() -> None:
    frame, findings, problems = read(
        Дата=["14.09.2026", "14.09.2026"],
        Время=["10:05:00", "10:06:00"],
        Оператор=["Билайн", "Билайн"],
        Технология=["LTE", "нет сети"],
        RSRP=["-101", None],
        **{"Загрузка, Мбит/с": ["7,5", None]},
    )
    assert problems == []
    assert frame["technology"].tolist() == ["4g", "unspecified"]
    assert frame["no_service"].tolist() == [False, True]
    assert frame["measured_at"].tolist() == ["2026-09-14T10:05:00", "2026-09-14T10:06:00"]
    assert frame["downlink_mbps"].tolist()[0] == 7.5
    assert set(frame.columns) == {"measured_at", "operator", "technology", "signal_dbm", "downlink_mbps", "no_service"}
    assert set(findings) == {"drive_test_columns"}
