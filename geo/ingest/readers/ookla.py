"""Ookla's open performance tiles (Speedtest averages of a quarter, by web-map tiles of zoom 16) as measurements.

A tile is about 400 m wide at 50° north; its row stands for all its tests, at the tile's centre. The position comes from
the quadkey; where the row tells it again (`tile` as WKT, `tile_x` and `tile_y`), both must agree.
"""

import re
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import shapely
from pyarrow import parquet

from geo.errors import ColumnMissing, FileProblem, Problem, ValueRejected
from geo.ingest.files import local_file
from geo.ingest.readers.geometry import parsed
from geo.ingest.report import Finding, Severity
from geo.ingest.source import BATCH_ROWS, Batch, Source
from geo.tables.schema import WGS84
from geo.tables.words import UNSPECIFIED_OPERATOR, Technology

CREDIT = "Speedtest by Ookla Global Fixed and Mobile Network Performance Map Tiles, CC BY-NC-SA 4.0"
LICENCE = "CC-BY-NC-SA-4.0"
ZOOM = 16

Extent = tuple[float, float, float, float]
_NEEDED = ["quadkey", "avg_d_kbps", "avg_u_kbps", "avg_lat_ms", "tests"]
_POSITIONS = ["tile", "tile_x", "tile_y"]
_QUANTITIES = {
    "avg_d_kbps": ("downlink_mbps", 0.001),
    "avg_u_kbps": ("uplink_mbps", 0.001),
    "avg_lat_ms": ("latency_ms", 1.0),
    "tests": ("tests", 1.0),
}
_QUARTER = re.compile(r"(\d{4})-(01|04|07|10)-01_performance")
_NETWORK = re.compile(r"(mobile|fixed)_tiles")
_ACCEPTED_QUADKEY = f"Accepted: {ZOOM} digits 0 to 3, as text"


def is_ookla(columns: Collection[str]) -> bool:
    """Whether these are the columns of Ookla's open tiles, in any container."""
    return set(_NEEDED) <= set(columns)


def open_ookla(path: str | Path, technology: str | None = None, extent: Extent | None = None) -> Source:
    """Open a Parquet file of Ookla's tiles as measurements, columns as `geo.tables.measurements`, WGS 84 points.

    Parameters
    ----------
    path
        A Parquet file under its published name, which says the quarter and whether the tests are mobile or fixed ones.
    technology
        Of the tests (`geo.tables.words.Technology`). Mobile tiles do not tell it: without it they are ``unspecified``.
        Fixed ones need it.
    extent
        West, south, east, north in degrees: tiles whose centre lies outside are left out, and counted. The whole
        world's file has millions; a batch of them is held at a time.

    Raises
    ------
    FileProblem, ColumnMissing, ValueRejected
        If it is not such a file, or the technology is missing or not an accepted word.
    """
    path = local_file(path, {".parquet"})
    word = _technology(path.name, technology)
    try:
        tiles = parquet.ParquetFile(path, memory_map=True)
        names = [str(name) for name in tiles.schema_arrow.names]
    except (pa.ArrowException, OSError, ValueError) as error:
        raise _unreadable(path.name) from error
    if not is_ookla(names):
        missing = [name for name in _NEEDED if name not in names]
        remedy = f"Ookla's columns are needed; the file has: {', '.join(names)}"
        raise ColumnMissing([Problem("column is missing", remedy, path.name, column=name) for name in missing])
    wanted = [name for name in _NEEDED + _POSITIONS if name in names]
    return Source(
        format="Ookla open tiles",
        columns=["measured_at", "operator", "technology", *(name for name, _ in _QUANTITIES.values()), "source"],
        batches=_batches(tiles, wanted, path.name, word, extent),
        crs=WGS84,
        rows_announced=int(tiles.metadata.num_rows),
        findings=_of_the_name(path.name),
        credit=CREDIT,
        licence=LICENCE,
    )


def from_ookla_columns(
    frame: pd.DataFrame, rows: npt.NDArray[np.int64], file_name: str, technology: str | None = None
) -> Batch:
    """Rows with Ookla's columns, from whatever container, as measurements.

    Parameters
    ----------
    frame
        Ookla's columns; a geometry of the frame is not used, since the quadkey tells the tile.
    rows
        Their numbers in the file, shape (n,).
    file_name
        The published name, which says the quarter and whether the tests are mobile or fixed ones.
    technology
        See `open_ookla`.

    Raises
    ------
    ColumnMissing, ValueRejected
        If the technology is missing or not an accepted word.
    """
    word = _technology(file_name, technology)
    x, y, valid = _tiles(frame["quadkey"])
    batch = _as_measurements(frame.reset_index(drop=True), rows, file_name, word, x, y, valid)
    batch.findings += _of_the_name(file_name)
    return batch


