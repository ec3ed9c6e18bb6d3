"""Rows and shapes of a layer put together as batches, counted against the limits."""

from dataclasses import dataclass, field

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from geo.errors import LimitExceeded, Problem
from geo.ingest.readers.geometry import Mask, Normaliser, Shapes
from geo.ingest.report import Finding
from geo.ingest.source import Batch
from geo.settings import get_settings
from geo.tables.schema import WGS84


@dataclass
class Assembler:
    """Makes the batches of one layer, in the order of its rows.

    Attributes
    ----------
    normaliser
        Brings the shapes to WGS 84.
    rows, vertices
        How many have gone through.
    """

    normaliser: Normaliser
    rows: int = 0
    vertices: int = field(default=0, init=False)

    def batch(
        self,
        frame: pd.DataFrame,
        shapes: Shapes,
        broken: Mask,
        findings: list[Finding],
        problems: list[Problem],
    ) -> Batch:
        """A batch of the next rows.

        Parameters
        ----------
        frame
            The attributes, n rows.
        shapes
            In the layer's CRS, shape (n,), null where there is none.
        broken
            Rows whose geometry could not be understood, shape (n,).
        findings, problems
            What is known about these rows already.

        Raises
        ------
        LimitExceeded
            If there are more rows or vertices than the settings allow.
        """
        file = self.normaliser.file
        rows = self.rows + 1 + np.arange(len(frame), dtype=np.int64)
        self.rows += len(frame)
        check_rows(self.rows, file)
        self.vertices += int(shapely.get_num_coordinates(shapes).sum())
        limit = get_settings().input_vertices_max
        if self.vertices > limit:
            what = f"the layer has more than the {limit:,} vertices that are accepted"
            remedy = "Simplify or split it, or raise the setting SHALGAI_INPUT_VERTICES_MAX"
            raise LimitExceeded(Problem(what, remedy, file))
        clean = self.normaliser.normalised(shapes, rows, broken)
        refused = sorted([*problems, *clean.problems], key=lambda problem: problem.row or 0)
        features = gpd.GeoDataFrame(frame, geometry=gpd.GeoSeries(clean.shapes, index=frame.index, crs=WGS84))
        return Batch(features, rows, [*findings, *clean.findings], refused)


def check_rows(count: int, file: str) -> None:
    """Raise LimitExceeded for more rows than the settings allow."""
    limit = get_settings().input_features_max
    if count > limit:
        what = f"the layer has more than the {limit:,} rows that are accepted"
        raise LimitExceeded(Problem(what, "Split it, or raise the setting SHALGAI_INPUT_FEATURES_MAX", file))
