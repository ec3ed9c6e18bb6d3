"""What OpenStreetMap's tags mean in the canonical columns."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

import pandas as pd

from geo.errors import Problem
from geo.ingest.report import Finding, Severity
from geo.tables.words import FacilityKind, PopulationBasis, SettlementKind

Tags = dict[str, str]

# `locality` is a named place where nobody lives and `farm` a single one outside the classifier; suburbs and quarters
# are parts of places. A hamlet or lone dwelling may be a railway siding, which the classifier lists.
PLACES = {
    "city": SettlementKind.CITY,
    "town": SettlementKind.TOWN,
    "village": SettlementKind.VILLAGE,
    "hamlet": SettlementKind.VILLAGE,
    "isolated_dwelling": SettlementKind.VILLAGE,
}

_CLASSES = ("motorway", "trunk", "primary", "secondary", "tertiary")
# Roads between places and the tracks of the steppe; `service` is driveways and yards, paths carry no vehicle.
ROAD_CLASSES = (*_CLASSES, *(f"{name}_link" for name in _CLASSES), "unclassified", "residential", "living_street")
ROAD_CLASSES += ("road", "track")

# The first tag that a feature has decides.
FACILITIES = {
    ("amenity", "school"): FacilityKind.SCHOOL,
    ("amenity", "kindergarten"): FacilityKind.KINDERGARTEN,
    ("amenity", "hospital"): FacilityKind.HOSPITAL,
    ("amenity", "clinic"): FacilityKind.CLINIC,
    ("amenity", "doctors"): FacilityKind.CLINIC,
    ("amenity", "pharmacy"): FacilityKind.PHARMACY,
    ("amenity", "post_office"): FacilityKind.POST,
    ("amenity", "police"): FacilityKind.POLICE,
    ("amenity", "fire_station"): FacilityKind.FIRE_STATION,
    ("amenity", "library"): FacilityKind.LIBRARY,
    ("amenity", "townhall"): FacilityKind.AKIMAT,
    ("healthcare", "hospital"): FacilityKind.HOSPITAL,
    ("healthcare", "pharmacy"): FacilityKind.PHARMACY,
    ("healthcare", "clinic"): FacilityKind.CLINIC,
    ("healthcare", "centre"): FacilityKind.CLINIC,
    ("healthcare", "doctor"): FacilityKind.CLINIC,
    ("healthcare", "nurse"): FacilityKind.CLINIC,
    ("healthcare", "midwife"): FacilityKind.CLINIC,
    ("healthcare", "yes"): FacilityKind.CLINIC,
    ("office", "government"): FacilityKind.OTHER,
}

SOURCE = "OpenStreetMap"
_NAMES = {"name_kk": "name:kk", "name_ru": "name:ru", "name_en": "name:en"}
_KATO_KEYS = ("kato", "ref:kato", "kato:code", "kato_code")
_KATO = re.compile(r"[0-9]{9}")
_KAZAKH_LETTERS = re.compile("[әғқңөұүһі]", re.IGNORECASE)
_CYRILLIC = re.compile("[а-яё]", re.IGNORECASE)
_AKIMAT = re.compile("аким|әкім|akim|äkim", re.IGNORECASE)
_PEOPLE = re.compile(r"\d{1,9}|\d{1,3}(?:[ ,\u00a0\u202f]\d{3})+")
_DATE = re.compile(r"\d{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?)?")


@dataclass
class Unread:
    """Values of tags that say something which the canonical column does not take: they are left empty."""

    file: str
    problems: dict[str, list[Problem]] = field(default_factory=dict)

    def add(self, column: str, row: int, name: str, value: str, remedy: str) -> None:
        """Note one value; `name` is the object's, such as ``node/1``."""
        what = f"the tag's value is not read: {column} stays empty"
        problem = Problem(what, remedy, self.file, row, column, f"{value} ({name})")
        self.problems.setdefault(column, []).append(problem)

    def findings(self) -> list[Finding]:
        """One warning for each column."""
        return [Finding.of(f"{column}_not_read", Severity.WARNING, found) for column, found in self.problems.items()]


