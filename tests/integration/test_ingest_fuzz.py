"""Whatever a file holds, its user gets a report or a typed error, and the workspace stays whole."""

import contextlib
import csv
import datetime as dt
import io
import json
import os
import shutil
import tempfile
import warnings
from pathlib import Path

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from geo.access.analysis import analyse
from geo.access.layers import AnalysisInputs
from geo.errors import InputError, ShalgaiError
from geo.ingest.kinds import TABLES, Kind
from geo.ingest.reading import Given
from geo.ingest.source import ReadOptions
from geo.workspace import Workspace
from geo.workspace.catalogue import Catalogue
from geo.workspace.intake import Wish, take_in

TODAY = dt.date(2026, 11, 1)
KINDS = [kind for kind in Kind if kind in TABLES]
PLACES = ("150000100", "150000200")
BOX = [[57, 50], [58, 50], [58, 51], [57, 51], [57, 50]]
SHORT, LONG = 15, 3_000
QUIET = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.function_scoped_fixture]

HOSTILE = [
    *(
        "",
        "1",
        "0",
        "-1",
        "1,5",
        "1 234,5",
        "1,234",
        "1e400",
        "-1e400",
        "1e308",
        "1e-400",
        "9" * 400,
        "NaN",
        "-Infinity",
    ),
    *(
        "∞",
        "１２",
        "٣",
        "²",
        "½",
        "0x10",
        "1_000",
        "15e7",
        "1.5E+08",
        "150000100",
        "99999999999999999999",
        "-0",
        "−110 dBm",
    ),
    *(
        "2024-02-31",
        "31.12.2024",
        "12/31/2024",
        "29 ақпан 2023",
        "2024 г.",
        "45000.5",
        "1700000000",
        "2024-01-01T00:00Z",
    ),
    *("50°16'40\"N", "57° 10′ в.д.", "50 16 61", "50,1 57,2", "POINT(57 50)", "POINT(nan nan)", "POLYGON EMPTY"),
    *("POLYGON((57 50,58 51,58 50,57 51,57 50))", "GEOMETRYCOLLECTION(POINT(1 1))", "LINESTRING(57 50,57 50)"),
    *(
        "LTE",
        "4g",
        "4g;5g",
        "Билайн",
        "beeline;kcell",
        "да",
        "=cmd|x!A1",
        "\u202eabc",
        "\u200b",
        "\ufeff",
        "\u2028",
        "\x85",
    ),
    *(
        "../x",
        "omni",
        "x.csv",
        "school",
        "primary",
        "census",
        "declared",
        "#REF!",
        "#N/A",
        "null",
        "a" * 1_000,
        "\U0001f600",
    ),
]
NAMES = [
    *(
        "geometry",
        "row",
        "problems",
        "kato",
        "КАТО",
        "Код КАТО",
        "name",
        "Наименование",
        "lon",
        "lat",
        "Долгота",
        "Широта",
    ),
    *(
        "x",
        "y",
        "wkt",
        "координаты",
        "район",
        "Население, тыс.",
        "Высота, футы",
        "eirp, W",
        "rsrp",
        "avg_d_kbps",
        "quadkey",
    ),
    *("radio", "mcc", "net", "cell", "fid", "index", "level_0", "", "=1+1", "a" * 300, "\u202ename"),
]
words = st.sampled_from(HOSTILE) | st.text(max_size=12) | st.floats().map(str) | st.integers().map(str)


def good(name):
    """A value that a column accepts, more often than not."""
    known = {
        "kato": PLACES[0],
        "technology": "4g",
        "operator": "kcell",
        "lon": "57.3",
        "lat": "50.3",
        "wkt": "POLYGON((57 50,58 50,58 51,57 51,57 50))",
        "geometry": "POINT(57.3 50.3)",
        "site_id": "M",
        "kind": "school",
        "class": "primary",
        "name_ru": "Село",
        "measured_at": "2026-01-01",
        "signal_dbm": "-100",
    }
    return known.get(name)


def values(name):
    usual = good(name)
    return words if usual is None else st.just(usual) | st.just(usual) | words


@st.composite
def grids(draw, kind):
    """A header and rows of text, near to what the kind needs."""
    own = [column.name for column in TABLES[kind].columns]
    needed = [column.name for column in TABLES[kind].columns if column.required]
    header = draw(st.lists(st.sampled_from(own) | st.sampled_from(NAMES) | st.text(max_size=5), max_size=5))
    header += draw(st.sampled_from([needed, needed, []]))
    header += draw(st.sampled_from([["lon", "lat"], ["wkt"], ["geometry"], []]))
    if draw(st.integers(0, 5)):
        header = list(dict.fromkeys(header))
    rows = draw(st.lists(st.tuples(*map(values, header)).map(list), min_size=1, max_size=4))
    return [header, *rows]


