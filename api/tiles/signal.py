"""Signal rasters of a run by operator and technology, cut into the tiles of WebMercatorQuad.

Several rasters of one operator and technology are combined pixel by pixel as an analysis combines them settlement by
settlement: the most trusted basis that has a value, and of several such the strongest level.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyproj
import rasterio
from rasterio.crs import CRS
from rasterio.errors import RasterioError
from rasterio.session import DummySession
from rasterio.windows import Window

from api.tiles.png import indexed_png
from geo.errors import RunDamaged
from geo.region import LANGUAGES
from geo.tables.schema import WGS84
from geo.tables.words import Basis
from geo.workspace import Run
from maps.signal import TRANSPARENT, Mark, classify, mark_of, paint, palette

TILE_PIXELS = 256
MATRIX_MAX = 24
"""Highest tile matrix of WebMercatorQuad."""

RESAMPLING: Final = "nearest"
"""A pixel shows the one raster value (of an overview where tiles are coarser than the raster) nearest to its centre."""

Box = tuple[float, float, float, float]

_RADIUS_M = 6_378_137.0
_EQUATOR_M = 2.0 * math.pi * _RADIUS_M
_WEB_MERCATOR = CRS.from_epsg(3857)
_TRUST = {str(basis): i for i, basis in enumerate(Basis)}
_ENVIRONMENT = {
    # nothing beside a raster is looked for, least of all in the folder of open files
    "GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR",
    "GDAL_PAM_ENABLED": "NO",
    "CPL_VSIL_CURL_ALLOWED_EXTENSIONS": ".none",
}


@dataclass(frozen=True)
class SignalLayer:
    """All rasters of one operator's technology: name and the manifest's facts, the most trusted first."""

    slug: str
    operator: str
    technology: str
    rasters: tuple[tuple[str, Mapping[str, Any]], ...]

    @property
    def threshold_dbm(self) -> float:
        """Level that the run's standard asks for."""
        return float(self.rasters[0][1]["threshold_dbm"])

    @property
    def bounds(self) -> list[float]:
        """West, south, east and north of all rasters, degrees WGS 84."""
        boxes = np.array([facts["bounds"] for _, facts in self.rasters])
        if (boxes[:, 0] > boxes[:, 2]).any():  # across the antimeridian, which a TileJSON cannot say
            boxes[:, 0], boxes[:, 2] = -180.0, 180.0
        return [float(v) for v in (*boxes[:, :2].min(axis=0), *boxes[:, 2:].max(axis=0))]

    @property
    def matrix_max(self) -> int:
        """The first tile matrix that is as fine as the finest raster."""
        finest = min(facts["resolution_m"] for _, facts in self.rasters)
        _, south, _, north = self.bounds
        around_m = _EQUATOR_M * math.cos(math.radians((south + north) / 2.0))
        return min(MATRIX_MAX, max(0, math.ceil(math.log2(around_m / TILE_PIXELS / max(finest, 1e-3)))))

    @property
    def marks(self) -> tuple[Mark, ...]:
        """What its rasters are marked with."""
        return tuple(sorted({_mark(facts) for _, facts in self.rasters}))


def signal_layers(manifest: Mapping[str, Any]) -> dict[tuple[str, str], SignalLayer]:
    """The signal layers of a run by the operator's slug and the technology, in that order."""
    found: dict[tuple[str, str], list[tuple[str, Mapping[str, Any]]]] = {}
    for name, facts in manifest.get("rasters", {}).items():
        found.setdefault((facts["slug"], facts["technology"]), []).append((name, facts))
    return {
        key: SignalLayer(*_who(rasters), tuple(sorted(rasters, key=lambda r: (_TRUST[r[1]["basis"]], r[0]))))
        for key, rasters in sorted(found.items())
    }


def tile(run: Run, layer: SignalLayer, matrix: int, row: int, column: int) -> bytes:
    """A tile as PNG; where no raster reaches it is transparent.

    Each call opens the rasters for itself, so that any number of threads may draw at once.

    Raises
    ------
    RunDamaged
        If a raster is missing or its bytes have changed.
    """
    box = _bounds_m(matrix, row, column)
    seen = (entry for entry in layer.rasters if _is_seen(entry[1]["bounds"], box))
    levels = _together((facts, _read(run, name, box)) for name, facts in seen)
    classes = classify(levels.level_dbm, layer.threshold_dbm)
    label = said(run.manifest.get("label"))
    texts = {"Description": label} if label else {}
    return indexed_png(paint(classes, levels.marks), palette(), transparent=TRANSPARENT, texts=texts)


def value(run: Run, layer: SignalLayer, longitude: float, latitude: float) -> tuple[float, str] | None:
    """Level in dBm at a place in degrees WGS 84 and the name of the raster it comes from; None where none has one.

    Raises as `tile`.
    """
    found = None
    for name, facts in layer.rasters:
        if found is not None and facts["basis"] != found[2]:
            break
        level = _value(run, name, longitude, latitude)
        if math.isfinite(level) and (found is None or level > found[0]):
            found = level, name, facts["basis"]
    return None if found is None else found[:2]


