"""The signal rasters that a run keeps: those of its inputs and those modelled from its sites."""

from functools import partial
from typing import Any

from geo.access.inputs import Loaded
from geo.coverage.kept_signals import Georeference, georeference, slug, write_copy, write_levels
from geo.coverage.modelled import Modelled, ModelledSignal
from geo.tables.signal_raster import SignalRaster
from geo.tables.words import Basis
from geo.workspace import RasterToKeep

QUANTITY = "dbm"


def signals_to_keep(loaded: Loaded, modelled: Modelled | None) -> list[RasterToKeep]:
    """Signal rasters of an analysis, in the order in which it takes their evidence.

    They are called ``signal-<operator>-<technology>``; further ones of the same operator and technology are numbered
    from 2.
    """
    kept: dict[str, RasterToKeep] = {}
    given: list[ModelledSignal | SignalRaster] = [*(modelled.signals if modelled else ()), *loaded.rasters]
    for signal in given:
        raster = _of_model(signal, loaded) if isinstance(signal, ModelledSignal) else _of_input(signal, loaded)
        name, number = raster.name, 1
        while name in kept:
            number += 1
            name = f"{raster.name}-{number}"
        kept[name] = RasterToKeep(name, raster.facts, raster.write)
    return list(kept.values())


def _of_model(signal: ModelledSignal, loaded: Loaded) -> RasterToKeep:
    rows, columns = signal.level_dbm.shape
    place = Georeference(rows, columns, signal.transform, signal.crs.to_wkt())
    facts = _facts(loaded, signal.operator, signal.technology, str(Basis.MODELLED), None, signal.source)
    return RasterToKeep(_name(signal), facts | place.facts(), partial(write_levels, signal, tags=_tags(facts, loaded)))


def _of_input(raster: SignalRaster, loaded: Loaded) -> RasterToKeep:
    facts = _facts(loaded, raster.operator, raster.technology, str(raster.basis), raster.as_of, raster.source)
    return RasterToKeep(
        _name(raster), facts | georeference(raster).facts(), partial(write_copy, raster, tags=_tags(facts, loaded))
    )


def _name(signal: ModelledSignal | SignalRaster) -> str:
    return f"signal-{slug(signal.operator)}-{signal.technology}"


def _facts(
    loaded: Loaded, operator: str, technology: str, basis: str, as_of: str | None, source: str | None
) -> dict[str, Any]:
    """What the manifest says of a raster; the threshold is the one that the analysis judged it by."""
    return {
        "operator": operator,
        "slug": slug(operator),
        "technology": str(technology),
        "quantity": QUANTITY,
        "basis": basis,
        "scenario": loaded.scenario.name if loaded.scenario else None,
        "as_of": as_of,
        "source": source,
        "threshold_dbm": loaded.standard.technologies[technology].threshold_dbm,
    }


def _tags(facts: dict[str, Any], loaded: Loaded) -> dict[str, str]:
    """What the file says of itself: an analysis would take it as coverage, and a scenario carries its label."""
    names = ("operator", "technology", "quantity", "basis", "scenario", "as_of", "source")
    labels = {f"label_{code}": text for code, text in loaded.scenario.labels.items()} if loaded.scenario else {}
    return {name: str(facts[name]) for name in names if facts[name]} | labels
