"""One question to a server and its answer: connections to checked addresses, redirects, proxies, time limits.

The standard library's client is used as it is, so that a connection goes to the very address that was checked (a name
that resolves to another address a moment later gains nothing) while the certificate is still checked for the name.

A proxy named in the environment (`https_proxy`, `no_proxy`) is used, as other programs do: it is the operator's own. It
resolves names itself, so only what is private on its face is refused then.
"""

import base64
import http.client
import socket
import ssl
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from geo import __version__
from geo.errors import Problem, UnsafeInput, ValueRejected
from geo.remote.addresses import Address, Resolve, check_literal, checked_ips, parsed, redirected, resolve

REDIRECTS_MAX = 5

_PROXY_PORT = 8080
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_OVERRUN_WAIT_S = 0.5
_HEADERS = {
    "User-Agent": f"shalgai/{__version__}",
    "Accept": "*/*",
    "Accept-Encoding": "identity",
    "Connection": "close",
}


class Broken(Exception):
    """The exchange failed in a way that another attempt may mend; `is_offline` if no connection came about at all."""

    def __init__(self, what: str, *, is_offline: bool = False, retry_after_s: float | None = None) -> None:
        super().__init__(what)
        self.what, self.is_offline, self.retry_after_s = what, is_offline, retry_after_s


class Answer:
    """What a server answers: status, headers, and the body as it comes over the wire.

    `announced` is the body's length in bytes by its header, null where there is none; `is_framed` tells whether the end
    of the body can be told from a broken connection.
    """

    def __init__(self, response: http.client.HTTPResponse, connection: socket.socket, address: Address) -> None:
        self.status, self.headers, self.address = response.status, response.headers, address
        self.announced: int | None = response.length
        self.is_framed = response.chunked or response.length is not None
        self._response, self._socket = response, connection
        # the client would stop at the announced length and never tell that more was there
        response.length = None

    def read(self, count: int) -> bytes:
        """Up to so many bytes of the body, none at its end; `Broken` where the connection fails or stalls."""
        try:
            return self._response.read1(count)
        except (OSError, http.client.HTTPException) as error:
            raise Broken(_words(error)) from error

    def close(self) -> None:
        """Let go of the connection."""
        self._response.close()

    def is_overrun(self) -> bool:
        """Whether the server sends more after what it announced; waits a moment if it does not hang up."""
        try:
            self._socket.settimeout(_OVERRUN_WAIT_S)
            return bool(self._response.read1(1))
        except (OSError, http.client.HTTPException):
            return False


