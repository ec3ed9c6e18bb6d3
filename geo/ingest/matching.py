"""Settlements given by name, matched to KATO codes: inside their district, in any spelling, never by a guess.

First equal names, present and former, then all but equal ones (`geo.ingest.gazetteer`). Where several places remain,
the kind that the name states ("ст. Токмансай") or the position decides; else the row is refused, and they are listed.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from geo.errors import Problem
from geo.ingest.aliases import Columns
from geo.ingest.gazetteer import Gazetteer, Names, district_keys, district_names, readings, settlement_key
from geo.ingest.report import EXAMPLES, Finding, Severity
from geo.region import geodesic_km
from geo.tables.words import SettlementKind

NEAR_KM = 5.0
"""Distance within which a position decides between places of one name."""

FAR_KM = 30.0
"""Distance from which a position speaks against the place that its name says."""

_NAME_COLUMNS = ("settlement_name", "name_kk", "name_ru", "name_en")
_BESIDE_NAMES = ("district_kato", "district_name", "kind")
_GIVE_CODE = "give its KATO code"
_URBAN = frozenset({SettlementKind.CITY, SettlementKind.TOWN})
_DECIDING = {
    SettlementKind.CITY: _URBAN,
    SettlementKind.TOWN: _URBAN,
    SettlementKind.SETTLEMENT: frozenset({SettlementKind.SETTLEMENT}),
    SettlementKind.STATION: frozenset({SettlementKind.STATION}),
    SettlementKind.SIDING: frozenset({SettlementKind.SIDING}),
}
"""Kinds that a stated one singles out; "село" and "ауыл" are said of any place."""


@dataclass(frozen=True)
class Matched:
    """KATO code of each row, shape (n,), None where `problems` says why there is none."""

    kato: npt.NDArray[np.object_]
    findings: list[Finding]
    problems: list[Problem]


@dataclass(frozen=True)
class _Answer:
    """The places that a name may be, by their row in the gazetteer; without any, what is wrong and the remedy."""

    places: tuple[int, ...] = ()
    by_likeness: bool = False
    what: str = ""
    remedy: str = ""
    column: str = ""


@dataclass(frozen=True)
class _Question:
    """A name, or several of one place, as keys; its district's code (None: anywhere); the kind that it states."""

    keys: tuple[tuple[str, ...], ...]
    district: str | None
    kind: SettlementKind | None
    column: str
    refused: _Answer | None = None


def match_names(
    frame: pd.DataFrame,
    rows: npt.NDArray[np.int64],
    reference: gpd.GeoDataFrame,
    districts: pd.DataFrame,
    file: str,
    *,
    columns: Columns | None = None,
) -> Matched:
    """KATO codes of rows that give their settlement by name.

    Parameters
    ----------
    frame
        `settlement_name`, or `name_kk`, `name_ru`, `name_en`; optional: `kato` (a code that is given stays),
        `district_kato` or `district_name`, `kind`, and a geometry in WGS 84.
    rows
        Numbers of the rows in the file, shape (n,).
    reference, districts
        The canonical tables of settlements and districts.
    file
        The file's name, for messages.
    columns
        What the file calls its columns, for messages.

    Returns
    -------
    Matched
        Findings: `matched_by_name`, `matched_by_position`, `matched_by_likeness` (one for each pair of names),
        `matched_far_away`.
    """
    gazetteer = Gazetteer.of(reference)
    names_given = [column for column in _NAME_COLUMNS if column in frame.columns]
    codes = frame["kato"] if "kato" in frame.columns else pd.Series(None, index=frame.index, dtype="str")
    kato = codes.astype(object).where(codes.notna(), None).to_numpy(dtype=object).copy()
    open_rows = np.flatnonzero(codes.isna())
    asked = _asked(frame, names_given).iloc[open_rows].reset_index(drop=True)
    groups = asked.fillna("").groupby(list(asked.columns), sort=False).ngroup().to_numpy().astype(np.intp)
    distinct = asked.fillna("").iloc[np.unique(groups, return_index=True)[1]]
    answers = _answers(distinct.to_dict("records"), names_given, gazetteer, districts)
    lon, lat = (axis[open_rows] for axis in _positions(frame))
    chosen, by_position = _chosen(groups, answers, gazetteer, lon, lat)
    hit = chosen >= 0
    kato[open_rows[hit]] = gazetteer.kato[chosen[hit]]
    own = {} if columns is None else columns.own
    texts = {str(column): values.tolist() for column, values in asked.items()}
    told = _Teller(file, rows[open_rows], texts, own, gazetteer, groups, answers, chosen)
    findings = [*told.matched(by_position), *told.far_away(lon, lat)]
    return Matched(kato, findings, told.problems())


