"""CQL2 over tables like Natural Earth's: the features that each filter chooses were found by hand."""

import itertools
import json
from typing import Any

import cql2
import httpx
import pytest

COUNTRIES, PLACES, RIVERS = (
    "ne_110m_admin_0_countries",
    "ne_110m_populated_places_simple",
    "ne_110m_rivers_lake_centerlines",
)
EVERY_PLACE = set(range(1, 11))


def moments(first: str, last: str) -> str:
    """An interval on 16 April 2022, 10 o'clock; ``..`` is an open end."""
    ends = ["'..'" if text == ".." else f"'2022-04-16T10:{text}Z'" for text in (first, last)]
    return f"INTERVAL({ends[0]},{ends[1]})"


SPAN = 'INTERVAL("start","end")'

OF_COUNTRIES: dict[str, set[int]] = {
    "NAME='Alfaland'": {1},
    "NAME<'Deltania'": {1, 2},
    "POP_EST>1000000": {2, 5},
    "POP_EST>=1000000": {1, 2, 5},
    "POP_EST<250000": {7, 8},
    "POP_EST<=250000.0": {3, 7, 8},
    "POP_EST<>0": {1, 2, 3, 5, 6, 8},
    "1000000<POP_EST": {2, 5},
    "POP_EST IS NULL": {4},
    "POP_EST IS NOT NULL": {1, 2, 3, 5, 6, 7, 8},
    "geom IS NULL": {8},
    "CONTINENT IN ('Europe','Asia')": {1, 2, 3, 7},
    "CONTINENT NOT IN ('Europe','Asia')": {4, 5, 6},
    "NOT CONTINENT IN ('Europe','Asia')": {4, 5, 6},
    "CONTINENT='Europe' AND POP_EST>0": {1, 2},
    "CONTINENT='Asia' OR POP_EST=0": {3, 7},
    "CONTINENT='Asia' OR CONTINENT='Africa' AND POP_EST>0": {3, 5},
    "(CONTINENT='Asia' OR CONTINENT='Africa') AND POP_EST>1000000": {5},
    "NOT (CONTINENT='Europe' OR CONTINENT='Africa')": {3, 6},
    "POP_EST BETWEEN 12345 AND 1000000": {1, 3, 6, 8},
    "POP_EST NOT BETWEEN 12345 AND 1000000": {2, 5, 7},
    "NAME LIKE '%land'": {1, 6, 8},
    "NAME NOT LIKE '%land'": {2, 3, 4, 5, 7},
    "NAME LIKE '_etania'": {2},
    "NAME LIKE 'E%a'": {5, 7},
    "NAME LIKE 'e%'": set(),
    "CASEI(NAME)=CASEI('alfaLAND')": {1},
    "CASEI(NAME) LIKE CASEI('e%')": {5, 7},
    "S_INTERSECTS(geom,POINT(5 45))": {1, 7},
    "S_INTERSECTS(geom,POINT(10 45))": {1, 2, 7},
    "S_INTERSECTS(POINT(1 41),geom)": {1},
    "S_WITHIN(POINT(10 0),geom)": {4, 5},
    "S_CONTAINS(geom,POINT(10 0))": {4, 5},
    "S_WITHIN(geom,POLYGON((-1 -11,21 -11,21 11,-1 11,-1 -11)))": {4, 5},
    "S_TOUCHES(geom,POLYGON((20 40,30 40,30 50,20 50,20 40)))": {2},
    "S_OVERLAPS(geom,POLYGON((0 40,10 40,10 50,0 50,0 40)))": {7},
    "S_EQUALS(geom,POLYGON((10 40,10 50,20 50,20 40,10 40)))": {2},
    "S_DISJOINT(geom,BBOX(-30,-30,30,60))": {3, 6},
    "NOT S_INTERSECTS(geom,BBOX(-30,-30,30,60))": {3, 6},
    "S_CROSSES(geom,LINESTRING(-5 45,5 45))": {1},
    "S_CROSSES(geom,LINESTRING(2 42,8 42))": set(),
    "S_INTERSECTS(geom,BBOX(0,40,5,45))": {1, 7},
    "S_INTERSECTS(geom,BBOX(175,-25,-170,-10))": {6},
    "S_INTERSECTS(geom,BBOX(-178,-18,-176,-16))": {6},
    "S_WITHIN(geom,BBOX(170,-25,-170,-10))": {6},
    "S_INTERSECTS(geom,MULTIPOINT((1 41),(60 50)))": {1, 3},
    "S_INTERSECTS(geom,MULTIPOLYGON(((1 41,2 41,2 42,1 41)),((60 50,61 50,61 51,60 50))))": {1, 3},
    "S_INTERSECTS(geom,GEOMETRYCOLLECTION(POINT(1 41),LINESTRING(19 9,19 8)))": {1, 4},
}

