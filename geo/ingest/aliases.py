"""Which of a file's columns is which canonical one, by name, unit and, where the name is too general, by values."""

import re
import tomllib
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import pandas as pd

from geo.bundled import data_path
from geo.errors import Problem
from geo.ingest.report import Finding, Severity
from geo.ingest.units import Unit, dimension, shown, without_unit
from geo.names import language_of
from geo.tables.schema import KATO_PATTERN, Table

BY_NAME: dict[str, tuple[str, ...]] = {
    "settlements": ("district_name",),
    "facilities": ("settlement_name", "district_name"),
}
"""Columns beside a table's own by which its rows are matched to settlements (`geo.ingest.matching`)."""

_SHAPEFILE_NAME_CHARACTERS = 10
_NAMES = ("name_kk", "name_ru", "name_en")
_LANGUAGES = {"kk": "name_kk", "ru": "name_ru", "en": "name_en"}
_SAMPLE_ROWS = 5_000
_KAZAKH_SHARE = 0.05
_CODE_SHARE = 0.8
_LOOKALIKES = str.maketrans("ёәғқңөұүһі", "еагкноуухи")
_NUMBERING = re.compile(r"^\s*\d+\s*[.)]\s*(?=\D)")
_QUALIFIED = re.compile(r"^(.*?)\s*(?:[(\[{]\s*([^()\[\]{}]+?)\s*[)\]}]|,\s*([^,]+?))\s*$", re.DOTALL)
_DATED = re.compile(
    r"^(.*?\D)[\s,_(\[]*(?:на|as of|к|за|по состоянию на)?\s*(?:\d{1,2}\.\d{1,2}\.)?((?:19|20)\d{2})\s*"
    r"(?:г|г\.|год|года|ж|ж\.|жыл|жылы)?\s*[)\]]?\s*$",
    re.IGNORECASE | re.DOTALL,
)
_CODE_SEPARATORS = re.compile(r"[\s'’]+|\.0+$")
_LETTERS_LOST = 2
_GENERIC = "?"


@dataclass(frozen=True)
class Columns:
    """Which column is which.

    Attributes
    ----------
    own
        Canonical name to the file's own.
    unused
        The file's columns that are none of them, in the file's order.
    units
        Canonical name to the unit that the header states, where it is another than the canonical one;
        `geo.ingest.normalise` converts.
    findings
        About the header: `column_ambiguous`, `unit_missing`, `unit_unknown`, `unit_assumed`, `language_by_letters`.
    """

    own: dict[str, str]
    unused: list[str] = field(default_factory=list)
    units: dict[str, Unit] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    def renamed(self, frame: pd.DataFrame) -> pd.DataFrame:
        """The frame with canonical names and without the unused columns; a geometry stays."""
        kept = frame.drop(columns=[name for name in self.unused if name in frame.columns])
        return kept.rename(columns={own: canonical for canonical, own in self.own.items()})


@dataclass(frozen=True)
class _Claim:
    """One way in which a file's column may be a canonical one; the smallest `rank` is the best."""

    rank: tuple[int, int, int]
    name: str
    unit: Unit | None


def plain(name: str) -> str:
    """A column's name in lower case, words joined by underscores: ``"Name:EN "`` becomes ``name_en``.

    Kazakh letters become their Russian look-alikes, so that a header typed on a Russian keyboard is the same.
    """
    text = unicodedata.normalize("NFKC", name.replace("№", " номер ")).casefold().translate(_LOOKALIKES)
    return re.sub(r"[\W_]+", "_", _NUMBERING.sub("", text)).strip("_")


def accepted_names(canonical: str) -> tuple[str, ...]:
    """Other names of a canonical column, as people write them, the preferred first."""
    return tuple(_data()["columns"].get(canonical, ()))


