"""Each kind of data: ingest, analyse, and a named published figure is what it must be, worked out by hand.

Three villages on one meridian, a district around them. Files come as offices send them.
"""

import datetime as dt
import zipfile

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import rasterio
import shapely
from pyproj import Geod
from rasterio import Affine

from geo.access.analysis import analyse
from geo.access.layers import AnalysisInputs
from geo.ingest.kinds import Kind
from geo.ingest.reading import Given
from geo.ingest.report import Severity
from geo.ingest.source import ReadOptions
from geo.workspace import Workspace
from geo.workspace.catalogue import Catalogue, used_by
from geo.workspace.intake import Wish, take_in

TODAY = dt.date(2026, 11, 1)
DISTRICT = shapely.box(56.0, 49.0, 58.0, 51.0)
NORTH, MIDDLE, SOUTH = "150000100", "150000200", "150000300"
LATITUDES = {NORTH: 50.15, MIDDLE: 50.0, SOUTH: 49.85}
GEOD = Geod(ellps="WGS84")


class Office:
    """A workspace, and a folder of files for it."""

    def __init__(self, folder):
        self.folder = folder
        self.workspace = Workspace(folder / "var")
        self.catalogue = Catalogue(folder / "var")

    def ingest(self, kind, path, *, crs=None, **wishes):
        given = Given(ReadOptions(crs=crs), wishes.pop("defaults", {}))
        outcome = take_in(kind, path, self.catalogue, Wish(path.stem, given, **wishes), today=TODAY)
        assert outcome.is_accepted, [f for f in outcome.report.findings if f.severity is Severity.ERROR]
        return outcome

    def analyse(self, **inputs):
        return analyse(AnalysisInputs(**inputs), self.workspace)

    def gaps(self, **inputs):
        return self.analyse(**inputs).table("gaps").set_index("kato")

    def write(self, frame, name):
        path = self.folder / name
        frame.to_file(path)
        return path


@pytest.fixture
def office(tmp_path):
    """The district and the villages are brought already."""
    office = Office(tmp_path)
    districts = gpd.GeoDataFrame({"kato": ["150000001"], "name_ru": ["Район"]}, geometry=[DISTRICT], crs=4326)
    office.ingest(Kind.BOUNDARIES, office.write(districts, "district.gpkg"))
    lines = ["Код КАТО;Наименование;Население, чел.;Долгота;Широта"]
    lines += [f"{kato};Село {kato[-3]};300;57,0;{lat:g}".replace(".", ",") for kato, lat in LATITUDES.items()]
    path = tmp_path / "сёла.csv"
    path.write_text("\n".join(lines), encoding="cp1251")
    office.ingest(Kind.SETTLEMENTS, path)
    return office


def test_settlements_and_boundaries(office):
    run = office.analyse()
    assert run.manifest["summary"]["settlements"] == 3
    assert run.manifest["summary"]["population"] == 900
    assert run.manifest["region"]["bounds"] == [56.0, 49.0, 58.0, 51.0]
    assert run.table("settlements")["district_kato"].tolist() == ["150000001"] * 3
    assert run.table("gaps")["service_class"].tolist() == ["unknown"] * 3


def test_settlements_replaced_by_a_later_census(office):
    path = office.folder / "census.csv"
    path.write_text(f"kato,name,population,lon,lat\n{NORTH},A,450,57,50.15\n", encoding="utf-8")
    outcome = office.ingest(Kind.SETTLEMENTS, path)
    (warning,) = [finding for finding in outcome.report.findings if finding.code == "known_left_out"]
    assert warning.what.startswith("2 of the 3 settlements known now are not in the file")
    assert [place.value for place in warning.examples] == [MIDDLE, SOUTH]
    assert office.analyse().manifest["summary"]["population"] == 450


