"""Which addresses may be asked: https ones of public hosts, and how they are shown without what is secret in them."""

import ipaddress
import socket
from collections.abc import Callable, Collection
from dataclasses import dataclass
from urllib.parse import quote, urljoin, urlsplit

from geo.errors import Problem, UnsafeInput

Resolve = Callable[[str, int], list[str]]
"""Gives the IP addresses of a host and port; raises `OSError` where it has none."""

_PORTS = {"https": 443, "http": 80}
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
# for the inner workings of networks; the standard library of Python 3.11 takes parts of it for public
_PROTOCOL_ASSIGNMENTS = ipaddress.ip_network("192.0.0.0/24")
_KEPT_CHARACTERS = "%/?&=:;,+@!$'()*~[]"
_ACCEPTED = "Accepted: https addresses of public hosts, without user name or password"


@dataclass(frozen=True)
class Address:
    """The parts of an address that a request needs; `target` is path and query, `port` is never left out."""

    scheme: str
    host: str
    port: int
    target: str

    @property
    def authority(self) -> str:
        """Host, and port where it is not the scheme's own: as in the header `Host`."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def shown(self) -> str:
        """The address without its query, which may hold a token or a signature."""
        return f"{self.scheme}://{self.authority}{self.target.partition('?')[0]}"


def parsed(url: str, exempt: Collection[str] = ()) -> Address:
    """Take an address apart.

    Parameters
    ----------
    url
        The address; nothing of it but host and path is ever shown.
    exempt
        Authorities (host, and port if any) that may be asked by plain http: for tests against a local server.

    Raises
    ------
    UnsafeInput
        If it is not an https address, or has a user name or password in it.
    """
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").encode("idna").decode("ascii")
        port = parts.port
    except ValueError as error:
        raise UnsafeInput(Problem("not an address that can be used", _ACCEPTED)) from error
    if not host or parts.scheme not in _PORTS or not host.isprintable() or " " in host:
        raise UnsafeInput(Problem("not an address that can be used", _ACCEPTED, value=parts.scheme or None))
    if parts.username is not None or parts.password is not None:
        raise UnsafeInput(Problem("an address with a user name or password is not used", _ACCEPTED, value=host))
    query = f"?{parts.query}" if parts.query else ""
    target = quote((parts.path or "/") + query, safe=_KEPT_CHARACTERS)
    address = Address(parts.scheme, host, _PORTS[parts.scheme] if port is None else port, target)
    if address.scheme != "https" and address.authority not in exempt:
        raise UnsafeInput(Problem("an address without encryption is not used", _ACCEPTED, value=address.shown))
    return address


def redirected(origin: Address, location: str, exempt: Collection[str] = ()) -> Address:
    """Where a redirect leads; `UnsafeInput` also if it gives up the encryption that the first address had."""
    scheme = origin.scheme
    target = parsed(urljoin(f"{scheme}://{origin.authority}{origin.target}", location), exempt)
    if (scheme, target.scheme) == ("https", "http"):
        what = f"{origin.shown} sends on to an address without encryption"
        raise UnsafeInput(Problem(what, "Nothing was fetched from there", value=target.shown))
    return target


def is_public(ip: str) -> bool:
    """Whether an IP address belongs to the public internet; an IPv4 address inside an IPv6 one is what counts."""
    address = ipaddress.ip_address(ip.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if inner is None and address in _NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(str(inner))
        if address.is_site_local:
            return False
    elif address in _PROTOCOL_ASSIGNMENTS:
        return False
    return address.is_global and not address.is_multicast and not address.is_reserved


def resolve(host: str, port: int) -> list[str]:
    """The IP addresses of a host, as the system's resolver gives them; `OSError` where there are none."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(sockaddr[0]) for *_, sockaddr in found))


def checked_ips(address: Address, exempt: Collection[str], resolver: Resolve) -> list[str]:
    """The IP addresses that may be connected to. They, not the name, are to be used: a name may change its mind.

    Raises
    ------
    UnsafeInput
        If the host has none on the public internet and is not exempt.
    OSError
        If the name cannot be resolved.
    """
    found = resolver(address.host, address.port)
    public = found if address.authority in exempt else [ip for ip in found if is_public(ip)]
    if not public:
        what = "the address leads to this machine or into a private network, and is not followed"
        raise UnsafeInput(Problem(what, _ACCEPTED, value=address.shown))
    return public


def check_literal(address: Address) -> None:
    """Refuse what is private on its face: all that can be checked where a proxy resolves the names; `UnsafeInput`."""
    host = address.host.rstrip(".").lower()
    try:
        ip: str | None = str(ipaddress.ip_address(host))
    except ValueError:
        try:
            ip = socket.inet_ntoa(socket.inet_aton(host))
        except OSError:
            ip = None
    is_local_name = host.rpartition(".")[2] in {"localhost", "local", "internal"}
    if is_local_name or (ip is not None and not is_public(ip)):
        what = "the address leads to this machine or into a private network, and is not followed"
        raise UnsafeInput(Problem(what, _ACCEPTED, value=address.shown))