def canonical_names(names: Sequence[str], wanted: Sequence[str], *, truncated: bool = False) -> dict[str, str]:
    """Which of a file's columns is which canonical one: canonical name to the file's own.

    Columns whose header states another unit than the canonical one are left out.

    Parameters
    ----------
    names
        The file's columns.
    wanted
        Canonical columns to look for.
    truncated
        Whether the format cuts names off after ten characters.
    """
    claims = _claims(names, wanted, truncated)
    return {
        canonical: held[0].name
        for canonical, held in claims.items()
        if canonical in wanted and (held[0].unit is None or held[0].unit.is_canonical)
    }


def map_columns(frame: pd.DataFrame, table: Table, *, truncated: bool = False) -> Columns:
    """Which of a file's columns is which column of a table, or one that its rows are matched by (`BY_NAME`).

    Decided once for a file, on its first rows: a settlement's "name" goes to the language of its letters, a "code" is
    a KATO code if its values look like one, a "district" of codes is the district's code.

    Parameters
    ----------
    frame
        The first rows, with the file's own columns.
    table
        The canonical table.
    truncated
        Whether the format cuts names off after ten characters.
    """
    names = [str(name) for name in frame.columns if name != "geometry"]
    wanted = [column.name for column in table.columns]
    wanted += [name for name in BY_NAME.get(table.name, ()) if name not in wanted]
    claims = _claims(names, wanted, truncated)
    own: dict[str, str] = {}
    units: dict[str, Unit] = {}
    findings: list[Finding] = []
    for canonical in wanted:
        if canonical not in claims:
            continue
        first, *others = claims[canonical]
        own[canonical] = first.name
        if first.unit is not None and not first.unit.is_canonical:
            units[canonical] = first.unit
        if others:
            findings.append(_ambiguous(canonical, [claim.name for claim in (first, *others)]))
        if first.unit is None and dimension(canonical) not in (None, "deg", "people") and first.rank[0] > 0:
            findings.append(_unit_assumed(canonical, first.name))
    _decide_by_values(frame, table, claims, own, findings)
    unused = [name for name in names if name not in own.values()]
    findings += _unit_problems(unused, wanted, own)
    return Columns(own, unused, units, findings)


def renamed(frame: pd.DataFrame, table: Table, *, truncated: bool = False) -> tuple[pd.DataFrame, dict[str, str]]:
    """The frame with canonical column names, and canonical name to the file's own.

    Columns in another unit than the canonical one are left out: nothing is converted here.
    """
    columns = map_columns(frame, table, truncated=truncated)
    own = {canonical: name for canonical, name in columns.own.items() if canonical not in columns.units}
    unused = [str(name) for name in frame.columns if name != "geometry" and name not in own.values()]
    return Columns(own, unused).renamed(frame), own


# -- by name -----------------------------------------------------------------------------------------------------------


def _claims(names: Sequence[str], wanted: Sequence[str], truncated: bool) -> dict[str, list[_Claim]]:
    """For each canonical column (or ``?name`` and ``?code``) the file's columns that may be it, the best first."""
    index, needs_unit = _index(tuple(wanted))
    cuts = _cut_index(tuple(wanted)) if truncated else {}
    found: dict[str, list[_Claim]] = {}
    for position, name in enumerate(names):
        for rest, unit, year in _readings(name):
            entry = index.get(plain(rest))
            if entry is not None and _fits(entry[0], unit, needs_unit.get(entry[0], frozenset()), plain(rest)):
                found.setdefault(entry[0], []).append(_Claim((entry[1], -year, position), name, unit))
                break
        else:
            cut = cuts.get(plain(name))
            if cut is not None:
                found.setdefault(cut, []).append(_Claim((len(index), 0, position), name, None))
    return {canonical: sorted(claims, key=lambda claim: claim.rank) for canonical, claims in found.items()}


