"""A workspace and something to publish in it."""

from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pytest
from shapely import Point, box

from geo.workspace import Workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """A workspace whose folder is not there yet."""
    return Workspace(tmp_path / "deep" / "var")


@pytest.fixture
def tables() -> dict[str, pd.DataFrame]:
    """A table with points and gaps, one with areas, one without geometry."""
    settlements = gpd.GeoDataFrame(
        {
            "kato": ["153234100", "153234200", "153234300"],
            "name_kk": ["Бестамақ", None, "<img src=x>"],
            "is_okrug_centre": [True, False, False],
            "population": pd.array([1200, None, 0], dtype="Int64"),
            "score": [12.5, None, 100.0],
        },
        geometry=[Point(57, 50), None, Point(-70, -20)],
        crs=4326,
    ).astype({"kato": "str", "name_kk": "str"})
    districts = gpd.GeoDataFrame({"kato": ["153200000"]}, geometry=[box(56, 49, 58, 51)], crs=4326)
    service = pd.DataFrame({"kato": ["153234100"] * 2, "probability_served": [0.1, 0.2]})
    return {"settlements": settlements, "districts": districts, "service": service}


@pytest.fixture
def manifest() -> dict[str, Any]:
    """What an analysis states of itself."""
    return {
        "inputs": [{"kind": "settlements", "file": "places.geojson", "sha256": "ab" * 32, "credit": "© X"}],
        "parameters": {"standard": "kz", "seed": 1, "share": 0.1},
        "summary": {"settlements": 3},
    }
