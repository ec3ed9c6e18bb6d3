"""One district of a run: its totals and its settlements."""

from typing import Any

import pandas as pd

from geo.access.explain import RunTables, plain
from geo.errors import Problem, UnknownName


def district_rows(run: RunTables, kato: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """A district's row of table `districts` and its settlements' rows of table `gaps`, as plain values.

    Settlements are ordered by rank, those without one last; each keeps its `geometry` (WGS 84, None where the position
    is not known), the district does not.

    Raises
    ------
    UnknownName
        If the run has no such district.
    """
    districts = run.table("districts")
    found = districts[districts["kato"] == kato]
    if found.empty:
        raise UnknownName(Problem("no such district in this run", "Give the KATO code of a district", value=kato))
    row = _plain_rows(found.drop(columns="geometry"))[0]
    gaps = run.table("gaps")
    own = gaps[gaps["district_kato"] == kato].sort_values("rank", kind="stable", na_position="last")
    geometries = own.geometry.to_numpy()
    rows = _plain_rows(own.drop(columns=["geometry", "reasons"]))
    return row, [{**of, "geometry": geometry} for of, geometry in zip(rows, geometries, strict=True)]


def _plain_rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(name): plain(value) for name, value in row.items()} for row in frame.to_dict("records")]
