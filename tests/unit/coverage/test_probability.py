import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.coverage.reliability import load_reliability, probability_in_area, probability_of_signal

RELIABILITY = load_reliability()


def in_area(distance_km: float, radius_km: float = 0.3) -> float:
    """Probability inside a declared area at a signed distance."""
    return float(
        probability_in_area(np.array([distance_km]), np.array([radius_km]), inside=0.84, reliability=RELIABILITY)[0]
    )


def test_probability_at_the_edge_is_half_way_between_outside_and_inside() -> None:
    assert in_area(0.0) == pytest.approx((0.05 + 0.84) / 2)


def test_probability_by_hand_0_9_km_inside() -> None:
    # spread = hypot(0.5, 0.15) = 0.52202 km; Φ(0.9 / 0.52202) = Φ(1.72408) = 0.957653
    assert in_area(0.9) == pytest.approx(0.05 + 0.79 * 0.957653, abs=1e-5)


def test_a_larger_place_feels_the_edge_farther_in() -> None:
    assert in_area(1.0, radius_km=5.0) < in_area(1.0, radius_km=0.3)


@given(st.floats(-100, 100), st.floats(0.01, 20))
def test_probability_stays_between_outside_and_inside_and_grows_inward(distance: float, radius: float) -> None:
    assert 0.05 <= in_area(distance, radius) <= 0.84
    assert in_area(distance, radius) <= in_area(distance + 0.1, radius)


def test_signal_at_the_threshold_is_even_odds_and_one_sigma_above_is_84_percent() -> None:
    sigma_db = np.hypot(5.5, 6.0)
    signal = np.array([-110.0, -110.0 + sigma_db, np.nan])
    probability = probability_of_signal(signal, -110.0, reliability=RELIABILITY)
    assert probability[:2] == pytest.approx([0.5, 0.841345], abs=1e-6)
    assert np.isnan(probability[2])
