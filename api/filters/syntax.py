"""CQL2 text made safe for the parser: checked token by token, and written out again in one canonical way.

The parser is a recursive one in native code: deep nesting overflows its stack and kills the process, and text that is
wrong inside many brackets keeps it busy for ever. So a text reaches it only when this reader, which does neither, has
found it well formed. The canonical text also evens out what the parser does not read: signs before brackets, numbers
such as ``.5``, quotes written ``\\'``, empty arrays, and names that begin with an underscore.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import shapely

from api.errors import BadParameter

DEEPEST = 100
"""Brackets, NOTs, signs, and arithmetic operators in a row that a filter may have."""
_DEEPEST_ARRAY = 3  # the parser reads every array twice, an array within an array four times, and so on
EMPTY_ARRAY = "empty_array"
"""The function that stands for the empty array, which the parser does not read."""
WHOLE_NUMBER = "whole_number"
"""The function that stands for a whole number, as text, that the parser's floating point would round."""
_EXACT_MAX = 2**53

_TOKEN = re.compile(
    r"""(?P<space>\s+)
    |(?P<text>'(?:[^'\\]|\\.|'')*'|'(?:[^']|'')*')
    |(?P<name>"(?:[^"]|"")+")
    |(?P<number>(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)
    |(?P<word>(?:[^\W\d]|:)[\w.:\u0300-\u036f\u203f\u2040]*)
    |(?P<symbol><>|!=|<=|>=|[=<>+\-*/%^(),])""",
    re.VERBOSE | re.DOTALL,
)
_EXPONENT = re.compile(r"-?\d+(?:\.\d+)?e[-+]?\d+")
_COMPARISONS = {"=", "<>", "!=", "<", ">", "<=", ">="}
_ARITHMETIC = {"+", "-", "*", "/", "%", "^", "DIV"}
_LITERALS = {"TRUE", "FALSE", "NULL"}
_OPERATORS = {"AND", "OR", "LIKE", "BETWEEN", "IN", "IS", "DIV"}
KEYWORDS = frozenset(_OPERATORS | _LITERALS | {"NOT"})
"""Words that are no names unless in double quotes."""
_GEOMETRIES = {
    "POINT",
    "LINESTRING",
    "POLYGON",
    "MULTIPOINT",
    "MULTILINESTRING",
    "MULTIPOLYGON",
    "GEOMETRYCOLLECTION",
}
_DIMENSIONS = {"Z", "M", "ZM"}
_NO_FUNCTIONS = _GEOMETRIES | _OPERATORS | _LITERALS
_IN_GEOMETRY = _GEOMETRIES | _DIMENSIONS | {"(", ")", ",", "+", "-"}
_PREDICATES = _COMPARISONS | {"LIKE", "BETWEEN", "IN", "IS"}
_OPERAND = "a property, a value, a function or '('"
_OPERATOR = "AND, OR, a comparison, an arithmetic operator or the end"


class _Token(NamedTuple):
    """A word of the text; `upper` is what keywords are recognised by, empty for what cannot be one."""

    kind: str
    text: str
    at: int
    upper: str


@dataclass
class _Level:
    """What has been read between one pair of brackets, since its last comma, AND or OR."""

    kind: str  # top, group, list or call
    fresh: bool = True  # a predicate may begin here: NOT is allowed
    compared: bool = False
    complete: bool = False
    between: bool = False  # the lower bound has been or is being read, AND belongs to BETWEEN
    arithmetic: int = 0
    commas: int = 0
    arrays: int = 0  # how deep the arrays inside are

    def begin(self) -> None:
        """A new predicate."""
        self.fresh, self.compared, self.complete, self.between, self.arithmetic = True, False, False, False, 0


