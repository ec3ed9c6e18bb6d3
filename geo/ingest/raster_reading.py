"""Rasters as users bring them: signal levels and terrain, looked at before they are taken in."""

from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
import shapely
from rasterio.crs import CRS
from rasterio.enums import Resampling
from rasterio.errors import CRSError, RasterioError
from rasterio.session import DummySession
from rasterio.warp import transform_bounds

from geo.coverage.rasters import open_raster
from geo.errors import FileProblem, LimitExceeded, Problem, ValueRejected
from geo.ingest.checks import Context
from geo.ingest.kinds import Kind
from geo.ingest.rasters import SUFFIXES, read_signal_raster_header
from geo.ingest.report import Finding, Report, Severity
from geo.settings import get_settings
from geo.tables.schema import WGS84
from geo.tables.signal_raster import SignalRaster

RASTER_SUFFIXES = {
    Kind.COVERAGE: SUFFIXES,
    Kind.TERRAIN: SUFFIXES | {".hgt", ".asc", ".dt1", ".dt2"},
}
"""Suffixes of the rasters of each kind."""
_PLAUSIBLE = {Kind.COVERAGE: (-160.0, 0.0, "dBm"), Kind.TERRAIN: (-500.0, 9000.0, "m")}
_BLOCK_PIXELS_MAX = 2**27
"""Half a gigabyte of float32."""
_LOOKED_AT_PIXELS = 2_000
"""Rows and columns of the thinned raster that is looked at; small ones are looked at whole."""


def state_crs(path: Path, crs: str, file: str) -> list[Finding]:
    """Write the CRS that the user states into a GeoTIFF that has none; a warning where it has one of its own.

    Raises
    ------
    ValueRejected
        If it is no CRS.
    FileProblem
        If the file cannot be opened.
    """
    try:
        stated = CRS.from_user_input(crs)
        with rasterio.open(path, "r+", driver="GTiff") as raster:
            if raster.crs is None:
                raster.crs = stated
                return []
            if raster.crs == stated:
                return []
    except CRSError as error:
        remedy = "Accepted: an EPSG code such as EPSG:32640, WKT or a PROJ string"
        raise ValueRejected(Problem("not a coordinate reference system", remedy, value=crs)) from error
    except RasterioError as error:
        raise FileProblem(Problem("the raster cannot be read", "Accepted: GeoTIFF; is it damaged?", file)) from error
    what, remedy = "the CRS that was stated is not used: the file has its own", "Leave out --crs, or mend the file"
    return [Finding("crs_option_ignored", Severity.WARNING, what, remedy, 1, (Problem(what, remedy, file, value=crs),))]


def read_raster(
    kind: Kind, path: Path, stated: Mapping[str, str], context: Context, *, file: str
) -> tuple[Report, SignalRaster | None]:
    """Look at a coverage or terrain raster.

    Parameters
    ----------
    kind
        `Kind.COVERAGE` or `Kind.TERRAIN`.
    file
        What the user calls it, for messages.
    stated
        What the user says in place of missing tags; see `geo.ingest.rasters.read_signal_raster_header`.

    Returns
    -------
    tuple
        The report, with values outside what is plausible as warnings; and the header of a coverage raster.

    Raises
    ------
    InputError
        If it cannot be read, has no CRS, more than one band, more pixels than the setting allows, or no value at all.
    """
    report = Report(kind, file)
    # what lies beside it (.aux.xml, .ovr, .msk) could name other files, and does not come along; .prj of a grid does
    beside = {} if path.suffix.lower() == ".asc" else {"GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR"}
    with rasterio.Env(session=DummySession(), GDAL_PAM_ENABLED="NO", **beside), ExitStack() as stack:
        header = read_signal_raster_header(path, stated) if kind is Kind.COVERAGE else None
        raster = stack.enter_context(open_raster(path))
        pixels, limit = raster.width * raster.height, get_settings().input_pixels_max
        if pixels > limit:
            remedy = f"At most {limit:,}; raise the setting SHALGAI_INPUT_PIXELS_MAX, or cut the raster"
            raise LimitExceeded(Problem(f"the raster has {pixels:,} pixels", remedy, file))
        rows, columns = raster.block_shapes[0]
        if rows * columns > _BLOCK_PIXELS_MAX:
            what = f"the raster is stored in pieces of {rows * columns:,} pixels, each of which must be read whole"
            remedy = f"At most {_BLOCK_PIXELS_MAX:,}: store it in tiles (gdal_translate -co TILED=YES)"
            raise LimitExceeded(Problem(what, remedy, file))
        if raster.dtypes[0].startswith("complex"):
            raise FileProblem(Problem("the raster holds complex numbers", "Write real ones", file))
        if raster.count != 1:
            raise FileProblem(Problem(f"the raster has {raster.count} bands", "Keep one band only", file))
        west, south, east, north = transform_bounds(raster.crs, WGS84, *raster.bounds)
        if not np.isfinite([west, south, east, north]).all():
            remedy = "Does its origin and pixel size fit its CRS?"
            raise FileProblem(Problem("the raster does not lie on the earth", remedy, file))
        report.format, report.crs = str(raster.driver), _name(raster.crs)
        report.extent = (west, south, east, north)
        shape = (min(raster.height, _LOOKED_AT_PIXELS), min(raster.width, _LOOKED_AT_PIXELS))
        values = raster.read(1, out_shape=shape, masked=True, resampling=Resampling.nearest)
        values = values.astype(np.float64).compressed() * raster.scales[0] + raster.offsets[0]
    report.findings = _findings(kind, file, values, shape[0] * shape[1])
    region = context.region
    if region is not None and not shapely.intersects(region.boundary, shapely.box(west, south, east, north)):
        what = "the raster lies outside the region and has no effect on its results"
        remedy = "Is it the right file, and the right CRS?"
        report.findings.append(Finding("out_of_region", Severity.WARNING, what, remedy))
    return report, header


def _findings(kind: Kind, file: str, values: Any, looked_at: int) -> list[Finding]:
    values = values[np.isfinite(values)]
    if not len(values):
        raise FileProblem(Problem("the raster has no value: every pixel is nodata", "Is it the right band?", file))
    low, high, unit = _PLAUSIBLE[kind]
    strange = values[(values < low) | (values > high)]
    if not len(strange):
        return []
    what = f"values outside {low:g} to {high:g} {unit}"
    remedy = f"Is it in {unit}, and is its nodata value set?"
    example = Problem(what, remedy, file, value=f"{strange[0]:g}")
    share = len(strange) / looked_at
    return [
        Finding(
            "implausible_values",
            Severity.WARNING,
            f"{what} in {share:.1%} of the pixels looked at",
            remedy,
            1,
            (example,),
        )
    ]


def _name(crs: Any) -> str:
    code = crs.to_epsg()
    return f"EPSG:{code}" if code else "custom"
