"""CSV that spreadsheets open as it is meant (RFC 4180)."""

import io

import pyarrow as pa
from pyarrow import csv

from api.exports.extract import Extract
from api.exports.files import Parts
from api.exports.spreadsheets import spreadsheet_batches

BYTE_ORDER_MARK = "\ufeff".encode()


def csv_parts(extract: Extract) -> Parts:
    """UTF-8 with a byte-order mark, text in quotes, nothing between the commas where a value is missing."""
    for number, batch in enumerate(spreadsheet_batches(extract, credits=True)):
        first = number == 0
        yield (BYTE_ORDER_MARK if first else b"") + csv_bytes(batch, header=first)


def csv_bytes(batch: pa.RecordBatch, *, header: bool = True) -> bytes:
    """Rows as CSV, without a byte-order mark."""
    stream = io.BytesIO()
    csv.write_csv(batch, stream, csv.WriteOptions(include_header=header, eol="\r\n"))
    return stream.getvalue()
