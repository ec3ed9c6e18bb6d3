"""How the C library keeps memory between answers."""

import ctypes
import sys

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
_OWN_MAPPING_FROM_BYTES = 4 * 2**20
_KEPT_FREE_BYTES = 8 * 2**20


def keep_freed_memory() -> None:
    """Let what one answer frees serve the next one, up to 8 MiB for each of the allocator's arenas.

    By itself glibc gives the memory of a page of features back to the kernel, and takes it again for the next: two
    hundred page faults and more for a megabyte, which cost several times what writing the page costs. Other C libraries
    are left as they are.
    """
    if sys.platform != "linux":
        return
    library = ctypes.CDLL(None)
    if hasattr(library, "gnu_get_libc_version"):
        library.mallopt(_M_MMAP_THRESHOLD, _OWN_MAPPING_FROM_BYTES)
        library.mallopt(_M_TRIM_THRESHOLD, _KEPT_FREE_BYTES)
