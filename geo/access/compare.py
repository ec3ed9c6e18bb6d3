"""What changed from one run to another: service, ranks and people, by settlement and by district."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from geo.tables.schema import WGS84
from geo.tables.words import ServiceClass
from geo.workspace import Run

NAMES = ("name_kk", "name_ru", "name_en")
_TEXTS = ("district_kato", "service_class", "best_technology", "best_operator")
_WHOLE_NUMBERS = ("population", "rank")
_NUMBERS = ("probability_served", "people_without", "score")
COMPARED = (*_TEXTS, *_WHOLE_NUMBERS, *_NUMBERS)
"""Columns of table `gaps` that are compared; a comparison has each twice, ``<column>_a`` and ``<column>_b``."""
TOTALS = ("settlements", "gaps", "unknown", "population", "people_without", "people_unknown")
"""Totals of a district: settlements, those not served, those of them of which nothing is known, residents, those of
them expected without service, and the settlements of which that is not known."""

_PEOPLE_DECIMALS = 3
_NO_DISTRICT = ""
_GROUPS = ("scenario", "standard", "input", "parameters", "region", "versions")
_TOLD_ABOVE = ("scenario", "standard")  # parameters that only repeat what the manifest says elsewhere


class Change(StrEnum):
    """What happened to a settlement: the first that applies.

    Service is gained or lost between classes that are known only: from `unknown` to `served` nothing but the knowledge
    may have changed.
    """

    APPEARED = "appeared"
    DISAPPEARED = "disappeared"
    LOST = "lost"
    GAINED = "gained"
    NO_LONGER_KNOWN = "no_longer_known"
    NOW_KNOWN = "now_known"
    CLASS = "class"
    FIGURES = "figures"


_ORDER = (
    Change.LOST,
    Change.GAINED,
    Change.NO_LONGER_KNOWN,
    Change.NOW_KNOWN,
    Change.CLASS,
    Change.APPEARED,
    Change.DISAPPEARED,
    Change.FIGURES,
)


@dataclass(frozen=True)
class Premise:
    """Something that two runs rest on and that differs: its value in each, null where one has none."""

    name: str
    a: Any
    b: Any


@dataclass(frozen=True)
class Comparison:
    """Run `b` against run `a`. What is the same in both is not in it.

    `settlements` has a row for each settlement of which a compared value differs or that only one run has: `kato`,
    names, `change` (`Change`), the `COMPARED` columns of both, `rank_move` and `people_without_change` (b − a), and
    the position in b, else in a (WGS 84). Lost service comes first, then gained.

    `districts` has a row for each district of which a total differs: `kato` (null for settlements without a district),
    names, how many settlements `gained` and `lost` service, the `TOTALS` of both runs,
    and the area. `overall` has the same figures for the whole, also where nothing changed.
    """

    a: Run
    b: Run
    premises: tuple[Premise, ...]
    settlements: gpd.GeoDataFrame
    districts: gpd.GeoDataFrame
    overall: Mapping[str, float]

    @property
    def is_empty(self) -> bool:
        """Whether the results are the same, whatever they rest on."""
        return len(self.settlements) == 0 and len(self.districts) == 0


def compare(a: Run, b: Run) -> Comparison:
    """What changed from run `a` to run `b`.

    Raises
    ------
    RunDamaged, UnknownName
        If a table of one cannot be read.
    """
    pairs = _paired(a.table("gaps"), b.table("gaps"))
    totals = _totals(pairs, pairs["district_kato_a"], pairs["district_kato_b"])
    everywhere = pd.Series(_NO_DISTRICT, index=pairs.index)
    overall = _totals(pairs, everywhere, everywhere)
    changed = _differ(totals, TOTALS) | (totals[["gained", "lost"]] > 0).any(axis=1).to_numpy()
    return Comparison(
        a,
        b,
        tuple(_premises(a.manifest, b.manifest)),
        _differing(pairs),
        _described(totals[changed], a.table("districts"), b.table("districts")),
        {str(name): np.sum(overall[name].to_numpy()).item() for name in overall.columns},
    )


def _paired(gaps_a: gpd.GeoDataFrame, gaps_b: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Every settlement of either run, in order of its kato, with the compared values of both and what happened."""
    keys = pd.Index(gaps_a["kato"]).union(pd.Index(gaps_b["kato"]))
    a, b = gaps_a.set_index("kato").reindex(keys), gaps_b.set_index("kato").reindex(keys)
    in_a, in_b = keys.isin(gaps_a["kato"]), keys.isin(gaps_b["kato"])
    columns: dict[str, Any] = {"kato": keys, **{name: b[name].where(in_b, a[name]) for name in NAMES}}
    for name in COMPARED:
        for side, table in (("a", a), ("b", b)):
            # what a run of an older version lacks is not compared; the versions among the premises tell why
            known = name in a.columns and name in b.columns
            columns[f"{name}_{side}"] = _values(table[name] if known else pd.Series(np.nan, index=keys), name)
    pairs = pd.DataFrame(columns, index=keys).assign(in_a=in_a, in_b=in_b)
    pairs["rank_move"] = pairs["rank_b"] - pairs["rank_a"]
    pairs["people_without_change"] = (pairs["people_without_b"] - pairs["people_without_a"]).round(_PEOPLE_DECIMALS)
    pairs.insert(1, "change", _changes(pairs))
    geometry = b.geometry.where(b.geometry.notna(), a.geometry)
    return gpd.GeoDataFrame(pairs, geometry=geometry.to_numpy(), crs=WGS84)


