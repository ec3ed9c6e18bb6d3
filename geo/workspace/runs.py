"""The workspace: a folder of immutable runs, published whole and found by id or name."""

import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from geo.errors import Problem, RunDamaged, UnknownName
from geo.files import HeldFile, file_sha256, fsync, locked, writing_to
from geo.workspace import manifest as manifests
from geo.workspace.folders import LOCK, make_folder, writing_folder
from geo.workspace.parquet import read_table, write_table
from geo.workspace.pointers import CURRENT, check_scenario_name, read_pointers, write_pointers
from geo.workspace.rasters import RasterToKeep, write_rasters
from geo.workspace.versions import code_version, versions

_OURS = ("id", "created_at", "tables", "rasters", "versions", manifests.DIGEST)


@dataclass(frozen=True)
class Run:
    """One stored result: its id, its folder and its manifest."""

    id: str
    path: Path
    manifest: dict[str, Any]
    _held: Mapping[str, HeldFile] = field(default_factory=dict, repr=False, compare=False)

    def table(self, name: str) -> Any:
        """A table of the run, verified against the manifest: a GeoDataFrame where it has a geometry.

        Raises
        ------
        UnknownName
            If the run has no such table.
        RunDamaged
            If its file is missing or its bytes have changed.
        """
        tables: dict[str, Any] = self.manifest["tables"]
        if name not in tables:
            raise UnknownName(Problem("no such table", f"Run {self.id} has: {', '.join(sorted(tables))}", value=name))
        file = manifests.table_file(name)
        return read_table(self.path / file, tables[name]["sha256"], self._held.get(file))

    def raster(self, name: str) -> Path:
        """Where a raster of the run can be opened, verified against the manifest.

        Of a held run the path is good for as long as the run's object lives, also when the run is pruned meanwhile.
        It is not to be resolved: the file may have no other name any more.

        Raises
        ------
        UnknownName
            If the run has no such raster.
        RunDamaged
            If its file is missing or its bytes have changed.
        """
        rasters: dict[str, Any] = self.manifest.get("rasters", {})
        if name not in rasters:
            known = ", ".join(sorted(rasters)) or "none"
            raise UnknownName(Problem("no such raster", f"Run {self.id} has: {known}", value=name))
        file = manifests.raster_file(name)
        path, held = self.path / file, self._held.get(file)
        try:
            sha256 = file_sha256(path) if held is None else held.sha256()
        except OSError as error:
            raise manifests.damaged(path, "cannot be read") from error
        if sha256 != rasters[name]["sha256"]:
            raise manifests.damaged(path, "has changed since the run was written")
        return path if held is None else held.path

    def held(self) -> "Run":
        """This run with its files kept open: they can be read even when it is pruned meanwhile.

        Raises
        ------
        RunDamaged
            If a file is missing.
        """
        files = {}
        for name in manifests.files(self.manifest):
            try:
                files[name] = HeldFile(self.path / name)
            except OSError as error:
                raise manifests.damaged(self.path / name, "cannot be read") from error
        return replace(self, _held=files)

    def damage(self) -> Iterator[RunDamaged]:
        """Check every byte that is stored: an error for each file that is missing or has changed."""
        try:
            manifests.read(self.path)
        except RunDamaged as error:
            yield error
        for name, stored in manifests.files(self.manifest).items():
            path = self.path / name
            try:
                if file_sha256(path) != stored["sha256"]:
                    yield manifests.damaged(path, "has changed since the run was written")
            except FileNotFoundError:
                yield manifests.damaged(path, "is missing")
            except OSError as error:
                yield manifests.damaged(path, f"cannot be read: {error.strerror}")

    def verify(self) -> None:
        """Check every byte that is stored; RunDamaged if a file is missing or has changed."""
        for error in self.damage():
            raise error


@dataclass(frozen=True)
class DamagedRun:
    """A stored run that cannot be opened, and why."""

    id: str
    path: Path
    error: RunDamaged


@dataclass(frozen=True)
class Move:
    """What moving a pointer did: its name, and the ids of the runs it named before (null: none) and names now."""

    name: str
    before: str | None
    now: str