def test_coverage_polygons(office):
    """The southern village lies 11 km from any edge of the area: P = 0.84, the others 5 km and more outside: 0.05."""
    area = gpd.GeoDataFrame(
        {"OPERATOR": ["Билайн"], "TECHNOLOGY": ["LTE"], "AS_OF": ["2026-01-01"]},
        geometry=[shapely.box(56.6, 49.75, 57.4, 49.95)],
        crs=4326,
    ).to_crs(28410)
    office.write(area, "beeline.shp")
    with zipfile.ZipFile(office.folder / "beeline.zip", "w") as archive:
        for part in office.folder.glob("beeline.???"):
            if part.suffix != ".zip":
                archive.write(part, f"покрытие/{part.name}")
    office.ingest(Kind.COVERAGE, office.folder / "beeline.zip")
    run = office.analyse()
    service = run.table("service").set_index("kato")
    assert service["operator"].unique().tolist() == ["beeline"]
    assert service.loc[SOUTH, "probability_served"] == pytest.approx(0.84, abs=1e-3)
    assert service.loc[SOUTH, "share_covered"] == 1.0
    assert service.loc[MIDDLE, "probability_served"] == pytest.approx(0.05, abs=1e-3)
    classes = run.table("gaps").set_index("kato")["service_class"]
    assert classes.to_dict() == {NORTH: "unserved", MIDDLE: "unserved", SOUTH: "served"}


def test_a_signal_raster_by_options(office):
    """−101.86 dBm is one σ (8.14 dB) above kz's −110 dBm of 4G: P = Φ(1) = 0.8413; nodata says nothing."""
    values = np.full((20, 20), -101.86, dtype="float32")
    values[:11] = -9999.0  # all north of 49.9°
    profile = {"driver": "GTiff", "width": 20, "height": 20, "count": 1, "dtype": "float32", "nodata": -9999.0}
    path = office.folder / "rsrp.tif"
    transform = Affine(0.1, 0, 56.0, 0, -0.1, 51.0)
    with rasterio.open(path, "w", transform=transform, **profile) as raster:
        raster.write(values, 1)
    office.ingest(
        Kind.COVERAGE,
        path,
        crs="EPSG:4326",
        defaults={"operator": "Kcell", "technology": "LTE", "quantity": "dbm", "as_of": "2026"},
    )
    service = office.analyse().table("service").set_index("kato")
    assert service.index.tolist() == [SOUTH]
    assert service.loc[SOUTH, "probability_served"] == pytest.approx(0.8413, abs=2e-3)
    assert service.loc[SOUTH, "signal_dbm"] == pytest.approx(-101.86)
    assert service.loc[SOUTH, "operator"] == "kcell"


def test_sites_from_a_workbook(office):
    """A mast 0.1° south of the middle village: 11.12 km along the meridian."""
    sheet = pd.DataFrame(
        {
            "Площадка": ["М1"],
            "Оператор": ["Теле2"],
            "Технология": ["4G"],
            "Высота подвеса, м": ["45,0"],
            "Долгота": ["57,0"],
            "Широта": ["49,9"],
        }
    )
    path = office.folder / "мачты.xlsx"
    sheet.to_excel(path, index=False)
    office.ingest(Kind.SITES, path)
    gaps = office.gaps()
    for kato, latitude in LATITUDES.items():
        km = GEOD.inv(57.0, 49.9, 57.0, latitude)[2] / 1000.0
        assert gaps.loc[kato, "nearest_site_km"] == pytest.approx(km, abs=0.002)
    assert GEOD.inv(57.0, 49.9, 57.0, 50.0)[2] == pytest.approx(11_123, abs=2)


def test_terrain(office):
    """A wall 300 m high between mast and village costs signal; the flat ground on the other side costs none."""
    office.ingest(Kind.SITES, _mast(office))
    before = levels(office.analyse())
    heights = np.zeros((400, 400), dtype="float32")
    heights[215:217] = 300.0  # 8.3 to 9.5 km south of the mast at 50.0° N
    path = office.folder / "dem.tif"
    transform = Affine(0.005, 0, 56.0, 0, -0.005, 51.0)
    profile = {"driver": "GTiff", "width": 400, "height": 400, "count": 1, "dtype": "float32", "crs": "EPSG:4326"}
    with rasterio.open(path, "w", transform=transform, **profile) as raster:
        raster.write(heights, 1)
    office.ingest(Kind.TERRAIN, path)
    run = office.analyse()
    after = levels(run)
    assert run.manifest["model"]["terrain"] == "data.tif"
    assert before[SOUTH] == pytest.approx(before[NORTH], abs=0.5)  # one distance, one smooth earth
    assert after[SOUTH] < before[SOUTH] - 15.0
    assert after[NORTH] == pytest.approx(before[NORTH], abs=0.5)


