"""Words of three languages are understood as the accepted ones."""

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.bundled import data_path
from geo.ingest.vocabulary import SECTIONS, folded, vocabulary

WORDS = vocabulary()


@pytest.mark.parametrize(
    ("text", "technology"),
    [
        ("LTE", "4g"), ("4G+", "4g"), ("LTE-A", "4g"), ("E-UTRAN", "4g"), ("«4Ж»", "4g"), ("4ж", "4g"), ("VoLTE", "4g"),
        ("LTE Advanced", "4g"), ("4G (LTE)", "4g"), ("LTE 1800", "4g"), ("LTE-800/1800", "4g"), ("LТЕ", "4g"),
        ("GSM", "2g"), ("EDGE", "2g"), ("GPRS", "2g"), ("«2Ж»", "2g"), ("GSM-900/1800", "2g"), ("gsm 900 МГц", "2g"),
        ("UMTS", "3g"), ("WCDMA", "3g"), ("W-CDMA", "3g"), ("HSPA+", "3g"), ("«3Ж»", "3g"), ("UMTS/WCDMA", "3g"),
        ("NR", "5g"), ("5G NSA", "5g"), ("5Ж", "5g"),
        ("FTTH", "ftth"), ("GPON", "ftth"), ("ВОЛС", "ftth"), ("оптика", "ftth"), ("Талшықты-оптикалық", "ftth"),
        ("WLL", "fwa"), ("Радиодоступ", "fwa"), ("ADSL", "xdsl"), ("VDSL2", "xdsl"), ("xDSL", "xdsl"),
        ("VSAT", "satellite"), ("спутник", "satellite"), ("Starlink", "satellite"),
        ("Жерсеріктік байланыс", "satellite"),
        ("сотовая связь", "unspecified"), ("Ұялы байланыс", "unspecified"),
    ],
)  # fmt: skip
def test_a_technology_is_known_by_its_other_names(text, technology):
    assert WORDS.technologies(text) == (technology,)


@pytest.mark.parametrize(
    ("text", "technologies"),
    [
        ("2G/3G/4G", ("2g", "3g", "4g")),
        ("3G, LTE", ("3g", "4g")),
        ("GSM и UMTS", ("2g", "3g")),
        ("2G-4G", ("2g", "4g")),
        ("2G 3G", ("2g", "3g")),
        ("GSM 900, UMTS 2100", ("2g", "3g")),
    ],
)
def test_several_technologies_in_a_cell_are_all_seen(text, technologies):
    assert WORDS.technologies(text) == technologies


@pytest.mark.parametrize("text", ["6G", "CDMA-450", "3G, что-то ещё", "", "900", "да"])
def test_what_is_not_wholly_known_is_no_technology(text):
    assert WORDS.technologies(text) == ()


@pytest.mark.parametrize(
    ("text", "operator"),
    [
        ("Билайн", "beeline"), ("Beeline KZ", "beeline"), ("ТОО «КаР-Тел»", "beeline"), ("Kar-Tel LLP", "beeline"),
        ("ТОО «КаР-Тел» (Beeline)", "beeline"), ("Кселл", "kcell"), ('АО "Кселл"', "kcell"), ("«Кселл» АҚ", "kcell"),
        ("KCELL", "kcell"), ("Кcell", "kcell"), ("Теле2", "tele2"), ("TELE 2", "tele2"), ("Tele2", "tele2"),
        ("ТОО «Мобайл Телеком-Сервис»", "tele2"), ("Алтел", "altel"), ("ALTEL 4G", "altel"),
        ("Казахтелеком", "kazakhtelecom"), ("«Қазақтелеком» АҚ", "kazakhtelecom"),
        ("АО «Транстелеком»", "transtelecom"),
        ("One Web", "oneweb"), ("SpaceX Starlink", "starlink"), ("все операторы", "unspecified"),
        ("activ", "kcell"), ("Актив", "kcell"), ("izi", "beeline"),
    ],
)  # fmt: skip
def test_an_operator_is_known_by_its_other_names(text, operator):
    assert WORDS.operators(text) == (operator,)


def test_brands_are_told_from_operators():
    assert WORDS.is_brand("Activ")
    assert not WORDS.is_brand("Kcell")


@pytest.mark.parametrize("text", ["МТС", "Астел", "ТОО", "Some Net", ""])
def test_an_operator_that_is_not_known_stays_so(text):
    assert WORDS.operators(text) == ()
    assert WORDS.near_operator(text) is None


def test_several_operators_in_a_cell_are_all_seen():
    assert WORDS.operators("Kcell/Beeline, Tele2") == ("kcell", "beeline", "tele2")
    assert WORDS.operators("Kcell, activ") == ("kcell",)