OF_PLACES: dict[str, set[int]] = {
    "S_WITHIN(geom,POLYGON((55 45,65 45,65 55,55 55,55 45)))": {4, 5, 6},
    "S_INTERSECTS(geom,BBOX(170,-25,-165,-10))": {9, 10},
    "S_INTERSECTS(geom,BBOX(-180,-90,180,90))": EVERY_PLACE,
    "S_INTERSECTS(geom,BBOX(0,40,-100,40,60,100))": {1, 2, 3, 7, 8},
    "S_INTERSECTS(geom,POINT(12.5 55.5))": {1},
    "S_EQUALS(geom,POINT(10 56))": {2},
    "S_DISJOINT(geom,BBOX(0,40,40,60))": {4, 5, 6, 9, 10},
    "S_TOUCHES(geom,POLYGON((0 40,10 40,10 50,0 50,0 40)))": {8},
    "\"date\"=DATE('2022-04-16')": {1, 4, 9},
    "\"date\"<>DATE('2022-04-16')": {2, 3, 6, 7, 8},
    "\"date\"<DATE('2022-04-16')": {6, 7},
    "\"date\">=DATE('2022-04-17')": {2, 3, 8},
    "\"date\" BETWEEN DATE('2022-04-15') AND DATE('2022-04-17')": {1, 4, 6, 8, 9},
    "\"date\" IN (DATE('2021-12-31'),DATE('2023-04-16'))": {3, 7},
    '"date" IS NULL': {5, 10},
    "\"start\"=TIMESTAMP('2022-04-16T10:13:19Z')": {1, 6, 7},
    "\"start\">TIMESTAMP('2022-04-16T10:13:19Z')": {2, 4, 8},
    "\"start\"<=TIMESTAMP('2022-04-16T10:12:00.000Z')": {5, 9},
    '"start"<"end"': {1, 2, 4, 5, 6, 7, 8, 9},
    "T_AFTER(\"date\",DATE('2022-04-16'))": {2, 3, 8},
    "T_BEFORE(\"date\",DATE('2022-04-16'))": {6, 7},
    "T_EQUALS(\"date\",DATE('2022-04-16'))": {1, 4, 9},
    "T_DISJOINT(\"date\",DATE('2022-04-16'))": {2, 3, 6, 7, 8},
    "T_INTERSECTS(\"date\",DATE('2022-04-16'))": {1, 4, 9},
    "T_INTERSECTS(\"date\",INTERVAL('2022-04-01','2022-04-30'))": {1, 2, 4, 6, 8, 9},
    "T_INTERSECTS(\"date\",INTERVAL('2022-04-17','..'))": {2, 3, 8},
    "T_AFTER(\"date\",INTERVAL('..','2022-04-16'))": {2, 3, 8},
    f"T_DURING({SPAN},{moments('13:00', '15:11')})": {1, 6, 7},
    f"T_CONTAINS({SPAN},{moments('13:20', '15:00')})": {1, 7, 9},
    f"T_MEETS({SPAN},{moments('13:19', '14:00')})": {5},
    f"T_METBY({SPAN},{moments('13:19', '15:10')})": {4},
    f"T_STARTS({SPAN},{moments('13:19', '15:00')})": {6},
    f"T_STARTEDBY({SPAN},{moments('13:19', '15:00')})": {1, 7},
    f"T_FINISHES({SPAN},{moments('10:00', '15:10')})": {1, 7},
    f"T_FINISHEDBY({SPAN},{moments('14:00', '15:10')})": {1, 7},
    f"T_OVERLAPS({SPAN},{moments('14:00', '17:00')})": {1, 7},
    f"T_OVERLAPPEDBY({SPAN},{moments('13:00', '15:00')})": {1, 2, 7},
    f"T_EQUALS({SPAN},{moments('13:19', '15:10')})": {1, 7},
    f"T_INTERSECTS({SPAN},{moments('15:30', '16:30')})": {2, 4, 8, 9},
    f"T_DISJOINT({SPAN},{moments('15:30', '16:30')})": {1, 5, 6, 7},
    f"T_BEFORE({SPAN},{moments('14:30', '..')})": {5, 6},
    f"T_AFTER({SPAN},{moments('..', '14:30')})": {4, 8},
    "boolean=true": {1, 3, 6, 8},
    "boolean=false": {2, 5, 7, 10},
    "boolean<>true": {2, 5, 7, 10},
    "NOT boolean=true": {2, 5, 7, 10},
    "boolean IS NULL": {4, 9},
    "boolean=true AND pop_other>5000": {1, 3},
    "boolean=true OR pop_other>5000": {1, 2, 3, 4, 5, 6, 7, 8, 9, 10},
    "pop_other IS NULL": {6},
    "pop_other>37000": {1, 2, 4, 7, 9},
    "pop_other*2=560000": {2},
    "pop_other/1000>1000": {1, 7},
    "pop_other-27000=0": {5},
    "pop_other%1000=100": {8},
    "pop_other div 300000=1": {4},
    "pop_other^2=10000": {8},
    "pop_other+10*10=200": {8},
    "(pop_other+10)*10=1100": {8},
    "10<pop_other/100": {1, 2, 3, 4, 5, 7, 9, 10},
    "pop_other=pop_other": EVERY_PLACE - {6},
    "name='Apia''s 100%'": {10},
    "name LIKE '%100\\%'": {10},
    "name LIKE '%100_'": {10},
    "name LIKE '%\\_%'": set(),
    "name='Ақтөбе'": {4},
    "name LIKE '%қ%'": {4, 5},
    "CASEI(name)=CASEI('АҚТӨБЕ')": {4},
    "CASEI(name) IN (CASEI('ҚАНДЫАҒАШ'),CASEI('шалқар'))": {5, 6},
    "CASEI(name) LIKE CASEI('%АҒАШ')": {6},
    "CASEI(name)=CASEI('ÆRØ')": {3},
    "CASEI(name)=CASEI('KØBENHAVN')": {1},
    "CASEI(name)=CASEI('KIEV')": {7},
    "name='KIEV'": set(),
    "ACCENTI(name)=ACCENTI('Arhus')": {2},
    "ACCENTI(name) LIKE ACCENTI('År%')": {2},
    "ACCENTI(name)=ACCENTI('Шалқар')": {5},
    "CASEI(ACCENTI(name))=CASEI(ACCENTI('ARHUS'))": {2},
    "ACCENTI(CASEI(name))=ACCENTI(CASEI('ÅRHUS'))": {2},
}

