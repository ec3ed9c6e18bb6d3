"""Downloads from a server that behaves, breaks off, lies, stalls, changes its mind, and packs unasked."""

import gzip
import hashlib
import json
import shutil
import threading
from collections import namedtuple
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPMessage
from pathlib import Path
from typing import Any

import pytest

from geo.errors import (
    DownloadDamaged,
    FileProblem,
    LimitExceeded,
    NotPublished,
    ShalgaiError,
    SourceRefused,
    SourceUnreachable,
)
from geo.remote.download import State
from geo.remote.formats import Checksum
from geo.remote.kept import strong_validator

CONTENT = b'{"rows": [' + b"1234567, " * 40_000 + b"0]}"
OTHER = b'{"rows": [' + b"7654321, " * 40_000 + b"1]}"


def left_over(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()} - {"file.json", "file.json.origin.json"}


def test_a_file_arrives_with_its_origin_and_leaves_nothing_else(server: Any, fetcher: Any) -> None:
    server.script = [server.files(CONTENT)]
    assert fetcher() is State.NEW
    assert fetcher.path.read_bytes() == CONTENT
    origin = json.loads((fetcher.folder / "file.json.origin.json").read_text())
    assert origin["sha256"] == hashlib.sha256(CONTENT).hexdigest()
    assert origin["fetched_at"] == "2026-11-23"
    assert left_over(fetcher.folder) == set()
    assert fetcher.seen[0] == (0, len(CONTENT))
    assert fetcher.seen[-1] == (len(CONTENT), len(CONTENT))


def test_an_unchanged_file_is_asked_for_but_not_sent_again(server: Any, fetcher: Any) -> None:
    server.script = [server.files(CONTENT)]
    fetcher()
    assert fetcher() is State.UNCHANGED
    assert "If-None-Match" in server.requests[-1][1]


def test_refresh_asks_without_conditions(server: Any, fetcher: Any) -> None:
    server.script = [server.files(CONTENT)]
    fetcher()
    assert fetcher(is_refresh=True) is State.NEW
    assert not {"If-None-Match", "If-Modified-Since", "Range"} & set(server.requests[-1][1])


def test_a_file_whose_bytes_changed_on_the_disk_is_fetched_again(server: Any, fetcher: Any) -> None:
    server.script = [server.files(CONTENT)]
    fetcher()
    fetcher.path.write_bytes(OTHER)
    assert fetcher() is State.NEW
    assert fetcher.path.read_bytes() == CONTENT


def test_another_address_of_the_same_name_is_not_taken_for_the_file_that_is_there(server: Any, fetcher: Any) -> None:
    server.script = [server.files(CONTENT)]
    fetcher()
    assert fetcher(url=server.url + "?page=2") is State.NEW
    assert "If-None-Match" not in server.requests[-1][1]


def test_a_newer_file_takes_the_place_of_the_older_one(server: Any, fetcher: Any) -> None:
    server.script = [server.files(CONTENT)]
    fetcher()
    server.script = [server.files(OTHER)]
    assert fetcher() is State.NEW
    assert fetcher.path.read_bytes() == OTHER


def test_a_broken_transfer_goes_on_where_it_broke_off(server: Any, fetcher: Any) -> None:
    files = server.files(CONTENT)
    server.script = [files.cut(100_000), files]
    assert fetcher() is State.NEW
    assert fetcher.path.read_bytes() == CONTENT
    assert server.requests[1][1]["Range"] == "bytes=100000-"
    assert server.requests[1][1]["If-Range"] == files.etag


def test_a_later_call_goes_on_with_the_part_of_an_earlier_one(server: Any, fetcher: Any) -> None:
    fetcher.attempts = 1
    files = server.files(CONTENT)
    server.script = [files.cut(200_000)]
    with pytest.raises(SourceUnreachable, match="goes on with the 200000 bytes"):
        fetcher()
    server.script = [files]
    assert fetcher() is State.NEW
    assert server.requests[1][1]["Range"] == "bytes=200000-"
    assert fetcher.path.read_bytes() == CONTENT


def test_a_part_that_is_complete_but_for_its_name_is_finished(server: Any, fetcher: Any) -> None:
    fetcher.attempts = 1
    files = server.files(CONTENT)
    server.script = [files.cut(len(CONTENT) - 1)]
    with pytest.raises(SourceUnreachable):
        fetcher()
    (fetcher.folder / "file.json.part").write_bytes(CONTENT)
    server.script = [files]
    assert fetcher() is State.NEW
    assert server.requests[-1][1]["Range"] == f"bytes={len(CONTENT) - 1}-"
    assert fetcher.path.read_bytes() == CONTENT


