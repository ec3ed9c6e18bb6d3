"""OpenStreetMap extracts, written by the tests themselves."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas as gpd
import osmium
import pandas as pd
import pytest
import shapely
from osmium.osm.mutable import Node, Relation, Way

from geo.errors import FileProblem
from geo.ingest.kinds import TABLES, Kind
from geo.ingest.readers.osm import open_osm
from geo.ingest.report import Finding, Severity, merged
from geo.ingest.source import ReadOptions
from geo.tables.schema import conform

CORNERS = {11: (57.0, 50.0), 12: (57.2, 50.0), 13: (57.2, 50.2), 14: (57.0, 50.2)}
SQUARE = [11, 12, 13, 14, 11]


@pytest.fixture
def write_osm(tmp_path: Path) -> Callable[..., Path]:
    """Write objects, and the corners of a square, as an extract in the format of the name's suffix."""

    def write(*objects: Any, name: str = "kz.osm.pbf", **header_values: str) -> Path:
        path = tmp_path / name
        header = osmium.io.Header()
        for key, value in header_values.items():
            header.set(key, value)
        corners = [Node(id=i, location=place) for i, place in CORNERS.items()]
        with osmium.SimpleWriter(str(path), header=header) as writer:
            for one in sorted([*objects, *corners], key=lambda o: ([Node, Way, Relation].index(type(o)), o.id)):
                writer.add(one)
        return path

    return write


def read(path: Path, kind: Kind) -> tuple[gpd.GeoDataFrame, dict[str, Finding]]:
    """All rows, and the findings by code (the last of each)."""
    source = open_osm(path, kind, ReadOptions())
    batches = list(source.batches)
    assert not [problem for batch in batches for problem in batch.problems]
    found = merged([*source.findings, *(finding for batch in batches for finding in batch.findings)])
    return pd.concat([batch.frame for batch in batches]), {finding.code: finding for finding in found}


def test_a_place_becomes_a_settlement(write_osm: Callable[..., Path]) -> None:
    tags = {
        "place": "village", "name": "Белкопа", "name:kk": "Белқопа", "name:en": "Belkopa", "population": "1 234",
        "population:date": "2009-02-25", "KATO": "153630100",
    }  # fmt: skip
    frame, findings = read(write_osm(Node(id=1, location=(57.5, 50.5), tags=tags)), Kind.SETTLEMENTS)
    assert frame.iloc[0].drop("geometry").to_dict() == {
        "kato": "153630100", "name_kk": "Белқопа", "name_ru": "Белкопа", "name_en": "Belkopa", "kind": "village",
        "population": 1234, "population_basis": "tag", "population_date": "2009-02-25",
        "position_source": "OpenStreetMap",
    }  # fmt: skip
    assert (frame.geometry.x.iloc[0], frame.geometry.y.iloc[0]) == (57.5, 50.5)
    assert findings == {}
    assert len(conform(frame, TABLES[Kind.SETTLEMENTS], file="kz")) == 1


@pytest.mark.parametrize(("name", "column"), [("Ақтөбе", "name_kk"), ("Актобе", "name_ru"), ("Aktobe", "name_en")])
def test_a_plain_name_stands_for_the_language_of_its_letters(
    write_osm: Callable[..., Path], name: str, column: str
) -> None:
    frame, _ = read(write_osm(Node(id=1, location=(57, 50), tags={"place": "city", "name": name})), Kind.SETTLEMENTS)
    assert frame[["name_kk", "name_ru", "name_en"]].notna().iloc[0].to_dict() == {
        n: n == column for n in ("name_kk", "name_ru", "name_en")
    }
    assert frame[column].iloc[0] == name


def test_named_places_without_people_are_not_settlements(write_osm: Callable[..., Path]) -> None:
    words = ["locality", "farm", "suburb", "hamlet", "isolated_dwelling"]
    nodes = [Node(id=i, location=(57, 50), tags={"place": word}) for i, word in enumerate(words, 1)]
    abandoned = Node(id=9, location=(57, 50), tags={"place": "village", "abandoned": "yes"})
    frame, findings = read(write_osm(*nodes, abandoned), Kind.SETTLEMENTS)
    assert frame["kind"].tolist() == ["village", "village"]
    assert [(f.code, f.severity, f.count, f.examples[0].value) for f in findings.values()] == [
        ("abandoned_left_out", Severity.NOTE, 1, "node/9")
    ]


