import pandas as pd
import pytest

from geo.access.classify import Access, classify
from geo.coverage.evidence import combine
from geo.standards import load_standard

KZ, _ = load_standard("kz")


def evidence(*rows: tuple[str, str, float, float, str]) -> pd.DataFrame:
    """Evidence on one settlement from (operator, technology, P at standard, P of working, basis)."""
    frame = pd.DataFrame(rows, columns=["operator", "technology", "probability_served", "probability_any", "basis"])
    blank = {"row": 0, "share_covered": 1.0, "signal_dbm": float("nan"), "downlink_mbps": float("nan")}
    return combine([frame.assign(**blank, edge_distance_km=float("nan"), as_of=None, source=None)])


def access(*rows: tuple[str, str, float, float, str]) -> Access:
    return classify(evidence(*rows), 1, KZ)


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([("a", "4g", 0.9, 0.9, "declared")], "served"),
        ([("a", "4g", 0.69, 0.69, "declared")], "unknown"),
        ([("a", "4g", 0.05, 0.05, "declared")], "unserved"),
        ([("a", "4g", 0.05, 0.9, "declared")], "below_standard"),
        ([("a", "2g", 0.9, 0.9, "declared")], "voice_only"),
        ([("a", "2g", 0.9, 0.9, "declared"), ("a", "4g", 0.47, 0.47, "declared")], "voice_only"),
        ([("a", "2g", 0.9, 0.9, "declared"), ("b", "4g", 0.8, 0.8, "declared")], "served"),
        ([("x", "satellite", 0.95, 0.95, "declared")], "below_standard"),
        ([("x", "ftth", 0.95, 0.95, "declared"), ("a", "2g", 0.9, 0.9, "declared")], "served"),
        ([("a", "4g", 0.99, 0.99, "prior")], "unknown"),
        ([("a", "4g", 0.01, 0.01, "prior")], "unknown"),
        ([("a", "unspecified", 0.85, 0.85, "reported")], "served"),
        ([("a", "4g", 0.7, 0.7, "declared")], "served"),
        ([("a", "4g", 0.3, 0.3, "declared")], "unserved"),
    ],
)
def test_class_by_the_kazakh_standard(rows: list[tuple[str, str, float, float, str]], expected: str) -> None:
    assert access(*rows).service_class.tolist() == [expected]


def test_no_evidence_is_unknown_and_has_no_probability() -> None:
    result = classify(evidence(("a", "4g", 0.9, 0.9, "declared")), 2, KZ)
    assert result.service_class.tolist() == ["served", "unknown"]
    assert pd.isna(result.served[1])
    assert result.best_operator[1] is None


def test_several_operators_share_masts_so_the_best_one_is_taken() -> None:
    result = access(("a", "4g", 0.6, 0.6, "declared"), ("b", "4g", 0.65, 0.65, "declared"))
    assert result.served.tolist() == [0.65]
    assert result.best_operator.tolist() == ["b"]


def test_the_more_trusted_basis_wins_and_a_contradiction_is_marked() -> None:
    rows = evidence(("a", "4g", 0.84, 0.84, "declared"), ("a", "4g", 0.1, 0.1, "measured"))
    assert rows["basis"].tolist() == ["measured"]
    assert rows["conflicting"].tolist() == [True]


def test_best_technology_of_a_prior_is_not_stated() -> None:
    assert access(("unspecified", "unspecified", 0.9, 0.9, "prior")).best_technology.tolist() == [None]


def test_totals_that_still_have_a_say_leave_the_class_unknown() -> None:
    # 2G was measured; whether there is internet is known from the totals alone
    result = access(("a", "2g", 0.95, 0.95, "measured"), ("unspecified", "unspecified", 0.9, 0.9, "prior"))
    assert result.service_class.tolist() == ["unknown"]
    assert result.served.tolist() == [0.9]


def test_confidence_is_that_of_the_best_row() -> None:
    rows = evidence(("a", "4g", 0.8, 0.8, "measured"), ("b", "4g", 0.9, 0.9, "declared"))
    rows["concentration"] = [14.0, float("nan")]
    assert pd.isna(classify(rows, 1, KZ).concentration[0])
    rows.loc[0, "probability_served"] = 0.95
    assert classify(rows, 1, KZ).concentration.tolist() == [14.0]