@pytest.mark.parametrize("etag", [None, ""], ids=["by tag", "by date"])
def test_a_file_that_changes_between_attempts_is_fetched_anew(server: Any, fetcher: Any, etag: str | None) -> None:
    later = "Tue, 02 Sep 2025 10:00:00 GMT"
    server.script = [server.files(CONTENT, etag=etag).cut(100_000), server.files(OTHER, etag=etag, modified=later)]
    assert fetcher() is State.NEW
    assert fetcher.path.read_bytes() == OTHER


def test_a_server_that_gives_the_rest_of_another_version_is_not_believed(server: Any, fetcher: Any) -> None:
    def rest_of_another(handler: Any) -> None:
        span = {"Content-Range": f"bytes 100000-{len(OTHER) - 1}/{len(OTHER)}", "ETag": '"other"'}
        handler.answer(206, {**span, "Content-Length": str(len(OTHER) - 100_000)}, OTHER[100_000:])

    server.script = [server.files(CONTENT).cut(100_000), rest_of_another, server.files(OTHER)]
    assert fetcher() is State.NEW
    assert fetcher.path.read_bytes() == OTHER


@pytest.mark.parametrize(
    ("start", "total", "headers"),
    [(0, len(CONTENT), {}), (100_000, len(CONTENT) + 9, {}), (100_000, len(CONTENT), {"Content-Encoding": "gzip"})],
    ids=["another place", "another length", "another packing"],
)
def test_a_rest_that_does_not_fit_what_came_before_is_not_taken(
    server: Any, fetcher: Any, start: int, total: int, headers: dict[str, str]
) -> None:
    files = server.files(CONTENT)

    def misfit(handler: Any) -> None:
        span = {"Content-Range": f"bytes {start}-{total - 1}/{total}", "Content-Length": str(total - start)}
        handler.answer(206, {**span, "ETag": files.etag, **headers}, (CONTENT + b" " * 9)[start:total])

    server.script = [files.cut(100_000), misfit, files]
    assert fetcher() is State.NEW
    assert len(server.requests) == 3
    assert fetcher.path.read_bytes() == CONTENT


def test_a_whole_file_that_calls_itself_the_rest_is_not_taken_even_if_its_length_is_not_told(
    server: Any, fetcher: Any
) -> None:
    files = server.files(CONTENT)
    chunks = f"{len(CONTENT):x}\r\n".encode() + CONTENT + b"\r\n0\r\n\r\n"
    head = {"Content-Range": f"bytes 0-{len(CONTENT) - 1}/{len(CONTENT)}", "Transfer-Encoding": "chunked"}
    server.script = [
        files.cut(100_000),
        lambda handler: handler.answer(206, {**head, "ETag": files.etag}, chunks),
        files,
    ]
    assert fetcher() is State.NEW
    assert fetcher.path.read_bytes() == CONTENT


def test_a_part_of_another_address_is_not_gone_on_with(server: Any, fetcher: Any) -> None:
    fetcher.attempts = 1
    server.script = [server.files(CONTENT, etag='"1"').cut(100_000)]
    with pytest.raises(SourceUnreachable):
        fetcher()
    server.script = [server.files(OTHER, etag='"1"')]
    fetcher(url=server.url + "?page=2")
    assert fetcher.path.read_bytes() == OTHER


def test_a_date_within_the_second_of_the_answer_does_not_tell_versions_apart() -> None:
    headers = HTTPMessage()
    headers["Last-Modified"] = headers["Date"] = "Mon, 01 Sep 2025 10:00:00 GMT"
    assert strong_validator(headers) is None
    headers.replace_header("Date", "Mon, 01 Sep 2025 10:00:01 GMT")
    assert strong_validator(headers) == "Mon, 01 Sep 2025 10:00:00 GMT"


def test_a_server_that_ignores_ranges_is_taken_from_the_beginning(server: Any, fetcher: Any) -> None:
    files = server.files(CONTENT, ranges=False)
    server.script = [files.cut(100_000), files]
    assert fetcher() is State.NEW
    assert fetcher.path.read_bytes() == CONTENT


@pytest.mark.parametrize("etag", ["", 'W/"weak"'])
def test_without_a_strong_validator_a_transfer_starts_anew(server: Any, fetcher: Any, etag: str) -> None:
    files = server.files(CONTENT, etag=etag, modified=None)
    server.script = [files.cut(100_000), files]
    assert fetcher() is State.NEW
    assert "Range" not in server.requests[1][1]
    assert fetcher.path.read_bytes() == CONTENT


