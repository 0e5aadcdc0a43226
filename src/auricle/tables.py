"""CSV files as people write them and as they want them: what a line says, and where it is at fault.

Comma-separated, quoted as in RFC 4180: cells in double quotes may hold commas, quotes and line breaks. A byte-order
mark and any kind of line end are accepted. Cells are kept as they are, spaces included.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from auricle import object_store
from auricle.errors import DataError
from auricle.places import shown
from auricle.storage import atomic


def read_rows(
    path: Path, *, encoding: str = "utf-8", advice: str = "Save the file as UTF-8."
) -> Iterator[tuple[int, list[str]]]:
    """Yield each row that is not blank, the header included, with the number of its first line, counted from 1.

    Args:
        path: The file.
        encoding: As Python names it.
        advice: What to do about another encoding, a sentence.

    Raises:
        DataError: If the file is missing, cannot be read, or is wrongly encoded or quoted; line and byte are named.
    """
    reader = csv.reader(io.StringIO(_decoded(path, encoding, advice), newline=""), strict=True)
    line = 1
    try:
        for cells in reader:
            if cells:
                yield line, cells
            line = reader.line_num + 1
    except csv.Error as error:
        raise DataError(
            f"{path.name} cannot be read as CSV: the row that begins on line {line} has faulty quotes ({error}). "
            "A cell that holds a comma or a quote stands in double quotes, and quotes inside it are doubled."
        ) from None


def _decoded(path: Path, encoding: str, advice: str) -> str:
    object_store.fetch(path)
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise DataError(f"There is no file {shown(path)}.") from None
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}.") from None
    try:
        return content.decode(encoding).removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise DataError(
            f"{path.name} is not {encoding}: line {line} has the byte 0x{content[error.start]:02X}. {advice}"
        ) from None


def write_rows(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]], *, encoding: str = "utf-8") -> None:
    """Write a CSV file, whole or not at all.

    Raises:
        StorageError: If the folder cannot be written.
    """
    text = as_csv(header, rows)
    with atomic(path) as temporary:
        temporary.write_bytes(text.encode(encoding))


def as_csv(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    r"""Return the text of a CSV file.

    Example:
        >>> as_csv(["file", "caption"], [["rain.wav", "It rains, and stops."]])
        'file,caption\nrain.wav,"It rains, and stops."\n'
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    quoting = csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_ALL)
    writer.writerow(header)
    for row in rows:
        bare_return = any("\r" in cell for cell in row if isinstance(cell, str))  # which csv.writer would not quote
        (quoting if bare_return else writer).writerow(row)
    return text.getvalue()
