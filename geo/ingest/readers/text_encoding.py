"""The encoding of delimited text: what a mark or the user says, else UTF-8, else the likeliest Cyrillic code page."""

import codecs
import io
import re
from pathlib import Path

from geo.errors import FileProblem, Problem, ValueRejected
from geo.ingest.files import starts_with
from geo.ingest.report import Finding, Severity

CODE_PAGES = ("kz1048", "cp866", "koi8-r")
"""Code pages that are told apart: Windows (KZ-1048 writes Russian as cp1251 does), DOS, Unix; the commonest first."""

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_CHUNK_BYTES = 1 << 20
_WINDOW_BYTES = 1 << 15
_SAMPLE_BYTES = 1 << 13
_WORDS_WITH_LETTERS = re.compile(rb"[^\x00-\x40\x80-\xff]*[\x80-\xff][^\x00-\x40]*")

# Detectors made for long prose take a single village, or a header in capitals, for another code page. What tells the
# three apart in short tables is how common the letters are that they give (as logarithms), and that no capital stands
# inside a word: KOI8-R has its small letters where Windows has its capitals.
_COMMONNESS = {
    letter: value
    for letters, value in (
        ("оаеинтслрк", -2.6),
        ("вмдпуяыгб", -3.5),
        ("зчйьхжшюқұ", -4.4),
        ("щцэфъёіңүәөғһ", -5.4),
        ("«»№–—’“”„°\xa0", -5.4),
    )
    for letter in letters
}
_UNUSUAL = -9.0
_CAPITAL_INSIDE_A_WORD = -6.0
_SMALL_LETTER_FIRST = -0.5
_COMMONEST_PAGE = 3.0


def text_encoding(path: Path, given: str | None = None) -> tuple[str, list[Finding]]:
    """The encoding of a text file, as Python names it; the whole file is checked to be in it, a piece at a time.

    A given encoding wins over a byte order mark, which wins over UTF-8; text that is not UTF-8 is taken for the
    likeliest of `CODE_PAGES`, and a note (``encoding_detected``) says so.

    Raises
    ------
    ValueRejected
        If the given encoding does not exist.
    FileProblem
        If the text does not follow it, naming line and byte.
    """
    if given is not None:
        _check_known(given)
        _check(path, given, f"State another encoding than {given}")
        return given, []
    start = starts_with(path, 4)
    marked = next((name for mark, name in _MARKS if start.startswith(mark)), None)
    if marked is not None:
        _check(path, marked, "Save the file as CSV UTF-8")
        return marked, [] if marked == "utf-8-sig" else [_detected("UTF-16")]
    wrong = _first_wrong_byte(path, "utf-8")
    if wrong is None:
        return "utf-8", []
    before, after = _around(path, wrong)
    read = (before + after).decode("utf-8", errors="replace")
    replaced = read.count("\ufffd")
    if len(read) - replaced - sum(map(str.isascii, read)) > replaced:
        raise _not_in(path, "utf-8", wrong, "The text is damaged there: save the file again as CSV UTF-8")
    page = likeliest_page(before[before.rfind(b"\n") + 1 :] + after)
    _check(path, page, "State the encoding of the file, or save it as CSV UTF-8")
    return page, [_detected(page)]


def likeliest_page(sample: bytes) -> str:
    """The one of `CODE_PAGES` in which a sample reads most like Russian or Kazakh."""
    words = b" ".join(_WORDS_WITH_LETTERS.findall(sample))[:_SAMPLE_BYTES]

    def likeness(page: str) -> float:
        text = words.decode(page, errors="replace")
        total = _COMMONEST_PAGE if page == CODE_PAGES[0] else 0.0
        for before, letter in zip(" " + text, text, strict=False):
            if letter.isascii():
                continue
            total += _COMMONNESS.get(letter.lower(), _UNUSUAL)
            if letter.isupper() and before.islower():
                total += _CAPITAL_INSIDE_A_WORD
            elif letter.islower() and not before.isalpha():
                total += _SMALL_LETTER_FIRST
        return total

    return max(CODE_PAGES, key=likeness)


def _detected(name: str) -> Finding:
    what = f"the text is not UTF-8; it was read as {name}"
    return Finding("encoding_detected", Severity.NOTE, what, "If names look wrong, state the encoding")


def _check_known(name: str) -> None:
    try:
        io.TextIOWrapper(io.BytesIO(), encoding=name).read()
    except (LookupError, ValueError) as error:
        remedy = "Accepted: a name such as utf-8, cp1251, kz1048, cp866, koi8-r, utf-16"
        raise ValueRejected(Problem("no such text encoding", remedy, value=name)) from error


def _check(path: Path, encoding: str, remedy: str) -> None:
    wrong = _first_wrong_byte(path, encoding)
    if wrong is not None:
        raise _not_in(path, encoding, wrong, remedy)


def _first_wrong_byte(path: Path, encoding: str) -> int | None:
    """Offset of the first byte that the encoding does not allow; None where all follow it."""
    decoder = codecs.getincrementaldecoder(encoding)()
    fed = 0
    with path.open("rb") as stream:
        while True:
            chunk = stream.read(_CHUNK_BYTES)
            pending = len(decoder.getstate()[0])
            try:
                decoder.decode(chunk, final=not chunk)
            except UnicodeDecodeError as error:
                return fed - pending + error.start
            except UnicodeError:
                # some codecs, such as idna, do not say where
                return fed
            if not chunk:
                return None
            fed += len(chunk)


def _around(path: Path, offset: int) -> tuple[bytes, bytes]:
    with path.open("rb") as stream:
        start = max(0, offset - _WINDOW_BYTES)
        stream.seek(start)
        return stream.read(offset - start), stream.read(_WINDOW_BYTES)


def _not_in(path: Path, encoding: str, offset: int, remedy: str) -> FileProblem:
    line, left = 1, offset
    with path.open("rb") as stream:
        while left > 0 and (chunk := stream.read(min(left, _CHUNK_BYTES))):
            line += chunk.count(b"\n")
            left -= len(chunk)
    what = f"the text is not {encoding} at byte {offset + 1}, in line {line}"
    return FileProblem(Problem(what, remedy, path.name))
