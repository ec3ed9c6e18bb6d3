"""From cells to levels: budget by hand, terrain, sectors, best servers, and bad sites."""

from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import rasterio
import shapely
from affine import Affine

from geo.errors import LimitExceeded, ValueRejected
from geo.propagation.antennas import Pattern, sector_attenuation_db
from geo.propagation.area import SMOOTH_EARTH, TERRAIN
from geo.propagation.cells import complete_cells
from geo.propagation.levels import best_servers, levels
from geo.propagation.p1812 import basic_transmission_loss
from geo.propagation.terrain import Terrain
from geo.propagation.window import VOID_M, TerrainWindow, ground_m, plane_km, site_frame
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
        assert part.path.tolist() == [SMOOTH_EARTH, TERRAIN]


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


def test_a_bad_cell_is_named_by_file_and_row_even_after_rows_without_a_carrier() -> None:
    listed = sites({"technology": "ftth"}, {}, {"band_mhz": 100_000})
    with pytest.raises(LimitExceeded) as caught:
        complete_cells(listed, file="masts.csv")
    (problem,) = caught.value.problems
    assert (problem.file, problem.row, problem.column, problem.value) == ("masts.csv", 3, "band_mhz", 100_000)


def test_a_duplicate_cell_is_refused() -> None:
    with pytest.raises(ValueRejected, match="cell_id"):
        sites({"cell_id": "X"}, {"cell_id": "X"})


def test_cells_of_one_mast_height_and_band_share_one_loss() -> None:
    cells, _ = complete_cells(sites({"technology": "2g"}, {"technology": "3g"}, {"technology": "4g"}))
    parts = list(levels(cells, *receivers((90.0, 10.0)), None, CLIMATE))
    assert [part.cell.tolist() for part in parts] == [[0, 1], [2]]  # both of 900 MHz, then 800 MHz
    # the same carrier's power; the pilot has a tenth of it
    assert parts[0].level_dbm[0, 0] - parts[0].level_dbm[1, 0] == pytest.approx(10.0, abs=1e-12)


def test_terrain_is_read_once_for_a_mast_and_not_for_masts_out_of_reach(tmp_path: Path) -> None:
    cells, _ = complete_cells(
        sites({"technology": "2g"}, {"technology": "4g"}, {"technology": "5g"}, {"at": (LON + 3.0, LAT)})
    )
    read = []
    with Terrain([dem(tmp_path / "flat.tif", np.full((240, 240), 100.0))]) as terrain:
        original = terrain.window
        terrain.window = lambda *where: read.append(where) or original(*where)  # type: ignore[method-assign]
        list(levels(cells, *receivers((90.0, 10.0)), terrain, CLIMATE))
    assert [where[:2] for where in read] == [(LON, LAT)]


def test_reach_is_that_of_each_technology_and_crosses_the_antimeridian() -> None:
    at = (179.9, 60.0)
    cells, _ = complete_cells(sites({"technology": "2g", "at": at}, {"technology": "5g", "at": at}))
    metres = np.array([14_900.0, 15_100.0, 34_900.0, 35_100.0])
    lon, lat, _ = GEOD.fwd(np.full(4, at[0]), np.full(4, at[1]), np.full(4, 90.0), metres)
    assert lon[3] < 0
    reached = {int(part.cell[0]): part.receiver.tolist() for part in levels(cells, lon, lat, None, CLIMATE)}
    assert reached == {0: [0, 1, 2], 1: [0]}


def test_an_omnidirectional_antenna_stays_so_whatever_its_azimuth() -> None:
    site = sites({"pattern": "OMNI", "azimuth_deg": 90.0})
    assert level(site, (270.0, 10.0)) == pytest.approx(level(site, (90.0, 10.0)), abs=0.01)


def test_elevation_counts_the_ground_at_both_ends(tmp_path: Path) -> None:
    hill = np.full((240, 240), 100.0)
    hill[118:122, 118:122] = 300.0  # the mast stands 200 m above the receiver's ground
    turned = {"azimuth_deg": 90.0, "tilt_deg": 0.0, "beamwidth_deg": 360.0}
    with Terrain([dem(tmp_path / "hill.tif", hill)]) as terrain:
        omni, sector = (level(sites(row), (90.0, 3.0), terrain) for row in ({"pattern": "omni"}, turned))
    # 228.5 m down and 0.5 m of curvature over 3 km: −4.36°, so 12 · (4.36 / 10)² = 2.29 dB
    assert omni - sector == pytest.approx(2.29, abs=0.02)


