"""The filter languages: CQL2 text and CQL2 JSON, refused before parsing where they are too long or too deep."""

import re
from functools import lru_cache
from typing import Any

import cql2
import orjson

from api.errors import BadParameter
from api.filters.expression import Expression, expression
from api.filters.syntax import DEEPEST, canonical

TEXT, JSON, OLD_TEXT = "cql2-text", "cql2-json", "cql-text"
LANGUAGES = (TEXT, JSON, OLD_TEXT)
"""The last is the first with ILIKE as well: what GDAL looks for before it sends its attribute filters."""
LONGEST_BYTES = 8192
_ILIKE = re.compile(
    r"""('(?:[^']|'')*')|("(?:[^"]|"")+"|[\w.:]+)(\s+(?:NOT\s+)?)ILIKE\s+('(?:[^']|'')*')""", re.IGNORECASE
)
_DEEPEST_JSON = 2 * DEEPEST + 20  # an operator is an object with an array in it; geometries are arrays of arrays


def parse_filter(text: str, language: str = TEXT, *, parameter: str = "filter") -> Expression:
    """A filter in one of `LANGUAGES`; whether its properties and types are right shows when it is evaluated.

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
        text = _ILIKE.sub(lambda m: m[1] or f"CASEI({m[2]}){m[3]}LIKE CASEI({m[4]})", text)
    return _parsed(text, language == JSON, parameter)


@lru_cache(maxsize=128)
def _parsed(text: str, is_json: bool, parameter: str) -> Expression:
    document = _json(text, parameter) if is_json else _text(text, parameter)
    if _depth(document) > _DEEPEST_JSON:
        raise BadParameter(parameter, "is nested too deeply", f"At most {DEEPEST} levels")
    return expression(document, parameter)


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
