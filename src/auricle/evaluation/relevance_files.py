"""Relevance that a person wrote down: a CSV of queries and clips, or a label column of the clips.

A row names its clip by ``split`` and ``file_name``, by ``clip`` (``split/file name``), or by ``file_name`` alone where
that name occurs in one split only; ``fname`` and ``filename`` are the same column. A caption is named by its text,
compared exactly, spaces included; when several clips share a caption, a row counts for it everywhere.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from auricle.errors import DataError
from auricle.evaluation.csv_rows import Row, pick_column, read_rows
from auricle.evaluation.relevance import BoolArray, NoRelevant
from auricle.registry import did_you_mean

_FILE_NAME = ("file_name", "fname", "filename")


def read_labels(path: Path, *, clips: Sequence[str], label_column: str = "label") -> list[str]:
    """Read one label per clip, for `same_label`.

    Rows about other clips are passed over: one file may label several splits.

    Args:
        path: A CSV such as ``split,file_name,label``.
        clips: The clips to label, ``split/file name``.
        label_column: The column that holds the label.

    Returns:
        Labels in the order of `clips`.

    Raises:
        DataError: If the file cannot be read, a column is missing, a clip has two rows, or a clip has no label.
    """
    columns, rows = read_rows(path)
    label_name = pick_column(path, columns, (label_column,))
    finder = _ClipFinder(path, columns, clips)
    found: dict[int, Row] = {}
    for row in rows:
        place = finder.find(row)
        if place is None:
            continue
        if place in found:
            raise DataError(
                f"{path}, line {row.line}: clip {clips[place]!r} has a label on line {found[place].line} already. "
                "Remove one of the two rows."
            )
        if not row.cells[label_name].strip():
            raise DataError(f"{path}, line {row.line}: the label of clip {clips[place]!r} is empty. Fill it in.")
        found[place] = row
    missing = [clip for place, clip in enumerate(clips) if place not in found]
    if missing:
        raise DataError(
            f"{path} has no label for {len(missing)} of {len(clips)} clips, the first is {missing[0]!r}. "
            "Add a row for each, or leave the clips out."
        )
    return [found[place].cells[label_name] for place in range(len(clips))]


def read_relevance(
    path: Path, *, captions: Sequence[str], clips: Sequence[str], no_relevant: NoRelevant = "error"
) -> BoolArray:
    """Read which clips are relevant to which caption, one pair per row.

    Rows about clips of splits that none of `clips` belongs to are passed over: one file may cover several splits.

    Args:
        path: A CSV with a column ``query`` or ``caption``, and the clip.
        captions: The captions in the order of the similarity matrix's rows.
        clips: The clips in the order of its columns, ``split/file name``.
        no_relevant: ``"skip"`` lets captions without any row pass, for `score` to leave out.

    Returns:
        Booleans of shape (captions, clips).

    Raises:
        DataError: If the file cannot be read, a column is missing, a row names an unknown caption or clip or stands
            twice, or a caption has no row.
    """
    columns, rows = read_rows(path)
    query_name = pick_column(path, columns, ("query", "caption"))
    finder = _ClipFinder(path, columns, clips)
    queries: dict[str, list[int]] = {}
    for place, caption in enumerate(captions):
        queries.setdefault(caption, []).append(place)
    relevant = np.zeros((len(captions), len(clips)), dtype=np.bool_)
    lines: dict[tuple[str, int], int] = {}
    for row in rows:
        clip = finder.find(row)
        if clip is None:
            finder.refuse_unless_other_split(row)
            continue
        query = row.cells[query_name]
        if query not in queries:
            raise DataError(
                f"{path}, line {row.line}: {query!r} is none of the {len(captions)} captions."
                f"{did_you_mean(query, list(queries))} Captions are compared exactly, spaces included."
            )
        if (query, clip) in lines:
            raise DataError(
                f"{path}, line {row.line}: the same query and clip stand on line {lines[query, clip]} already. "
                "Remove one of the two rows."
            )
        lines[query, clip] = row.line
        relevant[queries[query], clip] = True
    missing = np.flatnonzero(~relevant.any(axis=1))
    if missing.size and no_relevant == "error":
        raise DataError(
            f"{path} names no clip for {missing.size} of {len(captions)} captions, the first is "
            f"{captions[missing[0]]!r}. Add a row for each."
        )
    return relevant


class _ClipFinder:
    """Finds the position of the clip that a row of a file names."""

    def __init__(self, path: Path, columns: Sequence[str], clips: Sequence[str]) -> None:
        self._path = path
        self._with_split = "split" in columns and any(name in columns for name in _FILE_NAME)
        self._column = pick_column(path, columns, _FILE_NAME if self._with_split else ("clip", *_FILE_NAME))
        self._splits = {clip.partition("/")[0] for clip in clips}
        self._positions = {clip: place for place, clip in enumerate(clips)}
        self._by_file_name: dict[str, list[str]] = {}
        for clip in clips:
            self._by_file_name.setdefault(clip.partition("/")[2] or clip, []).append(clip)

    def find(self, row: Row) -> int | None:
        name = self._name(row)
        if not self._with_split and name not in self._positions:
            same_name = self._by_file_name.get(name, [])
            if len(same_name) > 1:
                raise DataError(
                    f"{self._path}, line {row.line}: {name!r} stands for {len(same_name)} clips "
                    f"({', '.join(same_name)}). Add a column 'split'."
                )
            name = same_name[0] if same_name else name
        return self._positions.get(name)

    def refuse_unless_other_split(self, row: Row) -> None:
        name = self._name(row)
        split, slash, _ = name.partition("/")
        if not slash or split in self._splits:
            raise DataError(
                f"{self._path}, line {row.line}: {name!r} is none of the {len(self._positions)} clips."
                f"{did_you_mean(name, [*self._positions, *self._by_file_name])} Correct or remove the row."
            )

    def _name(self, row: Row) -> str:
        name = row.cells[self._column]
        return f"{row.cells['split']}/{name}" if self._with_split else name
