"""A worker seen from this process: started, asked within a time limit, started again, ended.

A worker leads a process group of its own, so that it is ended with all that it started, and Ctrl-C in a terminal does
not reach it: whoever waits here is interrupted, and ends it on the way out. When this process is killed, the worker's
standard input ends, and it with that.
"""

import contextlib
import json
import os
import queue
import shutil
import signal
import subprocess
import tempfile
import threading
import weakref
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

import numpy as np
from pydantic import ValidationError

from auricle.audio import Samples
from auricle.errors import BackEndError, GenerationError
from auricle.generation.worker.protocol import Answer, clip_name, request_line
from auricle.progress import say
from auricle.storage import writing

LOG_LINES = 50

_SCRIPT = Path(__file__).with_name("script.py")
_LONGEST_LINE = 1 << 16
"""Characters; what is longer is taken for several lines, so that no flood of them fills the memory."""

_END_S = 5.0
"""How long a worker that is asked nothing more may take to end, and its last prints to arrive."""


class WorkerDeathError(Exception):
    """A worker ended, was too slow or said what is no answer; the message goes on after *it*."""


class Process:
    """One worker process, from its start to its end.

    Args:
        command: The interpreter and its arguments, to which the folder is added.
        log: Where its prints go, line by line.

    Attributes:
        folder: Where it leaves its clips; removed when it ends.

    Raises:
        OSError: If it cannot be started.
        StorageError: If there is no place for the folder.
    """

    def __init__(self, command: Sequence[str], *, log: "deque[str]") -> None:
        with writing(Path(tempfile.gettempdir())):
            self.folder = Path(tempfile.mkdtemp(prefix="auricle-worker-"))
        try:
            self._process = subprocess.Popen(
                [*command, str(self.folder)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                encoding="utf-8",
                errors="replace",
                start_new_session=True,
            )
        except OSError:
            self.folder.rmdir()
            raise
        self._kill = weakref.finalize(self, _kill, self._process, self.folder)  # also when this interpreter exits
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        self._requests = self._process.stdin
        self._answers: queue.SimpleQueue[str] = queue.SimpleQueue()
        pumped = ((self._process.stdout, self._answers.put), (self._process.stderr, _keeping(log)))
        self._pumps = [threading.Thread(target=_pump, args=both, daemon=True) for both in pumped]
        for pump in self._pumps:
            pump.start()

    def ask(self, line: str, *, number: int, limit_s: float) -> Answer:
        """Send a line, which is empty where none is due, and wait for the answer of that number.

        Raises:
            WorkerDeathError: If there is none.
        """
        with contextlib.suppress(OSError):  # it has ended; its answers end too
            self._requests.write(line)
            self._requests.flush()
        try:
            said = self._answers.get(timeout=limit_s)
        except queue.Empty:
            raise WorkerDeathError(f"did not answer within {limit_s:g} s") from None
        if not said:
            raise WorkerDeathError(_how_it_ended(self.end()))
        try:
            answer = Answer.model_validate_json(said)
        except ValidationError:
            raise WorkerDeathError(f"said {said.strip()[:80]!r}, which is no answer") from None
        if answer.request != number:
            raise WorkerDeathError(f"answered request {answer.request} instead of {number}")
        return answer

    def end(self, *, grace_s: float = 0.0) -> int:
        """End it, after `grace_s` by force, and return its exit status, negative for a signal."""
        with contextlib.suppress(OSError):
            self._requests.close()
        self._pumps[0].join(grace_s)
        self._kill()
        for pump in self._pumps:
            pump.join(_END_S)
        assert self._process.returncode is not None
        return self._process.returncode


class Worker:
    """A back end in another interpreter that is started again when it dies.

    Args:
        name: Of the back end, for messages.
        python: The interpreter.
        inside: What it runs; `script.py` says what must be in there.
        options: What its ``load`` is given, JSON-able.
        start_timeout_s: How long it may take to start.
        timeout_s: How long a batch may take.

    Attributes:
        sample_rate: Of its clips, in Hz.
        note: What it says of itself, a sentence; maybe empty.
        log: The last lines it has printed.

    Raises:
        BackEndError: If it cannot be started.
    """

    def __init__(
        self,
        name: str,
        *,
        python: Path,
        inside: Path,
        options: Mapping[str, Any],
        start_timeout_s: float,
        timeout_s: float,
    ) -> None:
        self.log: deque[str] = deque(maxlen=LOG_LINES)
        self._name = name
        self._start_timeout_s = start_timeout_s
        self._timeout_s = timeout_s
        self._number = 0
        self._closed = False
        self._process: Process | None = None
        self._command = [str(python), "-u", str(_SCRIPT), str(inside), json.dumps(dict(options))]
        answer = self._start()
        self.sample_rate = answer.sample_rate
        self.note = answer.note

    def generate(self, captions: Sequence[str], *, seconds: Sequence[float], seeds: Sequence[int]) -> list[Samples]:
        """Make one clip per caption; see `auricle.generation.contract.TextToAudio`.

        Raises:
            MemoryError: If the worker says that its memory does not suffice.
            GenerationError: If it cannot make the clips, or dies twice over them.
            BackEndError: If it cannot be started again.
            ValueError: If it is closed.
        """
        if self._closed:
            raise ValueError(f"the worker of {self._name} is closed")
        try:
            return self._try(captions, seconds, seeds)
        except WorkerDeathError as death:
            say(f"The worker of {self._name} {death}; it is started again.")
        try:
            return self._try(captions, seconds, seeds)
        except WorkerDeathError as death:
            raise GenerationError(
                f"The worker of {self._name} died twice over the same batch: at last it {death}.{self._last_words()}"
            ) from None

    def close(self) -> None:
        """End the worker; what it has written goes with it."""
        self._closed = True
        self._stop(grace_s=_END_S)

    def _start(self) -> Answer:
        where = f"cannot start with the interpreter {self._command[0]}"
        try:
            self._process = Process(self._command, log=self.log)
        except OSError as error:
            raise BackEndError(
                f"The worker of {self._name} {where}: {error.strerror}. Name one that has what it needs."
            ) from None
        try:
            answer = self._answer(0, "", limit_s=self._start_timeout_s)
        except WorkerDeathError as death:
            raise BackEndError(f"The worker of {self._name} {where}: it {death}.{self._last_words()}") from None
        if answer.refused:
            self._stop()
            lacking = answer.refused.startswith(("ImportError", "ModuleNotFoundError"))
            advice = " Install what is missing there, or name another interpreter." if lacking else ""
            raise BackEndError(f"The worker of {self._name} {where}: {answer.refused.rstrip('.')}.{advice}")
        return answer

    def _try(self, captions: Sequence[str], seconds: Sequence[float], seeds: Sequence[int]) -> list[Samples]:
        if self._process is None:
            self._start()
        self._number += 1
        line = request_line(self._number, captions, seconds=seconds, seeds=seeds)
        answer = self._answer(self._number, line, limit_s=self._timeout_s)
        if answer.out_of_memory:
            raise MemoryError(f"the worker of {self._name}: {answer.refused}")
        if answer.refused:
            raise GenerationError(f"The worker of {self._name} could not make a clip: {answer.refused.rstrip('.')}.")
        return self._take(len(captions))

    def _answer(self, number: int, line: str, *, limit_s: float) -> Answer:
        assert self._process is not None
        try:
            return self._process.ask(line, number=number, limit_s=limit_s)
        except BaseException:  # also Ctrl-C: an answer that nobody has waited for would come first next time
            self._stop()
            raise

    def _take(self, count: int) -> list[Samples]:
        """Read the clips of the last answer, and remove their files."""
        assert self._process is not None
        paths = [self._process.folder / clip_name(self._number, position) for position in range(count)]
        try:
            clips: list[Samples] = [np.load(path, allow_pickle=False) for path in paths]
            for path in paths:
                path.unlink()
        except (OSError, ValueError, EOFError) as error:
            self._stop()
            raise WorkerDeathError(f"left no clips that can be read: {error}") from None
        return clips

    def _stop(self, *, grace_s: float = 0.0) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.end(grace_s=grace_s)

    def _last_words(self) -> str:
        last = " / ".join([*self.log][-3:])
        return f" Its last words: {last[-300:]}" if last else ""


def _pump(stream: IO[str], take: Callable[[str], None]) -> None:
    """Hand over the lines of a pipe, which is never full then, and in the end an empty one."""
    with stream:
        while line := stream.readline(_LONGEST_LINE):
            take(line)
    take("")


def _keeping(log: "deque[str]") -> Callable[[str], None]:
    def keep(line: str) -> None:
        if line.strip():
            log.append(line.strip())

    return keep


def _kill(process: "subprocess.Popen[str]", folder: Path) -> None:
    """Kill a worker and what it started, and remove its folder.

    Nobody has waited for it before, so that its number, which is the group's, cannot be another's by now.
    """
    with contextlib.suppress(ProcessLookupError, PermissionError):  # all of them have ended
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    shutil.rmtree(folder, ignore_errors=True)


def _how_it_ended(status: int) -> str:
    if status >= 0:
        return f"exited with status {status}"
    name = signal.strsignal(-status) or "unknown"
    hint = "; the machine may have run out of memory" if -status == signal.SIGKILL else ""
    return f"was ended by signal {-status} ({name}){hint}"