def tile_of(lon: Any, lat: Any, zoom: int = ZOOM) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Column and row of the web-map tile that holds each position (degrees, latitude within ±85.05°), shape (n,)."""
    count = 2**zoom
    x = np.floor((np.asarray(lon, dtype=float) + 180.0) / 360.0 * count)
    y = np.floor((1.0 - np.arcsinh(np.tan(np.radians(np.asarray(lat, dtype=float)))) / np.pi) / 2.0 * count)
    return np.clip(x, 0, count - 1).astype(np.int64), np.clip(y, 0, count - 1).astype(np.int64)


def tile_position(x: Any, y: Any, zoom: int = ZOOM) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Longitude and latitude in degrees of places in tile columns and rows: whole numbers are north-west corners."""
    count = 2**zoom
    lon = np.asarray(x, dtype=float) / count * 360.0 - 180.0
    lat = np.degrees(np.arctan(np.sinh(np.pi * (1.0 - 2.0 * np.asarray(y, dtype=float) / count))))
    return lon, lat


def quadkeys(x: Any, y: Any, zoom: int = ZOOM) -> list[str]:
    """Quadkeys of tiles: base-4 digits, each two bits of the row and column, the greatest first."""
    bits = np.arange(zoom - 1, -1, -1)
    digits = (np.asarray(x)[:, None] >> bits & 1) + 2 * (np.asarray(y)[:, None] >> bits & 1)
    return ["".join(row) for row in digits.astype("U1")]


def _tiles(keys: pd.Series) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """Column and row of each quadkey's tile (0 where malformed), and which quadkeys are well formed."""
    text = keys.reset_index(drop=True)
    if pd.api.types.is_numeric_dtype(text):
        # a number has lost the zeros that quadkeys of the north-west quarter begin with
        text = text.astype("Int64").astype("str").str.zfill(ZOOM)
    text = text.astype("str").str.strip()
    valid = text.str.fullmatch(rf"[0-3]{{{ZOOM}}}").fillna(False).to_numpy(dtype=bool)
    plain = text.where(valid, "0" * ZOOM).to_numpy(dtype=f"U{ZOOM}")
    digits = plain.view(np.uint32).reshape(len(plain), ZOOM).astype(np.int64) - ord("0")
    weights = 2 ** np.arange(ZOOM - 1, -1, -1, dtype=np.int64)
    return (digits & 1) @ weights, (digits >> 1) @ weights, valid


def _batches(
    tiles: parquet.ParquetFile, wanted: list[str], file: str, technology: str, extent: Extent | None
) -> Iterator[Batch]:
    before = 0
    try:
        for block in tiles.iter_batches(batch_size=BATCH_ROWS, columns=wanted):
            rows = np.arange(before + 1, before + 1 + block.num_rows, dtype=np.int64)
            before += block.num_rows
            x, y, valid = _tiles(block.column("quadkey").to_pandas())
            findings = []
            if extent is not None:
                lon, lat = tile_position(x + 0.5, y + 0.5)
                west, south, east, north = extent
                outside = valid & ((lon < west) | (lon > east) | (lat < south) | (lat > north))
                kept = np.flatnonzero(~outside)
                block, rows, x, y, valid = block.take(pa.array(kept)), rows[kept], x[kept], y[kept], valid[kept]
                if outside.any():
                    findings = [_left_out(int(outside.sum()))]
            batch = _as_measurements(block.to_pandas(), rows, file, technology, x, y, valid)
            batch.findings += findings
            yield batch
    except (pa.ArrowException, OSError, ValueError) as error:
        raise _unreadable(file) from error
    finally:
        tiles.close()


