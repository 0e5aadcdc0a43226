"""Reading one CSV of captions.

A header, then one row per sound (``file_name,caption_1,caption_2,...``, Clotho's form) or one row per caption
(``file_name,caption``, a sound's rows anywhere in the file). Columns are found by name, whatever their order and case;
the cells are taken as they are written, not stripped and not unescaped (see `auricle.tables`).

A fault of the whole file (encoding, columns, quoting) is a `DataError`; a fault of one row or cell sets it aside.
"""

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from auricle import tables
from auricle.data.collection import Provenance, SetAside
from auricle.errors import DataError

FILE_COLUMNS = ("file_name", "fname", "filename", "file", "path")
CAPTION_COLUMNS = ("caption", "raw_text", "text", "sentence", "description")
"""Where several are there, the first of these counts: ``raw_text`` is the caption, ``text`` a cleaned copy of it."""
LICENCE_COLUMNS = ("licence", "license")

_NUMBERED = re.compile(r"caption_(\d+)")


@dataclass(frozen=True)
class Described:
    """What a caption file says about one sound.

    Attributes:
        file_name: As written.
        split: Empty when the file has no such column.
        line: Where it is first named, counted from 1.
        provenance: As far as the file has such columns.
        captions: Number (from 1) and text of each usable caption.
    """

    file_name: str
    split: str
    line: int
    provenance: Provenance
    captions: tuple[tuple[int, str], ...]


@dataclass(frozen=True)
class Columns:
    """Which cell of a row is what; the places are counted from 0, None where there is no such column."""

    file_name: int
    captions: dict[int, int]  # number of the caption, from 1 -> place; empty unless there is one row per sound
    caption: int | None
    split: int | None
    origin: int | None
    parent: int | None
    licence: int | None
    mixed_with: int | None


def find_columns(header: Sequence[str]) -> Columns | None:
    """Return where the columns of a caption file are, or None if `header` is not one of a caption file.

    Example:
        >>> columns = find_columns(["fname", "raw_text", "text"])
        >>> columns.file_name, columns.caption
        (0, 1)
        >>> find_columns(["file_name", "caption_2", "caption_1"]).captions
        {1: 2, 2: 1}
        >>> find_columns(["split", "file_name", "label"]) is None
        True
    """
    names = [name.strip().lower() for name in header]

    def place(wanted: Sequence[str]) -> int | None:
        return next((names.index(name) for name in wanted if name in names), None)

    numbered = sorted((int(match[1]), i) for i, name in enumerate(names) if (match := _NUMBERED.fullmatch(name)))
    file_name, caption = place(FILE_COLUMNS), place(CAPTION_COLUMNS)
    if file_name is None or (caption is None and not numbered):
        return None
    return Columns(
        file_name=file_name,
        captions={number: i for number, (_, i) in enumerate(numbered, 1)},
        caption=None if numbered else caption,
        split=place(["split"]),
        origin=place(["origin"]),
        parent=place(["parent"]),
        licence=place(LICENCE_COLUMNS),
        mixed_with=place(["mixed_with"]),
    )


def read_header(path: Path, *, encoding: str = "utf-8") -> list[str]:
    """Return the column names of any CSV; characters that are not in `encoding` are replaced."""
    try:
        with path.open("rb") as opened:
            beginning = opened.read(1 << 16).decode(encoding, errors="replace").removeprefix("\ufeff")
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}.") from None
    return next(csv.reader(io.StringIO(beginning, newline="")), [])