def _values(column: pd.Series, name: str) -> pd.Series:
    if name in _TEXTS:
        return column.astype(object).where(column.notna(), None)
    if name in _WHOLE_NUMBERS:
        return column.astype("Int64")
    return column.astype("float64")


def _changes(pairs: pd.DataFrame) -> npt.NDArray[np.object_]:
    a, b = pairs["service_class_a"], pairs["service_class_b"]
    conditions = {
        Change.APPEARED: ~pairs["in_a"],
        Change.DISAPPEARED: ~pairs["in_b"],
        Change.NO_LONGER_KNOWN: (a != ServiceClass.UNKNOWN) & (b == ServiceClass.UNKNOWN),
        Change.NOW_KNOWN: (a == ServiceClass.UNKNOWN) & (b != ServiceClass.UNKNOWN),
        Change.LOST: (a == ServiceClass.SERVED) & (b != ServiceClass.SERVED),
        Change.GAINED: (a != ServiceClass.SERVED) & (b == ServiceClass.SERVED),
        Change.CLASS: a != b,
    }
    masks = [mask.to_numpy(dtype=bool) for mask in conditions.values()]
    return np.select(masks, [str(change) for change in conditions], str(Change.FIGURES)).astype(object)


def _differ(table: pd.DataFrame, names: Sequence[str]) -> npt.NDArray[np.bool_]:
    """Whether any of the columns ``<name>_a`` and ``<name>_b`` differ; what both lack is the same."""
    differ = np.zeros(len(table), dtype=bool)
    for name in names:
        a, b = table[f"{name}_a"], table[f"{name}_b"]
        same = (a == b).fillna(False).to_numpy(dtype=bool) | (a.isna() & b.isna()).to_numpy()
        differ |= ~same
    return differ


