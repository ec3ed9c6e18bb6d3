"""Signal rasters: what a GeoTIFF's tags say about the evidence in it. Pixels are not read here."""

import re
import warnings
from collections.abc import Mapping
from pathlib import Path

import pandas as pd
import pyproj
import rasterio
from rasterio.errors import RasterioError
from rasterio.warp import transform_bounds

from geo.errors import ColumnMissing, CrsMissing, FileProblem, Problem, ValueRejected
from geo.ingest.files import local_file
from geo.ingest.vocabulary import vocabulary
from geo.tables.coverage import AS_OF
from geo.tables.schema import PARTIAL_DATE_PATTERN, is_a_real_day
from geo.tables.signal_raster import SignalRaster
from geo.tables.words import UNSPECIFIED_OPERATOR, Basis, Technology

SUFFIXES = frozenset({".tif", ".tiff", ".geotiff"})
NOTHING: Mapping[str, str] = {}
_QUANTITY = "dbm"


def is_raster(path: str | Path) -> bool:
    """Whether the file's suffix is a GeoTIFF's."""
    return Path(path).suffix.lower() in SUFFIXES


def raster_bounds_wgs84(path: Path) -> tuple[float, float, float, float]:
    """West, south, east and north of a raster, degrees WGS 84."""
    with rasterio.open(path) as raster:
        west, south, east, north = transform_bounds(raster.crs, "EPSG:4326", *raster.bounds)
    return west, south, east, north


def read_signal_raster_header(path: str | Path, stated: Mapping[str, str] = NOTHING) -> SignalRaster:
    """The header of a GeoTIFF with the tags `technology` and `quantity=dbm`.

    Optional tags: `operator`, `basis` (default `modelled`), `as_of`, `source`. Of `stated` is taken what the file's
    tags leave out.

    Raises
    ------
    FileProblem
        If it is not a GeoTIFF with one band and a georeference.
    CrsMissing
        If it does not say its CRS.
    ColumnMissing, ValueRejected
        If a tag is missing or holds what is not accepted.
    """
    path = local_file(path, SUFFIXES)
    file = path.name
    try:
        # the driver is named: no other format under this suffix is opened
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with rasterio.open(path, driver="GTiff") as dataset:
                bands, crs, bounds = dataset.count, dataset.crs, tuple(dataset.bounds)
                georeferenced = not dataset.transform.is_identity
                numbers = dataset.dtypes[0]
                tags = {str(key).strip().lower(): str(value).strip() for key, value in dataset.tags().items()}
    except (RasterioError, OSError, ValueError, UnicodeDecodeError) as error:
        raise FileProblem(Problem("the raster cannot be read", "Accepted: GeoTIFF; is it damaged?", file)) from error
    if bands != 1 or numbers.startswith("complex"):
        held = f"{bands} bands of {numbers}"
        raise FileProblem(Problem("a signal raster has one band of dBm", "Keep that band only", file, value=held))
    if not georeferenced:
        raise FileProblem(Problem("the raster has no georeference", "Write its origin and pixel size", file))
    if crs is None:
        raise CrsMissing(
            Problem("the raster does not say its coordinate reference system", "Store it in the file", file)
        )
    tags = {**{name: value for name, value in stated.items() if value}, **{k: v for k, v in tags.items() if v}}
    if tags.get("scenario"):
        remedy = "A scenario is never mixed with evidence: give a raster of evidence"
        raise _refused("scenario", tags["scenario"], remedy, file)
    quantity = _tag(tags, "quantity", file, f"Set the GeoTIFF tag quantity={_QUANTITY}, or state it on ingest")
    if quantity.lower() != _QUANTITY:
        raise _refused("quantity", quantity, f"Accepted: {_QUANTITY}", file)
    technologies = "Accepted: " + ", ".join(Technology)
    remedy = f"Set the GeoTIFF tag technology, or state it on ingest. {technologies}"
    technology = _tag(tags, "technology", file, remedy)
    understood = vocabulary().technologies(technology)
    if len(understood) != 1:
        raise _refused("technology", technology, technologies, file)
    basis = tags.get("basis") or Basis.MODELLED
    if basis not in set(Basis):
        raise _refused("basis", basis, "Accepted: " + ", ".join(Basis), file)
    as_of = tags.get("as_of") or None
    if as_of is not None and not (re.match(PARTIAL_DATE_PATTERN, as_of) and is_a_real_day(pd.Series([as_of])).all()):
        raise _refused("as_of", as_of, AS_OF.remedy, file)
    return SignalRaster(
        path=path,
        operator=_operator(tags.get("operator")),
        technology=Technology(understood[0]),
        basis=Basis(basis),
        as_of=as_of,
        source=tags.get("source") or None,
        crs=pyproj.CRS.from_wkt(crs.to_wkt()),
        bounds=bounds,
    )


def _operator(name: str | None) -> str:
    if not name:
        return UNSPECIFIED_OPERATOR
    known = vocabulary().operators(name)
    return known[0] if len(known) == 1 else name


def _tag(tags: dict[str, str], name: str, file: str, remedy: str) -> str:
    value = tags.get(name)
    if not value:
        raise ColumnMissing(Problem("the tag is missing", remedy, file, column=name))
    return value


def _refused(name: str, value: str, remedy: str, file: str) -> ValueRejected:
    return ValueRejected(Problem("not an accepted value of the tag", remedy, file, column=name, value=value))
