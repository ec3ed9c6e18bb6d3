"""Tables that an analysis makes.

**service**: one row per settlement, operator and technology. `share_covered` is the share of the settlement's
footprint inside the layer's area; `signal_dbm` is RSSI, RSCP or RSRP by technology; `probability_served` is the
probability that the technology meets the standard there, `probability_any` that it works at all. `tests` is how many
independent tests of today the measurements behind the row are worth, null where there are none.

**gaps**: one row per settlement of the run, all classes: the settlement's columns and what the analysis found.
`probability_served` is that of internet at standard and voice; `people_without` is people × (1 − that), null where
the population is not known; distances in km are geodesic; `nearest_road_km` is from the footprint; `facilities` is
the number of public institutions, null without a register of them; `score` 0–100; `rank` 1 is the worst gap, null for
a served place; `rank_low`–`rank_high` is the 5–95 % interval of the rank; `reasons` is a JSON array of reason codes
with the numbers behind them; `indicator_*` are the parts of the score in [0, 1], null where not known.
"""

from geo.tables.coverage import AS_OF, OPERATOR, TECHNOLOGY
from geo.tables.schema import Column, Table
from geo.tables.settlements import SETTLEMENTS
from geo.tables.words import Basis, ServiceClass

SERVICE = Table(
    "service",
    [
        Column("kato", required=True, nullable=False),
        OPERATOR,
        TECHNOLOGY,
        Column("share_covered", "number", low=0, high=1),
        Column("signal_dbm", "number"),
        Column("probability_served", "number", low=0, high=1, nullable=False),
        Column("probability_any", "number", low=0, high=1, nullable=False),
        Column("downlink_mbps", "number", low=0),
        Column("edge_distance_km", "number"),
        Column("basis", choices=Basis, nullable=False),
        AS_OF,
        Column("source"),
        Column("tests", "number", low=0),
    ],
)

INDICATORS = ("people", "severity", "remoteness", "no_emergency_call", "institutions")
"""Parts of the score, in the order of the standard's weights."""

GAPS = Table(
    "gaps",
    [
        *SETTLEMENTS.columns,
        Column("service_class", choices=ServiceClass, nullable=False),
        Column("best_technology"),
        Column("best_operator"),
        Column("signal_dbm", "number"),
        Column("probability_served", "number", low=0, high=1),
        Column("people_without", "number", low=0),
        Column("nearest_served_km", "number", low=0),
        Column("nearest_site_km", "number", low=0),
        Column("nearest_road_km", "number", low=0),
        Column("facilities", "integer", low=0),
        Column("score", "number", low=0, high=100),
        Column("rank", "integer", low=1),
        Column("rank_low", "integer", low=1),
        Column("rank_high", "integer", low=1),
        Column("scenario"),
        Column("basis", choices=Basis),
        Column("as_of"),
        Column("reasons"),
        *(Column(f"indicator_{name}", "number", low=0, high=1) for name in INDICATORS),
    ],
    geometry_types=SETTLEMENTS.geometry_types,
    geometry_nullable=True,
)
