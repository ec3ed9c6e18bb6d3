"""The common layout of the service's pages: language, label, credits, other representations, way back."""

from collections.abc import Sequence
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request

from api.features.catalogue import CollectionKind
from api.features.store import LoadedRun
from api.operations.texts import COLLECTIONS, texts
from api.web.links import Link, request_url, root_url, with_parameters
from api.web.negotiation import HTML
from api.web.parameters import RUN, Query
from geo.region import LANGUAGES
from maps.i18n import LANGUAGES as LANGUAGE_NAMES

Crumb = tuple[str, str]


def render(
    request: Request,
    query: Query,
    tongue: str,
    template: str,
    heading: str,
    others: Sequence[Link],
    *,
    run: LoadedRun | None = None,
    crumbs: Sequence[Crumb] = (),
    **context: Any,
) -> bytes:
    """A page as HTML.

    Parameters
    ----------
    others
        Links of the document, of which those to its other representations are shown.
    run
        Whose label and credits are shown; None for pages that show nothing of a run.
    crumbs
        Words and addresses of the way back, below the landing page.
    """
    url, root = request_url(request), root_url(request)
    manifest = {} if run is None else run.manifest
    name = query.get(RUN)
    page = (
        _environment()
        .get_template(template)
        .render(
            t=texts(tongue),
            tongue=tongue,
            heading=heading,
            home=with_parameters(f"{root}/", {"f": "html", "lang": tongue}),
            root=root,
            languages=[(code, LANGUAGE_NAMES[code], with_parameters(url, {"lang": code})) for code in LANGUAGES],
            crumbs=[(texts(tongue).get(word, word), to_page(address, tongue)) for word, address in crumbs],
            alternates=[entry for entry in others if entry["rel"] == "alternate" and entry["type"] != HTML],
            run_id=None if run is None else run.id,
            run_name=name,
            label=in_language(manifest["label"], tongue) if manifest.get("label") else None,
            credits=[str(credit) for credit in manifest.get("credits", ())],
            page=lambda address: to_page(address, tongue),
            **context,
        )
    )
    return page.encode("utf-8", "replace")


def to_page(url: str, tongue: str) -> str:
    """The address of a resource as a page in a language."""
    return with_parameters(url, {"f": "html", "lang": tongue})


def in_language(words: Any, tongue: str) -> str:
    """A text in a language, else in the first other that has one."""
    return next((str(words[code]) for code in (tongue, *LANGUAGES) if words.get(code)), "")


def collection_title(kind: CollectionKind, tongue: str) -> str:
    """What a collection is called in a language; its own title where no translation is known."""
    known = COLLECTIONS.get(kind.id)
    return known[tongue][0] if known else kind.title


def collection_description(kind: CollectionKind, tongue: str) -> str:
    """What a collection holds, in a language; its own description where no translation is known."""
    known = COLLECTIONS.get(kind.id)
    return known[tongue][1] if known else kind.description


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("api"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
