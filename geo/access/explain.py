"""Explanation of one settlement of a run, for a person: what it has, why, and what that rests on."""

from typing import Any

import orjson
import pandas as pd
from babel.numbers import format_decimal, format_percent

from geo.access.words import BASIS_TEXTS, CLASS_TEXTS, INDICATOR_TEXTS, POPULATION_BASIS_TEXTS, PRIOR_TEXT, REASON_TEXTS
from geo.errors import Problem, UnknownName
from geo.i18n import catalogue, text
from geo.region import LANGUAGES
from geo.tables.results import INDICATORS
from geo.workspace import Run

_SHARES = ("probability", "share")
_PLAIN = ("kato", "kind", "district_kato", "okrug_kato", "is_okrug_centre")


def explain(run: Run, kato: str, language: str) -> dict[str, Any]:
    """Everything a run says of a settlement.

    Returns
    -------
    dict
        JSON-able: names, position, people and their source, `service_class` with its text, probability, score with its
        parts (value, weight), rank with its interval, `reasons` (code, numbers, text), `evidence` (rows
        of table `service`), `run`, `scenario` and `label`.

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
    row = {name: _plain(value) for name, value in found.iloc[0].drop("geometry").items()}
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
                **{str(name): _plain(value) for name, value in evidence.items() if name != "kato"},
                "basis_text": _worded(BASIS_TEXTS, evidence["basis"], language),
            }
            for evidence in service[service["kato"] == kato].to_dict("records")
        ],
        "standard": standard["title"][language],
        "run": run.id,
        "scenario": run.manifest["scenario"],
        "label": label[language] if label else None,
    }


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


def _plain(value: Any) -> Any:
    """A table's value as JSON has it: None for every kind of missing."""
    if value is None or value is pd.NA or (isinstance(value, float) and pd.isna(value)):
        return None
    return value.item() if hasattr(value, "item") else value
