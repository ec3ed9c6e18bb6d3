"""What every page of a run shares: its head, masthead, language and run switches, navigation and footer.

A page is a template that extends ``base.html`` and a function that calls `render_page` with a `PageContext`. Pages
hold no data that grow with the run: their scripts fetch them by relative addresses, so that a page works under any
prefix. Everything is pinned to the run's id, also where ``current`` was asked for: what a reader sees on one page comes
from one run.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import urlencode

from jinja2 import Environment, PackageLoader, StrictUndefined
from jinja2.utils import htmlsafe_json_dumps
from markupsafe import Markup

from maps import styles
from maps.figure import Bounds
from maps.i18n import LANGUAGES, Language, get_language

PUBLISHED = "current"
"""Name of the run of published evidence."""

NAVIGATION = {"overview": "maps/overview", "coverage": "maps/coverage", "compare": "maps/compare"}
"""Addresses of the pages that the masthead leads to, from the root of the service."""


@dataclass(frozen=True)
class Basemap:
    """Map tiles of another server: an address with ``{z}``, ``{x}`` and ``{y}``, and whom to credit."""

    url: str
    attribution: str


@dataclass(frozen=True, kw_only=True)
class PageContext:
    """What a page needs to know of a run; the rest it fetches.

    `run` is the run as it was asked for (``current``, a scenario's name or an id), `run_id` the id it stands for.
    `named_runs` are (name, title) of the runs to switch between; an empty title for ``current`` is filled in.
    `root` leads from the page's address to the root of the service and ends with a slash. `state` are the further
    query parameters of the page's address, which the switches of language and run keep.
    """

    language: str
    run_id: str
    run: str
    region_name: str
    bounds: Bounds
    standard_title: str
    as_of: str
    scenario_label: str | None = None
    named_runs: Sequence[tuple[str, str]] = ()
    credits: Sequence[str] = ()
    root: str = "../"
    state: Sequence[tuple[str, str]] = ()
    basemap: Basemap | None = None


def render_page(
    template: str, context: PageContext, *, place: str = "", config: Mapping[str, Any] | None = None, **values: Any
) -> str:
    """A page as HTML; the same arguments make the same text.

    Parameters
    ----------
    template
        Name of a template of this package that extends ``base.html``.
    place
        Which entry of `NAVIGATION` the page belongs to.
    config
        What the page's scripts need beside the run, the language and the styles; JSON values only. None for a page
        without scripts.
    values
        Further variables of the template. It also has `page` (the context), `language`, `t` (translates), `styles`.

    Raises
    ------
    UnknownName
        The language is not one of `maps.i18n.LANGUAGES`.
    """
    language = get_language(context.language)
    html: str = (
        templates()
        .get_template(template)
        .render(
            page=context,
            place=place,
            language=language,
            t=language.text,
            styles=styles,
            config=None if config is None else as_json({**_common_config(context, language), **config}),
            languages=[
                {"code": code, "name": name, "query": query_of(context, lang=code), "current": code == context.language}
                for code, name in LANGUAGES.items()
            ],
            runs=run_choices(context, language),
            places={name: f"{context.root}{path}{_plain_query(context)}" for name, path in NAVIGATION.items()},
            **values,
        )
    )
    return html


def run_choices(context: PageContext, language: Language) -> list[dict[str, Any]]:
    """The named runs as the switch shows them, each with the query that leads there."""
    return [
        {
            "name": name,
            "title": title or (language.text("Published evidence") if name == PUBLISHED else name),
            "query": query_of(context, run=name),
            "current": name == context.run,
            "scenario": name != PUBLISHED,
        }
        for name, title in context.named_runs
    ]


def query_of(context: PageContext, **changes: str) -> str:
    """The query of this page with some parameters changed."""
    return "?" + urlencode({"lang": context.language, "run": context.run, **dict(context.state), **changes})


def as_json(value: Any) -> Markup:
    """JSON that is safe inside a script element: no ``<``, ``>``, ``&`` or ``'``."""
    return htmlsafe_json_dumps(
        value, dumps=json.dumps, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False
    )


@cache
def templates() -> Environment:
    """The templates of this package; every value in them is escaped."""
    return Environment(
        loader=PackageLoader("maps"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )


def _common_config(context: PageContext, language: Language) -> dict[str, Any]:
    basemap = context.basemap
    return {
        "root": context.root,
        "run": context.run_id,
        "named": context.run,
        "scenario": context.scenario_label is not None,
        "speech": language.for_browser(),
        "styles": styles.as_data(),
        "basemap": None if basemap is None else {"url": basemap.url, "attribution": basemap.attribution},
    }


def _plain_query(context: PageContext) -> str:
    return "?" + urlencode({"lang": context.language, "run": context.run})
