import datetime as dt

import pandas as pd
import pytest

from geo.coverage.reliability import load_reliability
from geo.coverage.reports import evidence_from_reports, is_old, statements_on_settlements
from geo.tables.evidence import REPORTS
from geo.tables.schema import conform

RELIABILITY = load_reliability()
KATOS = pd.Series(["911000100", "911000200"])
TODAY = dt.date(2026, 11, 1)


def reports(*rows: tuple[str, str, str | None, str, str]) -> pd.DataFrame:
    """Reports from (kato, level, date, technology, status)."""
    frame = pd.DataFrame(rows, columns=["kato", "level", "date", "technology", "status"])
    return conform(frame, REPORTS, file="test")


def probability(date: str | None, technology: str, status: str) -> tuple[float, float]:
    statements = statements_on_settlements(reports(("911000200", "settlement", date, technology, status)), KATOS, TODAY)
    row = evidence_from_reports(statements, RELIABILITY).iloc[0]
    assert row["row"] == 1
    return float(row["probability_served"]), float(row["probability_any"])


def test_a_recent_report_that_names_its_technology_is_believed_most() -> None:
    assert probability("2025-11-18", "4g", "served") == pytest.approx((0.99, 0.99))


def test_an_undated_report_without_technology_is_believed_less() -> None:
    assert probability(None, "unspecified", "served") == pytest.approx((0.99 * 0.95 * 0.9,) * 2)


def test_an_unserved_report_fades_with_age() -> None:
    assert probability("2026", "none", "unserved") == pytest.approx((0.1, 0.1))
    assert probability("2022-05", "none", "unserved") == pytest.approx((0.25, 0.25))


def test_degraded_service_works_but_is_not_at_standard() -> None:
    meets, works = probability("2026-01", "4g", "degraded")
    assert meets == pytest.approx(0.3)
    assert works == pytest.approx(0.99)


def test_a_plan_is_not_service() -> None:
    statements = statements_on_settlements(
        reports(("911000100", "settlement", "2026", "unspecified", "planned")), KATOS, TODAY
    )
    assert len(statements) == 1
    assert evidence_from_reports(statements, RELIABILITY).empty


def test_reports_on_districts_and_city_localities_say_nothing_of_a_settlement() -> None:
    found = reports(
        ("911000100", "locality", "2026", "none", "unserved"), ("911000100", "district", "2026", "none", "unserved")
    )
    assert statements_on_settlements(found, KATOS, TODAY).empty


def test_the_latest_of_two_reports_counts() -> None:
    found = reports(
        ("911000100", "settlement", "2026-02", "none", "unserved"),
        ("911000100", "settlement", "2019", "none", "unserved"),
        ("911000100", "settlement", None, "none", "unserved"),
    )
    statements = statements_on_settlements(found, KATOS, TODAY)
    assert statements["date"].tolist() == ["2026-02"]
    assert not is_old(statements, RELIABILITY).any()
