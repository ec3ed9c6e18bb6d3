"""A filter as an immutable tree, made of CQL2 JSON (OGC 21-065r2, clause 8.4)."""

import math
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import shapely

from api.errors import BadParameter
from api.features.instants import Instant, parse_instant
from api.filters.syntax import EMPTY_ARRAY, WHOLE_NUMBER

LOGICAL = ("and", "or", "not")
COMPARISONS = ("=", "<>", "<", ">", "<=", ">=")
ARITHMETIC = ("+", "-", "*", "/", "%", "^", "div")
FOLDS = ("casei", "accenti")
SPATIAL = (
    "s_intersects",
    "s_equals",
    "s_disjoint",
    "s_touches",
    "s_within",
    "s_overlaps",
    "s_crosses",
    "s_contains",
)
TEMPORAL = (
    "t_after",
    "t_before",
    "t_disjoint",
    "t_equals",
    "t_intersects",
    "t_contains",
    "t_during",
    "t_finishedby",
    "t_finishes",
    "t_meets",
    "t_metby",
    "t_overlappedby",
    "t_overlaps",
    "t_startedby",
    "t_starts",
)
ARRAYS = ("a_equals", "a_contains", "a_containedby", "a_overlaps")
STANDARD = (
    *LOGICAL,
    *COMPARISONS,
    *ARITHMETIC,
    "like",
    "between",
    "in",
    "isnull",
    *FOLDS,
    *SPATIAL,
    *TEMPORAL,
    *ARRAYS,
)
"""Every operator and function there is, as written in a `Call`."""

MOST_SLOW = 50
"""Predicates of a filter that may go through all texts or geometries: bounds the time that a request can take."""

_SLOW = frozenset((*SPATIAL, *ARRAYS, "like"))
_ARGUMENTS = {
    **dict.fromkeys((*COMPARISONS, *ARITHMETIC, "like", "in", *SPATIAL, *TEMPORAL, *ARRAYS), 2),
    **dict.fromkeys(("not", "isnull", *FOLDS), 1),
    "between": 3,
}
_GEOMETRIES = (
    "Point",
    "LineString",
    "Polygon",
    "MultiPoint",
    "MultiLineString",
    "MultiPolygon",
    "GeometryCollection",
)


@dataclass(frozen=True)
class Literal:
    """A number, a truth value, a text, or NULL."""

    value: float | int | bool | str | None


@dataclass(frozen=True)
class Property:
    """The value of a property, or the geometry, of each feature; `quoted` if its name is in double quotes."""

    name: str
    quoted: bool = field(default=False, compare=False)


@dataclass(frozen=True)
class Interval:
    """A closed interval; None is an open end."""

    start: "Instant | Property | None"
    end: "Instant | Property | None"


@dataclass(frozen=True)
class Shape:
    """A geometry in the coordinates and axis order of the filter's coordinate reference system."""

    geometry: shapely.Geometry


@dataclass(frozen=True)
class Bounds:
    """A box: lower and upper end of the first axis, then of the second; heights are left out."""

    lower: tuple[float, float]
    upper: tuple[float, float]


@dataclass(frozen=True)
class Array:
    """A set of values."""

    items: tuple["Node", ...]


@dataclass(frozen=True)
class Call:
    """An operator or function and its operands; `name` is lower case if it is one of the standard's."""

    name: str
    arguments: tuple["Node", ...]


Node = Literal | Property | Instant | Interval | Shape | Bounds | Array | Call


@dataclass(frozen=True)
class Expression:
    """A parsed filter: immutable, hashable, and the same for every collection.

    `properties` are the names that it uses, the geometry's among them if it does.
    """

    root: Node

    @property
    def properties(self) -> frozenset[str]:
        """Names of the properties that the filter uses."""
        return frozenset(node.name for node in _nodes(self.root) if isinstance(node, Property))


def expression(document: Any, parameter: str = "filter", quoted: frozenset[str] = frozenset()) -> Expression:
    """The expression of a CQL2 JSON document that has been parsed, and is not nested deeper than Python's own limit.

    `quoted` are the names that stood in double quotes in the text that the document was made of.

    Raises
    ------
    BadParameter
        When it is not CQL2 JSON: with the member that is wrong.
    """
    made = Expression(_Builder(parameter, quoted).node(document))
    if sum(map(_is_slow, _nodes(made.root))) > MOST_SLOW:
        raise BadParameter(
            parameter,
            "has too many predicates that take long",
            f"At most {MOST_SLOW} of: LIKE, spatial and array functions, comparisons of a property with a property",
        )
    return made


