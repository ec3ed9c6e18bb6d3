"""OpenStreetMap extracts (PBF, or XML) as settlements, roads, facilities or boundaries.

The locations of all nodes are held in memory while a file is read, 16 bytes each (`flex_mem`): of a country's 500 MB
file, about 65 million nodes, 1 GiB. What a batch holds is small beside them; of settlements all are held, since a place
is often there twice, as a point and as an area. Larger files should be cut to the region first (`osmium extract`).

An extract is cut at its border: what lacks members there keeps what position it has, and is counted as
`incomplete_geometry`. XML with entities is refused by the library that reads it.
"""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import osmium
import pandas as pd
import shapely

from geo.errors import FileProblem, Problem
from geo.ingest.files import local_file
from geo.ingest.kinds import Kind
from geo.ingest.readers import osm_tags
from geo.ingest.report import EXAMPLES, Finding, Severity
from geo.ingest.source import BATCH_ROWS, Batch, ReadOptions, Source
from geo.tables.schema import WGS84

CREDIT = "© OpenStreetMap contributors (ODbL)"
LICENCE = "ODbL-1.0"
SUFFIXES = frozenset({".pbf", ".osm"})

_FORMATS = {".pbf": ("OSM PBF", "pbf"), ".osm": ("OSM XML", "osm")}
_OSMIUM_ERRORS = (RuntimeError, ValueError, osmium.InvalidLocationError)
_NODE_LOCATIONS = "flex_mem"
_TIMESTAMPS = ("osmosis_replication_timestamp", "timestamp")
_ENTITIES = osmium.osm.NODE | osmium.osm.WAY | osmium.osm.RELATION
_KINDS: dict[Kind, tuple[osmium.osm.osm_entity_bits, list[list[tuple[str, str]]]]] = {
    # what is read, and the tags of which one of each list must be there
    Kind.SETTLEMENTS: (_ENTITIES, [[("place", word) for word in osm_tags.PLACES]]),
    Kind.FACILITIES: (_ENTITIES, [list(osm_tags.FACILITIES)]),
    Kind.ROADS: (osmium.osm.WAY, [[("highway", word) for word in osm_tags.ROAD_CLASSES]]),
    # in Kazakhstan level 6 is that of districts
    Kind.BOUNDARIES: (osmium.osm.RELATION, [[("boundary", "administrative")], [("admin_level", "6")]]),
}
_WITH_SHAPE = {Kind.ROADS, Kind.BOUNDARIES}
"""Kinds whose rows are nothing without a shape."""
_COLUMNS = {
    Kind.SETTLEMENTS: list(osm_tags.settlements([], osm_tags.Unread("")).columns),
    Kind.FACILITIES: list(osm_tags.facilities([]).columns),
    Kind.ROADS: list(osm_tags.roads([]).columns),
    Kind.BOUNDARIES: list(osm_tags.boundaries([], osm_tags.Unread("")).columns),
}
KINDS = frozenset(_COLUMNS)
"""Kinds of data that OpenStreetMap gives."""


def open_osm(path: str | Path, kind: Kind, options: ReadOptions) -> Source:
    """Open an extract as one kind of table; columns as in `geo.tables`, WGS 84.

    Settlements are points, or footprints where the place is mapped as an area; an administrative boundary is none, and
    a place that has only that stands at a point inside it. Facilities are points, roads lines, boundaries the areas of
    districts (`admin_level` 6). Identifiers are OpenStreetMap's: ``node/1``, ``way/1``, ``relation/1``. OSM is WGS 84
    and UTF-8 by definition, so that `options` change nothing.

    Raises
    ------
    FileProblem
        If it is not such a file, is a history, or for a kind that OpenStreetMap does not give; while the batches are
        read, if it is damaged or has nothing of the kind.
    """
    path = local_file(path, SUFFIXES)
    if kind not in _KINDS:
        remedy = f"They give: {', '.join(_KINDS)}"
        raise FileProblem(Problem(f"OpenStreetMap extracts give no {kind}", remedy, path.name))
    name, form = _FORMATS[path.suffix.lower()]
    file = osmium.io.File(str(path), form)
    try:
        with osmium.io.Reader(file, osmium.osm.NOTHING) as reader:
            header = reader.header()
            stamp = next((text for key in _TIMESTAMPS if (text := header.get(key))), None)
            history = header.has_multiple_object_versions
    except _OSMIUM_ERRORS as error:
        raise _unreadable(path.name) from error
    if history:
        remedy = "Take an extract without history"
        raise FileProblem(Problem("the file holds old versions of its objects", remedy, path.name))
    return Source(
        format=name,
        columns=_COLUMNS[kind],
        batches=_batches(file, kind, path.name),
        crs=WGS84,
        findings=[] if stamp is None else [_stamped(stamp)],
        credit=CREDIT,
        licence=LICENCE,
    )


