"""Fetches what a source has for a country or an area, and goes on with what is there where it cannot be reached."""

import datetime as dt
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from geo.errors import DownloadDamaged, FileProblem, NotPublished, Problem, SourceUnreachable
from geo.remote.download import Patience, State, Wanted, download
from geo.remote.exchange import Client
from geo.remote.formats import JSON, TEXT, Checksum
from geo.remote.kept import whole
from geo.remote.registry import Register, Source, filled
from geo.remote.targets import Extent, Target, base_words, index_words, parts, without_token

Progress = Callable[[str, int, int | None], None]
"""Told a file's name, the bytes there are, and of how many where the server says it."""

Tell = Callable[[str], None]
"""Told a sentence that the user should read."""

_SMALL_BYTES_MAX = 2**20
_SHOWN = 5
_MODIFIED = "modified"


@dataclass(frozen=True)
class Wish:
    """What is asked of a source.

    `country` is a two-letter code of the register; `extent` is needed by sources that come by area; `period` is such as
    2026-Q2, the last one published if null; `token` is for sources that want one; `is_refresh` fetches anew what is
    there unchanged.
    """

    country: str = "KZ"
    extent: Extent | None = None
    period: str | None = None
    token: str | None = None
    is_refresh: bool = False


@dataclass(frozen=True)
class Fetched:
    """One file that is there, whole, and what `shalgai ingest` should be told of it.

    `kinds` are what it can be ingested as; `as_of` is the date of the data where the source tells it, YYYY, YYYY-MM or
    YYYY-MM-DD; `fetched_at` is the day on which it arrived.
    """

    path: Path
    kinds: tuple[str, ...]
    source: str
    licence: str
    credit: str
    as_of: str | None
    fetched_at: str
    state: State


def _silent(name: str, done: int, total: int | None) -> None:
    """Tell nobody."""


def _unheard(sentence: str) -> None:
    """Tell nobody."""


def fetch(
    source: Source,
    register: Register,
    wish: Wish,
    folder: Path,
    *,
    client: Client,
    patience: Patience,
    bytes_max: int,
    today: dt.date,
    progress: Progress = _silent,
    tell: Tell = _unheard,
) -> list[Fetched]:
    """Fetch the files of a source into a folder, which is made if need be.

    Where the source cannot be reached, or breaks off again and again, files from before stand in for those that should
    have come, and `tell` is told so. Tiles that the source does not have (sea) are left out, and told too.

    Parameters
    ----------
    source, register, wish
        What is wanted, and where it is.
    folder
        Where the files go; what arrived earlier is found there.
    client, patience
        How servers are asked, and how often.
    bytes_max
        Largest file accepted.
    today
        Tells the last quarter, and dates what arrives.

    Returns
    -------
    list of Fetched
        At least one.

    Raises
    ------
    InputError
        If the wish does not fit the source, or the source does not give a file: see `geo.remote.download`.
    SourceUnreachable
        If the source cannot be reached and a file is not there from before either. Files that arrived stay.
    """
    words = base_words(source, register, wish.country, wish.token)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        remedy = "Accepted: a folder that may be written to"
        raise FileProblem(Problem(f"cannot be made: {error.strerror}", remedy, value=str(folder))) from error
    errand = _Errand(source, wish, folder, client, patience, bytes_max, today, progress, tell)
    if source.index is not None:
        words = {**errand.index(filled(source.index, words)), **words}
    return errand.run(list(parts(source, words, wish.extent, wish.period, today)))


