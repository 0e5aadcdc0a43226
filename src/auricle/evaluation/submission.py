"""The ranking as DCASE wants it submitted, and such a file read back.

One row per caption, ``caption,fname_1,...,fname_10``, best first; file names without their split. With fewer than ten
clips the last cells are empty. Any system that writes this file can be scored: `read_submission` gives the ranking that
`score_ranking` takes.
Source: DCASE Challenge, task "Language-Based Audio Retrieval", section on the system output file.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from auricle.errors import DataError
from auricle.evaluation.csv_rows import Row, read_rows
from auricle.evaluation.relevance import IntArray
from auricle.registry import did_you_mean
from auricle.tables import write_rows

DEPTH = 10
"""Clips per caption in a submission."""

COLUMNS = ("caption", *(f"fname_{place}" for place in range(1, DEPTH + 1)))


def write_submission(
    path: Path, ranking: NDArray[np.integer[Any]], *, captions: Sequence[str], clips: Sequence[str]
) -> None:
    """Write a submission, whole or not at all.

    Args:
        path: The CSV file.
        ranking: Positions in `clips`, best first, shape (captions, depth), as `top_k` gives them; the first ten
            are written.
        captions: The caption of each row.
        clips: ``split/file name`` of each item.

    Raises:
        ValueError: If there is not one caption per row of `ranking`.
        DataError: If two clips differ only in their split, which the format cannot express.
        StorageError: If the folder cannot be written.
    """
    if ranking.ndim != 2 or len(ranking) != len(captions):
        raise ValueError(f"ranking of shape {ranking.shape} for {len(captions)} captions; (captions, depth) is needed")
    names = list(_file_names(clips))
    listed = ([names[place] for place in places] for places in ranking[:, :DEPTH].tolist())
    rows = ([caption, *cells, *[""] * (DEPTH - len(cells))] for caption, cells in zip(captions, listed, strict=True))
    write_rows(path, COLUMNS, rows)


def read_submission(path: Path, *, captions: Sequence[str], clips: Sequence[str]) -> IntArray:
    """Read a submission as a ranking.

    Rows may stand in any order; captions with equal texts are told apart by their order.

    Args:
        path: The CSV file.
        captions: Every caption that was asked.
        clips: ``split/file name`` of every clip that could be found.

    Returns:
        Positions in `clips`, best first, of shape (captions, min(10, clips)), in the order of `captions`.

    Raises:
        DataError: If the columns are not DCASE's, a caption is missing, unknown or there too often, or a row names an
            unknown clip, one clip twice, or too few clips.
    """
    columns, rows = read_rows(path)
    if tuple(columns) != COLUMNS:
        raise DataError(f"{path} has the columns {','.join(columns)}; a submission has {','.join(COLUMNS)}.")
    positions = _file_names(clips)
    waiting: dict[str, list[int]] = {}
    for place, caption in reversed(list(enumerate(captions))):
        waiting.setdefault(caption, []).append(place)
    ranking = np.full((len(captions), min(DEPTH, len(clips))), -1, dtype=np.int64)
    for row in rows:
        caption = row.cells["caption"]
        if not waiting.get(caption):
            if caption in waiting:
                reason = "has a row already for each time it was asked. Remove this one."
            else:
                reason = (
                    f"was not asked.{did_you_mean(caption, list(waiting))} Captions are compared exactly, with spaces."
                )
            raise DataError(f"{path}, line {row.line}: the caption {caption!r} {reason}")
        ranking[waiting[caption].pop()] = _listed(path, row, positions)
    missing = sorted(place for places in waiting.values() for place in places)
    if missing:
        raise DataError(
            f"{path} has no row for {len(missing)} of {len(captions)} captions, the first is {captions[missing[0]]!r}."
        )
    return ranking


def _listed(path: Path, row: Row, positions: Mapping[str, int]) -> list[int]:
    names = [row.cells[column] for column in COLUMNS[1:]]
    listed = [name for name in names if name]
    needed = min(DEPTH, len(positions))
    if len(listed) != needed or not all(names[:needed]):
        raise DataError(
            f"{path}, line {row.line}: {len(listed)} clips are listed; the first {needed} cells are needed."
        )
    for name in listed:
        if name not in positions:
            raise DataError(
                f"{path}, line {row.line}: {name!r} is none of the {len(positions)} clips."
                f"{did_you_mean(name, list(positions))}"
            )
        if listed.count(name) > 1:
            raise DataError(f"{path}, line {row.line}: {name!r} is listed twice.")
    return [positions[name] for name in listed]


def _file_names(clips: Sequence[str]) -> dict[str, int]:
    """Return file name without split -> position."""
    positions: dict[str, int] = {}
    for place, clip in enumerate(clips):
        name = clip.partition("/")[2] or clip
        if name in positions:
            raise DataError(
                f"{clips[positions[name]]!r} and {clip!r} have the same file name, and a submission names nothing "
                "else. Submit one split at a time."
            )
        positions[name] = place
    return positions
