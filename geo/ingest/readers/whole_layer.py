"""A layer of a GeoPackage as it is: every column in its own type, every kind of geometry, null ones too."""

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyogrio
import pyproj
import shapely
from pyproj.exceptions import ProjError

from geo.errors import ColumnMissing, CrsMissing, FileProblem, LimitExceeded, Problem, ValueRejected
from geo.ingest.files import local_file
from geo.ingest.readers import geopackage
from geo.ingest.readers.assembly import check_rows
from geo.ingest.readers.columns import is_attribute
from geo.ingest.readers.formats import Input, staged
from geo.ingest.readers.geometry import Mask, Shapes, decoded, united, usable_crs
from geo.ingest.readers.ogr import configure, typed
from geo.settings import get_settings
from geo.tables.schema import WGS84

SUFFIX = ".gpkg"
_SHOWN_LAYERS = 10
_TYPES = {pa.int64(): pd.Int64Dtype(), pa.bool_(): pd.BooleanDtype()}
_FIRST_DAY, _LAST_DAY = np.datetime64("0001-01-01"), np.datetime64("9999-12-31")
_DATES = "Mend it, or leave it empty"
_POLYGON, _MULTIPOLYGON, _COLLECTION = 3, 6, 7


@dataclass(frozen=True)
class WholeLayer:
    """A layer of a GeoPackage in WGS 84.

    `frame` has the columns of the table, its key `fid_column` first: whole numbers as ``Int64``, truth values as
    ``boolean``, fractions as ``float64``, date-times as UTC, dates as ``datetime.date``, all else as text. The geometry
    column has the name that it has in the table. `left_out` names the columns that hold bytes, `json_columns` those
    that the file says to hold JSON.
    """

    name: str
    frame: Any
    fid_column: str
    left_out: tuple[str, ...]
    json_columns: frozenset[str]


def read_layers(path: str | Path, layer: str | None = None) -> list[WholeLayer]:
    """Read the layers of a GeoPackage that have geometries, or one of them.

    Geometries come in WGS 84, longitude first, two-dimensional, polygons valid.

    Parameters
    ----------
    path
        A local GeoPackage.
    layer
        The one to read; None for all, in the order of the file.

    Raises
    ------
    FileProblem, ColumnMissing, CrsMissing, ValueRejected, LimitExceeded, UnsafeInput
        Naming the file and what would be accepted.
    """
    resolved = local_file(path, {SUFFIX})
    given = Input(resolved, Path(path).name, {})
    configure()
    with ExitStack() as stack:
        staged_path = staged(given, stack)
        present = geopackage.checked_layers(given.path, given.file)
        if not present:
            raise ColumnMissing(Problem("the file has no layer with geometries", "One is needed", given.file))
        if layer is not None and layer not in present:
            held = ", ".join(present[:_SHOWN_LAYERS])
            raise FileProblem(Problem("no such layer", f"The file has: {held}", given.file, value=layer))
        return [_read(given, staged_path, name) for name in (present if layer is None else [layer])]


def _read(given: Input, path: Path, layer: str) -> WholeLayer:
    # without it SQLite would write beside the file even for reading
    options: dict[str, Any] = {} if geopackage.has_journal(given.path) else {"IMMUTABLE": "YES"}
    with typed(given):
        info = pyogrio.read_info(path, layer=layer, **options)
        if info["driver"] != "GPKG":
            raise FileProblem(Problem("not a GeoPackage", "Accepted: .gpkg", given.file))
        check_rows(int(info["features"]), given.file)
        meta, table = pyogrio.read_arrow(path, layer=layer, return_fids=True, **options)
        geometry, key = str(meta["geometry_name"]), str(meta["fid_column"] or table.column_names[0])
        try:
            shapes, broken = decoded(table[geometry].to_numpy())
        except NotImplementedError:
            # curves; GDAL gives them as lines where it is not asked for Arrow
            shapes, broken = decoded(pyogrio.raw.read(path, layer=layer, columns=[], **options)[2])
        attributes = {name: table[i] for i, name in enumerate(table.column_names) if name != geometry}
        for name, column in attributes.items():
            _refuse_no_dates(column, name, attributes[key], layer, given)
        taken = {name: column for name, column in attributes.items() if is_attribute(column.type)}
        frame = pa.table({name: _plain(column) for name, column in taken.items()}).to_pandas(types_mapper=_TYPES.get)
    moved = _served(shapes, broken, _crs(meta["crs"], given.file), given.file)
    # under its own name: another column may be called "geometry"
    frame[geometry] = gpd.GeoSeries(moved, crs=WGS84)
    subtypes = zip(info["fields"].tolist(), info["ogr_subtypes"], strict=True)
    return WholeLayer(
        name=layer,
        frame=gpd.GeoDataFrame(frame, geometry=geometry),
        fid_column=key,
        left_out=tuple(name for name in attributes if name not in taken),
        json_columns=frozenset(name for name, subtype in subtypes if subtype == "OFSTJSON"),
    )


