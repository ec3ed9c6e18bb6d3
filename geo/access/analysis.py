"""The analysis: from inputs to a published run."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from geo.access.classify import Access, classify
from geo.access.distances import district_centre_km, nearest_served_km, nearest_site_km
from geo.access.inputs import AnalysisInputs, Loaded, load_inputs
from geo.access.obstacles import Obstacles, find_obstacles
from geo.access.rank import Uncertain, order_of_gaps, rank_interval
from geo.access.reasons import reasons_json
from geo.access.score import people_indicator, remoteness_indicator, severity_indicator, weighted_score
from geo.access.summary import summarise, with_district_totals
from geo.coverage.areas import evidence_from_areas
from geo.coverage.evidence import combine, has_evidence
from geo.coverage.footprints import Footprints, footprints
from geo.coverage.modelled import Modelled, model_sites
from geo.coverage.prior import evidence_from_totals
from geo.coverage.reliability import load_reliability
from geo.coverage.reports import evidence_from_reports, statements_on_settlements
from geo.coverage.signals import evidence_from_signal
from geo.tables.results import GAPS, SERVICE
from geo.tables.schema import conform
from geo.tables.words import ServiceClass
from geo.workspace import Run, Workspace

SEED = 20260101
STEPS = ("reading", "modelling", "evidence", "classes", "ranks", "writing")
"""Names of the steps that `progress` is told, in order; modelling only where there are sites."""

Floats = npt.NDArray[np.float64]
Progress = Callable[[str], None]


def _silent(step: str) -> None:
    """Tell nobody."""


def analyse(inputs: AnalysisInputs, workspace: Workspace, *, seed: int = SEED, progress: Progress = _silent) -> Run:
    """Analyse a region and publish the result as a run.

    Same inputs, parameters, seed and code give the same run id and the same bytes in every table.

    Parameters
    ----------
    inputs
        Files and names; see `AnalysisInputs`.
    workspace
        Where the run goes. A run of a scenario moves only that scenario's pointer, any other becomes the current run.
    seed
        Of the draws behind the rank intervals.
    progress
        Called with each of `STEPS` as it begins.

    Raises
    ------
    InputError
        For anything the user can mend; nothing is written then.
    """
    progress("reading")
    loaded = load_inputs(inputs)
    places = footprints(loaded.settlements, loaded.region)
    if len(loaded.sites):
        progress("modelling")
    modelled = _model(loaded, places)
    progress("evidence")
    coverage = loaded.coverage
    if modelled is not None and len(modelled.areas):
        coverage = pd.concat([coverage, modelled.areas], ignore_index=True) if len(coverage) else modelled.areas
    evidence, statements = _gather(loaded, places, modelled)
    progress("classes")
    access = classify(evidence, len(loaded.settlements), loaded.standard)
    reach = _Reach.of(loaded, places, access, modelled)
    progress("ranks")
    gaps = _gaps(loaded, evidence, statements, access, reach, seed)
    progress("writing")
    tables = {
        "settlements": loaded.settlements,
        "districts": with_district_totals(loaded.districts, gaps),
        "coverage": coverage,
        "sites": loaded.sites,
        "service": _service(loaded.settlements, evidence),
        "gaps": gaps,
    }
    return workspace.publish(tables, _manifest(inputs, loaded, modelled, gaps, seed))


def _model(loaded: Loaded, places: Footprints) -> Modelled | None:
    """Levels of the run's sites (the scenario's or the user's) over terrain; None without sites."""
    if loaded.sites.empty:
        return None
    return model_sites(
        loaded.sites,
        loaded.terrain,
        places,
        loaded.region,
        loaded.standard,
        load_reliability(),
        scenario=loaded.scenario.name if loaded.scenario else None,
        patterns=loaded.patterns,
    )


def _gather(loaded: Loaded, places: Footprints, modelled: Modelled | None) -> tuple[pd.DataFrame, pd.DataFrame]:
    """All evidence, one row per settlement, operator and technology; and the reports behind it."""
    reliability = load_reliability()
    standard, settlements = loaded.standard, loaded.settlements
    statements = statements_on_settlements(loaded.reports, settlements["kato"], loaded.region.profile.as_of)
    pieces = [evidence_from_reports(statements, reliability)]
    if len(loaded.coverage):
        pieces.append(evidence_from_areas(loaded.coverage, places, loaded.region, standard, reliability))
    if modelled is not None:
        pieces.append(modelled.evidence)
    pieces.extend(evidence_from_signal(raster, places, standard, reliability) for raster in loaded.rasters)
    if loaded.totals is not None:
        pieces.append(evidence_from_totals(settlements, loaded.totals, has_evidence(pieces, len(settlements))))
    return combine(pieces), statements


@dataclass(frozen=True)
class _Reach:
    """Distances in km of every settlement, shape (n,), and what stands between it and the nearest site."""

    nearest_served_km: Floats
    nearest_site_km: Floats
    district_centre_km: Floats
    obstacles: Obstacles

    @classmethod
    def of(cls, loaded: Loaded, places: Footprints, access: Access, modelled: Modelled | None) -> "_Reach":
        n = len(loaded.settlements)
        served = access.service_class == ServiceClass.SERVED
        obstacles = Obstacles.none(n)
        if modelled is not None:
            obstacles = find_obstacles(modelled.cells, loaded.terrain, places, ~served, loaded.region)
        return cls(
            nearest_served_km(places, n, served),
            nearest_site_km(places, n, loaded.sites, loaded.region),
            district_centre_km(places, loaded.settlements),
            obstacles,
        )


