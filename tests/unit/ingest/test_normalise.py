"""Cells become what the canonical tables accept, and what was changed or refused is told."""

import datetime as dt

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from geo.ingest.aliases import map_columns
from geo.ingest.kinds import TABLES, Kind
from geo.ingest.normalise import normalise
from geo.ingest.numbers import Habits
from geo.ingest.report import Severity
from geo.tables.schema import conform

SETTLEMENTS = TABLES[Kind.SETTLEMENTS]
COVERAGE = TABLES[Kind.COVERAGE]
SITES = TABLES[Kind.SITES]
MEASUREMENTS = TABLES[Kind.MEASUREMENTS]
FACILITIES = TABLES[Kind.FACILITIES]


def read(column, values, table=SITES, **options):
    """Normalise one column; rows are numbered from 101."""
    frame = pd.DataFrame({column: pd.Series(values)})
    return normalise(frame, table, np.arange(len(frame)) + 101, "f.csv", **options)


def cells(done, column):
    return [None if pd.isna(value) else value for value in done.frame[column]]


def codes(done):
    return {finding.code: finding.count for finding in done.findings}


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("45", 45), (" 45 ", 45), ("45,5", 45.5), ("45.5", 45.5), ("−95", -95), ("–95,25", -95.25), ("45 м", 45),
        ("45м", 45), ("45 м.", 45), ("1 234", 1234), ("1\u00a0234,5", 1234.5), ("1\u2009234", 1234),
        ("1'234.5", 1234.5),
        ("1.234,5", 1234.5), ("1,234.5", 1234.5), ("1.234.567", 1234567), ("0,125", 0.125), ("1.5e2", 150), (",5", 0.5),
        ("1,5 км", 1500), ("100 ft", 30.48), ("1234,567", 1234.567),
    ],
)  # fmt: skip
def test_a_number_is_read_as_people_write_it(text, number):
    done = read("height_m", [text])
    assert cells(done, "height_m") == [pytest.approx(number)]
    assert done.problems == []


@pytest.mark.parametrize(
    ("column", "text", "number", "table"),
    [
        ("signal_dbm", "-95 дБм", -95.0, MEASUREMENTS),
        ("downlink_mbps", "20 Мбит/с", 20.0, MEASUREMENTS),
        ("downlink_mbps", "512 кбит/с", 0.512, MEASUREMENTS),
        ("band_mhz", "0,9 ГГц", 900.0, SITES),
        ("eirp_dbm", "100 Вт", 50.0, SITES),
        ("azimuth_deg", "120°", 120.0, SITES),
        ("latency_ms", "0,05 с", 50.0, MEASUREMENTS),
        ("population", "1,2 тыс. чел.", 1200.0, SETTLEMENTS),
    ],
)
def test_a_unit_in_the_cell_is_understood(column, text, number, table):
    assert cells(read(column, [text], table), column) == [pytest.approx(number)]


@pytest.mark.parametrize(
    "text", ["abc", "45 дБм", "12 34", "10-20", "<5", "1,2,3", "1.23.456,7", "45 м 5", "--5", "1,23,456", "0 Вт"]
)
def test_what_is_no_number_of_the_column_stays_for_the_check(text):
    done = read("height_m", [text])
    assert cells(done, "height_m") == [text]
    assert done.findings == []


def test_no_power_has_no_level():
    done = read("eirp_dbm", ["0 Вт"])
    assert [problem.what for problem in done.problems] == ["a power of nothing has no level"]


@pytest.mark.parametrize(
    ("others", "number"),
    [(["5,5"], 1.234), (["5.5"], 1234.0), (["1.234.567"], 1.234), (["1,234,567"], 1234.0), (["2 000,5"], 1.234)],
)
def test_a_doubtful_comma_is_read_as_the_column_shows(others, number):
    done = read("height_m", ["1,234", *others])
    assert cells(done, "height_m")[0] == pytest.approx(number)


