"""The manifest of a run: what it was made from, and the digest of every table."""

import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from geo.errors import RunDamaged

FILE = "manifest.json"
RUN_ID = re.compile(r"[0-9a-f]{16}")
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


def read(folder: Path) -> dict[str, Any]:
    """The manifest of a run's folder.

    Raises
    ------
    RunDamaged
        If it is missing, is not JSON, lacks a key, or does not belong to the folder's name.
    """
    path = folder / FILE
    try:
        manifest = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise damaged(path, "cannot be read") from error
    if not isinstance(manifest, dict):
        raise damaged(path, "is not a JSON object")
    for key, kind in _NEEDED.items():
        if not isinstance(manifest.get(key), kind):
            raise damaged(path, f"has no valid '{key}'")
    if not all(isinstance(t, dict) and isinstance(t.get("sha256"), str) for t in manifest["tables"].values()):
        raise damaged(path, "has no valid 'tables'")
    if manifest["id"] != folder.name or run_id(manifest, str(manifest["versions"].get("code"))) != folder.name:
        raise damaged(path, "does not belong to the run it lies in")
    return manifest


def damaged(path: Path, what: str) -> RunDamaged:
    """The error for a file of a run that cannot be used."""
    return RunDamaged(
        f"{path}: the file {what}. Delete the folder {path.parent.name} and analyse again; other runs are not affected."
    )


def _plain(value: Any) -> Any:
    if hasattr(value, "item"):
        return value.item()
    raise TypeError(f"{type(value).__name__} has no place in a manifest")
