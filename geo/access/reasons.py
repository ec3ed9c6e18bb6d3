"""Why a settlement is what it is: reason codes with the numbers behind them.

A run stores them per settlement as a JSON array of objects, `code` first, numbers and code words only: names, notes and
links stay in the tables they come from. Built column by column, so that a million settlements cost no Python loop.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from geo.access.classify import Access
from geo.access.institutions import Institutions
from geo.access.reach import Reach
from geo.coverage.reliability import Reliability
from geo.coverage.reports import is_old
from geo.standards import Standard
from geo.tables.words import Basis, PopulationBasis, ReportStatus, ServiceClass, Technology

CODES = (
    "position_unknown",
    "nothing_known",
    "reported_served",
    "reported_unserved",
    "reported_degraded",
    "mast_planned",
    "technology_not_stated",
    "old_report",
    "conflicting_evidence",
    "measured",
    "no_service_claimed",
    "edge_of_coverage",
    "weak_signal",
    "below_speed",
    "missing_technology",
    "no_voice",
    "nearest_served",
    "nearest_site",
    "blocked_path",
    "nearest_road",
    "institutions_without",
    "population_estimated",
    "scenario",
)
"""All reason codes, in the order in which they are given."""

_EDGE_KM = 1.0
"""A place within this distance of a layer's edge is told so."""

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class _Reason:
    code: str
    holds: Mask
    numbers: Mapping[str, npt.NDArray[Any]] = field(default_factory=dict)


def reasons_json(
    settlements: pd.DataFrame,
    evidence: pd.DataFrame,
    statements: pd.DataFrame,
    tests: pd.DataFrame,
    access: Access,
    reach: Reach,
    institutions: Institutions,
    standard: Standard,
    reliability: Reliability,
    scenario: str | None,
) -> list[str]:
    """One JSON array per settlement; every argument is as `geo.access.analysis` has it."""
    n = len(settlements)
    located = settlements["geometry"].notna().to_numpy()
    is_gap = access.service_class != ServiceClass.SERVED
    obstacles = reach.obstacles
    reasons = [
        _Reason("position_unknown", ~located),
        _prior(evidence, n),
        *_reported(statements, evidence, n, reliability),
        _measured(tests, n),
        *_from_layers(evidence, tests, n, standard),
        *_missing(evidence, access, standard, n),
        _Reason(
            "nearest_served",
            np.isfinite(reach.nearest_served_km) & is_gap,
            {"km": reach.nearest_served_km},
        ),
        _Reason("nearest_site", np.isfinite(reach.nearest_site_km), {"km": reach.nearest_site_km}),
        _Reason(
            "blocked_path",
            np.isfinite(obstacles.km),
            {"km": obstacles.km, "m": obstacles.above_m, "lift_m": obstacles.lift_m},
        ),
        _Reason(
            "nearest_road",
            np.isfinite(reach.nearest_road_km) & is_gap,
            {"km": reach.nearest_road_km},
        ),
        _Reason(
            "institutions_without",
            (institutions.without > 0.0) & is_gap,
            {"count": institutions.count, "without": institutions.without},
        ),
        _Reason(
            "population_estimated",
            (settlements["population_basis"] == PopulationBasis.ESTIMATE).to_numpy(),
            {
                "low": settlements["population_low"].to_numpy(dtype=float, na_value=np.nan),
                "high": settlements["population_high"].to_numpy(dtype=float, na_value=np.nan),
            },
        ),
        _Reason("scenario", np.full(n, scenario is not None)),
    ]
    order = {code: i for i, code in enumerate(CODES)}
    return _encode(sorted(reasons, key=lambda reason: order[reason.code]), n)


def _mask(rows: npt.NDArray[np.int64], n: int) -> Mask:
    mask = np.zeros(n, dtype=bool)
    mask[rows] = True
    return mask


def _column(rows: npt.NDArray[np.int64], values: npt.NDArray[Any], n: int) -> npt.NDArray[np.float64]:
    column = np.full(n, np.nan)
    column[rows] = values
    return column


def _rows(evidence: pd.DataFrame, chosen: Mask) -> npt.NDArray[np.int64]:
    return evidence["row"].to_numpy(dtype=np.int64)[chosen]


def _prior(evidence: pd.DataFrame, n: int) -> _Reason:
    is_prior = (evidence["basis"] == Basis.PRIOR).to_numpy()
    mobile = is_prior & (evidence["technology"] == Technology.UNSPECIFIED).to_numpy()
    heard_of = _mask(_rows(evidence, ~is_prior | evidence["tests"].notna().to_numpy()), n)
    chance = _column(_rows(evidence, mobile), evidence["probability_served"].to_numpy()[mobile], n)
    return _Reason("nothing_known", ~heard_of, {"probability": chance})