def levels(run):
    """Signal of the one operator and technology at each village, dBm."""
    return run.table("service").set_index("kato")["signal_dbm"]


def _mast(office):
    path = office.folder / "mast.csv"
    path.write_text("site_id,operator,technology,height_m,lon,lat\nM,kcell,4g,45,57,50\n", encoding="utf-8")
    return path


def test_runs_tell_their_datasets_and_the_catalogue_its_runs(office):
    office.ingest(Kind.SITES, _mast(office), credit="Список мачт, 2026")
    run = office.analyse()
    (dataset,) = office.catalogue.active(Kind.SITES)
    assert used_by(dataset.id, office.workspace.runs()) == [run.id]
    assert "Список мачт, 2026" in run.manifest["credits"]
    again = office.analyse()
    assert again.id == run.id
    office.catalogue.remove("mast")
    assert office.analyse().id != run.id
    assert used_by(dataset.id, office.workspace.runs()) == [run.id]


def test_an_option_wins_over_the_catalogue(office):
    office.ingest(Kind.SITES, _mast(office))
    path = office.folder / "other.csv"
    path.write_text("site_id,technology,lon,lat\nX,4g,57,49.85\n", encoding="utf-8")
    assert office.gaps(sites=path).loc[SOUTH, "nearest_site_km"] == 0.0


def test_a_scenario_leaves_catalogued_evidence_out(office):
    office.ingest(Kind.SITES, _mast(office))
    sites = office.analyse(scenario="okrug-centres").table("sites")
    assert "M" not in sites["site_id"].tolist()


def test_measurements(office):
    """Ten failed tests at the southern village on ten days, none older than a day's fraction of the scale.

    Beta(1, 1) would give 1/12; each test of its own cell and day weighs a little less than one for its age, and the
    mean of the beginning is 0.5 at most: P lies between 1/12 and 0.5 · 2/(2 + 9) + slack.
    """
    lines = ["Дата;Оператор;Технология;RSRP;Широта;Долгота"]
    lines += [
        f"{day:02d}.10.2026;Билайн;LTE;-118;{49.85 + day / 1000:.3f};57,0".replace(".8", ",8") for day in range(1, 11)
    ]
    path = office.folder / "drive.csv"
    path.write_text("\n".join(lines), encoding="cp1251")
    outcome = office.ingest(Kind.MEASUREMENTS, path)
    assert outcome.report.rows_kept == 10
    service = office.analyse().table("service").set_index("kato")
    assert service.index.tolist() == [SOUTH]
    assert service.loc[SOUTH, ["operator", "technology", "basis"]].tolist() == ["beeline", "4g", "measured"]
    assert 0.05 < service.loc[SOUTH, "probability_served"] < 0.15
    assert service.loc[SOUTH, "signal_dbm"] == pytest.approx(-118)


def test_facilities(office):
    """Two schools by the village's name, one clinic by its position, where P = 0.05: 3 · 0.95 of the standard's 3."""
    area = gpd.GeoDataFrame({"technology": ["4g"]}, geometry=[shapely.box(56.6, 49.75, 57.4, 49.95)], crs=4326)
    office.ingest(Kind.COVERAGE, office.write(area, "area.gpkg"))
    rows = "Район;Село;Вид;Наименование школы\n" + "".join(f";Село 1;школа;№ {n}\n" for n in (1, 2))
    path = office.folder / "школы.csv"
    path.write_text(rows, encoding="cp1251")
    office.ingest(Kind.FACILITIES, path)
    clinic = gpd.GeoDataFrame({"kind": ["clinic"]}, geometry=[shapely.Point(57.0, 50.15)], crs=4326)
    office.ingest(Kind.FACILITIES, office.write(clinic, "clinic.geojson"))
    gaps = office.gaps()
    assert gaps["facilities"].to_dict() == {NORTH: 3, MIDDLE: 0, SOUTH: 0}
    assert gaps.loc[NORTH, "indicator_institutions"] == pytest.approx(0.95, abs=1e-3)
    assert gaps.loc[SOUTH, "indicator_institutions"] == 0.0