@dataclass(frozen=True)
class _Levels:
    """dBm, NaN where there is none, and the `Mark` of each pixel; both of shape (side, side)."""

    level_dbm: npt.NDArray[Any]
    marks: npt.NDArray[np.uint8]


def _together(read: Iterable[tuple[Mapping[str, Any], npt.NDArray[Any]]]) -> _Levels:
    """The most trusted basis that has a value wins, and of its rasters the strongest level."""
    side = (TILE_PIXELS, TILE_PIXELS)
    together: npt.NDArray[Any] = np.full(side, np.nan, np.float32)
    marks, trust = np.zeros(side, np.uint8), np.full(side, len(_TRUST), np.int8)
    for facts, level in read:
        of_basis = _TRUST[facts["basis"]]
        wins = np.isfinite(level) & ((trust > of_basis) | ((trust == of_basis) & (level > together)))
        together = np.where(wins, level, together)
        marks[wins], trust[wins] = _mark(facts), of_basis
    return _Levels(together, marks)


def _read(run: Run, name: str, bounds_m: Box) -> npt.NDArray[Any]:
    """Levels of one raster in a box of EPSG:3857, shape (side, side), NaN where there is none."""
    from rio_tiler.reader import part  # loading it takes longer than drawing ten tiles

    with _opened(run, name) as source:
        image = part(
            source,
            bounds_m,
            dst_crs=_WEB_MERCATOR,
            bounds_crs=_WEB_MERCATOR,
            width=TILE_PIXELS,
            height=TILE_PIXELS,
            resampling_method=RESAMPLING,
            reproject_method=RESAMPLING,
            unscale=True,
        )
    band = image.array[0]
    return np.where(np.ma.getmaskarray(band), np.nan, band.data)


def _value(run: Run, name: str, longitude: float, latitude: float) -> float:
    """Level of the pixel that holds a place; NaN where there is none."""
    with _opened(run, name) as source:
        # by pyproj, for which a place outside of the domain of a projection is no error
        to_raster = pyproj.Transformer.from_crs(WGS84, pyproj.CRS.from_wkt(source.crs.to_wkt()), always_xy=True)
        x, y = to_raster.transform(longitude, latitude)
        column, row = ~source.transform * (x, y)
        if not (0 <= column < source.width and 0 <= row < source.height):
            return math.nan
        pixel = source.read(1, window=Window(int(column), int(row), 1, 1), masked=True)
        if np.ma.getmaskarray(pixel)[0, 0]:
            return math.nan
        return float(pixel[0, 0] * source.scales[0] + source.offsets[0])


@contextmanager
def _opened(run: Run, name: str) -> Iterator[Any]:
    path = run.raster(name)
    try:
        with (
            rasterio.Env(session=DummySession(), **_ENVIRONMENT),
            rasterio.open(path, driver="GTiff", sharing=False) as source,
        ):
            yield source
    except RasterioError as error:
        raise RunDamaged(f"run {run.id}: raster {name} cannot be read: {error}") from error


def _bounds_m(matrix: int, row: int, column: int) -> Box:
    """West, south, east and north of a tile in EPSG:3857."""
    side, half = _EQUATOR_M / 2**matrix, _EQUATOR_M / 2.0
    return column * side - half, half - (row + 1) * side, (column + 1) * side - half, half - row * side


def _is_seen(box: Sequence[float], bounds_m: Box) -> bool:
    """Whether a box in degrees, west beyond east across the antimeridian, meets a tile and fills a pixel of it.

    A smaller one is not asked for: a tile of the world has more of the pixels of a raster of centimetres than GDAL can
    count.
    """
    west, east = (math.degrees(x / _RADIUS_M) for x in bounds_m[::2])
    south, north = (math.degrees(math.atan(math.sinh(y / _RADIUS_M))) for y in bounds_m[1::2])
    across = [(box[0], 180.0), (-180.0, box[2])] if box[0] > box[2] else [(box[0], box[2])]
    meets = box[1] <= north and box[3] >= south and any(left <= east and right >= west for left, right in across)
    wide = sum(right - left for left, right in across) * TILE_PIXELS >= east - west
    return meets and (wide or (box[3] - box[1]) * TILE_PIXELS >= north - south)


def _who(rasters: list[tuple[str, Mapping[str, Any]]]) -> tuple[str, str, str]:
    facts = rasters[0][1]
    return facts["slug"], facts["operator"], facts["technology"]


def _mark(facts: Mapping[str, Any]) -> Mark:
    return mark_of(facts["basis"], facts["scenario"])


def said(label: Mapping[str, str] | None) -> str:
    """A scenario's label in every language; empty for what is no scenario."""
    return " / ".join(str(label[code]) for code in LANGUAGES) if label else ""
