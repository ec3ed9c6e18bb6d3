"""Translations and number formats of the pages.

Catalogues are gettext PO files (``locale/<language>.po``) whose message ids are the English texts. They are read as
they are, once per process. Messages marked ``#. browser`` travel to the page's scripts, together with the words for the
codes of a result, which are the library's (`geo.access.words`), and the number and date formats of the language:
browsers do not all carry those of Kazakh.
"""

import datetime
import gettext
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

from babel import Locale
from babel.dates import format_date
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.numbers import format_decimal, format_percent, format_scientific

from geo.access.words import BASIS_TEXTS, CLASS_TEXTS, INDICATOR_TEXTS, POPULATION_BASIS_TEXTS, PRIOR_TEXT, REASON_TEXTS
from geo.i18n import read_catalogue
from geo.i18n import text as library_text
from geo.tables.words import UNSPECIFIED_OPERATOR

LANGUAGES = {"kk": "Қазақша", "ru": "Русский", "en": "English"}
"""Languages of the pages and what their speakers call them."""

KINDS = {
    "city": "city",
    "town": "town",
    "settlement": "urban settlement",
    "village": "village",
    "station": "railway station",
    "siding": "railway siding",
}
"""Messages for the kinds of settlement."""

TECHNOLOGIES = {
    "2g": "2G",
    "3g": "3G",
    "4g": "4G",
    "5g": "5G",
    "ftth": "Fibre (FTTH)",
    "fwa": "Fixed wireless",
    "xdsl": "Telephone line (xDSL)",
    "satellite": "Satellite",
    "unspecified": "Mobile, generation not stated",
}
"""Messages for the access technologies."""

CREDITS = (
    "Districts: Who's On First / Mesoshapes (CC0 1.0)",
    "Positions: © OpenStreetMap contributors (ODbL), GeoNames (CC BY); codes and names: KATO, Bureau of "
    "National Statistics (ODbL 1.0; CC BY 4.0; official classifier, 2025)",
    "Population: censuses and official estimates of the Bureau of National Statistics as quoted by "
    "Wikipedia and press; OpenStreetMap tags (figures, with credit; tags ODbL 1.0)",
    "Reports and totals: regional press and officials, each row with its link (facts and figures, with "
    "credit, 2025-12-31)",
    "Terrain: NOAA GLOBE 1.0 (public domain, 1999)",
)
"""Messages for the credits of the bundled data; others are shown as they are."""

SOURCES = {
    re.compile(r"(?P<method>ITU-R P[\d.]+-\d+) over (?P<terrain>.+) \((?P<metres>\d+) m\)"): (
        "{method} over {terrain} ({metres} m)"
    ),
    re.compile(r"(?P<method>ITU-R P[\d.]+-\d+) over smooth earth"): "{method} over smooth earth",
    re.compile(r"(?P<method>ITU-R P[\d.]+-\d+): no cell in reach"): "{method}: no cell in reach",
    re.compile(r"free space, nearer than (?P<km>[\d.]+) km"): "free space, nearer than {km} km",
}
"""Messages for what the library itself writes as the source of an evidence; others are shown as they are."""

_LOCALES = {"kk": "kk", "ru": "ru", "en": "en_GB"}
_CATALOGUES = Path(__file__).parent / "locale"
_BROWSER = "browser"
_LONG_NUMBER = 1e21
_DATE_FIELDS = re.compile(r"'([^']*)'|([a-zA-Z])\2*")


