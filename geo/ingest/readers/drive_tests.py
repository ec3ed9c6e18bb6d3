"""Logs of drive tests, under the column names of the usual tools, as measurements.

The level of a row is its technology's: RSRP of 4G and 5G, RSCP of 3G, RxLev of 2G; the RSSI of a 4G carrier is another
quantity and is not taken. Columns that are not known stay as they are.
"""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from geo.errors import Problem
from geo.ingest.readers.drive_test_columns import DriveTestColumns, Level, recognised
from geo.ingest.readers.networks import named, unknown_networks
from geo.ingest.report import EXAMPLES, Finding, Severity
from geo.ingest.source import Batch
from geo.tables.words import Technology

_NOTHING = {"", "-", "--", "—", "n/a", "na", "nan", "null", "none", "2147483647", "-2147483648", "2147483648"}
"""What tools write for "not measured"; the great numbers are Android's."""

_WORDS = {
    Technology.G2: ("2g", "gsm", "gprs", "edge", "egprs"),
    Technology.G3: ("3g", "umts", "wcdma", "hsdpa", "hsupa", "hspa", "hspa+", "hspap", "dc-hspa+", "hspa+ dc"),
    Technology.G4: ("4g", "4g+", "lte", "lte+", "lte-a", "lte ca", "lte_ca", "lte-ca", "e-utran", "eutran", "lte fdd"),
    Technology.G5: ("5g", "nr", "5g nr", "nr sa", "nr nsa", "nr_sa", "nr_nsa", "5g nsa", "5g sa", "5g-nsa", "5g-sa"),
}
_TECHNOLOGIES = {word: technology.value for technology, words in _WORDS.items() for word in words}
_NO_SERVICE = (
    "no service", "no_service", "noservice", "out of service", "no coverage", "limited", "emergency only",
    "нет сети", "нет связи", "нет сигнала", "без сети", "нет покрытия", "нет обслуживания", "желі жоқ", "байланыс жоқ",
    "сигнал жоқ",
)  # fmt: skip
_LEVELS_OF: dict[str, tuple[Level, ...]] = {
    Technology.G5: ("ss_rsrp", "rsrp", "any"),
    Technology.G4: ("rsrp", "any"),
    Technology.G3: ("rscp", "any"),
    Technology.G2: ("rxlev", "any"),
}
_TECHNOLOGY_OF: dict[Level, str] = {"ss_rsrp": "5g", "rsrp": "4g", "rscp": "3g", "rxlev": "2g"}

_PLMN_NUMBER = r"^(\d{3})[-/ ]?(\d{2,3})(?:\.0)?$"
_CLOCK = r"(?:[ T_]+(?P<hour>\d{2})[:.](?P<minute>\d{2})(?:[:.](?P<second>\d{2}))?(?:[.,](?P<fraction>\d+))?"
_CLOCK += r"\s*(?P<zone>Z|[+-]\d{2}:?\d{2})?)?$"
_YEAR_FIRST = r"^(?P<year>\d{4})[./-](?P<month>\d{2})[./-](?P<day>\d{2})" + _CLOCK
_DAY_FIRST = r"^(?P<day>\d{2})\.(?P<month>\d{2})\.(?P<year>\d{4})" + _CLOCK
_EPOCH_UNITS = {10: "s", 13: "ms", 16: "us"}


def from_drive_test_columns(frame: pd.DataFrame, rows: npt.NDArray[np.int64], file: str) -> Batch | None:
    """Rows of a drive-test log with canonical columns (`geo.tables.measurements`) in place of the tool's.

    Parameters
    ----------
    frame
        Rows as read, cells as text or numbers; columns that no tool is known to write stay, positions among them.
    rows
        Their numbers in the file, shape (n,).
    file
        The file's name, for messages.

    Returns
    -------
    Batch or None
        Measurements: levels in dBm, speeds in Mbit/s, times in ISO 8601, operators by network number. Rows in which
        nothing was measured are left out, and counted. None where the columns are not a drive test's: without a level
        or a speed under a tool's name.
    """
    used = recognised([str(name) for name in frame.columns if name != "geometry"])
    if used is None:
        return None
    log = _Log(frame.reset_index(drop=True), rows, file)
    technology, no_service = log.technologies(used.technology)
    levels = {kind: log.numbers(name) for kind, name in used.levels.items()}
    technology = log.inferred(technology, no_service, levels)
    signal = log.signal(technology, levels, used.levels)
    speeds = {name: log.numbers(column) * factor for name, (column, factor) in used.speeds.items()}
    if used.state is not None:
        speeds = log.without_idle(speeds, used.state)
    operator = log.operators(used)
    canonical = {
        "measured_at": log.times(used.time, used.date),
        "operator": operator,
        "technology": technology,
        "signal_dbm": signal,
        **speeds,
        "no_service": no_service,
    }
    canonical = {name: values for name, values in canonical.items() if values is not None}
    log.findings.append(used.finding(len(frame)))
    if used.without_unit:
        log.findings.append(used.unit_finding(len(frame), file))
    kept = log.frame.drop(columns=[name for name in used.columns() if name in log.frame.columns])
    taken = [name for name in kept.columns if str(name).lower() in canonical]
    kept = kept.drop(columns=taken).assign(**canonical)
    measured = no_service | signal.notna().to_numpy() | log.refused
    for values in speeds.values():
        measured |= values.notna().to_numpy()
    log.note_empty(~measured)
    problems = sorted(log.problems, key=lambda problem: problem.row or 0)
    return Batch(kept[measured].reset_index(drop=True), rows[measured], log.findings, problems)


