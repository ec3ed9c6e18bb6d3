"""Overlay against shapely and geopandas, and against cases worked out by hand."""

from functools import reduce

import geopandas
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import MultiPolygon, Point, Polygon, box

from geo.coverage import overlay
from geo.coverage.overlay import points_in_polygons, shares_covered, signed_distance_m

SQUARE = box(0, 0, 10, 10)
RING = Polygon(SQUARE.exterior, [box(4, 4, 6, 6).exterior.coords])
ISLANDS = MultiPolygon([box(20, 0, 22, 2), box(24, 0, 26, 2)])
BOW_TIE = Polygon([(0, 0), (2, 2), (2, 0), (0, 2)])


@pytest.fixture(params=["geos", "kernel"], autouse=True)
def path(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every test runs on both paths: by size all of them would take GEOS only."""
    if request.param == "kernel":
        monkeypatch.setattr(overlay, "SMALL_POINTS", -1)


def array(*geometries: object) -> np.ndarray:
    result = np.empty(len(geometries), object)
    result[:] = geometries
    return result


def pairs(x: list[float], y: list[float], *polygons: object) -> list[tuple[int, int]]:
    point, polygon = points_in_polygons(np.array(x, float), np.array(y, float), array(*polygons))
    assert point.dtype == polygon.dtype == np.int64
    return list(zip(point.tolist(), polygon.tolist(), strict=True))


def joined(x: np.ndarray, y: np.ndarray, polygons: np.ndarray) -> list[tuple[int, int]]:
    """The oracle: geopandas.sjoin, sorted."""
    found = geopandas.sjoin(
        geopandas.GeoDataFrame(geometry=shapely.points(x, y)),
        geopandas.GeoDataFrame(geometry=polygons),
        predicate="intersects",
    )
    return sorted(zip(found.index.tolist(), found["index_right"].tolist(), strict=True))


def test_points_on_edges_and_vertices_are_inside() -> None:
    x, y = [0, 10, 5, 0, 10, 5, 10.0000001], [0, 10, 0, 5, 5, 10, 5]
    assert pairs(x, y, SQUARE) == [(i, 0) for i in range(6)]


def test_points_on_slanting_edges_are_judged_as_geos_does() -> None:
    triangle = Polygon([(0, 0), (3, 1), (1, 3)])
    t = np.linspace(0, 1, 401)
    x = np.concatenate([3 * t, 3 - 2 * t, t])
    y = np.concatenate([t, 1 + 2 * t, 3 * t])
    assert pairs(x, y, triangle) == joined(x, y, array(triangle))


def test_a_hole_is_outside_and_its_edge_inside() -> None:
    assert pairs([5, 4, 3, 6], [5, 5, 5, 6], RING) == [(1, 0), (2, 0), (3, 0)]


def test_overlapping_polygons_match_each_in_order() -> None:
    assert pairs([11, 5, 9], [5, 5, 5], box(8, 0, 12, 10), SQUARE) == [(0, 0), (1, 1), (2, 0), (2, 1)]


def test_parts_of_a_multipolygon_count_and_the_gap_between_them_does_not() -> None:
    assert pairs([21, 23, 25], [1, 1, 1], ISLANDS) == [(0, 0), (2, 0)]


def test_missing_and_empty_polygons_match_nothing() -> None:
    assert pairs([5], [5], None, SQUARE, Polygon(), MultiPolygon(), RING, SQUARE) == [(0, 1), (0, 5)]
    assert pairs([5], [5], None) == []
    assert pairs([5], [5]) == []
    assert pairs([], [], SQUARE) == []


def test_points_that_are_not_finite_match_nothing() -> None:
    nan, inf = np.nan, np.inf
    assert pairs([nan, 5, nan, inf, 5], [5, nan, nan, 5, 5], SQUARE) == [(4, 0)]


@pytest.mark.parametrize("west", [-71.5, 57.2])
@pytest.mark.parametrize("south", [-33.4, 50.3])
def test_all_hemispheres(west: float, south: float) -> None:
    cell = box(west, south, west + 1, south + 1)
    assert pairs([west + 0.5, west - 0.5], [south + 0.5, south + 0.5], cell) == [(0, 0)]


def test_invalid_polygons_match_as_in_geos() -> None:
    hole_outside = Polygon(SQUARE.exterior, [box(5, 5, 15, 15).exterior.coords])
    doubled = MultiPolygon([SQUARE, box(5, 5, 15, 15)])
    polygons = array(SQUARE, BOW_TIE, hole_outside, doubled)
    x, y = (side.ravel() for side in np.meshgrid(np.arange(-1, 16.5, 0.5), np.arange(-1, 16.5, 0.5)))
    assert pairs(x, y, *polygons) == joined(x, y, polygons)


def test_flat_and_far_polygons() -> None:
    flat = Polygon([(0, 1), (5, 1), (3, 1)])
    far = box(1e12, 1e12, 1e12 + 1, 1e12 + 1)
    huge = box(-1e200, 20, 1e200, 30)
    found = pairs([2, 6, 1e12 + 0.5, 4], [1, 1, 1e12 + 0.5, 25], flat, far, huge)
    assert found == [(0, 0), (2, 1), (3, 2)]


@pytest.mark.parametrize("geometry", [Point(1, 1), SQUARE.exterior])
def test_other_geometries_are_refused(geometry: object) -> None:
    with pytest.raises(ValueError, match="expected polygons"):
        pairs([1], [1], geometry)


def test_coordinates_of_different_length_are_refused() -> None:
    with pytest.raises(ValueError, match="one shape"):
        pairs([1, 2], [1], SQUARE)


def stars(count: int, vertices: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    angle = np.linspace(0, 2 * np.pi, vertices, endpoint=False)
    radius = rng.uniform(0.05, 0.2, (count, 1)) * rng.uniform(0.4, 1, (count, vertices))
    x = rng.uniform(0, 1, (count, 1)) + radius * np.cos(angle)
    y = rng.uniform(0, 1, (count, 1)) + radius * np.sin(angle)
    return shapely.polygons(np.stack([x, y], -1))


def test_many_random_polygons_and_points_and_vertices_give_the_pairs_of_sjoin() -> None:
    polygons = stars(60, 40, seed=1)
    # Whole cells, holes with parts and odd polygons between the ordinary ones, so that order is at stake.
    polygons[7] = shapely.difference(box(0.1, 0.1, 0.9, 0.9), shapely.buffer(Point(0.5, 0.5), 0.2))
    polygons[8] = shapely.union(stars(1, 30, 5)[0], box(2, 2, 3, 3))
    polygons[9] = Polygon(SQUARE.exterior, [box(5, 5, 15, 15).exterior.coords])
    rng = np.random.default_rng(2)
    vertices = shapely.get_coordinates(polygons)
    middles = (vertices[:-1] + vertices[1:]) / 2
    x, y = np.concatenate([rng.uniform(-0.2, 1.2, (4000, 2)), vertices, middles]).T
    assert pairs(x, y, *polygons) == joined(x, y, polygons)


# Few distinct values make touching, equal and collinear coordinates the rule.
COORDINATE = st.one_of(
    st.integers(-4, 4).map(float),
    st.sampled_from([0.1, 0.2, 0.3, 1 / 3, 1e-17, 1 + 2**-52, -0.7]),
    st.floats(-4, 4),
)
PLACE = st.tuples(COORDINATE, COORDINATE)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.lists(PLACE, min_size=3, max_size=8), min_size=1, max_size=5), st.data())
def test_any_rings_and_points_match_as_in_sjoin(rings: list[list[tuple[float, float]]], data: st.DataObject) -> None:
    corners = [corner for ring in rings for corner in ring]
    places = data.draw(st.lists(st.one_of(PLACE, st.sampled_from(corners)), min_size=1, max_size=20))
    polygons = array(*(Polygon(ring) for ring in rings))
    x, y = np.array(places).T
    assert pairs(x, y, *polygons) == joined(x, y, polygons)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(PLACE, st.integers(1, 4), st.integers(1, 4)), min_size=1, max_size=8), st.data())
def test_any_union_of_boxes_matches_as_in_sjoin(
    boxes: list[tuple[tuple[float, float], int, int]], data: st.DataObject
) -> None:
    made = [box(x, y, x + width, y + height) for (x, y), width, height in boxes]
    polygons = array(shapely.union_all(made[::2]), reduce(shapely.symmetric_difference, made))
    polygons = polygons[np.isin(shapely.get_type_id(polygons), (3, 6))]
    places = data.draw(st.lists(PLACE, min_size=1, max_size=20))
    x, y = np.array(places).T
    assert pairs(x, y, *polygons) == joined(x, y, polygons)


def test_shares_of_hand_made_footprints() -> None:
    footprints = array(
        box(1, 1, 3, 3),  # inside
        box(-2, 0, 2, 4),  # half
        box(-5, -5, -1, -1),  # apart
        box(10, 0, 12, 2),  # shares an edge only
        box(7, 0, 13, 4),  # 3 of 6 in the square, 5 of 6 with its neighbour, who overlaps it
        None,
        Polygon(),
    )
    coverage = array(SQUARE, box(8, 0, 12, 10), None)
    np.testing.assert_allclose(shares_covered(footprints, coverage), [1, 0.5, 0, 1, 5 / 6, np.nan, np.nan], rtol=1e-12)


def test_a_hole_takes_its_area_from_the_share() -> None:
    np.testing.assert_allclose(shares_covered(array(box(4, 4, 8, 8)), array(RING)), [12 / 16])


def test_a_footprint_covered_by_two_halves_together_has_share_one() -> None:
    assert shares_covered(array(box(3, 3, 7, 7)), array(box(0, 0, 5, 10), box(5, 0, 10, 10))) == [1.0]


def test_only_the_given_pairs_count() -> None:
    footprints, coverage = array(box(0, 0, 2, 2), box(0, 0, 2, 2)), array(box(0, 0, 1, 2), box(1, 0, 2, 2))
    np.testing.assert_allclose(shares_covered(footprints, coverage, pairs=([0, 1, 1], [0, 0, 1])), [0.5, 1.0])


def test_a_footprint_without_area_is_covered_where_it_touches() -> None:
    flat = Polygon([(1, 1), (2, 1), (1, 1)])
    apart = Polygon([(-1, -1), (-2, -1), (-1, -1)])
    np.testing.assert_array_equal(shares_covered(array(flat, apart), array(SQUARE)), [1.0, 0.0])


def test_an_invalid_polygon_covers_what_it_would_paint() -> None:
    np.testing.assert_allclose(shares_covered(array(box(0, 0, 2, 2)), array(BOW_TIE)), [0.5])


def test_shares_of_nothing() -> None:
    assert len(shares_covered(array(), array(SQUARE))) == 0
    np.testing.assert_array_equal(shares_covered(array(SQUARE), array()), [0.0])


def test_random_shares_equal_the_union_of_all() -> None:
    footprints, coverage = stars(50, 12, seed=3), stars(40, 20, seed=4)
    union = shapely.union_all(coverage)
    expected = shapely.area(shapely.intersection(footprints, union)) / shapely.area(footprints)
    np.testing.assert_allclose(shares_covered(footprints, coverage), expected, atol=1e-12)


def distance(x: float, y: float, *coverage: object, limit: float = 5, **options: float) -> float:
    return float(signed_distance_m([x], [y], array(*coverage), max_distance_m=limit, **options)[0])


def test_distance_is_positive_inside_negative_outside_and_zero_on_the_edge() -> None:
    assert distance(3, 5, SQUARE) == pytest.approx(3)
    assert distance(-3, 5, SQUARE) == pytest.approx(-3)
    assert distance(13, 14, SQUARE) == pytest.approx(-5)
    assert distance(0, 5, SQUARE) == 0


def test_distance_is_clipped() -> None:
    assert distance(5, 5, SQUARE, limit=2) == 2
    assert distance(-50, 5, SQUARE, limit=2) == -2
    assert distance(5, 5, limit=2) == -2
    assert distance(5, 5, None, Polygon(), limit=2) == -2


def test_the_inside_of_a_hole_is_outside() -> None:
    assert distance(5, 5, RING) == pytest.approx(-1)
    assert distance(3, 5, RING) == pytest.approx(1)


def test_an_edge_inside_the_union_is_no_edge() -> None:
    assert distance(10, 5, SQUARE, box(10, 0, 20, 10)) == pytest.approx(5)
    assert distance(9, 5, SQUARE, box(8, 0, 20, 10)) == pytest.approx(5)


def test_a_crack_between_neighbours_is_closed_up_to_the_precision() -> None:
    west, east = SQUARE, Polygon([(10, 0), (20, 0), (20, 10), (10, 10), (10.001, 5)])
    assert distance(9, 5, west, east) == pytest.approx(5, abs=0.02)
    east = Polygon([(10, 0), (20, 0), (20, 10), (10, 10), (10.4, 5)])
    assert distance(9, 5, west, east) == pytest.approx(1)
    assert distance(9, 5, west, east, precision_m=1.0) == pytest.approx(5)


def test_distance_of_points_that_are_not_finite_is_nan() -> None:
    found = signed_distance_m([np.nan, 5, np.inf], [5, 5, 5], array(SQUARE), max_distance_m=2)
    np.testing.assert_array_equal(found, [np.nan, 2, np.nan])


@pytest.mark.parametrize("limit", [0, -1, np.inf, np.nan])
def test_a_distance_limit_that_is_none_is_refused(limit: float) -> None:
    with pytest.raises(ValueError, match="max_distance_m"):
        distance(5, 5, SQUARE, limit=limit)


def test_random_distances_equal_those_to_the_boundary_of_the_union() -> None:
    coverage = shapely.transform(stars(40, 30, seed=6), lambda xy: xy * 10_000)
    x, y = np.random.default_rng(7).uniform(-3_000, 13_000, (2, 500))
    union, points = shapely.union_all(coverage), shapely.points(x, y)
    sign = np.where(shapely.intersects(union, points), 1, -1)
    expected = np.clip(sign * shapely.distance(union.boundary, points), -700, 700)
    np.testing.assert_allclose(signed_distance_m(x, y, coverage, max_distance_m=700), expected, atol=0.02)
