"""The overview in headless Chromium: map, table, search, filter, and an address that brings them back."""

from urllib.parse import parse_qs, urlsplit

import geopandas as gpd
import pytest

from geo.bundled import data_path
from geo.names import fold
from maps.i18n import get_language

pytestmark = pytest.mark.browser

PHONE = {"width": 375, "height": 667}
READY = "html[data-state=ready]"
BAYGANIN = "153600000"


def visit(page, address, language="en", run="current", query=""):
    page.goto(f"{address}/maps/overview?lang={language}&run={run}{query}")
    page.wait_for_selector(READY)


def view(page):
    return page.evaluate("(({lat, lon, zoom}) => [lat, lon, zoom].map(Number))(document.getElementById('map').dataset)")


def opened(page):
    return page.get_attribute("#map", "data-open")


def rows(page):
    return page.locator("#settlement-table tbody tr")


def located_row(page):
    return page.locator("#settlement-table tbody tr:not(:has(.tag))").nth(4)


def click_at(page, feature):
    """Click where the map shows a settlement."""
    frame = page.locator("#map").bounding_box()
    lon, lat = feature["geometry"]["coordinates"]
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


def asked(address):
    return {key: values[0] for key, values in parse_qs(urlsplit(address).query).items()}


def test_search_finds_a_village_by_its_spellings(page, live_server, features):
    visit(page, live_server, "kk")
    for query in ("Қарақобда", "Карахобда", "Qaraqobda", "karakobda"):
        page.fill("#search", query)
        first = page.locator("#suggestions [role=option]").first
        assert features[first.get_attribute("data-kato")]["properties"]["name_kk"] == "Қарақобда"
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    kato = opened(page)
    lon, lat = features[kato]["geometry"]["coordinates"]
    assert view(page)[:2] == [pytest.approx(lat, abs=0.6), pytest.approx(lon, abs=0.6)]
    assert page.locator(".leaflet-popup .place-card h2").inner_text() == "Қарақобда"
    assert asked(page.url)["q"] == "Қарақобда"
    page.fill("#search", "zzzzqqqq")
    assert page.locator("#search-status").inner_text() == page.locator("#suggestions").inner_text() != ""


def test_search_finds_a_place_without_position_and_says_so(page, live_server, features):
    placeless = next(f["properties"] for f in features.values() if f["geometry"] is None and f["properties"]["name_en"])
    visit(page, live_server)
    page.fill("#search", placeless["kato"])
    option = page.locator("#suggestions [role=option]").first
    assert "no position" in option.inner_text()
    option.click()
    assert opened(page) == placeless["kato"]
    assert "position of this settlement is not known" in page.locator(".place-card").inner_text()


def test_scripts_fold_names_as_the_library_does(page, live_server):
    table = gpd.read_file(data_path("boundaries", "settlements.geojson"), ignore_geometry=True)
    names = sorted({name for column in ("name_kk", "name_ru", "name_en") for name in table[column].dropna()})
    names += ["ШОҚҚАЙЫҢ", "Şoqqaiyñ", "Щучье", "Straße", "x²", "İstanbul", "и\u0306од", " — ", "<img src=x>${a}"]
    visit(page, live_server)
    folded = page.evaluate(
        "async ([address, names]) => { const { fold } = await import(address); return names.map(fold); }",
        [f"{live_server}/maps/assets/shalgai/fold.js", names],
    )
    assert dict(zip(names, folded, strict=True)) == {name: fold(name) for name in names}


def test_scripts_round_as_the_library_does(page, live_server):
    visit(page, live_server)
    values = [484.5, 485.5, 0.5, -1.5, 2.4999, 1234.5]
    said = page.evaluate(
        "async ([address, all]) => { const { number } = await import(address); return all.map((one) => number(one)); }",
        [f"{live_server}/maps/assets/shalgai/i18n.js", values],
    )
    assert said == [get_language("en").whole(value) for value in values]


