"""Sums of a collection by groups, over the same selections as its items."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from starlette.requests import Request
from starlette.responses import Response

from api.errors import BadParameter
from api.exports.delimited import BYTE_ORDER_MARK, csv_bytes
from api.exports.extract import About
from api.exports.formats import CSV
from api.exports.spreadsheets import for_spreadsheets
from api.exports.tables import free_name
from api.features.collection import Collection
from api.features.columns import Column
from api.features.groups import GROUPABLE, Groups, Measure, Members, measure_of
from api.features.store import LoadedRun
from api.filters.selection import select
from api.operations.asked import selection_of
from api.operations.common import collection_of, collection_url, run_members, version_of
from api.operations.exports import attachment
from api.web.links import link, request_url
from api.web.negotiation import JSON, language, media_type
from api.web.parameters import (
    BBOX,
    BBOX_CRS,
    DATETIME,
    FILTER,
    FILTER_CRS,
    FILTER_LANG,
    FORMAT,
    LANG,
    RUN,
    Parameter,
    Query,
)
from api.web.responses import dump, respond
from api.web.state import RUN_HEADER, Operation, run_of
from geo.region import LANGUAGES

DISTRICT, DISTRICT_COLUMN = "district", "district_kato"
"""A word for grouping by district, which adds the districts' names, and the column that it stands for."""

_NAMES_MAX = 20


def parse_group_by(text: str) -> tuple[str, ...]:
    """Names of columns, each once; whether the collection has them shows later."""
    return _names("group_by", text)


def parse_measures(text: str) -> tuple[tuple[str, Measure], ...]:
    """Measures by their words, each once."""
    return tuple((name, measure_of(name)) for name in _names("measures", text))


def _names(parameter: str, text: str) -> tuple[str, ...]:
    names = tuple(text.split(","))
    if not all(names) or len(names) > _NAMES_MAX:
        raise BadParameter(parameter, f"is not a list of 1 to {_NAMES_MAX} names", "Accepted: names with ','", text)
    repeated = next((name for i, name in enumerate(names) if name in names[:i]), None)
    if repeated is not None:
        raise BadParameter(parameter, "names something more than once", "Name each once", repeated)
    return names


_LIST = {"type": "array", "items": {"type": "string"}, "minItems": 1, "maxItems": _NAMES_MAX}
GROUP_BY = Parameter(
    "group_by",
    parse_group_by,
    {**_LIST, "example": ["district", "service_class"]},
    "Columns of text, whole numbers or truth values; features with the same values make a group, a missing value is "
    f"one too. '{DISTRICT}' stands for '{DISTRICT_COLUMN}' with the districts' names. Without it: one group.",
)
MEASURES = Parameter(
    "measures",
    parse_measures,
    {**_LIST, "default": ["count"], "example": ["count", "people"]},
    "What to tell of each group: count, people (with the sums of their low and high bounds), people_without, and "
    "sum:COLUMN, mean:COLUMN, min:COLUMN, max:COLUMN. A member ..._unknown counts the features whose value is not "
    "known; they add nothing, and a measure of which nothing is known is null.",
)


async def aggregate(request: Request, query: Query) -> Response:
    """Measures of the selected features by groups, and of all of them."""
    offer = media_type(request, query.get(FORMAT), [JSON, CSV.media_type])
    tongue = language(request, query.get(LANG))
    run = await run_of(request, query)
    found = collection_of(request, run)
    selection = selection_of(query, found, AGGREGATE.parameters)
    names = query.get(GROUP_BY, ())
    columns = [_group_column(found, name) for name in names]
    if len({column.name for column in columns}) < len(columns):
        raise BadParameter("group_by", f"names '{DISTRICT_COLUMN}' and '{DISTRICT}', which are the same", "Name one")
    measures = query.get(MEASURES, (("count", measure_of("count")),))

    def make() -> bytes:
        rows = select(found, selection)
        chosen = np.arange(len(found), dtype=np.int64) if rows is None else rows
        groups = Groups.by(columns, chosen)
        keys = {column.name: groups.keys(column) for column in columns}
        if DISTRICT in names:
            keys.update(_district_names(run, keys[DISTRICT_COLUMN]))
        values = _measured(found, groups, measures)
        totals = _measured(found, Groups.together(chosen), measures)
        clash = next((name for name in keys if name in values), None)
        if clash is not None:
            raise BadParameter("measures", "has a name that a column of group_by has too", "Leave one out", clash)
        if offer == CSV.media_type:
            return _csv(keys, values, totals, About.of(run, tongue))
        return dump(
            {
                "collection": found.kind.id,
                **run_members(run),
                "credits": run.manifest.get("credits", []),
                "numberMatched": len(chosen),
                "groups": _objects({**keys, **values}, len(groups)),
                "totals": _objects(totals, 1)[0],
                "links": [
                    link("self", request_url(request), offer, "These sums"),
                    link("collection", collection_url(request, query, found), JSON, found.kind.title),
                ],
            }
        )

    headers = {RUN_HEADER: run.id}
    if offer == CSV.media_type:
        headers["Content-Disposition"] = attachment(f"{found.kind.id}-aggregate-{run.id}{CSV.suffix}")
    return await respond(
        request,
        make,
        media_type=offer,
        version=f"{version_of(request, run)} {tongue}",
        vary="Accept, Accept-Encoding, Accept-Language",
        headers=headers,
        slow=True,
    )


