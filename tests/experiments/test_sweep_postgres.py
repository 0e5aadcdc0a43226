"""A sweep on a PostgreSQL server: several machines, stood in for by processes that share nothing but the server.

The server is the test's own (`tests.postgres`); it is stopped, restarted, and asked by ``psql`` what is true.
"""

import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy

from auricle.config import validate
from auricle.errors import StorageError
from auricle.experiments.sweep import Asked, begin_sweep, resume_sweep, run_sweep
from auricle.experiments.sweep import database as database_module
from auricle.experiments.sweep import outcome as outcome_module
from auricle.experiments.sweep import runner as runner_module
from auricle.experiments.sweep import study as study_module
from auricle.experiments.sweep import trial as trial_module
from auricle.experiments.sweep.database import Connector, Storage, database
from auricle.experiments.sweep.standing import standing
from auricle.experiments.sweep.study import Lookout, Sweep, open_study
from auricle.experiments.sweep.worker import quiet
from auricle.training import RunConfig
from tests.experiments.searching import stand_in
from tests.experiments.test_sweep_processes import (
    PATIENCE_S,
    SEARCHING,
    SPACE,
    being_trained,
    check,
    rows_of,
    start_command,
    wait_until,
)
from tests.postgres import PASSWORD, QUOTED, Server, postgres

Command = Callable[..., Any]
Begin = Callable[..., Sweep]
Train = Callable[..., Any]


@pytest.fixture(scope="module")
def running() -> Iterator[Server]:
    with postgres() as server:
        yield server


@pytest.fixture
def server(running: Server) -> Server:
    """The server of all tests here, running, with an empty database ``sweeps``."""
    running.start_if_stopped()
    running.ask("DROP DATABASE sweeps WITH (FORCE)", database="postgres")
    running.ask("CREATE DATABASE sweeps", database="postgres")
    return running


@pytest.fixture
def space(tmp_path: Path) -> Path:
    path = tmp_path / "space.yaml"
    path.write_text(SPACE, encoding="utf-8")
    return path


