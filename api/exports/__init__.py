"""Selections as files to take away: one module for each format."""
