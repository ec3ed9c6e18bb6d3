"""Canonical columns are found under the names that files give them."""

import pytest

from geo.ingest.aliases import ALIASES, canonical_names, plain


@pytest.mark.parametrize(("name", "expected"), [("Name:EN ", "name_en"), ("Height-M", "height_m"), ("KATO", "kato")])
def test_names_are_compared_in_plain_form(name, expected):
    assert plain(name) == expected


def test_the_canonical_name_wins_over_an_alias():
    assert canonical_names(["code", "kato"], ["kato"]) == {"kato": "kato"}


def test_the_first_alias_wins():
    assert canonical_names(["code", "kato_code"], ["kato"]) == {"kato": "kato_code"}


def test_an_alias_that_is_itself_a_column_of_the_table_is_left_to_it():
    assert canonical_names(["name"], ["name", "name_en"]) == {"name": "name"}


def test_a_cut_off_name_is_used_only_where_one_column_can_be_meant():
    wanted = ["population_low", "population_high", "district_kato"]
    assert canonical_names(["population", "district_k"], wanted, truncated=True) == {"district_kato": "district_k"}
    assert canonical_names(["district_k"], wanted) == {}


def test_aliases_are_in_plain_form_and_mean_one_column():
    every = [alias for aliases in ALIASES.values() for alias in aliases]
    assert every == [plain(alias) for alias in every]
    assert len(every) == len(set(every))
    assert not set(every) & set(ALIASES)
