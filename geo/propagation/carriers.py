"""Carriers by technology: band, bandwidth, power, and from the carrier's power to the level that a handset measures."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from geo.bundled import data_path


@dataclass(frozen=True)
class Carrier:
    """Defaults of one technology (``data/coverage/technologies.toml``, with sources).

    `quantity` is the level's name (RSSI, RSCP, RSRP, SS-RSRP); `eirp_dbm` the whole carrier's with antenna gain;
    `reach_km` the farthest a cell is looked at; `resource_blocks` pairs of bandwidth in MHz and number of blocks.
    """

    technology: str
    quantity: str
    band_mhz: float
    bandwidth_mhz: float
    eirp_dbm: float
    height_m: float
    reach_km: float
    level_share_db: float | None = None
    resource_blocks: Sequence[tuple[float, int]] = ()

    def level_below_eirp_db(self, bandwidth_mhz: float) -> float:
        """How far the measured level lies below the carrier's EIRP before any loss, dB.

        4G and 5G: ``10·log10(12·N_RB)``, the power of one of 12 subcarriers of N_RB resource blocks; N_RB is that of
        the widest channel that fits the bandwidth. 2G: 0. 3G: the pilot's share.
        """
        if self.level_share_db is not None:
            return self.level_share_db
        fitting = [blocks for width, blocks in self.resource_blocks if width <= bandwidth_mhz + 1e-9]
        blocks = fitting[-1] if fitting else self.resource_blocks[0][1]
        return float(10.0 * np.log10(12.0 * blocks))


@dataclass(frozen=True)
class Sector:
    """Defaults of a sector antenna."""

    beamwidth_deg: float
    vertical_beamwidth_deg: float
    greatest_attenuation_db: float
    side_lobe_attenuation_db: float


@cache
def _parameters() -> dict[str, Any]:
    return tomllib.loads(data_path("coverage", "technologies.toml").read_text(encoding="utf-8"))


@cache
def carriers() -> Mapping[str, Carrier]:
    """Carriers by technology; fixed technologies have none."""
    return {
        technology: Carrier(technology, **{**raw, "resource_blocks": tuple(map(tuple, raw.get("resource_blocks", ())))})
        for technology, raw in _parameters()["carrier"].items()
    }


@cache
def receiver_height_m() -> float:
    """Height of the handset above ground."""
    return float(_parameters()["receiver"]["height_m"])


@cache
def sector() -> Sector:
    """The sector antenna assumed for a cell with an azimuth."""
    return Sector(**_parameters()["sector"])
