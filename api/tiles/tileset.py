"""What is drawn in the tiles of a selection, and how that is described."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

from api.features.collection import Collection, Rows
from api.features.columns import Column, Kind
from api.tiles.grid import LATITUDE_LIMIT, MAX_ZOOM, Tile
from api.tiles.layer import LAYERS, rows_near
from api.tiles.totals import FIRST_FEATURE_ZOOM, Totals, has_totals

_FIELDS: Mapping[Kind, str] = {
    "text": "String",
    "codes": "String",
    "date": "String",
    "timestamp": "String",
    "number": "Number",
    "integer": "Number",
    "boolean": "Boolean",
}
_GEOMETRY_TYPES = {1: "points", 2: "lines", 3: "polygons"}


@dataclass(frozen=True)
class TileLayer:
    """Features of a collection as a layer of tiles: `rows` of it (None: all), and the run's districts for totals."""

    collection: Collection
    rows: Rows | None
    areas: Collection | None

    def encode(self, tile: Tile) -> bytes:
        """The layer in one tile; empty where there is nothing of it."""
        if tile.zoom < FIRST_FEATURE_ZOOM and has_totals(self.collection):
            totals = self.totals
            return totals.layer(self.collection.kind.id).encode(tile, np.arange(len(totals.counts)))
        return LAYERS.of(self.collection).encode(tile, rows_near(self.collection, tile, self.rows))

    @cached_property
    def totals(self) -> Totals:
        """The district totals that tiles of small scale show."""
        return Totals.of(self.collection, self.areas, self.rows)

    @property
    def columns(self) -> Mapping[str, Column]:
        """Every property that features of the layer may have, those of the totals included."""
        totals = self.totals.columns if has_totals(self.collection) else {}
        return {**self.collection.columns, **totals}

    @property
    def bounds(self) -> tuple[float, float, float, float] | None:
        """West, south, east, north of what tiles show, degrees; None where they show nothing."""
        drawn = self.collection.geometries[self._chosen & self._drawn]
        if not len(drawn):
            return None
        west, south, east, north = shapely.total_bounds(drawn).tolist()
        return west, max(south, -LATITUDE_LIMIT), east, min(north, LATITUDE_LIMIT)

    @property
    def geometry_type(self) -> str | None:
        """``points``, ``lines`` or ``polygons``; None where the layer mixes them."""
        types = np.unique(LAYERS.of(self.collection).shapes.entry_type).tolist()
        return _GEOMETRY_TYPES[types[0]] if len(types) == 1 else None

    @property
    def counts(self) -> dict[str, int]:
        """How many features match, and how many of them no tile can show, by cause."""
        placed = ~shapely.is_missing(self.collection.geometries)
        chosen = self._chosen
        counts = {
            "numberMatched": int(chosen.sum()),
            "withoutGeometry": int((chosen & ~placed).sum()),
            "outsideTileMatrixSet": int((chosen & placed & ~self._drawn).sum()),
        }
        if has_totals(self.collection):
            totals = self.totals
            counts["withoutTotals"] = int(totals.counts[shapely.is_missing(totals.geometries)].sum())
        return counts

    @property
    def description(self) -> str:
        """What the layer holds at which scale."""
        text = self.collection.kind.description
        if not has_totals(self.collection):
            return f"{text} Every feature is in the tiles of every scale; one too small to draw is a mark of one unit."
        return (
            f"{text} Tile matrices 0 to {FIRST_FEATURE_ZOOM - 1} hold one point for each district with totals of the "
            f"features that match (totals_of = 'district'), from {FIRST_FEATURE_ZOOM} on every feature."
        )

    def tilejson(self) -> dict[str, Any]:
        """The layer as a member of TileJSON's `vector_layers`."""
        return {
            "id": self.collection.kind.id,
            "description": self.description,
            "minzoom": 0,
            "maxzoom": MAX_ZOOM,
            "fields": {name: _FIELDS[column.kind] for name, column in self.columns.items()},
            **self.counts,
        }

    def metadata(self) -> dict[str, Any]:
        """The layer as a member of `layers` of OGC tile set metadata."""
        geometry_type = self.geometry_type
        return {
            "id": self.collection.kind.id,
            "title": self.collection.kind.title,
            "description": self.description,
            "dataType": "vector",
            **({"geometryType": geometry_type} if geometry_type else {}),
            "minTileMatrix": "0",
            "maxTileMatrix": str(MAX_ZOOM),
            "propertiesSchema": {
                "type": "object",
                "properties": {name: column.schema for name, column in self.columns.items()},
            },
            **self.counts,
        }

    @cached_property
    def _chosen(self) -> npt.NDArray[np.bool_]:
        if self.rows is None:
            return np.ones(len(self.collection), dtype=bool)
        chosen = np.zeros(len(self.collection), dtype=bool)
        chosen[self.rows] = True
        return chosen

    @property
    def _drawn(self) -> npt.NDArray[np.bool_]:
        layer = LAYERS.of(self.collection)
        return layer.shapes.drawn[layer.place]


def bounds_of(layers: list[TileLayer]) -> tuple[float, float, float, float] | None:
    """The box around several layers."""
    boxes = [box for box in (layer.bounds for layer in layers) if box is not None]
    if not boxes:
        return None
    west, south, east, north = zip(*boxes, strict=True)
    return min(west), min(south), max(east), max(north)
