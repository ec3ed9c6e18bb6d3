"""Layers brought by the user or bundled, as canonical tables: settlements, districts, coverage, sites."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import geopandas as gpd
import numpy as np
import pandas as pd

from geo.errors import InputError, Problem, ValueRejected
from geo.ingest.aliases import renamed
from geo.ingest.vector import AREA_SUFFIXES, POINT_SUFFIXES, read_features
from geo.names import romanise_kazakh
from geo.tables.coverage import COVERAGE
from geo.tables.districts import DISTRICTS
from geo.tables.schema import PARTIAL_DATE_PATTERN, Table, conform
from geo.tables.settlements import SETTLEMENTS
from geo.tables.sites import SITES
from geo.tables.words import PopulationBasis

_MIDNIGHT = r"^(\d{4})[-/](\d{2})[-/](\d{2})([T ]00:00:00(\.0+)?(Z|[+-]00(:?00)?)?)?$"
_Frame = TypeVar("_Frame", bound=pd.DataFrame)
_NAMES = ("name_kk", "name_ru", "name_en")


def read_settlements(path: str | Path, *, crs: Any = None) -> gpd.GeoDataFrame:
    """Settlements as points or footprints, in the canonical columns (`geo.tables.settlements`).

    A missing name is filled from the others (English by romanisation of the Kazakh one), and where there is none it is
    the code. A population without a basis is taken as official, without a range as exact.

    Parameters
    ----------
    path
        GeoJSON, GeoPackage, Shapefile (also zipped), FlatGeobuf, GeoParquet, KML, or CSV with longitude and latitude.
    crs
        CRS of a file that states none.

    Raises
    ------
    FileProblem, CrsMissing, ColumnMissing, ValueRejected
        Naming file, row, column, value and what would be accepted.
    """
    settlements = _read(path, SETTLEMENTS, POINT_SUFFIXES, crs)
    return _with_population_range(fill_names(settlements), Path(path).name)


def read_districts(path: str | Path, *, crs: Any = None) -> gpd.GeoDataFrame:
    """Districts as polygons, in the canonical columns; parameters and errors as `read_settlements`, without CSV."""
    return fill_names(_read(path, DISTRICTS, AREA_SUFFIXES, crs))


def read_coverage(path: str | Path, *, crs: Any = None) -> gpd.GeoDataFrame:
    """Coverage polygons, in the canonical columns; parameters and errors as `read_settlements`, without CSV."""
    return _read(path, COVERAGE, AREA_SUFFIXES, crs)


def read_sites(path: str | Path, *, crs: Any = None) -> gpd.GeoDataFrame:
    """Cells as points, in the canonical columns; parameters and errors as `read_settlements`.

    A cell without an identifier gets one of site, technology and, where these repeat, a number.
    """
    return _with_cell_ids(_read(path, SITES, POINT_SUFFIXES, crs))


def shaped(frame: pd.DataFrame, table: Table, *, file: str, truncated: bool = False) -> Any:
    """A frame as read, brought to a table's canonical shape; problems name columns as the file does."""
    frame, own = renamed(frame, table, truncated=truncated)
    for column in table.columns:
        if column.pattern == PARTIAL_DATE_PATTERN and column.name in frame.columns:
            frame[column.name] = _without_midnight(frame[column.name])
    try:
        return conform(frame, table, file=file)
    except InputError as error:
        problems = [replace(p, column=own.get(p.column or "", p.column)) for p in error.problems]
        raise type(error)(problems) from None


def fill_names(frame: _Frame) -> _Frame:
    """Fill each missing name from the others, so that a row with one name has all; without any it is the code."""
    kk, ru, en = (frame[column] for column in _NAMES)
    romanised = kk.map(romanise_kazakh, na_action="ignore").astype("str")
    filled = {
        "name_kk": kk.fillna(ru).fillna(en),
        "name_ru": ru.fillna(kk).fillna(en),
        "name_en": en.fillna(romanised).fillna(ru),
    }
    return frame.assign(**{name: values.fillna(frame["kato"]) for name, values in filled.items()})


def _read(path: str | Path, table: Table, suffixes: frozenset[str], crs: Any) -> gpd.GeoDataFrame:
    features = read_features(path, layer=table.name, suffixes=suffixes, crs=crs)
    truncated = Path(path).suffix.lower() in {".shp", ".zip"}
    return shaped(features, table, file=Path(path).name, truncated=truncated)


def _without_midnight(values: pd.Series) -> pd.Series:
    """Dates that a format stores with a time of day, as plain dates; whatever else stays as it is."""
    if pd.api.types.is_numeric_dtype(values):
        return values
    text = values.astype("str").where(values.notna(), None)
    return text.str.replace(_MIDNIGHT, r"\1-\2-\3", regex=True)


def _with_population_range(settlements: gpd.GeoDataFrame, file: str) -> gpd.GeoDataFrame:
    people = settlements["population"]
    basis = settlements["population_basis"]
    filled = settlements.assign(
        population_basis=basis.mask(basis.isna() & people.notna(), PopulationBasis.OFFICIAL.value),
        population_low=settlements["population_low"].fillna(people),
        population_high=settlements["population_high"].fillna(people),
    )
    problems = []
    ranges: Mapping[str, Any] = {
        "population_low": filled["population_low"] > filled["population"],
        "population_high": filled["population_high"] < filled["population"],
    }
    for column, wrong in ranges.items():
        problems += [
            Problem(
                "the range does not hold the population",
                f"Accepted: population_low ≤ population ≤ population_high, here population {people.iloc[i]}",
                file,
                int(i) + 1,
                column,
                filled[column].iloc[i],
            )
            for i in np.flatnonzero(wrong.fillna(False).to_numpy(dtype=bool))
        ]
    if problems:
        raise ValueRejected(problems)
    return filled


def _with_cell_ids(sites: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    missing = sites["cell_id"].isna()
    taken = set(sites["cell_id"].dropna())
    cell_ids = sites["cell_id"].to_list()
    for i in np.flatnonzero(missing):
        stem = f"{sites['site_id'].iloc[i]}-{sites['technology'].iloc[i]}"
        name, number = stem, 1
        while name in taken:
            number += 1
            name = f"{stem}-{number}"
        taken.add(name)
        cell_ids[i] = name
    return sites.assign(cell_id=pd.Series(cell_ids, index=sites.index, dtype="str"))
