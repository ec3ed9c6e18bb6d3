"""QGIS and MapLibre draw the vector tiles: pictures with the colours of the layers in them.

The pictures are kept beside this file, in a folder that git ignores.
"""

import functools
import http.server
import json
import os
import shutil
import socket
import subprocess
import threading
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import quote

import geopandas as gpd
import numpy as np
import pytest
import rasterio
import shapely
import uvicorn
from rasterio.errors import NotGeoreferencedWarning

from api.app import create_app
from geo.workspace import Workspace

SCREENSHOTS = Path(__file__).parent / "screenshots"
QGIS_PYTHON = "/usr/bin/python3"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
MAPLIBRE = Path(__file__).parents[2] / "browser" / "assets" / "maplibre-gl"
RED, BLUE = (200, 0, 0), (0, 0, 200)
CENTRE = (57.5, 49.0)


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server of 40 districts (discs) and 400 settlements, some without a position."""
    random = np.random.default_rng(5)
    centres = random.uniform((55, 47), (60, 51), (40, 2))
    katos = [f"{100000000 + n}" for n in range(40)]
    areas = shapely.buffer(shapely.points(centres), 0.3, quad_segs=5)
    districts = gpd.GeoDataFrame({"kato": katos, "name_kk": "Аудан"}, geometry=areas, crs=4326)
    places: list[Any] = shapely.points(random.uniform((55, 47), (60, 51), (400, 2))).tolist()
    places[::20] = [None] * 20
    gaps = gpd.GeoDataFrame(
        {
            "kato": [f"{200000000 + n}" for n in range(400)],
            "name_kk": [f"Ауыл {n}" for n in range(400)],
            "district_kato": [katos[n % 40] for n in range(400)],
            "service_class": ["unserved", "served"] * 200,
            "population": 100,
            "rank": np.arange(400) + 1,
        },
        geometry=places,
        crs=4326,
    )
    root = tmp_path_factory.mktemp("tiles")
    manifest: dict[str, Any] = {"scenario": None, "label": None, "inputs": [], "parameters": {}, "credits": ["Made up"]}
    Workspace(root).publish({"districts": districts, "gaps": gaps}, manifest)
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(create_app(root), log_level="warning", ws="none"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(60)
        listener.close()


def share(picture: Path, colour: tuple[int, int, int]) -> float:
    """Share of a picture's pixels near a colour."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        with rasterio.open(picture) as file:
            bands = file.read([1, 2, 3]).astype(int)
    return float((np.abs(bands - np.array(colour)[:, None, None]).max(axis=0) < 60).mean())


QGIS_SCRIPT = """
import sys
from qgis.core import *
from qgis.PyQt.QtCore import QSize
from qgis.PyQt.QtGui import QColor
uri, picture, extent = sys.argv[1], sys.argv[2], [float(n) for n in sys.argv[3].split(",")]
QgsApplication.setPrefixPath("/usr", True)
app = QgsApplication([], False)
app.initQgis()
layer = QgsVectorTileLayer(uri, "tiles")
assert layer.isValid(), layer.error().message()
styles = []
for name, kind, symbol in (
    ("districts", QgsWkbTypes.PolygonGeometry, QgsFillSymbol.createSimple({"color": "200,0,0", "outline_style": "no"})),
    ("settlements", QgsWkbTypes.PointGeometry, QgsMarkerSymbol.createSimple(
        {"color": "0,0,200", "outline_style": "no", "size": "3"})),
):
    style = QgsVectorTileBasicRendererStyle(name, name, kind)
    style.setSymbol(symbol)
    styles.append(style)
renderer = QgsVectorTileBasicRenderer()
renderer.setStyles(styles)
layer.setRenderer(renderer)
settings = QgsMapSettings()
settings.setDestinationCrs(QgsCoordinateReferenceSystem("EPSG:3857"))
settings.setLayers([layer])
settings.setOutputSize(QSize(700, 500))
settings.setBackgroundColor(QColor(255, 255, 255))
degrees = QgsCoordinateReferenceSystem("EPSG:4326")
to_plane = QgsCoordinateTransform(degrees, settings.destinationCrs(), QgsProject.instance())
settings.setExtent(to_plane.transformBoundingBox(QgsRectangle(*extent)))
job = QgsMapRendererSequentialJob(settings)
job.start()
job.waitForFinished()
job.renderedImage().save(picture)
print([error.message for error in job.errors()])
app.exitQgis()
"""


def qgis() -> str | None:
    """Why QGIS cannot be used, or None."""
    if not Path(QGIS_PYTHON).exists():
        return "no system Python"
    probe = subprocess.run([QGIS_PYTHON, "-c", "import qgis.core"], capture_output=True, check=False)
    return None if probe.returncode == 0 else "QGIS is not installed (Debian packages: qgis, python3-qgis)"


@pytest.mark.parametrize(
    ("name", "extent"), [("near", "57,48.6,58,49.4"), ("far", "45,40,70,57")], ids=["features", "totals"]
)
def test_qgis_draws_the_tiles(address: str, tmp_path: Path, name: str, extent: str) -> None:
    if reason := qgis():
        pytest.skip(reason)
    SCREENSHOTS.mkdir(exist_ok=True)
    picture = SCREENSHOTS / f"qgis-{name}.png"
    picture.unlink(missing_ok=True)
    template = quote(f"{address}/tiles/WebMercatorQuad/{{z}}/{{y}}/{{x}}", safe=":/{}")
    script = tmp_path / "draw.py"
    script.write_text(QGIS_SCRIPT, encoding="utf-8")
    done = subprocess.run(
        [QGIS_PYTHON, str(script), f"type=xyz&url={template}&zmin=0&zmax=16", str(picture), extent],
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), "QT_QPA_PLATFORM": "offscreen"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip().splitlines()[-1] == "[]"
    assert share(picture, RED) > 0.002
    assert share(picture, BLUE) > 0.002


