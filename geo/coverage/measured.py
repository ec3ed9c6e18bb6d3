"""Evidence from measurements: tests near a settlement update what is otherwise believed of it.

Each test is a trial that meets the standard or does not. With the other evidence as a Beta distribution of mean m and
concentration c (the standard's, by basis) the updated probability is ``(c·m + Σ w·pass) / (c + Σ w)``. A test weighs
``w = tests · exp(−age/τ) · exp(−(d/d0)²/2)``, d its distance from the footprint in km, 0 inside. Constants stand in
``data/coverage/reliability.toml``, section `test`.

A drive past a village makes thousands of samples that share one shadow and one hour. So all single tests of an
operator's technology in one cell of 100 m on one day count as one test with their share of passes; an aggregated row
(`tests` > 1) counts as its tests, up to a limit per cell and day. Undated tests of a cell share one "day".

What a test says:

- *meets the standard*: its signal reaches the standard's level and its downlink the standard's speed, as far as each
  was measured and the standard sets one;
- *works at all*: it had a downlink, or (where none was measured) a signal that a handset can use;
- `no_service` is neither.
"""

import datetime as dt
from collections.abc import Mapping

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyproj
import shapely

from geo.coverage.evidence import CONFLICT, mobile_internet
from geo.coverage.footprints import Footprints
from geo.coverage.reliability import Reliability
from geo.region import Region
from geo.standards import Standard
from geo.tables.measurements import days
from geo.tables.schema import WGS84
from geo.tables.words import Basis, Technology

Floats = npt.NDArray[np.float64]
_KEY = ["row", "operator", "technology"]
_DESCRIPTION = ["signal_dbm", "downlink_mbps", "as_of", "source"]
_DAYS_OF_A_YEAR = 365.25
_METRES = 1000.0


def evidence_from_measurements(
    measurements: gpd.GeoDataFrame,
    places: Footprints,
    region: Region,
    standard: Standard,
    reliability: Reliability,
    as_of: dt.date | None,
    prior_evidence: pd.DataFrame,
) -> pd.DataFrame:
    """Service rows of the settlements that were tested, one per settlement, operator and technology.

    The update starts from the other evidence on the same operator and technology. Where only the published totals speak
    of a place, a mobile technology starts from their mobile internet. Where nothing speaks of the operator's technology
    the start is a weak one half, or less where the place's best other evidence on as much service says less: failed
    tests of one operator never raise what the other evidence gives a place.

    A row is of basis `measured` from `fewest_tests` on; one that started from the totals, where all tests of mobile
    internet weigh as much as the totals do, because totals never settle a class. With less it keeps the start's basis,
    source, date and levels, and only its probabilities move; where there was no start there is no row.

    Parameters
    ----------
    measurements
        Canonical measurements. Rows that measured nothing, and technologies that the standard does not know, say
        nothing.
    places
        Footprints of the settlements.
    as_of
        The day to which the age of a test is reckoned; None takes the newest test's.
    prior_evidence
        All other evidence, combined (`geo.coverage.evidence.combine`).

    Returns
    -------
    DataFrame
        `EVIDENCE_COLUMNS` (share covered and distance to the edge are the other evidence's), and about the tests in
        reach: `count`, `passed` (meeting the standard), `nearest_km`, `contradicts` (their share of passes is far from
        what the other evidence says).
    """
    belief = reliability.test
    cells = _cells(_judged(measurements, standard, belief["unusable_below_threshold_db"]), region, as_of, belief)
    tested = _near(cells, places, belief)
    start = _starting_points(tested, prior_evidence, standard, belief["unheard_of_tests"])
    n, held = tested["tests"], start["concentration"]
    mobile = tested["technology"].isin(mobile_internet(standard))
    weight_of_mobile = n.where(mobile, 0.0).groupby(tested["row"]).transform("sum")
    is_totals = start["basis"] == Basis.PRIOR
    is_settled = (n >= belief["fewest_tests"]).mask(is_totals, weight_of_mobile >= held)
    share = tested["works"] / n
    rows = tested.assign(
        share_covered=start["share_covered"],
        edge_distance_km=start["edge_distance_km"],
        probability_served=(held * start["meets"] + tested["meets"]) / (held + n),
        probability_any=(held * start["works"] + tested["works"]) / (held + n),
        basis=start["basis"].mask(is_settled, str(Basis.MEASURED)),
        concentration=np.minimum(held + n, standard.concentration[Basis.MEASURED]),
        contradicts=is_settled & start["is_known"] & ((share - start["works"]).abs() > CONFLICT),
        **{name: tested[name].where(is_settled, start[name]) for name in _DESCRIPTION},
    )
    kept: pd.DataFrame = rows[rows["basis"].notna()].drop(columns=["meets", "works"])
    return kept.reset_index(drop=True)


