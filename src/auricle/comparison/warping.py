"""How near two sounds are when either may run faster or slower: subsequence dynamic time warping.

A warping path pairs the frames of the shorter log-mel, all of them and in order, with a run of frames of the longer:
each step goes on by one frame in the shorter, in the longer or in both, and the run may start and end anywhere. The
distance is that of the path with the smallest sum of Euclidean distances between paired frames, divided by the number
of its pairs: a mean distance of frames in the log-mels' own unit, which grows with the root of the number of mels.

Of paths with equal sums one is taken: the one that ends first, and, seen from its end, whose steps came from both,
else from the shorter, else from the longer. If the log-mels are equally long, each slides inside the other, and the
nearer answer counts: the distance never depends on the order of the two.

Conventions: log-mels are (frames, mels); whatever their type, distances are float64.
Source: M. Müller, Fundamentals of Music Processing, 2nd ed., 2021, sections 3.2 and 7.2.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

LogMel: TypeAlias = NDArray[np.floating[Any]]
FloatArray: TypeAlias = NDArray[np.float64]
IntArray: TypeAlias = NDArray[np.int64]

_NEAR = 1e-8  # of the largest squared length of frames: squared distances below have lost half of their digits
_BAND, _TILE = 512, 64  # anti-diagonals whose distances are in memory at once; rows of them per matrix product
_FROM_BOTH, _FROM_SHORTER, _FROM_LONGER = 0, 1, 2


@dataclass(frozen=True)
class PairDistance:
    """What a measure says of two log-mels.

    Attributes:
        value: The distance; nan if there is none.
        where: Frame of the longer log-mel at which its best match with the shorter starts; None if the measure looks
            for no match or there is no distance.
        note: Why there is no distance; empty if there is one.
    """

    value: float
    where: int | None = None
    note: str = ""


def no_distance(note: str) -> PairDistance:
    """Return that there is no distance, and why."""
    return PairDistance(float("nan"), note=note)


def check_pair(first: LogMel, second: LogMel) -> None:
    """Raise what is wrong with two log-mels.

    Raises:
        ValueError: If they are not (frames, mels) with the same mels, at least one, or hold what is not finite.
    """
    if first.ndim != 2 or second.ndim != 2 or first.shape[1] != second.shape[1] or first.shape[1] == 0:
        raise ValueError(
            f"log-mels of shape {first.shape} and {second.shape}; both must be (frames, mels) with the same mels"
        )
    if not (np.isfinite(first).all() and np.isfinite(second).all()):
        raise ValueError("a log-mel holds values that are not finite; a front end's floor keeps silence finite")


def dtw(first: LogMel, second: LogMel) -> PairDistance:
    """Return the mean distance of frames along the best warping path of the shorter log-mel inside the longer.

    Beside the log-mels it needs memory for some hundred frames of the longer, not for all pairs of frames.

    Args:
        first: Of shape (frames, mels).
        second: Of shape (frames, mels), with as many mels and any number of frames.

    Returns:
        A value of 0 or more, and the frame of the longer at which the path starts. A note if one has no frames.

    Raises:
        ValueError: As in `check_pair`.

    Example:
        >>> sound = np.array([[0.0], [1.0], [3.0]])
        >>> dtw(sound, np.array([[9.0], [0.0], [1.0], [1.0], [3.0], [9.0]]))
        PairDistance(value=0.0, where=1, note='')
    """
    check_pair(first, second)
    if len(first) == 0 or len(second) == 0:
        return no_distance("a clip has no frames")
    best = _best(first, second)[0]
    return PairDistance(best.total / best.length, where=best.start)


def warping_path(first: LogMel, second: LogMel) -> IntArray:
    """Return the path that `dtw` measures, which takes memory for all pairs of frames.

    Args:
        first: Of shape (frames, mels), at least one frame.
        second: Of shape (frames, mels), with as many mels, at least one frame.

    Returns:
        Frame of `first` and of `second` per pair, in order, shape (pairs, 2).

    Raises:
        ValueError: As in `check_pair`, or if one has no frames.

    Example:
        >>> warping_path(np.array([[0.0], [1.0]]), np.array([[9.0], [0.0], [1.0], [1.0]])).tolist()
        [[0, 1], [1, 2]]
    """
    check_pair(first, second)
    if len(first) == 0 or len(second) == 0:
        raise ValueError(f"log-mels of {len(first)} and {len(second)} frames have no path; each needs one or more")
    best, swapped = _best(first, second)
    shorter, longer = (second, first) if swapped else (first, second)
    came_from = np.empty((len(first) + len(second) - 1, len(shorter)), np.int8)
    _cheapest(shorter, longer, came_from)
    row, column = len(shorter) - 1, best.end
    path = [(row, column)]
    while row > 0:
        step = int(came_from[row + column, row])
        row -= step != _FROM_LONGER
        column -= step != _FROM_SHORTER
        path.append((row, column))
    pairs = np.array(path[::-1])
    return pairs[:, ::-1] if swapped else pairs


class _Path(NamedTuple):
    """The cheapest path: its summed distance, number of pairs, first and last frame of the longer."""

    total: float
    length: int
    start: int
    end: int


def _best(first: LogMel, second: LogMel) -> tuple[_Path, bool]:
    """Return the cheapest path, and whether `second` is the one that slides."""
    if len(first) < len(second):
        return _cheapest(first, second), False
    if len(first) > len(second):
        return _cheapest(second, first), True
    ways = _cheapest(first, second), _cheapest(second, first)
    swapped = ways[1].total / ways[1].length < ways[0].total / ways[0].length
    return ways[swapped], swapped


def _cheapest(shorter: LogMel, longer: LogMel, came_from: NDArray[np.int8] | None = None) -> _Path:
    """Return the cheapest path of `shorter` inside `longer`, and fill `came_from` with the steps, (diagonals, rows).

    The cells of an anti-diagonal (row of the shorter + column of the longer) depend on the two before only. Each
    carries its path's history as one integer: length * columns + start.
    """
    n_rows, n_columns = len(shorter), len(longer)
    totals = [np.full(n_rows, np.inf) for _ in range(3)]
    histories = [np.zeros(n_rows, np.int64) for _ in range(3)]
    end_totals, end_histories = np.empty(n_columns), np.empty(n_columns, np.int64)
    for diagonal, distances in enumerate(_diagonals(shorter, longer)):
        top, bottom = max(0, diagonal - n_columns + 1), min(n_rows, diagonal + 1)
        older, old, new = (totals[(diagonal + age) % 3] for age in range(3))
        older_history, old_history, new_history = (histories[(diagonal + age) % 3] for age in range(3))
        inner, above = slice(max(top, 1), bottom), slice(max(top, 1) - 1, bottom - 1)
        from_longer = old[inner] < old[above]
        straight = np.minimum(old[inner], old[above])
        from_both = older[above] <= straight
        np.minimum(straight, older[above], out=new[inner])
        history = np.where(from_longer, old_history[inner], old_history[above])
        np.copyto(history, older_history[above], where=from_both)
        np.add(history, n_columns, out=new_history[inner])
        new[inner] += distances[inner.start - top :]
        if top == 0:
            new[0], new_history[0] = distances[0], n_columns + diagonal
        if bottom == n_rows:
            end_totals[diagonal - n_rows + 1] = new[-1]
            end_histories[diagonal - n_rows + 1] = new_history[-1]
        if came_from is not None:
            came_from[diagonal, inner] = np.where(
                from_both, _FROM_BOTH, np.where(from_longer, _FROM_LONGER, _FROM_SHORTER)
            )
    end = int(np.argmin(end_totals))
    length, start = divmod(int(end_histories[end]), n_columns)
    return _Path(float(end_totals[end]), length, start, end)


def _diagonals(shorter: LogMel, longer: LogMel) -> Iterator[FloatArray]:
    """Yield the distances on one anti-diagonal after the other, by row; they are computed a band at a time.

    A squared distance is |a|² + |b|² - 2ab, so one product of (-2a, |a|², 1) and (b, 1, |b|²) gives them all. Where
    that cancels, it is computed from the differences, unless the frames are equal: in silence, many are.
    """
    n_rows, n_columns = len(shorter), len(longer)
    shorter, longer = shorter.astype(np.float64), longer.astype(np.float64)
    row_squares, column_squares = (np.einsum("fm,fm->f", frames, frames) for frames in (shorter, longer))
    far = row_squares.max() + column_squares.max()
    row_numbers, column_numbers = _numbered(shorter, longer)
    rows = np.column_stack([-2 * shorter, row_squares, np.ones(n_rows)])
    columns = np.zeros((2 * n_rows + n_columns + _BAND, rows.shape[1]))
    columns[:, -1] = far  # what lies before and behind the longer is computed, but never looked at
    columns[n_rows : n_rows + n_columns] = np.column_stack([longer, np.ones(n_columns), column_squares])
    band = np.empty((_BAND, n_rows))
    for first in range(0, n_rows + n_columns - 1, _BAND):
        for top in range(max(0, first - n_columns + 1), min(n_rows, first + _BAND), _TILE):
            bottom = min(top + _TILE, n_rows)
            height, left = bottom - top, first - bottom + 1
            squared = rows[top:bottom] @ columns[n_rows + left : n_rows + left + _BAND + height].T
            close = squared < _NEAR * far
            row, column = np.nonzero(close)
            squared[close] = 0
            unequal = row_numbers[top + row] != column_numbers[left + column]
            row, column = row[unequal], column[unequal]
            difference = shorter[top + row] - longer[left + column]
            squared[row, column] = np.einsum("pm,pm->p", difference, difference)
            # One column less per row turns anti-diagonals into columns.
            skewed = squared.ravel()[height - 1 : -1].reshape(height, -1)
            np.sqrt(skewed[:, :_BAND].T, out=band[:, top:bottom])
        for diagonal in range(first, min(first + _BAND, n_rows + n_columns - 1)):
            yield band[diagonal - first, max(0, diagonal - n_columns + 1) : min(n_rows, diagonal + 1)]


def _numbered(shorter: LogMel, longer: LogMel) -> tuple[IntArray, IntArray]:
    """Return a number per frame that equal frames share."""
    numbers: dict[bytes, int] = {}
    found = [numbers.setdefault(frame.tobytes(), len(numbers)) for frames in (shorter, longer) for frame in frames]
    return np.array(found[: len(shorter)]), np.array(found[len(shorter) :])
