"""OGC API Tiles and TileJSON over the application."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas as gpd
import httpx
import mapbox_vector_tile
import pandas as pd
import pytest

from api.app import create_app
from api.tiles.grid import MAX_ZOOM, tile_at

WORLD = "/collections/{}/tiles/WebMercatorQuad/0/0/0"
MVT = "application/vnd.mapbox-vector-tile"


def features(response: httpx.Response, layer: str) -> list[dict[str, Any]]:
    if response.status_code == 204:
        return []
    assert (response.status_code, response.headers["content-type"]) == (200, MVT)
    return mapbox_vector_tile.decode(response.content).get(layer, {"features": []})["features"]


def all_features(client: httpx.Client, layer: str, query: str = "") -> dict[Any, dict[str, Any]]:
    """Properties by feature id over all tiles of tile matrix 6 in which the made-up region lies."""
    found = {}
    for row in range(33, 36):
        for column in (62, 63, 0, 1):
            path = f"/collections/{layer}/tiles/WebMercatorQuad/6/{row}/{column}?{query}"
            found |= {feature["id"]: feature["properties"] for feature in features(client.get(path), layer)}
    return found


def links(document: dict[str, Any], rel: str) -> list[str]:
    return [link["href"] for link in document["links"] if link["rel"].endswith(rel)]


def test_a_client_walks_from_the_landing_page_to_a_tile(client: httpx.Client) -> None:
    landing = client.get("/").json()
    (sets,) = links(landing, "/tilesets-vector")
    (listed,) = client.get(sets).json()["tilesets"]
    assert listed["dataType"] == "vector"
    tileset = client.get(links(listed, "self")[0]).json()
    assert tileset["tileMatrixSetURI"] == "http://www.opengis.net/def/tilematrixset/OGC/1.0/WebMercatorQuad"
    matrix_set = client.get(links(tileset, "/tiling-scheme")[0]).json()
    assert matrix_set["tileMatrices"][3]["matrixWidth"] == 8
    assert [layer["id"] for layer in tileset["layers"]] == ["settlements", "gaps", "districts", "coverage", "sites"]
    (item,) = [link for link in tileset["links"] if link["rel"] == "item"]
    assert (item["templated"], item["type"]) == (True, MVT)
    address = item["href"].replace("{tileMatrix}", "0").replace("{tileRow}", "0").replace("{tileCol}", "0")
    decoded = mapbox_vector_tile.decode(client.get(address).content)
    assert set(decoded) == {"settlements", "gaps", "districts", "coverage", "sites"}
    assert links(client.get(links(landing, "/tiling-schemes")[0]).json()["tileMatrixSets"][0], "self")


def test_the_matrix_set_is_that_of_the_registry(client: httpx.Client) -> None:
    morecantile = pytest.importorskip("morecantile")
    registered = json.loads(morecantile.tms.get("WebMercatorQuad").model_dump_json(exclude_none=True))
    served = client.get("/tileMatrixSets/WebMercatorQuad").json()
    for mine, theirs in zip(served["tileMatrices"], registered["tileMatrices"], strict=True):
        assert mine["scaleDenominator"] == pytest.approx(theirs["scaleDenominator"], rel=1e-12)
        assert mine["cellSize"] == pytest.approx(theirs["cellSize"], rel=1e-12)
        assert mine["pointOfOrigin"] == pytest.approx(theirs["pointOfOrigin"], rel=1e-12)
        kept = ("id", "tileWidth", "tileHeight", "matrixWidth", "matrixHeight", "cornerOfOrigin")
        assert [mine[k] for k in kept] == [theirs[k] for k in kept]
    assert (served["uri"], served["crs"]) == (registered["uri"], registered["crs"])


def test_every_settlement_with_a_position_is_in_the_tiles_with_its_properties(
    client: httpx.Client, gaps: gpd.GeoDataFrame
) -> None:
    placed = gaps[~gaps.geometry.isna()]
    found = all_features(client, "settlements")
    assert sorted(found) == sorted(placed["kato"].astype(int))
    for row in placed.itertuples():
        properties = found[int(row.kato)]
        assert properties["name_ru"] == row.name_ru  # the hostile one too, byte by byte
        assert properties["is_okrug_centre"] is bool(row.is_okrug_centre)
        assert properties.get("rank", 0) == (0 if pd.isna(row.rank) else row.rank)
        assert json.loads(properties["reasons"]) == json.loads(row.reasons)


@pytest.mark.parametrize(
    "query",
    ["service_class=unserved", "reasons=nearest_site", "datetime=2026-10-01/..", "service_class=unknown&kind=village"],
)
def test_tiles_hold_what_the_list_holds(client: httpx.Client, query: str) -> None:
    items = client.get(f"/collections/gaps/items?limit=1000&{query}").json()["features"]
    placed = {int(item["id"]) for item in items if item["geometry"]}
    assert 0 < len(placed) < len(items) + 1
    assert set(all_features(client, "gaps", query)) == placed


def test_small_scales_hold_totals_of_the_selection(client: httpx.Client, gaps: gpd.GeoDataFrame) -> None:
    found = features(client.get(WORLD.format("settlements") + "?is_okrug_centre=true"), "settlements")
    chosen = gaps[gaps["is_okrug_centre"]]
    assert {feature["properties"]["totals_of"] for feature in found} == {"district"}
    assert len(found) == chosen["district_kato"].nunique()
    for feature in found:
        properties = feature["properties"]
        members = chosen[chosen["district_kato"] == properties["kato"]]
        assert properties["count"] == len(members)
        assert properties["count_unserved"] == (members["service_class"] == "unserved").sum()
        assert properties["count_without_position"] == members.geometry.isna().sum()
        assert properties["population"] == members["population"].sum()
        assert properties["population_unknown"] == members["population"].isna().sum()
        assert properties["people_without"] == pytest.approx(members["people_without"].sum())
    assert {feature["properties"]["name_en"] for feature in found} == {"A", "B", "E"}


def test_nothing_is_missing_without_being_counted(client: httpx.Client, gaps: gpd.GeoDataFrame) -> None:
    document = client.get("/collections/settlements/tiles/WebMercatorQuad/tilejson").json()
    (layer,) = document["vector_layers"]
    assert layer["numberMatched"] == len(gaps)
    assert layer["withoutGeometry"] == gaps.geometry.isna().sum()
    assert (layer["outsideTileMatrixSet"], layer["withoutTotals"]) == (0, 0)
    assert layer["numberMatched"] - layer["withoutGeometry"] == len(all_features(client, "settlements"))
    assert sum(
        p["count"] for p in (f["properties"] for f in features(client.get(WORLD.format("settlements")), "settlements"))
    ) == len(gaps)


def test_tilejson_describes_the_same_selection(client: httpx.Client) -> None:
    document = client.get("/collections/gaps/tiles/WebMercatorQuad/tilejson?service_class=unserved&f=json").json()
    assert (document["tilejson"], document["minzoom"], document["maxzoom"]) == ("3.0.0", 0, MAX_ZOOM)
    (template,) = document["tiles"]
    assert template.endswith("/collections/gaps/tiles/WebMercatorQuad/{z}/{y}/{x}?service_class=unserved")
    fields = document["vector_layers"][0]["fields"]
    assert (fields["name_kk"], fields["score"], fields["is_okrug_centre"]) == ("String", "Number", "Boolean")
    assert fields["count_unserved"] == "Number"
    west, south, east, north = document["bounds"]
    assert -180 <= west < east <= 180
    assert -20 <= south < north <= -10
    assert document["attribution"] == "Made up"
    address = template.replace("{z}", "0").replace("{x}", "0").replace("{y}", "0")
    assert (
        sum(f["properties"]["count"] for f in features(client.get(address), "gaps"))
        == document["vector_layers"][0]["numberMatched"]
    )


def test_a_scenario_s_tiles_carry_its_label(client: httpx.Client) -> None:
    document = client.get("/tiles/WebMercatorQuad/tilejson?run=okrug-centres&collections=gaps,sites").json()
    assert "Scenario, not observed" in document["name"]
    assert "Scenario, not observed" in document["description"]
    assert document["label"]["en"] == "Scenario, not observed"
    assert [layer["id"] for layer in document["vector_layers"]] == ["gaps", "sites"]
    (template,) = document["tiles"]
    assert template.endswith("?run=okrug-centres&collections=gaps%2Csites")


def test_credits_are_safe_to_show_as_html(
    tmp_path: Path, publisher: Callable[[Path], Any], connect: Callable[[Any], httpx.Client], monkeypatch: Any
) -> None:
    publisher(tmp_path)()
    app = create_app(tmp_path)
    with connect(app) as client:
        run = app.state.service.store.get("current")
        monkeypatch.setitem(run.run.manifest, "credits", ["<img src=x onerror=alert(1)>"])
        document = client.get("/tiles/WebMercatorQuad/tilejson").json()
    assert document["attribution"] == "&lt;img src=x onerror=alert(1)&gt;"


def test_the_dataset_s_tile_holds_the_layers_asked_for(client: httpx.Client) -> None:
    tile = client.get("/tiles/WebMercatorQuad/0/0/0?collections=sites,districts")
    assert list(mapbox_vector_tile.decode(tile.content)) == ["sites", "districts"]
    alone = client.get(WORLD.format("sites")).content + client.get(WORLD.format("districts")).content
    assert tile.content == alone


def test_an_empty_tile_has_no_content(client: httpx.Client) -> None:
    response = client.get("/collections/sites/tiles/WebMercatorQuad/6/0/0")
    assert (response.status_code, response.content) == (204, b"")
    assert "content-type" not in response.headers
    again = client.get(
        "/collections/sites/tiles/WebMercatorQuad/6/0/0", headers={"If-None-Match": response.headers["etag"]}
    )
    assert again.status_code == 304


def test_a_tile_is_not_sent_twice(client: httpx.Client) -> None:
    first = client.get(WORLD.format("sites"))
    assert client.get(WORLD.format("sites")).content == first.content
    again = client.get(WORLD.format("sites"), headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    other = client.get(WORLD.format("sites") + "?operator=Alpha")
    assert other.headers["etag"] != first.headers["etag"]


@pytest.mark.parametrize(
    ("path", "accepted"),
    [
        ("/collections/gaps/tiles/WebMercatorQuad/17/0/0", "Tile matrices: 0 to 16"),
        ("/collections/gaps/tiles/WebMercatorQuad/-1/0/0", "Tile matrices: 0 to 16"),
        ("/collections/gaps/tiles/WebMercatorQuad/two/0/0", "Tile matrices: 0 to 16"),
        ("/collections/gaps/tiles/WebMercatorQuad/2/4/0", "0 to 3"),
        ("/collections/gaps/tiles/WebMercatorQuad/2/0/99999999999999999999", "0 to 3"),
        ("/collections/gaps/tiles/WebMercatorQuad/2/0/٣", "0 to 3"),
        ("/collections/gaps/tiles/WorldCRS84Quad/0/0/0", "WebMercatorQuad"),
        ("/tileMatrixSets/WorldCRS84Quad", "WebMercatorQuad"),
        ("/collections/villages/tiles/WebMercatorQuad/0/0/0", "settlements"),
    ],
)
def test_what_is_not_there_is_404_and_says_what_is(client: httpx.Client, path: str, accepted: str) -> None:
    response = client.get(path)
    assert (response.status_code, response.headers["content-type"]) == (404, "application/problem+json")
    assert accepted in response.json()["detail"]


@pytest.mark.parametrize(
    ("query", "accepted"),
    [
        ("colour=red", "service_class"),
        ("population=many", "a decimal number"),
        ("datetime=yesterday", "2026-11-01"),
        ("bbox=1,2,3,4", "datetime"),
        ("f=html", "mvt"),
    ],
)
def test_a_bad_parameter_is_400_and_says_what_would_do(client: httpx.Client, query: str, accepted: str) -> None:
    response = client.get(WORLD.format("gaps") + "?" + query)
    assert response.status_code == 400
    assert accepted in response.json()["detail"]


def test_a_filter_that_a_layer_cannot_answer_is_refused(client: httpx.Client) -> None:
    assert client.get("/tiles/WebMercatorQuad/0/0/0?operator=Alpha").status_code == 400
    assert client.get("/tiles/WebMercatorQuad/0/0/0?operator=Alpha&collections=sites,coverage").status_code == 200
    response = client.get("/tiles/WebMercatorQuad/0/0/0?collections=nothing")
    assert response.status_code == 400
    assert "settlements" in response.json()["detail"]


def test_a_picture_is_not_to_be_had(client: httpx.Client) -> None:
    assert client.get(WORLD.format("gaps"), headers={"Accept": "image/png"}).status_code == 406


def test_the_description_tells_of_empty_tiles_and_every_filter(client: httpx.Client) -> None:
    paths = client.get("/api").json()["paths"]
    path = "/collections/{collectionId}/tiles/{tileMatrixSetId}/{tileMatrix}/{tileRow}/{tileCol}"
    operation = paths[path]["get"]
    assert operation["operationId"] == "collection.vector.getTile"
    assert {"200", "204", "304", "400", "404", "406", "503"} <= set(operation["responses"])
    assert {"service_class", "datetime", "run"} <= {parameter["name"] for parameter in operation["parameters"]}
    assert "http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf/mvt" in client.get("/conformance").json()["conformsTo"]


def test_a_tile_s_box_is_that_of_the_registry() -> None:
    morecantile = pytest.importorskip("morecantile")
    tile = tile_at("11", "683", "1361")
    box = morecantile.tms.get("WebMercatorQuad").bounds(1361, 683, 11)
    assert tile.box(0) == pytest.approx(tuple(box), abs=1e-9)
