"""The filter languages: CQL2 text and CQL2 JSON, refused before parsing where they are too long or too deep."""

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

import cql2
import orjson

from api.errors import BadParameter
from api.filters.expression import Expression, expression
from api.filters.syntax import DEEPEST, KEYWORDS, canonical

TEXT, JSON, OLD_TEXT = "cql2-text", "cql2-json", "cql-text"
LANGUAGES = (TEXT, JSON, OLD_TEXT)
"""The last is the first with ILIKE as well: what GDAL looks for before it sends its attribute filters."""
LONGEST_BYTES = 8192
_ILIKE = re.compile(
    r"""('(?:[^']|'')*')|("(?:[^"]|"")+"|[\w.:]+)(\s+(?:NOT\s+)?)ILIKE\s+('(?:[^']|'')*')""", re.IGNORECASE
)
_QUOTED = re.compile(r'"((?:[^"]|"")+)"')
# several words side by side, or digits before letters that are no exponent: nothing else in a filter looks like that
_UNQUOTABLE = re.compile(r"[^\W\d_]\w*(?: [^\W\d]\w*)+|(?!\d+[eE]\d+\Z)\d+[^\W\d]\w*")
_DEEPEST_JSON = 2 * DEEPEST + 20  # an operator is an object with an array in it; geometries are arrays of arrays


def parse_filter(
    text: str, language: str = TEXT, *, parameter: str = "filter", names: Iterable[str] = ()
) -> Expression:
    """A filter in one of `LANGUAGES`; whether its properties and types are right shows when it is evaluated.

    `names` are the properties that there are: what GDAL sends has no quotes around those of several words.

    Raises
    ------
    BadParameter
        When the text is longer than 8 KB, nested more than 100 deep, or not of the language; with the place.
    """
    if len(text.encode(errors="replace")) > LONGEST_BYTES:
        raise BadParameter(parameter, "is too long", f"Accepted: up to {LONGEST_BYTES} bytes")
    if not text.strip():
        raise BadParameter(parameter, "is empty", "Accepted: population > 100 AND name LIKE 'A%'")
    if language not in LANGUAGES:
        raise BadParameter(
            "filter-lang", "has a value that is not known", "Accepted: " + ", ".join(LANGUAGES), language
        )
    if language == OLD_TEXT:
        text = _quoted(text, names)
        text = _ILIKE.sub(lambda m: m[1] or f"CASEI({m[2]}){m[3]}LIKE CASEI({m[4]})", text)
    return _parsed(text, language == JSON, parameter)


def _quoted(text: str, names: Iterable[str]) -> str:
    """The text with names such as ``my column`` and ``2nd`` in quotes: no filter has them otherwise."""
    found = [name for name in names if _UNQUOTABLE.fullmatch(name) and KEYWORDS.isdisjoint(name.upper().split())]
    if not found:
        return text
    longest_first = "|".join(re.escape(name) for name in sorted(found, key=len, reverse=True))
    pattern = rf"""'(?:[^']|'')*'|"(?:[^"]|"")+"|(?<![\w.:])({longest_first})(?![\w.:])"""
    return re.sub(pattern, lambda match: f'"{match[1]}"' if match[1] else match[0], text)


@lru_cache(maxsize=128)
def _parsed(text: str, is_json: bool, parameter: str) -> Expression:
    document = _json(text, parameter) if is_json else _text(text, parameter)
    if _depth(document) > _DEEPEST_JSON:
        raise BadParameter(parameter, "is nested too deeply", f"At most {DEEPEST} levels")
    return expression(document, parameter, frozenset() if is_json else frozenset(_QUOTED.findall(text)))


def _text(text: str, parameter: str) -> Any:
    try:
        return cql2.parse_text(canonical(text, parameter)).to_json()
    except (cql2.ParseError, cql2.ValidationError, ValueError) as error:
        raise BadParameter(parameter, f"is not CQL2 text ({str(error)[:200]})", value=text) from None


def _json(text: str, parameter: str) -> Any:
    # read here and not by the parser: that makes floats of all integers
    try:
        return orjson.loads(text)
    except (orjson.JSONDecodeError, UnicodeEncodeError) as error:
        raise BadParameter(parameter, f"is not JSON ({str(error)[:200]})", value=text) from None


def _depth(document: Any) -> int:
    depth, level = 0, [document]
    while level:
        depth += 1
        level = [
            inner
            for part in level
            if isinstance(part, dict | list)
            for inner in (part.values() if isinstance(part, dict) else part)
        ]
    return depth
