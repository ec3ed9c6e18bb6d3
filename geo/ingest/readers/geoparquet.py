"""GeoParquet, row group by row group."""

import json
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import geopandas as gpd
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import shapely

from geo.errors import FileProblem, Problem
from geo.ingest.files import refuse_large
from geo.ingest.readers import columns
from geo.ingest.readers.assembly import Assembler, check_rows
from geo.ingest.readers.formats import Input
from geo.ingest.readers.geometry import Mask, Normaliser, Shapes, crs_name, decoded, usable_crs
from geo.ingest.source import BATCH_ROWS, Batch, ReadOptions, Source

_DEFAULT_CRS = "OGC:CRS84"
_BATCH_BYTES = 32 * 2**20
_PIECE_ROWS = 1_000
_NATIVE = frozenset({"point", "linestring", "polygon", "multipoint", "multilinestring", "multipolygon"})
_METADATA_ERRORS = (KeyError, TypeError, AttributeError, ValueError, RecursionError)


def open_geoparquet(given: Input, options: ReadOptions, stack: ExitStack) -> Source:
    """Open the primary geometry column's layer of a file that has been located; errors as `open_vector`'s."""
    with _typed(given.file):
        opened = stack.enter_context(pq.ParquetFile(given.path, buffer_size=2**20, pre_buffer=False))
        metadata, schema = opened.metadata, opened.schema_arrow
    try:
        geo = json.loads((schema.metadata or {})[b"geo"])
        geometry = str(geo["primary_column"])
        described = geo["columns"][geometry]
        encoding = str(described["encoding"])
        stated = described.get("crs", _DEFAULT_CRS)
        others = set(geo["columns"]) - {geometry}
        if geometry not in schema.names or (encoding != "WKB" and encoding not in _NATIVE):
            raise _unreadable(given.file)
    except _METADATA_ERRORS as error:
        raise _unreadable(given.file) from error
    check_rows(metadata.num_rows, given.file)
    sizes = [metadata.row_group(i).total_byte_size for i in range(metadata.num_row_groups)]
    refuse_large(sum(sizes), given.file)
    crs, findings = usable_crs(stated, options.crs, given.file)
    taken, useless = [], []
    for field in schema:
        if field.name in {geometry, *_covering(described)}:
            continue
        if field.name in others or field.name == "geometry" or not columns.is_attribute(field.type):
            useless.append(field.name)
        else:
            taken.append(field.name)
    findings += columns.ignored_findings(useless, given.file)
    stream = _batches(opened, given, geometry, encoding, taken, Assembler(Normaliser(crs, given.file)))
    return Source("GeoParquet", taken, stream, crs=crs_name(crs), rows_announced=metadata.num_rows, findings=findings)


def _covering(described: dict[str, Any]) -> set[str]:
    """Columns that hold the bounds of the geometries, for faster reading."""
    try:
        return {str(path[0]) for bounds in described["covering"].values() for path in bounds.values()}
    except (KeyError, IndexError, *_METADATA_ERRORS):
        return set()


@contextmanager
def _typed(file: str) -> Iterator[None]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except (pa.ArrowException, shapely.errors.ShapelyError, OSError, ValueError, KeyError, TypeError) as error:
        raise _unreadable(file) from error


def _unreadable(file: str) -> FileProblem:
    return FileProblem(Problem("cannot be read as GeoParquet", "Write it with GeoPandas, GDAL or QGIS", file))


def _batches(
    opened: pq.ParquetFile, given: Input, geometry: str, encoding: str, taken: list[str], assembler: Assembler
) -> Iterator[Batch]:
    pieces = opened.iter_batches(batch_size=_PIECE_ROWS, columns=[geometry, *taken])
    while True:
        with _typed(given.file):
            table = _next(pieces)
            if table is None:
                return
            held = [table.column(name).combine_chunks() for name in [geometry, *taken]]
            frame = columns.as_frame(held[1:], taken, len(table))
            shapes, broken = _shapes(held[0], encoding)
        yield assembler.batch(frame, shapes, broken, [], [])


def _next(pieces: Iterator[pa.RecordBatch]) -> pa.Table | None:
    """Pieces up to the size of a batch as one; small, for what repeats in a file takes little room only there."""
    taken: list[pa.RecordBatch] = []
    while sum(map(len, taken)) <= BATCH_ROWS - _PIECE_ROWS and sum(p.nbytes for p in taken) < _BATCH_BYTES:
        piece = next(pieces, None)
        if piece is None:
            break
        taken.append(piece)
    return pa.Table.from_batches(taken) if taken else None


def _shapes(column: pa.Array, encoding: str) -> tuple[Shapes, Mask]:
    if encoding == "WKB":
        storage = column.storage if isinstance(column.type, pa.BaseExtensionType) else column
        return decoded(storage.cast(pa.binary()).to_numpy(zero_copy_only=False))
    field = pa.field("geometry", column.type, metadata={"ARROW:extension:name": f"geoarrow.{encoding}"})
    table = pa.Table.from_arrays([column], schema=pa.schema([field]))
    shapes = gpd.GeoDataFrame.from_arrow(table).geometry.to_numpy()
    return shapes, np.zeros(len(shapes), dtype=bool)