@dataclass
class _Errand:
    """One call of `fetch`."""

    source: Source
    wish: Wish
    folder: Path
    client: Client
    patience: Patience
    bytes_max: int
    today: dt.date
    progress: Progress
    tell: Tell
    unreachable: SourceUnreachable | None = None

    def index(self, url: str) -> dict[str, str]:
        """Words of the source's index; kept like any file, so that it is there where the source is not."""
        path = self.folder / f"{self.source.id}-{self.wish.country.lower()}.index.json"
        state = self._obtain(Wanted(url, url, path, JSON), _SMALL_BYTES_MAX)
        if state is None:
            raise self._missing([path.name], 1)
        try:
            return index_words(json.loads(path.read_bytes()))
        except ValueError as error:
            path.unlink()
            remedy = "Give the command again later"
            raise DownloadDamaged(Problem("the index of the source is not JSON", remedy, path.name)) from error

    def run(self, wanted: list[list[Target]]) -> list[Fetched]:
        fetched, absent, missing = [], [], []
        for alternatives in wanted:
            try:
                target, state = self._first(alternatives)
            except NotPublished:
                if len(wanted) == 1:
                    raise
                absent.append(alternatives[0].name)
                continue
            if state is None:
                missing.append(target.name)
            else:
                fetched.append(self._described(target, state))
        if missing:
            raise self._missing(missing, len(wanted))
        if not fetched:
            remedy = "The area may be sea, or not be published; give another --bbox"
            raise NotPublished(Problem(f"{self.source.id} has none of {len(wanted)} tiles of the area", remedy))
        if absent:
            self.tell(f"{self.source.id} has no data for {len(absent)} of {len(wanted)} tiles: {_listed(absent)}")
        self._tell_of_kept(fetched)
        return fetched

    def _first(self, alternatives: list[Target]) -> tuple[Target, State | None]:
        """The first of the files that is published, and what became of it; null if it is neither here nor there."""
        for target in alternatives:
            try:
                state = self._file(target)
            except NotPublished:
                if target is alternatives[-1]:
                    raise
                self.tell(f"{self.source.id} has nothing yet for {target.period}; trying the quarter before")
                continue
            if state is not None or target is alternatives[-1]:
                return target, state
        raise ValueError("no alternatives")

    def _file(self, target: Target) -> State | None:
        wanted = Wanted(target.url, target.identity, self.folder / target.name, self.source.format)
        checksum = self._checksum(target)
        try:
            return self._obtain(replace(wanted, checksum=checksum), self.bytes_max)
        except DownloadDamaged:
            # the source may have put a new file in place between the checksum and the file
            newer = self._checksum(target, is_again=True) if checksum is not None else None
            if newer is None or newer == checksum:
                raise
            return self._obtain(replace(wanted, checksum=newer), self.bytes_max)

    def _checksum(self, target: Target, *, is_again: bool = False) -> Checksum | None:
        published = self.source.checksum
        if published is None:
            return None
        url = filled(published.address, target.words)
        identity = filled(published.address, without_token(target.words))
        path = self.folder / f"{target.name}.{published.algorithm}"
        try:
            state = self._obtain(Wanted(url, identity, path, TEXT), _SMALL_BYTES_MAX, is_refresh=is_again)
        except NotPublished:
            state = None
        checksum = None
        if state is not None:
            checksum = Checksum.from_text(published.algorithm, path.read_text(encoding="utf-8", errors="replace"))
        if checksum is None and self.unreachable is None:
            self.tell(
                f"No {published.algorithm} is published for {target.name}: its length and format are checked only"
            )
        return checksum

    def _obtain(self, wanted: Wanted, bytes_max: int, *, is_refresh: bool = False) -> State | None:
        """Download, or fall back to what is there; null if nothing is."""
        if self.unreachable is None:
            try:
                return download(
                    wanted,
                    self.client,
                    self.patience,
                    bytes_max=bytes_max,
                    today=self.today.isoformat(),
                    is_refresh=is_refresh or self.wish.is_refresh,
                    progress=lambda done, total: self.progress(wanted.path.name, done, total),
                )
            except SourceUnreachable as error:
                self.unreachable = error
        return State.KEPT if whole(wanted.path) is not None else None

    def _described(self, target: Target, state: State) -> Fetched:
        source, path = self.source, self.folder / target.name
        origin = whole(path)
        if origin is None:
            raise FileProblem(Problem("has changed since it arrived", "Give the command again", path.name))
        as_of = origin.modified if source.as_of == _MODIFIED else _text(source.as_of, target)
        return Fetched(
            path=path,
            kinds=source.kinds,
            source=source.title,
            licence=_text(source.licence, target) or f"see {source.licence_address}",
            credit=_text(source.credit, target) or source.title,
            as_of=as_of,
            fetched_at=origin.fetched_at,
            state=state,
        )

    def _tell_of_kept(self, fetched: list[Fetched]) -> None:
        kept = [one for one in fetched if one.state is State.KEPT]
        if kept and self.unreachable is not None:
            days = sorted({one.fetched_at for one in kept})
            when = days[0] if len(days) == 1 else f"{days[0]} to {days[-1]}"
            names = _listed([one.path.name for one in kept])
            what = self.unreachable.problems[0].what
            self.tell(f"{what}. Going on with what was fetched on {when}: {names}")

    def _missing(self, names: list[str], count: int) -> SourceUnreachable:
        if self.unreachable is None:
            raise ValueError("nothing is missing")
        problem = self.unreachable.problems[0]
        if count == 1:
            return SourceUnreachable(replace(problem, what=f"{problem.what}, and there is no copy from before"))
        remedy = f"{problem.remedy}: {count - len(names)} of {count} files are here, and stay"
        which = f" of {_listed(names)}" if len(names) < count else ""
        what = f"{problem.what}, and there is no copy from before{which}"
        return SourceUnreachable(Problem(what, remedy))


def _text(template: str | None, target: Target) -> str | None:
    """A template filled in; null where there is none, or the source does not tell what it needs."""
    try:
        return None if template is None else filled(template, without_token(target.words))
    except KeyError:
        return None


def _listed(names: list[str]) -> str:
    more = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