def test_a_body_longer_than_announced_is_refused(server: Any, fetcher: Any) -> None:
    server.script = [lambda handler: handler.answer(200, {"Content-Length": "12"}, b'{"a": [1, 2]}, 3]}')]
    with pytest.raises(DownloadDamaged, match="sends more than it announced"):
        fetcher()
    assert list(fetcher.folder.iterdir()) == []


def test_a_body_always_shorter_than_announced_gives_up_after_the_last_attempt(server: Any, fetcher: Any) -> None:
    server.script = [lambda handler: handler.answer(200, {"Content-Length": "1000"}, b'{"a": 1}')]
    with pytest.raises(SourceUnreachable, match="breaks off, 4 times in a row"):
        fetcher()
    assert not fetcher.path.exists()
    assert fetcher.waits == [1.0, 2.0, 4.0]


def test_a_body_of_unknown_end_is_refused_unless_a_checksum_vouches_for_it(server: Any, fetcher: Any) -> None:
    server.script = [lambda handler: handler.answer(200, {}, CONTENT)]
    with pytest.raises(DownloadDamaged, match="does not say how long"):
        fetcher()
    fetcher(checksum=Checksum("sha256", hashlib.sha256(CONTENT).hexdigest()))
    assert fetcher.path.read_bytes() == CONTENT


def test_a_chunked_body_is_whole_only_with_its_last_chunk(server: Any, fetcher: Any) -> None:
    chunk = f"{len(CONTENT):x}\r\n".encode() + CONTENT + b"\r\n"
    head = {"Transfer-Encoding": "chunked"}
    server.script = [
        lambda handler: handler.answer(200, head, chunk),
        lambda handler: handler.answer(200, head, chunk + b"0\r\n\r\n"),
    ]
    assert fetcher() is State.NEW
    assert len(server.requests) == 2
    assert fetcher.path.read_bytes() == CONTENT


def test_a_stalled_body_is_gone_on_with(server: Any, fetcher: Any) -> None:
    files = server.files(CONTENT)

    def stall(handler: Any) -> None:
        files(handler, 100_000)
        handler.wfile.flush()
        server.released.wait(30)

    server.script = [stall, files]
    assert fetcher(client=fetcher.client(stall_s=0.2)) is State.NEW
    assert server.requests[1][1]["Range"] == "bytes=100000-"
    assert fetcher.path.read_bytes() == CONTENT


def test_a_server_that_never_answers_is_given_up(server: Any, fetcher: Any) -> None:
    fetcher.attempts = 2
    server.script = [lambda handler: server.released.wait(30)]
    with pytest.raises(SourceUnreachable, match="does not answer in time, 2 times in a row"):
        fetcher(client=fetcher.client(stall_s=0.1))


def test_errors_of_the_server_are_waited_out_with_growing_waits(server: Any, fetcher: Any) -> None:
    server.script = [server.status(500), server.status(503), server.status(502), server.files(CONTENT)]
    assert fetcher() is State.NEW
    assert fetcher.waits == [1.0, 2.0, 4.0]


def test_a_server_that_says_when_to_come_back_is_obeyed_within_reason(server: Any, fetcher: Any) -> None:
    server.script = [server.status(429, Retry_After="7"), server.files(CONTENT)]
    fetcher()
    assert fetcher.waits == [7.0]
    server.script = [server.status(429, Retry_After="86400")]
    with pytest.raises(SourceUnreachable, match="status 429"):
        fetcher(is_refresh=True)
    assert fetcher.waits == [7.0]


@pytest.mark.parametrize(
    ("code", "error"), [(404, NotPublished), (410, NotPublished), (401, SourceRefused), (403, SourceRefused)]
)
def test_a_plain_no_is_not_asked_again(server: Any, fetcher: Any, code: int, error: type[ShalgaiError]) -> None:
    server.script = [server.status(code)]
    with pytest.raises(error, match=f"status {code}"):
        fetcher()
    assert len(server.requests) == 1


def test_a_wrong_checksum_leaves_the_older_file_in_place(server: Any, fetcher: Any) -> None:
    server.script = [server.files(CONTENT)]
    fetcher()
    server.script = [server.files(OTHER)]
    with pytest.raises(DownloadDamaged, match="another md5 than published"):
        fetcher(checksum=Checksum("md5", "0" * 32))
    assert fetcher.path.read_bytes() == CONTENT
    assert left_over(fetcher.folder) == set()


def test_an_error_page_in_place_of_the_file_is_refused(server: Any, fetcher: Any) -> None:
    server.script = [server.files(b"<html>You have reached your daily limit</html>")]
    with pytest.raises(DownloadDamaged, match="what arrived is not json"):
        fetcher()
    assert list(fetcher.folder.iterdir()) == []


