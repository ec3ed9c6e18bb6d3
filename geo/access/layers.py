"""Where each kind of input comes from: the user's option, else the catalogue, else the bundled file."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from geo.bundled import data_path
from geo.errors import Problem, ValueRejected
from geo.ingest.antenna_tables import antenna_tables
from geo.ingest.kinds import DATE_COLUMNS, TABLES, Kind
from geo.ingest.provenance import source_sha256
from geo.ingest.rasters import is_raster, raster_bounds_wgs84, read_signal_raster_header
from geo.ingest.reading import read_table
from geo.ingest.report import Severity
from geo.propagation.antennas import Pattern, read_pattern
from geo.region import Credit, Region
from geo.tables.coverage import COVERAGE
from geo.tables.schema import WGS84, Table, conform
from geo.tables.signal_raster import SignalRaster
from geo.workspace.catalogue import Catalogue, Dataset

NO_CREDIT = Credit()
EVIDENCE = frozenset({Kind.COVERAGE, Kind.SITES, Kind.MEASUREMENTS})
"""Kinds that say what service there is; a scenario is never mixed with them."""


@dataclass(frozen=True)
class AnalysisInputs:
    """Which files and names an analysis uses; None takes the catalogue's, else the bundled file.

    Settlements or boundaries of the user's own switch the bundled evidence (reports, published totals, population
    figures) off: it speaks of the bundled places only.
    """

    settlements: Path | None = None
    boundaries: Path | None = None
    coverage: tuple[Path, ...] = ()
    sites: Path | None = None
    terrain: tuple[Path, ...] = ()
    standard: str = "kz"
    scenario: str | None = None


class Files:
    """Hands out the file of each kind and keeps the record of what was used."""

    def __init__(self) -> None:
        self.records: list[dict[str, Any]] = []

    def use(self, kind: str, path: Path, credit: Credit = NO_CREDIT) -> Path:
        """Note that a file is an input; its SHA-256 goes into the run's id. A missing one is its reader's to refuse."""
        if path.exists():
            self.records.append(_record(kind, path.name, source_sha256(path), credit))
        return path

    def read(self, kind: Kind, path: Path, credit: Credit) -> gpd.GeoDataFrame:
        """A table from a file; warnings about it, counted by code, go into the record."""
        table, report = read_table(kind, self.use(kind, path, credit))
        date = DATE_COLUMNS.get(kind)
        if credit.as_of is None and date is not None and table[date].notna().any():
            self.records[-1]["as_of"] = table[date].dropna().max()
        warnings = {f.code: f.count for f in report.findings if f.severity is Severity.WARNING}
        if warnings:
            self.records[-1]["warnings"] = warnings
        return table

    def use_dataset(self, dataset: Dataset) -> None:
        """Note that a dataset of the catalogue is an input."""
        text = dataset.credit or f"{dataset.kind.capitalize()}: {dataset.file}"
        credit = Credit(text, dataset.licence, dataset.as_of)
        record = _record(str(dataset.kind), dataset.file, dataset.data_sha256, credit)
        self.records.append(record | {"dataset": dataset.id})


class Layers:
    """Finds each kind of input: the user's option, else the catalogue, else the bundled file."""

    def __init__(self, inputs: AnalysisInputs, catalogue: Catalogue, files: Files) -> None:
        self.files, self._catalogue = files, catalogue
        options = {Kind.SETTLEMENTS: inputs.settlements, Kind.BOUNDARIES: inputs.boundaries, Kind.SITES: inputs.sites}
        self._options = {kind: path for kind, path in options.items() if path is not None}
        self._coverage, self._terrain = inputs.coverage, inputs.terrain
        several = {Kind.COVERAGE: inputs.coverage, Kind.TERRAIN: inputs.terrain}
        self._given = {*self._options, *(kind for kind, paths in several.items() if paths)}
        self._is_scenario = inputs.scenario is not None

    def datasets(self, kind: Kind) -> list[Dataset]:
        """Datasets of the catalogue that are taken; a scenario is never mixed with evidence."""
        if kind in self._given or (self._is_scenario and kind in EVIDENCE):
            return []
        return self._catalogue.active(kind)

    def is_bundled(self, kind: Kind) -> bool:
        """Whether the kind comes from the bundled file."""
        return kind not in self._options and not self.datasets(kind)

    def table(self, kind: Kind, bundled: Path | None = None, credit: Credit = NO_CREDIT) -> gpd.GeoDataFrame:
        """The table of a kind; without rows where nobody gives one."""
        if kind in self._options:
            path = self._options[kind]
            return self.files.read(kind, path, Credit(f"{kind.capitalize()}: {path.name}"))
        tables = [self._catalogued(dataset) for dataset in self.datasets(kind)]
        if tables:
            return _together(tables, self.datasets(kind))
        return empty(TABLES[kind]) if bundled is None else self.files.read(kind, bundled, credit)

    def coverage(self) -> tuple[gpd.GeoDataFrame, list[SignalRaster]]:
        """Coverage polygons and signal rasters."""
        tables, rasters = [], []
        for path in self._coverage:
            if is_raster(path):
                rasters.append(
                    read_signal_raster_header(self.files.use("coverage", path, Credit(f"Coverage: {path.name}")))
                )
            else:
                tables.append(self.files.read(Kind.COVERAGE, path, Credit(f"Coverage: {path.name}")))
        for dataset in self.datasets(Kind.COVERAGE):
            if dataset.header is None:
                tables.append(self._catalogued(dataset))
            else:
                self.files.use_dataset(dataset)
                stated = {name: str(value) for name, value in dataset.header.items() if value}
                rasters.append(read_signal_raster_header(self._catalogue.data(dataset), stated | {"quantity": "dbm"}))
        return pd.concat(tables, ignore_index=True) if tables else empty(COVERAGE), rasters

    def patterns(self, sites: gpd.GeoDataFrame) -> dict[str, Pattern]:
        """Antenna tables that the sites name; they lie beside the list they come from."""
        named = set(sites["pattern"].dropna())
        if Kind.SITES in self._options:
            found = antenna_tables(named, self._options[Kind.SITES])
        else:
            found = {}
            for dataset in self.datasets(Kind.SITES):
                folder = self._catalogue.folder(dataset)  # verified when the list was read
                found |= antenna_tables({name for name in named if (folder / Path(name).name).is_file()}, folder / "-")
        return {name: read_pattern(self.files.use("antenna", path)) for name, path in sorted(found.items())}

    def terrain(self, region: Region) -> list[Path]:
        """Elevation files: the user's, the catalogue's, else the bundled ones that the region meets."""
        if self._terrain:
            return [self.files.use("terrain", path, Credit(f"Terrain: {path.name}")) for path in self._terrain]
        datasets = self.datasets(Kind.TERRAIN)
        for dataset in datasets:
            self.files.use_dataset(dataset)
        if datasets:
            return [self._catalogue.data(dataset) for dataset in datasets]
        return [
            self.files.use("terrain", path, Credit("Terrain: NOAA GLOBE 1.0", "public domain", "1999"))
            for path in sorted(data_path("terrain").glob("*.tif"))
            if shapely.box(*raster_bounds_wgs84(path)).intersects(region.boundary)
        ]

    def _catalogued(self, dataset: Dataset) -> gpd.GeoDataFrame:
        self.files.use_dataset(dataset)
        return conform(gpd.read_parquet(self._catalogue.data(dataset)), TABLES[dataset.kind], file=dataset.file)