@st.composite
def mutated(draw, contents):
    """Bytes with a few places changed, taken out or doubled, mostly none."""
    content = bytearray(draw(contents))
    for _ in range(draw(st.sampled_from([0, 0, 0, 1, 3]))):
        at = draw(st.integers(0, max(len(content) - 1, 0)))
        content[at : at + draw(st.integers(0, 9))] = draw(st.binary(max_size=9))
    return bytes(content)


@st.composite
def csv_bytes(draw, kind):
    text = io.StringIO()
    csv.writer(text, delimiter=draw(st.sampled_from(",;\t|"))).writerows(draw(grids(kind)))
    encoding = draw(st.sampled_from(["utf-8", "utf-8-sig", "cp1251", "utf-16"]))
    return text.getvalue().encode(encoding, errors="replace")


@st.composite
def xlsx_bytes(draw, kind):
    book = openpyxl.Workbook()
    others = st.sampled_from([None, True, 5, 1e300, -0.1, dt.date(2024, 1, 1), dt.datetime(1900, 1, 1, 5), dt.time(5)])
    for number, row in enumerate(draw(grids(kind)), start=1):
        for column, text in enumerate(row, start=1):
            odd = number > 1 and draw(st.integers(0, 5)) == 0
            held = "".join(c for c in text if c.isprintable()).encode(errors="ignore").decode()
            book.active.cell(number, column, draw(others) if odd else held)
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


numbers = st.sampled_from(
    [57.2, 50.2, 57.9, 50.9] * 3 + [None, True, "5", [], 1e308, float("nan"), float("inf"), 10**400]
)
points = st.tuples(st.sampled_from([57, 57.5]), st.sampled_from([50, 50.5])).map(list) | st.lists(numbers, max_size=4)
lines = st.lists(points, max_size=5)
rings = st.just(BOX) | lines | lines.map(lambda line: line + line[:1])
geometries = st.recursive(
    st.one_of(
        st.builds(lambda at: {"type": "Point", "coordinates": at}, points),
        st.builds(lambda at: {"type": "LineString", "coordinates": at}, lines),
        st.builds(lambda at: {"type": "Polygon", "coordinates": at}, st.lists(rings, max_size=3)),
        st.builds(lambda at: {"type": "MultiPolygon", "coordinates": [at]}, st.lists(rings, max_size=2)),
        st.builds(
            lambda kind, at: {"type": kind, "coordinates": at}, st.sampled_from(["Point", "Curve", None, 5]), lines
        ),
        st.sampled_from([None, 5, "x", [], {}]),
    ),
    lambda inner: st.builds(
        lambda held: {"type": "GeometryCollection", "geometries": held}, st.lists(inner, max_size=2)
    ),
    max_leaves=3,
)
scalars = words | st.sampled_from(
    [None, True, 5, 1.5, 10**30, 10**400, float("nan"), [], [1, "a"], {"a": {"b": [None]}}]
)


@st.composite
def geojson_bytes(draw, kind):
    own = [column.name for column in TABLES[kind].columns]
    needed = [column.name for column in TABLES[kind].columns if column.required]
    features = []
    for _ in range(draw(st.integers(0, 4))):
        properties = draw(st.dictionaries(st.sampled_from(own) | st.sampled_from(NAMES), scalars, max_size=5))
        properties |= {name: draw(values(name)) for name in needed if name not in properties}
        feature = {"type": "Feature", "properties": properties, "geometry": draw(geometries)}
        for member in draw(st.sampled_from([[], [], [], ["type"], ["properties"], ["geometry"]])):
            del feature[member]
        features.append(draw(st.sampled_from([feature] * 20 + [None, 5, [feature]])))
    whole = {"type": "FeatureCollection", "features": features}
    stated = draw(st.sampled_from([None, None, None, 5, "EPSG:32640", "http://localhost/", "bogus"]))
    if stated:
        whole["crs"] = {"type": "name", "properties": {"name": stated}}
    return json.dumps(whole, ensure_ascii=draw(st.booleans())).encode(errors="replace")


CONTENTS = {"csv": csv_bytes, "xlsx": xlsx_bytes, "geojson": geojson_bytes}


@st.composite
def inputs(draw, suffix):
    kind = draw(st.sampled_from(KINDS))
    content = draw(mutated(CONTENTS[suffix](kind)) if draw(st.integers(0, 20)) else st.binary(max_size=200))
    return kind, content


