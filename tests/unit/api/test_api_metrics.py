"""Metrics of several processes."""

from pathlib import Path

import pytest

from api.features.catalogue import DEFAULT_CATALOGUE
from api.features.store import RunStore
from api.web.metrics import MULTIPROCESS_FOLDER, Metrics
from geo.workspace import Workspace

NO_PROCESS = 4_194_305  # Linux gives numbers up to 4,194,304


def test_a_worker_that_died_has_no_requests_in_flight(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    in_flight = tmp_path / f"gauge_livesum_{NO_PROCESS}.db"
    in_flight.touch()
    monkeypatch.setenv(MULTIPROCESS_FOLDER, str(tmp_path))
    text = Metrics(RunStore(Workspace(tmp_path), DEFAULT_CATALOGUE)).render().decode()
    assert not in_flight.exists()
    assert str(NO_PROCESS) not in text
    assert "shalgai_runs_loaded 0.0" in text
