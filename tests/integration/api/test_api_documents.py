"""What README and docs show, asked of the bundled runs: addresses, filters and settings."""

import re
import shlex
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.app import create_app
from geo.settings import Settings

REPOSITORY = Path(__file__).parents[3]
README = REPOSITORY / "README.md"
DOCUMENTS = (README, *sorted((REPOSITORY / "docs").glob("*.md")))
SERVICE = "http://127.0.0.1:8000"


@pytest.fixture(scope="module")
def client(bundled: Path, connect: Callable[[Any], httpx.Client]) -> Iterator[httpx.Client]:
    with connect(create_app(bundled)) as client:
        yield client


def text_of(path: Path) -> str:
    """A document, the lines of a command that goes on joined."""
    return path.read_text("utf-8").replace("\\\n", " ")


def commands() -> Iterator[tuple[str, dict[str, str]]]:
    """Address and headers of each `curl` that asks the service."""
    for path in DOCUMENTS:
        for line in re.findall(r"^\$ (curl .*)$", text_of(path), re.MULTILINE):
            if SERVICE in line:
                yield asked(shlex.split(line.split(" | ")[0]))


def asked(words: list[str]) -> tuple[str, dict[str, str]]:
    """What a `curl` asks for."""
    url = next(word for word in words if word.startswith(SERVICE))
    query, headers = [], {}
    for option, value in pairwise(words):
        if option == "-d":
            query.append(value)
        elif option == "--data-urlencode":
            name, _, plain = value.partition("=")
            query.append(str(httpx.QueryParams({name: plain})))
        elif option == "-H":
            name, _, plain = value.partition(": ")
            headers[name] = plain
    return url + ("?" + "&".join(query) if query else ""), headers


def addresses() -> Iterator[str]:
    """Addresses of the service outside of commands, and the paths without placeholders that README names."""
    for path in DOCUMENTS:
        rest = re.sub(r"^\$ curl .*$", "", text_of(path), flags=re.MULTILINE)
        for address in re.findall(rf"{SERVICE}[^\s'\"`)]*|GET /[^\s`]*", rest):
            yield address.removeprefix("GET ").rstrip(".,;")
    yield from re.findall(r"`(/[^`{…]*)`", README.read_text("utf-8"))


@pytest.mark.parametrize(("url", "headers"), [pytest.param(*asked, id=asked[0]) for asked in commands()])
def test_a_command_that_is_shown_is_answered(client: httpx.Client, url: str, headers: dict[str, str]) -> None:
    answer = client.get(url, headers=headers)
    assert answer.status_code == 200 or (answer.status_code == 304 and "If-None-Match" in headers), answer.text[:300]


@pytest.mark.parametrize("address", sorted(set(addresses())))
def test_an_address_that_is_named_is_answered(client: httpx.Client, address: str) -> None:
    answer = client.get(address)
    assert answer.status_code == 200, answer.text[:300]


def rows(document: str, heading: str) -> list[list[str]]:
    """The cells of the table under a heading, without its head."""
    part = (REPOSITORY / "docs" / document).read_text("utf-8").partition(f"## {heading}\n")[2].partition("\n## ")[0]
    lines = [line for line in part.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines[2:]]


@pytest.mark.parametrize(("shown", "finds"), rows("filters.md", "By example"))
def test_a_filter_that_is_shown_finds_what_is_said(client: httpx.Client, shown: str, finds: str) -> None:
    answer = client.get("/collections/gaps/items", params={"limit": "1", "filter": shown.strip("`")})
    assert answer.json()["numberMatched"] == int(finds)


@pytest.mark.parametrize(("shown", "told"), rows("filters.md", "What is refused"))
def test_a_filter_that_is_said_to_be_refused_is_refused_with_these_words(
    client: httpx.Client, shown: str, told: str
) -> None:
    answer = client.get("/collections/gaps/items", params={"filter": shown.strip("`")})
    assert answer.status_code == 400
    assert told.split("`")[1].partition("…")[0] in answer.json()["detail"]


def test_every_setting_is_told_with_its_default() -> None:
    def default(value: object) -> str:
        return f"{value:g}" if isinstance(value, float) else str(value or "none")

    told = {name.strip("`"): value.strip("`") for name, value, _ in rows("running.md", "Settings")}
    assert told == {name.upper(): default(field.default) for name, field in Settings.model_fields.items()}
