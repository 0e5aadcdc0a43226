"""A training in other processes: killed, interrupted, started twice, with other hashes. The bytes are the same."""

import json
import os
import random
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from auricle.storage import atomic

Command = Callable[..., Any]

SETTINGS = ("training.batch_size=4", "training.max_epochs=8", "training.save_every_s=0")
RESULTS = (
    "best.safetensors",
    "last.safetensors",
    "metrics.jsonl",
    "metrics.csv",
    "config.yaml",
    "validation/ranks-text_to_audio.csv",
    "validation/ranks-audio_to_text.csv",
)


@pytest.fixture(scope="module")
def uninterrupted(train: Command, captioned: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The files of a run that nothing has disturbed."""
    runs = tmp_path_factory.mktemp("uninterrupted")
    assert train(captioned, runs, *SETTINGS).status == 0
    return {name: (runs / "run" / name).read_bytes() for name in RESULTS}


@pytest.fixture
def start_training(
    start: Callable[..., Any], captioned: Path, quickly: tuple[str, ...], tmp_path: Path
) -> Callable[..., Any]:
    """Start the training in a process of its own."""

    def run(*settings: str) -> Any:
        given = (f"data.collection={captioned}", *quickly, *SETTINGS, *settings)
        return start("train", "embedded", *given, "--name", "run", "--runs", tmp_path)

    return run


def check(run: Path, expected: dict[str, bytes]) -> None:
    """The results are those of the uninterrupted run, and nothing else is left."""
    assert {name: (run / name).read_bytes() for name in RESULTS} == expected
    assert {path.name for path in run.iterdir()} - {".lock", *RESULTS} == {
        "collection.json",
        "environment.json",
        "finished.json",
        "learning-curve.png",
        "set-aside.csv",
        "validation",
    }


def test_killed_again_and_again(
    start_training: Callable[..., Any],
    auricle: Command,
    pretrained: Path,
    uninterrupted: dict[str, bytes],
    tmp_path: Path,
) -> None:
    state, moment = tmp_path / "run" / "resume.pt", random.Random()
    for _ in range(3):
        saves, wait_s = moment.randrange(1, 6), moment.uniform(0, 0.01)
        running = start_training()
        seen: set[tuple[int, int]] = set()
        while len(seen) < saves:
            running.wait_for(state)
            stat = state.stat()
            seen.add((stat.st_ino, stat.st_mtime_ns))
        time.sleep(wait_s)
        assert running.stop(signal.SIGKILL) == -signal.SIGKILL, f"killed after {saves} saves and {wait_s} s"
        assert not (tmp_path / "run" / "finished.json").exists()
    ended = auricle("train", "--resume", "run", "--runs", tmp_path, cache=pretrained)
    assert ended.status == 0, ended.err
    assert re.search(rf"{tmp_path / 'run'}: going on at epoch \d+, step \d+\.", ended.err)
    check(tmp_path / "run", uninterrupted)


def test_what_a_killed_process_was_writing_is_removed(train: Command, noises: Path, tmp_path: Path) -> None:
    assert train(noises, tmp_path, "training.max_epochs=1").status == 0
    killed = subprocess.Popen([sys.executable, "-c", ""])
    killed.wait()
    with atomic(tmp_path / "run" / "resume.pt") as temporary:
        temporary.touch()
        left = temporary.with_name(temporary.name.replace(f"-{os.getpid()}-", f"-{killed.pid}-"))
    (tmp_path / "run" / "resume.pt").rename(left)
    assert train(noises, tmp_path, "training.max_epochs=1").status == 0
    assert not left.exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_asked_to_stop(
    start_training: Callable[..., Any],
    train: Command,
    captioned: Path,
    uninterrupted: dict[str, bytes],
    tmp_path: Path,
    number: signal.Signals,
) -> None:
    running = start_training()
    running.wait_for(tmp_path / "run" / "resume.pt")
    assert running.stop(number) == 1
    run = tmp_path / "run"
    said = running.log.read_text(encoding="utf-8")
    assert said.rstrip().rpartition("\n")[2] == (
        f"Interrupted; what was done is in {run}. The same command goes on with it."
    )
    assert "Traceback" not in said
    assert train(captioned, tmp_path, *SETTINGS).status == 0
    check(run, uninterrupted)


def test_started_twice(
    start_training: Callable[..., Any], train: Command, auricle: Command, captioned: Path, tmp_path: Path
) -> None:
    endless = ("training.max_epochs=100000",)
    running = start_training(*endless)
    running.wait_for(tmp_path / "run" / "resume.pt")
    refusal = train(captioned, tmp_path, *SETTINGS, *endless).refused(1)
    assert refusal == (
        f"{tmp_path / 'run'} is being trained by process {running.process.pid} on {socket.gethostname()}. "
        "Wait until it ends, or stop it, and run the command again."
    )
    assert auricle("train", "--resume", tmp_path / "run").refused(1) == refusal
    assert auricle("runs", "remove", "run", "--runs", tmp_path, "--yes").refused(1) == (
        f"{tmp_path / 'run'} is being trained by process {running.process.pid} on {socket.gethostname()}. "
        "Stop that first. Nothing is removed."
    )
    (listed,) = json.loads(auricle("runs", "list", tmp_path, "--json").out)
    assert listed["state"] == "training"
    assert listed["remark"] == f"by process {running.process.pid} on {socket.gethostname()}"
    assert running.process.pid != os.getpid()
    assert running.stop(signal.SIGKILL) == -signal.SIGKILL


def test_another_process_with_another_hash_seed_gives_the_same_bytes(
    start: Callable[..., Any], run: Path, captioned: Path, quickly: tuple[str, ...], tmp_path: Path
) -> None:
    anew = f"features.folder={tmp_path / 'features'}"  # features are computed by the other process too
    given = (f"data.collection={captioned}", *quickly, anew)
    running = start("train", "embedded", *given, "--name", "run", "--runs", tmp_path)
    assert running.wait() == 0, running.log.read_text(encoding="utf-8")
    for name in ("best.safetensors", "last.safetensors", "metrics.jsonl", "metrics.csv"):
        assert (tmp_path / "run" / name).read_bytes() == (run / name).read_bytes()