def read_captions(path: Path, *, encoding: str = "utf-8") -> tuple[list[Described], list[SetAside]]:
    """Read a caption file.

    Args:
        path: A CSV in one of the two forms above.
        encoding: Of the file, as Python names it.

    Returns:
        One entry per sound in the order of their first mention, also for sounds that have no usable caption; and the
        rows and captions that were set aside.

    Raises:
        DataError: If the file is missing, empty, wrongly encoded or quoted, or does not have the columns.
    """
    rows = tables.read_rows(
        path,
        encoding=encoding,
        advice="Save the file as UTF-8, or name its encoding, as in data.encoding=latin-1.",
    )
    _, header = next(rows, (0, []))
    columns = find_columns(header)
    if columns is None:
        raise DataError(
            f"{path.name} has the column(s) {', '.join(header) or 'none'}; captions need {FILE_COLUMNS[0]} and either "
            f"{CAPTION_COLUMNS[0]} or caption_1, caption_2, ..., separated by commas. Rename its columns."
        )
    doubled = sorted({name for name in header if header.count(name) > 1})
    if doubled:
        raise DataError(
            f"{path.name} has the column {doubled[0]} more than once. Give each column its own name; several captions "
            "of a row are called caption_1, caption_2, ..."
        )
    reading = _Reading(path.name, columns, len(header))
    for line, cells in rows:
        reading.add(line, cells)
    return reading.described(), reading.set_aside


@dataclass
class _Reading:
    """The state of reading one file: what was said so far about each sound."""

    name: str
    columns: Columns
    width: int
    set_aside: list[SetAside] = field(default_factory=list)
    lines: dict[tuple[str, str], int] = field(default_factory=dict)
    provenances: dict[tuple[str, str], Provenance] = field(default_factory=dict)
    cells: dict[tuple[str, str], list[tuple[int, str]]] = field(default_factory=dict)

    def add(self, line: int, cells: list[str]) -> None:
        if len(cells) != self.width:
            advice = " A cell that holds a comma needs double quotes around it." if len(cells) > self.width else ""
            self._leave(line, f"has {len(cells)} cells where the header has {self.width}.{advice}")
            return
        columns = self.columns
        file_name, split = cells[columns.file_name], _cell(cells, columns.split)
        if not file_name.strip():
            self._leave(line, "names no file.")
            return
        if columns.split is not None and (not split.strip() or "/" in split):
            self._leave(line, f"gives {file_name} the split {split!r}; a name without a slash is needed.")
            return
        key = (split, file_name)
        if columns.captions and key in self.lines:
            self._leave(line, f"names {file_name} again; line {self.lines[key]} counts.")
            return
        self.lines.setdefault(key, line)
        places = (columns.origin, columns.parent, columns.licence, columns.mixed_with)
        said = Provenance(*(_cell(cells, place).strip() for place in places))
        self.provenances[key] = self.provenances.get(key, Provenance()).over(said)
        if columns.captions:
            numbered = [(number, cells[place]) for number, place in columns.captions.items()]
            self.cells[key] = [(number, text) for number, text in numbered if self._usable(line, file_name, text)]
        else:
            self._add_caption(line, key, _cell(cells, columns.caption))

    def _add_caption(self, line: int, key: tuple[str, str], text: str) -> None:
        """Add a caption that has a row of its own; every such row counts one, so numbers do not depend on faults."""
        spoken = self.cells.setdefault(key, [])
        if text.strip() and any(text == other for _, other in spoken):
            self._leave(line, f"repeats a caption of {key[1]}.")
            text = ""
        elif not self._usable(line, key[1], text):
            text = ""
        spoken.append((len(spoken) + 1, text))

    def _usable(self, line: int, file_name: str, text: str) -> bool:
        if not text.strip():
            self._leave(line, f"has an empty caption for {file_name}.")
        return bool(text.strip())

    def _leave(self, line: int, sentence: str) -> None:
        self.set_aside.append(SetAside(f"{self.name} line {line}", f"Line {line} of {self.name} {sentence}"))

    def described(self) -> list[Described]:
        return [
            Described(
                name, split, line, self.provenances[split, name], tuple(c for c in self.cells[split, name] if c[1])
            )
            for (split, name), line in self.lines.items()
        ]


def _cell(cells: list[str], place: int | None) -> str:
    return "" if place is None else cells[place]
