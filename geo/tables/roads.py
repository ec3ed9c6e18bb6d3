"""Roads: lines along which people travel; WGS 84 lines.

`road_class` follows OpenStreetMap's words (`trunk`, `primary`, …, `track`), null where the source has none.
"""

from geo.tables.schema import Column, Table

ROADS = Table(
    "roads",
    [Column("road_id"), Column("name"), Column("road_class"), Column("surface"), Column("source")],
    geometry_types=frozenset({"LineString", "MultiLineString"}),
)
