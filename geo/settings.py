"""Settings of the library, read from the environment (prefix ``SHALGAI_``) once."""

import json
from functools import cache
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from geo.errors import InputError, Problem


def _entries(given: Any) -> Any:
    """A list as a person writes it, with commas; or as JSON, where an entry has a comma of its own."""
    if not isinstance(given, str):
        return given
    if not given.lstrip().startswith("["):
        return [entry.strip() for entry in given.split(",") if entry.strip()]
    try:
        return json.loads(given)
    except json.JSONDecodeError as error:
        raise ValueError(f"not a list in JSON: {error}") from None


class Settings(BaseSettings):
    """What the operator of the program may set."""

    model_config = SettingsConfigDict(env_prefix="SHALGAI_")

    workspace: Path = Path("var")
    """Folder of the runs; the command line's ``--workspace`` wins over it."""

    run: str = "current"
    """Run that is served where a request names none: an id, ``current``, or a scenario's name."""

    basemap_url: str = ""
    """Tiles that readers may switch on beneath the districts, as ``https://host/{z}/{x}/{y}.png``; none by default."""

    basemap_attribution: str = ""
    """Whom to credit for those tiles; plain text."""

    items_limit_max: Annotated[int, Field(ge=1)] = 10_000
    """Largest page of features served; a larger ``limit`` is lowered to it."""

    layers: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_entries)] = ()
    """GeoPackages to serve beside the runs, all layers of each, or ``FILE#LAYER`` or ``FILE#LAYER=ID`` for one."""

    root_path: str = ""
    """Path under which a reverse proxy serves this service, e.g. ``/geo``; the proxy strips it."""

    trusted_proxies: str = ""
    """Addresses and networks, by commas, whose ``X-Forwarded-*`` headers are believed; ``*`` is every one."""

    cors_origins: str = "*"
    """Origins, by commas, whose pages may read the data; ``*`` is every one (the data are public), empty is none."""

    frame_ancestors: str = "'self'"
    """Who may embed the pages under ``/embed``: sources of a Content-Security-Policy, by spaces; ``*`` is every one."""

    export_keys: SecretStr | None = None
    """Keys, by commas, of which exports need one; never shown. None: exports are open."""

    request_timeout_s: Annotated[float, Field(gt=0)] = 30.0
    """Longest wait for an answer to begin, seconds; then 503."""

    graceful_timeout_s: Annotated[int, Field(ge=0)] = 20
    """How long requests in flight may go on when the service is told to stop, seconds."""

    concurrent_requests_max: Annotated[int, Field(ge=1)] = 500
    """Most requests that one process handles at a time; 503 beyond."""

    url_bytes_max: Annotated[int, Field(ge=1)] = 16_384
    """Longest path and query of a request; 414 beyond."""

    header_bytes_max: Annotated[int, Field(ge=1)] = 32_768
    """Most bytes of a request's headers; 431 beyond."""

    lock_wait_s: float = 600.0
    """Longest wait for another writer of the workspace, seconds."""

    opencellid_token: SecretStr | None = None
    """Token for downloads from OpenCelliD; never shown."""

    input_bytes_max: int = 8 * 2**30
    """Largest input file, largest archive unpacked, and largest file fetched."""

    input_features_max: int = 10_000_000
    """Most rows or features of one input."""

    input_vertices_max: int = 200_000_000
    """Most vertices of one input's geometries."""

    input_pixels_max: int = 4_000_000_000
    """Most pixels of one input raster."""

    archive_entries_max: int = 1_000
    """Most files in an archive."""

    archive_ratio_max: int = 200
    """How many times its packed size a file in an archive may unpack to."""


@cache
def get_settings() -> Settings:
    """The settings; the one place that reads the environment.

    Raises
    ------
    InputError
        When a variable has a value that cannot be used, naming it.
    """
    try:
        return Settings()
    except ValidationError as error:
        problems = [
            Problem(f"the environment variable SHALGAI_{str(one['loc'][0]).upper()} cannot be used", one["msg"])
            for one in error.errors(include_url=False, include_context=False)
        ]
        raise InputError(problems) from None