OF_RIVERS: dict[str, set[int]] = {
    "S_CROSSES(geom,LINESTRING(4 43,4 41))": {2},
    "S_CROSSES(geom,POLYGON((0 40,10 40,10 50,0 50,0 40)))": {1},
    "S_WITHIN(geom,BBOX(0,40,10,50))": {2, 6},
    "S_TOUCHES(geom,BBOX(0,40,10,50))": {3},
    "S_INTERSECTS(geom,POLYGON((5 -5,15 -5,15 5,5 5,5 -5)))": {4},
    "S_DISJOINT(geom,BBOX(-30,-20,60,60))": {5},
    "S_EQUALS(geom,LINESTRING(4 41,4 43))": {6},
    "S_OVERLAPS(geom,LINESTRING(6 42,12 42))": {2},
    "name IN ('Alpha','Zeta') AND S_INTERSECTS(geom,POINT(4 42))": {6},
}

CHOSEN = [
    pytest.param(collection, text, expected, id=f"{collection[8:17]} {text}")
    for collection, filters in ((COUNTRIES, OF_COUNTRIES), (PLACES, OF_PLACES), (RIVERS, OF_RIVERS))
    for text, expected in filters.items()
]

# what is true, and what is unknown, of the places
PREDICATES: dict[str, tuple[set[int], set[int]]] = {
    "pop_other>100000": ({1, 2, 4, 7}, {6}),
    "boolean=true": ({1, 3, 6, 8}, {4, 9}),
    "\"date\"=DATE('2022-04-16')": ({1, 4, 9}, {5, 10}),
    "\"start\"<TIMESTAMP('2022-04-16T10:14:00Z')": ({1, 5, 6, 7, 9}, {3, 10}),
    "name LIKE 'A%'": ({10}, set()),
    "pop_other IS NULL": ({6}, set()),
    "S_INTERSECTS(geom,BBOX(55,45,65,55))": ({4, 5, 6}, set()),
    "pop_other IN (100,6000)": ({3, 8}, {6}),
}


