"""Takes a user's file into the catalogue: reads, checks, stores it, and reports all that was found."""

import datetime as dt
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from geo.errors import FileProblem, InputError, LimitExceeded, Problem
from geo.files import file_sha256, writing_to
from geo.ingest.antenna_tables import antenna_tables
from geo.ingest.canonical_file import CanonicalWriter
from geo.ingest.checks import Context
from geo.ingest.files import local_file, refuse_large
from geo.ingest.kinds import DATE_COLUMNS, TABLES, Kind
from geo.ingest.overlaps import overlapping_declarations
from geo.ingest.provenance import source_sha256
from geo.ingest.raster_reading import RASTER_SUFFIXES, read_raster, state_crs
from geo.ingest.rasters import is_raster
from geo.ingest.reading import Given, Reading
from geo.ingest.report import EXAMPLES, Finding, Report, Severity, merged
from geo.settings import get_settings
from geo.spreadsheets import harmless
from geo.workspace.catalogue import Catalogue, Dataset
from geo.workspace.reference import reference

REJECTS = "rejects.csv"

Progress = Callable[[int, int | None], None]
"""Told the rows done, and of how many where the format says it."""


@dataclass(frozen=True)
class Wish:
    """What the user wants done with a file.

    `strict` refuses a file with warnings; `skip_bad` takes the good rows of a file with bad ones, and keeps the bad
    ones in a file of their own; `dry_run` reports and changes nothing; `replacing` lets the dataset take the place of
    one of the same name.
    """

    name: str
    given: Given = field(default_factory=Given)
    licence: str | None = None
    credit: str | None = None
    replacing: bool = False
    strict: bool = False
    skip_bad: bool = False
    dry_run: bool = False


@dataclass(frozen=True)
class Outcome:
    """What came of it: the report, whether the file is accepted, and the dataset and the rejected rows if stored."""

    report: Report
    is_accepted: bool
    dataset: Dataset | None = None
    rejects: Path | None = None


def _silent(done: int, total: int | None) -> None:
    """Tell nobody."""


def take_in(
    kind: Kind, path: Path, catalogue: Catalogue, wish: Wish, *, today: dt.date, progress: Progress = _silent
) -> Outcome:
    """Read a file, and add it to the catalogue if it is accepted.

    A file with an error in any row is refused as a whole unless `wish.skip_bad`. Whatever is refused is in the
    report; nothing is stored then, and the catalogue stays as it was. Memory is bounded by the batch, not by the file.

    Raises
    ------
    DatasetDamaged
        If the catalogue, or a dataset that the file is checked against, cannot be used.
    """
    report = Report(kind, path.name)
    try:
        with writing_to(catalogue.root), catalogue.writing() if not wish.dry_run else _scratch() as folder:
            report.sha256 = _digest(path)
            catalogue.check(kind, wish.name, report.sha256, replacing=wish.replacing)
            taken = _Taken(kind, path, wish, folder, report)
            take = taken.raster if kind is Kind.TERRAIN or (kind is Kind.COVERAGE and is_raster(path)) else taken.table
            described = take(reference(catalogue, today), progress)
            if wish.dry_run or not _is_accepted(report, wish):
                return Outcome(report, _is_accepted(report, wish))
            dataset = catalogue.add(folder, described, replacing=wish.replacing)
    except InputError as error:
        report.findings = merged([*report.findings, *_as_findings(error)])
        return Outcome(report, is_accepted=False)
    report.dataset = dataset.id
    rejects = catalogue.folder(dataset) / REJECTS
    return Outcome(report, True, dataset, rejects if rejects.exists() else None)


class _Taken:
    """One file on its way into a folder."""

    def __init__(self, kind: Kind, path: Path, wish: Wish, folder: Path, report: Report) -> None:
        self._kind, self._path, self._wish, self._folder, self._report = kind, path, wish, folder, report

    def table(self, context: Context, progress: Progress) -> Dataset:
        """Write the canonical table and the rejected rows; the report is filled on the way."""
        reading = Reading(self._kind, self._path, self._wish.given, context, self._report)
        data, contents, numbers = (
            self._folder / "data.parquet",
            _Contents(self._kind, context),
            [np.empty(0, dtype=np.int64)],
        )
        with CanonicalWriter(data, TABLES[self._kind]) as writer:
            for part in reading.parts():
                writer.append(part.table)
                if self._wish.skip_bad:
                    _append_rejects(part.refused, self._folder / REJECTS)
                contents.add(part.table)
                numbers.append(part.rows)
                progress(self._report.rows_read, reading.rows_announced)
        if not self._report.rows_kept:
            raise FileProblem(Problem("no row is accepted", "One good row at least is needed", self._path.name))
        reading.note(contents.left_out())
        if self._kind is Kind.COVERAGE:
            reading.note(overlapping_declarations(data, np.concatenate(numbers), self._path.name))
        if self._kind is Kind.SITES:
            _copy_antenna_tables(contents.words["pattern"], self._path, self._folder)
        publisher = {"credit": reading.credit, "licence": reading.licence}
        return self._described(data, publisher, rows=self._report.rows_kept, **contents.described())

    def raster(self, context: Context, progress: Progress) -> Dataset:
        """Copy the raster; its header is what its tags and the user state."""
        local_file(self._path, RASTER_SUFFIXES[self._kind])
        # an SRTM file says by its name where it lies
        name = self._path.name if self._path.suffix.lower() == ".hgt" else f"data{self._path.suffix.lower()}"
        data = self._folder / name
        shutil.copyfile(self._path, data)
        statement = self._path.with_suffix(".prj")
        if data.suffix == ".asc" and statement.is_file():
            shutil.copyfile(statement, data.with_suffix(".prj"))
        given = self._wish.given
        about_crs = [] if given.read.crs is None else state_crs(data, given.read.crs, self._path.name)
        try:
            found, header = read_raster(self._kind, data, given.defaults, context, file=self._path.name)
        except InputError as error:
            # the user knows the file by its own name, not by that of our copy
            raise type(error)([replace(p, file=self._path.name) for p in error.problems]) from error
        for name in ("format", "crs", "extent"):
            setattr(self._report, name, getattr(found, name))
        self._report.findings = [*about_crs, *found.findings]
        if header is None:
            return self._described(data, {})
        stated = {
            "operator": header.operator,
            "technology": str(header.technology),
            "basis": str(header.basis),
            "as_of": header.as_of,
            "source": header.source,
        }
        return self._described(
            data,
            {},
            operators=[header.operator],
            technologies=[str(header.technology)],
            bases=[str(header.basis)],
            as_of=header.as_of,
            header=stated,
        )

    def _described(self, data: Path, publisher: Mapping[str, str | None], **contents: Any) -> Dataset:
        report, wish = self._report, self._wish
        return Dataset(
            id="",
            name=wish.name,
            kind=self._kind,
            file=self._path.name,
            source_sha256=report.sha256,
            data=data.name,
            data_sha256=file_sha256(data),
            parts={path.name: file_sha256(path) for path in sorted(self._folder.iterdir()) if path != data},
            extent=None if report.extent is None else [round(v, 6) for v in report.extent],
            source=wish.given.defaults.get("source"),
            licence=wish.licence or publisher.get("licence"),
            credit=wish.credit or publisher.get("credit"),
            **contents,
        )


