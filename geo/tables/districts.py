"""Districts: the administrative areas that divide the region; WGS 84 polygons."""

from geo.tables.schema import Column, Table
from geo.tables.settlements import KATO

DISTRICTS = Table(
    "districts",
    [KATO, Column("name_kk"), Column("name_ru"), Column("name_en")],
    geometry_types=frozenset({"Polygon", "MultiPolygon"}),
)