def _reported(statements: pd.DataFrame, evidence: pd.DataFrame, n: int, reliability: Reliability) -> list[_Reason]:
    codes = {
        ReportStatus.SERVED: "reported_served",
        ReportStatus.UNSERVED: "reported_unserved",
        ReportStatus.DEGRADED: "reported_degraded",
        ReportStatus.PLANNED: "mast_planned",
    }
    if statements.empty:
        return []
    status = statements["status"].to_numpy(dtype=object)
    row = statements["row"].to_numpy(dtype=np.int64)
    age = statements["age_years"].to_numpy(dtype=float)
    reasons = [
        _Reason(code, _mask(row[status == word], n), {"years_ago": _column(row, age, n)})
        for word, code in codes.items()
    ]
    unstated = (evidence["basis"] == Basis.REPORTED) & (evidence["technology"] == Technology.UNSPECIFIED)
    served = _mask(row[status == ReportStatus.SERVED], n)
    return [
        *reasons,
        _Reason("technology_not_stated", served & _mask(_rows(evidence, unstated.to_numpy()), n)),
        _Reason("old_report", _mask(row[is_old(statements, reliability)], n)),
    ]


def _measured(tests: pd.DataFrame, n: int) -> _Reason:
    row = tests["row"].to_numpy(dtype=np.int64)
    count = np.bincount(row, weights=tests["count"].to_numpy(dtype=float), minlength=n)
    passed = np.bincount(row, weights=tests["passed"].to_numpy(dtype=float), minlength=n)
    nearest = _smallest(row, tests["nearest_km"].to_numpy(dtype=float), n)
    share = passed / np.maximum(count, 1.0)
    return _Reason("measured", count > 0.0, {"count": count, "km": nearest, "share": share})


def _from_layers(evidence: pd.DataFrame, tests: pd.DataFrame, n: int, standard: Standard) -> list[_Reason]:
    edge = evidence["edge_distance_km"].to_numpy(dtype=float)
    signal = evidence["signal_dbm"].to_numpy(dtype=float)
    speed = evidence["downlink_mbps"].to_numpy(dtype=float)
    rules = evidence["technology"].map(standard.technologies)
    threshold = np.array([r.threshold_dbm or np.nan for r in rules], dtype=float)
    needed = np.array([r.downlink_mbps or np.nan for r in rules], dtype=float)
    works = evidence["probability_any"].to_numpy(dtype=float)
    with np.errstate(invalid="ignore"):
        inside = _mask(_rows(evidence, edge > 0), n)
        # a modelled row without a level is of a place that no cell reaches
        unreached = (evidence["basis"] == Basis.MODELLED).to_numpy() & np.isnan(signal)
        reached = (evidence["basis"] == Basis.MODELLED).to_numpy() & np.isfinite(signal)
        inside = inside | _mask(_rows(evidence, reached), n)
        outside = _mask(_rows(evidence, (edge <= 0) | unreached), n)
        weak, slow = signal < threshold, (speed < needed) & (works > standard.confidence)
        near = np.abs(edge) < _EDGE_KM
    nearest_edge = _smallest(_rows(evidence, near), np.abs(edge[near]), n)
    best_signal = -_smallest(_rows(evidence, weak), -signal[weak], n)
    best_speed = -_smallest(_rows(evidence, slow), -speed[slow], n)
    conflicting = _mask(_rows(evidence, evidence["conflicting"].to_numpy(dtype=bool)), n)
    contradicted = _mask(_rows(tests, tests["contradicts"].to_numpy(dtype=bool)), n)
    return [
        _Reason("conflicting_evidence", conflicting | contradicted),
        _Reason("no_service_claimed", outside & ~inside),
        _Reason("edge_of_coverage", np.isfinite(nearest_edge), {"km": nearest_edge}),
        _Reason("weak_signal", np.isfinite(best_signal), {"dbm": best_signal}),
        _Reason("below_speed", np.isfinite(best_speed), {"mbps": best_speed}),
    ]


def _smallest(rows: npt.NDArray[np.int64], values: npt.NDArray[np.float64], n: int) -> npt.NDArray[np.float64]:
    result = np.full(n, np.inf)
    np.minimum.at(result, rows, values)
    result[np.isinf(result)] = np.nan
    return result


def _missing(evidence: pd.DataFrame, access: Access, standard: Standard, n: int) -> Sequence[_Reason]:
    c = standard.confidence
    with np.errstate(invalid="ignore"):
        established = access.voice >= c
        no_internet = (access.service_class == ServiceClass.VOICE_ONLY) & established
        no_voice = (access.service_class == ServiceClass.BELOW_STANDARD) & (access.voice <= 1.0 - c)
    return [_Reason("missing_technology", no_internet), _Reason("no_voice", no_voice)]


def _encode(reasons: Sequence[_Reason], n: int) -> list[str]:
    """Join the reasons that hold into one JSON array per row."""
    parts = []
    for reason in reasons:
        text: Any = pa.array([f'{{"code":"{reason.code}"'] * n) if n else pa.array([], pa.string())
        for name, values in reason.numbers.items():
            numbers = np.asarray(values, dtype=float)
            known = np.isfinite(numbers)
            shown = pc.cast(pa.array(np.where(known, numbers, 0.0).round(3)), pa.string())
            member = pc.binary_join_element_wise(f',"{name}":', shown, "")
            text = pc.binary_join_element_wise(text, pc.if_else(pa.array(known), member, ""), "")
        complete = pc.binary_join_element_wise(text, "},", "")
        parts.append(pc.if_else(pa.array(reason.holds), complete, ""))
    joined = pc.utf8_rtrim(pc.binary_join_element_wise(*parts, ""), ",")
    array: list[str] = pc.binary_join_element_wise("[", joined, "]", "").to_pylist()
    return array
