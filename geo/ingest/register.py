"""Settlements and facilities that come by name, and what a list may leave to the register of settlements."""

from dataclasses import dataclass, field
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from geo.errors import Problem
from geo.ingest.aliases import Columns
from geo.ingest.checks import Context
from geo.ingest.kinds import Kind
from geo.ingest.matching import match_names
from geo.ingest.report import EXAMPLES, Finding, Severity
from geo.tables.schema import WGS84

_NAMES = ("name_kk", "name_ru", "name_en")
_OF_THE_REGISTER = (*_NAMES, "kind", "district_kato", "okrug_kato", "is_okrug_centre")
"""What a list of settlements may leave to the register: the same whoever brings it."""
_TOTALS = frozenset({"итого", "всего", "итого:", "всего:", "барлығы", "барлығы:", "жиыны", "жалпы", "total", "total:"})


@dataclass(frozen=True)
class Identified:
    """Rows with the codes that their names stand for; `rows` are their numbers in the file, shape (n,)."""

    frame: Any
    rows: npt.NDArray[np.int64]
    findings: list[Finding] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def identify(
    kind: Kind, frame: Any, rows: npt.NDArray[np.int64], context: Context, file: str, columns: Columns
) -> Identified:
    """Give settlements and facilities the code, the position and the other columns that the register has for them.

    A row of settlements that sums up the others ("Итого") is left out, and told. A row that was found by its name takes
    the register's names, as its own may be misspelt; any other keeps what it has.

    Parameters
    ----------
    frame, rows
        Normalised rows with canonical columns, and their numbers in the file.
    context
        Whose `settlements` and `districts` are the register; without them, and for other kinds, nothing changes.
    """
    reference, districts = context.settlements, context.districts
    if kind not in {Kind.SETTLEMENTS, Kind.FACILITIES} or reference is None or districts is None:
        return Identified(frame, rows)
    if "kato" not in frame.columns:
        frame = frame.assign(kato=pd.Series([None] * len(frame), index=frame.index, dtype="str"))
    if not isinstance(frame, gpd.GeoDataFrame):
        frame = gpd.GeoDataFrame(frame, geometry=gpd.GeoSeries([None] * len(frame), crs=WGS84))
    findings: list[Finding] = []
    problems: list[Problem] = []
    if kind is Kind.SETTLEMENTS:
        frame, rows = _without_totals(frame, rows, file, findings)
    nameless = frame["kato"].isna().to_numpy()
    if kind is Kind.FACILITIES:
        nameless = nameless & frame.geometry.isna().to_numpy()
    if nameless.any():
        wanted = frame[nameless].reset_index(drop=True)
        matched = match_names(wanted, rows[nameless], reference, districts, file, columns=columns)
        findings += matched.findings
        problems += matched.problems
        codes = frame["kato"].astype(object).to_numpy().copy()
        codes[nameless] = matched.kato
        frame = frame.assign(kato=pd.Series(codes, index=frame.index, dtype="str"))
    return Identified(_completed(kind, frame, reference, nameless, findings), rows, findings, problems)


def _without_totals(
    frame: gpd.GeoDataFrame, rows: npt.NDArray[np.int64], file: str, findings: list[Finding]
) -> tuple[gpd.GeoDataFrame, npt.NDArray[np.int64]]:
    texts = [name for name in frame.columns if name != "geometry" and not pd.api.types.is_numeric_dtype(frame[name])]
    is_total = np.zeros(len(frame), dtype=bool)
    for name in texts:
        is_total |= frame[name].astype("str").str.strip().str.lower().isin(_TOTALS).to_numpy(dtype=bool)
    is_total &= frame["kato"].isna().to_numpy()
    if is_total.any():
        what = "a row that sums up the others is left out"
        places = tuple(Problem(what, "", file, int(row)) for row in rows[is_total][:EXAMPLES])
        findings.append(Finding("total_row", Severity.NOTE, what, count=int(is_total.sum()), examples=places))
    return frame[~is_total].reset_index(drop=True), rows[~is_total]


def _completed(
    kind: Kind,
    frame: gpd.GeoDataFrame,
    reference: gpd.GeoDataFrame,
    by_name: npt.NDArray[np.bool_],
    findings: list[Finding],
) -> gpd.GeoDataFrame:
    known = reference.set_index("kato")
    listed = np.flatnonzero(frame["kato"].isin(known.index))
    register = known.loc[frame["kato"].iloc[listed]]
    shapes = frame.geometry.to_numpy().copy()
    found = register.geometry.to_numpy()
    homeless = shapely.is_missing(shapes[listed]) & ~shapely.is_missing(found)
    shapes[listed[homeless]] = found[homeless]
    if homeless.any():
        what = "the position is taken from the settlement of that code or name"
        findings.append(Finding("position_by_settlement", Severity.NOTE, what, count=int(homeless.sum())))
    columns = {}
    for name in _OF_THE_REGISTER if kind is Kind.SETTLEMENTS else ():
        held = frame[name] if name in frame.columns else pd.Series([None] * len(frame))
        values = held.astype(object).to_numpy().copy()
        given = register[name].astype(object).to_numpy()
        wanting = pd.isna(values[listed])
        if name in _NAMES:
            wanting |= by_name[listed] & ~pd.isna(given)
        values[listed] = np.where(wanting, given, values[listed])
        columns[name] = pd.Series(values, index=frame.index)
    return frame.assign(**columns).set_geometry(gpd.GeoSeries(shapes, index=frame.index, crs=WGS84))
