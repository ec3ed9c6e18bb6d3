"""Entries of the maps' legends: what each mark means, in the page's language."""

from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import Any

from maps import styles
from maps.i18n import Language


def class_keys(counts: Mapping[str, int], language: Language) -> list[dict[str, Any]]:
    """The service classes, the most severe first, each with how many settlements it has."""
    return [
        {
            "name": str(name),
            "symbol": symbol,
            "title": language.service_class(name),
            "count": language.number(counts.get(name, 0)),
        }
        for name, symbol in styles.SYMBOLS.items()
    ]


def share_keys(language: Language) -> list[dict[str, str]]:
    """The shades of the districts by the share of residents expected to be without service."""
    breaks = [language.share(value) for value in styles.SHARE_BREAKS]
    names = [
        language.text("under {share}", share=breaks[0]),
        *(f"{low.rstrip('%').strip()}–{high}" for low, high in pairwise(breaks)),
        language.text("{share} and more", share=breaks[-1]),
    ]
    return [{"fill": fill, "name": name} for fill, name in zip(styles.SHARE_RAMP, names, strict=True)]


def coverage_keys(technologies: Iterable[str], language: Language) -> list[dict[str, Any]]:
    """The hatchings of coverage areas by technology."""
    return [
        {"technology": name, "title": language.technology(name), "hatch": styles.hatch(name)}
        for name in styles.in_order(technologies)
    ]
