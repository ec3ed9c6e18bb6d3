"""The workspace: a folder of immutable runs, published whole and found by id or name."""

import os
import shutil
import uuid
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from geo.errors import FileProblem, Problem, RunDamaged, UnknownName
from geo.files import file_sha256, fsync, is_locked, locked
from geo.workspace import manifest as manifests
from geo.workspace.parquet import read_table, write_table
from geo.workspace.pointers import check_scenario_name, read_pointers, write_pointers
from geo.workspace.versions import code_version, versions

_WRITING = ".writing-"
_OURS = ("id", "created_at", "tables", "versions")


@dataclass(frozen=True)
class Run:
    """One stored result: its id, its folder and its manifest."""

    id: str
    path: Path
    manifest: dict[str, Any]

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
        return read_table(self.path / f"{name}.parquet", tables[name]["sha256"])

    def verify(self) -> None:
        """Check every table's bytes; RunDamaged if one is missing or has changed."""
        for name, table in self.manifest["tables"].items():
            path = self.path / f"{name}.parquet"
            if not path.is_file():
                raise manifests.damaged(path, "is missing")
            if file_sha256(path) != table["sha256"]:
                raise manifests.damaged(path, "has changed since the run was written")


@dataclass(frozen=True)
class Workspace:
    """A folder with `runs/<id>/` and the pointers to the current run and to each scenario's.

    Reading makes nothing: the folder need not exist before the first run is published.
    """

    root: Path

    def publish(self, tables: Mapping[str, pd.DataFrame], manifest: Mapping[str, Any]) -> Run:
        """Store a run whole and move its pointer: its scenario's, or the current one if it has none.

        The id follows from the manifest's inputs and parameters and from the code version. A run of that id that is
        already stored and whole is kept. Whatever fails before the last step leaves the pointers as they were.

        Parameters
        ----------
        tables
            Tables by name.
        manifest
            JSON values; `inputs` and `parameters` are needed, `scenario` is the name of the pointer to move.
            `id`, `created_at`, `versions` and `tables` are added here.
        """
        given = [key for key in _OURS if key in manifest]
        if given:
            raise ValueError(f"the workspace itself writes {', '.join(given)} into the manifest")
        scenario = manifest.get("scenario")
        if scenario is not None:
            check_scenario_name(scenario)
        run_id = manifests.run_id(manifest, code_version())
        self._make_folders()
        with self._writing_folder() as folder:
            stored = dict(manifest) | {
                "id": run_id,
                "scenario": scenario,
                "created_at": datetime.now(UTC).isoformat(timespec="microseconds"),
                "versions": versions(),
                "tables": _write_tables(tables, folder),
            }
            (folder / manifests.FILE).write_bytes(manifests.encode(stored, indent=2) + b"\n")
            for path in (folder / manifests.FILE, folder):
                fsync(path)
            with self._lock():
                pointers = read_pointers(self.root)
                run = self._install(folder, run_id, scenario)
                write_pointers(self.root, pointers.moved(scenario, run_id))
        return run

    def find(self, name: str) -> Run:
        """The run of an id, of a scenario's name, or the `current` one.

        Raises
        ------
        UnknownName
            If there is none; it says which there are.
        RunDamaged
            If the run's manifest or the file of pointers cannot be used.
        """
        run_id = name if manifests.RUN_ID.fullmatch(name) else None
        if run_id and (self._runs / run_id).is_dir():
            return self._open(run_id)
        pointers = read_pointers(self.root).named()
        if name in pointers:
            return self._open(pointers[name])
        count = len(self._ids())
        known = f"There are: {', '.join(pointers)}" if pointers else "There is none yet: run `shalgai analyse` first"
        remedy = f"{known}; and {count} run id{'s' if count != 1 else ''}" if count else known
        raise UnknownName(Problem("no run of that name", remedy, value=name))

    def runs(self) -> list[Run]:
        """All stored runs, newest first."""
        runs = [self._open(run_id) for run_id in self._ids()]
        return sorted(runs, key=lambda run: (run.manifest["created_at"], run.id), reverse=True)

    def named(self) -> dict[str, str]:
        """Run ids by name: ``{"current": id, "<scenario>": id}``."""
        return read_pointers(self.root).named()

    @property
    def _runs(self) -> Path:
        return self.root / "runs"

    def _ids(self) -> list[str]:
        if not self._runs.is_dir():
            return []
        return [
            path.name
            for path in sorted(self._runs.iterdir())
            if manifests.RUN_ID.fullmatch(path.name) and (path / manifests.FILE).is_file()
        ]

    def _open(self, run_id: str) -> Run:
        folder = self._runs / run_id
        return Run(run_id, folder, manifests.read(folder))

    def _make_folders(self) -> None:
        try:
            self._runs.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            remedy = "Accepted: a folder that may be written to"
            raise FileProblem(Problem("the workspace cannot be made here", remedy, value=str(self.root))) from error

    def _lock(self) -> AbstractContextManager[None]:
        return locked(self.root / ".lock")

    @contextmanager
    def _writing_folder(self) -> Iterator[Path]:
        """A folder to write a run into; its lock tells the living from the dead, whose leftovers go."""
        folder = self._runs / f"{_WRITING}{os.getpid()}-{uuid.uuid4().hex[:8]}"
        with self._lock():
            for leftover in self._runs.glob(f"{_WRITING}*"):
                if not is_locked(leftover):
                    shutil.rmtree(leftover, ignore_errors=True)
            folder.mkdir()
            alive = ExitStack()
            alive.enter_context(locked(folder))
        with alive:
            try:
                yield folder
            finally:
                shutil.rmtree(folder, ignore_errors=True)

    def _install(self, folder: Path, run_id: str, scenario: str | None) -> Run:
        """Move a written run to its place, or keep the one that is there and whole."""
        target = self._runs / run_id
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
        fsync(self._runs)
        shutil.rmtree(aside, ignore_errors=True)
        return self._open(run_id)


def _write_tables(tables: Mapping[str, pd.DataFrame], folder: Path) -> dict[str, dict[str, Any]]:
    written = {}
    for name, frame in tables.items():
        path = folder / f"{name}.parquet"
        write_table(frame, path)
        fsync(path)
        written[name] = {"rows": len(frame), "sha256": file_sha256(path)}
    return written
