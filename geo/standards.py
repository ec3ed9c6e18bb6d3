"""Standards: what counts as served, and how the score is weighed. TOML files, bundled or the user's own."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from geo.bundled import data_path
from geo.errors import FileProblem, Problem, UnknownName
from geo.region import LANGUAGES
from geo.tables.results import INDICATORS
from geo.tables.words import Basis, ServiceClass, Technology


@dataclass(frozen=True)
class TechnologyRule:
    """What one technology must offer: signal in dBm (RSSI, RSCP or RSRP) and downlink in Mbit/s; None sets no bound."""

    voice: bool
    internet: bool
    threshold_dbm: float | None = None
    downlink_mbps: float | None = None


@dataclass(frozen=True)
class Standard:
    """A definition of service and the weights and reference values of the score.

    `confidence` is the probability from which a service counts as established. `references` are the values at which an
    indicator reaches 1; `severity` maps a class to its share of the worst; `concentration` is how many observations a
    stated probability is worth, by basis, when ranks are drawn.
    """

    name: str
    titles: Mapping[str, str]
    source: str
    confidence: float
    technologies: Mapping[str, TechnologyRule]
    weights: Mapping[str, float]
    references: Mapping[str, float]
    severity: Mapping[str, float]
    draws: int
    concentration: Mapping[str, float]

    def technologies_with(self, *, voice: bool = False, internet: bool = False) -> list[str]:
        """Technologies that give voice (or internet)."""
        return [t for t, rule in self.technologies.items() if (voice and rule.voice) or (internet and rule.internet)]


def available_standards() -> list[str]:
    """Names of the bundled standards."""
    return sorted(path.stem for path in data_path("standards").glob("*.toml"))


def load_standard(name_or_path: str) -> tuple[Standard, Path]:
    """A bundled standard by name, or one from a TOML file; with the file it came from.

    Raises
    ------
    UnknownName
        No such standard.
    FileProblem
        The file is not a complete standard.
    """
    path = data_path("standards", f"{name_or_path}.toml")
    if name_or_path not in available_standards():
        path = Path(name_or_path)
        if path.suffix != ".toml" or not path.is_file():
            remedy = f"Known: {', '.join(available_standards())}; or the path of a TOML file"
            raise UnknownName(Problem("no such standard", remedy, value=name_or_path))
    try:
        return _parse(path.stem, tomllib.loads(path.read_text(encoding="utf-8"))), path
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, KeyError, TypeError, ValueError) as error:
        remedy = "Compare it with data/standards/kz.toml"
        raise FileProblem(Problem(f"is not a complete standard: {error}", remedy, path.name)) from error


def _parse(name: str, raw: Mapping[str, Any]) -> Standard:
    unknown = set(raw["technologies"]) - {str(t) for t in Technology}
    if unknown:
        raise ValueError(f"unknown technologies {sorted(unknown)}")
    weights = {indicator: float(raw["score"]["weights"][indicator]) for indicator in INDICATORS}
    if min(weights.values()) < 0 or sum(weights.values()) <= 0:
        raise ValueError("score.weights must not be negative and one must be positive")
    confidence = float(raw["confidence"])
    if not 0.5 < confidence < 1:
        raise ValueError("confidence must lie between 0.5 and 1")
    references = {
        key: float(raw["score"]["references"][key])
        for key in ("people", "nearest_served_km", "district_centre_km", "institutions")
    }
    if min(references.values()) <= 0:
        raise ValueError("score.references must be positive")
    known_classes = [c for c in ServiceClass if c is not ServiceClass.UNKNOWN]
    return Standard(
        name=name,
        titles={language: str(raw[f"name_{language}"]) for language in LANGUAGES},
        source=str(raw["source"]),
        confidence=confidence,
        technologies={key: TechnologyRule(**rule) for key, rule in raw["technologies"].items()},
        weights=weights,
        references=references,
        severity={c: float(raw["score"]["severity"][c]) for c in known_classes},
        draws=int(raw["rank"]["draws"]),
        concentration={basis: float(raw["rank"]["concentration"][basis]) for basis in Basis},
    )