def _gaps(
    loaded: Loaded, evidence: pd.DataFrame, statements: pd.DataFrame, access: Access, reach: _Reach, seed: int
) -> gpd.GeoDataFrame:
    """The table of results, in the order of the settlements."""
    standard, settlements = loaded.standard, loaded.settlements
    population = settlements["population"].to_numpy(dtype=float, na_value=np.nan)
    people_without = population * (1.0 - access.served)
    indicators = {
        "people": people_indicator(people_without, standard),
        "severity": severity_indicator(access.service_class, access.served, access.internet, standard),
        "remoteness": remoteness_indicator(reach.nearest_served_km, reach.district_centre_km, standard),
        "no_emergency_call": 1.0 - access.voice,
        "institutions": np.full(len(settlements), np.nan),  # no register of institutions has been given
    }
    score = weighted_score(indicators, standard)
    scenario = loaded.scenario.name if loaded.scenario else None
    table = settlements.assign(
        service_class=access.service_class,
        best_technology=access.best_technology,
        best_operator=access.best_operator,
        signal_dbm=access.signal_dbm.round(2),
        probability_served=access.served.round(6),
        people_without=people_without.round(3),
        nearest_served_km=reach.nearest_served_km.round(3),
        nearest_site_km=reach.nearest_site_km.round(3),
        score=score,
        scenario=scenario,
        basis=access.basis,
        as_of=access.as_of,
        reasons=reasons_json(
            settlements,
            evidence,
            statements,
            access,
            reach.nearest_served_km,
            reach.nearest_site_km,
            reach.obstacles,
            standard,
            load_reliability(),
            scenario,
        ),
        **{f"indicator_{name}": values.round(6) for name, values in indicators.items()},
        **_ranks(loaded, access, score, people_without, indicators, seed),
    )
    gaps: gpd.GeoDataFrame = conform(table, GAPS, file="gaps")
    return gaps


def _ranks(
    loaded: Loaded,
    access: Access,
    score: Floats,
    people_without: Floats,
    indicators: dict[str, Floats],
    seed: int,
) -> dict[str, Any]:
    """Columns `rank`, `rank_low`, `rank_high`; null for served places."""
    settlements, standard = loaded.settlements, loaded.standard
    gap = np.flatnonzero(access.service_class != ServiceClass.SERVED)
    order = order_of_gaps(score[gap], people_without[gap], settlements["kato"].to_numpy(dtype=object)[gap])
    rank = np.empty(len(gap), dtype=np.int64)
    rank[order] = np.arange(1, len(gap) + 1)

    def people(column: str) -> Floats:
        return np.asarray(settlements[column].to_numpy(dtype=float, na_value=np.nan)[gap])

    held = pd.Series(access.basis[gap]).map(standard.concentration)
    low, high = rank_interval(
        Uncertain(
            population=people("population"),
            low=people("population_low"),
            high=people("population_high"),
            served=access.served[gap],
            concentration=np.asarray(held.fillna(min(standard.concentration.values())), dtype=float),
            severity=indicators["severity"][gap],
            no_emergency_call=indicators["no_emergency_call"][gap],
            remoteness=indicators["remoteness"][gap],
            institutions=indicators["institutions"][gap],
            is_unknown=access.service_class[gap] == ServiceClass.UNKNOWN,
        ),
        rank,
        standard,
        seed=seed,
    )
    n = len(settlements)
    columns = {}
    for name, values in (("rank", rank), ("rank_low", low), ("rank_high", high)):
        column = np.full(n, np.nan)
        column[gap] = values
        columns[name] = column
    return columns


def _service(settlements: gpd.GeoDataFrame, evidence: pd.DataFrame) -> pd.DataFrame:
    rows = evidence["row"].to_numpy(dtype=np.int64)
    table = evidence.assign(
        kato=settlements["kato"].to_numpy(dtype=object)[rows],
        share_covered=evidence["share_covered"].astype(float).round(4).clip(0.0, 1.0),
        signal_dbm=evidence["signal_dbm"].astype(float).round(2),
        probability_served=evidence["probability_served"].astype(float).round(6),
        probability_any=evidence["probability_any"].astype(float).round(6),
        edge_distance_km=evidence["edge_distance_km"].astype(float).round(3),
    )
    service: pd.DataFrame = conform(table, SERVICE, file="service")
    return service


def _manifest(
    inputs: AnalysisInputs, loaded: Loaded, modelled: Modelled | None, gaps: gpd.GeoDataFrame, seed: int
) -> dict[str, Any]:
    standard, region, scenario = loaded.standard, loaded.region, loaded.scenario
    profile = region.profile
    return {
        "scenario": scenario.name if scenario else None,
        "label": dict(scenario.labels) if scenario else None,
        "standard": {
            "name": standard.name,
            "title": dict(standard.titles),
            "source": standard.source,
            "confidence": standard.confidence,
            "weights": dict(standard.weights),
            "references": dict(standard.references),
        },
        "region": {
            "code": profile.code,
            "name": dict(profile.names),
            "bounds": [round(v, 6) for v in region.bounds],
            "crs": region.crs.srs,
            "as_of": profile.as_of.isoformat() if profile.as_of else None,
        },
        "inputs": loaded.records,
        "parameters": {
            "standard": inputs.standard,
            "scenario": inputs.scenario,
            "seed": seed,
            "draws": standard.draws,
            "reliability": asdict(load_reliability()),
        },
        "model": None
        if modelled is None
        else {
            "terrain": modelled.terrain,
            "resolution_m": None if modelled.resolution_m is None else round(modelled.resolution_m),
            **{f"paths_{over}": count for over, count in modelled.paths.items()},
            "notes": modelled.notes,
        },
        "credits": loaded.credits,
        "summary": summarise(gaps),
    }
