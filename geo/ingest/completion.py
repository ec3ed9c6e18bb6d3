"""What each kind of table gets filled in where the file leaves it out, and the checks that span columns."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import numpy as np
import pandas as pd

from geo.errors import Problem
from geo.ingest.kinds import Kind
from geo.names import romanise_kazakh
from geo.tables.measurements import check_measurements
from geo.tables.words import PopulationBasis

_NAMES = ("name_kk", "name_ru", "name_en")
_Frame = TypeVar("_Frame", bound=pd.DataFrame)
Completed = tuple[Any, list[Problem]]
"""The table with its gaps filled, and problems whose `row` is the position in the table, from 1."""


def fill_names(frame: _Frame) -> _Frame:
    """Fill each missing name from the others, so that a row with one name has all; without any it is the code."""
    kk, ru, en = (frame[column] for column in _NAMES)
    romanised = kk.map(romanise_kazakh, na_action="ignore").astype("str")
    filled = {
        "name_kk": kk.fillna(ru).fillna(en),
        "name_ru": ru.fillna(kk).fillna(en),
        "name_en": en.fillna(romanised).fillna(ru),
    }
    return frame.assign(**{name: values.fillna(frame["kato"]) for name, values in filled.items()})


def completer(kind: Kind, file: str) -> Callable[[Any], Completed]:
    """The function that completes the canonical batches of one file, in their order.

    Settlements: a missing name is filled from the others (English by romanisation of the Kazakh one); a population
    without a basis is taken as official, without a range as exact. Sites: a cell without an identifier gets one of
    site, technology and, where these repeat, a number; identifiers given are remembered for that.
    """
    if kind is Kind.SETTLEMENTS:
        return lambda table: _with_population_range(fill_names(table), file)
    if kind is Kind.BOUNDARIES:
        return lambda table: (fill_names(table), [])
    if kind is Kind.SITES:
        return _CellIds()
    if kind is Kind.MEASUREMENTS:
        return lambda table: (table, check_measurements(table, file))
    return lambda table: (table, [])


def _with_population_range(settlements: pd.DataFrame, file: str) -> Completed:
    people = settlements["population"]
    basis = settlements["population_basis"]
    filled = settlements.assign(
        population_basis=basis.mask(basis.isna() & people.notna(), PopulationBasis.OFFICIAL.value),
        population_low=settlements["population_low"].fillna(people),
        population_high=settlements["population_high"].fillna(people),
    )
    problems = []
    ranges: Mapping[str, Any] = {
        "population_low": filled["population_low"] > filled["population"],
        "population_high": filled["population_high"] < filled["population"],
    }
    for column, wrong in ranges.items():
        problems += [
            Problem(
                "the range does not hold the population",
                f"Accepted: population_low ≤ population ≤ population_high, here population {people.iloc[i]}",
                file,
                int(i) + 1,
                column,
                filled[column].iloc[i],
            )
            for i in np.flatnonzero(wrong.fillna(False).to_numpy(dtype=bool))
        ]
    return filled, problems


class _CellIds:
    """Gives cells without an identifier one that no cell before them has."""

    def __init__(self) -> None:
        self._taken: set[str] = set()
        self._numbers: dict[str, int] = {}

    def __call__(self, sites: Any) -> Completed:
        self._taken.update(sites["cell_id"].dropna())
        missing = sites["cell_id"].isna()
        if not missing.any():
            return sites, []
        stems = sites["site_id"][missing] + "-" + sites["technology"][missing]
        filled = sites["cell_id"].mask(missing, pd.Series([self._next(stem) for stem in stems], stems.index))
        return sites.assign(cell_id=filled.astype("str")), []

    def _next(self, stem: str) -> str:
        name, number = stem, self._numbers.get(stem, 1)
        while name in self._taken:
            number += 1
            name = f"{stem}-{number}"
        self._numbers[stem] = number
        self._taken.add(name)
        return name