@dataclass(frozen=True)
class Language:
    """One language of the pages: its texts and its formats."""

    code: str
    locale: Locale
    catalogue: Catalog
    _texts: gettext.NullTranslations

    def text(self, message: str, **values: Any) -> str:
        """The message in this language, with its ``{placeholders}`` filled."""
        found = self._texts.gettext(message)
        return found.format(**values) if values else found

    def texts(self, singular: str, plural: str, count: int, **values: Any) -> str:
        """The form of the message that goes with a count."""
        return self._texts.ngettext(singular, plural, count).format(**values)

    def service_class(self, name: str) -> str:
        """A service class as a heading."""
        return capitalised(library_text(CLASS_TEXTS[name], self.code))

    def technology(self, name: str) -> str:
        """An access technology; a code that is not known stands for itself."""
        return self.text(TECHNOLOGIES[name]) if name in TECHNOLOGIES else name

    def operator(self, name: str) -> str:
        """An operator as its source calls it."""
        return self.text("operator not stated") if name == UNSPECIFIED_OPERATOR else name

    def credit(self, line: str) -> str:
        """The credit of an input."""
        return self.text(line) if line in CREDITS else line

    def source(self, text: str) -> str:
        """The source of an evidence."""
        found = ((pattern.fullmatch(text), message) for pattern, message in SOURCES.items())
        return next((self.text(message, **self._decimals(match)) for match, message in found if match), text)

    def _decimals(self, match: re.Match[str]) -> dict[str, str]:
        values = match.groupdict()
        return values | {name: self.number(float(values[name])) for name in ("km", "metres") if name in values}

    def number(self, value: float) -> str:
        """A number with this language's separators and minus sign; by its power of ten where it is too long to read."""
        if abs(value) >= _LONG_NUMBER:
            text = str(format_scientific(value, format="0.###E0", locale=self.locale))
        else:
            text = str(format_decimal(value, locale=self.locale))
        return text.replace("-", "\N{MINUS SIGN}")

    def whole(self, value: float) -> str:
        """A number as a whole one, a half to the even one, as all of the library and the pages' scripts round."""
        return self.number(round(value))

    def change(self, value: float) -> str:
        """A difference with its sign."""
        sign = "+" if value > 0 else "−" if value < 0 else ""
        return sign + self.number(abs(value))

    def name(self, row: Mapping[str, Any]) -> str:
        """The name of a place in this language, else in the first other that has one; empty where none has."""
        return next((str(row[f"name_{code}"]) for code in (self.code, *LANGUAGES) if row.get(f"name_{code}")), "")

    def share(self, value: float) -> str:
        """A share in [0, 1] as a percentage with at most one decimal."""
        pattern = self.locale.percent_formats[None].pattern
        return str(format_percent(value, format=pattern.replace("#,##0", "#,##0.#"), locale=self.locale))

    def date(self, value: str) -> str:
        """A date given as YYYY, YYYY-MM or YYYY-MM-DD, in words; anything else as it is."""
        try:
            parts = [int(part) for part in value.split("-")]
            if len(parts) == 3:
                return str(format_date(datetime.date(parts[0], parts[1], parts[2]), "long", locale=self.locale))
            if len(parts) == 2:
                month = self.locale.datetime_skeletons["yMMMM"]
                return str(format_date(datetime.date(parts[0], parts[1], 1), str(month), locale=self.locale))
        except ValueError:
            pass
        return value

    def for_browser(self) -> dict[str, Any]:
        """What the page's scripts need to speak this language."""
        symbols = self.locale.number_symbols["latn"]
        months = self.locale.months
        return {
            "language": self.code,
            "messages": {
                str(m.id): self.text(str(m.id)) for m in self.catalogue if m.id and _BROWSER in m.auto_comments
            },
            "words": {
                "bases": self._library(BASIS_TEXTS),
                "classes": {name: self.service_class(name) for name in CLASS_TEXTS},
                "indicators": self._library(INDICATOR_TEXTS),
                "kinds": {name: self.text(message) for name, message in KINDS.items()},
                "populationBases": self._library(POPULATION_BASIS_TEXTS),
                "reasons": self._library({**REASON_TEXTS, "prior": PRIOR_TEXT}),
                "technologies": {name: self.technology(name) for name in TECHNOLOGIES},
            },
            "decimal": symbols["decimal"],
            "group": symbols["group"],
            "percent": self.locale.percent_formats[None].pattern.replace("#,##0", "{n}"),
            "months": [months["format"]["wide"][i] for i in range(1, 13)],
            "monthsAlone": [months["stand-alone"]["wide"][i].lower() for i in range(1, 13)]
            if self.code != "en"
            else [months["stand-alone"]["wide"][i] for i in range(1, 13)],
            "dayPattern": _placeholders(self.locale.date_formats["long"].pattern),
            "monthPattern": _placeholders(str(self.locale.datetime_skeletons["yMMMM"])),
        }

    def _library(self, texts: Mapping[str, str]) -> dict[str, str]:
        return {name: library_text(message, self.code) for name, message in texts.items()}


def capitalised(text: str) -> str:
    """The text with a capital at its beginning."""
    return text[:1].upper() + text[1:]


def _placeholders(pattern: str) -> str:
    """A CLDR date pattern (``d MMMM y 'г'.``) with named placeholders (``{d} {MMMM} {y} г.``)."""
    return _DATE_FIELDS.sub(lambda m: m[1] if m[1] is not None else f"{{{m[0]}}}", pattern)


@cache
def get_language(code: str) -> Language:
    """The language of that code; UnknownName (`geo.errors`) if the pages do not speak it."""
    catalogue = read_catalogue(_CATALOGUES, code)
    compiled = BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return Language(code, Locale.parse(_LOCALES[code]), catalogue, gettext.GNUTranslations(compiled))