def _differing(pairs: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """The settlements that changed: by what happened, then by people or, of figures only, by how far the rank moved."""
    rows = pairs[_differ(pairs, COMPARED) | (pairs["in_a"] != pairs["in_b"]).to_numpy()]
    people = rows[["population_a", "population_b"]].astype("float64").max(axis=1)
    moved = rows["rank_move"].astype("float64").abs()
    weight = moved.where(rows["change"] == Change.FIGURES, people).fillna(-1.0)
    order = rows["change"].map({str(change): place for place, change in enumerate(_ORDER)})
    rows = rows.iloc[np.lexsort((rows["kato"].to_numpy(dtype=object).astype(str), -weight, order))]
    return rows.drop(columns=["in_a", "in_b"]).reset_index(drop=True)


def _totals(pairs: pd.DataFrame, by_a: pd.Series, by_b: pd.Series) -> pd.DataFrame:
    """`TOTALS` of both runs, and settlements that gained and lost service, by district of each run."""
    sums = []
    for side, by in (("a", by_a), ("b", by_b)):
        stored, without = pairs[f"in_{side}"], pairs[f"people_without_{side}"]
        counted = pd.DataFrame(
            {
                f"settlements_{side}": stored.astype("int64"),
                f"gaps_{side}": (stored & (pairs[f"service_class_{side}"] != ServiceClass.SERVED)).astype("int64"),
                f"unknown_{side}": (stored & (pairs[f"service_class_{side}"] == ServiceClass.UNKNOWN)).astype("int64"),
                f"population_{side}": pairs[f"population_{side}"].fillna(0).astype("int64"),
                f"people_without_{side}": without.fillna(0.0),
                f"people_unknown_{side}": (stored & without.isna()).astype("int64"),
                # service is lost where the place was, and gained where it is
                **({"lost": pairs["change"] == Change.LOST} if side == "a" else {}),
                **({"gained": pairs["change"] == Change.GAINED} if side == "b" else {}),
            }
        )[stored.to_numpy()]
        sums.append(counted.groupby(by[stored].fillna(_NO_DISTRICT).to_numpy()).sum())
    joined = pd.concat(sums, axis=1).fillna(0)
    exact = joined.round({f"people_without_{side}": _PEOPLE_DECIMALS for side in "ab"})
    whole = [name for name in exact.columns if not name.startswith("people_without")]
    ordered = ["gained", "lost", *(f"{name}_{side}" for name in TOTALS for side in "ab")]
    return exact.astype(dict.fromkeys(whole, "int64"))[ordered].sort_index()


def _described(totals: pd.DataFrame, districts_a: gpd.GeoDataFrame, districts_b: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Totals with the districts' names and areas, of b where it has them."""
    columns = ["kato", *NAMES, "geometry"]
    known = pd.concat([districts_b[columns], districts_a[columns]]).drop_duplicates("kato").set_index("kato")
    found = known.reindex(totals.index)
    codes = totals.index.to_series().mask(totals.index == _NO_DISTRICT, None)
    table = pd.concat([codes.rename("kato"), found[list(NAMES)], totals], axis=1)
    return gpd.GeoDataFrame(table, geometry=found.geometry.to_numpy(), crs=WGS84).reset_index(drop=True)


def _premises(a: Mapping[str, Any], b: Mapping[str, Any]) -> Iterator[Premise]:
    """What the runs rest on and what differs: scenario, standard, inputs, parameters, region, versions."""
    stated = [_stated(manifest) for manifest in (a, b)]
    for name in sorted(
        dict.fromkeys([*stated[0], *stated[1]]), key=lambda name: _GROUPS.index(re.split("[ .]", name)[0])
    ):
        values = [of_run.get(name) for of_run in stated]
        if values[0] != values[1]:
            yield Premise(name, *values)


def _stated(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """Everything a run rests on, by name; inputs by their digests, as files of one name may differ."""
    standard = manifest.get("standard", {})
    found: dict[str, Any] = {"scenario": manifest.get("scenario"), "standard": standard.get("name")}
    found |= _leaves("standard", {k: v for k, v in standard.items() if k not in ("name", "title")})
    inputs: dict[str, list[str]] = {}
    for record in manifest["inputs"]:
        inputs.setdefault(f"input {record['kind']} {record['file']}", []).append(record["sha256"][:12])
    found |= {name: ", ".join(sorted(digests)) for name, digests in inputs.items()}
    found |= _leaves("parameters", {k: v for k, v in manifest["parameters"].items() if k not in _TOLD_ABOVE})
    found |= _leaves("region", {k: v for k, v in manifest.get("region", {}).items() if k != "name"})
    return found | _leaves("versions", manifest["versions"])


def _leaves(name: str, value: Any) -> dict[str, Any]:
    """The values inside nested mappings by their dotted names."""
    if not isinstance(value, Mapping):
        return {name: value}
    return {path: leaf for key, inner in value.items() for path, leaf in _leaves(f"{name}.{key}", inner).items()}
