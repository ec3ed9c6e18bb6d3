"""GDAL's own OGC API Features driver as a client, over loopback."""

from pathlib import Path
from typing import Any

import geopandas as gpd
import pyogrio
import pytest

pytestmark = pytest.mark.skipif("OAPIF" not in pyogrio.list_drivers(), reason="this GDAL has no OAPIF driver")

PUSHED = [
    # the filter as given, and what of it the server must receive
    ("service_class = 'unserved' AND population > 100", "(service_class = 'unserved') AND (population > 100)"),
    ("service_class <> 'unserved'", "service_class <> 'unserved'"),
    ("population < 200.5", "population < 200.5"),
    ("population BETWEEN 150 AND 160", "(population >= 150) AND (population <= 160)"),
    ("name_en LIKE 'Village 1%'", "name_en LIKE 'Village 1%'"),
    ("name_en ILIKE 'VILLAGE 1%'", "name_en ILIKE 'VILLAGE 1%'"),
    ("name_ru = 'Село «7»'", "name_ru = 'Село «7»'"),
    ("name_en = 'it''s'", "name_en = 'it''s'"),
    ("best_technology IS NULL", "(best_technology IS NULL)"),
    ("NOT (best_technology IS NULL)", "NOT ((best_technology IS NULL))"),
    (
        "best_technology = '2g' OR (population >= 300 AND NOT service_class = 'unknown')",
        "(best_technology = '2g') OR ((population >= 300) AND (NOT (service_class = 'unknown')))",
    ),
    # GDAL cannot write IN; it sends what it can of an AND and looks at the rest itself
    ("service_class IN ('unserved', 'unknown') AND population > 300", "population > 300"),
]


@pytest.fixture(scope="module")
def ours(gaps: gpd.GeoDataFrame, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The settlements in a file that GDAL filters without a server, in its own SQL."""
    path = tmp_path_factory.mktemp("oracle") / "settlements.geojson"
    gaps.to_file(path)
    return path


def test_gdal_lists_the_collections(served: Any) -> None:
    layers = dict(pyogrio.list_layers(f"OAPIF:{served.url}").tolist())
    assert layers == {
        "settlements": "Point",
        "gaps": "Point",
        "districts": "Polygon",
        "coverage": "Polygon",
        "sites": "Point",
        "ne_110m_admin_0_countries": "Unknown",
        "ne_110m_populated_places_simple": "Point",
        "ne_110m_rivers_lake_centerlines": "LineString",
    }


def test_gdal_reads_every_gap_page_by_page(served: Any, gaps: gpd.GeoDataFrame) -> None:
    read = pyogrio.read_dataframe(f"OAPIF:{served.url}", layer="gaps", PAGE_SIZE=50)
    expected = gaps[gaps["service_class"] != "served"].sort_values("rank")
    assert read["kato"].tolist() == expected["kato"].tolist()
    assert read["name_ru"].tolist() == expected["name_ru"].tolist()
    assert "limit=50&offset=150" in served.logged()


@pytest.mark.parametrize(("where", "received"), PUSHED)
def test_gdal_sends_its_attribute_filter_to_the_server(served: Any, ours: Path, where: str, received: str) -> None:
    expected = pyogrio.read_dataframe(ours, where=where)["kato"].tolist()
    read = pyogrio.read_dataframe(f"OAPIF:{served.url}", layer="settlements", where=where)
    assert read["kato"].tolist() == expected
    assert f"filter={received}&filter-lang=cql-text" in served.logged()


def test_the_filters_choose_some_of_the_settlements_and_not_all(ours: Path) -> None:
    counts = [len(pyogrio.read_dataframe(ours, where=where, columns=["kato"])) for where, _ in PUSHED]
    assert min(count for count, (where, _) in zip(counts, PUSHED, strict=True) if "it''s" not in where) > 0
    assert max(counts) < 250


def test_gdal_sends_its_box_to_the_server(served: Any, ours: Path) -> None:
    box = (171.0, -19.0, 179.0, -11.0)
    expected = pyogrio.read_dataframe(ours, bbox=box, where="service_class = 'unserved'")["kato"].tolist()
    read = pyogrio.read_dataframe(
        f"OAPIF:{served.url}", layer="settlements", bbox=box, where="service_class = 'unserved'"
    )
    assert read["kato"].tolist() == expected != []
    asked = [line for line in served.logged().splitlines() if "bbox=171,-19,179,-11" in line]
    assert any("filter=service_class = 'unserved'&filter-lang=cql-text" in line for line in asked)


def test_gdal_reads_a_layer_in_a_crs_of_its_choice(served: Any, gaps: gpd.GeoDataFrame) -> None:
    uri = "http://www.opengis.net/def/crs/EPSG/0/3857"
    read = pyogrio.read_dataframe(f"OAPIF:{served.url}", layer="gaps", CRS=uri)
    expected = gaps[gaps["service_class"] != "served"].sort_values("rank").geometry.to_crs(3857)
    assert read.crs == 3857
    assert f"crs={uri}" in served.logged()
    assert read.geometry.isna().tolist() == expected.isna().tolist()
    placed = ~expected.isna().to_numpy()
    assert read.geometry[placed].x.tolist() == pytest.approx(expected[placed].x.tolist(), abs=0.2)
    assert read.geometry[placed].y.tolist() == pytest.approx(expected[placed].y.tolist(), abs=0.2)


@pytest.mark.parametrize(
    ("where", "received", "expected"),
    [
        ("pop_other >= 1200000", "pop_other >= 1200000", ["København", "Kiev"]),
        ("boolean = 1", "boolean = 1", ["København", "Ærø", "Қандыағаш", "Edge"]),
        ("\"date\" > '2022/04/17'", "date > '2022-04-17T", ["Århus", "Ærø"]),
        ("\"start\" < '2022/04/16 10:13:00'", "start < '2022-04-16T10:13:00Z'", ["Шалқар", "Suva"]),
    ],
)
def test_gdal_filters_dates_and_truth_values_of_a_layer_at_the_server(
    served: Any, where: str, received: str, expected: list[str]
) -> None:
    read = pyogrio.read_dataframe(f"OAPIF:{served.url}", layer="ne_110m_populated_places_simple", where=where)
    assert read["name"].tolist() == expected
    assert f"filter={received}" in served.logged()
