"""Tiles: vector tiles of a run's collections (grid, prepared layers, encoding, district totals), signal as pictures."""
