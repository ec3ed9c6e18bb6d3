"""Texts by number: a sorted vocabulary and, for each row, the number of its word."""

import re
import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

import numpy as np
import numpy.typing as npt

Fold = Callable[[str], str]
Codes = npt.NDArray[np.int32]

# letters with a stroke, and joined ones: an accent to people, but Unicode does not take them apart
_UNJOINED = str.maketrans(
    {"ø": "o", "Ø": "O", "đ": "d", "Đ": "D", "ð": "d", "Ð": "D", "ł": "l", "Ł": "L", "ħ": "h", "Ħ": "H"}
    | {"ŧ": "t", "Ŧ": "T", "æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE", "þ": "th", "Þ": "TH", "ı": "i", "ß": "ss"}
)


def without_case(text: str) -> str:
    """The text as any other way of writing it in capital or small letters becomes it too."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())


def without_accents(text: str) -> str:
    """The text without marks that combine with letters, and with plain letters for those with a stroke."""
    apart = unicodedata.normalize("NFD", text.translate(_UNJOINED))
    return unicodedata.normalize("NFC", "".join(letter for letter in apart if not unicodedata.combining(letter)))


def without_case_and_accents(text: str) -> str:
    """The text without either difference."""
    return without_accents(without_case(without_accents(text)))


@dataclass(frozen=True)
class Words:
    """A column of texts: `words` sorted by code point and distinct, and each row's place in them, -1 where missing.

    So a comparison of texts is one of numbers. A single text has `codes` without a dimension.
    """

    words: Sequence[str]
    codes: Codes

    @classmethod
    def of(cls, texts: Iterable[str | None]) -> "Words":
        """From texts, None where missing."""
        rows = list(texts)
        words = sorted({text for text in rows if text is not None})
        places: dict[str | None, int] = {word: place for place, word in enumerate(words)}
        places[None] = -1
        return cls(words, np.fromiter((places[text] for text in rows), dtype=np.int32, count=len(rows)))

    @classmethod
    def single(cls, text: str) -> "Words":
        """One text."""
        return cls([text], np.array(0, dtype=np.int32))

    @property
    def missing(self) -> npt.NDArray[np.bool_]:
        """Which rows have no text."""
        return np.asarray(self.codes < 0)

    def folded(self, fold: Fold) -> "Words":
        """The same rows with every word folded."""
        texts = [fold(word) for word in self.words]
        words = Words.of(texts)
        return Words(words.words, self.by_word(words.codes, -1))

    def by_word(self, values: npt.NDArray[Any], missing: Any) -> npt.NDArray[Any]:
        """For each row the value of its word; `missing` for rows without one."""
        return np.append(values, np.asarray(missing, dtype=values.dtype))[self.codes]

    def place(self, word: str) -> int:
        """The number of a word, -2 if there is no such."""
        at = bisect_left(self.words, word)
        return at if at < len(self.words) and self.words[at] == word else -2

    def below(self, word: str, *, included: bool) -> int:
        """How many words come before one, or are it if `included`."""
        return (bisect_right if included else bisect_left)(self.words, word)

    def in_words_of(self, other: "Words") -> tuple[Codes, Codes]:
        """Codes of both in one common vocabulary."""
        if self.words is other.words:
            return self.codes, other.codes
        words = sorted({*self.words, *other.words})
        places = {word: place for place, word in enumerate(words)}
        mine, theirs = (np.array([places[word] for word in w.words], dtype=np.int32) for w in (self, other))
        return self.by_word(mine, -1), other.by_word(theirs, -1)

    def like(self, pattern: str) -> npt.NDArray[np.bool_]:
        r"""Which rows match a pattern of LIKE; false where missing.

        ``%`` is any text, ``_`` one character, ``\`` takes the meaning of the next character away. Only words that
        begin as the pattern does are looked at, each in a time that is proportional to its length.
        """
        first, *rest = parts = _parts(pattern)
        begin = "".join(takewhile(lambda letter: letter is not None, first))  # type: ignore[arg-type]
        low = bisect_left(self.words, begin)
        high = bisect_right(self.words, begin, low, key=lambda word: word[: len(begin)])
        if rest == [[]] and len(begin) == len(first):
            return np.asarray((self.codes >= low) & (self.codes < high))
        matches = _matcher(parts)
        found = np.zeros(len(self.words), dtype=bool)
        found[low:high] = [matches(word) for word in self.words[low:high]]
        return self.by_word(found, False)


_Part = list[str | None]
"""What stands between two ``%``: characters, None for any one of them."""


def _parts(pattern: str) -> list[_Part]:
    parts: list[_Part] = [[]]
    letters = iter(pattern)
    for letter in letters:
        if letter == "%":
            if len(parts) == 1 or parts[-1]:
                parts.append([])
        elif letter == "_":
            parts[-1].append(None)
        else:
            parts[-1].append(next(letters, letter) if letter == "\\" else letter)
    return parts


def _matcher(parts: list[_Part]) -> Callable[[str], Any]:
    if len(parts) == 3 and not parts[0] and not parts[2] and None not in parts[1]:
        within = "".join(letter for letter in parts[1] if letter is not None)
        return lambda text: within in text
    first, *rest = ("".join("." if letter is None else re.escape(letter) for letter in part) for part in parts)
    if not rest:
        return re.compile(first, re.DOTALL).fullmatch
    # what an atomic group has found from the left it never gives back: no backtracking over the whole text
    middle = "".join(f"(?>.*?{part})" for part in rest[:-1])
    return re.compile(f"{first}{middle}.*{rest[-1]}", re.DOTALL).fullmatch
