"""Tiles: parts of a run cut out for one cell of a tile matrix set."""