def _asked(frame: pd.DataFrame, names_given: Sequence[str]) -> pd.DataFrame:
    """What the rows say of their place, as text; one empty column where they say nothing."""
    used = [*names_given, *(column for column in _BESIDE_NAMES if column in frame.columns)]
    texts = {column: frame[column].astype("str").str.strip() for column in used}
    return pd.DataFrame(texts or {"": pd.Series(None, index=frame.index, dtype="str")}, index=frame.index)


def _answers(
    distinct: Sequence[dict[Hashable, str]], names_given: Sequence[str], gazetteer: Gazetteer, districts: pd.DataFrame
) -> list[_Answer]:
    known = district_names(districts)
    codes = districts["kato"].tolist()
    labels = districts["name_ru"].fillna(districts["kato"]).tolist()
    districts_read: dict[tuple[str, str], str | _Answer | None] = {}
    questions = []
    for record in distinct:
        place = (record.get("district_kato", ""), record.get("district_name", ""))
        if place not in districts_read:
            districts_read[place] = _district(*place, known, codes, labels)
        questions.append(_question(record, names_given, districts_read[place]))
    answers = [_equal(question, gazetteer) for question in questions]
    unanswered: dict[str | None, list[int]] = {}
    for i, answer in enumerate(answers):
        if answer is None:
            unanswered.setdefault(questions[i].district, []).append(i)
    settled: dict[int, _Answer] = {i: answer for i, answer in enumerate(answers) if answer is not None}
    for district, asking in unanswered.items():
        scope = gazetteer.everywhere if district is None else gazetteer.inside.get(district, Names([]))
        alike = scope.alike([questions[i].keys[0][0] for i in asking])
        for i, likeness in zip(asking, alike, strict=True):
            settled[i] = _alike(questions[i], likeness.places, likeness.nearest, gazetteer)
    return [_by_kind(settled[i], question.kind, gazetteer) for i, question in enumerate(questions)]


def _district(code: str, name: str, known: Names, codes: Sequence[str], labels: Sequence[str]) -> str | _Answer | None:
    """The code of a row's district; None where it gives none."""
    if code:
        if code in codes:
            return code
        what, column = f"no district has the code {code}", "district_kato"
    elif name:
        found = {place for key in district_keys(name) for place in known.equal(key)}
        if not found:
            found = {place for likeness in known.alike(district_keys(name)[:1]) for place in likeness.places}
        if len(found) == 1:
            return codes[found.pop()]
        what, column = f"'{name}' is not known as a district", "district_name"
    else:
        return None
    return _Answer(what=what, remedy=f"Accepted: {', '.join(labels)}", column=column)


def _question(record: dict[Hashable, str], names_given: Sequence[str], district: str | _Answer | None) -> _Question:
    given = [column for column in names_given if record[column]]
    column = given[0] if given else (names_given[0] if names_given else "")
    refused = district if isinstance(district, _Answer) else None
    if not given:
        refused = _Answer(what="neither a KATO code nor a name", remedy="Give one of them", column=column)
    read = [[settlement_key(reading) for reading in readings(record[name])] for name in given]
    stated = [kind for alternatives in read for _key, kind in alternatives[:1] if kind is not None]
    kind = record.get("kind", "")
    if kind in set(SettlementKind) and SettlementKind(kind) in _DECIDING:
        stated.append(SettlementKind(kind))
    keys = tuple(tuple(key for key, _kind in alternatives) for alternatives in read)
    code = district if isinstance(district, str) else None
    return _Question(keys, code, stated[0] if stated else None, column, refused)


