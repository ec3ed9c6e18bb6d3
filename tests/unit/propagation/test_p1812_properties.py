"""Properties that hold for every valid input."""

import subprocess
import sys
from typing import Any

import numba
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.propagation.p1812 import basic_transmission_loss, basic_transmission_loss_batch, intermediate_values

RELAXED = settings(max_examples=150, deadline=None)


def number(low: float, high: float) -> st.SearchStrategy[float]:
    return st.floats(low, high, allow_nan=False)


@st.composite
def profiles(draw: st.DrawFn, *, longest_km: float = 3000.0) -> tuple[np.ndarray, np.ndarray]:
    """Any spacing from even to very uneven, any terrain from flat to alpine."""
    count = draw(st.integers(3, 40))
    gaps = np.array(draw(st.lists(number(1e-3, 1.0), min_size=count - 1, max_size=count - 1)))
    distances = np.concatenate([[0.0], np.cumsum(gaps)])
    length = draw(st.one_of(number(0.25, 5.0), number(0.25, longest_km)))
    distances *= length / distances[-1]
    distances[-1] = length
    roughness = draw(st.sampled_from([0.0, 1.0, 100.0, 4000.0]))
    shape = draw(st.lists(number(-0.1, 1.0), min_size=count, max_size=count))
    return distances, roughness * np.array(shape)


@st.composite
def links(draw: st.DrawFn, **fixed: Any) -> dict[str, Any]:
    link = {
        "frequency_ghz": draw(number(0.03, 6.0)),
        "time_percent": draw(st.one_of(st.just(50.0), number(1.0, 50.0))),
        "tx_height_m": draw(st.one_of(number(1.0, 100.0), number(1.0, 3000.0))),
        "rx_height_m": draw(st.one_of(number(1.0, 10.0), number(1.0, 3000.0))),
        "tx_lat": draw(number(-80.0, 80.0)),
        "tx_lon": draw(number(-180.0, 180.0)),
        "rx_lat": draw(number(-80.0, 80.0)),
        "rx_lon": draw(number(-180.0, 180.0)),
        "delta_n": draw(number(10.0, 120.0)),
        "n0": draw(number(250.0, 400.0)),
        "polarization": draw(st.sampled_from(["horizontal", "vertical"])),
    }
    return link | fixed


def swapped(link: dict[str, Any]) -> dict[str, Any]:
    pairs = {"tx": "rx", "rx": "tx"}
    return {pairs.get(key[:2], key[:2]) + key[2:]: value for key, value in link.items()}


@RELAXED
@given(profiles(), links(), st.data())
def test_no_valid_input_gives_anything_but_a_finite_loss(
    profile: tuple[np.ndarray, np.ndarray], link: dict[str, Any], data: st.DataObject
) -> None:
    distances, heights = profile
    count = distances.size
    extra = {
        "zones": data.draw(st.lists(st.sampled_from([1, 3, 4]), min_size=count, max_size=count)),
        "clutter_m": data.draw(st.lists(number(0.0, 60.0), min_size=count, max_size=count)),
        "location_percent": data.draw(number(1.0, 99.0)),
        "sigma_location_db": data.draw(number(0.0, 12.0)),
        "tx_coast_km": data.draw(number(0.0, 500.0)),
        "rx_coast_km": data.draw(number(0.0, 500.0)),
    }
    values = intermediate_values(distances, heights, **link, **extra)
    assert all(np.isfinite(value) for value in values.values()), values
    assert basic_transmission_loss(distances, heights, **link, **extra) == pytest.approx(values["Lb"], abs=1e-9)


@RELAXED
@given(profiles(), links(time_percent=50.0))
def test_free_space_is_the_floor_at_half_the_time(profile: tuple[np.ndarray, np.ndarray], link: dict[str, Any]) -> None:
    distances, heights = profile
    rise = (heights[0] + link["tx_height_m"] - heights[-1] - link["rx_height_m"]) / 1000.0
    floor = 92.4 + 20 * np.log10(link["frequency_ghz"]) + 10 * np.log10(distances[-1] ** 2 + rise**2)
    assert basic_transmission_loss(distances, heights, **link) >= floor - 1e-9


@RELAXED
@given(profiles(longest_km=300.0), links(time_percent=50.0))
def test_inland_paths_are_reciprocal_at_half_the_time(
    profile: tuple[np.ndarray, np.ndarray], link: dict[str, Any]
) -> None:
    distances, heights = profile
    # the centre of the path is the same from both ends only where the positions are
    link |= {"rx_lat": link["tx_lat"], "rx_lon": link["tx_lon"]}
    there = basic_transmission_loss(distances, heights, **link)
    back = basic_transmission_loss(distances[-1] - distances[::-1], heights[::-1], **swapped(link))
    assert back == pytest.approx(there, abs=1e-6)


