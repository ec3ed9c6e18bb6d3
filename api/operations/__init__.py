"""The HTTP operations, grouped by what they answer with."""