def _judged(measurements: gpd.GeoDataFrame, standard: Standard, unusable_below_threshold_db: float) -> pd.DataFrame:
    """Measurements with `meets` and `works`, 0 or 1; rows that say nothing are left out."""
    signal = measurements["signal_dbm"].to_numpy(dtype=float)
    speed = measurements["downlink_mbps"].to_numpy(dtype=float)
    no_service = measurements["no_service"].to_numpy(dtype=bool)
    rules = standard.technologies
    threshold = measurements["technology"].map({t: rule.threshold_dbm for t, rule in rules.items()}).to_numpy(float)
    needed = measurements["technology"].map({t: rule.downlink_mbps for t, rule in rules.items()}).to_numpy(float)
    with np.errstate(invalid="ignore"):
        usable = np.where(np.isnan(speed), ~(signal < threshold - unusable_below_threshold_db), speed > 0.0)
        works = usable & ~no_service
        meets = works & ~(signal < threshold) & ~(speed < needed)
    says = (~np.isnan(signal) | ~np.isnan(speed) | no_service) & measurements["technology"].isin(list(rules)).to_numpy()
    points = measurements.geometry.to_numpy()
    frame = pd.DataFrame(measurements[["operator", "technology", "measured_at", "source"]]).assign(
        tests=measurements["tests"].astype("float64"),
        lon=shapely.get_x(points),
        lat=shapely.get_y(points),
        signal=signal,
        speed=speed,
        meets=meets,
        works=works,
    )
    said: pd.DataFrame = frame.loc[says]
    return said


def _cells(judged: pd.DataFrame, region: Region, as_of: dt.date | None, belief: Mapping[str, float]) -> pd.DataFrame:
    """Tests of one operator, technology, cell and day as one row.

    `x`, `y` the cell's centre in the region's projection (a mean position would let one test move the others); `count`
    and `passed` the tests; `tests` the independent ones that these are worth today; `meets` and `works` shares; means
    of `signal` and `speed`; `day` a partial date.
    """
    to_plane = pyproj.Transformer.from_crs(WGS84, region.crs, always_xy=True)
    x, y = to_plane.transform(judged["lon"].to_numpy(), judged["lat"].to_numpy())
    tests = judged["tests"]
    frame = judged[["operator", "technology"]].assign(
        day=judged["measured_at"].astype("str").str.slice(0, 10),
        is_aggregate=tests > 1,
        column=np.floor(x / belief["cell_m"]),
        line=np.floor(y / belief["cell_m"]),
        source=judged["source"],
        count=tests,
        passed=tests * judged["meets"],
        working=tests * judged["works"],
        signal=tests * judged["signal"],
        of_signal=tests.where(judged["signal"].notna()),
        speed=tests * judged["speed"],
        of_speed=tests.where(judged["speed"].notna()),
    )
    groups = frame.groupby(["operator", "technology", "day", "is_aggregate", "column", "line"], dropna=False)
    cells = groups.sum(numeric_only=True, min_count=1).assign(source=groups["source"].min()).reset_index()
    worth = np.minimum(cells["count"], np.where(cells["is_aggregate"], belief["aggregate_tests_max"], 1.0))
    return cells.assign(
        tests=worth * np.exp(-_age_years(cells["day"], as_of, belief) / belief["age_scale_years"]),
        meets=cells["passed"] / cells["count"],
        works=cells["working"] / cells["count"],
        signal=cells["signal"] / cells["of_signal"],
        speed=cells["speed"] / cells["of_speed"],
        x=(cells["column"] + 0.5) * belief["cell_m"],
        y=(cells["line"] + 0.5) * belief["cell_m"],
    )


