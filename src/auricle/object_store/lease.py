"""A folder of an object store, held by one process at a time.

The lock is an object that says who holds the folder and until when; its holder writes it anew long before. It is made,
renewed and taken over only on the condition that it is as it was seen (S3's ``If-None-Match`` and ``If-Match``), so of
two processes one gets it. A holder that was killed is followed at once on its own machine, elsewhere when its time is
up, by clocks that agree to within half of `LEASE_S`. A process that finds its lock taken over writes no more.

Stores whose conditional writes fsspec does not offer know only how to make an object once (``mode="create"``): there,
a lock whose time is up is removed and made again, and if two do so within one request, the first writes no more from
its next renewal on.
"""

import contextlib
import json
import os
import socket
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from auricle.errors import StorageError
from auricle.object_store.asking import ChangedMeanwhileError, asking, key_of
from auricle.places import shown, url_of
from auricle.temporary import alive

LEASE_S = 60.0
"""How long a lock lasts without being renewed."""
_RENEWALS = 4  # within that time
_ASKING_S = 0.2

_lost: dict[Path, str] = {}  # folders whose lock this process held, and who has it now


@dataclass(frozen=True)
class Claim:
    """What a lock says.

    Attributes:
        id: Of this holding; empty when it was given back.
        host: Name of the machine.
        machine: What tells it from others of the same name.
        process: Number of the process on it.
        expires: Until when, in seconds since 1970.
    """

    id: str
    host: str
    machine: str
    process: int
    expires: float

    @property
    def holds(self) -> bool:
        """Whether somebody has the folder."""
        if not self.id or time.time() > self.expires:
            return False
        return self.machine != _machine() or alive(self.process)

    def __str__(self) -> str:
        return f"process {self.process} on {self.host}"


@dataclass
class _Lock:
    """The object of one lock, and what was last seen of it."""

    url: str
    version: str | None = None

    def read(self) -> Claim | None:
        """Return what it says; None if there is none."""
        try:
            with asking(self.url) as store:
                key = key_of(store, self.url)
                self.version = store.info(key).get("ETag")
                content = store.cat_file(key)
            return Claim(**json.loads(content))
        except FileNotFoundError:
            self.version = None
            return None
        except (ValueError, TypeError):
            raise StorageError(f"{self.url} is no lock of auricle's. Remove it if nobody works there.") from None

    def write(self, claim: Claim, *, over: Claim | None) -> bool:
        """Say who holds it, if that is still as it was read; return whether it was."""
        content = json.dumps(asdict(claim)).encode()
        try:
            with asking(self.url) as store:
                key, condition = key_of(store, self.url), {}
                if over is not None and self.version:
                    condition = {"IfMatch": self.version}
                elif over is not None:
                    store.rm_file(key)
                answer = store.pipe_file(key, content, **(condition or {"mode": "create"}))
                self.version = answer.get("ETag") if isinstance(answer, dict) else None
            return True
        except (ChangedMeanwhileError, FileNotFoundError):
            said = self.read()  # a request that was sent twice meets its own writing
            return said is not None and said == claim


@contextmanager
def hold(folder: Path, *, purpose: str, name: str, wait_s: float) -> Iterator[None]:
    """Hold the folder of a mirror for this process; arguments and errors as of `auricle.storage.lock`."""
    lock = _Lock(f"{url_of(folder)}/{name}")
    own = Claim(uuid.uuid4().hex, socket.gethostname(), _machine(), os.getpid(), time.time() + LEASE_S)
    _take(lock, own, folder, purpose=purpose, wait_s=wait_s)
    _lost.pop(folder, None)
    ended = threading.Event()
    renewing = threading.Thread(target=_renew, args=(lock, own, folder, ended), daemon=True)
    renewing.start()
    try:
        yield
    finally:
        ended.set()
        renewing.join()
        if _lost.pop(folder, None) is None:
            _give_back(lock, own)


def holder(folder: Path, *, name: str) -> str | None:
    """Return who holds the folder of a mirror, None if nobody does."""
    claim = _Lock(f"{url_of(folder)}/{name}").read()
    return str(claim) if claim and claim.holds else None


def check_held(path: Path) -> None:
    """Check that no lock that this process held on a folder around `path` was taken over.

    Raises:
        StorageError: If one was.
    """
    for folder in path.parents:
        if who := _lost.get(folder):
            raise StorageError(
                f"{shown(folder)} was taken over by {who}, since this process had not answered for {LEASE_S:.0f} s. "
                "What it had written before is kept."
            )


def _take(lock: _Lock, own: Claim, folder: Path, *, purpose: str, wait_s: float) -> None:
    until = time.monotonic() + wait_s
    while True:
        claim = lock.read()
        if not (claim and claim.holds) and lock.write(own, over=claim):
            return
        if time.monotonic() > until:
            who = str(claim) if claim else "another process"
            raise StorageError(
                f"{shown(folder)} {purpose} by {who}. Wait until it ends, or stop it, and run the command again."
            )
        time.sleep(_ASKING_S)


def _renew(lock: _Lock, own: Claim, folder: Path, ended: threading.Event) -> None:
    """Write the lock anew now and then; a store that does not answer is asked again."""
    while not ended.wait(LEASE_S / _RENEWALS):
        try:
            own, before = replace(own, expires=time.time() + LEASE_S), own
            said = lock.read()
            if said is None or said.id != own.id or not lock.write(own, over=before):
                _lost[folder] = str(lock.read() or "another process")
                return
        except StorageError:
            continue


def _give_back(lock: _Lock, own: Claim) -> None:
    try:
        said = lock.read()
        if said and said.id == own.id:
            lock.write(replace(own, id="", expires=0.0), over=said)
    except StorageError:  # it ends by itself
        return


def _machine() -> str:
    """Return what tells this machine from others, and a container from its host."""
    parts = [socket.gethostname()]
    with contextlib.suppress(OSError):  # not on Linux
        parts.append(Path("/proc/sys/kernel/random/boot_id").read_text(encoding="utf-8").strip())
        parts.append(os.readlink("/proc/self/ns/pid"))  # noqa: PTH115 - it leads to no file
    return " ".join(parts)
