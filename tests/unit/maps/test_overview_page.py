"""The overview page as text: what it holds, and what it must never hold."""

import copy
import json
from dataclasses import replace
from html.parser import HTMLParser

import folium
import pytest

from geo.errors import UnknownName
from maps.figure import DataFigure, RegionMap
from maps.i18n import LANGUAGES
from maps.overview import OverviewContext, overview_page

HOSTILE = "</script><img src=x onerror=alert(1)>${alert(1)}{{ 7 * 7 }}\u2028'\"&amp;\u202e"
CONTEXT = OverviewContext(
    language="en",
    run_id="0123456789abcdef",
    run="current",
    region_name="Some region",
    bounds=(-70.5, -40.0, -68.0, -36.5),
    summary={
        "settlements": 328,
        "population": 928185,
        "people_without": 20718.4,
        "classes": {"served": {"settlements": 7}, "unknown": {"settlements": 321}},
        "without_position": 19,
    },
    standard_title="Some standard",
    as_of="2026-11-01",
    named_runs=[("current", ""), ("masts", "Scenario: masts")],
    credits=["One credit", "Another"],
    technologies=["4g", "2g", "4g"],
)
SCENARIO = replace(CONTEXT, run="masts", scenario_label="Scenario, not observed: masts")


class Outline(HTMLParser):
    """Elements, attributes, texts and scripts of a page."""

    def __init__(self, page):
        super().__init__()
        self.elements, self.texts, self.scripts = [], [], []
        self._inside = None
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        self._inside = tag

    def handle_endtag(self, tag):
        self._inside = None

    def handle_data(self, data):
        (self.scripts if self._inside == "script" else self.texts).append(data)


def config_of(page):
    return json.loads("".join(Outline(page).scripts))


def test_the_same_context_makes_the_same_bytes():
    assert overview_page(SCENARIO) == overview_page(copy.deepcopy(SCENARIO))


@pytest.mark.parametrize("language", LANGUAGES)
def test_page_is_small_and_names_no_other_host(language):
    page = overview_page(replace(SCENARIO, language=language))
    assert len(page.encode()) < 30_000
    assert "//" not in page.replace("<!DOCTYPE html>", "")


@pytest.mark.parametrize("language", LANGUAGES)
def test_page_needs_no_inline_script_or_style(language):
    outline = Outline(overview_page(replace(SCENARIO, language=language)))
    for tag, attributes in outline.elements:
        assert not [name for name in attributes if name.startswith("on") or name == "style"], tag
        assert tag != "style"
        if tag == "script":
            assert attributes.get("type") == "application/json" or attributes["src"].startswith("../maps/assets/")


def test_assets_of_the_page_are_there():
    import maps

    for _, attributes in Outline(overview_page(CONTEXT)).elements:
        for name in ("src", "href"):
            if attributes.get(name, "").startswith("../maps/assets/"):
                assert (maps.ASSETS / attributes[name].removeprefix("../maps/assets/")).is_file()


def test_hostile_texts_stay_texts():
    hostile = replace(
        CONTEXT,
        run_id=HOSTILE,
        run=HOSTILE,
        region_name=HOSTILE,
        standard_title=HOSTILE,
        as_of=HOSTILE,
        scenario_label=HOSTILE,
        named_runs=[(HOSTILE, HOSTILE)],
        credits=[HOSTILE],
        technologies=[HOSTILE],
    )
    plain = replace(
        hostile,
        **dict.fromkeys(("run_id", "run", "region_name", "standard_title", "as_of", "scenario_label"), "x"),
        named_runs=[("x", "x")],
        credits=["x"],
        technologies=["x"],
    )
    page = overview_page(hostile)
    outline = Outline(page)
    assert [tag for tag, _ in outline.elements] == [tag for tag, _ in Outline(overview_page(plain)).elements]
    assert outline.texts.count(HOSTILE) >= 5
    assert config_of(page)["run"] == HOSTILE


def test_folium_writes_no_code_and_keeps_its_lists():
    lists = (folium.Map.default_js, folium.Map.default_css)
    before = copy.deepcopy(lists)
    overview_page(CONTEXT)
    overview_page(SCENARIO)
    assert lists == before
    assert "cdn.jsdelivr" in folium.Figure().add_child(folium.Map(tiles=None)).render()


def test_elements_that_write_code_are_refused():
    figure = DataFigure()
    region = RegionMap((0, 0, 1, 1))
    figure.add_child(region)
    folium.Marker((0, 0)).add_to(region)
    with pytest.raises(TypeError, match="DataElement"):
        figure.describe()


def test_figure_describes_the_map_and_its_layers():
    figure = config_of(overview_page(CONTEXT))["figure"]
    assert [element["type"] for element in figure] == ["map", "districts", "coverage", "coverage", "settlements"]
    assert figure[0]["bounds"] == [[-40.0, -70.5], [-36.5, -68.0]]
    assert [element["query"] for element in figure if element["type"] == "coverage"] == [
        {"technology": "2g"},
        {"technology": "4g"},
    ]


def test_headline_answers_the_question():
    page = overview_page(CONTEXT)
    assert "<h1>321 of 328 settlements are not known to be served</h1>" in page
    assert "About 21,000 of 928,185 residents are expected to be without service (2.2%)" in page


@pytest.mark.parametrize(("language", "words"), [("kk", "Байланысы расталмаған"), ("ru", "наличие связи")])
def test_headline_speaks_the_language(language, words):
    assert words in overview_page(replace(CONTEXT, language=language))


def test_an_empty_run_has_a_page():
    summary = {"settlements": 0, "population": 0, "people_without": 0, "classes": {}, "without_position": 0}
    assert "0 of 0 settlements" in overview_page(replace(CONTEXT, summary=summary))


def test_scenario_says_so():
    page = overview_page(SCENARIO)
    assert 'id="scenario-label"' in page
    assert "In this scenario" in page
    assert 'id="scenario-label"' not in overview_page(CONTEXT)


def test_switches_keep_run_and_language():
    links = [a for tag, a in Outline(overview_page(SCENARIO)).elements if tag == "a" and "data-keep-state" in a]
    assert [(link["href"], "aria-current" in link) for link in links if link["href"].startswith("?")] == [
        ("?lang=kk&run=masts", False),
        ("?lang=ru&run=masts", False),
        ("?lang=en&run=masts", True),
        ("?lang=en&run=current", False),
        ("?lang=en&run=masts", True),
    ]


def test_legend_is_explicit_about_unknown_and_unserved():
    text = " ".join(Outline(overview_page(CONTEXT)).texts)
    assert "Without service" in text
    assert "Not known" in text
    assert "unknown" in text


def test_a_language_nobody_speaks_here_is_refused():
    with pytest.raises(UnknownName):
        overview_page(replace(CONTEXT, language="de"))
