"""Which keys have been seen before, over any number of batches."""

import numpy as np
import numpy.typing as npt
import pandas as pd


class Seen:
    """Remembers keys by 64-bit hash, eight bytes a key, in sorted runs of growing length.

    Two different keys among a million are taken for one with a probability of 3·10⁻⁸.
    """

    def __init__(self) -> None:
        self._runs: list[npt.NDArray[np.uint64]] = []

    def repeated(self, keys: pd.Series) -> npt.NDArray[np.bool_]:
        """Mask over keys that came earlier, in this call or a former one; nulls never do."""
        given = keys.notna().to_numpy()
        hashes = pd.util.hash_array(keys[given].astype(object).to_numpy())
        again = pd.Series(hashes).duplicated().to_numpy(copy=True)
        for run in self._runs:
            place = np.minimum(np.searchsorted(run, hashes), len(run) - 1)
            again |= run[place] == hashes
        self._remember(np.sort(hashes))
        mask = np.zeros(len(keys), dtype=bool)
        mask[given] = again
        return mask

    def _remember(self, run: npt.NDArray[np.uint64]) -> None:
        if not len(run):
            return
        while self._runs and len(self._runs[-1]) <= len(run):
            run = np.sort(np.concatenate([self._runs.pop(), run]))
        self._runs.append(run)
