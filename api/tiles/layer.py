"""A collection prepared for tiles, and the layer of one tile."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

from api.features.collection import Collection, Rows
from api.features.columns import Column
from api.tiles.attributes import Attributes, varint
from api.tiles.geometry import Shapes, spatial_order
from api.tiles.grid import Tile
from api.tiles.memo import PerCollection

_LARGEST_ID = 2**53
"""What a JavaScript client can hold exactly."""


@dataclass(frozen=True)
class Layer:
    """What every tile of a collection is made from: positions projected and values encoded once.

    Rows are held in spatial order, so that those of a tile lie close together in memory; `place` i8[n] is where each of
    the collection's rows is. `ids` i8[n] are empty where the features' ids are not whole numbers. `head` and `tail` are
    the layer's fields that do not depend on the tile.
    """

    place: Rows
    shapes: Shapes
    attributes: Attributes
    ids: npt.NDArray[np.int64]
    head: bytes
    tail: bytes

    @classmethod
    def of(
        cls, name: str, geometries: npt.NDArray[Any], columns: Mapping[str, Column], ids: npt.NDArray[np.int64]
    ) -> "Layer":
        """Prepare a layer of that name from WGS 84 geometries and their properties."""
        from api.tiles.kernels import EXTENT

        order = spatial_order(geometries)
        place = np.empty(len(order), dtype=np.int64)
        place[order] = np.arange(len(order))
        attributes = Attributes.of(columns, order)
        written = name.encode()
        keys = [key.encode("utf-8", "replace") for key in attributes.keys]
        return cls(
            place,
            Shapes.of(geometries[order]),
            attributes,
            ids[order] if len(ids) else ids,
            b"\x0a" + varint(len(written)) + written,
            b"".join(b"\x1a" + varint(len(key)) + key for key in keys) + b"\x28" + varint(EXTENT) + b"\x78\x02",
        )

    @property
    def size(self) -> int:
        """Positions and values: what a tile with all of it takes, times some 30 ns."""
        return len(self.shapes.xy) + self.attributes.codes.size

    def encode(self, tile: Tile, rows: Rows) -> bytes:
        """The layer of a tile with those rows that touch it, as field 3 of a tile; empty when none does."""
        # numba is imported and the kernels are compiled on first use
        from api.tiles.kernels import EXTENT, encode_features

        shapes, attributes = self.shapes, self.attributes
        features, values = encode_features(
            self.place[rows],
            shapes.entry_start,
            shapes.entry_type,
            shapes.entry_ring,
            shapes.ring_start,
            shapes.is_hole,
            shapes.longest,
            shapes.largest,
            shapes.boxes,
            shapes.xy,
            float(EXTENT << tile.zoom),
            float(EXTENT * tile.column),
            float(EXTENT * tile.row),
            self.ids,
            attributes.codes,
            attributes.shared_values,
            attributes.row_bytes,
            attributes.value_start,
            attributes.value_bytes,
        )
        if not len(features):
            return b""
        size = len(self.head) + len(features) + len(values) + len(self.tail)
        return b"".join((b"\x1a", varint(size), self.head, features.data, values.data, self.tail))


def rows_near(collection: Collection, tile: Tile, rows: Rows | None) -> Rows:
    """Those of `rows` (None: all) whose box touches a tile and its buffer, in the collection's order."""
    from api.tiles.kernels import BUFFER, EXTENT

    near: Rows = np.sort(collection.tree.query(shapely.box(*tile.box((BUFFER + 1) / EXTENT))))
    if rows is None:
        return near
    wanted = np.zeros(len(collection), dtype=bool)
    wanted[rows] = True
    return near[wanted[near]]


def compile_kernels() -> None:
    """Have the kernels compiled, or read from disk: seconds once for an installation, else a moment."""
    Layer.of("", np.array([shapely.Point(0, 0)]), {}, np.zeros(1, dtype=np.int64)).encode(
        Tile(0, 0, 0), np.zeros(1, int)
    )


def _of_collection(collection: Collection) -> Layer:
    ids = _whole_ids(list(collection.rows_by_id))
    return Layer.of(collection.kind.id, collection.geometries, collection.columns, ids)


def _whole_ids(ids: list[str]) -> npt.NDArray[np.int64]:
    if not all(text.isascii() and text.isdigit() and len(text) <= 16 for text in ids):
        return np.empty(0, dtype=np.int64)
    numbers = np.array([int(text) for text in ids], dtype=np.int64)
    sound = len(np.unique(numbers)) == len(numbers) and numbers.max(initial=0) <= _LARGEST_ID
    return numbers if sound else np.empty(0, dtype=np.int64)


LAYERS = PerCollection(_of_collection)
"""The layers of collections, each with every feature of its collection."""