def chosen(client: httpx.Client, collection: str, filter_text: str, language: str) -> set[int]:
    response = client.get(
        f"/collections/{collection}/items", params={"filter": filter_text, "filter-lang": language, "limit": "1000"}
    )
    assert response.status_code == 200, response.text
    page = response.json()
    found = {feature["id"] for feature in page["features"]}
    assert page["numberMatched"] == len(page["features"]) == len(found)
    return found


@pytest.mark.parametrize(("collection", "text", "expected"), CHOSEN)
def test_a_filter_chooses_the_features_that_it_names(
    tables_client: httpx.Client, collection: str, text: str, expected: set[int]
) -> None:
    assert chosen(tables_client, collection, text, "cql2-text") == expected
    as_json = json.dumps(cql2.parse_text(text).to_json())
    assert chosen(tables_client, collection, as_json, "cql2-json") == expected


def unknown_is_not_false(values: tuple[bool | None, ...]) -> bool:
    """The combination below in Kleene's logic: 1 true, 0 false, ½ unknown."""
    p1, p2, p3, p4 = (0.5 if value is None else float(value) for value in values)
    return max(min(1 - p1, p2), min(p3, 1 - p4), 1 - min(p1, p4)) == 1


@pytest.mark.parametrize("names", list(itertools.permutations(PREDICATES, 4))[::70])
def test_combinations_follow_three_valued_logic(tables_client: httpx.Client, names: tuple[str, ...]) -> None:
    p1, p2, p3, p4 = (f"({name})" for name in names)
    text = f"((NOT {p1} AND {p2}) OR ({p3} AND NOT {p4}) OR NOT ({p1} AND {p4}))"
    expected = {
        place
        for place in EVERY_PLACE
        if unknown_is_not_false(
            tuple(None if place in PREDICATES[name][1] else place in PREDICATES[name][0] for name in names)
        )
    }
    assert chosen(tables_client, PLACES, text, "cql2-text") == expected