def test_rows_are_worked_by_mouse_and_keyboard(page, live_server, features):
    visit(page, live_server)
    before = view(page)
    row = located_row(page)
    row.click()
    kato = row.get_attribute("data-kato")
    lon, _ = features[kato]["geometry"]["coordinates"]
    assert view(page) != before
    assert view(page)[1] == pytest.approx(lon, abs=0.6)
    assert opened(page) == kato
    assert row.get_attribute("aria-current") == "true"
    card = page.locator(".leaflet-popup .place-card")
    assert card.locator(".card-parts li").count() == 5
    frame, box = page.locator("#map").bounding_box(), card.bounding_box()
    assert frame["y"] <= box["y"]
    assert box["y"] + box["height"] <= frame["y"] + frame["height"]
    # once more by keyboard
    rows(page).first.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    second = rows(page).nth(1).get_attribute("data-kato")
    assert opened(page) == second
    assert page.evaluate("document.activeElement.className") == "place-card"
    page.keyboard.press("Escape")
    assert opened(page) is None
    assert page.evaluate("document.activeElement.dataset.kato") == second
    people = page.locator("th[data-sort=people]")
    people.locator("button").click()
    assert people.get_attribute("aria-sort") == "ascending"
    shown = page.eval_on_selector_all("#settlement-table tbody tr", "rows => rows.map((row) => row.dataset.kato)")
    populations = [features[kato]["properties"]["population"] for kato in shown]
    assert populations == sorted(populations, reverse=True)
    assert len(shown) == 328


def test_clicks_on_the_map_open_a_settlement_or_its_district(page, live_server, features):
    visit(page, live_server)
    located_row(page).click()
    kato = opened(page)
    page.locator(".card-close").click()
    assert opened(page) is None
    click_at(page, features[kato])
    assert opened(page) == kato
    page.locator(".card-close").click()
    page.locator(".home-button").click()
    # the south of Bayganin district is empty
    place = page.locator(".map-label.is-district", has_text="Bayganin").bounding_box()
    page.mouse.click(place["x"] + place["width"] / 2, place["y"] + 100)
    assert page.locator(".place-card dt").count() == 4


def test_filter_acts_on_map_table_legend_downloads_and_print_alike(page, live_server, features, picture):
    visit(page, live_server)
    page.select_option("#filter-district", BAYGANIN)
    page.select_option("#filter-class", "unserved")
    wanted = {
        kato
        for kato, feature in features.items()
        if (feature["properties"]["district_kato"], feature["properties"]["service_class"]) == (BAYGANIN, "unserved")
    }
    shown = page.eval_on_selector_all("#settlement-table tbody tr", "rows => rows.map((row) => row.dataset.kato)")
    assert set(shown) == wanted
    assert f"Settlements: {len(wanted)};" in page.locator("#list-count").inner_text()
    assert page.locator("li[data-symbol=unserved] .count").inner_text() == str(len(wanted))
    assert page.locator("li[data-symbol=unknown] .count").inner_text() == "0"
    hidden = next(f for f in features.values() if f["properties"]["name_en"] == "Qarazhar")
    click_at(page, hidden)
    assert page.locator(".place-card").count() == 1
    assert opened(page) is None
    page.keyboard.press("Escape")
    filtered = {"district_kato": BAYGANIN, "service_class": "unserved"}
    page.locator("summary", has_text="Download").click()
    picture("download")
    links = page.eval_on_selector_all("#downloads a[data-format]", "links => links.map((link) => link.href)")
    assert {asked(link)["f"] for link in links} == {"csv", "xlsx", "gpkg", "geojson"}
    assert all(filtered.items() <= asked(link).items() for link in links)
    geojson = next(link for link in links if "f=geojson" in link)
    assert "/collections/gaps/items?" in geojson
    answer = page.request.get(geojson).json()
    assert {feature["properties"]["kato"] for feature in answer["features"]} == wanted
    page.locator("summary", has_text="Share").click()
    picture("share")
    code = page.locator("#embed-code").input_value()
    assert code.startswith('<iframe src="http')
    assert f"&amp;district={BAYGANIN}&amp;" in code
    assert "&amp;class=unserved" in code
    page.locator("summary", has_text="Download").click()
    page.locator("#downloads a[data-keep-state]").click()
    page.wait_for_selector(READY)
    assert "/maps/print" in page.url
    assert page.locator(".sheet-table tbody tr").count() == len(wanted)
    assert "Bayganin" in page.locator(".chosen").inner_text()