@pytest.mark.parametrize(("others", "number"), [(["5,5"], 1234.0), (["5.5"], 1.234), ([], 1.234), (["7"], 1.234)])
def test_a_doubtful_point_is_read_as_the_column_shows(others, number):
    assert cells(read("height_m", ["1.234", *others]), "height_m")[0] == pytest.approx(number)


@pytest.mark.parametrize("others", [[], ["7"], ["5,5", "6.5"]])
def test_a_doubtful_comma_without_evidence_is_refused(others):
    done = read("height_m", [*others, "1,234", "2,345"])
    assert [(p.row, p.column, p.value) for p in done.problems] == [
        (101 + len(others), "height_m", "1,234"),
        (102 + len(others), "height_m", "2,345"),
    ]
    assert "1.234 or 1234" in done.problems[0].remedy
    assert cells(done, "height_m")[-2:] == ["1,234", "2,345"]


def test_another_column_of_the_file_shows_how_commas_are_meant():
    frame = pd.DataFrame({"height_m": ["1,234"], "azimuth_deg": ["12,5"]})
    done = normalise(frame, SITES, np.array([1]), "f.csv")
    assert cells(done, "height_m") == [1.234]
    frame = pd.DataFrame({"height_m": ["1,234"], "azimuth_deg": ["12.5"]})
    assert len(normalise(frame, SITES, np.array([1]), "f.csv").problems) == 1


def test_an_earlier_batch_shows_how_commas_are_meant():
    habits = Habits()
    read("height_m", ["45,5"], habits=habits)
    assert cells(read("height_m", ["1,234"], habits=habits), "height_m") == [1.234]


def test_a_whole_number_has_no_decimals_so_its_comma_is_none():
    done = read("population", ["1,234", "12 500", "1.500"], SETTLEMENTS)
    assert cells(done, "population") == [1234, 12500, 1500]
    assert done.problems == []


def test_a_unit_of_the_header_is_converted_and_told():
    columns = map_columns(pd.DataFrame({"Население, тыс. чел.": ["1,234"]}), SETTLEMENTS)
    done = read("population", ["1,5", "12 чел.", None], SETTLEMENTS, columns=columns)
    assert cells(done, "population") == [1500, 12, None]
    assert codes(done)["unit_converted"] == 1
    assert "Население, тыс. чел." in done.findings[0].what


def test_numbers_that_are_stored_as_such_are_converted_too():
    columns = map_columns(pd.DataFrame({"Частота, ГГц": [0.9]}), SITES)
    done = read("band_mhz", [0.9, None, 2.1], columns=columns)
    assert cells(done, "band_mhz") == [900.0, None, 2100.0]
    assert codes(done) == {"unit_converted": 2}
    assert done.findings[0].examples[0].value == "0.9 → 900"


def test_numbers_that_are_stored_as_such_are_left_alone():
    frame = pd.DataFrame({"height_m": [30.5, np.nan], "site_id": [1, 2]})
    done = normalise(frame, SITES, np.array([1, 2]), "f.csv")
    pd.testing.assert_frame_equal(done.frame, frame)
    assert done.findings == []


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("2024", "2024"), ("2024-03", "2024-03"), ("2024-03-05", "2024-03-05"), ("05.03.2024", "2024-03-05"),
        ("5.3.2024", "2024-03-05"), ("05/03/2024", "2024-03-05"), ("05-03-2024", "2024-03-05"),
        ("2024.03.05", "2024-03-05"), ("2024/3/5", "2024-03-05"), ("03.2024", "2024-03"), ("март 2024", "2024-03"),
        ("Март 2024 г.", "2024-03"), ("2024 г.", "2024"), ("2024г.", "2024"), ("2024 год", "2024"), ("2024 ж.", "2024"),
        ("1 марта 2024 года", "2024-03-01"), ("2024 жылғы 1 наурыз", "2024-03-01"), ("наурыз 2024", "2024-03"),
        ("5 March 2024", "2024-03-05"), ("March 5, 2024", "2024-03-05"), ("45356", "2024-03-05"),
        (45356.0, "2024-03-05"),
        (2024, "2024"), ("20240305", "2024-03-05"), ("05.03.2024 00:00:00", "2024-03-05"),
        ("2024-03-05T00:00:00", "2024-03-05"), ("2024-03-05 14:30", "2024-03-05"),
        (dt.datetime(2024, 3, 5, 14, 30), "2024-03-05"), (dt.date(2024, 3, 5), "2024-03-05"),
    ],
)  # fmt: skip
def test_a_date_is_read_as_people_write_it(text, date):
    done = read("as_of", pd.Series([text], dtype=object), COVERAGE)
    assert cells(done, "as_of") == [date]
    assert done.problems == []


