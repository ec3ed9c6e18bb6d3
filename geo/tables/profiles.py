"""Table **profiles**: the ground between a settlement and the nearest mast that reaches it, one row per settlement.

`heights_m` are whole metres above sea level, separated by blanks, evenly spaced from the mast to the settlement along
the geodesic of `distance_km`. `site_height_m` and `receiver_height_m` are antenna heights above ground,
`frequency_mhz` that of the mast's cell that reaches farthest, `earth_factor` the effective over the actual radius of
the earth, `resolution_m` the terrain's. A settlement that no mast reaches, or whose path leaves the terrain, has none.
"""

from geo.tables.schema import Column, Table

PROFILES = Table(
    "profiles",
    [
        Column("kato", required=True, nullable=False, unique=True),
        Column("site_id"),
        Column("site_lon", "number", low=-180, high=180, nullable=False),
        Column("site_lat", "number", low=-90, high=90, nullable=False),
        Column("distance_km", "number", low=0, nullable=False),
        Column("site_height_m", "number", low=0, nullable=False),
        Column("receiver_height_m", "number", low=0, nullable=False),
        Column("frequency_mhz", "number", low=0, nullable=False),
        Column("earth_factor", "number", low=0, nullable=False),
        Column("source"),
        Column("resolution_m", "number", low=0),
        Column("heights_m", nullable=False, pattern=r"^-?\d+( -?\d+)+$"),
    ],
)
