"""Files that pages need in the browser, read from one folder of the package; nothing else can be asked for."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from api.errors import NoSuchResource

MEDIA_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".gif": "image/gif",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".jpg": "image/jpeg",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".map": "application/json",
    ".mjs": "text/javascript; charset=utf-8",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".ttf": "font/ttf",
    ".txt": "text/plain; charset=utf-8",
    ".webp": "image/webp",
    ".woff": "font/woff",
    ".woff2": "font/woff2",
}


@dataclass(frozen=True)
class Asset:
    """One file: its bytes, media type and digest."""

    content: bytes
    media_type: str

    @cached_property
    def digest(self) -> str:
        """Digest of the content."""
        return hashlib.blake2b(self.content, digest_size=12).hexdigest()


class Assets:
    """The files of a folder by their relative names, kept in memory once asked for.

    A name is looked up among the files there are and never joined to a path, so it cannot lead outside.
    """

    def __init__(self, folder: Path) -> None:
        self._files: Mapping[str, Path] = {
            path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()
        }
        self._kept: dict[str, Asset] = {}

    def find(self, name: str) -> Asset:
        """The file of that name.

        Raises
        ------
        NoSuchResource
            When there is none.
        """
        kept = self._kept.get(name)
        if kept is None:
            path = self._files.get(name)
            if path is None or not path.is_file():
                raise NoSuchResource(f"there is no file {name[:80]!r}")
            media_type = MEDIA_TYPES.get(path.suffix.lower(), "application/octet-stream")
            kept = self._kept[name] = Asset(path.read_bytes(), media_type)
        return kept
