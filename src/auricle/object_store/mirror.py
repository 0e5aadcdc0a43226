"""A folder of an object store and its mirror: what is brought here, and what is sent.

The store is right, always: what is in a mirror and not in the store was never done, or was removed by somebody. Names
that begin with a dot stay where they are, in either place. Nothing is ever removed from the store but by `remove` and
`remove_folder`.
"""

import hashlib
import os
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Any

from auricle.errors import StorageError
from auricle.object_store.asking import CONNECTIONS, asking, key_of
from auricle.object_store.copies import copies_below, records_below, same_file, stat_of
from auricle.object_store.lease import check_held
from auricle.object_store.records import Record, append_record, read_records, write_records
from auricle.places import url_of
from auricle.temporary import temporary_name

_AT_ONCE_BYTES = 32 << 20
"""Smaller files are one request; larger ones come and go in parts."""
_WORTH_TELLING = 20
"""So many files are fetched with a word about it."""

_pulled: set[Path] = set()  # folders that this process has taken in: what is there needs no second look

Watch = Callable[..., Iterable[Path]]


@dataclass(frozen=True)
class Entry:
    """A file of the store.

    Attributes:
        size_bytes: Its size.
        modified_ns: When it was written, by the store's clock; what is below a second follows from its content.
    """

    size_bytes: int
    modified_ns: int


def pull(folder: Path, *, wanted: Callable[[str], bool] = lambda _: True, watch: Watch | None = None) -> None:
    """Make the mirror of a folder like the store, at the cost of one listing.

    Args:
        folder: Of a mirror; nothing happens to others.
        wanted: Of a path relative to `folder`, whether the file is brought here now. Of others, only copies that are
            out of date are removed; `fetch` brings them.
        watch: `auricle.progress.track`, which shows how far many downloads are.

    Raises:
        StorageError: If the store cannot be read.
    """
    url = url_of(folder)
    if url is None:
        return
    here = dict(copies_below(folder))  # before the listing: what comes here later is newer than that
    listed = _listing(url)
    known = dict(records_below(folder))
    records: dict[str, Record] = {}
    missing: list[str] = []
    for name, found in listed.items():
        record, copy = known.get(name), here.get(name)
        if record and record.version == found.version and record.describes(copy):
            records[name] = _restamped(folder / name, found, record)
        else:
            records[name] = found
            if wanted(name):
                missing.append(name)
            elif copy:
                (folder / name).unlink(missing_ok=True)
    for name in here.keys() - listed.keys():
        (folder / name).unlink(missing_ok=True)
    _keep(folder, records, known)
    with ThreadPoolExecutor(CONNECTIONS) as pool:
        coming = pool.map(lambda name: _download(folder / name, records[name], before=here.get(name)), missing)
        try:
            told = watch and len(missing) >= _WORTH_TELLING
            for _ in (
                watch(coming, label=f"Fetching {url}", unit="file", total=len(missing)) if told and watch else coming
            ):
                pass
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    _pulled.add(folder)


def pull_file(path: Path) -> bool:
    """Make one file of a mirror like the store's, and return whether there is one.

    Raises:
        StorageError: If the store cannot be read.
    """
    url = url_of(path)
    if url is None:
        return path.is_file()
    before = stat_of(path)
    try:
        with asking(url) as store:
            found = _record(store.info(key_of(store, url)))
    except FileNotFoundError:
        path.unlink(missing_ok=True)
        return False
    record = read_records(path.parent).get(path.name)
    if not (record and record.version == found.version and record.describes(before)):
        path.parent.mkdir(parents=True, exist_ok=True)
        _download(path, found, before=before)
    return True


def fetch(path: Path) -> bool:
    """Bring one file of a mirror here if it is not, and return whether there is one.

    What lies in a folder that this process has pulled is taken as it is.

    Raises:
        StorageError: If the store cannot be read.
    """
    if url_of(path) is None or (path.is_file() and not _pulled.isdisjoint(path.parents)):
        return path.is_file()
    return pull_file(path)


def known(folder: Path) -> dict[str, Entry]:
    """Return the files below the folder of a mirror as of its last `pull`, fetched or not, by relative path."""
    return {name: Entry(record.size_bytes, record.modified_ns) for name, record in records_below(folder)}


def exists(path: Path) -> bool:
    """Return whether a file is there, or in the store as of the last `pull` of its folder."""
    return path.is_file() or (url_of(path) is not None and path.name in read_records(path.parent))


def send(written: Path, path: Path) -> None:
    """Put what will be `path` into the store, whole or not at all; nothing happens to what is no mirror.

    Args:
        written: The finished file, under another name.
        path: Its final name.

    Raises:
        StorageError: If the store does not take it, or a lock of this process on its folder was lost.
    """
    url = url_of(path)
    if url is None:
        return
    check_held(path)
    size = written.stat().st_size
    answer: Any = None
    with asking(url) as store:
        if size < _AT_ONCE_BYTES:
            answer = store.pipe_file(key_of(store, url), written.read_bytes())
        else:
            store.put_file(str(written), key_of(store, url))
        if isinstance(answer, dict) and "ETag" in answer:
            version = str(answer["ETag"])
        else:
            version = _record(store.info(key_of(store, url))).version
    stamp = written.stat().st_mtime_ns
    append_record(path, Record(version, size, stamp, stamp))


