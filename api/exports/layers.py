"""GeoPackage and FlatGeobuf, written by GDAL from a stream of record batches."""

import contextlib
import sqlite3
from pathlib import Path
from typing import Any

import orjson
import pyogrio

from api.exports.extract import About, Extract
from api.exports.files import Parts, parts_of_file
from api.exports.tables import free_name, geometry_name, layer_reader, without_nul
from api.features.crs import CRS84
from geo.tables.schema import WGS84


def gpkg_parts(extract: Extract) -> Parts:
    """A GeoPackage with one layer; its timestamps are those of the run, so that the same rows are the same bytes."""
    taken = [*extract.collection.columns, geometry_name(extract)]

    def write(path: Path) -> None:
        _write(
            extract,
            path,
            "GPKG",
            FID=free_name("fid", "feature_", taken),
            GEOMETRY_NAME=geometry_name(extract),
            IDENTIFIER=extract.collection.kind.title,
            DESCRIPTION=extract.about.sentence,
        )
        _date(path, extract.about)

    return parts_of_file("export.gpkg", write)


def fgb_parts(extract: Extract) -> Parts:
    """A FlatGeobuf file without a spatial index, which would put the rows into another order."""

    def write(path: Path) -> None:
        title, description = extract.collection.kind.title, extract.about.sentence
        _write(extract, path, "FlatGeobuf", SPATIAL_INDEX="NO", TITLE=title, DESCRIPTION=description)

    return parts_of_file("export.fgb", write)


def run_metadata(about: About) -> dict[str, str]:
    """What a file says of its run, as key-value pairs of text; what is not known is left out."""
    pairs = {
        "run": about.run,
        "scenario": about.scenario,
        "label": orjson.dumps(about.labels).decode() if about.labels else None,
        "credits": orjson.dumps(about.credits).decode(),
        "created_at": about.created_at.isoformat(),
    }
    return {key: value for key, value in pairs.items() if value is not None}


def _write(extract: Extract, path: Path, driver: str, **options: Any) -> None:
    crs = extract.view.crs
    pyogrio.write_arrow(
        without_nul(layer_reader(extract)),
        path,
        layer=extract.collection.kind.id,
        driver=driver,
        geometry_name=geometry_name(extract),
        geometry_type="Unknown",
        # longitude comes first in these files also by this name, and programs know it better than CRS84
        crs=WGS84 if crs == CRS84 else f"{crs.authority}:{crs.code}",
        layer_metadata=run_metadata(extract.about),
        layer_options=options,
    )


def _date(path: Path, about: About) -> None:
    moment = f"{about.created_at:%Y-%m-%dT%H:%M:%S}.{about.created_at.microsecond // 1000:03}Z"
    with contextlib.closing(sqlite3.connect(path)) as database, database:
        database.execute("UPDATE gpkg_contents SET last_change = ?", (moment,))
        database.execute("UPDATE gpkg_metadata_reference SET timestamp = ?", (moment,))