PAGE = """<!doctype html><html><head><meta charset="utf-8"><title>tiles</title>
<link rel="stylesheet" href="maplibre-gl.css"><link rel="stylesheet" href="page.css"></head>
<body><div id="map"></div><script src="maplibre-gl-csp.js"></script><script src="page.js"></script></body></html>"""

PAGE_STYLE = "html, body, #map { margin: 0; height: 100% }"
PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; worker-src 'self'; style-src 'self'; img-src data: blob:; connect-src {}"
)
"""Content-Security-Policy under which MapLibre's build without `eval` and blob workers is known to work."""

PAGE_SCRIPT = """
window.failures = [];
maplibregl.setWorkerUrl("maplibre-gl-csp-worker.js");
const map = new maplibregl.Map({container: "map", center: CENTRE, zoom: ZOOM, fadeDuration: 0, attributionControl: {},
  canvasContextAttributes: {preserveDrawingBuffer: true}, style: {version: 8,
  sources: {shalgai: {type: "vector", url: "ADDRESS/tiles/WebMercatorQuad/tilejson"}},
  layers: [
    {id: "ground", type: "background", paint: {"background-color": "#ffffff"}},
    {id: "districts", type: "fill", source: "shalgai", "source-layer": "districts",
     paint: {"fill-color": "rgb(200,0,0)"}},
    {id: "settlements", type: "circle", source: "shalgai", "source-layer": "settlements",
     paint: {"circle-color": "rgb(0,0,200)", "circle-radius": 5}}]}});
map.on("error", (event) => window.failures.push(String(event.error)));
map.on("idle", () => { window.drawn = map.queryRenderedFeatures().map((f) => [f.sourceLayer, f.id, f.properties]);
  document.body.dataset.drawn = "yes"; });
"""


class Site(http.server.SimpleHTTPRequestHandler):
    """A folder under a strict policy."""

    policy: str

    def log_message(self, *_: Any) -> None:
        pass

    def end_headers(self) -> None:
        self.send_header("Content-Security-Policy", self.policy)
        super().end_headers()


@pytest.fixture(scope="module")
def maplibre(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with MapLibre's files."""
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed (Debian package: chromium)")
    return Path(shutil.copytree(MAPLIBRE, tmp_path_factory.mktemp("maplibre") / "site"))


def draw(sync_api: Any, handler: Any, picture: Path) -> tuple[Any, list[str]]:
    """What MapLibre has drawn of the page that a handler serves, and what went wrong; a screenshot of it."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as site, sync_api.sync_playwright() as playwright:
        threading.Thread(target=site.serve_forever, daemon=True).start()
        # this page is on another port, so that it reads the tiles as another site's page does
        flags = ["--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
        page = browser.new_page(viewport={"width": 700, "height": 500})
        complaints: list[str] = []
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(f"http://127.0.0.1:{site.server_address[1]}/")
        page.wait_for_selector("body[data-drawn]", timeout=60_000)  # the policy forbids evaluating a text
        drawn = page.evaluate("window.drawn")
        complaints += page.evaluate("window.failures")
        page.screenshot(path=picture)
        browser.close()
        site.shutdown()
    return drawn, complaints


@pytest.mark.browser
@pytest.mark.parametrize(("name", "zoom"), [("near", 8), ("far", 4.5)], ids=["features", "totals"])
def test_maplibre_draws_the_tiles(address: str, maplibre: Path, name: str, zoom: int) -> None:
    sync_api = pytest.importorskip("playwright.sync_api")
    script = PAGE_SCRIPT.replace("ADDRESS", address).replace("CENTRE", json.dumps(CENTRE)).replace("ZOOM", str(zoom))
    (maplibre / "page.js").write_text(script, encoding="utf-8")
    (maplibre / "index.html").write_text(PAGE, encoding="utf-8")
    SCREENSHOTS.mkdir(exist_ok=True)
    picture = SCREENSHOTS / f"maplibre-{name}.png"
    (maplibre / "page.css").write_text(PAGE_STYLE, encoding="utf-8")
    handler = functools.partial(type("Site", (Site,), {"policy": PAGE_POLICY.format(address)}), directory=str(maplibre))
    with ThreadPoolExecutor(1) as pool:
        # a thread of its own: a browser test may have left Playwright's loop running in this one
        drawn, complaints = pool.submit(draw, sync_api, handler, picture).result()
    assert complaints == []
    layers = {layer for layer, _, _ in drawn}
    assert layers == {"districts", "settlements"}
    settlements = [properties for layer, _, properties in drawn if layer == "settlements"]
    if name == "far":
        assert all(properties["totals_of"] == "district" for properties in settlements)
    else:
        assert all(properties["name_kk"].startswith("Ауыл") for properties in settlements)
    assert share(picture, RED) > 0.002
    assert share(picture, BLUE) > 0.002
