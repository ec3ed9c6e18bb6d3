"""What one layer of the service leaves in a request's scope for another."""

from dataclasses import dataclass

from starlette.types import Scope

from api.features.store import LoadedRun

OPERATION = "shalgai.operation"
"""Id of the operation that answers, set once it is known."""

REQUEST_ID = "shalgai.request_id"
"""Id of the request, for the log and the answer."""

READING = "shalgai.reading"
"""A `Reading`: what the answer is made of."""

PRIVATE = "shalgai.private"
"""Set to True where the answer is only for holders of a key."""

UNCHANGED = "shalgai.unchanged"
"""Tag of the document that is the answer, and the headers of a 304 for it."""


@dataclass(frozen=True)
class Reading:
    """The run that a request reads.

    `generation` is the store's from before the run was found; `moved_at` and `released_at` are when a name was last
    given to a run and when the program was installed, in seconds since the epoch.
    """

    run: LoadedRun
    generation: int
    moved_at: float
    released_at: float


def local_path(scope: Scope) -> str:
    """The path of a request without the prefix under which a proxy serves us."""
    path: str = scope["path"]
    prefix: str = scope.get("root_path", "")
    return path.removeprefix(prefix) if prefix else path
