"""Units that headers and cells state, and what they are in the canonical unit of a column."""

import re
import tomllib
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from geo.bundled import data_path

_PEOPLE = frozenset({"population", "population_low", "population_high"})
_ANGLES = frozenset({"lon", "lat"})
_BRACKETED = re.compile(r"^(.*?)\s*[(\[{]\s*([^()\[\]{}]+?)\s*[)\]}]\s*$", re.DOTALL)
_LONGEST_UNIT_WORDS = 3
_SHOWN = {"deg": "degrees", "mhz": "MHz", "mbps": "Mbit/s", "dbm": "dBm"}


@dataclass(frozen=True)
class Unit:
    """A unit: ``value × factor + offset`` (or ``10·log10(value × factor)``) is in the canonical unit `of`.

    `of` is empty for a unit that no column has.
    """

    name: str
    of: str
    factor: float
    offset: float = 0.0
    logarithmic: bool = False

    @property
    def is_canonical(self) -> bool:
        """Whether values pass unchanged."""
        return bool(self.of) and self.factor == 1 and self.offset == 0 and not self.logarithmic

    def to_canonical(self, values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Values in the canonical unit, same shape; NaN where a level is asked of nothing or less."""
        if self.logarithmic:
            positive = np.where(values > 0, values, np.nan)
            return 10.0 * np.log10(positive * self.factor)
        # rounded to what a double holds of a decimal number: 0.9 GHz is 900 MHz, not 900.0000000000001
        return np.asarray(np.round(values * self.factor + self.offset, 9), dtype=np.float64)


def dimension(column: str) -> str | None:
    """The canonical unit of a canonical column, by the ending of its name; None where it has none."""
    if column in _PEOPLE:
        return "people"
    if column in _ANGLES:
        return "deg"
    ending = column.rpartition("_")[2]
    return ending if "_" in column and ending in _dimensions() else None


def shown(of: str) -> str:
    """A canonical unit as people write it."""
    return _SHOWN.get(of, of)


def unit_named(text: str) -> Unit | None:
    """The unit of that name, if it is one."""
    return _units().get(_folded(text))


def without_unit(header: str) -> Iterator[tuple[str, Unit]]:
    """Ways to read a header as a name and its unit: in brackets, after a comma, or as its last words."""
    bracketed = _BRACKETED.match(header)
    if bracketed is not None and (unit := unit_named(bracketed[2])) is not None:
        yield bracketed[1], unit
    before, comma, after = header.rpartition(",")
    if comma and (unit := unit_named(after)) is not None:
        yield before, unit
    words = re.split(r"[\s_]+", header.strip())
    for count in range(min(_LONGEST_UNIT_WORDS, len(words) - 1), 0, -1):
        rest, last = words[:-count], words[-count:]
        unit = unit_named("".join(last)) or unit_named("/".join(last))
        if unit is not None:
            yield " ".join(rest), unit


def _folded(text: str) -> str:
    plain = unicodedata.normalize("NFKC", text).casefold().replace("ё", "е")
    return re.sub(r"[\s.]+", "", plain)


@cache
def _units() -> dict[str, Unit]:
    raw = tomllib.loads(data_path("vocabulary", "units.toml").read_text(encoding="utf-8"))
    return {
        _folded(name): Unit(
            name,
            unit["of"],
            float(unit["factor"]),
            float(unit.get("offset", 0)),
            bool(unit.get("logarithmic", False)),
        )
        for unit in raw["unit"]
        for name in unit["names"]
    }


@cache
def _dimensions() -> frozenset[str]:
    return frozenset(unit.of for unit in _units().values() if unit.of)