def _group_column(found: Collection, name: str) -> Column:
    alias = name == DISTRICT and DISTRICT not in found.columns
    column = found.columns.get(DISTRICT_COLUMN if alias else name)
    if column is None or column.kind not in GROUPABLE:
        accepted = [c.name for c in found.columns.values() if c.kind in GROUPABLE]
        what = "names a column that is not there" if column is None else "names a column whose values make no groups"
        raise BadParameter("group_by", what, "Accepted: " + ", ".join(accepted), name)
    return column


def _measured(found: Collection, groups: Groups, measures: Sequence[tuple[str, Measure]]) -> Members:
    return {member: values for _, measure in measures for member, values in measure(found, groups).items()}


def _district_names(run: LoadedRun, katos: Sequence[str | None]) -> dict[str, list[Any]]:
    """Names of districts by language, null where the run knows none."""
    districts = run.collections.get("districts")
    names: dict[str, list[Any]] = {}
    for code in LANGUAGES:
        column = None if districts is None else districts.columns.get(f"name_{code}")
        known = (
            {}
            if column is None or districts is None
            else dict(zip(districts.columns["kato"].jsonable(), column.jsonable(), strict=True))
        )
        names[f"district_name_{code}"] = [known.get(kato) for kato in katos]
    return names


def _objects(members: Members, count: int) -> list[dict[str, Any]]:
    rows = zip(*members.values(), strict=True) if members else [()] * count
    return [dict(zip(members, row, strict=True)) for row in rows]


def _csv(keys: Members, values: Members, totals: Members, about: About) -> bytes:
    """A line for each group and one for all; the first column tells which is which."""
    count = len(next(iter(values.values())))
    columns: Members = {"row": ["group"] * count + ["total"]}
    columns.update({name: [*known, None] for name, known in keys.items()})
    columns.update({name: values[name] + totals[name] for name in values})
    for name, value in (("run", about.run), ("scenario", about.scenario), ("label", about.label)):
        columns[free_name(name, "run_", columns)] = [value] * (count + 1)
    columns["credits"] = [about.credit] * (count + 1)
    arrays = [pa.array(texts, pa.string()) if _is_text(texts) else pa.array(texts) for texts in columns.values()]
    return BYTE_ORDER_MARK + csv_bytes(for_spreadsheets(pa.RecordBatch.from_arrays(arrays, names=list(columns))))


def _is_text(values: Sequence[Any]) -> bool:
    return all(value is None or isinstance(value, str) for value in values)


AGGREGATE = Operation(
    "/collections/{collectionId}/aggregate",
    "aggregateFeatures",
    aggregate,
    "Sums of the features that match, by groups",
    "data",
    (GROUP_BY, MEASURES, BBOX, BBOX_CRS, DATETIME, FILTER, FILTER_LANG, FILTER_CRS, LANG, RUN, FORMAT),
    {
        JSON: {
            "type": "object",
            "required": ["collection", "run", "credits", "numberMatched", "groups", "totals", "links"],
            "properties": {
                "collection": {"type": "string"},
                "run": {"type": "string"},
                "scenario": {"type": "string", "nullable": True},
                "label": {"type": "object", "nullable": True},
                "credits": {"type": "array", "items": {"type": "string"}},
                "numberMatched": {"type": "integer", "minimum": 0},
                "groups": {"type": "array", "items": {"type": "object"}},
                "totals": {"type": "object"},
                "links": {"type": "array", "items": {"$ref": "#/components/schemas/Link"}},
            },
        },
        CSV.media_type: {"type": "string"},
    },
    filters=True,
)
OPERATIONS = (AGGREGATE,)