@pytest.mark.parametrize(
    "text", ["31.02.2024", "2024-02-30", "2024-13-01", "29.02.2023", "32 марта 2024", "00.01.2024"]
)
def test_a_date_that_the_calendar_has_not_is_refused(text):
    done = read("as_of", ["2024", text], COVERAGE)
    assert [(p.row, p.what, p.value) for p in done.problems] == [(102, "no such date", text)]


@pytest.mark.parametrize("text", ["I квартал 2024", "весна", "01.03.24", "12", "1,5", "2024-2025"])
def test_what_is_no_date_stays_for_the_check(text):
    done = read("as_of", [text], COVERAGE)
    assert (cells(done, "as_of"), done.findings, done.problems) == ([text], [], [])


def test_slashes_are_read_as_the_column_shows():
    done = read("as_of", ["03/25/2024", "03/04/2024"], COVERAGE)
    assert cells(done, "as_of") == ["2024-03-25", "2024-03-04"]
    done = read("as_of", ["03/25/2024", "25/03/2024", "03/04/2024"], COVERAGE)
    assert cells(done, "as_of")[:2] == ["2024-03-25", "2024-03-25"]
    assert [(p.row, p.value) for p in done.problems] == [(103, "03/04/2024")]


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2024-03-05T14:30:15Z", "2024-03-05T14:30:15Z"), ("2024-03-05 14:30", "2024-03-05T14:30:00"),
        ("05.03.2024 14:30:15", "2024-03-05T14:30:15"), ("2024-03-05T14:30:15+0500", "2024-03-05T14:30:15+05:00"),
        (1709649015, "2024-03-05T14:30:15Z"), ("1709649015", "2024-03-05T14:30:15Z"),
        (1709649015250, "2024-03-05T14:30:15.250Z"), ("45356.604340278", "2024-03-05T14:30:15"),
        ("45356", "2024-03-05"), ("05.03.2024", "2024-03-05"),
        (pd.Timestamp("2024-03-05 14:30:15", tz="UTC"), "2024-03-05T14:30:15Z"),
        ("2024-03-05 9:05", "2024-03-05T09:05:00"),
    ],
)  # fmt: skip
def test_a_moment_is_read_as_machines_write_it(text, moment):
    done = read("measured_at", pd.Series([text], dtype=object), MEASUREMENTS)
    assert cells(done, "measured_at") == [moment]
    frame = done.frame.assign(technology="4g", geometry=None)
    pattern = next(c.pattern for c in MEASUREMENTS.columns if c.name == "measured_at")
    assert frame["measured_at"].str.fullmatch(pattern).all()


def test_a_time_that_the_clock_has_not_is_refused():
    assert [p.what for p in read("measured_at", ["2024-03-05 25:61"], MEASUREMENTS).problems] == ["no such time"]


def test_dates_that_are_stored_as_such():
    values = pd.Series(pd.to_datetime(["2024-03-05", None]))
    done = read("as_of", values, COVERAGE)
    assert cells(done, "as_of") == ["2024-03-05", None]
    assert done.findings == []


