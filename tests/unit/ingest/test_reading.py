"""Reading a file batch by batch: nothing is lost between the batches, and no row leaves without a reason."""

from pathlib import Path

import geopandas as gpd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.errors import ColumnMissing, LimitExceeded, ValueRejected
from geo.ingest.checks import Context
from geo.ingest.kinds import TABLES, Kind
from geo.ingest.readers import tabular
from geo.ingest.reading import ALONE, AS_IT_IS, Given, Part, Reading, read_table
from geo.ingest.report import Report
from geo.settings import get_settings
from geo.tables.schema import conform


def parts(kind: Kind, path: Path, *, said: Given = AS_IT_IS, context: Context = ALONE) -> tuple[list[Part], Report]:
    reading = Reading(kind, path, said, context, Report(kind, path.name))
    return list(reading.parts()), reading.report


@pytest.fixture
def register() -> Context:
    """One district with two villages."""
    rows = {"kato": ["150000100", "150000200"], "name_ru": ["Каракобда", "Бестамак"], "district_kato": "150000001"}
    places = gpd.GeoDataFrame(rows, geometry=[shapely.Point(57, 50), shapely.Point(57.5, 50.5)], crs=4326)
    districts = gpd.GeoDataFrame({"kato": ["150000001"]}, geometry=[shapely.box(56, 49, 58, 51)], crs=4326)
    return Context(
        conform(places, TABLES[Kind.SETTLEMENTS], file="register"),
        conform(districts, TABLES[Kind.BOUNDARIES], file="register"),
    )


def test_a_value_that_cannot_be_read_does_not_hide_one_that_is_not_accepted(write_csv):
    path = write_csv("kato,population,lon,lat", "150000100,many,57,50", "150000200,-5,57,50", "15A,1,57,50")
    with pytest.raises(ValueRejected) as refused:
        read_table(Kind.SETTLEMENTS, path)
    assert [(p.row, p.column) for p in refused.value.problems] == [(1, "population"), (2, "population"), (3, "kato")]


def test_a_missing_column_is_told_with_the_files_own(write_csv):
    with pytest.raises(ColumnMissing, match=r"column 'kato'.*The file has: foo, bar\. Accepted: kato, kato code"):
        read_table(Kind.SETTLEMENTS, write_csv("foo,bar", "1,2"))


@pytest.mark.parametrize("size", [1, 2, 100])
def test_a_key_of_an_earlier_batch_is_refused_with_its_row(write_csv, monkeypatch, size):
    monkeypatch.setattr(tabular, "BATCH_ROWS", size)
    lines = [f"{kato},57,50" for kato in ("150000100", "150000200", "150000300", "150000100")]
    got, report = parts(Kind.SETTLEMENTS, write_csv("kato,lon,lat", *lines))
    assert [int(row) for part in got for row in part.rows] == [1, 2, 3]
    refused = [row for part in got for row in part.refused.to_dict("records")]
    assert [(row["row"], row["kato"]) for row in refused] == [(4, "150000100")]
    assert "duplicate" in refused[0]["problems"]
    assert (report.rows_read, report.rows_kept) == (4, 3)


@settings(max_examples=20)
@given(st.lists(st.sampled_from(["150000100", "150000200", "15A", ""]), min_size=1, max_size=8), st.integers(1, 4))
def test_every_row_is_kept_or_refused_with_a_reason(tmp_path_factory, codes, size):
    path = tmp_path_factory.mktemp("rows") / "t.csv"
    path.write_text("\n".join(["kato,lon,lat", *(f"{code},57,50" for code in codes)]) + "\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tabular, "BATCH_ROWS", size)
        got, report = parts(Kind.SETTLEMENTS, path)
    kept = [int(row) for part in got for row in part.rows]
    refused = [int(row) for part in got for row in part.refused["row"]]
    assert sorted(kept + refused) == list(range(1, len(codes) + 1))
    assert all(why for part in got for why in part.refused["problems"])
    assert kept == [codes.index(code) + 1 for code in dict.fromkeys(codes) if len(code) == 9]
    assert (report.rows_read, report.rows_kept) == (len(codes), len(kept))


def test_what_is_stated_fills_gaps_and_overwrites_nothing(write_csv):
    path = write_csv("site_id,operator,technology,lon,lat", "A,kcell,,57,50", "B,,3g,57,50")
    table, _ = read_table(Kind.SITES, path, given=Given(defaults={"operator": "Билайн", "technology": "LTE"}))
    assert table["operator"].tolist() == ["kcell", "beeline"]
    assert table["technology"].tolist() == ["4g", "3g"]


def test_facilities_by_name_take_the_code_and_the_position_of_the_settlement(write_csv, register):
    path = write_csv("name,kind,Село,Район,lon,lat", "Школа,school,Каракобда,,,", "ФАП,clinic,,,57.2,50.2")
    table, report = read_table(Kind.FACILITIES, path, context=register)
    assert table["kato"].tolist()[0] == "150000100"
    assert table["kato"].isna().tolist() == [False, True]
    assert shapely.get_coordinates(table.geometry.to_numpy()).tolist() == [[57, 50], [57.2, 50.2]]
    assert "position_by_settlement" in [finding.code for finding in report.findings]


def test_settlements_take_from_the_register_what_their_list_leaves_out(write_csv, register):
    path = write_csv("kato,population,name_ru", "150000200,70,Другое имя", "150000900,5,Новое")
    table, _ = read_table(Kind.SETTLEMENTS, path, context=register)
    assert table["district_kato"].isna().tolist() == [False, True]
    assert table["name_ru"].tolist() == ["Другое имя", "Новое"]
    assert table.geometry.iloc[0].coords[0] == (57.5, 50.5)
    assert table.geometry.iloc[1] is None


def test_more_rows_than_the_setting_allows(write_csv, monkeypatch):
    monkeypatch.setattr(get_settings(), "input_features_max", 2)
    path = write_csv("kato,lon,lat", *(f"15000010{i},57,50" for i in range(3)))
    with pytest.raises(LimitExceeded, match="SHALGAI_INPUT_FEATURES_MAX"):
        read_table(Kind.SETTLEMENTS, path)
