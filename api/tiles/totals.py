"""District totals: what tiles of small scale show in place of single settlements."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

from api.features.collection import Collection, Rows
from api.features.columns import Column
from api.tiles.layer import Layer
from api.tiles.memo import PerCollection
from geo.tables.words import ServiceClass

FIRST_FEATURE_ZOOM = 6
"""Tile matrix from which on settlements are drawn one by one. A district is some 60 pixels wide there."""

DISTRICT = "district_kato"
CLASS = "service_class"
SUMMED = ("population", "people_without")
_NAMES = ("kato", "name_kk", "name_ru", "name_en")

Integers = npt.NDArray[np.int64]


def has_totals(collection: Collection) -> bool:
    """Whether tiles of small scale show district totals of this collection."""
    return DISTRICT in collection.columns


@dataclass(frozen=True)
class Districts:
    """The districts to which the n rows of a collection belong.

    `district` i8[n] numbers them; `kato` has the code of each, None for the rows without one.
    """

    district: Integers
    kato: tuple[str | None, ...]

    @classmethod
    def of(cls, collection: Collection) -> "Districts":
        """Of a collection with a column of district codes."""
        numbers: dict[str | None, int] = {}
        codes = collection.columns[DISTRICT].jsonable()
        district = np.array([numbers.setdefault(code, len(numbers)) for code in codes], dtype=np.int64)
        return cls(district, tuple(numbers))


DISTRICTS = PerCollection(Districts.of)


@dataclass(frozen=True)
class Totals:
    """Sums over the features of a selection by district, of those districts that have any of them.

    `geometries` are points: on the district's area; without one, where its first settlement with a position is; else
    None.
    """

    geometries: npt.NDArray[Any]
    columns: Mapping[str, Column]
    counts: Integers

    @classmethod
    def of(cls, collection: Collection, areas: Collection | None, rows: Rows | None) -> "Totals":
        """Of the features in `rows` (None: all); `areas` are the run's districts."""
        grouping = DISTRICTS.of(collection)
        district = grouping.district if rows is None else grouping.district[rows]
        counts = np.bincount(district, minlength=len(grouping.kato))
        chosen = np.flatnonzero(counts)
        codes = [grouping.kato[number] for number in chosen]
        chosen_rows = np.arange(len(collection)) if rows is None else rows
        placed = ~shapely.is_missing(collection.geometries)

        def count_where(mask: npt.NDArray[np.bool_]) -> Integers:
            return np.bincount(district[mask[chosen_rows]], minlength=len(grouping.kato))[chosen]

        columns = dict(_names(codes, areas))
        columns["totals_of"] = _column("totals_of", np.full(len(chosen), "district", dtype=object))
        columns["count"] = _column("count", counts[chosen])
        columns["count_without_position"] = _column("count_without_position", count_where(~placed))
        if CLASS in collection.columns:
            for word in ServiceClass:
                name = f"count_{word}"
                columns[name] = _column(name, count_where(collection.columns[CLASS].equals(str(word))))
        for name in SUMMED:
            if name in collection.columns:
                column = collection.columns[name]
                known = np.where(column.missing, 0, column.values).astype(np.float64)[chosen_rows]
                sums = np.bincount(district, weights=known, minlength=len(grouping.kato))[chosen].round(3)
                columns[name] = _column(name, sums)
                columns[f"{name}_unknown"] = _column(f"{name}_unknown", count_where(column.missing))
        return cls(_places(codes, chosen, grouping, collection, areas), columns, counts[chosen])

    def layer(self, name: str) -> Layer:
        """A layer of that name, its rows the districts."""
        return Layer.of(name, self.geometries, self.columns, np.empty(0, dtype=np.int64))


def _names(codes: list[str | None], areas: Collection | None) -> dict[str, Column]:
    found = {name: np.empty(len(codes), dtype=object) for name in _NAMES}
    found["kato"][:] = codes
    for place, code in enumerate(codes):
        row = None if areas is None or code is None else areas.rows_by_id.get(code)
        if areas is not None and row is not None:
            for name in _NAMES[1:]:
                if name in areas.columns:
                    found[name][place] = areas.columns[name].values[row]
    return {name: _column(name, values) for name, values in found.items()}


def _places(
    codes: list[str | None], chosen: Integers, grouping: Districts, collection: Collection, areas: Collection | None
) -> npt.NDArray[Any]:
    places = np.full(len(codes), None, dtype=object)
    placed = np.flatnonzero(~shapely.is_missing(collection.geometries))
    numbers, first = np.unique(grouping.district[placed], return_index=True)
    settlement = dict(zip(numbers.tolist(), placed[first].tolist(), strict=True))
    for place, (code, number) in enumerate(zip(codes, chosen.tolist(), strict=True)):
        row = None if areas is None or code is None else areas.rows_by_id.get(code)
        if areas is not None and row is not None and areas.geometries[row] is not None:
            places[place] = areas.geometries[row]
        elif number in settlement:
            places[place] = collection.geometries[settlement[number]]
    return np.asarray(shapely.point_on_surface(places), dtype=object)


def _column(name: str, values: npt.NDArray[Any]) -> Column:
    if values.dtype == object:
        return Column(name, "text", values, np.array([value is None for value in values], dtype=bool))
    kind = "integer" if np.issubdtype(values.dtype, np.integer) else "number"
    return Column(name, kind, values, np.zeros(len(values), dtype=bool))  # type: ignore[arg-type]
