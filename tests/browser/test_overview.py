"""The overview page in headless Chromium, served by the real application."""

import json

import geopandas as gpd
import pytest

from geo.access.analysis import analyse
from geo.access.layers import AnalysisInputs
from geo.bundled import data_path
from geo.names import fold
from geo.workspace import Workspace

pytestmark = pytest.mark.browser

HOSTILE = "<img src=x onerror=alert(1)>${alert(1)}"
WIDE = {"width": 1400, "height": 900}
PHONE = {"width": 375, "height": 667}
LANGUAGES = ("kk", "ru", "en")
READY = "html[data-state=ready]"


def visit(page, address, language="en", run="current", fragment=""):
    page.goto(f"{address}/maps/overview?lang={language}&run={run}{fragment}")
    page.wait_for_selector(READY)


def view(page):
    return page.evaluate("(({lat, lon, zoom}) => [lat, lon, zoom].map(Number))(document.getElementById('map').dataset)")


def opened(page):
    return page.get_attribute("#map", "data-open")


def located_row(page):
    return page.locator("#gap-table tbody tr:not(:has(.tag))").nth(4)


@pytest.fixture(scope="session")
def features(live_server, browser_context):
    answer = browser_context.request.get(f"{live_server}/collections/settlements/items?limit=1000").json()
    return {feature["properties"]["kato"]: feature for feature in answer["features"]}


@pytest.mark.parametrize("language", LANGUAGES)
def test_page_loads_without_complaint_or_foreign_request(page, watch, live_server, language):
    visit(page, live_server, language)
    assert page.get_attribute("html", "lang") == language
    assert page.locator("#gap-table tbody tr").count() == 321
    assert page.locator("#notice").is_hidden()
    assert watch.hosts == {"127.0.0.1"}


@pytest.mark.parametrize("query", ["Қарақобда", "Карахобда", "Qaraqobda", "karakobda"])
def test_search_finds_a_village_by_its_spellings(page, live_server, features, query):
    visit(page, live_server, "kk")
    page.fill("#search", query)
    first = page.locator("#suggestions [role=option]").first
    assert features[first.get_attribute("data-kato")]["properties"]["name_kk"] == "Қарақобда"
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    kato = opened(page)
    assert features[kato]["properties"]["name_kk"] == "Қарақобда"
    lon, lat = features[kato]["geometry"]["coordinates"]
    assert view(page)[0] == pytest.approx(lat, abs=0.6)
    assert view(page)[1] == pytest.approx(lon, abs=0.6)
    assert page.locator(".leaflet-popup .place-card h2").inner_text() == "Қарақобда"


def test_search_finds_a_place_without_position_and_says_so(page, live_server, features):
    placeless = next(f["properties"] for f in features.values() if f["geometry"] is None and f["properties"]["name_en"])
    visit(page, live_server)
    page.fill("#search", placeless["kato"])
    option = page.locator("#suggestions [role=option]").first
    assert "no position" in option.inner_text()
    option.click()
    assert opened(page) == placeless["kato"]
    assert "position of this settlement is not known" in page.locator(".place-card").inner_text()


def test_search_says_when_nothing_is_found(page, live_server):
    visit(page, live_server)
    page.fill("#search", "zzzzqqqq")
    assert page.locator("#suggestions").inner_text() == "No settlement of that name"
    assert page.locator("#search-status").inner_text() == "No settlement of that name"


def test_scripts_fold_names_as_the_library_does(page, live_server):
    rows = gpd.read_file(data_path("boundaries", "settlements.geojson"), ignore_geometry=True)
    names = sorted({name for column in ("name_kk", "name_ru", "name_en") for name in rows[column].dropna()})
    names += ["ШОҚҚАЙЫҢ", "Şoqqaiyñ", "Щучье", "Straße", "x²", "İstanbul", "и\u0306од", " — ", HOSTILE]
    visit(page, live_server)
    folded = page.evaluate(
        "async ([address, names]) => { const { fold } = await import(address); return names.map(fold); }",
        [f"{live_server}/maps/assets/shalgai/fold.js", names],
    )
    assert dict(zip(names, folded, strict=True)) == {name: fold(name) for name in names}


def test_row_click_moves_the_map_and_opens_the_card(page, live_server, features):
    visit(page, live_server)
    before = view(page)
    row = located_row(page)
    row.click()
    kato = row.get_attribute("data-kato")
    after = view(page)
    lon, lat = features[kato]["geometry"]["coordinates"]
    assert after != before
    assert abs(after[0] - lat) < abs(before[0] - lat)
    assert after[1] == pytest.approx(lon, abs=0.6)
    assert opened(page) == kato
    assert row.get_attribute("aria-current") == "true"
    card = page.locator(".leaflet-popup .place-card")
    assert card.locator(".card-parts li").count() == 5
    frame, box = page.locator("#map").bounding_box(), card.bounding_box()
    assert box["y"] >= frame["y"]
    assert box["y"] + box["height"] <= frame["y"] + frame["height"]


def test_rows_are_worked_by_keyboard(page, live_server):
    visit(page, live_server)
    first = page.locator("#gap-table tbody tr").first
    first.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    second = page.locator("#gap-table tbody tr").nth(1).get_attribute("data-kato")
    assert opened(page) == second
    assert page.evaluate("document.activeElement.className") == "place-card"
    page.keyboard.press("Escape")
    assert opened(page) is None
    assert page.evaluate("document.activeElement.dataset.kato") == second


def test_columns_sort(page, live_server, features):
    visit(page, live_server)
    people = page.locator("th[data-sort=people]")
    people.locator("button").click()
    assert people.get_attribute("aria-sort") == "ascending"
    shown = page.eval_on_selector_all("#gap-table tbody tr", "rows => rows.map((row) => row.dataset.kato)")
    populations = [features[kato]["properties"]["population"] for kato in shown]
    assert populations == sorted(populations, reverse=True)


