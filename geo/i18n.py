"""Texts of the library in the languages of its users: gettext catalogues, read as they are, once per process."""

from functools import cache
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

from geo.errors import Problem, UnknownName
from geo.region import LANGUAGES

_FOLDER = Path(__file__).parent / "locale"


def read_catalogue(folder: Path, language: str) -> Catalog:
    """The catalogue ``<language>.po`` of a folder; `UnknownName` where the program does not speak the language."""
    if language not in LANGUAGES:
        raise UnknownName(Problem("language is not known", f"Accepted: {', '.join(LANGUAGES)}", value=language))
    with (folder / f"{language}.po").open("rb") as file:
        return read_po(file, locale=language)


@cache
def catalogue(language: str) -> Catalog:
    """The library's catalogue of a language; raises as `read_catalogue`."""
    return read_catalogue(_FOLDER, language)


def text(message: str, language: str) -> str:
    """A message, given in English, in another language; the English where it is not translated."""
    found = catalogue(language).get(message)
    return str(found.string) if found is not None and found.string else message
