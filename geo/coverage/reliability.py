"""How far each kind of evidence is believed, and the probability of service that follows from it."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr

from geo.bundled import data_path

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Reliability:
    """Contents of ``data/coverage/reliability.toml``, which gives each figure's source."""

    inside: Mapping[str, float]
    outside: float
    edge_scale_km: float
    model_error_db: float
    location_variability_db: float
    report: Mapping[str, float]
    test: Mapping[str, float]


@cache
def load_reliability() -> Reliability:
    """The bundled reliabilities."""
    raw: dict[str, Any] = tomllib.loads(data_path("coverage", "reliability.toml").read_text(encoding="utf-8"))
    polygon, signal = raw["polygon"], raw["signal"]
    return Reliability(
        inside=polygon["inside"],
        outside=polygon["outside"],
        edge_scale_km=polygon["edge_scale_km"],
        model_error_db=signal["model_error_db"],
        location_variability_db=signal["location_variability_db"],
        report=raw["report"],
        test=raw["test"],
    )


def probability_in_area(
    edge_distance_km: Floats, footprint_radius_km: Floats, *, inside: float, reliability: Reliability
) -> Floats:
    """Probability that a place has the service of an area with an uncertain edge.

    The edge's position has standard deviation `edge_scale_km`, and a disc of radius R spreads its residents with
    standard deviation R/2 across the edge. The expected share of residents inside is close to
    ``g = Φ(d / sqrt(edge_scale² + (R/2)²))``, and ``P = outside + (inside − outside)·g``.

    Parameters
    ----------
    edge_distance_km
        Signed distance d to the edge, positive inside, shape (n,).
    footprint_radius_km
        Radius R of the place's footprint, or of the disc of equal area, shape (n,).
    inside
        Probability of the service well inside.
    """
    spread_km = np.hypot(reliability.edge_scale_km, footprint_radius_km / 2.0)
    g = ndtr(edge_distance_km / spread_km)
    return np.asarray(reliability.outside + (inside - reliability.outside) * g)


def probability_of_signal(signal_dbm: Floats, threshold_dbm: float, *, reliability: Reliability) -> Floats:
    """``P = Φ((S − threshold)/σ)``: a level S in dBm meets the threshold; σ is location variability and model error in
    quadrature, dB. NaN stays NaN."""
    sigma_db = np.hypot(reliability.location_variability_db, reliability.model_error_db)
    return np.asarray(ndtr((signal_dbm - threshold_dbm) / sigma_db))
