"""What the readers of settlements, districts, coverage and sites fill in and refuse."""

import itertools

import pytest
import shapely

from geo.errors import ColumnMissing, CrsMissing, FileProblem, InputError, ValueRejected
from geo.ingest.kinds import Kind
from geo.ingest.reading import Given, read_table
from geo.ingest.source import ReadOptions
from geo.tables.coverage import COVERAGE
from geo.tables.districts import DISTRICTS
from geo.tables.sites import SITES

NAMES = ("name_kk", "name_ru", "name_en")


@pytest.mark.parametrize(
    "given", [c for n in (1, 2, 3) for c in itertools.combinations(NAMES, n)], ids=lambda given: "+".join(given)
)
def test_a_settlement_with_one_name_has_all(write_geojson, given, point):
    spelt = {"name_kk": "Шоққайың", "name_ru": "Шокайын", "name_en": "Shoqqayyng"}
    path = write_geojson(({"kato": "153234100"} | {k: spelt[k] for k in given}, point()))
    row = read_table(Kind.SETTLEMENTS, path)[0].iloc[0]
    for name in NAMES:
        if name in given:
            assert row[name] == spelt[name]
        else:
            assert row[name] in spelt.values()


def test_an_english_name_is_romanised_from_the_kazakh_before_the_russian_is_taken(write_geojson, point):
    path = write_geojson(
        ({"kato": "153234100", "name_kk": "Қарақобда", "name_ru": "Каракобда"}, point()),
        ({"kato": "153234200", "name_ru": "Хлебодаровка"}, point()),
    )
    read = read_table(Kind.SETTLEMENTS, path)[0]
    assert read["name_en"].tolist() == ["Qaraqobda", "Хлебодаровка"]
    assert read["name_kk"].tolist() == ["Қарақобда", "Хлебодаровка"]


def test_a_settlement_without_any_name_is_called_by_its_code(write_geojson, point):
    row = read_table(Kind.SETTLEMENTS, write_geojson(({"kato": "153234100", "name_kk": " "}, point())))[0].iloc[0]
    assert [row[name] for name in NAMES] == ["153234100"] * 3


def test_a_settlement_without_position_stays_in(write_geojson, point):
    read = read_table(Kind.SETTLEMENTS, write_geojson(({"kato": "153234100"}, None), ({"kato": "153234200"}, point())))[
        0
    ]
    assert read.geometry.isna().tolist() == [True, False]


def test_a_population_without_basis_is_official_and_exact(write_geojson, point):
    path = write_geojson(
        ({"kato": "153234100", "pop": 250}, point()),
        ({"kato": "153234200", "pop": None}, point()),
    )
    read = read_table(Kind.SETTLEMENTS, path)[0]
    assert read["population"].tolist()[0] == 250
    assert (read["population_low"][0], read["population_high"][0]) == (250, 250)
    assert read["population_basis"].fillna("-").tolist() == ["official", "-"]
    assert read[["population", "population_low", "population_high"]].iloc[1].isna().all()


def test_basis_and_range_of_a_population_are_kept(write_geojson, point):
    given = {"population": 250, "population_low": 90, "population_high": 700, "population_basis": "tag"}
    row = read_table(Kind.SETTLEMENTS, write_geojson(({"kato": "153234100"} | given, point())))[0].iloc[0]
    assert {key: row[key] for key in given} == given


@pytest.mark.parametrize(("column", "value"), [("population_low", 251), ("population_high", 249)])
def test_a_range_that_does_not_hold_the_population_is_refused(write_geojson, column, value, point):
    path = write_geojson(({"kato": "153234100", "population": 250, column: value}, point()))
    with pytest.raises(ValueRejected, match=rf"row 1, column '{column}'.*{value}"):
        read_table(Kind.SETTLEMENTS, path)[0]


def test_a_footprint_is_accepted_for_a_settlement_and_a_line_is_not(write_geojson, point, square):
    assert read_table(Kind.SETTLEMENTS, write_geojson(({"kato": "153234100"}, square())))[0].geom_type[0] == "Polygon"
    line = {"type": "LineString", "coordinates": [[57, 50], [58, 51]]}
    with pytest.raises(ValueRejected, match=r"layer\.geojson, row 2, column 'geometry': wrong geometry type.*LineStr"):
        read_table(Kind.SETTLEMENTS, write_geojson(({"kato": "153234100"}, point()), ({"kato": "153234200"}, line)))[0]


def test_places_from_a_csv_keep_the_digits_of_their_codes(write_csv):
    path = write_csv("kato;name;longitude;latitude;pop", "010234100;North;57.5;50.25;12", "153234200;South;;;")
    read = read_table(Kind.SETTLEMENTS, path)[0]
    assert read["kato"].tolist() == ["010234100", "153234200"]
    assert read["name_en"].tolist() == ["North", "South"]
    assert read.geometry[0].equals(shapely.Point(57.5, 50.25))
    assert read.geometry[1] is None
    assert read["population"].fillna(-1).tolist() == [12, -1]


def test_x_and_y_of_a_csv_are_in_the_stated_crs(write_csv):
    path = write_csv("kato,x,y", "153234100,500000,5500000")
    position = read_table(Kind.SETTLEMENTS, path, given=Given(ReadOptions(crs="EPSG:32640")))[0].geometry[0]
    assert position.x == pytest.approx(57.0)
    assert position.y == pytest.approx(49.6523, abs=1e-3)
    with pytest.raises(CrsMissing, match=r"^table\.csv: the columns 'x' and 'y' do not say.*EPSG:32640"):
        read_table(Kind.SETTLEMENTS, path)[0]


