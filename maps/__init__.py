"""Folium pages, styles and vendored browser assets."""
