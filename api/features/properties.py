"""What the properties of the canonical tables mean, and JSON Schema of any column."""

from collections.abc import Mapping
from typing import Any

from api.features.collection import Collection
from api.features.columns import Column
from geo.tables.schema import Column as TableColumn

TEXTS: Mapping[str, tuple[str, str]] = {
    "kato": ("KATO code", "Code of the place in the classifier KATO, nine digits."),
    "name_kk": ("Name in Kazakh", "Name in Kazakh."),
    "name_ru": ("Name in Russian", "Name in Russian."),
    "name_en": ("Name in English", "Name in English or Latin letters."),
    "kind": ("Kind", "Kind of place, of institution or of thing."),
    "district_kato": ("District", "KATO code of the district."),
    "okrug_kato": ("Rural okrug", "KATO code of the rural okrug."),
    "is_okrug_centre": ("Okrug centre", "Whether the place is the centre of its rural okrug."),
    "population": ("Population", "People; where not published, an estimate with a range."),
    "population_low": ("Population, low", "Lower end (5 %) of the range of the population."),
    "population_high": ("Population, high", "Upper end (95 %) of the range of the population."),
    "population_basis": ("Basis of the population", "Where the population comes from; 'estimate' was not published."),
    "population_date": ("Date of the population", "Date of the published population."),
    "position_source": ("Source of the position", "Where the position comes from."),
    "service_class": ("Service class", "What the settlement has by the standard of the run."),
    "best_technology": ("Best technology", "Access technology of the best service there is."),
    "best_operator": ("Best operator", "Operator of the best service there is."),
    "signal_dbm": ("Signal", "Signal of the best service."),
    "probability_served": ("Probability of service", "Probability of internet at standard and voice."),
    "people_without": ("People without service", "Expected number of people without service."),
    "nearest_served_km": ("Nearest served place", "Geodesic distance to the nearest served place."),
    "nearest_site_km": ("Nearest site", "Geodesic distance to the nearest mast site."),
    "nearest_road_km": ("Nearest road", "Geodesic distance from the footprint to the nearest road."),
    "facilities": ("Public institutions", "Number of public institutions, where there is a register of them."),
    "score": ("Score", "Urgency of the gap, the weighted mean of the indicators."),
    "rank": ("Rank", "Rank of the gap, 1 is the worst; none for a served place."),
    "rank_low": ("Rank, low", "Lower end (5 %) of the interval of the rank."),
    "rank_high": ("Rank, high", "Upper end (95 %) of the interval of the rank."),
    "scenario": ("Scenario", "Planning question that the row belongs to; none for evidence."),
    "basis": ("Basis", "What the evidence rests on."),
    "as_of": ("As of", "Date of the evidence: a year, a month or a day."),
    "reasons": ("Reasons", "Codes of the reasons, with the numbers behind them; filtered by one code."),
    "indicator_people": ("Indicator: people", "Part of the score: people without service."),
    "indicator_severity": ("Indicator: severity", "Part of the score: severity of the service class."),
    "indicator_remoteness": ("Indicator: remoteness", "Part of the score: remoteness."),
    "indicator_no_emergency_call": ("Indicator: no emergency call", "Part of the score: no voice service."),
    "indicator_institutions": ("Indicator: institutions", "Part of the score: institutions without service."),
    "settlements": ("Settlements", "Number of settlements."),
    "gaps": ("Gaps", "Number of settlements that are not known to be served."),
    "operator": ("Operator", "Operator of the network."),
    "technology": ("Technology", "Access technology."),
    "threshold_dbm": ("Threshold", "Signal that the area guarantees at its edge."),
    "downlink_mbps": ("Downlink", "Speed that the area promises."),
    "source": ("Source", "Where the statement comes from."),
    "site_id": ("Site", "Identifier of the mast."),
    "cell_id": ("Cell", "Identifier of the cell: one sector of one technology."),
    "band_mhz": ("Band", "Frequency band."),
    "bandwidth_mhz": ("Bandwidth", "Width of the carrier."),
    "eirp_dbm": ("EIRP", "Radiated power of the whole carrier, antenna gain included."),
    "pattern": ("Antenna pattern", "Name of the antenna's pattern."),
    "height_m": ("Height", "Height of the antenna above ground."),
    "azimuth_deg": ("Azimuth", "Direction clockwise from true north; none for an omnidirectional antenna."),
    "beamwidth_deg": ("Beamwidth", "Width of the beam."),
    "tilt_deg": ("Tilt", "Tilt of the beam, downward."),
    "status": ("Status", "Status of the cell."),
}
"""Title and description of the properties that have a fixed meaning."""

UNITS = {
    "dbm": "dBm",
    "km": "km",
    "m": "m",
    "mhz": "MHz",
    "mbps": "Mbit/s",
    "deg": "°",
    "db": "dB",
    "hz": "Hz",
    "kzt": "KZT",
    "km2": "km²",
}
"""Units by the ending of a property's name."""

_GEOMETRY_FORMATS = {
    frozenset({"Point"}): "geometry-point",
    frozenset({"MultiPoint"}): "geometry-multipoint",
    frozenset({"Point", "MultiPoint"}): "geometry-point-or-multipoint",
    frozenset({"LineString"}): "geometry-linestring",
    frozenset({"MultiLineString"}): "geometry-multilinestring",
    frozenset({"LineString", "MultiLineString"}): "geometry-linestring-or-multilinestring",
    frozenset({"Polygon"}): "geometry-polygon",
    frozenset({"MultiPolygon"}): "geometry-multipolygon",
    frozenset({"Polygon", "MultiPolygon"}): "geometry-polygon-or-multipolygon",
}


def title_of(name: str) -> str:
    """What a property is called, in English."""
    known = TEXTS.get(name)
    return known[0] if known else name.replace("_", " ").strip().capitalize()


def unit_of(name: str) -> str | None:
    """Unit of a property by its name's ending; None where it has none."""
    return UNITS.get(name.rpartition("_")[2]) if "_" in name else None


def column_schema(column: Column, table: TableColumn | None) -> dict[str, Any]:
    """JSON Schema of a property: title, description, type, unit, and the words or range of its table's column."""
    known, unit = TEXTS.get(column.name), unit_of(column.name)
    description = known[1] if known else ""
    if unit is not None:
        description = f"{description} Unit: {unit}.".strip()
    schema: dict[str, Any] = {"title": title_of(column.name)}
    if description:
        schema["description"] = description
    schema.update(column.queryable)
    if table is not None:
        if table.choices is not None and column.kind == "text":
            schema["enum"] = [str(word) for word in table.choices]
        if table.low is not None:
            schema["minimum"] = table.low
        if table.high is not None:
            schema["maximum"] = table.high
        if table.pattern is not None:
            schema["pattern"] = table.pattern
    return schema


def property_schemas(found: Collection) -> dict[str, dict[str, Any]]:
    """JSON Schemas of all properties of a collection, without its geometry."""
    tables = {column.name: column for column in found.kind.table.columns}
    schemas = {name: column_schema(column, tables.get(name)) for name, column in found.columns.items()}
    if found.kind.id_column in schemas:
        schemas[found.kind.id_column]["x-ogc-role"] = "id"
    return schemas


def geometry_schema(found: Collection) -> dict[str, Any]:
    """JSON Schema of a collection's geometry."""
    types = found.kind.table.geometry_types
    return {
        "title": "Geometry",
        "description": "Position or area, WGS 84 unless another system is asked for.",
        "format": _GEOMETRY_FORMATS.get(frozenset(types), "geometry-any"),
        "x-ogc-role": "primary-geometry",
    }
