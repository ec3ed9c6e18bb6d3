"""Settlements that are given by name get their code, or a refusal that lists what may be meant."""

import csv
import random

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from geo.bundled import data_path
from geo.ingest.aliases import map_columns
from geo.ingest.kinds import TABLES, Kind
from geo.ingest.matching import match_names
from geo.ingest.reading import read_table
from geo.ingest.report import Severity
from geo.names import romanise_kazakh

LETTERS = {
    "kk": "абвгдежзийклмнопрстуфхцчшщъыьэюяәғқңөұүһі",
    "ru": "абвгдежзийклмнопрстуфхцчшщъыьэюя",
    "en": "abcdefghijklmnopqrstuvwxyz",
    "bgn": "abcdefghijklmnopqrstuvwxyz",
}


@pytest.fixture(scope="module")
def settlements():
    return read_table(Kind.SETTLEMENTS, data_path("boundaries", "settlements.geojson"))[0]


@pytest.fixture(scope="module")
def districts():
    return read_table(Kind.BOUNDARIES, data_path("boundaries", "districts.geojson"))[0]


@pytest.fixture(scope="module")
def every_name(settlements, districts):
    """Every bundled settlement by its name in each language and romanised, with its district's likewise."""
    district = districts.set_index("kato")
    rows = [
        (place.kato, language, name, district.loc[place.district_kato, column])
        for place in settlements.itertuples()
        for language, name, column in (
            ("kk", place.name_kk, "name_kk"),
            ("ru", place.name_ru, "name_ru"),
            ("en", place.name_en, "name_en"),
            ("bgn", romanise_kazakh(place.name_kk), "name_en"),
        )
    ]
    return pd.DataFrame(rows, columns=["truth", "language", "settlement_name", "district_name"])


@pytest.fixture
def match(settlements, districts):
    """Match one name, with whatever else is known; rows are numbered from 11."""

    def run(name=None, district=None, at=None, **others):
        given = {"settlement_name": [name], "district_name": [district]} | {k: [v] for k, v in others.items()}
        frame = gpd.GeoDataFrame(given, geometry=[None if at is None else shapely.Point(at)], crs="EPSG:4326")
        return match_names(frame, np.array([11]), settlements, districts, "f.csv")

    return run


def outcome(frame, settlements, districts):
    matched = match_names(frame, np.arange(len(frame)) + 1, settlements, districts, "f.csv")
    given = pd.notna(pd.Series(matched.kato)).to_numpy()
    right = matched.kato == frame["truth"].to_numpy()
    assert len(matched.problems) == (~given).sum()
    return matched, right.sum(), (~given).sum(), (given & ~right).sum()


def misspelt(name, letters, chance):
    """A name with one letter put in, left out, changed or swapped with the next."""
    i = chance.randrange(len(name) - 1)
    return chance.choice(
        [
            name[:i] + chance.choice(letters) + name[i:],
            name[:i] + name[i + 1 :],
            name[:i] + chance.choice(letters) + name[i + 1 :],
            name[:i] + name[i + 1] + name[i] + name[i + 2 :],
        ]
    )


def test_every_name_in_every_language_finds_its_settlement_or_is_listed(every_name, settlements, districts):
    matched, right, listed, wrong = outcome(every_name, settlements, districts)
    assert (right, listed, wrong) == (1249, 63, 0)
    assert {problem.what for problem in matched.problems} == {"several settlements have that name"}
    assert [finding.code for finding in matched.findings] == ["matched_by_name"]


def test_without_the_district_no_name_is_given_to_the_wrong_settlement(every_name, settlements, districts):
    _, right, listed, wrong = outcome(every_name.drop(columns="district_name"), settlements, districts)
    assert (right, listed, wrong) == (1013, 299, 0)


def test_a_misspelt_name_is_almost_never_given_to_the_wrong_settlement(every_name, settlements, districts):
    total = np.zeros(3)
    for seed in range(3):
        chance = random.Random(seed)  # noqa: S311 - wanted: the same misspellings every time
        names = [
            misspelt(name, LETTERS[language], chance)
            for name, language in zip(every_name["settlement_name"], every_name["language"], strict=True)
        ]
        total += outcome(every_name.assign(settlement_name=names), settlements, districts)[1:]
    right, _, wrong = total / total.sum()
    assert wrong < 0.005
    assert right > 0.65


def test_a_settlement_that_is_not_known_is_seldom_taken_for_another(every_name, settlements, districts):
    # left out of the known ones, a settlement may be found only where another bears its very name
    likely = 0
    for kato in settlements["kato"][::4]:
        asked = every_name[every_name["truth"] == kato].reset_index(drop=True)
        known = settlements[settlements["kato"] != kato].reset_index(drop=True)
        matched = match_names(asked, np.arange(len(asked)) + 1, known, districts, "f.csv")
        likely += sum(f.count for f in matched.findings if f.code == "matched_by_likeness")
    assert likely <= 0.02 * len(every_name) / 4