class _Contents:
    """The words of a table that its description lists, gathered over its batches."""

    _LISTED = ("operator", "technology", "basis", "pattern")

    def __init__(self, kind: Kind, context: Context) -> None:
        self._kind = kind
        known = {Kind.SETTLEMENTS: context.settlements, Kind.BOUNDARIES: context.districts}.get(kind)
        self._known = 0 if known is None else len(known)
        self._missing: set[str] = set() if known is None else set(known["kato"])
        self._date = DATE_COLUMNS.get(kind)
        self.words: dict[str, set[str]] = {name: set() for name in self._LISTED}
        self._newest: str | None = None

    def add(self, table: pd.DataFrame) -> None:
        for name, words in self.words.items():
            if name in table.columns:
                words.update(table[name].dropna().unique())
        if self._missing:
            self._missing.difference_update(table["kato"])
        if self._date is not None:
            dates = [self._newest, *table[self._date].dropna().unique()]
            self._newest = max((date for date in dates if date), default=None)

    def left_out(self) -> list[Finding]:
        """A warning where a new list leaves out settlements or districts that are known now; not of another region."""
        if not 0 < len(self._missing) < self._known:
            return []
        what = f"{len(self._missing)} of the {self._known} {self._kind} known now are not in the file"
        remedy = (
            "Analyses will have those of the file only, without the bundled reports and totals; add what is missing"
        )
        codes = sorted(self._missing)
        places = tuple(Problem(what, remedy, column="kato", value=code) for code in codes[:EXAMPLES])
        return [Finding("known_left_out", Severity.WARNING, what, remedy, 1, places)]

    def described(self) -> dict[str, Any]:
        return {
            "operators": sorted(self.words["operator"]),
            "technologies": sorted(self.words["technology"]),
            "bases": sorted(self.words["basis"]),
            "as_of": self._newest,
        }


def _append_rejects(refused: pd.DataFrame, path: Path) -> None:
    if len(refused):
        # the mark tells spreadsheets that the text is UTF-8; it belongs at the very beginning only
        encoding = "utf-8" if path.exists() else "utf-8-sig"
        header = not path.exists()
        harmless(refused).to_csv(path, mode="a", index=False, header=header, encoding=encoding, lineterminator="\r\n")


def _copy_antenna_tables(patterns: set[str], beside: Path, folder: Path) -> None:
    """Antenna tables that a site list names lie beside it, and come along."""
    for path in antenna_tables(patterns, beside).values():
        shutil.copyfile(path, folder / path.name)


@contextmanager
def _scratch() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


def _digest(path: Path) -> str:
    try:
        if path.is_dir():
            _refuse_crowded(path)
        elif path.exists() and not path.is_file():
            remedy = "Accepted: a file or folder; a pipe or device may never end"
            raise FileProblem(Problem("not a file", remedy, path.name, value=str(path)))
        else:
            refuse_large(path.stat().st_size, path.name)
        return source_sha256(path)
    except (OSError, ValueError) as error:
        remedy = "Accepted: the path of a file or folder on this machine"
        raise FileProblem(Problem("cannot be read", remedy, path.name, value=str(path))) from error


def _refuse_crowded(folder: Path) -> None:
    limit = get_settings().archive_entries_max
    with os.scandir(folder) as entries:
        held = list(islice(entries, limit + 1))
        size = sum(entry.stat().st_size for entry in held if entry.is_file())
    if len(held) > limit:
        remedy = "Put the shapefile into a folder of its own, or raise the setting SHALGAI_ARCHIVE_ENTRIES_MAX"
        raise LimitExceeded(Problem(f"the folder holds more than {limit:,} files", remedy, folder.name))
    refuse_large(size, folder.name)


def _is_accepted(report: Report, wish: Wish) -> bool:
    if report.count(Severity.ERROR) and not wish.skip_bad:
        return False
    return not (wish.strict and report.count(Severity.WARNING))


def _as_findings(error: InputError) -> list[Finding]:
    """What spoilt a file as a whole, one finding for each sentence."""
    code = re.sub(r"(?<!^)(?=[A-Z])", "_", type(error).__name__).lower()
    return [Finding.of(code, Severity.ERROR, [problem]) for problem in error.problems]
