"""Reading through GDAL: one layer, in Arrow batches, under limits."""

import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyogrio
import shapely
from pyogrio import errors as ogr_errors

from geo.errors import ColumnMissing, FileProblem, LimitExceeded, Problem
from geo.ingest.readers import columns, encodings, geopackage, kml
from geo.ingest.readers.assembly import Assembler, check_rows
from geo.ingest.readers.formats import Input, format_of, staged
from geo.ingest.readers.geojson import FeatureTexts
from geo.ingest.readers.geometry import Mask, Normaliser, Shapes, crs_name, decoded, usable_crs
from geo.ingest.report import EXAMPLES, Finding, Severity
from geo.ingest.source import BATCH_ROWS, Batch, ReadOptions, Source

_BATCH_BYTES = 32 * 2**20
_BATCH_BYTES_MAX = 128 * 2**20
"""Also the largest single feature."""
_OGR_ERRORS = (
    ogr_errors.DataSourceError,
    ogr_errors.DataLayerError,
    ogr_errors.CRSError,
    ogr_errors.FeatureError,
    ogr_errors.FieldError,
    ogr_errors.GeometryError,
    pa.ArrowException,
    IndexError,
    ValueError,
    OSError,
    UnboundLocalError,  # of pyogrio 0.13, where GDAL cannot write a CRS down
)
_TOO_LARGE = ("OGR_GEOJSON_MAX_OBJ_SIZE", "Too large feature")
_LISTED_LAYERS = 10
_ROW_IDS = frozenset({"fid", "ogc_fid", "objectid"})
"""Row numbers that programs write as a column."""
_DATES_AS_TEXT = frozenset({".shp", ".kml"})
_WITHOUT_NULLS = frozenset({".tab", ".mif"})


