"""Record batches that a spreadsheet shows as they are."""

from collections.abc import Iterator
from functools import reduce

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from api.exports.extract import Extract
from api.exports.tables import constant_columns, free_name, labels, position_names, property_columns
from geo.spreadsheets import harmless

_MARKUP = (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"))


def spreadsheet_batches(extract: Extract, *, credits: bool) -> Iterator[pa.RecordBatch]:
    """Properties, position and labels, as a spreadsheet may show them; `credits` for a column of them at the end."""
    constants = labels(extract)
    if credits:
        constants[free_name("credits", "run_", extract.collection.columns)] = extract.about.credit
    for rows, properties in property_columns(extract):
        points = (pa.array(numbers, mask=np.isnan(numbers)) for numbers in extract.points(rows))
        positions = dict(zip(position_names(extract), points, strict=True))
        columns = {**properties, **positions, **constant_columns(constants, len(rows))}
        yield for_spreadsheets(pa.RecordBatch.from_pydict(columns))


def for_spreadsheets(batch: pa.RecordBatch) -> pa.RecordBatch:
    """A batch whose text and column names a spreadsheet shows as they are: `geo.spreadsheets.harmless` over Arrow.

    Each different text is looked at once.
    """
    texts = [i for i, field in enumerate(batch.schema) if pa.types.is_string(field.type)]
    encoded = [batch.column(i).dictionary_encode() for i in texts]
    names = batch.schema.names
    words = [word for array in encoded for word in array.dictionary.to_pylist()]
    safe = harmless(pd.DataFrame({"text": pd.Series([*names, *words], dtype="str")}))["text"].tolist()
    columns = list(batch.columns)
    at = len(names)
    for i, array in zip(texts, encoded, strict=True):
        end = at + len(array.dictionary)
        columns[i] = pa.array(safe[at:end], pa.string()).take(array.indices)
        at = end
    return pa.RecordBatch.from_arrays(columns, names=safe[: len(names)])


def xml_text(array: pa.Array) -> pa.Array:
    """Texts with the characters replaced that mean something in XML."""
    return reduce(lambda text, pair: pc.replace_substring(text, *pair), _MARKUP, array)
