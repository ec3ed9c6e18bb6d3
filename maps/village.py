"""The page of one settlement: what it has, why, how sure that is, and what that rests on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from maps import styles
from maps.ground import draw_ground
from maps.i18n import KINDS, LANGUAGES, Language, capitalised, get_language
from maps.locator import draw_locator
from maps.pages import PageContext, render_page

_LOCATOR_WIDTH, _LOCATOR_HEIGHT_MAX = 300.0, 260.0


@dataclass(frozen=True, kw_only=True)
class VillageContext(PageContext):
    """What the page needs beside: `told` is `geo.access.explain`'s; `districts` are (kato, name, geometry); `geometry`
    is the settlement's own, None where its position is not known."""

    told: Mapping[str, Any]
    districts: Sequence[tuple[str, str, Any]]
    geometry: Any


def village_page(context: VillageContext) -> str:
    """The page as HTML."""
    language = get_language(context.language)
    told = context.told
    plain = urlencode({"lang": context.language, "run": context.run})
    pinned = urlencode({"run": context.run_id})
    chosen = urlencode({"lang": context.language, "run": context.run, "place": told["kato"]})
    names = {kato: name for kato, name, _ in context.districts}
    name = language.name({f"name_{code}": told["names"].get(code) for code in LANGUAGES}) or told["kato"]
    here = (told["kato"], name, context.geometry, told["service_class"])
    return render_page(
        "village.html",
        context,
        told=told,
        name=name,
        kind=capitalised(language.text(KINDS[told["kind"]])) if told["kind"] in KINDS else told["kind"],
        district=names.get(told["district_kato"]),
        other_names=_other_names(told, name),
        symbol=styles.SYMBOLS[told["service_class"]],
        score_parts=_score_parts(told, language),
        ground=None if told["profile"] is None else draw_ground(told["profile"], language),
        locator=draw_locator(
            context.districts,
            [here],
            chosen=told["kato"],
            width=_LOCATOR_WIDTH,
            height_max=_LOCATOR_HEIGHT_MAX,
        ),
        people=_people(told["population"], language),
        on_the_map=f"{context.root}maps/overview?{chosen}",
        district_page=f"{context.root}districts/{told['district_kato']}?{plain}",
        village_query=f"?{plain}",
        as_json=f"{told['kato']}?{urlencode({'f': 'json', 'run': context.run_id, 'lang': context.language})}",
        as_feature=f"{context.root}collections/settlements/items/{told['kato']}?{pinned}",
    )


def _other_names(told: Mapping[str, Any], shown: str) -> list[tuple[str, str]]:
    """(language, name) of the names in other languages, each once, that differ from the one that heads the page."""
    first = {name: code for code, name in reversed(told["names"].items()) if name and name != shown}
    return [(code, name) for code, name in told["names"].items() if first.get(name) == code]


def _people(population: Mapping[str, Any], language: Language) -> dict[str, str]:
    """The number of residents as the page shows it: figure, range and where it comes from."""
    people, low, high = (population[name] for name in ("people", "low", "high"))
    if people is None:
        return {"figure": "", "range": "", "source": ""}
    estimated = population["basis"] == "estimate"
    has_range = low is not None and high is not None and (low, high) != (people, people)
    source = ", ".join(
        filter(None, (population["basis_text"], language.date(population["date"]) if population["date"] else None))
    )
    return {
        "figure": ("≈ " if estimated else "") + language.number(people),
        "range": f"{language.number(low)}–{language.number(high)}" if has_range else "",
        "source": source,
    }


def _score_parts(told: Mapping[str, Any], language: Language) -> list[dict[str, Any]]:
    """The parts of the score: value, weight, and how many points of the score it makes.

    A part whose value is not known leaves its weight to the others, as the score does.
    """
    known = sum(part["weight"] for part in told["indicators"] if part["value"] is not None)
    return [
        {
            "text": part["text"],
            "value": part["value"],
            "value_text": "" if part["value"] is None else language.number(round(part["value"], 2)),
            "weight": language.share(part["weight"]),
            "points": ""
            if part["value"] is None or not known
            else language.number(round(100 * part["value"] * part["weight"] / known, 1)),
        }
        for part in told["indicators"]
    ]
