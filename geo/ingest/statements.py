"""Published statements from CSV files: population figures, reports on named places, and the list of okrugs."""

from dataclasses import replace
from pathlib import Path

import pandas as pd

from geo.errors import InputError
from geo.ingest.aliases import renamed
from geo.ingest.completion import fill_names
from geo.ingest.readers.delimited import read_delimited
from geo.tables.evidence import OKRUGS, POPULATION_FIGURES, REPORTS
from geo.tables.schema import Table, conform


def read_population_figures(path: str | Path) -> pd.DataFrame:
    """Published population figures, in the canonical columns (`geo.tables.evidence`); people.

    Raises
    ------
    FileProblem, ColumnMissing, ValueRejected
        Naming file, row, column, value and what would be accepted.
    """
    return _shaped(path, POPULATION_FIGURES)


def read_reports(path: str | Path) -> pd.DataFrame:
    """Dated statements about places, in the canonical columns; errors as `read_population_figures`."""
    return _shaped(path, REPORTS)


def read_okrugs(path: str | Path) -> pd.DataFrame:
    """Rural okrugs and town administrations, each with a name in every language; errors as above."""
    return fill_names(_shaped(path, OKRUGS))


def _shaped(path: str | Path, table: Table) -> pd.DataFrame:
    file = Path(path).name
    frame, own = renamed(read_delimited(path), table)
    try:
        shaped: pd.DataFrame = conform(frame, table, file=file)
    except InputError as error:
        problems = [replace(p, column=own.get(p.column or "", p.column)) for p in error.problems]
        raise type(error)(problems) from None
    return shaped
