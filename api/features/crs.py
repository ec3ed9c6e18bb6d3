"""The coordinate reference systems in which features are asked for and served (OGC API Features Part 2).

Positions change between systems by one fixed operation each, so that the same request gives the same bytes whatever
grids or preferences the machine has. Systems on WGS 84 need no change of datum. For Pulkovo 1942 it is EPSG:15865,
"Pulkovo 1942 to WGS 84 (16)", seven parameters: the most accurate one without a grid whose area holds Kazakhstan,
about 4.5 m.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt
import pyproj
import shapely
from pyproj.enums import TransformDirection

Geometries = npt.NDArray[Any]
Axis = npt.NDArray[np.float64]

_NAME = re.compile(
    r"\[?(?:https?://www\.opengis\.net/def/crs/|urn:ogc:def:crs:)?(EPSG|OGC)[/:]([0-9.]*[/:])?(\w+)\]?", re.ASCII
)
_PULKOVO_1942 = (
    "+proj=pipeline +step +proj=unitconvert +xy_in=deg +xy_out=rad +step +proj=push +v_3 "
    "+step +proj=cart +ellps=WGS84 "
    "+step +inv +proj=helmert +x=25 +y=-141 +z=-78.5 +rx=0 +ry=-0.35 +rz=-0.736 +s=0 +convention=coordinate_frame "
    "+step +inv +proj=cart +ellps=krass +step +proj=pop +v_3 "
    "+step +proj=tmerc +lat_0=0 +lon_0={meridian} +k=1 +x_0={zone}500000 +y_0=0 +ellps=krass "
    "+step +proj=axisswap +order=2,1"
)


@dataclass(frozen=True)
class Domain:
    """The rectangle in which a system is used, in its own units and axis order."""

    first_low: float
    second_low: float
    first_high: float
    second_high: float


@dataclass(frozen=True)
class ServedCrs:
    """A coordinate reference system by its URI; positions are in the axis order of its definition.

    `authority` and `code` name it for PROJ. `pipeline` is the PROJ operation from WGS 84 longitude and latitude, None
    where there is only one.
    """

    uri: str
    authority: str
    code: str
    domain: Domain
    pipeline: str | None = None

    @cached_property
    def crs(self) -> pyproj.CRS:
        """PROJ's definition."""
        return pyproj.CRS.from_authority(self.authority, self.code)

    @cached_property
    def title(self) -> str:
        """Its name and the order of its axes, for people."""
        axes = ", ".join(axis.name.lower() for axis in self.crs.axis_info)
        return f"{self.crs.name} ({axes})"

    @cached_property
    def is_geographic(self) -> bool:
        """Whether positions are degrees."""
        return bool(self.crs.is_geographic)

    @cached_property
    def latitude_first(self) -> bool:
        """Whether the first axis points north."""
        return bool(self.crs.axis_info[0].direction == "north")

    @property
    def decimals(self) -> int:
        """Decimals worth serving: 0.1 m on the ground or finer."""
        return 6 if self.is_geographic else 2

    def from_wgs84(self, geometries: Geometries) -> Geometries:
        """Geometries of WGS 84 longitude and latitude in this system, rounded to its decimals.

        None for those that it cannot hold.
        """
        if self is CRS84:
            return geometries
        return _moved(
            geometries, lambda x, y: [np.round(axis, self.decimals) for axis in self._transformer.transform(x, y)]
        )

    def to_wgs84(self, geometries: Geometries) -> Geometries:
        """Geometries of this system in WGS 84 longitude and latitude; None for those outside of it."""
        if self is CRS84:
            return geometries
        inverse = TransformDirection.INVERSE
        return _moved(geometries, lambda x, y: self._transformer.transform(x, y, direction=inverse))

    @cached_property
    def _transformer(self) -> pyproj.Transformer:
        if self.pipeline is not None:
            return pyproj.Transformer.from_pipeline(self.pipeline)
        return pyproj.Transformer.from_crs(CRS84.crs, self.crs)


def _moved(geometries: Geometries, change: Callable[[Axis, Axis], Sequence[Axis]]) -> Geometries:
    moved = shapely.transform(geometries, lambda positions: np.column_stack(change(positions[:, 0], positions[:, 1])))
    moved = np.array(moved, dtype=object)
    # PROJ answers infinity where a projection ends, which no format can hold
    moved[~np.isfinite(shapely.bounds(moved)).all(axis=1)] = None
    return moved


def crs_of_name(name: str) -> ServedCrs | None:
    """The served system of a URI, URN or safe CURIE such as ``[EPSG:3857]``; None if there is none of that name."""
    found = SERVED_CRS.get(name)
    if found is not None or len(name) > 100:
        return found
    parts = _NAME.fullmatch(name)
    if not parts:
        return None
    authority, _, code = parts.groups()
    return next((crs for crs in SERVED_CRS.values() if (crs.authority, crs.code) == (authority, code)), None)


def _epsg(code: int, domain: Domain, pipeline: str | None = None) -> ServedCrs:
    return ServedCrs(f"http://www.opengis.net/def/crs/EPSG/0/{code}", "EPSG", str(code), domain, pipeline)


# Farther from its meridian a transverse Mercator projection distorts beyond use; nearer to the pole than this, or past
# it, the two sides of the world would overlap.
_REACH_M = 3_500_000.0
_NORTH_M = 9_900_000.0


def _utm(code: int) -> ServedCrs:
    return _epsg(code, Domain(500_000 - _REACH_M, -_NORTH_M, 500_000 + _REACH_M, _NORTH_M))


def _gauss_kruger(zone: int) -> ServedCrs:
    east = zone * 1_000_000 + 500_000
    pipeline = _PULKOVO_1942.format(meridian=zone * 6 - 3, zone=zone)
    return _epsg(28400 + zone, Domain(-_NORTH_M, east - _REACH_M, _NORTH_M, east + _REACH_M), pipeline)


_MERCATOR_M = 20_037_508.342789244
CRS84 = ServedCrs("http://www.opengis.net/def/crs/OGC/1.3/CRS84", "OGC", "CRS84", Domain(-180, -90, 180, 90))
SERVED_CRS: Mapping[str, ServedCrs] = MappingProxyType(
    {
        crs.uri: crs
        for crs in (
            CRS84,
            _epsg(4326, Domain(-90, -180, 90, 180)),
            _epsg(3857, Domain(-_MERCATOR_M, -2 * _MERCATOR_M, _MERCATOR_M, 2 * _MERCATOR_M)),
            *(_utm(code) for code in (32639, 32640, 32641)),
            *(_gauss_kruger(zone) for zone in (10, 11)),
        )
    }
)
"""The systems by URI, the default first."""
