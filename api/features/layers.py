"""Layers of GeoPackages that the operator of the service names, as collections beside the run's own."""

import hashlib
import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import pandas as pd

from api.features.catalogue import Catalogue, CollectionKind
from api.features.collection import Collection
from geo.errors import FileProblem, Problem
from geo.ingest.readers.whole_layer import WholeLayer, read_layers
from geo.tables.schema import Column, Kind, Table

_ENTRY = re.compile(r"(?P<path>.+?\.gpkg)(#(?P<layer>.+?)(=(?P<id>[^=]*))?)?", re.IGNORECASE | re.DOTALL)
_FORM = "Accepted: FILE.gpkg, FILE.gpkg#LAYER or FILE.gpkg#LAYER=ID"
_OTHER_CHARACTERS = re.compile(r"[^\w.-]+")

_DATES, _TIMESTAMPS = ("date",), ("datetime", "datetime64")
"""What pandas calls values of columns."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Layers:
    """Collections that do not belong to a run: read once, immutable, shared by all runs.

    `version` changes with what they hold; it is empty where there are none.
    """

    collections: Mapping[str, Collection] = field(default_factory=lambda: MappingProxyType({}))
    version: str = ""

    @property
    def kinds(self) -> Iterator[CollectionKind]:
        """What to register in the catalogue."""
        return (collection.kind for collection in self.collections.values())


NO_LAYERS = Layers()
"""Where the setting names none."""


def load_layers(entries: Sequence[str], catalogue: Catalogue) -> Layers:
    """Read the layers of the setting `layers`.

    Parameters
    ----------
    entries
        A GeoPackage, all of whose layers with geometries are taken, or ``FILE#LAYER`` or ``FILE#LAYER=ID`` for one of
        them. Without an ID a collection is called as its layer; characters other than letters, digits, ``_.-`` become
        ``_``.
    catalogue
        The other collections, whose ids are taken.

    Raises
    ------
    InputError
        For the first entry that cannot be read or whose id is taken or is none, naming file and remedy.
    """
    collections: dict[str, Collection] = {}
    for entry in entries:
        found = _ENTRY.fullmatch(entry)
        # an entry of another form is a path of another form, which the reader refuses
        path, layer, wanted = (found["path"], found["layer"], found["id"]) if found else (entry, None, None)
        file = path.rpartition("/")[2]
        for read in read_layers(path, layer):
            collection_id = _id(read.name, wanted, file)
            if collection_id in catalogue.kinds or collection_id in collections:
                what = f"there is another collection {collection_id!r}"
                raise FileProblem(Problem(what, "Name it otherwise: FILE.gpkg#LAYER=ID", file, value=read.name))
            for name in read.left_out:
                log.warning("collection '%s': column %r holds bytes and is left out", collection_id, name)
            collections[collection_id] = Collection.from_frame(_kind(collection_id, read), read.frame)
    return Layers(MappingProxyType(collections), _version(collections))


def _id(layer: str, wanted: str | None, file: str) -> str:
    given = layer if wanted is None else wanted
    sound = _OTHER_CHARACTERS.sub("_", given)
    if not sound.strip(".") or (wanted is not None and sound != wanted):
        remedy = f"{_FORM}; an ID has letters, digits, '_', '-' and '.'"
        raise FileProblem(Problem("not an id of a collection", remedy, file, value=given))
    return sound


def _kind(collection_id: str, layer: WholeLayer) -> CollectionKind:
    names = [str(name) for name in layer.frame.columns if name != layer.frame.geometry.name]
    inferred = {name: pd.api.types.infer_dtype(layer.frame[name], skipna=True) for name in names}
    # the first date, else the first timestamp
    dated = [name for types in (_DATES, _TIMESTAMPS) for name in names if inferred[name] in types]
    return CollectionKind(
        collection_id,
        Table(collection_id, [Column(name, _column_kind(layer.frame[name])) for name in names]),
        layer.name,
        f"Layer '{layer.name}' of a GeoPackage that the operator of this service has added.",
        layer.fid_column,
        temporal=dated[0] if dated else "",
        code_columns=layer.json_columns,
        geometry_name=str(layer.frame.geometry.name),
    )


def _column_kind(series: "pd.Series[Any]") -> Kind:
    kinds: dict[str, Kind] = {"boolean": "boolean", "Int64": "integer", "float64": "number"}
    return kinds.get(str(series.dtype), "text")


def _version(collections: Mapping[str, Collection]) -> str:
    if not collections:
        return ""
    digest = hashlib.blake2b(digest_size=12)
    for collection_id, collection in collections.items():
        shape = [(name, column.kind) for name, column in collection.columns.items()]
        digest.update(repr((collection_id, collection.kind.title, collection.kind.geometry_name, shape)).encode())
        for feature in collection.encoded:
            digest.update(feature)
    return digest.hexdigest()
