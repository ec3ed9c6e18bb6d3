"""Signal rasters by operator and technology: what there is, PNG tiles of WebMercatorQuad, their legend, one value."""

import html
import math
from typing import Any
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response

from api.errors import BadParameter, NoSuchResource
from api.features.store import LoadedRun
from api.operations.common import run_members, version_of
from api.tiles.signal import MATRIX_MAX, RESAMPLING, TILE_PIXELS, SignalLayer, said, signal_layers, tile, value
from api.web.links import Link, link, request_url, root_url, with_query
from api.web.negotiation import JSON, language, media_type
from api.web.parameters import FORMAT, LANG, RUN, Parameter, Query
from api.web.responses import dump, respond
from api.web.state import RUN_HEADER, Operation, run_of
from geo.tables.words import Technology
from maps.signal import LegendPart, legend_json, legend_svg

PNG = "image/png"
SVG = "image/svg+xml"
SCENARIO_HEADER = "Shalgai-Scenario"

_LATITUDE_MAX = 85.0511
"""Of web Mercator, degrees."""

_TILES = "/signal/{operator}/{technology}/tiles/WebMercatorQuad"


def parse_technology(text: str) -> str:
    """An access technology."""
    if text not in set(Technology):
        raise BadParameter("technology", "is not known", "Accepted: " + ", ".join(Technology), text)
    return text


def parse_longitude(text: str) -> float:
    """Degrees east, from -180 to 180."""
    return _degrees("lon", text, 180.0)


def parse_latitude(text: str) -> float:
    """Degrees north, from -90 to 90."""
    return _degrees("lat", text, 90.0)


def _degrees(name: str, text: str, limit: float) -> float:
    try:
        degrees = float(text) if text.isascii() else math.nan
    except ValueError:
        degrees = math.nan
    if not -limit <= degrees <= limit:
        raise BadParameter(name, "is not a number of degrees", f"Accepted: {-limit:g} to {limit:g}", text)
    return degrees


_TECHNOLOGY = Parameter(
    "technology",
    parse_technology,
    {"type": "string", "enum": [str(t) for t in Technology]},
    "The legend of this technology alone.",
)
_LON = Parameter("lon", parse_longitude, {"type": "number", "minimum": -180, "maximum": 180}, "Longitude, WGS 84.")
_LAT = Parameter("lat", parse_latitude, {"type": "number", "minimum": -90, "maximum": 90}, "Latitude, WGS 84.")


async def signal(request: Request, query: Query) -> Response:
    """The signal rasters of a run."""
    offer = media_type(request, query.get(FORMAT), [JSON])
    run = await run_of(request, query)

    def make() -> bytes:
        root, asked = root_url(request), _run_only(query)
        links = [
            link("self", request_url(request), JSON, "Signal rasters"),
            link("related", with_query(f"{root}/signal/legend", asked), JSON, "Legend"),
        ]
        layers = [_described(root, asked, layer) for layer in signal_layers(run.manifest).values()]
        return dump({**run_members(run), "resampling": RESAMPLING, "links": links, "layers": layers})

    return await _respond(request, run, make, offer)


async def tile_json(request: Request, query: Query) -> Response:
    """Where a layer's tiles are, as TileJSON 3.0.0."""
    offer = media_type(request, query.get(FORMAT), [JSON])
    run = await run_of(request, query)
    layer = _layer(request, run)

    def make() -> bytes:
        label, (west, south, east, north) = said(run.manifest.get("label")), layer.bounds
        credits = [str(credit) for credit in run.manifest.get("credits", ())]
        return dump(
            {
                "tilejson": "3.0.0",
                "name": f"{layer.operator} {layer.technology}",
                "description": label or f"Signal level in dBm; {RESAMPLING} raster value",
                # clients put it into their page as HTML
                "attribution": html.escape("; ".join([label, *credits] if label else credits)),
                "tiles": [_tiles_url(root_url(request), _run_only(query), layer)],
                "minzoom": 0,
                "maxzoom": layer.matrix_max,
                "bounds": [west, max(south, -_LATITUDE_MAX), east, min(north, _LATITUDE_MAX)],
                **run_members(run),
            }
        )

    return await _respond(request, run, make, offer)


