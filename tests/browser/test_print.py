"""The sheet of A4 as Chromium prints it."""

import re

import pytest

pytestmark = pytest.mark.browser

POINTS = {"landscape": (842, 595), "portrait": (595, 842)}


@pytest.mark.parametrize("paper", POINTS)
def test_map_takes_one_sheet_and_the_table_the_following(page, live_server, paper):
    query = f"lang=en&run=okrug-centres&paper={paper}&district=153600000&class=unserved&layers=coverage_4g"
    page.goto(f"{live_server}/maps/print?{query}")
    page.wait_for_selector("html[data-state=ready]")
    sheet = page.locator(".sheet")
    assert page.locator(".leaflet-control-scale-line").is_visible()
    for text in ("Bayganin", "1 November 2026", "Scenario, not observed", "OpenStreetMap", "Not known", "4G"):
        assert text in sheet.inner_text()
    assert sheet.evaluate("sheet => sheet.scrollHeight <= sheet.clientHeight")
    printed = page.pdf(prefer_css_page_size=True, print_background=True)
    sizes = re.findall(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", printed)
    assert len(sizes) == 2
    assert all((round(float(w)), round(float(h))) == POINTS[paper] for w, h in sizes)