LINE = shapely.LineString(np.column_stack([np.linspace(56.5, 57.5, 101), np.full(101, 50.05)]))


def test_roads(office):
    """A road along 50.05° N: 5.56 km from the middle village, 11.12 km from the northern, less their radius."""
    road = gpd.GeoDataFrame({"name": ["А-24"]}, geometry=[LINE], crs=4326)
    office.ingest(Kind.ROADS, office.write(road, "roads.fgb"))
    gaps = office.gaps()
    radius_km = 0.56 * 0.3**0.4
    assert gaps.loc[MIDDLE, "nearest_road_km"] == pytest.approx(5.56 - radius_km, abs=0.03)
    assert gaps.loc[NORTH, "nearest_road_km"] == pytest.approx(11.12 - radius_km, abs=0.06)
    run = office.analyse()
    assert run.table("districts")["road_km"].iloc[0] == pytest.approx(71.6, abs=0.2)  # 1° at 50.05° N


def test_what_lies_outside_the_region_says_nothing_of_it(office):
    far = gpd.GeoDataFrame({"technology": ["4g"]}, geometry=[shapely.box(100, 50, 101, 51)], crs=4326)
    outcome = office.ingest(Kind.COVERAGE, office.write(far, "far.geojson"))
    assert "out_of_region" in [finding.code for finding in outcome.report.findings]
    path = office.folder / "moscow.csv"
    path.write_text("site_id,operator,technology,lon,lat\nM,mts,2g,37.6,55.7\n", encoding="utf-8")
    office.ingest(Kind.SITES, path)
    run = office.analyse()
    assert run.table("service").empty
    assert run.table("gaps")["service_class"].tolist() == ["unknown"] * 3


def test_cells_seen_by_handsets_raise_and_never_darken(office):
    """OpenCelliD lists what handsets saw: the cell serves the northern village; it says nothing of the southern one.

    The same cell in an operator's own list says that the southern village, out of its reach, has no service.
    """
    header = "radio,mcc,net,area,cell,unit,lon,lat,range,samples,changeable,created,updated,averageSignal"
    path = office.folder / "401.csv"
    path.write_text(f"{header}\nLTE,401,1,7,2561,0,57.0,50.16,1000,50,1,1600000000,1700000000,-90\n", encoding="utf-8")
    office.ingest(Kind.SITES, path)
    run = office.analyse()
    service = run.table("service").set_index("kato")["probability_served"]
    assert service[NORTH] > 0.9
    assert SOUTH not in service.index
    assert service.min() > 0.5
    assert run.table("gaps").set_index("kato")["service_class"][SOUTH] == "unknown"
    office.catalogue.remove("401")
    own = office.folder / "own.csv"
    own.write_text("site_id,operator,technology,lon,lat\nA,beeline,4g,57.0,50.16\n", encoding="utf-8")
    assert office.gaps(sites=own)["service_class"][SOUTH] == "unserved"


def test_a_raster_without_crs_is_refused_by_its_own_name(office):
    path = office.folder / "rsrp.tif"
    profile = {"driver": "GTiff", "width": 2, "height": 2, "count": 1, "dtype": "float32"}
    with rasterio.open(path, "w", transform=Affine(0.1, 0, 56.0, 0, -0.1, 51.0), **profile) as raster:
        raster.write(np.full((2, 2), -90, dtype="float32"), 1)
    given = Given(defaults={"technology": "4g", "quantity": "dbm"})
    outcome = take_in(Kind.COVERAGE, path, office.catalogue, Wish("rsrp", given), today=TODAY)
    assert not outcome.is_accepted
    (finding,) = outcome.report.findings
    assert (finding.code, finding.examples[0].file) == ("crs_missing", "rsrp.tif")
