"""Every accepted format and CRS gives the same canonical table."""

import sqlite3
import zipfile
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
import shapely
from shapely import MultiPoint, Point, Polygon

from geo.errors import ColumnMissing, CrsMissing, FileProblem, ValueRejected
from geo.ingest.kinds import Kind
from geo.ingest.reading import Given, read_table
from geo.ingest.source import ReadOptions
from geo.tables.settlements import SETTLEMENTS

PLACES = gpd.GeoDataFrame(
    {
        "kato": ["153234100", "153235100"],
        "name_kk": ["Бестамақ", "Қарақобда"],
        "name_ru": ["Бестамак", None],
        "population": [1200, 340],
        "district_kato": ["153200000", "153200000"],
    },
    geometry=[Point(57.25, 50.25), Point(56.5, 49.75)],
    crs=4326,
)
FORMATS = ("geojson", "json", "gpkg", "shp", "fgb", "kml", "parquet", "geoparquet")


def ordered(settlements: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """By code: FlatGeobuf stores features in the order of its spatial index."""
    return settlements.sort_values("kato", ignore_index=True)


@pytest.mark.parametrize("suffix", FORMATS)
def test_the_same_places_come_out_of_every_format(write_layer, suffix):
    if suffix == "json":
        path = write_layer(PLACES, "places.geojson").rename(write_layer(PLACES, "places.geojson").with_suffix(".json"))
    else:
        path = write_layer(PLACES, f"places.{suffix}")
    read = ordered(read_table(Kind.SETTLEMENTS, path)[0])
    assert list(read.columns) == SETTLEMENTS.names
    assert read["kato"].tolist() == ["153234100", "153235100"]
    assert read["name_kk"].tolist() == ["Бестамақ", "Қарақобда"]
    assert read["population"].tolist() == [1200, 340]
    assert read["district_kato"].tolist() == ["153200000", "153200000"]
    assert read.crs == "EPSG:4326"
    assert shapely.equals_exact(read.geometry.to_numpy(), PLACES.geometry.to_numpy(), 1e-9).all()


@pytest.mark.parametrize("suffix", ["gpkg", "shp", "fgb", "parquet"])
def test_a_projected_layer_is_reprojected_with_longitude_first(write_layer, suffix):
    path = write_layer(PLACES.to_crs(32640), f"places.{suffix}")
    read = ordered(read_table(Kind.SETTLEMENTS, path)[0])
    assert shapely.equals_exact(read.geometry.to_numpy(), PLACES.geometry.to_numpy(), 1e-7).all()


@pytest.mark.parametrize("crs", ["EPSG:4284", "EPSG:28410", "EPSG:3857", "EPSG:32718"])
def test_axis_order_of_the_crs_does_not_swap_the_position(write_layer, crs):
    place = gpd.GeoDataFrame({"kato": ["153234100"]}, geometry=[Point(57.25, 50.25)], crs=4326)
    if crs == "EPSG:32718":  # the southern and western hemispheres
        place = place.set_geometry([Point(-72.5, -13.5)], crs=4326)
    position = read_table(Kind.SETTLEMENTS, write_layer(place.to_crs(crs), "places.gpkg"))[0].geometry[0]
    assert position.distance(place.geometry[0]) < 1e-6


@pytest.mark.parametrize("suffix", ["gpkg", "shp", "fgb", "parquet"])
def test_a_layer_without_crs_is_refused_unless_it_is_stated(write_layer, suffix):
    bare = gpd.GeoDataFrame(PLACES.to_crs(32640).set_crs(None, allow_override=True))
    path = write_layer(bare, f"places.{suffix}")
    with pytest.raises(CrsMissing, match=rf"places\.{suffix}.*coordinate reference system"):
        read_table(Kind.SETTLEMENTS, path)[0]
    read = ordered(read_table(Kind.SETTLEMENTS, path, given=Given(ReadOptions(crs="EPSG:32640")))[0])
    assert shapely.equals_exact(read.geometry.to_numpy(), PLACES.geometry.to_numpy(), 1e-7).all()


@pytest.mark.parametrize("srs_id", [-1, 0])
def test_a_geopackage_with_an_undefined_crs_is_refused(write_layer, srs_id):
    path = write_layer(PLACES, "places.gpkg")
    with sqlite3.connect(path) as database:
        database.execute("UPDATE gpkg_geometry_columns SET srs_id = ?", (srs_id,))
        database.execute("UPDATE gpkg_contents SET srs_id = ?", (srs_id,))
    database.close()
    with pytest.raises(CrsMissing, match=r"places\.gpkg"):
        read_table(Kind.SETTLEMENTS, path)[0]
    assert len(read_table(Kind.SETTLEMENTS, path, given=Given(ReadOptions(crs="EPSG:4326")))[0]) == 2


def test_a_local_grid_is_no_crs(write_layer):
    grid = 'ENGCRS["site grid",EDATUM["site"],CS[Cartesian,2],AXIS["x",east],AXIS["y",north],LENGTHUNIT["metre",1]]'
    path = write_layer(PLACES.set_crs(grid, allow_override=True), "places.parquet")
    with pytest.raises(CrsMissing, match=r"places\.parquet"):
        read_table(Kind.SETTLEMENTS, path)[0]


def test_a_stated_crs_does_not_replace_that_of_the_file(write_layer):
    read = read_table(Kind.SETTLEMENTS, write_layer(PLACES, "places.gpkg"), given=Given(ReadOptions(crs="EPSG:32640")))[
        0
    ]
    assert read.geometry[0].equals(PLACES.geometry[0])


def test_a_crs_that_is_none_is_refused(write_layer):
    path = write_layer(gpd.GeoDataFrame(PLACES.set_crs(None, allow_override=True)), "places.shp")
    with pytest.raises(ValueRejected, match=r"not a coordinate reference system.*'EPSG:moon'.*EPSG:32640"):
        read_table(Kind.SETTLEMENTS, path, given=Given(ReadOptions(crs="EPSG:moon")))[0]


def test_a_zipped_shapefile_is_read(write_layer, tmp_path):
    write_layer(PLACES, "places.shp")
    with zipfile.ZipFile(tmp_path / "places.zip", "w") as archive:
        for part in tmp_path.glob("places.???"):
            if part.suffix != ".zip":
                archive.write(part, f"folder/{part.name}")
    assert read_table(Kind.SETTLEMENTS, tmp_path / "places.zip")[0]["kato"].tolist() == ["153234100", "153235100"]


def test_a_zip_without_or_with_two_shapefiles_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "none.zip", "w") as archive:
        archive.writestr("readme.txt", "text")
    with pytest.raises(FileProblem, match=r"none\.zip.*needs one shapefile.*no \.shp"):
        read_table(Kind.SETTLEMENTS, tmp_path / "none.zip")[0]
    with zipfile.ZipFile(tmp_path / "two.zip", "w") as archive:
        archive.writestr("a.shp", "text")
        archive.writestr("b.shp", "text")
    with pytest.raises(FileProblem, match=r"two\.zip.*a\.shp, b\.shp"):
        read_table(Kind.SETTLEMENTS, tmp_path / "two.zip")[0]


