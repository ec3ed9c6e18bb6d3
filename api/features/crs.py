"""The coordinate reference systems in which features are asked for and served (OGC API Features Part 2)."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt
import pyproj
import shapely

Geometries = npt.NDArray[Any]


@dataclass(frozen=True)
class ServedCrs:
    """A coordinate reference system by its URI; positions are in the axis order of its definition.

    `authority` and `code` name it for PROJ. Decimals are those of about 0.1 m on the ground.
    """

    uri: str
    authority: str
    code: str

    @cached_property
    def crs(self) -> pyproj.CRS:
        """PROJ's definition."""
        return pyproj.CRS.from_authority(self.authority, self.code)

    @cached_property
    def decimals(self) -> int:
        """Decimals worth serving."""
        return 6 if self.crs.is_geographic else 2

    def from_wgs84(self, geometries: Geometries) -> Geometries:
        """Geometries of WGS 84 longitude and latitude in this system."""
        return geometries if self == CRS84 else _transformed(geometries, self._from_wgs84)

    def to_wgs84(self, geometries: Geometries) -> Geometries:
        """Geometries of this system in WGS 84 longitude and latitude."""
        return geometries if self == CRS84 else _transformed(geometries, self._to_wgs84)

    @cached_property
    def _from_wgs84(self) -> pyproj.Transformer:
        return pyproj.Transformer.from_crs(CRS84.crs, self.crs)

    @cached_property
    def _to_wgs84(self) -> pyproj.Transformer:
        return pyproj.Transformer.from_crs(self.crs, CRS84.crs)


def _transformed(geometries: Geometries, transformer: pyproj.Transformer) -> Geometries:
    moved = shapely.transform(geometries, lambda p: np.column_stack(transformer.transform(p[:, 0], p[:, 1])))
    return np.asarray(moved, dtype=object)


CRS84 = ServedCrs("http://www.opengis.net/def/crs/OGC/1.3/CRS84", "OGC", "CRS84")
SERVED_CRS: Mapping[str, ServedCrs] = MappingProxyType({CRS84.uri: CRS84})
"""The systems by URI, the default first."""