def _readings(name: str) -> Iterator[tuple[str, Unit | None, int]]:
    """Ways to read a header, the most literal first: what is left of it, its unit, its year (0 without one)."""
    yield name, None, 0
    text, year = name, 0
    for _ in range(3):
        for rest, unit in without_unit(text):
            yield rest, unit, year
            dated = _DATED.match(rest)
            if dated is not None:
                yield dated[1], unit, int(dated[2])
        dated = _DATED.match(text)
        qualified = _QUALIFIED.match(text)
        if dated is not None:
            text, year = dated[1], int(dated[2])
        elif qualified is not None and plain(qualified[2] or qualified[3]) in _qualifiers():
            text = qualified[1]
        else:
            return
        yield text, None, year


def _fits(canonical: str, unit: Unit | None, needing: frozenset[str], name: str) -> bool:
    if unit is None:
        return name not in needing
    return unit.of == dimension(canonical)


@cache
def _index(wanted: tuple[str, ...]) -> tuple[dict[str, tuple[str, int]], dict[str, frozenset[str]]]:
    """Plain name to the canonical column it stands for and its rank there; and the names that need a unit."""
    data = _data()
    index: dict[str, tuple[str, int]] = {name: (name, 0) for name in wanted}
    needs = {c: frozenset(plain(alias) for alias in aliases) for c, aliases in data["unit_needed"].items()}
    for canonical in wanted:
        unit = dimension(canonical)
        bare = [canonical.removesuffix(f"_{unit}")] if unit is not None else []
        aliases = [*bare, *data["columns"].get(canonical, ()), *data["unit_needed"].get(canonical, ())]
        for rank, alias in enumerate(aliases, start=1):
            index.setdefault(plain(alias), (canonical, rank))
    for generic in _generics(wanted):
        for rank, alias in enumerate(data["generic"][generic], start=1):
            kind = "code" if generic == "code" else "name"
            index.setdefault(plain(alias), (_GENERIC + kind, rank))
    return index, needs


def _generics(wanted: Sequence[str]) -> list[str]:
    generics = []
    if set(_NAMES) <= set(wanted):
        # of the tables with a name in each language only settlements lie in a district by name
        generics.append("name" if "district_kato" in wanted else "district")
    if "kato" in wanted:
        generics.append("code")
    return generics


@cache
def _cut_index(wanted: tuple[str, ...]) -> dict[str, str]:
    """Cut-off name to the canonical column it stands for, where it can be one only.

    A shapefile keeps ten bytes: ten letters in a one-byte encoding, five Cyrillic ones in UTF-8.
    """
    index, _ = _index(wanted)
    meant: dict[str, set[str]] = {}
    nearly_whole: dict[str, set[str]] = {}
    for name, (canonical, rank) in index.items():
        coded = name.encode()[:_SHAPEFILE_NAME_CHARACTERS].decode(errors="ignore")
        for cut in {name[:_SHAPEFILE_NAME_CHARACTERS].strip("_"), coded.strip("_")} - {name}:
            meant.setdefault(cut, set()).add(canonical)
            # our own export comes back as what it was, and "Численност" is no "численность максимум"
            if rank == 0 or len(name) <= len(cut) + _LETTERS_LOST:
                nearly_whole.setdefault(cut, set()).add(canonical)
    meant |= nearly_whole
    return {cut: next(iter(canonicals)) for cut, canonicals in meant.items() if len(canonicals) == 1}


# -- by values ---------------------------------------------------------------------------------------------------------


