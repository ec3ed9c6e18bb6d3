"""Which collections are served, and from which table of a run each is made."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from api.errors import NoSuchResource
from geo.tables.coverage import COVERAGE
from geo.tables.districts import DISTRICTS
from geo.tables.results import GAPS
from geo.tables.schema import Table
from geo.tables.sites import SITES
from geo.tables.words import ServiceClass

Frame = Any
"""A GeoDataFrame; geopandas carries no types."""


def every_row(frame: Frame) -> Frame:
    """The table as it is."""
    return frame


def gaps_by_rank(frame: Frame) -> Frame:
    """Rows whose class is not `served`, the worst gap first, those without a rank last."""
    gaps = frame[frame["service_class"] != str(ServiceClass.SERVED)]
    return gaps.sort_values("rank", kind="stable", na_position="last")


@dataclass(frozen=True)
class CollectionKind:
    """How one collection is made: which rows of which table, and which columns mean what.

    `id_column` None numbers the features from 1. `temporal` names the column of partial dates that the `datetime`
    parameter and the temporal extent use; `code_columns` hold JSON arrays of objects with a member ``code``;
    `geometry_name` is what filters call the geometry.
    """

    id: str
    table: Table
    title: str
    description: str
    id_column: str | None
    rows: Callable[[Frame], Frame] = every_row
    temporal: str = "as_of"
    code_columns: frozenset[str] = frozenset({"reasons"})
    geometry_name: str = "geometry"


@dataclass(frozen=True)
class Catalogue:
    """An immutable registry of collections, in the order in which they are listed."""

    kinds: Mapping[str, CollectionKind] = field(default_factory=lambda: MappingProxyType({}))

    def register(self, *kinds: CollectionKind) -> "Catalogue":
        """A copy with more collections; one of the same id replaces the earlier one."""
        return Catalogue(MappingProxyType({**self.kinds, **{kind.id: kind for kind in kinds}}))

    def __iter__(self) -> Iterator[CollectionKind]:
        return iter(self.kinds.values())

    def kind(self, collection_id: str) -> CollectionKind:
        """The collection of that id.

        Raises
        ------
        NoSuchResource
            When there is none.
        """
        try:
            return self.kinds[collection_id]
        except KeyError:
            raise NoSuchResource(
                f"there is no collection {collection_id[:80]!r}", "Collections: " + ", ".join(self.kinds)
            ) from None


DEFAULT_CATALOGUE = Catalogue().register(
    CollectionKind(
        "settlements",
        GAPS,
        "Settlements",
        "Every settlement of the run with its service class, score and rank.",
        "kato",
    ),
    CollectionKind(
        "gaps",
        GAPS,
        "Gaps",
        "Settlements whose service class is not 'served', ordered by rank, the worst first.",
        "kato",
        gaps_by_rank,
    ),
    CollectionKind("districts", DISTRICTS, "Districts", "Districts with their sums of settlements and people.", "kato"),
    CollectionKind(
        "coverage", COVERAGE, "Coverage layers", "Areas that an operator's technology is said to serve.", None
    ),
    CollectionKind("sites", SITES, "Sites", "Cells: one sector of one technology at one mast.", "cell_id"),
)