@dataclass
class _Log:
    """The rows of one batch, and what is found in them."""

    frame: pd.DataFrame
    rows: npt.NDArray[np.int64]
    file: str
    findings: list[Finding] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.refused = np.zeros(len(self.frame), dtype=bool)

    def text(self, column: str) -> pd.Series:
        """A column's cells as trimmed text; null where they say that nothing was measured."""
        cells = self.frame[column]
        text = cells.astype("str").where(cells.notna(), None).astype("str").str.strip()
        return text.mask(text.str.lower().isin(_NOTHING), None)

    def numbers(self, column: str) -> pd.Series:
        """A column's cells as numbers; what is none is refused."""
        text = self.text(column).str.replace(r"^(-?\d+),(\d+)$", r"\1.\2", regex=True)
        text = text.str.replace("−", "-").str.replace(r"\s*(dbm|kbps|mbps|ms)$", "", regex=True, case=False)
        values = pd.to_numeric(text, errors="coerce").astype("float64").replace([np.inf, -np.inf], np.nan)
        self.refuse((values.isna() & text.notna()).to_numpy(), "not a number", "Accepted: a number", column)
        return values

    def refuse(self, refused: npt.NDArray[np.bool_], what: str, remedy: str, column: str) -> None:
        """Refuse rows for a cell of theirs."""
        self.refused |= refused
        self.problems += self._places(np.flatnonzero(refused), what, remedy, column)

    def _places(self, places: npt.NDArray[np.int64], what: str, remedy: str, column: str) -> list[Problem]:
        cells = self.frame[column]
        return [Problem(what, remedy, self.file, int(self.rows[i]), column, cells.iloc[i]) for i in places]

    def signal(self, technology: pd.Series, levels: dict[Level, pd.Series], columns: dict[Level, str]) -> pd.Series:
        """Level of each row in dBm: its technology's, or the only one where that is none of the four.

        A reporting index (RSRP 0…97, RSCP 0…96, RxLev 0…63) and a level that has lost its sign are refused.
        """
        signal = pd.Series(np.nan, index=technology.index, dtype="float64")
        kind_of = np.full(len(signal), "", dtype=object)
        filled = np.sum([values.notna().to_numpy() for values in levels.values()], axis=0)
        choices = [((technology == word).to_numpy(), kinds) for word, kinds in _LEVELS_OF.items()]
        choices.append((~technology.isin(list(_LEVELS_OF)).to_numpy() & (filled == 1), tuple(levels)))
        for of_word, kinds in choices:
            for kind in (kind for kind in kinds if kind in levels):
                taken = of_word & signal.isna().to_numpy() & levels[kind].notna().to_numpy()
                signal = signal.mask(taken, levels[kind])
                kind_of[taken] = kind
        no_level = (signal >= 0).to_numpy()
        remedy = "Accepted: dBm, below 0; a reporting index (0…97) must be converted by the tool that wrote it"
        for kind, column in columns.items():
            self.refuse(no_level & (kind_of == kind), "not a level in dBm", remedy, column)
        return signal.mask(no_level)

    def technologies(self, column: str | None) -> tuple[pd.Series, npt.NDArray[np.bool_]]:
        """Canonical technologies, other words as they are, and which rows say that there was no service."""
        if column is None:
            none = pd.Series(None, index=self.frame.index, dtype="str")
            return none, np.zeros(len(self.frame), dtype=bool)
        text = self.text(column)
        words = text.str.lower().str.replace(r"\s+", " ", regex=True)
        no_service = words.isin(_NO_SERVICE).to_numpy(dtype=bool)
        known = words.map(_TECHNOLOGIES).astype("str")
        return known.fillna(text).mask(no_service, Technology.UNSPECIFIED.value), no_service

    def inferred(
        self, technology: pd.Series, no_service: npt.NDArray[np.bool_], levels: dict[Level, pd.Series]
    ) -> pd.Series:
        """Technologies, where the row does not state one, by the only kind of level that it has."""
        unstated = (technology.isna() & ~no_service).to_numpy(dtype=bool)
        told = np.full(len(technology), None, dtype=object)
        kinds = np.zeros(len(technology), dtype=int)
        for kind, word in _TECHNOLOGY_OF.items():
            if kind in levels:
                has = levels[kind].notna().to_numpy()
                told[has] = word
                kinds += has
        taken = unstated & (kinds == 1)
        if taken.any():
            what = "the technology is taken from the kind of level measured (RSRP 4G, RSCP 3G, RxLev 2G)"
            remedy = "A column of the network's technology is safer"
            self.findings.append(Finding("technology_from_level", Severity.NOTE, what, remedy, int(taken.sum())))
        filled = technology.mask(taken, pd.Series(told, index=technology.index, dtype="str"))
        return filled.fillna(Technology.UNSPECIFIED.value)

    def without_idle(self, speeds: dict[str, pd.Series], column: str) -> dict[str, pd.Series]:
        """Speeds without the traffic of a phone that was not testing (G-NetTrack's state I): no test's result."""
        idle = self.text(column).str.upper().isin(["I", "IDLE"]).to_numpy(dtype=bool)
        had = np.zeros(len(idle), dtype=bool)
        for values in speeds.values():
            had |= idle & values.notna().to_numpy()
        if had.any():
            what = "speeds of a phone that was idle are not used"
            places = tuple(self._places(np.flatnonzero(had)[:EXAMPLES], what, "", column))
            self.findings.append(Finding("idle_speed", Severity.NOTE, what, "", int(had.sum()), places))
        return {name: values.mask(idle) for name, values in speeds.items()}

    def operators(self, used: DriveTestColumns) -> pd.Series | None:
        """Operators by network number, where the row has one, else as it names them; null without such a column."""
        names = None if used.operator is None else self.text(used.operator)
        column = used.plmn or (used.mcc_mnc[1] if used.mcc_mnc else used.operator)
        if column is None:
            return None
        if used.plmn is not None:
            told = self.text(used.plmn)
        elif used.mcc_mnc is not None:
            mcc, mnc = (self.text(name).str.removesuffix(".0") for name in used.mcc_mnc)
            told = mcc + "-" + mnc.str.zfill(2)
        else:
            told = self.text(column)
        parts = told.str.extract(_PLMN_NUMBER)
        numbers = parts[0] + "-" + parts[1]
        operators, unknown = named(numbers)
        self.findings += unknown_networks(numbers, unknown, self.rows, self.file, column)
        return operators.fillna(told if names is None else names.fillna(told))

    def times(self, column: str | None, date: str | None) -> pd.Series | None:
        """Times in ISO 8601; what is not understood stays as it is."""
        if column is None:
            return None if date is None else _iso(self.text(date))
        text = self.text(column)
        alone = text.str.fullmatch(r"\d{1,2}:\d{2}(:\d{2}([.,]\d+)?)?").fillna(False).to_numpy(dtype=bool)
        if date is not None:
            text = text.mask(alone, self.text(date) + " " + text.str.zfill(8))
        elif alone.any():
            what, remedy = "a time of day without its date is not used", "Export a column of the date too"
            places = tuple(self._places(np.flatnonzero(alone)[:EXAMPLES], what, remedy, column))
            finding = Finding("time_without_date", Severity.WARNING, what, remedy, int(alone.sum()), places)
            self.findings.append(finding)
            text = text.mask(alone, None)
        return _iso(text)

    def note_empty(self, empty: npt.NDArray[np.bool_]) -> None:
        """Say that rows in which nothing was measured are left out."""
        if empty.any():
            what = "rows without level, speed or 'no service' measure nothing and are left out"
            first = np.flatnonzero(empty)[:EXAMPLES]
            places = tuple(Problem(what, "", self.file, int(self.rows[i])) for i in first)
            self.findings.append(Finding("empty_sample", Severity.WARNING, what, "", int(empty.sum()), places))