@dataclass(slots=True)
class _Object:
    """An object of the wanted kind: its name, its tags, its shape as hexadecimal WKB and whether that is whole.

    `is_area` of a closed way or an assembled relation: a way's shape is then still its ring.
    """

    osm_id: str
    tags: osm_tags.Tags
    shape: str | None
    is_whole: bool = True
    is_area: bool = False


def _batches(file: Any, kind: Kind, name: str) -> Iterator[Batch]:
    objects, findings = _objects(file, kind, name), list[Finding]()
    if kind is Kind.SETTLEMENTS:
        objects, findings = _inhabited_once(objects, name)
    rows = 0
    while held := list(itertools.islice(objects, BATCH_ROWS)):
        batch = _batch(held, rows, kind, name)
        batch.findings += findings
        rows, findings = rows + len(held), []
        yield batch
    if rows == 0:
        remedy = "Is it the right extract, or filtered to something else?"
        raise FileProblem(Problem(f"the extract has no {kind}", remedy, name))


def _objects(file: Any, kind: Kind, name: str) -> Iterator[_Object]:
    entities, choices = _KINDS[kind]
    filters = [osmium.filter.TagFilter(*choice) for choice in choices]
    processor = osmium.FileProcessor(file, _ENTITIES).with_locations(_NODE_LOCATIONS)
    if entities & osmium.osm.RELATION:
        processor = processor.with_areas(*filters)
        entities |= osmium.osm.AREA
    processor = processor.with_filter(osmium.filter.EntityFilter(entities))
    for one in filters:
        processor = processor.with_filter(one)
    factory = osmium.geom.WKBFactory()
    # an area may come before or after its relation
    assembled: set[int] = set()
    others: dict[int, osm_tags.Tags] = {}
    try:
        for found in processor:
            if isinstance(found, osmium.osm.Node):
                known = found.location.valid()
                shape = factory.create_point(found) if known else None
                yield _Object(f"node/{found.id}", dict(found.tags), shape, is_whole=known)
            elif isinstance(found, osmium.osm.Way):
                yield _of_way(found, factory)
            elif isinstance(found, osmium.osm.Relation):
                others[found.id] = dict(found.tags)
            elif isinstance(found, osmium.osm.Area) and not found.from_way() and found.num_rings()[0]:
                assembled.add(found.orig_id())
                shape = factory.create_multipolygon(found)
                yield _Object(f"relation/{found.orig_id()}", dict(found.tags), shape, is_area=True)
    except _OSMIUM_ERRORS as error:
        raise _unreadable(name) from error
    for osm_id, tags in others.items():
        if osm_id not in assembled:
            yield _Object(f"relation/{osm_id}", tags, None, is_whole=False)


def _of_way(way: Any, factory: Any) -> _Object:
    osm_id, tags, is_closed = f"way/{way.id}", dict(way.tags), way.is_closed()
    try:
        return _Object(osm_id, tags, factory.create_linestring(way), is_area=is_closed)
    except (osmium.InvalidLocationError, RuntimeError):
        # nodes are missing, or all at one place
        known = [(node.lon, node.lat) for node in way.nodes if node.location.valid()]
    shape = None
    if known:
        line = shapely.LineString(known) if len(known) > 1 else shapely.Point(known[0])
        shape = shapely.to_wkb(line, hex=True)
    return _Object(osm_id, tags, shape, is_whole=False)


def _shapes(objects: list[_Object]) -> Any:
    """Geometries, shape (n,), null where there is none; closed ways that are whole as polygons."""
    shapes = shapely.from_wkb(np.array([one.shape for one in objects], dtype=object))
    rings = np.array([one.is_area for one in objects], dtype=bool) & (shapely.get_type_id(shapes) == 1)
    rings &= shapely.get_num_coordinates(shapes) >= 4
    coordinates, index = shapely.get_coordinates(shapes[rings], return_index=True)
    shapes[rings] = shapely.polygons(shapely.linearrings(coordinates, indices=index))
    return shapes


