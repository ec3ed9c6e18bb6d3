"""Vector layers of any accepted format as features in WGS 84.

A file is opened only as what its suffix says it is, after a look at its first bytes: GDAL would otherwise follow a
virtual format (VRT, GDALG) hidden under another name to any file or address.
"""

import re
import struct
import warnings
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pyarrow
import pyogrio
import pyproj
import shapely
from pyogrio import errors as ogr_errors
from pyproj.exceptions import CRSError

from geo.errors import ColumnMissing, CrsMissing, FileProblem, InputError, Problem, ValueRejected
from geo.ingest import delimited
from geo.ingest.files import local_file, starts_with
from geo.tables.schema import WGS84

_PARQUET = frozenset({".parquet", ".geoparquet"})
_DRIVERS: dict[str, frozenset[str]] = {
    ".geojson": frozenset({"GeoJSON"}),
    ".json": frozenset({"GeoJSON"}),
    ".gpkg": frozenset({"GPKG"}),
    ".shp": frozenset({"ESRI Shapefile"}),
    ".zip": frozenset({"ESRI Shapefile"}),
    ".fgb": frozenset({"FlatGeobuf"}),
    ".kml": frozenset({"KML", "LIBKML"}),
}
AREA_SUFFIXES = frozenset(_DRIVERS) | _PARQUET
POINT_SUFFIXES = AREA_SUFFIXES | delimited.SUFFIXES

_SHAPEFILE_MAGIC = b"\x00\x00\x27\x0a"
_MAGIC = {".gpkg": b"SQLite format 3\x00", ".shp": _SHAPEFILE_MAGIC, ".fgb": b"fgb\x03fgb"}
_KML_ROOT = re.compile(rb"\s*(<\?xml[^>]*\?>\s*)?(<!--.*?-->\s*)*<(\w+:)?kml[\s>]", re.DOTALL)
_SNIFFED_BYTES = 65_536
_OGR_ERRORS = (
    ogr_errors.DataSourceError,
    ogr_errors.DataLayerError,
    ogr_errors.CRSError,
    ogr_errors.FeatureError,
    ogr_errors.FieldError,
    ogr_errors.GeometryError,
    IndexError,
    ValueError,
)


def read_features(path: str | Path, *, layer: str, suffixes: frozenset[str], crs: Any = None) -> gpd.GeoDataFrame:
    """All features of a layer, with the file's own columns; WGS 84, two-dimensional, valid polygons.

    Parameters
    ----------
    path
        A local file: GeoJSON, GeoPackage, Shapefile (also zipped), FlatGeobuf, GeoParquet, KML; where `suffixes`
        allows it, CSV with longitude and latitude.
    layer
        The layer to take where a file holds several.
    suffixes
        Accepted file suffixes.
    crs
        CRS of a file that states none, in any form pyproj takes. GeoJSON and CSV in degrees are WGS 84 by definition.

    Raises
    ------
    FileProblem, CrsMissing, ColumnMissing, ValueRejected
        Naming the file, the feature and what would be accepted.
    """
    path = local_file(path, suffixes)
    suffix = path.suffix.lower()
    if suffix in delimited.SUFFIXES:
        features, angular = delimited.read_delimited_points(path)
        stated = WGS84 if angular or crs is None else None
    elif suffix in _PARQUET:
        features = _read_geoparquet(path)
        stated = features.crs
    else:
        features = _read_with_gdal(path, suffix, layer)
        stated = features.crs
    if features.empty:
        raise FileProblem(Problem("the layer has no rows", "One feature at least is needed", path.name))
    return _in_wgs84(features, stated, crs, path.name)


@contextmanager
def _quiet() -> Iterator[None]:
    # what GDAL has to remark about a file goes neither to the terminal nor into the caller's warnings
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _read_geoparquet(path: Path) -> gpd.GeoDataFrame:
    unreadable = Problem("cannot be read as GeoParquet", "Write it with GeoPandas, GDAL or QGIS", path.name)
    try:
        with _quiet():
            features = gpd.read_parquet(path)
    except (pyarrow.ArrowException, shapely.errors.ShapelyError, OSError, ValueError, KeyError, TypeError) as error:
        raise FileProblem(unreadable) from error
    features = features.reset_index(drop=True)
    if features.geometry.name != "geometry":
        features = features.drop(columns="geometry", errors="ignore").rename_geometry("geometry")
    return features


def _read_with_gdal(path: Path, suffix: str, layer: str) -> gpd.GeoDataFrame:
    name = _gdal_name(path, suffix)
    unreadable = Problem(f"cannot be read as {suffix}", "Is the file damaged or of another format?", path.name)
    try:
        with _quiet():
            layer = _chosen_layer(name, layer, path.name)
            info = pyogrio.read_info(name, layer=layer)
            if info["driver"] not in _DRIVERS[suffix]:
                raise FileProblem(unreadable)
            options = {"layer": layer, "force_2d": True, "use_arrow": False, "datetime_as_string": True}
            try:
                features = pyogrio.read_dataframe(name, **options)
            except shapely.errors.ShapelyError as error:
                raise _broken_geometries(name, layer, path.name) from error
    except _OGR_ERRORS as error:
        raise FileProblem(unreadable) from error
    if len(features) < info["features"]:
        what = f"the file is cut off: {info['features']} features announced, {len(features)} there"
        raise FileProblem(Problem(what, "Copy it again", path.name))
    if not isinstance(features, gpd.GeoDataFrame):
        raise ColumnMissing(Problem("the layer has no geometry", "A layer with geometries is needed", path.name))
    return features


