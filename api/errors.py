"""What can be wrong with a request; `api.web.problems` makes HTTP statuses of it."""

from geo.errors import InputError, Problem, ShalgaiError


class BadRequest(InputError):
    """The request itself is malformed."""


class BadParameter(BadRequest):
    """A query parameter is unknown, given twice, or has a value that it does not accept."""

    def __init__(self, name: str, what: str, remedy: str = "", value: str | None = None) -> None:
        super().__init__(Problem(f"parameter {name[:80]!r} {what}", remedy, value=value))


class NoSuchResource(InputError):
    """A path names a collection, feature or file that does not exist."""

    def __init__(self, what: str, remedy: str = "") -> None:
        super().__init__(Problem(what, remedy))


class NotAcceptable(InputError):
    """The resource has no representation of the media types, or content codings, that the request accepts."""

    def __init__(self, accept: str, offered: str, what: str = "media type") -> None:
        super().__init__(Problem(f"no representation of an accepted {what}", f"Offered: {offered}", value=accept))


class Unauthorized(InputError):
    """The resource is for holders of a key, and the request shows none that is known."""

    def __init__(self) -> None:
        super().__init__(
            Problem("this needs an API key", "Send a known one in the header X-API-Key or Authorization: Bearer")
        )


class NoRun(ShalgaiError):
    """There is no run that could be served yet."""

    def __init__(self) -> None:
        super().__init__("There is no run to serve yet. Make one with `shalgai analyse`.")


class RunLoading(NoRun):
    """The first run is being loaded."""

    def __init__(self) -> None:
        ShalgaiError.__init__(self, "The run is being loaded. Try again in a moment.")
