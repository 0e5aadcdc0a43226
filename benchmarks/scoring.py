"""Scoring Clotho's evaluation split, 5225 captions and 1045 clips, against a plain loop over the queries.

Run: ``python -m benchmarks scoring``. Both sides score the same float32 matrix; every per-query result of the two is
compared. Peak memory is the input's bytes and what tracemalloc saw on top of them.
"""

import tracemalloc
from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import NDArray

from auricle.evaluation import score_both_directions

from .comparison import Row, in_turns, row

N_CLIPS, CAPTIONS_PER_CLIP, N_LABELS = 1045, 5, 50

PerQuery = tuple[list[int], list[float]]


def by_loop(similarity: NDArray[np.float32], relevance: NDArray[np.bool_]) -> PerQuery:
    """Return best rank and average precision at 10 of each query, one sort per query."""
    best_ranks, average_precisions = [], []
    for scores, relevant in zip(similarity, relevance, strict=True):
        order = np.argsort(-scores)
        ranks = np.flatnonzero(relevant[order]) + 1
        precisions = np.arange(1, len(ranks) + 1) / ranks
        best_ranks.append(int(ranks[0]))
        average_precisions.append(float(precisions[ranks <= 10].sum() / len(ranks)))
    return best_ranks, average_precisions


def loop_both_directions(similarity: NDArray[np.float32], relevance: NDArray[np.bool_]) -> tuple[PerQuery, PerQuery]:
    return by_loop(similarity, relevance), by_loop(similarity.T, relevance.T)


def cases() -> list[tuple[str, NDArray[np.int64] | NDArray[np.bool_], NDArray[np.bool_]]]:
    """Return per case its name, relevance as auricle is given it, and as the loop needs it."""
    own = np.arange(N_CLIPS * CAPTIONS_PER_CLIP) // CAPTIONS_PER_CLIP
    label = np.arange(N_CLIPS) % N_LABELS
    by_label = label[own][:, None] == label
    return [
        ("own clip", own, own[:, None] == np.arange(N_CLIPS)),
        ("clips of the same label", by_label, by_label),
    ]


def rows() -> list[Row]:
    """Return one row per case."""
    similarity = np.random.default_rng(0).standard_normal((N_CLIPS * CAPTIONS_PER_CLIP, N_CLIPS)).astype(np.float32)
    table = []
    for what, relevance, matrix in cases():
        score = partial(score_both_directions, similarity, relevance)
        loop = partial(loop_both_directions, similarity, matrix)
        for result, (best_ranks, average_precisions) in zip(score(), loop(), strict=True):
            np.testing.assert_array_equal(result.best_rank, best_ranks)
            np.testing.assert_allclose(result.average_precision, average_precisions, rtol=1e-12)
        ours, theirs = in_turns(score, loop, repetitions=5)
        input_mb = (similarity.nbytes + relevance.nbytes) / 1e6
        peak_mb = input_mb + peak_bytes(score) / 1e6
        table.append(
            row(
                f"scoring {N_CLIPS} clips x {len(similarity)} captions, both directions, {what}",
                peer="one argsort per query",
                ours=ours,
                theirs=theirs,
                note=f"peak {peak_mb:.0f} MB with the input's {input_mb:.0f}; ranks equal, precisions within 1e-12",
            )
        )
    return table


def peak_bytes(call: Callable[[], object]) -> int:
    """Return the most memory that `call` held at once."""
    tracemalloc.start()
    try:
        call()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