def _plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    kind = column.type
    if isinstance(kind, pa.BaseExtensionType):
        column = pa.chunked_array([chunk.storage for chunk in column.chunks], kind.storage_type)
        kind = column.type
    if pa.types.is_integer(kind):
        return column.cast(pa.int64())
    if pa.types.is_floating(kind):
        return column.cast(pa.float64())
    if pa.types.is_timestamp(kind):
        # the format's date-times are in UTC, also where an older program left the zone out
        return column.cast(pa.timestamp("ms", kind.tz)).cast(pa.timestamp("ms", "UTC"))
    if pa.types.is_boolean(kind) or pa.types.is_date32(kind) or pa.types.is_string(kind):
        return column
    return column.cast(pa.string())


def _refuse_no_dates(column: pa.ChunkedArray, name: str, keys: pa.ChunkedArray, layer: str, given: Input) -> None:
    """Refuse dates and date-times that are none, or that no calendar of ours has; `keys` are the features'."""
    if not (pa.types.is_date32(column.type) or pa.types.is_timestamp(column.type)):
        return
    days = column.cast(pa.date32(), safe=False).to_numpy()
    _refuse(
        (days < _FIRST_DAY) | (days > _LAST_DAY), "the date is not of the years 1 to 9999", _DATES, given.file, name
    )
    # what is no date comes out of Arrow as the first day of 1970, otherwise as missing
    first = days == np.datetime64(0, "D")
    if first.any():
        known = geopackage.keys_where_text_begins(given.path, layer, name, ("1970", "1969"))
        _refuse(first & ~np.isin(keys.to_numpy(), known), "not a date", _DATES, given.file, name)


def _crs(stated: Any, file: str) -> pyproj.CRS:
    try:
        return usable_crs(stated, None, file)[0]
    except CrsMissing as error:
        what = "the layer does not say its coordinate reference system"
        raise CrsMissing(Problem(what, "Store its CRS in the file", file)) from error


def _served(shapes: Shapes, broken: Mask, crs: pyproj.CRS, file: str) -> Shapes:
    _refuse(broken, "the geometry is broken", "Mend it, e.g. with QGIS", file)
    vertices, limit = int(shapely.get_num_coordinates(shapes).sum()), get_settings().input_vertices_max
    if vertices > limit:
        what = f"the layer has {vertices:,} vertices, more than the {limit:,} that are accepted"
        raise LimitExceeded(Problem(what, "Simplify it, or raise the setting SHALGAI_INPUT_VERTICES_MAX", file))
    served: Shapes = shapely.force_2d(shapes)
    if not crs.equals(pyproj.CRS(WGS84), ignore_axis_order=True):
        transformer = pyproj.Transformer.from_crs(crs, WGS84, always_xy=True)
        coordinates = shapely.get_coordinates(served)
        try:
            lon, lat = transformer.transform(coordinates[:, 0], coordinates[:, 1])
        except ProjError:
            lon = lat = np.full(len(coordinates), np.inf)
        served = shapely.set_coordinates(served, np.column_stack([lon, lat]))
    coordinates, owner = shapely.get_coordinates(served, return_index=True)
    outside = np.zeros(len(served), dtype=bool)
    outside[owner[~np.isfinite(coordinates).all(axis=1)]] = True
    _refuse(outside, f"the position lies outside {crs.name}", "Is the CRS of the layer the right one?", file)
    # lines that touch themselves are as they should be; an area that does has no inside
    areas = np.isin(shapely.get_type_id(served), (_POLYGON, _MULTIPOLYGON, _COLLECTION))
    wrong = np.flatnonzero(areas & ~shapely.is_valid(served))
    served[wrong] = united(shapely.make_valid(served[wrong], method="structure", keep_collapsed=True))
    return served


def _refuse(mask: Mask, what: str, remedy: str, file: str, column: str = "geometry") -> None:
    rows = np.flatnonzero(mask).tolist()
    if rows:
        raise ValueRejected([Problem(what, remedy, file, row + 1, column) for row in rows])
