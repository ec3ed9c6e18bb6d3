"""How the propagation kernels are compiled: one place for the flags, with types mypy can follow.

Importing this module imports numba, so only kernel modules do it; public entries import kernels on first use. The
compiled code is cached beside each module, or in the user's cache folder where that cannot be written.
"""

import hashlib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, cast

import numba
import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
Function = TypeVar("Function", bound=Callable[..., Any])


def compiled(function: Function) -> Function:
    """Compile for one core. Division by zero gives inf, as in numpy; no reordering of sums."""
    return cast(Function, _stamped(numba.njit(cache=True, error_model="numpy")(function)))


def compiled_vector(function: Function) -> Function:
    """Compile loops over finite numbers into vector instructions: sums may be reordered, products fused.

    The order is fixed when compiling, so results still do not depend on the number of threads.
    """
    flags = {"nnan", "nsz", "reassoc", "contract"}
    return cast(Function, _stamped(numba.njit(cache=True, error_model="numpy", fastmath=flags)(function)))


def compiled_parallel(function: Function) -> Function:
    """Compile with `prange` spread over the threads. Results do not depend on the number of threads."""
    return cast(Function, _stamped(numba.njit(cache=True, error_model="numpy", parallel=True)(function)))


@cache
def kernel_stamp() -> str:
    """Digest of the source of all kernels."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.rglob("*.py")):
        source = path.read_bytes()
        if b"geo.propagation.compiled" in source or path == Path(__file__):
            digest.update(source)
    return digest.hexdigest()


def _stamped(dispatcher: Any) -> Any:
    # numba takes cached code for current while the kernel's own file is unchanged, even if a kernel it calls has
    # changed in another file; there is no public way to say otherwise
    cache_file = getattr(getattr(dispatcher, "_cache", None), "_cache_file", None)
    if cache_file is not None:
        cache_file._source_stamp = kernel_stamp()
    return dispatcher