def test_marker_click_opens_its_card(page, live_server, features):
    visit(page, live_server)
    located_row(page).click()
    page.keyboard.press("Escape")
    kato = located_row(page).get_attribute("data-kato")
    page.locator(".card-close").click()
    assert opened(page) is None
    frame = page.locator("#map").bounding_box()
    lon, lat = features[kato]["geometry"]["coordinates"]
    x, y = page.evaluate(
        """([lat, lon]) => {
            const { lat: cy, lon: cx, zoom } = document.getElementById('map').dataset;
            const project = (y, x) => L.CRS.EPSG3857.latLngToPoint(L.latLng(Number(y), Number(x)), Number(zoom));
            const d = project(lat, lon).subtract(project(cy, cx));
            return [d.x, d.y];
        }""",
        [lat, lon],
    )
    page.mouse.click(frame["x"] + frame["width"] / 2 + x, frame["y"] + frame["height"] / 2 + y)
    assert opened(page) == kato


def test_a_click_between_settlements_tells_of_the_district(page, live_server):
    visit(page, live_server, run="okrug-centres")
    # the south of Bayganin district is empty
    place = page.locator(".map-label.is-district", has_text="Bayganin").bounding_box()
    page.mouse.click(place["x"] + place["width"] / 2, place["y"] + 80)
    page.wait_for_selector(".place-card")
    assert page.locator(".place-card dt").count() == 4


@pytest.mark.parametrize("language", LANGUAGES)
def test_scenario_is_labelled_wherever_the_reader_scrolls(page, live_server, language):
    page.set_viewport_size(PHONE)
    visit(page, live_server, language, "okrug-centres")
    label = page.locator("#scenario-label")
    text = label.inner_text()
    assert len(text) > 20
    page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
    box = label.bounding_box()
    assert box["y"] == pytest.approx(0, abs=1)
    link = page.locator(".languages a").first
    assert "run=okrug-centres" in link.get_attribute("href")


def test_published_evidence_carries_no_scenario_label(page, live_server):
    visit(page, live_server)
    assert page.locator("#scenario-label").count() == 0


def test_coverage_layers_switch_on_and_off(page, live_server):
    visit(page, live_server, run="okrug-centres")
    areas = page.locator(".leaflet-coverage-pane path")
    assert areas.count() == 0
    page.check("input[data-layer=coverage_4g]")
    areas.first.wait_for(state="attached")
    page.uncheck("input[data-layer=coverage_4g]")
    areas.first.wait_for(state="detached")


def test_language_switch_keeps_the_open_place(page, live_server):
    visit(page, live_server, "en")
    row = located_row(page)
    row.click()
    kato, where = row.get_attribute("data-kato"), view(page)
    page.locator(".languages a[lang=ru]").click()
    page.wait_for_selector(f"html[lang=ru]{READY.removeprefix('html')}")
    assert opened(page) == kato
    assert view(page)[2] == where[2]


def test_state_survives_a_reload(page, live_server):
    visit(page, live_server)
    located_row(page).click()
    kato = opened(page)
    page.reload()
    page.wait_for_selector(READY)
    assert opened(page) == kato


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("run", ["current", "okrug-centres"])
def test_phone_has_no_horizontal_scroll(page, live_server, language, run):
    page.set_viewport_size(PHONE)
    visit(page, live_server, language, run)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    located_row(page).click()
    page.wait_for_selector("#dock .place-card")
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


@pytest.fixture(scope="session")
def hostile_server(tmp_path_factory, serve):
    """A run whose settlements and districts have hostile names in every column of text."""
    folder = tmp_path_factory.mktemp("hostile")
    paths = {}
    for kind in ("settlements", "districts"):
        layer = json.loads(data_path("boundaries", f"{kind}.geojson").read_text("utf-8"))
        for feature in layer["features"]:
            names = dict.fromkeys(("name_kk", "name_ru", "name_en"), HOSTILE)
            feature["properties"].update(names, position_source=HOSTILE)
        paths[kind] = folder / f"{kind}.geojson"
        paths[kind].write_text(json.dumps(layer), "utf-8")
    root = folder / "workspace"
    analyse(AnalysisInputs(settlements=paths["settlements"], boundaries=paths["districts"]), Workspace(root))
    with serve(root) as address:
        yield address


@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
def test_hostile_names_execute_nothing(page, watch, hostile_server, size):
    page.set_viewport_size(size)
    visit(page, hostile_server)
    row = located_row(page)
    assert HOSTILE in row.inner_text()
    row.click()
    assert page.locator(".place-card h2").inner_text() == HOSTILE
    page.fill("#search", "onerror")
    page.locator("#suggestions [role=option]").first.hover()
    assert HOSTILE in page.locator("#suggestions").inner_text()
    page.locator("#suggestions [role=option]").first.click()
    page.locator(".card-close").click()
    frame = page.locator("#map").bounding_box()
    page.mouse.click(frame["x"] + frame["width"] / 2, frame["y"] + frame["height"] * 0.6)
    page.mouse.move(frame["x"] + frame["width"] / 2, frame["y"] + frame["height"] * 0.8)
    assert page.locator("img").count() == 0
    assert watch.dialogs == []
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]


def test_page_says_when_the_data_cannot_be_had(page, watch, live_server):
    page.route("**/collections/**", lambda route: route.fulfill(status=503, body="{}"))
    page.goto(f"{live_server}/maps/overview?lang=en")
    page.wait_for_selector("html[data-state=failed]")
    assert page.locator("#notice").inner_text() == "The data could not be loaded"
    assert watch.complaints
    watch.complaints.clear()