def test_tags_that_cannot_be_read_stay_empty_and_are_told(write_osm: Callable[..., Path]) -> None:
    tags = {"place": "village", "population": "около 500", "population:date": "2009", "kato": "1536"}
    dated = {"place": "village", "population": "500", "population:date": "May 2009"}
    path = write_osm(Node(id=1, location=(57, 50), tags=tags), Node(id=2, location=(57, 51), tags=dated))
    frame, findings = read(path, Kind.SETTLEMENTS)
    assert frame["population"].tolist() == [pd.NA, 500]
    assert frame[["kato", "population_date"]].isna().all(axis=None)
    assert {code: (f.severity, f.count, f.examples[0].row, f.examples[0].value) for code, f in findings.items()} == {
        "population_not_read": (Severity.WARNING, 1, 1, "около 500 (node/1)"),
        "kato_not_read": (Severity.WARNING, 1, 1, "1536 (node/1)"),
        "population_date_not_read": (Severity.WARNING, 1, 2, "May 2009 (node/2)"),
    }


def test_a_place_mapped_as_an_area_has_that_footprint(write_osm: Callable[..., Path]) -> None:
    closed = Way(id=1, nodes=SQUARE, tags={"place": "village", "name": "A"})
    frame, _ = read(write_osm(closed), Kind.SETTLEMENTS)
    assert frame.geom_type.tolist() == ["Polygon"]
    assert frame.geometry.iloc[0].bounds == (57.0, 50.0, 57.2, 50.2)


def test_a_place_mapped_as_a_relation_is_assembled(write_osm: Callable[..., Path]) -> None:
    ways = [Way(id=1, nodes=[11, 12, 13]), Way(id=2, nodes=[13, 14, 11])]
    members = [("w", 1, "outer"), ("w", 2, "outer")]
    relation = Relation(id=5, members=members, tags={"type": "multipolygon", "place": "town", "name": "A"})
    frame, findings = read(write_osm(*ways, relation), Kind.SETTLEMENTS)
    assert shapely.area(frame.geometry.to_numpy()).round(9).tolist() == [0.04]
    assert findings == {}


def test_a_place_mapped_twice_is_one_settlement(write_osm: Callable[..., Path]) -> None:
    node = Node(id=1, location=(57.15, 50.1), tags={"place": "village", "name": "Алга", "population": "10"})
    other = Node(id=2, location=(57.05, 50.1), tags={"place": "hamlet", "name": "Другое"})
    area = Way(id=1, nodes=SQUARE, tags={"place": "village", "name": "Алга", "name:kk": "Алға", "population": "99"})
    frame, findings = read(write_osm(node, other, area), Kind.SETTLEMENTS)
    assert frame["name_ru"].tolist() == ["Алга", "Другое"]
    assert frame["name_kk"].iloc[0] == "Алға"
    assert frame["population"].iloc[0] == 10  # the point's own tag wins
    assert frame.geom_type.tolist() == ["Polygon", "Point"]
    assert findings["place_mapped_twice"].count == 1
    assert findings["place_mapped_twice"].examples[0].value == "node/1, way/1"


def test_an_administrative_boundary_is_no_footprint(write_osm: Callable[..., Path]) -> None:
    tags = {"type": "boundary", "boundary": "administrative", "place": "village", "name": "А"}
    objects = [Way(id=1, nodes=SQUARE), Relation(id=1, members=[("w", 1, "outer")], tags=tags)]
    frame, _ = read(write_osm(*objects), Kind.SETTLEMENTS)
    assert frame.geom_type.tolist() == ["Point"]
    node = Node(id=1, location=(57.15, 50.1), tags={"place": "village", "name": "А"})
    frame, _ = read(write_osm(*objects, node, name="two.osm.pbf"), Kind.SETTLEMENTS)
    assert frame.geometry.to_wkt().tolist() == ["POINT (57.15 50.1)"]


def test_what_an_extract_cuts_off_is_counted_and_keeps_what_is_there(write_osm: Callable[..., Path]) -> None:
    cut = Way(id=1, nodes=[11, 12, 99, 11], tags={"place": "village", "name": "cut"})
    absent = Relation(
        id=2, members=[("w", 77, "outer")], tags={"type": "multipolygon", "place": "town", "name": "gone"}
    )
    source = open_osm(write_osm(cut, absent), Kind.SETTLEMENTS, ReadOptions())
    (batch,) = source.batches
    assert batch.frame["name_en"].tolist() == ["cut", "gone"]
    assert batch.frame.geometry.iloc[0].coords[0] == pytest.approx((57.1, 50.0))
    assert batch.frame.geometry.isna().tolist() == [False, True]
    assert [(f.code, f.count, f.examples[0].row, f.examples[0].value) for f in batch.findings] == [
        ("incomplete_geometry", 1, 1, "way/1"),
        ("incomplete_geometry", 1, 2, "relation/2"),
    ]
    assert {f.severity for f in batch.findings} == {Severity.WARNING}


