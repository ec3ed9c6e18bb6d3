"""Groups of rows and their measures, where HTTP does not reach."""

import geopandas as gpd
import numpy as np
import pytest
import shapely

from api.errors import BadParameter
from api.features.catalogue import CollectionKind
from api.features.collection import Collection
from api.features.columns import Column
from api.features.groups import Groups, measure_of
from geo.tables.results import GAPS


def collection(**columns: list[object]) -> Collection:
    count = len(next(iter(columns.values())))
    frame = gpd.GeoDataFrame(columns, geometry=[shapely.Point(0, 0)] * count, crs=4326)
    return Collection.from_frame(CollectionKind("made", GAPS, "Made", "Made up.", None), frame)


def test_bounds_that_are_not_known_are_the_population_itself() -> None:
    found = collection(population=[10.0, 20.0, np.nan], population_low=[5.0, np.nan, 1.0])
    members = measure_of("people")(found, Groups.together(np.arange(3)))
    assert members == {"people": [30.0], "people_unknown": [1], "people_low": [26.0], "people_high": [30.0]}


def test_sums_that_whole_numbers_cannot_hold_are_not_wrapped() -> None:
    found = collection(big=[2**62, 2**62, 2**62])
    members = measure_of("sum:big")(found, Groups.together(np.arange(3)))
    assert members["big_sum"] == [3.0 * 2**62]


def test_many_columns_of_many_values_make_as_many_groups() -> None:
    numbers = np.arange(2000, dtype=np.int64)
    columns = [Column(str(i), "integer", numbers * (i + 1) % 1999, numbers < 0) for i in range(8)]
    assert len(Groups.by(columns, numbers)) == 1999


def test_dates_are_keys_in_their_order_with_the_missing_one_last() -> None:
    days = Column("day", "date", np.array([9, 0, 8]), np.array([False, True, False]))  # type: ignore[arg-type]
    groups = Groups.by([days], np.arange(3))
    assert groups.keys(days) == ["1970-01-09", "1970-01-10", None]


def test_only_known_operations_are_measures() -> None:
    for text in ("sum", "sum:", "counts", "eval:x", ""):
        with pytest.raises(BadParameter):
            measure_of(text)(collection(a=[1]), Groups.together(np.arange(1)))
