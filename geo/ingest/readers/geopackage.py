"""A look into a GeoPackage before GDAL opens it: what is there must be tables, not programs."""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from geo.errors import FileProblem, Problem, UnsafeInput

_INDEX_MODULES = ("rtree", "fts3", "fts4", "fts5")
_UNSAFE_REMEDY = "Save the layer as a table in a new GeoPackage, e.g. with QGIS"


def has_journal(path: Path) -> bool:
    """Whether another program has the GeoPackage open and what it wrote is not in the file yet."""
    return path.with_name(path.name + "-wal").exists()


def checked_layers(path: Path, file: str) -> list[str]:
    """The layers with geometries, after refusing what would run on reading.

    Refused are a layer or one of the format's own tables as a view, a computed column, and a foreign virtual table. A
    view can recurse for ever, and it and a computed column can call functions that GDAL adds to SQLite, some of which
    open files and addresses. Nothing of it is run here: only the schema is read.

    Raises
    ------
    FileProblem
        If the file cannot be read.
    UnsafeInput
        Naming what must not be there.
    """
    try:
        with closing(_connected(path)) as database:
            database.execute("PRAGMA trusted_schema = OFF")
            objects = database.execute("SELECT type, name, sql FROM sqlite_master").fetchall()
            for kind, name, sql in objects:
                _refuse_virtual(str(kind), str(name), str(sql or ""), file)
            tables = {str(name).lower() for kind, name, _ in objects if kind == "table"}
            views = {str(name).lower(): str(name) for kind, name, _ in objects if kind == "view"}
            own = [name for lower, name in views.items() if lower.startswith(("gpkg_", "sqlite_", "rtree_"))]
            if own:
                raise UnsafeInput(Problem("a table of the format itself is a view", _UNSAFE_REMEDY, file, value=own[0]))
            layers = []
            if "gpkg_contents" in tables:
                layers = [
                    str(row[0]) for row in database.execute("SELECT table_name FROM gpkg_contents ORDER BY rowid")
                ]
            for layer in layers:
                if layer.lower() in views:
                    raise UnsafeInput(Problem("the layer is a view", _UNSAFE_REMEDY, file, value=layer))
                # 2 and 3 mark computed columns
                hidden = database.execute("SELECT name FROM pragma_table_xinfo(?) WHERE hidden IN (2, 3)", (layer,))
                computed = hidden.fetchone()
                if computed:
                    raise UnsafeInput(Problem("the column is computed", _UNSAFE_REMEDY, file, column=str(computed[0])))
            if "gpkg_geometry_columns" not in tables:
                return []
            with_geometry = database.execute("SELECT table_name FROM gpkg_geometry_columns").fetchall()
            return [layer for layer in layers if (layer,) in with_geometry]
    except (sqlite3.Error, UnicodeError) as error:
        raise FileProblem(
            Problem("cannot be read as .gpkg", "Is the file damaged or of another format?", file)
        ) from error


def keys_where_text_begins(path: Path, layer: str, column: str, beginnings: Sequence[str]) -> list[int]:
    """Keys of the rows of a layer that `checked_layers` has let through, whose column's text begins with one of these.

    The beginnings are all as long as the first.
    """
    table, name = (f'"{word.replace(chr(34), chr(34) * 2)}"' for word in (layer, column))
    marks = ", ".join("?" * len(beginnings))
    statement = f"SELECT rowid FROM {table} WHERE substr({name}, 1, {len(beginnings[0])}) IN ({marks})"  # noqa: S608 - quoted
    with closing(_connected(path)) as database:
        return [row[0] for row in database.execute(statement, beginnings)]


def _connected(path: Path) -> sqlite3.Connection:
    immutable = "" if has_journal(path) else "&immutable=1"
    return sqlite3.connect(f"file:{quote(str(path))}?mode=ro{immutable}", uri=True)


def _refuse_virtual(kind: str, name: str, sql: str, file: str) -> None:
    words = sql.lower().split()
    if kind == "table" and words[:3] == ["create", "virtual", "table"]:
        using = sql.lower().split("using", 1)[-1].strip()
        if not using.startswith(_INDEX_MODULES):
            raise UnsafeInput(Problem("a virtual table could reach out of the file", _UNSAFE_REMEDY, file, value=name))