@pytest.mark.parametrize("name", PREDICATES)
def test_what_is_unknown_is_neither_chosen_nor_its_opposite(tables_client: httpx.Client, name: str) -> None:
    true, unknown = PREDICATES[name]
    assert chosen(tables_client, PLACES, name, "cql2-text") == true
    assert chosen(tables_client, PLACES, f"NOT ({name})", "cql2-text") == EVERY_PLACE - true - unknown
    assert chosen(tables_client, PLACES, f"({name}) OR NOT ({name})", "cql2-text") == EVERY_PLACE - unknown
    assert chosen(tables_client, PLACES, f"({name}) AND NOT ({name})", "cql2-text") == set()


JSON_FILTERS: list[tuple[str, Any, set[int]]] = [
    (COUNTRIES, {"op": "=", "args": [{"property": "NAME"}, "Alfaland"]}, {1}),
    (COUNTRIES, {"op": "s_intersects", "args": [{"property": "geom"}, {"bbox": [175, -25, -170, -10]}]}, {6}),
    (
        COUNTRIES,
        {"op": "s_contains", "args": [{"property": "geom"}, {"type": "Point", "coordinates": [10, 0]}]},
        {4, 5},
    ),
    (PLACES, {"op": "=", "args": [{"property": "date"}, {"date": "2022-04-16"}]}, {1, 4, 9}),
    (PLACES, {"op": ">", "args": [{"property": "start"}, {"timestamp": "2022-04-16T10:13:19Z"}]}, {2, 4, 8}),
    (PLACES, {"op": "t_after", "args": [{"property": "date"}, {"interval": ["..", "2022-04-16"]}]}, {2, 3, 8}),
    (PLACES, {"op": "not", "args": [{"op": "=", "args": [{"property": "boolean"}, True]}]}, {2, 5, 7, 10}),
    (PLACES, {"op": "in", "args": [{"property": "pop_other"}, [100, 6000]]}, {3, 8}),
    (PLACES, {"op": "between", "args": [{"property": "pop_other"}, 100, 27000]}, {3, 5, 8}),
    (PLACES, {"op": "isNull", "args": [{"property": "pop_other"}]}, {6}),
    (PLACES, {"op": "=", "args": [{"op": "*", "args": [{"property": "pop_other"}, 2]}, 560000]}, {2}),
    (
        PLACES,
        {"op": "like", "args": [{"op": "casei", "args": [{"property": "name"}]}, {"op": "casei", "args": ["%АҒАШ"]}]},
        {6},
    ),
    (
        PLACES,
        {"op": "=", "args": [{"op": "accenti", "args": [{"property": "name"}]}, {"op": "accenti", "args": ["Arhus"]}]},
        {2},
    ),
    (RIVERS, {"op": "s_touches", "args": [{"property": "geom"}, {"bbox": [0, 40, 10, 50]}]}, {3}),
]


@pytest.mark.parametrize(("collection", "expression", "expected"), JSON_FILTERS)
def test_a_filter_written_as_json_chooses_the_same(
    tables_client: httpx.Client, collection: str, expression: Any, expected: set[int]
) -> None:
    assert chosen(tables_client, collection, json.dumps(expression), "cql2-json") == expected


@pytest.mark.parametrize(
    ("collection", "wrong", "word"),
    [
        (PLACES, "pop_other>'many'", "pop_other"),
        (PLACES, "geometry IS NULL", "geometry"),
        (PLACES, "S_INTERSECTS(name,POINT(1 1))", "name"),
        (PLACES, "NAME='Kiev'", "NAME"),
        (PLACES, "\"date\"=DATE('2022-02-30')", "2022-02-30"),
        (COUNTRIES, "heads=5", "heads"),
    ],
)
def test_a_filter_that_does_not_fit_the_table_is_refused(
    tables_client: httpx.Client, collection: str, wrong: str, word: str
) -> None:
    response = tables_client.get(f"/collections/{collection}/items", params={"filter": wrong})
    assert response.status_code == 400
    assert word in response.json()["detail"]