@pytest.mark.parametrize(
    ("name", "district", "kato"),
    [
        ("с. Каракобда", "Алгинский район", "153245100"),
        ("Карахобда", "Алгинский р-н", "153245100"),
        ("аул Каракобда", "Алга", "153245100"),
        ("Қарақобда ауылы", "Алға ауданы", "153245100"),
        ("Qaraqobda auyly", "Alga district", "153245100"),
        ("Karakobda village", "Alga rayon", "153245100"),
        ("разъезд № 42", "Алгинского района", "153235103"),
        ("42-разъезд", "Алға ауданының", "153235103"),
        ("рзд. 42", "Алгинский", "153235103"),
        ("42-й разъезд", "Алгинский район", "153235103"),
        ("село имени Актан батыра", "Шалкарский район", "156435200"),
        ("Ақтан батыр атындағы", "Шалқар ауданы", "156435200"),
        ("ст. Соленый", "Шалкарский район", "156443880"),
        ("Кокуй", "Кобдинский район", "154263100"),
        ("г. Актобе", "г. Актобе", "151010000"),
        ("Ақтөбе қаласы", "Ақтөбе қ.ә.", "151010000"),
        ("Эмба", "Мугалжарский район", "154823100"),
        ("Embi", "Mugalzhar district", "154823100"),
        ("КЕНКИЯК", "ТЕМИРСКИЙ РАЙОН", "155639100"),
        ("Мартук", "Мартукский раион", "154630100"),
        ("Уил", "Ойылский район", "155230100"),
        ("Кобда (Новоалексеевка)", "Хобдинский район", "154230100"),
    ],
)
def test_a_name_is_found_in_any_spelling(match, name, district, kato):
    matched = match(name, district)
    assert matched.kato.tolist() == [kato]
    assert [finding.code for finding in matched.findings] == ["matched_by_name"]


@pytest.mark.parametrize(
    ("name", "district", "kato"),
    [
        ("Новоалексеевка", "Хобдинский район", "154230100"),
        ("Комсомольское", "Богеткольский район", "153430100"),
        ("Темирбека Жургенова", "Айтекебийский район", "153430100"),
        ("г. Октябрьск", "Октябрьский район", "154820100"),
        ("Октябрьск", None, "154820100"),
        ("Челкар", "Челкарский район", "156420100"),
        ("Актюбинск", "г. Актюбинск", "151010000"),
        ("Батамшинский", "Ленинский район", "154030100"),
    ],
)
def test_a_former_name_is_found(match, name, district, kato):
    assert match(name, district).kato.tolist() == [kato]


def test_former_names_are_of_known_places_and_lead_to_one(settlements, districts):
    with data_path("boundaries", "former-names.csv").open(encoding="utf-8", newline="") as stream:
        former = pd.DataFrame(csv.DictReader(stream))
    assert not former.duplicated(["kato", "name"]).any()
    assert former[["name", "source"]].ne("").all().all()
    assert set(former["language"]) <= {"kk", "ru", "en"}
    assert set(former["kato"]) <= set(settlements["kato"]) | set(districts["kato"])
    places = former[former["kato"].isin(settlements["kato"])]
    asked = pd.DataFrame({"settlement_name": places["name"], "truth": places["kato"]})
    asked["district_kato"] = asked["truth"].map(settlements.set_index("kato")["district_kato"])
    _, right, _, _ = outcome(asked.reset_index(drop=True), settlements, districts)
    assert right == len(places)


def test_the_district_may_be_given_by_its_code(match):
    assert match("Талдысай", None, district_kato="153400000").kato.tolist() == ["153430500"]


def test_a_misspelling_is_matched_and_the_pair_is_told(match):
    matched = match("Каракобдда", "Алгинский район")
    assert matched.kato.tolist() == ["153245100"]
    matched = match("Марджанбулак", "Алгинский район")
    assert matched.kato.tolist() == ["153247100"]
    finding = matched.findings[0]
    assert (finding.code, finding.severity, finding.count) == ("matched_by_likeness", Severity.NOTE, 1)
    assert "'Марджанбулак'" in finding.what
    assert "Маржанбұлақ (153247100" in finding.what


@pytest.mark.parametrize(
    ("name", "district"),
    [
        ("Акой", "Алгинский район"),  # among short names a letter makes another
        ("Бемер", "Уилский район"),  # nor is it Кемер, where Аккемер is too
        ("разъезд 43", "Алгинский район"),  # a number is no misspelling of another
        ("Аккемер", "Алгинский район"),  # known elsewhere
        ("Жаркемеер", "Уилский район"),
        ("", "Алгинский район"),
        (None, None),
    ],
)
def test_what_is_not_known_is_refused(match, name, district):
    matched = match(name, district)
    assert matched.kato.tolist() == [None]
    assert len(matched.problems) == 1
    assert matched.problems[0].row == 11