def remove(path: Path) -> None:
    """Remove one file from the store, and then from its mirror; of other folders, just the file.

    Raises:
        StorageError: If the store does not allow it.
    """
    if url := url_of(path):
        check_held(path)
        _remove_key(url)
    path.unlink(missing_ok=True)


def remove_folder(folder: Path, *, first: Iterable[str]) -> None:
    """Remove all files of a mirrored folder from the store; `first` are removed before the others.

    Raises:
        StorageError: If the store does not allow it.
    """
    url = url_of(folder)
    if url is None:
        raise ValueError(f"{folder} mirrors nothing")
    for name in first:
        _remove_key(f"{url}/{name}")
    with asking(url) as store:
        names = [*store.find(key_of(store, url))]
        with ThreadPoolExecutor(CONNECTIONS) as pool:
            list(pool.map(store.rm_file, names))


def _remove_key(url: str) -> None:
    try:
        with asking(url) as store:
            store.rm_file(key_of(store, url))
    except FileNotFoundError:
        pass


def _listing(url: str) -> dict[str, Record]:
    """Return what is below a URL by relative path, except hidden names and those that no folder could have."""
    try:
        with asking(url) as store:
            root = key_of(store, url)
            found = store.find(root, detail=True)
    except FileNotFoundError:
        return {}
    listed = {}
    for key, info in found.items():
        name = str(key).removeprefix(root).lstrip("/")
        parts = PurePosixPath(name).parts
        usable = "/".join(parts) == name and not any(part.startswith(".") for part in parts)
        if name and usable and info.get("type") == "file":
            listed[name] = _record(info)
    return listed


def _record(info: Mapping[str, Any]) -> Record:
    """Return what a store says of a file; each kind of store has words of its own."""
    when = next(
        (info[word] for word in ("LastModified", "last_modified", "updated", "created") if info.get(word)), None
    )
    if isinstance(when, str):
        when = datetime.fromisoformat(when)
    tag = next((info[word] for word in ("ETag", "etag", "md5Hash", "content_md5") if info.get(word)), None)
    version = str(tag or when)
    # S3 tells whole seconds, within which a file may be replaced by one of equal size: the rest is of its tag.
    second = int(when.timestamp()) if isinstance(when, datetime) else 0
    rest_ns = int.from_bytes(hashlib.blake2b(version.encode(), digest_size=8).digest()) % 10**9
    return Record(version, int(info["size"]), second * 10**9 + rest_ns)


def _download(path: Path, found: Record, *, before: os.stat_result | None) -> Path:
    """Fetch one file, unless this machine has written it since it was `before`."""
    url = str(url_of(path))
    temporary = temporary_name(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with asking(url) as store:
            found = _download_whole(store, url, temporary, found)
        os.utime(temporary, ns=(found.modified_ns, found.modified_ns))
        if same_file(stat_of(path), before):
            copied_ns = temporary.stat().st_mtime_ns
            temporary.replace(path)
            append_record(path, replace(found, copied_ns=copied_ns))
    except FileNotFoundError:  # removed since it was listed
        path.unlink(missing_ok=True)
    finally:
        temporary.unlink(missing_ok=True)
    return path


def _download_whole(store: Any, url: str, temporary: Path, found: Record, *, attempts: int = 3) -> Record:
    """Fetch a file into `temporary`; what comes in parts may have been replaced between two of them."""
    for _ in range(attempts):
        store.get_file(key_of(store, url), str(temporary))
        if found.size_bytes < _AT_ONCE_BYTES and temporary.stat().st_size == found.size_bytes:
            return found
        now = _record(store.info(key_of(store, url)))
        if now.version == found.version and temporary.stat().st_size == found.size_bytes:
            return found
        found = now
    raise StorageError(f"{url} changes faster than it can be fetched. Wait until whoever writes it ends.")


def _restamped(path: Path, found: Record, record: Record) -> Record:
    """Give a copy the time of the store, which is the same on all machines."""
    if record.modified_ns == found.modified_ns:
        return record
    try:
        os.utime(path, ns=(found.modified_ns, found.modified_ns))
        return replace(found, copied_ns=path.stat().st_mtime_ns)
    except FileNotFoundError:
        return found


def _keep(folder: Path, records: Mapping[str, Record], known: Mapping[str, Record]) -> None:
    """Remember what the store has, folder by folder, where that is something new."""
    now, before = _by_folder(records), _by_folder(known)
    for inside in now.keys() | before.keys():
        if now.get(inside, {}) != before.get(inside, {}):
            (folder / inside).mkdir(parents=True, exist_ok=True)
            write_records(folder / inside, now.get(inside, {}))


def _by_folder(records: Mapping[str, Record]) -> dict[str, dict[str, Record]]:
    grouped: dict[str, dict[str, Record]] = {}
    for path, record in records.items():
        inside, _, name = path.rpartition("/")
        grouped.setdefault(inside, {})[name] = record
    return grouped
