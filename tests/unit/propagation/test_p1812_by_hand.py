"""Cases worked out by hand from the equations of Recommendation ITU-R P.1812-8.

Both take ΔN = 39.25, so that k50 = 157/(157 − 39.25) = 4/3 and ae = 8494.6667 km.
"""

from typing import Any

import numpy as np
import pytest

from geo.propagation.p1812 import basic_transmission_loss, intermediate_values


def test_one_knife_edge_half_way(link: dict[str, Any]) -> None:
    # 600 MHz, 20 km, antennas 30 m over ground at 0 m, one edge of 100 m in the middle.
    # λ = 0.2998/0.6 = 0.4996667 m; bulge 500·100/ae = 5.886046 m; the edge is 75.886046 m above the ray
    # ν = 75.886046·√(0.002·20/(λ·10·10)) = 2.147097                                   (19)
    # J = 6.9 + 20 log(√(2.047097² + 1) + 2.047097) = 19.620501                        (12)
    # Lbulla = J + (1 − e^(−J/6))(10 + 0.4) = 29.625267                                (21)
    # v1 = 2000, v2 = 60000, hst = hsr = 50; hobs = 70, αobt = αobr = 7: 50 − 35 = 15, but not above ground: 0
    # smooth path with 30 m at both ends: zero heights give ν = −0.682273, Lbulls = 1.735355
    # hse = 30 − 5.886046 = 24.113954, hreq = 17.456·√(100·λ/20) = 27.591158, aem = 500·(20/(2√30))² = 1666.6667
    # vertical, land: K = 0.0172829, β = 0.9991349, X = 2.623328, Fx = −30.982055, G = 6.965415 at both ends
    # Ldft = 17.051225, Ldsph = (1 − 24.113954/27.591158)·Ldft = 2.148898              (27)
    # Ld = 29.625267 + 2.148898 − 1.735355 = 30.038810                                 (39)
    # Lbfs = 92.4 + 20 log 0.6 + 20 log 20 = 113.983625, sum 144.022435; troposcatter (169.8373 dB)
    # takes 5 log(1 + 10^(−0.2·25.814881)) = 0.000015 off                                (63)
    link |= {"frequency_ghz": 0.6, "tx_height_m": 30.0, "rx_height_m": 30.0, "delta_n": 39.25}
    values = intermediate_values([0.0, 10.0, 20.0], [0.0, 100.0, 0.0], **link)
    assert values["ae"] == pytest.approx(8494.666667, abs=1e-6)
    assert values["Lbulla50"] == pytest.approx(29.625267, abs=1e-6)
    assert (values["hst_n"], values["hsr_n"]) == pytest.approx((50.0, 50.0))
    assert (values["htc_prime"], values["hrc_prime"]) == pytest.approx((30.0, 30.0))
    assert values["Lbulls50"] == pytest.approx(1.735355, abs=1e-6)
    assert values["Ldsph50"] == pytest.approx(2.148898, abs=1e-6)
    assert values["Ld50"] == pytest.approx(30.038810, abs=1e-6)
    assert values["Lbfs"] == pytest.approx(113.983625, abs=1e-6)
    loss = basic_transmission_loss([0.0, 10.0, 20.0], [0.0, 100.0, 0.0], **link)
    assert loss == pytest.approx(144.022435 - 0.000015, abs=1e-6)


