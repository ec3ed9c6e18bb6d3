"""Values outside the Recommendation's limits are refused by an error that names the limit."""

from typing import Any

import numpy as np
import pytest

from geo.errors import LimitExceeded, ValueRejected
from geo.propagation.p1812 import basic_transmission_loss, basic_transmission_loss_batch

DISTANCES = np.linspace(0.0, 5.0, 11)
HEIGHTS = np.zeros(11)


@pytest.mark.parametrize(
    ("argument", "value", "named"),
    [
        ("frequency_ghz", 0.029, "0.03 to 6 GHz"),
        ("frequency_ghz", 100.0, "0.03 to 6 GHz"),
        ("time_percent", 0.5, "1 to 50 %"),
        ("time_percent", 50.1, "1 to 50 %"),
        ("location_percent", 0.9, "1 to 99 %"),
        ("location_percent", 99.5, "1 to 99 %"),
        ("tx_height_m", 0.0, "1 to 3000 m"),
        ("rx_height_m", 3001.0, "1 to 3000 m"),
        ("tx_lat", 80.5, "-80 to 80 degrees"),
        ("rx_lat", -81.0, "-80 to 80 degrees"),
        ("rx_lon", 181.0, "-180 to 180 degrees"),
        ("delta_n", 0.0, "above 0 and below 157"),
        ("delta_n", 157.0, "above 0 and below 157"),
        ("n0", 0.0, "200 to 500 N-units"),
        ("sigma_location_db", -1.0, "at least 0 dB"),
        ("tx_coast_km", -1.0, "at least 0 km"),
        ("rx_coast_km", np.inf, "finite"),
        ("frequency_ghz", np.nan, "0.03 to 6 GHz"),
        ("clutter_m", -3.0, "Clutter height"),
        ("clutter_m", np.nan, "Clutter height"),
        ("zones", np.full(11, 2), "1 (sea), 3 (coastal land) and 4 (inland)"),
    ],
)
def test_a_value_beyond_its_limit_is_refused(link: dict[str, Any], argument: str, value: Any, named: str) -> None:
    with pytest.raises(LimitExceeded) as caught:
        basic_transmission_loss(DISTANCES, HEIGHTS, **(link | {argument: value}))
    assert named in str(caught.value)
    assert argument in str(caught.value)


@pytest.mark.parametrize(
    ("distances", "heights", "named"),
    [
        (np.linspace(0.0, 0.24, 5), np.zeros(5), "0.25 to 3000 km"),
        (np.linspace(0.0, 3001.0, 5), np.zeros(5), "0.25 to 3000 km"),
        ([0.0, 5.0], [0.0, 0.0], "3 points"),
        ([], [], "3 points"),
        ([1.0, 2.0, 3.0], np.zeros(3), "first profile distance must be 0"),
        ([0.0, 2.0, 1.0, 3.0], np.zeros(4), "must rise"),
        ([0.0, 1.0, 1.0, 3.0], np.zeros(4), "must rise"),
        ([0.0, np.nan, 3.0], np.zeros(3), "finite"),
        ([0.0, 1.0, 3.0], [0.0, np.nan, 0.0], "finite"),
        ([0.0, 1.0, 3.0], [0.0, np.inf, 0.0], "finite"),
    ],
)
def test_a_bad_profile_is_refused(link: dict[str, Any], distances: Any, heights: Any, named: str) -> None:
    with pytest.raises(LimitExceeded, match=named):
        basic_transmission_loss(distances, heights, **link)


def test_limits_themselves_are_accepted(link: dict[str, Any]) -> None:
    for change in (
        {"frequency_ghz": 0.03}, {"frequency_ghz": 6.0}, {"time_percent": 1.0}, {"tx_height_m": 1.0},
        {"rx_height_m": 3000.0}, {"tx_lat": 80.0}, {"location_percent": 99.0, "sigma_location_db": 5.5},
    ):  # fmt: skip
        assert np.isfinite(basic_transmission_loss(DISTANCES, HEIGHTS, **(link | change)))
    for length in (0.25, 3000.0):
        assert np.isfinite(basic_transmission_loss(np.linspace(0.0, length, 5), np.zeros(5), **link))


def test_unlike_lengths_and_unknown_polarization_are_refused(link: dict[str, Any]) -> None:
    with pytest.raises(ValueRejected, match="heights_m"):
        basic_transmission_loss(DISTANCES, HEIGHTS[:-1], **link)
    with pytest.raises(ValueRejected, match="zones"):
        basic_transmission_loss(DISTANCES, HEIGHTS, zones=[4, 4], **link)
    with pytest.raises(ValueRejected, match="polarization"):
        basic_transmission_loss(DISTANCES, HEIGHTS, polarization="circular", **link)


def test_the_batch_names_the_path(link: dict[str, Any]) -> None:
    distances = np.concatenate([DISTANCES, DISTANCES * 0.01])
    with pytest.raises(LimitExceeded, match=r"row 2.*0\.25 to 3000 km"):
        basic_transmission_loss_batch(distances, np.zeros(22), [0, 11, 22], **link)
    with pytest.raises(LimitExceeded, match="row 3"):
        basic_transmission_loss_batch(
            np.tile(DISTANCES, 3), np.zeros(33), [0, 11, 22, 33], **(link | {"frequency_ghz": [0.9, 0.9, 9.0]})
        )
    with pytest.raises(ValueRejected, match="offsets"):
        basic_transmission_loss_batch(distances, np.zeros(22), [0, 11], **link)
    with pytest.raises(ValueRejected, match="frequency_ghz"):
        basic_transmission_loss_batch(
            np.tile(DISTANCES, 2), np.zeros(22), [0, 11, 22], **(link | {"frequency_ghz": [0.9, 0.9, 0.9]})
        )


def test_an_empty_batch_is_empty(link: dict[str, Any]) -> None:
    assert basic_transmission_loss_batch([], [], [0], **link).shape == (0,)
