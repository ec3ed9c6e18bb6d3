"""The dataset catalogue: what users brought, as canonical data, with its origin and its whole history.

A dataset is immutable: `datasets/<id>/` holds its data and ``dataset.json``; its id follows from its contents.
``catalogue.json`` lists when each was added, removed or replaced. Nothing is forgotten, and a crash at any moment
leaves the catalogue as it was before or as it is after.
"""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from geo.errors import DatasetDamaged, Problem, UnknownName, ValueRejected
from geo.files import file_sha256, fsync, locked, write_atomically, writing_to
from geo.ingest.kinds import Kind
from geo.workspace.folders import LOCK, make_folder, writing_folder
from geo.workspace.manifest import encode
from geo.workspace.runs import Run

FILE = "catalogue.json"
FOLDER = "datasets"
DESCRIPTION = "dataset.json"
ONE_AT_A_TIME = frozenset({Kind.SETTLEMENTS, Kind.BOUNDARIES})
"""Kinds of which an analysis takes one: a new dataset replaces the one before. Of the others it takes all."""

_NAME_CHARACTERS_MAX = 100
_ID = re.compile("[0-9a-f]{16}")
_DAMAGED = (ValueError, KeyError, TypeError, RecursionError)
"""What reading JSON that a person has changed can raise."""


@dataclass(frozen=True)
class Dataset:
    """What a dataset is and where it comes from.

    `file` is the name of the file it was brought as and `source_sha256` that file's digest; `data` is its canonical
    form in the dataset's folder, `parts` the digests of what lies beside it there, by name. `operators`, `technologies`
    and `bases` are those in it; `as_of` its newest date;
    `extent` west, south, east, north in degrees. `header` holds what a raster's tags or options state.
    """

    id: str
    name: str
    kind: Kind
    file: str
    source_sha256: str
    data: str
    data_sha256: str
    parts: Mapping[str, str] = field(default_factory=dict)
    rows: int | None = None
    extent: Sequence[float] | None = None
    operators: Sequence[str] = ()
    technologies: Sequence[str] = ()
    bases: Sequence[str] = ()
    as_of: str | None = None
    source: str | None = None
    licence: str | None = None
    credit: str | None = None
    header: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Entry:
    """A dataset's life in the catalogue; times are UTC, ISO 8601, `removed_at` null while it is in use."""

    dataset: str
    name: str
    kind: Kind
    added_at: str
    removed_at: str | None = None
    replaced_by: str | None = None

    @property
    def is_active(self) -> bool:
        """Whether analyses take it."""
        return self.removed_at is None


