"""Delimited text (CSV): every cell as text, so that codes keep their digits."""

import csv
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from geo.errors import ColumnMissing, FileProblem, Problem, ValueRejected
from geo.ingest.aliases import ALIASES, canonical_names
from geo.ingest.files import local_file

SUFFIXES = frozenset({".csv", ".tsv"})
_DELIMITERS = ",;\t"
_LIMITS = {"lon": 180.0, "lat": 90.0}


def read_delimited(path: str | Path) -> pd.DataFrame:
    """Rows of a UTF-8 file with a header; cells are text, null where empty.

    The delimiter is the comma, semicolon or tab that the header holds most of.

    Raises
    ------
    FileProblem
        If it is not such a file, has no rows, or a row has another number of cells than the header.
    """
    path = local_file(path, SUFFIXES)
    file = path.name
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            header_line = stream.readline()
            stream.seek(0)
            delimiter = max(_DELIMITERS, key=header_line.count)
            rows = [row for row in csv.reader(stream, delimiter=delimiter, strict=True) if row]
    except UnicodeDecodeError as error:
        raise FileProblem(Problem("the text is not UTF-8", "Save the file as CSV UTF-8", file)) from error
    except csv.Error as error:
        raise FileProblem(Problem(f"cannot be read as CSV: {error}", "Is a quotation mark left open?", file)) from error
    header = [name.strip() for name in rows[0]] if rows else []
    repeated = [name for name in header if header.count(name) > 1]
    if repeated:
        raise FileProblem(Problem("the column is there twice", "Keep one of them", file, column=repeated[0]))
    rows = rows[1:]
    if not rows:
        raise FileProblem(Problem("the file has no rows", "A header and one row at least are needed", file))
    uneven = [i for i, row in enumerate(rows) if len(row) != len(header)]
    if uneven:
        remedy = f"Every row needs {len(header)} cells, as the header has; quote cells that hold the delimiter"
        raise FileProblem([Problem(f"the row has {len(rows[i])} cells", remedy, file, i + 1) for i in uneven])
    frame = pd.DataFrame(rows, columns=header, dtype="str")
    trimmed: pd.DataFrame = frame.apply(lambda column: column.str.strip())
    return trimmed.mask(trimmed == "")


def read_delimited_points(path: str | Path) -> tuple[gpd.GeoDataFrame, bool]:
    """Rows with columns for longitude and latitude (or x and y) as points without a CRS; null where both are empty.

    Returns
    -------
    tuple
        The points, and whether the columns are named as longitude and latitude, which makes them WGS 84 degrees.

    Raises
    ------
    ColumnMissing, ValueRejected
        Without such columns, or with a cell in them that is not a number, a missing half, or an impossible angle.
    """
    frame = read_delimited(path)
    file = Path(path).name
    own = canonical_names([str(name) for name in frame.columns], ["lon", "lat"])
    if len(own) < 2:
        present = ", ".join(str(name) for name in frame.columns)
        raise ColumnMissing(
            [
                Problem("column is missing", f"The file has: {present}. Accepted also: {names}", file, column=axis)
                for axis in ("lon", "lat")
                if axis not in own
                for names in [", ".join(ALIASES[axis])]
            ]
        )
    angular = not {name.lower() for name in own.values()} <= {"x", "y"}
    problems: list[Problem] = []
    numbers = {}
    for axis, name in own.items():
        values = pd.to_numeric(frame[name], errors="coerce").astype("float64").to_numpy(copy=True)
        limit = _LIMITS[axis] if angular else np.inf
        refused = (frame[name].notna().to_numpy() & ~np.isfinite(values)) | (np.abs(np.nan_to_num(values)) > limit)
        remedy = f"Accepted: −{limit:g} to {limit:g} degrees, with a decimal point" if angular else "Accepted: a number"
        problems += [
            Problem("not a valid position", remedy, file, int(i) + 1, name, frame[name].iloc[i])
            for i in np.flatnonzero(refused)
        ]
        numbers[axis] = values
    half = frame[own["lon"]].isna().to_numpy() != frame[own["lat"]].isna().to_numpy()
    for i in np.flatnonzero(half):
        empty = own["lon"] if pd.isna(frame[own["lon"]].iloc[i]) else own["lat"]
        problems.append(Problem("half of a position", "Give both columns or neither", file, int(i) + 1, empty))
    if problems:
        raise ValueRejected(sorted(problems, key=lambda problem: problem.row or 0))
    points = shapely.points(numbers["lon"], numbers["lat"])
    points[np.isnan(numbers["lon"])] = None
    return gpd.GeoDataFrame(frame.drop(columns=list(own.values())), geometry=points), angular