def test_a_road_keeps_its_class_name_and_surface(write_osm: Callable[..., Path]) -> None:
    tags = {"highway": "trunk", "name": "А-27", "surface": "asphalt"}
    ways = [Way(id=7, nodes=[11, 12], tags=tags), Way(id=8, nodes=SQUARE, tags={"highway": "track"})]
    left_out = [Way(id=9, nodes=[11, 12], tags={"highway": word}) for word in ("footway", "service")]
    frame, _ = read(write_osm(*ways, *left_out), Kind.ROADS)
    assert frame.iloc[0].drop("geometry").to_dict() == {
        "road_id": "way/7", "name": "А-27", "road_class": "trunk", "surface": "asphalt", "source": "OpenStreetMap",
    }  # fmt: skip
    assert frame.geometry.to_wkt().iloc[0] == "LINESTRING (57 50, 57.2 50)"
    assert frame.geom_type.tolist() == ["LineString", "LineString"]
    assert len(conform(frame, TABLES[Kind.ROADS], file="kz")) == 2


def test_a_road_that_leaves_the_extract_is_cut_and_one_outside_left_out(write_osm: Callable[..., Path]) -> None:
    tags = {"highway": "primary"}
    cut = Way(id=1, nodes=[11, 12, 98], tags=tags)
    outside = Way(id=2, nodes=[11, 98, 99], tags=tags)
    whole = Way(id=3, nodes=[11, 12], tags=tags)
    source = open_osm(write_osm(cut, outside, whole), Kind.ROADS, ReadOptions())
    (batch,) = source.batches
    assert batch.frame["road_id"].tolist() == ["way/1", "way/3"]
    assert batch.rows.tolist() == [1, 3]
    assert [(f.code, f.what.split(": ")[1], f.count) for f in batch.findings] == [
        ("incomplete_geometry", "what is there is taken", 1),
        ("incomplete_geometry", "it is left out", 1),
    ]


@pytest.mark.parametrize(
    ("tags", "kind"),
    [
        ({"amenity": "school"}, "school"),
        ({"amenity": "doctors"}, "clinic"),
        ({"amenity": "townhall"}, "akimat"),
        ({"amenity": "post_office"}, "post"),
        ({"healthcare": "centre"}, "clinic"),
        ({"amenity": "hospital", "healthcare": "clinic"}, "hospital"),
        ({"office": "government", "name": "Аппарат акима"}, "akimat"),
        ({"office": "government", "name": "ЦОН"}, "other"),
    ],
)
def test_facilities_are_named_by_their_tags(write_osm: Callable[..., Path], tags: dict[str, str], kind: str) -> None:
    frame, _ = read(write_osm(Node(id=3, location=(57, 50), tags=tags)), Kind.FACILITIES)
    assert frame["kind"].tolist() == [kind]
    assert frame["facility_id"].tolist() == ["node/3"]
    assert len(conform(frame, TABLES[Kind.FACILITIES], file="kz")) == 1


def test_a_facility_drawn_as_a_building_stands_at_its_middle(write_osm: Callable[..., Path]) -> None:
    tags = {"amenity": "school", "name": "№ 1", "name:ru": "Школа № 1"}
    frame, _ = read(write_osm(Way(id=4, nodes=SQUARE, tags=tags)), Kind.FACILITIES)
    assert frame.geometry.iloc[0].coords[0] == pytest.approx((57.1, 50.1))
    assert frame["name"].tolist() == ["Школа № 1"]


def test_districts_are_relations_of_level_six(write_osm: Callable[..., Path]) -> None:
    district = {
        "type": "boundary",
        "boundary": "administrative",
        "admin_level": "6",
        "name:ru": "Район",
        "kato": "1" * 9,
    }
    relations = [
        Relation(id=1, members=[("w", 1, "outer")], tags=district),
        Relation(id=2, members=[("w", 1, "outer")], tags=district | {"admin_level": "4"}),
        Relation(id=3, members=[("w", 99, "outer")], tags=district),
    ]
    frame, findings = read(write_osm(Way(id=1, nodes=SQUARE), *relations), Kind.BOUNDARIES)
    assert frame["kato"].tolist() == ["1" * 9]
    assert shapely.area(frame.geometry.to_numpy()).round(9).tolist() == [0.04]
    assert findings["incomplete_geometry"].examples[0].value == "relation/3"


