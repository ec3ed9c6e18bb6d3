"""The query parameters: one function for each, its schema beside it, and one way to read them from a request."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request

from api.errors import BadParameter
from api.features.extent import parse_bbox
from api.features.temporal import parse_datetime
from api.filters.expression import Expression
from api.filters.language import LANGUAGES as FILTER_LANGUAGES
from api.filters.language import TEXT, parse_filter
from api.web.negotiation import FORMATS
from geo.region import LANGUAGES

LIMIT_DEFAULT = 100
_OFFSET_DIGITS = 15


@dataclass(frozen=True)
class Parameter:
    """A query parameter: how its text is read and how OpenAPI describes it."""

    name: str
    parse: Callable[[str], Any]
    schema: Mapping[str, Any]
    description: str


@dataclass(frozen=True)
class Query:
    """The parameters of one request: parsed ones by name, and the rest as (column, text) to filter by."""

    values: Mapping[str, Any] = field(default_factory=dict)
    others: Sequence[tuple[str, str]] = ()

    def get(self, parameter: Parameter, default: Any = None) -> Any:
        """A parameter's parsed value."""
        return self.values.get(parameter.name, default)


def parse_limit(text: str) -> int:
    """Features per page, at least 1; the server lowers what is above its maximum."""
    number = _whole_number("limit", text)
    if number < 1:
        raise BadParameter("limit", "is below 1", "Accepted: 1 or more", text)
    return number


def parse_offset(text: str) -> int:
    """Features to skip, 0 or more."""
    return _whole_number("offset", text)


def parse_run(text: str) -> str:
    """A run's id, ``current``, or a scenario's name; whether it exists the store knows."""
    if not text:
        raise BadParameter("run", "is empty", "Accepted: a run id, 'current' or a scenario's name")
    return text


def parse_language(text: str) -> str:
    """One of the languages there are."""
    return _choice("lang", text, LANGUAGES)


def parse_format(text: str) -> str:
    """A short name of a media type, instead of an Accept header."""
    return _choice("f", text, FORMATS)


def parse_filter_language(text: str) -> str:
    """One of the filter languages."""
    return _choice("filter-lang", text, FILTER_LANGUAGES)


def filter_of(query: "Query") -> Expression | None:
    """What parameters `filter` and `filter-lang` ask for together; None without `filter`.

    Raises
    ------
    BadParameter
        When the filter is not of its language.
    """
    text = query.get(FILTER)
    return None if text is None else parse_filter(text, query.get(FILTER_LANG, TEXT))


def parse_version(text: str) -> str:
    """What makes an asset's address change when its content does; any text."""
    return text


def _whole_number(name: str, text: str) -> int:
    # `isdigit` alone admits digits of other scripts; int() of very long texts is refused by Python
    if not (text.isascii() and text.removeprefix("-").isdigit() and len(text) <= _OFFSET_DIGITS):
        raise BadParameter(name, "is not a whole number", "Accepted: digits only", text)
    number = int(text)
    if number < 0:
        raise BadParameter(name, "is negative", "Accepted: 0 or more", text)
    return number


def _choice(name: str, text: str, choices: Collection[str]) -> str:
    if text not in choices:
        raise BadParameter(name, "has a value that is not known", "Accepted: " + ", ".join(choices), text)
    return text


BBOX = Parameter(
    "bbox",
    parse_bbox,
    {
        "type": "array",
        "oneOf": [{"minItems": 4, "maxItems": 4}, {"minItems": 6, "maxItems": 6}],
        "items": {"type": "number"},
    },
    "Only features that intersect the box west,south,east,north in WGS 84 degrees. West greater than east means a box "
    "across the antimeridian. Features without a geometry are in no box.",
)
DATETIME = Parameter(
    "datetime",
    parse_datetime,
    {"type": "string"},
    "Only features whose date intersects this instant or interval (RFC 3339, open ends as '..'); features without a "
    "date always match.",
)
FILTER = Parameter(
    "filter",
    str,
    {"type": "string"},
    "Only features for which this CQL2 expression is true (OGC 21-065r2), such as population > 100 AND name LIKE 'A%'. "
    "At most 8 KB, nested at most 100 deep.",
)
FILTER_LANG = Parameter(
    "filter-lang",
    parse_filter_language,
    {"type": "string", "enum": list(FILTER_LANGUAGES), "default": TEXT},
    "Language of the filter; 'cql-text' is another name of 'cql2-text'.",
)
LIMIT = Parameter(
    "limit", parse_limit, {"type": "integer", "minimum": 1, "default": LIMIT_DEFAULT}, "Features per page."
)
OFFSET = Parameter("offset", parse_offset, {"type": "integer", "minimum": 0, "default": 0}, "Features to skip.")
RUN = Parameter(
    "run",
    parse_run,
    {"type": "string", "default": "current"},
    "Which result to read: a run's id, 'current', or a scenario's name.",
)
LANG = Parameter("lang", parse_language, {"type": "string", "enum": list(LANGUAGES)}, "Language; else Accept-Language.")
FORMAT = Parameter("f", parse_format, {"type": "string", "enum": list(FORMATS)}, "Media type, stronger than Accept.")
VERSION = Parameter("v", parse_version, {"type": "string"}, "Any text; lets caches keep the file for long.")


def read_query(request: Request, parameters: Sequence[Parameter], *, others: bool = False) -> Query:
    """Parse a request's query string.

    Raises
    ------
    BadParameter
        For a parameter that is given twice, whose value is refused, or, unless `others`, that is not in `parameters`.
    """
    if not request.scope["query_string"]:
        return _EMPTY
    known = {parameter.name: parameter for parameter in parameters}
    values: dict[str, Any] = {}
    rest: dict[str, str] = {}
    for name, text in request.query_params.multi_items():
        if name in values or name in rest:
            raise BadParameter(name, "is given more than once")
        if name in known:
            values[name] = known[name].parse(text)
        elif others:
            rest[name] = text
        else:
            raise unknown_parameter(name, known)
    return Query(values, tuple(rest.items()))


def unknown_parameter(name: str, known: Collection[str]) -> BadParameter:
    """The refusal of a parameter that the resource does not have."""
    return BadParameter(name, "is not known here", "Known: " + ", ".join(known) if known else "There are none here")


_EMPTY = Query()