def _as_measurements(
    frame: pd.DataFrame,
    rows: npt.NDArray[np.int64],
    file: str,
    technology: str,
    x: npt.NDArray[np.int64],
    y: npt.NDArray[np.int64],
    valid: npt.NDArray[np.bool_],
) -> Batch:
    keys = frame["quadkey"]
    problems = _problems(~valid, "not a quadkey of zoom 16", _ACCEPTED_QUADKEY, keys, rows, file)
    lon, lat = tile_position(x + 0.5, y + 0.5)
    elsewhere = valid & _contradicted(frame, x, y)
    remedy = "Quadkey and tile name different places: download the file again"
    problems += _problems(elsewhere, "the tile is not the quadkey's", remedy, keys, rows, file)
    points = np.full(len(frame), None, dtype=object)
    points[valid] = shapely.points(lon[valid], lat[valid])
    columns: dict[str, Any] = {"measured_at": _measured_at(file), "operator": UNSPECIFIED_OPERATOR}
    columns["technology"] = technology
    for name, (canonical, factor) in _QUANTITIES.items():
        values = pd.to_numeric(frame[name], errors="coerce").astype("float64")
        refused = (values.isna() & frame[name].notna()).to_numpy()
        problems += _problems(refused, "not a number", "Accepted: a number", frame[name], rows, file)
        columns[canonical] = values * factor
    columns["source"] = "Speedtest by Ookla"
    measurements = gpd.GeoDataFrame(columns, index=frame.index, geometry=points, crs=WGS84)
    return Batch(measurements, rows, [], sorted(problems, key=lambda problem: problem.row or 0))


def _contradicted(frame: pd.DataFrame, x: npt.NDArray[np.int64], y: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """Whether the row tells its position again and means another tile than the quadkey."""
    if {"tile_x", "tile_y"} <= set(frame.columns):
        lon, lat = (pd.to_numeric(frame[name], errors="coerce").to_numpy(dtype=float) for name in ("tile_x", "tile_y"))
    elif "tile" in frame.columns:
        shapes = parsed(frame["tile"].astype("object").where(frame["tile"].notna(), None))
        bounds = shapely.bounds(shapes)
        lon, lat = (bounds[:, 0] + bounds[:, 2]) / 2, (bounds[:, 1] + bounds[:, 3]) / 2
    else:
        return np.zeros(len(frame), dtype=bool)
    known = np.isfinite(lon) & np.isfinite(lat)
    other_x, other_y = tile_of(np.where(known, lon, 0.0), np.where(known, lat, 0.0))
    return np.asarray(known & ((other_x != x) | (other_y != y)), dtype=bool)


def _problems(
    refused: npt.NDArray[np.bool_], what: str, remedy: str, cells: pd.Series, rows: npt.NDArray[np.int64], file: str
) -> list[Problem]:
    return [
        Problem(what, remedy, file, int(rows[i]), str(cells.name), cells.iloc[i] if pd.notna(cells.iloc[i]) else None)
        for i in np.flatnonzero(refused)
    ]


def _technology(file: str, given: str | None) -> str:
    if given is not None:
        if given not in list(Technology):
            raise ValueRejected(Problem("not a technology", f"Accepted: {', '.join(Technology)}", file, value=given))
        return str(given)
    network = _NETWORK.search(file.lower())
    if network is not None and network[1] == "mobile":
        return Technology.UNSPECIFIED.value
    which = "Fixed tests" if network is not None else "The name does not say whether these are mobile or fixed tests:"
    remedy = f"{which} need the option --technology, e.g. ftth; 'unspecified' for mobile ones"
    raise ColumnMissing(Problem("the technology is not stated", remedy, file, column="technology"))


def _measured_at(file: str) -> str | None:
    """The middle month of the quarter: a date without its day counts from the month's middle, here the quarter's."""
    quarter = _QUARTER.search(file)
    return None if quarter is None else f"{quarter[1]}-{int(quarter[2]) + 1:02d}"


def _of_the_name(file: str) -> list[Finding]:
    month = _measured_at(file)
    if month is None:
        what, remedy = "the file's name does not tell the quarter of the tests", "Keep the published name"
        return [Finding("date_unknown", Severity.WARNING, what, f"{remedy}, e.g. 2024-01-01_performance_mobile_tiles")]
    return [Finding("quarter_as_month", Severity.NOTE, f"the tests are of a quarter; its middle month stands: {month}")]


def _left_out(count: int) -> Finding:
    what = "tiles outside the region were left out"
    return Finding("outside_extent_skipped", Severity.NOTE, what, "", count)


def _unreadable(file: str) -> FileProblem:
    return FileProblem(Problem("cannot be read as Parquet", "Is the file damaged? Download it again", file))
