"""A look through a KML file before GDAL reads it: entities, network links, and which columns anybody filled."""

import re
import shutil
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn
from xml.parsers import expat

from geo.errors import FileProblem, LimitExceeded, Problem, UnsafeInput
from geo.ingest.report import Finding, Severity

_CHUNK_BYTES = 2**20
_DEPTH_MAX = 200
_DECLARATION_BYTES = 200
_NOT_LATIN = re.compile(rb"[^A-Za-z0-9_]")
_DECLARATION = re.compile(rb"""(\xef\xbb\xbf)?\s*<\?xml[^>]*?encoding\s*=\s*["']([\w.-]+)["'][^>]*\?>""")

# what GDAL makes of these elements of a placemark, in its order of columns
_COLUMNS = {"name": "Name", "description": "description", "when": "timestamp", "begin": "begin", "end": "end"}
DRAWING_COLUMNS = frozenset(
    {"id", "altitudeMode", "tessellate", "extrude", "visibility", "drawOrder", "icon", "snippet", *_COLUMNS.values()}
)
"""Columns that GDAL adds to every layer of KML."""


@dataclass
class KmlContent:
    """What a KML file holds.

    `columns` are those of `DRAWING_COLUMNS` that a person filled: elements of a placemark, or data of that name. `data`
    are the names of untyped data, as the file has them.
    """

    placemarks: int = 0
    network_links: int = 0
    columns: set[str] = field(default_factory=set)
    data: set[str] = field(default_factory=set)

    def names(self, file: str) -> dict[str, str]:
        """Names of untyped data by what GDAL calls them: every byte that is no Latin letter or digit as ``_``.

        Raises
        ------
        FileProblem
            If two become one, of which GDAL would keep a single value.
        """
        found: dict[str, str] = {}
        for name in sorted(self.data):
            written = _NOT_LATIN.sub(b"_", name.encode()).decode()
            if found.setdefault(written, name) != name:
                what = f"the data '{found[written]}' and '{name}' cannot be told apart"
                remedy = "Name them in Latin letters, or save the layer as GeoPackage or GeoJSON"
                raise FileProblem(Problem(what, remedy, file))
        return found

    def findings(self, file: str) -> list[Finding]:
        """That links to other places were not followed."""
        if not self.network_links:
            return []
        what = "links to other files or addresses were not followed"
        remedy = "Save what they lead to in the file itself"
        example = Problem(what, remedy, file)
        return [Finding("network_link_ignored", Severity.WARNING, what, remedy, self.network_links, (example,))]


def look_through(path: Path, file: str) -> KmlContent:
    """Go through the elements of a staged KML file once, with bounded memory.

    Where it is in another encoding than UTF-8, which GDAL cannot read, it is replaced by a copy in that.

    Raises
    ------
    UnsafeInput
        If it declares a document type, which is where XML entities come from.
    FileProblem
        If it is not well-formed.
    LimitExceeded
        If its elements are nested too deeply.
    """
    content = KmlContent()
    depths: Counter[str] = Counter()
    open_elements: list[str] = []
    parser = expat.ParserCreate(namespace_separator=" ")

    def start(qualified: str, attributes: dict[str, str]) -> None:
        name = qualified.rpartition(" ")[2]
        open_elements.append(name)
        if len(open_elements) > _DEPTH_MAX:
            raise LimitExceeded(Problem(f"elements nested more than {_DEPTH_MAX} deep", "Simplify the file", file))
        depths[name] += 1
        if name == "Placemark":
            content.placemarks += 1
        elif name == "NetworkLink":
            content.network_links += 1
        elif depths["Placemark"]:
            if name in _COLUMNS and not depths["ExtendedData"]:
                content.columns.add(_COLUMNS[name])
            elif name == "Data" and attributes.get("name") not in {None, *DRAWING_COLUMNS}:
                content.data.add(attributes["name"])
            elif name in {"Data", "SimpleData"} and attributes.get("name") in DRAWING_COLUMNS:
                content.columns.add(attributes["name"])

    def end(_: str) -> None:
        depths[open_elements.pop()] -= 1

    def refuse(*_: object) -> NoReturn:
        raise UnsafeInput(Problem("the XML declares a document type", "Remove the line with <!DOCTYPE", file))

    _write_as_utf8(path, file)
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.StartDoctypeDeclHandler = refuse
    parser.EntityDeclHandler = refuse
    try:
        with path.open("rb") as stream:
            while chunk := stream.read(_CHUNK_BYTES):
                parser.Parse(chunk, False)
            parser.Parse(b"", True)
    except expat.ExpatError as error:
        raise _unreadable(str(error), file) from error
    return content


def _write_as_utf8(path: Path, file: str) -> None:
    with path.open("rb") as stream:
        declared = _DECLARATION.match(stream.read(_DECLARATION_BYTES))
    if declared is None or declared[2].lower() in {b"utf-8", b"utf8", b"us-ascii", b"ascii"}:
        return
    copy = path.with_suffix(".new")
    try:
        with path.open(encoding=declared[2].decode("ascii"), newline="") as text:
            text.read(declared.end())
            with copy.open("w", encoding="utf-8", newline="") as target:
                target.write('<?xml version="1.0"?>')
                shutil.copyfileobj(text, target)
    except (LookupError, ValueError) as error:
        raise _unreadable(f"the text is not {declared[2].decode('ascii')}", file) from error
    copy.replace(path)


def _unreadable(why: str, file: str) -> FileProblem:
    return FileProblem(Problem(f"cannot be read as KML: {why}", "Is the file damaged or of another format?", file))
