"""Content codings: the choice by weights, compressing, and the bounded memory of compressed bodies."""

import gzip

import brotli
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request

from api.web.encodings import COMPRESSORS, IDENTITY, CompressedBodies, NoAcceptableCoding, coding_of

EXPAND = {
    "gzip": gzip.decompress,
    "br": brotli.decompress,
    "zstd": lambda body: zstandard.ZstdDecompressor().decompress(body),
}


def request(header: str | None) -> Request:
    headers = [] if header is None else [(b"accept-encoding", header.encode("latin-1", "replace"))]
    return Request({"type": "http", "method": "GET", "path": "/", "query_string": b"", "headers": headers})


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, ("identity", False)),
        ("", ("identity", False)),
        ("gzip", ("gzip", False)),
        ("x-gzip", ("gzip", False)),
        ("br, gzip", ("br", False)),
        ("gzip, deflate, br, zstd", ("zstd", False)),
        ("gzip;q=1.0, br;q=0.9, zstd;q=0.8", ("gzip", False)),
        ("gzip;q=0", ("identity", False)),
        ("gzip;q=0.5, identity", ("identity", False)),
        ("gzip, identity", ("gzip", False)),
        ("identity;q=0, gzip;q=0.1", ("gzip", True)),
        ("*", ("zstd", False)),
        ("*;q=0.3, gzip;q=0.5", ("gzip", False)),
        ("zstd;q=0, *", ("br", False)),
        ("*;q=0, gzip", ("gzip", True)),
        ("*;q=0, identity", ("identity", False)),
        ("deflate, compress", ("identity", False)),
        ("gzip;q=x", ("identity", False)),
    ],
)
def test_the_coding_that_the_client_likes_best(header: str | None, expected: tuple[str, bool]) -> None:
    assert coding_of(request(header)) == expected


@pytest.mark.parametrize("header", ["identity;q=0", "*;q=0", "identity;q=0, deflate", "identity;q=0, *;q=0"])
def test_who_takes_nothing_that_there_is_is_told_what_there_is(header: str) -> None:
    with pytest.raises(NoAcceptableCoding, match="zstd, br, gzip, identity"):
        coding_of(request(header))


@given(st.text(alphabet="gzipbrstdent*;q=0.15, ", max_size=60))
def test_any_header_has_an_answer_or_a_refusal(header: str) -> None:
    try:
        assert coding_of(request(header)).name in {*COMPRESSORS, IDENTITY}
    except NoAcceptableCoding:
        assert "q=0" in header


@pytest.mark.parametrize("coding", COMPRESSORS)
def test_compressed_bodies_expand_to_the_same_and_are_the_same_each_time(coding: str) -> None:
    body = b'{"type":"Feature"}' * 10_000
    packed = COMPRESSORS[coding](body)
    assert EXPAND[coding](packed) == body
    assert len(packed) < len(body) / 50
    assert COMPRESSORS[coding](body) == packed


def test_kept_bodies_never_outgrow_their_room_and_the_last_used_stay() -> None:
    bodies = CompressedBodies(80)
    for number in range(8):
        bodies.keep(str(number), bytes(10))
    assert bodies.get("0") is not None
    bodies.keep("8", bytes(10))
    assert [n for n in range(9) if bodies.get(str(n)) is None] == [1]
    bodies.keep("large", bytes(11))
    assert bodies.get("large") is None
    bodies.keep("8", bytes(10))
    assert sum(bodies.get(str(n)) is not None for n in range(9)) == 8
