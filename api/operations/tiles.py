"""Vector tiles: OGC API Tiles Part 1 (20-057) and TileJSON 3.0."""

import html
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response

from api.errors import BadParameter, NoSuchResource
from api.features.collection import Collection
from api.features.store import LoadedRun
from api.filters.selection import select
from api.operations.asked import selection_of
from api.operations.common import TILESETS, collection_of, run_members, version_of
from api.tiles import grid
from api.tiles.layer import LAYERS
from api.tiles.tileset import TileLayer, bounds_of
from api.web.links import Link, link, request_url, root_url, with_query
from api.web.negotiation import JSON, MVT, media_type
from api.web.parameters import DATETIME, FILTER, FILTER_CRS, FILTER_LANG, FORMAT, RUN, Parameter, Query
from api.web.responses import dump, respond
from api.web.state import RUN_HEADER, Operation, run_of, service_of
from geo.region import LANGUAGES

CONFORMS_TO = tuple(
    f"http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf/{name}"
    for name in ("core", "tileset", "tilesets-list", "dataset-tilesets", "geodata-tilesets", "mvt")
)
"""Conformance classes that these operations keep."""

TILING_SCHEME = "http://www.opengis.net/def/rel/ogc/1.0/tiling-scheme"
TILING_SCHEMES = "http://www.opengis.net/def/rel/ogc/1.0/tiling-schemes"
_QUICK_ZOOM = 8
_QUICK_SIZE = 1_000_000
_CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"


def parse_collections(text: str) -> tuple[str, ...]:
    """Ids of collections, in the order given; which there are the run knows."""
    ids = tuple(dict.fromkeys(text.split(",")))
    if "" in ids:
        raise BadParameter("collections", "has an empty id", "Accepted: ids of collections with commas between", text)
    return ids


COLLECTIONS = Parameter(
    "collections",
    parse_collections,
    {"type": "array", "minItems": 1, "items": {"type": "string", "minLength": 1}},
    "Only these collections, each a layer; else all.",
)


def layer_of(run: LoadedRun, collection: Collection, query: Query, known: Sequence[Parameter]) -> TileLayer:
    """The features of a collection that a request asks for, with the same filter as its items.

    Raises
    ------
    BadParameter
        When the collection has no property of a parameter's name, or a value is not of the property's kind.
    """
    rows = select(collection, selection_of(query, collection, known))
    return TileLayer(collection, rows, run.collections.get("districts"))


def tile_links(root: str, carried: str = "") -> list[Link]:
    """Links of a landing page (`root` is the service's address) or a collection to its vector tiles."""
    return [link(TILESETS, f"{root}/tiles{carried}", JSON, "Vector tiles")]


async def matrix_sets(request: Request, query: Query) -> Response:
    """The tile matrix sets."""
    offer = media_type(request, query.get(FORMAT), [JSON])

    def make() -> bytes:
        item = {
            "id": grid.ID,
            "title": grid.definition()["title"],
            "uri": grid.URI,
            "crs": grid.CRS,
            "links": [link("self", _matrix_set_url(request), JSON, "Definition")],
        }
        return dump({"links": [link("self", request_url(request), JSON, "This list")], "tileMatrixSets": [item]})

    return await respond(request, make, media_type=offer, version=service_of(request).release)


async def matrix_set(request: Request, query: Query) -> Response:
    """The definition of a tile matrix set."""
    offer = media_type(request, query.get(FORMAT), [JSON])
    _check_matrix_set(request)

    def make() -> bytes:
        return dump({**grid.definition(), "links": [link("self", request_url(request), JSON, "This definition")]})

    return await respond(request, make, media_type=offer, version=service_of(request).release)


async def tilesets(request: Request, query: Query) -> Response:
    """The tile sets of a collection or of the whole run."""
    offer = media_type(request, query.get(FORMAT), [JSON])
    run = await run_of(request, query)
    title = ", ".join(found.kind.title for found in _collections(request, run, query))
    url = request_url(request).partition("?")[0]

    def make() -> bytes:
        item = {
            "title": title,
            "dataType": "vector",
            "crs": grid.CRS,
            "tileMatrixSetURI": grid.URI,
            "tileMatrixSetId": grid.ID,
            "links": [
                link("self", with_query(f"{url}/{grid.ID}", _carried(request)), JSON, "The tile set"),
                link(TILING_SCHEME, _matrix_set_url(request), JSON, "Tile matrix set"),
            ],
        }
        return dump(
            {**run_members(run), "links": [link("self", request_url(request), JSON, title)], "tilesets": [item]}
        )

    return await _respond(request, run, make, offer)


