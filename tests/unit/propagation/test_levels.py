"""From cells to levels: budget by hand, terrain, sectors, best servers, and bad sites."""

from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import rasterio
import shapely
from affine import Affine

from geo.errors import LimitExceeded, ValueRejected
from geo.propagation.antennas import sector_attenuation_db
from geo.propagation.levels import best_servers, complete_cells, levels
from geo.propagation.p1812 import basic_transmission_loss
from geo.propagation.terrain import Terrain
from geo.region import GEOD, RadioClimate
from geo.tables.schema import WGS84, conform
from geo.tables.sites import SITES

CLIMATE = RadioClimate(delta_n=37.0, n0=316.0)
LON, LAT = 57.0, 49.0


def sites(*rows: dict[str, object]) -> gpd.GeoDataFrame:
    """Sites at (LON, LAT) unless a row says `at`."""
    full = [
        {"site_id": "A", "cell_id": f"A{i}", "technology": "4g", "at": (LON, LAT), **row} for i, row in enumerate(rows)
    ]
    points = [shapely.Point(row.pop("at")) for row in full]
    return conform(gpd.GeoDataFrame(full, geometry=points, crs=WGS84), SITES, file="test")


def receivers(*polar: tuple[float, float]) -> tuple[np.ndarray, np.ndarray]:
    """Receivers at (azimuth in degrees, km) from the site."""
    lon, lat, _ = zip(*(GEOD.fwd(LON, LAT, azimuth, km * 1000) for azimuth, km in polar), strict=True)
    return np.array(lon), np.array(lat)


def level(site: gpd.GeoDataFrame, polar: tuple[float, float], terrain: Terrain | None = None) -> float:
    cells, _ = complete_cells(site)
    (part,) = levels(cells, *receivers(polar), terrain, CLIMATE)
    return float(part.level_dbm[0, 0])


def dem(path: Path, heights: np.ndarray, nodata: float = -32768.0) -> Path:
    """Heights over one degree around the site, row 0 in the north."""
    rows, columns = heights.shape
    transform = Affine(1.0 / columns, 0, LON - 0.5, 0, -1.0 / rows, LAT + 0.5)
    options = {"driver": "GTiff", "width": columns, "height": rows, "count": 1, "dtype": "float32", "crs": "EPSG:4326"}
    with rasterio.open(path, "w", transform=transform, nodata=nodata, **options) as raster:
        raster.write(heights.astype("float32"), 1)
    return path


def test_rsrp_by_hand_over_smooth_earth() -> None:
    # EIRP 60 dBm over 10 MHz = 50 resource blocks: 60 − 10·log10(600) − L
    found = level(sites({"eirp_dbm": 60, "bandwidth_mhz": 10, "band_mhz": 800, "height_m": 40}), (90.0, 10.0))
    lon, lat = receivers((90.0, 10.0))
    loss = basic_transmission_loss(
        np.arange(41) * 0.25,
        np.zeros(41),
        frequency_ghz=0.8,
        time_percent=50,
        tx_height_m=40,
        rx_height_m=1.5,
        tx_lat=LAT,
        tx_lon=LON,
        rx_lat=lat[0],
        rx_lon=lon[0],
        delta_n=37,
        n0=316,
    )
    assert found == pytest.approx(60 - 27.7815 - loss, abs=1e-3)


@pytest.mark.parametrize(
    ("technology", "bandwidth", "below"),
    [("2g", 0.2, 0.0), ("3g", 5, 10.0), ("4g", 20, 30.7918), ("4g", 7, 24.7712), ("5g", 100, 35.1534)],
)
def test_level_below_the_carrier(technology: str, bandwidth: float, below: float) -> None:
    cells, _ = complete_cells(sites({"technology": technology, "bandwidth_mhz": bandwidth}))
    assert cells["below_eirp_db"].iloc[0] == pytest.approx(below, abs=1e-3)


def test_what_a_site_list_leaves_out_is_assumed_and_said() -> None:
    cells, notes = complete_cells(sites({"eirp_dbm": 50}, {"technology": "ftth"}))
    assert cells[["eirp_dbm", "height_m", "band_mhz", "bandwidth_mhz"]].iloc[0].tolist() == [50, 30, 800, 10]
    assert len(cells) == 1
    assert any("height_m is not given for 1 cells" in note for note in notes)
    assert any("without a radio carrier" in note for note in notes)
    assert not any("eirp_dbm" in note for note in notes)


