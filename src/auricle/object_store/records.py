"""What a mirror remembers of the store: one hidden file per folder, ``.mirror.jsonl``.

A line says of a file which version of it the store had, and what the copy here was like when it was that version. The
last line of a name counts. Processes append to it without a lock: a line that is lost or torn costs one download, for
what is not remembered is fetched again.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import astuple, dataclass
from pathlib import Path

from auricle.temporary import temporary_name

_NAME = ".mirror.jsonl"


@dataclass(frozen=True)
class Record:
    """What is remembered of one file.

    Attributes:
        version: The store's word for its content: an entity tag.
        size_bytes: Its size.
        modified_ns: When it was written, by the store's clock.
        copied_ns: Time of modification of the copy here; 0 where there is none.
    """

    version: str
    size_bytes: int
    modified_ns: int
    copied_ns: int = 0

    def describes(self, copy: os.stat_result | None) -> bool:
        """Return whether a file here is the copy that was made."""
        return copy is not None and (copy.st_size, copy.st_mtime_ns) == (self.size_bytes, self.copied_ns)


def read_records(folder: Path) -> dict[str, Record]:
    """Return what is remembered of the files of one folder, by name."""
    try:
        lines = (folder / _NAME).read_text(encoding="utf-8", errors="replace").splitlines()
    except (FileNotFoundError, NotADirectoryError):
        return {}
    records = {}
    for line in lines:
        try:
            name, *values = json.loads(line)
            records[name] = Record(*values)
        except (ValueError, TypeError):  # torn
            continue
    return records


def append_record(path: Path, record: Record) -> None:
    """Remember one file."""
    with (path.parent / _NAME).open("a", encoding="utf-8") as opened:
        opened.write(_line(path.name, record))


def write_records(folder: Path, records: Mapping[str, Record]) -> None:
    """Remember these files of a folder and no others."""
    temporary = temporary_name(folder / _NAME)
    try:
        temporary.write_text("".join(_line(name, record) for name, record in records.items()), encoding="utf-8")
        temporary.replace(folder / _NAME)
    finally:
        temporary.unlink(missing_ok=True)


def _line(name: str, record: Record) -> str:
    return json.dumps([name, *astuple(record)]) + "\n"
