"""`conform` gives a canonical frame or says which cells it cannot accept; never anything between."""

from decimal import Decimal

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal
from shapely import LineString, Point

from geo.errors import ColumnMissing, InputError, ValueRejected
from geo.tables.coverage import COVERAGE
from geo.tables.districts import DISTRICTS
from geo.tables.evidence import OKRUGS, POPULATION_FIGURES, REPORTS
from geo.tables.results import GAPS, SERVICE
from geo.tables.schema import Column, Table, conform
from geo.tables.settlements import SETTLEMENTS
from geo.tables.sites import SITES

TABLES = [SETTLEMENTS, DISTRICTS, COVERAGE, SITES, GAPS, SERVICE, OKRUGS, POPULATION_FIGURES, REPORTS]
NOTES = Table(
    "notes",
    [
        Column("code", required=True, nullable=False, pattern="^[0-9]{3}$", unique=True),
        Column("people", "integer", low=0),
        Column("level_dbm", "number", low=-160, high=0),
        Column("is_centre", "boolean"),
        Column("note", default="none"),
    ],
)

codes = st.integers(0, 999).map("{:03d}".format)
cells = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=6),
    st.lists(st.integers(), max_size=2),
    st.sampled_from(["", " 7 ", "0", "-1", "1e400"]),
)


@st.composite
def frames(draw):
    rows = draw(st.integers(0, 6))
    names = draw(st.sets(st.sampled_from(["people", "level_dbm", "is_centre", "note", "colour"])))
    frame = pd.DataFrame({"code": draw(st.lists(codes, min_size=rows, max_size=rows, unique=True))}, dtype="str")
    for name in sorted(names):
        frame[name] = pd.Series(draw(st.lists(cells, min_size=rows, max_size=rows)), dtype=object)
    return frame


@settings(deadline=None, max_examples=60)
@given(frames())
def test_any_cells_are_conformed_or_refused_by_row_and_column(frame):
    try:
        shaped = conform(frame, NOTES, file="notes.csv")
    except ValueRejected as error:
        refused = error.problems
    else:
        refused = None
    if refused is not None:
        assert refused
        for problem in refused:
            assert 1 <= problem.row <= len(frame)
            assert problem.column in frame.columns
            assert problem.file == "notes.csv"
            assert problem.remedy
        return
    assert list(shaped.columns) == NOTES.names
    assert len(shaped) == len(frame)
    assert shaped["code"].tolist() == frame["code"].tolist()
    assert (shaped["people"].dropna() >= 0).all()
    assert shaped["level_dbm"].dropna().between(-160, 0).all()
    assert shaped["is_centre"].dtype == bool
    assert shaped["note"].notna().all()
    assert_frame_equal(conform(shaped, NOTES, file="notes.csv"), shaped)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.integers(-5, 5), min_size=1, max_size=6))
def test_exactly_the_negative_rows_are_refused(people):
    frame = pd.DataFrame({"code": [f"{i:03d}" for i in range(len(people))], "people": people})
    negative = [i + 1 for i, value in enumerate(people) if value < 0]
    if not negative:
        assert conform(frame, NOTES, file="f")["people"].tolist() == people
        return
    with pytest.raises(ValueRejected) as refused:
        conform(frame, NOTES, file="f")
    assert [problem.row for problem in refused.value.problems] == negative


@settings(deadline=None, max_examples=60)
@given(st.lists(codes, min_size=1, max_size=8))
def test_every_repetition_of_a_code_is_refused_and_its_first_is_not(given_codes):
    repeated = [i + 1 for i, code in enumerate(given_codes) if code in given_codes[:i]]
    frame = pd.DataFrame({"code": given_codes})
    if not repeated:
        assert len(conform(frame, NOTES, file="f")) == len(given_codes)
        return
    with pytest.raises(ValueRejected) as refused:
        conform(frame, NOTES, file="f")
    assert [problem.row for problem in refused.value.problems] == repeated


@settings(deadline=None, max_examples=60)
@given(
    st.lists(
        st.tuples(st.floats(-400, 400, allow_nan=False), st.floats(-200, 200, allow_nan=False)), min_size=1, max_size=6
    )
)
def test_exactly_the_positions_on_the_earth_are_accepted(positions):
    frame = gpd.GeoDataFrame(
        {"kato": [f"{i:09d}" for i in range(len(positions))]}, geometry=[Point(p) for p in positions], crs=4326
    )
    outside = [i + 1 for i, (lon, lat) in enumerate(positions) if abs(lon) > 180 or abs(lat) > 90]
    if not outside:
        assert conform(frame, SETTLEMENTS, file="f").geometry.notna().all()
        return
    with pytest.raises(ValueRejected) as refused:
        conform(frame, SETTLEMENTS, file="f")
    assert sorted({problem.row for problem in refused.value.problems}) == outside


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_an_empty_frame_gets_every_column_and_its_type(table):
    frame = pd.DataFrame({c.name: [] for c in table.columns if c.required})
    if table.geometry_types:
        frame = gpd.GeoDataFrame(frame, geometry=gpd.GeoSeries([], crs=4326))
    shaped = conform(frame, table, file="f")
    assert list(shaped.columns) == table.names
    kinds = {"text": "str", "number": "float64", "integer": "Int64", "boolean": "bool"}
    assert {c.name: str(shaped[c.name].dtype) for c in table.columns} == {c.name: kinds[c.kind] for c in table.columns}
    if table.geometry_types:
        assert shaped.crs == "EPSG:4326"


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_each_missing_required_column_is_named(table):
    needed = [c.name for c in table.columns if c.required]
    with pytest.raises(ColumnMissing) as missing:
        conform(pd.DataFrame({"colour": ["red"]}), table, file="f")
    assert [problem.column for problem in missing.value.problems] == needed
    assert "The file has: colour" in str(missing.value)