def test_a_transfer_that_the_server_packed_is_unpacked_also_after_a_break(server: Any, fetcher: Any) -> None:
    packed = server.files(gzip.compress(CONTENT, mtime=0), headers={"Content-Encoding": "gzip"})
    server.script = [packed.cut(100), packed]
    fetcher(checksum=Checksum("md5", hashlib.md5(CONTENT, usedforsecurity=False).hexdigest()))
    assert fetcher.path.read_bytes() == CONTENT
    assert server.requests[1][1]["Range"] == "bytes=100-"
    assert left_over(fetcher.folder) == set()


@pytest.mark.parametrize("layers", [1, 2])
def test_a_gzip_file_stays_one_whatever_the_server_calls_it(server: Any, fetcher: Any, layers: int) -> None:
    body = wanted = gzip.compress(CONTENT, mtime=0)
    for _ in range(layers - 1):
        body = gzip.compress(body, mtime=0)
    server.script = [server.files(body, headers={"Content-Encoding": "gzip"})]
    fetcher(form="gzip")
    assert fetcher.path.read_bytes() == wanted


@pytest.mark.parametrize("spoil", [lambda body: body[:-5], lambda body: body + b"more", lambda body: b"plain"])
def test_a_packed_transfer_that_is_not_one_is_refused(server: Any, fetcher: Any, spoil: Any) -> None:
    body = spoil(gzip.compress(CONTENT, mtime=0))
    server.script = [server.files(body, headers={"Content-Encoding": "gzip"})]
    with pytest.raises(DownloadDamaged, match="cannot be unpacked"):
        fetcher()
    assert list(fetcher.folder.iterdir()) == []


def test_what_is_larger_than_the_settings_allow_is_not_fetched(server: Any, fetcher: Any) -> None:
    head = {"Transfer-Encoding": "chunked"}
    chunk = f"{len(CONTENT):x}\r\n".encode() + CONTENT + b"\r\n0\r\n\r\n"
    packed = server.files(gzip.compress(CONTENT, mtime=0), headers={"Content-Encoding": "gzip"})
    for behaviour in (server.files(CONTENT), lambda handler: handler.answer(200, head, chunk), packed):
        server.script = [behaviour]
        with pytest.raises(LimitExceeded):
            fetcher(bytes_max=200_000)
        assert list(fetcher.folder.iterdir()) == []


def test_a_disk_without_room_is_told_before_anything_is_fetched(
    server: Any, fetcher: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(10**9, 10**9, 1000))
    server.script = [server.files(CONTENT)]
    with pytest.raises(FileProblem, match="No space left"):
        fetcher()
    assert list(fetcher.folder.iterdir()) == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_disk_that_fills_up_on_the_way_is_told(server: Any, fetcher: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    plain_open = Path.open

    def full_disk(path: Path, mode: str = "r", **options: Any) -> Any:
        return plain_open(Path("/dev/full") if mode == "ab" else path, mode, **options)

    monkeypatch.setattr(Path, "open", full_disk)
    server.script = [server.files(CONTENT)]
    with pytest.raises(FileProblem, match=r"No space left on device.*goes on with what has arrived"):
        fetcher()
    assert not fetcher.path.exists()


def test_a_folder_that_cannot_be_written_to_is_named(server: Any, fetcher: Any) -> None:
    (fetcher.folder / "file.json.part").mkdir()
    server.script = [server.files(CONTENT)]
    with pytest.raises(FileProblem, match="cannot be written"):
        fetcher()


def test_a_part_state_that_cannot_be_read_starts_the_file_anew(server: Any, fetcher: Any) -> None:
    (fetcher.folder / "file.json.part").write_bytes(b"whatever")
    (fetcher.folder / "file.json.part.json").write_bytes(b'{"key": ')
    server.script = [server.files(CONTENT)]
    assert fetcher() is State.NEW
    assert fetcher.path.read_bytes() == CONTENT


def test_two_downloads_of_one_file_at_once_fetch_it_once(server: Any, fetcher: Any) -> None:
    files, both_wait = server.files(CONTENT), threading.Event()

    def slow(handler: Any) -> None:
        both_wait.wait(30)
        files(handler)

    server.script = [slow, files]
    with ThreadPoolExecutor(2) as pool:
        running = [pool.submit(fetcher) for _ in range(2)]
        both_wait.set()
        states = sorted(future.result() for future in running)
    assert states == [State.NEW, State.UNCHANGED]
    assert fetcher.path.read_bytes() == CONTENT
