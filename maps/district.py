"""The page of one district: how many of its settlements are served, and which are not."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from maps import styles
from maps.i18n import Language, get_language
from maps.legend import class_keys
from maps.locator import draw_locator
from maps.overview import DOWNLOADS
from maps.pages import PageContext, render_page

_MAP_WIDTH, _MAP_HEIGHT_MAX = 620.0, 520.0


@dataclass(frozen=True, kw_only=True)
class DistrictContext(PageContext):
    """What the page needs beside: `row` is the district's row of table `districts`, `districts` are (kato, name,
    geometry) of all, `settlements` the district's rows of table `gaps` with their geometries, the worst gap first."""

    row: Mapping[str, Any]
    districts: Sequence[tuple[str, str, Any]]
    settlements: Sequence[Mapping[str, Any]]


def district_page(context: DistrictContext) -> str:
    """The page as HTML."""
    language = get_language(context.language)
    row = context.row
    common = {"lang": context.language, "run": context.run}
    plain = urlencode(common)
    chosen = urlencode({**common, "district": row["kato"]})
    counts = Counter(settlement["service_class"] for settlement in context.settlements)
    drawn = [(s["kato"], language.name(s) or s["kato"], s["geometry"], s["service_class"]) for s in context.settlements]
    return render_page(
        "district.html",
        context,
        row=row,
        name=language.name(row) or row["kato"],
        figures=_figures(row, language),
        symbols=class_keys(counts, language),
        members=[
            {
                **{key: settlement[key] for key in ("kato", "service_class", "rank", "rank_low", "rank_high", "score")},
                "name": language.name(settlement) or settlement["kato"],
                "people": _people(settlement, language),
                "symbol": styles.SYMBOLS[settlement["service_class"]],
                "href": f"{context.root}settlements/{settlement['kato']}?{plain}",
            }
            for settlement in context.settlements
        ],
        drawing=draw_locator(
            context.districts,
            drawn,
            chosen=row["kato"],
            width=_MAP_WIDTH,
            height_max=_MAP_HEIGHT_MAX,
            close_up=True,
        ),
        unplaced=_unplaced(sum(settlement["geometry"] is None for settlement in context.settlements), language),
        on_the_map=f"{context.root}maps/overview?{chosen}",
        printed=f"{context.root}maps/print?{chosen}",
        downloads=[
            {
                "title": title,
                "href": f"{context.root}collections/settlements/items?"
                + urlencode({"f": form, "run": context.run_id, "limit": "10000", "district_kato": row["kato"]}),
            }
            for form, title in DOWNLOADS.items()
        ],
    )


def _unplaced(count: int, language: Language) -> str:
    """What is said of settlements that cannot be drawn; empty where all can."""
    if not count:
        return ""
    return language.texts(
        "{settlements} settlement has no known position and is only in the table",
        "{settlements} settlements have no known position and are only in the table",
        count,
        settlements=language.number(count),
    )


def _figures(row: Mapping[str, Any], language: Language) -> list[dict[str, str]]:
    """The district's totals; those that are not known are left out."""
    people, without, share = (row.get(name) for name in ("population", "people_without", "share_without"))
    figures = [
        {"name": language.text("Settlements"), "figure": language.number(row["settlements"]), "note": ""},
        {"name": language.text("Without confirmed service"), "figure": language.number(row["gaps"]), "note": ""},
    ]
    if people is not None:
        figures.append({"name": language.text("Residents"), "figure": language.number(people), "note": ""})
    if without is not None:
        figures.append(
            {
                "name": language.text("Expected to be without service"),
                "figure": language.whole(without),
                "note": "" if share is None else language.text("{share} of the residents", share=language.share(share)),
            }
        )
    if row.get("road_km") is not None and row.get("road_covered_share") is not None:
        figures.append(
            {
                "name": language.text("Roads inside coverage areas"),
                "figure": language.share(row["road_covered_share"]),
                "note": language.text("of {km} km", km=language.whole(row["road_km"])),
            }
        )
    return figures


def _people(settlement: Mapping[str, Any], language: Language) -> str:
    people = settlement.get("population")
    if people is None:
        return ""
    return ("≈ " if settlement.get("population_basis") == "estimate" else "") + language.number(people)
