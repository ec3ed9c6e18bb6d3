"""Which columns of a table are a drive test's, by the names that the usual tools give them.

Known are the exports of G-NetTrack, Nemo, TEMS, QualiPoc, Network Cell Info, NextGIS Logger, nPerf and NetMetr and what
resembles them.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from geo.errors import Problem
from geo.ingest.report import EXAMPLES, Finding, Severity

Level = Literal["ss_rsrp", "rsrp", "rscp", "rxlev", "any"]

# Names in lower case without signs and units. "Level" and "Power" are the serving cell's, of whatever technology.
_LEVELS: dict[Level, tuple[str, ...]] = {
    "ss_rsrp": ("ssrsrp", "nrrsrp", "nrssrsrp", "5grsrp", "ssrsrppcell"),
    "rsrp": ("rsrp", "ltersrp", "servingrsrp", "rsrpserving", "servingcellrsrp", "rsrppcell", "pcellrsrp", "4grsrp"),
    "rscp": ("rscp", "umtsrscp", "wcdmarscp", "servingrscp", "cpichrscp", "rscpserving", "activesetrscp", "3grscp"),
    "rxlev": (
        "rxlev",
        "rxlevel",
        "rxlevfull",
        "rxlevsub",
        "gsmrxlev",
        "rxlevfullsub",
        "servingrxlev",
        "gsmrssi",
        "rssi",
    ),
    "any": (
        "level",
        "power",
        "signal",
        "signalstrength",
        "signallevel",
        "dbm",
        "celldbm",
        "уровеньсигнала",
        "уровень",
        "сигнал",
        "мощностьсигнала",
        "сигналдеңгейі",
    ),
}
_CANONICAL = {"signal_dbm", "downlink_mbps", "uplink_mbps", "no_service"}
"""A table with these is our own, not a tool's."""

_DOWNLINK = (
    "dlbitrate", "dlthroughput", "throughputdl", "downlinkthroughput", "pdcpdlthroughput", "pdcpthroughputdl",
    "appdlthroughput", "applicationthroughputdl", "download", "downloadspeed", "dlspeed", "downlink", "dl",
    "downloadbitrate", "avgdownload", "загрузка", "скоростьзагрузки", "скачивание", "входящаяскорость",
    "скоростьприема", "жүктеу", "жүктеужылдамдығы",
)  # fmt: skip
_UPLINK = (
    "ulbitrate", "ulthroughput", "throughputul", "uplinkthroughput", "pdcpulthroughput", "pdcpthroughputul",
    "appulthroughput", "applicationthroughputul", "upload", "uploadspeed", "ulspeed", "uplink", "ul", "uploadbitrate",
    "avgupload", "отдача", "выгрузка", "скоростьотдачи", "скоростьвыгрузки", "исходящаяскорость", "скоростьпередачи",
)  # fmt: skip
_LATENCY = ("ping", "pingavg", "latency", "rtt", "pingrtt", "pinglatency", "пинг", "задержка")
_TECHNOLOGY = (
    "networktech", "networkmode", "networktype", "nettype", "rat", "tech", "technology", "system", "radio",
    "cattechnology", "networkgen", "accesstechnology", "radiotechnology",
    "технология", "технологиясвязи", "стандарт", "стандартсвязи", "типсети", "сеть", "технологиясы",
)  # fmt: skip
_PLMN = ("plmn", "mccmnc", "networkmccmnc", "networkoperator", "operatorcode", "servingplmn")
_OPERATOR = (
    "operatorname",
    "networkname",
    "networkoperatorname",
    "operator",
    "carrier",
    "provider",
    "оператор",
    "операторсвязи",
)
_TIME = (
    "timestamp", "time", "datetime", "measuredat", "starttime", "utctime", "datetimeutc", "датаивремя",
    "времяизмерения", "время", "уақыты", "уақыт",
)  # fmt: skip
_DATE = ("date", "дата", "датаизмерения", "күні")

_UNITS = {
    "kbps": 0.001,
    "kbits": 0.001,
    "kbit": 0.001,
    "mbps": 1.0,
    "mbits": 1.0,
    "mbit": 1.0,
    "bps": 1e-6,
    "bits": 1e-6,
}
_UNIT_AT_END = re.compile(r"(?:_|\b|(?<=[a-z]))(dbm|db|kbps|kbits|kbit|mbps|mbits|mbit|bps|bits|ms)$")
_WRITTEN_UNITS = {"kbit/s": "kbits", "mbit/s": "mbits", "кбит/с": "kbits", "мбит/с": "mbits", "дбм": "dbm"}
_UNSTATED_UNITS = {"dlbitrate": "kbps", "ulbitrate": "kbps"}
"""G-NetTrack writes kbit/s without saying so."""