@pytest.mark.parametrize(
    "values",
    [
        [153234100, 153234200],
        [153234100.0, 153234200.0],
        ["153234100", " 153234200 "],
        pd.array([153234100, 153234200], dtype="Int64"),
        np.array([153234100, "153234200"], dtype=object),
    ],
    ids=["integer", "float", "text", "nullable", "mixed"],
)
def test_codes_become_nine_digits_of_text_however_they_were_read(values):
    frame = pd.DataFrame({"kato": values})
    assert conform(frame, OKRUGS, file="f")["kato"].tolist() == ["153234100", "153234200"]


@pytest.mark.parametrize(
    ("values", "truths"),
    [
        ([True, False, None], [True, False, False]),
        ([1.0, np.nan, 0.0], [True, False, False]),
        (["yes", "NO", " t "], [True, False, True]),
        ([1, 0, 1], [True, False, True]),
    ],
)
def test_truth_is_read_from_words_and_numbers(values, truths):
    frame = pd.DataFrame({"code": ["001", "002", "003"], "is_centre": values})
    assert conform(frame, NOTES, file="f")["is_centre"].tolist() == truths


@pytest.mark.parametrize("value", ["maybe", 2, 0.5])
def test_what_is_neither_true_nor_false_is_refused(value):
    with pytest.raises(InputError, match="row 1, column 'is_centre'"):
        conform(pd.DataFrame({"code": ["001"], "is_centre": [value]}), NOTES, file="f")


@pytest.mark.parametrize(
    "values",
    [
        pd.to_datetime(["2024-01-01"]),
        pd.to_timedelta([5], unit="s"),
        [True],
        pd.Series([[1, 2]]),
        pd.Series([np.array([1, 2])]),
        pd.Series([{"a": 1}]),
        ["5 people"],
        [2.0**60],
        [np.inf],
    ],
    ids=lambda values: str(values)[:20],
)
@pytest.mark.parametrize("column", ["people", "level_dbm"])
def test_what_is_not_a_number_is_refused(values, column):
    frame = pd.DataFrame({"code": ["001"], column: values})
    with pytest.raises(ValueRejected, match=f"row 1, column '{column}'"):
        conform(frame, NOTES, file="f")


def test_numbers_are_read_from_text_decimals_and_mixed_cells():
    cells = pd.Series(["7", " 7 ", Decimal(7), 7, 7.0, "", None], dtype=object)
    frame = pd.DataFrame({"code": [f"{i:03d}" for i in range(len(cells))], "people": cells})
    assert conform(frame, NOTES, file="f")["people"].tolist() == [7, 7, 7, 7, 7, pd.NA, pd.NA]


def test_an_empty_geometry_counts_as_missing():
    frame = gpd.GeoDataFrame({"kato": ["153234100"]}, geometry=[Point()], crs=4326)
    assert conform(frame, SETTLEMENTS, file="f").geometry.isna().all()
    sites = gpd.GeoDataFrame({"site_id": ["A"], "technology": ["4g"]}, geometry=[Point()], crs=4326)
    with pytest.raises(ValueRejected, match="row 1, column 'geometry': geometry is missing"):
        conform(sites, SITES, file="f")


def test_a_wrong_geometry_and_a_wrong_cell_are_reported_together():
    frame = gpd.GeoDataFrame(
        {"kato": ["153234100", "x"]}, geometry=[LineString([(0, 0), (1, 1)]), Point(0, 0)], crs=4326
    )
    with pytest.raises(ValueRejected) as refused:
        conform(frame, SETTLEMENTS, file="f")
    assert [(p.row, p.column) for p in refused.value.problems] == [(1, "geometry"), (2, "kato")]


def test_the_given_frame_is_not_changed():
    frame = gpd.GeoDataFrame({"kato": [153234100], "extra": [1]}, geometry=[Point(1, 2)], crs=4326, index=[9])
    before = frame.copy()
    shaped = conform(frame, SETTLEMENTS, file="f")
    assert_frame_equal(pd.DataFrame(frame), pd.DataFrame(before))
    assert shaped.index.tolist() == [0]
    assert shapely.equals(shaped.geometry[0], Point(1, 2))
