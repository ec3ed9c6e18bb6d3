import datetime as dt

import geopandas as gpd
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from geo.bundled import data_path
from geo.ingest.kinds import Kind
from geo.ingest.population import estimate_populations
from geo.ingest.reading import read_table
from geo.ingest.statements import read_population_figures
from geo.region import PopulationRules, RegionProfile
from geo.tables.evidence import POPULATION_FIGURES
from geo.tables.schema import WGS84, conform
from geo.tables.settlements import SETTLEMENTS

RULES = PopulationRules(
    weight_okrug_centre=4,
    weight_other=1,
    weight_siding=0.1,
    estimate_range_factor=2.7,
    drift_share_per_year=0.02,
    undated_range_share=0.15,
)
PROFILE = RegionProfile(names={"en": "x"}, as_of=dt.date(2026, 1, 1), population=RULES)
REGION, DISTRICT_A, DISTRICT_B = "900000000", "910000000", "920000000"


def places(*rows: tuple[str, str, str, bool]) -> gpd.GeoDataFrame:
    """Settlements from (kato, district, okrug, is centre)."""
    frame = pd.DataFrame(rows, columns=["kato", "district_kato", "okrug_kato", "is_okrug_centre"])
    shaped = gpd.GeoDataFrame(frame, geometry=gpd.GeoSeries([None] * len(frame), crs=WGS84))
    return conform(shaped, SETTLEMENTS, file="test")


def figures(*rows: tuple[str, str, int, str | None, str]) -> pd.DataFrame:
    """Figures from (kato, level, people, date, basis)."""
    frame = pd.DataFrame(rows, columns=["kato", "level", "population", "date", "basis"])
    return conform(frame, POPULATION_FIGURES, file="test")


def test_a_remainder_is_shared_by_weight_and_adds_up() -> None:
    settlements = places(
        ("911000100", DISTRICT_A, "911000000", True),
        ("911000200", DISTRICT_A, "911000000", False),
        ("911000300", DISTRICT_A, "911000000", False),
    )
    result = estimate_populations(
        settlements,
        figures((DISTRICT_A, "district", 700, "2025", "official"), ("911000200", "settlement", 100, "2025", "census")),
        PROFILE,
    )
    # 700 − 100 published = 600, shared 4 : 1
    assert result["population"].tolist() == [480, 100, 120]
    assert result["population_basis"].tolist() == ["estimate", "census", "estimate"]
    assert result["population_date"].tolist() == ["2025", "2025", "2025"]
    assert result["population_low"].tolist()[0] == 177  # 480 / 2.7, down
    assert result["population_high"].tolist()[0] == 1296  # 480 * 2.7


def test_districts_without_a_total_share_what_the_region_has_left() -> None:
    settlements = places(
        ("911000100", DISTRICT_A, "911000000", True),
        ("921000100", DISTRICT_B, "921000000", True),
        ("931000100", "930000000", "931000000", False),
    )
    result = estimate_populations(
        settlements,
        figures((REGION, "region", 1000, "2023", "official"), (DISTRICT_A, "district", 500, "2023", "official")),
        PROFILE,
    )
    assert result["population"].tolist() == [500, 400, 100]


def test_children_are_scaled_to_their_parents_total_but_those_of_its_own_date_are_kept() -> None:
    settlements = places(
        ("911000100", DISTRICT_A, "911000000", True),
        ("911000200", DISTRICT_A, "911000000", False),
        ("911000300", DISTRICT_A, "911000000", False),
    )
    result = estimate_populations(
        settlements,
        figures(
            ("911000000", "okrug", 1000, "2021", "census"),
            ("911000100", "settlement", 400, "2021", "census"),
            ("911000200", "settlement", 900, "2009", "census"),
            ("911000300", "settlement", 300, "2009", "census"),
        ),
        PROFILE,
    )
    assert result["population"].tolist() == [400, 450, 150]
    assert result["population_basis"].tolist() == ["census", "estimate", "estimate"]
    assert result["population_high"].tolist()[1] >= 900


