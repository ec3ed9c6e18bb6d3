"""The page of a report: whole, in three languages, and of a hostile file nothing but text."""

from html.parser import HTMLParser

import pytest

from geo.errors import Problem, UnknownName
from geo.ingest.report import Finding, Report, Severity
from maps.ingest_report import ingest_report_page

HOSTILE = "\"'><script>alert(1)</script><img src=x onerror=alert(2)>{{ 7*7 }}"


class Tags(HTMLParser):
    """The elements of a page and its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data):
        self.text += data


def report(word: str) -> dict:
    problem = Problem(word, word, word, 7, word, word)
    findings = [Finding.of(word, severity, [problem] * 2) for severity in Severity]
    return Report(
        "sites", word, word, word, word, word, word, word, {"kato": word}, [word], 2, 1, None, findings, word
    ).as_dict()


def test_hostile_text_stays_text() -> None:
    page = Tags(ingest_report_page(report(HOSTILE), "en"))
    assert not page.tags & {"script", "img", "iframe", "link", "a"}
    assert not page.attributes & {"onerror", "onclick", "src", "href"}
    assert HOSTILE in page.text
    assert "49" not in page.text


@pytest.mark.parametrize(("language", "word"), [("kk", "Қате"), ("ru", "Ошибк"), ("en", "Error")])
def test_headings_are_in_the_language(language: str, word: str) -> None:
    page = ingest_report_page(report("x"), language)
    assert f'<html lang="{language}">' in page
    assert word in Tags(page).text


def test_counts_rows_and_remedies_are_told() -> None:
    text = Tags(ingest_report_page(report("x"), "en")).text
    assert "Errors: 2. Warnings: 2. Notes: 2." in text
    assert "(2 ×)" in text
    assert "→ x" in text
    assert "7" in text


def test_a_report_of_nothing_says_so() -> None:
    assert "Nothing to report." in ingest_report_page(Report("sites", "a.csv").as_dict(), "en")


def test_an_unknown_language() -> None:
    with pytest.raises(UnknownName):
        ingest_report_page(Report("sites", "a.csv").as_dict(), "xx")
