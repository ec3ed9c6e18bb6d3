"""The kinds of input that a user can bring."""

from enum import StrEnum

from geo.tables.coverage import COVERAGE
from geo.tables.districts import DISTRICTS
from geo.tables.facilities import FACILITIES
from geo.tables.measurements import MEASUREMENTS
from geo.tables.roads import ROADS
from geo.tables.schema import Table
from geo.tables.settlements import SETTLEMENTS
from geo.tables.sites import SITES


class Kind(StrEnum):
    """Kinds of input; `terrain`, and `coverage` as a GeoTIFF, are rasters, all others tables."""

    SETTLEMENTS = "settlements"
    BOUNDARIES = "boundaries"
    COVERAGE = "coverage"
    SITES = "sites"
    TERRAIN = "terrain"
    MEASUREMENTS = "measurements"
    FACILITIES = "facilities"
    ROADS = "roads"


TABLES: dict[Kind, Table] = {
    Kind.SETTLEMENTS: SETTLEMENTS,
    Kind.BOUNDARIES: DISTRICTS,
    Kind.COVERAGE: COVERAGE,
    Kind.SITES: SITES,
    Kind.MEASUREMENTS: MEASUREMENTS,
    Kind.FACILITIES: FACILITIES,
    Kind.ROADS: ROADS,
}
"""The canonical table of each kind that is one."""

DATE_COLUMNS: dict[Kind, str] = {
    Kind.SETTLEMENTS: "population_date",
    Kind.COVERAGE: "as_of",
    Kind.MEASUREMENTS: "measured_at",
}
"""The column that says of when a row is, for the kinds that have one."""
