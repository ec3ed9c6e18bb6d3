"""Service class and best service of each settlement, from its evidence and the standard.

With P the probability of each row of evidence and c the standard's confidence:

- *served*: internet at standard with P ≥ c, and voice with P ≥ c;
- *below_standard*: internet of some kind with P ≥ c;
- *voice_only*: voice with P ≥ c;
- *unserved*: neither, and P of any service ≤ 1 − c;
- *unknown*: anything between, and wherever published totals (basis `prior`) have a say: they do where nothing else
  speaks of mobile internet.

A class says what is established, so a place with sure voice and a doubtful 4G edge is `voice_only`. Of several
operators the best is the settlement's: they share masts, so their probabilities are not multiplied.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from geo.standards import Standard
from geo.tables.words import UNSPECIFIED_OPERATOR, Basis, ServiceClass, Technology

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Access:
    """What n settlements have; arrays of shape (n,), NaN or None where nothing is known.

    `served` is the probability of internet at standard and voice; `internet` of internet of any kind; `voice` of voice.
    `concentration` is how many observations they are worth, where that is not what their basis is.
    """

    service_class: npt.NDArray[np.object_]
    served: Floats
    internet: Floats
    voice: Floats
    best_technology: npt.NDArray[np.object_]
    best_operator: npt.NDArray[np.object_]
    signal_dbm: Floats
    basis: npt.NDArray[np.object_]
    as_of: npt.NDArray[np.object_]
    concentration: Floats


def classify(evidence: pd.DataFrame, n: int, standard: Standard) -> Access:
    """Classify n settlements.

    Parameters
    ----------
    evidence
        Rows of `geo.coverage.evidence.combine`.
    n
        Number of settlements; `evidence.row` counts them from 0.
    """
    row = evidence["row"].to_numpy(dtype=np.int64)
    technology = evidence["technology"].to_numpy(dtype=object)
    gives_internet = np.isin(technology, standard.technologies_with(internet=True))
    gives_voice = np.isin(technology, standard.technologies_with(voice=True))
    meets = evidence["probability_served"].to_numpy(dtype=float)
    works = evidence["probability_any"].to_numpy(dtype=float)

    at_standard = _largest(row, np.where(gives_internet, meets, np.nan), n)
    internet = _largest(row, np.where(gives_internet, works, np.nan), n)
    voice = _largest(row, np.where(gives_voice, works, np.nan), n)
    anything = _largest(row, works, n)
    known = np.isfinite(anything)
    served = np.where(known, np.minimum(np.nan_to_num(at_standard), np.nan_to_num(voice)), np.nan)
    internet = np.where(known, np.nan_to_num(internet), np.nan)
    voice = np.where(known, np.nan_to_num(voice), np.nan)

    established = np.zeros(n, dtype=bool)
    is_prior = evidence["basis"].to_numpy(dtype=object) == Basis.PRIOR
    established[row[~is_prior]] = True
    established[row[is_prior]] = False
    c = standard.confidence
    with np.errstate(invalid="ignore"):
        service_class = np.select(
            [~established, served >= c, internet >= c, voice >= c, anything <= 1.0 - c],
            [
                ServiceClass.UNKNOWN,
                ServiceClass.SERVED,
                ServiceClass.BELOW_STANDARD,
                ServiceClass.VOICE_ONLY,
                ServiceClass.UNSERVED,
            ],
            ServiceClass.UNKNOWN,
        ).astype(object)
    best = _best_rows(evidence, gives_internet, gives_voice, n)
    is_unserved = service_class == ServiceClass.UNSERVED  # where there is no service, none is the best
    return Access(
        service_class=service_class,
        served=served,
        internet=internet,
        voice=voice,
        best_technology=_stated(best["technology"].mask(is_unserved), Technology.UNSPECIFIED),
        best_operator=_stated(best["operator"].mask(is_unserved), UNSPECIFIED_OPERATOR),
        signal_dbm=best["signal_dbm"].to_numpy(dtype=float),
        basis=best["basis"].to_numpy(dtype=object),
        as_of=best["as_of"].to_numpy(dtype=object),
        concentration=best["concentration"].to_numpy(dtype=float),
    )


def _largest(row: npt.NDArray[np.int64], values: Floats, n: int) -> Floats:
    """Largest value per settlement; NaN where it has none."""
    result = np.full(n, -np.inf)
    usable = np.isfinite(values)
    np.maximum.at(result, row[usable], values[usable])
    result[np.isneginf(result)] = np.nan
    return result


def _best_rows(
    evidence: pd.DataFrame, gives_internet: npt.NDArray[np.bool_], gives_voice: npt.NDArray[np.bool_], n: int
) -> pd.DataFrame:
    """The row of evidence that speaks best for each settlement; internet before voice, then the likelier."""
    order = evidence.assign(
        internet=np.where(gives_internet, evidence["probability_served"], 0.0),
        voice=np.where(gives_voice, evidence["probability_any"], 0.0),
    ).sort_values(
        ["row", "internet", "probability_any", "voice", "technology", "operator"],
        ascending=[True, False, False, False, False, True],
        kind="stable",
    )
    return order.drop_duplicates("row").set_index("row").reindex(range(n))


def _stated(values: pd.Series, unspecified: str) -> npt.NDArray[np.object_]:
    stated = values.astype(object)
    return np.asarray(stated.where(stated.notna() & (stated != unspecified), None))
