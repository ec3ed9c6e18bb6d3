"""Immutable runs and the pointer to the current one."""
