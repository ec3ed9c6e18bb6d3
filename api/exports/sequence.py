"""GeoJSON text sequences (RFC 8142): one feature after the other, each a document of its own."""

import orjson
import shapely

from api.exports.extract import Extract
from api.exports.files import Parts
from api.features.collection import Rows
from api.features.crs import CRS84


def sequence_parts(extract: Extract) -> Parts:
    """Features as in a list, each with the members `run`, `scenario`, `label` and `credits`."""
    about = extract.about
    members = {"run": about.run, "scenario": about.scenario, "label": about.labels, "credits": about.credits}
    tail = b"," + orjson.dumps(members)[1:-1] + b"}\n"
    as_loaded = extract.view.crs == CRS84 and extract.view.properties is None
    for rows in extract.chunks():
        features = _loaded(extract, rows) if as_loaded else _made(extract, rows)
        yield b"".join([b"\x1e%b%b" % (feature[:-1], tail) for feature in features])


def _loaded(extract: Extract, rows: Rows) -> list[bytes]:
    encoded = extract.collection.encoded
    return [encoded[row] for row in rows.tolist()]


def _made(extract: Extract, rows: Rows) -> list[bytes]:
    """Features of other properties or positions than those that the collection has encoded."""
    crs = extract.view.crs
    geometries = crs.from_wgs84(extract.collection.geometries[rows])
    if crs != CRS84:
        geometries = shapely.transform(geometries, lambda positions: positions.round(crs.decimals))
    names = [column.name for column in extract.columns]
    made = []
    for encoded, shape in zip(_loaded(extract, rows), shapely.to_geojson(geometries).tolist(), strict=True):
        feature = orjson.loads(encoded)
        feature["geometry"] = None if shape is None else orjson.Fragment(shape)
        feature["properties"] = {name: feature["properties"][name] for name in names}
        made.append(orjson.dumps(feature))
    return made