def settlements(objects: Iterable[tuple[int, str, Tags]], unread: Unread) -> pd.DataFrame:
    """Settlements of places given as row number, object's name and tags; canonical columns without geometry.

    A plain `name` stands for the language that its letters show, where that language's own name is missing. Without a
    KATO code in the tags `kato` is null.
    """
    records = []
    for row, osm_id, tags in objects:
        population = _population(tags.get("population"))
        if population is None and tags.get("population"):
            remedy = "Accepted: a whole number of people"
            unread.add("population", row, osm_id, tags["population"], remedy)
        date = tags.get("population:date") if population is not None else None
        if date is not None and not _DATE.fullmatch(date):
            unread.add("population_date", row, osm_id, date, "Accepted: YYYY, YYYY-MM or YYYY-MM-DD")
            date = None
        record = {
            "kato": _kato(row, osm_id, tags, unread),
            **{column: tags.get(key) for column, key in _NAMES.items()},
            "kind": PLACES[tags["place"]].value,
            "population": population,
            "population_basis": PopulationBasis.TAG.value if population is not None else None,
            "population_date": date,
            "position_source": SOURCE,
        }
        name = tags.get("name")
        if name:
            column = _language(name)
            record[column] = record[column] or name
        records.append(record)
    columns = ["kato", *_NAMES, "kind", "population", "population_basis", "population_date", "position_source"]
    frame = pd.DataFrame(records, columns=columns)
    return frame.astype(dict.fromkeys(columns, "str") | {"population": "Int64"})


def boundaries(objects: Iterable[tuple[int, str, Tags]], unread: Unread) -> pd.DataFrame:
    """Districts of administrative relations; parameters and names as `settlements`."""
    records = []
    for row, osm_id, tags in objects:
        record = {"kato": _kato(row, osm_id, tags, unread)} | {column: tags.get(key) for column, key in _NAMES.items()}
        name = tags.get("name")
        if name:
            column = _language(name)
            record[column] = record[column] or name
        records.append(record)
    return pd.DataFrame(records, columns=["kato", *_NAMES], dtype="str")


def roads(objects: Iterable[tuple[int, str, Tags]]) -> pd.DataFrame:
    """Roads of ways; parameters as `settlements`."""
    records = [
        (osm_id, tags.get("name:ru") or tags.get("name"), tags["highway"], tags.get("surface"), SOURCE)
        for _, osm_id, tags in objects
    ]
    return pd.DataFrame(records, columns=["road_id", "name", "road_class", "surface", "source"], dtype="str")


def facilities(objects: Iterable[tuple[int, str, Tags]]) -> pd.DataFrame:
    """Facilities; parameters as `settlements`."""
    records = []
    for _, osm_id, tags in objects:
        name = tags.get("name:ru") or tags.get("name") or tags.get("name:kk")
        kind = next(kind for (key, value), kind in FACILITIES.items() if tags.get(key) == value)
        if kind is FacilityKind.OTHER and name and _AKIMAT.search(name):
            kind = FacilityKind.AKIMAT
        records.append((osm_id, name, kind.value, SOURCE))
    return pd.DataFrame(records, columns=["facility_id", "name", "kind", "source"], dtype="str")


def same_place(one: Tags, other: Tags) -> bool:
    """Whether two objects share a name in any language."""
    keys = ("name", *_NAMES.values())
    return bool({one[key] for key in keys if key in one} & {other[key] for key in keys if key in other})


def _language(name: str) -> str:
    if not _CYRILLIC.search(name) and not _KAZAKH_LETTERS.search(name):
        return "name_en"
    return "name_kk" if _KAZAKH_LETTERS.search(name) else "name_ru"


def _population(text: str | None) -> int | None:
    if text is None or not _PEOPLE.fullmatch(text.strip()):
        return None
    return int(re.sub(r"\D", "", text))


def _kato(row: int, osm_id: str, tags: Tags, unread: Unread) -> str | None:
    lower = {key.lower(): value.strip() for key, value in tags.items()}
    given = next((lower[key] for key in _KATO_KEYS if key in lower), None)
    if given is not None and not _KATO.fullmatch(given):
        unread.add("kato", row, osm_id, given, "Accepted: nine digits")
        return None
    return given
