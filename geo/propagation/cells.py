"""Cells with everything that their level needs: given, or assumed by technology and said."""

from collections.abc import Mapping
from dataclasses import replace

import geopandas as gpd
import numpy as np
import pandas as pd

from geo.errors import InputError, LimitExceeded, Problem, ValueRejected
from geo.propagation.antennas import OMNI, SECTOR, Pattern
from geo.propagation.carriers import carriers, sector

P1812_MHZ = (30.0, 6000.0)
_FILLED_BY_TECHNOLOGY = ("band_mhz", "bandwidth_mhz", "eirp_dbm", "height_m")


def complete_cells(
    sites: gpd.GeoDataFrame, patterns: Mapping[str, Pattern] | None = None, *, file: str | None = None
) -> tuple[pd.DataFrame, list[str]]:
    """Cells with every value that the level needs; what a site list leaves out is assumed, and said.

    Parameters
    ----------
    sites
        Canonical sites, WGS 84.
    patterns
        Antenna tables by the name that column `pattern` gives them.
    file
        Name of the site list, for messages.

    Returns
    -------
    cells
        One row per cell of a technology that has carriers, ordered by `cell_id`: the columns of table `sites`, and
        `lon`, `lat`, `reach_km`, `below_eirp_db`. `pattern` is `omni`, `3gpp` or a table's name; `azimuth_deg`,
        `beamwidth_deg` and `tilt_deg` are filled, and have no meaning for `omni`.
    notes
        What was assumed or left out, in sentences with counts.

    Raises
    ------
    LimitExceeded
        A band outside 30 MHz to 6 GHz.
    ValueRejected
        A pattern that is not known, or an antenna with a direction that does not say which.
    """
    known = carriers()
    has_carrier = sites["technology"].isin(list(known)).to_numpy()
    cells = pd.DataFrame(sites[has_carrier].drop(columns="geometry")).reset_index(drop=True)
    rows = np.flatnonzero(has_carrier) + 1
    points = sites.geometry[has_carrier]
    cells["lon"], cells["lat"] = points.x.to_numpy(), points.y.to_numpy()
    notes = []
    if not has_carrier.all():
        notes.append(f"{int((~has_carrier).sum())} rows are of technologies without a radio carrier and are left out")
    for column in _FILLED_BY_TECHNOLOGY:
        assumed = cells["technology"].map({name: getattr(carrier, column) for name, carrier in known.items()})
        missing = int(cells[column].isna().sum())
        if missing:
            notes.append(f"{column} is not given for {missing} cells; assumed by technology")
        cells[column] = cells[column].fillna(assumed.astype(float))
    cells["reach_km"] = cells["technology"].map({name: c.reach_km for name, c in known.items()}).astype(float)
    budget = zip(cells["technology"], cells["bandwidth_mhz"], strict=True)
    cells["below_eirp_db"] = np.array([known[name].level_below_eirp_db(width) for name, width in budget], dtype=float)
    try:
        _check_bands(cells)
        cells = _with_antennas(cells, patterns or {}, notes)
    except InputError as error:
        raise type(error)([replace(p, file=file, row=int(rows[p.row or 0])) for p in error.problems]) from None
    return cells.sort_values("cell_id", kind="stable").reset_index(drop=True), notes


def _check_bands(cells: pd.DataFrame) -> None:
    low, high = P1812_MHZ
    outside = cells[~cells["band_mhz"].between(low, high)]
    if len(outside):
        remedy = f"ITU-R P.1812 holds for {low:g} to {high:g} MHz"
        raise LimitExceeded(_problems(outside, "band_mhz", "is outside the limits of the propagation model", remedy))


def _with_antennas(cells: pd.DataFrame, tables: Mapping[str, Pattern], notes: list[str]) -> pd.DataFrame:
    """Fill pattern, azimuth, beam width and tilt; `notes` gets what was assumed."""
    given = cells["pattern"].astype(object).where(cells["pattern"].notna(), "").astype("str")
    word = given.str.lower()
    aimed, unstated = cells["azimuth_deg"].notna(), word == ""
    by_azimuth = pd.Series(np.where(aimed, SECTOR, OMNI), index=cells.index, dtype="str")
    pattern = given.where(~word.isin([OMNI, SECTOR]), word).where(~unstated, by_azimuth)
    strange = cells[~pattern.isin([OMNI, SECTOR, *tables])]
    if len(strange):
        remedy = f"Accepted: {OMNI}, {SECTOR}, the name of an antenna table beside the site list, or empty"
        raise ValueRejected(_problems(strange, "pattern", "has a pattern that is not known", remedy))
    turned = {name for name, table in tables.items() if table.has_direction} | {SECTOR}
    aimless = cells[pattern.isin(turned) & ~aimed]
    if len(aimless):
        remedy = "An antenna that favours a direction needs its azimuth"
        raise ValueRejected(_problems(aimless, "azimuth_deg", "does not say where its antenna points", remedy))
    is_sector, width = pattern == SECTOR, sector().beamwidth_deg
    assumptions = {
        f"pattern is not given for {{}} cells without azimuth; {OMNI} assumed": unstated & ~aimed,
        f"pattern is not given for {{}} cells with azimuth; the {SECTOR} sector assumed": unstated & aimed,
        f"beamwidth_deg is not given for {{}} sectors; {width:g} assumed": is_sector & cells["beamwidth_deg"].isna(),
        "tilt_deg is not given for {} antennas; 0 assumed": (pattern != OMNI) & cells["tilt_deg"].isna(),
    }
    notes.extend(text.format(int(held.sum())) for text, held in assumptions.items() if held.any())
    return cells.assign(
        pattern=pattern,
        azimuth_deg=cells["azimuth_deg"].fillna(0.0),
        beamwidth_deg=cells["beamwidth_deg"].fillna(width),
        tilt_deg=cells["tilt_deg"].fillna(0.0),
    )


def _problems(cells: pd.DataFrame, column: str, what: str, remedy: str) -> list[Problem]:
    values = cells[column].astype(object).where(cells[column].notna(), None)
    return [
        Problem(f"cell {cell} {what}", remedy, row=position, column=column, value=value)
        for position, cell, value in zip(cells.index, cells["cell_id"], values, strict=True)
    ]
