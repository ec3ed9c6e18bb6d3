"""Collections of a run in memory: columns, index, encoded features; how rows are selected and written."""
