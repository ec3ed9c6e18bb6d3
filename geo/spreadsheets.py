"""Text that a spreadsheet must not run."""

import pandas as pd

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def harmless(table: pd.DataFrame) -> pd.DataFrame:
    """A table whose text a spreadsheet shows as it is: what it would run as a formula gets a leading apostrophe."""
    text = table.select_dtypes(include=["object", "str"]).columns
    risky = {name: table[name].str.startswith(_FORMULA_STARTS, na=False) for name in text}
    return table.assign(**{name: table[name].mask(mask, "'" + table[name]) for name, mask in risky.items()})
