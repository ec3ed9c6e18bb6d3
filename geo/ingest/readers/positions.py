"""From columns of text to positions in WGS 84: longitude and latitude, x and y, both in one column, or WKT."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyproj
import shapely
from pyproj.exceptions import ProjError

from geo.errors import ColumnMissing, CrsMissing, FileProblem, Problem, ValueRejected
from geo.ingest.aliases import accepted_names, canonical_names, plain
from geo.ingest.readers.angles import Angles, Flags, Floats, angles, pairs, plain_numbers
from geo.ingest.readers.geometry import parsed
from geo.ingest.report import Finding, Severity
from geo.ingest.source import Batch, ReadOptions, Source
from geo.tables.schema import WGS84

Shapes = npt.NDArray[Any]

_WKT_NAMES = ("geometry", "geom", "the_geom", "shape_wkt")
_WKT = r"(?i)\s*(?:SRID\s*=\s*[0-9]+\s*;)?\s*(?:MULTI)?(?:POINT|LINESTRING|POLYGON|GEOMETRYCOLLECTION)\b"
_SRID = r"(?is)^\s*SRID\s*=\s*(?P<srid>[0-9]{1,6})\s*;"
_PAIR_NAMES = frozenset(
    {"coordinates", "coordinate", "coords", "latlon", "latlng", "lat_lon", "lat_lng", "lonlat", "lon_lat", "lng_lat"}
    | {"координаты", "координата", "координаттар", "координаттары"}
)
_PAIR_WORD = re.compile(r"coord|координат")
_LONGITUDE_NAME = re.compile(r"lon|lng|долг|бойл")
_LATITUDE_NAME = re.compile(r"lat|шир|енд")
_LIMITS = {"lon": 180.0, "lat": 90.0}
_GREATEST_ANGLE = 360.0
_ACCEPTED = "Accepted: degrees such as 50.2839, 50,2839 or 50°17'02\"N"
_CRS_REMEDY = "State the coordinate reference system, e.g. EPSG:32640 or, for degrees, EPSG:4326"


@dataclass(frozen=True)
class Positions:
    """Where a table has its positions.

    Attributes
    ----------
    form
        ``columns`` (longitude or x, latitude or y), ``pair`` (both in one column) or ``wkt``.
    columns
        The file's own columns: two for ``columns``, longitude first, else one.
    crs
        Their CRS; of WKT only where it states none itself; None where nothing at all does.
    longitude_first
        Of a pair without hemispheres.
    findings
        What there is to say about the choice.
    """

    form: str
    columns: tuple[str, ...]
    crs: pyproj.CRS | None
    longitude_first: bool = False
    findings: list[Finding] = field(default_factory=list)


def stated_crs(given: str | None) -> pyproj.CRS | None:
    """The CRS that the user states.

    Raises
    ------
    ValueRejected
        If it is none for positions on the earth.
    """
    if given is None:
        return None
    remedy = "Accepted: an EPSG code such as EPSG:32640, WKT or a PROJ string"
    try:
        crs = pyproj.CRS.from_user_input(given).to_2d()
    except ProjError as error:
        raise ValueRejected(Problem("not a coordinate reference system", remedy, value=given)) from error
    if not (crs.is_geographic or crs.is_projected):
        what = "the coordinate reference system is neither geographic nor projected"
        raise ValueRejected(Problem(what, remedy, value=given))
    return crs


def with_positions(source: Source, options: ReadOptions, file: str) -> Source:
    """The source with its positions as geometries; as it is where it has no column for them.

    The columns of the positions are then no longer among `columns`, and `crs` is what they are in.

    Parameters
    ----------
    source
        A table of text with one row at least.
    file
        Its name, for messages.

    Raises
    ------
    ColumnMissing, CrsMissing, ValueRejected
        If there is half a pair of columns, or nothing says the CRS; the latter also when batches are gone through.
    """
    first = next(source.batches)
    batches = chain([first], source.batches)
    positions = find_positions(first.frame, options, file)
    if positions is None:
        return replace(source, batches=batches)
    columns = [name for name in source.columns if name not in positions.columns and name != "geometry"]
    return replace(
        source,
        columns=columns,
        batches=(located(batch, positions, file) for batch in batches),
        crs=_name(_crs_of(positions, first.frame)),
        findings=source.findings + positions.findings,
    )


def find_positions(frame: pd.DataFrame, options: ReadOptions, file: str) -> Positions | None:
    """Where a table has its positions, judged by the names of its columns and its first rows; None where nowhere.

    WKT is preferred to a pair of columns, that to a single column. Longitude and latitude are WGS 84 if no other
    geographic CRS is stated; x and y need a stated one.

    Raises
    ------
    ColumnMissing, CrsMissing, ValueRejected
        As `with_positions`.
    """
    names = [str(name) for name in frame.columns]
    given = stated_crs(options.crs)
    own = canonical_names(names, ["lon", "lat"])
    wanted_names = ["wkt", *_WKT_NAMES, *map(plain, accepted_names("wkt"))]
    wkt = next((name for wanted in wanted_names for name in names if plain(name) == wanted), None)
    if wkt is not None and (len(own) < 2 or frame[wkt].str.match(_WKT).fillna(False).any()):
        return Positions("wkt", (wkt,), given, findings=[_taken_from((wkt,))])
    if len(own) == 2:
        return _columns(frame, own["lon"], own["lat"], given, options, file)
    single = [name for name in names if _is_pair(frame[name], plain(name))]
    if len(single) == 1 and not own:
        return _pair(single[0], given, options)
    for axis, name in own.items():
        if (_LONGITUDE_NAME if axis == "lon" else _LATITUDE_NAME).search(plain(name)):
            missing = "lat" if axis == "lon" else "lon"
            remedy = f"The file has: {', '.join(names)}. Accepted also: {', '.join(accepted_names(missing))}"
            raise ColumnMissing(Problem("column is missing", remedy, file, column=missing))
    return None


def _is_pair(values: pd.Series, name: str) -> bool:
    if name in _PAIR_NAMES:
        return True
    # of a coordinate system, a coordinator, one coordinate of two?
    return _PAIR_WORD.search(name) is not None and not bool(np.isnan(pairs(values)[0].degrees).all())


def _columns(
    frame: pd.DataFrame, lon: str, lat: str, given: pyproj.CRS | None, options: ReadOptions, file: str
) -> Positions:
    findings = [_taken_from((lon, lat))]
    named = _LONGITUDE_NAME.search(plain(lon)) is not None or _LATITUDE_NAME.search(plain(lat)) is not None
    if given is None:
        if not named or _is_metric(frame, lon, lat):
            what = f"the columns '{lon}' and '{lat}' do not say their coordinate reference system"
            raise CrsMissing(Problem(what, _CRS_REMEDY, file))
        given = pyproj.CRS(WGS84)
    elif named and given.is_projected and not _is_metric(frame, lon, lat):
        findings.append(_unused_crs(f"the columns '{lon}' and '{lat}' hold degrees", options))
        given = pyproj.CRS(WGS84)
    return Positions("columns", (lon, lat), given, findings=findings)


def _pair(name: str, given: pyproj.CRS | None, options: ReadOptions) -> Positions:
    findings = [_taken_from((name,))]
    if given is not None and given.is_projected:
        findings.append(_unused_crs(f"the column '{name}' holds degrees", options))
        given = None
    words = plain(name)
    lon, lat = _LONGITUDE_NAME.search(words), _LATITUDE_NAME.search(words)
    longitude_first = lon is not None and lat is not None and lon.start() < lat.start()
    return Positions("pair", (name,), given or pyproj.CRS(WGS84), longitude_first, findings)


def _taken_from(columns: Sequence[str]) -> Finding:
    listed = " and ".join(f"'{name}'" for name in columns)
    return Finding("position_columns", Severity.NOTE, f"positions were taken from {listed}")


def _unused_crs(why: str, options: ReadOptions) -> Finding:
    what = f"{why}; they were taken as WGS 84, not as {options.crs}"
    return Finding("crs_not_used", Severity.WARNING, what, "State a geographic CRS, or none")


def _is_metric(frame: pd.DataFrame, lon: str, lat: str) -> bool:
    """Whether most numbers are too great for angles."""
    values = np.abs(np.concatenate([plain_numbers(frame[lon]), plain_numbers(frame[lat])]))
    values = values[np.isfinite(values)]
    return values.size > 0 and bool(np.mean(values > _GREATEST_ANGLE) > 0.5)


def _crs_of(positions: Positions, frame: pd.DataFrame) -> pyproj.CRS:
    if positions.form == "wkt":
        srids = frame[positions.columns[0]].str.extract(_SRID)["srid"].dropna()
        if not srids.empty:
            try:
                return pyproj.CRS.from_epsg(int(srids.iloc[0]))
            except ProjError:
                pass
    return positions.crs or pyproj.CRS(WGS84)


def _name(crs: pyproj.CRS) -> str:
    authority = crs.to_authority()
    return ":".join(authority) if authority else crs.name


def located(batch: Batch, positions: Positions, file: str) -> Batch:
    """The batch as a GeoDataFrame in WGS 84, geometry null where a row has none that can be used.

    Raises
    ------
    CrsMissing
        If WKT states no CRS and cannot be degrees.
    """
    reader = {"columns": _from_columns, "pair": _from_pairs, "wkt": _from_wkt}[positions.form]
    shapes, problems, findings = reader(batch, positions, file)
    frame = batch.frame.drop(columns=[*positions.columns, "geometry"], errors="ignore")
    return Batch(
        gpd.GeoDataFrame(frame, geometry=gpd.GeoSeries(shapes, index=frame.index, crs=WGS84)),
        batch.rows,
        batch.findings + findings,
        batch.problems + problems,
    )


@dataclass
class _Rows:
    """The rows of a batch, each with one problem at most: the first that is found."""

    batch: Batch
    file: str
    found: dict[int, Problem] = field(default_factory=dict)

    def refuse(self, flags: Any, what: str, remedy: str, column: str) -> None:
        values = self.batch.frame[column] if column in self.batch.frame.columns else None
        for i in np.flatnonzero(flags):
            value = None if values is None or pd.isna(values.iloc[i]) else values.iloc[i]
            self.found.setdefault(int(i), Problem(what, remedy, self.file, int(self.batch.rows[i]), column, value))

    @property
    def usable(self) -> Flags:
        usable = np.ones(len(self.batch.rows), dtype=bool)
        usable[list(self.found)] = False
        return usable

    @property
    def problems(self) -> list[Problem]:
        return [self.found[i] for i in sorted(self.found)]


def _from_columns(batch: Batch, positions: Positions, file: str) -> tuple[Shapes, list[Problem], list[Finding]]:
    rows = _Rows(batch, file)
    lon, lat = positions.columns
    crs = positions.crs or pyproj.CRS(WGS84)
    given = {name: batch.frame[name].notna().to_numpy() for name in (lon, lat)}
    for name, other in ((lon, lat), (lat, lon)):
        rows.refuse(~given[name] & given[other], "half of a position", "Give both columns or neither", name)
    if crs.is_geographic:
        x, y = angles(batch.frame[lon]), angles(batch.frame[lat])
        rows.refuse(given[lon] & np.isnan(x.degrees), "not a valid position", _ACCEPTED, lon)
        rows.refuse(given[lat] & np.isnan(y.degrees), "not a valid position", _ACCEPTED, lat)
        exchanged = "This is the other coordinate: do the columns stand exchanged?"
        rows.refuse(x.is_latitude, "a latitude in the column of longitudes", exchanged, lon)
        rows.refuse(y.is_longitude, "a longitude in the column of latitudes", exchanged, lat)
        _check_range(rows, x.degrees, y.degrees, lon, lat)
        numbers = x.degrees, y.degrees
    else:
        numbers = plain_numbers(batch.frame[lon]), plain_numbers(batch.frame[lat])
        for name, values in zip((lon, lat), numbers, strict=True):
            rows.refuse(given[name] & np.isnan(values), "not a valid position", "Accepted: a number of metres", name)
    return _points(rows, *numbers, crs, lat), rows.problems, []


def _from_pairs(batch: Batch, positions: Positions, file: str) -> tuple[Shapes, list[Problem], list[Finding]]:
    rows = _Rows(batch, file)
    name = positions.columns[0]
    given = batch.frame[name].notna().to_numpy()
    first, second = pairs(batch.frame[name])
    unread = given & np.isnan(first.degrees)
    rows.refuse(unread, "not a valid position", "Accepted: 50.2839, 57.1670 or 50,2839; 57,1670", name)
    swapped = (first.is_longitude | second.is_latitude) | (positions.longitude_first & ~_told(first, second))
    lat = np.where(swapped, second.degrees, first.degrees)
    lon = np.where(swapped, first.degrees, second.degrees)
    _check_range(rows, lon, lat, name, name)
    untold = int((given & ~unread & ~_told(first, second)).sum())
    findings = []
    if untold and not positions.longitude_first:
        what = f"of the two numbers in '{name}' the first was taken as the latitude"
        remedy = "If it is the longitude, give two columns, lon and lat"
        findings.append(Finding("latitude_first", Severity.NOTE, what, remedy, untold))
    return _points(rows, lon, lat, positions.crs or pyproj.CRS(WGS84), name), rows.problems, findings


def _told(first: Angles, second: Angles) -> Flags:
    return first.is_latitude | first.is_longitude | second.is_latitude | second.is_longitude


def _check_range(rows: _Rows, lon_deg: Floats, lat_deg: Floats, lon: str, lat: str) -> None:
    with np.errstate(invalid="ignore"):
        wide, high = np.abs(lon_deg) > _LIMITS["lon"], np.abs(lat_deg) > _LIMITS["lat"]
        exchanged = high & (np.abs(lat_deg) <= _LIMITS["lon"]) & (np.abs(lon_deg) <= _LIMITS["lat"])
    remedy = "Accepted: −90 to 90 degrees; longitude and latitude look exchanged"
    rows.refuse(exchanged, "latitude outside the earth", remedy, lat)
    rows.refuse(high, "latitude outside the earth", "Accepted: −90 to 90 degrees", lat)
    rows.refuse(wide, "longitude outside the earth", "Accepted: −180 to 180 degrees", lon)


def _points(rows: _Rows, x: Floats, y: Floats, crs: pyproj.CRS, column: str) -> Shapes:
    usable = rows.usable & np.isfinite(x) & np.isfinite(y)
    shapes = np.full(len(x), None, dtype=object)
    shapes[usable] = shapely.points(x[usable], y[usable])
    return _reprojected(rows, shapes, crs, column)


def _from_wkt(batch: Batch, positions: Positions, file: str) -> tuple[Shapes, list[Problem], list[Finding]]:
    rows = _Rows(batch, file)
    name = positions.columns[0]
    text = batch.frame[name]
    srids = text.str.extract(_SRID)["srid"]
    bare = text.where(srids.isna(), text.str.replace(_SRID, "", regex=True))
    texts = bare.astype(object).where(bare.notna(), None).to_numpy()
    shapes: Shapes = shapely.force_2d(parsed(texts))
    unread = text.notna().to_numpy() & shapely.is_missing(shapes)
    rows.refuse(unread, "not a geometry in WKT", "Accepted: such as POINT (57.167 50.284)", name)
    finite = np.isfinite(shapely.bounds(shapes)).all(axis=1)
    kept = ~shapely.is_missing(shapes) & ~shapely.is_empty(shapes)
    rows.refuse(kept & ~finite, "the position is not a number", "Accepted: finite coordinates", name)
    shapes[~kept | ~finite] = None
    untold = ~shapely.is_missing(shapes) & srids.isna().to_numpy()
    findings = []
    if untold.any() and positions.crs is None:
        reach = np.abs(shapely.bounds(shapes[untold]))
        if (reach[:, [0, 2]] > _LIMITS["lon"]).any() or (reach[:, [1, 3]] > _LIMITS["lat"]).any():
            what = "the WKT does not say its coordinate reference system, and its numbers are no degrees"
            raise CrsMissing(Problem(what, _CRS_REMEDY, file, column=name))
        what = "WKT that states no coordinate reference system was taken as WGS 84"
        findings.append(Finding("crs_assumed", Severity.NOTE, what, _CRS_REMEDY, int(untold.sum())))
    result = np.full(len(shapes), None, dtype=object)
    result[untold] = _reprojected(rows, _only(shapes, untold), positions.crs, name)[untold]
    for srid in srids[~shapely.is_missing(shapes)].dropna().unique():
        here = (srids == srid).to_numpy(dtype=bool)
        try:
            crs = stated_crs(f"EPSG:{srid}")
        except ValueRejected:
            rows.refuse(here, "no such coordinate reference system", "Accepted: SRID of an EPSG code", name)
            continue
        result[here] = _reprojected(rows, _only(shapes, here), crs, name)[here]
    return result, rows.problems, findings


def _only(shapes: Shapes, flags: Flags) -> Shapes:
    kept = shapes.copy()
    kept[~flags] = None
    return kept


def _reprojected(rows: _Rows, shapes: Shapes, crs: pyproj.CRS | None, column: str) -> Shapes:
    """The shapes in WGS 84; None, and refused, where they lie outside of what their CRS can express."""
    if crs is None or crs == pyproj.CRS(WGS84):
        return shapes
    try:
        transformer = pyproj.Transformer.from_crs(crs, WGS84, always_xy=True)
    except ProjError as error:
        what = f"positions in {crs.name} cannot be brought to WGS 84"
        raise FileProblem(Problem(what, "State another CRS", rows.file)) from error

    def in_degrees(xy: Floats) -> Floats:
        return np.column_stack(transformer.transform(xy[:, 0], xy[:, 1]))

    moved: Shapes = shapely.transform(shapes, in_degrees)
    xy, owner = shapely.get_coordinates(moved, return_index=True)
    lost = np.zeros(len(moved), dtype=bool)
    lost[owner[~np.isfinite(xy).all(axis=1)]] = True
    rows.refuse(lost, f"the position lies outside {crs.name}", "Is the CRS the right one?", column)
    moved[lost] = None
    return moved
