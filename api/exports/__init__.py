"""Selections as files to take away: one module for each format.

Every format holds the same rows in the same order with the asked properties in their kinds:

========== ======================================= ===========================================================
`f`        positions                               run, scenario, label and credits
========== ======================================= ===========================================================
csv        columns lon, lat (x, y where projected) columns of every row
xlsx       columns lon, lat (x, y where projected) columns of every row; credits on the sheet `about`
gpkg       geometries, x or longitude first        columns of every row; layer description, `gpkg_metadata`
fgb        geometries, x or longitude first        columns of every row; title, description, metadata
parquet    geometries, x or longitude first        columns of every row; key-value metadata of the file
geojsonseq geometries, axes as the CRS has them    members of every feature
========== ======================================= ===========================================================

CSV and XLSX are lists, not maps: an area is shown by a point inside it. Lists of objects (`reasons`) are JSON text
everywhere but in GeoJSON. Text that a spreadsheet would run gets a leading apostrophe in CSV and XLSX. FlatGeobuf has
no spatial index, because that would change the order of the rows.
"""
