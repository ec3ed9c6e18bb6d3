"""Every error the program raises on purpose: one base, one line per subclass.

An error tells where the problem is and what would be accepted, so that a caller can print it as it is.
`exit_code` is what the command line returns: 2 when the user can mend it, 1 when the fault is ours.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

_SHOWN_PROBLEMS = 5
_SHOWN_VALUE_CHARACTERS = 80


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong in one input: where, what, and how to mend it.

    `row` counts data rows or features from 1, as a person counts them in a table without its header.
    """

    what: str
    remedy: str = ""
    file: str | None = None
    row: int | None = None
    column: str | None = None
    value: Any = None

    def __str__(self) -> str:
        place = ", ".join(
            part
            for part in (
                self.file,
                f"row {self.row}" if self.row is not None else None,
                f"column '{self.column}'" if self.column is not None else None,
            )
            if part
        )
        text = f"{place}: {self.what}" if place else self.what
        if self.value is not None:
            shown = str(self.value)
            if len(shown) > _SHOWN_VALUE_CHARACTERS:
                shown = shown[: _SHOWN_VALUE_CHARACTERS - 1] + "…"
            # repr keeps control characters of user data out of the terminal
            text += f" (value {shown!r})"
        return f"{text}. {self.remedy}" if self.remedy else text


class ShalgaiError(Exception):
    """Base of all deliberate errors."""

    exit_code = 1


class InputError(ShalgaiError):
    """The user's input cannot be used; carries one or more problems."""

    exit_code = 2

    def __init__(self, problems: Problem | Sequence[Problem]) -> None:
        self.problems: tuple[Problem, ...] = (problems,) if isinstance(problems, Problem) else tuple(problems)
        lines = [str(problem) for problem in self.problems[:_SHOWN_PROBLEMS]]
        hidden = len(self.problems) - len(lines)
        if hidden:
            lines.append(f"… and {hidden} more of this kind.")
        super().__init__("\n".join(lines))


class FileProblem(InputError):
    """A file is missing, empty, or not in a format that can be read."""


class CrsMissing(InputError):
    """A layer does not say its coordinate reference system."""


class ColumnMissing(InputError):
    """A table lacks a column that its kind needs."""


class ValueRejected(InputError):
    """A cell holds a value that its column does not accept."""


class LimitExceeded(InputError):
    """A value lies outside the limits of a method, or an input is larger than the settings allow."""


class UnsafeInput(InputError):
    """An input would make the program read or write something other than itself."""


class UnknownName(InputError):
    """A standard, scenario, run or settlement of that name does not exist."""


class SourceUnreachable(InputError):
    """A remote source cannot be reached, or breaks off again and again."""


class SourceRefused(InputError):
    """A remote source answers, but does not give the file."""


class NotPublished(SourceRefused):
    """A remote source does not have the file."""


class DownloadDamaged(InputError):
    """What a remote source sent is not the file that it announced."""


class RunDamaged(ShalgaiError):
    """A stored run is incomplete or its bytes have changed."""


class WorkspaceBusy(ShalgaiError):
    """Another process has been writing to the workspace for longer than the settings let one wait."""


class DatasetDamaged(ShalgaiError):
    """A dataset of the catalogue is incomplete or its bytes have changed."""
