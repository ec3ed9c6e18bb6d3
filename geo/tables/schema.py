"""One way to describe a canonical table and to bring a frame into its shape.

A `Table` lists its columns; `conform` coerces, fills optional columns, orders, and checks with pandera. Every
violation becomes a `Problem` that names file, row, column, value and remedy.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Any, Literal

import geopandas as gpd
import numpy as np
import pandas as pd
import pandera.pandas as pa
import shapely
from pandera.errors import SchemaErrors

from geo.errors import ColumnMissing, Problem, ValueRejected

WGS84 = "EPSG:4326"
KATO_PATTERN = r"^[0-9]{9}$"
PARTIAL_DATE_PATTERN = r"^\d{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?)?$"
DATE_TIME_PATTERN = (
    r"^\d{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01])"
    r"(T([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d+)?)?(Z|[+-]\d{2}:\d{2})?)?)?)?$"
)

Kind = Literal["text", "number", "integer", "boolean"]
_DTYPES: dict[Kind, str] = {"text": "str", "number": "float64", "integer": "Int64", "boolean": "bool"}
_TRUE_WORDS = {"true", "1", "yes", "t"}
_FALSE_WORDS = {"false", "0", "no", "f", ""}


@dataclass(frozen=True)
class Column:
    """One canonical column: its kind, whether it must be given, and what it accepts.

    `accepts` is told to the user when a value is refused; `choices` closes a vocabulary.
    """

    name: str
    kind: Kind = "text"
    required: bool = False
    nullable: bool = True
    default: Any = None
    pattern: str | None = None
    low: float | None = None
    high: float | None = None
    choices: type[StrEnum] | None = None
    unique: bool = False
    accepts: str = ""

    @cached_property
    def remedy(self) -> str:
        """What would be accepted, in a sentence."""
        if self.accepts:
            return self.accepts
        if self.choices is not None:
            return "Accepted: " + ", ".join(self.choices)
        if self.low is not None or self.high is not None:
            low = "−∞" if self.low is None else f"{self.low:g}"
            high = "∞" if self.high is None else f"{self.high:g}"
            return f"Accepted: {low} to {high}"
        return "Every row needs a value" if not self.nullable else f"Accepted: {self.kind}"

    def checks(self) -> list[pa.Check]:
        """The pandera checks of this column; each check's `error` is the problem in words."""
        checks: list[pa.Check] = []
        if self.pattern:
            checks.append(pa.Check.str_matches(self.pattern, error="malformed value"))
        if self.pattern in {PARTIAL_DATE_PATTERN, DATE_TIME_PATTERN}:
            checks.append(pa.Check(is_a_real_day, error="there is no such day"))
        if self.choices is not None:
            checks.append(pa.Check.isin([str(c) for c in self.choices], error="not an accepted word"))
        if self.low is not None:
            checks.append(pa.Check.ge(self.low, error="below the smallest accepted value"))
        if self.high is not None:
            checks.append(pa.Check.le(self.high, error="above the largest accepted value"))
        if self.unique:
            checks.append(pa.Check(lambda s: ~s.duplicated(keep="first"), error="duplicate", element_wise=False))
        return checks


def is_a_real_day(dates: pd.Series) -> pd.Series:
    """False for 31 February and the like; whatever is not written as a day passes."""
    days = dates.where(dates.str.match(r"^\d{4}-\d{2}-\d{2}").fillna(False)).str.slice(0, 10)
    parsed = pd.to_datetime(days, format="%Y-%m-%d", errors="coerce")
    return ~(days.notna() & parsed.isna() | dates.str.startswith("0000").fillna(False))


@dataclass(frozen=True)
class Table:
    """A canonical table: its name, its columns in order, and whether it has a geometry."""

    name: str
    columns: Sequence[Column]
    geometry_types: frozenset[str] = field(default_factory=frozenset)
    geometry_nullable: bool = False

    @cached_property
    def names(self) -> list[str]:
        """Column names in canonical order, geometry last."""
        return [c.name for c in self.columns] + (["geometry"] if self.geometry_types else [])

    @cached_property
    def schema(self) -> pa.DataFrameSchema:
        """The pandera schema of the attribute columns."""
        return pa.DataFrameSchema(
            {
                c.name: pa.Column(_DTYPES[c.kind], checks=c.checks(), nullable=c.nullable and c.kind != "boolean")
                for c in self.columns
            },
            strict=False,
            ordered=False,
        )


def conform(frame: pd.DataFrame, table: Table, *, file: str) -> Any:
    """Bring a frame into a table's canonical shape and check it.

    Columns that the table does not know are dropped; optional ones that are absent are filled with their default.

    Parameters
    ----------
    frame
        Rows as read; a GeoDataFrame in WGS 84 where the table has a geometry.
    table
        The canonical table.
    file
        Name of the input, for messages.

    Returns
    -------
    GeoDataFrame or DataFrame
        The canonical columns in order, row index 0…n-1.

    Raises
    ------
    ColumnMissing, ValueRejected
        With one problem per offending cell.
    """
    missing = [c for c in table.columns if c.required and c.name not in frame.columns]
    if missing:
        present = ", ".join(str(c) for c in frame.columns if c != "geometry") or "none"
        raise ColumnMissing(
            [
                Problem("column is missing", f"The file has: {present}. {c.accepts}".strip(), file, column=c.name)
                for c in missing
            ]
        )
    n = len(frame)
    columns: dict[str, Any] = {}
    problems: list[Problem] = []
    for column in table.columns:
        if column.name in frame.columns:
            values = frame[column.name].reset_index(drop=True)
            columns[column.name] = _coerce(values, column, file, problems)
        else:
            columns[column.name] = _filled(column, n)
    shaped = pd.DataFrame(columns)
    if not problems:
        problems = _violations(shaped, table, file)
    if table.geometry_types:
        shaped = _with_geometry(shaped, frame, table, file, problems)
    if problems:
        raise ValueRejected(sorted(problems, key=lambda p: (p.row or 0, p.column or "")))
    return shaped


