"""Runs in memory: loaded whole, found by id or name, following the pointers without a restart."""

import logging
import os
import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import orjson

from api.errors import NoRun
from api.features.catalogue import Catalogue
from api.features.collection import Collection
from api.features.layers import NO_LAYERS, Layers
from geo.errors import Problem, RunDamaged, UnknownName
from geo.workspace import Run, Workspace

CURRENT = "current"
POINTERS_FILE = "pointers.json"

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class LoadedRun:
    """One run with all its collections, and those of no run: what a request holds on to from beginning to end.

    `members` are the top-level members that every document of the run carries, as JSON without braces.
    """

    run: Run
    collections: Mapping[str, Collection]
    members: bytes
    layers: Layers = NO_LAYERS
    _tables: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def load(cls, run: Run, catalogue: Catalogue, layers: Layers = NO_LAYERS) -> "LoadedRun":
        """Read and encode every collection whose table the run has; its files stay open for what is read later."""
        run = run.held()
        needed = {kind.table.name for kind in catalogue} & set(run.manifest["tables"])
        frames = {name: run.table(name) for name in sorted(needed)}
        collections = {
            kind.id: Collection.from_frame(kind, frames[kind.table.name])
            for kind in catalogue
            if kind.table.name in frames
        }
        members = orjson.dumps(
            {
                "run": run.id,
                "scenario": run.manifest.get("scenario"),
                "label": run.manifest.get("label"),
                "runCreated": run.manifest["created_at"],
            }
        )
        return cls(run, MappingProxyType(collections | dict(layers.collections)), members[1:-1], layers)

    def table(self, name: str) -> Any:
        """One of the run's tables, read and verified at its first use and kept; not to be changed."""
        if name not in self._tables:
            self._tables[name] = self.run.table(name)
        return self._tables[name]

    @property
    def id(self) -> str:
        """The run's id."""
        return self.run.id

    @property
    def manifest(self) -> dict[str, Any]:
        """The run's manifest."""
        return self.run.manifest

    @property
    def version(self) -> str:
        """What tells this run's documents from another's, for their ETags."""
        return f"{self.run.id} {self.run.manifest['created_at']} {self.layers.version}"


