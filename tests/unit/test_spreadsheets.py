import pandas as pd

from geo.spreadsheets import harmless


def test_formulas_are_defused_and_everything_else_is_left_alone() -> None:
    table = pd.DataFrame({"cell_id": ["=HYPERLINK(1)", "@x", "-1", "Ақсу", None], "level": [-1.0, 2.0, 3.0, 4.0, 5.0]})
    result = harmless(table)
    assert result["cell_id"].tolist()[:4] == ["'=HYPERLINK(1)", "'@x", "'-1", "Ақсу"]
    assert result["cell_id"].isna().tolist() == [False, False, False, False, True]
    assert result["level"].tolist() == table["level"].tolist()
