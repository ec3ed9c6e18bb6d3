"""Totals of a run: by service class, and by district."""

from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from geo.tables.words import ServiceClass

Floats = npt.NDArray[np.float64]


def summarise(gaps: gpd.GeoDataFrame) -> dict[str, Any]:
    """Counts of settlements, people and people expected without service, in all and by class.

    People of places whose population or probability is not known are in no sum; `population_unknown` counts them.
    """

    def totals(rows: pd.DataFrame) -> dict[str, Any]:
        return {
            "settlements": len(rows),
            "population": int(rows["population"].sum()),
            "people_without": round(float(rows["people_without"].sum())),
        }

    return {
        **totals(gaps),
        "without_position": int(gaps.geometry.isna().sum()),
        "population_unknown": int(gaps["population"].isna().sum()),
        "classes": {str(c): totals(gaps[gaps["service_class"] == c]) for c in ServiceClass},
    }


def counts_of_given(
    *,
    measurements: int,
    settlements_tested: int,
    facilities: int,
    facilities_placed: Floats,
    institutions_without: Floats,
    roads: pd.DataFrame,
) -> dict[str, Any]:
    """What tests, facilities and roads came to; nothing about a kind of which none was given.

    Parameters
    ----------
    measurements, settlements_tested, facilities
        Rows given, settlements with tests near enough, rows given.
    facilities_placed, institutions_without
        Per settlement: public institutions, and how many of them are expected to be without internet.
    roads
        As `geo.access.roads.district_roads` gives it.
    """
    counts: dict[str, Any] = {}
    if measurements:
        counts |= {"measurements": measurements, "settlements_tested": settlements_tested}
    if facilities:
        counts |= {
            "facilities": facilities,
            "facilities_placed": int(np.nansum(facilities_placed)),
            "institutions_without": round(float(np.nansum(institutions_without)), 1),
        }
    if roads["road_km"].notna().any():
        counts["road_km"] = round(float(roads["road_km"].sum()), 1)
    return counts


def with_district_totals(districts: gpd.GeoDataFrame, gaps: gpd.GeoDataFrame, roads: pd.DataFrame) -> gpd.GeoDataFrame:
    """Districts with `settlements`, `gaps`, `population`, `people_without`, `share_without` and the columns of `roads`.

    `share_without` is the share of residents expected to be without service, over the settlements of which both people
    and probability are known; null where there is none. `roads` is as `geo.access.roads.district_roads` gives it.
    """
    known = gaps["people_without"].notna()
    table = pd.DataFrame(
        {
            "district_kato": gaps["district_kato"],
            "settlements": 1,
            "gaps": (gaps["service_class"] != ServiceClass.SERVED).astype(int),
            "population": gaps["population"].astype("float64"),
            "people_without": gaps["people_without"],
            "population_known": gaps["population"].astype("float64").where(known),
        }
    )
    totals = table.groupby("district_kato").sum().reindex(districts["kato"]).reset_index(drop=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        share = (totals["people_without"] / totals["population_known"]).where(totals["population_known"] > 0)
    enriched = districts.assign(
        settlements=totals["settlements"].fillna(0).astype("int64"),
        gaps=totals["gaps"].fillna(0).astype("int64"),
        population=totals["population"].fillna(0).round().astype("int64"),
        people_without=totals["people_without"].round(3),
        share_without=share.round(6),
        road_km=roads["road_km"].round(3),
        road_covered_share=roads["road_covered_share"].round(6),
    )
    return enriched[[c for c in enriched.columns if c != "geometry"] + ["geometry"]]
