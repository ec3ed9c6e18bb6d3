"""Immutable runs, and the pointers to the current one and to each scenario's."""

from geo.workspace.rasters import RasterToKeep
from geo.workspace.runs import DamagedRun, Run, Workspace
from geo.workspace.versions import code_version

__all__ = ["DamagedRun", "RasterToKeep", "Run", "Workspace", "code_version"]
