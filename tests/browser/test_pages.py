"""Every page in every language: whole, accessible, fit for a phone, asking nobody else for anything."""

import pytest

pytestmark = pytest.mark.browser

LANGUAGES = ("kk", "ru", "en")
OFFER = "operator=unspecified&technology=4g"
PAGES = {
    "overview": "/maps/overview?",
    "scenario": "/maps/overview?run=okrug-centres&district=153600000",
    "embed": "/embed/overview?run=okrug-centres",
    "print": "/maps/print?run=okrug-centres",
    "operators": "/maps/coverage?",
    "coverage": f"/maps/coverage?run=okrug-centres&{OFFER}",
    "compare": "/maps/compare?",
    "village": "/settlements/153243200?run=okrug-centres&f=html",
    "district": "/districts/151000000?f=html",
}
LABELLED = {"scenario", "embed", "print", "coverage", "compare", "village"}
PLAIN = {"operators", "village", "district"}
"""Pages without scripts."""
PHONE = {"width": 375, "height": 667}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", PAGES)
def test_page_is_whole_accessible_and_fits_a_phone(page, live_server, violations, picture, name, language):
    answer = page.goto(f"{live_server}{PAGES[name]}&lang={language}")
    assert len(answer.body()) < 300_000
    if name not in PLAIN:
        page.wait_for_selector("html[data-state=ready]")
        assert page.locator("#notice").is_hidden()
    assert page.get_attribute("html", "lang") == language
    assert page.locator("h1").count() == 1
    assert violations() == []
    labels = page.locator("#scenario-label, .sheet-label")
    assert labels.count() == (name in LABELLED)
    picture("wide")
    page.set_viewport_size(PHONE)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


def test_overview_is_usable_within_two_seconds(page, live_server):
    page.goto(f"{live_server}/maps/overview?lang=en")
    page.wait_for_selector("html[data-state=ready]")
    assert page.evaluate("performance.now()") < 2000


def test_pages_of_the_published_run_say_that_there_is_no_coverage(page, live_server):
    page.goto(f"{live_server}/maps/coverage?lang=en")
    assert "holds no coverage areas" in page.locator("main").inner_text()
    page.goto(f"{live_server}/maps/coverage?lang=en&operator=Nobody&technology=5g")
    page.wait_for_selector("html[data-state=ready]")
    assert "knows nothing of this operator" in page.locator("header").inner_text()
    assert "no coverage areas" in page.locator("#legend").inner_text()
    assert page.locator("#settlement-table tbody tr").count() == 328


def test_an_operator_is_found_in_the_list_and_leads_to_its_settlements(page, live_server):
    page.goto(f"{live_server}/maps/coverage?lang=en&run=okrug-centres")
    row = page.locator("tbody tr", has_text="4G")
    reached = row.locator(".figure").first.inner_text()
    row.locator("a").click()
    page.wait_for_selector("html[data-state=ready]")
    assert f"{reached} of 328" in page.locator(".detail").inner_text()
    assert page.locator("li[data-symbol=reached] .count").inner_text() == reached
    table = page.locator("#settlement-table tbody tr", has_text="Meets the standard")
    assert str(table.count()) == reached
    page.locator(".leaflet-coverage-pane path").first.wait_for(state="attached")
    table.first.click()
    assert page.locator(".place-card").count() == 1
    page.select_option("#filter-reach", "missed")
    page.uncheck("input[data-layer=coverage_4g]")
    missed = page.locator("li[data-symbol=missed] .count").inner_text()
    page.reload()
    page.wait_for_selector("html[data-state=ready]")
    assert str(page.locator("#settlement-table tbody tr").count()) == missed != reached
    assert not page.is_checked("input[data-layer=coverage_4g]")


def test_signal_level_is_switched_on_with_its_legend_and_stays(page, live_server):
    tiles = []
    page.on("response", lambda r: tiles.append((r.status, r.url)) if "/signal/" in r.url else None)
    page.goto(f"{live_server}/maps/coverage?lang=ru&run=okrug-centres&{OFFER}")
    page.wait_for_selector("html[data-state=ready]")
    assert page.locator("#signal-legend").is_hidden()
    assert tiles == []
    page.check("input[data-layer=signal]")
    page.locator(".leaflet-signal-pane img.leaflet-tile-loaded").first.wait_for()
    assert "сценарий, а не наблюдение" in page.locator("#signal-legend").inner_text()
    page.reload()
    page.locator(".leaflet-signal-pane img.leaflet-tile-loaded").first.wait_for()
    assert page.locator("#signal-legend").is_visible()
    run = page.locator("footer code").inner_text()
    assert all(status in (200, 304) and url.endswith(f"?run={run}") for status, url in tiles)
    page.set_viewport_size(PHONE)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


def test_ways_lead_from_the_map_to_a_village_its_district_and_back(page, live_server):
    page.goto(f"{live_server}/maps/overview?lang=ru&run=okrug-centres&place=153243200")
    page.wait_for_selector("html[data-state=ready]")
    assert "км" in page.locator(".leaflet-control-scale-line").inner_text()
    page.locator(".card-more a").click()
    assert page.locator("h1").inner_text() == "Амангельды"
    assert "Сценарий" in page.locator(".runs [aria-current]").inner_text()
    assert "\N{MINUS SIGN}" in page.locator(".evidence tbody").inner_text()
    page.locator(".detail a").first.click()
    district = page.locator("h1").inner_text()
    page.locator(".detail a").first.click()
    page.wait_for_selector("html[data-state=ready]")
    assert page.locator("#filter-district option:checked").inner_text() == district
    page.go_back()
    page.go_back()
    page.locator(".where a").click()
    page.wait_for_selector("html[data-state=ready]")
    assert page.locator(".place-card h2").inner_text() == "Амангельды"


def test_two_runs_move_together_and_tell_what_changed(page, live_server):
    page.emulate_media(reduced_motion="reduce")
    page.goto(f"{live_server}/maps/compare?lang=en&run=current&with=okrug-centres")
    page.wait_for_selector("html[data-state=ready]")
    where = "id => (({lat, lon, zoom}) => [lat, lon, zoom])(document.getElementById(id).dataset)"
    before = page.evaluate(where, "map-b")
    page.locator("#map-a .leaflet-control-zoom-in").click()
    assert page.evaluate(where, "map-a") == page.evaluate(where, "map-b") != before
    assert page.locator("#district-table tbody tr").count() > 5
    rows = page.locator("#settlement-table tbody tr")
    assert "Gained service" in rows.first.inner_text()
    all_rows = rows.count()
    page.locator("#change-filter input[value=gained]").uncheck()
    assert rows.count() == all_rows - 5
    page.go_back()
    assert rows.count() == all_rows
    page.go_forward()
    page.reload()
    page.wait_for_selector("html[data-state=ready]")
    assert rows.count() == all_rows - 5
    page.set_viewport_size(PHONE)
    page.locator("button[data-view=a]").click()
    assert page.locator("#map-b").is_hidden()
    assert page.locator("#map-a").is_visible()
    page.select_option("#pair-with", "current")
    page.locator(".pair button").click()
    page.wait_for_selector("html[data-state=ready]")
    assert "Nothing: both runs say the same" in page.locator(".twin-legend").inner_text()
