"""Whether every byte that a workspace stores of its runs is as it was written."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from geo.errors import RunDamaged, UnknownName
from geo.workspace import manifest as manifests
from geo.workspace.pointers import CURRENT, FILE
from geo.workspace.runs import Run, Workspace


@dataclass(frozen=True)
class Verdict:
    """What verifying one thing found: a run (`subject` is its id) or the file of pointers.

    `names` point to it. `files` and `bytes` count the tables and rasters of a whole run. `damage` has an error for
    each file that is missing or has changed; without any the thing is whole.
    """

    subject: str
    names: tuple[str, ...] = ()
    files: int = 0
    bytes: int = 0
    damage: tuple[RunDamaged, ...] = ()


def verify_pointers(workspace: Workspace) -> Verdict:
    """Whether the pointers can be read, and each names a stored run of its own scenario."""
    try:
        named = workspace.named()
    except RunDamaged as error:
        return Verdict(FILE, damage=(error,))
    damage = []
    for name, run_id in named.items():
        try:
            scenario = workspace.find(run_id).manifest.get("scenario")
        except UnknownName:
            what = "is not stored"
        except RunDamaged:
            continue  # the verdict on that run tells it
        else:
            if name == (CURRENT if scenario is None else scenario):
                continue
            what = "is no run of evidence" if name == CURRENT else "is not one of that scenario"
        remedy = "Give `shalgai runs rollback` a stored run, or analyse again"
        damage.append(RunDamaged(f"{workspace.root / FILE}: '{name}' names run {run_id}, which {what}. {remedy}."))
    return Verdict(FILE, tuple(named), damage=tuple(damage))


def verify_runs(workspace: Workspace, ids: Sequence[str]) -> Iterator[Verdict]:
    """Check every byte of stored runs, one after the other, without holding up a writer.

    A run that is pruned meanwhile is passed over.
    """
    for run_id in ids:
        folder = workspace.folder / run_id
        try:
            run = Run(run_id, folder, manifests.read(folder))
            damage = tuple(run.damage())
        except RunDamaged as error:
            damage = (error,)
        if not damage:
            sizes = [(folder / name).stat().st_size for name in manifests.files(run.manifest)]
            yield Verdict(run_id, _names(workspace, run_id), len(sizes), sum(sizes))
        elif folder.is_dir():
            yield Verdict(run_id, _names(workspace, run_id), damage=damage)


def stored_ids(workspace: Workspace, names: Sequence[str]) -> list[str]:
    """Ids of the stored runs, whole or damaged, of these names or ids; `UnknownName` for one that there is not."""
    stored, ids = set(workspace.ids()), []
    for name in names:
        run_id = name if name in stored else workspace.named().get(name)
        ids.append(workspace.find(name).id if run_id is None else run_id)
    return list(dict.fromkeys(ids))


def _names(workspace: Workspace, run_id: str) -> tuple[str, ...]:
    try:
        return tuple(name for name, named in workspace.named().items() if named == run_id)
    except RunDamaged:
        return ()  # the verdict on the pointers tells it