def test_column_names_cut_off_by_the_shapefile_are_recognised(write_layer):
    layer = gpd.GeoDataFrame(
        {"technology": ["4g"], "threshold_dbm": [-105.0], "downlink_mbps": [5.0]},
        geometry=[Polygon([(57, 50), (58, 50), (58, 51)])],
        crs=4326,
    )
    read = read_table(Kind.COVERAGE, write_layer(layer, "layer.shp"))[0]
    assert read["threshold_dbm"].tolist() == [-105.0]
    assert read["downlink_mbps"].tolist() == [5.0]


def test_of_several_layers_the_one_named_like_the_table_is_taken(write_layer):
    write_layer(PLACES, "all.gpkg", layer="settlements")
    path = write_layer(PLACES.head(1), "all.gpkg", layer="roads", mode="a")
    assert len(read_table(Kind.SETTLEMENTS, path)[0]) == 2
    with pytest.raises(FileProblem, match=r"all\.gpkg.*2 layers: settlements, roads.*'sites'"):
        read_table(Kind.SITES, path)[0]


def test_a_table_without_geometry_does_not_count_as_a_layer(write_layer):
    import pyogrio

    path = write_layer(PLACES, "places.gpkg")
    pyogrio.write_dataframe(pd.DataFrame({"style": ["x"]}), path, layer="layer_styles", append=True)
    assert len(read_table(Kind.SETTLEMENTS, path)[0]) == 2