@dataclass
class DriveTestColumns:
    """Which of the file's columns tell what; `speeds` hold the factor to canonical units."""

    levels: dict[Level, str]
    speeds: dict[str, tuple[str, float]]
    technology: str | None
    plmn: str | None
    mcc_mnc: tuple[str, str] | None
    operator: str | None
    time: str | None
    date: str | None
    state: str | None
    without_unit: list[str]

    def columns(self) -> list[str]:
        """All of the file's columns that are replaced."""
        single = [self.technology, self.plmn, self.operator, self.time, self.date]
        return [
            *self.levels.values(),
            *(c for c, _ in self.speeds.values()),
            *(self.mcc_mnc or ()),
            *filter(None, single),
        ]

    def finding(self, count: int) -> Finding:
        """Which columns were taken for what."""
        parts = [f"level from {', '.join(self.levels.values())}"] if self.levels else []
        parts += [f"{name} from {column}" for name, (column, _) in self.speeds.items()]
        operator = self.plmn or (" and ".join(self.mcc_mnc) if self.mcc_mnc else None) or self.operator
        told = {"technology": self.technology, "operator": operator, "time": self.time}
        parts += [f"{what} from {column}" for what, column in told.items() if column]
        return Finding("drive_test_columns", Severity.NOTE, f"read as a drive test: {'; '.join(parts)}", "", count)

    def unit_finding(self, count: int, file: str) -> Finding:
        """Columns of speeds whose unit is not known."""
        what, remedy = (
            "a speed without its unit is not used",
            "Name the unit in the column, e.g. 'DL throughput (kbps)'",
        )
        places = tuple(Problem(what, remedy, file, column=name) for name in self.without_unit[:EXAMPLES])
        return Finding("unit_unknown", Severity.WARNING, what, remedy, count, places)


def recognised(columns: list[str]) -> DriveTestColumns | None:
    """The columns that tell a drive test's level, speed, time and network; None without a level or a speed."""
    if _CANONICAL & set(columns):
        return None
    own: dict[str, tuple[str, str | None]] = {}
    for column in columns:
        name, unit = _base(column)
        own.setdefault(name, (column, unit))

    def first(names: Iterable[str]) -> str | None:
        return next((own[name][0] for name in names if name in own), None)

    levels = {kind: found for kind, names in _LEVELS.items() if (found := first(names)) is not None}
    speeds: dict[str, tuple[str, float]] = {}
    without_unit = []
    for canonical, names in {"downlink_mbps": _DOWNLINK, "uplink_mbps": _UPLINK}.items():
        for name in names:
            if name not in own or canonical in speeds:
                continue
            column, unit = own[name]
            unit = unit or _UNSTATED_UNITS.get(name)
            if unit in _UNITS:
                speeds[canonical] = (column, _UNITS[unit])
            else:
                without_unit.append(column)
    if not (set(levels) - {"any"} or ("any" in levels and first(_TECHNOLOGY)) or speeds):
        return None
    latency = first(_LATENCY)
    if latency is not None:
        speeds["latency_ms"] = (latency, 1.0)
    mcc, mnc = first(("mcc",)), first(("mnc", "net"))
    return DriveTestColumns(
        levels=levels,
        speeds=speeds,
        technology=first(_TECHNOLOGY),
        plmn=first(_PLMN),
        mcc_mnc=(mcc, mnc) if mcc and mnc else None,
        operator=first(_OPERATOR),
        time=first(_TIME),
        date=first(_DATE),
        state=first(("state",)),
        without_unit=without_unit,
    )


def _base(column: str) -> tuple[str, str | None]:
    """A column's name without signs and unit, and the unit: ``"RSRP [dBm]"`` is ``rsrp``, ``dbm``."""
    text = column.strip().lower().replace("ё", "е")
    for written, unit in _WRITTEN_UNITS.items():
        text = text.replace(written, f" {unit}")
    spaced = re.sub(r"[^a-z0-9\u0400-\u04ff]+", "_", text).strip("_")
    found = _UNIT_AT_END.search(spaced)
    if found is None or found.start() == 0:
        return spaced.replace("_", ""), None
    return spaced[: found.start()].replace("_", ""), found[1]