async def tileset(request: Request, query: Query) -> Response:
    """The description of a tile set, for the features that match."""
    offer = media_type(request, query.get(FORMAT), [JSON])
    _check_matrix_set(request)
    run = await run_of(request, query)
    found = _collections(request, run, query)
    base = request_url(request).partition("?")[0]
    carried = _carried(request)

    def make() -> bytes:
        layers = [layer_of(run, collection, query, _TILE_PARAMETERS) for collection in found]
        bounds = bounds_of(layers)
        links = [
            link("self", request_url(request), JSON, "This description"),
            link(TILING_SCHEME, _matrix_set_url(request), JSON, "Tile matrix set"),
            {
                **link("item", _template(base, carried, "{tileMatrix}/{tileRow}/{tileCol}"), MVT, "Tiles"),
                "templated": True,
            },
            link("describedby", with_query(f"{base}/tilejson", carried), JSON, "TileJSON"),
        ]
        return dump(
            {
                "title": _title(run, found),
                "description": _description(run, layers),
                "attribution": _credits(run),
                "version": run.id,
                "dataType": "vector",
                "mediaTypes": [MVT],
                "crs": grid.CRS,
                "tileMatrixSetURI": grid.URI,
                "tileMatrixSetDefinition": _matrix_set_url(request),
                "tileMatrixSetLimits": grid.limits(),
                **({"boundingBox": _bounding_box(bounds)} if bounds else {}),
                "layers": [layer.metadata() for layer in layers],
                **run_members(run),
                "links": links,
            }
        )

    return await _respond(request, run, make, offer)


async def tilejson(request: Request, query: Query) -> Response:
    """TileJSON of a tile set, for the features that match."""
    offer = media_type(request, query.get(FORMAT), [JSON])
    _check_matrix_set(request)
    run = await run_of(request, query)
    found = _collections(request, run, query)
    base = request_url(request).partition("?")[0].removesuffix("/tilejson")

    def make() -> bytes:
        layers = [layer_of(run, collection, query, _TILE_PARAMETERS) for collection in found]
        bounds = bounds_of(layers)
        document: dict[str, Any] = {
            "tilejson": "3.0.0",
            "name": _title(run, found),
            "description": _description(run, layers),
            # clients show it as HTML
            "attribution": html.escape(_credits(run)),
            "version": "1.0.0",
            "scheme": "xyz",
            "tiles": [_template(base, _carried(request), "{z}/{y}/{x}")],
            "minzoom": 0,
            "maxzoom": grid.MAX_ZOOM,
            "vector_layers": [layer.tilejson() for layer in layers],
            **run_members(run),
        }
        if bounds:
            west, south, east, north = bounds
            document["bounds"] = bounds
            document["center"] = [(west + east) / 2, (south + north) / 2, 0]
        return dump(document)

    return await _respond(request, run, make, offer)


async def tile(request: Request, query: Query) -> Response:
    """One tile with the features that match: a layer for each collection."""
    offer = media_type(request, query.get(FORMAT), [MVT])
    _check_matrix_set(request)
    path = request.path_params
    wanted = grid.tile_at(path["tileMatrix"], path["tileRow"], path["tileCol"])
    run = await run_of(request, query)
    found = _collections(request, run, query)

    def make() -> bytes:
        return b"".join(layer_of(run, collection, query, _TILE_PARAMETERS).encode(wanted) for collection in found)

    response = await _respond(request, run, make, offer, slow=not _is_quick(request, found, wanted))
    if response.status_code == 200 and not response.body:
        kept = {name: text for name, text in response.headers.items() if not name.startswith("content-")}
        return Response(status_code=204, headers=kept)
    return response


def _is_quick(request: Request, found: Sequence[Collection], wanted: grid.Tile) -> bool:
    """Whether a tile takes less than it costs to hand it to a thread: few features at most, and nothing to prepare."""
    return (
        wanted.zoom >= _QUICK_ZOOM
        and not request.scope["query_string"]
        and all(LAYERS.ready(collection) for collection in found)
        and sum(LAYERS.of(collection).size for collection in found) < _QUICK_SIZE
    )


async def _respond(request: Request, run: LoadedRun, make: Any, offer: str, *, slow: bool = True) -> Response:
    return await respond(
        request, make, media_type=offer, version=version_of(request, run), headers={RUN_HEADER: run.id}, slow=slow
    )


