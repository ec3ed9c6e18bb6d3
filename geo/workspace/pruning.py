"""Old runs give their space back; what a pointer names never goes."""

from collections.abc import Sequence
from dataclasses import dataclass

from geo.files import fsync, writing_to
from geo.workspace.folders import writing_folder
from geo.workspace.runs import Run, Workspace


@dataclass(frozen=True)
class Pruned:
    """A run that went, or would go: when it was made (UTC, ISO 8601), its scenario, and the bytes that it took."""

    id: str
    created_at: str
    scenario: str | None
    bytes: int


def superfluous(workspace: Workspace, keep: int) -> list[Pruned]:
    """The runs that `prune` would remove, newest first.

    Parameters
    ----------
    keep
        How many of the newest runs stay. Those that a pointer names stay beside them, and damaged ones as well:
        somebody may want to look at them.
    """
    named = set(workspace.named().values())
    return [_described(run) for run in workspace.runs()[keep:] if run.id not in named]


def prune(workspace: Workspace, keep: int) -> Sequence[Pruned]:
    """Remove all but the newest runs and those that a pointer names; see `superfluous`.

    Each run goes in one step, so that whatever interrupts this leaves no half of one; what is not deleted yet then goes
    with the next change of the workspace. Whoever holds a run open (`Run.held`) is not disturbed.

    Raises
    ------
    RunDamaged
        If the pointers cannot be read: nothing is removed then.
    FileProblem
        If the folder may not be written to.
    """
    if not superfluous(workspace, keep):
        return []
    with writing_to(workspace.root), writing_folder(workspace.folder, workspace.lock) as aside:
        with workspace.lock():
            going = superfluous(workspace, keep)  # again: a pointer may have moved
            for run in going:
                (workspace.folder / run.id).rename(aside / run.id)
        fsync(workspace.folder)
    return going


def _described(run: Run) -> Pruned:
    size = sum(path.stat().st_size for path in run.path.iterdir() if path.is_file())
    return Pruned(run.id, run.manifest["created_at"], run.manifest.get("scenario"), size)