@pytest.mark.parametrize(
    "text",
    [
        "155630100",
        "155630100.0",
        "155 630 100",
        "155\u00a0630\u00a0100",
        "'155630100",
        "1.55630100E8",
        "1,55630100E+08",
    ],
)
def test_a_code_is_mended_where_no_digit_is_lost(text):
    done = read("kato", [text], SETTLEMENTS)
    assert cells(done, "kato") == ["155630100"]
    assert codes(done) == ({} if text == "155630100" else {"code_rewritten": 1})


@pytest.mark.parametrize("values", [[155630100], [155630100.0, None]])
def test_a_code_that_is_stored_as_a_number(values):
    done = read("kato", values, SETTLEMENTS)
    assert cells(done, "kato")[0] == "155630100"
    assert done.findings == []


def test_digits_that_a_spreadsheet_rounded_away_are_not_made_up():
    done = read("kato", ["1.5563E+08", "1,556E8"], SETTLEMENTS)
    assert [p.what for p in done.problems] == ["the code has lost digits in a spreadsheet"] * 2


@pytest.mark.parametrize("text", ["15563010", "1556301000", "KZ1556301", "155630100.5"])
def test_a_code_of_other_digits_stays_for_the_check(text):
    done = read("kato", [text], SETTLEMENTS)
    assert (cells(done, "kato"), done.problems, done.findings) == ([text], [], [])


def test_words_for_nothing_are_emptied_and_counted():
    done = read("height_m", ["-", "нет данных", "45", "н/д", None, "  "])
    assert cells(done, "height_m") == [None, None, 45, None, None, None]
    assert codes(done) == {"empty_words": 3}
    assert [(e.row, e.value) for e in done.findings[0].examples] == [
        (101, "- →"),
        (102, "нет данных →"),
        (104, "н/д →"),
    ]


def test_technology_and_operator_become_the_accepted_words():
    frame = pd.DataFrame({"technology": ["LTE", "4g", "«3Ж»"], "operator": ["Билайн", "kcell", "Астел"]})
    done = normalise(frame, COVERAGE, np.array([1, 2, 3]), "f.csv")
    assert cells(done, "technology") == ["4g", "4g", "3g"]
    assert cells(done, "operator") == ["beeline", "kcell", "Астел"]
    assert [(f.code, f.count, f.severity) for f in done.findings] == [
        ("words_recognised", 1, Severity.NOTE),
        ("words_recognised", 2, Severity.NOTE),
    ]
    assert {e.value for f in done.findings for e in f.examples} == {"LTE → 4g", "«3Ж» → 3g", "Билайн → beeline"}


def test_a_brand_is_taken_as_its_network_and_told():
    done = read("operator", ["activ", "Kcell"], COVERAGE)
    assert cells(done, "operator") == ["kcell", "kcell"]
    assert codes(done) == {"operator_brand": 1, "words_recognised": 1}


def test_a_misspelt_operator_is_kept_and_warned_of():
    done = read("operator", [" Beelne "], COVERAGE)
    assert cells(done, "operator") == ["Beelne"]
    finding = done.findings[0]
    assert (finding.code, finding.severity) == ("operator_near_known", Severity.WARNING)
    assert finding.examples[0].value == "Beelne (beeline?)"


@pytest.mark.parametrize(
    ("column", "text", "what"),
    [
        ("technology", "2G/3G/4G", "several technologies in one cell"),
        ("technology", "3G, LTE", "several technologies in one cell"),
        ("operator", "Kcell, Beeline", "several operators in one cell"),
    ],
)
def test_a_cell_that_lists_several_is_refused(column, text, what):
    done = read(column, ["4G", text] if column == "technology" else ["Kcell", text], COVERAGE)
    assert [(p.row, p.what, p.value) for p in done.problems] == [(102, what, text)]
    assert "one row per" in done.problems[0].remedy


