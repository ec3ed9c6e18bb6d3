"""Antenna patterns: how much weaker than its strongest direction a cell radiates towards a receiver.

EIRP includes the antenna's gain, so a pattern is an attenuation: 0 dB in the main direction, more elsewhere.
"""

import numpy as np
import numpy.typing as npt

from geo.propagation.carriers import sector

Floats = npt.NDArray[np.float64]


def sector_attenuation_db(
    azimuth_off_deg: Floats, elevation_off_deg: Floats, beamwidth_deg: Floats | float | None = None
) -> Floats:
    """Sector antenna of 3GPP TR 36.814, table A.2.1.1-2.

    ``A_H = min(12·(φ/φ3dB)², A_m)``, ``A_V = min(12·(θ/θ3dB)², SLA)``, ``A = min(A_H + A_V, A_m)``.

    Parameters
    ----------
    azimuth_off_deg
        Azimuth towards the receiver less the antenna's; any multiple of 360° may be added.
    elevation_off_deg
        Elevation towards the receiver plus the downtilt.
    beamwidth_deg
        Horizontal 3 dB beam width φ3dB; the assumed one where None or NaN.

    Returns
    -------
    Attenuation in dB, 0 or more.
    """
    assumed = sector()
    width = np.asarray(assumed.beamwidth_deg if beamwidth_deg is None else beamwidth_deg, dtype=float)
    width = np.where(np.isfinite(width), width, assumed.beamwidth_deg)
    off = (np.asarray(azimuth_off_deg) + 180.0) % 360.0 - 180.0
    horizontal = np.minimum(12.0 * (off / width) ** 2, assumed.greatest_attenuation_db)
    vertical = np.minimum(
        12.0 * (np.asarray(elevation_off_deg) / assumed.vertical_beamwidth_deg) ** 2, assumed.side_lobe_attenuation_db
    )
    return np.asarray(np.minimum(horizontal + vertical, assumed.greatest_attenuation_db))
