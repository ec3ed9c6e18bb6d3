"""Evidence from signal rasters: the level in dBm at a settlement against the standard's threshold."""

import numpy as np
import pandas as pd

from geo.coverage.footprints import Footprints
from geo.coverage.rasters import sample_raster
from geo.coverage.reliability import Reliability, probability_of_signal
from geo.errors import Problem, ValueRejected
from geo.standards import Standard
from geo.tables.schema import WGS84
from geo.tables.signal_raster import SignalRaster


def evidence_from_signal(
    raster: SignalRaster, places: Footprints, standard: Standard, reliability: Reliability
) -> pd.DataFrame:
    """Service rows of the settlements at which the raster has a value.

    Outside the raster and on its nodata pixels nothing is known, so there is no row.
    """
    rule = standard.technologies[raster.technology]
    if rule.threshold_dbm is None:
        levels = ", ".join(t for t, r in standard.technologies.items() if r.threshold_dbm is not None)
        remedy = f"Signal rasters are accepted for: {levels}"
        raise ValueRejected(
            Problem(
                "the standard sets no signal level for it",
                remedy,
                raster.path.name,
                None,
                "technology",
                raster.technology,
            )
        )
    signal = np.asarray(sample_raster(raster.path, places.lon, places.lat, crs=WGS84), dtype=float)
    known = np.isfinite(signal)
    probability = probability_of_signal(signal[known], rule.threshold_dbm, reliability=reliability)
    return pd.DataFrame(
        {
            "row": places.row[known],
            "operator": raster.operator,
            "technology": raster.technology,
            "share_covered": np.nan,
            "signal_dbm": signal[known],
            "probability_served": probability,
            "probability_any": probability,
            "downlink_mbps": np.nan,
            "edge_distance_km": np.nan,
            "basis": raster.basis,
            "as_of": raster.as_of,
            "source": raster.source,
        }
    )
