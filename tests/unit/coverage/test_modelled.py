"""Evidence from sites: probabilities by hand, what lies out of reach, areas, and notes on where cells stand."""

from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import rasterio
import shapely
from affine import Affine
from scipy.stats import norm

from geo.coverage.footprints import footprints
from geo.coverage.modelled import Modelled, model_sites
from geo.coverage.reliability import load_reliability
from geo.region import Region, RegionProfile
from geo.standards import load_standard
from geo.tables.schema import WGS84, conform
from geo.tables.settlements import SETTLEMENTS
from geo.tables.sites import SITES

MAST = (57.0, 49.0)
BOX = shapely.box(56.3, 48.6, 57.7, 49.4)
PLACES = {"at the mast": MAST, "near": (57.1, 49.0), "beyond the DEM": (57.3, 49.0), "out of reach": (56.35, 48.65)}


@pytest.fixture(scope="module")
def region() -> Region:
    districts = gpd.GeoDataFrame({"kato": ["1"]}, geometry=[BOX], crs=WGS84)
    return Region.from_districts(districts, RegionProfile(names={"en": "Box", "ru": "Box", "kk": "Box"}))


@pytest.fixture(scope="module")
def dem(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Level ground at 200 m from 56.8° to 57.2° E."""
    path = tmp_path_factory.mktemp("dem") / "level.tif"
    options = {"driver": "GTiff", "width": 48, "height": 96, "count": 1, "dtype": "int16", "crs": "EPSG:4326"}
    with rasterio.open(path, "w", transform=Affine(1 / 120, 0, 56.8, 0, -1 / 120, 49.4), **options) as raster:
        raster.write(np.full((96, 48), 200, dtype="int16"), 1)
    return path


def sites(*rows: dict[str, Any]) -> gpd.GeoDataFrame:
    full = [{"site_id": "M", "cell_id": f"c{i}", "technology": "4g", "at": MAST, **row} for i, row in enumerate(rows)]
    points = [shapely.Point(row.pop("at")) for row in full]
    return conform(gpd.GeoDataFrame(full, geometry=points, crs=WGS84), SITES, file="test")


def model(region: Region, terrain: list[Path], *rows: dict[str, Any], standard: str = "kz") -> Modelled:
    frame = gpd.GeoDataFrame(
        {"kato": [str(100_000_000 + i) for i in range(len(PLACES))], "name_en": list(PLACES)},
        geometry=[shapely.Point(at) for at in PLACES.values()],
        crs=WGS84,
    )
    for name in ("name_kk", "name_ru"):
        frame[name] = frame["name_en"]
    places = footprints(conform(frame, SETTLEMENTS, file="test"), region)
    rule, _ = load_standard(standard)
    return model_sites(sites(*rows), terrain, places, region, rule, load_reliability(), scenario=None)


@pytest.fixture(scope="module")
def modelled(region: Region, dem: Path) -> Modelled:
    return model(region, [dem], {"operator": "a"}, {"operator": "b", "technology": "5g", "band_mhz": 3600})


def evidence(modelled: Modelled, operator: str) -> pd.DataFrame:
    rows = modelled.evidence[modelled.evidence["operator"] == operator]
    return rows.assign(place=np.array(list(PLACES))[rows["row"]]).set_index("place")


def test_every_settlement_of_the_region_has_a_row_for_every_operator_and_technology(modelled: Modelled) -> None:
    assert len(modelled.evidence) == 2 * len(PLACES)
    assert set(modelled.evidence["basis"]) == {"modelled"}


def test_probability_is_that_of_the_level_by_hand(modelled: Modelled) -> None:
    near = evidence(modelled, "a").loc["near"]
    # the kz standard asks for −110 dBm; σ = hypot(5.5, 6.0) dB
    assert near["probability_served"] == pytest.approx(norm.cdf((near["signal_dbm"] + 110.0) / np.hypot(5.5, 6.0)))
    assert near["probability_any"] == near["probability_served"]


def test_out_of_reach_no_service_is_claimed(modelled: Modelled) -> None:
    row = evidence(modelled, "a").loc["out of reach"]
    assert np.isnan(row["signal_dbm"])
    assert row["probability_served"] == load_reliability().outside
    # 5G is looked at to 15 km only
    assert np.isnan(evidence(modelled, "b").loc["beyond the DEM", "signal_dbm"])


def test_each_row_says_what_its_path_was_worked_out_over(modelled: Modelled) -> None:
    assert evidence(modelled, "a")["source"].to_dict() == {
        "at the mast": "free space, nearer than 0.25 km",
        "near": "ITU-R P.1812-8 over level.tif (752 m)",
        "beyond the DEM": "ITU-R P.1812-8 over smooth earth",
        "out of reach": "ITU-R P.1812-8: no cell in reach",
    }
    assert dict(modelled.paths) == {"terrain": 2, "smooth_earth": 1, "free_space": 2}


def test_areas_hold_the_mast_and_keep_to_the_region(modelled: Modelled, region: Region) -> None:
    areas = modelled.areas.set_index("technology")
    assert areas["threshold_dbm"].to_dict() == {"4g": -110.0, "5g": -110.0}
    assert areas.geometry.is_valid.all()
    assert areas.geometry.contains(shapely.Point(MAST)).all()
    assert areas.crs == WGS84
    # whole pixels whose centre lies inside
    assert areas.geometry.within(shapely.buffer(region.boundary, 0.02)).all()
    inside = areas.geometry["4g"].contains(gpd.GeoSeries([shapely.Point(at) for at in PLACES.values()]))
    strong = evidence(modelled, "a")["signal_dbm"].to_numpy() >= -110.0
    assert inside.tolist() == strong.tolist()


def test_the_same_sites_give_the_same_bytes(modelled: Modelled, region: Region, dem: Path) -> None:
    again = model(region, [dem], {"operator": "a"}, {"operator": "b", "technology": "5g", "band_mhz": 3600})
    pd.testing.assert_frame_equal(again.evidence, modelled.evidence, check_exact=True)
    assert again.areas.to_wkb().equals(modelled.areas.to_wkb())


def test_best_of_an_operators_cells_counts(region: Region) -> None:
    weak = evidence(model(region, [], {"operator": "a", "eirp_dbm": 40}), "a")
    both = evidence(model(region, [], {"operator": "a", "eirp_dbm": 40}, {"operator": "a", "eirp_dbm": 60}), "a")
    reached = weak["signal_dbm"].notna()
    assert (both["signal_dbm"] - weak["signal_dbm"])[reached].to_numpy() == pytest.approx(np.full(reached.sum(), 20.0))


def test_cells_are_listed_where_they_stand_outside(region: Region, dem: Path) -> None:
    found = model(region, [dem], {}, {"at": (57.5, 49.0)}, {"at": (57.75, 49.0)}, {"at": (49.0, 57.0)})
    told = "\n".join(found.notes)
    assert "1 cells stand outside the region (c2); they count where they reach into it" in told
    assert "1 cells stand far outside the region (c3); they reach nothing in it; are their positions right?" in told
    assert "3 cells stand outside the terrain (c1, c2, c3); their paths are smooth earth" in told


def test_technologies_without_a_level_in_the_standard_are_left_out_and_said(region: Region, tmp_path: Path) -> None:
    _, path = load_standard("kz")
    text = path.read_text(encoding="utf-8").replace(
        "5g = { voice = true, internet = true, threshold_dbm = -110.0, ", "5g = { voice = true, internet = true, "
    )
    (tmp_path / "mine.toml").write_text(text, encoding="utf-8")
    found = model(region, [], {}, {"technology": "5g"}, standard=str(tmp_path / "mine.toml"))
    assert set(found.evidence["technology"]) == {"4g"}
    assert "the standard sets no signal level for 1 cells; they are left out" in found.notes


def test_nothing_to_model_gives_no_evidence(region: Region) -> None:
    found = model(region, [], {"technology": "ftth"})
    assert found.evidence.empty
    assert found.areas.empty
    assert any("without a radio carrier" in note for note in found.notes)
