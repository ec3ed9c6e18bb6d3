"""Layers and rasters that the tests write for themselves."""

import json
import threading
import warnings
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import rasterio

DRIVERS = {"geojson": "GeoJSON", "gpkg": "GPKG", "shp": "ESRI Shapefile", "fgb": "FlatGeobuf", "kml": "KML"}


@pytest.fixture
def write_layer(tmp_path: Path) -> Callable[..., Path]:
    """Write a GeoDataFrame in the format of the name's suffix."""

    def write(frame: gpd.GeoDataFrame, name: str, **options: Any) -> Path:
        path = tmp_path / name
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # shapefile's short names, a layer without CRS: wanted here
            if name.endswith("parquet"):
                frame.to_parquet(path)
            else:
                frame.to_file(path, driver=DRIVERS[path.suffix[1:]], **options)
        return path

    return write


@pytest.fixture
def write_geojson(tmp_path: Path) -> Callable[..., Path]:
    """Write pairs of properties and geometry as GeoJSON, without any check."""

    def write(*features: tuple[dict[str, Any], Any], name: str = "layer.geojson") -> Path:
        path = tmp_path / name
        members = [{"type": "Feature", "properties": p, "geometry": g} for p, g in features]
        path.write_text(json.dumps({"type": "FeatureCollection", "features": members}), encoding="utf-8")
        return path

    return write


@pytest.fixture
def write_csv(tmp_path: Path) -> Callable[..., Path]:
    """Write lines of text as a CSV file."""

    def write(*lines: str, name: str = "table.csv", encoding: str = "utf-8") -> Path:
        path = tmp_path / name
        path.write_text("\n".join(lines) + "\n", encoding=encoding)
        return path

    return write


@pytest.fixture
def write_raster(tmp_path: Path) -> Callable[..., Path]:
    """Write a small GeoTIFF with the given tags."""

    def write(tags: dict[str, str], name: str = "signal.tif", **profile: Any) -> Path:
        path = tmp_path / name
        shape = {"driver": "GTiff", "width": 4, "height": 3, "count": 1, "dtype": "float32", "nodata": -9999.0}
        shape |= {"crs": "EPSG:32640", "transform": rasterio.Affine(250, 0, 400_000, 0, -250, 5_500_000)} | profile
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with rasterio.open(path, "w", **shape) as dataset:
                for band in range(1, shape["count"] + 1):
                    dataset.write(np.full((3, 4), -90, dtype=shape["dtype"]), band)
                dataset.update_tags(**tags)
        return path

    return write


@pytest.fixture
def point() -> Callable[..., dict[str, Any]]:
    """Make a GeoJSON point."""

    def make(lon: float = 57.0, lat: float = 50.0) -> dict[str, Any]:
        return {"type": "Point", "coordinates": [lon, lat]}

    return make


@pytest.fixture
def square() -> Callable[..., dict[str, Any]]:
    """Make a GeoJSON square with its south-western corner at lon, lat."""

    def make(lon: float = 57.0, lat: float = 50.0, size: float = 1.0) -> dict[str, Any]:
        corners = [[lon, lat], [lon + size, lat], [lon + size, lat + size], [lon, lat + size], [lon, lat]]
        return {"type": "Polygon", "coordinates": [corners]}

    return make


@pytest.fixture
def asked():
    """Address of a loopback server, and what it was asked for."""
    paths = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            paths.append(self.path)
            self.send_error(404)

        do_HEAD = do_GET  # noqa: N815

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", paths
        server.shutdown()
        thread.join()
