"""Totals of a run: by service class, and by district."""

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from geo.tables.words import ServiceClass


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


def with_district_totals(districts: gpd.GeoDataFrame, gaps: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Districts with `settlements`, `gaps`, `population`, `people_without` and `share_without`.

    `share_without` is the share of residents expected to be without service, over the settlements of which both people
    and probability are known; null where there is none.
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
    )
    return enriched[[c for c in enriched.columns if c != "geometry"] + ["geometry"]]
