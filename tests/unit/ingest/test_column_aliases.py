"""Canonical columns are found under the names that files give them."""

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.ingest.aliases import BY_NAME, accepted_names, canonical_names, map_columns, plain, renamed
from geo.ingest.kinds import TABLES, Kind
from geo.ingest.report import Severity
from geo.names import language_of
from geo.tables.evidence import OKRUGS

SETTLEMENTS = TABLES[Kind.SETTLEMENTS]
DISTRICTS = TABLES[Kind.BOUNDARIES]
COVERAGE = TABLES[Kind.COVERAGE]
SITES = TABLES[Kind.SITES]
MEASUREMENTS = TABLES[Kind.MEASUREMENTS]
FACILITIES = TABLES[Kind.FACILITIES]
BESIDE_A_TABLE = ["lon", "lat", "wkt", "coordinates", "settlement_name", "district_name"]
EVERY = sorted({c.name for t in TABLES.values() for c in t.columns} | set(BESIDE_A_TABLE))


def frame(**columns):
    """One row of text; values default to a dash."""
    return pd.DataFrame({name: [value] for name, value in columns.items()})


def headed(*names):
    return pd.DataFrame([["1"] * len(names)], columns=list(names))


def codes(columns):
    return [finding.code for finding in columns.findings]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Name:EN ", "name_en"),
        ("Height-M", "height_m"),
        ("KATO", "kato"),
        ("Населённый\nпункт", "населенный_пункт"),
        ("Код\u00a0КАТО", "код_като"),
        ("3. Численность населения*", "численность_населения"),
        ("№ п/п", "номер_п_п"),
        ("Халық саны", "халык_саны"),
    ],
)
def test_names_are_compared_in_plain_form(name, expected):
    assert plain(name) == plain(expected)


def test_the_canonical_name_wins_over_an_alias():
    assert canonical_names(["kato_code", "kato"], ["kato"]) == {"kato": "kato"}


def test_the_first_alias_wins():
    assert canonical_names(["код като", "kato_code"], ["kato"]) == {"kato": "kato_code"}


def test_an_alias_that_is_itself_a_column_of_the_table_is_left_to_it():
    assert canonical_names(["name"], ["name", "name_en"]) == {"name": "name"}


@pytest.mark.parametrize("canonical", EVERY)
def test_every_column_has_names_in_english_russian_and_kazakh(canonical):
    names = accepted_names(canonical)
    scripts = {language_of(name) for name in (canonical, *names)}
    assert {"en", "ru"} <= scripts or canonical == "wkt"
    for name in names:
        assert canonical_names([name.upper()], [canonical]) == {canonical: name.upper()} or _needs_unit(name, canonical)


def _needs_unit(name, canonical):
    return canonical == "eirp_dbm" and canonical_names([f"{name}, dBm"], [canonical]) == {canonical: f"{name}, dBm"}


@pytest.mark.parametrize("table", [*TABLES.values(), OKRUGS], ids=lambda table: table.name)
def test_within_a_table_a_name_means_one_column(table):
    wanted = [column.name for column in table.columns]
    wanted += [name for name in BY_NAME.get(table.name, ()) if name not in wanted]
    taken = {}
    for canonical in wanted:
        for alias in accepted_names(canonical):
            if plain(alias) not in wanted:
                assert taken.setdefault(plain(alias), canonical) == canonical


OFFICIAL = {
    "Код КАТО": "kato",
    "Наименование на казахском языке": "name_kk",
    "Атауы (орысша)": "name_ru",
    "Район": "district_name",
    "Численность населения, чел.": "population",
    "Дата переписи": "population_date",
    "Тип населённого пункта": "kind",
}
NETWORK = {
    "№ БС": "site_id",
    "Оператор связи": "operator",
    "Стандарт связи": "technology",
    "Высота подвеса антенны (м)": "height_m",
    "Азимут, град.": "azimuth_deg",
    "Частота [МГц]": "band_mhz",
    "Жиілік жолағының ені, МГц": "bandwidth_mhz",
    "ЭИИМ, дБм": "eirp_dbm",
    "Угол наклона (°)": "tilt_deg",
    "Статус": "status",
}


@pytest.mark.parametrize(("table", "headers"), [(SETTLEMENTS, OFFICIAL), (SITES, NETWORK)], ids=["places", "sites"])
def test_an_official_header_is_understood(table, headers):
    columns = map_columns(headed("№ п/п", *headers, "Примечание"), table)
    assert {own: canonical for canonical, own in columns.own.items()} == headers
    assert columns.unused == ["№ п/п", "Примечание"]
    assert codes(columns) == []


