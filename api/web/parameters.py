"""The query parameters: one function for each, its schema beside it, and one way to read them from a request."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request

from api.errors import BadParameter
from api.features.crs import CRS84, SERVED_CRS, ServedCrs, crs_of_name
from api.features.extent import parse_bbox
from api.features.ordering import parse_sortby
from api.features.temporal import parse_datetime
from api.filters.expression import Expression
from api.filters.language import LANGUAGES as FILTER_LANGUAGES
from api.filters.language import TEXT, parse_filter
from api.web.negotiation import FORMATS
from geo.region import LANGUAGES

LIMIT_DEFAULT = 100
_OFFSET_MAX = 10**15 - 1
_LONGEST_NUMBER = 20


@dataclass(frozen=True)
class Parameter:
    """A query parameter: how its text is read and how OpenAPI describes it; the operation sees to a `required` one."""

    name: str
    parse: Callable[[str], Any]
    schema: Mapping[str, Any]
    description: str
    example: Any = None
    required: bool = False


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
    number = _whole_number("offset", text)
    if not 0 <= number <= _OFFSET_MAX:
        raise BadParameter("offset", "is out of range", f"Accepted: 0 to {_OFFSET_MAX}", text)
    return number


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


def parse_properties(text: str) -> tuple[str, ...]:
    """Names of properties; which there are the collection knows."""
    names = tuple(text.split(","))
    if not all(names):
        raise BadParameter("properties", "names no property", "Accepted: names separated by commas", text)
    if len(set(names)) < len(names):
        raise BadParameter("properties", "names a property more than once", "Accepted: each name once", text)
    return names


def parse_filter_language(text: str) -> str:
    """One of the filter languages."""
    return _choice("filter-lang", text, FILTER_LANGUAGES)


def filter_of(query: Query, names: Iterable[str] = ()) -> Expression | None:
    """What parameters `filter` and `filter-lang` ask for together, of properties of these names; None without `filter`.

    Raises
    ------
    BadParameter
        When the filter is not of its language.
    """
    text = query.get(FILTER)
    return None if text is None else parse_filter(text, query.get(FILTER_LANG, TEXT), names=names)


def parse_crs(name: str) -> Callable[[str], ServedCrs]:
    """The reader of a parameter that names a coordinate reference system by URI, URN or safe CURIE."""

    def parse(text: str) -> ServedCrs:
        found = crs_of_name(text)
        if found is None:
            raise BadParameter(
                name, "names a coordinate reference system that is not served", "Served: " + ", ".join(SERVED_CRS), text
            )
        return found

    return parse


def parse_version(text: str) -> str:
    """What makes an asset's address change when its content does; any text."""
    return text


def _whole_number(name: str, text: str) -> int:
    # `isdigit` alone admits digits of other scripts
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdigit()):
        raise BadParameter(name, "is not a whole number", "Accepted: digits only", text)
    # Python refuses to read very long texts: what has more digits than any count is above every maximum anyway
    number = int(digits.lstrip("0")[:_LONGEST_NUMBER] or "0")
    return -number if text.startswith("-") else number


def _choice(name: str, text: str, choices: Collection[str]) -> str:
    if text not in choices:
        raise BadParameter(name, "has a value that is not known", "Accepted: " + ", ".join(choices), text)
    return text


_CRS_SCHEMA = {
    "type": "string",
    "enum": [*SERVED_CRS, *(f"[{crs.authority}:{crs.code}]" for crs in SERVED_CRS.values())],
    "default": CRS84.uri,
}

_MOMENT = (
    r"[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
    r"([Tt]([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]+)?([Zz]|[+-]([01][0-9]|2[0-3]):[0-5][0-9]))?"
)
_NAMES_SCHEMA = {
    "type": "array",
    "items": {"type": "string", "pattern": "^[^,]+$"},
    "minItems": 1,
    "uniqueItems": True,
}

BBOX = Parameter(
    "bbox",
    parse_bbox,
    {
        "type": "array",
        "oneOf": [{"minItems": 4, "maxItems": 4}, {"minItems": 6, "maxItems": 6}],
        "items": {"type": "number"},
    },
    "Only features that intersect the box west,south,east,north in WGS 84 degrees, or in the axis order of 'bbox-crs'. "
    "West greater than east means a box across the antimeridian. Features without a geometry are in no box.",
    [56.0, 49.0, 59.0, 51.0],
)
BBOX_CRS = Parameter(
    "bbox-crs",
    parse_crs("bbox-crs"),
    _CRS_SCHEMA,
    "Coordinate reference system of 'bbox', one of the collection's list.",
    "http://www.opengis.net/def/crs/EPSG/0/32640",
)
CRS = Parameter(
    "crs",
    parse_crs("crs"),
    _CRS_SCHEMA,
    "Coordinate reference system of the geometries in the answer, one of the collection's list.",
    "http://www.opengis.net/def/crs/EPSG/0/3857",
)
DATETIME = Parameter(
    "datetime",
    parse_datetime,
    {"type": "string", "pattern": rf"^({_MOMENT}|({_MOMENT}|\.\.)?/({_MOMENT}|\.\.)?)$"},
    "Only features whose date intersects this instant or interval (RFC 3339, open ends as '..'); features without a "
    "date always match.",
    "2025-01-01T00:00:00Z/..",
)
FILTER = Parameter(
    "filter",
    str,
    {"type": "string", "minLength": 1, "maxLength": 8192},
    "Only features for which this CQL2 expression over the queryables is true (OGC 21-065r2); at most 8 KB, nested at "
    "most 100 deep.",
    "population > 100 AND service_class = 'unserved'",
)
FILTER_LANG = Parameter(
    "filter-lang",
    parse_filter_language,
    {"type": "string", "enum": list(FILTER_LANGUAGES), "default": TEXT},
    "Language of the filter; 'cql-text' is 'cql2-text' with ILIKE as well, which GDAL sends.",
)
FILTER_CRS = Parameter(
    "filter-crs",
    parse_crs("filter-crs"),
    _CRS_SCHEMA,
    "Coordinate reference system of the geometries in 'filter', one of the collection's list.",
    "http://www.opengis.net/def/crs/EPSG/0/4326",
)
PROPERTIES = Parameter(
    "properties",
    parse_properties,
    _NAMES_SCHEMA,
    "Only these properties, separated by commas; the id and the geometry are always there.",
    ["name_kk", "population"],
)
SORTBY = Parameter(
    "sortby",
    parse_sortby,
    _NAMES_SCHEMA,
    "Order by these properties, separated by commas, each with '+' (or nothing) for ascending or '-' for descending; "
    "text by code point, features without a value last.",
    ["-population", "+name_kk"],
)
LIMIT = Parameter(
    "limit",
    parse_limit,
    {"type": "integer", "minimum": 1, "default": LIMIT_DEFAULT},
    "Features per page; a larger number is lowered to the maximum.",
    10,
)
OFFSET = Parameter(
    "offset",
    parse_offset,
    {"type": "integer", "minimum": 0, "maximum": _OFFSET_MAX, "default": 0},
    "Features to skip.",
)
RUN = Parameter(
    "run",
    parse_run,
    {"type": "string", "minLength": 1, "default": "current"},
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
