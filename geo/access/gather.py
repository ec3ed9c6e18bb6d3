"""All evidence of one analysis, gathered and combined."""

from dataclasses import dataclass

import pandas as pd

from geo.access.inputs import Loaded
from geo.coverage.areas import evidence_from_areas
from geo.coverage.evidence import combine, has_evidence, without_superseded_totals
from geo.coverage.footprints import Footprints
from geo.coverage.measured import evidence_from_measurements
from geo.coverage.modelled import Modelled
from geo.coverage.prior import evidence_from_totals
from geo.coverage.reliability import load_reliability
from geo.coverage.reports import evidence_from_reports, statements_on_settlements
from geo.coverage.signals import evidence_from_signal


@dataclass(frozen=True)
class Gathered:
    """What is known: `evidence`, one row per settlement, operator and technology (`geo.coverage.evidence.combine`); the
    `statements` of reports and the `tests` (`geo.coverage.measured`) that went into it."""

    evidence: pd.DataFrame
    statements: pd.DataFrame
    tests: pd.DataFrame


def gather(loaded: Loaded, places: Footprints, modelled: Modelled | None) -> Gathered:
    """Evidence of every kind that was given; tests come last, because they update the others."""
    reliability = load_reliability()
    standard, settlements, region = loaded.standard, loaded.settlements, loaded.region
    statements = statements_on_settlements(loaded.reports, settlements["kato"], region.profile.as_of)
    pieces = [evidence_from_reports(statements, reliability)]
    if len(loaded.coverage):
        pieces.append(evidence_from_areas(loaded.coverage, places, region, standard, reliability))
    if modelled is not None:
        pieces.append(modelled.evidence)
    pieces.extend(evidence_from_signal(raster, places, standard, reliability) for raster in loaded.rasters)
    if loaded.totals is not None:
        pieces.append(evidence_from_totals(settlements, loaded.totals, has_evidence(pieces, len(settlements))))
    tests = evidence_from_measurements(
        loaded.measurements, places, region, standard, reliability, region.profile.as_of, combine(pieces)
    )
    # all at once: what was combined before has forgotten which sources contradict each other
    evidence = combine([*pieces, tests])
    return Gathered(without_superseded_totals(evidence, standard), statements, tests)
