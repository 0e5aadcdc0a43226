"""Generation on the command line: Ctrl-C, a second process, and what is said of wrong arguments."""

import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Command = Callable[..., Any]


def test_ctrl_c_leaves_a_folder_in_order(captioned: Path, auricle: Command, start: Command, tmp_path: Path) -> None:
    command = (
        "generate",
        "procedural",
        "--collection",
        captioned,
        "--captions",
        "2",
        "--batch",
        "1",
        "--output",
        tmp_path,
    )
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


def test_two_processes_on_one_folder(captioned: Path, auricle: Command, start: Command, tmp_path: Path) -> None:
    command = ("generate", "procedural", "--collection", captioned, "--captions", "3", "--output", tmp_path)
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
def test_wrong_arguments(captioned: Path, auricle: Command, arguments: list[str], sentence: str) -> None:
    assert sentence in auricle("generate", *arguments, "--collection", captioned).refused(2)


def test_the_back_ends_are_listed_with_their_settings(auricle: Command) -> None:
    listed = auricle("generators").out
    for line in ("procedural", "audiogen", "ezaudio", "diffusers:NAME_OR_PATH", "folder:DIR"):
        assert f"\n{line}\n" in f"\n{listed}"
    assert '    licence = ""\n        Under which they may be used.' in listed
