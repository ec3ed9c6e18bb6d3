"""A filter over the columns of a collection: every part is checked first, then all rows are computed at once."""

import operator
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np
import shapely

from api.errors import BadParameter
from api.features.collection import Collection
from api.features.columns import Periods, Sets
from api.features.crs import CRS84, ServedCrs
from api.features.instants import Instant, parse_instant
from api.features.words import Fold, Words, without_accents, without_case, without_case_and_accents
from api.filters import spatial, temporal
from api.filters.arrays import compare_sets, sets_of
from api.filters.expression import (
    ARITHMETIC,
    ARRAYS,
    COMPARISONS,
    FOLDS,
    LOGICAL,
    SPATIAL,
    TEMPORAL,
    Array,
    Bounds,
    Call,
    Expression,
    Interval,
    Literal,
    Node,
    Property,
    Shape,
    unfolded,
)
from api.filters.operands import (
    EVER_AFTER,
    EVER_BEFORE,
    NOUNS,
    Numbers,
    Operand,
    Span,
    Type,
    compare_numbers,
    compare_periods,
    compare_truths,
    compare_words,
    compute_arithmetic,
    numbers_among,
    one_period,
    words_among,
)
from api.filters.truth import UNKNOWN, Mask, Truth

_FOLDS: dict[frozenset[str], Fold] = {
    frozenset({"casei"}): without_case,
    frozenset({"accenti"}): without_accents,
    frozenset(FOLDS): without_case_and_accents,
}
_COMPARERS: dict[Type, Callable[[str, Any, Any], Truth]] = {
    "number": compare_numbers,
    "text": compare_words,
    "boolean": compare_truths,
    "instant": compare_periods,
}

_DAY_AND_NO_TIME = re.compile(r"^(\d{4}-\d{2}-\d{2})T$", re.ASCII)
"""How GDAL writes a day that it compares with."""


def matching(collection: Collection, expression: Expression, crs: ServedCrs = CRS84, parameter: str = "filter") -> Mask:
    """Which rows the expression is true for; geometries in it are in `crs`, in the axis order of its definition.

    Raises
    ------
    BadParameter
        Before anything is computed: for a property that is not there, a function that is not known, operands of types
        that do not go together, or a position that is not on Earth.
    """
    condition = _Checker(collection, crs, parameter).condition(expression.root)
    try:
        true: Mask = np.broadcast_to(condition.compute().true, len(collection))
        return true
    except shapely.GEOSException as error:
        raise BadParameter(parameter, f"has a geometry that cannot be compared ({error})") from None


