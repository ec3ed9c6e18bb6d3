"""Folium figures without script in the page.

Folium draws a map by writing JavaScript with the data in it into the page. That excludes a strict Content Security
Policy, puts users' text next to code, and refers to assets on other hosts. Here the tree is folium's (a `folium.Map`
with `folium.map.Layer` children, kept by a `branca` figure), but each element *describes* itself as plain data
instead of writing code. `DataFigure` collects the descriptions; the page carries them in one JSON block, which
browsers do not execute, and the scripts under ``assets/shalgai`` draw from it. So:

- nothing in the page is executed but external scripts of the same origin (``script-src 'self'`` is enough);
- no text passes through a template that could read it as code (`branca` compiles rendered text as Jinja templates);
- folium's lists of assets, which live on its classes, are neither used nor changed;
- element ids are given, not random: the same input makes the same bytes.
"""

from typing import Any

import folium
from branca.element import Element, Figure
from folium.map import Layer

Bounds = tuple[float, float, float, float]
"""West, south, east, north in degrees."""


class DataFigure(Figure):
    """Root of a tree of elements that describe themselves."""

    def __init__(self) -> None:
        super().__init__()
        self._id = "figure"
        self._descriptions: list[dict[str, Any]] = []

    def add(self, description: dict[str, Any]) -> None:
        """Take the description of an element; elements call this when rendered."""
        self._descriptions.append(description)

    def describe(self) -> list[dict[str, Any]]:
        """Descriptions of all elements in the order of the tree."""
        self._descriptions = []
        for child in self._children.values():
            child.render()
        if self.script._children or self.html._children:
            raise TypeError("an element of this figure writes code into the page; derive it from DataElement")
        return self._descriptions


class DataElement(Element):
    """Mixin that replaces an element's rendering by its description."""

    def description(self) -> dict[str, Any]:
        """What the page's scripts need to draw this element; JSON values only."""
        raise NotImplementedError

    def render(self, **kwargs: Any) -> str:
        """Hand the description to the figure, then the children's; renders no text."""
        figure = self.get_root()
        if not isinstance(figure, DataFigure):
            raise TypeError("the element is not in a DataFigure")
        figure.add({"element": self.get_name(), **self.description()})
        for child in self._children.values():
            child.render(**kwargs)
        return ""


class RegionMap(DataElement, folium.Map):
    """The map of a region, without tiles: its districts are its basemap."""

    def __init__(self, bounds: Bounds) -> None:
        west, south, east, north = bounds
        super().__init__(
            location=((south + north) / 2, (west + east) / 2),
            tiles=None,
            zoom_control=False,
            control_scale=True,
            zoom_snap=0.25,
        )
        self._id = "region"
        self.bounds = bounds

    def description(self) -> dict[str, Any]:
        """Centre, extent and Leaflet's options."""
        west, south, east, north = self.bounds
        return {
            "type": "map",
            "center": self.location,
            "bounds": [[south, west], [north, east]],
            "options": {folium.utilities.camelize(name): value for name, value in sorted(self.options.items())},
        }


class CollectionLayer(DataElement, Layer):
    """A layer drawn from a collection of the service, which the browser fetches by its address.

    Parameters
    ----------
    kind
        Which drawing routine of the scripts: ``districts``, ``settlements`` or ``coverage``.
    collection
        Name of the collection.
    query
        Property filters of the request.
    show
        Whether the layer is on when the page opens.
    """

    def __init__(self, kind: str, collection: str, *, query: dict[str, str] | None = None, show: bool = True) -> None:
        name = "_".join([kind, *(query or {}).values()])
        super().__init__(name=name, overlay=True, show=show)
        self._id = name
        self.kind, self.collection, self.query = kind, collection, query or {}

    def description(self) -> dict[str, Any]:
        """Kind, address and whether it is shown at first."""
        return {"type": self.kind, "collection": self.collection, "query": self.query, "show": self.show}
