"""What was found in an input: every error, warning and note, counted, with examples."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from geo.errors import Problem

EXAMPLES = 5
"""Examples shown of one finding at most."""


class Severity(StrEnum):
    """An error refuses the row (or the file); a warning is for a person to judge; a note only tells what was done."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True)
class Finding:
    """One kind of thing found: what, how often, what to do, and the first places.

    `code` is for programs, `what` and `remedy` for people; `count` is in rows. Where each place has a remedy of its
    own, `remedy` is empty and the examples have theirs.
    """

    code: str
    severity: Severity
    what: str
    remedy: str = ""
    count: int = 1
    examples: tuple[Problem, ...] = ()

    @classmethod
    def of(cls, code: str, severity: Severity, problems: Sequence[Problem]) -> "Finding":
        """A finding of problems that share one sentence; at least one problem."""
        first = problems[0]
        remedy = first.remedy if all(p.remedy == first.remedy for p in problems) else ""
        return cls(code, severity, first.what, remedy, len(problems), tuple(problems[:EXAMPLES]))

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        places = [
            {
                "row": p.row,
                "column": p.column,
                "value": None if p.value is None else str(p.value),
                "remedy": p.remedy if p.remedy != self.remedy else "",
            }
            for p in self.examples
        ]
        return {
            "code": self.code,
            "severity": str(self.severity),
            "what": self.what,
            "remedy": self.remedy,
            "count": self.count,
            "examples": places,
        }


def merged(findings: Iterable[Finding]) -> list[Finding]:
    """Findings of one code and sentence as one; errors, then warnings, then notes, each in order of appearance."""
    kept: dict[tuple[str, str, str], Finding] = {}
    for finding in findings:
        key = (finding.severity, finding.code, finding.what)
        held = kept.get(key)
        if held is None:
            kept[key] = finding
        else:
            examples = (held.examples + finding.examples)[:EXAMPLES]
            remedy = held.remedy if held.remedy == finding.remedy else ""
            kept[key] = replace(held, count=held.count + finding.count, examples=examples, remedy=remedy)
    order = list(Severity)
    return sorted(kept.values(), key=lambda finding: order.index(finding.severity))


@dataclass
class Report:
    """All that was found out about one input.

    `columns` maps canonical columns to the file's own; `extent` is west, south, east, north in degrees.
    """

    kind: str
    file: str
    sha256: str = ""
    format: str = ""
    layer: str | None = None
    crs: str | None = None
    encoding: str | None = None
    delimiter: str | None = None
    columns: dict[str, str] = field(default_factory=dict)
    unused_columns: list[str] = field(default_factory=list)
    rows_read: int = 0
    rows_kept: int = 0
    extent: tuple[float, float, float, float] | None = None
    findings: list[Finding] = field(default_factory=list)
    dataset: str | None = None

    def count(self, severity: Severity) -> int:
        """Rows (or, for the file as a whole, findings) of a severity."""
        return sum(finding.count for finding in self.findings if finding.severity is severity)

    def as_dict(self) -> dict[str, Any]:
        """For JSON: the same report always gives the same value."""
        plain = {
            name: getattr(self, name)
            for name in (
                "kind",
                "file",
                "sha256",
                "format",
                "layer",
                "crs",
                "encoding",
                "delimiter",
                "columns",
                "unused_columns",
                "rows_read",
                "rows_kept",
                "dataset",
            )
        }
        counts = {f"{severity}s": self.count(severity) for severity in Severity}
        extent = None if self.extent is None else [round(v, 6) for v in self.extent]
        return plain | counts | {"extent": extent, "findings": [finding.as_dict() for finding in self.findings]}