def _decide_by_values(
    frame: pd.DataFrame,
    table: Table,
    claims: Mapping[str, list[_Claim]],
    own: dict[str, str],
    findings: list[Finding],
) -> None:
    names = [claim.name for claim in claims.get(_GENERIC + "name", ())]
    taken: dict[str, list[str]] = {}
    for name in names:
        language = _language(frame[name])
        if language is not None:
            taken.setdefault(_LANGUAGES[language], []).append(name)
    for canonical, given in taken.items():
        if canonical in own:
            continue  # a header that names the language wins; this one is left without a word
        own[canonical] = given[0]
        what = f"column '{given[0]}' is taken as '{canonical}' by its letters"
        findings.append(_about(Severity.NOTE, "language_by_letters", what, "", given[0]))
        if len(given) > 1:
            findings.append(_ambiguous(canonical, given))
    codes = [claim.name for claim in claims.get(_GENERIC + "code", ()) if _are_codes(frame[claim.name])]
    if codes and "kato" not in own:
        own["kato"] = codes[0]
        if len(codes) > 1:
            findings.append(_ambiguous("kato", codes))
    district = own.get("district_name")
    wants_code = any(column.name == "district_kato" for column in table.columns)
    if district is not None and wants_code and _are_codes(frame[district]):
        del own["district_name"]
        own.setdefault("district_kato", district)


def _sample(values: pd.Series) -> list[str]:
    given: list[str] = values.head(_SAMPLE_ROWS).dropna().astype("str").str.strip().tolist()
    return [value for value in given if value]


def _language(values: pd.Series) -> str | None:
    """The language of a column of names; None where it has no letters.

    Not every Kazakh name has a letter of its own ("Абай"), but among some dozens one in two has.
    """
    languages = [language for value in _sample(values) if (language := language_of(value)) is not None]
    if not languages:
        return None
    cyrillic = [language for language in languages if language != "en"]
    if len(cyrillic) * 2 < len(languages):
        return "en"
    return "kk" if cyrillic.count("kk") >= _KAZAKH_SHARE * len(cyrillic) else "ru"


def _are_codes(values: pd.Series) -> bool:
    given = [_CODE_SEPARATORS.sub("", value) for value in _sample(values)]
    return bool(given) and sum(re.match(KATO_PATTERN, v) is not None for v in given) >= _CODE_SHARE * len(given)


# -- findings ----------------------------------------------------------------------------------------------------------


def _about(severity: Severity, code: str, what: str, remedy: str, name: str) -> Finding:
    return Finding.of(code, severity, [Problem(what, remedy, column=name)])


def _ambiguous(canonical: str, names: Sequence[str]) -> Finding:
    others = ", ".join(f"'{name}'" for name in names[1:])
    what = f"several columns may be '{canonical}': '{names[0]}' is taken, {others} not"
    return _about(Severity.WARNING, "column_ambiguous", what, "Rename or remove the other", names[1])


def _unit_assumed(canonical: str, name: str) -> Finding:
    unit = shown(dimension(canonical) or "")
    what = f"column '{name}' states no unit: taken as {unit}"
    return _about(Severity.NOTE, "unit_assumed", what, f"If it is another, write it: '{name}, …'", name)


def _unit_problems(unused: Sequence[str], wanted: Sequence[str], own: Mapping[str, str]) -> list[Finding]:
    """Of the columns left over, those that only their unit, or want of one, kept from being taken."""
    index, _ = _index(tuple(wanted))
    findings = []
    for name in unused:
        for rest, unit, _year in _readings(name):
            canonical, _rank = index.get(plain(rest), (None, 0))
            of = dimension(canonical) if canonical is not None else None
            if canonical is None or of is None or canonical in own:
                continue
            remedy = f"Give it in {shown(of)}, or another unit that is known, and name the column '{canonical}'"
            if unit is None:
                what = f"column '{name}' says no unit and is not used"
                findings.append(_about(Severity.WARNING, "unit_missing", what, remedy, name))
            else:
                what = f"the unit '{unit.name}' of column '{name}' is none of '{canonical}': it is not used"
                findings.append(_about(Severity.WARNING, "unit_unknown", what, remedy, name))
            break
    return findings


# -- data --------------------------------------------------------------------------------------------------------------


@cache
def _data() -> dict[str, Any]:
    return tomllib.loads(data_path("vocabulary", "columns.toml").read_text(encoding="utf-8"))


@cache
def _qualifiers() -> frozenset[str]:
    return frozenset(plain(word) for word in _data()["qualifiers"]["words"])
