"""trackio: every row once in its store on this machine, however many sittings there were."""

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from auricle.tracking import Outcome, TrackedRun, reading_along


@pytest.fixture
def store(tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of trackio's store."""
    monkeypatch.setenv("TRACKIO_DIR", str(tmp_path / "store"))
    return tmp_path / "store"


def read(run: TrackedRun, outcome: Outcome | None, *, epochs: Sequence[int] = (5,)) -> list[str]:
    with reading_along(["trackio"], run) as readers:
        for number in epochs:
            readers.tell(epochs=number)
        return readers.finish(outcome) if outcome else []


def stored(store: Path) -> dict[str, list[dict[str, Any]]]:
    """Return the rows of each run in trackio's own database."""
    with sqlite3.connect(store / "auricle.db") as database:
        found = database.execute("select run_name, step, metrics from metrics order by step").fetchall()
    database.close()
    runs: dict[str, list[dict[str, Any]]] = {}
    for name, step, metrics in found:
        runs.setdefault(name, []).append({**json.loads(metrics), "step": step})
    return runs


def test_rows_are_there_once_however_often_a_run_is_gone_on_with(
    run: TrackedRun, outcome: Outcome, store: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    read(run, None, epochs=(1, 3))
    assert len(stored(store)["rain-0a1b2c3d"]) == 3
    read(replace(run, id="ffffffff"), outcome)  # another run of the same name
    assert read(run, outcome, epochs=(2, 5)) == ["trackio"]
    assert stored(store) == {"rain-0a1b2c3d": run.rows(), "rain-ffffffff": run.rows()}
    assert capfd.readouterr() == ("", "")


def test_it_stays_on_this_machine(
    run: TrackedRun, outcome: Outcome, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRACKIO_SPACE_ID", "somebody/somewhere")
    monkeypatch.setenv("TRACKIO_SERVER_URL", "http://127.0.0.1:9/?write_token=x")
    assert read(replace(run, online=True), outcome) == ["trackio"]
    assert len(stored(store)["rain-0a1b2c3d"]) == 5


def test_a_store_that_cannot_be_written_is_said(
    run: TrackedRun, outcome: Outcome, store: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    store.write_text("no folder")
    assert read(run, outcome) == []
    out, err = capfd.readouterr()
    assert out == ""
    assert err.startswith("trackio no longer reads along: ")
    assert err.count("\n") == 1
