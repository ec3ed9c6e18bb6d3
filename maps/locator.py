"""Small drawn maps for pages without scripts: districts as outlines, places as symbols."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely

_PIXEL = 0.6


@dataclass(frozen=True)
class Shape:
    """The outline of a district as SVG path data; `chosen` is the one that the page is about."""

    kato: str
    name: str
    path: str
    chosen: bool


@dataclass(frozen=True)
class Mark:
    """A place on the drawing; `symbol` names its service class, `href` leads to its page."""

    kato: str
    name: str
    x: float
    y: float
    symbol: str
    chosen: bool = False


@dataclass(frozen=True)
class Locator:
    """A drawing of `width` by `height`; `scale_km` is the length of a bar of `scale_width`."""

    width: float
    height: float
    shapes: Sequence[Shape]
    marks: Sequence[Mark]
    scale_km: float
    scale_width: float


def draw_locator(
    districts: Sequence[tuple[str, str, Any]],
    places: Iterable[tuple[str, str, Any, str]],
    *,
    chosen: str | None,
    width: float,
    height_max: float,
    close_up: bool = False,
) -> Locator:
    """A map of districts in an equirectangular projection true to scale at its middle latitude.

    Parameters
    ----------
    districts
        (kato, name, geometry in WGS 84) of each; those without a geometry are not drawn.
    places
        (kato, name, geometry in WGS 84 or None, service class).
    chosen
        KATO of the district or place that the page is about.
    close_up
        Show the chosen district and what surrounds it, not the whole region.
    """
    known = [(kato, name, shape) for kato, name, shape in districts if shape is not None and not shape.is_empty]
    framed = [shape for kato, _, shape in known if close_up and kato == chosen] or [shape for _, _, shape in known]
    points = [(kato, name, place, word) for kato, name, place, word in places if place is not None]
    framed = framed or [place for _, _, place, _ in points] or [shapely.box(0, 0, 1, 1)]
    west, south, east, north = shapely.total_bounds(framed).tolist()
    squeeze = float(np.cos(np.radians((south + north) / 2)))
    span_x, span_y = max((east - west) * squeeze, 1e-3), max(north - south, 1e-3)
    padding = 14.0
    scale = min((width - 2 * padding) / span_x, (height_max - 2 * padding) / span_y)
    height = span_y * scale + 2 * padding
    left = (width - span_x * scale) / 2

    def on_paper(positions: Any) -> Any:
        return np.column_stack(
            [left + (positions[:, 0] - west) * squeeze * scale, padding + (north - positions[:, 1]) * scale]
        )

    drawn = shapely.simplify(shapely.transform([shape for _, _, shape in known], on_paper), _PIXEL)
    # outlines far outside the frame would only make the page longer
    frame = shapely.box(-width, -height, 2 * width, 2 * height)
    shapes = [
        Shape(kato, name, _path(shapely.intersection(shape, frame)), kato == chosen)
        for (kato, name, _), shape in zip(known, drawn, strict=True)
        if shape.intersects(frame)
    ]
    spots = shapely.transform([shapely.point_on_surface(place) for _, _, place, _ in points], on_paper)
    marks = [
        Mark(kato, name, round(spot.x, 1), round(spot.y, 1), word, kato == chosen)
        for (kato, name, _, word), spot in zip(points, spots, strict=True)
    ]
    km_per_unit = 111.2 / scale
    scale_km = next(km for km in (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 5000) if km / km_per_unit >= 50)
    return Locator(width, round(height, 1), shapes, marks, scale_km, round(scale_km / km_per_unit, 1))


def _path(shape: Any) -> str:
    parts = [part for part in shapely.get_parts(shape) if part.geom_type == "Polygon" and not part.is_empty]
    rings = [ring for part in parts for ring in _rings(part)]
    return "".join("M" + "L".join(f"{x:.1f},{y:.1f}" for x, y in ring) + "Z" for ring in rings)


def _rings(polygon: Any) -> list[Any]:
    return [shapely.get_coordinates(ring)[:-1].tolist() for ring in (polygon.exterior, *polygon.interiors)]
