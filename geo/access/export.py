"""Gap lists as files: CSV, GeoJSON, XLSX and GeoPackage, each with its run, its label and its credits."""

import io
import tempfile
from collections.abc import Callable
from pathlib import Path

import geopandas as gpd
import numpy as np
import orjson
import pandas as pd
import pyogrio
from openpyxl import Workbook
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter

from geo.coverage.footprints import representative_points
from geo.errors import FileProblem, Problem
from geo.files import write_atomically
from geo.spreadsheets import harmless
from geo.workspace import Run

_WIDEST_COLUMN = 40


def to_csv(gaps: gpd.GeoDataFrame, run: Run) -> bytes:
    """UTF-8 with a byte-order mark, so that spreadsheets read it; text that would be taken for a formula is quoted."""
    return harmless(_flat(gaps, run)).to_csv(index=False, lineterminator="\r\n").encode("utf-8-sig")


def to_geojson(gaps: gpd.GeoDataFrame, run: Run) -> bytes:
    """A FeatureCollection; `run`, `scenario`, `label` and `credits` are members of it."""
    features = orjson.loads(gaps.to_json(na="null", drop_id=True))
    for feature in features["features"]:
        feature["id"] = feature["properties"]["kato"]
        feature["properties"]["reasons"] = orjson.loads(feature["properties"]["reasons"] or "[]")
    about = {"run": run.id, **{k: run.manifest[k] for k in ("scenario", "label", "credits")}}
    return orjson.dumps({"type": "FeatureCollection", **about, "features": features["features"]})


def to_xlsx(gaps: gpd.GeoDataFrame, run: Run) -> bytes:
    """A workbook with the list, and a sheet that says what it is and whom to credit."""
    table = harmless(_flat(gaps, run))
    book = Workbook()
    sheet = book.active
    sheet.title = "gaps"
    sheet.append(list(table.columns))
    for row in table.astype(object).where(table.notna(), None).itertuples(index=False, name=None):
        sheet.append([value.item() if isinstance(value, np.generic) else value for value in row])
    for index, name in enumerate(table.columns, start=1):
        longest = max([len(name), *table[name].dropna().astype(str).str.len()])
        sheet.column_dimensions[get_column_letter(index)].width = min(longest + 2, _WIDEST_COLUMN)
        sheet.cell(1, index).font = Font(bold=True)
    sheet.freeze_panes = "A2"
    about = book.create_sheet("about")
    lines = [["run", run.id], ["label", _label(run)], *(["credit", credit] for credit in run.manifest["credits"])]
    for line in harmless(pd.DataFrame(lines, columns=["what", "text"], dtype="str")).itertuples(index=False, name=None):
        about.append(line)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def to_gpkg(gaps: gpd.GeoDataFrame, run: Run) -> bytes:
    """A GeoPackage with layer `gaps`; its description carries run, label and credits."""
    about = "; ".join([f"run {run.id}", _label(run), *run.manifest["credits"]])
    described = gaps.assign(run=run.id, label=_label(run))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "gaps.gpkg"
        pyogrio.write_dataframe(described, path, layer="gaps", geometry_type="Unknown", DESCRIPTION=about)
        return path.read_bytes()


WRITERS: dict[str, Callable[[gpd.GeoDataFrame, Run], bytes]] = {
    "csv": to_csv,
    "geojson": to_geojson,
    "xlsx": to_xlsx,
    "gpkg": to_gpkg,
}


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that it is there whole or not at all; `FileProblem` where that cannot be done."""
    try:
        write_atomically(path, content)
    except OSError as error:
        raise FileProblem(Problem(f"cannot be written: {error.strerror}", file=path.name)) from error


def _flat(gaps: gpd.GeoDataFrame, run: Run) -> pd.DataFrame:
    points = representative_points(gaps.geometry)
    codes = [" ".join(reason["code"] for reason in orjson.loads(text or "[]")) for text in gaps["reasons"]]
    return pd.DataFrame(gaps.drop(columns="geometry")).assign(
        reasons=codes,
        lon=points.x.to_numpy(),
        lat=points.y.to_numpy(),
        run=run.id,
        label=_label(run),
        credits="; ".join(run.manifest["credits"]),
    )


def _label(run: Run) -> str:
    label = run.manifest["label"]
    return " / ".join(label.values()) if label else ""
