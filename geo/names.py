"""Place names: romanisation of Kazakh, the language of their letters, and a folded form that three spellings share.

Kazakh is romanised by the BGN/PCGN 1979 system. The folded form is for search and matching only: it maps
Kazakh, Russian and Latin spellings of one name ("Қарақобда", "Каракобда", "Qaraqobda", "Karakobda") to the
same lower-case ASCII string; it is never shown.
"""

import re
import unicodedata
from typing import Literal

_BGN_PCGN = {
    "а": "a", "ә": "ä", "б": "b", "в": "v", "г": "g", "ғ": "gh", "д": "d", "е": "e", "ё": "yo", "ж": "zh",
    "з": "z", "и": "ī", "й": "y", "к": "k", "қ": "q", "л": "l", "м": "m", "н": "n", "ң": "ng", "о": "o",
    "ө": "ö", "п": "p", "р": "r", "с": "s", "т": "t", "у": "ū", "ұ": "u", "ү": "ü", "ф": "f", "х": "kh",
    "һ": "h", "ц": "ts", "ч": "ch", "ш": "sh", "щ": "shch", "ъ": "”", "ы": "y", "і": "i", "ь": "’", "э": "ė",
    "ю": "yu", "я": "ya",
}  # fmt: skip

# Folding: what the three alphabets write differently becomes one letter. Order matters: digraphs first.
_FOLD_CYRILLIC = str.maketrans(
    {
        "ә": "a", "я": "a", "ғ": "г", "қ": "к", "х": "к", "һ": "к", "ң": "н", "ө": "о", "ё": "о", "ұ": "у",
        "ү": "у", "ю": "у", "і": "и", "ы": "и", "й": "и", "э": "е", "щ": "ш", "ъ": "", "ь": "",
    }
)  # fmt: skip
_CYRILLIC_TO_FOLDED = str.maketrans(
    {
        "а": "a", "б": "b", "в": "v", "г": "g", "д": "d", "е": "e", "ж": "j", "з": "z", "и": "i", "к": "k",
        "л": "l", "м": "m", "н": "n", "о": "o", "п": "p", "р": "r", "с": "s", "т": "t", "у": "u", "ф": "f",
        "ц": "c", "ч": "c", "ш": "s",
    }
)  # fmt: skip
_LATIN_DIGRAPHS = (
    ("shch", "s"), ("zh", "j"), ("kh", "k"), ("gh", "g"), ("sh", "s"), ("ch", "c"), ("ts", "c"), ("ya", "a"),
    ("yu", "u"), ("yo", "o"), ("ye", "e"), ("ng", "n"), ("q", "k"), ("x", "k"), ("h", "k"), ("y", "i"),
    ("w", "u"),
)  # fmt: skip
_KAZAKH_LETTERS = re.compile("[әғқңөұүһі]", re.IGNORECASE)
_CYRILLIC_LETTERS = re.compile("[\u0400-\u04ff]")
_LATIN_LETTERS = re.compile(r"[A-Za-z\u00c0-\u024f]")
_TURKIC_LATIN = str.maketrans({"ı": "i", "ş": "s", "ğ": "g", "ñ": "n", "ŋ": "n", "ç": "c"})


def romanise_kazakh(name: str) -> str:
    """BGN/PCGN 1979 romanisation of a Kazakh name in Cyrillic; other characters pass unchanged."""
    letters = []
    for index, letter in enumerate(name):
        latin = _BGN_PCGN.get(letter.lower())
        if latin is None:
            letters.append(letter)
        elif letter.isupper():
            next_is_upper = name[index + 1 : index + 2].isupper()
            letters.append(latin.upper() if next_is_upper else latin.capitalize())
        else:
            letters.append(latin)
    return "".join(letters)


def language_of(name: str) -> Literal["kk", "ru", "en"] | None:
    """The language that a name's letters say: ``kk`` by letters that only Kazakh has, ``ru`` for other Cyrillic.

    ``en`` stands for any name in Latin letters; None for one without letters.
    """
    if _KAZAKH_LETTERS.search(name):
        return "kk"
    if _CYRILLIC_LETTERS.search(name):
        return "ru"
    return "en" if _LATIN_LETTERS.search(name) else None


def fold(name: str) -> str:
    """Lower-case ASCII form that Kazakh, Russian and Latin spellings of one name share.

    Lossy on purpose (ы, і, й and и fall together, as do қ, к, х): compare folded with folded only.
    """
    text = name.casefold().translate(_FOLD_CYRILLIC).translate(_CYRILLIC_TO_FOLDED).translate(_TURKIC_LATIN)
    text = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    for digraph, letter in _LATIN_DIGRAPHS:
        text = text.replace(digraph, letter)
    text = re.sub(r"[^a-z0-9]+", " ", text)
    # a doubled letter is written single in one of the spellings ("Шоққайың", "Шокайын")
    return re.sub(r"([a-z])\1+", r"\1", text).strip()
