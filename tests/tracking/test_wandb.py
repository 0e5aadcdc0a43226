"""wandb: what its own program sends from an offline run arrives whole, and nothing leaves the machine before."""

import contextlib
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest

from auricle.tracking import Outcome, TrackedRun, reading_along
from auricle.tracking.contract import to_json
from auricle.tracking.wandb_tracker import named

Synced = Callable[[TrackedRun], Any]

NAMED = ("epoch", "step", "train/loss", "validation/text_to_audio/mAP_at_10", "validation/text_to_audio/median_rank")


def read(run: TrackedRun, outcome: Outcome | None, *, epochs: Sequence[int] = (5,)) -> list[str]:
    """Let wandb read a run along, told of so many epochs after each other."""
    with reading_along(["wandb"], run) as readers:
        for number in epochs:
            readers.tell(epochs=number)
        return readers.finish(outcome) if outcome else []


def offline_runs(run: TrackedRun) -> list[Path]:
    return [path for path in (run.folder / "wandb").iterdir() if path.name.startswith("offline-run-")]


@pytest.fixture
def synced(wandb_server: Any, home: Path) -> Synced:
    """Send an offline run with ``wandb sync`` to a server of this machine, and return the server."""

    def send(run: TrackedRun) -> Any:
        (folder,) = offline_runs(run)
        environment = {**os.environ, "WANDB_BASE_URL": wandb_server.url, "WANDB_API_KEY": "0" * 40}
        program = Path(sys.executable).with_name("wandb")
        done = subprocess.run(
            [program, "sync", folder],
            env={**environment, "WANDB_ERROR_REPORTING": "false"},
            cwd=home,
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        assert "Finished syncing" in done.stderr
        return wandb_server

    return send


def rows_of(server: Any, run: TrackedRun) -> list[dict[str, Any]]:
    return [{name: row[name] for name in NAMED} for row in server.history(run.id) if "epoch" in row]


def recorded(run: TrackedRun) -> list[dict[str, Any]]:
    return [named(row) for row in run.rows()]


def test_what_wandb_sync_sends_is_the_whole_run(
    run: TrackedRun, outcome: Outcome, synced: Synced, capfd: pytest.CaptureFixture[str]
) -> None:
    assert read(run, outcome, epochs=(1, 2, 5)) == ["wandb"]
    assert capfd.readouterr() == ("", "")
    server = synced(run)
    told = server.runs[run.id]
    assert (told["name"], told["displayName"], told["project"]) == ("0a1b2c3d", "rain", "auricle")
    assert {name: server.configs[run.id][name] for name in run.config} == run.config
    assert rows_of(server, run) == recorded(run)
    assert [row["_step"] for row in server.history(run.id)] == [4, 8, 12, 16, 20, 21]
    assert server.ended == {run.id: 0}
    assert server.summaries["best/validation/text_to_audio/mAP_at_10"] == 0.5
    uploaded = {Path(name).name.partition("_21_")[0]: content for name, content in server.files.items()}
    assert uploaded["learning_curve"] == outcome.pictures[0].read_bytes()
    table = json.loads(uploaded["ranks_text_to_audio"])
    assert table["columns"] == ["query", "clip", "best_rank", "ap"]
    assert table["data"][0] == ["Rain, and wind.", "validation/rain.wav", 1.0, 1.0]


def test_a_training_arrives_row_by_row(
    train: Callable[..., Any], noises: Path, tmp_path: Path, synced: Synced, home: Path
) -> None:
    outcome = train(noises, tmp_path, "tracking.to=[wandb]", name="noises")
    assert outcome.status == 0, outcome.err
    folder = tmp_path / "noises"
    environment = json.loads((folder / "environment.json").read_text())
    run = TrackedRun("noises", environment["id"], folder, folder / "metrics.jsonl", {})
    server = synced(run)
    assert [{name: row[name] for name in recorded(run)[0]} for row in server.history(run.id)[:3]] == recorded(run)
    assert server.configs[run.id]["training"]["max_epochs"] == 3
    assert server.ended == {run.id: 0}
    tables = [json.loads(content) for name, content in server.files.items() if name.endswith(".table.json")]
    assert sorted(len(table["data"]) for table in tables) == [2, 2]  # two clips with a caption each, both ways


def test_all_files_are_in_the_runs_folder(run: TrackedRun, outcome: Outcome, home: Path) -> None:
    read(run, outcome)
    assert list(home.rglob("*")) == []
    assert {path.name for path in run.folder.iterdir()} == {
        "learning-curve.png",
        "metrics.jsonl",
        "ranks-text_to_audio.csv",
        "wandb",
    }


@pytest.mark.slow
def test_a_run_that_is_gone_on_with_is_whole_again_under_the_same_id(
    run: TrackedRun, outcome: Outcome, synced: Synced
) -> None:
    read(run, None, epochs=(1, 3))
    (first,) = offline_runs(run)
    assert synced(run).ended == {run.id: 1}
    read(run, outcome, epochs=(2, 3, 4, 5))  # what was begun after the second epoch is done again
    assert offline_runs(run) != [first]
    server = synced(run)
    assert rows_of(server, run) == recorded(run)
    assert server.ended == {run.id: 0}


@pytest.mark.parametrize("mode", ["online", *(pytest.param(m, marks=pytest.mark.slow) for m in ("disabled", "shared"))])
def test_it_is_offline_whatever_the_environment_says(
    run: TrackedRun, outcome: Outcome, wandb_server: Any, monkeypatch: pytest.MonkeyPatch, mode: str
) -> None:
    monkeypatch.setenv("WANDB_MODE", mode)
    monkeypatch.setenv("WANDB_API_KEY", "0" * 40)
    monkeypatch.setenv("WANDB_BASE_URL", wandb_server.url)
    assert read(run, outcome) == ["wandb"]
    assert len(offline_runs(run)) == 1
    assert (wandb_server.runs, wandb_server.files) == ({}, {})


def test_online_it_sends_what_the_server_lacks(
    run: TrackedRun, outcome: Outcome, wandb_server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WANDB_API_KEY", "0" * 40)
    monkeypatch.setenv("WANDB_BASE_URL", wandb_server.url)
    wandb_server.last_step = 8
    assert read(replace(run, online=True), outcome) == ["wandb"]
    assert rows_of(wandb_server, run) == recorded(run)[2:]
    assert wandb_server.ended == {run.id: 0}


def test_online_without_a_key_it_does_not_ask(
    run: TrackedRun, outcome: Outcome, capfd: pytest.CaptureFixture[str]
) -> None:
    assert read(replace(run, online=True), outcome) == []
    out, err = capfd.readouterr()
    assert out == ""
    assert err == (
        "wandb no longer reads along: it knows no API key. Run `wandb login` once, or leave tracking.online out and "
        "send the run later with `wandb sync`. The run is not affected; once it is finished, "
        f"`auricle train --resume {run.folder}` hands it over as a whole.\n"
    )


def test_the_service_dies_and_the_run_goes_on(
    run: TrackedRun, outcome: Outcome, synced: Synced, capfd: pytest.CaptureFixture[str]
) -> None:
    with reading_along(["wandb"], run) as readers:
        readers.tell(epochs=2)
        service = wait_for_service(run)
        service.kill()
        service.wait(10)
        readers.tell(epochs=4)
        readers.tell(epochs=5)
        assert readers.finish(outcome) == []
    out, err = capfd.readouterr()
    assert out == ""
    # Which of its errors comes depends on what wandb was doing when its service died.
    assert re.match(r"wandb no longer reads along: \w+Error(: .+[^:])?\. The run is not affected; ", err)
    assert err.count("\n") == 1
    assert read(run, outcome) == ["wandb"]
    assert rows_of(synced(run), run) == recorded(run)


def wait_for_service(run: TrackedRun) -> psutil.Process:
    """Return the service of the reader when it has begun to write."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        found = []
        for child in psutil.Process().children(recursive=True):
            with contextlib.suppress(psutil.NoSuchProcess):  # ended between being listed and being asked
                found += [child] if child.name() == "wandb-core" else []
        if found and list(run.folder.glob("wandb/offline-run-*/run-*.wandb")):
            return found[0]
        time.sleep(0.01)
    raise AssertionError("no service has come")


@pytest.mark.parametrize("tracker", ["wandb", "trackio"])
def test_nothing_is_asked_of_the_network(
    run: TrackedRun, outcome: Outcome, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tracker: str
) -> None:
    monkeypatch.setenv("WANDB_API_KEY", "0" * 40)
    monkeypatch.setenv("HF_TOKEN", "hf_" + "0" * 34)
    ask = "import socket; socket.socket(socket.AF_INET, socket.SOCK_DGRAM).connect(('127.0.0.2', 53))"
    assert connections([sys.executable, "-c", ask], "", tmp_path) == ["127.0.0.2"], "the test would see nothing"
    said = "\n".join([to_json(run), "5", to_json(outcome)])
    reader = [sys.executable, "-P", "-m", "auricle.tracking.reader", tracker]
    assert connections(reader, said, tmp_path) == []


def connections(command: Sequence[str], said: str, folder: Path) -> list[str]:
    """Run a command, and return the addresses that it or what it starts connects to."""
    log = folder / "calls.txt"
    try:
        tracing = ["strace", "-f", "-qq", "-e", "trace=connect,sendto", "-o", str(log)]
        subprocess.run([*tracing, *command], input=said, text=True, capture_output=True, timeout=120, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"system calls cannot be watched here: {error}")
    calls = [line for line in log.read_text().splitlines() if "AF_INET" in line]
    return [line.partition('inet_addr("')[2].partition('"')[0] or line for line in calls]
