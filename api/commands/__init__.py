"""Subcommands of the command line; `api.cli` is the entry."""