def _is_slow(node: Node) -> bool:
    """Whether a predicate takes milliseconds over ten thousands of features, instead of microseconds."""
    if not isinstance(node, Call):
        return False
    if node.name in _SLOW:
        return True
    operands = [unfolded(argument)[1] for argument in node.arguments]
    return node.name in (*COMPARISONS, "between") and sum(isinstance(o, Property) for o in operands) > 1


def unfolded(node: Node) -> tuple[frozenset[str], Node]:
    """Which of CASEI and ACCENTI are around a part, and the part."""
    names: set[str] = set()
    while isinstance(node, Call) and node.name in FOLDS:
        names.add(node.name)
        node = node.arguments[0]
    return frozenset(names), node


def _nodes(root: Node) -> Iterator[Node]:
    waiting: list[Node | None] = [root]
    while waiting:
        node = waiting.pop()
        if node is None:
            continue
        yield node
        if isinstance(node, Call):
            waiting.extend(node.arguments)
        elif isinstance(node, Array):
            waiting.extend(node.items)
        elif isinstance(node, Interval):
            waiting.extend((node.start, node.end))


@dataclass(frozen=True)
class _Builder:
    parameter: str
    quoted: frozenset[str]

    def refuse(self, what: str, remedy: str, value: Any = None) -> BadParameter:
        return BadParameter(self.parameter, what, remedy, None if value is None else str(value))

    def node(self, part: Any) -> Node:
        if part is None or isinstance(part, bool | str):
            return Literal(part)
        if isinstance(part, int | float):
            return self.number(part)
        if isinstance(part, list):
            return Array(tuple(self.node(item) for item in part))
        if isinstance(part, dict):
            for member, make in self.members.items():
                if member in part:
                    return make(part)
        raise self.refuse(
            "has a part that is not CQL2 JSON",
            "Accepted: a value, an array, or an object with one of: " + ", ".join(self.members),
            part,
        )

    @property
    def members(self) -> dict[str, Callable[[dict[str, Any]], Node]]:
        return {
            "op": self.call,
            "property": self.property,
            "date": lambda part: self.instant(part["date"], "date"),
            "timestamp": lambda part: self.instant(part["timestamp"], "timestamp"),
            "interval": self.interval,
            "bbox": self.bounds,
            "type": self.shape,
        }

    def number(self, value: float | int) -> Literal:
        if not math.isfinite(value):
            raise self.refuse("has a number that is not finite", "Accepted: decimal numbers")
        return Literal(int(value) if value == int(value) else value)

    def property(self, part: dict[str, Any]) -> Property:
        if not isinstance(part["property"], str):
            raise self.refuse("has a property whose name is not text", '{"property": "name"}', part["property"])
        return Property(part["property"], part["property"] in self.quoted)

    def instant(self, value: Any, kind: str | None = None) -> Instant:
        example = {"date": "'2026-11-01'", "timestamp": "'2026-11-01T00:00:00Z'"}
        found = parse_instant(value) if isinstance(value, str) else None
        if found is None or (kind is not None and found.kind != kind):
            raise self.refuse(
                f"has a {kind or 'date or timestamp'} that is not one",
                "Accepted: " + (example[kind] if kind else ", ".join(example.values()) + " and '..'"),
                value,
            )
        return found

    def interval(self, part: dict[str, Any]) -> Interval:
        ends = part["interval"]
        if not isinstance(ends, list) or len(ends) != 2:
            raise self.refuse("has an interval without two ends", "INTERVAL('2026-01-01', '..')", ends)
        return Interval(*(self.end(end) for end in ends))

    def end(self, part: Any) -> Instant | Property | None:
        if part == "..":
            return None
        if isinstance(part, str):
            return self.instant(part)
        found = self.node(part)
        if not isinstance(found, Instant | Property):
            raise self.refuse(
                "has an interval whose end is not a date, a timestamp, '..' or a property",
                "INTERVAL('2026-01-01', '..')",
                part,
            )
        return found

    def bounds(self, part: dict[str, Any]) -> Bounds:
        return self.box(part["bbox"])

    def box(self, numbers: Any) -> Bounds:
        if not isinstance(numbers, list) or len(numbers) not in (4, 6) or not all(map(_is_number, numbers)):
            raise self.refuse("has a box that is not 4 or 6 numbers", "BBOX(west,south,east,north)", numbers)
        half = len(numbers) // 2
        if half == 3 and numbers[2] > numbers[5]:
            raise self.refuse("has a box with its lower height above its upper one", "", numbers)
        return Bounds((float(numbers[0]), float(numbers[1])), (float(numbers[half]), float(numbers[half + 1])))

    def shape(self, part: dict[str, Any]) -> Shape:
        return Shape(_geometry(part, self.refuse))

    def call(self, part: dict[str, Any]) -> Node:
        name, arguments = part["op"], part.get("args", [])
        if not isinstance(name, str) or not isinstance(arguments, list):
            raise self.refuse("has an operator that is not text, or whose args are not an array", "", part)
        known = name.lower()
        if known == EMPTY_ARRAY and not arguments:
            return Array(())
        if known == WHOLE_NUMBER and len(arguments) == 1 and _WHOLE.fullmatch(str(arguments[0])):
            return Literal(int(arguments[0]))
        if known == "bbox":
            return self.box(arguments)
        if known not in STANDARD:
            known = name
        counts = _ARGUMENTS.get(known)
        if (counts is not None and len(arguments) != counts) or (known in ("and", "or") and len(arguments) < 2):
            raise self.refuse(
                f"has {known.upper()} with {len(arguments)} arguments", f"It takes {counts or '2 or more'}"
            )
        nodes = tuple(self.node(argument) for argument in arguments)
        if known == "in" and not isinstance(nodes[1], Array):
            raise self.refuse("has IN without a list of values", "name IN ('a', 'b')")
        return Call(known, nodes)


