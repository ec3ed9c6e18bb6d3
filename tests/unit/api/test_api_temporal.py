"""The datetime parameter and partial dates."""

import pytest

from api.errors import BadParameter
from api.features.temporal import Times, parse_datetime

TIMES = Times.from_dates(["2024", "2025-03", "2025-03-31", "2026-10-05", None, "rubbish", "2025-13"])
WITHOUT_DATE = [4, 5, 6]


def rows(text: str) -> list[int]:
    found = TIMES.intersecting(parse_datetime(text)).nonzero()[0].tolist()
    assert found[-3:] == WITHOUT_DATE
    return found[:-3]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024-07-01", [0]),
        ("2024-12-31T23:59:59Z", [0]),
        ("2025-01-01T00:00:00Z", []),
        ("2025-01-01T00:00:00+05:00", [0]),
        ("2025-03-31t12:00:00.25z", [1, 2]),
        ("2025-03-15T00:00:00Z", [1]),
        ("2024-12-31/2025-03-01", [0, 1]),
        ("2025-03-31T23:59:60Z", [1, 2]),
        ("../2024-01-01", [0]),
        ("/2023-12-31", []),
        ("2026-01-01/..", [3]),
        ("2026-01-01/", [3]),
        ("../..", [0, 1, 2, 3]),
        ("2026-01-01/9999-12-31", [3]),
        ("0001-01-01/9999-12-31T23:59:59Z", [0, 1, 2, 3]),
    ],
)
def test_rows_whose_date_meets_the_interval(text: str, expected: list[int]) -> None:
    assert rows(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2024",
        "yesterday",
        "2024-02-30",
        "2024-01-01T00:00:00",
        "2025-01-01/2024-01-01",
        "a/b",
        "1/2/3",
        "２０２４-01-01",
    ],
)
def test_what_is_not_an_instant_or_interval_is_refused(text: str) -> None:
    with pytest.raises(BadParameter, match="datetime"):
        parse_datetime(text)


def test_extent_is_from_the_first_to_the_last_instant() -> None:
    assert TIMES.extent == ("2024-01-01T00:00:00Z", "2026-10-05T23:59:59Z")
    assert Times.from_dates([None]).extent is None
    assert Times.from_dates([]).extent is None


def test_early_years_keep_four_digits() -> None:
    assert Times.from_dates(["0001-01-01"]).extent == ("0001-01-01T00:00:00Z", "0001-01-01T23:59:59Z")


def test_instants_of_a_column_are_met_to_the_fraction_of_a_second() -> None:
    times = Times.from_dates(
        ["2022-04-16T10:13:19Z", "2022-04-16T10:13:19.5+05:00", "2022-04-16T10:13:19.5", "2022-13-01T00:00:00Z"]
    )
    assert times.intersecting(parse_datetime("2022-04-16T10:13:19Z")).tolist() == [True, False, False, True]
    assert times.intersecting(parse_datetime("2022-04-16T10:13:19.25Z/..")).tolist() == [False, False, True, True]
    assert times.intersecting(parse_datetime("2022-04-16T05:13:19Z/2022-04-16T06:00:00Z")).tolist() == [
        False,
        True,
        False,
        True,
    ]
    assert times.extent == ("2022-04-16T05:13:19.5Z", "2022-04-16T10:13:19.5Z")
