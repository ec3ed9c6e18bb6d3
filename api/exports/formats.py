"""The registry of export formats."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any


@dataclass(frozen=True)
class ExportFormat:
    """One file format: `name` is its value of the parameter ``f``, `suffix` its file's."""

    name: str
    media_type: str
    suffix: str
    title: str
    write: Callable[..., Any]


EXPORTS: Mapping[str, ExportFormat] = MappingProxyType({})
"""Formats by media type."""
