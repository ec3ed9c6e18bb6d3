"""Evidence from coverage polygons: inside, outside, or at the edge of what an operator is said to serve."""

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from geo.coverage.footprints import Footprints
from geo.coverage.overlay import shares_covered, signed_distance_m
from geo.coverage.reliability import Reliability, probability_in_area
from geo.region import Region
from geo.standards import Standard, TechnologyRule

_FARTHEST_EDGE_KM = 20.0
_LAYER = ["operator", "technology", "basis", "threshold_dbm", "downlink_mbps"]


def evidence_from_areas(
    coverage: gpd.GeoDataFrame, places: Footprints, region: Region, standard: Standard, reliability: Reliability
) -> pd.DataFrame:
    """Service rows of the settlements within the region, one per layer and settlement.

    A layer is what shares operator, technology, basis, threshold and speed. Its polygons count as their union, and it
    is valid in the whole region: a place outside them is one where *no service is claimed*.

    Returns
    -------
    DataFrame
        Columns of `geo.coverage.evidence.EVIDENCE_COLUMNS`; `edge_distance_km` is positive inside.
    """
    planar = region.planar(coverage.geometry)
    inside_region = np.flatnonzero(places.in_region)
    points, areas = places.points[inside_region], places.areas[inside_region]
    x, y = shapely.get_x(points), shapely.get_y(points)
    pieces = []
    for key, layer in coverage.groupby(_LAYER, dropna=False, sort=True):
        operator, technology, basis, threshold_dbm, downlink_mbps = key
        if not region.contains_any(layer.geometry).any():
            continue  # another region's layer says nothing of this one
        rule = standard.technologies[technology]
        polygons = planar[layer.index.to_numpy()]
        edge_km = signed_distance_m(x, y, polygons, max_distance_m=_FARTHEST_EDGE_KM * 1000.0) / 1000.0
        works = probability_in_area(
            edge_km, places.radius_km[inside_region], inside=reliability.inside[basis], reliability=reliability
        )
        meets = _meets_standard(threshold_dbm, downlink_mbps, rule)
        pieces.append(
            pd.DataFrame(
                {
                    "row": places.row[inside_region],
                    "operator": operator,
                    "technology": technology,
                    "share_covered": shares_covered(areas, polygons),
                    "signal_dbm": np.nan,
                    "probability_served": works if meets else np.minimum(works, reliability.outside),
                    "probability_any": works,
                    "downlink_mbps": downlink_mbps,
                    "edge_distance_km": edge_km,
                    "basis": basis,
                    "as_of": layer["as_of"].max() if layer["as_of"].notna().any() else None,
                    "source": _first(layer["source"]),
                }
            )
        )
    return pd.concat(pieces, ignore_index=True) if pieces else pd.DataFrame()


def _meets_standard(threshold_dbm: float, downlink_mbps: float, rule: TechnologyRule) -> bool:
    """Whether what the layer promises is enough; what it does not state counts as enough."""
    enough_signal = rule.threshold_dbm is None or not threshold_dbm < rule.threshold_dbm
    enough_speed = rule.downlink_mbps is None or not downlink_mbps < rule.downlink_mbps
    return enough_signal and enough_speed


def _first(values: pd.Series) -> str | None:
    known = values.dropna()
    return str(known.iloc[0]) if len(known) else None