@pytest.fixture(scope="module")
def office(tmp_path_factory):
    """A workspace with one district and two villages, to be copied for each file."""
    root = tmp_path_factory.mktemp("office")
    catalogue = Catalogue(root / "var")
    district = {
        "type": "Feature",
        "properties": {"kato": "150000001"},
        "geometry": {"type": "Polygon", "coordinates": [BOX]},
    }
    path = root / "district.geojson"
    path.write_text(json.dumps(district), encoding="utf-8")
    take_in(Kind.BOUNDARIES, path, catalogue, Wish("district"), today=TODAY)
    path = root / "places.csv"
    path.write_text(f"kato,name_ru,lon,lat\n{PLACES[0]},Село,57.3,50.3\n{PLACES[1]},Аул,57.6,50.6\n", encoding="utf-8")
    take_in(Kind.SETTLEMENTS, path, catalogue, Wish("places"), today=TODAY)
    assert len(catalogue.active()) == 2
    return catalogue.root


def check(office, kind, content, suffix, *, crs=None, skip_bad=True, then_analyse=False):
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        path = Path(folder) / f"brought.{suffix}"
        path.write_bytes(content)
        shutil.copytree(office, Path(folder) / "var")
        catalogue = Catalogue(Path(folder) / "var")
        before = catalogue.history()
        wish = Wish("brought", Given(ReadOptions(crs=crs), {"as_of": "2026"}), skip_bad=skip_bad)
        try:
            outcome = take_in(kind, path, catalogue, wish, today=TODAY)
        except ShalgaiError:
            outcome = None
        if outcome is None or not outcome.is_accepted:
            assert catalogue.history() == before
        if outcome is not None:
            told = json.loads(json.dumps(outcome.report.as_dict()))
            assert outcome.is_accepted or told["errors"]
        listed = {entry.dataset for entry in catalogue.history()}
        assert {entry.name for entry in (catalogue.root / "datasets").iterdir()} == listed
        for dataset in catalogue.active():
            catalogue.data(dataset)
        if then_analyse and outcome is not None and outcome.is_accepted:
            with contextlib.suppress(InputError):
                analyse(AnalysisInputs(), Workspace(catalogue.root))


@pytest.mark.parametrize("suffix", CONTENTS)
def test_a_report_whatever_the_file_holds(office, suffix):
    @settings(max_examples=SHORT, suppress_health_check=QUIET)
    @given(inputs(suffix), st.sampled_from([None, None, "EPSG:32640", "bogus"]), st.booleans())
    def one(brought, crs, skip_bad):
        check(office, *brought, suffix, crs=crs, skip_bad=skip_bad)

    one()


@pytest.mark.soak
@pytest.mark.parametrize("suffix", CONTENTS)
def test_a_report_whatever_the_file_holds_for_long(office, suffix):
    @settings(max_examples=int(os.environ.get("SHALGAI_SOAK_EXAMPLES", LONG)), suppress_health_check=QUIET)
    @given(inputs(suffix), st.sampled_from([None, None, "EPSG:32640", "bogus"]), st.booleans())
    def one(brought, crs, skip_bad):
        check(office, *brought, suffix, crs=crs, skip_bad=skip_bad, then_analyse=True)

    one()


DEEP = b'{"type":"FeatureCollection","features":[{"type":"Feature","properties":null,"geometry":' + b"[" * 10_000
TWICE = (
    b'{"type":"Feature","type":"Feature","properties":{"kato":1,"kato":"150000100"},"properties":null,"geometry":null}'
)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("content", "suffix"),
    [
        (DEEP, "geojson"),
        (DEEP + b"]" * 10_000 + b"}]}", "geojson"),
        (TWICE, "geojson"),
        (b'{"type":"GeometryCollection","geometries":' * 5_000 + b"[]" + b"}" * 5_000, "geojson"),
        (b"kato,kato,row,problems\n150000100,1,2,3\n", "csv"),
        (b"kato,name\n150000100," + b"x" * 1_000_000 + b"\n", "csv"),
        (b'kato,name\n150000100,"' + b"x\n" * 100_000, "csv"),
        (b"kato;lon;lat\n" + b"1;" * 100_000 + b"\n", "csv"),
        (b"," * 100_000 + b"\n" + b"1," * 100_000, "csv"),
    ],
    ids=["deep", "deep-closed", "twice", "deep-collections", "names", "long-cell", "open-quote", "wide-row", "wide"],
)
def test_known_traps(office, kind, content, suffix):
    check(office, kind, content, suffix)
