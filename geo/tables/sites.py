"""Sites and cells: one row per cell, i.e. one sector of one technology at one mast; WGS 84 points.

`eirp_dbm` is the whole carrier's equivalent isotropically radiated power, antenna gain included; `height_m` is above
ground; `azimuth_deg` clockwise from true north, null for an omnidirectional antenna; `tilt_deg` is downward.
"""

from geo.tables.coverage import OPERATOR, TECHNOLOGY
from geo.tables.schema import Column, Table

CROWDSOURCED = "crowdsourced"
"""`status` of cells seen by handsets: a list of them is never whole, so that it says nothing of where it has none."""

SITES = Table(
    "sites",
    [
        Column("site_id", required=True, nullable=False),
        Column("cell_id", unique=True),
        OPERATOR,
        TECHNOLOGY,
        Column("band_mhz", "number", low=30, high=100_000),
        Column("bandwidth_mhz", "number", low=0.1, high=400),
        Column("eirp_dbm", "number", low=-30, high=100),
        Column("pattern"),
        Column("height_m", "number", low=1, high=3000),
        Column("azimuth_deg", "number", low=0, high=360),
        Column("beamwidth_deg", "number", low=1, high=360),
        Column("tilt_deg", "number", low=-90, high=90),
        Column("status"),
    ],
    geometry_types=frozenset({"Point"}),
)
