"""The browser assets: whole, licensed, and asking nobody else for anything."""

import hashlib
import re
import tomllib
from pathlib import Path

import pytest

import maps

PACKAGES = tomllib.loads((Path(maps.__file__).parent / "vendored.toml").read_text("utf-8"))["package"]
OWN = sorted((maps.ASSETS / "shalgai").iterdir())
NAMESPACES = {"http://www.w3.org/2000/svg"}


@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package["name"])
def test_vendored_files_are_the_pinned_ones(package):
    folder = maps.ASSETS / package["folder"]
    found = {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }
    assert found == package["files"]


@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package["name"])
def test_vendored_packages_carry_their_licence(package):
    assert package["licence"]
    assert "Redistribution" in (maps.ASSETS / package["licence_file"]).read_text("utf-8")


def test_every_asset_is_ours_or_listed():
    folders = {"shalgai", *(package["folder"] for package in PACKAGES)}
    assert {path.name for path in maps.ASSETS.iterdir()} == folders


def test_the_tests_own_assets_are_the_pinned_ones():
    folder = Path(__file__).parents[2] / "browser" / "assets"
    packages = tomllib.loads((folder / "vendored.toml").read_text("utf-8"))["package"]
    assert {path.name for path in folder.iterdir()} == {"vendored.toml", *(package["folder"] for package in packages)}
    for package in packages:
        digests = {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in (folder / package["folder"]).iterdir()}
        assert digests == package["files"]
        licence = (folder / package["licence_file"]).read_text("utf-8")
        assert "Mozilla Public License" in licence or "Redistribution" in licence


@pytest.mark.parametrize("path", OWN, ids=lambda path: path.name)
def test_our_assets_name_no_other_host(path):
    addresses = set(re.findall(r"(?:https?:)?//[\w.-]+\.[a-z]{2,}[\w./-]*", path.read_text("utf-8")))
    assert addresses <= NAMESPACES


@pytest.mark.parametrize("path", sorted(maps.ASSETS.rglob("*.css")), ids=lambda path: path.name)
def test_what_styles_refer_to_is_there(path):
    text = path.read_text("utf-8")
    assert "@import" not in text
    for address in re.findall(r"url\(['\"]?([^)'\"]+)", text):
        if not address.startswith(("#", "data:")):
            assert (path.parent / address).is_file(), address


@pytest.mark.parametrize("path", [p for p in OWN if p.suffix == ".js"], ids=lambda path: path.name)
def test_modules_import_only_what_is_there_and_parse_no_markup(path):
    text = path.read_text("utf-8")
    imported = re.findall(r"from \"([^\"]+)\"", text)
    assert all((path.parent / name).is_file() and name.startswith("./") for name in imported)
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function", text)
