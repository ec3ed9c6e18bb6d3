"""Which gaps a question is about: by district, class, or what one operator or technology leaves without service."""

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from geo.errors import Problem, UnknownName
from geo.tables.words import ServiceClass, Technology
from geo.workspace import Run


@dataclass(frozen=True)
class Selection:
    """A question to the gap list; None asks about all.

    With `operator` or `technology` a gap is a settlement where no matching service reaches the standard's confidence;
    otherwise it is one whose class is not `served`.
    """

    district: str | None = None
    operator: str | None = None
    technology: str | None = None
    service_class: str | None = None
    top: int | None = None


def select_gaps(run: Run, selection: Selection) -> gpd.GeoDataFrame:
    """The gaps of a run that a selection asks about, the worst first.

    Raises
    ------
    UnknownName
        For a district, operator, technology or class that the run does not know.
    """
    gaps = run.table("gaps")
    service = run.table("service") if selection.operator or selection.technology else None
    _check(run, service, selection)
    if service is not None:
        chosen = ~gaps["kato"].isin(_served_by(service, run.manifest["standard"]["confidence"], selection))
    else:
        chosen = gaps["service_class"] != ServiceClass.SERVED
    if selection.service_class:
        chosen &= gaps["service_class"] == selection.service_class
    if selection.district:
        chosen &= gaps["district_kato"] == selection.district
    ordered = gaps[chosen].sort_values(["rank", "score", "kato"], ascending=[True, False, True], na_position="last")
    return ordered.head(selection.top).reset_index(drop=True) if selection.top else ordered.reset_index(drop=True)


def _served_by(service: pd.DataFrame, confidence: float, selection: Selection) -> npt.NDArray[np.object_]:
    matching = service["probability_served"] >= confidence
    if selection.operator:
        matching &= service["operator"] == selection.operator
    if selection.technology:
        matching &= service["technology"] == selection.technology
    return np.asarray(service.loc[matching, "kato"].unique())


def _check(run: Run, service: pd.DataFrame | None, selection: Selection) -> None:
    asked = {
        "district": (selection.district, run.table("districts")["kato"]),
        "class": (selection.service_class, list(ServiceClass)),
        "technology": (selection.technology, list(Technology)),
        "operator": (selection.operator, () if service is None else service["operator"].unique()),
    }
    for what, (value, known) in asked.items():
        if value is not None and value not in list(known):
            raise UnknownName(Problem(f"no such {what}", f"Known: {', '.join(sorted(known))}", value=value))
