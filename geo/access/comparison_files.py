"""Comparisons as files: CSV and GeoJSON, by settlement or by district, with runs, labels and credits."""

from collections.abc import Callable
from enum import StrEnum
from typing import Any

import geopandas as gpd
import orjson
import pandas as pd

from geo.access.compare import Comparison
from geo.coverage.footprints import representative_points
from geo.spreadsheets import harmless
from geo.workspace import Run


class Level(StrEnum):
    """What one row or feature is."""

    SETTLEMENT = "settlement"
    DISTRICT = "district"


def to_csv(comparison: Comparison, level: str) -> bytes:
    """UTF-8 with a byte-order mark, so that spreadsheets read it; text that would be taken for a formula is quoted.

    By district a last row, of level ``all``, has the whole.
    """
    if level == Level.SETTLEMENT:
        points = representative_points(comparison.settlements.geometry)
        table = pd.DataFrame(comparison.settlements.drop(columns="geometry"))
        table = table.assign(lon=points.x.to_numpy(), lat=points.y.to_numpy())
    else:
        table = pd.DataFrame(comparison.districts.drop(columns="geometry"))
        whole = pd.DataFrame([dict(comparison.overall)])
        table = pd.concat([table.assign(level=str(Level.DISTRICT)), whole.assign(level="all")], ignore_index=True)
    table = table.assign(
        run_a=comparison.a.id,
        run_b=comparison.b.id,
        label_a=_label(comparison.a),
        label_b=_label(comparison.b),
        credits="; ".join(_credits(comparison)),
    )
    return harmless(table).to_csv(index=False, lineterminator="\r\n").encode("utf-8-sig")


def to_geojson(comparison: Comparison, level: str) -> bytes:
    """A FeatureCollection; the runs, what they rest on, all totals and credits are members of it."""
    table = comparison.settlements if level == Level.SETTLEMENT else comparison.districts
    document = {
        "type": "FeatureCollection",
        "a": _about(comparison.a),
        "b": _about(comparison.b),
        "premises": [{"name": p.name, "a": p.a, "b": p.b} for p in comparison.premises],
        "overall": dict(comparison.overall),
        "districts": _records(comparison.districts.drop(columns="geometry")),
        "credits": _credits(comparison),
        "features": _features(table),
    }
    return orjson.dumps(document, option=orjson.OPT_SERIALIZE_NUMPY)


WRITERS: dict[str, Callable[[Comparison, str], bytes]] = {"csv": to_csv, "geojson": to_geojson}


def _features(table: gpd.GeoDataFrame) -> list[dict[str, Any]]:
    properties = _records(table.drop(columns="geometry"))
    geometries = [None if shape is None else shape.__geo_interface__ for shape in table.geometry]
    pairs = zip(properties, geometries, strict=True)
    return [{"type": "Feature", "id": p["kato"], "geometry": shape, "properties": p} for p, shape in pairs]


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows as JSON has them: null for every kind of missing."""
    plain = table.astype(object)
    names = [str(name) for name in plain.columns]
    return [dict(zip(names, row, strict=True)) for row in plain.where(plain.notna(), None).itertuples(index=False)]


def _about(run: Run) -> dict[str, Any]:
    return {"run": run.id, **{key: run.manifest.get(key) for key in ("created_at", "scenario", "label")}}


def _label(run: Run) -> str:
    label = run.manifest.get("label")
    return " / ".join(label.values()) if label else ""


def _credits(comparison: Comparison) -> list[str]:
    both = [*comparison.a.manifest.get("credits", ()), *comparison.b.manifest.get("credits", ())]
    return list(dict.fromkeys(both))