_WHOLE = re.compile(r"-?[0-9]{1,400}")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _geometry(part: Any, refuse: Callable[[str, str, Any], BadParameter]) -> shapely.Geometry:
    """A GeoJSON geometry in two dimensions; collections within collections are dissolved."""
    kind = part.get("type") if isinstance(part, dict) else None
    if kind not in _GEOMETRIES:
        raise refuse("has a geometry that is not GeoJSON", "Types: " + ", ".join(_GEOMETRIES), part)
    try:
        if kind == "GeometryCollection":
            parts = [_geometry(inner, refuse) for inner in part["geometries"]]
            flat = [p for one in parts for p in (one.geoms if one.geom_type == "GeometryCollection" else (one,))]
            made: shapely.Geometry = shapely.GeometryCollection(flat)
        else:
            made = _SHAPES[kind](_positions(part["coordinates"], _DEPTHS[kind]))
    except (KeyError, TypeError, ValueError, IndexError, shapely.GEOSException) as error:
        raise refuse(f"has a geometry that cannot be made ({error})", "Accepted: GeoJSON geometries", part) from None
    if made.is_empty:
        raise refuse("has an empty geometry", "Give it coordinates", part)
    return made


_DEPTHS = {"Point": 0, "LineString": 1, "MultiPoint": 1, "Polygon": 2, "MultiLineString": 2, "MultiPolygon": 3}
_SHAPES: dict[str, Callable[[Any], shapely.Geometry]] = {
    "Point": shapely.Point,
    "LineString": shapely.LineString,
    "MultiPoint": shapely.MultiPoint,
    "Polygon": lambda rings: shapely.Polygon(rings[0], rings[1:]),
    "MultiLineString": shapely.MultiLineString,
    "MultiPolygon": lambda parts: shapely.MultiPolygon([(rings[0], rings[1:]) for rings in parts]),
}


def _positions(part: Sequence[Any], depth: int) -> Any:
    if depth:
        if not isinstance(part, list):
            raise ValueError("coordinates are not an array of arrays")
        return [_positions(inner, depth - 1) for inner in part]
    if not isinstance(part, list) or not 2 <= len(part) <= 4 or not all(map(_is_number, part)):
        raise ValueError("a position is not 2 to 4 numbers")
    return (float(part[0]), float(part[1]))
