"""Hostile texts in every column of text, on every page: nothing runs, the layout holds."""

import pytest

pytestmark = pytest.mark.browser

PHONE = {"width": 375, "height": 667}
PAGES = (
    "/maps/overview?lang=ru",
    "/embed/overview?lang=ru",
    "/maps/print?lang=ru",
    "/maps/coverage?lang=ru",
    "/maps/compare?lang=ru&with=hostile",
    "/settlements/153243200?lang=ru&f=html&run=hostile",
    "/districts/153600000?lang=ru&f=html",
)
START = "<img src=x onerror=alert(1)>"


def holds(page):
    """Whether nothing was made of the texts, and nothing is wider than the window."""
    assert page.locator("img").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    main = page.locator("main")
    assert main.evaluate("main => main.getBoundingClientRect().height >= 300")


@pytest.mark.parametrize("path", PAGES)
def test_hostile_texts_execute_nothing(page, made_server, picture, path):
    page.goto(made_server + path)
    if "coverage" in path:
        page.locator("tbody a").first.click()
    if "f=html" not in path:
        page.wait_for_selector("html[data-state=ready]")
    assert START in page.locator("body").inner_text()
    holds(page)
    picture("wide")
    page.set_viewport_size(PHONE)
    if "print" not in path:
        holds(page)


def test_hostile_names_in_search_and_cards(page, made_server, picture):
    page.goto(f"{made_server}/maps/overview?lang=ru")
    page.wait_for_selector("html[data-state=ready]")
    page.locator("#settlement-table tbody tr:not(:has(.tag))").first.click()
    assert page.locator(".place-card h2").inner_text().startswith(START)
    picture("card")
    page.fill("#search", "onerror")
    assert START in page.locator("#suggestions").inner_text()
    page.locator("#suggestions [role=option]").first.click()
    page.locator(".card-close").click()
    frame = page.locator("#map").bounding_box()
    page.mouse.click(frame["x"] + frame["width"] / 2, frame["y"] + frame["height"] * 0.6)
    page.mouse.move(frame["x"] + frame["width"] / 2, frame["y"] + frame["height"] * 0.8)
    holds(page)