@dataclass
class _Reader:
    """One pass over the tokens of a text; `out` is the canonical text."""

    text: str
    parameter: str
    tokens: list[_Token]
    out: list[str] = field(default_factory=list)
    levels: list[_Level] = field(default_factory=lambda: [_Level("top")])
    position: int = 0

    @property
    def token(self) -> _Token:
        return self.tokens[self.position]

    def upcoming(self, ahead: int = 1) -> str:
        return self.tokens[min(self.position + ahead, len(self.tokens) - 1)].upper

    def refuse(self, what: str, remedy: str, token: _Token | None = None) -> BadParameter:
        at = (token or self.token).at
        return _refused(self.parameter, self.text, at, what, remedy)

    def unexpected(self, expected: str) -> BadParameter:
        found = "ends too early" if self.token.kind == "end" else f"has {self.token.text[:40]!r} where it must not be"
        return self.refuse(found, f"Expected here: {expected}")

    def push(self, kind: str) -> None:
        if len(self.levels) > DEEPEST:
            raise self.refuse("is nested too deeply", f"At most {DEEPEST} levels")
        self.levels.append(_Level(kind))
        self.out.append("(")

    def read(self) -> str:
        """The canonical text.

        Raises
        ------
        BadParameter
            When the text is not CQL2.
        """
        awaits_operand = True
        while awaits_operand or self.token.kind != "end":
            if awaits_operand:
                self.operand()
                awaits_operand = False
            elif self.token.upper == ")":
                self.close()
            else:
                awaits_operand = self.operator()
        if len(self.levels) > 1:
            raise self.unexpected("')'")
        if self.levels[-1].between:
            raise self.unexpected("AND and the upper bound of BETWEEN")
        return " ".join(self.out)

    def operand(self) -> None:
        """Everything up to and including the next value, property or closed geometry; opens brackets on the way."""
        while True:
            negated, negative = self.prefixes()
            level, token = self.levels[-1], self.token
            level.fresh = False
            if token.kind == "number":
                self.out.append(self.number(token, "-" if negative else ""))
                break
            if negative and negated:
                raise self.refuse("has a sign right after NOT", "Write NOT (-a = 1)")
            if negative:
                self.out.append("-")
            if token.upper == "(":
                self.position += 1
                if self.token.upper == ")":
                    self.out.append(f"{EMPTY_ARRAY} ( )")
                    break
                self.push("group")
                continue
            if token.kind == "word" and self.upcoming() == "(" and token.upper not in _NO_FUNCTIONS:
                if self.call():
                    continue
                break
            self.atom()
            break
        self.position += 1

    def prefixes(self) -> tuple[bool, bool]:
        """NOTs and signs before an operand, an even number of which is none; whether there is one, and a minus."""
        nots = signs = minuses = 0
        while True:
            upper = self.token.upper
            if upper == "NOT" and signs == 0:
                if not self.levels[-1].fresh:
                    raise self.refuse("has NOT inside a comparison", "Put the negated part in brackets")
                nots += 1
            elif upper in ("+", "-"):
                signs += 1
                minuses += upper == "-"
            else:
                break
            if nots + signs > DEEPEST:
                raise self.refuse("is nested too deeply", f"At most {DEEPEST} NOTs or signs in a row")
            self.position += 1
        if nots % 2:
            self.out.append("NOT")
        return nots % 2 > 0, minuses % 2 > 0

    def call(self) -> bool:
        """The name and bracket of a function; whether it has arguments. Leaves the position before what follows."""
        name = self.token
        if not (name.text.isascii() and name.text.replace("_", "a").isalnum() and name.text[0].isalpha()):
            raise self.refuse("names a function that cannot be one", "Function names are letters, digits and '_'")
        self.position += 2
        if self.token.upper == ")":
            self.out.append(f"{name.text} ( )")
            return False
        self.out.append(name.text)
        self.push("call")
        return True

    def atom(self) -> None:
        token = self.token
        if token.kind == "text":
            # a quotation mark inside is written '' or \'; the parser knows the former only
            content = re.sub(r"''|\\'", "'", token.text[1:-1])
            self.out.append("'" + content.replace("'", "''") + "'")
        elif token.kind == "name":
            self.out.append(token.text)
        elif token.kind != "word":
            raise self.unexpected(_OPERAND)
        elif token.upper in _LITERALS:
            self.out.append(token.upper)
        elif token.upper in _OPERATORS | {"NOT"}:
            raise self.unexpected(f"{_OPERAND}; a property of that name goes in double quotes")
        elif token.upper in _GEOMETRIES and self.upcoming() in {"(", "EMPTY", *_DIMENSIONS}:
            self.out.append(self.geometry())
        else:
            self.out.append(f'"{token.text}"')

    def number(self, token: _Token, sign: str) -> str:
        value = float(token.text)
        if not np.isfinite(value):
            raise self.refuse("has a number that is too large", "Accepted: up to 1.7e308")
        mantissa, *exponent = token.text.lower().split("e")
        whole, _, fraction = mantissa.partition(".")
        if value >= _EXACT_MAX and token.text.isdigit():
            return f"{WHOLE_NUMBER} ( '{sign}{token.text}' )"
        return sign + "e".join([f"{whole or '0'}.{fraction or '0'}" if "." in mantissa else whole, *exponent])

    def geometry(self) -> str:
        """Well-known text up to its closing bracket, in two dimensions and without exponents."""
        first = self.token
        depth = 0
        while True:
            self.position += 1
            token = self.token
            if token.upper == "EMPTY":
                raise self.refuse("has an empty geometry", "Give it coordinates")
            known = token.kind == "number" or token.upper in _IN_GEOMETRY
            if not known:
                raise self.unexpected("coordinates of a geometry: POINT(1 2), LINESTRING(1 2,3 4), …")
            depth += {"(": 1, ")": -1}.get(token.upper, 0)
            if depth + len(self.levels) > DEEPEST:
                raise self.refuse("is nested too deeply", f"At most {DEEPEST} levels")
            if depth == 0 and token.upper == ")":
                break
        return written(parsed_geometry(self.text[first.at : self.token.at + 1], self.parameter))

    def close(self) -> None:
        """A closing bracket."""
        level = self.levels[-1]
        if level.kind == "top" or level.between:
            raise self.unexpected("AND and the upper bound of BETWEEN" if level.between else _OPERATOR)
        self.levels.pop()
        array = level.kind == "list" or (level.kind == "group" and level.commas > 0)
        depth = level.arrays + array
        if depth > _DEEPEST_ARRAY:
            raise self.refuse("has arrays inside arrays", f"At most {_DEEPEST_ARRAY} levels of arrays")
        outer = self.levels[-1]
        outer.arrays = max(outer.arrays, depth)
        outer.complete = outer.complete or level.kind == "list"
        self.out.append(")")
        self.position += 1

    def operator(self) -> bool:
        """What stands after an operand, the bracket of IN included; whether another operand must follow."""
        level, upper = self.levels[-1], self.token.upper
        negated = upper == "NOT"
        if negated:
            self.position += 1
            upper = self.token.upper
            if upper not in ("LIKE", "BETWEEN", "IN"):
                raise self.unexpected("LIKE, BETWEEN or IN")
        if upper == "," and level.kind != "top" and not level.between:
            level.commas += 1
            level.begin()
        elif upper in ("AND", "OR"):
            self.junction(level, upper)
        elif upper in _ARITHMETIC and not level.complete:
            level.arithmetic += 1
            if level.arithmetic > DEEPEST:
                raise self.refuse("has too many arithmetic operators in a row", f"At most {DEEPEST}")
        elif upper in _PREDICATES:
            if level.compared:
                raise self.refuse("compares the result of a comparison", "Put the inner comparison in brackets")
            level.compared, level.arithmetic = True, 0
            level.between = upper == "BETWEEN"
        else:
            raise self.unexpected(_OPERATOR)
        self.out.append(f"NOT {upper}" if negated else upper)
        self.position += 1
        if upper == "IN":
            if self.token.upper != "(" or self.upcoming() == ")":
                raise self.unexpected("'(' and a list of values")
            self.position += 1
            self.push("list")
        elif upper == "IS":
            if self.token.upper == "NOT":
                self.out.append("NOT")
                self.position += 1
            if self.token.upper != "NULL":
                raise self.unexpected("NULL or NOT NULL")
            self.out.append("NULL")
            self.position += 1
            level.complete = True
            return False
        return True

    def junction(self, level: _Level, upper: str) -> None:
        if level.between and upper == "OR":
            raise self.unexpected("AND and the upper bound of BETWEEN")
        if level.between:
            level.between, level.arithmetic = False, 0
        else:
            level.begin()