def _filled(column: Column, n: int) -> pd.Series:
    default = column.default
    if default is None and column.kind == "boolean":
        default = False
    return pd.Series([default] * n, dtype=_DTYPES[column.kind])


def _coerce(values: pd.Series, column: Column, file: str, problems: list[Problem]) -> pd.Series:
    coercers: dict[Kind, Callable[[pd.Series], tuple[pd.Series, Any]]] = {
        "text": _to_text,
        "number": _to_number,
        "integer": _to_integer,
        "boolean": _to_boolean,
    }
    coerced, refused = coercers[column.kind](values)
    problems.extend(
        Problem(f"not a valid {column.kind}", column.remedy, file, int(i) + 1, column.name, values.iloc[i])
        for i in np.flatnonzero(refused)
    )
    if column.default is not None:
        coerced = coerced.fillna(column.default)
    return coerced


def _to_text(values: pd.Series) -> tuple[pd.Series, Any]:
    given = values.notna()
    if pd.api.types.is_float_dtype(values):
        # a code column with gaps is read as float: 150000000.0 must become "150000000" again
        whole = values.where(given, 0.0) % 1 == 0
        text = values.where(~(given & whole), other=np.nan).astype("str")
        text = text.mask(given & whole, values.where(given, 0).astype("int64").astype("str"))
    else:
        text = values.astype("str").str.strip()
    text = text.where(given, None).astype("str")
    return text.mask(text == "", None), np.zeros(len(values), dtype=bool)


def _to_number(values: pd.Series) -> tuple[pd.Series, Any]:
    plain = pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values)
    # anything else is read as text: pandas would take a date or a truth value for a number, and fail on a list
    source = values if plain else _to_text(values)[0]
    numbers = pd.to_numeric(source, errors="coerce").astype("float64")
    refused = (numbers.isna() & source.notna()) | np.isinf(numbers)
    return numbers, refused.to_numpy()


def _to_integer(values: pd.Series) -> tuple[pd.Series, Any]:
    numbers, refused = _to_number(values)
    refused = refused | ((numbers % 1 != 0) & numbers.notna()).to_numpy() | (numbers.abs() > 2**53).to_numpy()
    return numbers.mask(pd.Series(refused), np.nan).astype("Int64"), refused


def _to_boolean(values: pd.Series) -> tuple[pd.Series, Any]:
    words = _to_text(values)[0].fillna("").str.lower()  # as text first: with gaps, booleans are read as 1.0 and 0.0
    truth = words.isin(_TRUE_WORDS)
    refused = ~(truth | words.isin(_FALSE_WORDS))
    return truth.astype("bool"), refused.to_numpy()


def _violations(frame: pd.DataFrame, table: Table, file: str) -> list[Problem]:
    try:
        table.schema.validate(frame, lazy=True)
    except SchemaErrors as error:
        by_name = {c.name: c for c in table.columns}
        cases = error.failure_cases
        problems = []
        for case in cases.itertuples(index=False):
            column = by_name[str(case.column)]
            what = "value is missing" if case.check == "not_nullable" else str(case.check)
            row = int(case.index) + 1 if pd.notna(case.index) else None
            value = None if pd.isna(case.failure_case) else case.failure_case
            remedy = "Every row needs its own value" if what == "duplicate" else column.remedy
            problems.append(Problem(what, remedy, file, row, column.name, value))
        return problems
    return []


def _with_geometry(
    shaped: pd.DataFrame, frame: pd.DataFrame, table: Table, file: str, problems: list[Problem]
) -> gpd.GeoDataFrame:
    if not isinstance(frame, gpd.GeoDataFrame):
        raise ColumnMissing(Problem("the table has no geometry", "A layer with geometries is needed", file))
    geometry = frame.geometry.reset_index(drop=True).set_crs(WGS84)
    shapes = geometry.to_numpy()
    empty = shapely.is_missing(shapes) | shapely.is_empty(shapes)
    if not table.geometry_nullable:
        problems.extend(
            Problem("geometry is missing", "Every row needs one", file, int(i) + 1, "geometry")
            for i in np.flatnonzero(empty)
        )
    accepted = ", ".join(sorted(table.geometry_types))
    kinds = geometry.geom_type
    problems.extend(
        Problem("wrong geometry type", f"Accepted: {accepted}", file, int(i) + 1, "geometry", kinds.iloc[i])
        for i in np.flatnonzero(~empty & ~kinds.isin(table.geometry_types).to_numpy())
    )
    bounds = shapely.bounds(shapes)
    for axis, name, limit in ((0, "longitude", 180.0), (1, "latitude", 90.0)):
        with np.errstate(invalid="ignore"):
            low, high = bounds[:, axis], bounds[:, axis + 2]
            outside = ~empty & ((low < -limit) | (high > limit) | ~np.isfinite(low) | ~np.isfinite(high))
        for i in np.flatnonzero(outside):
            value = low[i] if not low[i] >= -limit else high[i]
            problems.append(
                Problem(
                    f"{name} outside the earth",
                    f"Accepted: −{limit:g} to {limit:g} degrees; are the axes swapped or is the CRS wrong?",
                    file,
                    int(i) + 1,
                    "geometry",
                    float(value),
                )
            )
    return gpd.GeoDataFrame(shaped, geometry=geometry.mask(pd.Series(empty), None), crs=WGS84)
