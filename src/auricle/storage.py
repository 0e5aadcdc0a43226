"""Files that are either whole or not there, fingerprints and locks.

Done means the final file exists: every artefact is written to a hidden temporary name in its own folder, flushed to the
disk, and renamed. A process that is killed leaves at most such a temporary file, which the next one to open the folder
removes.

What is written into a mirror of an object store (`auricle.places`) is in the store before it has its final name here,
and what is held or removed is held or removed there.
"""

import errno
import hashlib
import json
import os
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from auricle import object_store
from auricle.errors import StorageError
from auricle.places import shown, url_of
from auricle.temporary import remove_temporary, temporary_name

__all__ = [
    "atomic",
    "digest_bytes",
    "digest_file",
    "fingerprint",
    "holder",
    "lock",
    "make_folder",
    "may_write",
    "read_json",
    "remove",
    "remove_temporary",
    "sha256_file",
    "write_json",
    "write_text",
    "writing",
]

_ASKING_S = 0.1
"""How long a lock is waited for: whoever asks for its `holder` has it for an instant."""


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Turn the operating system's refusals to write inside `folder` into a `StorageError` that says what to do."""
    try:
        yield
    except OSError as error:
        reason = {
            errno.ENOSPC: f"the disk is full ({_free(folder)}). Free some space and run the same command again",
            errno.EDQUOT: "the disk quota is used up. Free some space and run the same command again",
            errno.EROFS: "it is on a read-only file system. Choose another folder",
            errno.EACCES: "it may not be written by this user. Choose another folder or change its permissions",
            errno.EPERM: "it may not be written by this user. Choose another folder or change its permissions",
            errno.ENOENT: "a part of the path is not there, and cannot be made. Choose another folder",
            errno.ENOTDIR: "a part of the path is a file. Choose another folder",
            errno.EEXIST: "a file of this name is in the way. Choose another folder",
            errno.ENAMETOOLONG: "the name is too long. Choose a shorter one",
        }.get(error.errno or 0)
        if reason is None:
            raise
        raise StorageError(f"Cannot write to {folder}: {reason}.") from error


def _free(folder: Path) -> str:
    existing = next(place for place in folder.absolute().parents if place.exists())
    return f"{shutil.disk_usage(existing).free / 1e6:.0f} MB free"


def make_folder(folder: Path) -> Path:
    """Create `folder` with its parents and return it.

    Raises:
        StorageError: If it cannot be created.
    """
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
    return folder


@contextmanager
def atomic(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; on leaving, flush it and rename it to `path`.

    In the mirror of an object store it is sent there first; a process killed between the two leaves the store right.
    When the body raises, the temporary file is removed and `path` is as it was. The folder is created if needed.

    Raises:
        StorageError: If the folder cannot be written, or the object store does not take it.
    """
    temporary = temporary_name(path)
    with writing(path.parent):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            yield temporary
            with temporary.open("rb+") as written:
                os.fsync(written.fileno())
            object_store.send(temporary, path)
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write `text` to `path` as UTF-8, whole or not at all."""
    with atomic(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(path: Path, value: object) -> None:
    """Write `value` to `path` as indented JSON, whole or not at all."""
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def read_json(path: Path, *, advice: str) -> Any:
    """Read what `write_json` wrote.

    Args:
        path: The file, which exists.
        advice: What to do where it is damaged, a sentence.

    Raises:
        StorageError: If it is damaged.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        raise StorageError(f"{shown(path)} is damaged. {advice}") from None


def remove(path: Path) -> None:
    """Remove a file if it is there; in the mirror of an object store, from there as well.

    Raises:
        StorageError: If it may not be removed.
    """
    with writing(path.parent):
        object_store.remove(path)


def may_write(folder: Path) -> bool:
    """Return whether an existing folder may be written.

    Permissions count even for the superuser, whom the system does not hold to them: a folder without any is meant to
    stay as it is.
    """
    return bool(folder.stat().st_mode & 0o222) and os.access(folder, os.W_OK)


@contextmanager
def lock(folder: Path, *, purpose: str, name: str = ".lock", wait_s: float = _ASKING_S) -> Iterator[None]:
    """Hold `folder` for this process; the operating system lets go when the process ends, however it ends.

    A folder of an object store is held there, for all machines (`auricle.object_store.lease`). What killed processes
    left in it is removed.

    Args:
        folder: An existing folder.
        purpose: What is done with it, as in *is being trained*.
        name: Of the lock, where parts of a folder are held apart.
        wait_s: How long to wait for who holds it; infinite to wait for ever.

    Raises:
        StorageError: If it may not be written, or another process holds it; the message names machine and process.
    """
    if url_of(folder):
        with object_store.hold(folder, purpose=purpose, name=name, wait_s=wait_s):
            remove_temporary(folder)
            yield
        return
    if not may_write(folder):
        raise StorageError(
            f"Cannot write to {folder}: it may not be written. Choose another folder or change its permissions."
        )
    owner = _owner(folder, name)
    held = FileLock(folder / name)
    with writing(folder):
        try:
            held.acquire(timeout=wait_s, poll_interval=_ASKING_S / 10)
        except Timeout:
            raise StorageError(
                f"{folder} {purpose} by {_who(owner)}. Wait until it ends, or stop it, and run the command again."
            ) from None
    try:
        remove_temporary(folder)
        write_text(owner, f"process {os.getpid()} on {socket.gethostname()}")
        yield
    finally:
        owner.unlink(missing_ok=True)
        held.release()


def holder(folder: Path, *, name: str = ".lock") -> str | None:
    """Return who holds a folder, as in *process 4711 on host*; None if nobody does.

    Nothing is taken or changed: whoever wants the folder meanwhile gets it.

    Args:
        folder: An existing folder.
        name: As in `lock`.
    """
    if url_of(folder):
        return object_store.holder(folder, name=name)
    owner = _owner(folder, name)
    if not owner.exists():
        return None
    held = FileLock(folder / name)
    try:
        held.acquire(blocking=False)
    except Timeout:
        return _who(owner)
    except OSError:  # it may not be opened by this user, so its holder's word is all there is
        return _who(owner)
    held.release()
    return None


def _owner(folder: Path, name: str) -> Path:
    return folder / f"{name}-owner"


def _who(owner: Path) -> str:
    try:
        return owner.read_text(encoding="utf-8").strip() or "another process"
    except OSError:
        return "another process"


def digest_bytes(content: bytes) -> str:
    """Return the identity of `content`: 32 hexadecimal digits of BLAKE2b.

    Example:
        >>> digest_bytes(b"a dog barks")
        '30660780386a9c6c7e258299402a0de9'
    """
    return hashlib.blake2b(content, digest_size=16).hexdigest()


def digest_file(path: Path) -> str:
    """Return the identity of a file's content, as `digest_bytes` does, without reading it whole into memory."""
    digest = hashlib.blake2b(digest_size=16)
    with path.open("rb") as opened:
        while block := opened.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def sha256_file(path: Path) -> str:
    """Return a file's SHA-256, the checksum that publishers give."""
    with path.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def fingerprint(value: object) -> str:
    """Return 12 hexadecimal digits that change whenever a JSON-able `value` does; the order of keys does not matter.

    Example:
        >>> fingerprint({"a": 1, "b": 2}) == fingerprint({"b": 2, "a": 1})
        True
    """
    return digest_bytes(json.dumps(value, sort_keys=True, ensure_ascii=False).encode())[:12]
