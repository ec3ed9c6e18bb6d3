"""How signal levels look: classes of dBm about the standard's threshold, their colours, and marks for what is no
observation.

The steps are fixed distances from the threshold that the run's standard sets for the technology, so that the break
between blue and orange is the one between meeting it and not. The colours stay apart for readers with red-green and
blue-yellow blindness, and within either hue a stronger signal is darker.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any
from xml.sax.saxutils import escape

import numpy as np
import numpy.typing as npt

from geo.tables.words import Basis, Technology
from maps.i18n import LANGUAGES, Language, get_language

MARGINS_DB: tuple[float, ...] = (30.0, 20.0, 10.0, 0.0, -10.0)
"""Lower bounds of all classes but the last, dB above the threshold; a level on a bound belongs to the stronger one."""

COLOURS: tuple[str, ...] = ("#08306b", "#2166ac", "#5ba3cf", "#b0d5ea", "#f2a85a", "#f9dfc1")
"""Of the classes, the strongest first."""

QUANTITIES: dict[str, str] = {
    Technology.G2: "RSSI",
    Technology.G3: "RSCP",
    Technology.G4: "RSRP",
    Technology.G5: "SS-RSRP",
}
"""What is measured in dBm, by technology."""

CLASSES = len(COLOURS)
TRANSPARENT = 255
"""Index of pixels without a value."""

MARK_PERIOD = 16
"""Pixels after which the marks repeat; the side of a tile is a multiple of it, so that they run on over its edges."""

_LINE_PIXELS = 2
_LIGHT, _DARK = ("#ffffff", 0.6), ("#14213d", 0.4)
"""Ink of the marks and how strongly it covers."""
_DARK_CLASSES = 3  # so many get light marks, the others dark ones


class Mark(IntEnum):
    """What is drawn over the pixels of a raster that is no observation."""

    NONE = 0
    DOTS = 1
    LINES = 2


def mark_of(basis: str, scenario: str | None) -> Mark:
    """Lines for a scenario, dots for what was worked out, nothing for what was measured or an operator declares."""
    if scenario is not None:
        return Mark.LINES
    return Mark.DOTS if basis in (Basis.MODELLED, Basis.ASSUMED, Basis.PRIOR) else Mark.NONE


def classify(level_dbm: npt.NDArray[Any], threshold_dbm: float) -> npt.NDArray[np.uint8]:
    """Index of each level's class, from 0 for the strongest, in the shape of `level_dbm`; NaN is `TRANSPARENT`."""
    bounds = threshold_dbm + np.array(MARGINS_DB[::-1])
    # on the raster's own precision: a float32 level that was written as the threshold still meets it
    found = CLASSES - 1 - np.searchsorted(bounds.astype(level_dbm.dtype), level_dbm, side="right")
    return np.where(np.isfinite(level_dbm), found, TRANSPARENT).astype(np.uint8)


def palette() -> npt.NDArray[np.uint8]:
    """Colours of the pixels that `paint` makes, u1[2·CLASSES, 3]: those of the classes, then those of their marks."""
    plain = np.array([_rgb(colour) for colour in COLOURS])
    inks = [_LIGHT if i < _DARK_CLASSES else _DARK for i in range(CLASSES)]
    colours, strengths = np.array([_rgb(ink) for ink, _ in inks]), np.array([[strength] for _, strength in inks])
    marks = np.round(plain + (colours - plain) * strengths)
    return np.concatenate([plain, marks]).astype(np.uint8)


