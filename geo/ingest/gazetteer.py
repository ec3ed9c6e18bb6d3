"""Names of the known settlements and districts in the form in which names of users' rows are looked up.

A name is compared without the words beside it ("с.", "ауылы", "разъезд №"), folded (`geo.names.fold`) and without
spaces; present names in every language, their romanisation, and former names all lead to their place.
"""

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from rapidfuzz.distance import OSA
from rapidfuzz.process import cdist

from geo.bundled import data_path
from geo.ingest.vocabulary import vocabulary
from geo.names import fold, romanise_kazakh
from geo.tables.words import SettlementKind

LIKENESS_LETTERS = 5
"""Letters that a name needs to be matched by likeness: among shorter ones a letter makes another name."""

_NAMES = ("name_kk", "name_ru", "name_en")
_LISTED = 3
_CHUNK = 5_000
_MOST_EDITS = 1
_SILENT = re.compile("[’'‘`´ʹʺ”“\"«»№]")
_BRACKETS = re.compile(r"\s*[(\[].*?[)\]]\s*")
_NUMBER = re.compile(r"(\d+)(?: (?:i|oi|ii))?")
_ADJECTIVE = re.compile(r"sk(?:i|ii|ogo|omu|om|aa)$")


@dataclass(frozen=True)
class Likeness:
    """What all but equals a name: the places that are it, perhaps, and the nearest ones to show, both by their row."""

    places: tuple[int, ...]
    nearest: tuple[int, ...]


class Names:
    """Keys of named places, and which places each leads to."""

    def __init__(self, keys: Sequence[tuple[str, int]]) -> None:
        self._by_key: dict[str, tuple[int, ...]] = {}
        for key, place in keys:
            held = self._by_key.get(key, ())
            if key and place not in held:
                self._by_key[key] = (*held, place)
        self._keys = list(self._by_key)

    def equal(self, key: str) -> tuple[int, ...]:
        """Places of exactly that key."""
        return self._by_key.get(key, ())

    def alike(self, keys: Sequence[str]) -> list[Likeness]:
        """For each key what is one edit away, if nothing else is, and the nearest places.

        Names with numbers are told apart by these, so they are never alike; nor are names that begin differently,
        which are often names of their own (Кемер and Аккемер).
        """
        found: list[Likeness] = []
        for start in range(0, len(keys) if self._keys else 0, _CHUNK):
            chunk = keys[start : start + _CHUNK]
            edits = cdist(chunk, self._keys, scorer=OSA.distance, dtype=np.int32)
            order = np.argsort(edits, axis=1, kind="stable")[:, : 2 * _LISTED]
            found += [self._likeness(key, edits[i], order[i]) for i, key in enumerate(chunk)]
        return found or [Likeness((), ())] * len(keys)

    def _likeness(self, key: str, edits: npt.NDArray[np.int32], order: npt.NDArray[np.intp]) -> Likeness:
        nearest = tuple(dict.fromkeys(place for j in order for place in self._by_key[self._keys[j]]))[:_LISTED]
        if len(key) < LIKENESS_LETTERS or re.search(r"\d", key):
            return Likeness((), nearest)
        near = [self._keys[j] for j in np.flatnonzero(edits <= _MOST_EDITS)]
        if any(one[0] != key[0] for one in near):
            return Likeness((), nearest)
        places = {place for one in near for place in self._by_key[one]}
        same = {self._by_key[one] for one in near}
        # several places of one name are a question for their kind or position, of several names for a person
        return Likeness(tuple(sorted(places)) if len(same) == 1 else (), nearest)


