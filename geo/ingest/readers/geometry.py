"""Geometries of a batch brought to WGS 84, in two dimensions and valid, with every change told."""

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pyproj
import shapely
from pyproj.exceptions import CRSError, ProjError

from geo.errors import CrsMissing, Problem, ValueRejected
from geo.ingest.report import EXAMPLES, Finding, Severity
from geo.tables.schema import WGS84

_POLYGON, _MULTIPOLYGON, _COLLECTION = 3, 6, 7
_MULTI_TYPES = (4, 5, 6)
_MAKE_MULTI = (shapely.multipoints, shapely.multilinestrings, shapely.multipolygons)
_BROKEN_REMEDY = "Coordinates are missing or no numbers; a ring needs four points at least, the last like the first"

_NESTED_MAX = 1000
_SHORT = 9 * _NESTED_MAX
"""Bytes or characters that so many collections within each other have at least."""
_NESTING_WORDS = re.compile(r"collection|compoundcurve|curvepolygon|multicurve|multisurface", re.IGNORECASE)
_NESTING_HEADS = re.compile(
    # byte order and type of what may hold others: 4 to 7 and 9 to 12, with Z, M or both a thousand more or by flags
    rb"\x01(?:[\x04-\x07\x09-\x0c]\x00|[\xec-\xef\xf1-\xf4]\x03|[\xd4-\xd7\xd9-\xdc]\x07|[\xbc-\xbf\xc1-\xc4]\x0b)"
    rb"\x00[\x00\x20-\xe0]"
    rb"|\x00[\x00\x20-\xe0]\x00"
    rb"(?:\x00[\x04-\x07\x09-\x0c]|\x03[\xec-\xef\xf1-\xf4]|\x07[\xd4-\xd7\xd9-\xdc]|\x0b[\xbc-\xbf\xc1-\xc4])",
    re.DOTALL,
)

Shapes = npt.NDArray[np.object_]
Rows = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


def usable_crs(stated: Any, given: Any, file: str) -> tuple[pyproj.CRS, list[Finding]]:
    """The CRS of a layer: the one that it states, else the one that the user gives; two-dimensional.

    Parameters
    ----------
    stated, given
        In any form pyproj takes; null where there is none.
    file
        Name of the input, for messages.

    Raises
    ------
    CrsMissing
        If there is neither.
    ValueRejected
        If `given` is no CRS.
    """
    own = None if stated is None else _understood(stated)
    try:
        option = None if given is None else pyproj.CRS.from_user_input(given).to_2d()
    except CRSError as error:
        remedy = "Accepted: an EPSG code such as EPSG:32640, WKT or a PROJ string"
        raise ValueRejected(Problem("not a coordinate reference system", remedy, value=given)) from error
    # GeoPackage writes "undefined" as a CRS of its own
    named = own is not None and not own.name.lower().startswith(("undefined", "unknown"))
    if own is not None and named and (own.is_geographic or own.is_projected):
        own = own.to_2d()
        if option is None or option.equals(own, ignore_axis_order=True):
            return own, []
        what = f"the file states the CRS {crs_name(own)}, so that given by --crs is not used"
        remedy = "If the file is wrong, correct its CRS"
        example = Problem(what, remedy, file, value=crs_name(option))
        return own, [Finding.of("crs_option_ignored", Severity.WARNING, [example])]
    if option is None:
        remedy = "Store its CRS in the file, or state it with --crs, e.g. --crs EPSG:32640"
        raise CrsMissing(Problem("the layer does not say its coordinate reference system", remedy, file))
    return option, []


def crs_name(crs: pyproj.CRS) -> str:
    """The authority's code of a CRS such as ``EPSG:32640``, else its name."""
    authority = crs.to_authority()
    return ":".join(authority) if authority else crs.name


def decoded(wkb: Any) -> tuple[Shapes, Mask]:
    """Shapes of well-known binary, shape (n,), null where there is none; and which are there but broken.

    Raises
    ------
    NotImplementedError
        If one is a curve.
    """
    # no bytes are a broken geometry
    readable = [b"" if item and _NESTING_HEADS.match(item) and _is_deep(item, _NESTING_HEADS) else item for item in wkb]
    with np.errstate(invalid="ignore"):
        shapes = shapely.from_wkb(np.array(readable, dtype=object), on_invalid="ignore")
    return shapes, shapely.is_missing(shapes) & np.array([item is not None for item in readable], dtype=bool)


