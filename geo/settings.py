"""Settings of the library, read from the environment (prefix ``SHALGAI_``) once."""

from functools import cache
from pathlib import Path

from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """What the operator of the program may set."""

    model_config = SettingsConfigDict(env_prefix="SHALGAI_")

    workspace: Path = Path("var")
    """Folder of the runs; the command line's ``--workspace`` wins over it."""

    run: str = "current"
    """Run that is served where a request names none: an id, ``current``, or a scenario's name."""

    items_limit_max: int = 10_000
    """Largest page of features served; a larger ``limit`` is lowered to it."""


@cache
def get_settings() -> Settings:
    """The settings; the one place that reads the environment."""
    return Settings()
