"""Addresses that may be asked, and how they are shown."""

import socket

import pytest

from geo.errors import UnsafeInput
from geo.remote.addresses import check_literal, checked_ips, is_public, parsed, redirected


@pytest.mark.parametrize("ip", ["8.8.8.8", "52.219.75.10", "2a00:1450:4010::64", "64:ff9b::808:808", "2002:808:808::1"])
def test_addresses_of_the_public_internet_are_known(ip: str) -> None:
    assert is_public(ip)


@pytest.mark.parametrize(
    "ip",
    [
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "192.0.0.8",
        "198.18.0.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "0.0.0.0",  # noqa: S104
        "::",
        "::1",
        "::127.0.0.1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b:1::1",
        "2002:7f00:1::",
        "2001::1",
        "2001:db8::1",
        "fc00::1",
        "fe80::1%eth0",
        "fec0::1",
        "ff02::1",
        "ff0e::1",
    ],
)
def test_private_loopback_link_local_multicast_and_reserved_addresses_are_not_public(ip: str) -> None:
    assert not is_public(ip)


def test_only_the_public_addresses_of_a_host_are_connected_to() -> None:
    address = parsed("https://files.example.org/a")
    assert checked_ips(address, (), lambda host, port: ["10.0.0.1", "8.8.8.8"]) == ["8.8.8.8"]


def test_a_host_with_private_addresses_only_is_refused() -> None:
    with pytest.raises(UnsafeInput, match="into a private network"):
        checked_ips(parsed("https://files.example.org/a"), (), lambda host, port: ["10.0.0.1", "::1"])


@pytest.mark.parametrize("host", ["127.1", "0x7f000001", "2130706433", "localhost", "0"])
def test_a_number_that_is_an_address_in_disguise_is_seen_through(host: str) -> None:
    with pytest.raises(UnsafeInput):
        checked_ips(
            parsed(f"https://{host}/"),
            (),
            lambda name, port: [socket.gethostbyname(name)] if name != "0" else ["0.0.0.0"],  # noqa: S104
        )
    with pytest.raises(UnsafeInput):
        check_literal(parsed(f"https://{host}/"))


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org/a",
        "ftp://example.org/a",
        "file:///etc/passwd",
        "https:///a",
        "https://user:secret@example.org/a",
        "https://secret@example.org/a",
        "https://example.org:port/a",
        "https://[::1/a",
        "https://" + "a" * 64 + ".org/",
        "nonsense",
        "",
    ],
)
def test_what_is_not_a_plain_https_address_is_refused_without_showing_its_secrets(url: str) -> None:
    with pytest.raises(UnsafeInput) as caught:
        parsed(url)
    assert "secret" not in str(caught.value)


def test_an_address_is_shown_without_its_query() -> None:
    assert parsed("https://example.org:8443/a b?token=secret").shown == "https://example.org:8443/a%20b"
    assert parsed("https://example.org/?token=secret&x=1").target == "/?token=secret&x=1"


def test_a_host_of_other_letters_is_asked_by_its_ascii_name() -> None:
    assert parsed("https://қаз.қаз/").host == "xn--80ao21a.xn--80ao21a"


def test_a_redirect_may_be_relative_but_must_not_give_up_the_encryption() -> None:
    origin = parsed("https://example.org/a/b?c=1")
    assert redirected(origin, "../d").shown == "https://example.org/d"
    assert redirected(origin, "//other.org/d").shown == "https://other.org/d"
    with pytest.raises(UnsafeInput):
        redirected(origin, "http://other.org/d")
    with pytest.raises(UnsafeInput, match="sends on to an address without encryption"):
        redirected(origin, "http://local:80/d", exempt={"local"})


@pytest.mark.parametrize(
    "location", ["\r\nX: y", "https://exa mple.org", "https://u:p@example.org/", "javascript:alert(1)"]
)
def test_a_redirect_to_what_is_no_address_is_refused_or_made_harmless(location: str) -> None:
    origin = parsed("https://example.org/a")
    try:
        target = redirected(origin, location)
    except UnsafeInput:
        return
    assert target.host == "example.org"
    assert not {"\r", "\n", " "} & set(target.target)
