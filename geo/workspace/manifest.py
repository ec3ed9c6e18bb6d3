"""The manifest of a run: what it was made from, and the digest of every file and of itself."""

import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from geo.errors import RunDamaged

FILE = "manifest.json"
RUN_ID = re.compile(r"[0-9a-f]{16}")
DIGEST = "manifest_sha256"
"""Key of the SHA-256 of the manifest's own bytes, in which it stands as 64 zeros."""

_BLANK = "0" * 64
_NEEDED: dict[str, type] = {
    "id": str,
    "created_at": str,
    "inputs": list,
    "parameters": dict,
    "versions": dict,
    "tables": dict,
}


def encode(value: Any, *, indent: int | None = None) -> bytes:
    """Canonical JSON in UTF-8: keys sorted, no NaN; numpy scalars become plain numbers."""
    separators = (",", ":") if indent is None else None
    text = json.dumps(
        value,
        ensure_ascii=False,
        sort_keys=True,
        allow_nan=False,
        indent=indent,
        separators=separators,
        default=_plain,
    )
    return text.encode()


def run_id(manifest: Mapping[str, Any], code: str) -> str:
    """First 16 hexadecimal digits of the SHA-256 over inputs, parameters and code version."""
    named = {"inputs": manifest["inputs"], "parameters": manifest["parameters"], "code": code}
    as_stored = json.loads(encode(named))  # numbers as keys become text, which sorts otherwise
    return hashlib.sha256(encode(as_stored)).hexdigest()[:16]


def sealed(manifest: Mapping[str, Any]) -> bytes:
    """The bytes of a manifest's file, with the digest of themselves."""
    blank = encode({**manifest, DIGEST: _BLANK}, indent=2) + b"\n"
    return blank.replace(_field(_BLANK), _field(_digest(blank)), 1)


def read(folder: Path) -> dict[str, Any]:
    """The manifest of a run's folder, every byte of it verified.

    Raises
    ------
    RunDamaged
        If it is missing, is not JSON, lacks a key, has changed, or does not belong to the folder's name.
    """
    path = folder / FILE
    try:
        content = path.read_bytes()
        manifest = json.loads(content)
    except (OSError, ValueError) as error:
        raise damaged(path, "cannot be read") from error
    if not isinstance(manifest, dict):
        raise damaged(path, "is not a JSON object")
    for key, kind in _NEEDED.items():
        if not isinstance(manifest.get(key), kind):
            raise damaged(path, f"has no valid '{key}'")
    for key in ("tables", "rasters"):
        stored = manifest.get(key, {})
        if not isinstance(stored, dict) or not all(
            isinstance(f, dict) and isinstance(f.get("sha256"), str) for f in stored.values()
        ):
            raise damaged(path, f"has no valid '{key}'")
    _check_digest(path, content, manifest)
    if manifest["id"] != folder.name or run_id(manifest, str(manifest["versions"].get("code"))) != folder.name:
        raise damaged(path, "does not belong to the run it lies in")
    return manifest


def check_sizes(folder: Path, manifest: Mapping[str, Any]) -> None:
    """Check that the stored files are there and of their sizes, which costs nothing; RunDamaged if one is not."""
    for name, stored in files(manifest).items():
        path = folder / name
        try:
            size = path.stat().st_size
        except OSError as error:
            raise damaged(path, "is missing") from error
        if size != stored.get("bytes", size):
            raise damaged(path, "has changed since the run was written")


def files(manifest: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """What the manifest says of each file of the run beside itself, by the file's name."""
    tables = {table_file(name): stored for name, stored in manifest["tables"].items()}
    # runs from before there were rasters state none
    return tables | {raster_file(name): stored for name, stored in manifest.get("rasters", {}).items()}


def table_file(name: str) -> str:
    """Name of a table's file."""
    return f"{name}.parquet"


def raster_file(name: str) -> str:
    """Name of a raster's file."""
    return f"{name}.tif"


def damaged(path: Path, what: str) -> RunDamaged:
    """The error for a file of a run that cannot be used."""
    return RunDamaged(
        f"{path}: the file {what}. Delete the folder {path.parent.name} and analyse again; other runs are not affected."
    )


def _check_digest(path: Path, content: bytes, manifest: Mapping[str, Any]) -> None:
    digest = manifest.get(DIGEST)
    if digest is None and not any("bytes" in table for table in manifest["tables"].values()):
        return  # written before manifests had a digest; those that have one also state the tables' sizes
    if not isinstance(digest, str) or digest != _digest(content.replace(_field(digest), _field(_BLANK), 1)):
        raise damaged(path, "has changed since the run was written")


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _field(digest: str) -> bytes:
    return f'"{DIGEST}": "{digest}"'.encode()


def _plain(value: Any) -> Any:
    if hasattr(value, "item"):
        return value.item()
    raise TypeError(f"{type(value).__name__} has no place in a manifest")
