import string

import pytest

from geo.access import words
from geo.access.reasons import CODES
from geo.i18n import catalogue, text
from geo.tables.results import INDICATORS
from geo.tables.words import Basis, PopulationBasis, ServiceClass

ALL_TEXTS = [
    message
    for table in (
        words.CLASS_TEXTS,
        words.BASIS_TEXTS,
        words.POPULATION_BASIS_TEXTS,
        words.INDICATOR_TEXTS,
        words.REASON_TEXTS,
    )
    for message in table.values()
] + [words.PRIOR_TEXT]


def placeholders(message: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(message) if name}


def test_every_code_has_words() -> None:
    assert set(words.REASON_TEXTS) == set(CODES)
    assert set(words.CLASS_TEXTS) == set(ServiceClass)
    assert set(words.BASIS_TEXTS) == set(Basis)
    assert set(words.POPULATION_BASIS_TEXTS) == set(PopulationBasis)
    assert set(words.INDICATOR_TEXTS) == set(INDICATORS)


@pytest.mark.parametrize("language", ["kk", "ru"])
@pytest.mark.parametrize("message", ALL_TEXTS)
def test_every_text_is_translated_with_the_same_placeholders(language: str, message: str) -> None:
    translated = text(message, language)
    assert translated != message
    assert placeholders(translated) == placeholders(message)


@pytest.mark.parametrize("language", ["kk", "ru", "en"])
def test_catalogues_hold_nothing_that_is_not_used(language: str) -> None:
    assert {str(m.id) for m in catalogue(language) if m.id} == set(ALL_TEXTS)