async def signal_tile(request: Request, query: Query) -> Response:
    """One tile."""
    offer = media_type(request, None, [PNG])
    run = await run_of(request, query)
    layer = _layer(request, run)
    matrix = _number(request, "tileMatrix", MATRIX_MAX)
    row, column = (_number(request, name, 2**matrix - 1) for name in ("tileRow", "tileCol"))
    return await _respond(request, run, lambda: tile(run.run, layer, matrix, row, column), offer, slow=True)


async def legend(request: Request, query: Query) -> Response:
    """What the colours and marks of the tiles mean."""
    offer = media_type(request, query.get(FORMAT), [JSON, SVG])
    tongue = language(request, query.get(LANG))
    run = await run_of(request, query)
    parts = _legend_parts(run, query.get(_TECHNOLOGY))
    label = run.manifest.get("label")

    def make() -> bytes:
        if offer == SVG:
            return legend_svg(parts, tongue, str(label[tongue]) if label else None).encode()
        links = [
            link("self", request_url(request), JSON, "Legend"),
            link("alternate", f"{root_url(request)}/signal/legend?{_picture(query)}", SVG, "Legend as a picture"),
        ]
        return dump({**run_members(run), "links": links, "legends": legend_json(parts)})

    return await _respond(request, run, make, offer, tongue=tongue if offer == SVG else None)


async def signal_value(request: Request, query: Query) -> Response:
    """The level at one place."""
    offer = media_type(request, query.get(FORMAT), [JSON])
    run = await run_of(request, query)
    layer = _layer(request, run)
    for parameter in (_LON, _LAT):
        if query.get(parameter) is None:
            raise BadParameter(parameter.name, "is missing", "Give lon and lat in degrees, WGS 84")
    longitude, latitude = query.get(_LON), query.get(_LAT)

    def make() -> bytes:
        found = value(run.run, layer, longitude, latitude)
        level, name = found or (None, None)
        facts = dict(layer.rasters).get(name or "", {})
        return dump(
            {
                **run_members(run),
                "operator": layer.operator,
                "technology": layer.technology,
                "lon": longitude,
                "lat": latitude,
                "signal_dbm": None if level is None else round(level, 2),
                "threshold_dbm": layer.threshold_dbm,
                **{key: facts.get(key) for key in ("basis", "as_of", "source")},
            }
        )

    return await _respond(request, run, make, offer, slow=True)


async def _respond(
    request: Request, run: LoadedRun, make: Any, offer: str, *, slow: bool = False, tongue: str | None = None
) -> Response:
    headers = {RUN_HEADER: run.id}
    if run.manifest.get("scenario"):
        headers[SCENARIO_HEADER] = run.manifest["scenario"]
    if tongue:
        headers["Content-Language"] = tongue
    return await respond(
        request,
        make,
        media_type=offer,
        version=f"{version_of(request, run)} {tongue}",
        vary="Accept, Accept-Encoding, Accept-Language" if tongue else "Accept, Accept-Encoding",
        headers=headers,
        slow=slow,
    )


def _layer(request: Request, run: LoadedRun) -> SignalLayer:
    layers = signal_layers(run.manifest)
    slug, technology = request.path_params["operator"], request.path_params["technology"]
    if (slug, technology) not in layers:
        known = ", ".join("/".join(key) for key in layers) or "none"
        raise NoSuchResource(f"run {run.id} has no signal of {slug[:80]!r} {technology[:80]!r}", f"There are: {known}")
    return layers[slug, technology]


