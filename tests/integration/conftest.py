"""A workspace to bring data into: one district of its own."""

import datetime as dt
import shutil
from pathlib import Path

import geopandas as gpd
import pytest
from shapely import box

from geo.access.analysis import analyse
from geo.access.layers import AnalysisInputs
from geo.ingest.kinds import Kind
from geo.workspace import Workspace
from geo.workspace.catalogue import Catalogue
from geo.workspace.intake import Wish, take_in

TODAY = dt.date(2026, 11, 1)


@pytest.fixture(scope="session")
def bundled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with the two runs of the bundled region; not to be changed."""
    folder = tmp_path_factory.mktemp("bundled") / "var"
    analyse(AnalysisInputs(), Workspace(folder))
    analyse(AnalysisInputs(scenario="okrug-centres"), Workspace(folder))
    return folder


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with one district of its own, 56–58° E, 49–51° N."""
    folder = tmp_path_factory.mktemp("prepared")
    district = gpd.GeoDataFrame({"kato": ["150000001"], "name_ru": ["Район"]}, geometry=[box(56, 49, 58, 51)], crs=4326)
    district.to_file(folder / "district.gpkg")
    wish = Wish("district")
    assert take_in(Kind.BOUNDARIES, folder / "district.gpkg", Catalogue(folder / "var"), wish, today=TODAY).is_accepted
    return folder / "var"


@pytest.fixture
def catalogue(tmp_path: Path, prepared: Path) -> Catalogue:
    """A copy of that workspace."""
    return Catalogue(Path(shutil.copytree(prepared, tmp_path / "var")))
