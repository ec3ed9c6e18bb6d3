"""Canonical tables as GeoParquet, written batch by batch and read row group by row group."""

import json
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

import geopandas as gpd
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pyproj
import shapely

from geo.tables.schema import WGS84, Table

_ARROW_TYPES = {"text": pa.string(), "number": pa.float64(), "integer": pa.int64(), "boolean": pa.bool_()}


class CanonicalWriter:
    """Writes the batches of a canonical table with a geometry, one row group each; the same rows give the same bytes.

    The file is GeoParquet 1.1 in WGS 84, and ends when the writer is left.
    """

    def __init__(self, path: Path, table: Table) -> None:
        self._table, self._rows = table, 0
        geo = {
            "version": "1.1.0",
            "primary_column": "geometry",
            "columns": {
                "geometry": {
                    "encoding": "WKB",
                    "geometry_types": sorted(table.geometry_types),
                    "crs": pyproj.CRS(WGS84).to_json_dict(),
                }
            },
        }
        fields = [pa.field(column.name, _ARROW_TYPES[column.kind]) for column in table.columns]
        schema = pa.schema([*fields, pa.field("geometry", pa.binary())], metadata={"geo": json.dumps(geo)})
        self._writer = pq.ParquetWriter(path, schema, compression="zstd", compression_level=3)

    def __enter__(self) -> "CanonicalWriter":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._writer.close()

    @property
    def rows(self) -> int:
        """Rows written so far."""
        return self._rows

    def append(self, frame: gpd.GeoDataFrame) -> None:
        """Add canonical rows, in WGS 84."""
        if frame.empty:
            return
        arrays = [
            pa.Array.from_pandas(frame[column.name], type=_ARROW_TYPES[column.kind]) for column in self._table.columns
        ]
        shapes = pa.array(shapely.to_wkb(frame.geometry.to_numpy()), type=pa.binary())
        self._writer.write_table(pa.Table.from_arrays([*arrays, shapes], schema=self._writer.schema))
        self._rows += len(frame)


def row_groups(path: Path, columns: list[str]) -> Iterator[tuple[Any, Any]]:
    """Attribute columns (DataFrame) and geometries (array) of each row group, in order."""
    with pq.ParquetFile(path) as file:
        for number in range(file.num_row_groups):
            yield columns_of(file, number, columns)


def columns_of(file: pq.ParquetFile, number: int, columns: list[str]) -> tuple[Any, Any]:
    """Attribute columns (DataFrame) and geometries (array) of one row group."""
    read = file.read_row_group(number, columns=[*columns, "geometry"])
    shapes = shapely.from_wkb(np.asarray(read.column("geometry").to_pylist(), dtype=object))
    return read.drop_columns(["geometry"]).to_pandas(), shapes
