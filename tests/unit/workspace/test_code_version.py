"""The code version follows the library's sources and nothing else."""

import re

import geo
from geo.workspace import code_version, versions


def write_package(folder):
    (folder / "part").mkdir(parents=True)
    (folder / "__init__.py").write_text("a = 1\n")
    (folder / "part" / "b.py").write_text("b = 2\n")
    return folder


def test_it_names_the_package_version_and_a_digest():
    assert re.fullmatch(rf"{re.escape(geo.__version__)}\+[0-9a-f]{{12}}", code_version())
    assert code_version() == code_version()


def test_it_does_not_depend_on_where_the_library_lies_nor_on_other_files(tmp_path):
    one, two = write_package(tmp_path / "one"), write_package(tmp_path / "two")
    (two / "__pycache__").mkdir()
    (two / "__pycache__" / "b.cpython-311.pyc").write_bytes(b"x")
    (two / "_data").mkdir()
    (two / "_data" / "region.toml").write_text("x")
    assert versions._sources_digest(one) == versions._sources_digest(two)


def test_it_changes_with_the_content_the_name_and_the_place_of_a_source(tmp_path):
    digests = {versions._sources_digest(write_package(tmp_path / "same"))}
    changed = write_package(tmp_path / "changed")
    (changed / "part" / "b.py").write_text("b = 3\n")
    renamed = write_package(tmp_path / "renamed")
    (renamed / "part" / "b.py").rename(renamed / "part" / "c.py")
    moved = write_package(tmp_path / "moved")
    (moved / "part" / "b.py").rename(moved / "b.py")
    added = write_package(tmp_path / "added")
    (added / "part" / "__init__.py").touch()
    digests |= {versions._sources_digest(folder) for folder in (changed, renamed, moved, added)}
    assert len(digests) == 5
