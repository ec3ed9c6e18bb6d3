"""From a user's file to canonical rows, batch by batch, with everything that was found on the way."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from geo.errors import ColumnMissing, FileProblem, LimitExceeded, Problem, ValueRejected
from geo.ingest.aliases import Columns, accepted_names, map_columns
from geo.ingest.checks import Checker, Context
from geo.ingest.completion import completer
from geo.ingest.formats import open_source
from geo.ingest.kinds import TABLES, Kind
from geo.ingest.normalise import normalise
from geo.ingest.numbers import Habits
from geo.ingest.readers.drive_tests import from_drive_test_columns
from geo.ingest.readers.ookla import from_ookla_columns, is_ookla
from geo.ingest.register import identify
from geo.ingest.repetition import Seen
from geo.ingest.report import Finding, Report, Severity, merged
from geo.ingest.source import Batch, ReadOptions
from geo.settings import get_settings
from geo.tables.schema import conform

_MADE_UP = {"cell_id"}
"""Columns that are made where the file has none, so that they tell apart what is the same."""
_PROBLEMS_KEPT = 1_000
_NAMES_SHOWN = 5


@dataclass(frozen=True)
class Given:
    """What the user says of a file: how to read it, and canonical values for rows that state none."""

    read: ReadOptions = field(default_factory=ReadOptions)
    defaults: Mapping[str, str] = field(default_factory=dict)


AS_IT_IS = Given()
"""Nothing is said of the file."""
ALONE = Context()
"""Nothing is known that a file could be checked against."""


@dataclass(frozen=True)
class Part:
    """One batch in canonical shape: the rows that are accepted, and those refused as the file has them.

    `refused` has the columns `row` and `problems` before the file's own, all text; own ones so called get a number.
    """

    table: gpd.GeoDataFrame
    rows: npt.NDArray[np.int64]
    refused: pd.DataFrame


class Reading:
    """One file being read. `report` is whole once `parts` has been gone through; `problems` holds the first refusals.

    Raises `InputError` where the file as a whole cannot be used, on opening or while its parts are taken.
    """

    def __init__(self, kind: Kind, path: Path, given: Given, context: Context, report: Report) -> None:
        self._kind, self._given, self._context = kind, given, context
        self._file, self._table = path.name, TABLES[kind]
        self.report = report
        self.problems: list[Problem] = []
        extent = None if context.region is None else context.region.bounds
        technology = given.defaults.get("technology")
        self._source = open_source(kind, path, given.read, technology=technology, extent=extent)
        self._seen = {column.name: Seen() for column in self._table.columns if column.unique}
        self._checker = Checker(kind, context, self._file)
        self._complete = completer(kind, self._file)
        self._columns: Columns | None = None
        self._habits = Habits()
        self.note(self._source.findings)
        for name in ("format", "layer", "crs", "encoding", "delimiter"):
            setattr(self.report, name, getattr(self._source, name))

    @property
    def rows_announced(self) -> int | None:
        """Rows that the format promises; null where it does not."""
        return self._source.rows_announced

    def parts(self) -> Iterator[Part]:
        """The file's rows in canonical shape, in their order."""
        limit = get_settings().input_features_max
        for batch in self._source.batches:
            self.report.rows_read += len(batch.frame)
            if self.report.rows_read > limit:
                what = f"more than {limit:,} rows"
                raise LimitExceeded(Problem(what, "Raise the setting SHALGAI_INPUT_FEATURES_MAX", self._file))
            part = self._part(batch)
            self.report.rows_kept += len(part.table)
            self._widen(part.table)
            yield part
        if not self.report.rows_read:
            raise FileProblem(Problem("the file has no rows", "One row at least is needed", self._file))

    def note(self, findings: Iterable[Finding]) -> None:
        """Add findings to the report; those alike are counted together."""
        self.report.findings = merged([*self.report.findings, *findings])

    @property
    def credit(self) -> str | None:
        """Whom to credit, where the format says it."""
        return self._source.credit

    @property
    def licence(self) -> str | None:
        """The data's licence, where the format says it."""
        return self._source.licence

    def _part(self, batch: Batch) -> Part:
        batch = self._as_measurements(batch)
        if self._columns is None:
            self._columns = map_columns(batch.frame, self._table, truncated=self._source.has_short_names)
            self.report.columns, self.report.unused_columns = self._columns.own, self._columns.unused
            self.note(self._columns.findings)
        columns = self._columns
        frame = self._with_given(columns.renamed(batch.frame))
        normalised = normalise(frame, self._table, batch.rows, self._file, columns=columns, habits=self._habits)
        self.note([*batch.findings, *normalised.findings])
        problems = [*batch.problems, *normalised.problems]
        known = identify(self._kind, normalised.frame, batch.rows, self._context, self._file, columns)
        self.note(known.findings)
        problems += known.problems
        table, rows = self._conformed(known.frame, known.rows, columns, problems)
        self._refuse(problems)
        self.note(self._checker.findings(table, rows, made_up=_MADE_UP - columns.own.keys()))
        return Part(table, rows, _refused_rows(batch, problems))

    def _as_measurements(self, batch: Batch) -> Batch:
        """Columns of drive-test tools and of Ookla's tiles in other containers than Parquet, as canonical ones."""
        if self._kind is not Kind.MEASUREMENTS:
            return batch
        if is_ookla(batch.frame.columns):
            adapted = from_ookla_columns(batch.frame, batch.rows, self._file, self._given.defaults.get("technology"))
        else:
            adapted = from_drive_test_columns(batch.frame, batch.rows, self._file) or batch
        adapted.findings += batch.findings if adapted is not batch else []
        adapted.problems += batch.problems if adapted is not batch else []
        return adapted

    def _with_given(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Canonical values that the user states, where a row has none."""
        filled = {}
        for name, value in self._given.defaults.items():
            if name in frame.columns:
                filled[name] = frame[name].where(frame[name].notna(), value)
            else:
                filled[name] = pd.Series([value] * len(frame), index=frame.index, dtype="str")
        with_given: pd.DataFrame = frame.assign(**filled)
        return with_given

    def _conformed(
        self, frame: pd.DataFrame, rows: npt.NDArray[np.int64], columns: Columns, problems: list[Problem]
    ) -> tuple[gpd.GeoDataFrame, npt.NDArray[np.int64]]:
        """The rows that the table accepts, complete, and their numbers; the problems of the others are added."""

        def told(found: Iterable[Problem]) -> list[Problem]:
            # rows of the file instead of the frame's, and the file's own names of columns
            own = columns.own
            return [
                replace(p, row=int(rows[p.row - 1]) if p.row else None, column=own.get(p.column or "", p.column))
                for p in found
            ]

        frame, rows = _dropped(frame, rows, [], problems)
        table = None
        while table is None:
            try:
                table = conform(frame, self._table, file=self._file)
            except ColumnMissing as error:
                raise ColumnMissing([self._listing_columns(p) for p in error.problems]) from error
            except ValueRejected as error:
                # what cannot be read hides what is read and not accepted: the rows left are looked at again
                left = len(frame)
                frame, rows = _dropped(frame, rows, told(error.problems), problems)
                if len(frame) == left:
                    raise
        table, found = self._complete(table)
        table, rows = _dropped(table, rows, told(found), problems)
        table, rows = _dropped(table, rows, self._repeated(table, rows), problems)
        return _dropped(table, rows, self._checker.refused(table, rows), problems)

    def _listing_columns(self, problem: Problem) -> Problem:
        """A missing column's problem with the file's own columns, of which the unused are no longer in the frame."""
        if problem.column is None:
            return problem
        names = ", ".join((problem.column, *accepted_names(problem.column)[:_NAMES_SHOWN]))
        return replace(problem, remedy=f"The file has: {', '.join(self._source.columns) or 'none'}. Accepted: {names}")

    def _repeated(self, table: gpd.GeoDataFrame, rows: npt.NDArray[np.int64]) -> list[Problem]:
        """Rows whose key an earlier batch had."""
        remedy = "Every row needs its own value"
        return [
            Problem("duplicate", remedy, self._file, int(rows[i]), name, table[name].iloc[i])
            for name, seen in self._seen.items()
            for i in np.flatnonzero(seen.repeated(table[name]))
        ]

    def _refuse(self, problems: list[Problem]) -> None:
        self.problems += problems[: max(0, _PROBLEMS_KEPT - len(self.problems))]
        alike: dict[tuple[str, str | None], list[Problem]] = {}
        for problem in problems:
            alike.setdefault((problem.what, problem.column), []).append(problem)
        self.note(Finding.of("value_rejected", Severity.ERROR, group) for group in alike.values())

    def _widen(self, table: gpd.GeoDataFrame) -> None:
        bounds = table.geometry.total_bounds
        if np.isfinite(bounds).all():
            w, s, e, n = self.report.extent or (np.inf, np.inf, -np.inf, -np.inf)
            west, south, east, north = (float(v) for v in bounds)
            self.report.extent = (min(w, west), min(s, south), max(e, east), max(n, north))


def read_table(
    kind: Kind, path: str | Path, *, given: Given = AS_IT_IS, context: Context = ALONE
) -> tuple[gpd.GeoDataFrame, Report]:
    """A whole file as a canonical table, and what was found in it; or every reason why not.

    Raises
    ------
    InputError
        Naming file, row, column, value and what would be accepted.
    """
    path = Path(path)
    reading = Reading(kind, path, given, context, Report(kind, path.name))
    tables = [part.table for part in reading.parts()]
    if reading.problems:
        raise ValueRejected(sorted(reading.problems, key=lambda p: (p.row or 0, p.column or "")))
    return pd.concat(tables, ignore_index=True) if len(tables) > 1 else tables[0], reading.report


def _dropped(
    frame: Any, rows: npt.NDArray[np.int64], found: list[Problem], problems: list[Problem]
) -> tuple[Any, npt.NDArray[np.int64]]:
    """What is found joins the problems; the rows without any problem stay."""
    problems += found
    kept = ~np.isin(rows, [p.row for p in problems if p.row is not None])
    return frame[kept].reset_index(drop=True), rows[kept]


def _refused_rows(batch: Batch, problems: list[Problem]) -> pd.DataFrame:
    """The rows with problems as the file has them, all text, and why they were refused."""
    why: dict[int, list[str]] = {}
    for problem in problems:
        if problem.row is not None:
            why.setdefault(problem.row, []).append(str(replace(problem, file=None, row=None)))
    refused = np.isin(batch.rows, list(why))
    frame = batch.frame[refused]
    texts = pd.DataFrame(frame)
    if isinstance(frame, gpd.GeoDataFrame):
        texts = texts.assign(geometry=shapely.to_wkt(frame.geometry.to_numpy()))
    texts = texts.astype("str")
    rows = batch.rows[refused]
    told: dict[str, Any] = {"row": rows, "problems": ["; ".join(why[int(row)]) for row in rows]}
    taken = {*texts.columns, *told}
    for position, (name, values) in enumerate(told.items()):
        if name in texts.columns:
            own = next(other for i in count(2) if (other := f"{name}_{i}") not in taken)
            taken.add(own)
            texts = texts.rename(columns={name: own})
        texts.insert(position, name, values)
    return texts
