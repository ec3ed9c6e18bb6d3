"""Which encoding a text is in: told, marked, UTF-8, or the likeliest Cyrillic code page."""

import json
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.bundled import data_path
from geo.errors import FileProblem, InputError, ValueRejected
from geo.ingest.readers.text_encoding import CODE_PAGES, likeliest_page, text_encoding

HEADERS = (
    "Название;Район;Население",
    "№;Наименование НП;Широта;Долгота",
    "КАТО;Село;Округ",
    "НАСЕЛЕННЫЙ ПУНКТ;РАЙОН",
    "имя;долгота;широта",
)


def names(language: str) -> list[str]:
    with data_path("boundaries", "settlements.geojson").open(encoding="utf-8") as stream:
        return [feature["properties"][f"name_{language}"] for feature in json.load(stream)["features"]]


def written(tmp_path, content: bytes):
    path = tmp_path / "table.csv"
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("page", CODE_PAGES)
def test_a_header_alone_is_enough(page):
    for header in HEADERS:
        if page == "koi8-r":
            header = header.replace("№", "N")
        assert likeliest_page(header.encode(page)) == page, header


@pytest.mark.parametrize("page", CODE_PAGES)
@pytest.mark.parametrize("change", [str, str.upper], ids=["as written", "in capitals"])
def test_three_russian_names_are_enough(page, change):
    places = names("ru")
    draw = random.Random(4)  # noqa: S311
    samples = [";10;57,5\n".join(map(change, draw.sample(places, 3))).encode(page) for _ in range(200)]
    wrong = sum(likeliest_page(sample) != page for sample in samples)
    assert wrong <= 2


@pytest.mark.parametrize("page", CODE_PAGES)
def test_one_name_is_nearly_always_enough(page):
    places = [name for name in names("ru") if not name.isascii()]
    assert sum(likeliest_page(name.encode(page)) != page for name in places) <= len(places) // 20


def test_three_kazakh_names_are_enough_and_come_out_right():
    places = names("kk")
    for i in range(0, len(places) - 3, 3):
        text = "\n".join(places[i : i + 3])
        sample = text.encode("kz1048")
        assert likeliest_page(sample) == "kz1048"
        assert sample.decode("kz1048") == text


@pytest.mark.parametrize("page", CODE_PAGES)
def test_what_was_detected_is_said(tmp_path, page):
    path = written(tmp_path, "Название;Район\nАлга;Алгинский\n".encode(page))
    name, findings = text_encoding(path)
    assert name == page
    assert [(f.code, f.severity, f.what) for f in findings] == [
        ("encoding_detected", "note", f"the text is not UTF-8; it was read as {page}")
    ]


@pytest.mark.parametrize(
    ("encoding", "name", "codes"),
    [
        ("utf-8", "utf-8", []),
        ("utf-8-sig", "utf-8-sig", []),
        ("utf-16", "utf-16", ["encoding_detected"]),
    ],
)
def test_unicode_is_recognised(tmp_path, encoding, name, codes):
    found, findings = text_encoding(written(tmp_path, "Ауыл;Әйтеке\n".encode(encoding)))
    assert (found, [f.code for f in findings]) == (name, codes)


def test_utf16_of_either_byte_order_has_a_mark(tmp_path):
    path = written(tmp_path, b"\xfe\xff" + "Ауыл".encode("utf-16-be"))
    assert text_encoding(path)[0] == "utf-16"


def test_cyrillic_that_begins_late_in_the_file_is_still_noticed(tmp_path):
    path = written(tmp_path, b"name;a\n" + b"x;1\n" * 500_000 + "Бестамак;1\n".encode("cp1251"))
    assert text_encoding(path)[0] == "kz1048"


def test_a_damaged_utf8_file_is_not_taken_for_a_code_page(tmp_path):
    content = "Бестамак;1\n".encode() * 100
    with pytest.raises(FileProblem, match=r"^table\.csv: the text is not utf-8 at byte 1901, in line 101\. .*damaged"):
        text_encoding(written(tmp_path, content + b"\xff;1\n" + content))


def test_a_damaged_byte_is_counted_from_the_start_of_a_large_file(tmp_path):
    content = "Бестамак;1\n".encode() * 100_000
    with pytest.raises(FileProblem, match=r"at byte 1900001, in line 100001\."):
        text_encoding(written(tmp_path, content + b"\xff;1\n" + content[:19_000]))


def test_the_stated_encoding_wins(tmp_path):
    path = written(tmp_path, "Бестамак".encode("cp1251"))
    assert text_encoding(path, "koi8-r") == ("koi8-r", [])
    assert text_encoding(path, "cp1251") == ("cp1251", [])


@pytest.mark.parametrize("name", ["klingon", "hex", "", "a\0b", "undefined", "../utf-8"])
def test_an_encoding_that_does_not_exist_is_refused(tmp_path, name):
    with pytest.raises(ValueRejected, match=r"no such text encoding.*kz1048"):
        text_encoding(written(tmp_path, b"a"), name)


def test_a_stated_encoding_that_does_not_fit_names_the_byte(tmp_path):
    path = written(tmp_path, b"name\n" + "Алга\nБестамак".encode("cp1251"))
    with pytest.raises(FileProblem, match=r"^table\.csv: the text is not utf-8 at byte 6, in line 2\. State another"):
        text_encoding(path, "utf-8")


@given(st.binary(max_size=300), st.sampled_from([None, "utf-8", "utf-16", "cp1251", "gb18030", "utf-7", "idna"]))
def test_whatever_is_found_can_decode_the_file(tmp_path_factory, content, stated):
    path = written(tmp_path_factory.mktemp("bytes"), content)
    try:
        name, _ = text_encoding(path, stated)
    except InputError:
        return
    content.decode(name)
