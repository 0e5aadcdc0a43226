"""Several processes of this machine at work on one sweep, and one that watches them.

They are deaf to Ctrl-C, which the watching process hears and passes on, and end when that is killed.
"""

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import IO

from auricle import progress
from auricle.errors import AuricleError, ConfigError, ModelError
from auricle.experiments.sweep.study import Sweep
from auricle.experiments.sweep.worker import FAILED, REFUSED

_LOOKS_EVERY_S = 0.5
_PATIENCE_S = 60.0  # for a step to end and a state to be saved


@dataclass(frozen=True)
class Member:
    """A process.

    Attributes:
        process: The process.
        said: Its standard error.
    """

    process: "subprocess.Popen[str]"
    said: IO[str]

    def raise_its_error(self) -> None:
        """Raise what it has ended with, if it has ended with an error.

        Raises:
            ConfigError, AuricleError: What it raised.
            RuntimeError: With the traceback of what nobody foresaw.
        """
        status = self.process.poll()
        if status in (REFUSED, FAILED, 1):
            self.said.seek(0)
            said = self.said.read().strip()
            if status == 1:
                raise RuntimeError(f"A process of the sweep ended like this:\n{said}")
            raise (ConfigError if status == REFUSED else AuricleError)(said.splitlines()[-1])


def work_together(sweep: Sweep, *, workers: int, look: Callable[[], None]) -> None:
    """Let several processes work on a sweep until it is finished.

    Args:
        sweep: The sweep, its folder written.
        workers: How many.
        look: Called every half second.

    Raises:
        AuricleError: What one of them raised, or that all of them were killed.
        KeyboardInterrupt: After Ctrl-C, when all have ended.
    """
    with _team(sweep, workers) as members:
        missed: set[int] = set()
        while True:
            look()
            states = [member.process.poll() for member in members]
            for member, status in zip(members, states, strict=True):
                member.raise_its_error()
                if status not in (None, 0) and member.process.pid not in missed:
                    missed.add(member.process.pid)
                    progress.say(
                        f"Process {member.process.pid} was killed. Its trial is gone on with when nothing has been "
                        f"heard of it for {sweep.record.grace_s} s."
                    )
            if all(status is not None for status in states):
                break
            time.sleep(_LOOKS_EVERY_S)
    if len(missed) == len(members):
        raise ModelError(
            f"All {workers} processes were killed, perhaps because memory ran out; try fewer --workers. "
            f"`auricle sweep --resume {sweep.folder.path}` goes on."
        )


@contextlib.contextmanager
def _team(sweep: Sweep, workers: int) -> Iterator[list[Member]]:
    """Start processes; on leaving, ask those that still work to stop, and end those that do not."""
    members = []
    try:
        for _ in range(workers):
            members.append(_start(sweep, workers))
        yield members
    finally:
        working = [member.process for member in members if member.process.poll() is None]
        try:
            for process in working:
                process.terminate()
            for process in working:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(_PATIENCE_S)
        finally:  # also after a second Ctrl-C
            for process in working:
                process.kill()
                process.wait()
            for member in members:
                member.said.close()


def _start(sweep: Sweep, workers: int) -> Member:
    said = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")  # noqa: SIM115 - closed with the team
    threads = max(1, len(os.sched_getaffinity(0)) // workers) if hasattr(os, "sched_getaffinity") else 1
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "auricle.experiments.sweep"],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=said,
        text=True,
        env={"OMP_NUM_THREADS": str(threads), **os.environ},
        start_new_session=True,
    )
    asked = {
        "parent": os.getpid(),
        "folder": str(sweep.folder.path.absolute()),
        "record": asdict(sweep.record),
        "url": sweep.url,
    }
    assert process.stdin is not None
    with contextlib.suppress(BrokenPipeError), process.stdin:
        json.dump(asked, process.stdin)
    return Member(process, said)