def _gdal_name(path: Path, suffix: str) -> str:
    """The name under which GDAL opens the file as its suffix's format and as no other."""
    if suffix == ".zip":
        return _zipped_shapefile(path)
    head = starts_with(path, _SNIFFED_BYTES)
    if suffix == ".kml":
        fits = _KML_ROOT.match(head.removeprefix(b"\xef\xbb\xbf")) is not None and b"OGRVRTDataSource" not in head
    else:
        fits = head.startswith(_MAGIC.get(suffix, b""))
    if not fits:
        raise FileProblem(Problem(f"not a {suffix} file", "Its content is of another format", path.name))
    if suffix == ".shp" and 2 * struct.unpack(">i", head[24:28].rjust(4, b"\0"))[0] != path.stat().st_size:
        # GDAL would read the features that are cut off as features without a geometry
        raise FileProblem(Problem("the shapefile is cut off", "Copy it again, with all its parts", path.name))
    return f"GeoJSON:{path}" if suffix in {".geojson", ".json"} else str(path)


def _zipped_shapefile(path: Path) -> str:
    try:
        with zipfile.ZipFile(path) as archive:
            inside = [n for n in archive.namelist() if n.lower().endswith(".shp") and not n.startswith("__MACOSX/")]
            if len(inside) == 1:
                with archive.open(inside[0]) as stream:
                    if stream.read(4) == _SHAPEFILE_MAGIC:
                        return f"/vsizip/{{{path}}}/{inside[0]}"
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError) as error:
        raise FileProblem(Problem("not a zip file that can be read", "Zip it again", path.name)) from error
    held = f"it holds {', '.join(inside[:5])}" if inside else "it holds no .shp"
    raise FileProblem(
        Problem("the archive needs one shapefile", "Zip one shapefile with all its parts", path.name, value=held)
    )


def _chosen_layer(name: str, layer: str, file: str) -> str:
    layers = [str(found) for found, kind in pyogrio.list_layers(name) if kind is not None]
    if not layers:
        raise ColumnMissing(Problem("the file has no layer with geometries", "One is needed", file))
    if len(layers) == 1:
        return layers[0]
    if layer in layers:
        return layer
    held = ", ".join(layers[:10])
    raise FileProblem(Problem(f"the file has {len(layers)} layers: {held}", f"Keep one, or name one '{layer}'", file))


def _broken_geometries(name: str, layer: str, file: str) -> InputError:
    wkb = pyogrio.raw.read(name, layer=layer, force_2d=True, columns=[])[2]
    broken = shapely.is_missing(shapely.from_wkb(wkb, on_invalid="ignore")) & np.array([g is not None for g in wkb])
    remedy = "A ring needs four points at least, the last like the first"
    return ValueRejected(
        [Problem("the geometry is broken", remedy, file, int(i) + 1, "geometry") for i in np.flatnonzero(broken)]
    )


def _in_wgs84(features: gpd.GeoDataFrame, stated: Any, given: Any, file: str) -> gpd.GeoDataFrame:
    crs = _usable_crs(stated, given, file)
    shapes = shapely.force_2d(features.geometry.to_numpy())
    _check_finite(shapes, "the position is not a number", "Accepted: finite coordinates", file)
    features = features.set_geometry(gpd.GeoSeries(shapes, index=features.index), crs=None)
    features = features.set_crs(crs, allow_override=True).to_crs(WGS84)
    shapes = features.geometry.to_numpy()
    _check_finite(shapes, f"the position lies outside {crs.name}", "Is the CRS the right one?", file)
    return features.set_geometry(gpd.GeoSeries(_repaired(shapes, file), index=features.index, crs=WGS84))


def _usable_crs(stated: Any, given: Any, file: str) -> pyproj.CRS:
    if stated is not None:
        crs = pyproj.CRS.from_user_input(stated)
        # GeoPackage writes "undefined" as a CRS of its own
        if (crs.is_geographic or crs.is_projected) and not crs.name.lower().startswith(("undefined", "unknown")):
            return crs.to_2d()
    if given is None:
        remedy = "Store its CRS in the file, or state it, e.g. EPSG:32640"
        raise CrsMissing(Problem("the layer does not say its coordinate reference system", remedy, file))
    try:
        return pyproj.CRS.from_user_input(given).to_2d()
    except CRSError as error:
        remedy = "Accepted: an EPSG code such as EPSG:32640, WKT or a PROJ string"
        raise ValueRejected(Problem("not a coordinate reference system", remedy, value=given)) from error


def _check_finite(shapes: Any, what: str, remedy: str, file: str) -> None:
    coordinates, rows = shapely.get_coordinates(shapes, return_index=True)
    bad = np.unique(rows[~np.isfinite(coordinates).all(axis=1)])
    if bad.size:
        raise ValueRejected([Problem(what, remedy, file, int(i) + 1, "geometry") for i in bad])


def _repaired(shapes: Any, file: str) -> Any:
    """Polygons made valid without lines and points left over; a multipoint or collection of one becomes that one."""
    single = np.isin(shapely.get_type_id(shapes), (4, 6, 7)) & (shapely.get_num_geometries(shapes) == 1)
    shapes = np.where(single, shapely.get_geometry(shapes, 0), shapes)
    areas = np.isin(shapely.get_type_id(shapes), (3, 6))
    invalid = areas & ~shapely.is_empty(shapes) & ~shapely.is_valid(shapes)
    # "structure" unites overlapping parts where "linework" would make holes of them
    shapes[invalid] = shapely.make_valid(shapes[invalid], method="structure", keep_collapsed=False)
    collapsed = np.flatnonzero(invalid & shapely.is_empty(shapes))
    if collapsed.size:
        remedy = "A polygon needs an area"
        raise ValueRejected(
            [Problem("the polygon has no area", remedy, file, int(i) + 1, "geometry") for i in collapsed]
        )
    return shapes
