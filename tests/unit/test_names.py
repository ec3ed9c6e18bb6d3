import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.names import fold, language_of, romanise_kazakh


@pytest.mark.parametrize(
    ("kazakh", "latin"),
    [
        ("Ақтөбе", "Aqtöbe"),
        ("Шұбарқұдық", "Shubarqudyq"),
        ("Ырғыз", "Yrghyz"),
        ("Жаңатұрмыс", "Zhangaturmys"),
        ("Үшқұдық", "Üshqudyq"),
        ("Көтібар", "Kötibar"),
        ("Тікқайың", "Tikqayyng"),
        ("42-разъезд", "42-raz”ezd"),
        ("ШИЕ", "SHĪE"),
    ],
)
def test_kazakh_is_romanised_by_bgn_pcgn(kazakh: str, latin: str) -> None:
    assert romanise_kazakh(kazakh) == latin


@pytest.mark.parametrize(
    "spellings",
    [
        ("Қарақобда", "Каракобда", "Карахобда", "Qaraqobda", "Karakobda"),
        ("Ақтөбе", "Актобе", "Aqtöbe", "Aktobe", "AKTOBE"),
        ("Шалқар", "Шалкар", "Şalqar", "Shalkar"),
        ("Жамбыл", "Zhambyl", "Jambyl"),
        ("Ырғыз", "Иргиз", "Yrgyz", "Irgiz"),
        ("Көкбұлақ", "Кокбулак", "Kokbulak", "Kökbulaq"),
    ],
)
def test_three_spellings_fold_to_one(spellings: tuple[str, ...]) -> None:
    assert len({fold(spelling) for spelling in spellings}) == 1


def test_different_names_stay_different() -> None:
    assert fold("Ақсу") != fold("Ақсай")


@given(st.text(max_size=60))
def test_folding_is_ascii_and_stable_for_any_text(name: str) -> None:
    folded = fold(name)
    assert folded.isascii()
    assert fold(folded) == folded or not folded.isalnum()


@given(st.text(alphabet="абвгдежзийклмнопрстуфхцчшщъыьэюяәғқңөұүһі", min_size=1, max_size=20))
def test_kazakh_letters_leave_no_cyrillic_behind(name: str) -> None:
    assert not any("Ѐ" <= letter <= "ӿ" for letter in romanise_kazakh(name))


@pytest.mark.parametrize(
    ("name", "language"),
    [("Қобда", "kk"), ("Кобда", "ru"), ("Kobda", "en"), ("Şalqar", "en"), ("Їжак", "ru"), ("№ 42", None), ("", None)],
)
def test_the_letters_of_a_name_say_its_language(name: str, language: str | None) -> None:
    assert language_of(name) == language
