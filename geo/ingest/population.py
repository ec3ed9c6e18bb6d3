"""Populations of places without a published figure, from the published totals above them.

Figures hang on a tree: region, districts, okrugs, settlements. Of several figures for one unit the best is used: dated
official, then census, then tag, and of one basis the latest. From the top down, each unit's total is split over what
is below it:

1. parts with a figure keep it, and the others share the remainder by weight (`PopulationRules`): an okrug centre
   weighs more than another village, a siding next to nothing;
2. where every part has a figure and they do not add up to the total, they are scaled to it, those of the total's own
   date and basis last;
3. where the figures leave nothing for parts without one, those get their share by weight and the figures are scaled.

Parts of a unit without a total are parts of the unit above it. People are whole: the largest remainders are rounded up,
so that every published total in use is met exactly. A figure that had to be scaled is an estimate too.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from geo.dates import age_years
from geo.region import PopulationRules, RegionProfile
from geo.tables.words import PopulationBasis, SettlementKind

_PRECEDENCE = (PopulationBasis.OFFICIAL, PopulationBasis.CENSUS, PopulationBasis.TAG)


@dataclass(frozen=True)
class Figure:
    """One published figure: people, basis and partial date."""

    people: int
    basis: str
    date: str | None


@dataclass
class _Part:
    """A unit of the tree that has a figure, or a settlement: what a total is split over."""

    kato: str
    figure: Figure | None = None
    weight: float = 0.0
    parts: list["_Part"] = field(default_factory=list)
    row: int | None = None


def estimate_populations(
    settlements: gpd.GeoDataFrame, figures: pd.DataFrame, profile: RegionProfile
) -> gpd.GeoDataFrame:
    """Fill the population columns of settlements from published figures; people.

    Parameters
    ----------
    settlements
        Canonical settlements; their population columns are replaced.
    figures
        Published figures, table `POPULATION_FIGURES`, levels region, district, okrug and settlement.
    profile
        The region's profile; its `population` rules and `as_of` are used.

    Returns
    -------
    GeoDataFrame
        A copy with `population`, `population_low`, `population_high`, `population_basis`, `population_date`. Without a
        figure anywhere above a place its population stays null.
    """
    rules = profile.population
    if rules is None or figures.empty:
        return settlements
    root = _tree(settlements, _best_figures(figures), rules)
    rows = _Rows(len(settlements), rules, profile)
    if root.figure is not None:
        rows.split(root, root.figure.people)
    else:
        for part in root.parts:
            if part.figure is not None:
                rows.settle(part, part.figure.people)
    return rows.fill(settlements)


def _best_figures(figures: pd.DataFrame) -> dict[tuple[str, str], Figure]:
    order = figures.assign(
        precedence=figures["basis"].map({b: i for i, b in enumerate(_PRECEDENCE)}), date=figures["date"].fillna("")
    ).sort_values(["precedence", "date"], ascending=[True, False], kind="stable")
    best = order.drop_duplicates(["level", "kato"])
    return {
        (level, kato): Figure(int(people), basis, date or None)
        for level, kato, people, basis, date in zip(
            best["level"], best["kato"], best["population"], best["basis"], best["date"], strict=True
        )
    }


def _tree(settlements: gpd.GeoDataFrame, best: dict[tuple[str, str], Figure], rules: PopulationRules) -> _Part:
    region_figures = [figure for (level, _), figure in best.items() if level == "region"]
    root = _Part("", region_figures[0] if region_figures else None)
    units: dict[tuple[str, str], _Part] = {}

    def holder(level: str, kato: str | None, above: _Part) -> _Part:
        figure = best.get((level, kato or ""))
        if kato is None or figure is None:
            return above
        if (level, kato) not in units:
            units[level, kato] = _Part(kato, figure)
            above.parts.append(units[level, kato])
        return units[level, kato]

    columns = ("kato", "district_kato", "okrug_kato", "kind", "is_okrug_centre")
    for row, (kato, district, okrug, kind, is_centre) in enumerate(
        zip(*(settlements[c] for c in columns), strict=True)
    ):
        above = holder("okrug", _known(okrug), holder("district", _known(district), root))
        weight = rules.weight_okrug_centre if is_centre else rules.weight_other
        if kind == SettlementKind.SIDING:
            weight = rules.weight_siding
        above.parts.append(_Part(kato, best.get(("settlement", kato)), weight, row=row))
    for unit in units.values():
        _merge_sole_part(unit)
    return root


def _known(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _merge_sole_part(unit: _Part) -> None:
    """An okrug that holds one place is that place: both take the better of their two figures."""
    if len(unit.parts) != 1 or unit.figure is None or unit.parts[0].row is None:
        return
    place = unit.parts[0]
    if place.figure is not None:
        unit.figure = min(unit.figure, place.figure, key=lambda f: (_PRECEDENCE.index(f.basis), _descending(f.date)))
    place.figure = unit.figure


def _descending(date: str | None) -> tuple[int, ...]:
    return tuple(-int(p) for p in date.split("-")) if date else (0,)


class _Rows:
    """Collects the result per settlement row while totals are split."""

    def __init__(self, n: int, rules: PopulationRules, profile: RegionProfile) -> None:
        self._rules = rules
        self._as_of = profile.as_of
        self._people = np.full(n, np.nan)
        self._low = np.full(n, np.nan)
        self._high = np.full(n, np.nan)
        self._basis: list[str | None] = [None] * n
        self._date: list[str | None] = [None] * n

    def split(self, unit: _Part, total: int) -> None:
        """Split a total over a unit's parts and go on below them."""
        if unit.figure is None:
            raise ValueError("a unit without a figure has no total to split")
        shares = _shares(unit.figure, total, unit.parts, self._rules)
        for part, people in zip(unit.parts, _whole(shares, total), strict=True):
            self.settle(part, people, above=unit.figure)

    def settle(self, part: _Part, people: int, above: Figure | None = None) -> None:
        """Give a part its people; a settlement is written down, a unit is split further."""
        if part.row is None:
            self.split(part, people)
            return
        row, figure = part.row, part.figure
        self._people[row] = people
        if figure is not None and figure.people == people:
            spread = 1.0 + self._drift(figure)
            self._basis[row], self._date[row] = figure.basis, figure.date
            self._low[row], self._high[row] = people / spread, people * spread
        else:
            source = figure or above
            self._basis[row] = PopulationBasis.ESTIMATE
            self._date[row] = source.date if source else None
            if figure is None:
                factor = self._rules.estimate_range_factor
                self._low[row], self._high[row] = people / factor, people * factor
            else:
                spread = 1.0 + self._drift(figure)
                self._low[row] = min(people, figure.people) / spread
                self._high[row] = max(people, figure.people) * spread

    def _drift(self, figure: Figure) -> float:
        age = age_years(figure.date, self._as_of)
        return self._rules.undated_range_share if age is None else self._rules.drift_share_per_year * max(age, 0.0)

    def fill(self, settlements: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
        """The settlements with their population columns replaced."""
        whole = {
            "population": self._people,
            "population_low": np.floor(self._low),
            "population_high": np.ceil(self._high),
        }
        return settlements.assign(
            **{name: pd.Series(values).astype("Int64").to_numpy() for name, values in whole.items()},
            population_basis=pd.Series(self._basis, dtype="str").to_numpy(),
            population_date=pd.Series(self._date, dtype="str").to_numpy(),
        ).astype({"population": "Int64", "population_low": "Int64", "population_high": "Int64"})


def _shares(figure: Figure, total: int, parts: Sequence[_Part], rules: PopulationRules) -> npt.NDArray[np.float64]:
    """Unrounded people of each part of a total."""
    known = np.array([p.figure is not None for p in parts])
    people = np.array([p.figure.people if p.figure else 0 for p in parts], dtype=float)
    weights = np.array([p.weight if p.figure is None else 0.0 for p in parts])
    remainder = total - people.sum()
    if not known.all() and remainder > 0:
        return np.asarray(people + weights / weights.sum() * remainder)
    if not known.all():
        # nothing is left: the parts without a figure count as a part with an average figure per weight would
        unit_weights = np.array([p.weight or rules.weight_other * max(len(p.parts), 1) for p in parts])
        left = total * weights.sum() / unit_weights.sum()
        return np.asarray(people / max(people.sum(), 1.0) * (total - left) + weights / weights.sum() * left)
    same_vintage = np.array(
        [p.figure is not None and (p.figure.basis, p.figure.date) == (figure.basis, figure.date) for p in parts]
    )
    fixed = np.where(same_vintage, people, 0.0)
    if not same_vintage.all() and fixed.sum() < total:
        loose = np.where(same_vintage, 0.0, people)
        return np.asarray(fixed + loose / max(loose.sum(), 1.0) * (total - fixed.sum()))
    return np.asarray(people / max(people.sum(), 1.0) * total)


def _whole(shares: npt.NDArray[np.float64], total: int) -> list[int]:
    """Whole numbers that add up to the total: largest remainders are rounded up, first in order on a tie."""
    floors = np.floor(shares + 1e-9)
    missing = round(total - floors.sum())
    up = np.argsort(-(shares - floors), kind="stable")[:missing]
    floors[up] += 1
    return [int(v) for v in floors]
