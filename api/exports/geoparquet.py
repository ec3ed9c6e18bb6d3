"""GeoParquet 1.1: typed columns for data science, positions longitude or x first."""

import json
from pathlib import Path

import shapely
from pyarrow import parquet

from api.exports.extract import Extract
from api.exports.files import Parts, parts_of_file
from api.exports.layers import run_metadata
from api.exports.tables import geometry_name, layer_reader
from api.features.crs import CRS84

_TYPE_NAMES = {
    int(kind): name
    for kind, name in (
        (shapely.GeometryType.POINT, "Point"),
        (shapely.GeometryType.LINESTRING, "LineString"),
        (shapely.GeometryType.POLYGON, "Polygon"),
        (shapely.GeometryType.MULTIPOINT, "MultiPoint"),
        (shapely.GeometryType.MULTILINESTRING, "MultiLineString"),
        (shapely.GeometryType.MULTIPOLYGON, "MultiPolygon"),
        (shapely.GeometryType.GEOMETRYCOLLECTION, "GeometryCollection"),
    )
}


def parquet_parts(extract: Extract) -> Parts:
    """A GeoParquet file; run, scenario, label and credits are key-value metadata beside its `geo`."""

    def write(path: Path) -> None:
        reader = layer_reader(extract)
        schema = reader.schema.with_metadata({"geo": _geo(extract), **run_metadata(extract.about)})
        with parquet.ParquetWriter(path, schema, compression="zstd") as writer:
            for batch in reader:
                writer.write_batch(batch)

    return parts_of_file("export.parquet", write)


def _geo(extract: Extract) -> str:
    geometries = extract.collection.geometries
    shown = geometries if extract.rows is None else geometries[extract.rows]
    types = set(shapely.get_type_id(shown).tolist()) - {int(shapely.GeometryType.MISSING)}
    column = {
        "encoding": "WKB",
        "geometry_types": [_TYPE_NAMES[kind] for kind in sorted(types)],
        # left out, it is OGC:CRS84
        **({} if extract.view.crs == CRS84 else {"crs": extract.view.crs.crs.to_json_dict()}),
    }
    name = geometry_name(extract)
    return json.dumps({"version": "1.1.0", "primary_column": name, "columns": {name: column}})
