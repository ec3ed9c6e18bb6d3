"""One module per family of formats: each opens a file as a `geo.ingest.source.Source`."""
