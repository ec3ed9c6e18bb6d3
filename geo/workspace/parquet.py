"""Tables as Parquet: the same table always gives the same bytes, and what is read is what was verified."""

import hashlib
import io
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pyarrow.parquet as pq

from geo.files import HeldFile
from geo.workspace.manifest import damaged

_COMPRESSION: dict[str, Any] = {"compression": "zstd", "compression_level": 3, "row_group_size": 131_072}


def write_table(frame: pd.DataFrame, path: Path) -> None:
    """Write a table: GeoParquet where it has a geometry. The row index is not stored."""
    frame = frame.copy(deep=False)
    frame.attrs = {}  # pandas would store them beside the schema
    if isinstance(frame, gpd.GeoDataFrame):
        frame.to_parquet(path, index=False, schema_version="1.1.0", **_COMPRESSION)
    else:
        frame.to_parquet(path, engine="pyarrow", index=False, **_COMPRESSION)


def read_table(path: Path, sha256: str, held: HeldFile | None = None) -> Any:
    """Read a table whose bytes have the given SHA-256, from its path or from the file that is held open.

    Raises
    ------
    RunDamaged
        If the file is missing or its bytes have changed.
    """
    try:
        content = (held or path).read_bytes()
    except OSError as error:
        raise damaged(path, "cannot be read") from error
    if hashlib.sha256(content).hexdigest() != sha256:
        raise damaged(path, "has changed since the run was written")
    metadata = pq.read_schema(io.BytesIO(content)).metadata or {}
    read = gpd.read_parquet if b"geo" in metadata else pd.read_parquet
    return read(io.BytesIO(content))
