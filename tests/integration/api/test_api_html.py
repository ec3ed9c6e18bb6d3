"""The HTML representations: languages, label, credits, escaping, links that work."""

import re
from html.parser import HTMLParser
from urllib.parse import urljoin

import httpx
import pytest

PATHS = (
    "/",
    "/api",
    "/conformance",
    "/collections",
    "/collections/gaps",
    "/collections/settlements/items",
    "/collections/settlements/items/900000003",
    "/collections/gaps/queryables",
    "/collections/gaps/sortables",
    "/collections/gaps/schema",
)
VOID = ("meta", "link", "br", "path")
LANGUAGES = ("kk", "ru", "en")


class Page(HTMLParser):
    """Elements, links and text of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert tag in VOID or self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)

    def hrefs(self, tag: str = "a") -> list[str]:
        return [str(attributes["href"]) for name, attributes in self.elements if name == tag]


def load(client: httpx.Client, url: str) -> Page:
    answer = client.get(url, headers={"Accept": "text/html"})
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    return Page(answer.text)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("path", PATHS)
def test_page_is_in_its_language_and_well_formed(client: httpx.Client, path: str, language: str) -> None:
    answer = client.get(path, params={"lang": language}, headers={"Accept": "text/html,*/*;q=0.5"})
    page = Page(answer.text)
    assert page.open == []
    assert dict(page.elements)["html"] == {"lang": language}
    assert answer.headers["content-language"] == language
    assert "Accept-Language" in answer.headers["vary"]
    assert not {"script", "style"} & {tag for tag, _ in page.elements}
    assert not [a for _, a in page.elements if any(name.startswith("on") or name == "style" for name in a)]
    assert "built-in" not in answer.text
    assert [tag for tag, _ in page.elements].count("h1") == 1


def test_languages_differ_by_the_accept_language_header(client: httpx.Client) -> None:
    texts = {
        client.get("/collections/gaps/items", headers={"Accept": "text/html", "Accept-Language": tag}).text
        for tag in LANGUAGES
    }
    assert len(texts) == 3


def test_links_of_pages_lead_to_pages_and_files(client: httpx.Client) -> None:
    queue, seen = ["http://test.example:8000/?f=html&lang=en"], set()
    while queue and len(seen) < 25:
        url = queue.pop(0)
        seen.add(url)
        page = load(client, url)
        for href in (*page.hrefs()[:30], *page.hrefs("link")):
            target = urljoin(url, href)
            assert target.startswith("http://test.example:8000/")
            if target in seen or target in queue:
                continue
            answer = client.get(target)
            assert answer.status_code == 200, (url, target)
            if answer.headers["content-type"].startswith("text/html") and "/maps/" not in target:
                queue.append(target)
    assert len(seen) == 25


def test_hostile_names_are_text(client: httpx.Client) -> None:
    for url in (
        "/collections/settlements/items?f=html&lang=ru&limit=10",
        "/collections/settlements/items/900000003?f=html&lang=ru",
        "/collections/settlements/items?f=html&name_ru=%3Cscript%3Ealert(1)%3C%2Fscript%3E%22%3E%3Cimg%20src=x%20onerror=1%3E",
        "/collections/settlements/items?f=html&name_ru=%22%3E%3Cscript%3E",
    ):
        page = load(client, url)
        assert page.open == []
        assert "img" not in {tag for tag, _ in page.elements}
        assert "script" not in {tag for tag, _ in page.elements}
    assert any(
        "<img src=x onerror=alert(1)>" in text
        for text in load(client, "/collections/settlements/items?f=html&lang=ru").text
    )


@pytest.mark.parametrize(
    "path", ["/collections", "/collections/gaps", "/collections/gaps/items", "/collections/gaps/queryables"]
)
def test_scenario_label_and_credits_are_shown(client: httpx.Client, path: str) -> None:
    scenario = client.get(path, params={"f": "html", "lang": "en", "run": "okrug-centres"}).text
    assert "Scenario, not observed" in scenario
    assert "Made up" in scenario
    assert "Scenario, not observed" not in client.get(path, params={"f": "html", "lang": "en"}).text
    for href in Page(scenario).hrefs():
        if "/collections" in href:
            assert "run=okrug-centres" in href


def test_page_of_features_shows_the_page_and_its_filters(client: httpx.Client) -> None:
    url = "/collections/gaps/items?f=html&lang=en&limit=7&offset=7&service_class=unserved&sortby=-population"
    page = load(client, url)
    data = client.get(url.replace("f=html", "f=json")).json()
    text = " ".join(page.text)
    assert f"8–14 of {data['numberMatched']}" in text
    shown = re.findall(r"/collections/gaps/items/(\d+)\?", " ".join(page.hrefs()))
    assert shown == [feature["id"] for feature in data["features"]]
    assert {"unserved", "-population"} <= {part.strip() for part in page.text}
    rels = {a.get("rel"): a["href"] for tag, a in page.elements if tag == "a" and a.get("rel")}
    assert set(rels) == {"next", "prev"}
    assert "service_class=unserved" in str(rels["next"])
    assert "offset=14" in str(rels["next"])


def test_page_without_features_says_so(client: httpx.Client) -> None:
    assert "No feature matches" in client.get("/collections/gaps/items?f=html&lang=en&service_class=served").text
    assert client.get("/collections/gaps/items?f=html&offset=100000").status_code == 200


def test_feature_page_shows_position_in_the_system_asked_for(client: httpx.Client) -> None:
    page = client.get("/collections/sites/items/S1%2F1?f=html&lang=en&crs=[EPSG:4326]").text
    assert "-14.5, 172" in page
    assert "latitude" in page
    unplaced = client.get("/collections/settlements/items/900000000?f=html&lang=en").text
    assert "Position not known" in unplaced


def test_map_is_not_an_answer_of_items(client: httpx.Client) -> None:
    refused = client.get("/collections/gaps/items", headers={"Accept": "image/png"})
    assert refused.status_code == 406
    assert "application/geo+json" in refused.json()["detail"]
    assert "text/html" in refused.json()["detail"]
