"""What is refused, in what words, and that nothing a client can send stops the parser or the process."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.errors import BadParameter
from api.features.collection import Collection
from api.filters.language import parse_filter

Chosen = Callable[..., list[int]]
DEPTH = 10_000


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("nothing = 1", r"not there \(value 'nothing'\). Queryables: geom, name, nameascii, pop_other"),
        ("NAME = 'Kiev'", "not there"),
        ("geometry IS NULL", "not there"),
        ("name = 1", "applies = to text and a number. Those types do not go together; name is text"),
        ("2 < boolean", "a number and a truth value"),
        ("name < DATE('2026-01-01')", "text and a date"),
        ("\"date\" = 'soon'", "other text"),
        ("geom = 1", "a geometry and a number"),
        ("geom = geom", "a geometry and a geometry"),
        ("reasons = 'a'", "an array and text"),
        ("pop_other", r"has a number where a condition must be \(value 'pop_other'\)"),
        ("name AND boolean", "has text where a condition must be"),
        ("NOT 5", "has a number where a condition"),
        ("name + 1 = 2", r"applies \+ to text and a number"),
        ("pop_other LIKE '1%'", "applies LIKE to a number"),
        ("name LIKE nameascii", "pattern that is not a literal"),
        ("casei(pop_other) = 'x'", "applies CASEI to a number"),
        ("avg(pop_other) > 1", r"function that is not known \(value 'avg'\). Functions: CASEI, ACCENTI, S_INTERSECTS"),
        ("S_INTERSECTS(geom)", "S_INTERSECTS with 1 arguments. It takes 2"),
        ("S_INTERSECTS(geom, 'POINT(1 2)')", "a geometry and text"),
        ("S_INTERSECTS(geom, POINT(90 180))", r"not on Earth \(value '90 180'\)"),
        ("S_INTERSECTS(geom, BBOX(0,1,2))", "not 4 or 6 numbers"),
        ("S_INTERSECTS(geom, BBOX(0,50,10,40))", "lower end above"),
        ("S_INTERSECTS(geom, BBOX(0,1,9,2,3,8))", "lower height above"),
        ("S_INTERSECTS(geom, POINT EMPTY)", "empty geometry, at character 26"),
        ("S_INTERSECTS(geom, POLYGON((0 0,1 1)))", "cannot be read"),
        ("T_AFTER(name, DATE('2026-01-01'))", "applies T_AFTER to text"),
        ("T_DURING(\"date\", INTERVAL('2026-01-01','..'))", "T_DURING a date or timestamp. It takes intervals"),
        ("T_DURING(DATE('2026-01-01'), INTERVAL('2026-01-01','..'))", "It takes intervals"),
        ("T_DURING('2026-01-01', INTERVAL('2026-01-01','..'))", "It takes intervals"),
        ("T_AFTER(start, INTERVAL('2026-01-02','2026-01-01'))", "ends before it starts"),
        ("T_AFTER(start, INTERVAL(pop_other,'..'))", "applies INTERVAL to a number"),
        ("T_AFTER(start, INTERVAL(geom,'..'))", "applies INTERVAL to a geometry"),
        ("T_AFTER(start, INTERVAL('2026-01-02'))", "without two ends"),
        ("\"date\" = DATE('2022-13-45')", r"date that is not one \(value '2022-13-45'\)"),
        ("start = TIMESTAMP('2022-01-01')", "timestamp that is not one"),
        ("start = TIMESTAMP('2022-01-01T25:00:00Z')", "timestamp that is not one"),
        ("A_EQUALS(name, ('a', casei('b')))", "other than values and properties"),
        ("A_EQUALS(geom, ('a'))", "a geometry and an array"),
        ("A_OVERLAPS(reasons, (nmae, nameascii))", "property that is not there .*'nmae'.* single quotes"),
        ("INTERVAL('2026-01-01','..') IS NULL AND INTERVAL('2026-01-01','..')", "has an interval where a condition"),
        ("a = 1e999", "too large"),
        ("", "is empty"),
        ("name = 'x", "quotation mark without its partner, at character 8"),
        ("name == 'x'", "has '=' where it must not be, at character 7"),
        ("(name = 'x'", r"ends too early, at character 12 .* Expected here: '\)'"),
        ("name = 'x')", r"has '\)' where it must not be, at character 11"),
        ("name = 'x' AND", "ends too early, at character 15 .* a property, a value"),
        ("name = 'x' name", "Expected here: AND, OR"),
        ("name = 1; DROP", "has ';'"),
        ("a = b = c", "Put the inner comparison in brackets"),
        ("a BETWEEN 1", "upper bound of BETWEEN"),
        ("(a BETWEEN 1)", "upper bound of BETWEEN"),
        ("a BETWEEN 1 OR 2", "upper bound of BETWEEN"),
        ("a IN ()", "a list of values"),
        ("a IN (1) + 2", "AND, OR"),
        ("a IS 1", "NULL or NOT NULL"),
        ("NOT -a = 1", r"Write NOT \(-a = 1\)"),
        ("a = NOT b", "in brackets"),
        ("and = 1", "a property of that name goes in double quotes"),
        ("true(1)", "must not be"),
        ("f\u0259(1) = 1", "names a function that cannot be one"),
    ],
)
def test_what_is_wrong_is_said(text: str, message: str, places: Collection, chosen: Chosen) -> None:
    with pytest.raises(BadParameter, match=message):
        chosen(places, text)


def test_names_of_several_words_need_no_quotes_where_gdal_leaves_them_out() -> None:
    names = ("my col", "2nd", "col", "is not", "2e1", "1 2")
    found = parse_filter(
        "my col LIKE 'my col' OR col = 2 AND (2nd > 12 OR \"my col\" IS NULL)", "cql-text", names=names
    )
    assert found == parse_filter('"my col" LIKE \'my col\' OR col = 2 AND ("2nd" > 12 OR "my col" IS NULL)')
    kept = "a = 2e1 AND S_INTERSECTS(b, POINT(1 2))"
    assert parse_filter(kept, "cql-text", names=names) == parse_filter(kept)
    with pytest.raises(BadParameter):
        parse_filter("my col = 2")
    with pytest.raises(BadParameter):
        parse_filter("is not = 2", "cql-text", names=names)


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ("{", "not JSON"),
        ("[1, 2]", "an array where a condition"),
        ('{"op":"="}', "= with 0 arguments"),
        ('{"op":"and","args":[true]}', "AND with 1 arguments. It takes 2 or more"),
        ('{"op":1,"args":[]}', "operator that is not text"),
        ('{"op":"in","args":[{"property":"name"},"a"]}', "IN without a list"),
        ('{"what":1}', "not CQL2 JSON"),
        ('{"property":1}', "name is not text"),
        ('{"date":5}', "date that is not one"),
        ('{"op":"t_after","args":[{"interval":["..",5]},{"date":"2026-01-01"}]}', "end is not a date"),
        ('{"op":"isNull","args":[{"type":"Circle"}]}', "not GeoJSON"),
        ('{"op":"isNull","args":[{"type":"Point","coordinates":[1]}]}', "2 to 4 numbers"),
        ('{"op":"isNull","args":[{"type":"Polygon","coordinates":[]}]}', "cannot be made"),
        ('{"op":"isNull","args":[{"type":"LineString","coordinates":[]}]}', "empty geometry"),
        ('{"op":"isNull","args":[{"type":"GeometryCollection","geometries":5}]}', "cannot be made"),
        ('{"op":"isNull","args":[{"type":"Point","coordinates":[1,true]}]}', "2 to 4 numbers"),
        ('{"op":"=","args":[1e999,1]}', "not JSON|not finite"),
        ('{"op":"a_overlaps","args":[["a"],[{"property":"nmae"}]]}', "property that is not there"),
        ('{"op":"=","args":[1,{"op":"whole_number","args":["%s"]}]}' % ("9" * 5000), "function that is not known"),
    ],
)
def test_what_is_wrong_in_json_is_said(document: str, message: str, places: Collection, chosen: Chosen) -> None:
    with pytest.raises(BadParameter, match=message):
        chosen(places, document, "cql2-json")


def test_an_unknown_language_is_refused() -> None:
    with pytest.raises(BadParameter, match="cql2-text, cql2-json, cql-text"):
        parse_filter("true", "sql")
    assert parse_filter("true", "cql-text") == parse_filter("true", "cql2-text")


@pytest.mark.parametrize(
    "make",
    [
        lambda n: "(" * n + "a=1" + ")" * n,
        lambda n: "(" * n,
        lambda n: "(" * n + "!" + ")" * n,
        lambda n: "NOT " * n + "a",
        lambda n: "NOT (" * n + "a" + ")" * n,
        lambda n: "a=" + "-" * n + "1",
        lambda n: "a=" + "-(" * n + "1" + ")" * n,
        lambda n: "a=1" + "+1" * n,
        lambda n: "a=" + "1^" * n + "1",
        lambda n: "a" + "=a" * n,
        lambda n: "f(" * n + "a" + ")" * n,
        lambda n: "f(" * n,
        lambda n: "a IN (" * n,
        lambda n: "a_equals(x," + "(" * n + "1" + ",2)" * n + ")",
        lambda n: "a_equals(x," + "(1," * n + "2" + ")" * n + ")",
        lambda n: "a=1 and " * n + "(" * 40,
        lambda n: "S_INTERSECTS(g," + "GEOMETRYCOLLECTION(" * n + "POINT(0 0)" + ")" * n + ")",
        lambda n: "S_INTERSECTS(g,POLYGON(" + "(" * n + ")" * n + "))",
        lambda n: "a BETWEEN " * n + "1",
        lambda n: "a LIKE 'x" + "%a" * n + "'",
        lambda n: "S_INTERSECTS(geom,POINT(1 2)) OR " * n + "TRUE",
        lambda n: '{"op":"not","args":[' * n + "true" + "]}" * n,
        lambda n: "[" * n + "]" * n,
        lambda n: '{"type":"GeometryCollection","geometries":[' * n + "]}" * n,
    ],
)
@pytest.mark.parametrize("times", [98, 600, DEPTH])
def test_deep_and_long_filters_are_answered_in_no_time(make: Callable[[int], str], times: int) -> None:
    text = make(times)
    language = "cql2-json" if text[0] in "{[" else "cql2-text"
    began = time.process_time()
    if times >= DEPTH:
        with pytest.raises(BadParameter):
            parse_filter(text, language)
    else:
        with suppress(BadParameter):
            parse_filter(text, language)
    assert time.process_time() - began < 0.5


def test_nesting_of_a_hundred_is_accepted(places: Collection, chosen: Chosen) -> None:
    assert chosen(places, "(" * 100 + "pop_other = 5" + ")" * 100) == [3]
    assert chosen(places, "NOT (" * 100 + "pop_other = 5" + ")" * 100) == [3]
    assert chosen(places, "NOT " * 99 + "pop_other = 5") == [0, 1, 2, 5, 6, 7]
    document = json.dumps({"op": "=", "args": [{"property": "pop_other"}, 5]})
    for _ in range(98):
        document = '{"op":"not","args":[' + document + "]}"
    assert chosen(places, document, "cql2-json") == [3]


def test_a_pattern_cannot_keep_the_matcher_busy(places: Collection, chosen: Chosen) -> None:
    began = time.process_time()
    assert chosen(places, "'" + "a" * 3000 + "' LIKE '" + "%a" * 2000 + "b'") == []
    assert time.process_time() - began < 1


_FRAGMENTS = """( ) , + - * / % ^ = <> < >= AND OR NOT IN LIKE BETWEEN IS NULL TRUE a "b~c" 'x' 'it''s' 1 -2.5 .5 f(
    date( bbox( interval( POINT(1~2) POLYGON((0~0,1~0,1~1,0~0)) DATE('2026-01-01') () casei( S_INTERSECTS( div nota Ә"""


@given(st.lists(st.sampled_from([word.replace("~", " ") for word in _FRAGMENTS.split()]), max_size=25).map(" ".join))
def test_any_text_is_parsed_or_refused_with_a_reason(text: str) -> None:
    # the parser agrees with the reader before it: its own complaints never come through
    with suppress(BadParameter), _without("is not CQL2 text"):
        parse_filter(text)


@contextmanager
def _without(words: str) -> Iterator[None]:
    try:
        yield
    except BadParameter as error:
        if words in str(error):
            raise AssertionError(str(error)) from error
        raise


@given(st.text(max_size=60), st.sampled_from(["cql2-text", "cql2-json"]))
def test_any_characters_are_parsed_or_refused(text: str, language: str) -> None:
    with suppress(BadParameter):
        parse_filter(text, language)