def test_address_brings_the_choices_back(page, live_server):
    visit(page, live_server)
    start = view(page)
    page.select_option("#filter-class", "unserved")
    page.select_option("#filter-district", BAYGANIN)
    narrowed, where = rows(page).count(), view(page)
    assert narrowed < 5
    assert where != start
    rows(page).first.click()
    kato = opened(page)
    page.reload()
    page.wait_for_selector(READY)
    assert opened(page) == kato
    assert rows(page).count() == narrowed
    page.go_back()
    assert opened(page) is None
    assert view(page) == where
    page.go_back()
    assert page.input_value("#filter-district") == ""
    assert page.input_value("#filter-class") == "unserved"
    page.go_forward()
    page.go_forward()
    assert opened(page) == kato
    here = view(page)
    page.locator(".languages a[lang=ru]").click()
    page.wait_for_selector("html[lang=ru][data-state=ready]")
    assert opened(page) == kato
    assert page.input_value("#filter-class") == "unserved"
    assert view(page)[2] == here[2]
    page.locator("#filter-clear").click()
    assert rows(page).count() == 328
    assert set(asked(page.url)) == {"lang", "run", "at"}


def test_filters_that_the_address_misspells_are_refused(page, live_server):
    for query in ("class=good", "at=here", "technology=6g", "paper=a3"):
        answer = page.request.get(f"{live_server}/maps/print?{query}")
        assert answer.status == 400
        assert "Accepted" in answer.json()["detail"]


def test_coverage_layers_switch_on_and_off(page, live_server):
    visit(page, live_server, run="okrug-centres")
    areas = page.locator(".leaflet-coverage-pane path")
    assert areas.count() == 0
    page.check("input[data-layer=coverage_4g]")
    areas.first.wait_for(state="attached")
    assert asked(page.url)["layers"] == "coverage_4g"
    page.go_back()
    areas.first.wait_for(state="detached")
    assert not page.is_checked("input[data-layer=coverage_4g]")


def test_phone_docks_the_card_and_keeps_the_scenario_label(page, live_server, picture):
    page.set_viewport_size(PHONE)
    visit(page, live_server, "ru", "okrug-centres")
    located_row(page).click()
    page.wait_for_selector("#dock .place-card")
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    picture("card")
    page.locator(".card-close").click()
    page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
    label = page.locator("#scenario-label")
    assert len(label.inner_text()) > 20
    assert label.bounding_box()["y"] == pytest.approx(0, abs=1)


def test_ten_thousand_settlements_still_pan(page, made_server):
    visit(page, made_server, run="crowded")
    assert rows(page).count() == 500
    assert page.evaluate("performance.now()") < 8000
    page.locator("#pager-on").click()
    assert int(rows(page).first.locator(".c-rank").inner_text().split()[0]) > 500
    box = page.locator("#map").bounding_box()
    page.evaluate(
        """() => {
            window.frames_ = [];
            let last = performance.now();
            const note = (now) => { frames_.push(now - last); last = now; requestAnimationFrame(note); };
            requestAnimationFrame(note);
        }"""
    )
    page.mouse.move(box["x"] + 400, box["y"] + 300)
    page.mouse.down()
    for step in range(20):
        page.mouse.move(box["x"] + 400 + 8 * step, box["y"] + 300 + 4 * step)
    page.mouse.up()
    frames = sorted(page.evaluate("frames_"))
    assert frames[len(frames) // 2] < 150


def test_page_says_when_the_data_cannot_be_had(page, watch, live_server):
    page.route("**/collections/**", lambda route: route.fulfill(status=503, body="{}"))
    page.goto(f"{live_server}/maps/overview?lang=en")
    page.wait_for_selector("html[data-state=failed]")
    assert page.locator("#notice").inner_text() == "The data could not be loaded"
    assert watch.complaints
    watch.complaints.clear()
