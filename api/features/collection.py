"""A collection in memory: columns, spatial index, and each feature's GeoJSON made once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson
import shapely

from api.errors import NoSuchResource
from api.features.catalogue import CollectionKind, Frame
from api.features.columns import Column
from api.features.temporal import Times

COORDINATE_DECIMALS = 6
"""About 0.1 m on the ground."""

Rows = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Collection:
    """The features of one collection of one run, immutable.

    `encoded[i]` is the GeoJSON of row `i`; `rows_by_id` finds it by the text of its id. `geometries` are as served,
    i.e. rounded, so that a box answers for the coordinates that a client sees. `bounds` is west, south, east, north,
    None where no feature has a geometry.
    """

    kind: CollectionKind
    columns: Mapping[str, Column]
    geometries: npt.NDArray[Any]
    tree: shapely.STRtree
    times: Times | None
    encoded: tuple[bytes, ...]
    rows_by_id: Mapping[str, int]
    bounds: tuple[float, float, float, float] | None

    @classmethod
    def from_frame(cls, kind: CollectionKind, frame: Frame) -> "Collection":
        """Select a table's rows and encode them."""
        frame = kind.rows(frame)
        names = [str(name) for name in frame.columns if name != frame.geometry.name]
        columns = {n: Column.from_series(n, frame[n], codes=n in kind.code_columns) for n in names}
        geometries = served_geometries(frame.geometry.to_numpy())
        ids = _feature_ids(kind, columns, len(frame))
        times = Times.from_dates(columns[kind.temporal].jsonable()) if kind.temporal in columns else None
        known = geometries[~shapely.is_missing(geometries)]
        return cls(
            kind=kind,
            columns=columns,
            geometries=geometries,
            tree=shapely.STRtree(geometries),
            times=times,
            encoded=tuple(_encode(ids, geometries, columns)),
            rows_by_id={str(feature_id): row for row, feature_id in enumerate(ids)},
            bounds=tuple(shapely.total_bounds(known).tolist()) if len(known) else None,
        )

    def __len__(self) -> int:
        return len(self.encoded)

    def page(self, rows: Rows | None, offset: int, limit: int) -> tuple[int, Sequence[bytes]]:
        """How many features match, and the encoded ones of a page of them."""
        if rows is None:
            return len(self.encoded), self.encoded[offset : offset + limit]
        encoded = self.encoded
        return len(rows), [encoded[row] for row in rows[offset : offset + limit].tolist()]

    def feature(self, feature_id: str) -> bytes:
        """The encoded feature of that id.

        Raises
        ------
        NoSuchResource
            When there is none.
        """
        row = self.rows_by_id.get(feature_id)
        if row is None:
            raise NoSuchResource(f"collection '{self.kind.id}' has no feature {feature_id[:80]!r}")
        return self.encoded[row]


def served_geometries(geometries: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Geometries as GeoJSON wants them: two dimensions, few decimals, shells counter-clockwise; None where empty."""
    flat = shapely.transform(geometries, lambda positions: np.round(positions, COORDINATE_DECIMALS))
    served = np.array(shapely.orient_polygons(flat), dtype=object)
    served[shapely.is_empty(served)] = None
    return served


def _feature_ids(kind: CollectionKind, columns: Mapping[str, Column], count: int) -> list[Any]:
    numbers = list(range(1, count + 1))
    if kind.id_column is None or kind.id_column not in columns:
        return numbers
    # the column may leave some rows without an id of their own; features need one each
    ids = [n if given is None else given for n, given in zip(numbers, columns[kind.id_column].jsonable(), strict=True)]
    return ids if len({str(i) for i in ids}) == count else numbers


def _encode(ids: Sequence[Any], geometries: npt.NDArray[Any], columns: Mapping[str, Column]) -> list[bytes]:
    names = list(columns)
    values = [column.jsonable() for column in columns.values()]
    shapes = shapely.to_geojson(geometries).tolist()
    rows = zip(*values, strict=True) if values else [()] * len(ids)
    return [
        b'{"type":"Feature","id":%b,"geometry":%b,"properties":%b}'
        % (
            orjson.dumps(feature_id),
            b"null" if shape is None else shape.encode(),
            orjson.dumps(dict(zip(names, row, strict=True))),
        )
        for feature_id, shape, row in zip(ids, shapes, rows, strict=True)
    ]