@dataclass
class _Layers:
    """What is needed to go through the features of a layer, or of several of one file as if they were one.

    `columns` are those to take; `announced` is the number of features that must come; `texts` those of GeoJSON.
    """

    given: Input
    name: str
    layers: Sequence[str]
    options: dict[str, str]
    columns: list[str]
    announced: int | None
    decoder: encodings.Decoder | None
    names: Mapping[str, str]
    texts: FeatureTexts | None

    @property
    def batch_rows(self) -> int:
        """Rows that make a batch of the usual size, were all alike."""
        if not self.announced:
            return BATCH_ROWS
        size = sum(part.stat().st_size for part in (self.given.path, *self.given.parts.values()))
        return max(1, min(BATCH_ROWS, _BATCH_BYTES * self.announced // size))


def open_layer(given: Input, options: ReadOptions, wanted: str, stack: ExitStack) -> Source:
    """Open a layer of a file that has been located; `wanted` and errors as `open_vector`'s."""
    configure()
    main = staged(given, stack)
    kind = format_of(given)
    name = f"{kind.prefix}{main}"
    findings: list[Finding] = []
    content = kml.look_through(main, given.file) if given.suffix == ".kml" else None
    text = encodings.carried(given.suffix, main, given.parts, options.encoding)
    gdal_options = dict(text.options)
    with typed(given):
        if given.suffix == ".gpkg":
            present = geopackage.checked_layers(given.path, given.file)
            if not geopackage.has_journal(given.path):
                # else SQLite writes beside the file even for reading
                gdal_options["IMMUTABLE"] = "YES"
        else:
            present = [str(found) for found, shape in pyogrio.list_layers(name) if shape is not None]
        layers = _chosen(present, options.layer, wanted, given, may_join=content is not None)
        infos = [pyogrio.read_info(name, layer=layer, **gdal_options) for layer in layers]
    for info in infos:
        if info["driver"] not in kind.drivers:
            raise _unreadable(given)
        if info["geometry_type"] is None:
            raise ColumnMissing(Problem("the layer has no geometry", "A layer with geometries is needed", given.file))
    crs, crs_findings = usable_crs(infos[0]["crs"], options.crs, given.file)
    findings += crs_findings
    if content is not None:
        findings += content.findings(given.file)
        if len(layers) > 1:
            what = f"the features of {len(layers)} folders were read together"
            findings.append(
                Finding.of(
                    "folders_joined",
                    Severity.NOTE,
                    [Problem(what, "Name one with --layer to read it alone", given.file, value=n) for n in layers],
                )
            )
    decoder = None
    encoding = text.encoding
    if text.is_carried:
        if encoding is None:
            with typed(given):
                encoding = encodings.detected(_carried_texts(name, layers[0], gdal_options))
            if encoding is not None:
                findings.append(encodings.detection_finding(encoding, given.file))
        decoder = encodings.Decoder(encoding or "utf-8")
    names = content.names(given.file) if content is not None else {}
    taken, column_findings = _taken(infos, given, decoder, content, names)
    counts = [int(info["features"]) for info in infos]
    announced = sum(counts) if min(counts) >= 0 else None
    if content is not None and set(layers) == set(present):
        announced = content.placemarks
    check_rows(announced or 0, given.file)
    texts = None
    if kind.prefix:
        texts = FeatureTexts(main, lines=kind.are_lines)
        texts.check_count(announced or 0, given.file)
    plan = _Layers(given, name, layers, gdal_options, taken, announced, decoder, names, texts)
    return Source(
        format=kind.name,
        columns=taken,
        batches=_batches(plan, Assembler(Normaliser(crs, given.file))),
        layer=layers[0] if len(present) > 1 and len(layers) == 1 else None,
        crs=crs_name(crs),
        encoding=encoding,
        rows_announced=announced,
        has_short_names=given.suffix == ".shp",
        findings=[*findings, *column_findings],
    )


@cache
def configure() -> None:
    """Set GDAL up once for reading what others have made."""
    pyogrio.set_gdal_config_options(
        {
            # a batch ends early where its features are large; FlatGeobuf loses features there unless read like the rest
            "OGR_ARROW_MEM_LIMIT": str(_BATCH_BYTES_MAX),
            "OGR_FLATGEOBUF_STREAM_BASE_IMPL": "YES",
            "LIBKML_READ_GROUND_OVERLAY": "NO",
            # second lines of defence: the formats let through have no way to name a file or an address
            "CPL_VSIL_CURL_ALLOWED_EXTENSIONS": ".nothing-is-fetched",
            "OGR_SQLITE_LOAD_EXTENSIONS": None,
            "LIBKML_RESOLVE_STYLE": "NO",
        }
    )


@contextmanager
def typed(given: Input) -> Iterator[None]:
    """What GDAL and Arrow raise as errors of ours; what they only remark goes nowhere."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except UnicodeDecodeError as error:
        raise _not_utf8(given) from error
    except _OGR_ERRORS as error:
        message = str(error)
        if any(sign in message for sign in _TOO_LARGE):
            what = "a single feature is larger than can be read"
            raise LimitExceeded(Problem(what, "Split or simplify it", given.file)) from error
        if "UTF8" in message:
            raise _not_utf8(given) from error
        raise _unreadable(given) from error


def _unreadable(given: Input) -> FileProblem:
    what = f"cannot be read as {given.suffix}"
    return FileProblem(Problem(what, "Is the file damaged or of another format?", given.file))


def _not_utf8(given: Input) -> FileProblem:
    return FileProblem(Problem("the text is not UTF-8", "Save the file as UTF-8", given.file))


def _chosen(present: list[str], named: str | None, wanted: str, given: Input, *, may_join: bool) -> list[str]:
    if not present:
        raise ColumnMissing(Problem("the file has no layer with geometries", "One is needed", given.file))
    held = ", ".join(present[:_LISTED_LAYERS])
    if named is not None:
        if named not in present:
            raise FileProblem(Problem("no such layer", f"The file has: {held}", given.file, value=named))
        return [named]
    if len(present) == 1:
        return present
    if wanted in present:
        return [wanted]
    if may_join:
        return present
    what = f"the file has {len(present)} layers: {held}"
    raise FileProblem(Problem(what, f"Choose one with --layer, or name one '{wanted}'", given.file))


def _taken(
    infos: list[dict[str, Any]],
    given: Input,
    decoder: encodings.Decoder | None,
    content: kml.KmlContent | None,
    names: Mapping[str, str],
) -> tuple[list[str], list[Finding]]:
    """The columns to take, in the file's order, and what is said about others."""
    left_out = kml.DRAWING_COLUMNS - content.columns if content is not None else frozenset()
    taken: list[str] = []
    useless: list[str] = []
    for info in infos:
        for field, kind in zip(info["fields"], info["ogr_types"], strict=True):
            name = decoder.name(field) if decoder else names.get(str(field), str(field))
            if kind == "OFTBinary" or name == "geometry":
                useless.append(name)
            elif name not in left_out and name.lower() not in _ROW_IDS:
                taken.append(name)
    return list(dict.fromkeys(taken)), columns.ignored_findings(useless, given.file)


def _carried_texts(name: str, layer: str, options: dict[str, str]) -> Iterator[pa.Array]:
    kwargs: dict[str, Any] = {"use_pyarrow": True, "batch_size": BATCH_ROWS, "read_geometry": False, **options}
    with pyogrio.open_arrow(name, layer=layer, **kwargs) as (_, reader):
        yield pa.array(reader.schema.names)
        for batch in reader:
            yield from (column for column in batch.columns if pa.types.is_string(column.type))


def _batches(plan: _Layers, assembler: Assembler) -> Iterator[Batch]:
    for layer in plan.layers:
        with ExitStack() as stack:
            with typed(plan.given):
                meta, reader = stack.enter_context(
                    pyogrio.open_arrow(
                        plan.name,
                        layer=layer,
                        batch_size=plan.batch_rows,
                        use_pyarrow=True,
                        datetime_as_string=True,
                        **(plan.options | ({"DATE_AS_STRING": "YES", "ARRAY_AS_STRING": "YES"} if plan.texts else {})),
                    )
                )
                geometry = reader.schema.get_field_index(meta["geometry_name"] or "wkb_geometry")
            first = 0
            while (batch := _next(reader, plan.given)) is not None:
                yield _assembled(batch, geometry, plan, layer, first, assembler)
                first += len(batch)
    if plan.announced is not None and assembler.rows < plan.announced:
        what = f"the file is cut off: {plan.announced} features announced, {assembler.rows} there"
        raise FileProblem(Problem(what, "Copy it again", plan.given.file))


def _next(reader: pa.RecordBatchReader, given: Input) -> pa.RecordBatch | None:
    with typed(given):
        try:
            return reader.read_next_batch()
        except StopIteration:
            return None


def _assembled(
    batch: pa.RecordBatch, geometry: int, plan: _Layers, layer: str, first: int, assembler: Assembler
) -> Batch:
    file = plan.given.file
    with typed(plan.given):
        frame, problems = _attributes(batch, geometry, plan, assembler.rows)
        shapes, broken = _shapes(batch, geometry, plan, layer, first)
    findings = _perhaps_missing(frame, assembler.rows, file) if plan.given.suffix in _WITHOUT_NULLS else []
    if plan.given.suffix == ".kml":
        broken |= shapely.is_empty(shapes)
    if plan.texts is not None:
        broken |= plan.texts.repair(shapes, first)
    return assembler.batch(frame, shapes, broken, findings, problems)


def _attributes(
    batch: pa.RecordBatch, geometry: int, plan: _Layers, rows_before: int
) -> tuple[pd.DataFrame, list[Problem]]:
    held: dict[str, pa.Array] = {}
    problems: list[Problem] = []
    for i, field in enumerate(batch.schema):
        name = plan.decoder.name(field.name) if plan.decoder else plan.names.get(field.name, field.name)
        if i == geometry or name not in plan.columns:
            continue
        column = batch.column(i)
        if plan.decoder and pa.types.is_string(column.type):
            column, undecoded = plan.decoder.column(column)
            problems += [
                Problem(
                    f"the text is not {plan.decoder.encoding}",
                    "State its encoding with --encoding",
                    plan.given.file,
                    rows_before + row + 1,
                    name,
                )
                for row in undecoded.tolist()
            ]
        held[name] = columns.with_iso_dates(column) if plan.given.suffix in _DATES_AS_TEXT else column
    nothing = pa.nulls(len(batch), pa.string())
    return columns.as_frame([held.get(name, nothing) for name in plan.columns], plan.columns, len(batch)), problems


def _shapes(batch: pa.RecordBatch, geometry: int, plan: _Layers, layer: str, first: int) -> tuple[Shapes, Mask]:
    wkb = batch.column(geometry).to_numpy(zero_copy_only=False)
    try:
        return decoded(wkb)
    except NotImplementedError:
        # curves; GDAL gives them as lines where it is not asked for Arrow
        options: dict[str, Any] = {"skip_features": first, "max_features": len(wkb), **plan.options}
        return decoded(pyogrio.raw.read(plan.name, layer=layer, columns=[], **options)[2])


def _perhaps_missing(frame: pd.DataFrame, rows_before: int, file: str) -> list[Finding]:
    findings = []
    what = "a nought may stand for a missing number, which MapInfo cannot store"
    for name in frame.columns:
        if pd.api.types.is_numeric_dtype(frame[name]) and not pd.api.types.is_bool_dtype(frame[name]):
            noughts = np.flatnonzero(frame[name].eq(0).to_numpy(dtype=bool, na_value=False))
            if noughts.size:
                shown = tuple(Problem(what, "", file, rows_before + int(i) + 1, name, 0) for i in noughts[:EXAMPLES])
                remedy = "Where noughts are meant as missing, send another format"
                findings.append(Finding("nought_or_missing", Severity.NOTE, what, remedy, int(noughts.size), shown))
    return findings
