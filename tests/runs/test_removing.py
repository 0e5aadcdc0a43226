"""Removing: whole runs or nothing, never what is no run, never what is being trained."""

import io
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from auricle.errors import ConfigError, StorageError
from auricle.runs import find_runs, remove_runs
from auricle.storage import lock
from auricle.training import RunFolder

Command = Callable[..., Any]
WrittenRun = Callable[..., RunFolder]


class Terminal(io.StringIO):
    """Standard input of a person who types this."""

    def isatty(self) -> bool:
        return True


def test_a_run_goes_whole_and_alone(written_run: WrittenRun, tmp_path: Path, auricle: Command) -> None:
    kept = written_run("kept")
    gone = written_run("gone")
    outcome = auricle("runs", "remove", "gone", "--yes", cwd=tmp_path)
    assert (outcome.status, outcome.out, outcome.err) == (0, "runs/gone: removed\n", "")
    assert sorted((tmp_path / "runs").iterdir()) == [kept.path]
    assert not gone.path.exists()


def test_it_asks_and_without_anybody_to_ask_it_refuses(
    written_run: WrittenRun, tmp_path: Path, auricle: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = written_run("run")
    monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))
    assert auricle("runs", "remove", "run", cwd=tmp_path).refused(2) == (
        "There is nobody to ask whether these runs may go; --yes answers for all."
    )
    for answer, there in (("n", True), ("y", False)):
        monkeypatch.setattr("sys.stdin", Terminal(f"{answer}\n"))
        outcome = auricle("runs", "remove", "run", cwd=tmp_path)
        assert "  runs/run\nRemove 1 run(s) with everything in them? [y/N]:" in outcome.out
        assert outcome.status == int(there)
        assert run.path.exists() == there


def test_one_that_may_not_go_keeps_all(written_run: WrittenRun, tmp_path: Path) -> None:
    run, running = written_run("run"), written_run("running", finished=False)
    folder = tmp_path / "sounds"
    folder.mkdir()
    (folder / "config.yaml").write_text("seed: 1\n")
    link = tmp_path / "runs" / "link"
    link.symlink_to(run.path, target_is_directory=True)
    for other, sentence in (
        (folder, r"sounds is no run that `auricle train` has written: .* Nothing is removed"),
        (link, r"link is a link to .*run; name that. Nothing is removed"),
    ):
        with pytest.raises(ConfigError, match=sentence):
            remove_runs([run, RunFolder(other)])
    with (
        lock(running.path, purpose="is being trained"),
        pytest.raises(StorageError, match=r"running is being trained by process \d+ on .* Nothing is removed"),
    ):
        remove_runs([run, running])
    assert run.path.is_dir()
    assert folder.is_dir()
    remove_runs([run, running, run])  # named twice is removed once
    assert find_runs(tmp_path / "runs") == []


def test_a_removal_that_is_killed_leaves_no_half_run(written_run: WrittenRun, tmp_path: Path) -> None:
    run, other = written_run("run"), written_run("other")
    script = (
        "import shutil, sys, time; from pathlib import Path\n"
        "from auricle.runs import remove_runs; from auricle.training import RunFolder\n"
        "def slowly(path, **_):\n"
        "    (path / 'config.yaml').unlink(); print('half', flush=True); time.sleep(60)\n"
        "shutil.rmtree = slowly; remove_runs([RunFolder(Path(sys.argv[1]))])\n"
    )
    with subprocess.Popen([sys.executable, "-c", script, str(run.path)], stdout=subprocess.PIPE) as removing:
        assert removing.stdout is not None
        removing.stdout.readline()
        removing.send_signal(signal.SIGKILL)
    assert [found.path for found in find_runs(tmp_path / "runs")] == [other.path]
    remove_runs([other])
    assert list((tmp_path / "runs").iterdir()) == []


def test_a_folder_that_may_not_be_written_is_a_sentence(
    written_run: WrittenRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = written_run("run")

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "rename", refuse)
    with pytest.raises(StorageError, match="may not be written by this user"):
        remove_runs([run])
    assert run.path.is_dir()