def _inhabited_once(objects: Iterator[_Object], file: str) -> tuple[Iterator[_Object], list[Finding]]:
    """Places, one object for each: an area that holds a point of its name is that place's footprint."""
    every = list(objects)
    held = [one for one in every if one.tags.get("abandoned") != "yes"]
    shapes = _shapes(held)
    areas = np.flatnonzero([one.is_area for one in held])
    points = np.flatnonzero(shapely.get_type_id(shapes) == 0)
    joined: dict[int, int] = {}
    pairs = shapely.STRtree(shapes[points]).query(shapes[areas], predicate="intersects")
    for area, point in zip(areas[pairs[0]], points[pairs[1]], strict=True):
        if area not in joined and osm_tags.same_place(held[area].tags, held[point].tags):
            joined[area] = point
    for area, point in joined.items():
        one, other = held[point], held[area]
        one.tags = other.tags | one.tags
        if not _is_boundary(other):
            one.shape, one.is_area = other.shape, True
    findings = []
    if len(held) < len(every):
        what = "places tagged as abandoned are left out"
        empty = [one for one in every if one.tags.get("abandoned") == "yes"]
        places = tuple(Problem(what, "", file, value=one.osm_id) for one in empty[:EXAMPLES])
        findings.append(Finding("abandoned_left_out", Severity.NOTE, what, "", len(empty), places))
    if joined:
        what = "places mapped both as a point and as an area are one settlement each"
        places = tuple(
            Problem(what, "", file, value=f"{held[point].osm_id}, {held[area].osm_id}")
            for area, point in itertools.islice(joined.items(), EXAMPLES)
        )
        findings.append(Finding("place_mapped_twice", Severity.NOTE, what, "", len(joined), places))
    return (one for i, one in enumerate(held) if i not in joined), findings


def _is_boundary(one: _Object) -> bool:
    return one.tags.get("boundary") == "administrative"


def _batch(objects: list[_Object], before: int, kind: Kind, file: str) -> Batch:
    rows = np.arange(before + 1, before + 1 + len(objects), dtype=np.int64)
    shapes = _positions(objects, kind)
    findings = _incomplete(objects, shapes, rows, kind, file)
    if kind in _WITH_SHAPE:
        kept = np.flatnonzero(~shapely.is_missing(shapes))
        objects, shapes, rows = [objects[i] for i in kept], shapes[kept], rows[kept]
    unread = osm_tags.Unread(file)
    frame = _frame([(int(row), one.osm_id, one.tags) for row, one in zip(rows, objects, strict=True)], kind, unread)
    return Batch(gpd.GeoDataFrame(frame, geometry=shapes, crs=WGS84), rows, findings + unread.findings())


def _frame(objects: list[tuple[int, str, osm_tags.Tags]], kind: Kind, unread: osm_tags.Unread) -> pd.DataFrame:
    if kind is Kind.SETTLEMENTS:
        return osm_tags.settlements(objects, unread)
    if kind is Kind.BOUNDARIES:
        return osm_tags.boundaries(objects, unread)
    return osm_tags.roads(objects) if kind is Kind.ROADS else osm_tags.facilities(objects)


def _positions(objects: list[_Object], kind: Kind) -> Any:
    """Geometries as the kind has them, null where nothing is left of the shape; shape (n,)."""
    if kind is Kind.ROADS:
        shapes = shapely.from_wkb(np.array([one.shape for one in objects], dtype=object))
        return np.where(shapely.get_type_id(shapes) == 1, shapes, None)
    shapes = _shapes(objects)
    if kind is Kind.SETTLEMENTS:
        areas = np.isin(shapely.get_type_id(shapes), (3, 6))
        boundary = areas & np.array([_is_boundary(one) for one in objects], dtype=bool)
        shapes[boundary] = shapely.point_on_surface(shapes[boundary])
        return np.where(areas, shapes, shapely.centroid(shapes))
    return shapely.centroid(shapes) if kind is Kind.FACILITIES else shapes


def _incomplete(objects: list[_Object], shapes: Any, rows: Any, kind: Kind, file: str) -> list[Finding]:
    """Warnings of objects that lack members, by what became of them."""
    broken = ~np.array([one.is_whole for one in objects], dtype=bool)
    missing = shapely.is_missing(shapes)
    left_out = "it is left out" if kind in _WITH_SHAPE else "it has no position"
    remedy = "Does the extract end here? Cut it with complete ways and relations, or wider than the region"
    findings = []
    for places, became in ((broken & ~missing, "what is there is taken"), (broken & missing, left_out)):
        if places.any():
            what = f"parts of the object are missing or do not close: {became}"
            first = np.flatnonzero(places)[:EXAMPLES]
            examples = tuple(Problem(what, remedy, file, int(rows[i]), "geometry", objects[i].osm_id) for i in first)
            finding = Finding("incomplete_geometry", Severity.WARNING, what, remedy, int(places.sum()), examples)
            findings.append(finding)
    return findings


def _stamped(stamp: str) -> Finding:
    return Finding("data_timestamp", Severity.NOTE, f"OpenStreetMap as of {stamp}")


def _unreadable(file: str) -> FileProblem:
    remedy = "Is it cut off, damaged or of another format? Download it again"
    return FileProblem(Problem("cannot be read as an OpenStreetMap extract", remedy, file))
