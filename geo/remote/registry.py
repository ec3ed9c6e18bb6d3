"""The register of remote sources: `data/sources.toml`, or a user's own file of that form."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from geo.bundled import data_path
from geo.errors import FileProblem, Problem, UnknownName
from geo.remote.formats import FORMATS, is_algorithm

_PLACEHOLDER = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True)
class Published:
    """Where a source publishes a checksum of its file: algorithm, and template of the address."""

    algorithm: str
    address: str


@dataclass(frozen=True)
class Source:
    """One source of public data, as the register has it; templates are filled in by `geo.remote.targets`.

    `format` is what must arrive, one of `geo.remote.formats.FORMATS`; `kinds` are what the file can be ingested as,
    none if as nothing; `index` is the address of a JSON object whose fields the other templates may use.
    """

    id: str
    title: str
    address: str
    name: str
    format: str
    kinds: tuple[str, ...]
    licence: str
    licence_address: str
    credit: str
    index: str | None = None
    checksum: Published | None = None
    as_of: str | None = None
    note: str | None = None

    @property
    def needs(self) -> frozenset[str]:
        """Names that its addresses and its file name are made from."""
        templates = (self.address, self.name, self.index or "", self.checksum.address if self.checksum else "")
        return frozenset(name for template in templates for name in _PLACEHOLDER.findall(template))

    @property
    def is_by_area(self) -> bool:
        """Whether it comes in tiles of one degree."""
        return "tile" in self.needs

    @property
    def needs_token(self) -> bool:
        """Whether it wants a token."""
        return "token" in self.needs


@dataclass(frozen=True)
class Register:
    """All sources by id, and what is put into their templates for a country, by its two-letter code."""

    sources: Mapping[str, Source]
    countries: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def source(self, name: str) -> Source:
        """The source of that id; `UnknownName` if there is none."""
        if name not in self.sources:
            raise UnknownName(Problem("no such source", f"There are: {', '.join(self.sources)}", value=name))
        return self.sources[name]

    def country(self, code: str) -> Mapping[str, str]:
        """What a country puts into templates; `UnknownName` if it is not in the register."""
        if code.upper() not in self.countries:
            remedy = f"There are: {', '.join(self.countries)}; your own list can be given with --sources"
            raise UnknownName(Problem("no such country in the list of sources", remedy, value=code))
        return self.countries[code.upper()]


def load_register(path: Path | None = None) -> Register:
    """Read a register, the bundled one if none is given; `FileProblem` if it cannot be used."""
    path = path or data_path("sources.toml")
    try:
        raw: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
        sources = {name: _source(name, entry) for name, entry in raw["sources"].items()}
        countries = {
            code.upper(): {key: str(value) for key, value in entry.items()}
            for code, entry in raw.get("countries", {}).items()
        }
    except (OSError, KeyError, TypeError, ValueError, AttributeError) as error:
        what = f"cannot be used as a list of sources: {error}"
        raise FileProblem(Problem(what, "data/sources.toml shows the form", path.name)) from error
    return Register(sources, countries)


def filled(template: str, words: Mapping[str, str]) -> str:
    """A template with its placeholders filled in; `KeyError` if a word is missing."""
    return _PLACEHOLDER.sub(lambda match: words[match[1]], template)


def _source(name: str, entry: Mapping[str, Any]) -> Source:
    published = entry.get("checksum")
    source = Source(
        **{
            **entry,
            "id": name,
            "kinds": tuple(entry["kinds"]),
            "checksum": None if published is None else Published(**published),
        }
    )
    if source.format not in FORMATS:
        raise ValueError(f"{name}: format {source.format!r}; accepted: {', '.join(FORMATS)}")
    if source.checksum is not None and not is_algorithm(source.checksum.algorithm):
        raise ValueError(f"{name}: checksum {source.checksum.algorithm!r}; accepted: md5, sha256")
    return source