def canonical(text: str, parameter: str) -> str:
    """The same filter as text that the parser reads in linear time and without deep recursion.

    Raises
    ------
    BadParameter
        When the text is not CQL2, with the place, or is nested more deeply than allowed.
    """
    return _Reader(text, parameter, list(_tokens(text, parameter))).read()


def parsed_geometry(text: str, parameter: str) -> shapely.Geometry:
    """A geometry of well-known text, in two dimensions; a collection within a collection is dissolved.

    Raises
    ------
    BadParameter
        When the text is not a geometry.
    """
    try:
        geometry = shapely.force_2d(shapely.from_wkt(text))
    except shapely.GEOSException as error:
        raise BadParameter(
            parameter, f"has a geometry that cannot be read ({str(error).partition(': ')[2]})", value=text
        ) from None
    if geometry.geom_type == "GeometryCollection":
        parts = [geometry]
        while any(part.geom_type == "GeometryCollection" for part in parts):
            parts = [p for part in parts for p in (part.geoms if part.geom_type == "GeometryCollection" else (part,))]
        geometry = shapely.GeometryCollection(parts)
    return geometry


def written(geometry: shapely.Geometry) -> str:
    """Well-known text without exponents."""
    text: str = shapely.to_wkt(geometry, rounding_precision=-1)
    return _EXPONENT.sub(lambda found: np.format_float_positional(float(found[0]), trim="-"), text)


def _tokens(text: str, parameter: str) -> Iterator[_Token]:
    at = 0
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None:
            what = "has a quotation mark without its partner" if text[at] in "'\"" else f"has {text[at]!r}"
            raise _refused(parameter, text, at, what, "Accepted: names, 'text', numbers, operators and ( )")
        kind = str(found.lastgroup)
        if kind != "space":
            yield _Token(kind, found[0], at, found[0].upper() if kind in ("word", "symbol") else "")
        at = found.end()
    yield _Token("end", "", at, "")


def _refused(parameter: str, text: str, at: int, what: str, remedy: str) -> BadParameter:
    shown = text[max(0, at - 20) : at + 40]
    return BadParameter(parameter, f"{what}, at character {at + 1}", remedy, shown)
