"""Tables as a GeoPackage gives them, in the manner of the test data of the CQL2 standard."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from api.features.catalogue import CollectionKind
from api.features.collection import Collection
from api.features.crs import CRS84, ServedCrs
from api.filters.language import parse_filter
from api.filters.selection import Selection, select
from geo.tables.sites import SITES


@pytest.fixture(scope="session")
def collection_of() -> Callable[[gpd.GeoDataFrame], Collection]:
    """Makes a collection of a table; which table of a run it stands for does not matter to filters."""
    return lambda frame: Collection.from_frame(
        CollectionKind("places", SITES, "Places", "Made up", None, geometry_name="geom"), frame
    )


@pytest.fixture(scope="session")
def chosen() -> Callable[..., list[int]]:
    """The rows of a collection that a filter chooses."""

    def choose(collection: Collection, text: str, language: str = "cql2-text", crs: ServedCrs = CRS84) -> list[int]:
        rows = select(collection, Selection(expression=parse_filter(text, language), filter_crs=crs))
        assert rows is not None
        return rows.tolist()

    return choose


def make_places() -> gpd.GeoDataFrame:
    """Eight places; three have dates, as in the test data: see the interval of each in the comments."""
    moments: list[Any] = [None] * 8
    start, end = moments.copy(), moments.copy()
    start[0], end[0] = "2021-04-16T10:15:59Z", "2022-04-16T10:16:06Z"
    start[2], end[2] = "2022-04-16T10:13:19Z", "2023-04-16T10:16:06Z"
    start[5], end[5] = "2022-04-16T10:15:10Z", "2022-04-16T10:16:06Z"
    return gpd.GeoDataFrame(
        {
            "name": ["København", "Kiev", "Berlin", "Bern", "Chişinău", "Қостанай", None, "50%_\\x'y"],
            "nameascii": ["Kobenhavn", "Kiev", "Berlin", "Bern", "Chisinau", "Kostanay", "Nur", "50%_\\x'y"],
            "pop_other": pd.array([1038288, 1611692, 3013258, 5, None, 2**53 + 1, -7, 0], dtype="Int64"),
            "pop_min": [1038288, 1611692, 1, 5, 0, 0, -8, 0],
            "pop_max": [1085000.5, 1611692, 2, 6, 0, 1e300, -6, np.nan],
            "date": [dt.date(2021, 4, 16), None, dt.date(2022, 4, 16), None, None, dt.date(2023, 4, 16), None, None],
            "start": pd.to_datetime(pd.Series(start, dtype=object)),
            "end": pd.to_datetime(pd.Series(end, dtype=object)).dt.tz_localize(None),
            "boolean": [True, None, False, None, None, True, None, None],
            "is not": [True, False] * 4,
            "as_of": ["2025-03", "2024", "2026-10-05", None, "2025", "2025-03-01", "soon", "2025-03-31"],
            "reasons": [
                '[{"code":"a"},{"code":"b"}]',
                '[{"code":"a"}]',
                "[]",
                None,
                '[{"code":"c"}]',
                "[]",
                "[]",
                "[]",
            ],
        },
        geometry=[
            shapely.Point(12.561540, 55.680510),
            shapely.Point(30.514682, 50.435313),
            shapely.box(0, 40, 10, 50),
            shapely.LineString([(0, 0), (50, 50)]),
            shapely.Point(-170, 10),
            shapely.Polygon([(170, -5), (180, -5), (180, 5), (170, 5)]),
            None,
            shapely.MultiPoint([(7, 50), (10, 51)]),
        ],
        crs=4326,
    )


@pytest.fixture(scope="session")
def places(collection_of: Callable[[gpd.GeoDataFrame], Collection]) -> Collection:
    """The eight places."""
    return collection_of(make_places())