def parsed(texts: Any) -> Shapes:
    """Shapes of well-known text, shape (n,); null where there is none or it cannot be read."""
    readable = [None if text is not None and _is_deep(text, _NESTING_WORDS) else text for text in texts]
    shapes: Shapes = shapely.from_wkt(np.array(readable, dtype=object), on_invalid="ignore")
    return shapes


def _is_deep(given: Any, beginnings: "re.Pattern[Any]") -> bool:
    """Whether a geometry may have more within each other than GEOS, which calls itself for each, can read alive."""
    if len(given) < _SHORT:
        return False
    return next(itertools.islice(beginnings.finditer(given), _NESTED_MAX, None), None) is not None


@dataclass
class Normalised:
    """Shapes in WGS 84, two-dimensional, polygons valid; null where there was none, or none that can be used.

    `findings` tell what was changed, `problems` which rows have a geometry that cannot be used.
    """

    shapes: Shapes
    findings: list[Finding]
    problems: list[Problem]


@dataclass(frozen=True)
class Normaliser:
    """Brings the geometries of one layer to WGS 84, batch by batch.

    Attributes
    ----------
    crs
        The layer's CRS; its coordinates come with longitude or easting first.
    file
        Name of the input, for messages.
    """

    crs: pyproj.CRS
    file: str

    def normalised(self, shapes: Shapes, rows: Rows, broken: Mask) -> Normalised:
        """Normalise the shapes of some rows.

        Parameters
        ----------
        shapes
            In the layer's CRS, shape (n,), null where there is none.
        rows
            Their numbers in the file, from 1, shape (n,).
        broken
            Rows whose geometry could not be understood, shape (n,).
        """
        told = _Told(self.file, rows)
        shapes = shapes.copy()
        endless = _not_finite(shapes)
        shapes[endless | shapely.is_empty(shapes)] = None
        told.refuse(broken, "the geometry is broken", _BROKEN_REMEDY)
        told.refuse(endless, "the position is not a number", "Accepted: finite coordinates")
        shapes = _reduced(_flat(shapes, told), told)
        moved = self._transformed(shapes)
        outside = _not_finite(moved)
        what = f"the position lies outside {self.crs.name}"
        told.refuse(outside, what, "Is the CRS the right one?", _first_positions(shapes, outside))
        moved[outside] = None
        return Normalised(_repaired(moved, told), told.findings, told.problems)

    @cached_property
    def _transformer(self) -> pyproj.Transformer | None:
        if self.crs.equals(pyproj.CRS(WGS84), ignore_axis_order=True):
            return None
        return pyproj.Transformer.from_crs(self.crs, WGS84, always_xy=True)

    def _transformed(self, shapes: Shapes) -> Shapes:
        if self._transformer is None:
            return shapes
        coordinates = shapely.get_coordinates(shapes)
        try:
            lon, lat = self._transformer.transform(coordinates[:, 0], coordinates[:, 1])
        except ProjError:
            lon = lat = np.full(len(coordinates), np.inf)
        moved: Shapes = shapely.set_coordinates(shapes.copy(), np.column_stack([lon, lat]))
        return moved


@dataclass
class _Told:
    """What is told about the rows of a batch."""

    file: str
    rows: Rows
    findings: list[Finding] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def refuse(self, mask: Mask, what: str, remedy: str, values: Sequence[str] = ()) -> None:
        for i, row in enumerate(self.rows[mask].tolist()):
            self.problems.append(Problem(what, remedy, self.file, row, "geometry", values[i] if values else None))

    def find(self, code: str, severity: Severity, at: Any, what: str, remedy: str = "", values: Any = ()) -> None:
        """`at` are places in the batch, shape (k,); `values` those of the examples."""
        if len(at):
            shown = [*values, *[None] * EXAMPLES]
            examples = tuple(
                Problem(what, remedy, self.file, int(row), "geometry", value)
                for row, value in zip(self.rows[at[:EXAMPLES]], shown, strict=False)
            )
            self.findings.append(Finding(code, severity, what, remedy, len(at), examples))


