"""What a request asks of a collection: which features, in which order, how shown; checked against its columns."""

from collections.abc import Iterable, Sequence

from api.errors import BadParameter
from api.features.collection import Collection
from api.features.crs import CRS84
from api.features.extent import box_of
from api.features.ordering import Key, is_sortable
from api.features.view import View
from api.filters.selection import Selection
from api.web.parameters import (
    BBOX,
    BBOX_CRS,
    CRS,
    DATETIME,
    FILTER_CRS,
    PROPERTIES,
    SORTBY,
    Parameter,
    Query,
    filter_of,
    unknown_parameter,
)


def selection_of(query: Query, found: Collection, parameters: Sequence[Parameter]) -> Selection:
    """What a request asks of a collection: its box, dates, values and expression; `parameters` are the operation's.

    Raises
    ------
    BadParameter
        When one of them cannot be read, or names a property that the collection does not have.
    """
    for name, _ in query.others:
        if name not in found.columns:
            raise unknown_parameter(name, [p.name for p in parameters] + list(found.columns))
    corners = query.get(BBOX)
    return Selection(
        None if corners is None else box_of(corners, query.get(BBOX_CRS, CRS84)),
        query.get(DATETIME),
        query.others,
        filter_of(query, found.columns),
        query.get(FILTER_CRS, CRS84),
    )


def view_of(query: Query, found: Collection) -> View:
    """How a request wants features shown; BadParameter for a property that the collection does not have."""
    properties = query.get(PROPERTIES)
    if properties is not None:
        _check_names("properties", properties, found.columns)
        # the collection's order, so that the same properties make the same bytes
        properties = tuple(name for name in found.columns if name in properties)
    return View(properties, query.get(CRS, CRS84))


def keys_of(query: Query, found: Collection) -> tuple[Key, ...]:
    """What a request sorts by; BadParameter for a property that the collection does not have or cannot order."""
    keys: tuple[Key, ...] = query.get(SORTBY, ())
    sortable = [name for name, column in found.columns.items() if is_sortable(column)]
    _check_names("sortby", (key.name for key in keys), sortable)
    return keys


def _check_names(parameter: str, names: Iterable[str], known: Iterable[str]) -> None:
    accepted = list(known)
    for name in names:
        if name not in accepted:
            raise BadParameter(parameter, "names an unknown property", "Known: " + ", ".join(accepted), name)
