"""What an analysis reads: the user's files, else the bundled ones, loaded and credited."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from geo.bundled import data_path
from geo.coverage.footprints import representative_points
from geo.coverage.overlay import points_in_polygons
from geo.coverage.prior import PublishedTotals
from geo.coverage.scenarios import Scenario, load_scenario, scenario_sites
from geo.errors import InputError, Problem, ValueRejected
from geo.files import file_sha256
from geo.ingest.files import local_file
from geo.ingest.layers import read_coverage, read_districts, read_settlements, read_sites
from geo.ingest.population import estimate_populations
from geo.ingest.rasters import is_raster, raster_bounds_wgs84, read_signal_raster_header
from geo.ingest.statements import read_population_figures, read_reports
from geo.propagation.antennas import OMNI, SECTOR, TABLE_SUFFIXES, Pattern, read_pattern
from geo.region import LANGUAGES, Region, RegionProfile
from geo.standards import Standard, load_standard
from geo.tables.coverage import COVERAGE
from geo.tables.evidence import REPORTS
from geo.tables.schema import WGS84, Table, conform
from geo.tables.signal_raster import SignalRaster
from geo.tables.sites import SITES


@dataclass(frozen=True)
class AnalysisInputs:
    """Which files and names an analysis uses; None takes the bundled file.

    Giving `settlements` or `boundaries` switches the bundled evidence (reports, published totals, population figures)
    off: it speaks of the bundled places only.
    """

    settlements: Path | None = None
    boundaries: Path | None = None
    coverage: tuple[Path, ...] = ()
    sites: Path | None = None
    terrain: tuple[Path, ...] = ()
    standard: str = "kz"
    scenario: str | None = None


@dataclass
class Loaded:
    """Canonical tables and parameters of one analysis, and a record of every file they came from."""

    region: Region
    settlements: gpd.GeoDataFrame
    districts: gpd.GeoDataFrame
    coverage: gpd.GeoDataFrame
    rasters: list[SignalRaster]
    sites: gpd.GeoDataFrame
    patterns: dict[str, Pattern]
    terrain: list[Path]
    reports: pd.DataFrame
    totals: PublishedTotals | None
    standard: Standard
    scenario: Scenario | None
    records: list[dict[str, str]] = field(default_factory=list)
    credits: list[str] = field(default_factory=list)


class _Files:
    """Hands out the file of each kind and keeps the record of what was used."""

    def __init__(self) -> None:
        self.records: list[dict[str, str]] = []

    def use(self, kind: str, path: Path, credit: str) -> Path:
        """Note that a file is an input; its SHA-256 goes into the run's id. A missing one is its reader's to refuse."""
        if path.is_file():
            self.records.append({"kind": kind, "file": path.name, "sha256": file_sha256(path), "credit": credit})
        return path


def load_inputs(inputs: AnalysisInputs) -> Loaded:
    """Read and check everything an analysis needs; raises `geo.errors.InputError` before anything is computed."""
    if inputs.scenario and (inputs.coverage or inputs.sites):
        remedy = "Leave out --scenario, or --coverage and --sites"
        raise InputError(Problem("a scenario is never mixed with evidence of your own", remedy, value=inputs.scenario))
    files = _Files()
    is_bundled = inputs.settlements is None and inputs.boundaries is None
    profile = _profile(inputs, files)
    standard, standard_path = load_standard(inputs.standard)
    files.use("standard", standard_path, standard.source)
    scenario = None
    if inputs.scenario:
        scenario, scenario_path = load_scenario(inputs.scenario)
        files.use("scenario", scenario_path, "")

    credit = profile.credits
    districts = read_districts(
        files.use(
            "boundaries",
            inputs.boundaries or data_path("boundaries", "districts.geojson"),
            credit.get("boundaries", ""),
        )
    )
    settlements = read_settlements(
        files.use(
            "settlements",
            inputs.settlements or data_path("boundaries", "settlements.geojson"),
            credit.get("settlements", ""),
        )
    )
    settlements = _with_districts(settlements, districts)
    reports, totals = _empty(REPORTS), None
    if is_bundled:
        figures = read_population_figures(
            files.use("population", data_path("boundaries", "population.csv"), credit.get("population", ""))
        )
        settlements = estimate_populations(settlements, figures, profile)
        if scenario is None:
            reports = read_reports(
                files.use("reports", data_path("coverage", "reports.csv"), credit.get("evidence", ""))
            )
            totals = PublishedTotals.from_toml(
                files.use("published totals", data_path("coverage", "prior.toml"), credit.get("evidence", ""))
            )
    for name in ("reliability.toml", "technologies.toml"):
        files.use("parameters", data_path("coverage", name), "")
    for path in inputs.coverage:
        files.use("coverage", path, f"Coverage: {path.name}")
    vectors = [read_coverage(path) for path in inputs.coverage if not is_raster(path)]
    rasters = [read_signal_raster_header(path) for path in inputs.coverage if is_raster(path)]
    sites, patterns = _empty(SITES), {}
    if inputs.sites:
        sites = read_sites(files.use("sites", inputs.sites, f"Sites: {inputs.sites.name}"))
        patterns = _antenna_tables(sites, inputs.sites, files)
    elif scenario:
        sites = scenario_sites(scenario, settlements)
    region = Region.from_districts(districts, profile)
    return Loaded(
        region=region,
        settlements=settlements,
        districts=districts,
        coverage=pd.concat(vectors, ignore_index=True) if vectors else _empty(COVERAGE),
        rasters=rasters,
        sites=sites,
        patterns=patterns,
        terrain=_terrain_files(inputs, region, files),
        reports=reports,
        totals=totals,
        standard=standard,
        scenario=scenario,
        records=files.records,
        credits=_unique(r["credit"] for r in files.records if r["kind"] != "standard"),
    )


def _profile(inputs: AnalysisInputs, files: _Files) -> RegionProfile:
    """The bundled region's profile, or for another region one named after its boundaries' file."""
    if inputs.boundaries is None:
        return RegionProfile.from_toml(files.use("region", data_path("region.toml"), ""))
    name = inputs.boundaries.stem
    credits = {"boundaries": f"Boundaries: {inputs.boundaries.name}"}
    if inputs.settlements is not None:
        credits["settlements"] = f"Settlements: {inputs.settlements.name}"
    return RegionProfile(names=dict.fromkeys(LANGUAGES, name), credits=credits)


def _antenna_tables(sites: gpd.GeoDataFrame, beside: Path, files: _Files) -> dict[str, Pattern]:
    """Antenna tables that the site list names: files in its own folder, never elsewhere."""
    given = sites["pattern"].dropna()
    tables = {}
    for name in sorted(set(given[~given.str.lower().isin([OMNI, SECTOR])])):
        if Path(name).name != name or Path(name).suffix.lower() not in TABLE_SUFFIXES:
            row = int(sites.index[sites["pattern"] == name][0]) + 1
            remedy = f"Accepted: {OMNI}, {SECTOR}, or a file beside the site list ({', '.join(sorted(TABLE_SUFFIXES))})"
            raise ValueRejected(Problem("not an antenna pattern", remedy, beside.name, row, "pattern", name))
        path = local_file(beside.parent / name, TABLE_SUFFIXES)
        tables[name] = read_pattern(files.use("antenna", path, ""))
    return tables


def _terrain_files(inputs: AnalysisInputs, region: Region, files: _Files) -> list[Path]:
    """Elevation files of a run that models sites: the user's, else the bundled ones that the region meets."""
    if inputs.sites is None and inputs.scenario is None:
        return []
    if inputs.terrain:
        return [files.use("terrain", path, f"Terrain: {path.name}") for path in inputs.terrain]
    bundled = sorted(data_path("terrain").glob("*.tif"))
    return [
        files.use("terrain", path, "Terrain: NOAA GLOBE 1.0 (public domain)")
        for path in bundled
        if shapely.box(*raster_bounds_wgs84(path)).intersects(region.boundary)
    ]


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


def _empty(table: Table) -> gpd.GeoDataFrame:
    """A table without rows, with its columns' types."""
    columns = {c.name: pd.Series(dtype="str" if c.kind == "text" else "float64") for c in table.columns}
    if not table.geometry_types:
        return conform(pd.DataFrame(columns), table, file=table.name)
    return conform(gpd.GeoDataFrame(columns, geometry=gpd.GeoSeries([], crs=WGS84)), table, file=table.name)


def _unique(values: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(v for v in values if v))
