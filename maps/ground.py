"""The ground between a mast and a settlement drawn: terrain over the curved earth, line of sight, Fresnel zone."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from maps.i18n import Language

EARTH_RADIUS_KM = 6371.0
_LIGHT_M_GHZ = 0.299792458
_WIDTH, _HEIGHT = 760.0, 250.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 46.0, 12.0, 16.0, 30.0
_TICKS = (1.0, 2.0, 2.5, 5.0, 10.0)

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Tick:
    """A mark of an axis: where on the drawing, and what it says."""

    at: float
    text: str


@dataclass(frozen=True)
class GroundDrawing:
    """SVG path data in a drawing of `width` by `height`, the mast at the left.

    `ground` is the terrain raised by the bulge of the earth, `sight` the straight line between the antennas, `zone` the
    first Fresnel zone around it, `masts` the antennas' supports. `is_blocked` tells whether ground stands above the
    line.
    """

    width: float
    height: float
    ground: str
    sight: str
    zone: str
    masts: str
    along: list[Tick]
    heights: list[Tick]
    baseline: float
    left: float
    right: float
    is_blocked: bool


def draw_ground(profile: Mapping[str, Any], language: Language) -> GroundDrawing:
    """The drawing of a profile as `geo.access.explain` tells it.

    Heights are above sea level; the bulge of the earth at distance d1 and d2 from the ends is d1 d2 / (2 k R), k the
    effective over the actual radius; the radius of the first Fresnel zone is sqrt(wavelength d1 d2 / (d1 + d2)).
    """
    ground = np.asarray(profile["heights_m"], dtype=float)
    # a mast in the settlement itself is drawn as a metre away
    total_km = max(float(profile["distance_km"]), 0.001)
    along = np.linspace(0.0, total_km, len(ground))
    product = along * (total_km - along)
    bulge_m = 500.0 * product / (EARTH_RADIUS_KM * float(profile["earth_factor"]))
    surface = ground + bulge_m
    tip = ground[0] + float(profile["site_height_m"]), ground[-1] + float(profile["receiver_height_m"])
    sight = tip[0] + (tip[1] - tip[0]) * along / total_km
    fresnel = np.sqrt(1000.0 * _LIGHT_M_GHZ / (float(profile["frequency_mhz"]) / 1000.0) * product / total_km)
    low = float(min(surface.min(), ground.min()))
    high = float(max(surface.max(), (sight + fresnel).max(), *tip))
    margin = max(5.0, 0.08 * (high - low))
    low, high = low - margin, high + margin

    def x(km: Floats) -> Floats:
        return _LEFT + km / total_km * (_WIDTH - _LEFT - _RIGHT)

    def y(metres: Floats | float) -> Floats:
        return np.asarray(_HEIGHT - _BOTTOM - (metres - low) / (high - low) * (_HEIGHT - _TOP - _BOTTOM), dtype=float)

    across = x(along)
    floor = _HEIGHT - _BOTTOM
    return GroundDrawing(
        width=_WIDTH,
        height=_HEIGHT,
        ground=f"{_line(across, y(surface))}L{across[-1]:.1f},{floor:.1f}L{across[0]:.1f},{floor:.1f}Z",
        sight=_line(across[[0, -1]], y(sight[[0, -1]])),
        zone=_line(
            np.concatenate([across, across[::-1]]),
            np.concatenate([y(sight + fresnel), y(np.maximum(sight - fresnel, low))[::-1]]),
        )
        + "Z",
        masts="".join(_line(across[[end, end]], y(np.array([ground[end], tip[end]]))) for end in (0, -1)),
        along=[Tick(float(x(np.array(v))), language.number(v)) for v in _round_values(0.0, total_km, 6)],
        heights=[Tick(float(y(v)), language.number(v)) for v in _round_values(low, high, 5)],
        baseline=floor,
        left=_LEFT,
        right=_WIDTH - _RIGHT,
        is_blocked=bool((surface[1:-1] > sight[1:-1]).any()),
    )


def _line(across: Floats, down: Floats) -> str:
    return "M" + "L".join(f"{a:.1f},{b:.1f}" for a, b in zip(across.tolist(), down.tolist(), strict=True))


def _round_values(low: float, high: float, about: int) -> list[float]:
    """Round numbers between two, about as many as asked."""
    rough = (high - low) / about
    unit = 10.0 ** np.floor(np.log10(rough))
    step = next(unit * tick for tick in _TICKS if unit * tick >= rough)
    first = np.ceil(low / step)
    values = (np.arange(first, np.floor(high / step) + 1) * step).tolist()
    return [round(value, 6) + 0.0 for value in values]
