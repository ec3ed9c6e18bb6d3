"""How the features of a selection are shown."""

from dataclasses import dataclass

from api.features.crs import CRS84, ServedCrs


@dataclass(frozen=True)
class View:
    """Which properties (None: all, in the collection's order) and in which coordinate reference system."""

    properties: tuple[str, ...] | None = None
    crs: ServedCrs = CRS84
