"""The digest of an input as its user has it: one file, or all the parts of a layer that comes in several."""

import hashlib
from pathlib import Path

from geo.files import file_sha256

_IN_PARTS = frozenset({".shp", ".tab", ".mif"})


def source_sha256(path: Path) -> str:
    """SHA-256 of a file; of a folder or a format in several files over names and digests of all parts, in order."""
    if path.is_dir():
        parts = sorted(part for part in path.iterdir() if part.is_file())
    elif path.suffix.lower() in _IN_PARTS:
        parts = sorted(part for part in path.parent.glob("*") if part.is_file() and part.stem == path.stem)
    else:
        return file_sha256(path)
    listed = "".join(f"{part.name}\0{file_sha256(part)}\n" for part in parts)
    return hashlib.sha256(listed.encode()).hexdigest()