def _iso(text: pd.Series) -> pd.Series:
    """ISO 8601 of times as tools write them: epoch in s, ms or µs (UTC), year first, or day first with dots."""
    year_first, day_first = text.str.extract(_YEAR_FIRST), text.str.extract(_DAY_FIRST)
    iso = _moment(year_first).fillna(_moment(day_first)).fillna(text)
    digits = text.str.removesuffix(".0")
    for length, unit in _EPOCH_UNITS.items():
        of_length = digits.str.fullmatch(rf"\d{{{length}}}").fillna(False).to_numpy(dtype=bool)
        if of_length.any():
            moments = digits[of_length].astype("int64").to_numpy().astype(f"datetime64[{unit}]")
            iso[of_length] = np.char.add(np.datetime_as_string(moments), "Z")
    return iso


def _moment(parts: pd.DataFrame) -> pd.Series:
    date = parts["year"] + "-" + parts["month"] + "-" + parts["day"]
    fraction = ("." + parts["fraction"]).fillna("")
    zone = parts["zone"].str.replace(r"(\d{2})(\d{2})$", r"\1:\2", regex=True).fillna("")
    clock = "T" + parts["hour"] + ":" + parts["minute"] + ":" + parts["second"].fillna("00") + fraction + zone
    return date + clock.fillna("")