@RELAXED
@given(profiles(), st.data())
def test_zone_sections_cover_the_path(profile: tuple[np.ndarray, np.ndarray], data: st.DataObject) -> None:
    distances, heights = profile
    zones = np.array(data.draw(st.lists(st.sampled_from([1, 3, 4]), min_size=distances.size, max_size=distances.size)))
    # every point owns the path half way to its neighbours
    borders = np.concatenate([[0.0], (distances[1:] + distances[:-1]) / 2, distances[-1:]])
    widths = np.diff(borders)

    def longest(member: np.ndarray) -> float:
        best = run = 0.0
        for width, inside in zip(widths, member, strict=True):
            run = run + width if inside else 0.0
            best = max(best, run)
        return best

    values = intermediate_values(
        distances, heights, zones=zones, frequency_ghz=0.9, time_percent=10.0, tx_height_m=30.0, rx_height_m=1.5,
        delta_n=45.0, n0=325.0, tx_lat=50.0, tx_lon=57.0, rx_lat=50.1, rx_lon=57.1,
    )  # fmt: skip
    assert values["w"] == pytest.approx(widths[zones == 1].sum() / distances[-1], abs=1e-12)
    assert values["dtm"] == pytest.approx(longest(zones != 1), abs=1e-9)
    assert values["dlm"] == pytest.approx(longest(zones == 4), abs=1e-9)


def test_a_grazing_obstacle_is_a_finite_step_between_its_neighbours(link: dict[str, Any]) -> None:
    # exactly on the ray the slopes of Eq. 13 and 17 cancel and Eq. 18 has no value
    curvature = 500.0 / intermediate_values([0, 5, 10], [0, 0, 0], **link)["ae"]
    grazing = 50.0 - curvature * 25.0
    link |= {"tx_height_m": 50.0, "rx_height_m": 50.0}
    below, at, above = (
        intermediate_values([0.0, 5.0, 10.0], [0.0, grazing + change, 0.0], **link)["Lbulla50"]
        for change in (-1e-7, 0.0, 1e-7)
    )
    assert below <= at <= above
    assert above - below < 1e-5


def ragged(seed: int, count: int) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    sizes = rng.integers(3, 60, count)
    lengths = rng.uniform(0.25, 200.0, count)
    distances, heights, zones = [], [], []
    for size, length in zip(sizes, lengths, strict=True):
        inner = np.sort(rng.uniform(0.01, 0.99, size - 2)) * length
        distances.append(np.concatenate([[0.0], inner, [length]]))
        heights.append(rng.uniform(0.0, 400.0, size))
        zones.append(rng.choice([1, 3, 4], size))
    return {
        "offsets": np.concatenate([[0], np.cumsum(sizes)]),
        "distances_km": np.concatenate(distances),
        "heights_m": np.concatenate(heights),
        "zones": np.concatenate(zones),
        "clutter_m": rng.uniform(0.0, 20.0, int(sizes.sum())),
        "frequency_ghz": rng.uniform(0.03, 6.0, count),
        "time_percent": rng.choice([1.0, 7.0, 50.0], count),
        "tx_height_m": rng.uniform(1.0, 300.0, count),
        "rx_height_m": 1.5,
        "tx_lat": rng.uniform(-80.0, 80.0, count),
        "tx_lon": rng.uniform(-180.0, 180.0, count),
        "rx_lat": rng.uniform(-80.0, 80.0, count),
        "rx_lon": rng.uniform(-180.0, 180.0, count),
        "delta_n": 45.0,
        "n0": rng.uniform(300.0, 400.0, count),
        "polarization": list(rng.choice(["horizontal", "vertical"], count)),
        "location_percent": 90.0,
        "sigma_location_db": 5.5,
    }


def test_a_batch_equals_its_single_paths_bit_for_bit() -> None:
    batch = ragged(1, 200)
    losses = basic_transmission_loss_batch(**batch)
    offsets = batch.pop("offsets")
    points = ("distances_km", "heights_m", "zones", "clutter_m")
    for k, loss in enumerate(losses):
        part = slice(offsets[k], offsets[k + 1])
        single = {
            name: value[part] if name in points else value[k] if isinstance(value, list | np.ndarray) else value
            for name, value in batch.items()
        }
        assert basic_transmission_loss(**single) == loss


@pytest.mark.skipif(numba.config.NUMBA_NUM_THREADS < 2, reason="one thread only")
def test_parallel_equals_serial_bit_for_bit() -> None:
    batch = ragged(2, 1000)
    threads = numba.get_num_threads()
    try:
        numba.set_num_threads(1)
        serial = basic_transmission_loss_batch(**batch)
        numba.set_num_threads(2)
        parallel = basic_transmission_loss_batch(**batch)
    finally:
        numba.set_num_threads(threads)
    assert serial.tobytes() == parallel.tobytes()


def test_importing_the_package_leaves_numba_alone() -> None:
    code = "import sys, geo.propagation.area, geo.propagation.p1812; sys.exit('numba' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_change_in_any_kernel_file_outdates_all_compiled_code() -> None:
    from geo.propagation.compiled import kernel_stamp
    from geo.propagation.p1812.kernel import path_losses

    assert path_losses._cache._cache_file._source_stamp == kernel_stamp()  # type: ignore[attr-defined]