def test_a_sector_is_continuous_across_north() -> None:
    site = {"azimuth_deg": 359.0, "beamwidth_deg": 65.0}
    west, east = (level(sites(site), (359.0 + off, 10.0)) for off in (-2.0, 2.0))
    assert west == pytest.approx(east, abs=0.02)
    assert sector_attenuation_db(np.array([2.0, -358.0]), np.zeros(2)) == pytest.approx([0.0098, 0.0098], abs=1e-4)


def test_a_sector_is_weaker_behind_by_its_greatest_attenuation() -> None:
    ahead, behind = (level(sites({"azimuth_deg": 90.0}), (azimuth, 10.0)) for azimuth in (90.0, 270.0))
    assert ahead - behind == pytest.approx(25.0, abs=0.1)


def test_an_antenna_on_a_hill_reaches_farther_and_a_ridge_darkens(tmp_path: Path) -> None:
    flat = np.full((240, 240), 100.0)
    hill, ridge = flat.copy(), flat.copy()
    hill[118:122, 118:122] = 300.0
    ridge[:, 132:135] = 400.0  # about 4 km east of the site
    at = (90.0, 15.0)
    found = []
    for name, heights in (("flat", flat), ("hill", hill), ("ridge", ridge)):
        with Terrain([dem(tmp_path / f"{name}.tif", heights)]) as terrain:
            found.append(level(sites({}), at, terrain))
    assert found[1] > found[0] + 3
    assert found[2] < found[0] - 20


def test_a_path_across_a_void_or_the_edge_is_smooth_earth_without_a_cliff(tmp_path: Path) -> None:
    heights = np.full((240, 240), 100.0)
    heights[:, 150:190] = -32768.0
    smooth = level(sites({}), (90.0, 20.0))
    with Terrain([dem(tmp_path / "void.tif", heights)]) as terrain:
        assert level(sites({}), (90.0, 20.0), terrain) == pytest.approx(smooth, abs=1e-9)
        assert level(sites({"at": (LON + 0.45, LAT)}), (90.0, 20.0), terrain) < 0
        cells, _ = complete_cells(sites({}))
        (part,) = levels(cells, *receivers((90.0, 20.0), (270.0, 20.0)), terrain, CLIMATE)
        assert part.over_terrain.tolist() == [False, True]


def test_a_receiver_at_the_mast_itself_has_a_finite_level() -> None:
    cells, _ = complete_cells(sites({}))
    (part,) = levels(cells, np.array([LON]), np.array([LAT]), None, CLIMATE)
    assert np.isfinite(part.level_dbm).all()


def test_the_best_server_is_the_strongest_and_a_tie_goes_to_the_first_cell() -> None:
    cells, _ = complete_cells(sites({"eirp_dbm": 50}, {"eirp_dbm": 60}, {"eirp_dbm": 60}, {"technology": "2g"}))
    lon, lat = receivers((0.0, 5.0), (0.0, 100.0))
    service = np.array([0, 0, 0, 1])
    best = best_servers(service, levels(cells, lon, lat, None, CLIMATE), 2, services=2)
    assert best.cell.tolist() == [[1, -1], [3, -1]]
    assert np.isnan(best.level_dbm[:, 1]).all()


@pytest.mark.parametrize(
    ("row", "error", "named"),
    [
        ({"band_mhz": 100_000}, LimitExceeded, ["A0", "band_mhz", "6000"]),
        ({"pattern": "magic"}, ValueRejected, ["A0", "pattern", "magic"]),
        ({"pattern": "3gpp"}, ValueRejected, ["A0", "azimuth_deg"]),
        ({"height_m": 0}, ValueRejected, ["height_m", "0"]),
        ({"eirp_dbm": 500}, ValueRejected, ["eirp_dbm", "500"]),
        ({"technology": "7g"}, ValueRejected, ["technology", "7g"]),
    ],
)
def test_bad_sites_are_refused(row: dict[str, object], error: type[Exception], named: list[str]) -> None:
    with pytest.raises(error) as caught:
        complete_cells(sites(row))
    for word in named:
        assert word in str(caught.value)


def test_a_duplicate_cell_is_refused() -> None:
    with pytest.raises(ValueRejected, match="cell_id"):
        sites({"cell_id": "X"}, {"cell_id": "X"})
