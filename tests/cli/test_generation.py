"""Generation on the command line: help for people, and kill -9 at random moments."""

import random
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from auricle.generation.procedural.collection import write_collection

Command = Callable[..., Any]
CLIPS = 40


@pytest.fixture(scope="module")
def forty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The embedded collection with 40 clips in development."""
    folder = tmp_path_factory.mktemp("forty") / "sounds"
    write_collection(folder, clips=66)
    return folder


def contents(folder: Path) -> dict[str, Any]:
    """Every file but locks: sounds as integers, the others as bytes."""
    return {
        str(path.relative_to(folder)): soundfile.read(path, dtype="int16")[0].astype(int)
        if path.suffix == ".wav"
        else path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.name.startswith(".lock")
    }


def assert_same(found: dict[str, Any], wanted: dict[str, Any]) -> None:
    """Assert that two folders hold the same files, sounds to one step of 16 bits."""
    assert found.keys() == wanted.keys()
    for name, content in wanted.items():
        if isinstance(content, bytes):
            assert found[name] == content, name
        else:
            assert np.abs(found[name] - content).max() <= 1, name


def test_killed_five_times_at_random_moments(forty: Path, auricle: Command, start: Command, tmp_path: Path) -> None:
    command = ("generate", "procedural", "--collection", forty, "--captions", "1", "--batch", "4", "--output")
    assert auricle(*command, tmp_path / "peace").status == 0
    peace = tmp_path / "peace" / "sounds-procedural-caption-1"
    assert len(list((peace / "development").iterdir())) == CLIPS
    clips, moment = tmp_path / "killed" / peace.name / "development", random.Random()
    for killed in range(1, 6):
        running = start(*command, tmp_path / "killed")
        while len(list(clips.glob("*.wav"))) < 6 * killed:
            assert running.process.is_alive(), running.log.read_text()
            time.sleep(0.002)
        time.sleep(moment.uniform(0, 0.05))
        assert running.stop(signal.SIGKILL) == -signal.SIGKILL
    outcome = auricle(*command, tmp_path / "killed")
    assert outcome.status == 0, outcome.err
    assert_same(contents(clips.parent), contents(peace))
    assert f"0 clips made, {CLIPS} were there" in auricle(*command, tmp_path / "killed").err


def test_ctrl_c_leaves_a_folder_in_order(forty: Path, auricle: Command, start: Command, tmp_path: Path) -> None:
    command = ("generate", "procedural", "--collection", forty, "--captions", "2", "--batch", "1", "--output", tmp_path)
    running = start(*command)
    running.wait_for(tmp_path / "sounds-procedural-caption-2" / "manifest.jsonl")
    assert running.stop(signal.SIGINT) == 1
    said = running.log.read_text()
    assert "Interrupted; what was done is kept. The same command goes on with it." in said
    assert "Traceback" not in said
    folder = tmp_path / "sounds-procedural-caption-2"
    rows = (folder / "manifest.jsonl").read_text(encoding="utf-8").splitlines()
    assert len(rows) == len(list((folder / "development").iterdir()))
    assert auricle(*command).status == 0


def test_two_processes_on_one_folder(forty: Path, auricle: Command, start: Command, tmp_path: Path) -> None:
    command = ("generate", "procedural", "--collection", forty, "--captions", "3", "--output", tmp_path)
    running = start(*command)
    running.wait_for(tmp_path / "sounds-procedural-caption-3" / ".lock-owner")
    refused = auricle(*command)
    if running.process.is_alive():
        assert f"is being filled by process {running.process.pid} on" in refused.said[-1]
    assert running.wait() == 0


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["procedurl"], "No back end named 'procedurl'. Did you mean 'procedural'?"),
        (["diffusers"], "'diffusers' is not how the back end is written; diffusers:NAME_OR_PATH is."),
        (["procedural", "--captions", "5-1"], "'5-1' names no captions; numbers are needed, as in 1-5 or 1,3."),
        (["procedural", "--captions", "0"], "captions are numbered from 1"),
        (["procedural", "--shard", "0/4"], "'0/4' is no shard; number/count is needed"),
        (["procedural", "--python", "python3"], "python: no such setting. There are none."),
        (["procedural", "--seconds", "0"], "seconds: input should be greater than 0"),
    ],
)
def test_wrong_arguments(forty: Path, auricle: Command, arguments: list[str], sentence: str) -> None:
    assert sentence in auricle("generate", *arguments, "--collection", forty).refused(2)


def test_the_back_ends_are_listed_with_their_settings(auricle: Command) -> None:
    listed = auricle("generators").out
    for line in ("procedural", "audiogen", "ezaudio", "diffusers:NAME_OR_PATH", "folder:DIR"):
        assert f"\n{line}\n" in f"\n{listed}"
    assert '    licence = ""\n        Under which they may be used.' in listed
