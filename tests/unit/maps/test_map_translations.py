"""The catalogues: complete in every language, and in step with what pages and scripts say."""

import re
from pathlib import Path

import pytest

import maps
from geo.access.compare import Change
from geo.access.layers import credit_line
from geo.access.offers import Reach
from geo.bundled import data_path
from geo.coverage import modelled
from geo.ingest.report import Severity
from geo.region import RegionProfile
from maps.comparison import CHANGE_WORDS
from maps.coverage import REACH_WORDS
from maps.i18n import CREDITS, KINDS, LANGUAGES, SOURCES, TECHNOLOGIES, get_language
from maps.ingest_report import ABOUT
from maps.styles import CHANGE_SYMBOLS, REACH_SYMBOLS

FOLDER = Path(maps.__file__).parent
FIELD = re.compile(r"\{\w+\}")
QUOTED = r"(?:\"((?:[^\"\\]|\\.)*)\"|'((?:[^'\\]|\\.)*)')"


def messages(code):
    return {message.id: message for message in get_language(code).catalogue if message.id}


def said(pattern, paths):
    return {a or b for path in paths for a, b in re.findall(pattern, path.read_text("utf-8"))}


def forms(text):
    return text if isinstance(text, (tuple, list)) else (text,)


def said_by_scripts():
    return said(rf"\bt\(\s*{QUOTED}", (maps.ASSETS / "shalgai").glob("*.js"))


@pytest.mark.parametrize("code", LANGUAGES)
def test_every_message_is_translated(code):
    for ids, message in messages(code).items():
        assert message.string, ids
        assert all(forms(message.string)), ids
        assert not message.fuzzy, ids


@pytest.mark.parametrize("code", LANGUAGES)
def test_translations_keep_the_placeholders(code):
    for ids, message in messages(code).items():
        expected = sorted(FIELD.findall(forms(ids)[-1]))
        for form in forms(message.string):
            assert sorted(FIELD.findall(form)) == expected, ids


@pytest.mark.parametrize("code", LANGUAGES)
def test_catalogues_hold_the_same_messages(code):
    assert set(messages(code)) == set(messages("en"))


def test_words_and_symbols_for_every_reach_and_change():
    assert set(REACH_WORDS) == {str(name) for name in Reach} == set(REACH_SYMBOLS)
    assert set(CHANGE_WORDS) == {str(name) for name in Change} == set(CHANGE_SYMBOLS)


def test_kazakh_speaks_as_officials_write():
    kazakh = " ".join(str(form) for message in messages("kk").values() for form in forms(message.string))
    for word in ("елді мекен", "аудан", "қамту айма", "байланыс"):
        assert word in kazakh.lower()


@pytest.mark.parametrize("code", ["kk", "ru"])
def test_translations_are_not_the_english_text(code):
    same = {"GeoJSON", "SHA-256", *TECHNOLOGIES.values()}
    untranslated = {ids for ids, message in messages(code).items() if message.string == ids}
    assert untranslated <= same


def test_catalogues_hold_what_pages_and_scripts_say_and_nothing_else():
    known = {forms(ids)[0] for ids in messages("en")}
    spoken = (
        said(rf"\b(?:t|text)\(\s*{QUOTED}", (FOLDER / "templates").glob("*.html"))
        | said(rf"\.texts?\(\s*{QUOTED}", FOLDER.glob("*.py"))
        | said_by_scripts()
        | set(ABOUT.values())
        | {str(severity).capitalize() for severity in Severity}
        | set(KINDS.values())
        | set(TECHNOLOGIES.values())
        | set(REACH_WORDS.values())
        | set(CHANGE_WORDS.values())
        | set(CREDITS)
        | set(SOURCES.values())
    )
    assert spoken == known


@pytest.mark.parametrize("code", LANGUAGES)
def test_messages_of_scripts_travel_to_the_browser(code):
    assert set(get_language(code).for_browser()["messages"]) == said_by_scripts()


def test_credits_of_the_bundled_data_are_translated():
    profile = RegionProfile.from_toml(data_path("region.toml"))
    lines = [credit_line({"credit": c.text, "licence": c.licence, "as_of": c.as_of}) for c in profile.credits.values()]
    assert set(lines) < set(CREDITS)
    assert get_language("ru").credit(lines[0]).startswith("Районы")
    assert get_language("kk").credit("Somebody") == "Somebody"


def test_sources_that_the_model_writes_are_translated():
    russian = get_language("ru")
    assert russian.source("ITU-R P.1812-8 over ground.tif (764 m)") == "ITU-R P.1812-8 по рельефу ground.tif (764 м)"
    assert russian.source("free space, nearer than 0.25 km") == "свободное пространство, ближе 0,25 км"
    assert russian.source("https://press.example/1") == "https://press.example/1"
    methods = (modelled.METHOD, f"{modelled.METHOD} over smooth earth", f"{modelled.METHOD}: no cell in reach")
    assert [russian.source(text) != text for text in methods] == [False, True, True]


def test_negative_numbers_have_the_minus_sign():
    assert get_language("ru").number(-95) == "\N{MINUS SIGN}95"
    assert get_language("kk").whole(-104.6) == "\N{MINUS SIGN}105"


def test_kazakh_has_its_own_formats():
    kazakh = get_language("kk")
    assert kazakh.number(1234567) == "1\N{NO-BREAK SPACE}234\N{NO-BREAK SPACE}567"
    assert kazakh.number(-1.2345e300) == "−1,234E300"
    assert kazakh.share(0.0654) == "6,5%"
    assert kazakh.date("2026-11-01") == "2026\N{NARROW NO-BREAK SPACE}ж. 1 қараша"


@pytest.mark.parametrize(("given", "shown"), [("2026", "2026"), ("2026-11", "November 2026"), ("spring", "spring")])
def test_partial_dates_stay_partial(given, shown):
    assert get_language("en").date(given) == shown