def test_a_layer_without_geometry_is_refused(tmp_path):
    import pyogrio

    pyogrio.write_dataframe(pd.DataFrame({"kato": ["153234100"]}), tmp_path / "bare.gpkg")
    with pytest.raises(ColumnMissing, match=r"bare\.gpkg.*geometr"):
        read_table(Kind.SETTLEMENTS, tmp_path / "bare.gpkg")[0]


@pytest.mark.parametrize("suffix", ["gpkg", "parquet"])
def test_heights_are_dropped(write_layer, suffix):
    high = gpd.GeoDataFrame({"kato": ["153234100"]}, geometry=[Point(57, 50, 210)], crs=4979)
    position = read_table(Kind.SETTLEMENTS, write_layer(high, f"high.{suffix}"))[0].geometry[0]
    assert not position.has_z
    assert (position.x, position.y) == (57, 50)


def test_a_multipoint_of_one_point_is_that_point(write_layer):
    places = PLACES.set_geometry([MultiPoint([p]) for p in PLACES.geometry])
    assert set(read_table(Kind.SETTLEMENTS, write_layer(places, "places.gpkg"))[0].geom_type) == {"Point"}


def test_a_bow_tie_is_repaired_to_two_triangles(write_layer):
    bow_tie = Polygon([(0, 0), (2, 2), (2, 0), (0, 2)])
    layer = gpd.GeoDataFrame({"technology": ["4g"]}, geometry=[bow_tie], crs=4326)
    area = read_table(Kind.COVERAGE, write_layer(layer, "layer.gpkg"))[0].geometry[0]
    assert area.is_valid
    assert area.geom_type == "MultiPolygon"
    assert area.area == pytest.approx(2.0)


def test_overlapping_parts_are_united_not_made_a_hole(write_layer):
    parts = shapely.multipolygons([shapely.box(0, 0, 2, 2), shapely.box(1, 1, 3, 3)])
    layer = gpd.GeoDataFrame({"technology": ["4g"]}, geometry=[parts], crs=4326)
    area = read_table(Kind.COVERAGE, write_layer(layer, "layer.gpkg"))[0].geometry[0]
    assert area.is_valid
    assert area.contains(Point(1.5, 1.5))
    assert area.area == pytest.approx(7.0)


def test_a_repaired_polygon_keeps_no_lines(write_layer):
    spike = Polygon([(0, 0), (2, 0), (2, 2), (1, 2), (1, 5), (1, 2), (0, 2)])
    layer = gpd.GeoDataFrame({"kato": ["153200000"]}, geometry=[spike], crs=4326)
    area = read_table(Kind.BOUNDARIES, write_layer(layer, "layer.gpkg"))[0].geometry[0]
    assert area.geom_type in {"Polygon", "MultiPolygon"}
    assert area.area == pytest.approx(4.0)


def test_a_layer_in_two_formats_with_dates_gives_the_same_dates(write_layer):
    areas = [shapely.box(57, 50, 58, 51)] * 2
    layer = gpd.GeoDataFrame(
        {"technology": ["4g", "3g"], "as_of": pd.to_datetime(["2024-05-06", None])}, geometry=areas, crs=4326
    )
    for name in ("layer.gpkg", "layer.shp", "layer.geojson", "layer.fgb", "layer.parquet"):
        assert read_table(Kind.COVERAGE, write_layer(layer, name))[0]["as_of"].dropna().tolist() == ["2024-05-06"], name


def test_nothing_is_written_beside_the_input(write_layer, tmp_path):
    write_layer(PLACES, "places.gpkg")
    before = sorted(p.name for p in Path(tmp_path).iterdir())
    read_table(Kind.SETTLEMENTS, tmp_path / "places.gpkg")[0]
    assert sorted(p.name for p in Path(tmp_path).iterdir()) == before
