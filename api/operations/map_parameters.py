"""The query parameters of the map pages: what a reader has chosen, so that an address brings it back."""

import math
from collections.abc import Sequence

from api.errors import BadParameter
from api.web.parameters import Parameter, Query
from geo.access.compare import Change
from geo.access.offers import Reach
from geo.tables.words import ServiceClass, Technology
from maps.overview import GAPS, PAPERS

_TEXT_MAX = 1000
_CLASSES = (GAPS, *(str(name) for name in ServiceClass))


def _text(name: str, description: str) -> Parameter:
    def parse(text: str) -> str:
        if len(text) > _TEXT_MAX:
            raise BadParameter(name, "is too long", f"Accepted: up to {_TEXT_MAX} characters", text[:80])
        return text

    return Parameter(name, parse, {"type": "string", "maxLength": _TEXT_MAX}, description)


def _word(name: str, words: Sequence[str], description: str) -> Parameter:
    def parse(text: str) -> str:
        if text not in words:
            raise BadParameter(name, "has a value that is not known", "Accepted: " + ", ".join(words), text)
        return text

    return Parameter(name, parse, {"type": "string", "enum": list(words)}, description)


def _parse_changes(text: str) -> str:
    known = [str(name) for name in Change]
    if not set(text.split(",")) <= set(known):
        raise BadParameter("change", "has a value that is not known", "Accepted: " + ", ".join(known), text[:80])
    return text


def _parse_with(text: str) -> str:
    if not text:
        raise BadParameter("with", "is empty", "Accepted: a run id, 'current' or a scenario's name")
    return text


def _parse_position(text: str) -> str:
    try:
        latitude, longitude, zoom = (float(part) for part in text.split(","))
    except ValueError:
        latitude = math.nan
    if math.isnan(latitude) or not (abs(latitude) <= 90 and abs(longitude) <= 540 and 0 <= zoom <= 30):
        raise BadParameter("at", "is not a position of the map", "Accepted: latitude,longitude,zoom", text[:80])
    return text


_POSITION = r"^-?[0-8]?\d(\.\d{1,12})?,-?([0-4]?\d?\d|5[0-3]\d)(\.\d{1,12})?,[12]?\d(\.\d{1,12})?$"
"""What pages write; what is read is any three such numbers."""

_TECHNOLOGIES = [str(name) for name in Technology]

DISTRICT = _text("district", "Only settlements of the district with this KATO code.")
CLASS = _word("class", _CLASSES, "Only settlements of this service class; 'gaps' for all but served.")
OPERATOR = _text("operator", "Only settlements where this operator's service is the best.")
TECHNOLOGY = _word("technology", _TECHNOLOGIES, "Only settlements whose best service is of this technology.")
SEARCH = _text("q", "Text of the search field.")
PLACE = _text("place", "KATO code of the settlement whose card is open.")
LAYERS = _text("layers", "Layers that are switched on, separated by commas.")
AT = Parameter(
    "at",
    _parse_position,
    {"type": "string", "pattern": _POSITION},
    "Where the map stands: latitude,longitude,zoom in degrees and levels.",
)
VIEW = (DISTRICT, CLASS, OPERATOR, TECHNOLOGY, SEARCH, PLACE, LAYERS, AT)
"""What the address of an overview may carry beside the run and the language."""

PAPER = _word("paper", PAPERS, "How the sheet lies.")

COVERAGE_OPERATOR = _text("operator", "The operator.")
COVERAGE_TECHNOLOGY = _word("technology", _TECHNOLOGIES, "The technology.")
REACH = _word("reach", [str(name) for name in Reach], "Only settlements of which this is true.")

WITH = Parameter(
    "with",
    _parse_with,
    {"type": "string", "minLength": 1},
    "The second run: an id, 'current' or a scenario's name.",
)
CHANGE = Parameter(
    "change",
    _parse_changes,
    {"type": "array", "items": {"type": "string", "enum": [str(name) for name in Change]}},
    "Only settlements to which one of these happened, separated by commas.",
)


def state_of(query: Query, parameters: Sequence[Parameter]) -> tuple[tuple[str, str], ...]:
    """Those of the parameters that the request gives a value."""
    return tuple((p.name, query.get(p)) for p in parameters if query.get(p))
