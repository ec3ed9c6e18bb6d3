"""What an analysis reads, loaded, checked and credited."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from geo.access.layers import NO_CREDIT, AnalysisInputs, Files, Layers, credit_line, empty
from geo.bundled import data_path
from geo.coverage.footprints import representative_points
from geo.coverage.overlay import points_in_polygons
from geo.coverage.prior import PublishedTotals
from geo.coverage.scenarios import Scenario, load_scenario, scenario_sites
from geo.errors import InputError, Problem
from geo.ingest.kinds import Kind
from geo.ingest.population import estimate_populations
from geo.ingest.statements import read_population_figures, read_reports
from geo.propagation.antennas import Pattern
from geo.propagation.cells import complete_cells
from geo.region import Credit, Region, RegionProfile
from geo.standards import Standard, load_standard
from geo.tables.evidence import REPORTS
from geo.tables.signal_raster import SignalRaster
from geo.workspace.catalogue import Catalogue
from geo.workspace.reference import own_profile


@dataclass
class Loaded:
    """Canonical tables and parameters of one analysis, and a record of every file they came from."""

    region: Region
    settlements: gpd.GeoDataFrame
    districts: gpd.GeoDataFrame
    coverage: gpd.GeoDataFrame
    rasters: list[SignalRaster]
    sites: gpd.GeoDataFrame
    measurements: gpd.GeoDataFrame
    facilities: gpd.GeoDataFrame
    roads: gpd.GeoDataFrame
    patterns: dict[str, Pattern]
    terrain: list[Path]
    reports: pd.DataFrame
    totals: PublishedTotals | None
    standard: Standard
    scenario: Scenario | None
    records: list[dict[str, Any]] = field(default_factory=list)
    credits: list[str] = field(default_factory=list)


def load_inputs(inputs: AnalysisInputs, catalogue: Catalogue) -> Loaded:
    """Read and check everything an analysis needs; for each kind the option, else the catalogue, else the bundled file.

    Raises
    ------
    InputError
        Before anything is computed.
    DatasetDamaged
        If a dataset of the catalogue cannot be used.
    """
    if inputs.scenario and (inputs.coverage or inputs.sites):
        remedy = "Leave out --scenario, or --coverage and --sites"
        raise InputError(Problem("a scenario is never mixed with evidence of your own", remedy, value=inputs.scenario))
    files = Files()
    layers = Layers(inputs, catalogue, files)
    profile = _profile(layers, inputs)
    standard, standard_path = load_standard(inputs.standard)
    files.use("standard", standard_path, Credit(standard.source))
    scenario = None
    if inputs.scenario:
        scenario, scenario_path = load_scenario(inputs.scenario)
        files.use("scenario", scenario_path)

    credit = profile.credits
    bundled = data_path("boundaries", "districts.geojson")
    districts = layers.table(Kind.BOUNDARIES, bundled, credit.get("boundaries", NO_CREDIT))
    bundled = data_path("boundaries", "settlements.geojson")
    settlements = layers.table(Kind.SETTLEMENTS, bundled, credit.get("settlements", NO_CREDIT))
    settlements = _with_districts(settlements, districts)
    reports, totals = empty(REPORTS), None
    if layers.is_bundled(Kind.SETTLEMENTS) and layers.is_bundled(Kind.BOUNDARIES):
        figures = read_population_figures(
            files.use("population", data_path("boundaries", "population.csv"), credit.get("population", NO_CREDIT))
        )
        settlements = estimate_populations(settlements, figures, profile)
        if scenario is None:
            reports = read_reports(
                files.use("reports", data_path("coverage", "reports.csv"), credit.get("evidence", NO_CREDIT))
            )
            totals = PublishedTotals.from_toml(
                files.use("published totals", data_path("coverage", "prior.toml"), credit.get("evidence", NO_CREDIT))
            )
    for name in ("reliability.toml", "technologies.toml"):
        files.use("parameters", data_path("coverage", name))
    coverage, rasters = layers.coverage()
    sites = scenario_sites(scenario, settlements) if scenario else layers.table(Kind.SITES)
    patterns = {} if scenario else layers.patterns(sites)
    if len(sites):
        # refuses what cannot be modelled, before any work
        complete_cells(sites, patterns, file=inputs.sites.name if inputs.sites else None)
    region = Region.from_districts(districts, profile)
    return Loaded(
        region=region,
        settlements=settlements,
        districts=districts,
        coverage=coverage,
        rasters=rasters,
        sites=sites,
        measurements=layers.table(Kind.MEASUREMENTS),
        facilities=layers.table(Kind.FACILITIES),
        roads=layers.table(Kind.ROADS),
        patterns=patterns,
        terrain=layers.terrain(region) if len(sites) else [],
        reports=reports,
        totals=totals,
        standard=standard,
        scenario=scenario,
        records=files.records,
        credits=_unique(credit_line(r) for r in files.records if r["kind"] != "standard"),
    )


def _profile(layers: Layers, inputs: AnalysisInputs) -> RegionProfile:
    """The bundled region's profile, or for another region one named after its boundaries."""
    if layers.is_bundled(Kind.BOUNDARIES):
        return RegionProfile.from_toml(layers.files.use("region", data_path("region.toml")))
    if inputs.boundaries is not None:
        return own_profile(inputs.boundaries.stem)
    return own_profile(layers.datasets(Kind.BOUNDARIES)[0].name)


def _with_districts(settlements: gpd.GeoDataFrame, districts: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Fill missing district codes from the district that the settlement lies in."""
    missing = settlements["district_kato"].isna().to_numpy() & settlements.geometry.notna().to_numpy()
    if not missing.any():
        return settlements
    rows = np.flatnonzero(missing)
    points = representative_points(settlements.geometry.iloc[rows].reset_index(drop=True))
    point, district = points_in_polygons(points.x.to_numpy(), points.y.to_numpy(), districts.geometry.to_numpy())
    first, at = np.unique(point, return_index=True)
    codes = settlements["district_kato"].astype(object).to_numpy().copy()
    codes[rows[first]] = districts["kato"].to_numpy(dtype=object)[district[at]]
    return settlements.assign(district_kato=pd.Series(codes, dtype="str"))


def _unique(values: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(v for v in values if v))
