"""Antenna tables that a site list names: files in its own folder, never elsewhere."""

from collections.abc import Iterable
from pathlib import Path

from geo.errors import Problem, ValueRejected
from geo.ingest.files import local_file
from geo.propagation.antennas import OMNI, SECTOR, TABLE_SUFFIXES


def antenna_tables(patterns: Iterable[str], beside: Path) -> dict[str, Path]:
    """Paths of the tables among the names in column `pattern` of a site list, by name.

    Raises
    ------
    ValueRejected
        If a name is neither a built-in pattern nor that of a file.
    FileProblem
        If there is no such file beside the list.
    """
    tables = {}
    for name in sorted(set(patterns)):
        if name.lower() in (OMNI, SECTOR):
            continue
        if Path(name).name != name or Path(name).suffix.lower() not in TABLE_SUFFIXES:
            remedy = f"Accepted: {OMNI}, {SECTOR}, or a file beside the site list ({', '.join(sorted(TABLE_SUFFIXES))})"
            raise ValueRejected(Problem("not an antenna pattern", remedy, beside.name, None, "pattern", name))
        tables[name] = local_file(beside.parent / name, TABLE_SUFFIXES)
    return tables
