"""HTTP/1.1 as uvicorn speaks it, with problem documents for what is refused before there is a request."""

import asyncio
from http import HTTPStatus

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from api.web.problems import problem_response
from geo.settings import get_settings

_FIRST_REQUEST_S = 30.0
_LINGER_S = 2.0
_HEAD_SPARE_BYTES = 16_384
"""What is a little too long comes as far as the application, which says by how much."""


class Protocol(HttpToolsProtocol):
    """Says what is wrong with a request that is too long or is not HTTP, in a way that the client gets to read it.

    Closing a connection while the client is still sending resets it, and the answer is lost. So after a refusal the
    rest is read and dropped until the client stops, for a short time. A connection that does not come to its first
    request is closed.
    """

    _waiting: asyncio.TimerHandle | None = None
    _is_deaf = False
    _refusal: bytes | None = None
    _wrong = "This is not an HTTP/1.1 request."
    _is_in_head = False
    _is_line_read = False
    _head_bytes = 0

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
        if self._is_deaf:
            return
        before = self.cycle
        super().data_received(data)
        # where another head ended in these bytes, only some of them are of the one that is not yet whole
        if self._is_in_head and self.cycle is before and not self._is_deaf:
            self._limit_head(data)

    def on_message_begin(self) -> None:
        """The first byte of a request."""
        super().on_message_begin()
        self._is_in_head, self._is_line_read, self._head_bytes = True, False, 0

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header; or a trailer after a body, which nobody reads."""
        if self._is_in_head:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """A whole head; the request is refused where this raises."""
        self._is_in_head = False
        hosts = sum(name == b"host" for name, _ in self.headers)
        if hosts > 1 or (hosts == 0 and self.parser.get_http_version() == "1.1"):
            self._wrong = "A request of HTTP/1.1 has one Host header."
        elif not self.url.isascii():
            self._wrong = "The address has characters that are not percent-encoded."
        else:
            super().on_headers_complete()
            # uvicorn ends the query at a '#', and a part of a filter would be answered as if it were the whole
            self.scope["query_string"] = self.url.partition(b"?")[2]
            return
        raise ValueError(self._wrong)

    def send_400_response(self, msg: str) -> None:
        """Refuse what the parser cannot read."""
        self._refuse(HTTPStatus.BAD_REQUEST, self._wrong)

    def on_response_complete(self) -> None:
        """An answer is sent; where the request's body was not waited for, the rest of it is not taken for the next."""
        super().on_response_complete()
        if self.transport.is_closing() or not self.cycle.response_complete:
            return
        if self.cycle.more_body:
            self._linger()
        elif self._refusal is not None:
            self._send_refusal(self._refusal)

    def _limit_head(self, data: bytes) -> None:
        settings = get_settings()
        accepted = settings.url_bytes_max + settings.header_bytes_max + _HEAD_SPARE_BYTES
        self._head_bytes += len(data)
        self._is_line_read = self._is_line_read or b"\n" in data
        if self._head_bytes <= accepted:
            return
        if self._is_line_read:
            detail = f"Address and headers have more than {accepted} bytes."
            self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, detail)
        else:
            self._refuse(HTTPStatus.REQUEST_URI_TOO_LONG, f"The address has more than {accepted} bytes.")

    def _refuse(self, status: HTTPStatus, detail: str) -> None:
        problem = problem_response(status, detail, {"Connection": "close", "X-Content-Type-Options": "nosniff"})
        headers = (b"%b: %b\r\n" % header for header in problem.raw_headers)
        refusal = b"".join((STATUS_LINE[status], *headers, b"\r\n", problem.body))
        self._is_deaf = True
        if self.cycle is None or self.cycle.response_complete:
            self._send_refusal(refusal)
        else:
            self._refusal = refusal  # answers go out in the order of the requests

    def _send_refusal(self, refusal: bytes) -> None:
        self.transport.write(refusal)
        self._linger()

    def _linger(self) -> None:
        self._is_deaf = True
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self.loop.call_later(_LINGER_S, self.transport.close)

    def _close_if_silent(self) -> None:
        if self.cycle is None:
            self.transport.close()
