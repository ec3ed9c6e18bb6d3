"""Three-valued truth, as CQL2 has it (OGC 21-065r2, table 2): true, false, and NULL where a value is not known."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Truth:
    """For each row whether a predicate is true, and whether it is unknown; never both.

    What is the same for all rows has no dimension.
    """

    true: Mask
    unknown: Mask

    @classmethod
    def known(cls, true: Any, missing: Any = False) -> "Truth":
        """From what was computed for every row, and where a value for it was missing."""
        missing = np.asarray(missing, dtype=bool)
        return cls(np.asarray(true, dtype=bool) & ~missing, missing)

    def __and__(self, other: "Truth") -> "Truth":
        true = self.true & other.true
        return Truth(true, (self.true | self.unknown) & (other.true | other.unknown) & ~true)

    def __or__(self, other: "Truth") -> "Truth":
        true = self.true | other.true
        return Truth(true, (self.unknown | other.unknown) & ~true)

    def __invert__(self) -> "Truth":
        return Truth(~(self.true | self.unknown), self.unknown)


UNKNOWN = Truth.known(False, True)