@pytest.mark.parametrize(("text", "operator"), [("Beelne", "beeline"), ("Казахтелком", "kazakhtelecom")])
def test_a_misspelt_operator_is_near_a_known_one(text, operator):
    assert WORDS.operators(text) == ()
    assert WORDS.near_operator(text) == operator


@pytest.mark.parametrize(
    ("section", "text", "word"),
    [
        ("settlement_kind", "с.", "village"), ("settlement_kind", "Ауыл", "village"),
        ("settlement_kind", "Қала", "town"),
        ("settlement_kind", "посёлок", "settlement"), ("settlement_kind", "кенті", "settlement"),
        ("settlement_kind", "ст.", "station"), ("settlement_kind", "бекет", "station"),
        ("settlement_kind", "Разъезд", "siding"),
        ("basis", "Данные оператора", "declared"), ("basis", "өлшенген", "measured"), ("basis", "расчёт", "modelled"),
        ("population_basis", "Перепись", "census"), ("population_basis", "санақ", "census"),
        ("population_basis", "оценка", "estimate"), ("site_status", "Строится", "planned"),
        ("boolean", "Иә", "true"), ("boolean", "есть", "true"), ("boolean", "+", "true"), ("boolean", "бар", "true"),
        ("boolean", "нет", "false"), ("boolean", "-", "false"), ("boolean", "Жоқ", "false"),
        ("month", "Наурыз", "03"), ("month", "марта", "03"), ("month", "Dec", "12"),
    ],
)  # fmt: skip
def test_words_of_the_other_vocabularies(section, text, word):
    assert WORDS.word(section, text) == word


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("СОШ", "school"), ("Основная школа № 5", "school"), ("Орта мектеп", "school"), ("Детский сад", "kindergarten"),
        ("балабақша", "kindergarten"), ("ФАП", "clinic"), ("Врачебная амбулатория", "clinic"), ("емхана", "clinic"),
        ("Центральная районная больница", "hospital"), ("аурухана", "hospital"), ("Аптека", "pharmacy"),
        ("Ауылдық округ әкімдігі", "akimat"), ("Почтовое отделение", "post"), ("Участковый пункт полиции", "police"),
        ("кітапхана", "library"), ("Пожарная часть", "fire_station"), ("прочее", "other"),
    ],
)  # fmt: skip
def test_kinds_of_institution_are_known_in_phrases(text, kind):
    assert WORDS.facility_kind(text) == kind


@pytest.mark.parametrize("text", ["Поликлиника при районной больнице, аптека", "Клуб", "", "школа и библиотека"])
def test_a_phrase_of_two_kinds_or_none_is_not_guessed(text):
    assert WORDS.facility_kind(text) is None


@pytest.mark.parametrize(
    "text", ["-", "—", "нет данных", "Н/Д", "n/a", "N.A.", "NULL", "деректер жоқ", "#Н/Д", "NaN", "..."]
)
def test_words_for_nothing(text):
    assert WORDS.is_empty(text)


@pytest.mark.parametrize("text", ["0", "нет", "Нура", "No", "да", "Ана", "жоқ"])
def test_words_for_something(text):
    assert not WORDS.is_empty(text)


@pytest.mark.parametrize(("choices", "section"), SECTIONS.items(), ids=SECTIONS.values())
def test_every_accepted_word_is_known_and_leads_to_accepted_ones(choices, section):
    assert {WORDS.word(section, str(word)) for word in choices} == {str(word) for word in choices}
    assert set(WORDS.sections[section].values()) == {str(word) for word in choices}


def test_no_word_means_two_things():
    raw = tomllib.loads(data_path("vocabulary", "words.toml").read_text(encoding="utf-8"))
    raw["operator"] |= {f"brand of {name}": aliases for name, aliases in raw.pop("operator_brand").items()}
    for section, words in raw.items():
        if section == "name_words":
            continue
        meant = {}
        for canonical, aliases in words.items():
            for alias in aliases:
                assert meant.setdefault(folded(alias), canonical) == canonical, (section, alias)


@given(st.text(max_size=40))
def test_no_text_breaks_the_vocabulary(text):
    assert set(WORDS.technologies(text)) <= set(WORDS.sections["technology"].values())
    assert set(WORDS.operators(text)) <= set(WORDS.sections["operator"].values())
    assert WORDS.near_operator(text) is None or WORDS.near_operator(text) in WORDS.sections["operator"].values()
    WORDS.facility_kind(text)
    WORDS.is_empty(text)