@dataclass(frozen=True)
class Catalogue:
    """The datasets of a workspace. Reading makes nothing: the folder need not exist."""

    root: Path

    def history(self) -> list[Entry]:
        """Every entry there ever was, in order of its adding.

        Raises
        ------
        DatasetDamaged
            If the file of the catalogue cannot be used.
        """
        path = self.root / FILE
        try:
            content = path.read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return []
        try:
            entries = [Entry(**{**stored, "kind": Kind(stored["kind"])}) for stored in json.loads(content)["entries"]]
            if not all(_ID.fullmatch(e.dataset) and isinstance(e.name, str) for e in entries):
                raise ValueError("not the entries that were written")
            return entries
        except _DAMAGED as error:
            raise DatasetDamaged(f"{path}: the catalogue cannot be read. Restore it from a backup.") from error

    def active(self, kind: Kind | None = None) -> list[Dataset]:
        """Datasets in use, of one kind or of all; by kind and name."""
        entries = [e for e in self.history() if e.is_active and kind in (None, e.kind)]
        return [self.dataset(e.dataset) for e in sorted(entries, key=lambda e: (list(Kind).index(e.kind), e.name))]

    def named(self, name: str) -> list[Entry]:
        """All entries, in use or not, of a dataset's name or id; `UnknownName` if there is none."""
        entries = self.history()
        found = [e for e in entries if name in (e.name, e.dataset)]
        if not found:
            known = ", ".join(dict.fromkeys(e.name for e in entries)) or "none yet: `shalgai ingest` adds one"
            raise UnknownName(Problem("no dataset of that name or id", f"There are: {known}", value=name))
        return found

    def dataset(self, dataset_id: str) -> Dataset:
        """The description of a dataset, in use or not; `DatasetDamaged` if it cannot be read."""
        path = self.root / FOLDER / dataset_id / DESCRIPTION
        try:
            stored = json.loads(path.read_bytes())
            dataset = Dataset(**{**stored, "kind": Kind(stored["kind"])})
        except (OSError, *_DAMAGED) as error:
            raise _damaged(path, "cannot be read") from error
        if _identity(dataset) != dataset_id:
            raise _damaged(path, "has changed since it was brought")
        return dataset

    def folder(self, dataset: Dataset) -> Path:
        """Where a dataset's files lie."""
        return self.root / FOLDER / dataset.id

    def data(self, dataset: Dataset) -> Path:
        """The dataset's data, its bytes verified; `DatasetDamaged` if they are missing or have changed."""
        for name, sha256 in {dataset.data: dataset.data_sha256, **dataset.parts}.items():
            path = self.folder(dataset) / name
            if not path.is_file():
                raise _damaged(path, "is missing")
            if file_sha256(path) != sha256:
                raise _damaged(path, "has changed since it was brought")
        return self.folder(dataset) / dataset.data

    @contextmanager
    def writing(self) -> Iterator[Path]:
        """A folder to prepare a dataset in; it goes at the end unless `add` took it."""
        make_folder(self.root / FOLDER)
        with writing_to(self.root), writing_folder(self.root / FOLDER, self._lock) as folder:
            yield folder

    def check(self, kind: Kind, name: str, source_sha256: str, *, replacing: bool) -> None:
        """Refuse a dataset that cannot be added, before its data are read.

        Raises
        ------
        ValueRejected
            If the name is none, or taken by another dataset of the kind.
        """
        if not name.strip() or not name.isprintable() or len(name) > _NAME_CHARACTERS_MAX:
            remedy = f"Accepted: 1 to {_NAME_CHARACTERS_MAX} printable characters"
            raise ValueRejected(Problem("not a name for a dataset", remedy, value=name))
        for held in self.active(kind):
            # the same file may be the same dataset once more, which `add` will see
            if held.name == name and held.source_sha256 != source_sha256:
                _refuse_taken_name(kind, name, replacing=replacing)

    def add(self, folder: Path, dataset: Dataset, *, replacing: bool) -> Dataset:
        """Move a prepared folder into the catalogue; what it replaces stays in the history.

        Parameters
        ----------
        folder
            From `writing`, with the data in it.
        dataset
            Its description; the id is made here.
        replacing
            Whether it may take the place of another of its name; those of `ONE_AT_A_TIME` always may.

        Returns
        -------
        Dataset
            With its id. The very same dataset in use is left as it is.

        Raises
        ------
        ValueRejected
            If the name is taken, or the very same data are in use under another name.
        """
        dataset = replace(dataset, id=_identity(dataset))
        write_atomically(folder / DESCRIPTION, encode(asdict(dataset), indent=2) + b"\n")
        for path in (*folder.iterdir(), folder):
            fsync(path)
        with self._lock():
            entries, now = self.history(), datetime.now(UTC).isoformat(timespec="seconds")
            self._refuse_conflicts(dataset, entries, replacing=replacing)
            target = self.folder(dataset)
            if target.exists():
                # by its id it holds the very same; what has been damaged since is whole again
                for path in folder.iterdir():
                    path.replace(target / path.name)
                fsync(target)
            else:
                folder.rename(target)
                fsync(target.parent)
            if any(e.is_active and e.dataset == dataset.id for e in entries):
                return dataset
            kept = [
                replace(e, removed_at=now, replaced_by=dataset.id) if self._gives_way(e, dataset) else e
                for e in entries
            ]
            self._write([*kept, Entry(dataset.id, dataset.name, dataset.kind, now)])
        return dataset

    def remove(self, name: str) -> Entry:
        """Take a dataset out of use, by its name or id; its data and its history stay.

        Raises
        ------
        UnknownName
            If none in use is called so, or several of different kinds are.
        """
        with writing_to(self.root), self._lock():
            entries = self.history()
            found = [e for e in entries if e.is_active and name in (e.name, e.dataset)]
            if len(found) != 1:
                known = ", ".join(f"{e.name} ({e.kind}, {e.dataset})" for e in entries if e.is_active) or "none"
                what = "several datasets have that name" if found else "no dataset in use has that name or id"
                raise UnknownName(Problem(what, f"In use: {known}", value=name))
            gone = replace(found[0], removed_at=datetime.now(UTC).isoformat(timespec="seconds"))
            self._write([gone if e is found[0] else e for e in entries])
        return gone

    def _refuse_conflicts(self, dataset: Dataset, entries: Sequence[Entry], *, replacing: bool) -> None:
        for entry in entries:
            if not entry.is_active or entry.kind is not dataset.kind or entry.dataset == dataset.id:
                continue
            if entry.name == dataset.name:
                _refuse_taken_name(dataset.kind, dataset.name, replacing=replacing)
            elif _contents(self.dataset(entry.dataset)) == _contents(dataset):
                remedy = (
                    f"They are in use as '{entry.name}': remove that first (shalgai catalogue remove {entry.dataset})"
                )
                raise ValueRejected(Problem("the very same data are in the catalogue", remedy, dataset.file))

    def _gives_way(self, entry: Entry, to: Dataset) -> bool:
        same_kind = entry.is_active and entry.kind is to.kind
        return same_kind and (entry.name == to.name or to.kind in ONE_AT_A_TIME)

    def _write(self, entries: Sequence[Entry]) -> None:
        write_atomically(self.root / FILE, encode({"entries": [asdict(e) for e in entries]}, indent=2) + b"\n")

    def _lock(self) -> AbstractContextManager[None]:
        make_folder(self.root)
        return locked(self.root / LOCK)


def used_by(dataset_id: str, runs: Sequence[Run]) -> list[str]:
    """Ids of the runs that a dataset is an input of, in their order."""
    return [run.id for run in runs if any(record.get("dataset") == dataset_id for record in run.manifest["inputs"])]


def _refuse_taken_name(kind: Kind, name: str, *, replacing: bool) -> None:
    if not replacing and kind not in ONE_AT_A_TIME:
        remedy = "Give --replace to put this one in its place, or --name to keep both"
        raise ValueRejected(Problem(f"the catalogue has {kind} of that name", remedy, value=name))


def _contents(dataset: Dataset) -> tuple[Any, ...]:
    """What an analysis takes from a dataset, whatever it is called."""
    return dataset.data_sha256, dict(dataset.parts), dataset.header


def _identity(dataset: Dataset) -> str:
    """First 16 hexadecimal digits of the SHA-256 over everything in the description but the id."""
    described = {key: value for key, value in asdict(dataset).items() if key != "id"}
    return hashlib.sha256(encode(described)).hexdigest()[:16]


def _damaged(path: Path, what: str) -> DatasetDamaged:
    return DatasetDamaged(f"{path}: the file {what}. Remove the dataset from the catalogue and bring it again.")
