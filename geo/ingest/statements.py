"""Published statements from CSV files: population figures, reports on named places, and the list of okrugs."""

from pathlib import Path

import pandas as pd

from geo.ingest.delimited import read_delimited
from geo.ingest.layers import fill_names, shaped
from geo.tables.evidence import OKRUGS, POPULATION_FIGURES, REPORTS
from geo.tables.schema import Table


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
    frame: pd.DataFrame = shaped(read_delimited(path), table, file=Path(path).name)
    return frame
