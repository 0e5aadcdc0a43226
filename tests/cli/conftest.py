"""Commands in processes of their own, for what only a process can show: being killed, interrupted, locked out."""

import multiprocessing
import os
import runpy
import signal
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from multiprocessing.context import ForkServerProcess
from pathlib import Path

import pytest

_PATIENCE_S = 120
_LIBRARIES = ["auricle.cli", "auricle.runs", "lightning_fabric", "sentence_transformers", "matplotlib.figure"]


@dataclass(frozen=True)
class Running:
    """A command that runs in a process.

    Attributes:
        process: The process.
        log: Where its standard output and standard error go.
    """

    process: ForkServerProcess
    log: Path

    def wait_for(self, path: Path) -> None:
        """Wait until the command has written a file."""
        end = time.monotonic() + _PATIENCE_S
        while not path.exists():
            assert self.process.is_alive(), self.log.read_text()
            assert time.monotonic() < end, f"{path} has not come"
            time.sleep(0.005)

    def stop(self, number: signal.Signals) -> int:
        """Send a signal and return the exit status: negative is the signal that ended the process."""
        assert self.process.pid is not None
        os.kill(self.process.pid, number)
        return self.wait()

    def wait(self) -> int:
        """Wait for the end and return the exit status."""
        self.process.join(_PATIENCE_S)
        assert self.process.exitcode is not None
        return self.process.exitcode


@pytest.fixture
def start(pretrained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Running]]:
    """Start a command in a process that has the libraries loaded already; its strings have other hashes than here.

    What still runs at the end of the test is ended.
    """
    monkeypatch.setenv("AURICLE_CACHE", str(pretrained))
    monkeypatch.setenv("PYTHONHASHSEED", "1")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(_LIBRARIES)
    started: list[Running] = []

    def run(*arguments: object) -> Running:
        log = tmp_path / "command.log"
        with monkeypatch.context() as patch:
            patch.setattr(sys, "argv", ["in_a_process.py", str(log), *map(str, arguments)])
            process = context.Process(
                target=runpy.run_path, args=(str(Path(__file__).with_name("in_a_process.py")), {}, "__main__")
            )
            process.start()
        started.append(Running(process, log))
        return started[-1]

    yield run
    for running in started:
        if running.process.is_alive():
            running.stop(signal.SIGKILL)
