"""The report on an input as a page that stands alone: no script, no other file."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from maps.i18n import get_language

ABOUT = {
    "file": "File",
    "kind": "Kind of data",
    "format": "Format",
    "layer": "Layer",
    "crs": "Coordinate reference system",
    "encoding": "Encoding",
    "rows_read": "Rows read",
    "rows_kept": "Rows accepted",
    "sha256": "SHA-256",
    "dataset": "Dataset",
}
"""Headings of what the page says about the file, by the report's keys."""


def ingest_report_page(report: Mapping[str, Any], language: str) -> str:
    """The page as HTML.

    Parameters
    ----------
    report
        As `geo.ingest.report.Report.as_dict` gives it.
    language
        Of the headings; what was found is told in English, as on the terminal.

    Raises
    ------
    UnknownName
        The language is not one of `maps.i18n.LANGUAGES`.
    """
    spoken = get_language(language)
    told = {name: report[key] for key, name in ABOUT.items() if report[key] not in (None, "")}
    page: str = _template().render(language=language, text=spoken.text, report=report, about=told)
    return page


@cache
def _template() -> Any:
    environment = Environment(
        loader=PackageLoader("maps"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.get_template("ingest_report.html")