def _equal(question: _Question, gazetteer: Gazetteer) -> _Answer | None:
    """Places whose names equal all the given ones; None where none of these is known inside the district."""
    if question.refused is not None:
        return question.refused
    scope = gazetteer.everywhere if question.district is None else gazetteer.inside.get(question.district)
    hits = []
    for alternatives in question.keys:
        found = next((places for key in alternatives if scope is not None and (places := scope.equal(key))), ())
        if found:
            hits.append(set(found))
    if not hits:
        return None
    common = set.intersection(*hits)
    if common:
        return _Answer(tuple(sorted(common)), column=question.column)
    every = gazetteer.shown(sorted(set.union(*hits)))
    what = "the names are of different settlements"
    return _Answer(what=what, remedy=f"Mend them, or {_GIVE_CODE}: {every}", column=question.column)


def _alike(question: _Question, places: tuple[int, ...], nearest: tuple[int, ...], gazetteer: Gazetteer) -> _Answer:
    """The answer for a name that nothing equals inside its district."""
    elsewhere = sorted({place for keys in question.keys for key in keys for place in gazetteer.everywhere.equal(key)})
    if elsewhere:
        what = "no settlement of that name in the district"
        remedy = f"Elsewhere: {gazetteer.shown(elsewhere)}; mend the district or {_GIVE_CODE}"
        return _Answer(what=what, remedy=remedy, column=question.column)
    if places:
        return _Answer(places, by_likeness=True, column=question.column)
    what = "no settlement of that name" + (" in the district" if question.district is not None else "")
    remedy = f"The nearest: {gazetteer.shown(nearest)}; mend the name or {_GIVE_CODE}"
    return _Answer(what=what, remedy=remedy, column=question.column)


def _by_kind(answer: _Answer, kind: SettlementKind | None, gazetteer: Gazetteer) -> _Answer:
    """Of several places those of the stated kind, if it singles any out."""
    if len(answer.places) < 2 or kind not in _DECIDING:
        return answer
    of_kind = tuple(place for place in answer.places if gazetteer.kind[place] in _DECIDING[kind])
    return replace(answer, places=of_kind) if of_kind else answer


def _positions(frame: pd.DataFrame) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    if not isinstance(frame, gpd.GeoDataFrame):
        return np.full(len(frame), np.nan), np.full(len(frame), np.nan)
    centre = shapely.centroid(frame.geometry.to_numpy())
    return shapely.get_x(centre), shapely.get_y(centre)


def _chosen(
    groups: npt.NDArray[np.intp],
    answers: Sequence[_Answer],
    gazetteer: Gazetteer,
    lon: npt.NDArray[np.float64],
    lat: npt.NDArray[np.float64],
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.bool_]]:
    """The place of each row, −1 without one, and whether its position decided."""
    only = np.array([a.places[0] if len(a.places) == 1 else -1 for a in answers], dtype=np.intp)
    chosen = only[groups]
    by_position = np.zeros(len(groups), dtype=bool)
    several = np.array([len(answer.places) > 1 for answer in answers], dtype=bool)[groups]
    open_rows = np.flatnonzero(several & np.isfinite(lon))
    open_rows = open_rows[np.argsort(groups[open_rows], kind="stable")]
    for asking in np.split(open_rows, np.flatnonzero(np.diff(groups[open_rows])) + 1):
        if not len(asking):
            continue
        places = np.array(answers[groups[asking[0]]].places, dtype=np.intp)
        # a place of the name whose position is not known may be the one, however near another is
        if np.isnan(gazetteer.lon[places]).any():
            continue
        pairs = np.repeat(asking, len(places)), np.tile(places, len(asking))
        km = geodesic_km(lon[pairs[0]], lat[pairs[0]], gazetteer.lon[pairs[1]], gazetteer.lat[pairs[1]])
        near = km.reshape(len(asking), len(places)) <= NEAR_KM
        decided = near.sum(axis=1) == 1
        chosen[asking[decided]] = places[near[decided].argmax(axis=1)]
        by_position[asking[decided]] = True
    return chosen, by_position


