"""Features as pages: a table of a page of them, and one of them alone."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

import numpy as np
import shapely
from starlette.requests import Request

from api.exports.titles import column_title
from api.features.collection import Collection, Rows
from api.features.store import LoadedRun
from api.features.view import View
from api.operations.common import collection_url, collections_url
from api.operations.layout import Crumb, collection_title, render
from api.operations.texts import texts
from api.web.links import Link, page_links
from api.web.negotiation import HTML
from api.web.parameters import FORMAT, LANG, LIMIT, OFFSET, Query
from maps.i18n import Language, get_language

_NOT_FILTERS = {parameter.name for parameter in (FORMAT, LANG, LIMIT, OFFSET)}
_TEXT_CHARACTERS = 200


def items_page(
    request: Request,
    query: Query,
    run: LoadedRun,
    found: Collection,
    rows: Rows | None,
    view: View,
    offset: int,
    limit: int,
    links: Sequence[Link],
    tongue: str,
) -> bytes:
    """A page of features as a table with links to the pages before and after; `rows` as in `Collection.page`."""
    matched = len(found) if rows is None else len(rows)
    shown = np.arange(offset, min(offset + limit, matched)) if rows is None else rows[offset : offset + limit]
    names = list(found.columns if view.properties is None else view.properties)
    columns = dict(zip(names, found.values(shown, names), strict=True))
    if view.properties is None:
        # a page is read by people: the id is in it already, and columns without any value only hide the others
        columns = {
            name: values
            for name, values in columns.items()
            if name != found.kind.id_column and any(value is not None for value in values)
        }
    cells = zip(*columns.values(), strict=True) if columns else [()] * len(shown)
    formats = get_language(tongue)
    paging = {entry["rel"]: entry["href"] for entry in page_links(request, HTML, matched, offset, limit)}
    return render(
        request,
        query,
        tongue,
        "items.html",
        collection_title(found.kind, tongue),
        links,
        run=run,
        crumbs=_crumbs(request, query, found, tongue),
        names=[(name, column_title(name, tongue)) for name in columns],
        numeric={name for name in columns if found.columns[name].kind in ("number", "integer")},
        features=[
            (
                found.ids[row],
                _item_url(request, query, found, row),
                _position(shape),
                [_shown(cell, formats, tongue) for cell in values],
            )
            for row, shape, values in zip(
                shown.tolist(), view.crs.from_wgs84(found.geometries[shown]), cells, strict=True
            )
        ],
        summary=texts(tongue)["shown"].format(
            matched=formats.number(matched), first=formats.number(offset + 1), last=formats.number(offset + len(shown))
        ),
        filters=[pair for pair in request.query_params.multi_items() if pair[0] not in _NOT_FILTERS],
        paging=paging,
    )


def item_page(
    request: Request,
    query: Query,
    run: LoadedRun,
    found: Collection,
    row: int,
    view: View,
    links: Sequence[Link],
    tongue: str,
) -> bytes:
    """One feature as a list of its properties."""
    names = list(found.columns if view.properties is None else view.properties)
    one = np.array([row], dtype=np.int64)
    formats = get_language(tongue)
    cells = [_shown(column[0], formats, tongue) for column in found.values(one, names)]
    (shape,) = view.crs.from_wgs84(found.geometries[one])
    return render(
        request,
        query,
        tongue,
        "item.html",
        _name(found, row, tongue),
        links,
        run=run,
        crumbs=[
            *_crumbs(request, query, found, tongue),
            ("features", collection_url(request, query, found, "/items")),
        ],
        properties=[(name, column_title(name, tongue), cell) for name, cell in zip(names, cells, strict=True)],
        position=_position(shape),
        geometry=None if shape is None else shapely.to_geojson(shape),
        crs=view.crs,
    )


def _crumbs(request: Request, query: Query, found: Collection, tongue: str) -> list[Crumb]:
    return [
        ("collections", collections_url(request, query)),
        (collection_title(found.kind, tongue), collection_url(request, query, found)),
    ]


def _item_url(request: Request, query: Query, found: Collection, row: int) -> str:
    return collection_url(request, query, found, f"/items/{quote(str(found.ids[row]), safe='')}")


def _position(shape: shapely.Geometry | None) -> str:
    """A point's coordinates, of another geometry its type and its number of positions; empty where there is none."""
    if shape is None:
        return ""
    if shape.geom_type == "Point":
        return f"{shape.x:.12g}, {shape.y:.12g}"
    return f"{shape.geom_type} ({shapely.get_num_coordinates(shape)})"


def _name(found: Collection, row: int, tongue: str) -> str:
    column = found.columns.get(f"name_{tongue}")
    named = column is not None and not column.missing[row]
    return str(column.values[row]) if column is not None and named else str(found.ids[row])


def _shown(value: Any, formats: Language, tongue: str) -> str:
    """A value for people; empty where there is none."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return texts(tongue)["yes" if value else "no"]
    if isinstance(value, int | float):
        return formats.number(value)
    if isinstance(value, list):
        value = ", ".join(str(entry.get("code", "")) if isinstance(entry, dict) else str(entry) for entry in value)
    text = str(value)
    return text if len(text) <= _TEXT_CHARACTERS else text[: _TEXT_CHARACTERS - 1] + "…"
