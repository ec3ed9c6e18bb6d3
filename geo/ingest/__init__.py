"""Readers that turn users' files into canonical tables, or say exactly why not."""
