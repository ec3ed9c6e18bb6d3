"""Clearance of the first Fresnel zone."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import rasterio
from rasterio.transform import Affine

from geo.errors import LimitExceeded
from geo.propagation.links import link_clearance
from geo.propagation.terrain import SMOOTH_EARTH, Terrain

# rasterio 1.4 multiplies transforms by an operator that affine 3.1 plans to give up
pytestmark = pytest.mark.filterwarnings("ignore:Use `@` matmul:PendingDeprecationWarning")

PIXEL = 1.0 / 1200.0


@pytest.fixture
def ridge(tmp_path: Path) -> Iterator[Terrain]:
    """A plain at 100 m with a north-south ridge of 160 m at 57.25° E, half a degree square."""
    heights = np.full((600, 600), 100.0, dtype=np.float32)
    heights[:, 298:302] = 160.0
    path = tmp_path / "ridge.tif"
    with rasterio.open(
        path, "w", driver="GTiff", width=600, height=600, count=1, dtype="float32", crs="EPSG:4326",
        transform=Affine(PIXEL, 0.0, 57.0, 0.0, -PIXEL, 50.0),
    ) as dataset:  # fmt: skip
        dataset.write(heights, 1)
    with Terrain([path]) as terrain:
        yield terrain


def test_the_ridge_is_found_and_the_lift_clears_it(ridge: Terrain) -> None:
    ends = {"tx_lon": [57.1], "tx_lat": [49.75], "rx_lon": [57.4], "rx_lat": [49.75]}
    low = link_clearance(ridge, **ends, frequency_ghz=6.0, tx_height_m=30.0, rx_height_m=30.0, step_km=0.05)
    assert not low.in_sight[0]
    assert not low.clear[0]
    assert low.obstacle_lon[0] == pytest.approx(57.25, abs=0.003)
    assert low.obstacle_lat[0] == pytest.approx(49.75, abs=0.001)
    assert low.obstacle_m[0] == pytest.approx(160.0)
    # by hand: half way on 21.6 km the bulge is 500·10.8²/8494.67 = 6.87 m and the radius √(299.79/6·10.8²/21.6)
    distance = low.distance_km[0]
    bulge = 500.0 * (distance / 2) ** 2 / (6371.0 * 4 / 3)
    radius = np.sqrt(299.792458 / 6.0 * distance / 4.0)
    assert low.fresnel_radius_m[0] == pytest.approx(radius, rel=1e-3)
    assert low.clearance_m[0] == pytest.approx(130.0 - 160.0 - bulge, abs=0.05)
    assert low.ratio[0] == pytest.approx((-30.0 - bulge) / radius, rel=1e-2)
    lifted = 30.0 + float(low.lift_m[0])
    high = link_clearance(
        ridge, **ends, frequency_ghz=6.0, tx_height_m=lifted + 1e-6, rx_height_m=lifted + 1e-6, step_km=0.05
    )
    assert high.clear[0]
    assert high.ratio[0] == pytest.approx(0.6, abs=1e-3)
    assert high.lift_m[0] == 0.0


def test_thousands_of_pairs_at_once(ridge: Terrain) -> None:
    rng = np.random.default_rng(1)
    count = 3000
    lon, lat = rng.uniform(57.02, 57.48, (2, count)), rng.uniform(49.52, 49.98, (2, count))
    result = link_clearance(
        ridge, lon[0], lat[0], lon[1], lat[1], frequency_ghz=7.5, tx_height_m=25.0, rx_height_m=25.0, step_km=0.2
    )
    crosses = (lon.min(axis=0) < 57.2) & (lon.max(axis=0) > 57.3)
    assert not result.in_sight[crosses].any()
    one_side = (lon.max(axis=0) < 57.24) & (result.distance_km < 5.0)
    assert result.in_sight[one_side].all()
    single = link_clearance(
        ridge, lon[0, 7], lat[0, 7], lon[1, 7], lat[1, 7], frequency_ghz=7.5, tx_height_m=25.0, rx_height_m=25.0,
        step_km=0.2,
    )  # fmt: skip
    assert single.ratio[0] == result.ratio[7]
    assert single.obstacle_km[0] == result.obstacle_km[7]


def test_outside_the_terrain_the_earth_itself_is_the_obstacle(ridge: Terrain) -> None:
    result = link_clearance(
        ridge, [60.0], [52.0], [60.9], [52.0], frequency_ghz=7.5, tx_height_m=20.0, rx_height_m=20.0
    )
    assert result.terrain.tolist() == [SMOOTH_EARTH]
    assert not result.in_sight[0]
    assert result.obstacle_m[0] == 0.0
    assert result.obstacle_km[0] == pytest.approx(result.distance_km[0] / 2, abs=0.2)


def test_no_links_give_no_results(ridge: Terrain) -> None:
    result = link_clearance(ridge, [], [], [], [], frequency_ghz=7.5, tx_height_m=20.0, rx_height_m=20.0)
    assert result.ratio.shape == (0,)


def test_bad_links_are_refused(ridge: Terrain) -> None:
    ends = ([57.1], [49.7], [57.2], [49.7])
    with pytest.raises(LimitExceeded, match="frequency_ghz"):
        link_clearance(ridge, *ends, frequency_ghz=0.0, tx_height_m=20.0, rx_height_m=20.0)
    with pytest.raises(LimitExceeded, match="tx_height_m"):
        link_clearance(ridge, *ends, frequency_ghz=7.0, tx_height_m=-1.0, rx_height_m=20.0)
    with pytest.raises(LimitExceeded, match="must differ"):
        link_clearance(ridge, [57.1], [49.7], [57.1], [49.7], frequency_ghz=7.0, tx_height_m=20.0, rx_height_m=20.0)