def _number(request: Request, name: str, largest: int) -> int:
    text = request.path_params[name]
    # of one spelling only, and not so long that Python refuses to read it
    if text.isascii() and text.isdigit() and len(text) <= len(str(largest)):
        number = int(text)
        if str(number) == text and number <= largest:
            return number
    raise NoSuchResource(f"there is no {name} {text[:40]!r} here", f"Accepted: 0 to {largest}")


def _legend_parts(run: LoadedRun, technology: str | None) -> list[LegendPart]:
    found: dict[str, list[SignalLayer]] = {}
    for layer in signal_layers(run.manifest).values():
        if technology in (None, layer.technology):
            found.setdefault(layer.technology, []).append(layer)
    return [
        LegendPart(name, layers[0].threshold_dbm, sorted({mark for layer in layers for mark in layer.marks}))
        for name, layers in sorted(found.items())
    ]


def _described(root: str, asked: list[tuple[str, str]], layer: SignalLayer) -> dict[str, Any]:
    url = f"{root}/signal/{quote(layer.slug)}/{quote(layer.technology)}"
    only = [("technology", layer.technology)]
    links: list[Link] = [
        link("item", with_query(f"{url}/tiles/WebMercatorQuad", asked), JSON, "Tiles as TileJSON"),
        link("related", with_query(f"{root}/signal/legend", [*asked, *only]), JSON, "Legend"),
    ]
    names = ("basis", "scenario", "as_of", "source", "resolution_m", "bounds", "sha256")
    return {
        "operator": layer.operator,
        "technology": layer.technology,
        "id": f"{layer.slug}/{layer.technology}",
        "quantity": "dbm",
        "threshold_dbm": layer.threshold_dbm,
        "marks": [mark.name.lower() for mark in layer.marks],
        "bounds": layer.bounds,
        "tile_size": TILE_PIXELS,
        "maxzoom": layer.matrix_max,
        "tile_url": _tiles_url(root, asked, layer),
        "rasters": [{"name": name, **{key: facts.get(key) for key in names}} for name, facts in layer.rasters],
        "links": links,
    }


def _tiles_url(root: str, asked: list[tuple[str, str]], layer: SignalLayer) -> str:
    path = f"{root}/signal/{quote(layer.slug)}/{quote(layer.technology)}/tiles/WebMercatorQuad/{{z}}/{{y}}/{{x}}"
    return with_query(path, asked)


def _picture(query: Query) -> str:
    asked = [*_run_only(query), ("technology", query.get(_TECHNOLOGY)), ("f", "svg")]
    return with_query("", ((name, text) for name, text in asked if text)).removeprefix("?")


def _run_only(query: Query) -> list[tuple[str, str]]:
    name = query.get(RUN)
    return [] if name is None else [("run", name)]


_OBJECT = {"type": "object"}
_BINARY = {"type": "string", "format": "binary"}

OPERATIONS = (
    Operation("/signal", "getSignals", signal, "The signal rasters of a run", "maps", (RUN, FORMAT), {JSON: _OBJECT}),
    Operation(
        "/signal/legend",
        "getSignalLegend",
        legend,
        "What colours and marks of the signal tiles mean",
        "maps",
        (_TECHNOLOGY, LANG, RUN, FORMAT),
        {JSON: _OBJECT, SVG: {"type": "string"}},
    ),
    Operation(
        _TILES,
        "getSignalTileJson",
        tile_json,
        "Where signal tiles are (TileJSON)",
        "maps",
        (RUN, FORMAT),
        {JSON: _OBJECT},
    ),
    Operation(
        f"{_TILES}/{{tileMatrix}}/{{tileRow}}/{{tileCol}}",
        "getSignalTile",
        signal_tile,
        "A signal tile: nearest raster value, classes as the legend has them, transparent where there is no value",
        "maps",
        (RUN,),
        {PNG: _BINARY},
    ),
    Operation(
        "/signal/{operator}/{technology}/value",
        "getSignalValue",
        signal_value,
        "Signal level at a place",
        "maps",
        (_LON, _LAT, RUN, FORMAT),
        {JSON: _OBJECT},
    ),
)
