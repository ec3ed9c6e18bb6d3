"""Tables of published statements: population figures and reports on named places."""

from geo.tables.coverage import OPERATOR
from geo.tables.schema import KATO_PATTERN, PARTIAL_DATE_PATTERN, Column, Table
from geo.tables.settlements import KATO
from geo.tables.words import PopulationBasis, ReportStatus

_CODE = Column("kato", required=True, nullable=False, pattern=KATO_PATTERN, accepts="Accepted: nine digits, as text")
_DATE = Column("date", pattern=PARTIAL_DATE_PATTERN, accepts="Accepted: YYYY, YYYY-MM or YYYY-MM-DD")

POPULATION_FIGURES = Table(
    "population",
    [
        _CODE,
        Column("level", required=True, nullable=False),
        Column("population", "integer", required=True, nullable=False, low=0),
        _DATE,
        Column("basis", required=True, nullable=False, choices=PopulationBasis),
        Column("source"),
    ],
)
"""Published population figures of the region, districts, okrugs and settlements; people."""

REPORTS = Table(
    "reports",
    [
        _CODE,
        Column("level", required=True, nullable=False),
        Column("name"),
        _DATE,
        OPERATOR,
        Column("technology"),
        Column("status", required=True, nullable=False, choices=ReportStatus),
        Column("note"),
        Column("source"),
    ],
)
"""Dated statements about places; only rows of level `settlement` speak of a settlement of the table."""

OKRUGS = Table(
    "okrugs",
    [
        KATO,
        Column("name_kk"),
        Column("name_ru"),
        Column("name_en"),
        Column("district_kato", pattern=KATO_PATTERN),
    ],
)
"""Rural okrugs and town administrations, the level between district and settlement."""
