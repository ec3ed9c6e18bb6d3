"""Explanation of one settlement of a run, for a person: what it has, why, and what that rests on."""

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
import orjson
import pandas as pd
import shapely
from babel.numbers import format_decimal, format_percent

from geo.access.words import BASIS_TEXTS, CLASS_TEXTS, INDICATOR_TEXTS, POPULATION_BASIS_TEXTS, PRIOR_TEXT, REASON_TEXTS
from geo.errors import Problem, UnknownName
from geo.i18n import catalogue, text
from geo.region import LANGUAGES, geodesic_km
from geo.tables.results import INDICATORS
from geo.tables.words import ServiceClass

_SHARES = ("probability", "share")
_PLAIN = ("kato", "kind", "district_kato", "okrug_kato", "is_okrug_centre")


class RunTables(Protocol):
    """A run, however its tables are kept."""

    @property
    def id(self) -> str:
        """Its id."""
        ...

    @property
    def manifest(self) -> Mapping[str, Any]:
        """Its manifest."""
        ...

    def table(self, name: str) -> Any:
        """One of its tables."""
        ...


def explain(run: RunTables, kato: str, language: str) -> dict[str, Any]:
    """Everything a run says of a settlement.

    Returns
    -------
    dict
        JSON-able: names, position, people and their source, `service_class` with its text, probability, score with its
        parts (value, weight), rank with its interval, `reasons` (code, numbers, text), `evidence` (rows
        of table `service`), `nearest_served` and `nearest_site` (which they are; null where none is known), `profile`
        of the ground from the mast that reaches it (`geo.tables.profiles`; null where none does), `run`, `scenario` and
        `label`.

    Raises
    ------
    UnknownName
        If the run has no such settlement, or the language is not one of kk, ru, en.
    """
    catalogue(language)  # an unknown language is refused before anything is read
    gaps = run.table("gaps")
    found = gaps[gaps["kato"] == kato]
    if found.empty:
        raise UnknownName(Problem("no such settlement in this run", "Give a KATO code of nine digits", value=kato))
    row = {name: plain(value) for name, value in found.iloc[0].drop("geometry").items()}
    geometry = found.geometry.iloc[0]
    position = None if geometry is None else geometry.representative_point()
    service = run.table("service")
    standard = run.manifest["standard"]
    label = run.manifest["label"]
    return {
        **{name: row[name] for name in _PLAIN},
        "names": {code: row[f"name_{code}"] for code in LANGUAGES},
        "name": row[f"name_{language}"],
        "position": None if position is None else {"lon": round(position.x, 6), "lat": round(position.y, 6)},
        "population": {
            "people": row["population"],
            "low": row["population_low"],
            "high": row["population_high"],
            "basis": row["population_basis"],
            "basis_text": _worded(POPULATION_BASIS_TEXTS, row["population_basis"], language),
            "date": row["population_date"],
        },
        "service_class": row["service_class"],
        "service_class_text": _worded(CLASS_TEXTS, row["service_class"], language),
        "probability_served": row["probability_served"],
        "people_without": row["people_without"],
        "best_technology": row["best_technology"],
        "best_operator": row["best_operator"],
        "signal_dbm": row["signal_dbm"],
        "nearest_served_km": row["nearest_served_km"],
        "nearest_site_km": row["nearest_site_km"],
        **{name: row.get(name) for name in ("nearest_road_km", "facilities")},  # earlier runs lack them
        "nearest_served": _nearest_served(gaps, position, language),
        "nearest_site": _nearest_site(run, position),
        "profile": _profile(run, kato),
        "score": row["score"],
        "indicators": [
            {
                "name": name,
                "text": text(INDICATOR_TEXTS[name], language),
                "value": row[f"indicator_{name}"],
                "weight": standard["weights"][name],
            }
            for name in INDICATORS
        ],
        "rank": row["rank"],
        "rank_low": row["rank_low"],
        "rank_high": row["rank_high"],
        "reasons": [
            {**reason, "text": reason_text(reason, language)} for reason in orjson.loads(row["reasons"] or "[]")
        ],
        "evidence": [
            {
                **{str(name): plain(value) for name, value in evidence.items() if name != "kato"},
                "basis_text": _worded(BASIS_TEXTS, evidence["basis"], language),
            }
            for evidence in service[service["kato"] == kato].to_dict("records")
        ],
        "standard": standard["title"][language],
        "run": run.id,
        "scenario": run.manifest["scenario"],
        "label": label[language] if label else None,
    }


def _nearest_served(gaps: Any, position: shapely.Point | None, language: str) -> dict[str, Any] | None:
    served = gaps[(gaps["service_class"] == ServiceClass.SERVED) & gaps.geometry.notna()]
    found = _nearest(served, position)
    if found is None:
        return None
    row, km = found
    return {"kato": row["kato"], "name": plain(row[f"name_{language}"]), "km": km}


def _nearest_site(run: RunTables, position: shapely.Point | None) -> dict[str, Any] | None:
    sites = run.table("sites")
    found = _nearest(sites, position)
    if found is None:
        return None
    row, km = found
    cells = sites[sites.geometry == row["geometry"]]
    return {
        "site_id": plain(row["site_id"]),
        "operators": sorted({str(name) for name in cells["operator"].dropna()}),
        "technologies": sorted({str(name) for name in cells["technology"].dropna()}),
        "km": km,
    }


def _nearest(frame: Any, position: shapely.Point | None) -> tuple[Any, float] | None:
    """The row nearest to a position and its distance in km; of equals the first."""
    if position is None or frame.empty:
        return None
    points = shapely.point_on_surface(frame.geometry.to_numpy())
    here = np.full(len(points), position.x), np.full(len(points), position.y)
    km = geodesic_km(*here, shapely.get_x(points), shapely.get_y(points))
    first = int(np.argmin(km))
    return frame.iloc[first], round(float(km[first]), 3)


def _profile(run: RunTables, kato: str) -> dict[str, Any] | None:
    if "profiles" not in run.manifest["tables"]:
        return None
    profiles = run.table("profiles")
    found = profiles[profiles["kato"] == kato]
    if found.empty:
        return None
    row = {str(name): plain(value) for name, value in found.iloc[0].items() if name != "kato"}
    return row | {"heights_m": [int(height) for height in row["heights_m"].split()]}


def reason_text(reason: dict[str, Any], language: str) -> str:
    """A reason in words, its numbers written as the language writes them; 0.87 of a probability or share as 87 %."""
    numbers = {
        name: format_percent(value, locale=language)
        if name in _SHARES
        else format_decimal(round(value, 1), locale=language)
        for name, value in reason.items()
        if name != "code"
    }
    sentence = PRIOR_TEXT if "probability" in numbers else REASON_TEXTS[reason["code"]]
    return text(sentence, language).format(**numbers)


def _worded(words: dict[str, str], code: Any, language: str) -> str | None:
    return text(words[code], language) if code in words else None


def plain(value: Any) -> Any:
    """A table's value as JSON has it: None for every kind of missing."""
    if value is None or value is pd.NA or (isinstance(value, float) and pd.isna(value)):
        return None
    return value.item() if hasattr(value, "item") else value
