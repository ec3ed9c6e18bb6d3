"""Settlements: one row per place of the KATO classifier.

`population` is people. Where it is not published it is estimated (`population_basis = estimate`): what remains of the
nearest published total above the place (okrug, district, region) after the published figures below it is shared over
the places without a figure, okrug centres weighing more (`geo.ingest.population`). `population_low`–`population_high`
is its 5–95 % range. `geometry` is a WGS 84 point or footprint, null where the position is not known.
"""

from geo.tables.schema import KATO_PATTERN, PARTIAL_DATE_PATTERN, Column, Table
from geo.tables.words import PopulationBasis, SettlementKind

KATO = Column(
    "kato",
    required=True,
    nullable=False,
    pattern=KATO_PATTERN,
    unique=True,
    accepts="Accepted: nine digits, as text",
)

SETTLEMENTS = Table(
    "settlements",
    [
        KATO,
        Column("name_kk"),
        Column("name_ru"),
        Column("name_en"),
        Column("kind", choices=SettlementKind, default="village", nullable=False),
        Column("district_kato", pattern=KATO_PATTERN, accepts="Accepted: nine digits, as text"),
        Column("okrug_kato", pattern=KATO_PATTERN, accepts="Accepted: nine digits, as text"),
        Column("is_okrug_centre", "boolean"),
        Column(
            "population",
            "integer",
            low=0,
            accepts="Accepted: a whole number of people, 0 or more; empty if unknown",
        ),
        Column("population_low", "integer", low=0),
        Column("population_high", "integer", low=0),
        Column("population_basis", choices=PopulationBasis),
        Column("population_date", pattern=PARTIAL_DATE_PATTERN, accepts="Accepted: YYYY, YYYY-MM or YYYY-MM-DD"),
        Column("position_source"),
    ],
    geometry_types=frozenset({"Point", "Polygon", "MultiPolygon"}),
    geometry_nullable=True,
)
