"""Which reader opens which file, for each kind of input."""

from pathlib import Path

import pyarrow
import pyarrow.parquet as pq

from geo.ingest.files import local_file
from geo.ingest.kinds import TABLES, Kind
from geo.ingest.readers import delimited, ookla, opencellid, osm, vector, workbook
from geo.ingest.readers.formats import PARQUET
from geo.ingest.readers.ookla import Extent
from geo.ingest.source import ReadOptions, Source

_HEADER_BYTES = 4096


def open_source(
    kind: Kind, path: Path, options: ReadOptions, *, technology: str | None, extent: Extent | None
) -> Source:
    """Open a file that holds a table of this kind.

    Parameters
    ----------
    technology
        What the user says the tests of Ookla's tiles are of.
    extent
        West, south, east, north in degrees: of Ookla's tiles, which cover the world, those outside are not wanted.

    Raises
    ------
    InputError
        If it is not a local file of a format that the kind can come in, or cannot be read.
    """
    if path.is_dir():
        return vector.open_vector(path, options, layer=TABLES[kind].name)
    if path.suffix.lower() in workbook.UNREAD_SUFFIXES:
        return workbook.open_workbook(path, options)
    path = local_file(path, accepted_suffixes(kind))
    suffix = path.suffix.lower()
    if suffix in osm.SUFFIXES:
        return osm.open_osm(path, kind, options)
    if kind is Kind.SITES and suffix in opencellid.SUFFIXES and _is_opencellid(path):
        return opencellid.open_opencellid(path, options)
    if kind is Kind.MEASUREMENTS and suffix in PARQUET and _is_ookla(path):
        return ookla.open_ookla(path, technology, extent)
    if suffix in delimited.SUFFIXES:
        return delimited.open_delimited(path, options)
    if suffix in workbook.SUFFIXES:
        return workbook.open_workbook(path, options)
    return vector.open_vector(path, options, layer=TABLES[kind].name)


def accepted_suffixes(kind: Kind) -> frozenset[str]:
    """Suffixes of the files that a kind of table can come in."""
    suffixes: frozenset[str] = vector.SUFFIXES
    if kind is not Kind.BOUNDARIES:
        suffixes |= delimited.SUFFIXES | workbook.SUFFIXES
    if kind in osm.KINDS:
        suffixes |= osm.SUFFIXES
    if kind is Kind.SITES:
        suffixes |= opencellid.SUFFIXES
    return suffixes


def _is_opencellid(path: Path) -> bool:
    if path.suffix.lower() == ".gz":
        return True
    with path.open("rb") as stream:
        first = stream.readline(_HEADER_BYTES).decode("utf-8-sig", errors="replace")
    return opencellid.is_opencellid(first.strip().split(","))


def _is_ookla(path: Path) -> bool:
    try:
        return ookla.is_ookla(pq.read_schema(path).names)
    except (pyarrow.ArrowException, OSError):
        return False  # its reader says what is wrong with it
