"""Redirects, pinned addresses, certificates and proxies."""

import shutil
import socket
import ssl
import subprocess
from pathlib import Path
from typing import Any

import pytest

from geo.errors import SourceUnreachable, UnsafeInput, ValueRejected
from geo.remote.exchange import Broken, Client

CONTENT = b'{"a": 1}'


def redirect(server: Any, location: str) -> Any:
    return server.status(302, Location=location)


def test_redirects_are_followed(server: Any, fetcher: Any) -> None:
    server.script = [*(redirect(server, f"/{n}") for n in range(5)), server.files(CONTENT)]
    fetcher()
    assert fetcher.path.read_bytes() == CONTENT
    assert [path for path, _ in server.requests] == ["/file", "/0", "/1", "/2", "/3", "/4"]


def test_a_sixth_redirect_is_not_followed(server: Any, fetcher: Any) -> None:
    server.script = [redirect(server, "/file")]
    with pytest.raises(UnsafeInput, match="more than 5 redirects"):
        fetcher()
    assert len(server.requests) == 6


@pytest.mark.parametrize(
    "location",
    [
        "https://127.0.0.1/a",
        "https://10.0.0.1/a",
        "https://169.254.169.254/latest",
        "https://[::1]/",
        "https://[::ffff:127.0.0.1]/",
    ],
)
def test_a_redirect_to_a_private_address_is_refused_at_once(server: Any, fetcher: Any, location: str) -> None:
    server.script = [redirect(server, location + "?token=secret")]
    with pytest.raises(UnsafeInput, match="into a private network") as caught:
        fetcher()
    assert "secret" not in str(caught.value)
    assert fetcher.waits == []
    assert list(fetcher.folder.iterdir()) == []


def test_a_redirect_to_another_port_of_an_exempt_host_is_refused(server: Any, fetcher: Any) -> None:
    server.script = [redirect(server, "http://127.0.0.1:1/a")]
    with pytest.raises(UnsafeInput, match="without encryption"):
        fetcher()


def test_a_name_that_leads_to_this_machine_is_refused_without_a_connection(server: Any, fetcher: Any) -> None:
    client = fetcher.client(exempt=frozenset(), resolver=lambda host, port: ["127.0.0.1"])
    with pytest.raises(UnsafeInput, match="into a private network"):
        fetcher(client=client, url=f"https://files.example.org:{server.server_address[1]}/")
    assert server.requests == []


def test_a_name_is_resolved_once_and_the_checked_address_is_what_is_connected_to(
    fetcher: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers, connected = [["8.8.8.8"], ["127.0.0.1"]], []

    def connect(address: tuple[str, int], timeout: float) -> socket.socket:
        connected.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "create_connection", connect)
    client = fetcher.client(resolver=lambda host, port: answers.pop(0))
    with pytest.raises(SourceUnreachable, match="connection is refused"):
        fetcher(client=client, url="https://files.example.org/")
    assert connected == [("8.8.8.8", 443)]


def test_all_addresses_of_a_host_are_tried(server: Any, fetcher: Any) -> None:
    server.script = [server.files(CONTENT)]
    fetcher(client=fetcher.client(resolver=lambda host, port: ["127.0.0.2", "127.0.0.1"]))
    assert fetcher.path.read_bytes() == CONTENT


def test_a_name_that_cannot_be_resolved_is_told_at_once(fetcher: Any) -> None:
    def nowhere(host: str, port: int) -> list[str]:
        raise socket.gaierror

    with pytest.raises(SourceUnreachable, match=r"files\.example\.org cannot be reached: its name cannot be resolved"):
        fetcher(client=fetcher.client(resolver=nowhere), url="https://files.example.org/?token=secret")
    assert fetcher.waits == []


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    if shutil.which("openssl") is None:
        pytest.skip("needs openssl to make a certificate")
    folder = tmp_path_factory.mktemp("certificate")
    key, chain = folder / "key.pem", folder / "chain.pem"
    command = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
        "-days",
        "2",
    ]
    names = ["-subj", "/CN=files.example.org", "-addext", "subjectAltName=DNS:files.example.org"]
    subprocess.run([*command, "-keyout", key, "-out", chain, *names], check=True, capture_output=True)
    return chain, key