def test_precedence_is_official_then_census_then_tag_and_the_latest_of_each() -> None:
    settlements = places(("911000100", DISTRICT_A, "911000000", True))
    found = figures(
        ("911000100", "settlement", 1, None, "tag"),
        ("911000100", "settlement", 2, "2021", "census"),
        ("911000100", "settlement", 3, "2019", "official"),
        ("911000100", "settlement", 4, "2022-10-01", "official"),
        (DISTRICT_A, "district", 4, "2022", "official"),
    )
    assert estimate_populations(settlements, found, PROFILE)["population"].tolist() == [4]


def test_an_okrug_that_holds_one_place_gives_it_the_better_figure() -> None:
    settlements = places(("911000100", DISTRICT_A, "911000000", True))
    found = figures(("911000000", "okrug", 556, "2022", "official"), ("911000100", "settlement", 570, None, "tag"))
    result = estimate_populations(settlements, found, PROFILE)
    assert (result["population"].iloc[0], result["population_basis"].iloc[0]) == (556, "official")


def test_figures_above_the_total_still_leave_something_for_places_without_one() -> None:
    settlements = places(("911000100", DISTRICT_A, "911000000", True), ("911000200", DISTRICT_A, "911000000", False))
    found = figures((DISTRICT_A, "district", 1000, "2025", "official"), ("911000100", "settlement", 1200, None, "tag"))
    result = estimate_populations(settlements, found, PROFILE)
    assert result["population"].sum() == 1000
    assert result["population"].min() > 0


def test_without_any_figure_above_it_a_population_stays_unknown() -> None:
    settlements = places(("911000100", DISTRICT_A, "911000000", True))
    result = estimate_populations(settlements, figures((DISTRICT_B, "district", 5, "2025", "official")), PROFILE)
    assert result["population"].isna().all()
    assert result["population_basis"].isna().all()


@given(
    total=st.integers(100, 1_000_000),
    known=st.lists(st.none() | st.integers(0, 5_000), min_size=2, max_size=12),
    centres=st.lists(st.booleans(), min_size=12, max_size=12),
)
def test_every_total_is_met_exactly(total: int, known: list[int | None], centres: list[bool]) -> None:
    katos = [f"9110{i:02d}100" for i in range(len(known))]
    settlements = places(*((k, DISTRICT_A, k[:6] + "000", centre) for k, centre in zip(katos, centres, strict=False)))
    rows = [(k, "settlement", p, "2009", "census") for k, p in zip(katos, known, strict=True) if p is not None]
    result = estimate_populations(
        settlements, figures((DISTRICT_A, "district", total, "2025", "official"), *rows), PROFILE
    )
    if any(p is None or p > 0 for p in known):
        assert result["population"].sum() == total
    assert (result["population_low"] <= result["population"]).all()
    assert (result["population"] <= result["population_high"]).all()


def test_the_bundled_populations_add_up_to_every_published_total_in_use() -> None:
    profile = RegionProfile.from_toml(data_path("region.toml"))
    settlements = read_table(Kind.SETTLEMENTS, data_path("boundaries", "settlements.geojson"))[0]
    published = read_population_figures(data_path("boundaries", "population.csv"))
    result = estimate_populations(settlements, published, profile)
    assert result["population"].sum() == 928_185
    by_district = result.groupby("district_kato")["population"].sum()
    latest = {
        "151000000": 556_976,
        "153200000": 43_682,
        "153400000": 24_895,
        "154000000": 17_107,
        "154800000": 64_928,
        "155200000": 18_651,
        "155600000": 35_050,
        "156000000": 46_659,
        "156400000": 45_996,
        "156800000": 14_946,
    }
    assert {kato: int(by_district[kato]) for kato in latest} == latest
    okrug = result[result["okrug_kato"] == "155632000"]
    assert okrug["population"].sum() == 1_168
    assert result["population"].min() > 0
    # Baiganin, Kobda and Martuk have no total: they share what the region has left
    assert by_district[["153600000", "154200000", "154600000"]].sum() == 928_185 - sum(latest.values())
