"""The score of a gap, 0 to 100: a weighted mean of indicators in [0, 1] against fixed reference values.

An indicator that is not known (NaN) drops out of the mean with its weight. Each function is pure: arrays in, one array
of the same shape out.
"""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from geo.standards import Standard
from geo.tables.results import INDICATORS
from geo.tables.words import ServiceClass

Floats = npt.NDArray[np.float64]


def people_indicator(people_without: Floats, standard: Standard) -> Floats:
    """``min(1, ln(1 + people) / ln(1 + reference))``: people expected to be without service, on a logarithmic scale."""
    reference = standard.references["people"]
    return np.asarray(np.minimum(np.log1p(people_without) / np.log1p(reference), 1.0))


def severity_indicator(
    service_class: npt.NDArray[np.object_], served: Floats, internet: Floats, standard: Standard
) -> Floats:
    """How bad the class is. For an unknown one the expectation: ``(1 − P_internet) + (P_internet − P_served)·s`` with s
    the severity of `below_standard`; 1 where not even a probability is known is not assumed: it stays NaN."""
    expected = (1.0 - internet) + (internet - served).clip(0.0) * standard.severity[ServiceClass.BELOW_STANDARD]
    result = expected.copy()
    for name, severity in standard.severity.items():
        result[service_class == name] = severity
    return result


def remoteness_indicator(nearest_served_km: Floats, district_centre_km: Floats, standard: Standard) -> Floats:
    """Mean of ``min(1, km / reference)`` to the nearest served place and to the district's centre; of what is known."""
    parts = np.stack(
        [
            np.minimum(nearest_served_km / standard.references["nearest_served_km"], 1.0),
            np.minimum(district_centre_km / standard.references["district_centre_km"], 1.0),
        ]
    )
    known = np.isfinite(parts)
    with np.errstate(invalid="ignore"):
        return np.asarray(np.where(known, parts, 0.0).sum(axis=0) / known.sum(axis=0))


def institutions_indicator(institutions_without: Floats, standard: Standard) -> Floats:
    """``min(1, institutions / reference)``: public institutions expected to be without internet."""
    return np.asarray(np.minimum(institutions_without / standard.references["institutions"], 1.0))


def weighted_score(indicators: Mapping[str, Floats], standard: Standard) -> Floats:
    """Weighted mean of the known indicators times 100, rounded to 1e-6 so that ties are ties; NaN if none is known."""
    weights = np.array([standard.weights[name] for name in INDICATORS])
    values = np.stack([indicators[name] for name in INDICATORS])
    known = np.isfinite(values)
    weight = np.tensordot(weights, known.astype(float), axes=1)
    total = np.tensordot(weights, np.where(known, values, 0.0), axes=1)
    with np.errstate(invalid="ignore"):
        return np.asarray(np.round(100.0 * total / weight, 6))
