"""The Fréchet distance of two sets of clips in 512 dimensions, by singular values against scipy's matrix root.

Run: ``python -m benchmarks set_distances``. Both sides start from the embeddings, in float64. The peer is the formula
as it is usually written down: covariances, their product, ``scipy.linalg.sqrtm``. With fewer clips than dimensions the
covariances are singular, and the root loses digits: what either side says of a set and itself stands in the note.
"""

from functools import partial

import numpy as np
import scipy.linalg
from numpy.typing import NDArray

from auricle.comparison.distances import frechet_distance

from .comparison import Row, in_turns, row

DIM = 512
TOLERANCES = {1000: 1e-9, 250: 1e-6}
"""Number of clips of each set -> how near the two sides are, relative."""

Embeddings = NDArray[np.float64]


def by_matrix_root(reference: Embeddings, evaluated: Embeddings) -> float:
    a, b = np.cov(reference, rowvar=False), np.cov(evaluated, rowvar=False)
    gap = reference.mean(axis=0) - evaluated.mean(axis=0)
    return float(gap @ gap + np.trace(a) + np.trace(b) - 2 * np.trace(scipy.linalg.sqrtm(a @ b)).real)


def by_auricle(reference: Embeddings, evaluated: Embeddings) -> float:
    return frechet_distance(reference, evaluated).value


def rows() -> list[Row]:
    """Return one row per number of clips."""
    table = []
    for clips, tolerance in TOLERANCES.items():
        sets = np.random.default_rng(0).standard_normal((2, clips, DIM))
        ours, theirs = partial(by_auricle, *sets), partial(by_matrix_root, *sets)
        np.testing.assert_allclose(ours(), theirs(), rtol=tolerance)
        our_time, their_time = in_turns(ours, theirs, repetitions=7)
        of_itself = [f"{abs(side(sets[0], sets[0])):.1g}" for side in (by_auricle, by_matrix_root)]
        table.append(
            row(
                f"Fréchet distance of {clips} and {clips} clips, {DIM} dimensions",
                peer="scipy.linalg.sqrtm",
                ours=our_time,
                theirs=their_time,
                note=f"equal within {tolerance}; a set from itself: {of_itself[0]}, theirs {of_itself[1]}",
            )
        )
    return table
