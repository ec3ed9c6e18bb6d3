"""Settings of the library, read from the environment (prefix ``SHALGAI_``) once."""

import json
from functools import cache
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from geo.errors import Problem, ValueRejected

_PREFIX = "SHALGAI_"


def _entries(given: Any) -> Any:
    """A list as a person writes it, with commas; or as JSON, where an entry has a comma of its own."""
    if not isinstance(given, str):
        return given
    if not given.lstrip().startswith("["):
        return [entry.strip() for entry in given.split(",") if entry.strip()]
    try:
        return json.loads(given)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


_Count = Annotated[int, Field(ge=1, description="a whole number from 1")]
_PathPrefix = Annotated[
    str, Field(pattern=r"^(/[A-Za-z0-9._~-]+)*/?$", description="a path like /geo of letters, digits and ._~-")
]
_Entries = Annotated[
    tuple[str, ...],
    NoDecode,
    BeforeValidator(_entries),
    Field(description='texts with commas between, or a list in JSON like ["a", "b"]'),
]


class Settings(BaseSettings):
    """What the operator of the program may set."""

    model_config = SettingsConfigDict(env_prefix=_PREFIX)

    workspace: Path = Path("var")
    """Folder of the runs; the command line's ``--workspace`` wins over it."""

    run: str = "current"
    """Run that is served where a request names none: an id, ``current``, or a scenario's name."""

    basemap_url: str = ""
    """Tiles that readers may switch on beneath the districts, as ``https://host/{z}/{x}/{y}.png``; none by default."""

    basemap_attribution: str = ""
    """Whom to credit for those tiles; plain text."""

    items_limit_max: _Count = 10_000
    """Largest page of features served; a larger ``limit`` is lowered to it."""

    layers: _Entries = ()
    """GeoPackages to serve beside the runs, all layers of each, or ``FILE#LAYER`` or ``FILE#LAYER=ID`` for one."""

    root_path: _PathPrefix = ""
    """Path under which a reverse proxy serves this service, e.g. ``/geo``; the proxy strips it."""

    trusted_proxies: str = ""
    """Addresses and networks, by commas, whose ``X-Forwarded-*`` headers are believed; ``*`` is every one."""

    cors_origins: str = "*"
    """Origins, by commas, whose pages may read the data; ``*`` is every one (the data are public), empty is none."""

    frame_ancestors: str = "'self'"
    """Who may embed the pages under ``/embed``: sources of a Content-Security-Policy, by spaces; ``*`` is every one."""

    export_keys: SecretStr | None = None
    """Keys, by commas, of which exports need one; never shown. None: exports are open."""

    request_timeout_s: Annotated[float, Field(gt=0, allow_inf_nan=False, description="seconds, more than 0")] = 30.0
    """Longest wait for an answer to begin, seconds; then 503."""

    graceful_timeout_s: Annotated[int, Field(ge=0, description="whole seconds from 0")] = 20
    """How long requests in flight may go on when the service is told to stop, seconds."""

    concurrent_requests_max: _Count = 500
    """Most requests that one process handles at a time; 503 beyond."""

    url_bytes_max: _Count = 16_384
    """Longest path and query of a request; 414 beyond."""

    header_bytes_max: _Count = 32_768
    """Most bytes of a request's headers; 431 beyond."""

    lock_wait_s: Annotated[float, Field(ge=0, allow_inf_nan=False, description="seconds from 0")] = 600.0
    """Longest wait for another writer of the workspace, seconds."""

    opencellid_token: SecretStr | None = None
    """Token for downloads from OpenCelliD; never shown."""

    input_bytes_max: _Count = 8 * 2**30
    """Largest input file, largest archive unpacked, and largest file fetched."""

    input_features_max: _Count = 10_000_000
    """Most rows or features of one input."""

    input_vertices_max: _Count = 200_000_000
    """Most vertices of one input's geometries."""

    input_pixels_max: _Count = 4_000_000_000
    """Most pixels of one input raster."""

    archive_entries_max: _Count = 1_000
    """Most files in an archive."""

    archive_ratio_max: _Count = 200
    """How many times its packed size a file in an archive may unpack to."""


@cache
def get_settings() -> Settings:
    """The settings; the one place that reads the environment.

    Raises
    ------
    ValueRejected
        Naming each variable whose value is of no use, and what would be accepted.
    """
    try:
        return Settings()
    except ValidationError as error:
        raise ValueRejected([_problem(found) for found in error.errors(include_url=False)]) from None


def _problem(found: Any) -> Problem:
    name = str(found["loc"][0])
    field = Settings.model_fields[name]
    # a secret is never shown
    value = None if "Secret" in str(field.annotation) else found["input"]
    return Problem(f"{_PREFIX}{name.upper()} is of no use", f"Accepted: {field.description}", value=value)
