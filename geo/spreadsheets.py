"""Text that a spreadsheet must not run, or cannot hold."""

import pandas as pd

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_CANNOT_BE_HELD = r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]"


def harmless(table: pd.DataFrame) -> pd.DataFrame:
    """A table whose text and column names a spreadsheet shows as they are.

    What it would run as a formula gets a leading apostrophe; control characters become the sign for a lost character.
    """
    text = table.select_dtypes(include=["object", "str"]).columns
    table = table.assign(**{name: table[name].replace(_CANNOT_BE_HELD, "\ufffd", regex=True) for name in text})
    risky = {name: table[name].str.startswith(_FORMULA_STARTS, na=False) for name in text}
    shown = table.assign(**{name: table[name].mask(mask, "'" + table[name]) for name, mask in risky.items()})
    return shown.rename(columns=lambda name: f"'{name}" if str(name).startswith(_FORMULA_STARTS) else name)
