"""Folium pages, styles and vendored browser assets."""

from pathlib import Path

ASSETS = Path(__file__).parent / "assets"
"""Folder of everything a page asks for; to be served as ``maps/assets/``."""
