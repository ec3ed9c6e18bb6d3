"""A collection in memory: columns, spatial index, and each feature's GeoJSON made once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson
import shapely

from api.errors import NoSuchResource
from api.features.catalogue import CollectionKind, Frame
from api.features.columns import Column
from api.features.ordering import Key, ranks, sorted_rows
from api.features.temporal import Times
from api.features.view import View

COORDINATE_DECIMALS = 6
"""About 0.1 m on the ground."""

_NO_IDS = (None, "", ".", "..")
Rows = npt.NDArray[np.int64]
_AS_STORED = View()


@dataclass(frozen=True)
class Collection:
    """The features of one collection of one run, immutable.

    `encoded[i]` is the GeoJSON of row `i`, whose geometry are the bytes from `geometry_spans[i, 0]` to
    `geometry_spans[i, 1]` of it; `rows_by_id` finds it by the text of its id. `geometries` are as served, i.e.
    rounded, so that a box answers for the coordinates that a client sees. `bounds` is west, south, east, north, None
    where no feature has a geometry.
    """

    kind: CollectionKind
    columns: Mapping[str, Column]
    geometries: npt.NDArray[Any]
    tree: shapely.STRtree
    times: Times | None
    encoded: tuple[bytes, ...]
    geometry_spans: npt.NDArray[np.int64]
    ids: Sequence[Any]
    rows_by_id: Mapping[str, int]
    bounds: tuple[float, float, float, float] | None
    _ranks: dict[str, npt.NDArray[np.int64]] = field(default_factory=dict, repr=False, compare=False)

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
        encoded, spans = _encode(ids, geometries, columns)
        return cls(
            kind=kind,
            columns=columns,
            geometries=geometries,
            tree=shapely.STRtree(geometries),
            times=times,
            encoded=encoded,
            geometry_spans=spans,
            ids=ids,
            rows_by_id={str(feature_id): row for row, feature_id in enumerate(ids)},
            bounds=tuple(shapely.total_bounds(known).tolist()) if len(known) else None,
        )

    def __len__(self) -> int:
        return len(self.encoded)

    def ordered(self, rows: Rows | None, keys: Sequence[Key]) -> Rows | None:
        """The rows sorted by columns, the first key first; stable, and rows without a value come last."""
        if not keys:
            return rows
        for key in keys:
            if key.name not in self._ranks:
                # made once for each column: the columns never change
                self._ranks[key.name] = ranks(self.columns[key.name])
        chosen = np.arange(len(self), dtype=np.int64) if rows is None else rows
        return sorted_rows(chosen, [(self._ranks[key.name], key.descending) for key in keys])

    def page(self, rows: Rows | None, offset: int, limit: int, view: View = _AS_STORED) -> tuple[int, Sequence[bytes]]:
        """How many features match, and the encoded ones of a page of them."""
        matched = len(self.encoded) if rows is None else len(rows)
        if rows is None and view == _AS_STORED:
            return matched, self.encoded[offset : offset + limit]
        wanted = np.arange(offset, min(offset + limit, matched)) if rows is None else rows[offset : offset + limit]
        return matched, self.written(wanted, view)

    def row(self, feature_id: str) -> int:
        """The row of the feature of that id.

        Raises
        ------
        NoSuchResource
            When there is none.
        """
        row = self.rows_by_id.get(feature_id)
        if row is None:
            raise NoSuchResource(f"collection '{self.kind.id}' has no feature {feature_id[:80]!r}")
        return row

    def values(self, rows: Rows, names: Sequence[str]) -> list[list[Any]]:
        """For each named column its values in some rows as JSON has them, None where missing."""
        return [
            replace(column, values=column.values[rows], missing=column.missing[rows]).jsonable()
            for column in (self.columns[name] for name in names)
        ]

    def written(self, rows: Rows, view: View) -> Sequence[bytes]:
        """The GeoJSON of rows with the properties and in the system of a view."""
        encoded = self.encoded
        numbers = rows.tolist()
        if view == _AS_STORED:
            return [encoded[row] for row in numbers]
        spans = self.geometry_spans[rows].tolist()
        if view.crs is _AS_STORED.crs:
            shapes = [encoded[row][start:end] for row, (start, end) in zip(numbers, spans, strict=True)]
        else:
            shapes = _shape_texts(view.crs.from_wgs84(self.geometries[rows]))
        if view.properties is None:
            return [
                b"%b%b%b" % (encoded[row][:start], shape, encoded[row][end:])
                for row, shape, (start, end) in zip(numbers, shapes, spans, strict=True)
            ]
        heads = (encoded[row][:start] for row, (start, _) in zip(numbers, spans, strict=True))
        bodies = _property_texts(view.properties, self.values(rows, view.properties))
        return [
            b'%b%b,"properties":%b}' % parts for parts in zip(heads, shapes, bodies or [b"{}"] * len(rows), strict=True)
        ]


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
    # the column may leave some rows without an id of their own, or with one that is no part of an address
    given = columns[kind.id_column].jsonable()
    ids = [n if one in _NO_IDS else one for n, one in zip(numbers, given, strict=True)]
    return ids if len({str(i) for i in ids}) == count else numbers


def _encode(
    ids: Sequence[Any], geometries: npt.NDArray[Any], columns: Mapping[str, Column]
) -> tuple[tuple[bytes, ...], npt.NDArray[np.int64]]:
    """Each feature's GeoJSON, and where in it the geometry begins and ends."""
    heads = [b'{"type":"Feature","id":%b,"geometry":' % orjson.dumps(feature_id) for feature_id in ids]
    shapes = _shape_texts(geometries)
    bodies = _property_texts(tuple(columns), [column.jsonable() for column in columns.values()]) or [b"{}"] * len(heads)
    starts = np.array([len(head) for head in heads], dtype=np.int64)
    spans = np.column_stack((starts, starts + np.array([len(shape) for shape in shapes], dtype=np.int64)))
    parts = zip(heads, shapes, bodies, strict=True)
    return tuple(b'%b%b,"properties":%b}' % feature for feature in parts), spans


def _shape_texts(geometries: npt.NDArray[Any]) -> list[bytes]:
    return [b"null" if text is None else text.encode() for text in shapely.to_geojson(geometries).tolist()]


def _property_texts(names: Sequence[str], values: Sequence[Sequence[Any]]) -> list[bytes]:
    """The JSON object of each row from the columns' values; none where there is no column."""
    return [orjson.dumps(dict(zip(names, row, strict=True))) for row in zip(*values, strict=True)]