@dataclass(frozen=True)
class Workspace:
    """A folder with `runs/<id>/` and the pointers to the current run and to each scenario's.

    Reading makes nothing: the folder need not exist before the first run is published.
    """

    root: Path

    def publish(
        self, tables: Mapping[str, pd.DataFrame], manifest: Mapping[str, Any], rasters: Sequence[RasterToKeep] = ()
    ) -> Run:
        """Store a run whole and move its pointer: its scenario's, or the current one if it has none.

        The id follows from the manifest's inputs and parameters and from the code version. A run of that id that is
        already stored and whole is kept. Whatever fails before the last step leaves the pointers as they were.

        Parameters
        ----------
        tables
            Tables by name.
        manifest
            JSON values; `inputs` and `parameters` are needed, `scenario` is the name of the pointer to move.
            `id`, `created_at`, `versions`, `tables`, `rasters` and the digest are added here.
        rasters
            Rasters, each with what writes its file.

        Raises
        ------
        FileProblem
            If the disk is full or may not be written to.
        WorkspaceBusy
            If another process has been writing to the workspace for too long.
        """
        given = [key for key in _OURS if key in manifest]
        if given:
            raise ValueError(f"the workspace itself writes {', '.join(given)} into the manifest")
        scenario = manifest.get("scenario")
        if scenario is not None:
            check_scenario_name(scenario)
        run_id = manifests.run_id(manifest, code_version())
        make_folder(self.folder)
        with writing_to(self.root), writing_folder(self.folder, self.lock) as folder:
            stored = dict(manifest) | {
                "id": run_id,
                "scenario": scenario,
                "created_at": datetime.now(UTC).isoformat(timespec="microseconds"),
                "versions": versions(),
                "tables": _write_tables(tables, folder),
                "rasters": write_rasters(rasters, folder),
            }
            (folder / manifests.FILE).write_bytes(manifests.sealed(stored))
            for path in (folder / manifests.FILE, folder):
                fsync(path)
            with self.lock():
                pointers = read_pointers(self.root)
                run = self._install(folder, run_id, scenario)
                write_pointers(self.root, pointers.moved(scenario, run_id))
        return run

    def rollback(self, name: str) -> Move:
        """Move a pointer back to a stored run: its scenario's, or the current one if it has none.

        Parameters
        ----------
        name
            The run's id; any name that `find` knows will do.

        Raises
        ------
        UnknownName
            If there is no such run.
        RunDamaged
            If any byte of it has changed; the pointers stay as they were then.
        """
        run = self.find(name)
        with writing_to(self.root), self.lock():
            run.verify()
            pointers, scenario = read_pointers(self.root), run.manifest.get("scenario")
            pointer = CURRENT if scenario is None else scenario
            before = pointers.named().get(pointer)
            if before != run.id:
                write_pointers(self.root, pointers.moved(scenario, run.id))
        return Move(pointer, before, run.id)

    def find(self, name: str) -> Run:
        """The run of an id, of a scenario's name, or the `current` one.

        Every byte of its manifest is verified, and that its files are there in full; their bytes are when read.

        Raises
        ------
        UnknownName
            If there is none; it says which there are.
        RunDamaged
            If the run's manifest, a file's size or the file of pointers shows damage.
        """
        run_id = name if manifests.RUN_ID.fullmatch(name) else None
        if run_id and (self.folder / run_id).is_dir():
            return self._open(run_id)
        pointers = self.named()
        while name in pointers:
            try:
                return self._open(pointers[name])
            except RunDamaged:
                # the pointer may have moved meanwhile, and the run that it named been pruned
                before, pointers = pointers, self.named()
                if pointers.get(name) == before[name]:
                    raise
        count = len(self.ids())
        known = f"There are: {', '.join(pointers)}" if pointers else "There is none yet: run `shalgai analyse` first"
        remedy = f"{known}; and {count} run id{'s' if count != 1 else ''}" if count else known
        raise UnknownName(Problem("no run of that name", remedy, value=name))

    def runs(self) -> list[Run]:
        """The stored runs that can be opened, newest first."""
        runs = [run for run in self._survey() if isinstance(run, Run)]
        return sorted(runs, key=lambda run: (run.manifest["created_at"], run.id), reverse=True)

    def damaged(self) -> list[DamagedRun]:
        """The stored runs that cannot be opened, by id."""
        return [run for run in self._survey() if isinstance(run, DamagedRun)]

    def ids(self) -> list[str]:
        """Ids of the stored runs, whole or damaged, in order."""
        if not self.folder.is_dir():
            return []
        return sorted(
            path.name for path in self.folder.iterdir() if manifests.RUN_ID.fullmatch(path.name) and _holds_any(path)
        )

    def named(self) -> dict[str, str]:
        """Run ids by name: ``{"current": id, "<scenario>": id}``."""
        return read_pointers(self.root).named()

    @property
    def folder(self) -> Path:
        """Where the runs lie."""
        return self.root / "runs"

    def lock(self) -> AbstractContextManager[None]:
        """What whoever changes the workspace holds; readers never do."""
        return locked(self.root / LOCK)

    def _survey(self) -> Iterator[Run | DamagedRun]:
        for run_id in self.ids():
            try:
                yield self._open(run_id)
            except RunDamaged as error:
                if (self.folder / run_id).is_dir():  # else it was pruned meanwhile
                    yield DamagedRun(run_id, self.folder / run_id, error)

    def _open(self, run_id: str) -> Run:
        folder = self.folder / run_id
        manifest = manifests.read(folder)
        manifests.check_sizes(folder, manifest)
        return Run(run_id, folder, manifest)

    def _install(self, folder: Path, run_id: str, scenario: str | None) -> Run:
        """Move a written run to its place, or keep the one that is there and whole."""
        target = self.folder / run_id
        aside = folder.with_name(f"{folder.name}-damaged")  # a leftover's name: it goes even if this process dies now
        if target.exists():
            try:
                run = self._open(run_id)
                run.verify()
            except RunDamaged:
                target.rename(aside)
            else:
                if run.manifest.get("scenario") != scenario:
                    raise ValueError(
                        "two scenarios with the same inputs and parameters: the parameters must tell them apart"
                    )
                return run
        folder.rename(target)
        fsync(self.folder)
        shutil.rmtree(aside, ignore_errors=True)
        return self._open(run_id)


def _write_tables(tables: Mapping[str, pd.DataFrame], folder: Path) -> dict[str, dict[str, Any]]:
    written = {}
    for name, frame in tables.items():
        path = folder / manifests.table_file(name)
        write_table(frame, path)
        fsync(path)
        written[name] = {"rows": len(frame), "bytes": path.stat().st_size, "sha256": file_sha256(path)}
    return written


def _holds_any(folder: Path) -> bool:
    return folder.is_dir() and any(folder.iterdir())
