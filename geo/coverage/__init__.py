"""Evidence of service: polygons, rasters, reports, published totals -> probability."""