@pytest.fixture
def begin(server: Server, space: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Begin:
    """Begin a sweep of stand-ins for trainings, on a machine: ``begin("one", trials=4)``."""
    monkeypatch.setattr(runner_module, "describe_ahead", lambda _: None)
    monkeypatch.setattr(trial_module, "train", stand_in)
    monkeypatch.setattr(outcome_module, "draw_all", lambda *_: {})

    def run(machine: str = "one", *, trials: int = 4, heartbeat_s: int = 1, grace_s: int = 3) -> Sweep:
        base = validate(RunConfig, {"data": {"collection": tmp_path}, "training": {"max_epochs": 4}}, source="test")
        asked = Asked(trials=trials, heartbeat_s=heartbeat_s, grace_s=grace_s)
        return begin_sweep(base, space, tmp_path / machine / "sweep", asked, storage=server.url())

    return run


def fates(sweep: Sweep) -> list[str]:
    return [row["fate"] for row in rows_of(sweep.folder.path)]


def once(event: Callable[[], None]) -> Train:
    """Train, but let something happen after the second epoch of the first trial."""
    happened: list[bool] = []

    def train(config: RunConfig, path: Path, *, watch: Callable[[Any], None]) -> Any:
        def watching(rows: Any) -> None:
            if len(rows) == 2 and not happened:
                happened.append(True)
                event()
            watch(rows)

        return stand_in(config, path, watch=watching)

    return train


def test_several_machines_are_one_sweep(begin: Begin) -> None:
    one, two = begin("one", trials=3), begin("two", trials=5)
    run_sweep(one)
    outcome = run_sweep(two)
    assert fates(two) == ["complete"] * 5
    assert len(list(one.folder.trials.iterdir())) == 3
    assert len(list(two.folder.trials.iterdir())) == 2
    assert max(float(row["value"]) for row in rows_of(two.folder.path)) == outcome.value


def test_the_same_database_however_it_is_written(begin: Begin, server: Server) -> None:
    sweep = begin()
    for scheme in ("postgres", "postgresql+psycopg2"):
        assert resume_sweep(sweep.folder.path, storage=server.url(scheme=scheme)).url == sweep.url
    assert sweep.record.storage == f"postgresql://searcher:***@127.0.0.1:{server.port}/sweeps"


def test_a_restart_is_waited_for(begin: Begin, server: Server, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    begun_again: list[threading.Timer] = []

    def stop() -> None:
        server.stop()
        begun_again.append(threading.Timer(2.5, server.start))
        begun_again[0].start()

    sweep = begin()
    monkeypatch.setattr(trial_module, "train", once(stop))
    run_sweep(sweep)
    begun_again[0].join()
    assert fates(sweep) == ["complete"] * 4
    said = [line for line in capsys.readouterr().err.splitlines() if "does not answer" in line]
    assert said == ["The database of the study does not answer; it is waited for, up to 300 s."]


def test_a_database_that_stays_away_is_a_sentence_and_nothing_is_lost(
    begin: Begin, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    sweep = begin(grace_s=2)
    monkeypatch.setattr(database_module, "OUTAGE_S", 0.5)
    monkeypatch.setattr(trial_module, "train", once(server.stop))
    sentence = (
        r"The study in postgresql://searcher:\*\*\*@.* cannot be used: .*Connection refused\. What was done is kept"
    )
    with pytest.raises(StorageError, match=sentence) as raised:
        run_sweep(sweep)
    assert "\n" not in str(raised.value)
    server.start()
    monkeypatch.setattr(trial_module, "train", stand_in)
    run_sweep(resume_sweep(sweep.folder.path, storage=server.url()))
    assert fates(sweep) == ["replaced", *["complete"] * 4]
    assert check(sweep.folder.path, trials=4)[0]["continues"] == "0"


def test_ctrl_c_during_an_outage_is_heard(begin: Begin, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    def sleep(_: float) -> None:
        raise KeyboardInterrupt

    def stop() -> None:
        server.stop()
        monkeypatch.setattr("time.sleep", sleep)

    sweep = begin()
    monkeypatch.setattr(trial_module, "train", once(stop))
    with pytest.raises(KeyboardInterrupt):
        run_sweep(sweep)


def test_a_connection_that_breaks_in_a_transaction(
    begin: Begin, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended: list[str] = []

    def end(connection: Any, cursor: Any, statement: str, *_: object) -> None:
        if statement.startswith("INSERT INTO trial_intermediate_values") and not ended:
            ended.extend(server.ask(f"SELECT pg_terminate_backend({cursor.connection.info.backend_pid})"))

    sweep = begin()
    monkeypatch.setattr(
        trial_module, "train", once(lambda: sqlalchemy.event.listen(sqlalchemy.Engine, "before_cursor_execute", end))
    )
    try:
        run_sweep(sweep)
    finally:
        sqlalchemy.event.remove(sqlalchemy.Engine, "before_cursor_execute", end)
    assert ended == ["t"]
    assert fates(sweep) == ["replaced", *["complete"] * 4]


def test_heartbeats_are_compared_across_time_zones(
    begin: Begin, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server is told what ``PGTZ`` says; a local time of Tokyo is 14 hours later than one of New York."""
    studies = []
    for zone in ("America/New_York", "Asia/Tokyo"):
        monkeypatch.setenv("PGTZ", zone)
        with quiet():
            studies.append(open_study(begin(zone)))
        with pytest.warns(UserWarning, match="Heartbeat"):
            trial = studies[-1].ask()
        for _ in range(2):  # the first is written by the server, the second by Optuna
            studies[-1]._storage.record_heartbeat(trial._trial_id)  # type: ignore[attr-defined]
        trial.set_user_attr("begun", True)
    ages = server.ask("SELECT abs(extract(epoch FROM now() AT TIME ZONE 'UTC' - heartbeat)) < 60 FROM trial_heartbeats")
    assert ages == ["t", "t"]
    for study in studies:
        lookout = Lookout(study, grace_s=0)  # whatever the age of the server
        lookout.requeue_killed()
        assert standing(study.get_trials()).fates == ("running", "running")


def test_nobody_is_taken_for_dead_who_could_not_be_heard(begin: Begin, server: Server) -> None:
    with quiet():
        study = open_study(begin())
    with pytest.warns(UserWarning, match="Heartbeat"):
        trial = study.ask()
    trial.suggest_float("training.learning_rate", 1e-4, 1e-2, log=True)
    trial.set_user_attr("begun", True)
    study._storage.record_heartbeat(trial._trial_id)  # type: ignore[attr-defined]
    server.ask("UPDATE trial_heartbeats SET heartbeat = heartbeat - interval '1 hour'")
    server.stop()
    server.start()
    Lookout(study, grace_s=60).requeue_killed()  # the server has been there for a moment
    assert standing(study.get_trials()).fates == ("running",)
    Lookout(study, grace_s=0).requeue_killed()
    assert standing(study.get_trials()).fates == ("replaced", "waiting")


def test_the_words_of_the_database(
    server: Server,
    auricle: Command,
    space: Path,
    captioned: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(study_module, "_PAUSE_S", 0.0)  # between two attempts

    def refusal(url: str) -> str:
        given = ("embedded", space, f"data.collection={captioned}", "--storage", url, "--name", "sweep")
        sentence = str(auricle("sweep", *given, cwd=tmp_path).refused(1))
        assert PASSWORD not in sentence
        assert QUOTED not in sentence
        assert not (tmp_path / "sweeps" / "sweep" / "sweep.json").exists()
        return sentence

    address = f"127.0.0.1:{server.port}"
    said = f'connection to server at "127.0.0.1", port {server.port} failed'
    assert refusal(server.url(password="wrong")) == (
        f"The study in postgresql://searcher:***@{address}/sweeps cannot be used: {said}: "
        'FATAL: password authentication failed for user "searcher".'
    )
    assert refusal(server.url("nothing")) == (
        f"The study in postgresql://searcher:***@{address}/nothing cannot be used: {said}: "
        'FATAL: database "nothing" does not exist.'
    )
    named = f"postgresql://{address}/sweeps?user=searcher&password=wrong"
    assert refusal(named).startswith(f"The study in postgresql://{address}/sweeps?password=***&user=searcher cannot be")
    # localhost has two addresses, and at one of them nobody listens.
    assert "password authentication failed" in refusal(server.url(password="wrong").replace("127.0.0.1", "localhost"))
    server.stop()
    assert refusal(server.url()).endswith(f"{said}: Connection refused.")


def test_a_dead_network_is_noticed(server: Server) -> None:
    """What is asked of libpq holds where the URL does not say otherwise."""
    connection = Connector(database(server.url() + "?connect_timeout=7"))()
    parameters = connection.info.dsn_parameters
    connection.close()
    assert (parameters["connect_timeout"], parameters["tcp_user_timeout"]) == ("7", "30000")


def test_how_long_a_server_is_up(server: Server, begin: Begin) -> None:
    with quiet():
        storage = open_study(begin())._storage._backend  # type: ignore[attr-defined]
    assert isinstance(storage, Storage)
    since = float(server.ask("SELECT extract(epoch FROM now() - pg_postmaster_start_time())")[0])
    assert storage.up_s() == pytest.approx(since, abs=5)


@pytest.mark.slow
def test_an_outage_of_ten_seconds_with_three_machines_at_work(begin: Begin, server: Server, tmp_path: Path) -> None:
    """Longer than the grace period of 3 s; nobody is taken for dead meanwhile."""
    sweeps = [begin(machine, trials=40) for machine in ("one", "two", "three")]
    command = [sys.executable, str(SEARCHING)]
    machines = [
        subprocess.Popen([*command, str(sweep.folder.path), server.url()], stderr=subprocess.DEVNULL)
        for sweep in sweeps
    ]
    try:
        wait_until(lambda: all(being_trained(sweep.folder.path) for sweep in sweeps))
        server.stop()
        time.sleep(10)
        server.start()
        assert [machine.wait(PATIENCE_S) for machine in machines] == [0, 0, 0]
    finally:
        for machine in machines:
            machine.kill()
            machine.wait()
    for sweep in sweeps:
        assert len(check(sweep.folder.path, trials=40)) <= 3  # whose transaction was cut off, at most


@pytest.mark.slow
def test_two_machines_of_which_one_is_killed(
    server: Server, pretrained: Path, captioned: Path, space: Path, tmp_path: Path
) -> None:
    """Both begin at the same time, in an empty database, with folders and collections of their own."""
    options = ("--trials", "12", "--heartbeat", "1", "--grace", "4", "--storage", server.url())
    places = [tmp_path / "one", tmp_path / "two"]
    machines = []
    try:
        for place in places:
            place.mkdir()
            shutil.copytree(captioned, place / "sounds")
            machines.append(start_command(place, pretrained, place / "sounds", space, *options))
        folders = [place / "sweeps" / "sweep" for place in places]
        killed, alive = machines
        wait_until(lambda: all(map(being_trained, folders)) or killed.poll() is not None or alive.poll() is not None)
        killed.kill()  # with -9
        (interrupted,) = {owner.parent.name for owner in folders[0].glob("trials/*/.lock-owner")}
        said = places[1] / "command.log"
        assert alive.wait(PATIENCE_S) == 0, said.read_text(encoding="utf-8")
    finally:
        for machine in machines:
            machine.kill()
            machine.wait()
    (again,) = check(folders[1], trials=12)
    assert again["run"] == interrupted
    assert f"Trial {again['continues']} was interrupted; trial {again['trial']} goes on with it." in said.read_text(
        encoding="utf-8"
    )
    assert (folders[1] / "trials" / interrupted / "finished.json").exists() or again["fate"] == "pruned"
    assert (folders[1] / "best.yaml").is_file()
    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(written) > 50
    for path in written:
        content = path.read_bytes()
        assert PASSWORD.encode() not in content, path
        assert QUOTED.encode() not in content, path
    assert server.ask("SELECT count(*) FROM trials WHERE state IN ('RUNNING', 'WAITING')") == ["0"]
