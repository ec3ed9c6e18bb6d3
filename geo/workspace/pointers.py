"""Which run is the current one, and which run each scenario has: `pointers.json`."""

import json
from dataclasses import dataclass, field
from pathlib import Path

from geo.errors import Problem, RunDamaged, ValueRejected
from geo.files import write_atomically
from geo.workspace.manifest import RUN_ID, encode

FILE = "pointers.json"
CURRENT = "current"


@dataclass(frozen=True)
class Pointers:
    """Run ids by name; `current` is null before the first run of evidence."""

    current: str | None = None
    scenarios: dict[str, str] = field(default_factory=dict)

    def named(self) -> dict[str, str]:
        """All names with their run ids, the current one first."""
        return ({CURRENT: self.current} if self.current else {}) | self.scenarios

    def moved(self, scenario: str | None, run_id: str) -> "Pointers":
        """The pointers after a run was published: its scenario's moves, or the current one if it has none."""
        if scenario is None:
            return Pointers(run_id, self.scenarios)
        return Pointers(self.current, self.scenarios | {scenario: run_id})


def check_scenario_name(name: str) -> None:
    """Refuse a scenario's name that `Workspace.find` could not tell from a run id, `current` or a path."""
    if name == CURRENT or RUN_ID.fullmatch(name) or not name or name.startswith(".") or not name.isprintable():
        refused = True
    else:
        refused = any(character in name for character in "/\\")
    if refused:
        remedy = "Accepted: a name without slashes that is neither 'current' nor like a run id"
        raise ValueRejected(Problem("not a name for a scenario", remedy, column="scenario", value=name))


def read_pointers(root: Path) -> Pointers:
    """The pointers of a workspace; none yet where the file is not there."""
    path = root / FILE
    try:
        content = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return Pointers()
    try:
        stored = json.loads(content)
        current, scenarios = stored["current"], stored["scenarios"]
        ids = [*scenarios.values(), *([] if current is None else [current])]
        whole = all(isinstance(i, str) and RUN_ID.fullmatch(i) for i in ids)
    except (ValueError, KeyError, TypeError, AttributeError):
        whole = False
    if not whole:
        raise RunDamaged(
            f"{path}: the file is damaged. Delete it, then analyse again or name a stored run"
            " with `shalgai runs rollback`; the runs themselves are kept."
        )
    return Pointers(current, scenarios)


def write_pointers(root: Path, pointers: Pointers) -> None:
    """Replace the pointers atomically."""
    stored = {"current": pointers.current, "scenarios": pointers.scenarios}
    write_atomically(root / FILE, encode(stored, indent=2) + b"\n")