def _age_years(day: "pd.Series[str]", as_of: dt.date | None, belief: Mapping[str, float]) -> Floats:
    """Years from a partial date; of an undated test the assumed age, of one after `as_of` none."""
    at, names = pd.factorize(day)
    known = days(pd.Series([*names, None], dtype="str"))  # undated is number −1, the last
    today = known.max() if as_of is None else pd.Timestamp(as_of)
    age = ((today - known).dt.days / _DAYS_OF_A_YEAR).clip(lower=0.0)
    return np.asarray(age.fillna(belief["undated_age_years"]).to_numpy(dtype=float)[at])


def _near(cells: pd.DataFrame, places: Footprints, belief: Mapping[str, float]) -> pd.DataFrame:
    """Per settlement, operator and technology: what the tests in reach of the footprint come to.

    `tests`, `meets` and `works` are sums of weights; `as_of` the newest day, `source` the first by the alphabet.
    """
    points = shapely.points(cells["x"].to_numpy(dtype=float), cells["y"].to_numpy(dtype=float))
    place, cell = shapely.STRtree(points).query(places.areas, "dwithin", belief["reach_km"] * _METRES)
    km = shapely.distance(places.areas[place], points[cell]) / _METRES
    pairs = cells.iloc[cell].reset_index(drop=True).assign(row=places.row[place], nearest_km=km)
    weight = pairs["tests"] * np.exp(-((km / belief["distance_scale_km"]) ** 2) / 2.0)
    weighted = pairs[_KEY].assign(
        tests=weight,
        meets=weight * pairs["meets"],
        works=weight * pairs["works"],
        signal=weight * pairs["signal"],
        of_signal=weight.where(pairs["signal"].notna()),
        speed=weight * pairs["speed"],
        of_speed=weight.where(pairs["speed"].notna()),
        count=pairs["count"],
        passed=pairs["passed"],
    )
    total, near = weighted.groupby(_KEY).sum(min_count=1), pairs.groupby(_KEY)
    sums: pd.DataFrame = total[["tests", "meets", "works", "count", "passed"]].assign(
        signal_dbm=total["signal"] / total["of_signal"],
        downlink_mbps=total["speed"] / total["of_speed"],
        nearest_km=near["nearest_km"].min(),
        as_of=near["day"].max(),
        source=near["source"].min(),
    )
    return sums.reset_index()


def _starting_points(
    tested: pd.DataFrame, evidence: pd.DataFrame, standard: Standard, unheard_of_tests: float
) -> pd.DataFrame:
    """What is believed of each tested operator and technology without the tests, in the order of `tested`.

    `meets`, `works` with their `concentration`; `is_known` where other evidence on the same operator and technology
    gives them; `basis` and the rest of that row, or of the totals', null where there is only a guess.
    """
    given = {"probability_served": "meets", "probability_any": "works"}
    numbers = ["share_covered", "edge_distance_km", "signal_dbm", "downlink_mbps"]
    evidence = evidence[[*_KEY, *given, *numbers, "basis", "as_of", "source"]].rename(columns=given)
    evidence = evidence.astype(dict.fromkeys([*given.values(), *numbers], float))
    start = tested[_KEY].merge(evidence, on=_KEY, how="left")
    totals = evidence[(evidence["basis"] == Basis.PRIOR) & (evidence["technology"] == Technology.UNSPECIFIED)]
    voices = [name for name, rule in standard.technologies.items() if rule.voice]
    from_totals = tested[["row"]].merge(totals.drop(columns=["operator", "technology"]), on="row", how="left")
    is_open = start["basis"].isna() & tested["technology"].isin(voices)
    start = start.where(~is_open, start[_KEY].join(from_totals.drop(columns="row")))
    start["is_known"] = start["basis"].notna() & (start["basis"] != Basis.PRIOR)
    start["concentration"] = start["basis"].map(dict(standard.concentration)).astype(float).fillna(unheard_of_tests)
    for technology in tested["technology"].unique():
        rule = standard.technologies[technology]
        as_much = [
            name for name, r in standard.technologies.items() if r.voice >= rule.voice and r.internet >= rule.internet
        ]
        best = evidence[evidence["technology"].isin(as_much)].groupby("row")
        guessed = (tested["technology"] == technology) & start["basis"].isna()
        row = tested.loc[guessed, "row"]
        for name in given.values():
            limit = row.map(best[name].max()).fillna(0.0).clip(upper=0.5)
            start.loc[guessed, name] = limit.where(row.isin(evidence["row"]), 0.5)
    return start
