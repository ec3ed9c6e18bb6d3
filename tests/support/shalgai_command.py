"""The command line called in this process: what its users meet, without two seconds of imports for each call."""

import contextlib
import io
import os
import subprocess
import sys
import warnings
from collections.abc import Mapping
from pathlib import Path
from unittest import mock

from api import cli
from geo.settings import get_settings


def shalgai(
    *arguments: object, workspace: Path, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[bytes]:
    """Run the command as its entry point does; exit code and what it wrote.

    Parameters
    ----------
    environment
        Variables beside those there are; nothing that the command sets outlives it.
    """
    command = ["shalgai", *map(str, arguments), "--workspace", str(workspace)]
    output, errors = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True) for _ in range(2))
    code = 0
    with (
        mock.patch.object(sys, "argv", command),
        mock.patch.dict(os.environ, dict(environment or {})),
        contextlib.redirect_stdout(output),
        contextlib.redirect_stderr(errors),
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("error")
        get_settings.cache_clear()
        try:
            cli.main()
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else int(end.code is not None)
        finally:
            get_settings.cache_clear()
    return subprocess.CompletedProcess(command, code, output.buffer.getvalue(), errors.buffer.getvalue())
