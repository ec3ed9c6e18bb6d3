"""The drawing of the ground between a mast and a village."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maps.ground import draw_ground
from maps.i18n import get_language


def profile(heights: list[int], km: float = 20.0, **changes: Any) -> dict[str, Any]:
    return {
        "heights_m": heights,
        "distance_km": km,
        "site_height_m": 30.0,
        "receiver_height_m": 1.5,
        "frequency_mhz": 800.0,
        "earth_factor": 4 / 3,
        **changes,
    }


def points(path: str) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in re.findall(r"(-?[\d.]+),(-?[\d.]+)", path)]


def test_a_ridge_above_the_line_of_sight_blocks_it_and_level_ground_nearby_does_not() -> None:
    english = get_language("en")
    assert draw_ground(profile([100, 100, 200, 100, 100]), english).is_blocked
    assert not draw_ground(profile([100] * 5, km=5.0), english).is_blocked


def test_the_bulge_of_the_earth_alone_blocks_a_long_level_path() -> None:
    # 1000 · 20² / (2 · 4/3 · 6371) ≈ 23.5 m in the middle of 40 km; the line of sight is at 15.75 m there
    english = get_language("en")
    assert draw_ground(profile([100] * 41, km=40.0), english).is_blocked
    assert not draw_ground(profile([100] * 41, km=40.0, earth_factor=100.0), english).is_blocked


@given(
    st.lists(st.integers(-400, 6000), min_size=3, max_size=60),
    st.floats(0.3, 150),
    st.floats(1, 200),
    st.floats(400, 6000),
)
def test_everything_is_drawn_inside_the_frame_from_end_to_end(
    heights: list[int], km: float, mast_m: float, mhz: float
) -> None:
    drawing = draw_ground(profile(heights, km, site_height_m=mast_m, frequency_mhz=mhz), get_language("ru"))
    for path in (drawing.ground, drawing.sight, drawing.zone, drawing.masts):
        assert all(0 <= x <= drawing.width and 0 <= y <= drawing.height for x, y in points(path))
    assert points(drawing.sight)[0][0] == drawing.left
    assert points(drawing.sight)[-1][0] == drawing.right
    assert 2 <= len(drawing.along) <= 14
    assert all(drawing.left <= tick.at <= drawing.right + 0.1 for tick in drawing.along)


def test_a_mast_in_the_settlement_itself_can_be_drawn() -> None:
    drawing = draw_ground(profile([100, 100], km=0.0), get_language("en"))
    assert "nan" not in drawing.ground + drawing.zone
    assert not drawing.is_blocked


def test_axes_are_marked_in_the_language() -> None:
    drawing = draw_ground(profile([1000, 2500, 4000], km=9.0), get_language("ru"))
    assert [tick.text for tick in drawing.along] == ["0", "2", "4", "6", "8"]
    assert "2\u00a0000" in [tick.text for tick in drawing.heights]
    assert "2,000" in [tick.text for tick in draw_ground(profile([1000, 2500, 4000]), get_language("en")).heights]


def test_a_mark_stands_where_its_kilometre_is() -> None:
    drawing = draw_ground(profile([100, 100, 100], km=10.0), get_language("en"))
    first, *_, last = drawing.along
    assert first.at == pytest.approx(drawing.left)
    assert last.at == pytest.approx(drawing.right)
