"""The settlements and boundaries that an input is checked against: the catalogue's, else the bundled ones."""

import datetime as dt
from typing import Any

import geopandas as gpd

from geo.bundled import data_path
from geo.ingest.checks import Context
from geo.ingest.kinds import TABLES, Kind
from geo.ingest.reading import read_table
from geo.region import LANGUAGES, Region, RegionProfile
from geo.tables.schema import conform
from geo.workspace.catalogue import Catalogue, Dataset


def read_dataset(catalogue: Catalogue, dataset: Dataset) -> Any:
    """A catalogued table, its bytes verified; `DatasetDamaged` if they have changed."""
    return conform(gpd.read_parquet(catalogue.data(dataset)), TABLES[dataset.kind], file=dataset.file)


def reference(catalogue: Catalogue, today: dt.date) -> Context:
    """What a new input of this workspace is matched and checked against.

    Boundaries of one's own switch the bundled settlements off: they lie elsewhere.
    """
    boundaries, settlements = catalogue.active(Kind.BOUNDARIES), catalogue.active(Kind.SETTLEMENTS)
    if boundaries:
        districts, profile = read_dataset(catalogue, boundaries[0]), own_profile(boundaries[0].name)
    else:
        districts, _ = read_table(Kind.BOUNDARIES, data_path("boundaries", "districts.geojson"))
        profile = RegionProfile.from_toml(data_path("region.toml"))
    places = None
    if settlements:
        places = read_dataset(catalogue, settlements[0])
    elif not boundaries:
        places, _ = read_table(Kind.SETTLEMENTS, data_path("boundaries", "settlements.geojson"))
    return Context(places, districts, Region.from_districts(districts, profile), today)


def own_profile(name: str) -> RegionProfile:
    """The profile of a region of which nothing but its boundaries is known, named after them."""
    return RegionProfile(names=dict.fromkeys(LANGUAGES, name))
