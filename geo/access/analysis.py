"""The analysis: from inputs to a published run."""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from geo.access.classify import Access, classify
from geo.access.gather import Gathered, gather
from geo.access.inputs import Loaded, load_inputs
from geo.access.institutions import Institutions, facilities_of_settlements
from geo.access.layers import AnalysisInputs
from geo.access.profiles import terrain_profiles
from geo.access.rank import Uncertain, order_of_gaps, rank_interval
from geo.access.reach import Reach
from geo.access.reasons import reasons_json
from geo.access.roads import district_roads
from geo.access.score import (
    institutions_indicator,
    people_indicator,
    remoteness_indicator,
    severity_indicator,
    weighted_score,
)
from geo.access.signals import signals_to_keep
from geo.access.summary import counts_of_given, summarise, with_district_totals
from geo.coverage.footprints import Footprints, footprints
from geo.coverage.modelled import Modelled, model_sites
from geo.coverage.reliability import load_reliability
from geo.tables.results import GAPS, SERVICE
from geo.tables.schema import conform
from geo.tables.words import ServiceClass
from geo.workspace import Run, Workspace
from geo.workspace.catalogue import Catalogue

SEED = 20260101
STEPS = ("reading", "modelling", "evidence", "classes", "ranks", "writing")
"""Names of the steps that `progress` is told, in order; modelling only where there are sites."""

Floats = npt.NDArray[np.float64]
Progress = Callable[[str], None]


def _silent(step: str) -> None:
    """Tell nobody."""


def analyse(inputs: AnalysisInputs, workspace: Workspace, *, seed: int = SEED, progress: Progress = _silent) -> Run:
    """Analyse a region and publish the result as a run.

    Same inputs, parameters, seed and code give the same run id and the same bytes in every table and raster.

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
    loaded = load_inputs(inputs, Catalogue(workspace.root))
    places = footprints(loaded.settlements, loaded.region)
    if len(loaded.sites):
        progress("modelling")
    modelled = _model(loaded, places)
    progress("evidence")
    coverage = loaded.coverage
    if modelled is not None and len(modelled.areas):
        coverage = pd.concat([coverage, modelled.areas], ignore_index=True) if len(coverage) else modelled.areas
    known = gather(loaded, places, modelled)
    progress("classes")
    access = classify(known.evidence, len(loaded.settlements), loaded.standard)
    reach = Reach.of(loaded, places, access, modelled)
    count = facilities_of_settlements(loaded.facilities, loaded.settlements, places, loaded.region)
    institutions = Institutions.of(count, access.internet)
    roads = district_roads(loaded.roads, loaded.districts, coverage, loaded.region, loaded.standard)
    progress("ranks")
    gaps = _gaps(loaded, known, access, reach, institutions, seed)
    progress("writing")
    tables = {
        "settlements": loaded.settlements,
        "districts": with_district_totals(loaded.districts, gaps, roads),
        "coverage": coverage,
        "sites": loaded.sites,
        "service": _service(loaded.settlements, known.evidence),
        "gaps": gaps,
    }
    if modelled is not None:
        tables["profiles"] = terrain_profiles(modelled.cells, loaded.terrain, places, loaded.settlements, loaded.region)
    summary = summarise(gaps) | counts_of_given(
        measurements=len(loaded.measurements),
        settlements_tested=known.tests["row"].nunique(),
        facilities=len(loaded.facilities),
        facilities_placed=institutions.count,
        institutions_without=institutions.without,
        roads=roads,
    )
    rasters = signals_to_keep(loaded, modelled)
    return workspace.publish(tables, _manifest(inputs, loaded, modelled, summary, seed), rasters)


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


def _gaps(
    loaded: Loaded, known: Gathered, access: Access, reach: Reach, institutions: Institutions, seed: int
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
        "institutions": institutions_indicator(institutions.without, standard),
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
        nearest_road_km=reach.nearest_road_km.round(3),
        facilities=institutions.count,
        score=score,
        scenario=scenario,
        basis=access.basis,
        as_of=access.as_of,
        reasons=reasons_json(
            settlements,
            known.evidence,
            known.statements,
            known.tests,
            access,
            reach,
            institutions,
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

    of_basis = pd.Series(access.basis[gap]).map(standard.concentration).astype(float)
    held = of_basis.fillna(min(standard.concentration.values())).to_numpy()
    of_tests = access.concentration[gap]
    low, high = rank_interval(
        Uncertain(
            population=people("population"),
            low=people("population_low"),
            high=people("population_high"),
            served=access.served[gap],
            concentration=np.where(np.isnan(of_tests), held, of_tests),
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
        downlink_mbps=evidence["downlink_mbps"].astype(float).round(3),
        tests=evidence["tests"].astype(float).round(3),
    )
    service: pd.DataFrame = conform(table, SERVICE, file="service")
    return service


def _manifest(
    inputs: AnalysisInputs, loaded: Loaded, modelled: Modelled | None, summary: dict[str, Any], seed: int
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
        "summary": summary,
    }