def test_the_time_of_the_data_is_told(write_osm: Callable[..., Path]) -> None:
    stamp = {"osmosis_replication_timestamp": "2026-10-01T20:21:00Z"}
    source = open_osm(write_osm(**stamp), Kind.ROADS, ReadOptions())
    assert [(f.code, f.severity, f.what) for f in source.findings] == [
        ("data_timestamp", Severity.NOTE, "OpenStreetMap as of 2026-10-01T20:21:00Z")
    ]


def test_xml_gives_the_same_as_pbf(write_osm: Callable[..., Path]) -> None:
    node = Node(id=1, location=(57.5, 50.5), tags={"place": "village", "name": "Белкопа"})
    pbf, _ = read(write_osm(node), Kind.SETTLEMENTS)
    xml, _ = read(write_osm(node, name="kz.osm"), Kind.SETTLEMENTS)
    pd.testing.assert_frame_equal(pbf, xml)


@pytest.mark.parametrize(
    "doctype", ['<!DOCTYPE osm [<!ENTITY a "aa">]>', '<!DOCTYPE osm [<!ENTITY a SYSTEM "file:///etc/hostname">]>']
)
def test_xml_with_entities_is_refused(tmp_path: Path, doctype: str) -> None:
    path = tmp_path / "kz.osm"
    node = '<node id="1" version="1" lat="50" lon="57"><tag k="place" v="city"/><tag k="name" v="&a;"/></node>'
    path.write_text(f'<?xml version="1.0"?>{doctype}<osm version="0.6">{node}</osm>', encoding="utf-8")
    with pytest.raises(FileProblem, match="cannot be read as an OpenStreetMap extract"):
        read(path, Kind.SETTLEMENTS)


@pytest.mark.parametrize(
    "attributes", ['id="x" lat="50" lon="57"', 'id="1" lat="fifty" lon="57"', 'id="1" lat="5000" lon="57"']
)
def test_xml_with_malformed_values_is_refused(tmp_path: Path, attributes: str) -> None:
    path = tmp_path / "kz.osm"
    node = f'<node {attributes} version="1"><tag k="place" v="city"/></node>'
    path.write_text(f'<?xml version="1.0"?><osm version="0.6">{node}</osm>', encoding="utf-8")
    with pytest.raises(FileProblem, match="cannot be read as an OpenStreetMap extract"):
        read(path, Kind.SETTLEMENTS)


@pytest.mark.parametrize("kind", [Kind.COVERAGE, Kind.SITES, Kind.TERRAIN, Kind.MEASUREMENTS])
def test_a_kind_that_osm_does_not_give_is_refused_at_once(write_osm: Callable[..., Path], kind: Kind) -> None:
    with pytest.raises(FileProblem, match="They give: settlements, facilities, roads, boundaries"):
        open_osm(write_osm(), kind, ReadOptions())


def test_an_extract_without_the_kind_is_refused(write_osm: Callable[..., Path]) -> None:
    with pytest.raises(FileProblem, match="the extract has no roads"):
        read(write_osm(), Kind.ROADS)


def test_a_history_is_refused(write_osm: Callable[..., Path]) -> None:
    with pytest.raises(FileProblem, match="old versions"):
        open_osm(write_osm(name="history.osh.pbf"), Kind.ROADS, ReadOptions())


def test_a_damaged_file_is_a_file_problem_wherever_it_is_cut(write_osm: Callable[..., Path]) -> None:
    node = Node(id=1, location=(57.5, 50.5), tags={"place": "village"})
    path = write_osm(node)
    whole = path.read_bytes()
    for content in (b"not a PBF at all", whole[:-5], whole[:60], whole[:20], whole[:-40] + b"\xff" * 40):
        path.write_bytes(content)
        with pytest.raises(FileProblem):
            read(path, Kind.SETTLEMENTS)


def test_another_suffix_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "kz.o5m"
    path.write_bytes(b"x")
    with pytest.raises(FileProblem, match="not an accepted format"):
        open_osm(path, Kind.ROADS, ReadOptions())
