"""Coverage layers: areas that an operator's technology is said to serve; WGS 84 polygons.

`threshold_dbm` is the signal level that the area guarantees at its edge, `downlink_mbps` the speed it promises; null
where the source states none. `as_of` is the date of the statement. `scenario` names the planning question that the
area belongs to, null for evidence.
"""

from geo.tables.schema import PARTIAL_DATE_PATTERN, Column, Table
from geo.tables.words import UNSPECIFIED_OPERATOR, Basis, Technology

OPERATOR = Column("operator", default=UNSPECIFIED_OPERATOR, nullable=False)
TECHNOLOGY = Column("technology", required=True, nullable=False, choices=Technology)
AS_OF = Column("as_of", pattern=PARTIAL_DATE_PATTERN, accepts="Accepted: YYYY, YYYY-MM or YYYY-MM-DD")

COVERAGE = Table(
    "coverage",
    [
        OPERATOR,
        TECHNOLOGY,
        Column("basis", choices=Basis, default="declared", nullable=False),
        Column("scenario"),
        Column("threshold_dbm", "number", low=-160, high=0),
        Column("downlink_mbps", "number", low=0),
        AS_OF,
        Column("source"),
    ],
    geometry_types=frozenset({"Polygon", "MultiPolygon"}),
)
