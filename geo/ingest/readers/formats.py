"""The vector formats, and how a file of one is brought before GDAL.

GDAL sees a private folder with nothing in it but links to the one file and its parts, under names of ours: it then
reads neither what lies beside them nor what their names could mean to it. Before that, a look at the content shows
that it is what the suffix says, since GDAL would follow a virtual format (VRT, GDALG) hidden under another name to any
file or address.
"""

import os
import re
import struct
import tempfile
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from geo.errors import FileProblem, Problem, UnsafeInput
from geo.ingest.files import local_file, refuse_address, refuse_large, starts_with
from geo.ingest.readers.archives import check_archive, extracted
from geo.ingest.readers.geojson import are_lines

ZIP, KMZ = ".zip", ".kmz"
_SNIFFED_BYTES = 65_536
_KML_ROOT = re.compile(rb"\s*(<\?xml[^>]*\?>\s*)?(<!--.*?-->\s*)*(<!DOCTYPE|<(\w+:)?kml[\s>])", re.DOTALL)
_TAB_HEAD = re.compile(rb"\s*!table\b", re.IGNORECASE)
_TAB_TYPE = re.compile(rb"^\s*type\s+(\w+)", re.IGNORECASE | re.MULTILINE)
# a table of this kind is a list of other files
_TAB_ELSEWHERE = re.compile(rb"\bopen\s+table\b|\bcreate\s+view\b|IsSeamless|\\Raster", re.IGNORECASE)
_TAB_TYPES = frozenset({b"NATIVE", b"DBF"})
_MIF_HEAD = re.compile(rb"\s*version\s+\d+", re.IGNORECASE)
_JSON_HEAD = re.compile(rb"[\x1e\s]*[{\[]")


@dataclass(frozen=True)
class Format:
    """A vector format.

    `drivers` are the names GDAL may open it by, `prefix` stands before the path to make it take no other, `parts` are
    the suffixes of further files that belong to one, `head` is what one begins with.
    """

    name: str
    drivers: frozenset[str]
    head: re.Pattern[bytes]
    prefix: str = ""
    are_lines: bool = False
    parts: frozenset[str] = frozenset()


_GEOJSON = Format("GeoJSON", frozenset({"GeoJSON"}), _JSON_HEAD, "GeoJSON:")
_GEOJSON_LINES = Format("GeoJSON lines", frozenset({"GeoJSONSeq"}), _JSON_HEAD, "GeoJSONSeq:", are_lines=True)
_SHAPEFILE = Format(
    "Shapefile",
    frozenset({"ESRI Shapefile"}),
    re.compile(rb"\x00\x00\x27\x0a"),
    parts=frozenset({".shx", ".dbf", ".prj", ".cpg"}),
)
_TAB_PARTS = frozenset({".dat", ".map", ".id", ".ind", ".dbf"})
FORMATS: dict[str, Format] = {
    ".geojson": _GEOJSON,
    ".json": _GEOJSON,
    ".geojsonl": _GEOJSON_LINES,
    ".geojsons": _GEOJSON_LINES,
    ".ndjson": _GEOJSON_LINES,
    ".gpkg": Format("GeoPackage", frozenset({"GPKG"}), re.compile(rb"SQLite format 3\x00")),
    ".shp": _SHAPEFILE,
    ".fgb": Format("FlatGeobuf", frozenset({"FlatGeobuf"}), re.compile(rb"fgb\x03fgb")),
    ".kml": Format("KML", frozenset({"LIBKML", "KML"}), _KML_ROOT),
    ".tab": Format("MapInfo TAB", frozenset({"MapInfo File"}), _TAB_HEAD, parts=_TAB_PARTS),
    ".mif": Format("MapInfo MIF", frozenset({"MapInfo File"}), _MIF_HEAD, parts=frozenset({".mid"})),
}
"""Formats read with GDAL, by suffix."""
PARQUET = frozenset({".parquet", ".geoparquet"})


@dataclass(frozen=True)
class Input:
    """One layer's file, unpacked where it came in an archive.

    `parts` are its other files by suffix; `file` is what the user calls it, for messages.
    """

    path: Path
    file: str
    parts: dict[str, Path]

    @property
    def suffix(self) -> str:
        """Suffix of the format, in lower case."""
        return self.path.suffix.lower()


def located(path: str | Path, suffixes: Iterable[str], stack: ExitStack) -> Input:
    """The one file to read: the path's own, that in a folder (a shapefile) or that in an archive.

    Raises
    ------
    FileProblem, LimitExceeded, UnsafeInput
        If there is none, or several, or it must not be opened.
    """
    if os.path.isdir(path):  # noqa: PTH112 - Path.is_dir raises for names that are none
        refuse_address(str(path))
        return _in_folder(Path(path), suffixes)
    given = local_file(path, frozenset(suffixes))
    suffix = given.suffix.lower()
    if suffix in {ZIP, KMZ}:
        return _in_archive(given, suffix, stack)
    return _with_parts(given, _entries(given.parent) if _parts(suffix) else [], given.name)


