"""Other names under which the canonical columns come; the first that a file has is taken."""

import re

import pandas as pd

from geo.tables.schema import Table

ALIASES: dict[str, tuple[str, ...]] = {
    "kato": ("kato_code", "code_kato", "code"),
    "name_kk": ("name_kz", "name_kaz"),
    "name_ru": ("name_rus",),
    "name_en": ("name_eng", "name"),
    "district_kato": ("district_code",),
    "okrug_kato": ("okrug_code",),
    "population": ("pop", "residents"),
    "operator": ("provider", "carrier"),
    "technology": ("tech", "rat"),
    "downlink_mbps": ("download_mbps",),
    "as_of": ("date",),
    "site_id": ("site",),
    "cell_id": ("cell",),
    "height_m": ("height",),
    "azimuth_deg": ("azimuth",),
    "lon": ("longitude", "lng", "x"),
    "lat": ("latitude", "y"),
}
_SHAPEFILE_NAME_CHARACTERS = 10


def plain(name: str) -> str:
    """A column's name in lower case, words joined by underscores: ``"Name:EN "`` becomes ``name_en``."""
    return re.sub(r"[\s:.-]+", "_", name.strip().lower())


def canonical_names(names: list[str], wanted: list[str], *, truncated: bool = False) -> dict[str, str]:
    """Which of a file's columns is which canonical one: canonical name to the file's own.

    Parameters
    ----------
    names
        The file's columns.
    wanted
        Canonical columns to look for.
    truncated
        Whether the format cuts names off after ten characters.
    """
    own: dict[str, str] = {}
    for name in names:
        own.setdefault(plain(name), name)
    found: dict[str, str] = {}
    for canonical in wanted:
        candidates = [canonical, *ALIASES.get(canonical, ())]
        cut = canonical[:_SHAPEFILE_NAME_CHARACTERS]
        if truncated and not any(other != canonical and other.startswith(cut) for other in wanted):
            candidates.append(cut)
        for candidate in candidates:
            another = candidate != canonical and candidate in wanted
            if candidate in own and not another and own[candidate] not in found.values():
                found[canonical] = own[candidate]
                break
    return found


def renamed(frame: pd.DataFrame, table: Table, *, truncated: bool = False) -> tuple[pd.DataFrame, dict[str, str]]:
    """The frame with canonical column names, and canonical name to the file's own."""
    attributes = [str(name) for name in frame.columns if name != "geometry"]
    wanted = [column.name for column in table.columns]
    own = canonical_names(attributes, wanted, truncated=truncated)
    unused = [name for name in attributes if name not in own.values()]
    return frame.drop(columns=unused).rename(columns={name: canonical for canonical, name in own.items()}), own