@dataclass(frozen=True)
class Client:
    """How servers are asked.

    Parameters
    ----------
    connect_s, stall_s
        Longest wait for a connection, and for the next bytes of an answer, in seconds.
    exempt
        Authorities that may be private and without encryption: for tests against a local server, never a user's choice.
    resolver
        Gives a host's IP addresses.
    proxies
        Proxy by scheme; null for those of the environment.
    trust
        Certificates that are trusted; null for the system's.
    """

    connect_s: float = 15.0
    stall_s: float = 60.0
    exempt: frozenset[str] = frozenset()
    resolver: Resolve = resolve
    proxies: Mapping[str, str] | None = None
    trust: ssl.SSLContext | None = field(default=None, repr=False)

    @contextmanager
    def get(self, url: str, headers: Mapping[str, str]) -> Iterator[Answer]:
        """Ask for an address and follow its redirects.

        Raises
        ------
        UnsafeInput
            If the address, or one it redirects to, may not be asked.
        Broken
            If there is no answer.
        """
        address = parsed(url, self.exempt)
        for _ in range(REDIRECTS_MAX + 1):
            connection = self._connection(address)
            with closing(connection), closing(self._ask(connection, address, headers)) as answer:
                location = answer.headers.get("Location")
                if answer.status not in _REDIRECTS or location is None:
                    yield answer
                    return
                address = redirected(address, location, self.exempt)
        what = f"more than {REDIRECTS_MAX} redirects"
        raise UnsafeInput(Problem(what, "The source leads in a circle; try again later", value=address.shown))

    def _ask(self, connection: http.client.HTTPConnection, address: Address, headers: Mapping[str, str]) -> Answer:
        try:
            connection.connect()
        except ssl.SSLCertVerificationError as error:
            raise Broken("its certificate is not trusted", is_offline=True) from error
        except (OSError, http.client.HTTPException) as error:
            raise Broken(_words(error), is_offline=True) from error
        try:
            wire = connection.sock
            wire.settimeout(self.stall_s)
            connection.request("GET", address.target, headers={**_HEADERS, "Host": address.authority, **headers})
            return Answer(connection.getresponse(), wire, address)
        except (OSError, http.client.HTTPException) as error:
            raise Broken(_words(error)) from error

    def _connection(self, address: Address) -> http.client.HTTPConnection:
        context = (self.trust or ssl.create_default_context()) if address.scheme == "https" else None
        proxy = None if address.authority in self.exempt else self._proxy(address)
        if proxy is not None and context is not None:
            check_literal(address)
            host, port, authorisation = proxy
            through = http.client.HTTPSConnection(host, port, timeout=self.connect_s, context=context)
            through.set_tunnel(address.host, address.port, authorisation)
            return through
        try:
            ips = checked_ips(address, self.exempt, self.resolver)
        except OSError as error:
            raise Broken(_words(error), is_offline=True) from error
        return _Direct(address, ips, self.connect_s, context)

    def _proxy(self, address: Address) -> tuple[str, int, dict[str, str]] | None:
        proxies = urllib.request.getproxies() if self.proxies is None else self.proxies
        given = proxies.get(address.scheme) or proxies.get("all")
        if not given or (self.proxies is None and urllib.request.proxy_bypass(address.host)):
            return None
        try:
            parts = urlsplit(given if "://" in given else f"http://{given}")
            host, port = parts.hostname, parts.port
        except ValueError:
            host, port = None, None
        if host is None or parts.scheme != "http":
            remedy = "Accepted: http://host:port in https_proxy, or no proxy"
            raise ValueRejected(Problem("the proxy of the environment cannot be used", remedy))
        if parts.username is None:
            return host, port or _PROXY_PORT, {}
        secret = f"{unquote(parts.username)}:{unquote(parts.password or '')}".encode()
        return host, port or _PROXY_PORT, {"Proxy-Authorization": f"Basic {base64.b64encode(secret).decode('ascii')}"}


class _Direct(http.client.HTTPConnection):
    """A connection to one of the addresses that were checked, encrypted for the name where the address says so."""

    def __init__(self, address: Address, ips: list[str], timeout_s: float, context: ssl.SSLContext | None) -> None:
        super().__init__(address.host, address.port, timeout=timeout_s)
        self._ips, self._timeout_s, self._context = ips, timeout_s, context

    def connect(self) -> None:
        failure: OSError = ConnectionError()
        for ip in self._ips:
            try:
                wire = socket.create_connection((ip, self.port), self._timeout_s)
                break
            except OSError as error:
                failure = error
        else:
            raise failure
        try:
            self.sock = wire if self._context is None else self._context.wrap_socket(wire, server_hostname=self.host)
        except (OSError, ValueError):
            wire.close()
            raise


def _words(error: Exception) -> str:
    """What went wrong. The error's own text is not used: it may hold the address with its token."""
    if isinstance(error, socket.gaierror):
        return "its name cannot be resolved"
    if isinstance(error, TimeoutError):
        return "it does not answer in time"
    if isinstance(error, ConnectionRefusedError):
        return "the connection is refused"
    if isinstance(error, ssl.SSLError):
        return "no encrypted connection can be made"
    if isinstance(error, http.client.HTTPException | ConnectionError):
        return "the connection breaks off"
    if isinstance(error, OSError) and error.errno is None:
        return "the proxy does not let it through"
    return "there is no way to it"
