"""Mobile networks by their numbers (ITU-T E.212): mobile country code and mobile network code, as operators."""

import tomllib
from collections.abc import Mapping
from functools import cache

import numpy as np
import numpy.typing as npt
import pandas as pd

from geo.bundled import data_path
from geo.errors import Problem
from geo.ingest.report import EXAMPLES, Finding, Severity


@cache
def operators() -> Mapping[str, str]:
    """Operator by number, e.g. ``401-01``: data/vocabulary/networks.toml."""
    names: dict[str, str] = tomllib.loads(data_path("vocabulary", "networks.toml").read_text(encoding="utf-8"))[
        "operators"
    ]
    return names


def named(numbers: pd.Series) -> tuple[pd.Series, npt.NDArray[np.bool_]]:
    """Operators of networks given as ``401-01`` (null where there is none); unknown ones keep their number.

    Returns
    -------
    tuple
        The operators, and which rows have a number that is not known, shape (n,).
    """
    known = numbers.map(operators()).astype("str")
    return known.fillna(numbers), (known.isna() & numbers.notna()).to_numpy(dtype=bool)


def unknown_networks(
    numbers: pd.Series, unknown: npt.NDArray[np.bool_], rows: npt.NDArray[np.int64], file: str, column: str
) -> list[Finding]:
    """A warning that rows name networks whose operator is not known; nothing where there are none."""
    if not unknown.any():
        return []
    what, remedy = "the network's operator is not known", "Its number stands as the operator; is it of another country?"
    places = np.flatnonzero(unknown & ~numbers.duplicated().to_numpy())[:EXAMPLES]
    examples = tuple(Problem(what, remedy, file, int(rows[i]), column, numbers.iloc[i]) for i in places)
    return [Finding("unknown_network", Severity.WARNING, what, remedy, int(unknown.sum()), examples)]