@pytest.fixture
def encrypted(server: Any, fetcher: Any, certificate: tuple[Path, Path]) -> Client:
    """A client that finds the encrypted server under any name."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    port = server.server_address[1]
    names = {f"{name}.example.org:{port}" for name in ("files", "other")}
    trust = ssl.create_default_context(cafile=str(certificate[0]))
    exempt = frozenset(names | {server.authority})
    found: Client = fetcher.client(exempt=exempt, resolver=lambda host, port: ["127.0.0.1"], trust=trust)
    return found


def test_the_certificate_is_checked_for_the_name_though_the_address_is_connected_to(
    server: Any, fetcher: Any, encrypted: Client
) -> None:
    port = server.server_address[1]
    server.script = [server.files(CONTENT)]
    fetcher(client=encrypted, url=f"https://files.example.org:{port}/a")
    assert fetcher.path.read_bytes() == CONTENT
    assert server.requests[0][1]["Host"] == f"files.example.org:{port}"
    with pytest.raises(SourceUnreachable, match="certificate is not trusted"):
        fetcher(client=encrypted, url=f"https://other.example.org:{port}/a")


def test_a_redirect_that_gives_up_the_encryption_is_refused(server: Any, fetcher: Any, encrypted: Client) -> None:
    port = server.server_address[1]
    server.script = [redirect(server, f"http://{server.authority}/a")]
    with pytest.raises(UnsafeInput, match="sends on to an address without encryption"):
        fetcher(client=encrypted, url=f"https://files.example.org:{port}/a")


def proxied(server: Any, **changes: Any) -> Client:
    return Client(proxies={"https": f"http://user:p%40ss@{server.authority}"}, connect_s=5, **changes)


def test_a_proxy_is_asked_by_name_and_its_password_is_never_shown(server: Any, fetcher: Any) -> None:
    asked = []

    def connect(handler: Any) -> None:
        asked.append((handler.path, handler.headers["Proxy-Authorization"]))
        handler.answer(407, {"Content-Length": "0"})

    server.RequestHandlerClass.do_CONNECT = connect
    try:
        with pytest.raises(SourceUnreachable, match="the proxy does not let it through") as caught:
            fetcher(client=proxied(server), url="https://files.example.org/a")
    finally:
        del server.RequestHandlerClass.do_CONNECT
    assert asked == [("files.example.org:443", "Basic dXNlcjpwQHNz")]
    assert "p@ss" not in str(caught.value)


def test_what_is_private_on_its_face_is_refused_also_behind_a_proxy(server: Any, fetcher: Any) -> None:
    with pytest.raises(UnsafeInput, match="into a private network"):
        fetcher(client=proxied(server), url="https://192.168.0.1/a")
    assert server.requests == []


@pytest.mark.parametrize("proxy", ["socks5://user:secret@proxy:1080", "https://proxy", "http://[::1", "http://"])
def test_a_proxy_that_cannot_be_used_is_told_without_its_password(proxy: str) -> None:
    with pytest.raises(ValueRejected, match="proxy of the environment") as caught, _get(Client(proxies={"all": proxy})):
        pass
    assert "secret" not in str(caught.value)


def test_the_proxy_of_the_environment_is_used_but_for_hosts_that_it_exempts(monkeypatch: pytest.MonkeyPatch) -> None:
    connected = []

    def connect(address: tuple[str, int], *arguments: Any, **options: Any) -> socket.socket:
        connected.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "create_connection", connect)
    monkeypatch.setattr("http.client.socket.create_connection", connect)
    monkeypatch.setenv("https_proxy", "http://proxy.example.org:3128")
    client = Client(resolver=lambda host, port: ["8.8.8.8"])
    for exempted in ("", "files.example.org"):
        monkeypatch.setenv("no_proxy", exempted)
        with pytest.raises(Broken), _get(client):
            pass
    assert connected == [("proxy.example.org", 3128), ("8.8.8.8", 443)]


def _get(client: Client) -> Any:
    return client.get("https://files.example.org/a", {})
