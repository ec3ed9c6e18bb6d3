"""An extract as Arrow record batches: what all tabular formats are written from."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc
import shapely

from api.exports.extract import Extract
from api.features.collection import Rows
from api.features.columns import Column

Arrays = dict[str, pa.Array]
"""Columns by name, in order."""

_TYPES: dict[str, pa.DataType] = {
    "text": pa.string(),
    "codes": pa.string(),
    "number": pa.float64(),
    "integer": pa.int64(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us", tz="UTC"),
}


def free_name(name: str, prefix: str, taken: Iterable[str]) -> str:
    """A name that is not taken, upper and lower case being the same: prefixed until it is not."""
    used = {other.lower() for other in taken}
    while name.lower() in used:
        name = prefix + name
    return name


def position_names(extract: Extract) -> tuple[str, str]:
    """Names of the two columns of a position."""
    x, y = ("lon", "lat") if extract.view.crs.crs.is_geographic else ("x", "y")
    taken = extract.collection.columns
    return free_name(x, "point_", taken), free_name(y, "point_", taken)


def geometry_name(extract: Extract) -> str:
    """Name of the column of geometries."""
    return free_name("geometry", "feature_", extract.collection.columns)


def labels(extract: Extract) -> dict[str, str | None]:
    """The columns that say which run a row is of, with their only value.

    A name that the collection has already gets the prefix ``run_``, whether or not that property is asked for.
    """
    about = extract.about
    values = {"run": about.run, "scenario": about.scenario, "label": about.label}
    return {free_name(name, "run_", extract.collection.columns): value for name, value in values.items()}


def property_columns(extract: Extract) -> Iterator[tuple[Rows, Arrays]]:
    """The properties of each chunk of rows."""
    for rows in extract.chunks():
        yield rows, {column.name: arrow_array(column, rows) for column in extract.columns}


def constant_columns(constants: Mapping[str, str | None], count: int) -> Arrays:
    """Columns of one text each, `count` times."""
    return {name: pa.repeat(pa.scalar(value, pa.string()), count) for name, value in constants.items()}


def layer_reader(extract: Extract) -> pa.RecordBatchReader:
    """Properties, labels and geometries (WKB) as a stream of batches."""
    constants = labels(extract)
    fields = [pa.field(column.name, _TYPES[column.kind]) for column in extract.columns]
    fields += [pa.field(name, pa.string()) for name in constants]
    geometry = pa.field(geometry_name(extract), pa.binary(), metadata={"ARROW:extension:name": "geoarrow.wkb"})
    schema = pa.schema([*fields, geometry])

    def batches() -> Iterator[pa.RecordBatch]:
        for rows, properties in property_columns(extract):
            shapes = pa.array(shapely.to_wkb(extract.shapes(rows)), pa.binary())
            labelled = {**properties, **constant_columns(constants, len(rows))}
            yield pa.RecordBatch.from_arrays([*labelled.values(), shapes], schema=schema)

    return pa.RecordBatchReader.from_batches(schema, batches())


def arrow_array(column: Column, rows: Rows) -> pa.Array:
    """The values of some rows of a column, in its own type; lists of objects as JSON text."""
    values, missing = column.values[rows], column.missing[rows]
    kind: str = column.kind
    if kind == "codes":
        values = np.array([_json_text(value) for value in values], dtype=object)
    elif kind == "date":
        values = values.astype("datetime64[D]")
    elif kind == "timestamp":
        values = values.astype("datetime64[us]")
    return pa.array(values, _TYPES[kind], mask=missing)


def without_nul(reader: pa.RecordBatchReader) -> pa.RecordBatchReader:
    """A stream whose text may go through C: a NUL character would end it there."""

    def batches() -> Iterator[pa.RecordBatch]:
        for batch in reader:
            columns = [
                pc.replace_substring(c, "\0", "\ufffd") if pa.types.is_string(c.type) else c for c in batch.columns
            ]
            yield pa.RecordBatch.from_arrays(columns, schema=batch.schema)

    return pa.RecordBatchReader.from_batches(reader.schema, batches())


def _json_text(value: Any) -> str | None:
    return None if value is None else orjson.dumps(value).decode()
