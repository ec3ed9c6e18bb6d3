"""Vector layers of any accepted format, in batches of features in WGS 84."""

import weakref
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from geo.ingest.readers import ogr
from geo.ingest.readers.formats import FORMATS, KMZ, PARQUET, ZIP, located
from geo.ingest.readers.geoparquet import open_geoparquet
from geo.ingest.source import Batch, ReadOptions, Source

SUFFIXES = frozenset({*FORMATS, *PARQUET, ZIP, KMZ})


def open_vector(path: str | Path, options: ReadOptions, *, layer: str) -> Source:
    """Open a layer; its features come in WGS 84, two-dimensional, polygons valid.

    Parameters
    ----------
    path
        A local file: GeoJSON (also newline-delimited), GeoPackage, Shapefile, KML, KMZ, FlatGeobuf, GeoParquet, MapInfo
        TAB or MIF, or a zip archive with one of them; or a folder with one shapefile.
    options
        CRS of a file that states none, the layer to take, the encoding of text in a shapefile or MapInfo file.
    layer
        The layer to take where a file holds several and `options` name none.

    Raises
    ------
    FileProblem, CrsMissing, ColumnMissing, ValueRejected, LimitExceeded, UnsafeInput
        Naming the file and what would be accepted; while the batches are read also for what spoils the file there.
    """
    with ExitStack() as stack:
        given = located(path, SUFFIXES, stack)
        if given.suffix in PARQUET:
            source = open_geoparquet(given, options, stack)
        else:
            source = ogr.open_layer(given, options, layer, stack)
        if Path(path).suffix.lower() in {ZIP, KMZ}:
            source = replace(source, format=f"{source.format} ({Path(path).suffix.lower()[1:].upper()})")
        source.batches = _Batches(source.batches, stack.pop_all())
    return source


class _Batches:
    """Batches whose files are closed when they are used up, fail or are dropped."""

    def __init__(self, batches: Iterator[Batch], stack: ExitStack) -> None:
        self._batches = batches
        self._close = weakref.finalize(self, stack.close)

    def __iter__(self) -> Iterator[Batch]:
        return self

    def __next__(self) -> Batch:
        try:
            return next(self._batches)
        except BaseException:
            self._close()
            raise
