"""What looks wrong in canonical rows though every value is accepted: for a person to judge."""

import datetime as dt
from collections.abc import Callable, Iterator, Set
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from geo.coverage.footprints import representative_points
from geo.dates import age_years
from geo.errors import Problem
from geo.ingest.kinds import DATE_COLUMNS, Kind
from geo.ingest.repetition import Seen
from geo.ingest.report import EXAMPLES, Finding, Severity
from geo.region import Region

STALE_AFTER_YEARS = 3.0
SLIVER_AREA_KM2 = 0.01
SLIVER_COMPACTNESS = 0.005
"""4π·area/perimeter²: 1 for a disc, 0.005 for a strip about 600 times as long as wide."""
DENSITY_MAX_PER_KM2 = 50_000.0
"""People per km² that no settlement of the size of a footprint exceeds; the densest city quarters reach this."""

_MARGIN_DEG = 0.1
"""More than the region's edge tolerance at any latitude of people: what lies farther out need not be looked at."""
_LENGTH_LEAST_DEG = 1e-8
"""About a millimetre: the points of a shorter line fall together where it is projected."""
_AREAS = frozenset({Kind.SETTLEMENTS, Kind.COVERAGE, Kind.BOUNDARIES})
_POINTS = frozenset({Kind.SETTLEMENTS, Kind.SITES, Kind.MEASUREMENTS, Kind.FACILITIES})

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Context:
    """What an input is checked and matched against; each null where there is none.

    `settlements` and `districts` are canonical tables that names are matched to; `today` is the day of reading.
    """

    settlements: gpd.GeoDataFrame | None = None
    districts: gpd.GeoDataFrame | None = None
    region: Region | None = None
    today: dt.date | None = None