def credit_line(record: dict[str, Any]) -> str:
    """Credit of an input in one line, with its licence and date where they are known."""
    known = ", ".join(record[key] for key in ("licence", "as_of") if record[key])
    return f"{record['credit']} ({known})" if record["credit"] and known else str(record["credit"])


def _record(kind: str, file: str, sha256: str, credit: Credit) -> dict[str, Any]:
    stated = {"credit": credit.text, "licence": credit.licence, "as_of": credit.as_of}
    return {"kind": kind, "file": file, "sha256": sha256, **stated}


def empty(table: Table) -> gpd.GeoDataFrame:
    """A table without rows, with its columns' types."""
    columns = {c.name: pd.Series(dtype="str" if c.kind == "text" else "float64") for c in table.columns}
    if not table.geometry_types:
        return conform(pd.DataFrame(columns), table, file=table.name)
    return conform(gpd.GeoDataFrame(columns, geometry=gpd.GeoSeries([], crs=WGS84)), table, file=table.name)


def _together(tables: list[gpd.GeoDataFrame], datasets: list[Dataset]) -> gpd.GeoDataFrame:
    """Tables of several datasets as one; a key that two of them have is refused."""
    table = TABLES[datasets[0].kind]
    joined = pd.concat(tables, ignore_index=True)
    origin = np.repeat([dataset.name for dataset in datasets], [len(t) for t in tables])
    for column in table.columns:
        again = joined[column.name].duplicated(keep=False) & joined[column.name].notna()
        if column.unique and again.any():
            value = joined.loc[again, column.name].iloc[0]
            held = " and ".join(dict.fromkeys(origin[(joined[column.name] == value).to_numpy()]))
            remedy = "Remove one of them: shalgai catalogue remove NAME"
            what = f"the datasets {held} have a row of the same key"
            raise ValueRejected(Problem(what, remedy, None, None, column.name, value))
    return joined
