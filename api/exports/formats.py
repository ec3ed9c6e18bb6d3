"""The registry of export formats."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from api.exports.delimited import csv_parts
from api.exports.extract import Extract
from api.exports.files import Parts
from api.exports.geoparquet import parquet_parts
from api.exports.layers import fgb_parts, gpkg_parts
from api.exports.sequence import sequence_parts
from api.exports.workbook import xlsx_parts


@dataclass(frozen=True)
class ExportFormat:
    """One file format: `name` is its value of the parameter ``f``, `suffix` its file's.

    `write` makes the file's content part by part; its first part comes after whatever can fail. A `compressible` file
    is worth compressing on its way; the others are compressed already, or read by their bytes.
    """

    name: str
    media_type: str
    suffix: str
    title: str
    write: Callable[[Extract], Parts]
    compressible: bool = False


CSV = ExportFormat("csv", "text/csv", ".csv", "CSV", csv_parts, compressible=True)

EXPORTS: Mapping[str, ExportFormat] = MappingProxyType(
    {
        form.media_type: form
        for form in (
            CSV,
            ExportFormat(
                "xlsx",
                "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
                ".xlsx",
                "Excel workbook",
                xlsx_parts,
            ),
            ExportFormat("gpkg", "application/geopackage+sqlite3", ".gpkg", "GeoPackage", gpkg_parts),
            ExportFormat("fgb", "application/vnd.flatgeobuf", ".fgb", "FlatGeobuf", fgb_parts),
            ExportFormat("parquet", "application/vnd.apache.parquet", ".parquet", "GeoParquet", parquet_parts),
            ExportFormat(
                "geojsonseq", "application/geo+json-seq", ".geojsons", "GeoJSON text sequence", sequence_parts, True
            ),
        )
    }
)
"""Formats by media type."""