def test_kinds_and_truth_values():
    frame = pd.DataFrame({"kind": ["с.", "станция", "hut"], "is_okrug_centre": ["да", "-", None]})
    done = normalise(frame, SETTLEMENTS, np.array([1, 2, 3]), "f.csv")
    assert cells(done, "kind") == ["village", "station", "hut"]
    assert cells(done, "is_okrug_centre") == [True, False, None]
    assert cells(read("kind", ["Средняя школа № 3", "ФАП"], FACILITIES), "kind") == ["school", "clinic"]


def test_problems_and_findings_name_columns_as_the_file_does():
    given = pd.DataFrame({"№ БС": ["A"], "Стандарт связи": ["2G/3G"]})
    columns = map_columns(given, SITES)
    done = normalise(columns.renamed(given), SITES, np.array([7]), "f.csv", columns=columns)
    assert [(p.file, p.row, p.column) for p in done.problems] == [("f.csv", 7, "Стандарт связи")]


def test_a_normalised_frame_conforms():
    given = pd.DataFrame(
        {
            "Оператор": ["ТОО «КаР-Тел»", "н/д"],
            "Технология": ["LTE", "4Ж"],
            "Скорость загрузки, кбит/с": ["20 000", "512,5"],
            "Порог, дБм": ["−105", "-"],
            "По состоянию на": ["март 2024 г.", "01.02.2024"],
        }
    )
    columns = map_columns(given, COVERAGE)
    done = normalise(columns.renamed(given), COVERAGE, np.array([1, 2]), "f.csv", columns=columns)
    frame = gpd.GeoDataFrame(done.frame, geometry=[shapely.box(57, 50, 58, 51)] * 2, crs="EPSG:4326")
    table = conform(frame, COVERAGE, file="f.csv")
    assert table["operator"].tolist() == ["beeline", "unspecified"]
    assert table["technology"].tolist() == ["4g", "4g"]
    assert table["downlink_mbps"].tolist() == [20.0, 0.5125]
    assert table["threshold_dbm"].tolist()[0] == -105.0
    assert table["as_of"].tolist() == ["2024-03", "2024-02-01"]


def test_nested_values_do_no_harm():
    done = read("operator", pd.Series([["Kcell"], {"a": 1}, None], dtype=object), COVERAGE)
    assert cells(done, "operator")[1:] == ["{'a': 1}", None]


anything = st.one_of(st.none(), st.text(max_size=15), st.integers(), st.floats(), st.booleans(), st.datetimes())


@given(
    st.sampled_from([SETTLEMENTS, COVERAGE, SITES, MEASUREMENTS, FACILITIES]),
    st.lists(anything, min_size=1, max_size=6),
)
def test_no_cell_breaks_it_and_rows_stay(table, values):
    frame = pd.DataFrame({column.name: pd.Series(values, dtype=object) for column in table.columns})
    done = normalise(frame, table, np.arange(len(values)) + 1, "f.csv")
    assert done.frame.shape == frame.shape
    assert all(1 <= problem.row <= len(values) for problem in done.problems)


@given(st.floats(-1e6, 1e6).map(lambda x: round(x, 2)))
def test_russian_notation_of_any_number_comes_back_exactly(number):
    written = f"{number:,.2f}".replace(",", "\u00a0").replace(".", ",").replace("-", "−")
    assert cells(read("signal_dbm", [written], MEASUREMENTS), "signal_dbm") == [number]


@given(st.lists(st.sampled_from(["LTE", "Билайн", "н/д", "1,5", "05.03.2024", "x"]), min_size=1, max_size=10))
def test_normalising_twice_changes_nothing_more(values):
    once = read("operator", values, COVERAGE)
    twice = read("operator", once.frame["operator"], COVERAGE)
    pd.testing.assert_series_equal(twice.frame["operator"], once.frame["operator"])
    assert twice.findings == []
