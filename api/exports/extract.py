"""What is taken away: the rows of a selection, how they are shown, and what they have to say of their run."""

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

from api.features.collection import Collection, Rows
from api.features.columns import Column
from api.features.crs import ServedCrs
from api.features.store import LoadedRun
from api.features.view import View
from geo.region import LANGUAGES

CHUNK_ROWS = 5000
"""Rows that are in memory as a file's content at a time."""


@dataclass(frozen=True)
class About:
    """What every file says of its run; `label` is in the asked language, `labels` in each."""

    run: str
    scenario: str | None
    label: str | None
    labels: Mapping[str, str] | None
    credits: tuple[str, ...]
    created_at: dt.datetime

    @classmethod
    def of(cls, run: LoadedRun, language: str) -> "About":
        """From a run's manifest."""
        manifest = run.manifest
        labels = manifest.get("label") or None
        label = next((labels[code] for code in (language, *LANGUAGES) if labels.get(code)), None) if labels else None
        return cls(
            run=run.id,
            scenario=manifest.get("scenario"),
            label=label,
            labels=labels,
            credits=tuple(str(credit) for credit in manifest.get("credits", ())),
            created_at=dt.datetime.fromisoformat(manifest["created_at"]).astimezone(dt.UTC),
        )

    @property
    def credit(self) -> str:
        """All credits as one text."""
        return "; ".join(self.credits)

    @property
    def sentence(self) -> str:
        """Run, label and credits in one line."""
        return "; ".join([f"run {self.run}", *([self.label] if self.label else []), *self.credits])


@dataclass(frozen=True)
class Extract:
    """The features of a selection, as they are to be written; `rows` None are all of the collection."""

    collection: Collection
    rows: Rows | None
    view: View
    about: About
    language: str

    def __len__(self) -> int:
        return len(self.collection) if self.rows is None else len(self.rows)

    @property
    def columns(self) -> tuple[Column, ...]:
        """The asked properties with the values of all rows of the collection."""
        columns = self.collection.columns
        names = columns if self.view.properties is None else self.view.properties
        return tuple(columns[name] for name in names)

    def chunks(self) -> Iterator[Rows]:
        """Rows in the order of the selection, at most `CHUNK_ROWS` at a time; one empty chunk where there are none."""
        for start in range(0, max(len(self), 1), CHUNK_ROWS):
            stop = min(start + CHUNK_ROWS, len(self))
            yield np.arange(start, stop, dtype=np.int64) if self.rows is None else self.rows[start:stop]

    def shapes(self, rows: Rows) -> npt.NDArray[Any]:
        """Geometries in the asked CRS, x or longitude first as files have them, whatever the CRS's own axis order."""
        return in_file_order(self.collection.geometries[rows], self.view.crs)

    def points(self, rows: Rows) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """A position of each feature in the asked CRS, inside it where it is an area: x and y, or longitude and
        latitude; NaN where it has none."""
        points = in_file_order(shapely.point_on_surface(self.collection.geometries[rows]), self.view.crs)
        decimals = self.view.crs.decimals
        return np.round(shapely.get_x(points), decimals), np.round(shapely.get_y(points), decimals)


def in_file_order(geometries: npt.NDArray[Any], crs: ServedCrs) -> npt.NDArray[Any]:
    """Geometries of WGS 84 longitude and latitude in a CRS, x or longitude first."""
    moved = crs.from_wgs84(geometries)
    return np.asarray(shapely.transform(moved, lambda p: p[:, ::-1]), dtype=object) if crs.latitude_first else moved
