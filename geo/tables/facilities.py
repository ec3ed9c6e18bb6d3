"""Facilities: public institutions whose access counts; WGS 84 points.

`kato` is the settlement that the facility serves; where it is null the nearest settlement within reach is taken.
"""

from geo.tables.schema import KATO_PATTERN, Column, Table
from geo.tables.words import FacilityKind

FACILITIES = Table(
    "facilities",
    [
        Column("facility_id"),
        Column("name"),
        Column("kind", required=True, nullable=False, choices=FacilityKind),
        Column("kato", pattern=KATO_PATTERN, accepts="Accepted: nine digits, as text"),
        Column("source"),
    ],
    geometry_types=frozenset({"Point"}),
    geometry_nullable=True,
)
