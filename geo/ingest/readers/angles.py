"""Angles and positions as people write them: decimal or in degrees, minutes and seconds, with or without hemisphere.

Hemispheres are taken in English, Russian and Kazakh: N, с.ш., С, с.е.; S, ю.ш., Ю, о.е.; E, в.д., В, ш.б.;
W, з.д., З, б.б. A Latin C is taken for the Cyrillic one, which looks the same.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

_LONGEST = 80
"""Characters of the longest text in which an angle is looked for."""
_PLAIN = r"\s*[-+]?[0-9]+(?:[.,][0-9]*)?(?:[eE][-+]?[0-9]{1,3})?\s*"
_GROUPED = r"\s*[-+]?[0-9]{1,3}(?:[ \u00a0\u202f][0-9]{3})+(?:[.,][0-9]*)?\s*"

_ALONE = r"(?<![^\W\d_])(?:{})(?![^\W\d_])"
_HEMISPHERES = (
    ("N", r"north|сев\w*\.?(?:\s*ш\w*\.?)?|солт\w*\.?(?:\s*е\w*\.?)?|[сc]\.?\s?ш\.?|[сc]\.\s?е\.?|[nсc]\.?"),
    ("S", r"south|южн\w*\.?(?:\s*ш\w*\.?)?|оңт\w*\.?(?:\s*е\w*\.?)?|ю\.?\s?ш\.?|о\.\s?е\.?|[sюо]\.?"),
    ("E", r"east|вост\w*\.?(?:\s*д\w*\.?)?|шығ\w*\.?(?:\s*б\w*\.?)?|в\.?\s?д\.?|ш\.\s?б\.?|[eвш]\.?"),
    ("W", r"west|зап\w*\.?(?:\s*д\w*\.?)?|бат\w*\.?(?:\s*б\w*\.?)?|з\.?\s?д\.?|б\.\s?б\.?|[wзб]\.?"),
)
_SPELLINGS = (
    ("-", r"[−–]"),
    ("°", _ALONE.format(r"deg\w*\.?|град\w*\.?|гр\.?") + r"|[º˚ᵒ]"),
    ("'", _ALONE.format(r"min\w*\.?|мин\w*\.?") + r"|[’′‘`´ʹ]"),
    ('"', _ALONE.format(r"sec\w*\.?|сек\w*\.?") + r"|[”″“„ʺ]|''"),
    *((letter, _ALONE.format(spellings)) for letter, spellings in _HEMISPHERES),
)
_FRACTION = r"(?:[.,][0-9]+)?"
_AFTER_DEGREES = r"(?:\s*[°:]\s*|-|\s+)"
_AFTER_MINUTES = r"(?:\s*[':]\s*|-|\s+)"
_PARTS = (
    rf"(?:(?P<d3{{0}}>[0-9]{{{{1,3}}}}){_AFTER_DEGREES}(?P<m3{{0}}>[0-9]{{{{1,2}}}}){_AFTER_MINUTES}"
    rf'(?P<s3{{0}}>[0-9]{{{{1,2}}}}{_FRACTION})\s*"?'
    rf"|(?P<d2{{0}}>[0-9]{{{{1,3}}}}){_AFTER_DEGREES}(?P<m2{{0}}>[0-9]{{{{1,2}}}}{_FRACTION})\s*'?"
    rf"|(?P<d1{{0}}>[0-9]{{{{1,3}}}}{_FRACTION})\s*°?)"
)
# a hemisphere stands before or after, never both: what follows may be that of the second angle
_ANGLE = rf"(?P<before{{0}}>[NSEW])?\s*(?P<sign{{0}}>[-+])?\s*{_PARTS}(?(before{{0}})|\s*(?P<after{{0}}>[NSEW])?)"
_ONE = rf"^\s*{_ANGLE.format('')}\s*$"
_BETWEEN = r"(?P<between>\s*[;/|]\s*|\s*,\s+|\s+,\s*|,|\s+|(?<=[NSEW])|(?=[NSEW]))"
_TWO = rf"^[\s(\[]*{_ANGLE.format('_a')}{_BETWEEN}{_ANGLE.format('_b')}[\s)\]]*$"


@dataclass(frozen=True)
class Angles:
    """Angles in degrees, NaN where the text is none, and what their hemisphere letters say, each of shape (n,)."""

    degrees: Floats
    is_latitude: Flags
    is_longitude: Flags


def plain_numbers(text: pd.Series) -> Floats:
    """Numbers with a decimal point or comma and, perhaps, spaces between thousands; NaN where the text is none."""
    text = text.fillna("")
    fits = text.str.fullmatch(_PLAIN)
    grouped = ~fits & text.str.fullmatch(_GROUPED)
    if grouped.any():
        text = text.mask(grouped, text.str.replace(r"\s", "", regex=True))
        fits |= grouped
    numbers = pd.to_numeric(text.where(fits, None).str.replace(",", ".", regex=False).str.strip(), errors="coerce")
    values = numbers.to_numpy(dtype=np.float64, na_value=np.nan).copy()
    values[~np.isfinite(values)] = np.nan
    return values


def angles(text: pd.Series) -> Angles:
    """Angles of a column of text, shape (n,)."""
    degrees = _decimal_degrees(text)
    latitudes, longitudes = np.zeros(len(text), dtype=bool), np.zeros(len(text), dtype=bool)
    others = np.flatnonzero(np.isnan(degrees) & text.notna().to_numpy())
    if others.size:
        found = _angle(_spelt(text.iloc[others]).str.extract(_ONE), "")
        degrees[others], latitudes[others], longitudes[others] = found.degrees, found.is_latitude, found.is_longitude
    return Angles(degrees, latitudes, longitudes)


def pairs(text: pd.Series) -> tuple[Angles, Angles]:
    """First and second angle of a column that holds both in one cell, each of shape (n,).

    Where it is not clear where the first one ends, both are NaN: ``50,57`` may be one number with a decimal comma.
    """
    parts = _spelt(text).str.extract(_TWO)
    first, second = _angle(parts, "_a"), _angle(parts, "_b")
    unlike = np.zeros(len(parts), dtype=bool)
    for count in ("1", "2", "3"):
        unlike |= (parts[f"d{count}_a"].notna() != parts[f"d{count}_b"].notna()).to_numpy()
    bare = (parts["between"] == ",").to_numpy(dtype=bool)
    for suffix in ("_a", "_b"):
        clear = parts[f"d1{suffix}"].str.contains(".", regex=False).fillna(True).to_numpy(dtype=bool)
        unlike |= bare & ~clear
    unlike |= (first.is_latitude & second.is_latitude) | (first.is_longitude & second.is_longitude)
    unlike |= np.isnan(first.degrees) | np.isnan(second.degrees)
    first.degrees[unlike] = np.nan
    second.degrees[unlike] = np.nan
    return first, second


def _decimal_degrees(text: pd.Series) -> Floats:
    plain = text.fillna("").str.fullmatch(_PLAIN)
    return plain_numbers(text.where(plain, None))


def _spelt(text: pd.Series) -> pd.Series:
    """Text with the one spelling of signs and hemispheres that the patterns know; null where it is too long."""
    spelt = text.where(text.str.len() <= _LONGEST, None).str.lower()
    for sign, pattern in _SPELLINGS:
        spelt = spelt.str.replace(pattern, sign, regex=True)
    return spelt


def _angle(parts: pd.DataFrame, suffix: str) -> Angles:
    def number(name: str) -> Floats:
        return plain_numbers(parts[name + suffix])

    degrees, minutes, seconds = number("d1"), np.zeros(len(parts)), np.zeros(len(parts))
    for count in ("2", "3"):
        here = parts[f"d{count}{suffix}"].notna().to_numpy()
        degrees = np.where(here, number(f"d{count}"), degrees)
        minutes = np.where(here, number(f"m{count}"), minutes)
    seconds = np.where(here, number("s3"), seconds)
    hemisphere = parts["before" + suffix].fillna(parts["after" + suffix])
    minus = (parts["sign" + suffix] == "-").to_numpy(dtype=bool)
    value = degrees + minutes / 60.0 + seconds / 3600.0
    value = np.where(minus | hemisphere.isin(["S", "W"]).to_numpy(), -value, value)
    refused = (minutes >= 60.0) | (seconds >= 60.0) | (minus & hemisphere.notna().to_numpy())
    return Angles(
        np.where(refused, np.nan, value),
        hemisphere.isin(["N", "S"]).to_numpy(),
        hemisphere.isin(["E", "W"]).to_numpy(),
    )
