"""The register, and the files that follow from it for a country, an area and a period."""

import datetime as dt
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.errors import FileProblem, InputError, LimitExceeded, UnknownName, ValueRejected
from geo.ingest.kinds import Kind
from geo.remote.formats import Checksum
from geo.remote.registry import load_register
from geo.remote.targets import base_words, index_words, parts, quarters, tile_names

TODAY = dt.date(2026, 11, 23)


def urls(name: str, token: str | None = None, **wish: object) -> list[list[str]]:
    register = load_register()
    source = register.source(name)
    words = base_words(source, register, "kz", token)
    found = parts(source, words, wish.get("extent"), wish.get("period"), TODAY)  # type: ignore[arg-type]
    return [[target.url for target in alternatives] for alternatives in found]


def test_every_bundled_source_has_what_a_user_must_know_of_it() -> None:
    register = load_register()
    assert set(register.countries) == {"KZ", "KG", "UZ", "TM"}
    for source in register.sources.values():
        assert (source.index or source.address).startswith("https://")
        assert set(source.kinds) <= {str(kind) for kind in Kind}
        assert source.licence
        assert source.credit
        assert source.licence_address.startswith("https://")


def test_the_addresses_are_those_that_the_sources_publish() -> None:
    assert urls("openstreetmap") == [["https://download.geofabrik.de/asia/kazakhstan-latest.osm.pbf"]]
    assert urls("opencellid", "abc") == [["https://opencellid.org/ocid/downloads?token=abc&type=mcc&file=401.csv.gz"]]
    base = "https://data.worldpop.org/GIS/Population/"
    assert urls("worldpop-1km") == [
        [f"{base}Global_2000_2020_1km_UNadj/2020/KAZ/kaz_ppp_2020_1km_Aggregated_UNadj.tif"]
    ]
    tile = "Copernicus_DSM_COG_10_N50_00_E057_00_DEM"
    assert urls("copernicus-dem-30", extent=(57.2, 50.1, 57.9, 50.9)) == [
        [f"https://copernicus-dem-30m.s3.amazonaws.com/{tile}/{tile}.tif"]
    ]
    assert urls("ookla-mobile", period="2026-q2") == [
        [
            "https://ookla-open-data.s3.amazonaws.com/parquet/performance/type=mobile/year=2026/quarter=2/"
            "2026-04-01_performance_mobile_tiles.parquet"
        ]
    ]


@pytest.mark.parametrize(
    ("extent", "names"),
    [
        ((57.0, 50.0, 58.0, 51.0), ["N50_00_E057_00"]),
        ((57.5, 50.5, 58.5, 50.6), ["N50_00_E057_00", "N50_00_E058_00"]),
        ((-0.5, -0.5, 0.5, 0.5), ["S01_00_W001_00", "S01_00_E000_00", "N00_00_W001_00", "N00_00_E000_00"]),
        ((179.5, 10.0, -179.5, 11.0), ["N10_00_E179_00", "N10_00_W180_00"]),
    ],
    ids=["exactly one", "two", "around zero", "across the antimeridian"],
)
def test_tiles_are_named_by_their_south_west_corners(
    extent: tuple[float, float, float, float], names: list[str]
) -> None:
    assert tile_names(extent) == names


@given(
    west=st.floats(-180, 179), south=st.floats(-90, 89), width=st.floats(0.01, 10), height=st.floats(0.01, 10),
    x=st.floats(0, 1), y=st.floats(0, 1),
)  # fmt: skip
def test_every_place_of_an_area_lies_in_one_of_its_tiles(
    west: float, south: float, width: float, height: float, x: float, y: float
) -> None:
    east, north = min(west + width, 180.0), min(south + height, 90.0)
    lon, lat = min(west + x * (east - west), east), min(south + y * (north - south), north)
    covered = False
    for name in tile_names((west, south, east, north)):
        row = int(name[1:3]) * (1 if name[0] == "N" else -1)
        column = int(name[8:11]) * (1 if name[7] == "E" else -1)
        covered |= row <= lat <= row + 1 and column <= lon <= column + 1
    assert covered


@pytest.mark.parametrize(
    "extent",
    [
        (57, 51, 58, 50),
        (57, 50, 57, 51),
        (57, 50, float("nan"), 51),
        (57, 50, float("inf"), 51),
        (190, 50, 191, 51),
        (0, 80, 1, 91),
    ],
)
def test_what_is_no_area_is_refused(extent: tuple[float, float, float, float]) -> None:
    with pytest.raises(ValueRejected, match="not an area"):
        tile_names(extent)


