"""Which clips there might have been, and which of two systems each might have gone to: weights, in blocks.

`draws` is the bootstrap's question, `exchanges` that of a permutation test. Both yield blocks of rows of weights for
`ClipTotals.measures`, small enough that memory does not grow with their number.

Source: B. Efron, R. J. Tibshirani, An Introduction to the Bootstrap, 1993, chapters 13 and 15.
"""

from collections.abc import Iterator

import numpy as np

from auricle.evaluation.measures import FloatArray

_BLOCK = 2**19
"""Weights of one block: 4 MB."""


def draws(n_clips: int, *, resamples: int, random: np.random.Generator) -> Iterator[FloatArray]:
    """Yield how often each clip was drawn, when as many as there are were drawn with replacement.

    Args:
        n_clips: How many clips there are.
        resamples: How many rows to yield in all.
        random: A stream of its own.

    Yields:
        Whole numbers of shape (rows, clips), of sum `n_clips` in each row.
    """
    for block in _blocks(n_clips, resamples):
        rows = len(block)
        drawn = random.integers(n_clips, size=(rows, n_clips))
        drawn += np.arange(rows)[:, None] * n_clips
        yield np.bincount(drawn.ravel(), minlength=rows * n_clips).reshape(rows, n_clips).astype(np.float64)


def can_enumerate(n_clips: int, permutations: int) -> bool:
    """Return whether `exchanges` yields all there are, because they are no more than were asked for."""
    return bool(2**n_clips <= permutations)


def exchanges(n_clips: int, *, permutations: int, random: np.random.Generator) -> Iterator[FloatArray]:
    """Yield for which clips two systems change places: all 2**clips ways if these are few enough, else some at random.

    Args:
        n_clips: How many clips there are.
        permutations: How many rows to yield in all; fewer if there are not as many ways.
        random: A stream of its own.

    Yields:
        1 where they change places and 0 where not, of shape (rows, clips). Where all are yielded, no change is the
        first; where not, it is there by chance alone.
    """
    every = can_enumerate(n_clips, permutations)
    for block in _blocks(n_clips, 2**n_clips if every else permutations):
        if every:
            yield (np.array(block)[:, None] >> np.arange(n_clips) & 1).astype(np.float64)
        else:
            yield random.integers(2, size=(len(block), n_clips), dtype=np.uint8).astype(np.float64)


def _blocks(n_clips: int, n_rows: int) -> Iterator[range]:
    """Yield the numbers of the rows of each block."""
    size = max(1, _BLOCK // n_clips)
    for start in range(0, n_rows, size):
        yield range(start, min(start + size, n_rows))
