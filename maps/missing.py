"""The page for a code that a run does not know."""

from maps.i18n import get_language
from maps.pages import PageContext, render_page

_CODE_CHARACTERS_MAX = 40


def missing_page(context: PageContext, kato: str, *, is_district: bool) -> str:
    """The page as HTML; `kato` is what was asked for."""
    language = get_language(context.language)
    if is_district:
        heading = language.text("There is no such district in this run")
    else:
        heading = language.text("There is no such settlement in this run")
    return render_page("missing.html", context, heading=heading, kato=kato[:_CODE_CHARACTERS_MAX])