def test_a_header_in_kazakh_is_understood():
    columns = map_columns(
        headed("Оператор", "Байланыс технологиясы", "Жүктеу жылдамдығы, Мбит/с", "Дереккөз"), COVERAGE
    )
    assert list(columns.own) == ["operator", "technology", "downlink_mbps", "source"]


@pytest.mark.parametrize(
    ("header", "canonical", "unit", "value", "expected"),
    [
        ("Скорость загрузки, кбит/с", "downlink_mbps", "кбит/с", 20_000.0, 20.0),
        ("avg_d_kbps", "downlink_mbps", "kbps", 512.0, 0.512),
        ("downlink_gbps", "downlink_mbps", "gbps", 1.0, 1000.0),
        ("Задержка (сек)", "latency_ms", "сек", 0.05, 50.0),
    ],
)
def test_another_unit_is_told_apart(header, canonical, unit, value, expected):
    columns = map_columns(headed(header), MEASUREMENTS)
    assert columns.own == {canonical: header}
    assert columns.units[canonical].name == unit
    assert columns.units[canonical].to_canonical(pd.Series([value]).to_numpy())[0] == pytest.approx(expected)


@pytest.mark.parametrize(
    ("header", "canonical", "value", "expected"),
    [
        ("Частота, ГГц", "band_mhz", 0.9, 900.0),
        ("ЭИИМ (Вт)", "eirp_dbm", 500.0, 56.98970004),
        ("eirp_dbw", "eirp_dbm", 20.0, 50.0),
        ("ЭИИМ, мВт", "eirp_dbm", 1.0, 0.0),
        ("Высота, км", "height_m", 0.045, 45.0),
    ],
)
def test_units_of_a_mast_are_converted(header, canonical, value, expected):
    unit = map_columns(headed(header), SITES).units[canonical]
    assert unit.to_canonical(pd.Series([value]).to_numpy())[0] == pytest.approx(expected)


def test_thousands_of_people_are_told_apart():
    columns = map_columns(headed("Население, тыс. чел."), SETTLEMENTS)
    assert columns.units["population"].factor == 1000


@pytest.mark.parametrize(
    ("header", "table", "code"),
    [
        ("Скорость", MEASUREMENTS, "unit_missing"),
        ("ЭИИМ", SITES, "unit_missing"),
        ("Диапазон", SITES, "unit_missing"),
        ("Уровень сигнала, дБ", MEASUREMENTS, "unit_unknown"),
        ("Скорость, км/ч", MEASUREMENTS, "unit_unknown"),
        ("Скорость загрузки, Мб/с", MEASUREMENTS, "unit_unknown"),
        ("Высота, дБм", SITES, "unit_unknown"),
    ],
)
def test_a_column_of_no_or_an_unfit_unit_stays_unused_and_is_named(header, table, code):
    columns = map_columns(headed(header), table)
    assert (columns.own, columns.unused, codes(columns)) == ({}, [header], [code])
    assert columns.findings[0].severity is Severity.WARNING
    assert header in columns.findings[0].what


def test_a_bracket_that_is_no_unit_keeps_a_column_from_being_misread():
    assert map_columns(headed("Скорость загрузки (отдача)"), MEASUREMENTS).own == {}


def test_a_unit_that_is_not_stated_is_noted_as_taken():
    columns = map_columns(headed("Скорость загрузки", "signal_dbm"), MEASUREMENTS)
    assert columns.own == {"signal_dbm": "signal_dbm", "downlink_mbps": "Скорость загрузки"}
    assert codes(columns) == ["unit_assumed"]
    assert "Mbit/s" in columns.findings[0].what


def test_transmitter_power_is_not_taken_for_eirp():
    assert map_columns(headed("Мощность, Вт", "Мощность передатчика, дБм"), SITES).own == {}


def test_two_columns_for_one_are_both_named():
    columns = map_columns(headed("Высота, м", "height_m"), SITES)
    assert columns.own == {"height_m": "height_m"}
    assert codes(columns) == ["column_ambiguous"]
    assert all(name in columns.findings[0].what for name in ("'Высота, м'", "'height_m'"))


def test_of_several_years_the_latest_is_taken():
    columns = map_columns(
        headed("Население (2009 г.)", "Население на 01.01.2024", "Население, чел. (2021)"), SETTLEMENTS
    )
    assert columns.own == {"population": "Население на 01.01.2024"}
    assert codes(columns) == ["column_ambiguous"]


