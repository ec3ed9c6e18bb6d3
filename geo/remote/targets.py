"""Which files of a source are wanted: its templates filled in for a country, an area and a period."""

import datetime as dt
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import quote

from geo.errors import InputError, LimitExceeded, Problem, ValueRejected
from geo.remote.registry import Register, Source, filled

Extent = tuple[float, float, float, float]
"""West, south, east, north in degrees; west is larger than east across the antimeridian."""

TILES_MAX = 1000
_QUARTERS_BACK = 6
_QUARTER = re.compile(r"(\d{4})-?Q([1-4])", re.IGNORECASE)
_PLAIN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}")
_HIDDEN = "***"
_FROM_INDEX = re.compile(r"[^\x00-\x1f\x7f]{1,500}")


@dataclass(frozen=True)
class Target:
    """One file: its address, the address without the token, its name, and the words that fill the templates.

    `tile` and `period` say which part of the source it is, where it has parts.
    """

    url: str
    identity: str
    name: str
    words: Mapping[str, str]
    tile: str | None = None
    period: str | None = None


def tile_names(extent: Extent) -> list[str]:
    """Names of the one-degree cells that an area touches, as the Copernicus DEM writes their south-west corners.

    Raises
    ------
    ValueRejected
        If it is no area on the earth.
    LimitExceeded
        If it has more than `TILES_MAX` cells.
    """
    west, south, east, north = extent
    is_on_earth = all(map(math.isfinite, extent)) and -180 <= west <= 180 and -180 <= east <= 180
    if not is_on_earth or not -90 <= south < north <= 90 or west == east:
        shown = ",".join(f"{value:g}" for value in extent)
        raise ValueRejected(Problem("not an area", "Accepted: west,south,east,north in degrees", value=shown))
    spans = [(west, east)] if west < east else [(west, 180.0), (-180.0, east)]
    columns = [column for low, high in spans for column in range(math.floor(low), math.ceil(high))]
    rows = range(math.floor(south), math.ceil(north))
    if len(columns) * len(rows) > TILES_MAX:
        what = f"the area has {len(columns) * len(rows)} tiles of one degree"
        raise LimitExceeded(Problem(what, f"Accepted: up to {TILES_MAX}; give a smaller --bbox"))
    return [
        f"{'N' if row >= 0 else 'S'}{abs(row):02d}_00_{'E' if column >= 0 else 'W'}{abs(column):03d}_00"
        for row in rows
        for column in columns
    ]


def quarters(wanted: str | None, today: dt.date) -> list[dict[str, str]]:
    """Words of the quarter asked for (`2026-Q2`), or of the last finished ones, the newest first.

    Raises
    ------
    ValueRejected
        If it is not a quarter.
    """
    if wanted is None:
        newest = today.year * 4 + (today.month - 1) // 3 - 1
        numbers = [newest - back for back in range(_QUARTERS_BACK)]
    elif found := _QUARTER.fullmatch(wanted):
        numbers = [int(found[1]) * 4 + int(found[2]) - 1]
    else:
        raise ValueRejected(Problem("not a quarter of a year", "Accepted: such as 2026-Q2", value=wanted))
    return [
        {"year": str(number // 4), "quarter": str(number % 4 + 1), "month": f"{number % 4 * 3 + 1:02d}"}
        for number in numbers
    ]


def base_words(source: Source, register: Register, country: str, token: str | None) -> dict[str, str]:
    """Words that hold for all files of a source.

    Raises
    ------
    UnknownName
        If the country is not in the register.
    InputError
        If the source wants a token and there is none.
    """
    words = dict(register.country(country))
    if "iso3" in words:
        words["iso3_lower"] = words["iso3"].lower()
    if source.needs_token:
        if not token or not token.isascii() or not token.isprintable():
            remedy = f"Set SHALGAI_OPENCELLID_TOKEN, or give --token. {source.note or ''}".strip()
            raise InputError(Problem(f"{source.id} wants a token", remedy.removesuffix(".")))
        words["token"] = quote(token, safe="")
    return words


def index_words(index: object) -> dict[str, str]:
    """Words that a source's index (a JSON object) gives: all its fields that are short texts."""
    fields = index if isinstance(index, dict) else {}
    return {key: value for key, value in fields.items() if isinstance(value, str) and _FROM_INDEX.fullmatch(value)}


def without_token(words: Mapping[str, str]) -> dict[str, str]:
    """The words with the token, if there is one, made unreadable."""
    return {**words, "token": _HIDDEN} if "token" in words else dict(words)


def parts(
    source: Source, words: Mapping[str, str], extent: Extent | None, period: str | None, today: dt.date
) -> Iterator[list[Target]]:
    """The files wanted. Of each list one is enough, the first that is published.

    Raises
    ------
    InputError
        If the source is by area and there is none, or a word is missing or makes no name of a file.
    """
    if source.is_by_area:
        if extent is None:
            raise InputError(Problem(f"{source.id} is fetched by area", "Give --bbox west,south,east,north"))
        for tile in tile_names(extent):
            yield [target(source, {**words, "tile": tile}, tile=tile)]
    elif "quarter" in source.needs:
        yield [
            target(source, {**words, **quarter}, period=f"{quarter['year']}-Q{quarter['quarter']}")
            for quarter in quarters(period, today)
        ]
    else:
        yield [target(source, words)]


def target(source: Source, words: Mapping[str, str], tile: str | None = None, period: str | None = None) -> Target:
    """One file of a source; `InputError` if a word is missing or makes no plain name of a file."""
    try:
        url, name = filled(source.address, words), filled(source.name, words)
        identity = filled(source.address, without_token(words))
    except KeyError as error:
        what = f"{source.id} needs to know '{error.args[0]}', and neither the list of sources nor its index says it"
        raise InputError(Problem(what, "The source may have changed, or the country is not in it")) from error
    if not _PLAIN_NAME.fullmatch(name):
        raise InputError(Problem("not a plain name of a file", f"See `name` of {source.id}", value=name))
    return Target(url, identity, name, words, tile, period)
