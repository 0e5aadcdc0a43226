"""The manifest: what was seen of each sound of a collection, so that nothing is looked at twice.

One Parquet file with one row per clip. It can be deleted at any time and is made again, except for what a person or a
generator stated in it: origin, parent, licence, and what else is heard. Size and time of modification tell whether a
row still holds. Captions are not in it: the caption files alone say what a sound is called.
"""

import os
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from auricle.audio import probe
from auricle.data.collection import Provenance
from auricle.data.listing import Stamp
from auricle.errors import AudioError
from auricle.places import cache_folder
from auricle.progress import say
from auricle.storage import atomic, digest_file, fingerprint, may_write, remove_temporary

FILE_NAME = "manifest.parquet"

_THREADS = min(4, os.cpu_count() or 1)


_KINDS = {
    "file": "string",
    "split": "string",
    "file_name": "string",
    "duration_s": "float64",
    "sample_rate": "int64",
    "channels": "int64",
    "content": "string",
    "size_bytes": "int64",
    "modified_ns": "int64",
    "origin": "string",
    "parent": "string",
    "licence": "string",
    "mixed_with": "string",
}
"""The columns and their types, as Arrow names them."""

_ADDED = "mixed_with"
"""The column that manifests of earlier versions lack: nothing was mixed then."""


@dataclass(frozen=True)
class Measured:
    """What looking at one file gave.

    Attributes:
        duration_s: Length in seconds, by its header.
        sample_rate: In Hz.
        channels: Number of channels.
        content: Identity of the bytes, `auricle.storage.digest_file`.
    """

    duration_s: float
    sample_rate: int
    channels: int
    content: str


@dataclass(frozen=True)
class Row:
    """One clip of the manifest.

    Attributes:
        file: Path relative to the collection's folder, with ``/`` between folders; no two rows share it.
        split: With `file_name`, the identity of the clip.
        file_name: With `split`, the identity of the clip.
        measured: What was seen.
        stamp: What the file was like then.
        provenance: Where the clip came from.
    """

    file: str
    split: str
    file_name: str
    measured: Measured
    stamp: Stamp
    provenance: Provenance


def read_manifest(path: Path, *, report: bool = True) -> dict[str, Row]:
    """Return the rows of a manifest by file; none if it is not there.

    One that cannot be read counts as not there, for all but what was stated in it can be made again; `report` says so.
    """
    import pyarrow
    import pyarrow.parquet

    if not path.exists():
        return {}
    try:
        table = pyarrow.parquet.read_table(path)
        if _ADDED not in table.column_names:
            table = table.append_column(_ADDED, pyarrow.array([""] * len(table)))
        columns = table.select(list(_KINDS)).to_pydict()
    except (OSError, KeyError, pyarrow.ArrowException):
        if report:
            say(
                f"{path} cannot be read as a manifest and is made again; "
                "origins, parents and licences that only it stated are lost."
            )
        return {}
    return {
        file: Row(file, split, name, Measured(*rest[:4]), Stamp(*rest[4:6]), Provenance(*rest[6:]))
        for file, split, name, *rest in zip(*columns.values(), strict=True)
    }


def save_manifest(path: Path, rows: Iterable[Row]) -> None:
    """Write a manifest, whole or not at all; equal rows in any order give equal files.

    Raises:
        StorageError: If the folder cannot be written.
    """
    import pyarrow
    import pyarrow.parquet

    cells = [
        (row.file, row.split, row.file_name, *_values(row.measured), *_values(row.stamp), *_values(row.provenance))
        for row in sorted(rows, key=lambda row: row.file)
    ]
    columns = dict(zip(_KINDS, zip(*cells, strict=True), strict=True))
    schema = pyarrow.schema([(name, pyarrow.type_for_alias(kind)) for name, kind in _KINDS.items()])
    remove_temporary(path.parent)
    with atomic(path) as temporary:
        pyarrow.parquet.write_table(pyarrow.table(columns, schema=schema), temporary)


def _values(part: Measured | Stamp | Provenance) -> Iterable[object]:
    return vars(part).values()


def manifest_path(folder: Path, stamps: Mapping[str, Stamp]) -> Path:
    """Return where the manifest of a collection belongs: in its folder, or in the cache if nobody may write there.

    The place in the cache follows from names, sizes and times, not from where the folder stands.
    """
    if may_write(folder):
        return folder / FILE_NAME
    known_by = [(name, stamp.size_bytes, stamp.modified_ns) for name, stamp in stamps.items()]
    return cache_folder() / "collections" / fingerprint(known_by) / FILE_NAME


def measure(folder: Path, files: Iterable[str]) -> Iterator[tuple[str, Measured | AudioError]]:
    """Read the header and the bytes of each file, several at a time, in the given order.

    Args:
        folder: Of the collection.
        files: Paths relative to it.

    Yields:
        Each file with what was found, or with the error that says why it cannot be used.
    """
    pool = ThreadPoolExecutor(_THREADS)
    try:
        yield from pool.map(lambda file: (file, _measure(folder / file)), files)
    finally:
        pool.shutdown(cancel_futures=True)  # so that Ctrl-C does not wait for the files that are still queued


def _measure(path: Path) -> Measured | AudioError:
    try:
        info = probe(path)
        return Measured(info.duration_s, info.sample_rate, info.channels, digest_file(path))
    except AudioError as error:
        return error
    except OSError as error:
        return AudioError(f"{path.name} cannot be read: {error.strerror}.")
