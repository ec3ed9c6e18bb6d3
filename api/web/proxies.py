"""What a reverse proxy says of the client's request, believed only from the proxies that the operator trusts."""

import ipaddress
import re

from starlette.types import ASGIApp, Receive, Scope, Send

from api.web.links import host_is_sound
from geo.errors import Problem, ValueRejected

_Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_PREFIX = re.compile(r"(/[A-Za-z0-9._~-]+)*")
ANY = "*"


def parse_proxies(text: str) -> tuple[_Network, ...]:
    """Addresses and networks separated by commas; ``*`` is every address.

    Raises
    ------
    ValueRejected
        For what is neither.
    """
    networks: list[_Network] = []
    for part in filter(None, (part.strip() for part in text.split(","))):
        try:
            networks += map(ipaddress.ip_network, ("0.0.0.0/0", "::/0") if part == ANY else (part,))
        except ValueError as error:
            remedy = "Accepted in SHALGAI_TRUSTED_PROXIES: addresses like 10.0.0.1, networks like 10.0.0.0/8, or *"
            raise ValueRejected(Problem("not an address or network", remedy, value=part)) from error
    return tuple(networks)


class ProxyMiddleware:
    """Puts the client's own address, scheme, host and path prefix in the place of the proxy's.

    `root_path` is the prefix where no proxy tells one; the proxy strips it from what it passes on.
    """

    def __init__(self, app: ASGIApp, proxies: tuple[_Network, ...], root_path: str = "") -> None:
        self.app = app
        self._proxies = proxies
        self._root_path = root_path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] == "http" and self._root_path:
            scope = {**scope, "root_path": self._root_path}
        if scope["type"] == "http" and scope.get("client") and self._trusts(scope["client"][0]):
            scope = self._seen_by_client(scope)
        await self.app(scope, receive, send)

    def _trusts(self, address: str) -> bool:
        try:
            parsed = ipaddress.ip_address(address)
        except ValueError:
            return False
        return any(parsed in network for network in self._proxies)

    def _seen_by_client(self, scope: Scope) -> Scope:
        told: dict[bytes, str] = {}
        for name, value in scope["headers"]:
            if name.startswith(b"x-forwarded-"):
                told[name] = (f"{told[name]}," if name in told else "") + value.decode("latin-1")
        changed = dict(scope)
        for address in reversed([part.strip() for part in told.get(b"x-forwarded-for", "").split(",")]):
            # from the right: each trusted proxy has appended whom it saw; what lies beyond the first other is a claim
            host = _address(address)
            if host is None:
                break
            changed["client"] = (host, 0)
            if not self._trusts(host):
                break
        # of several proxies the last one is ours; the ones before it may not be
        scheme = _last(told.get(b"x-forwarded-proto"))
        if scheme in ("http", "https"):
            changed["scheme"] = scheme
        host = _last(told.get(b"x-forwarded-host"))
        if host and host_is_sound(host):
            kept = [(name, value) for name, value in scope["headers"] if name != b"host"]
            changed["headers"] = [*kept, (b"host", host.encode("latin-1"))]
        prefix = _last(told.get(b"x-forwarded-prefix")).rstrip("/")
        if prefix and _PREFIX.fullmatch(prefix):
            changed["root_path"] = prefix
        return changed


def _last(text: str | None) -> str:
    return "" if text is None else text.rpartition(",")[2].strip()


def _address(text: str) -> str | None:
    """An address without its port, None if it is none."""
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return None
