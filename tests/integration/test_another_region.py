"""A region of the southern and western hemispheres, by flags alone, with classes worked out by hand.

Standard kz: confidence 0.7. A declared area is believed 0.84 inside and 0.05 outside, the edge being uncertain by
0.5 km; a signal's σ is hypot(5.5, 6.0) = 8.14 dB.
"""

from pathlib import Path

import geopandas as gpd
import numpy as np
import orjson
import pandas as pd
import pytest
import rasterio
import shapely
from affine import Affine
from pyproj import Transformer

from geo.access.analysis import analyse
from geo.access.layers import AnalysisInputs
from geo.workspace import Run, Workspace

WEST, EAST = "810000000", "820000000"
SQUARE = shapely.box(-68.5, -33.5, -68.0, -33.0)  # about 47 km by 55 km
HOLE = shapely.box(-68.3, -33.3, -68.2, -33.2)
NEIGHBOUR = shapely.box(-68.1, -33.5, -67.8, -33.0)
ISLANDS = shapely.MultiPolygon([shapely.box(-67.5, -33.5, -67.4, -33.4), shapely.box(-67.2, -33.2, -67.0, -33.0)])

PLACES = {
    # name: (lon, lat, class with 4G polygons and a 2G disc of operator "a", hand-worked)
    "inside": (-68.40, -33.40, "served"),  # 9 km from any edge: P = 0.84
    "on the edge": (-68.50, -33.25, "unknown"),  # P = (0.05 + 0.84) / 2 = 0.445
    "in the hole": (-68.25, -33.25, "unserved"),  # 4.6 km from the hole's edge: P = 0.05
    "in two polygons": (-68.05, -33.25, "served"),
    "on an edge inside the other polygon": (-68.00, -33.25, "served"),  # the union has no edge there
    "in the second island": (-67.10, -33.10, "served"),
    "between the islands": (-67.35, -33.30, "unserved"),
    "just inside": (-68.50 + 0.9 / 92.9, -33.25, "served"),  # 0.9 km inside: P = 0.05 + 0.79·Φ(1.7) = 0.80
    "just outside": (-68.50 - 0.9 / 92.9, -33.25, "unserved"),  # 0.9 km outside: P = 0.09
    "voice only": (-67.60, -33.05, "voice_only"),  # the 2G area alone
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("region")


@pytest.fixture(scope="module")
def boundaries(folder: Path) -> Path:
    path = folder / "cuyo.gpkg"
    districts = [shapely.box(-69, -34, -67.7, -32.8), shapely.box(-67.7, -34, -66.9, -32.8)]
    frame = gpd.GeoDataFrame({"kato": [WEST, EAST], "name_en": ["West", "East"]}, geometry=districts, crs="EPSG:4326")
    # a projected CRS of its own: the southern zone 19
    frame.to_crs("EPSG:32719").to_file(path)
    return path


def settlements(folder: Path, places: dict[str, tuple[float, float]]) -> Path:
    path = folder / f"{len(places)}-places.geojson"
    gpd.GeoDataFrame(
        {
            "kato": [f"8100001{i:02d}" for i in range(len(places))],
            "name_en": list(places),
            "population": 300,
        },
        geometry=[shapely.Point(lon, lat) for lon, lat in places.values()],
        crs="EPSG:4326",
    ).to_file(path)
    return path


def by_name(run: Run) -> pd.DataFrame:
    return run.table("gaps").set_index("name_en")


@pytest.fixture(scope="module")
def by_polygons(folder: Path, boundaries: Path) -> pd.DataFrame:
    coverage = folder / "coverage.gpkg"
    gpd.GeoDataFrame(
        {"operator": "a", "technology": ["4g", "4g", "4g", "2g"], "as_of": "2025-06-01"},
        geometry=[
            SQUARE.difference(HOLE),
            NEIGHBOUR,
            ISLANDS,
            shapely.box(-67.7, -33.15, -67.5, -32.95),
        ],
        crs="EPSG:4326",
    ).to_crs("EPSG:22182").to_file(coverage)  # POSGAR 94 / Argentina 2
    inputs = AnalysisInputs(
        settlements=settlements(folder, {name: place[:2] for name, place in PLACES.items()}),
        boundaries=boundaries,
        coverage=(coverage,),
    )
    return by_name(analyse(inputs, Workspace(folder / "polygons")))


@pytest.mark.parametrize("name", PLACES)
def test_class_by_polygons(by_polygons: pd.DataFrame, name: str) -> None:
    assert by_polygons.loc[name, "service_class"] == PLACES[name][2]


def test_probabilities_worked_out_by_hand(by_polygons: pd.DataFrame) -> None:
    probability = by_polygons["probability_served"]
    assert probability["inside"] == pytest.approx(0.84, abs=1e-4)
    assert probability["on the edge"] == pytest.approx(0.445, abs=0.005)
    assert probability["in the hole"] == pytest.approx(0.05, abs=1e-4)
    # R = 0.56·0.3^0.4 = 0.346 km; spread hypot(0.5, 0.173) = 0.529 km; Φ(0.9 / 0.529) = 0.9556
    assert probability["just inside"] == pytest.approx(0.05 + 0.79 * 0.9556, abs=0.01)


def test_edge_and_absence_are_explained(by_polygons: pd.DataFrame) -> None:
    def codes(name: str) -> list[str]:
        return [reason["code"] for reason in orjson.loads(by_polygons.loc[name, "reasons"])]

    assert "edge_of_coverage" in codes("on the edge")
    assert "no_service_claimed" in codes("in the hole")
    assert "missing_technology" in codes("voice only")
    assert "nothing_known" not in codes("in the hole")


def test_districts_are_found_by_position_and_the_projection_is_the_regions_own(
    by_polygons: pd.DataFrame, folder: Path
) -> None:
    assert by_polygons.loc["inside", "district_kato"] == WEST
    assert by_polygons.loc["in the second island", "district_kato"] == EAST
    manifest = Workspace(folder / "polygons").find("current").manifest
    assert "+proj=laea +lat_0=-33." in manifest["region"]["crs"]
    assert manifest["region"]["name"]["en"] == "cuyo"
    assert not any("OpenStreetMap" in credit for credit in manifest["credits"])


RASTER_PLACES = {
    # name: (lon, lat, level in dBm or None for nodata, class against −110 dBm)
    "strong": (-68.40, -33.40, -90.0, "served"),  # Φ(20 / 8.14) = 0.993
    "weak": (-68.20, -33.40, -130.0, "unserved"),  # Φ(−20 / 8.14) = 0.007
    "at the threshold": (-68.00, -33.40, -110.0, "unknown"),  # Φ(0) = 0.5
    "just enough": (-67.80, -33.40, -105.0, "served"),  # Φ(5 / 8.14) = 0.730
    "on nodata": (-68.40, -33.20, None, "unknown"),
}
OUTSIDE_RASTER = (-66.95, -32.85)


@pytest.fixture(scope="module")
def by_raster(folder: Path, boundaries: Path) -> pd.DataFrame:
    """A raster of 1 km pixels in UTM 19S around the places; pixels without a level are nodata."""
    to_utm = Transformer.from_crs("EPSG:4326", "EPSG:32719", always_xy=True)
    left, top = to_utm.transform(-68.6, -33.1)
    levels = np.full((60, 110), -9999.0, dtype="float32")
    for lon, lat, level, _ in RASTER_PLACES.values():
        if level is not None:
            x, y = to_utm.transform(lon, lat)
            levels[int((top - y) // 1000), int((x - left) // 1000)] = level
    path = folder / "signal.tif"
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        width=110,
        height=60,
        count=1,
        dtype="float32",
        nodata=-9999.0,
        crs="EPSG:32719",
        transform=Affine(1000, 0, left, 0, -1000, top),
    ) as raster:
        raster.write(levels, 1)
        raster.update_tags(operator="b", technology="4g", quantity="dbm", basis="modelled")
    places = {name: place[:2] for name, place in RASTER_PLACES.items()} | {"outside the raster": OUTSIDE_RASTER}
    inputs = AnalysisInputs(settlements=settlements(folder, places), boundaries=boundaries, coverage=(path,))
    return by_name(analyse(inputs, Workspace(folder / "raster")))


@pytest.mark.parametrize("name", RASTER_PLACES)
def test_class_by_raster(by_raster: pd.DataFrame, name: str) -> None:
    _, _, level, expected = RASTER_PLACES[name]
    assert by_raster.loc[name, "service_class"] == expected
    if level is not None:
        assert by_raster.loc[name, "signal_dbm"] == level


def test_outside_a_raster_and_on_its_nodata_nothing_is_known(by_raster: pd.DataFrame) -> None:
    for name in ("outside the raster", "on nodata"):
        row = by_raster.loc[name]
        assert row["service_class"] == "unknown"
        assert pd.isna(row["probability_served"])
        assert pd.isna(row["people_without"])
        assert "nothing_known" in row["reasons"]


def test_distance_to_the_nearest_served_place_is_geodesic(by_raster: pd.DataFrame) -> None:
    # 0.2° of longitude at 33.4° S: 111.320·cos(33.4°)·0.2 ≈ 18.6 km
    assert by_raster.loc["weak", "nearest_served_km"] == pytest.approx(18.60, abs=0.05)
    assert by_raster.loc["strong", "nearest_served_km"] == 0
