"""Whatever a server does, a download gives one of its files or an error, never a wrong file."""

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from geo.errors import ShalgaiError

VERSIONS = [b"[" + bytes(str(i), "ascii") * (700 + 131 * i) + b"]" for i in (1, 2)]
moves = st.tuples(
    st.sampled_from(["cut", "error", "long", "drop range", "rest of another"]),
    st.integers(0, 1),
    st.integers(0, 1000),
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(story=st.lists(moves, max_size=8), kill=st.integers(0, 8), has_tag=st.booleans())
def test_whatever_the_server_does_the_file_is_one_of_its_versions_or_an_error(
    server: Any, fetcher: Any, story: list[tuple[str, int, int]], kill: int, has_tag: bool
) -> None:
    """Versions change between attempts; a call ends early after `kill` attempts, and another goes on."""
    days = ["Mon, 01 Sep 2025 10:00:00 GMT", "Tue, 02 Sep 2025 10:00:00 GMT"]
    versions = [
        server.files(content, etag=None if has_tag else "", modified=day)
        for content, day in zip(VERSIONS, days, strict=True)
    ]
    server.script = [_behaviour(server, versions, *move) for move in story] + [versions[0]]
    for path in fetcher.folder.iterdir():
        path.unlink()
    for attempts in (kill + 1, 20):
        fetcher.attempts = attempts
        try:
            fetcher()
        except ShalgaiError:
            assert not fetcher.path.exists()
        else:
            assert fetcher.path.read_bytes() in VERSIONS
            break
    if all(move == "cut" or move == "error" for move, *_ in story):
        assert fetcher.path.read_bytes() in VERSIONS


def _behaviour(server: Any, versions: list[Any], move: str, which: int, count: int) -> Any:
    files = versions[which]
    if move == "cut":
        return files.cut(count)
    if move == "error":
        return server.status(500 + count % 4)
    if move == "long":
        return lambda handler: handler.answer(
            200, {"Content-Length": str(min(count, len(files.content) - 1))}, files.content
        )
    if move == "drop range":
        return lambda handler: handler.answer(200, {"Content-Length": str(len(files.content))}, files.content[:count])

    def rest_of_another(handler: Any) -> None:
        start, size = min(count, len(files.content) - 1), len(files.content)
        head = {"Content-Range": f"bytes {start}-{size - 1}/{size}", "Content-Length": str(size - start)}
        handler.answer(206, {**head, "ETag": files.etag, "Last-Modified": files.modified}, files.content[start:])

    return rest_of_another