def test_an_area_of_too_many_tiles_is_refused() -> None:
    with pytest.raises(LimitExceeded, match="64800 tiles"):
        tile_names((-180, -90, 180, 90))


def test_the_last_finished_quarters_are_tried_from_the_newest() -> None:
    words = quarters(None, dt.date(2026, 2, 1))
    assert [(word["year"], word["quarter"], word["month"]) for word in words[:3]] == [
        ("2025", "4", "10"),
        ("2025", "3", "07"),
        ("2025", "2", "04"),
    ]
    with pytest.raises(ValueRejected):
        quarters("2026-Q5", TODAY)


def test_terrain_without_an_area_and_cells_without_a_token_say_what_to_give() -> None:
    with pytest.raises(InputError, match="--bbox"):
        urls("copernicus-dem-90")
    with pytest.raises(InputError, match="SHALGAI_OPENCELLID_TOKEN"):
        urls("opencellid")
    with pytest.raises(InputError) as caught:
        urls("opencellid", "sec\nret")
    assert "sec" not in str(caught.value).replace("sources", "")


def test_a_token_cannot_add_parameters_and_is_not_part_of_what_is_shown() -> None:
    register = load_register()
    source = register.source("opencellid")
    (found,) = next(parts(source, base_words(source, register, "KZ", "a&file=b"), None, None, TODAY))
    assert "token=a%26file%3Db&type=mcc" in found.url
    assert found.identity == "https://opencellid.org/ocid/downloads?token=***&type=mcc&file=401.csv.gz"


def test_an_index_gives_its_short_texts_only() -> None:
    index = {"gjDownloadURL": "https://example.org/a", "n": 3, "long": "a" * 501, "line": "a\nb", "empty": ""}
    assert index_words(index) == {"gjDownloadURL": "https://example.org/a"}
    assert index_words([index]) == {}


def test_an_index_without_the_address_is_told() -> None:
    with pytest.raises(InputError, match="needs to know 'gjDownloadURL'"):
        urls("geoboundaries-adm2")


def test_unknown_sources_and_countries_name_the_known_ones() -> None:
    with pytest.raises(UnknownName, match="openstreetmap, geoboundaries-adm1"):
        load_register().source("osm")
    with pytest.raises(UnknownName, match="KZ, KG, UZ, TM"):
        load_register().country("XX")


ENTRY = 'title="t"\naddress="https://a.org/{x}"\nname="{x}"\nformat="json"\nkinds=[]\nlicence="l"\nlicence_address="a"\ncredit="c"\n'


@pytest.mark.parametrize(
    "text",
    ["sources = ", "[countries.KZ]", "[sources.a]\ntitle='t'", f"[sources.a]\nother=1\n{ENTRY}",
     f"[sources.a]\n{ENTRY}".replace('"json"', '"exe"'),
     f"[sources.a]\nchecksum={{algorithm='crc',address=''}}\n{ENTRY}"],
)  # fmt: skip
def test_a_register_of_another_form_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "own.toml"
    path.write_text(text)
    with pytest.raises(FileProblem, match=r"own\.toml: cannot be used as a list of sources"):
        load_register(path)


@pytest.mark.parametrize("name", ["../evil", "a/b", ".hidden", "", "a\\b", "x" * 201])
def test_a_file_name_that_leads_elsewhere_is_refused(tmp_path: Path, name: str) -> None:
    path = tmp_path / "own.toml"
    path.write_text(f"[countries.KZ]\nx='{name}'\n[sources.a]\n{ENTRY}")
    register = load_register(path)
    with pytest.raises(InputError, match="not a plain name"):
        list(parts(register.source("a"), base_words(register.source("a"), register, "KZ", None), None, None, TODAY))


@pytest.mark.parametrize(
    ("text", "digest"),
    [
        ("D41D8CD98F00B204E9800998ECF8427E  kazakhstan-261122.osm.pbf\n", "d41d8cd98f00b204e9800998ecf8427e"),
        ("MD5 (a) = d41d8cd98f00b204e9800998ecf8427e", "d41d8cd98f00b204e9800998ecf8427e"),
        ("<html>no</html>", None),
        ("d41d8cd98f00b204e9800998ecf8427e00", None),
    ],
)
def test_the_digest_is_found_in_a_checksum_file(text: str, digest: str | None) -> None:
    found = Checksum.from_text("md5", text)
    assert (found.digest if found else None) == digest
