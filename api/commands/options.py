"""Options that several commands share."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from geo.settings import get_settings


class Language(StrEnum):
    """Languages of the output."""

    KK = "kk"
    RU = "ru"
    EN = "en"


WorkspaceOption = Annotated[
    Path | None, typer.Option("--workspace", help="Folder of the runs; else SHALGAI_WORKSPACE, else var.")
]
RunOption = Annotated[str, typer.Option("--run", help="A run's id, 'current', or a scenario's name.")]
LanguageOption = Annotated[Language, typer.Option("--language", help="Language of names and texts.")]


def workspace_folder(given: Path | None) -> Path:
    """The folder of the workspace: the option, else the setting."""
    return given or get_settings().workspace
