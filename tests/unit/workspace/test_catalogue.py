"""The catalogue keeps what was brought, and forgets nothing."""

import contextlib
import json

import pytest

from geo.errors import DatasetDamaged, UnknownName, ValueRejected
from geo.files import file_sha256
from geo.ingest.kinds import Kind
from geo.workspace.catalogue import Catalogue, Dataset


@pytest.fixture
def catalogue(tmp_path):
    return Catalogue(tmp_path / "var")


@pytest.fixture
def bring(catalogue):
    """Add a dataset whose data are a text."""

    def add(name, kind=Kind.COVERAGE, text="data", source=None, replacing=False):
        with catalogue.writing() as folder:
            data = folder / "data.parquet"
            data.write_text(text)
            described = Dataset(
                id="",
                name=name,
                kind=kind,
                file=f"{name}.geojson",
                source_sha256=source or f"source of {text}",
                data=data.name,
                data_sha256=file_sha256(data),
            )
            return catalogue.add(folder, described, replacing=replacing)

    return add


def names(catalogue, kind=None):
    return [dataset.name for dataset in catalogue.active(kind)]


def test_an_empty_catalogue_makes_nothing(catalogue):
    assert catalogue.active() == []
    assert not catalogue.root.exists()


def test_what_is_brought_is_found_by_kind_and_whole(catalogue, bring):
    bring("b", text="1")
    bring("a", text="2")
    bring("s", Kind.SITES, text="3")
    assert names(catalogue) == ["a", "b", "s"]
    assert names(catalogue, Kind.SITES) == ["s"]
    assert catalogue.data(catalogue.active(Kind.SITES)[0]).read_text() == "3"
    assert not [p for p in (catalogue.root / "datasets").iterdir() if p.name.startswith(".")]


def test_the_same_dataset_has_the_same_id_anywhere_and_is_kept_once(tmp_path, catalogue, bring):
    first, second = bring("a"), bring("a")
    assert first.id == second.id
    assert len(catalogue.history()) == 1


def test_a_dataset_of_the_same_name_takes_the_place_and_the_history_tells(catalogue, bring):
    old, new = bring("a", text="1"), bring("a", text="2", replacing=True)
    assert [d.id for d in catalogue.active()] == [new.id]
    gone, kept = catalogue.history()
    assert (gone.dataset, gone.replaced_by, gone.is_active) == (old.id, new.id, False)
    assert (kept.dataset, kept.is_active) == (new.id, True)
    assert catalogue.data(catalogue.dataset(old.id)).read_text() == "1"


def test_there_is_one_set_of_settlements_at_a_time(catalogue, bring):
    bring("a", Kind.SETTLEMENTS, text="1")
    bring("b", Kind.SETTLEMENTS, text="2")
    assert names(catalogue) == ["b"]


@pytest.mark.parametrize("by", ["name", "id"])
def test_what_is_removed_is_out_of_use_and_can_come_back(catalogue, bring, by):
    dataset = bring("a")
    catalogue.remove(dataset.name if by == "name" else dataset.id)
    assert names(catalogue) == []
    assert bring("a").id == dataset.id
    assert names(catalogue) == ["a"]
    assert [e.is_active for e in catalogue.history()] == [False, True]


def test_removing_what_is_not_there_says_what_is(catalogue, bring):
    bring("a")
    with pytest.raises(UnknownName, match=r"In use: a \(coverage"):
        catalogue.remove("b")


def test_a_name_of_two_kinds_needs_the_id(catalogue, bring):
    bring("a", text="1")
    bring("a", Kind.SITES, text="2")
    with pytest.raises(UnknownName, match="several"):
        catalogue.remove("a")


def test_a_taken_name_is_refused_beforehand(catalogue, bring):
    bring("a", text="1")
    catalogue.check(Kind.COVERAGE, "a", "source of 1", replacing=False)
    catalogue.check(Kind.COVERAGE, "b", "another", replacing=False)
    catalogue.check(Kind.COVERAGE, "a", "another", replacing=True)
    with pytest.raises(ValueRejected, match="--replace"):
        catalogue.check(Kind.COVERAGE, "a", "another", replacing=False)


def test_the_same_data_under_another_name_are_refused(catalogue, bring):
    bring("a", text="1")
    with pytest.raises(ValueRejected, match="in use as 'a'"):
        bring("b", text="1", source="another file")
    assert names(catalogue) == ["a"]


def test_another_layer_of_the_same_file_may_have_another_name_but_not_the_same(catalogue, bring):
    bring("4g", text="1", source="file")
    bring("3g", text="2", source="file")
    with pytest.raises(ValueRejected, match="--replace"):
        bring("3g", text="3", source="file")
    assert names(catalogue) == ["3g", "4g"]


@pytest.mark.parametrize("name", ["", " ", "a\nb", "x" * 101])
def test_what_is_no_name(catalogue, name):
    with pytest.raises(ValueRejected, match="name"):
        catalogue.check(Kind.COVERAGE, name, "x", replacing=False)


def test_changed_bytes_are_noticed(catalogue, bring):
    dataset = bring("a")
    (catalogue.folder(dataset) / "data.parquet").write_text("other")
    with pytest.raises(DatasetDamaged, match="changed"):
        catalogue.data(dataset)
    (catalogue.folder(dataset) / "data.parquet").unlink()
    with pytest.raises(DatasetDamaged, match="missing"):
        catalogue.data(dataset)


@pytest.mark.parametrize("content", ["", "{", "[]", '{"entries": [{"kind": "coverage"}]}', '{"entries": [1]}'])
def test_a_damaged_catalogue_is_an_error_of_its_own(catalogue, bring, content):
    bring("a")
    (catalogue.root / "catalogue.json").write_text(content)
    with pytest.raises(DatasetDamaged):
        catalogue.active()


def test_a_failure_while_preparing_leaves_nothing(catalogue):
    with contextlib.suppress(RuntimeError), catalogue.writing() as folder:
        (folder / "data.parquet").write_text("half")
        raise RuntimeError
    assert list((catalogue.root / "datasets").iterdir()) == []
    assert catalogue.history() == []


def test_the_file_of_the_catalogue_is_plain_json(catalogue, bring):
    dataset = bring("a")
    stored = json.loads((catalogue.root / "catalogue.json").read_text())
    assert [entry["dataset"] for entry in stored["entries"]] == [dataset.id]