@dataclass(frozen=True)
class _Checker:
    """Makes operands of an expression's parts for one collection."""

    collection: Collection
    crs: ServedCrs
    parameter: str

    def refuse(self, what: str, remedy: str = "", value: str | None = None) -> BadParameter:
        return BadParameter(self.parameter, what, remedy, value)

    def mismatch(self, name: str, *operands: Operand) -> BadParameter:
        types = " and ".join(NOUNS[operand.type] for operand in operands)
        named = [f"{o.node.name} is {NOUNS[o.type]}" for o in operands if isinstance(o.node, Property)]
        what = f"applies {name.upper()} to {types}"
        return self.refuse(what, "Those types do not go together" + "".join(f"; {one}" for one in named))

    def condition(self, node: Node) -> Operand:
        """An operand that is true, false or unknown."""
        operand = self.operand(node)
        if operand.type == "null":
            return Operand("boolean", lambda: UNKNOWN, node)
        if operand.type != "boolean":
            raise self.refuse(
                f"has {NOUNS[operand.type]} where a condition must be",
                "Accepted: a comparison, a predicate, a property that is true or false",
                operand.node.name if isinstance(operand.node, Property) else None,
            )
        return operand

    def operand(self, node: Node) -> Operand:
        match node:
            case Literal():
                return self.literal(node)
            case Property():
                return self.property(node)
            case Instant():
                period = one_period(node)
                return Operand("instant", lambda: period, node)
            case Interval():
                return self.interval(node)
            case Shape() | Bounds():
                geometry = spatial.literal_geometry(node, self.crs, self.parameter)
                return Operand("geometry", lambda: geometry, node)
            case Array():
                return self.array(node)
            case Call():
                return self.call(node)

    def literal(self, node: Literal) -> Operand:
        value = node.value
        if value is None:
            return Operand("null", lambda: UNKNOWN, node)
        if isinstance(value, bool):
            return Operand("boolean", lambda: Truth.known(value), node)
        if isinstance(value, str):
            return Operand("text", lambda: Words.single(value), node)
        return Operand("number", lambda: Numbers(value), node)

    def property(self, node: Property) -> Operand:
        geometry_name = self.collection.kind.geometry_name
        column = self.collection.columns.get(node.name)
        if column is None:
            if node.name == geometry_name:
                return Operand("geometry", lambda: self.collection.geometries, node)
            queryables = ", ".join([geometry_name, *self.collection.columns])
            raise self.refuse("names a property that is not there", f"Queryables: {queryables}", node.name)
        match column.kind:
            case "text":
                return Operand("text", lambda: column.words, node)
            case "boolean":
                return Operand("boolean", lambda: Truth.known(column.values, column.missing), node)
            case "date" | "timestamp":
                return Operand("instant", lambda: column.periods, node)
            case "codes":
                return Operand("array", lambda: column.sets, node)
            case _:
                return Operand("number", lambda: Numbers(column.values, column.missing), node)

    def call(self, node: Call) -> Operand:
        name, arguments = node.name, node.arguments
        if name in LOGICAL:
            return self.logical(node)
        if name in COMPARISONS:
            return Operand("boolean", self.comparison(name, *map(self.operand, arguments)), node)
        if name in ARITHMETIC:
            return self.arithmetic(node)
        if name in FOLDS:
            return self.folded(node)
        if name in SPATIAL:
            return Operand("boolean", self.spatial(name, *map(self.operand, arguments)), node)
        if name in TEMPORAL:
            return Operand("boolean", self.temporal(name, *map(self.operand, arguments)), node)
        if name in ARRAYS:
            return Operand("boolean", self.arrays(name, *map(self.operand, arguments)), node)
        match name:
            case "like":
                return Operand("boolean", self.like(*arguments), node)
            case "between":
                value, low, high = map(self.operand, arguments)
                at_least, at_most = self.comparison(">=", value, low), self.comparison("<=", value, high)
                return Operand("boolean", lambda: at_least() & at_most(), node)
            case "in":
                return Operand("boolean", self.among(*arguments), node)
            case "isnull":
                return Operand("boolean", self.null(self.operand(arguments[0])), node)
        functions = ", ".join(function.upper() for function in (*FOLDS, *SPATIAL, *TEMPORAL, *ARRAYS))
        raise self.refuse("calls a function that is not known", f"Functions: {functions}", name)

    def logical(self, node: Call) -> Operand:
        conditions = [self.condition(argument) for argument in node.arguments]
        if node.name == "not":
            return Operand("boolean", lambda: ~conditions[0].compute(), node)
        join = operator.and_ if node.name == "and" else operator.or_
        return Operand("boolean", lambda: reduce(join, (condition.compute() for condition in conditions)), node)

    def comparison(self, name: str, left: Operand, right: Operand) -> Callable[[], Truth]:
        left, right = self.as_instant(left, right), self.as_instant(right, left)
        left, right = _as_truth(left, right), _as_truth(right, left)
        comparable = left.type in _COMPARERS or left.type == "null"
        if "null" in (left.type, right.type) and comparable and (right.type in _COMPARERS or right.type == "null"):
            return lambda: UNKNOWN
        if left.type != right.type or not comparable:
            raise self.mismatch(name, left, right)
        compare = _COMPARERS[left.type]
        return lambda: compare(name, left.compute(), right.compute())

    def as_instant(self, operand: Operand, other: Operand) -> Operand:
        """Text that is compared with a date or timestamp is taken as one."""
        if operand.type != "text" or other.type != "instant":
            return operand
        periods = self.periods(operand)
        return operand if periods is None else Operand("instant", periods, operand.node)

    def periods(self, operand: Operand) -> Callable[[], Periods] | None:
        """The dates or timestamps that an operand of text holds, if it does."""
        if isinstance(operand.node, Literal):
            instant = parse_instant(_DAY_AND_NO_TIME.sub(r"\1", str(operand.node.value)))
            if instant is None:
                raise self.refuse(
                    "compares a date or timestamp with other text",
                    "Accepted: DATE('2026-11-01')",
                    str(operand.node.value),
                )
            return lambda: one_period(instant)
        if isinstance(operand.node, Property):
            periods = self.collection.columns[operand.node.name].periods
            if periods is not None:
                return lambda: periods
        return None

    def arithmetic(self, node: Call) -> Operand:
        left, right = map(self.operand, node.arguments)
        if not {left.type, right.type} <= {"number", "null"}:
            raise self.mismatch(node.name, left, right)
        if "null" in (left.type, right.type):
            return Operand("number", lambda: Numbers(0, True), node)
        return Operand("number", lambda: compute_arithmetic(node.name, left.compute(), right.compute()), node)

    def folded(self, node: Call) -> Operand:
        """CASEI and ACCENTI, in any order and one inside the other."""
        names, inner = unfolded(node)
        operand = self.operand(inner)
        if operand.type == "null":
            return operand
        if operand.type != "text":
            raise self.mismatch(node.name, operand)
        fold = _FOLDS[names]
        if isinstance(inner, Property):
            column = self.collection.columns[inner.name]
            return Operand("text", lambda: column.folded(fold), node)
        return Operand("text", lambda: operand.compute().folded(fold), node)

    def like(self, value: Node, pattern: Node) -> Callable[[], Truth]:
        operand = self.operand(value)
        names, inner = unfolded(pattern)
        if not isinstance(inner, Literal) or not isinstance(inner.value, str | None):
            raise self.refuse("has a pattern that is not a literal", "Accepted: name LIKE 'A%', name LIKE CASEI('a%')")
        if operand.type not in ("text", "null"):
            raise self.mismatch("like", operand, Operand("text", lambda: None, pattern))
        if inner.value is None or operand.type == "null":
            return lambda: UNKNOWN
        text = _FOLDS[names](inner.value) if names else inner.value

        def compute() -> Truth:
            words: Words = operand.compute()
            return Truth.known(words.like(text), words.missing)

        return compute

    def among(self, value: Node, items: Node) -> Callable[[], Truth]:
        left = self.operand(value)
        operands = [self.operand(item) for item in items.items] if isinstance(items, Array) else []
        comparisons = [self.comparison("=", left, operand) for operand in operands]
        if not comparisons:
            return lambda: Truth.known(False)
        numbers = [node.value for o in operands if isinstance(node := o.node, Literal) and o.type == "number"]
        if left.type == "number" and len(numbers) == len(operands):
            return lambda: numbers_among(left.compute(), numbers)  # type: ignore[arg-type]
        if left.type == "text" and all(operand.type == "text" and _constant(operand.node) for operand in operands):
            return lambda: words_among(left.compute(), [operand.compute().words[0] for operand in operands])
        return lambda: reduce(operator.or_, (compare() for compare in comparisons))

    def null(self, operand: Operand) -> Callable[[], Truth]:
        def compute() -> Truth:
            match value := operand.compute():
                case Truth():
                    return Truth.known(value.unknown)
                case Sets():
                    return Truth.known(value.codes < 0)
                case Numbers() | Words() | Periods() | Span():
                    return Truth.known(value.missing)
                case _:
                    return Truth.known(shapely.is_missing(value))

        return compute

    def interval(self, node: Interval) -> Operand:
        start = EVER_BEFORE if node.start is None else self.end(node.start)
        end = EVER_AFTER if node.end is None else self.end(node.end)
        if isinstance(node.start, Instant) and isinstance(node.end, Instant) and node.start.first > node.end.last:
            raise self.refuse("has an interval that ends before it starts", "INTERVAL('2026-01-01', '2026-12-31')")
        return Operand("interval", lambda: Span(temporal.spanned(start).start, temporal.spanned(end).end), node)

    def end(self, node: Instant | Property) -> Periods:
        if isinstance(node, Instant):
            return one_period(node)
        operand = self.property(node)
        periods = None if operand.type == "geometry" else self.collection.columns[node.name].periods
        if periods is None:
            raise self.mismatch("interval", operand)
        return periods

    def temporal(self, name: str, left: Operand, right: Operand) -> Callable[[], Truth]:
        spans = [self.span(name, operand) for operand in (left, right)]
        return lambda: temporal.relate(name, spans[0](), spans[1]())

    def span(self, name: str, operand: Operand) -> Callable[[], Span]:
        if operand.type == "interval":
            return operand.compute
        if operand.type == "null":
            return lambda: Span(_NO_PERIOD, _NO_PERIOD)
        instant = operand.type == "instant" or (operand.type == "text" and isinstance(operand.node, Literal))
        if instant and name not in temporal.FOR_INSTANTS:
            raise self.refuse(f"gives {name.upper()} a date or timestamp", "It takes intervals: INTERVAL(first, last)")
        periods = operand.compute if operand.type == "instant" else None
        if operand.type == "text":
            periods = self.periods(operand)
        if periods is None:
            raise self.mismatch(name, operand)
        return lambda: temporal.spanned(periods())

    def spatial(self, name: str, left: Operand, right: Operand) -> Callable[[], Truth]:
        if not {left.type, right.type} <= {"geometry", "null"}:
            raise self.mismatch(name, left, right)
        if "null" in (left.type, right.type):
            return lambda: UNKNOWN
        left_is_property, right_is_property = (isinstance(operand.node, Property) for operand in (left, right))
        if left_is_property == right_is_property:
            return lambda: spatial.relate(name, left.compute(), right.compute())
        literal = right if left_is_property else left
        return lambda: spatial.relate_to_literal(
            name, self.collection, literal.compute(), literal_first=not left_is_property
        )

    def arrays(self, name: str, left: Operand, right: Operand) -> Callable[[], Truth]:
        sides = [self.array(Array((o.node,))) if o.type in _ELEMENTS else o for o in (left, right)]
        if {side.type for side in sides} - {"array", "null"}:
            raise self.mismatch(name, left, right)
        if "null" in (left.type, right.type):
            return lambda: UNKNOWN
        return lambda: compare_sets(name, sides[0].compute(), sides[1].compute())

    def array(self, node: Array) -> Operand:
        make = sets_of(node, self.collection, self.parameter)
        return Operand("array", make, node)


_ELEMENTS = {"number", "text", "boolean", "instant"}
_NO_PERIOD = Periods(np.array(0), np.array(0), np.array(True))


def _as_truth(operand: Operand, other: Operand) -> Operand:
    """1 and 0 that are compared with a truth value are true and false: GDAL knows no other way to write them."""
    node = operand.node
    if other.type != "boolean" or not isinstance(node, Literal) or operand.type != "number" or node.value not in (0, 1):
        return operand
    return Operand("boolean", lambda: Truth.known(bool(node.value)), node)


def _constant(node: Node) -> bool:
    return isinstance(unfolded(node)[1], Literal)
