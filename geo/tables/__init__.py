"""Canonical tables: one module each, with columns, units and checks."""
