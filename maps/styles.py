"""How things look on the maps: one source for the legend, which Python writes, and the map, which scripts draw.

Colours were chosen to stay apart for readers with red-green and blue-yellow blindness; each class also has a shape.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from geo.tables.words import ServiceClass, Technology

_CIRCLE = "M1,0A1,1 0 1 1 -1,0A1,1 0 1 1 1,0Z"


@dataclass(frozen=True)
class Symbol:
    """Marker of a service class: an SVG path drawn about the origin, with a radius of about 1."""

    path: str
    fill: str
    stroke: str
    stroke_width: float
    fixed_radius: float | None = None
    """Radius in pixels where the size does not tell people."""


SYMBOLS: dict[ServiceClass, Symbol] = {
    ServiceClass.UNSERVED: Symbol("M0,-1.3L1.2,0.85H-1.2Z", "#b3260a", "#ffffff", 1.25),
    ServiceClass.VOICE_ONLY: Symbol("M0,-1.25L1.25,0L0,1.25L-1.25,0Z", "#f0a202", "#4a3000", 1.25),
    ServiceClass.BELOW_STANDARD: Symbol("M-0.9,-0.9H0.9V0.9H-0.9Z", "#2a6fb0", "#ffffff", 1.25),
    ServiceClass.UNKNOWN: Symbol(_CIRCLE, "#ffffff", "#3b3547", 1.5),
    ServiceClass.SERVED: Symbol(_CIRCLE, "#6d6a75", "#ffffff", 0.75, fixed_radius=2.75),
}
"""In the order of the legend; the most severe first."""

REACH_SYMBOLS: dict[str, Symbol] = {
    "reached": Symbol("M-0.9,-0.9H0.9V0.9H-0.9Z", "#1d5fa3", "#ffffff", 1.25),
    "doubtful": Symbol("M0,-1.25L1.25,0L0,1.25L-1.25,0Z", "#f0a202", "#4a3000", 1.25),
    "missed": Symbol("M0,-1.3L1.2,0.85H-1.2Z", "#b3260a", "#ffffff", 1.25),
    "unknown": Symbol(_CIRCLE, "#ffffff", "#3b3547", 1.5),
}
"""Whether one operator's technology meets the standard at a settlement."""

CHANGE_SYMBOLS: dict[str, Symbol] = {
    "lost": Symbol("M-1.2,-0.85H1.2L0,1.3Z", "#b3260a", "#ffffff", 1.25),
    "gained": Symbol("M0,-1.3L1.2,0.85H-1.2Z", "#1d5fa3", "#ffffff", 1.25),
    "no_longer_known": Symbol("M0,-1.25L1.25,0L0,1.25L-1.25,0Z", "#ffffff", "#b3260a", 1.75),
    "now_known": Symbol("M0,-1.25L1.25,0L0,1.25L-1.25,0Z", "#ffffff", "#1d5fa3", 1.75),
    "class": Symbol("M-0.9,-0.9H0.9V0.9H-0.9Z", "#f0a202", "#4a3000", 1.25),
    "appeared": Symbol(
        "M-0.35,-1.1H0.35V-0.35H1.1V0.35H0.35V1.1H-0.35V0.35H-1.1V-0.35H-0.35Z", "#1d5fa3", "#ffffff", 1
    ),
    "disappeared": Symbol("M-1.1,-0.35H1.1V0.35H-1.1Z", "#b3260a", "#ffffff", 1),
    "figures": Symbol(_CIRCLE, "#6d6a75", "#ffffff", 0.75, fixed_radius=2.75),
}
"""What happened to a settlement from one run to another."""

SHARE_BREAKS: tuple[float, ...] = (0.02, 0.05, 0.10, 0.25)
"""Lower bounds of the second and following steps of the ramp: shares of residents expected to be without service.

Fixed, not quantiles of the data: the same shade means the same in every run, scenario and region.
"""

SHARE_RAMP: tuple[str, ...] = ("#f7f3f8", "#e4d8eb", "#cab4d8", "#aa8abf", "#8560a2")
UNKNOWN_FILL = "#ebe8e1"
UNKNOWN_HATCH = "#a39d90"


@dataclass(frozen=True)
class Hatch:
    """Line pattern that shows where a technology is said to serve; `angle` in degrees, `spacing` in pixels."""

    colour: str
    angle: int
    spacing: float
    width: float


_HATCHES: dict[str, Hatch] = {
    Technology.G2: Hatch("#0f6b62", 0, 5, 1.2),
    Technology.G3: Hatch("#0b7fab", 45, 5, 1.4),
    Technology.G4: Hatch("#1e4fa3", 135, 5, 1.6),
    Technology.G5: Hatch("#0a2f6b", 90, 4, 1.8),
}
_OTHER_HATCH = Hatch("#40566b", 20, 6, 1.2)


def hatch(technology: str) -> Hatch:
    """The pattern of a technology; the fixed ones and unstated generations share one."""
    return _HATCHES.get(technology, _OTHER_HATCH)


def in_order(technologies: Iterable[str]) -> list[str]:
    """Technologies in the order of their vocabulary, each once."""
    known = [str(t) for t in Technology]
    return sorted(set(technologies), key=lambda t: (known.index(t) if t in known else len(known), t))


def as_data() -> dict[str, Any]:
    """The styles as the page's scripts read them."""
    return {
        "classes": _symbols(SYMBOLS),
        "reach": _symbols(REACH_SYMBOLS),
        "changes": _symbols(CHANGE_SYMBOLS),
        "breaks": list(SHARE_BREAKS),
        "ramp": list(SHARE_RAMP),
    }


def _symbols(symbols: Mapping[Any, Symbol]) -> list[dict[str, Any]]:
    """A list, as order is meaning: the most severe first."""
    return [
        {
            "name": str(name),
            "path": s.path,
            "fill": s.fill,
            "stroke": s.stroke,
            "strokeWidth": s.stroke_width,
            "fixedRadius": s.fixed_radius,
        }
        for name, s in symbols.items()
    ]
