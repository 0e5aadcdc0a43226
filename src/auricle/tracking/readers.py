"""The trackers of a run seen from the training: started, told of every epoch, ended.

What is told are lines of JSON on the reader's standard input: the run, then the number of rows that count whenever
there is one more, then maybe the outcome. A reader that ends, fails or hangs is let go with one sentence. A reader
whose training is killed sees its input end, and ends too.
"""

import contextlib
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from auricle import progress
from auricle.tracking.contract import Outcome, TrackedRun, to_json

PATIENCE_S = 60.0
"""How long the readers of a finished run may take after its last epoch."""

GRACE_S = 10.0
"""How long they may take when a sitting ends before the run does."""

_LONGEST_REASON = 300


class Reader:
    """One tracker in a process of its own.

    Args:
        name: Of the tracker.
        run: What it is about.

    Attributes:
        name: Of the tracker.
        lost: Whether it was let go.
    """

    def __init__(self, name: str, run: TrackedRun) -> None:
        self.lost = False
        self.name = name
        self._run = run
        self._said = tempfile.TemporaryFile()  # noqa: SIM115 - closed by `end`
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "auricle.tracking.reader", name],
            stdin=subprocess.PIPE,
            stdout=self._said,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C is for the training
        )
        self.tell(to_json(run))

    def tell(self, line: str) -> None:
        """Hand over a line, unless the reader has ended."""
        if self.lost:
            return
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(line.encode() + b"\n")
            self._process.stdin.flush()
        if self._process.poll() is not None:
            self._let_go(self._last_words())

    def end(self, *, patience_s: float) -> None:
        """Tell it that there is no more, and wait until it has written what it knows."""
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()
        try:
            if self._process.wait(max(0.0, patience_s)):
                self._let_go(self._last_words())
        except subprocess.TimeoutExpired:
            self._let_go(f"it did not end within {patience_s:.0f} s")
        finally:
            self._process.kill()
            self._process.wait()
            self._said.close()

    def _let_go(self, reason: str) -> None:
        if not self.lost:
            self.lost = True
            progress.say(
                f"{self.name} no longer reads along: {reason.rstrip('.')}. The run is not affected; once it is "
                f"finished, `auricle train --resume {self._run.folder}` hands it over as a whole."
            )

    def _last_words(self) -> str:
        self._said.seek(0)
        lines = self._said.read().decode(errors="replace").split("\n")
        last = next((line.strip() for line in reversed(lines) if line.strip()), "")
        return last[:_LONGEST_REASON] or f"it ended with status {self._process.returncode}"


class Readers:
    """All trackers of a run.

    Args:
        readers: Those that could be started.
    """

    def __init__(self, readers: Sequence[Reader]) -> None:
        self._readers = readers

    def tell(self, *, epochs: int) -> None:
        """Say how many rows of the history count now."""
        for reader in self._readers:
            reader.tell(json.dumps(epochs))

    def finish(self, outcome: Outcome) -> list[str]:
        """Hand over what came out, wait until it is written, and return the names of those that have."""
        for reader in self._readers:
            reader.tell(to_json(outcome))
        return self.end(patience_s=PATIENCE_S)

    def end(self, *, patience_s: float = GRACE_S) -> list[str]:
        """Wait until every reader has written what it knows, and return the names of those that have."""
        deadline = time.monotonic() + patience_s
        readers, self._readers = self._readers, ()
        for reader in readers:
            reader.end(patience_s=deadline - time.monotonic())
        return [reader.name for reader in readers if not reader.lost]


@contextmanager
def reading_along(names: Sequence[str], run: TrackedRun) -> Iterator[Readers]:
    """Let trackers read along inside.

    Args:
        names: Of the trackers.
        run: What they read.
    """
    started = []
    for name in names:
        try:
            started.append(Reader(name, run))
        except OSError as error:
            progress.say(f"{name} cannot read along: its process cannot be started ({error.strerror}).")
    readers = Readers(started)
    try:
        yield readers
    finally:
        readers.end()