class RunStore:
    """Loaded runs of a workspace.

    Runs with a name stay loaded while they have it; of the others the `capacity` last used ones do. When a pointer
    moves, the next request loads the new run and the name moves with it at once; a new run that cannot be loaded
    leaves the name with the run that it had.
    """

    def __init__(
        self, workspace: Workspace, catalogue: Catalogue, capacity: int = 4, *, layers: Layers = NO_LAYERS
    ) -> None:
        self.workspace = workspace
        self._pointers = str(workspace.root / POINTERS_FILE)
        self._catalogue = catalogue
        self._layers = layers
        self._capacity = capacity
        self._lock = threading.Lock()  # guards the state below; held for microseconds
        self._load_lock = threading.Lock()  # one run is loaded at a time; held for as long as that takes
        self._signature: tuple[int, int, int] | None = None
        self._named: Mapping[str, str] = {}
        self._loaded: OrderedDict[str, LoadedRun] = OrderedDict()
        self._serving: dict[str, LoadedRun] = {}
        self._failed: dict[str, str] = {}
        self._generation = 0
        self._is_warming = False

    @property
    def is_warming(self) -> bool:
        """Whether the named runs are being loaded, as they are when the service starts."""
        return self._is_warming

    def loaded(self) -> tuple[Mapping[str, LoadedRun], int]:
        """The runs that are served by their names, and how many are in memory."""
        with self._lock:
            return {name: self._loaded[i] for name, i in self._named.items() if i in self._loaded}, len(self._loaded)

    def generation(self) -> int:
        """A number that is another one after anything that could make a name stand for another run.

        Following the pointers is part of asking, so an equal number means that nothing has changed up to now.
        """
        with self._lock:
            self._follow()
            return self._generation

    def moved_at(self) -> float:
        """When a name was last given to a run, seconds since the epoch; 0 while there are none."""
        with self._lock:
            return 0.0 if self._signature is None else self._signature[0] / 1e9

    def named(self) -> Mapping[str, str]:
        """Run ids by name, as the pointers say now."""
        with self._lock:
            self._follow()
            return self._named

    def peek(self, name: str) -> LoadedRun | None:
        """The run of an id or name if it is in memory; None if `get` has to load it. Never waits for a load.

        Raises
        ------
        NoRun
            When there is none to serve yet.
        RunDamaged
            When it could not be loaded and the name had no run before.
        """
        with self._lock:
            self._follow()
            run_id = self._named.get(name)
            if run_id is None and name == CURRENT:
                raise NoRun
            run_id = run_id or name
            loaded = self._loaded.get(run_id)
            if loaded is not None:
                self._loaded.move_to_end(run_id)
                if name in self._named:
                    self._serving[name] = loaded
                return loaded
            if run_id in self._failed:
                if name in self._serving:
                    return self._serving[name]
                raise RunDamaged(self._failed[run_id])
            return None

    def get(self, name: str) -> LoadedRun:
        """The run of an id or name, loaded if need be.

        Raises
        ------
        UnknownName
            When there is none of that id or name.
        NoRun, RunDamaged
            As `peek`.
        """
        found = self.peek(name)
        while found is None:
            with self._load_lock:
                found = self.peek(name)  # another thread may have loaded it meanwhile
                if found is None:
                    self._load(name)
            found = found or self.peek(name)  # the pointer may have moved meanwhile: then once more
        return found

    def manifest(self, name: str) -> Mapping[str, Any]:
        """The manifest of a run without loading its tables; raises NoRun, or as `Workspace.find`."""
        named = self.named()
        if name == CURRENT and name not in named:
            raise NoRun
        run_id = named.get(name, name)
        with self._lock:
            loaded = self._loaded.get(run_id)
        if loaded is not None:
            return loaded.manifest
        try:
            return self.workspace.find(run_id).manifest
        except (UnknownName, RunDamaged):
            if self.named().get(name, name) == run_id:
                raise
            return self.manifest(name)  # the pointer has moved meanwhile, and the run that it named been pruned

    def warm(self) -> None:
        """Load the runs that have a name, so that the first request need not wait."""
        self._is_warming = True
        try:
            for name in self.named():
                try:
                    self.get(name)
                except (NoRun, UnknownName, RunDamaged) as error:
                    log.warning("run '%s' cannot be served: %s", name, error)
        finally:
            self._is_warming = False

    def _follow(self) -> None:
        """Read the pointers if their file is another one than before. Caller holds `_lock`."""
        try:
            status = os.stat(self._pointers)  # noqa: PTH116 - a fifth of the cost of Path.stat, at every request
            signature = (status.st_mtime_ns, status.st_ino, status.st_size)
        except OSError:
            signature = None
        if signature == self._signature:
            return
        try:
            self._named = MappingProxyType(self.workspace.named())
        except RunDamaged as error:
            log.error("the pointers of the workspace cannot be read, the runs served stay: %s", error)
        # taken before reading: if the file is replaced in between, the next request reads again
        self._signature = signature
        self._generation += 1
        self._failed.clear()
        self._serving = {name: run for name, run in self._serving.items() if name in self._named}

    def _load(self, name: str) -> None:
        with self._lock:
            run_id = self._named.get(name, name)
            known = name in self._named
            others = ", ".join(self._named)
        if not known and not _looks_like_id(run_id):
            raise UnknownName(Problem("no run of that name", f"There are: {others or 'none'}; and run ids", value=name))
        try:
            run = self.workspace.find(run_id)
            loaded = LoadedRun.load(run, self._catalogue, self._layers)
        except UnknownName as error:
            if not known:
                raise
            self._fail(run_id, error)
        except Exception as error:  # whatever its files hold, a run that cannot be loaded must not stop the others
            self._fail(run_id, error)
        else:
            with self._lock:
                self._loaded[run_id] = loaded
                self._generation += 1
                self._evict()

    def _fail(self, run_id: str, error: Exception) -> None:
        log.error("run %s cannot be loaded", run_id, exc_info=error)
        with self._lock:
            self._failed[run_id] = str(error)
            self._generation += 1

    def _evict(self) -> None:
        kept = set(self._named.values()) | {run.id for run in self._serving.values()}
        unnamed = [run_id for run_id in self._loaded if run_id not in kept]
        for run_id in unnamed[: max(0, len(unnamed) - self._capacity)]:
            del self._loaded[run_id]


def _looks_like_id(name: str) -> bool:
    return len(name) == 16 and all(character in "0123456789abcdef" for character in name)