class Checker:
    """The checks of one input; batches go through in their order."""

    def __init__(self, kind: Kind, context: Context, file: str) -> None:
        self._kind, self._context, self._file = kind, context, file
        self._rows_seen, self._positions_seen = Seen(), Seen()

    def refused(self, table: Any, rows: npt.NDArray[np.int64]) -> list[Problem]:
        """Problems of rows whose latitude and longitude are exchanged: outside the region, inside when swapped.

        And of roads with a line that has no length.
        """
        region = self._context.region
        if self._kind is Kind.ROADS:
            return self._lines_without_length(table, rows)
        if region is None or self._kind not in _POINTS:
            return []
        points = _points(table.geometry)
        x, y = shapely.get_x(points), shapely.get_y(points)
        boundary = region.boundary
        shapely.prepare(boundary)
        exchanged = shapely.contains_xy(boundary, y, x) & ~shapely.contains_xy(boundary, x, y)
        remedy = "Exchange the columns of longitude and latitude"
        what = "longitude and latitude are exchanged: the place lies in the region only the other way round"
        return [
            Problem(what, remedy, self._file, int(rows[i]), "geometry", f"{x[i]:.4f}, {y[i]:.4f}")
            for i in np.flatnonzero(exchanged)
        ]

    def _lines_without_length(self, table: Any, rows: npt.NDArray[np.int64]) -> list[Problem]:
        lines, row = shapely.get_parts(table.geometry.to_numpy(), return_index=True)
        bounds = shapely.bounds(lines)
        short = np.maximum(bounds[:, 2] - bounds[:, 0], bounds[:, 3] - bounds[:, 1]) < _LENGTH_LEAST_DEG
        what, remedy = "a line has no length", "Take it out, or give two points that differ"
        return [Problem(what, remedy, self._file, int(rows[i]), "geometry") for i in np.unique(row[short])]

    def findings(
        self, table: Any, rows: npt.NDArray[np.int64], *, made_up: Set[str] = frozenset()
    ) -> Iterator[Finding]:
        """Warnings about a canonical batch; `rows` are its rows in the file, `made_up` columns that it has not."""
        yield from self._repeated(table.drop(columns=list(made_up & set(table.columns))), rows)
        for check in (self._outside, self._slivers, self._density, self._dates, self._districts):
            yield from check(table, rows)

    def _finding(
        self,
        code: str,
        what: str,
        remedy: str,
        mask: Mask,
        rows: npt.NDArray[np.int64],
        column: str = "geometry",
        value: Callable[[int], Any] = lambda i: None,
    ) -> Iterator[Finding]:
        places = np.flatnonzero(mask)
        if len(places):
            examples = tuple(
                Problem(what, remedy, self._file, int(rows[i]), column, value(int(i))) for i in places[:EXAMPLES]
            )
            yield Finding(code, Severity.WARNING, what, remedy, len(places), examples)

    def _repeated(self, table: Any, rows: npt.NDArray[np.int64]) -> Iterator[Finding]:
        shapes = pd.Series(shapely.to_wkb(table.geometry.to_numpy()), dtype=object)
        digests = pd.util.hash_pandas_object(pd.DataFrame(table.drop(columns="geometry")), index=False)
        whole = pd.Series(np.where(shapes.isna(), b"", shapes)) + digests.map(lambda d: int(d).to_bytes(8, "big"))
        repeated = self._rows_seen.repeated(whole)
        yield from self._finding(
            "duplicate_row",
            "the row repeats an earlier one in every column",
            "Remove one",
            repeated,
            rows,
            column="",
        )
        if self._kind is Kind.SETTLEMENTS:
            same = self._positions_seen.repeated(shapes) & ~repeated
            yield from self._finding(
                "same_position",
                "another settlement has the very same position",
                "Check both positions",
                same,
                rows,
                value=lambda i: table["kato"].iloc[i],
            )

    def _outside(self, table: Any, rows: npt.NDArray[np.int64]) -> Iterator[Finding]:
        region = self._context.region
        if region is None or self._kind is Kind.BOUNDARIES:
            return
        shapes = table.geometry.to_numpy()
        west, south, east, north = shapely.bounds(shapes).T
        w, s, e, n = region.bounds
        with np.errstate(invalid="ignore"):
            apart = (east < w - _MARGIN_DEG) | (west > e + _MARGIN_DEG)
            apart |= (north < s - _MARGIN_DEG) | (south > n + _MARGIN_DEG)
        near = np.flatnonzero(~apart & ~shapely.is_missing(shapes))
        apart[near] = ~region.contains_any(table.geometry.iloc[near])
        yield from self._finding(
            "out_of_region",
            "the feature lies outside the region and has no effect on its results",
            "Is it the right file, and the right CRS?",
            apart,
            rows,
            value=lambda i: "{:.4f}, {:.4f}".format(*shapely.bounds(shapes[i])[:2]),
        )

    def _slivers(self, table: Any, rows: npt.NDArray[np.int64]) -> Iterator[Finding]:
        region = self._context.region
        if region is None or self._kind not in _AREAS:
            return
        areas, lengths = _areas_km2_and_lengths_km(table.geometry, region)
        with np.errstate(invalid="ignore", divide="ignore"):
            compactness = 4 * np.pi * areas / lengths**2
            thin = (areas > 0) & ((areas < SLIVER_AREA_KM2) | (compactness < SLIVER_COMPACTNESS))
        if self._kind is Kind.SETTLEMENTS:
            thin &= compactness < SLIVER_COMPACTNESS
        yield from self._finding(
            "sliver",
            f"the polygon is smaller than {SLIVER_AREA_KM2:g} km² or a thin strip",
            "Is it left over from cutting?",
            thin,
            rows,
            value=lambda i: f"{areas[i]:.6f} km²",
        )

    def _density(self, table: Any, rows: npt.NDArray[np.int64]) -> Iterator[Finding]:
        region = self._context.region
        if region is None or self._kind is not Kind.SETTLEMENTS:
            return
        people = table["population"].to_numpy(dtype=float, na_value=np.nan)
        with np.errstate(invalid="ignore", divide="ignore"):
            density = people / _areas_km2_and_lengths_km(table.geometry, region)[0]
            dense = np.isfinite(density) & (density > DENSITY_MAX_PER_KM2)
        yield from self._finding(
            "impossible_density",
            f"more than {DENSITY_MAX_PER_KM2:,.0f} people per km²",
            "Check the population and the footprint",
            dense,
            rows,
            column="population",
            value=lambda i: f"{people[i]:.0f}",
        )

    def _dates(self, table: Any, rows: npt.NDArray[np.int64]) -> Iterator[Finding]:
        column, today = DATE_COLUMNS.get(self._kind), self._context.today
        if column is None or today is None:
            return
        days = table[column].str.slice(0, 10)
        ages_of = {day: age_years(day, today) for day in days.dropna().unique()}
        ages = days.map(ages_of).to_numpy(dtype=float)

        def value(i: int) -> Any:
            return table[column].iloc[i]

        with np.errstate(invalid="ignore"):
            stale, future = ages > STALE_AFTER_YEARS, days.fillna("").to_numpy(dtype=object) > today.isoformat()
        what = f"the date is more than {STALE_AFTER_YEARS:g} years ago"
        yield from self._finding("stale_date", what, "Is there a newer edition?", stale, rows, column, value)
        yield from self._finding("future_date", "the date lies ahead", "Check the date", future, rows, column, value)

    def _districts(self, table: Any, rows: npt.NDArray[np.int64]) -> Iterator[Finding]:
        districts = self._context.districts
        if districts is None or self._kind is not Kind.SETTLEMENTS:
            return
        codes = table["district_kato"]
        unknown = (codes.notna() & ~codes.isin(districts["kato"])).to_numpy()
        yield from self._finding(
            "unknown_district",
            "the district's code is not among the boundaries",
            "Check the code, or bring boundaries that have it",
            unknown,
            rows,
            "district_kato",
            lambda i: codes.iloc[i],
        )


def _points(geometry: gpd.GeoSeries) -> Any:
    return representative_points(geometry.reset_index(drop=True)).to_numpy()


def _areas_km2_and_lengths_km(
    geometry: gpd.GeoSeries, region: Region
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Areas and perimeters of the polygons, NaN for all else."""
    areas, lengths = np.full(len(geometry), np.nan), np.full(len(geometry), np.nan)
    polygons = np.flatnonzero(geometry.geom_type.isin(["Polygon", "MultiPolygon"]))
    if len(polygons):
        planar = region.planar(geometry.iloc[polygons])
        areas[polygons], lengths[polygons] = shapely.area(planar) / 1e6, shapely.length(planar) / 1e3
    return areas, lengths
