"""Rows of a CSV file with the line each begins at, so that an error can point to it.

Files are UTF-8, with or without a byte order mark; the first row names the columns. Cells are kept as they are, spaces
included. Everything that can be wrong with a file is a `DataError` that names file and line.
"""

import csv
import io
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

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
    text = _read_text(path)
    lines = csv.reader(io.StringIO(text, newline=""), strict=True)
    rows: list[Row] = []
    columns: list[str] = []
    begin = 1
    try:
        for cells in lines:
            if cells and not columns:
                columns = cells
                if len(set(columns)) < len(columns):
                    raise DataError(f"{path}, line {begin}: a column is named twice ({', '.join(columns)}).")
            elif cells:
                if len(cells) != len(columns):
                    raise DataError(
                        f"{path}, line {begin}: {len(cells)} cells where {len(columns)} are needed "
                        f"({', '.join(columns)}). Put a cell that contains a comma in double quotes."
                    )
                rows.append(Row(begin, dict(zip(columns, cells, strict=True))))
            begin = lines.line_num + 1
    except csv.Error as error:
        raise DataError(f"{path}, line {begin}: not a row of a CSV file ({error}).") from None
    if not rows:
        raise DataError(f"{path} holds no rows; a first line with the names of the columns and rows below are needed.")
    return columns, rows


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


def _read_text(path: Path) -> str:
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise DataError(f"There is no file {path}.") from None
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}.") from None
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise DataError(
            f"{path}, line {line}: byte 0x{content[error.start]:02x} is not UTF-8. "
            "Save the file as UTF-8 (from Latin-1: iconv -f latin1 -t utf-8)."
        ) from None
