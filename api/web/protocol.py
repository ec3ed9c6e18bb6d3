"""HTTP/1.1 as uvicorn speaks it, with problem documents for what is refused before there is a request."""

import asyncio
from http import HTTPStatus

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from api.web.problems import problem_response

_FIRST_REQUEST_S = 30.0
_LINGER_S = 2.0
_HEAD_BYTES_MAX = 64 * 1024


class Protocol(H11Protocol):
    """Says what is wrong with a request that is too long or is not HTTP, in a way that the client gets to read it.

    Closing a connection while the client is still sending resets it, and the answer is lost. So after a refusal the
    rest is read and dropped until the client stops, for a short time. A connection that does not come to its first
    request is closed.
    """

    _is_refused = False
    _waiting: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A client has come."""
        super().connection_made(transport)
        self._waiting = self.loop.call_later(_FIRST_REQUEST_S, self._close_if_silent)

    def connection_lost(self, exc: Exception | None) -> None:
        """The client has gone."""
        if self._waiting is not None:
            self._waiting.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take what has come."""
        if not self._is_refused:
            super().data_received(data)

    def send_400_response(self, msg: str) -> None:
        """Refuse what h11 cannot read, and listen to the rest of it for a while."""
        if self.conn.our_state not in (h11.IDLE, h11.SEND_RESPONSE):
            self.transport.close()  # in the middle of an answer there is no place for another
            return
        status, detail = _refusal(self.conn.trailing_data[0], self.config.h11_max_incomplete_event_size)
        problem = problem_response(status, detail, {"Connection": "close", "X-Content-Type-Options": "nosniff"})
        reason = status.phrase.encode("ascii")
        for event in (
            h11.Response(status_code=status, headers=problem.raw_headers, reason=reason),
            h11.Data(data=bytes(problem.body)),
            h11.EndOfMessage(),
        ):
            self.transport.write(self.conn.send(event) or b"")
        self._linger()

    def on_response_complete(self) -> None:
        """An answer is sent; where the request's body was not waited for, the rest of it is not taken for the next."""
        super().on_response_complete()
        if self.conn.their_state is h11.SEND_BODY and not self.transport.is_closing():
            self._linger()

    def _linger(self) -> None:
        self._is_refused = True
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self.loop.call_later(_LINGER_S, self.transport.close)

    def _close_if_silent(self) -> None:
        if self.cycle is None:
            self.transport.close()


def _refusal(begun: bytes, longest: int | None) -> tuple[HTTPStatus, str]:
    """Why a beginning of a request cannot become one."""
    accepted = longest or _HEAD_BYTES_MAX
    if len(begun) <= accepted:
        return HTTPStatus.BAD_REQUEST, "This is not an HTTP/1.1 request."
    if b"\n" not in begun:
        return HTTPStatus.REQUEST_URI_TOO_LONG, f"The address has more than {accepted} bytes."
    return HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, f"Address and headers have more than {accepted} bytes."
