import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from geo.errors import ValueRejected
from geo.tables.measurements import MEASUREMENTS, check_measurements, days
from geo.tables.schema import WGS84, conform


def rows(**columns: list[object]) -> pd.DataFrame:
    n = len(next(iter(columns.values())))
    frame = gpd.GeoDataFrame(columns, geometry=[shapely.Point(57, 49)] * n, crs=WGS84)
    return conform(frame.assign(technology="4g"), MEASUREMENTS, file="drive.csv")


def test_a_signal_a_downlink_or_no_service_is_enough() -> None:
    frame = rows(
        signal_dbm=[-100, None, None, -120], downlink_mbps=[None, 0, None, None], no_service=[False, False, True, True]
    )
    assert check_measurements(frame, "drive.csv") == []


def test_a_row_that_measured_nothing_is_named_by_its_number_in_the_file() -> None:
    frame = rows(signal_dbm=[-100, None], uplink_mbps=[None, 3.0], latency_ms=[None, 40.0])
    (problem,) = check_measurements(frame, "drive.csv", np.array([11, 15]))
    assert (problem.file, problem.row, problem.column) == ("drive.csv", 15, "signal_dbm")
    assert "no_service" in problem.remedy


def test_no_service_with_a_downlink_contradicts_itself() -> None:
    (problem,) = check_measurements(rows(downlink_mbps=[2.5, 0.0], no_service=[True, True]), "drive.csv")
    assert (problem.row, problem.column, problem.value) == (1, "no_service", 2.5)


@pytest.mark.parametrize("date", ["2025-02-30", "2025-02-30T10:00:00Z", "2023-02-29"])
def test_a_day_that_no_calendar_has_is_refused(date: str) -> None:
    with pytest.raises(ValueRejected) as caught:
        rows(measured_at=["2024-02-29", date, "2025-02", "2025", None], signal_dbm=[-100] * 5)
    (problem,) = caught.value.problems
    assert (problem.row, problem.column, problem.value) == (2, "measured_at", date)


def test_problems_come_in_the_order_of_the_rows() -> None:
    frame = rows(downlink_mbps=[5.0, None], no_service=[True, False])
    assert [problem.row for problem in check_measurements(frame, "x")] == [1, 2]


def test_a_partial_date_is_the_middle_of_what_it_names() -> None:
    found = days(pd.Series(["2025", "2025-02", "2025-02-03", None, "2025-13"], dtype="str"))
    assert found.dt.strftime("%Y-%m-%d").tolist()[:3] == ["2025-07-01", "2025-02-15", "2025-02-03"]
    assert found[3:].isna().all()