def test_words_for_nothing_are_gaps_and_the_report_says_so(write_csv):
    path = write_csv("kato,name,lon,lat", "153234100,н/д,57,50", "153234200,Nau,57,50")
    read, report = read_table(Kind.SETTLEMENTS, path)
    assert read["name_ru"].tolist() == ["153234100", "Nau"]
    (finding,) = [finding for finding in report.findings if finding.code == "empty_words"]
    assert [(p.row, p.column) for p in finding.examples] == [(1, "name")]


def test_a_csv_saved_by_a_spreadsheet_with_a_byte_order_mark_is_read(write_csv):
    path = write_csv("kato,lon,lat", "153234100,57,50", encoding="utf-8-sig")
    assert read_table(Kind.SETTLEMENTS, path)[0]["kato"].tolist() == ["153234100"]


def test_districts_have_names_and_areas(write_geojson, square):
    read = read_table(Kind.BOUNDARIES, write_geojson(({"code": 153200000, "name_ru": "Алгинский район"}, square())))[0]
    assert list(read.columns) == DISTRICTS.names
    assert read.iloc[0][["kato", *NAMES]].tolist() == ["153200000", *["Алгинский район"] * 3]


def test_a_district_without_area_is_refused(write_geojson):
    with pytest.raises(ValueRejected, match=r"row 1, column 'geometry': geometry is missing"):
        read_table(Kind.BOUNDARIES, write_geojson(({"kato": "153200000"}, None)))[0]


def test_districts_do_not_come_from_a_csv(write_csv):
    path = write_csv("kato,lon,lat", "153200000,57,50")
    with pytest.raises(FileProblem, match=r"table\.csv: not an accepted format.*\.geojson"):
        read_table(Kind.BOUNDARIES, path)


def test_coverage_without_operator_and_basis_is_unspecified_and_declared(write_geojson, square):
    read = read_table(Kind.COVERAGE, write_geojson(({"Technology": "4g"}, square())))[0]
    assert list(read.columns) == COVERAGE.names
    assert read.iloc[0][["operator", "technology", "basis"]].tolist() == ["unspecified", "4g", "declared"]


def test_an_unknown_technology_is_refused_with_those_accepted(write_geojson, square):
    path = write_geojson(({"tech": "4g"}, square()), ({"tech": "6g"}, square()))
    with pytest.raises(ValueRejected, match=r"layer\.geojson, row 2, column 'tech'.*'6g'.*2g, 3g, 4g, 5g"):
        read_table(Kind.COVERAGE, path)[0]


def test_coverage_of_points_is_refused(write_geojson, point):
    with pytest.raises(ValueRejected, match=r"row 1.*wrong geometry type.*'Point'.*MultiPolygon, Polygon"):
        read_table(Kind.COVERAGE, write_geojson(({"technology": "4g"}, point())))[0]


def test_sites_without_cell_ids_get_distinct_ones(write_csv):
    path = write_csv(
        "site_id,cell_id,technology,lon,lat,height",
        "A,,4g,57,50,40",
        "A,,4g,57,50,40",
        "A,A-4g,4g,57,50,40",
        "B,,2g,57,50,",
    )
    read = read_table(Kind.SITES, path)[0]
    assert list(read.columns) == SITES.names
    assert read["cell_id"].tolist() == ["A-4g-2", "A-4g-3", "A-4g", "B-2g"]
    assert read["height_m"].fillna(-1).tolist() == [40, 40, 40, -1]


def test_a_column_of_another_name_is_named_as_the_file_names_it(write_csv):
    path = write_csv("KATO_code,lon,lat,Pop", "153234100,57,50,-5")
    with pytest.raises(ValueRejected, match=r"table\.csv, row 1, column 'Pop'.*'-5'.*0 or more"):
        read_table(Kind.SETTLEMENTS, path)[0]


def test_all_offending_rows_are_reported(write_csv):
    path = write_csv("kato,lon,lat,population", *(f"15323{i:04d},57,50,-1" for i in range(8)))
    with pytest.raises(ValueRejected) as refused:
        read_table(Kind.SETTLEMENTS, path)[0]
    assert [problem.row for problem in refused.value.problems] == list(range(1, 9))
    assert "3 more" in str(refused.value)


def test_a_missing_code_column_is_named_with_those_present(write_geojson, point):
    with pytest.raises(ColumnMissing, match=r"layer\.geojson, column 'kato': column is missing\. The file has: name\."):
        read_table(Kind.SETTLEMENTS, write_geojson(({"name": "A"}, point())))[0]


def test_a_boolean_with_gaps_is_read(write_geojson, point):
    path = write_geojson(
        ({"kato": "153234100", "is_okrug_centre": True}, point()),
        ({"kato": "153234200", "is_okrug_centre": None}, point()),
        ({"kato": "153234300", "is_okrug_centre": False}, point()),
    )
    assert read_table(Kind.SETTLEMENTS, path)[0]["is_okrug_centre"].tolist() == [True, False, False]


def test_a_code_column_with_a_gap_is_refused_at_the_gap(write_geojson, point):
    path = write_geojson(({"kato": 153234100}, point()), ({"kato": None}, point()))
    with pytest.raises(InputError, match=r"row 2, column 'kato': value is missing"):
        read_table(Kind.SETTLEMENTS, path)[0]