def test_tables_turn_with_the_azimuth_and_tilt(tmp_path: Path) -> None:
    table = Pattern(
        (np.array([0.0, 90.0, 180.0, 270.0]), np.array([0.0, 10.0, 30.0, 10.0])),
        (np.array([-10.0, 0.0, 10.0]), np.array([8.0, 0.0, 8.0])),
    )
    row = {"pattern": "panel.csv", "azimuth_deg": 359.0, "tilt_deg": 5.0}
    cells, _ = complete_cells(sites(row, {"pattern": "omni"}), {"panel.csv": table})
    parts = list(levels(cells, *receivers((1.0, 20.0), (89.0, 20.0)), None, CLIMATE, patterns={"panel.csv": table}))
    (part,) = parts
    lost = part.level_dbm[1] - part.level_dbm[0]
    # seen from the mast the receivers lie 28.5 m and 24 m of curvature below the horizon: −0.15°
    tilted = 8.0 * (5.0 - 0.15) / 10.0
    assert lost == pytest.approx([10.0 * 2.0 / 90.0 + tilted, 10.0 + tilted], abs=0.02)


def test_no_cliff_where_paths_leave_the_dem(tmp_path: Path) -> None:
    cells, _ = complete_cells(sites({"at": (LON + 0.4, LAT)}))
    km = np.linspace(5.0, 9.0, 81)  # the DEM ends 7.3 km east of the mast
    lon, lat, _ = GEOD.fwd(np.full(81, LON + 0.4), np.full(81, LAT), np.full(81, 90.0), km * 1000.0)
    with Terrain([dem(tmp_path / "flat.tif", np.full((240, 240), 900.0))]) as terrain:
        (part,) = levels(cells, np.asarray(lon), np.asarray(lat), terrain, CLIMATE)
    assert set(part.path) == {TERRAIN, SMOOTH_EARTH}
    assert np.abs(np.diff(part.level_dbm[0])).max() < 0.5


def test_one_thread_gives_the_same_bits_as_all(tmp_path: Path) -> None:
    numba = pytest.importorskip("numba")
    rng = np.random.default_rng(3)
    cells, _ = complete_cells(sites({"azimuth_deg": 10.0}))
    lon, lat = LON + rng.uniform(-0.3, 0.3, 12_000), LAT + rng.uniform(-0.2, 0.2, 12_000)
    heights = rng.uniform(100.0, 300.0, (240, 240))
    usual = numba.get_num_threads()
    found = []
    with Terrain([dem(tmp_path / "rough.tif", heights)]) as terrain:
        for threads in (1, usual):
            numba.set_num_threads(threads)
            (part,) = levels(cells, lon, lat, terrain, CLIMATE)
            found.append(part.level_dbm.tobytes())
            assert numba.get_num_threads() == threads
    assert found[0] == found[1]


def test_plane_is_true_in_distance_and_azimuth() -> None:
    frame = site_frame(None, LON, LAT, 40.0)
    lon, lat = receivers((0.0, 35.0), (123.0, 20.0), (300.0, 1.0))
    east, north = plane_km(frame, lon, lat)
    assert np.hypot(east, north) == pytest.approx([35.0, 20.0, 1.0], abs=0.001)
    assert np.degrees(np.arctan2(east, north)) % 360.0 == pytest.approx([0.0, 123.0, 300.0], abs=0.01)


def test_ground_is_bilinear_and_unknown_at_voids_and_outside() -> None:
    heights = np.array([[0.0, 10.0, 20.0], [40.0, 50.0, 60.0], [80.0, 90.0, VOID_M]], dtype=np.float32)
    window = TerrainWindow(heights, (1.0, 0.0, 10.0, 0.0, -1.0, 53.0), "EPSG:4326", 1.0, "test")
    lon, lat = np.array([10.5, 11.0, 11.5, 12.5, 12.2, 9.0]), np.array([52.5, 52.0, 50.5, 50.5, 50.8, 52.0])
    found = ground_m(window, lon, lat)
    assert found[:3] == pytest.approx([0.0, 25.0, 90.0])
    assert np.isnan(found[3:]).all()
