"""Positions out of columns of text: every way in which people write them, and what is refused."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from geo.errors import ColumnMissing, CrsMissing, FileProblem, ValueRejected
from geo.ingest.readers.angles import angles, pairs
from geo.ingest.readers.positions import find_positions, located
from geo.ingest.source import Batch, ReadOptions

LAT = 50 + 17 / 60 + 5 / 3600
LON = 57 + 10 / 60 + 12.5 / 3600


def read(columns: dict[str, list[str | None]], crs: str | None = None, first_row: int = 1) -> Batch:
    frame = pd.DataFrame(columns, dtype="str")
    batch = Batch(frame, np.arange(first_row, first_row + len(frame)))
    positions = find_positions(frame, ReadOptions(crs=crs), "a.csv")
    assert positions is not None
    batch = located(batch, positions, "a.csv")
    batch.findings = positions.findings + batch.findings
    assert isinstance(batch.frame, gpd.GeoDataFrame)
    assert batch.frame.crs == "EPSG:4326"
    return batch


def points(batch: Batch) -> list[tuple[float, float] | None]:
    return [None if p is None else (round(p.x, 6), round(p.y, 6)) for p in batch.frame.geometry]


def codes(batch: Batch) -> list[str]:
    return [finding.code for finding in batch.findings]


@pytest.mark.parametrize(
    "text",
    [
        "50°17'05\"",
        "50°17'05\" с.ш.",
        "50°17'05\"с.ш",
        "50° 17′ 05″ N",
        "50º17’05” северной широты",
        "50°17'05'' солтүстік ендік",
        "50°17'5,0\" с.е.",
        "N50 17 05",
        "С 50°17'05\"",
        "C50 17 05",
        "50-17-05",
        "50:17:05",
        "50 град 17 мин 05 сек",
        "50°17.083333'",
        "50 17,083333 N",
        "50.284722",
        "50,284722",
        " 50.284722° N",
        "+50.284722",
        "5.0284722e1",
    ],
)
def test_a_latitude_is_read_however_it_is_written(text):
    assert angles(pd.Series([text], dtype="str")).degrees[0] == pytest.approx(LAT, abs=1e-6)


@pytest.mark.parametrize(
    "text",
    [
        "57 10 12.5 E",
        "57°10'12,5\" в.д.",
        "В 57 10 12.5",
        "57°10'12.5\" восточной долготы",
        "57°10'12.5\" ш.б.",
        "E57 10 12.5",
    ],
)
def test_a_longitude_is_read_however_it_is_written(text):
    found = angles(pd.Series([text], dtype="str"))
    assert found.degrees[0] == pytest.approx(LON)
    assert found.is_longitude[0]


@pytest.mark.parametrize(
    ("text", "degrees"),
    [
        ("50°30' ю.ш.", -50.5),
        ("50°30' S", -50.5),
        ("Ю 50 30", -50.5),
        ("50 30 о.е.", -50.5),
        ("57°30' з.д.", -57.5),
        ("W57.5", -57.5),
        ("57.5 б.б.", -57.5),
        ("-50 30 00", -50.5),
        ("−50.5", -50.5),
    ],
)
def test_south_and_west_are_negative(text, degrees):
    assert angles(pd.Series([text], dtype="str")).degrees[0] == degrees


@pytest.mark.parametrize(
    "text",
    [
        "50 60 00",
        "50 10 60",
        "abc",
        "50.5 10",
        "50°17'05\" X",
        "-50 S",
        "N50 E",
        "50.17.05",
        "1_0",
        "nan",
        "inf",
        "50 " * 30,
        "٥٠",
        "50,28,1",
    ],
)
def test_what_is_no_angle_is_not_guessed(text):
    assert np.isnan(angles(pd.Series([text], dtype="str")).degrees[0])


@given(
    st.integers(0, 179),
    st.integers(0, 59),
    st.integers(0, 59_999),
    st.sampled_from(["{d}°{m}'{s}\" {h}", "{h}{d} {m} {s}", "{d}:{m}:{s} {h}", "{d}-{m}-{s}{h}"]),
    st.sampled_from("NSEWnsewСЮЗВсюзв"),
    st.sampled_from(".,"),
)
def test_degrees_minutes_and_seconds_come_back(d, m, thousandths, form, hemisphere, mark):
    seconds = f"{thousandths / 1000:.3f}"
    text = form.format(d=d, m=m, s=seconds.replace(".", mark), h=hemisphere)
    sign = -1 if hemisphere.lower() in "swюз" else 1
    found = angles(pd.Series([text], dtype="str"))
    assert found.degrees[0] == pytest.approx(sign * (d + m / 60 + float(seconds) / 3600))
    assert found.is_latitude[0] == (hemisphere.lower() in "nsсю")


@given(
    st.lists(st.one_of(st.none(), st.text(max_size=40), st.from_regex(r"[0-9NSEWсюзв°'\" .,;-]{0,30}", fullmatch=True)))
)
def test_no_text_at_all_breaks_the_reading_of_angles(texts):
    column = pd.Series(texts, dtype="str")
    found = angles(column)
    assert np.isnan(found.degrees[column.isna().to_numpy()]).all()
    first, second = pairs(column)
    assert (np.isnan(first.degrees) == np.isnan(second.degrees)).all()


@pytest.mark.parametrize(("lon", "lat"), [("lon", "lat"), ("Longitude", "Latitude"), ("lng", "LAT")])
def test_longitude_and_latitude_are_wgs84(lon, lat):
    batch = read({"kato": ["1"], lat: ["50,25"], lon: ["57.5"]})
    assert points(batch) == [(57.5, 50.25)]
    assert list(batch.frame.columns) == ["kato", "geometry"]
    assert codes(batch) == ["position_columns"]


def test_a_row_without_a_position_has_none_and_half_of_one_is_refused():
    batch = read({"lon": ["57", None, "57", None], "lat": ["50", None, None, "50"]}, first_row=11)
    assert points(batch) == [(57, 50), None, None, None]
    assert [(p.what, p.row, p.column) for p in batch.problems] == [
        ("half of a position", 13, "lat"),
        ("half of a position", 14, "lon"),
    ]


def test_an_angle_that_cannot_be_names_row_column_and_value():
    batch = read({"lon": ["57", "57", "181", "x", "50"], "lat": ["91", "500", "50", "50", "57"]})
    assert points(batch) == [None, None, None, None, (50, 57)]
    assert [(p.row, p.column, p.value) for p in batch.problems] == [
        (1, "lat", "91"),
        (2, "lat", "500"),
        (3, "lon", "181"),
        (4, "lon", "x"),
    ]
    assert "look exchanged" in batch.problems[0].remedy
    assert "exchanged" not in batch.problems[1].remedy


def test_hemispheres_tell_exchanged_columns():
    batch = read({"lon": ["50°17' с.ш."], "lat": ["57°10' в.д."]})
    assert points(batch) == [None]
    assert [(p.what, p.column) for p in batch.problems] == [("a latitude in the column of longitudes", "lon")]
    assert "exchanged" in batch.problems[0].remedy


def test_x_and_y_need_a_crs():
    columns = {"x": ["500000", "500 100,5"], "y": ["5500000", "5 500 000"]}
    with pytest.raises(CrsMissing, match=r"^a\.csv: the columns 'x' and 'y' do not say.*EPSG:32640"):
        read(columns)
    batch = read(columns, crs="EPSG:32640")
    assert points(batch)[0] == (57, pytest.approx(49.6523, abs=1e-3))
    assert points(batch)[1][0] == pytest.approx(57.0014, abs=1e-4)


def test_x_and_y_in_a_geographic_crs_are_degrees():
    assert points(read({"x": ["57°30'"], "y": ["50,25"]}, crs="EPSG:4326")) == [(57.5, 50.25)]


def test_the_axis_order_of_a_crs_does_not_swap_the_position():
    moved = points(read({"lon": ["57"], "lat": ["50"]}, crs="EPSG:4284"))
    assert moved == [(pytest.approx(57, abs=0.01), pytest.approx(50, abs=0.01))]
    assert moved != [(57, 50)]


def test_metres_under_the_names_of_angles_need_a_crs():
    columns = {"lon": ["500000"], "lat": ["5500000"]}
    with pytest.raises(CrsMissing, match="'lon' and 'lat'"):
        read(columns)
    assert points(read(columns, crs="EPSG:32640"))[0][0] == pytest.approx(57)


def test_a_projected_crs_is_not_applied_to_degrees_and_that_is_said():
    batch = read({"lon": ["57"], "lat": ["50"]}, crs="EPSG:32640")
    assert points(batch) == [(57, 50)]
    assert codes(batch) == ["position_columns", "crs_not_used"]


def test_a_position_that_its_crs_does_not_know_is_refused():
    batch = read({"x": ["500000", "1e12"], "y": ["5500000", "1e12"]}, crs="EPSG:32640")
    assert [point is None for point in points(batch)] == [False, True]
    assert [(p.row, p.what) for p in batch.problems] == [(2, "the position lies outside WGS 84 / UTM zone 40N")]


@pytest.mark.parametrize("crs", ["EPSG:moon", "", "EPSG:4978", 'LOCAL_CS["a"]'])
def test_a_crs_that_is_none_is_refused(crs):
    with pytest.raises(ValueRejected, match="coordinate reference system"):
        read({"x": ["1"], "y": ["1"]}, crs=crs)


def test_half_a_pair_of_columns_is_refused_and_none_is_not():
    with pytest.raises(ColumnMissing, match=r"^a\.csv, column 'lat': column is missing\. The file has: kato, lon\."):
        read({"kato": ["1"], "lon": ["57"]})
    assert find_positions(pd.DataFrame({"kato": ["1"], "name": ["x"]}, dtype="str"), ReadOptions(), "a.csv") is None


@pytest.mark.parametrize(
    "text",
    [
        "50.25, 57.5",
        "50.25,57.5",
        "50,25; 57,5",
        "50,25 57,5",
        "50,25, 57,5",
        "(50.25, 57.5)",
        "50°15' 57°30'",
        "50 15 00 57 30 00",
        "50°15'00\" с.ш., 57°30'00\" в.д.",
        "57°30' E, 50°15' N",
        "N50.25E57.5",
        "N50 15 E57 30",
        "с.ш. 50.25 в.д. 57.5",
        "57.5 E 50.25",
    ],
)
@pytest.mark.parametrize("name", ["coordinates", "Координаты", "координаттар"])
def test_both_numbers_in_one_column(name, text):
    batch = read({"a": ["1", "2"], name: [text, None]})
    assert points(batch) == [(57.5, 50.25), None]
    assert batch.problems == []


def test_the_latitude_comes_first_unless_letters_or_the_name_say_otherwise():
    batch = read({"coordinates": ["50, 57", "51, 58", "57 E 50 N"]})
    assert points(batch) == [(57, 50), (58, 51), (57, 50)]
    assert [(f.code, f.count) for f in batch.findings] == [("position_columns", 1), ("latitude_first", 2)]
    batch = read({"Координаты (долгота, широта)": ["57, 50"]})
    assert points(batch) == [(57, 50)]
    assert codes(batch) == ["position_columns"]


@pytest.mark.parametrize("name", ["coordinator", "Координата X", "coordinate system"])
def test_a_column_that_only_sounds_like_a_position_is_none(name):
    frame = pd.DataFrame({"kato": ["1"], name: ["500000"]}, dtype="str")
    assert find_positions(frame, ReadOptions(), "a.csv") is None


@pytest.mark.parametrize("text", ["50,57", "50 17 57", "50.1", "here", "50 N 51 N", "50,2839,57,1670"])
def test_a_pair_that_is_not_clear_is_refused(text):
    batch = read({"coordinates": [text, "50, 57"]})
    assert points(batch) == [None, (57, 50)]
    assert [(p.row, p.column, p.value) for p in batch.problems] == [(1, "coordinates", text)]


def test_a_pair_out_of_range_is_refused():
    batch = read({"coordinates": ["157.5, 50.2"]})
    assert [(p.what, p.row) for p in batch.problems] == [("latitude outside the earth", 1)]
    assert "exchanged" in batch.problems[0].remedy


@pytest.mark.parametrize("name", ["wkt", "WKT", "geometry", "geom", "the_geom", "shape_wkt"])
def test_wkt_of_any_kind_is_read(name):
    shapes = ["POINT (57 50)", "polygon((57 50, 58 50, 58 51, 57 50))", "MULTILINESTRING Z ((57 50 1, 58 51 1))", None]
    batch = read({name: shapes})
    assert list(batch.frame.geom_type.fillna("")) == ["Point", "Polygon", "MultiLineString", ""]
    assert not batch.frame.geometry[2].has_z
    assert list(batch.frame.columns) == ["geometry"]
    assert [(f.code, f.count) for f in batch.findings] == [("position_columns", 1), ("crs_assumed", 3)]


def test_wkt_that_cannot_be_degrees_needs_a_crs():
    columns = {"wkt": ["POINT (57 50)", "POINT (500000 5500000)"]}
    with pytest.raises(CrsMissing, match=r"^a\.csv, column 'wkt': the WKT does not say"):
        read(columns)
    batch = read({"wkt": ["POINT (500000 5500000)"]}, crs="EPSG:32640")
    assert points(batch)[0][0] == pytest.approx(57)
    assert codes(batch) == ["position_columns"]


def test_wkt_may_state_its_crs_row_by_row():
    batch = read(
        {"wkt": ["SRID=32640;POINT (500000 5500000)", "srid = 4326 ; POINT (57 50)", "SRID=999999;POINT (1 1)"]}
    )
    assert [None if p is None else p[0] for p in points(batch)] == [pytest.approx(57), 57, None]
    assert codes(batch) == ["position_columns"]
    assert [(p.row, p.what) for p in batch.problems] == [(3, "no such coordinate reference system")]


def test_wkt_that_is_none_names_the_row():
    texts = ["POINT (57)", "POLYGON ((57 50, 58 51))", "x", "POINT (nan inf)", "POINT EMPTY", "POINT (57 50)"]
    batch = read({"wkt": texts})
    assert points(batch) == [None] * 5 + [(57, 50)]
    assert [p.row for p in batch.problems] == [1, 2, 3, 4]


def test_wkt_is_preferred_to_columns_but_not_when_it_is_something_else():
    batch = read({"geometry": ["POLYGON ((57 50, 58 50, 58 51, 57 50))"], "lon": ["57"], "lat": ["50"]})
    assert batch.frame.geom_type.tolist() == ["Polygon"]
    assert list(batch.frame.columns) == ["lon", "lat", "geometry"]
    batch = read({"geometry": ["0101000000"], "lon": ["57"], "lat": ["50"]})
    assert points(batch) == [(57, 50)]
    assert list(batch.frame.columns) == ["geometry"]


def test_a_position_in_wkt_outside_its_crs_is_refused():
    batch = read({"wkt": ["POINT (1e12 1e12)", "POINT (500000 5500000)"]}, crs="EPSG:32640")
    assert [(p.row, p.column) for p in batch.problems] == [(1, "wkt")]
    assert batch.frame.geometry[0] is None


@given(
    st.lists(st.one_of(st.none(), st.text(max_size=30), st.just("POINT (1 2)")), min_size=1, max_size=5),
    st.sampled_from(["wkt", "coordinates", "lon"]),
)
def test_every_text_ends_as_a_geometry_a_gap_or_a_problem(texts, name):
    columns = {name: texts} | ({"lat": texts[::-1]} if name == "lon" else {})
    try:
        batch = read(columns)
    except (CrsMissing, FileProblem):
        return
    assert len(batch.frame) == len(texts)
    refused = {problem.row for problem in batch.problems}
    for row, shape in enumerate(batch.frame.geometry, start=1):
        empty = all(batch_text[row - 1] is None for batch_text in columns.values())
        # an empty geometry is no position, but no fault either
        assert empty or shape is not None or row in refused or "EMPTY" in str(columns).upper()
        assert shape is None or np.isfinite(shapely.bounds(shape)).all()