def test_a_name_that_is_not_known_is_answered_with_the_nearest(match):
    problem = match("Бестомахов", "Алгинский район").problems[0]
    assert (problem.file, problem.row, problem.column, problem.value) == ("f.csv", 11, "settlement_name", "Бестомахов")
    assert problem.what == "no settlement of that name in the district"
    assert "Бестамақ (153235100, village)" in problem.remedy


def test_a_name_of_another_district_is_not_taken_but_told(match):
    problem = match("Бестамак", "Мартукский район").problems[0]
    assert "Elsewhere: Бестамақ (153235100, village), Бестамақ (155245300, village)" in problem.remedy


def test_a_district_that_is_not_known_is_refused_with_the_list(match):
    problem = match("Бестамак", "Каратальский район").problems[0]
    assert (problem.column, problem.value) == ("district_name", "Каратальский район")
    assert "Алгинский район" in problem.remedy
    assert match("Бестамак", None, district_kato="150000000").problems[0].column == "district_kato"


def test_several_places_of_one_name_are_listed(match):
    problem = match("Копа", "Темирский район").problems[0]
    assert problem.what == "several settlements have that name"
    assert "Қопа (155641100, village), Қопа (155642400, village)" in problem.remedy


def test_without_a_district_only_a_name_of_one_place_is_taken(match):
    assert match("Маржанбулак").kato.tolist() == ["153247100"]
    assert match("Бестамак").problems[0].what == "several settlements have that name"


def test_the_position_decides_between_places_of_one_name(match, settlements):
    point = settlements.set_index("kato").geometry["155642400"]
    matched = match("Копа", "Темирский район", (point.x + 0.02, point.y))
    assert matched.kato.tolist() == ["155642400"]
    assert [finding.code for finding in matched.findings] == ["matched_by_position"]
    assert match("Копа", "Темирский район", (point.x + 0.2, point.y)).kato.tolist() == [None]


def test_the_position_does_not_decide_where_one_of_the_places_has_none(settlements, districts):
    known = settlements.copy()
    known.loc[known["kato"] == "155641100", "geometry"] = None
    point = known.set_index("kato").geometry["155642400"]
    frame = gpd.GeoDataFrame({"settlement_name": ["Копа"], "district_name": ["Темир"]}, geometry=[point], crs=4326)
    assert match_names(frame, np.array([1]), known, districts, "f.csv").kato.tolist() == [None]


@pytest.mark.parametrize(
    ("name", "kind", "kato"),
    [
        ("ст. Токмансай", None, "153251400"),
        ("станция Тоқмансай", None, "153251400"),
        ("Тоқмансай", "station", "153251400"),
        ("с. Токмансай", None, None),  # a station's village is called so too
        ("Токмансай", "school", None),
    ],
)
def test_the_kind_that_a_name_states_decides(match, name, kind, kato):
    assert match(name, "Алгинский район", kind=kind).kato.tolist() == [kato]


def test_a_position_far_from_the_place_of_that_name_is_warned_of(match):
    matched = match("Маржанбулак", "Алгинский район", (62.0, 48.0))
    assert matched.kato.tolist() == ["153247100"]
    warning = matched.findings[-1]
    assert (warning.code, warning.severity, warning.count) == ("matched_far_away", Severity.WARNING, 1)


def test_names_in_two_languages_must_be_of_one_place(settlements, districts):
    frame = pd.DataFrame({"name_kk": ["Сарысай", "Сарысай"], "name_ru": ["Сарсай", "Бозой"], "district_name": "Шалқар"})
    matched = match_names(frame, np.array([1, 2]), settlements, districts, "f.csv")
    assert matched.kato.tolist() == ["156438400", None]
    assert matched.problems[0].what == "the names are of different settlements"


def test_a_code_that_is_given_stays(match):
    matched = match("Бестамак", "Алгинский район", kato="155245300")
    assert (matched.kato.tolist(), matched.findings, matched.problems) == (["155245300"], [], [])


def test_problems_name_columns_as_the_file_does(settlements, districts):
    given = pd.DataFrame({"Населённый пункт": ["Копа"], "Район": ["Темирский"]})
    columns = map_columns(given, TABLES[Kind.FACILITIES])
    matched = match_names(columns.renamed(given), np.array([3]), settlements, districts, "f.csv", columns=columns)
    assert [(problem.row, problem.column) for problem in matched.problems] == [(3, "Населённый пункт")]


def test_rows_without_any_name_column_are_refused(settlements, districts):
    matched = match_names(pd.DataFrame({"x": [1, 2]}), np.array([1, 2]), settlements, districts, "f.csv")
    assert [problem.what for problem in matched.problems] == ["neither a KATO code nor a name"] * 2


def test_no_rows_are_no_problem(settlements, districts):
    matched = match_names(
        pd.DataFrame({"settlement_name": pd.Series([], dtype="str")}),
        np.array([], dtype=int),
        settlements,
        districts,
        "f",
    )
    assert (len(matched.kato), matched.findings, matched.problems) == (0, [], [])