@pytest.mark.parametrize(
    ("values", "canonical"),
    [
        (["Абай", "Қарақобда", "Аманкөл"], "name_kk"),
        (["Абай", "Каракобда", "Мартук"], "name_ru"),
        (["Abay", "Qarabutaq"], "name_en"),
    ],
)
@pytest.mark.parametrize("header", ["name", "Название", "Наименование", "Атауы", "Населённый пункт", "Елді мекен"])
def test_a_name_goes_to_the_language_of_its_letters(header, values, canonical):
    columns = map_columns(pd.DataFrame({header: values}), SETTLEMENTS)
    assert columns.own == {canonical: header}
    assert codes(columns) == ["language_by_letters"]


def test_a_column_that_says_its_language_wins_over_a_bare_name():
    given = pd.DataFrame({"name": ["Мартук"], "name:ru": ["Мартук"]})
    columns = map_columns(given, SETTLEMENTS)
    assert (columns.own, columns.unused, codes(columns)) == ({"name_ru": "name:ru"}, ["name"], [])


def test_two_bare_names_of_two_languages_are_both_used():
    given = pd.DataFrame({"Атауы": ["Мәртөк"], "Название": ["Мартук"]})
    assert map_columns(given, SETTLEMENTS).own == {"name_kk": "Атауы", "name_ru": "Название"}


def test_the_name_of_a_facility_is_not_a_settlements():
    given = frame(**{"Наименование": "СОШ 5", "Населённый пункт": "Мартук", "Район": "Мартукский", "Тип": "школа"})
    own = map_columns(given, FACILITIES).own
    assert own == {
        "name": "Наименование",
        "settlement_name": "Населённый пункт",
        "district_name": "Район",
        "kind": "Тип",
    }


@pytest.mark.parametrize(
    ("values", "is_kato"),
    [(["153220100", "153 233 100"], True), ([153220100.0], True), (["1", "2"], False), (["031400123456"], False)],
)
def test_a_bare_code_is_kato_only_if_it_looks_like_one(values, is_kato):
    columns = map_columns(pd.DataFrame({"Код": values}), SETTLEMENTS)
    assert columns.own == ({"kato": "Код"} if is_kato else {})


def test_a_district_given_by_its_code_is_the_code():
    assert map_columns(frame(Район="153220000"), SETTLEMENTS).own == {"district_kato": "Район"}
    assert map_columns(frame(Район="Мартукский район"), SETTLEMENTS).own == {"district_name": "Район"}


def test_the_name_of_a_district_goes_to_its_language():
    assert map_columns(frame(Район="Мартукский район"), DISTRICTS).own == {"name_ru": "Район"}


def test_a_cut_off_name_is_used_only_where_one_column_can_be_meant():
    wanted = ["population_low", "population_high", "district_kato"]
    assert canonical_names(["population", "district_k"], wanted, truncated=True) == {"district_kato": "district_k"}
    assert canonical_names(["district_k"], wanted) == {}


@pytest.mark.parametrize(
    ("header", "canonical"),
    [("Численност", "population"), ("Технология", "technology"), ("Наименован", "name_ru"), ("Техно", "technology")],
)
def test_cyrillic_names_that_a_shapefile_cut_off_are_found(header, canonical):
    table = COVERAGE if canonical == "technology" else SETTLEMENTS
    given = pd.DataFrame({header: ["Мартук"]})
    assert map_columns(given, table, truncated=True).own == {canonical: header}


def test_a_cut_off_name_of_several_columns_is_not_guessed():
    assert map_columns(headed("числе"), SETTLEMENTS, truncated=True).own == {}


def test_renaming_leaves_out_columns_in_another_unit():
    given = frame(site_id="A", Оператор="Kcell", **{"Высота, км": "0.03", "Азимут": "10"}, note="x")
    read, own = renamed(given, SITES)
    assert list(read.columns) == ["site_id", "operator", "azimuth_deg"]
    assert own == {"site_id": "site_id", "operator": "Оператор", "azimuth_deg": "Азимут"}


def test_renamed_columns_keep_rows_and_geometry():
    given = frame(geometry=None, Оператор="Kcell", note="x")
    columns = map_columns(given, COVERAGE)
    assert list(columns.renamed(given).columns) == ["geometry", "operator"]


@given(st.lists(st.text(max_size=30), unique=True, max_size=8))
def test_whatever_a_file_calls_its_columns_each_is_used_once_at_most(names):
    names = [name for name in names if name != "geometry"]
    columns = map_columns(headed(*names), MEASUREMENTS)
    used = list(columns.own.values())
    assert len(used) == len(set(used))
    assert sorted(used + columns.unused) == sorted(names)
