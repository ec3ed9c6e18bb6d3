"""Rasters that go into a run beside its tables."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from geo.files import file_sha256, fsync
from geo.workspace.manifest import raster_file

NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
"""What a raster may be called; its file is ``<name>.tif``."""


@dataclass(frozen=True)
class RasterToKeep:
    """A raster to be stored: its name in the run, what the manifest says of it, and what writes its file."""

    name: str
    facts: Mapping[str, Any]
    write: Callable[[Path], None]


def write_rasters(rasters: Sequence[RasterToKeep], folder: Path) -> dict[str, dict[str, Any]]:
    """Write rasters into a run's folder; what the manifest says of each, by name."""
    written: dict[str, dict[str, Any]] = {}
    for raster in rasters:
        if not NAME.fullmatch(raster.name) or raster.name in written:
            raise ValueError(f"not a name of its own for a raster: {raster.name!r}")
        path = folder / raster_file(raster.name)
        raster.write(path)
        fsync(path)
        written[raster.name] = {**raster.facts, "bytes": path.stat().st_size, "sha256": file_sha256(path)}
    return written
