"""Rows of a CSV file by column name, with the line each begins at, so that an error can point to it."""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from auricle import tables
from auricle.errors import DataError


@dataclass(frozen=True)
class Row:
    """One row.

    Attributes:
        line: Line of the file at which it begins, 1 = the first.
        cells: Column -> cell.
    """

    line: int
    cells: dict[str, str]


def read_rows(path: Path) -> tuple[list[str], list[Row]]:
    """Return the names of the columns and all rows; empty lines are passed over.

    Raises:
        DataError: If the file is missing, not UTF-8, empty, or a row has more or fewer cells than there are columns.
    """
    (_, columns), *rows = [*tables.read_rows(path)] or [(1, [])]
    if not rows:
        raise DataError(f"{path} holds no rows; a first line with the names of the columns and rows below are needed.")
    if len(set(columns)) < len(columns):
        raise DataError(f"{path}, line 1: a column is named twice ({', '.join(columns)}).")
    for line, cells in rows:
        if len(cells) != len(columns):
            raise DataError(
                f"{path}, line {line}: {len(cells)} cells where {len(columns)} are needed ({', '.join(columns)}). "
                "Put a cell that contains a comma in double quotes."
            )
    return columns, [Row(line, dict(zip(columns, cells, strict=True))) for line, cells in rows]


def pick_column(path: Path, columns: Collection[str], wanted: tuple[str, ...]) -> str:
    """Return the first of the `wanted` columns that is there.

    Raises:
        DataError: If none is.
    """
    for name in wanted:
        if name in columns:
            return name
    needed = " or ".join(repr(name) for name in wanted)
    raise DataError(f"{path} has no column {needed}; its columns are {', '.join(map(repr, columns))}.")
