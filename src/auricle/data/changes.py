"""The record of every change to a collection's names and captions: ``changes.csv``.

One row per change that holds, ``split,file,column,rule,before,after``, in the order in which they were made; one cell
that two rules changed has two rows, and the second begins where the first ended. A change that is taken back leaves.
"""

from collections.abc import Iterable
from dataclasses import astuple, dataclass, fields
from pathlib import Path

from auricle import tables
from auricle.errors import DataError

FILE_NAME = "changes.csv"


@dataclass(frozen=True)
class Change:
    """One change of one cell.

    Attributes:
        split: Of the clip.
        file: File name of the clip, as published.
        column: ``file_name``, ``caption_1``, ...
        rule: Which rule made it.
        before: The cell before.
        after: The cell after.
    """

    split: str
    file: str
    column: str
    rule: str
    before: str
    after: str


HEADER = tuple(field.name for field in fields(Change))


def read_changes(folder: Path) -> list[Change]:
    """Return the changes on record in a collection's folder; none if there is no record.

    Raises:
        DataError: If the record is damaged.
    """
    path = folder / FILE_NAME
    if not path.exists():
        return []
    rows = list(tables.read_rows(path))
    if not rows or tuple(rows[0][1]) != HEADER or any(len(cells) != len(HEADER) for _, cells in rows):
        raise DataError(f"{path} is no record of changes: its columns must be {', '.join(HEADER)}. Move it elsewhere.")
    return [Change(*cells) for _, cells in rows[1:]]


def write_changes(folder: Path, changes: Iterable[Change]) -> None:
    """Replace the record of a collection; a change that is given twice is written once.

    Raises:
        StorageError: If the folder cannot be written.
    """
    tables.write_rows(folder / FILE_NAME, HEADER, map(astuple, dict.fromkeys(changes)))


def changes_table(changes: Iterable[Change]) -> str:
    """Return changes as the text of a record."""
    return tables.as_csv(HEADER, map(astuple, changes))