def staged(layer: Input, stack: ExitStack) -> Path:
    """A private folder of links to the file and its parts, all called ``layer``; returns the link to the file.

    Raises
    ------
    FileProblem
        If the content is not what the suffix says, or a shapefile is cut off.
    UnsafeInput
        If it is a MapInfo table that stands for other files.
    """
    _check_head(layer)
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="shalgai-")))
    for suffix, part in layer.parts.items():
        (folder / f"layer{suffix}").symlink_to(part)
    main = folder / f"layer{layer.suffix}"
    main.symlink_to(layer.path)
    return main


def format_of(layer: Input) -> Format:
    """The format of a file; GeoJSON on lines is recognised under the suffixes of GeoJSON, too."""
    kind = FORMATS[layer.suffix]
    return _GEOJSON_LINES if kind is _GEOJSON and are_lines(layer.path) else kind


def _parts(suffix: str) -> frozenset[str]:
    return FORMATS[suffix].parts if suffix in FORMATS else frozenset()


def _entries(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError as error:
        raise FileProblem(Problem("the folder cannot be read", "Allow it, or copy the files", folder.name)) from error


def _in_folder(folder: Path, suffixes: Iterable[str]) -> Input:
    entries = _entries(folder)
    shapefiles = [entry for entry in entries if entry.suffix.lower() == ".shp"]
    if len(shapefiles) != 1:
        held = ", ".join(entry.name for entry in shapefiles[:5]) or None
        what = "this is a folder with several shapefiles" if held else "this is a folder, and one without a shapefile"
        remedy = f"Accepted: a folder with one shapefile, or a file: {', '.join(sorted(suffixes))}"
        raise FileProblem(Problem(what, remedy, folder.name or str(folder), value=held))
    if any(entry.is_symlink() for entry in entries):
        raise _link(folder.name)
    return _with_parts(local_file(shapefiles[0], {".shp"}), entries, folder.name)


def _with_parts(path: Path, beside: list[Path], file: str) -> Input:
    wanted = _parts(path.suffix.lower())
    parts: dict[str, Path] = {}
    for entry in beside:
        suffix = entry.suffix.lower()
        if suffix in wanted and entry.stem.lower() == path.stem.lower():
            if entry.is_symlink():
                raise _link(file)
            if entry.is_file():
                parts[suffix] = entry.resolve()
    refuse_large(sum(part.stat().st_size for part in [path, *parts.values()]), file)
    return Input(path, file, parts)


def _link(file: str) -> UnsafeInput:
    return UnsafeInput(Problem("a part of the layer is a symbolic link", "Put the file itself there", file))


def _in_archive(archive: Path, suffix: str, stack: ExitStack) -> Input:
    members = {}
    for entry in check_archive(archive):
        name = PurePosixPath(entry.filename)
        if "__MACOSX" not in name.parts and not name.name.startswith("."):
            members[name] = entry
    readable = {".kml"} if suffix == KMZ else {*FORMATS, *PARQUET}
    inside = [name for name in members if name.suffix.lower() in readable]
    if suffix == KMZ:
        # Google Earth reads this one, and others only where it links to them
        inside = [name for name in inside if str(name).lower() == "doc.kml"] or inside
    if len(inside) != 1:
        held = (
            f"it holds {', '.join(str(name) for name in inside[:5])}" if inside else "it holds no .shp or other layer"
        )
        what = "the archive needs one .kml" if suffix == KMZ else "the archive needs one shapefile or other vector file"
        raise FileProblem(Problem(what, "Zip one layer, a shapefile with all its parts", archive.name, value=held))
    main = inside[0]
    wanted = _parts(main.suffix.lower())
    chosen = {
        name.name: entry
        for name, entry in members.items()
        if name == main
        or (name.parent == main.parent and name.stem.lower() == main.stem.lower() and name.suffix.lower() in wanted)
    }
    folder = stack.enter_context(extracted(archive, list(chosen.values())))
    path = folder / main.name
    if not path.stat().st_size:
        raise FileProblem(Problem("the file is empty", "Zip it again", archive.name, value=main.name))
    return _with_parts(path, _entries(folder), archive.name)


def _check_head(layer: Input) -> None:
    suffix, file = layer.suffix, layer.file
    head = starts_with(layer.path, _SNIFFED_BYTES).removeprefix(b"\xef\xbb\xbf")
    fits = FORMATS[suffix].head.match(head) is not None and b"OGRVRTDataSource" not in head
    if suffix == ".tab" and fits:
        if _TAB_ELSEWHERE.search(starts_with(layer.path, -1)):
            remedy = "Save it as a table of its own"
            raise UnsafeInput(Problem("the table stands for other files", remedy, file))
        kind = _TAB_TYPE.search(head)
        fits = kind is not None and kind[1].upper() in _TAB_TYPES
    if not fits:
        raise FileProblem(Problem(f"not a {suffix} file", "Its content is of another format", file))
    if suffix == ".shp" and 2 * struct.unpack(">i", head[24:28].rjust(4, b"\0"))[0] != layer.path.stat().st_size:
        # GDAL would read the features that are cut off as features without a geometry
        raise FileProblem(Problem("the shapefile is cut off", "Copy it again, with all its parts", file))
