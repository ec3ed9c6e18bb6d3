"""What a sheet of a workbook holds besides values: merged cells, and formulas that no program has worked out yet.

openpyxl, when it reads row by row, shows neither: a merged cell is empty but for its first, and a formula without a
stored value is empty.
"""

import re
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, iterparse

from openpyxl.utils.cell import coordinate_to_tuple, range_boundaries

_CHUNK_BYTES = 1 << 20
_OVERLAP_BYTES = 16
_SIGN = re.compile(rb"[<:]f[ />]|mergeCell ")


@dataclass
class Marks:
    """Rows and columns count from 1.

    Attributes
    ----------
    merged
        First row, first column, last row, last column of each merged range, in order of rows.
    without_value
        Columns with a formula that has no stored value, by row.
    """

    merged: list[tuple[int, int, int, int]] = field(default_factory=list)
    without_value: dict[int, list[int]] = field(default_factory=dict)


def sheet_marks(path: Path, part: str) -> Marks:
    """The marks of a sheet, given by the name of its part in the workbook; a piece at a time."""
    marks = Marks()
    with zipfile.ZipFile(path) as archive:
        if not _has_any(archive, part):
            return marks
        row = column = 0
        with archive.open(part) as stream:
            for event, element in iterparse(stream, ("start", "end")):  # noqa: S314 - document types are refused before
                name = element.tag.rpartition("}")[2]
                if event == "start":
                    if name == "row":
                        row, column = int(element.get("r", row + 1)), 0
                elif name == "c":
                    given = element.get("r")
                    row, column = coordinate_to_tuple(given) if given else (row, column + 1)
                    if _lacks_value(element):
                        marks.without_value.setdefault(row, []).append(column)
                elif name == "mergeCell":
                    first_column, first_row, last_column, last_row = range_boundaries(element.get("ref", ""))
                    marks.merged.append((first_row, first_column, last_row, last_column))
                if event == "end" and name in {"row", "mergeCell"}:
                    element.clear()
    marks.merged.sort()
    return marks


def _has_any(archive: zipfile.ZipFile, part: str) -> bool:
    """Whether a look at every cell can be spared; it takes a fraction of the time."""
    with archive.open(part) as stream:
        end = b""
        while chunk := stream.read(_CHUNK_BYTES):
            if _SIGN.search(end + chunk):
                return True
            end = chunk[-_OVERLAP_BYTES:]
    return False


def _lacks_value(cell: Element) -> bool:
    parts: dict[str, Any] = {child.tag.rpartition("}")[2]: child.text for child in cell}
    # the stored value of a formula whose result is no text is never empty
    return "f" in parts and not parts.get("v") and cell.get("t") != "str"
