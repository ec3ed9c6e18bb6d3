"""Scenarios: planning questions of the form "what if masts stood here", never shown as the truth."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from geo.bundled import data_path
from geo.coverage.footprints import representative_points
from geo.errors import Problem, UnknownName
from geo.region import LANGUAGES
from geo.tables.schema import WGS84, conform
from geo.tables.sites import SITES

_FOLDER = ("coverage", "scenarios")


@dataclass(frozen=True)
class Scenario:
    """Which places get a site, and with which technologies by size.

    `technologies` lists (people from, technologies), the largest first; `labels` is the text shown with every result.
    """

    name: str
    labels: Mapping[str, str]
    operator: str
    kinds: Sequence[str]
    okrug_centres: bool
    technologies: Sequence[tuple[int, Sequence[str]]]


def available_scenarios() -> list[str]:
    """Names of the bundled scenarios."""
    return sorted(path.stem for path in data_path(*_FOLDER).glob("*.toml"))


def load_scenario(name: str) -> tuple[Scenario, Path]:
    """A bundled scenario by name, with its file; `UnknownName` otherwise."""
    if name not in available_scenarios():
        raise UnknownName(Problem("no such scenario", f"Known: {', '.join(available_scenarios())}", value=name))
    path = data_path(*_FOLDER, f"{name}.toml")
    raw: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    steps = sorted(((s["people_from"], tuple(s["technologies"])) for s in raw["technologies"]), reverse=True)
    labels = {language: raw[f"label_{language}"] for language in LANGUAGES}
    return Scenario(name, labels, raw["operator"], tuple(raw["kinds"]), raw["okrug_centres"], steps), path


def scenario_sites(scenario: Scenario, settlements: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """The scenario's sites: one in each chosen settlement that has a position, one row per technology."""
    chosen = settlements["kind"].isin(scenario.kinds)
    if scenario.okrug_centres:
        chosen |= settlements["is_okrug_centre"]
    hosts = settlements[chosen & settlements.geometry.notna()].reset_index(drop=True)
    points = representative_points(hosts.geometry)
    people = hosts["population"].astype("float64").fillna(0.0).to_numpy()
    step = np.array([next(i for i, (least, _) in enumerate(scenario.technologies) if p >= least) for p in people])
    pieces = [
        pd.DataFrame(
            {
                "site_id": hosts.loc[step == i, "kato"],
                "cell_id": hosts.loc[step == i, "kato"] + "-" + technology,
                "operator": scenario.operator,
                "technology": technology,
                "status": "scenario",
                "geometry": points[step == i],
            }
        )
        for i, (_, technologies) in enumerate(scenario.technologies)
        for technology in technologies
    ]
    sites = gpd.GeoDataFrame(pd.concat(pieces), geometry="geometry", crs=WGS84).sort_values("cell_id")
    return conform(sites, SITES, file=scenario.name)
