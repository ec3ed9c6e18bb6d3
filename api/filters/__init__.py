"""Which features a request asks for: boxes, dates, property values and CQL2 expressions, evaluated over columns."""
