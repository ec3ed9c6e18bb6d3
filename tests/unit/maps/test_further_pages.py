"""Pages of operators, comparisons, print and embed as text."""

from dataclasses import replace
from html.parser import HTMLParser

import pytest

from maps.comparison import CHANGE_WORDS, ComparisonContext, Side, comparison_page
from maps.coverage import CoverageContext, OffersContext, SignalTiles, coverage_page, offers_page
from maps.i18n import LANGUAGES
from maps.overview import OverviewContext, embed_page, print_page
from maps.pages import Basemap
from maps.signal import LegendPart, Mark

HOSTILE = "</script><img src=x onerror=alert(1)>${alert(1)}{{ 7 * 7 }}\u2028'\"&amp;\u202e"
COMMON = {
    "language": "en",
    "run_id": "0123456789abcdef",
    "run": "current",
    "region_name": "Some region",
    "bounds": (-70.5, -40.0, -68.0, -36.5),
    "standard_title": "Some standard",
    "as_of": "2026-11-01",
    "named_runs": [("current", ""), ("masts", "Scenario: masts")],
    "credits": ["One credit"],
}
SUMMARY = {"settlements": 3, "population": 50, "people_without": 20.4, "classes": {"served": {"settlements": 1}}}
OFFER = {
    "operator": "Alpha & Sons",
    "technology": "4g",
    "settlements": 2,
    "people": 40,
    "doubtful": 0,
    "missed": 1,
    "unknown": 0,
    "areas": True,
}
OFFERS = {"offers": [OFFER], "settlements": 3, "population": 50, "confidence": 0.7}
SIDE = Side("current", "0123456789abcdef", "", "Some standard", None, {})
TOTALS = {
    f"{name}_{side}": 1
    for name in ("settlements", "gaps", "unknown", "population", "people_without", "people_unknown")
    for side in "ab"
}
PAIR = ComparisonContext(
    **COMMON,
    choices=[("current", ""), ("masts", "Scenario: masts")],
    a=SIDE,
    b=replace(SIDE, name="masts", title="Scenario: masts"),
    overall={**TOTALS, "gained": 4, "lost": 1},
    districts=[{**TOTALS, "kato": "1", "name_en": "Some district", "gained": 4, "lost": 1}],
    premises=[("scenario", None, "masts"), ("parameters.draws", 1000, 2000)],
    changes={"gained": 4},
)
OVERVIEW = OverviewContext(**COMMON, summary=SUMMARY, districts=[("910000000", "Some district")], technologies=["4g"])
COVERAGE = CoverageContext(**COMMON, **OFFERS, operator="Alpha & Sons", technology="4g")
MAKERS = {
    "offers": lambda **changes: offers_page(replace(OffersContext(**COMMON, **OFFERS), **changes)),
    "coverage": lambda **changes: coverage_page(replace(COVERAGE, **changes)),
    "compare": lambda **changes: comparison_page(replace(PAIR, **changes)),
    "embed": lambda **changes: embed_page(replace(OVERVIEW, **changes)),
    "print": lambda **changes: print_page(replace(OVERVIEW, **changes), "portrait"),
}


class Tags(HTMLParser):
    def __init__(self, page):
        super().__init__()
        self.names, self.attributes = [], []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.names.append(tag)
        self.attributes += [name for name, _ in attrs]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", MAKERS)
def test_page_is_the_same_each_time_and_holds_no_code(name, language):
    page = MAKERS[name](language=language)
    assert page == MAKERS[name](language=language)
    assert "//" not in page.replace("<!DOCTYPE html>", "")
    assert not [a for a in Tags(page).attributes if a.startswith("on") or a == "style"]


@pytest.mark.parametrize("name", MAKERS)
def test_hostile_texts_stay_texts(name):
    texts = ("run_id", "run", "region_name", "standard_title", "as_of", "scenario_label")

    def page(text):
        return MAKERS[name](**dict.fromkeys(texts, text), credits=[text], named_runs=[(text, text)])

    assert Tags(page(HOSTILE)).names == Tags(page("x")).names


def test_a_run_without_coverage_says_so():
    assert "holds no coverage areas" in offers_page(
        OffersContext(**COMMON, offers=[{**OFFER, "areas": False}], settlements=3, population=50, confidence=0.7)
    )
    assert "knows nothing of this operator" in coverage_page(replace(COVERAGE, operator="Nobody"))


def test_an_operator_is_told_by_settlements_and_people():
    page = coverage_page(COVERAGE)
    assert "Meets the standard in 2 of 3 settlements (40 residents, 80% of all)" in page
    assert '<h1><bdi class="name">Alpha &amp; Sons · 4G</bdi></h1>' in page
    scenario = coverage_page(replace(COVERAGE, scenario_label="Scenario"))
    assert "In this scenario it would meet the standard" in scenario


def test_comparison_tells_what_changed():
    page = comparison_page(PAIR)
    assert "Settlements that gain service: 4; that lose it: 1" in page
    assert "Some district" in page
    assert CHANGE_WORDS["gained"] in page
    assert "1,000" in page
    alone = comparison_page(replace(PAIR, b=None, overall=None, districts=(), changes=None))
    assert "There is only one run so far" in alone
    assert "page-config" not in alone


def test_print_names_what_it_is_narrowed_to_and_draws_only_the_layers_asked_for():
    state = [("district", "910000000"), ("class", "unserved"), ("layers", "coverage_4g")]
    page = print_page(replace(OVERVIEW, state=state), "landscape")
    assert "<bdi>Some district</bdi> · <bdi>Without service</bdi>" in page
    assert "hatch-0" in page
    assert "hatch-0" not in print_page(OVERVIEW, "landscape")


def test_an_online_map_is_offered_only_when_configured():
    tiles = Basemap("http://tiles.example/{z}/{x}/{y}.png", "Somebody")
    assert 'data-layer="basemap"' in embed_page(replace(OVERVIEW, basemap=tiles))
    assert 'data-layer="basemap"' not in embed_page(OVERVIEW)


def test_signal_level_is_offered_with_its_legend_only_where_the_run_has_tiles_of_it():
    legend = LegendPart("4g", -110.0, (Mark.LINES,))
    tiles = SignalTiles(
        path="signal/a/4g/{z}/{y}/{x}?run=0123456789abcdef", bounds=(-70, -40, -68, -37), zoom_max=7, legend=legend
    )
    page = coverage_page(replace(COVERAGE, signal=tiles, language="ru"))
    assert 'data-layer="signal"' in page
    assert "≥ −80" in page
    assert "Косые линии: сценарий, а не наблюдение" in page
    assert '"zoom":7' in page
    assert 'data-layer="signal"' not in coverage_page(COVERAGE)


def test_what_is_seen_of_an_operator_can_be_downloaded():
    page = coverage_page(replace(COVERAGE, state=[("district", "910000000"), ("q", "x")]))
    table = "maps/coverage/reach?f=csv&amp;run=0123456789abcdef&amp;operator=Alpha+%26+Sons&amp;technology=4g"
    assert f'{table}&amp;district=910000000"' in page
    assert "collections/coverage/items?f=gpkg" in page
    assert "collections/coverage/items" not in coverage_page(replace(COVERAGE, operator="Nobody"))