@dataclass(frozen=True)
class Gazetteer:
    """The known settlements: codes, districts, kinds, labels and positions, shape (n,), and their names.

    `lon` and `lat` are degrees, NaN where the position is not known. `inside` has the names of each district.
    """

    kato: npt.NDArray[np.object_]
    district: npt.NDArray[np.object_]
    kind: npt.NDArray[np.object_]
    label: npt.NDArray[np.object_]
    lon: npt.NDArray[np.float64]
    lat: npt.NDArray[np.float64]
    everywhere: Names
    inside: dict[str, Names]

    @classmethod
    def of(cls, settlements: gpd.GeoDataFrame) -> "Gazetteer":
        """From the canonical table of settlements."""
        kato = settlements["kato"].to_numpy(dtype=object)
        district = settlements["district_kato"].astype("str").fillna("").to_numpy(dtype=object)
        keys = [(settlement_key(name)[0], place) for name, place in _names_of(settlements)]
        everywhere = Names(keys)
        inside = {code: Names([pair for pair in keys if district[pair[1]] == code]) for code in set(district)}
        centre = shapely.centroid(settlements.geometry.to_numpy())
        return cls(
            kato,
            district,
            settlements["kind"].to_numpy(dtype=object),
            settlements[list(_NAMES)].bfill(axis=1).iloc[:, 0].to_numpy(dtype=object),
            shapely.get_x(centre),
            shapely.get_y(centre),
            everywhere,
            inside,
        )

    def shown(self, places: Sequence[int]) -> str:
        """Places as people can tell them apart."""
        return ", ".join(f"{self.label[i]} ({self.kato[i]}, {self.kind[i]})" for i in places)


def settlement_key(name: str) -> tuple[str, SettlementKind | None]:
    """A settlement's name as a key, and the kind that the words beside it state."""
    text = fold(_SILENT.sub("", name))
    bare, beside = _stripped(text, "settlement")
    kinds = {_kind_words()[word] for word in beside if word in _kind_words()}
    kind = kinds.pop() if len(kinds) == 1 else None
    number = _NUMBER.fullmatch(bare)
    if number is not None and kind is SettlementKind.SIDING:
        return f"siding{number[1]}", kind
    return bare.replace(" ", ""), kind


def readings(name: str) -> Iterator[str]:
    """A name as it is, then without what stands in brackets."""
    yield name
    shorter = _BRACKETS.sub(" ", name).strip()
    if shorter and shorter != name:
        yield shorter


def district_names(districts: pd.DataFrame) -> Names:
    """The names of the districts, in every language and spelling, also as adjectives and former ones."""
    return Names([(key, place) for name, place in _names_of(districts) for key in district_keys(name)])


def district_keys(name: str) -> tuple[str, ...]:
    """A district's name as keys: as it is and, of a Russian adjective, its stem."""
    bare = _stripped(fold(_SILENT.sub("", name)), "district")[0].replace(" ", "")
    stem = _ADJECTIVE.sub("", bare)
    return (f"{stem}sk", stem) if stem != bare else (bare,)


def _names_of(places: pd.DataFrame) -> list[tuple[str, int]]:
    """Every name of every place with the place's row."""
    named = [
        (name, place)
        for column in _NAMES
        for place, name in enumerate(places[column].tolist())
        if isinstance(name, str) and name.strip()
    ]
    named += [(romanise_kazakh(name), place) for name, place in named]
    rows = {code: place for place, code in enumerate(places["kato"].tolist())}
    return named + [(name, rows[code]) for code, name in _former_names() if code in rows]


def _stripped(text: str, of: str) -> tuple[str, list[str]]:
    """A folded name without the words beside it, and these words; a name that is nothing else stays whole."""
    beside: list[str] = []

    def taken(match: re.Match[str]) -> str:
        beside.append(match[1])
        return " "

    bare = " ".join(_words_beside(of).sub(taken, text).split())
    return (bare, beside) if bare else (text, [])


@cache
def _words_beside(of: str) -> re.Pattern[str]:
    sections = vocabulary().name_words
    words = sorted(sections[of], key=len, reverse=True)
    return re.compile(rf"(?<![a-z0-9])({'|'.join(map(re.escape, words))})(?![a-z0-9])")


@cache
def _kind_words() -> dict[str, SettlementKind]:
    return {word: SettlementKind(kind) for word, kind in vocabulary().kind_words.items()}


@cache
def _former_names() -> tuple[tuple[str, str], ...]:
    """Code and former name of settlements and districts of the bundled region."""
    with data_path("boundaries", "former-names.csv").open(encoding="utf-8", newline="") as stream:
        return tuple((row["kato"], row["name"]) for row in csv.DictReader(stream))