def _flat(shapes: Shapes, told: _Told) -> Shapes:
    deep = np.flatnonzero(shapely.has_z(shapes) | shapely.has_m(shapes))
    if not deep.size:
        return shapes
    coordinates, owner = shapely.get_coordinates(shapes[deep], include_z=True, include_m=True, return_index=True)
    # KML writes a height of nought where nobody gave one
    high = np.unique(owner[(np.nan_to_num(coordinates[:, 2:]) != 0).any(axis=1)])
    told.find("height_dropped", Severity.NOTE, deep[high], "heights or measures were dropped")
    flat: Shapes = shapely.force_2d(shapes)
    return flat


def _reduced(shapes: Shapes, told: _Told) -> Shapes:
    """Collections as their parts of the highest dimension; a multipoint or the like of one as that one."""
    collections = np.flatnonzero(shapely.get_type_id(shapes) == _COLLECTION)
    if collections.size:
        parts, owner = shapely.get_parts(shapes[collections], return_index=True)
        while (shapely.get_type_id(parts) > _POLYGON).any():
            parts, inner = shapely.get_parts(parts, return_index=True)
            owner = owner[inner]
        held = ~shapely.is_empty(parts)
        parts, owner = parts[held], owner[held]
        dimensions = shapely.get_dimensions(parts)
        highest = np.full(collections.size, -1)
        np.maximum.at(highest, owner, dimensions)
        kept = dimensions == highest[owner]
        for dimension, make in enumerate(_MAKE_MULTI):
            of = highest == dimension
            numbers = np.cumsum(of) - 1
            chosen = kept & (dimensions == dimension)
            shapes[collections[of]] = make(parts[chosen], indices=numbers[owner[chosen]])
        told.find(
            "collection_reduced",
            Severity.WARNING,
            collections[np.unique(owner[~kept])],
            "of a collection of several kinds only the parts of the highest dimension were kept",
            "Store areas, lines and points in layers of their own",
        )
    single = np.isin(shapely.get_type_id(shapes), _MULTI_TYPES) & (shapely.get_num_geometries(shapes) == 1)
    shapes[single] = shapely.get_geometry(shapes[single], 0)
    return shapes


def _repaired(shapes: Shapes, told: _Told) -> Shapes:
    """Polygons made valid without lines and points left over."""
    areas = np.isin(shapely.get_type_id(shapes), (_POLYGON, _MULTIPOLYGON))
    wrong = np.flatnonzero(areas)[~shapely.is_valid(shapes[areas])]
    given = shapes[wrong]
    # "structure" unites overlapping parts where "linework" would make holes of them
    mended = united(shapely.make_valid(given, method="structure", keep_collapsed=False))
    collapsed = shapely.is_empty(mended) | shapely.is_missing(mended)
    mended[collapsed] = None
    shapes[wrong] = mended
    refused = np.zeros(len(shapes), dtype=bool)
    refused[wrong[collapsed]] = True
    told.refuse(refused, "the polygon has no area", "A polygon needs an area", _reasons(given[collapsed]))
    told.find(
        "repaired_geometry",
        Severity.WARNING,
        wrong[~collapsed],
        "the polygon was not valid and has been repaired",
        "Compare the repaired polygons with what was meant",
        _reasons(given[~collapsed][:EXAMPLES]),
    )
    return shapes


def united(areas: Shapes) -> Shapes:
    """Repaired shapes, multipolygons whose parts share an edge made one: GEOS leaves some of them so."""
    left = np.flatnonzero((shapely.get_type_id(areas) == _MULTIPOLYGON) & ~shapely.is_valid(areas))
    areas[left] = shapely.buffer(areas[left], 0.0)
    return areas


def _understood(stated: Any) -> pyproj.CRS | None:
    try:
        return pyproj.CRS.from_user_input(stated)
    except CRSError:
        return None


def _not_finite(shapes: Shapes) -> Mask:
    coordinates, owner = shapely.get_coordinates(shapes, return_index=True)
    found = np.zeros(len(shapes), dtype=bool)
    found[owner[~np.isfinite(coordinates).all(axis=1)]] = True
    return found


def _first_positions(shapes: Shapes, mask: Mask) -> list[str]:
    if not mask.any():
        return []
    coordinates, owner = shapely.get_coordinates(shapes[mask], return_index=True)
    first = np.unique(owner, return_index=True)[1]
    return [f"{x:.12g} {y:.12g}" for x, y in coordinates[first]]


def _reasons(shapes: Shapes) -> list[str]:
    return [str(reason) for reason in shapely.is_valid_reason(shapes)]