@dataclass(frozen=True)
class _Teller:
    """Puts what was found into words, with the file's own row numbers and column names.

    `asked` holds the names that each row gives, `groups` the answer to each row, `chosen` its place or −1.
    """

    file: str
    rows: npt.NDArray[np.int64]
    asked: dict[str, list[str | None]]
    own: dict[str, str]
    gazetteer: Gazetteer
    groups: npt.NDArray[np.intp]
    answers: Sequence[_Answer]
    chosen: npt.NDArray[np.intp]

    def problems(self) -> list[Problem]:
        """One for each row without a place."""
        unmatched = np.flatnonzero(self.chosen < 0)
        worded = {group: self._refusal(self.answers[group]) for group in set(self.groups[unmatched].tolist())}
        return [self._about(i, *worded[self.groups[i]]) for i in unmatched.tolist()]

    def matched(self, by_position: npt.NDArray[np.bool_]) -> list[Finding]:
        """How the rows with a place came by it; names that are only alike one by one."""
        hit = self.chosen >= 0
        likely = hit & np.array([answer.by_likeness for answer in self.answers], dtype=bool)[self.groups]
        ways = {
            ("matched_by_name", "settlements were found by their names"): hit & ~likely & ~by_position,
            (
                "matched_by_position",
                "of several settlements of one name the one at the position was taken",
            ): by_position & ~likely,
        }
        found = []
        for (code, what), rows in ways.items():
            at = np.flatnonzero(rows)
            if len(at):
                arrows = [f"{self._given(i)} → {self.gazetteer.kato[self.chosen[i]]}" for i in at[:EXAMPLES]]
                examples = [self._about(i, what, "", value) for i, value in zip(at[:EXAMPLES], arrows, strict=True)]
                found.append(Finding(code, Severity.NOTE, what, "", len(at), tuple(examples)))
        pairs = pd.DataFrame({"row": np.flatnonzero(likely), "group": self.groups[likely], "at": self.chosen[likely]})
        for _, pair in pairs.groupby(["group", "at"], sort=False):
            first = pair["row"].tolist()[:EXAMPLES]
            what = f"'{self._given(first[0])}' was taken as {self.gazetteer.shown([int(pair['at'].iloc[0])])}"
            remedy = f"Is it another place? Then {_GIVE_CODE}"
            examples = [self._about(i, what, remedy) for i in first]
            found.append(Finding("matched_by_likeness", Severity.NOTE, what, remedy, len(pair), tuple(examples)))
        return found

    def far_away(self, lon: npt.NDArray[np.float64], lat: npt.NDArray[np.float64]) -> list[Finding]:
        """Rows whose position speaks against the place that was found."""
        at = np.flatnonzero((self.chosen >= 0) & np.isfinite(lon))
        at = at[np.isfinite(self.gazetteer.lon[self.chosen[at]])]
        place = self.chosen[at]
        km = geodesic_km(lon[at], lat[at], self.gazetteer.lon[place], self.gazetteer.lat[place])
        far = np.flatnonzero(km > FAR_KM)
        if not len(far):
            return []
        what = f"the position is over {FAR_KM:g} km from the settlement of that name"
        remedy = "Are name and position of one place?"
        examples = [
            self._about(at[j], what, remedy, f"{self.gazetteer.shown([place[j]])}: {km[j]:.0f} km")
            for j in far[:EXAMPLES]
        ]
        return [Finding("matched_far_away", Severity.WARNING, what, remedy, len(far), tuple(examples))]

    def _refusal(self, answer: _Answer) -> tuple[str, str]:
        if not answer.places:
            return answer.what, answer.remedy
        choice = self.gazetteer.shown(answer.places)
        remedy = f"Give the KATO code of one, or a position within {NEAR_KM:g} km of it: {choice}"
        return "several settlements have that name", remedy

    def _given(self, i: int) -> str | None:
        """What row `i` gives in the column that its answer is about."""
        column = self.answers[self.groups[i]].column
        value = self.asked[column][i] if column in self.asked else None
        return value if isinstance(value, str) else None

    def _about(self, i: int, what: str, remedy: str, value: str | None = None) -> Problem:
        column = self.answers[self.groups[i]].column
        named = self.own.get(column, column) or None
        return Problem(what, remedy, self.file, int(self.rows[i]), named, value or self._given(i))