def test_flat_earth_beyond_the_horizon(link: dict[str, Any]) -> None:
    # 900 MHz, 60 km, 50 m and 10 m antennas over ground at 0 m; dlos = 42.18 km < 60 km   (22)
    # the terrain is the smooth Earth itself: Lbulla = Lbulls, so Ld = Ldft for adft = ae     (39)
    # vertical, land: K = 0.00877310, β = 0.99977687, X = 3.04381505, Fx = −37.736962        (29–33)
    # B = 2.186223 at 50 m: G = 17.6·√1.086223 − 5 log 1.086223 − 8 = 10.163483               (34)
    # B = 0.437245 at 10 m: G = 20 log(B + 0.1 B³) = −7.021018
    # Ldft = 37.736962 − 10.163483 + 7.021018 = 34.594497                                     (36)
    # Lbfs = 92.4 + 20 log 0.9 + 10 log(60² + 0.04²) = 127.047877; diffraction path 161.642375
    # troposcatter 176.670451: together 161.640232                                            (63)
    link |= {"tx_height_m": 50.0, "rx_height_m": 10.0, "delta_n": 39.25}
    distances, heights = np.linspace(0.0, 60.0, 61), np.zeros(61)
    values = intermediate_values(distances, heights, **link)
    assert values["Lbulla50"] == values["Lbulls50"]
    assert values["Ldsph50"] == pytest.approx(34.594497, abs=1e-6)
    assert values["Lbd50"] == pytest.approx(161.642375, abs=1e-6)
    assert basic_transmission_loss(distances, heights, **link) == pytest.approx(161.640232, abs=1e-6)


def test_high_antennas_over_flat_earth_see_free_space(link: dict[str, Any]) -> None:
    # 2 km, 200 m antennas, 6 GHz: the ray clears everything, so Lb = 92.4 + 20 log 6 + 20 log 2 = 113.983625
    link |= {"frequency_ghz": 6.0, "tx_height_m": 200.0, "rx_height_m": 200.0}
    loss = basic_transmission_loss(np.linspace(0.0, 2.0, 21), np.zeros(21), **link)
    assert loss == pytest.approx(113.983625, abs=1e-6)


def test_sections_end_half_way_between_points_of_unlike_zones(link: dict[str, Any]) -> None:
    # boundaries at 1.5, 3.5 and 7 km: land 0–1.5 (inland to 0.5), sea 1.5–3.5, land 3.5–10 (inland 7–10)
    distances = [0.0, 1.0, 2.0, 3.0, 4.0, 6.0, 8.0, 10.0]
    zones = [4, 3, 1, 1, 3, 3, 4, 4]
    values = intermediate_values(distances, np.zeros(8), zones=zones, **link)
    assert values["w"] == pytest.approx(0.2)
    assert values["dtm"] == pytest.approx(6.5)
    assert values["dlm"] == pytest.approx(3.0)


def test_clutter_raises_every_point_but_the_terminals(link: dict[str, Any]) -> None:
    distances, heights = np.linspace(0.0, 5.0, 11), np.zeros(11)
    raised = np.where((distances > 0) & (distances < 5), 20.0, 0.0)
    bare = intermediate_values(distances, heights, **link)
    cluttered = intermediate_values(distances, heights, clutter_m=20.0, **link)
    built = intermediate_values(distances, raised, **link)
    assert cluttered["Lbulla50"] == built["Lbulla50"] > bare["Lbulla50"]
    # the smooth surface and the horizons are of the ground alone
    assert (cluttered["hstd"], cluttered["th_t"]) == (bare["hstd"], bare["th_t"])


def test_location_percentage_shifts_the_loss_by_the_normal_quantile(link: dict[str, Any]) -> None:
    # I(0.1) = 1.2816 of the Recommendation's approximation, within 4.5e-4
    distances, heights = np.linspace(0.0, 5.0, 11), np.array([0, 0, 40, 60, 90, 80, 70, 30, 10, 0, 0])
    median = basic_transmission_loss(distances, heights, **link)
    most = basic_transmission_loss(distances, heights, location_percent=90.0, sigma_location_db=5.5, **link)
    few = basic_transmission_loss(distances, heights, location_percent=10.0, sigma_location_db=5.5, **link)
    assert most - median == pytest.approx(5.5 * 1.2816, abs=5e-3)
    assert median - few == pytest.approx(most - median, abs=1e-6)
    at_sea = [4] * 10 + [1]
    assert basic_transmission_loss(
        distances, heights, zones=at_sea, location_percent=90.0, sigma_location_db=5.5, **link
    ) == pytest.approx(basic_transmission_loss(distances, heights, zones=at_sea, **link), abs=1e-12)