def _collections(request: Request, run: LoadedRun, query: Query) -> list[Collection]:
    """The collection of the path, else those of the `collections` parameter, else all."""
    if "collectionId" in request.path_params:
        return [collection_of(request, run)]
    for name in query.get(COLLECTIONS, ()):
        if name not in run.collections:
            raise BadParameter(
                "collections", "names none of this run", "There are: " + ", ".join(run.collections), name
            )
    return [run.collections[name] for name in query.get(COLLECTIONS, run.collections)]


def _check_matrix_set(request: Request) -> None:
    name = request.path_params["tileMatrixSetId"]
    if name != grid.ID:
        raise NoSuchResource(f"there is no tile matrix set {name[:80]!r}", f"Tile matrix sets: {grid.ID}")


def _carried(request: Request) -> list[tuple[str, str]]:
    """Parameters that tiles are to be asked for with: all but the format of this document."""
    return [(name, text) for name, text in request.query_params.multi_items() if name != FORMAT.name]


def _template(base: str, carried: Sequence[tuple[str, str]], variables: str) -> str:
    return with_query(f"{base}/{variables}", carried)


def _matrix_set_url(request: Request) -> str:
    return f"{root_url(request)}/tileMatrixSets/{quote(grid.ID)}"


def _title(run: LoadedRun, found: Sequence[Collection]) -> str:
    title = ", ".join(collection.kind.title for collection in found)
    label = _label(run)
    return f"{title} ({label})" if label else title


def _description(run: LoadedRun, layers: Sequence[TileLayer]) -> str:
    texts = [layer.description for layer in layers]
    label = _label(run)
    return " ".join([f"{label}.", *texts] if label else texts)


def _label(run: LoadedRun) -> str:
    label = run.manifest.get("label") or {}
    return " / ".join(dict.fromkeys(str(label[code]) for code in LANGUAGES if label.get(code)))


def _credits(run: LoadedRun) -> str:
    return "; ".join(str(credit) for credit in run.manifest.get("credits", ()))


def _bounding_box(bounds: tuple[float, float, float, float]) -> dict[str, Any]:
    west, south, east, north = bounds
    return {"lowerLeft": [west, south], "upperRight": [east, north], "crs": _CRS84, "orderedAxes": ["Lon", "Lat"]}


_OBJECT = {JSON: {"type": "object"}}
_BINARY = {MVT: {"type": "string", "format": "binary"}}
_SET = "{tileMatrixSetId}"
_TILE = f"{_SET}/{{tileMatrix}}/{{tileRow}}/{{tileCol}}"
_TILE_PARAMETERS = (DATETIME, FILTER, FILTER_LANG, FILTER_CRS, RUN, FORMAT)
_REFUSALS = (400, 406, 503)


def _operations(path: str, prefix: str, title: str, parameters: tuple[Parameter, ...]) -> tuple[Operation, ...]:
    narrowed = (*_TILE_PARAMETERS, *parameters)
    name = f"{prefix}.vector.get"
    matching: dict[str, Any] = {"filters": True, "refusals": _REFUSALS}
    return (
        Operation(
            path,
            f"{name}TileSetsList",
            tilesets,
            f"Tile sets of {title}",
            "tiles",
            (RUN, FORMAT, *parameters),
            _OBJECT,
            refusals=_REFUSALS,
        ),
        Operation(
            f"{path}/{_SET}", f"{name}TileSet", tileset, f"Tile set of {title}", "tiles", narrowed, _OBJECT, **matching
        ),
        Operation(
            f"{path}/{_SET}/tilejson",
            f"{name}TileJson",
            tilejson,
            f"TileJSON of {title}",
            "tiles",
            narrowed,
            _OBJECT,
            **matching,
        ),
        Operation(
            f"{path}/{_TILE}",
            f"{name}Tile",
            tile,
            f"A vector tile of {title}",
            "tiles",
            narrowed,
            _BINARY,
            empty=True,
            **matching,
        ),
    )


OPERATIONS = (
    Operation(
        "/tileMatrixSets", "getTileMatrixSetsList", matrix_sets, "The tile matrix sets", "tiles", (FORMAT,), _OBJECT
    ),
    Operation(
        f"/tileMatrixSets/{_SET}", "getTileMatrixSet", matrix_set, "A tile matrix set", "tiles", (FORMAT,), _OBJECT
    ),
    *_operations("/tiles", "dataset", "all collections", (COLLECTIONS,)),
    *_operations("/collections/{collectionId}/tiles", "collection", "a collection", ()),
)