def paint(classes: npt.NDArray[np.uint8], marks: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Palette index of each pixel of a tile: its class, or the colour of its class's mark where one is drawn.

    Parameters
    ----------
    classes
        As `classify` makes them, shape (side, side), whose side is a multiple of `MARK_PERIOD`.
    marks
        The `Mark` of each pixel.
    """
    drawn = (_LINES[_repeated(classes.shape)] & (marks == Mark.LINES)) | (
        _DOTS[_repeated(classes.shape)] & (marks == Mark.DOTS)
    )
    return np.where(drawn & (classes != TRANSPARENT), classes + CLASSES, classes).astype(np.uint8)


def _repeated(shape: tuple[int, ...]) -> tuple[npt.NDArray[Any], ...]:
    return np.ix_(np.arange(shape[0]) % MARK_PERIOD, np.arange(shape[1]) % MARK_PERIOD)


def _patterns() -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Diagonal lines from the lower left, and dots of two by two pixels, both of shape (period, period)."""
    row, column = np.indices((MARK_PERIOD, MARK_PERIOD))
    dots = (row % (MARK_PERIOD // 2) < _LINE_PIXELS) & (
        (column + MARK_PERIOD // 4 * (row // (MARK_PERIOD // 2))) % (MARK_PERIOD // 2) < _LINE_PIXELS
    )
    return (row + column) % MARK_PERIOD < _LINE_PIXELS, dots


_LINES, _DOTS = _patterns()


def _rgb(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


@dataclass(frozen=True)
class LegendPart:
    """One technology of a legend: the threshold of the run's standard, and the marks that its rasters bear."""

    technology: str
    threshold_dbm: float
    marks: Sequence[Mark]


def legend_json(parts: Iterable[LegendPart]) -> list[dict[str, Any]]:
    """The legend of each technology, in every language: classes from the strongest, nodata and marks."""
    return [
        {
            "technology": part.technology,
            "title": _in_each(_title, part),
            "quantity": QUANTITIES.get(part.technology),
            "unit": "dBm",
            "threshold_dbm": part.threshold_dbm,
            "classes": [
                {
                    "minimum_dbm": low,
                    "maximum_dbm": high,
                    "colour": COLOURS[i],
                    "label": _in_each(_class_text, i),
                    "range": _in_each(_range_text, low, high),
                }
                for i, (low, high) in enumerate(_ranges(part.threshold_dbm))
            ],
            "no_value": {"colour": None, "label": _in_each(_no_value_text)},
            "marks": [{"mark": mark.name.lower(), "label": _in_each(_mark_text, mark)} for mark in part.marks if mark],
        }
        for part in parts
    ]


def legend_keys(part: LegendPart, language: Language) -> dict[str, Any]:
    """One technology's legend as a page shows it: ``heading``, ``classes`` (colour, range, text) and ``marks``."""
    return {
        "heading": _title(language, part),
        "classes": [
            {"colour": COLOURS[i], "range": _range_text(language, low, high), "text": _class_text(language, i)}
            for i, (low, high) in enumerate(_ranges(part.threshold_dbm))
        ],
        "marks": [{"name": mark.name.lower(), "text": _mark_text(language, mark)} for mark in part.marks if mark],
        "no_value": _no_value_text(language),
    }


def legend_svg(parts: Sequence[LegendPart], code: str, label: str | None) -> str:
    """The legend as a picture with a title for screen readers; `label` is the scenario's, shown on top."""
    language = get_language(code)
    lines: list[str] = []
    y = _PADDING
    for text in _wrapped(label or ""):
        lines.append(_text(_PADDING, y + 13, text, "l"))
        y += 18
    y += 8 if label else 0
    for part in parts:
        lines.append(_text(_PADDING, y + 13, _title(language, part), "h"))
        y += 24
        for i, (low, high) in enumerate(_ranges(part.threshold_dbm)):
            lines += _swatch(y, f"c{i}")
            lines += [
                _text(_TEXT_X, y + 14, _range_text(language, low, high), "r"),
                _text(_WORDS_X, y + 14, _class_text(language, i), "w"),
            ]
            y += _ROW
        lines += [*_swatch(y, "n"), _text(_TEXT_X, y + 14, _no_value_text(language), "w")]
        y += _ROW
        for mark in part.marks:
            if mark:
                lines += [*_swatch(y, "c2"), *_swatch(y, mark.name.lower())]
                lines.append(_text(_TEXT_X, y + 14, _mark_text(language, mark), "w"))
                y += _ROW
        y += 10
    title = escape(language.text("Signal level"))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{y}" viewBox="0 0 {_WIDTH} {y}" '
        f'role="img" aria-labelledby="title" xml:lang="{code}"><title id="title">{title}</title>'
        f'{_definitions()}<rect width="100%" height="100%" fill="#ffffff"/>{"".join(lines)}</svg>\n'
    )


_PADDING, _ROW, _WIDTH, _TEXT_X, _WORDS_X = 12, 24, 440, 52, 164
_LINE_CHARACTERS = 46
_FONT = 'font-family="Noto Sans, DejaVu Sans, Arial, sans-serif"'
_STYLES = {
    "h": 'font-size="14" font-weight="700" fill="#1b1b1b"',
    "l": 'font-size="13" font-weight="700" fill="#7a1f00"',
    "r": 'font-size="13" fill="#1b1b1b"',
    "w": 'font-size="13" fill="#3d3d3d"',
}


def _text(x: int, y: int, text: str, style: str) -> str:
    # attributes, not a style element: the service's policy lets no style in a document apply
    return f'<text x="{x}" y="{y}" {_FONT} {_STYLES[style]}>{escape(text)}</text>'


def _swatch(y: int, what: str) -> list[str]:
    fill = COLOURS[int(what[1:])] if what.startswith("c") else f"url(#{what})"
    return [f'<rect x="{_PADDING}" y="{y}" width="30" height="20" fill="{fill}" stroke="#6b6b6b" stroke-width="0.75"/>']


def _definitions() -> str:
    period, half, ink = MARK_PERIOD, MARK_PERIOD // 2, _LIGHT[0]
    return (
        f'<defs><pattern id="lines" width="{period}" height="{period}" patternUnits="userSpaceOnUse">'
        f'<path d="M-1,1L1,-1M0,{period}L{period},0M{period - 1},{period + 1}L{period + 1},{period - 1}" '
        f'stroke="{ink}" stroke-width="1.6"/></pattern>'
        f'<pattern id="dots" width="{half}" height="{half}" patternUnits="userSpaceOnUse">'
        f'<rect x="2" y="2" width="2" height="2" fill="{ink}"/></pattern>'
        '<pattern id="n" width="8" height="8" patternUnits="userSpaceOnUse"><rect width="8" height="8" fill="#ffffff"/>'
        '<path d="M0,0H4V4H0ZM4,4H8V8H4Z" fill="#e3e3e3"/></pattern></defs>'
    )


def _wrapped(text: str) -> list[str]:
    lines: list[str] = []
    for word in text.split():
        if lines and len(lines[-1]) + 1 + len(word) <= _LINE_CHARACTERS:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines


def _ranges(threshold_dbm: float) -> list[tuple[float | None, float | None]]:
    """Lowest level of each class, and the lowest of the class above."""
    bounds = [threshold_dbm + margin for margin in MARGINS_DB]
    return list(zip([*bounds, None], [None, *bounds], strict=True))


def _in_each(make: Any, *values: Any) -> dict[str, str]:
    return {code: make(get_language(code), *values) for code in LANGUAGES}


def _title(language: Language, part: LegendPart) -> str:
    unit = ", ".join(filter(None, (QUANTITIES.get(part.technology), language.text("dBm"))))
    return f"{language.technology(part.technology)} · {language.text('Signal level')} ({unit})"


def _range_text(language: Language, low: float | None, high: float | None) -> str:
    if low is None:
        return f"< {_level(language, high)}"
    if high is None:
        return f"≥ {_level(language, low)}"
    return f"{_level(language, low)} … {_level(language, high)}"


def _level(language: Language, value: float | None) -> str:
    return language.number(value or 0.0)


def _class_text(language: Language, index: int) -> str:
    return (
        language.text("Very strong"),
        language.text("Strong"),
        language.text("Good"),
        language.text("Just meets the standard"),
        language.text("Below the standard"),
        language.text("Far below the standard"),
    )[index]


def _no_value_text(language: Language) -> str:
    return language.text("No value: no signal is stated here")


def _mark_text(language: Language, mark: Mark) -> str:
    if mark is Mark.LINES:
        return language.text("Diagonal lines: a scenario, not observed")
    return language.text("Dots: a calculated estimate, not measured")
