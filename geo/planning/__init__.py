"""Candidates, costs and the phased action plan (not built yet)."""
