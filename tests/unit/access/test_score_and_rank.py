from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.access.rank import Uncertain, order_of_gaps, rank_interval
from geo.access.score import people_indicator, remoteness_indicator, severity_indicator, weighted_score
from geo.standards import load_standard

KZ, _ = load_standard("kz")
NAN = float("nan")


def test_people_indicator_by_hand() -> None:
    # ln(1 + 499) / ln(2001) = 6.214608 / 7.601402
    assert people_indicator(np.array([499.0, 0.0, 5000.0, NAN]), KZ) == pytest.approx(
        [0.817561, 0.0, 1.0, NAN], abs=1e-6, nan_ok=True
    )


def test_severity_of_an_unknown_class_is_its_expectation() -> None:
    classes = np.array(["unserved", "voice_only", "unknown", "unknown"], dtype=object)
    served, internet = np.array([0.1, 0.1, 0.6, NAN]), np.array([0.1, 0.1, 0.8, NAN])
    # unknown: (1 − 0.8)·1 + (0.8 − 0.6)·0.4
    assert severity_indicator(classes, served, internet, KZ) == pytest.approx([1.0, 0.7, 0.28, NAN], nan_ok=True)


def test_remoteness_is_the_mean_of_what_is_known() -> None:
    result = remoteness_indicator(np.array([25.0, 500.0, NAN]), np.array([75.0, NAN, NAN]), KZ)
    assert result == pytest.approx([0.5, 1.0, NAN], nan_ok=True)


def test_an_unknown_indicator_drops_out_with_its_weight() -> None:
    indicators = {name: np.array([1.0, 1.0]) for name in ("people", "severity", "remoteness", "no_emergency_call")}
    indicators["institutions"] = np.array([NAN, 0.0])
    assert weighted_score(indicators, KZ) == pytest.approx([100.0, 90.0])


def test_ties_are_broken_by_people_then_by_code() -> None:
    order = order_of_gaps(
        np.array([50.0, 50.0, 50.0, 60.0, 50.0]),
        np.array([10.0, 20.0, NAN, 1.0, 10.0]),
        np.array(["3", "4", "0", "5", "1"], dtype=object),
    )
    assert order.tolist() == [3, 1, 4, 0, 2]


def uncertain(n: int, seed: int = 0) -> Uncertain:
    random = np.random.Generator(np.random.PCG64(seed))
    people = random.uniform(50, 3000, n)
    served = random.uniform(0.05, 0.95, n)
    return Uncertain(
        population=people,
        low=people / 2,
        high=people * 2,
        served=served,
        concentration=np.full(n, 8.0),
        severity=1 - served,
        no_emergency_call=1 - served,
        remoteness=random.uniform(0, 1, n),
        institutions=np.full(n, NAN),
        is_unknown=np.ones(n, dtype=bool),
    )


@settings(max_examples=30)
@given(st.integers(1, 40), st.integers(0, 1000))
def test_interval_holds_the_rank_and_stays_within_bounds(n: int, seed: int) -> None:
    rank = np.random.Generator(np.random.PCG64(seed)).permutation(n) + 1
    low, high = rank_interval(uncertain(n, seed), rank, KZ, seed=1)
    assert ((low >= 1) & (low <= rank) & (rank <= high) & (high <= n)).all()


def test_same_seed_same_interval_and_another_seed_another() -> None:
    rank = np.arange(1, 31)
    first, again, other = (rank_interval(uncertain(30), rank, KZ, seed=s) for s in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_certain_gaps_have_a_narrow_interval() -> None:
    n = 5
    people = np.array([5000.0, 2000.0, 500.0, 100.0, 20.0])
    sure = Uncertain(
        population=people,
        low=people,
        high=people,
        served=np.zeros(n),
        concentration=np.full(n, 1e9),
        severity=np.ones(n),
        no_emergency_call=np.ones(n),
        remoteness=np.array([0.9, 0.7, 0.5, 0.3, 0.1]),
        institutions=np.full(n, NAN),
        is_unknown=np.zeros(n, dtype=bool),
    )
    low, high = rank_interval(sure, np.arange(1, n + 1), KZ, seed=3)
    assert low.tolist() == high.tolist() == [1, 2, 3, 4, 5]


def test_institutions_without_service_are_drawn_with_the_service() -> None:
    alone = replace(KZ, weights=dict.fromkeys(KZ.weights, 0.0) | {"institutions": 1.0})
    alike = replace(uncertain(10), institutions=np.full(10, 0.5))
    low, high = rank_interval(alike, np.arange(1, 11), alone, seed=1)
    assert (high > low).all()


def test_no_gaps_have_no_intervals() -> None:
    low, high = rank_interval(uncertain(0), np.array([], dtype=np.int64), KZ, seed=1)
    assert len(low) == len(high) == 0
