"""Readers that turn users' files into canonical tables, or say exactly why not."""

from geo.ingest.layers import read_coverage, read_districts, read_settlements, read_sites
from geo.ingest.rasters import is_raster, read_signal_raster_header
from geo.ingest.statements import read_okrugs, read_population_figures, read_reports
from geo.tables.signal_raster import SignalRaster

__all__ = [
    "SignalRaster",
    "is_raster",
    "read_coverage",
    "read_districts",
    "read_okrugs",
    "read_population_figures",
    "read_reports",
    "read_settlements",
    "read_signal_raster_header",
    "read_sites",
]
