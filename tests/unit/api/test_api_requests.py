"""Reading parameters and Accept-like headers, and mapping errors to statuses."""

import pytest
from starlette.requests import Request

from api.errors import BadParameter, NoRun, NoSuchResource, NotAcceptable, RunLoading, Unauthorized
from api.web.links import host_is_sound
from api.web.negotiation import GEOJSON, HTML, JSON, OPENAPI, language, media_type
from api.web.parameters import BBOX, FILTER, FILTER_LANG, FORMAT, LIMIT, OFFSET, Query, filter_of, read_query
from api.web.problems import status_of
from geo.errors import FileProblem, LimitExceeded, Problem, RunDamaged, UnknownName, ValueRejected


def request(query: str = "", **headers: str) -> Request:
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return Request({"type": "http", "method": "GET", "path": "/", "query_string": query.encode(), "headers": raw})


def test_parameters_are_parsed_and_the_rest_kept() -> None:
    query = read_query(request("limit=5&name=%D3%98&offset=0&a=1+2"), [LIMIT, OFFSET, BBOX], others=True)
    assert query == Query({"limit": 5, "offset": 0}, (("name", "Ә"), ("a", "1 2")))
    assert query.get(BBOX) is None


@pytest.mark.parametrize(
    "text",
    ["limit=0", "limit=-1", "limit=abc", "limit=", "limit=1.5", "limit=١", "limit=--1", "offset=-1", "x=1"],
)
def test_refused_parameters(text: str) -> None:
    with pytest.raises(BadParameter):
        read_query(request(text), [LIMIT, OFFSET])


def test_a_limit_of_any_length_is_above_the_maximum_and_not_wrong() -> None:
    assert read_query(request("limit=" + "9" * 5000), [LIMIT]).get(LIMIT) > 10**15
    assert read_query(request(f"limit={7:030}"), [LIMIT]).get(LIMIT) == 7
    with pytest.raises(BadParameter, match="Accepted: 1 or more"):
        read_query(request("limit=-1"), [LIMIT])
    with pytest.raises(BadParameter, match="out of range"):
        read_query(request("offset=" + "9" * 16), [OFFSET])


@pytest.mark.parametrize("text", ["limit=1&limit=1", "name=1&name=2"])
def test_parameter_given_twice_is_refused(text: str) -> None:
    with pytest.raises(BadParameter, match="more than once"):
        read_query(request(text), [LIMIT], others=True)


def test_filter_in_the_language_that_is_asked_for() -> None:
    parameters = [FILTER, FILTER_LANG]
    assert filter_of(read_query(request(""), parameters)) is None
    text = filter_of(read_query(request("filter=a%3D1"), parameters))
    assert text is not None
    assert text.properties == {"a"}
    json = "filter-lang=cql2-json&filter=%7B%22op%22:%22%3D%22,%22args%22:[%7B%22property%22:%22a%22%7D,1]%7D"
    assert filter_of(read_query(request(json), parameters)) == text
    assert filter_of(read_query(request("filter=a%3D1&filter-lang=cql-text"), parameters)) == text
    assert FILTER_LANG.schema["enum"] == ["cql2-text", "cql2-json", "cql-text"]
    with pytest.raises(BadParameter, match="filter-lang"):
        read_query(request("filter=a%3D1&filter-lang=ecql"), parameters)


@pytest.mark.parametrize(
    ("accept", "offered", "expected"),
    [
        ("", [JSON, HTML], JSON),
        ("*/*", [JSON, HTML], JSON),
        ("text/html,application/xhtml+xml,*/*;q=0.8", [JSON, HTML], HTML),
        ("text/html;q=0.1, application/json", [JSON, HTML], JSON),
        ("application/json", [GEOJSON], GEOJSON),
        ("application/vnd.oai.openapi+json;version=3.0", [OPENAPI, HTML], OPENAPI),
        ("text/*", [JSON, HTML], HTML),
        ("application/geo+json;q=0, */*", [GEOJSON, HTML], HTML),
    ],
)
def test_media_type_that_the_client_likes_best(accept: str, offered: list[str], expected: str) -> None:
    assert media_type(request(accept=accept), None, offered) == expected


def test_media_type_that_is_not_there_is_refused() -> None:
    with pytest.raises(NotAcceptable):
        media_type(request(accept="image/png"), None, [GEOJSON])
    with pytest.raises(BadParameter):
        media_type(request(), read_query(request("f=html"), [FORMAT]).get(FORMAT), [GEOJSON])


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("", "kk"),
        ("ru-RU,ru;q=0.9,en;q=0.8", "ru"),
        ("de, en;q=0.5", "en"),
        ("de", "kk"),
        ("ru;q=0.2, en;q=x, kk;q=0.3", "kk"),
    ],
)
def test_language_that_the_client_likes_best(header: str, expected: str) -> None:
    assert language(request(accept_language=header), None) == expected
    assert language(request(accept_language=header), "en") == "en"


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (BadParameter("x", "is wrong"), 400),
        (NoSuchResource("gone"), 404),
        (NotAcceptable("a", "b"), 406),
        (UnknownName(Problem("no")), 404),
        (ValueRejected(Problem("no")), 400),
        (LimitExceeded(Problem("no")), 400),
        (FileProblem(Problem("no")), 400),
        (Unauthorized(), 401),
        (NoRun(), 503),
        (RunLoading(), 503),
        (RunDamaged("no"), 500),
        (KeyError("ours"), 500),
    ],
)
def test_status_of_every_error(error: Exception, status: int) -> None:
    assert status_of(error) == status


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:8000", "[::1]:8000", "geo.example.kz"])
def test_hosts_that_links_may_be_built_from(host: str) -> None:
    assert host_is_sound(host)


@pytest.mark.parametrize("host", ["", "a b", "a/b", '"><script>', "a:b", "a@b", "[::1"])
def test_hosts_that_links_may_not_be_built_from(host: str) -> None:
    assert not host_is_sound(host)
