"""Words of the closed vocabularies, and operators' names, as people write them in three languages."""

import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

from rapidfuzz import fuzz, process

from geo.bundled import data_path
from geo.ingest.aliases import plain
from geo.names import fold
from geo.tables.words import Basis, FacilityKind, PopulationBasis, SettlementKind, Technology

SECTIONS: Mapping[type[StrEnum], str] = {
    Technology: "technology",
    Basis: "basis",
    PopulationBasis: "population_basis",
    SettlementKind: "settlement_kind",
    FacilityKind: "facility_kind",
}
"""The section of the word list that each closed vocabulary has."""

NEAR_OPERATOR_RATIO = 90.0
"""Likeness (0–100) from which an unknown operator is taken for a misspelling of a known one."""

_NEAR_OPERATOR_CHARACTERS = 4
_LONGEST_EMPTY = 30
# a letter from the wrong keyboard looks the same: "LТЕ", "Kсell"
_LATIN_LOOKALIKES = str.maketrans("авекмнорстух", "abekmhopctyx")
_LISTING = re.compile(r"[/\\,;+|&()\[\]«»\"“”]|\s(?:и|және|and)\s", re.IGNORECASE)
_BAND = re.compile(r"[\s_-]*\d{3,4}\s*(?:мгц|mhz)?$", re.IGNORECASE)


@dataclass(frozen=True)
class Vocabulary:
    """Every word that is understood.

    Attributes
    ----------
    sections
        Section to folded word to the canonical one.
    kind_words
        Words for kinds of settlement, folded as place names are (`geo.names.fold`), to the kind.
    name_words
        Words beside a ``settlement``'s and a ``district``'s name that are no part of it, folded likewise.
    """

    sections: Mapping[str, Mapping[str, str]]
    kind_words: Mapping[str, str]
    name_words: Mapping[str, frozenset[str]]

    def word(self, section: str, text: str) -> str | None:
        """The canonical word of a section for a text, if the whole text is known there."""
        return self.sections[section].get(folded(text))

    def is_empty(self, text: str) -> bool:
        """Whether a text is a word for nothing: ``-``, ``n/a``, ``нет данных``."""
        return len(text) <= _LONGEST_EMPTY and folded(text) in self.sections["empty"]

    def facility_kind(self, text: str) -> str | None:
        """The kind of institution that a text names in whole or in part ("Основная школа № 5"), if it is one only."""
        known = self.sections["facility_kind"]
        key = folded(text)
        if key in known:
            return known[key]
        padded = f"_{key}_"
        found = {kind for word, kind in known.items() if f"_{word}_" in padded}
        return found.pop() if len(found) == 1 else None

    def technologies(self, text: str) -> tuple[str, ...]:
        """The technologies that a cell lists, each once; nothing where a part of it is not known."""
        return self._listed(text, self._technology)

    def operators(self, text: str) -> tuple[str, ...]:
        """The operators that a cell lists, each once, brands as their network's; nothing where a part is not known."""
        return self._listed(text, self._operator)

    def is_brand(self, text: str) -> bool:
        """Whether an operator's name is a brand on another's network."""
        return self._without_form(text) in self.sections["operator_brand"]

    def near_operator(self, text: str) -> str | None:
        """The known operator that an unknown name is all but equal to."""
        key = self._without_form(text)
        if len(key) < _NEAR_OPERATOR_CHARACTERS:
            return None
        names = [name for section in ("operator", "operator_brand") for name in self.sections[section]]
        found = process.extractOne(key, names, scorer=fuzz.ratio, score_cutoff=NEAR_OPERATOR_RATIO)
        return None if found is None else self._operator(found[0])

    def _technology(self, text: str) -> tuple[str, ...] | None:
        """Technologies of one part of a cell; a part that is a frequency only names none."""
        if _BAND.fullmatch(text.strip()):
            return ()
        for reading in (text, _BAND.sub("", text)):
            word = self.word("technology", reading)
            if word is not None:
                return (word,)
        words = [self.word("technology", piece) for piece in re.split(r"[\s-]+", text.strip())]
        known = [word for word in words if word is not None]
        return tuple(known) if known and len(known) == len(words) else None

    def _operator(self, text: str) -> str | None:
        key = self._without_form(text)
        return self.sections["operator"].get(key) or self.sections["operator_brand"].get(key)

    def _without_form(self, text: str) -> str:
        """The folded name without legal forms, unless it is nothing else."""
        forms = self.sections["operator_form"]
        parts = folded(text).split("_")
        return "_".join(part for part in parts if part not in forms) or folded(text)

    def _listed(self, text: str, read: Callable[[str], tuple[str, ...] | str | None]) -> tuple[str, ...]:
        whole = read(text)
        if whole:
            return _each_once((whole,) if isinstance(whole, str) else whole)
        found: list[str] = []
        for part in _LISTING.split(text):
            if not re.search(r"\w", part) or folded(part) in self.sections["operator_form"]:
                continue
            known = read(part)
            if known is None:
                return ()
            found += (known,) if isinstance(known, str) else known
        return _each_once(found)


def folded(text: str) -> str:
    """The form in which words are compared: case, ё, punctuation and Latin look-alikes do not count.

    A text of signs only stays as it is.
    """
    return plain(text).translate(_LATIN_LOOKALIKES) or text.strip()


@cache
def vocabulary() -> Vocabulary:
    """The word list that travels with the program, read once."""
    raw = tomllib.loads(data_path("vocabulary", "words.toml").read_text(encoding="utf-8"))
    sections: dict[str, dict[str, str]] = {}
    for section, words in raw.items():
        known = sections.setdefault(section, {})
        for canonical, aliases in words.items():
            known |= {folded(alias): canonical for alias in aliases}
        if section not in {"operator_brand", "empty", "operator_form", "name_words"}:
            known |= {folded(canonical): canonical for canonical in words}
    kinds = {fold(alias): kind for kind, aliases in raw["settlement_kind"].items() for alias in (kind, *aliases)}
    beside = {of: frozenset(fold(word) for word in words) for of, words in raw["name_words"].items()}
    return Vocabulary(sections, kinds, beside | {"settlement": beside["settlement"] | frozenset(kinds)})


def _each_once(words: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(words))
